/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The workers of a pool, and the threads that wait for them: who leads, what the leader does, and
 * how the others go on. gmproc-pool.c says why it is like this.
 */
#include "config.h"

#include "gmproc-pool-private.h"

#include "gmproc-error.h"
#include "internal/deadline.h"
#include "internal/watch.h"
#include "port/port.h"

/* In a row, before the pool gives up. */
#define MAX_USELESS_WORKERS (3)

/* A worker that has more than one item before it rings seldom. For a call that hands results out as
 * they come, the leader looks by itself after this time, in microseconds. */
#define LOOK_INTERVAL (5000)

/* -- workers ----------------------------------------------------------------------------------- */

static GmprocPoolWorker *
get_worker (GmprocPool *self, guint i)
{
  return g_ptr_array_index (self->workers, i);
}

/* Places for workers; processes come when they are needed. */
static gboolean
add_workers_locked (GmprocPool *self, GError **error)
{
  while (self->workers->len < self->n_workers)
    {
      GmprocPoolWorker *worker = gmproc_pool_worker_new (self->bell, &self->settings, error);

      if (worker == NULL)
        return FALSE;
      g_ptr_array_add (self->workers, worker);
    }
  return TRUE;
}

gboolean
gmproc_pool_open_locked (GmprocPool *self, GError **error)
{
  if (self->bell == NULL)
    self->bell = gmproc_bell_new (error);
  return self->bell != NULL && add_workers_locked (self, error);
}

gboolean
gmproc_pool_start_workers_locked (GmprocPool *self, GError **error)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      GmprocPoolWorker *worker = get_worker (self, i);

      if (worker->process == NULL && !worker->is_leaving
          && !gmproc_pool_worker_start (worker, error))
        return FALSE;
    }
  return TRUE;
}

/* Those at the end leave. One that was to leave and has not yet stays. */
void
gmproc_pool_resize_locked (GmprocPool *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    get_worker (self, i)->is_leaving = i >= self->n_workers;
}

/* An iterator whose results are all there, or that was failed, may be kept for as long as its owner
 * likes: it needs no worker any more. */
static gboolean
has_unfinished_jobs_locked (GmprocPool *self)
{
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    {
      GmprocJob *job = link->data;

      if (job->options.kind != GMPROC_JOB_STREAM || !gmproc_job_is_over (job))
        return TRUE;
    }
  return FALSE;
}

void
gmproc_pool_fail_jobs_locked (GmprocPool *self, const GError *error)
{
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    gmproc_job_fail (link->data, g_error_copy (error));
}

/* Whether a worker that has no process should have one: for a pool that was started, as long as
 * there are calls; otherwise when there is more to do than workers that have nothing. */
static gboolean
needs_process_locked (GmprocPool *self)
{
  gsize n_waiting = 0, n_idle = 0;

  if (self->state == GMPROC_POOL_TERMINATED)
    return FALSE;
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    {
      if (self->is_eager && !gmproc_job_is_over (link->data))
        return TRUE;
      n_waiting += gmproc_job_count_waiting (link->data);
    }
  for (guint i = 0; i < self->workers->len && n_waiting > n_idle; i++)
    if (get_worker (self, i)->process != NULL && get_worker (self, i)->chunks.length == 0)
      n_idle++;
  return n_waiting > n_idle;
}

/* A worker has no process, but is needed. */
static void
start_again_locked (GmprocPool *self, GmprocPoolWorker *worker)
{
  g_autoptr (GError) error = NULL;

  if (self->n_useless < MAX_USELESS_WORKERS)
    gmproc_pool_worker_start (worker, &error);
  else if (worker->unable != NULL)
    error = g_error_copy (worker->unable);
  else
    g_set_error (&error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED,
                 "%u workers in a row ended before they began an item", self->n_useless);

  if (error != NULL)
    gmproc_pool_fail_jobs_locked (self, error);
}

/* For a worker that has nothing to do. */
static GmprocChunk *
next_chunk_locked (gpointer data)
{
  GmprocPool *self = data;

  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    {
      GmprocChunk *chunk = gmproc_job_take_chunk (link->data, self->n_workers);

      if (chunk != NULL)
        return chunk;
    }
  return NULL;
}

/* For a worker that is busy, so that it need not wait for us in between. Not the last chunks of a
 * job: they would wait behind a slow item while another worker has nothing to do. */
static GmprocChunk *
next_chunk_ahead_locked (gpointer data)
{
  GmprocPool *self = data;

  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    {
      if (gmproc_job_may_run_ahead (link->data, self->n_workers))
        return gmproc_job_take_chunk (link->data, self->n_workers);
    }
  return NULL;
}

