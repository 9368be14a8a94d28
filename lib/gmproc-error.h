/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

/**
 * GMPROC_ERROR:
 *
 * The domain of errors for which GIO has no word.
 *
 * Since: 1.0
 */
#define GMPROC_ERROR (gmproc_error_quark ())

/**
 * GmprocError:
 * @GMPROC_ERROR_FAILED: something else; the message says what
 * @GMPROC_ERROR_NOT_INITIALIZED: gmproc_init() was not called at the start of main()
 * @GMPROC_ERROR_NOT_REGISTERED: a function or type that is known in this process under no name
 * @GMPROC_ERROR_BAD_STATE: the object is in a state that does not allow the call
 * @GMPROC_ERROR_BAD_TYPE: a value that is not of the declared type
 * @GMPROC_ERROR_BAD_HANDLE: a handle that belongs to no object here, or to one of another class
 * @GMPROC_ERROR_BAD_MESSAGE: data from another process that is not what the protocol says
 * @GMPROC_ERROR_BARRIER_BROKEN: a party gave up, or the barrier was aborted or reset
 * @GMPROC_ERROR_WORKER_DIED: the worker that ran an item ended before it returned
 *
 * Codes of %GMPROC_ERROR.
 *
 * Since: 1.0
 */
typedef enum
{
  GMPROC_ERROR_FAILED,
  GMPROC_ERROR_NOT_INITIALIZED,
  GMPROC_ERROR_NOT_REGISTERED,
  GMPROC_ERROR_BAD_STATE,
  GMPROC_ERROR_BAD_TYPE,
  GMPROC_ERROR_BAD_HANDLE,
  GMPROC_ERROR_BAD_MESSAGE,
  GMPROC_ERROR_BARRIER_BROKEN,
  GMPROC_ERROR_WORKER_DIED
} GmprocError;

GMPROC_AVAILABLE_IN_1_0
GQuark gmproc_error_quark (void);

G_END_DECLS
