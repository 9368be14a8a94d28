/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * How a pool begins, changes its size, and ends.
 */
#include "config.h"

#include "gmproc-pool-private.h"

#include "gmproc-error.h"
#include "gmproc-init.h"
#include "internal/async.h"
#include "internal/deadline.h"
#include "internal/registry.h"
#include "internal/wait-source.h"

/**
 * gmproc_pool_new:
 * @workers: how many processes, or 0 for gmproc_get_n_processors()
 * @error: return location
 *
 * Makes a pool, like `multiprocessing.Pool`, and starts its workers. They are daemons of this
 * process; they may have children, and pools, of their own.
 *
 * A pool whose workers shall start when they are needed, or which gets an initializer, is made by
 * gmproc_pool_new_on_demand().
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for more than %G_MAXINT workers; as gmproc_process_start();
 * then those that were started are told to end.
 *
 * Returns: (transfer full) (nullable): a new pool
 * Since: 1.0
 */
GmprocPool *
gmproc_pool_new (guint workers, GError **error)
{
  g_autoptr (GmprocPool) self = NULL;

  if (workers > G_MAXINT)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "A pool cannot have %u workers",
                   workers);
      return NULL;
    }
  self = gmproc_pool_new_on_demand (workers);
  return gmproc_pool_start (self, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * gmproc_pool_new_on_demand:
 * @workers: how many processes there may be, or 0 for gmproc_get_n_processors()
 *
 * Makes a pool that starts no worker yet. A worker is started when there is an item for it and all
 * others are busy, and with %GmprocPool:idle-time they end when there is nothing to do.
 *
 * Returns: (transfer full): a new pool
 * Since: 1.0
 */
GmprocPool *
gmproc_pool_new_on_demand (guint workers)
{
  return g_object_new (GMPROC_TYPE_POOL, "workers", MIN (workers, G_MAXINT), NULL);
}

/**
 * gmproc_pool_start:
 * @self: a pool
 * @error: return location
 *
 * Starts all workers of a pool that was made by gmproc_pool_new_on_demand(), now instead of with
 * the first calls; and from now on starts a new one in the place of every one that ends during a
 * call. The workers may not be through with their start when this returns.
 *
 * Errors: as gmproc_process_start(); %G_IO_ERROR_CLOSED after gmproc_pool_close().
 *
 * Returns: whether all are started
 * Since: 1.0
 */
gboolean
gmproc_pool_start (GmprocPool *self, GError **error)
{
  gboolean started;

  g_return_val_if_fail (GMPROC_IS_POOL (self), FALSE);

  g_mutex_lock (&self->mutex);
  started = self->state == GMPROC_POOL_RUNNING;
  if (!started)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The pool is closed");
  started = started && gmproc_pool_open_locked (self, error)
            && gmproc_pool_start_workers_locked (self, error);
  self->is_eager |= started;
  g_mutex_unlock (&self->mutex);
  return started;
}

/* For one of the two functions that frame a worker's life. */
static gboolean
set_frame (GmprocPool *self, GmprocFunction function, GVariant *argument,
           const GmprocFunctionInfo **place, GVariant **argument_place, GError **error)
{
  const GmprocFunctionInfo *info = gmproc_registry_describe_function (function, error);
  g_autoptr (GVariant) sunk =
      g_variant_ref_sink (argument != NULL ? argument : g_variant_new ("()"));

  if (info == NULL)
    return FALSE;
  if (!g_variant_is_of_type (sunk, info->in_type))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "The argument for %s is of type “%s” instead of “%.*s”", info->name,
                   g_variant_get_type_string (sunk),
                   (int) g_variant_type_get_string_length (info->in_type),
                   g_variant_type_peek_string (info->in_type));
      return FALSE;
    }

  g_mutex_lock (&self->mutex);
  *place = info;
  g_clear_pointer (argument_place, g_variant_unref);
  *argument_place = g_steal_pointer (&sunk);
  self->settings.initializer_argument = self->initializer_argument;
  self->settings.finalizer_argument = self->finalizer_argument;
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