/* Settles a death, replaces the dead, reads results, and gives something to do. */
static gboolean
serve_locked (GmprocPool *self, GmprocPoolWorker *worker)
{
  gboolean has_changed = FALSE, was_useless;

  if (gmproc_pool_worker_check_end (worker, &was_useless))
    {
      self->n_useless = was_useless ? self->n_useless + 1 : 0;
      has_changed = TRUE;
    }
  if (worker->process == NULL && !worker->is_leaving && self->jobs.length > 0
      && needs_process_locked (self))
    {
      start_again_locked (self, worker);
      has_changed = TRUE;
    }
  has_changed |= gmproc_pool_worker_receive (worker);
  has_changed |= gmproc_pool_worker_give (worker, FALSE, next_chunk_locked, self);
  return has_changed;
}

/* One that is to leave, when it is through; the place goes with the process. */
static void
dismiss_locked (GmprocPool *self)
{
  for (guint i = self->workers->len; i > self->n_workers; i--)
    {
      GmprocPoolWorker *worker = get_worker (self, i - 1);

      gmproc_pool_worker_quit (worker);
      if (worker->process == NULL)
        g_ptr_array_remove_index (self->workers, i - 1);
    }
}

/* When to look though nobody rings: for an item that may take too long, and for results that are
 * waited for one by one. */
static gint64
find_next_look_locked (GmprocPool *self)
{
  gint64 next = GMPROC_PORT_FOREVER;

  for (guint i = 0; i < self->workers->len; i++)
    {
      GmprocPoolWorker *worker = get_worker (self, i);
      GmprocChunk *chunk = g_queue_peek_head (&worker->chunks);

      if (chunk == NULL)
        continue;
      next = MIN (next, gmproc_pool_worker_check_time (worker));
      if (chunk->job->options.kind == GMPROC_JOB_STREAM
          && (chunk->n_items > 1 || worker->chunks.length > 1))
        next = MIN (next, g_get_monotonic_time () + LOOK_INTERVAL);
    }
  return next;
}

/* Twice around all workers: nobody gets a second chunk before everybody has one. TRUE if anything
 * changed, so that it is worth to look again. */
static gboolean
pump_locked (GmprocPool *self)
{
  gboolean has_changed = FALSE;

  for (guint i = 0; i < self->workers->len; i++)
    has_changed |= serve_locked (self, get_worker (self, i));

  for (guint i = 0; i < self->workers->len; i++)
    {
      GmprocPoolWorker *worker = get_worker (self, i);

      has_changed |= gmproc_pool_worker_give (worker, TRUE, next_chunk_ahead_locked, self);
      if (self->state == GMPROC_POOL_CLOSED && !has_unfinished_jobs_locked (self))
        gmproc_pool_worker_quit (worker);
    }
  if (self->workers->len > self->n_workers)
    dismiss_locked (self);
  self->next_look = find_next_look_locked (self);
  return has_changed;
}

void
gmproc_pool_pump_locked (GmprocPool *self)
{
  if (!self->has_leader)
    pump_locked (self);
}

/* Before the first of some calls: a worker that was killed while nothing was to do does not count
 * as one that cannot begin. */
static void
forget_useless_locked (GmprocPool *self)
{
  gboolean was_useless;

  for (guint i = 0; i < self->workers->len; i++)
    gmproc_pool_worker_check_end (get_worker (self, i), &was_useless);
  self->n_useless = 0;
}

/* -- waiting ----------------------------------------------------------------------------------- */

void
gmproc_pool_wake_for_cancel (G_GNUC_UNUSED GCancellable *cancellable, gpointer user_data)
{
  GmprocPool *self = user_data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static gboolean
lead_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  guint32 prepared = gmproc_bell_prepare (self->bell);
  g_autoptr (GError) local_error = NULL;
  gboolean goes_on;
  gint64 next_look;

  if (pump_locked (self) && !gmproc_deadline_has_passed (deadline))
    return TRUE;

  next_look = self->next_look;
  self->has_leader = TRUE;
  g_mutex_unlock (&self->mutex);
  goes_on = gmproc_bell_sleep (self->bell, prepared, MIN (deadline, next_look), cancellable,
                               &local_error);
  g_mutex_lock (&self->mutex);
  self->has_leader = FALSE;
  /* A broadcast is a system call even if nobody waits. */
  if (self->n_followers > 0)
    g_cond_broadcast (&self->changed);
  if (goes_on
      || (next_look < deadline && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* FALSE at the deadline. */
static gboolean
follow_locked (GmprocPool *self, gint64 deadline)
{
  gboolean in_time = TRUE;

  self->n_followers++;
  if (deadline == GMPROC_PORT_FOREVER)
    g_cond_wait (&self->changed, &self->mutex);
  else
    in_time = g_cond_wait_until (&self->changed, &self->mutex, deadline);
  self->n_followers--;
  return in_time;
}

gboolean
gmproc_pool_step_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable,
                         GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!self->has_leader)
    return lead_locked (self, deadline, cancellable, error);

  if (!follow_locked (self, deadline))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Timed out");
      return FALSE;
    }
  return TRUE;
}

