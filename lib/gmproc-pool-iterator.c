/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocPoolIterator: the results of gmproc_pool_imap() and gmproc_pool_imap_unordered(), one by
 * one.
 *
 * Items are taken from the source by those who fetch results, so the source is never asked for more
 * than `read_ahead` items beyond what was fetched, and is asked in a thread that the program knows.
 * It is asked for several at once, so that they can go to the workers together.
 *
 * States: under way → at its end. It comes to its end after the last result, after an error of the
 * source, of the pool or, with fail-fast, of an item; all results before are given first.
 *
 * All members are under the pool's mutex. The source is called outside of it, by one thread at a
 * time; others that want a result meanwhile wait for the workers.
 */
#include "config.h"

#include "gmproc-pool-iterator-private.h"

#include "gmproc-error.h"
#include "gmproc-pool-source-private.h"
#include "internal/codec.h"
#include "internal/deadline.h"
#include "internal/registry.h"
#include "port/port.h"

enum
{
  SIGNAL_RESULT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/**
 * GmprocPoolIterator:
 *
 * The results of a call of a pool, one by one, while items are still taken from a source.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocPoolIterator, gmproc_pool_iterator, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_WAITABLE,
                                                gmproc_pool_iterator_waitable_init))

static void
remove_job_locked (GmprocPoolIterator *self)
{
  if (!self->is_added)
    return;
  self->is_added = FALSE;
  gmproc_pool_remove_job_locked (self->pool, self->job, FALSE);
}

static void
gmproc_pool_iterator_dispose (GObject *object)
{
  GmprocPoolIterator *self = GMPROC_POOL_ITERATOR (object);

  if (self->pool != NULL && self->job != NULL)
    {
      g_mutex_lock (&self->pool->mutex);
      gmproc_job_fail (self->job, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                       "The iterator was dropped"));
      remove_job_locked (self);
      g_mutex_unlock (&self->pool->mutex);
    }
  g_clear_object (&self->source);

  G_OBJECT_CLASS (gmproc_pool_iterator_parent_class)->dispose (object);
}

static void
gmproc_pool_iterator_finalize (GObject *object)
{
  GmprocPoolIterator *self = GMPROC_POOL_ITERATOR (object);

  g_clear_pointer (&self->job, gmproc_job_unref);
  g_clear_error (&self->last_error);
  g_clear_object (&self->pool);

  G_OBJECT_CLASS (gmproc_pool_iterator_parent_class)->finalize (object);
}

static void
gmproc_pool_iterator_class_init (GmprocPoolIteratorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = gmproc_pool_iterator_dispose;
  object_class->finalize = gmproc_pool_iterator_finalize;

  /**
   * GmprocPoolIterator::result:
   * @self: the iterator
   * @index: the number of the item
   * @value: (nullable): its result
   * @error: (nullable): its error, if it has no result
   *
   * A result that gmproc_pool_iterator_run_async() fetched.
   *
   * Since: 1.0
   */
  signals[SIGNAL_RESULT] =
      g_signal_new ("result", GMPROC_TYPE_POOL_ITERATOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 3, G_TYPE_UINT64, G_TYPE_VARIANT, G_TYPE_ERROR);
}

static void
gmproc_pool_iterator_init (G_GNUC_UNUSED GmprocPoolIterator *self)
{
}

/* -- items in ---------------------------------------------------------------------------------- */

static gboolean
check_item (GmprocPoolIterator *self, GVariant *item, GError **error)
{
  const GmprocFunctionInfo *function = self->job->function;

  if (!g_variant_is_of_type (item, function->in_type))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "%s, item %" G_GSIZE_FORMAT ": The item is of type “%s” instead of “%.*s”",
                   function->name, self->job->n_items, g_variant_get_type_string (item),
                   (int) g_variant_type_get_string_length (function->in_type),
                   g_variant_type_peek_string (function->in_type));
      return FALSE;
    }
  if (gmproc_codec_check_message (item, error))
    return TRUE;
  g_prefix_error (error, "%s, item %" G_GSIZE_FORMAT ": ", function->name, self->job->n_items);
  return FALSE;
}

