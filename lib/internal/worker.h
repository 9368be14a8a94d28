/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a pool's worker does, and the messages between it and the pool.
 *
 * A task is a GmprocWorkerTask, the function's name without an end, and the input: a serialized
 * array. A result is a GmprocWorkerResult and the output: a serialized array, or an error. Both go
 * through the streams of a link, in pieces where they are longer than the stream.
 */
#pragma once

#include "registry.h"
#include "worker-link.h"

G_BEGIN_DECLS

typedef enum
{
  GMPROC_WORKER_EACH,  /* call the function with each item of the input */
  GMPROC_WORKER_WHOLE, /* call it once with the whole input, an array */
  GMPROC_WORKER_QUIT
} GmprocWorkerMode;

typedef struct
{
  guint32 mode;
  guint32 serial; /* of the chunk; never 0 */
  guint32 n_items;
  guint32 name_size;
  guint64 size; /* of the input */
} GmprocWorkerTask;

typedef struct
{
  guint32 serial;
  guint32 is_error;
  guint32 failed_item; /* its place in the chunk, for an error */
  guint32 unused;
  guint64 size; /* of the output, or of the error, a GMPROC_WORKER_ERROR_TYPE */
} GmprocWorkerResult;

#define GMPROC_WORKER_ERROR_TYPE "(sis)" /* domain, code, message */

/* Runs tasks until the one that says QUIT. Returns an exit status. */
int gmproc_worker_run (GmprocWorkerLink *link, GmprocBell *bell, GmprocBell *pool_bell);

/* Arrays out of serialized data, not floating. NULL with GMPROC_ERROR_BAD_MESSAGE when the data is
 * not in normal form or not of N_ITEMS items; G_MAXSIZE takes any number. */
GVariant *gmproc_worker_load_array (const GVariantType *type, GBytes *bytes, gsize n_items,
                                    GError **error);

G_END_DECLS
