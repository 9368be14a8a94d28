/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The calls of a pool that give all results at once, blocking and asynchronous; the public
 * functions for them are in gmproc-pool-map.c.
 */
#pragma once

#include "gmproc-pool-private.h"
#include "internal/async.h"

G_BEGIN_DECLS

typedef enum
{
  GMPROC_POOL_CALL_MAP,
  GMPROC_POOL_CALL_ARRAY,
  GMPROC_POOL_CALL_APPLY,
  GMPROC_POOL_CALL_COLLECT
} GmprocPoolCallKind;

/* A GVariant, or a GPtrArray for a call that collects. Sinks ITEMS. */
gpointer gmproc_pool_call_run (GmprocPool *pool, GmprocPoolCallKind kind, GmprocFunction function,
                               GVariant *items, GmprocPoolOptions *options,
                               GCancellable *cancellable, GError **error);

/* The same through internal/async.h; OPERATION has the two functions below. */
void gmproc_pool_call_run_async (const GmprocAsync *operation, GmprocPool *pool,
                                 GmprocPoolCallKind kind, GmprocFunction function, GVariant *items,
                                 GmprocPoolOptions *options, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
gboolean gmproc_pool_call_attempt (gpointer object, gpointer data, gboolean is_last,
                                   gpointer *ret_result, GCancellable *cancellable, GError **error);
GSource *gmproc_pool_call_create_source (gpointer object, gpointer data, GCancellable *cancellable);

G_END_DECLS