/* No more items; ERROR (taken) or NULL. */
static void
end_source_locked (GmprocPoolIterator *self, GError *error)
{
  g_assert (self->last_error == NULL);
  self->last_error = error;
  gmproc_job_feed_end (self->job);
}

/* One more item. FALSE when there is none. */
static gboolean
read_item_locked (GmprocPoolIterator *self)
{
  g_autoptr (GVariant) item = NULL;
  GError *error = NULL;
  GError *item_error = NULL;
  gboolean is_good = TRUE;

  g_mutex_unlock (&self->pool->mutex);
  if (gmproc_pool_source_next (self->source, &item, &error) && item != NULL)
    is_good = check_item (self, item, &item_error);
  g_mutex_lock (&self->pool->mutex);

  if (error != NULL || item == NULL)
    end_source_locked (self, error);
  else if (is_good)
    gmproc_job_feed (self->job, item);
  else
    gmproc_job_feed_error (self->job, item_error);
  return item != NULL;
}

static gsize
count_outstanding (GmprocPoolIterator *self)
{
  return self->job->n_items - self->job->n_taken;
}

/* Fills up when a good part of the items is through, and hands them out. */
static void
read_locked (GmprocPoolIterator *self)
{
  gsize n_before = self->job->n_items;

  if (self->is_reading || self->job->is_complete || self->job->error != NULL
      || count_outstanding (self) > self->read_ahead - MAX (self->read_ahead / 4, 1))
    return;

  self->is_reading = TRUE;
  while (self->job->error == NULL && count_outstanding (self) < self->read_ahead
         && read_item_locked (self))
    ;
  self->is_reading = FALSE;
  if (self->job->n_items > n_before)
    gmproc_pool_look_again_locked (self->pool);
}

/* -- results out ------------------------------------------------------------------------------- */

gboolean
gmproc_pool_iterator_is_ready_locked (gpointer data)
{
  GmprocPoolIterator *self = data;

  return self->is_at_end || self->job->ready.length > 0 || self->job->error != NULL
         || (self->job->is_complete && count_outstanding (self) == 0);
}

static void
end_locked (GmprocPoolIterator *self)
{
  self->is_at_end = TRUE;
  gmproc_job_fail (self->job, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                   "The iterator is at its end"));
  remove_job_locked (self);
  gmproc_pool_progress_report_locked (&self->progress, self->pool, self->job, TRUE);
}

typedef enum
{
  TAKEN, /* an outcome, or NULL for the end */
  FAILED,
  NOTHING_YET
} Taken;

/* After all results: the error of the pool or of the source, and then the end. */
static Taken
take_end_locked (GmprocPoolIterator *self, GError **error)
{
  GError *last_error = NULL;

  if (!self->is_at_end && self->job->error != NULL)
    last_error = g_error_copy (self->job->error);
  else if (!self->is_at_end)
    last_error = g_steal_pointer (&self->last_error);
  if (!self->is_at_end)
    end_locked (self);
  if (last_error == NULL)
    return TAKEN;
  g_propagate_error (error, last_error);
  return FAILED;
}

static Taken
take_locked (GmprocPoolIterator *self, GmprocOutcome **ret_outcome, GError **error)
{
  *ret_outcome = NULL;
  if (!gmproc_pool_iterator_is_ready_locked (self))
    return NOTHING_YET;
  if (self->is_at_end || self->job->ready.length == 0)
    return take_end_locked (self, error);

  *ret_outcome = gmproc_job_take (self->job);
  self->index = (*ret_outcome)->index;
  if ((*ret_outcome)->error != NULL && self->fail_fast)
    end_locked (self);
  else
    gmproc_pool_progress_report_locked (&self->progress, self->pool, self->job, FALSE);
  return TAKEN;
}

/* What the caller gets. */
gboolean
gmproc_pool_iterator_give (GmprocOutcome *outcome, GVariant **ret_result, GError **error)
{
  gboolean is_good = outcome == NULL || outcome->error == NULL;

  *ret_result = NULL;
  if (!is_good)
    g_propagate_error (error, g_steal_pointer (&outcome->error));
  else if (outcome != NULL)
    *ret_result = g_steal_pointer (&outcome->value);
  gmproc_outcome_free (outcome);
  return is_good;
}

