/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of the pool share:
 *
 *   gmproc-pool.c           the class and its properties
 *   gmproc-pool-life.c      how it begins and ends
 *   gmproc-pool-call.c      map, map_array, map_collect, apply
 *   gmproc-pool-iterator.c  imap: items out of a source, results one by one
 *   gmproc-pool-source.c    where the items of imap come from
 *   gmproc-pool-options.c   what one call does otherwise
 *   gmproc-pool-stats.c     what it tells about itself
 *   gmproc-pool-crew.c      the workers and the waiting
 *   gmproc-pool-worker.c    one of the workers
 */
#pragma once

#include "gmproc-pool-iterator.h"
#include "gmproc-pool-options.h"
#include "gmproc-pool-source.h"
#include "gmproc-pool-worker.h"
#include "gmproc-pool.h"
#include "internal/job.h"

G_BEGIN_DECLS

/* Items for each worker that are under way in imap, if nothing else is said. */
#define GMPROC_POOL_READ_AHEAD (64)

typedef enum
{
  GMPROC_POOL_RUNNING,
  GMPROC_POOL_CLOSED,
  GMPROC_POOL_TERMINATED
} GmprocPoolState;

struct _GmprocPool
{
  GObject parent_instance;

  /* Properties; under the mutex. */
  guint n_workers;
  guint chunk_size; /* 0: chosen for each call */
  guint max_retries;
  guint read_ahead;    /* 0: chosen for each call */
  gint64 item_timeout; /* 0: none */
  GmprocWorkerSettings settings;
  GVariant *initializer_argument; /* these two own what the settings name */
  GVariant *finalizer_argument;

  GMutex mutex;
  GCond changed; /* the leader has left, a call is over, or somebody was cancelled */
  GmprocPoolState state;
  guint n_followers; /* threads that wait for `changed` */
  gboolean has_leader;
  gboolean is_eager;  /* all workers are started, whether there is work for them or not */
  GmprocBell *bell;   /* made with the first worker; rung by the workers, and to fetch the leader */
  GPtrArray *workers; /* GmprocPoolWorker; more than n_workers while some are leaving */
  GQueue jobs;        /* GmprocJob, borrowed from the calls; by priority, then the oldest first */
  guint n_useless;    /* workers that ended before they began an item, in a row */
  gint64 next_look;   /* when the leader has to look though nobody rings */
};

typedef struct
{
  GmprocJobOptions job;
  gsize read_ahead;
  gboolean fail_fast;
} GmprocPoolCallOptions;

void gmproc_pool_options_resolve_locked (GmprocPoolOptions *self, GmprocPool *pool,
                                         GmprocPoolCallOptions *ret_options);

/* -- the crew ---------------------------------------------------------------------------------- */

/* The bell, which a pool has from its first call on. */
gboolean gmproc_pool_open_locked (GmprocPool *self, GError **error);

/* Starts all workers that have no process. */
gboolean gmproc_pool_start_workers_locked (GmprocPool *self, GError **error);

/* After n_workers has changed. */
void gmproc_pool_resize_locked (GmprocPool *self);

/* Ends every call that is under way with a copy of ERROR. */
void gmproc_pool_fail_jobs_locked (GmprocPool *self, const GError *error);

/* Somebody has changed what the leader should know. */
void gmproc_pool_look_again_locked (GmprocPool *self);

/* From now on the workers run JOB. G_IO_ERROR_CLOSED. */
gboolean gmproc_pool_add_job_locked (GmprocPool *self, GmprocJob *job, GError **error);

/* Reads what came from the workers. */
void gmproc_pool_receive_locked (GmprocPool *self);

/* The call is through with it. Workers that still run an item of it are ended with IS_CANCELLED. */
void gmproc_pool_remove_job_locked (GmprocPool *self, GmprocJob *job, gboolean is_cancelled);

/* Waits for something to change, as the leader if there is none. FALSE at the deadline or on a
 * cancel. The caller has connected gmproc_pool_wake_for_cancel() to the cancellable. */
gboolean gmproc_pool_step_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable,
                                  GError **error);
void gmproc_pool_wake_for_cancel (GCancellable *cancellable, gpointer user_data);

/* Does what there is to do now, unless somebody leads. */
void gmproc_pool_pump_locked (GmprocPool *self);

/* All calls are over and all workers have ended. */
gboolean gmproc_pool_is_finished_locked (gpointer pool);

/* Waits for that. */
gboolean gmproc_pool_join_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable,
                                  GError **error);

/* -- progress ---------------------------------------------------------------------------------- */

/* For the thread that waits for a call. */
typedef struct
{
  gboolean is_wanted;
  gint64 began;
  gint64 next; /* when to report again */
  gsize reported;
} GmprocPoolProgress;

void gmproc_pool_progress_init (GmprocPoolProgress *self, GmprocPool *pool);

/* Emits "progress" now and then, or with IS_LAST in any case. Leaves the mutex for that. */
void gmproc_pool_progress_report_locked (GmprocPoolProgress *self, GmprocPool *pool, GmprocJob *job,
                                         gboolean is_last);

/* -- main loops -------------------------------------------------------------------------------- */

/* For arm and disarm of a wait source: SOURCE is made ready when somebody should look at JOB again.
 * JOB may be NULL, for the end of the workers. The leader's work is done on the way. */
gboolean gmproc_pool_arm (GmprocPool *self, GmprocJob *job, gboolean (*is_ready_locked) (gpointer),
                          gpointer user_data, GSource *source);
void gmproc_pool_disarm (GmprocPool *self, GSource *source);

G_END_DECLS