/**
 * gmproc_pool_set_initializer:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION()
 * @argument: (nullable): what @function gets; %NULL stands for `()`; sunk if floating. It may name
 *   objects by their handles.
 * @error: return location
 *
 * Has every worker that is started from now on run @function once, before its first item. Its
 * result is dropped. A worker whose initializer returns an error ends; when three workers in a row
 * end before an item, the calls fail with that error.
 *
 * Errors: %GMPROC_ERROR_NOT_REGISTERED; %GMPROC_ERROR_BAD_TYPE for an argument of another type than
 * declared.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_pool_set_initializer (GmprocPool *self, GmprocFunction function, GVariant *argument,
                             GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), FALSE);

  return set_frame (self, function, argument, &self->settings.initializer,
                    &self->initializer_argument, error);
}

/**
 * gmproc_pool_set_finalizer:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION()
 * @argument: (nullable): as for gmproc_pool_set_initializer()
 * @error: return location
 *
 * Has every worker that is started from now on run @function once, before it ends of itself: when
 * the pool is closed, when it has run as many items as it may, has become too large, or was idle
 * too long. Not when it is terminated or killed. An error goes to standard error.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_pool_set_finalizer (GmprocPool *self, GmprocFunction function, GVariant *argument,
                           GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), FALSE);

  return set_frame (self, function, argument, &self->settings.finalizer, &self->finalizer_argument,
                    error);
}

/**
 * gmproc_pool_get_n_workers:
 * @self: a pool
 *
 * How many workers the pool has, or may have.
 *
 * Returns: how many workers it may have
 * Since: 1.0
 */
guint
gmproc_pool_get_n_workers (GmprocPool *self)
{
  guint n_workers;

  g_return_val_if_fail (GMPROC_IS_POOL (self), 0);

  g_object_get (self, "workers", &n_workers, NULL);
  return n_workers;
}

/**
 * gmproc_pool_resize:
 * @self: a pool
 * @workers: how many processes there may be from now on, or 0 for gmproc_get_n_processors()
 * @error: return location
 *
 * Makes the pool larger or smaller, also while calls are under way. Of a smaller pool the workers
 * that are too many run what they have been given, and end.
 *
 * Errors: %G_IO_ERROR_CLOSED after gmproc_pool_close(); %G_IO_ERROR_INVALID_ARGUMENT for more than
 * %G_MAXINT workers; as gmproc_process_start() for a pool whose workers were started at once.
 *
 * Returns: whether the pool has its new size
 * Since: 1.0
 */
gboolean
gmproc_pool_resize (GmprocPool *self, guint workers, GError **error)
{
  gboolean resized = FALSE;

  g_return_val_if_fail (GMPROC_IS_POOL (self), FALSE);

  g_mutex_lock (&self->mutex);
  if (workers > G_MAXINT)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "A pool cannot have %u workers",
                 workers);
  else if (self->state != GMPROC_POOL_RUNNING)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The pool is closed");
  else
    {
      self->n_workers = workers > 0 ? workers : gmproc_get_n_processors ();
      gmproc_pool_resize_locked (self);
      resized = gmproc_pool_open_locked (self, error)
                && (!self->is_eager || gmproc_pool_start_workers_locked (self, error));
      gmproc_pool_look_again_locked (self);
    }
  g_mutex_unlock (&self->mutex);
  return resized;
}

/**
 * gmproc_pool_close:
 * @self: a pool
 *
 * Takes no more calls. Those that are under way go on; then the workers end. Closing twice does
 * nothing.
 *
 * Since: 1.0
 */