/* FALSE with an error that is not one of an item. */
gboolean
gmproc_pool_iterator_wait_locked (GmprocPoolIterator *self, GmprocOutcome **ret_outcome,
                                  gint64 deadline, GCancellable *cancellable, GError **error)
{
  while (TRUE)
    {
      g_autoptr (GError) local_error = NULL;
      Taken taken;

      read_locked (self);
      taken = take_locked (self, ret_outcome, error);
      if (taken != NOTHING_YET)
        return taken == TAKEN;
      /* The last step may have brought one. */
      if (!gmproc_pool_step_locked (self->pool, deadline, cancellable, &local_error)
          && (!gmproc_pool_iterator_is_ready_locked (self)
              || g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED)))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
}

void
gmproc_pool_iterator_emit (GmprocPoolIterator *self, const GmprocOutcome *outcome)
{
  g_signal_emit (self, signals[SIGNAL_RESULT], 0, (guint64) outcome->index, outcome->value,
                 outcome->error);
}

/* -- public ------------------------------------------------------------------------------------ */

static GmprocPoolIterator *
iterate (GmprocPool *pool, GmprocFunction function, GmprocPoolSource *source,
         GmprocPoolOptions *options, gboolean is_ordered, GError **error)
{
  const GmprocFunctionInfo *info = gmproc_registry_describe_function (function, error);
  g_autoptr (GmprocPoolIterator) self = NULL;
  GmprocPoolCallOptions resolved = { 0 };

  if (info == NULL)
    return NULL;
  self = g_object_new (GMPROC_TYPE_POOL_ITERATOR, NULL);
  self->pool = g_object_ref (pool);
  self->source = g_object_ref (source);
  gmproc_pool_progress_init (&self->progress, pool);

  g_mutex_lock (&pool->mutex);
  gmproc_pool_options_resolve_locked (options, pool, &resolved);
  resolved.job.kind = GMPROC_JOB_STREAM;
  resolved.job.mode = GMPROC_WORKER_EACH;
  resolved.job.is_ordered = is_ordered;
  self->job = gmproc_job_new (info, &resolved.job, NULL);
  self->read_ahead = resolved.read_ahead;
  self->fail_fast = resolved.fail_fast;
  self->is_added = gmproc_pool_add_job_locked (pool, self->job, error);
  if (self->is_added)
    read_locked (self);
  g_mutex_unlock (&pool->mutex);
  return self->is_added || self->is_at_end ? g_steal_pointer (&self) : NULL;
}

/**
 * gmproc_pool_imap:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION()
 * @source: where the items come from; used by this call only
 * @options: (nullable): what this call does otherwise than the pool
 * @error: return location
 *
 * Runs @function for the items of a source, which may be endless, and gives the results one by one
 * in the order of the items, like `Pool.imap`. At most %GmprocPool:read-ahead items are under way;
 * more are taken from the source as results are fetched.
 *
 * Errors: %GMPROC_ERROR_NOT_REGISTERED for a function without a name; %G_IO_ERROR_CLOSED after
 * gmproc_pool_close().
 *
 * Returns: (transfer full) (nullable): the results to come
 * Since: 1.0
 */
GmprocPoolIterator *
gmproc_pool_imap (GmprocPool *self, GmprocFunction function, GmprocPoolSource *source,
                  GmprocPoolOptions *options, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (GMPROC_IS_POOL_SOURCE (source), NULL);
  g_return_val_if_fail (options == NULL || GMPROC_IS_POOL_OPTIONS (options), NULL);

  return iterate (self, function, source, options, TRUE, error);
}

/**
 * gmproc_pool_imap_unordered:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION()
 * @source: where the items come from; used by this call only
 * @options: (nullable): what this call does otherwise than the pool
 * @error: return location
 *
 * As gmproc_pool_imap(), but the results come as they are done, like `Pool.imap_unordered`.
 * gmproc_pool_iterator_get_index() says whose it is.
 *
 * Returns: (transfer full) (nullable): the results to come
 * Since: 1.0
 */
