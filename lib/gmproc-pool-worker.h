/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A worker as its pool sees it: a process, the link to it, and what it was given to do.
 *
 * All functions are called under the pool's mutex and none of them waits. A task that does not fit
 * the stream is kept and goes on at the next give; a result is read as far as it has come.
 *
 * A worker has up to two chunks: the one that it runs, and the next, so that it need not wait for
 * the pool in between. When it dies, the item that it ran fails, and everything else that it had
 * goes back to its job.
 */
#pragma once

#include "gmproc-process-private.h"
#include "internal/job.h"
#include "internal/worker-link.h"

G_BEGIN_DECLS

typedef struct GmprocPoolWorker GmprocPoolWorker;

/* Where a worker gets its chunks: NULL when there is nothing to do. */
typedef GmprocChunk *(*GmprocPoolNextChunk) (gpointer pool);

/* Not started yet. POOL_BELL is what workers ring. */
GmprocPoolWorker *gmproc_pool_worker_new (GmprocBell *pool_bell, GError **error);
void gmproc_pool_worker_free (GmprocPoolWorker *self);

/* A process and a link, in place of none or of a dead one. */
gboolean gmproc_pool_worker_start (GmprocPoolWorker *self, GError **error);

/* Reads what came. TRUE if anything did. */
gboolean gmproc_pool_worker_receive (GmprocPoolWorker *self);

/* Gives chunks as long as the worker has fewer than MAX_CHUNKS, and sends what there is. TRUE if
 * anything went out. */
gboolean gmproc_pool_worker_give (GmprocPoolWorker *self, guint max_chunks,
                                  GmprocPoolNextChunk next, gpointer pool);

/* TRUE once for a process that has ended: what was under way is settled, and it can be started
 * again. *ret_was_useless: it had not begun a single item. */
gboolean gmproc_pool_worker_check_end (GmprocPoolWorker *self, gboolean *ret_was_useless);

/* Tells it to end when it has done what it has. */
void gmproc_pool_worker_quit (GmprocPoolWorker *self);

/* Ends it, unless it was told to end. */
void gmproc_pool_worker_abandon (GmprocPoolWorker *self);

/* The process, or NULL when there is none; borrowed. */
GmprocProcess *gmproc_pool_worker_get_process (GmprocPoolWorker *self);

G_END_DECLS
