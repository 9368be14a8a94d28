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
#include "port/port.h"

/* In a row, before the pool gives up. */
#define MAX_USELESS_WORKERS (3)

/* The one that it runs, and the next. */
#define MAX_CHUNKS_OF_WORKER (2)

/* -- workers ----------------------------------------------------------------------------------- */

gboolean
gmproc_pool_start_workers (GmprocPool *self, GError **error)
{
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) gmproc_pool_worker_free);
  for (guint i = 0; i < self->n_workers; i++)
    {
      GmprocPoolWorker *worker = gmproc_pool_worker_new (self->bell, error);

      if (worker == NULL)
        return FALSE;
      g_ptr_array_add (self->workers, worker);
      if (!gmproc_pool_worker_start (worker, error))
        return FALSE;
    }
  return TRUE;
}

void
gmproc_pool_fail_jobs_locked (GmprocPool *self, const GError *error)
{
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    gmproc_job_fail (link->data, g_error_copy (error));
}

/* Whether a call still has something to run. One that is over stays in the list until its own
 * thread takes it out. */
static gboolean
has_work_locked (GmprocPool *self)
{
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    if (!gmproc_job_is_over (link->data))
      return TRUE;
  return FALSE;
}

/* A worker has no process, but is needed. */
static void
start_again_locked (GmprocPool *self, GmprocPoolWorker *worker)
{
  g_autoptr (GError) error = NULL;

  if (self->n_useless >= MAX_USELESS_WORKERS)
    g_set_error (&error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED,
                 "%u workers in a row ended before they began an item", self->n_useless);
  else
    gmproc_pool_worker_start (worker, &error);

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
      GmprocChunk *chunk = gmproc_job_take_chunk (link->data);

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
      if (gmproc_job_count_chunks (link->data) > self->n_workers)
        return gmproc_job_take_chunk (link->data);
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
  if (gmproc_pool_worker_get_process (worker) == NULL && has_work_locked (self))
    {
      start_again_locked (self, worker);
      has_changed = TRUE;
    }
  has_changed |= gmproc_pool_worker_receive (worker);
  has_changed |= gmproc_pool_worker_give (worker, 1, next_chunk_locked, self);
  return has_changed;
}

/* Twice around all workers: nobody gets a second chunk before everybody has one. TRUE if anything
 * changed, so that it is worth to look again. */
static gboolean
pump_locked (GmprocPool *self)
{
  gboolean has_changed = FALSE;

  for (guint i = 0; i < self->workers->len; i++)
    has_changed |= serve_locked (self, g_ptr_array_index (self->workers, i));

  for (guint i = 0; i < self->workers->len; i++)
    {
      GmprocPoolWorker *worker = g_ptr_array_index (self->workers, i);

      has_changed |=
          gmproc_pool_worker_give (worker, MAX_CHUNKS_OF_WORKER, next_chunk_ahead_locked, self);
      if (self->state == GMPROC_POOL_CLOSED && self->jobs.length == 0)
        gmproc_pool_worker_quit (worker);
    }
  return has_changed;
}

/* Before the first of some calls: a worker that was killed while nothing was to do does not count
 * as one that cannot begin. */
static void
forget_useless_locked (GmprocPool *self)
{
  gboolean was_useless;

  for (guint i = 0; i < self->workers->len; i++)
    gmproc_pool_worker_check_end (g_ptr_array_index (self->workers, i), &was_useless);
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
  gboolean goes_on = TRUE;

  if (pump_locked (self) && !gmproc_deadline_has_passed (deadline))
    return TRUE;

  self->has_leader = TRUE;
  g_mutex_unlock (&self->mutex);
  goes_on = gmproc_bell_sleep (self->bell, prepared, deadline, cancellable, error);
  g_mutex_lock (&self->mutex);
  self->has_leader = FALSE;
  g_cond_broadcast (&self->changed);
  return goes_on;
}

/* Waits for something to change, as the leader if there is none. FALSE at the deadline or on a
 * cancel. */
static gboolean
step_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!self->has_leader)
    return lead_locked (self, deadline, cancellable, error);

  if (deadline == GMPROC_PORT_FOREVER)
    g_cond_wait (&self->changed, &self->mutex);
  else if (!g_cond_wait_until (&self->changed, &self->mutex, deadline))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Timed out");
      return FALSE;
    }
  return TRUE;
}

void
gmproc_pool_look_again_locked (GmprocPool *self)
{
  if (self->has_leader)
    gmproc_bell_ring (self->bell);
  else
    pump_locked (self);
  g_cond_broadcast (&self->changed);
}

/* -- calls ------------------------------------------------------------------------------------- */

static gboolean
check_is_running_locked (GmprocPool *self, GError **error)
{
  if (self->state == GMPROC_POOL_RUNNING)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The pool is %s",
               self->state == GMPROC_POOL_CLOSED ? "closed" : "terminated");
  return FALSE;
}

/* Chunks that a worker has when the call is cancelled are run to their end, and what comes of them
 * is dropped. */
static gboolean
run_job_locked (GmprocPool *self, GmprocJob *job, GCancellable *cancellable, GError **error)
{
  if (!check_is_running_locked (self, error))
    return FALSE;

  if (self->jobs.length == 0)
    forget_useless_locked (self);
  g_queue_push_tail (&self->jobs, job);
  if (self->has_leader)
    gmproc_bell_ring (self->bell);
  while (!gmproc_job_is_over (job))
    {
      GError *reason = NULL;

      if (!step_locked (self, GMPROC_PORT_FOREVER, cancellable, &reason))
        gmproc_job_fail (job, reason);
    }
  g_queue_remove (&self->jobs, job);

  if (self->state != GMPROC_POOL_RUNNING)
    gmproc_pool_look_again_locked (self);
  return TRUE;
}

GVariant *
gmproc_pool_run_job (GmprocPool *self, GmprocJob *job, GCancellable *cancellable, GError **error)
{
  gulong connection = 0;
  gboolean is_over;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (cancellable != NULL)
    connection =
        g_cancellable_connect (cancellable, G_CALLBACK (gmproc_pool_wake_for_cancel), self, NULL);
  g_mutex_lock (&self->mutex);
  is_over = run_job_locked (self, job, cancellable, error);
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, connection);

  return is_over ? gmproc_job_get_result (job, error) : NULL;
}

/* -- the end ----------------------------------------------------------------------------------- */

static gboolean
is_finished_locked (GmprocPool *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (gmproc_pool_worker_get_process (g_ptr_array_index (self->workers, i)) != NULL)
      return FALSE;
  return self->jobs.length == 0;
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

  while (!is_finished_locked (self))
    {
      g_autoptr (GError) local_error = NULL;

      /* The last step may have done it. */
      if (!step_locked (self, deadline, cancellable, &local_error) && !is_finished_locked (self))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  return TRUE;
}
