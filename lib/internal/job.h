/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * One call of a pool: an array that is cut into chunks, and the results that are put together
 * again.
 *
 * A job belongs to the call that made it and, chunk by chunk, to the workers that have one; the
 * last reference frees it, so a result that comes after the call was cancelled finds its job over.
 * All under the pool's mutex.
 */
#pragma once

#include "worker.h"

G_BEGIN_DECLS

typedef struct
{
  gatomicrefcount references;

  const GmprocFunctionInfo *function;
  GmprocWorkerMode mode;
  GVariant *items;
  GBytes *data;    /* of the items */
  gsize item_size; /* in the data, or 0 if items differ */
  gsize n_items;
  gsize chunk_size;

  gsize next;         /* the first item that is in no chunk yet */
  GQueue returned;    /* chunks whose worker died before it began them */
  gsize n_unfinished; /* items */
  GPtrArray *outputs; /* GVariant by chunk; NULL where there is none yet */
  GError *error;      /* the first one; it ends the job */
} GmprocJob;

typedef struct
{
  GmprocJob *job; /* a reference */
  guint32 serial; /* unique in a pool while it is under way */
  gsize first;
  guint32 n_items;
} GmprocChunk;

/* ITEMS is an array whose type the function takes. CHUNK_SIZE 0 chooses one for N_WORKERS. */
GmprocJob *gmproc_job_new (const GmprocFunctionInfo *function, GmprocWorkerMode mode,
                           GVariant *items, gsize chunk_size, guint n_workers);
GmprocJob *gmproc_job_ref (GmprocJob *self);
void gmproc_job_unref (GmprocJob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocJob, gmproc_job_unref)

gboolean gmproc_job_is_over (GmprocJob *self);

/* Ends the job, unless it is over. Takes ERROR. */
void gmproc_job_fail (GmprocJob *self, GError *error);

/* How many chunks nobody has taken. */
gsize gmproc_job_count_chunks (GmprocJob *self);

/* The next chunk to hand to a worker, or NULL. The taker gives it a serial number. */
GmprocChunk *gmproc_job_take_chunk (GmprocJob *self);
GBytes *gmproc_chunk_get_input (GmprocChunk *self);
void gmproc_chunk_free (GmprocChunk *self);

/* What became of a chunk; each takes it. */
void gmproc_chunk_return (GmprocChunk *self);
void gmproc_chunk_finish (GmprocChunk *self, GBytes *output);
void gmproc_chunk_fail (GmprocChunk *self, guint32 failed_item, GError *error);

/* The whole result, not floating; or the error. The job is over. */
GVariant *gmproc_job_get_result (GmprocJob *self, GError **error);

G_END_DECLS