void
gmproc_pool_close (GmprocPool *self)
{
  g_return_if_fail (GMPROC_IS_POOL (self));

  g_mutex_lock (&self->mutex);
  if (self->state == GMPROC_POOL_RUNNING)
    {
      self->state = GMPROC_POOL_CLOSED;
      gmproc_pool_look_again_locked (self);
    }
  g_mutex_unlock (&self->mutex);
}

/**
 * gmproc_pool_terminate:
 * @self: a pool
 *
 * Ends the workers at once. Calls that are under way fail with %G_IO_ERROR_CLOSED.
 *
 * Since: 1.0
 */
void
gmproc_pool_terminate (GmprocPool *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (GMPROC_IS_POOL (self));

  g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The pool was terminated");
  g_mutex_lock (&self->mutex);
  self->state = GMPROC_POOL_TERMINATED;
  gmproc_pool_fail_jobs_locked (self, error);
  for (guint i = 0; i < self->workers->len; i++)
    {
      GmprocPoolWorker *worker = g_ptr_array_index (self->workers, i);

      if (worker->process != NULL)
        gmproc_process_terminate (worker->process, NULL);
    }
  if (self->bell != NULL)
    gmproc_bell_ring (self->bell);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

/**
 * gmproc_pool_join:
 * @self: a pool that was closed or terminated
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits until all workers have ended.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE for a pool that was neither closed nor terminated;
 * %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether all have ended
 * Since: 1.0
 */
gboolean
gmproc_pool_join (GmprocPool *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  gulong connection = 0;
  gboolean joined;
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_POOL (self), FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error))
    return FALSE;

  if (cancellable != NULL)
    connection =
        g_cancellable_connect (cancellable, G_CALLBACK (gmproc_pool_wake_for_cancel), self, NULL);
  g_mutex_lock (&self->mutex);
  joined = gmproc_pool_join_locked (self, deadline, cancellable, error);
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, connection);
  return joined;
}

static gboolean
try_to_join (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
             gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = GMPROC_ASYNC_DONE;
  return !g_cancellable_set_error_if_cancelled (cancellable, error)
         && gmproc_pool_join (object, 0, NULL, error);
}

static gboolean
is_finished (gpointer object, G_GNUC_UNUSED guint64 what)
{
  GmprocPool *self = object;
  gboolean finished;

  g_mutex_lock (&self->mutex);
  finished = gmproc_pool_is_finished_locked (self);
  g_mutex_unlock (&self->mutex);
  return finished;
}

static GmprocArm
arm (G_GNUC_UNUSED const GmprocWaitSourceFuncs *funcs, gpointer object, G_GNUC_UNUSED guint64 what,
     GSource *source)
{
  return gmproc_pool_arm (object, NULL, gmproc_pool_is_finished_locked, object, source)
             ? GMPROC_ARM_ARMED
             : GMPROC_ARM_READY;
}

static void
disarm (gpointer object, GSource *source)
{
  gmproc_pool_disarm (object, source);
}

static const GmprocWaitSourceFuncs join_funcs = { is_finished, arm, disarm };

static GSource *
create_source (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_wait_source_new (&join_funcs, object, 0, NULL, cancellable);
}

static const GmprocAsync join_operation = { .tag = gmproc_pool_join_async,
                                            .attempt = try_to_join,
                                            .create_source = create_source };

/**
 * gmproc_pool_join_async:
 * @self: a pool that was closed or terminated
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when all workers have ended
 * @user_data: for @callback
 *
 * As gmproc_pool_join(), without blocking.
 *
 * Since: 1.0
 */
void
gmproc_pool_join_async (GmprocPool *self, gint64 timeout, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_POOL (self));

  gmproc_async_run (&join_operation, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_pool_join_finish:
 * @self: a pool
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_pool_join().
 *
 * Returns: whether all workers have ended
 * Since: 1.0
 */
gboolean
gmproc_pool_join_finish (GmprocPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), FALSE);

  return gmproc_async_finish (&join_operation, self, result, error) != NULL;
}
