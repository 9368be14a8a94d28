/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the two files of the pool share: gmproc-pool.c, the class and its calls, and
 * gmproc-pool-crew.c, the workers and the waiting.
 */
#pragma once

#include "gmproc-pool.h"
#include "gmproc-pool-worker.h"
#include "internal/job.h"

G_BEGIN_DECLS

typedef enum
{
  GMPROC_POOL_RUNNING,
  GMPROC_POOL_CLOSED,
  GMPROC_POOL_TERMINATED
} GmprocPoolState;

struct _GmprocPool
{
  GObject parent_instance;

  guint n_workers;  /* fixed at construction */
  guint chunk_size; /* 0: chosen for each call */
  GmprocBell *bell; /* fixed at construction; rung by the workers, and to fetch the leader */

  GMutex mutex;
  GCond changed; /* the leader has left, a call is over, or somebody was cancelled */
  GmprocPoolState state;
  gboolean has_leader;
  GPtrArray *workers; /* GmprocPoolWorker */
  GQueue jobs;        /* GmprocJob, borrowed from the calls; the oldest first */
  guint n_useless;    /* workers that ended before they began an item, in a row */
};

/* While the pool is made: starts n_workers workers. */
gboolean gmproc_pool_start_workers (GmprocPool *self, GError **error);

/* Ends every call that is under way with a copy of ERROR. */
void gmproc_pool_fail_jobs_locked (GmprocPool *self, const GError *error);

/* Somebody has changed what the leader should know. */
void gmproc_pool_look_again_locked (GmprocPool *self);

/* Waits for a job that nobody else has; its result, not floating. Takes the mutex. */
GVariant *gmproc_pool_run_job (GmprocPool *self, GmprocJob *job, GCancellable *cancellable,
                               GError **error);

/* Waits until all calls are over and all workers have ended. */
gboolean gmproc_pool_join_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable,
                                  GError **error);

/* For a GCancellable whose waiter is in one of the calls above; user data is the pool. */
void gmproc_pool_wake_for_cancel (GCancellable *cancellable, gpointer user_data);

G_END_DECLS
