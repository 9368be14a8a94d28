/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include <gio/gio.h>

#include "gmproc-visibility.h"

G_BEGIN_DECLS

/**
 * GMPROC_FOREVER:
 *
 * A timeout that never comes. Every other timeout is a number of microseconds, 0 or more; 0 only
 * tries.
 *
 * Since: 1.0
 */
#define GMPROC_FOREVER ((gint64) -1)

typedef struct _GmprocArray GmprocArray;
typedef struct _GmprocBarrier GmprocBarrier;
typedef struct _GmprocCondition GmprocCondition;
typedef struct _GmprocConnection GmprocConnection;
typedef struct _GmprocDescriptor GmprocDescriptor;
typedef struct _GmprocEvent GmprocEvent;
typedef struct _GmprocListener GmprocListener;
typedef struct _GmprocLock GmprocLock;
typedef struct _GmprocPool GmprocPool;
typedef struct _GmprocPoolIterator GmprocPoolIterator;
typedef struct _GmprocPoolOptions GmprocPoolOptions;
typedef struct _GmprocPoolSource GmprocPoolSource;
typedef struct _GmprocProcess GmprocProcess;
typedef struct _GmprocQueue GmprocQueue;
typedef struct _GmprocSemaphore GmprocSemaphore;
typedef struct _GmprocSharedMemory GmprocSharedMemory;
typedef struct _GmprocValue GmprocValue;

/**
 * GmprocTarget:
 * @args: (nullable): what the parent gave to gmproc_process_new()
 *
 * What a process runs. Define one with GMPROC_DEFINE_TARGET().
 *
 * Returns: the exit status of the process, 0 for success. Anything beyond 0 to 255 becomes 1, with
 * a message on standard error.
 *
 * Since: 1.0
 */
typedef int (*GmprocTarget) (GVariant *args);

/**
 * GmprocTargetCallback:
 * @args: (nullable): what the parent gave to the process
 * @user_data: what was registered with it
 * @error: return location
 *
 * A target that is given data of its own, as the functions of a language binding are. See
 * gmproc_register_target_full().
 *
 * Returns: the exit status of the process, 0 to 255, unless @error is set: then the message goes to
 *   standard error, and the exit status is 1
 * Since: 1.0
 */
typedef int (*GmprocTargetCallback) (GVariant *args, gpointer user_data, GError **error);

/**
 * GmprocFunction:
 * @item: one item of the input, of the declared type
 * @error: where to put an error
 *
 * What a pool runs for one item. Define one with GMPROC_DEFINE_FUNCTION().
 *
 * Returns: (transfer full) (nullable): the result, floating or not, of the declared type, or %NULL
 *   with @error set
 * Since: 1.0
 */
typedef GVariant *(*GmprocFunction) (GVariant *item, GError **error);

/**
 * GmprocFunctionCallback:
 * @item: one item of the input, of the declared type
 * @user_data: what was registered with it
 * @error: return location
 *
 * A function for a pool that is given data of its own, as the functions of a language binding are.
 * See gmproc_register_function_full().
 *
 * Returns: (transfer full) (nullable): the result, of the declared type, or %NULL with @error set
 * Since: 1.0
 */
typedef GVariant *(*GmprocFunctionCallback) (GVariant *item, gpointer user_data, GError **error);

G_END_DECLS