GmprocPoolIterator *
gmproc_pool_imap_unordered (GmprocPool *self, GmprocFunction function, GmprocPoolSource *source,
                            GmprocPoolOptions *options, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (GMPROC_IS_POOL_SOURCE (source), NULL);
  g_return_val_if_fail (options == NULL || GMPROC_IS_POOL_OPTIONS (options), NULL);

  return iterate (self, function, source, options, FALSE, error);
}

/**
 * gmproc_pool_iterator_next:
 * @self: an iterator
 * @ret_result: (out) (transfer full) (nullable): the next result, or %NULL at the end
 * @timeout: microseconds, 0 to take only what is there, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits for the next result. A result, and the error of an item, is given once. After the error of
 * an item the next call gives the next result, unless the call was made with
 * %GmprocPoolOptions:fail-fast. gmproc_pool_iterator_is_at_end() tells that nothing more comes.
 *
 * Errors: of the item, as for gmproc_pool_map(); of the source, in its own domain, after the
 * results of all items before; %G_IO_ERROR_CLOSED when the pool was terminated.
 * %G_IO_ERROR_TIMED_OUT and %G_IO_ERROR_CANCELLED when there was no result in time; nothing is lost
 * then.
 *
 * Returns: %FALSE with an error
 * Since: 1.0
 */
gboolean
gmproc_pool_iterator_next (GmprocPoolIterator *self, GVariant **ret_result, gint64 timeout,
                           GCancellable *cancellable, GError **error)
{
  GmprocOutcome *outcome = NULL;
  gulong connection = 0;
  gboolean is_taken;
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_POOL_ITERATOR (self), FALSE);
  g_return_val_if_fail (ret_result != NULL, FALSE);

  *ret_result = NULL;
  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (cancellable != NULL)
    connection = g_cancellable_connect (cancellable, G_CALLBACK (gmproc_pool_wake_for_cancel),
                                        self->pool, NULL);
  g_mutex_lock (&self->pool->mutex);
  is_taken = gmproc_pool_iterator_wait_locked (self, &outcome, deadline, cancellable, error);
  g_mutex_unlock (&self->pool->mutex);
  g_cancellable_disconnect (cancellable, connection);
  return is_taken && gmproc_pool_iterator_give (outcome, ret_result, error);
}

/**
 * gmproc_pool_iterator_get_index:
 * @self: an iterator
 *
 * Which item the last result belongs to.
 *
 * Returns: the number of the item whose result or error was given last; the first has 0
 * Since: 1.0
 */
gsize
gmproc_pool_iterator_get_index (GmprocPoolIterator *self)
{
  gsize index;

  g_return_val_if_fail (GMPROC_IS_POOL_ITERATOR (self), 0);

  g_mutex_lock (&self->pool->mutex);
  index = self->index;
  g_mutex_unlock (&self->pool->mutex);
  return index;
}

/**
 * gmproc_pool_iterator_is_at_end:
 * @self: an iterator
 *
 * Whether all results were given.
 *
 * Returns: whether the end was given, or an error after which nothing comes
 * Since: 1.0
 */
gboolean
gmproc_pool_iterator_is_at_end (GmprocPoolIterator *self)
{
  gboolean is_at_end;

  g_return_val_if_fail (GMPROC_IS_POOL_ITERATOR (self), TRUE);

  g_mutex_lock (&self->pool->mutex);
  is_at_end = self->is_at_end;
  g_mutex_unlock (&self->pool->mutex);
  return is_at_end;
}

/**
 * gmproc_pool_iterator_cancel_item:
 * @self: an iterator
 * @index: the number of an item
 *
 * Ends one item with %G_IO_ERROR_CANCELLED. The worker that runs it is killed; all other items go
 * on. An item that is done keeps its result.
 *
 * Returns: %FALSE for an item that is done, or was never taken from the source
 * Since: 1.0
 */
gboolean
gmproc_pool_iterator_cancel_item (GmprocPoolIterator *self, gsize index)
{
  gboolean is_cancelled;

  g_return_val_if_fail (GMPROC_IS_POOL_ITERATOR (self), FALSE);

  g_mutex_lock (&self->pool->mutex);
  is_cancelled = gmproc_job_doom (self->job, index);
  if (is_cancelled)
    gmproc_pool_look_again_locked (self->pool);
  g_mutex_unlock (&self->pool->mutex);
  return is_cancelled;
}
