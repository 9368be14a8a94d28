/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The results of imap in a main loop: one by one, as a signal, or among other things that are
 * waited for.
 */
#include "config.h"

#include "gmproc-pool-iterator-private.h"

#include "internal/async.h"
#include "internal/wait-source.h"

/* So many results are handed to the handlers of "result" before the main loop has its turn. */
#define RESULTS_AT_ONCE (64)

/* -- main loops -------------------------------------------------------------------------------- */

static gboolean
is_ready (gpointer object, G_GNUC_UNUSED guint64 what)
{
  GmprocPoolIterator *self = object;
  gboolean ready;

  g_mutex_lock (&self->pool->mutex);
  gmproc_pool_pump_locked (self->pool);
  ready = gmproc_pool_iterator_is_ready_locked (self);
  g_mutex_unlock (&self->pool->mutex);
  return ready;
}

static GmprocArm
arm (G_GNUC_UNUSED const GmprocWaitSourceFuncs *funcs, gpointer object, G_GNUC_UNUSED guint64 what,
     GSource *source)
{
  GmprocPoolIterator *self = object;

  return gmproc_pool_arm (self->pool, self->job, gmproc_pool_iterator_is_ready_locked, self, source)
             ? GMPROC_ARM_ARMED
             : GMPROC_ARM_READY;
}

static void
disarm (gpointer object, GSource *source)
{
  GmprocPoolIterator *self = object;

  gmproc_pool_disarm (self->pool, source);
}

static const GmprocWaitSourceFuncs iterator_funcs = { is_ready, arm, disarm };

static GSource *
gmproc_pool_iterator_create_source (GmprocWaitable *waitable, GCancellable *cancellable,
                                    G_GNUC_UNUSED GError **error)
{
  return gmproc_wait_source_new (&iterator_funcs, waitable, 0, NULL, cancellable);
}

static gboolean
gmproc_pool_iterator_is_ready (GmprocWaitable *waitable)
{
  return is_ready (waitable, 0);
}

void
gmproc_pool_iterator_waitable_init (GmprocWaitableInterface *iface)
{
  iface->create_source = gmproc_pool_iterator_create_source;
  iface->is_ready = gmproc_pool_iterator_is_ready;
}

static GSource *
create_source (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_wait_source_new (&iterator_funcs, object, 0, NULL, cancellable);
}

static gboolean
try_to_take (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
             gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  GmprocPoolIterator *self = object;
  GmprocOutcome *outcome;
  gboolean is_taken;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  g_mutex_lock (&self->pool->mutex);
  is_taken = gmproc_pool_iterator_wait_locked (self, &outcome, 0, NULL, error);
  g_mutex_unlock (&self->pool->mutex);
  /* The end is an outcome too, of no item. */
  *ret_result = is_taken && outcome == NULL ? gmproc_outcome_new (0, NULL, NULL) : outcome;
  return is_taken;
}

static void
free_outcome (gpointer outcome)
{
  gmproc_outcome_free (outcome);
}

static const GmprocAsync next_operation = { .tag = gmproc_pool_iterator_next_async,
                                            .attempt = try_to_take,
                                            .create_source = create_source,
                                            .free_result = free_outcome };

/* Gives what there is to the handlers. */
static gboolean
try_to_run (gpointer object, gpointer data, gboolean is_last, gpointer *ret_result,
            GCancellable *cancellable, GError **error)
{
  *ret_result = GMPROC_ASYNC_DONE;
  for (guint i = 0; i < RESULTS_AT_ONCE; i++)
    {
      g_autoptr (GmprocOutcome) outcome = NULL;
      gpointer taken;

      if (!try_to_take (object, data, is_last, &taken, cancellable, error))
        return FALSE;
      outcome = taken;
      if (outcome->value == NULL && outcome->error == NULL)
        return TRUE;
      if (outcome->error != NULL && GMPROC_POOL_ITERATOR (object)->fail_fast)
        {
          g_propagate_error (error, g_steal_pointer (&outcome->error));
          return FALSE;
        }
      gmproc_pool_iterator_emit (object, outcome);
    }
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "There are more results");
  return FALSE;
}

static const GmprocAsync run_operation = { .tag = gmproc_pool_iterator_run_async,
                                           .attempt = try_to_run,
                                           .create_source = create_source };

/* -- public ------------------------------------------------------------------------------------ */

/**
 * gmproc_pool_iterator_next_async:
 * @self: an iterator
 * @timeout: microseconds, 0 to take only what is there, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when there is a result
 * @user_data: for @callback
 *
 * As gmproc_pool_iterator_next(), without blocking. The callback runs in the main context that is
 * the caller's thread default, and there the source is asked for items.
 *
 * Since: 1.0
 */
void
gmproc_pool_iterator_next_async (GmprocPoolIterator *self, gint64 timeout,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_POOL_ITERATOR (self));

  gmproc_async_run (&next_operation, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_pool_iterator_next_finish:
 * @self: an iterator
 * @ret_result: (out) (transfer full) (nullable): the next result, or %NULL at the end
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_pool_iterator_next().
 *
 * Returns: %FALSE with an error
 * Since: 1.0
 */
gboolean
gmproc_pool_iterator_next_finish (GmprocPoolIterator *self, GVariant **ret_result,
                                  GAsyncResult *result, GError **error)
{
  GmprocOutcome *outcome;

  g_return_val_if_fail (GMPROC_IS_POOL_ITERATOR (self), FALSE);
  g_return_val_if_fail (ret_result != NULL, FALSE);

  *ret_result = NULL;
  outcome = gmproc_async_finish (&next_operation, self, result, error);
  return outcome != NULL && gmproc_pool_iterator_give (outcome, ret_result, error);
}

/**
 * gmproc_pool_iterator_run_async:
 * @self: an iterator
 * @cancellable: (nullable): to stop; what was not given yet can still be fetched then
 * @callback: (scope async) (closure user_data): called at the end
 * @user_data: for @callback
 *
 * Fetches all results, and emits #GmprocPoolIterator::result for each, in the main context that is
 * the caller's thread default.
 *
 * Since: 1.0
 */
void
gmproc_pool_iterator_run_async (GmprocPoolIterator *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_POOL_ITERATOR (self));

  gmproc_async_run (&run_operation, self, GMPROC_FOREVER, cancellable, callback, user_data, NULL,
                    NULL);
}

/**
 * gmproc_pool_iterator_run_finish:
 * @self: an iterator
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: of the source or the pool, as gmproc_pool_iterator_next(); with
 * %GmprocPoolOptions:fail-fast that of the first item that has one.
 *
 * Returns: whether the iterator came to its end
 * Since: 1.0
 */
gboolean
gmproc_pool_iterator_run_finish (GmprocPoolIterator *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL_ITERATOR (self), FALSE);

  return gmproc_async_finish (&run_operation, self, result, error) != NULL;
}