void
gmproc_pool_look_again_locked (GmprocPool *self)
{
  if (self->bell == NULL)
    return;
  if (self->has_leader)
    gmproc_bell_ring (self->bell);
  else
    pump_locked (self);
  g_cond_broadcast (&self->changed);
}

/* -- calls ------------------------------------------------------------------------------------- */

static int
compare_priority (gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer user_data)
{
  int first = ((const GmprocJob *) a)->options.priority;
  int second = ((const GmprocJob *) b)->options.priority;

  /* The new one is `b`, and goes behind its equals. */
  return first <= second ? -1 : 1;
}

gboolean
gmproc_pool_add_job_locked (GmprocPool *self, GmprocJob *job, GError **error)
{
  if (self->state != GMPROC_POOL_RUNNING)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The pool was %s",
                   self->state == GMPROC_POOL_CLOSED ? "closed" : "terminated");
      return FALSE;
    }
  if (!gmproc_pool_open_locked (self, error))
    return FALSE;

  if (self->jobs.length == 0 && !self->has_leader)
    forget_useless_locked (self);
  g_queue_insert_sorted (&self->jobs, job, compare_priority, NULL);
  if (self->has_leader)
    gmproc_bell_ring (self->bell);
  return TRUE;
}

void
gmproc_pool_receive_locked (GmprocPool *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    gmproc_pool_worker_receive (get_worker (self, i));
}

/* A worker that runs an item that nobody waits for any more may run it for ever. */
static void
end_runners_locked (GmprocPool *self, GmprocJob *job)
{
  for (guint i = 0; i < self->workers->len; i++)
    {
      GmprocPoolWorker *worker = get_worker (self, i);
      GmprocChunk *chunk = g_queue_peek_head (&worker->chunks);

      if (chunk != NULL && chunk->job == job)
        gmproc_pool_worker_condemn (worker, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                                 "The call was cancelled"));
    }
}

void
gmproc_pool_remove_job_locked (GmprocPool *self, GmprocJob *job, gboolean is_cancelled)
{
  g_queue_remove (&self->jobs, job);
  job->notify = NULL;
  if (is_cancelled)
    end_runners_locked (self, job);
  if (self->state != GMPROC_POOL_RUNNING || self->workers->len > self->n_workers)
    gmproc_pool_look_again_locked (self);
}

/* -- main loops -------------------------------------------------------------------------------- */

static void
make_ready (gpointer source)
{
  g_source_set_ready_time (source, 0);
}

/* The source may learn of it in three ways: a worker rings, and the watch makes it ready; another
 * thread leads, and settles the job; or it is time to look. The times are set in this order, so
 * that none of them takes back what another one has told. */
gboolean
gmproc_pool_arm (GmprocPool *self, GmprocJob *job, gboolean (*is_ready_locked) (gpointer),
                 gpointer user_data, GSource *source)
{
  guint32 prepared = 0;
  gboolean is_ready;

  g_mutex_lock (&self->mutex);
  if (self->bell != NULL)
    prepared = gmproc_bell_prepare (self->bell);
  is_ready = (!self->has_leader && pump_locked (self)) || is_ready_locked (user_data)
             || self->bell == NULL;
  if (!is_ready)
    {
      g_source_set_ready_time (source,
                               self->next_look != GMPROC_PORT_FOREVER ? self->next_look : -1);
      if (job != NULL)
        {
          job->notify = make_ready;
          job->notify_data = source;
        }
    }
  g_mutex_unlock (&self->mutex);

  if (!is_ready && !gmproc_watch_add (gmproc_bell_get_waitpoint (self->bell), source, prepared))
    g_source_set_ready_time (source, g_get_monotonic_time () + LOOK_INTERVAL);
  return !is_ready;
}

void
gmproc_pool_disarm (GmprocPool *self, GSource *source)
{
  g_mutex_lock (&self->mutex);
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    {
      GmprocJob *job = link->data;

      if (job->notify_data == source)
        job->notify = NULL;
    }
  g_mutex_unlock (&self->mutex);
  gmproc_watch_remove (gmproc_bell_get_waitpoint (self->bell), source);
}

/* -- the end ----------------------------------------------------------------------------------- */

gboolean
gmproc_pool_is_finished_locked (gpointer pool)
{
  GmprocPool *self = pool;

  for (guint i = 0; i < self->workers->len; i++)
    if (get_worker (self, i)->process != NULL)
      return FALSE;
  return !has_unfinished_jobs_locked (self);
}

gboolean
gmproc_pool_join_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable,
                         GError **error)
{
  if (self->state == GMPROC_POOL_RUNNING)
    {
      g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                           "The pool was neither closed nor terminated");
      return FALSE;
    }

  while (!gmproc_pool_is_finished_locked (self))
    {
      g_autoptr (GError) local_error = NULL;

      /* The last step may have done it. */
      if (!gmproc_pool_step_locked (self, deadline, cancellable, &local_error)
          && !gmproc_pool_is_finished_locked (self))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  return TRUE;
}
