/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The asynchronous calls for many items (gmproc-queue-async.c says what holds for all).
 */
#include "config.h"

#include "gmproc-queue-private.h"

#include "internal/async.h"

/* -- putting ----------------------------------------------------------------------------------- */

/* A call that puts. It goes on where the attempt before had to stop. */
typedef struct
{
  GmprocQueueBatch batch;
  GError *refusal; /* of an item that cannot be put */
} Putting;

/* What comes of it. How many were put must be known after an error too, so that the error is a part
 * of the result. */
typedef struct
{
  gsize n_put;
  GError *error;
} Outcome;

static void
putting_free (gpointer data)
{
  Putting *self = data;

  gmproc_queue_batch_clear (&self->batch);
  g_clear_error (&self->refusal);
  g_free (self);
}

static void
outcome_free (gpointer data)
{
  Outcome *self = data;

  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
try_to_put_many (gpointer object, gpointer data, gboolean is_last, gpointer *ret_result,
                 GCancellable *cancellable, GError **error)
{
  Putting *self = data;
  g_autoptr (GError) local_error = NULL;
  Outcome *outcome;

  if (self->refusal != NULL)
    local_error = g_error_copy (self->refusal);
  else if (!gmproc_queue_batch_put (&self->batch, object, 0, cancellable, &local_error) && !is_last
           && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  outcome = g_new (Outcome, 1);
  *outcome = (Outcome){ self->batch.n_put, g_steal_pointer (&local_error) };
  *ret_result = outcome;
  return TRUE;
}

static GSource *
create_source_for_room (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_queue_source_new (object, GMPROC_QUEUE_WAIT_FOR_ROOM, cancellable);
}

static gboolean
finish_put_many (const GmprocAsync *operation, GmprocQueue *self, GAsyncResult *result,
                 gsize *ret_n_put, GError **error)
{
  Outcome *outcome = gmproc_async_finish (operation, self, result, error);
  gboolean is_put;

  if (ret_n_put != NULL)
    *ret_n_put = outcome != NULL ? outcome->n_put : 0;
  if (outcome == NULL)
    return FALSE;

  is_put = outcome->error == NULL;
  if (!is_put)
    g_propagate_error (error, g_steal_pointer (&outcome->error));
  outcome_free (outcome);
  return is_put;
}

static const GmprocAsync put_many_async = { .tag = gmproc_queue_put_many_async,
                                            .attempt = try_to_put_many,
                                            .get_line = gmproc_queue_get_putting,
                                            .create_source = create_source_for_room,
                                            .free_result = outcome_free };

/**
 * gmproc_queue_put_many_async:
 * @self: a queue
 * @items: an array of any type; sunk if floating
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when it is done, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_queue_put_many(), without blocking. Until there is room for all of them, those that
 * have had room are in the queue already.
 *
 * Since: 1.0
 */
void
gmproc_queue_put_many_async (GmprocQueue *self, GVariant *items, gint64 timeout,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  Putting *putting;

  g_return_if_fail (GMPROC_IS_QUEUE (self));
  g_return_if_fail (items != NULL);
  g_return_if_fail (g_variant_is_of_type (items, G_VARIANT_TYPE_ARRAY));

  putting = g_new0 (Putting, 1);
  (void) gmproc_queue_batch_open (&putting->batch, g_variant_ref_sink (items), &putting->refusal);
  gmproc_async_run (&put_many_async, self, timeout, cancellable, callback, user_data, putting,
                    putting_free);
}

/**
 * gmproc_queue_put_many_finish:
 * @self: a queue
 * @result: what the callback was given
 * @ret_n_put: (out) (optional): how many items are in the queue, also at an error
 * @error: return location
 *
 * Errors: as gmproc_queue_put_many().
 *
 * Returns: whether all items are in the queue
 * Since: 1.0
 */
gboolean
gmproc_queue_put_many_finish (GmprocQueue *self, GAsyncResult *result, gsize *ret_n_put,
                              GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);

  return finish_put_many (&put_many_async, self, result, ret_n_put, error);
}

static const GmprocAsync put_many_bytes_async = { .tag = gmproc_queue_put_many_bytes_async,
                                                  .attempt = try_to_put_many,
                                                  .get_line = gmproc_queue_get_putting,
                                                  .create_source = create_source_for_room,
                                                  .free_result = outcome_free };

/**
 * gmproc_queue_put_many_bytes_async:
 * @self: a queue
 * @items: (array length=n_items): the bytes of each item
 * @n_items: how many
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when it is done, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_queue_put_many_bytes(), without blocking. Until there is room for all of them, those
 * that have had room are in the queue already.
 *
 * Since: 1.0
 */
void
gmproc_queue_put_many_bytes_async (GmprocQueue *self, GBytes *const *items, gsize n_items,
                                   gint64 timeout, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  Putting *putting;

  g_return_if_fail (GMPROC_IS_QUEUE (self));
  g_return_if_fail (items != NULL || n_items == 0);

  putting = g_new0 (Putting, 1);
  gmproc_queue_batch_open_bytes (&putting->batch, items, n_items);
  gmproc_async_run (&put_many_bytes_async, self, timeout, cancellable, callback, user_data, putting,
                    putting_free);
}

/**
 * gmproc_queue_put_many_bytes_finish:
 * @self: a queue
 * @result: what the callback was given
 * @ret_n_put: (out) (optional): how many items are in the queue, also at an error
 * @error: return location
 *
 * Errors: as gmproc_queue_put_many_bytes().
 *
 * Returns: whether all items are in the queue
 * Since: 1.0
 */
gboolean
gmproc_queue_put_many_bytes_finish (GmprocQueue *self, GAsyncResult *result, gsize *ret_n_put,
                                    GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);

  return finish_put_many (&put_many_bytes_async, self, result, ret_n_put, error);
}

/* -- taking ------------------------------------------------------------------------------------ */

static GSource *
create_source_for_items (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_queue_source_new (object, GMPROC_QUEUE_WAIT_FOR_ITEMS, cancellable);
}

static gboolean
try_to_get_many (gpointer object, gpointer data, G_GNUC_UNUSED gboolean is_last,
                 gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = gmproc_queue_get_many (object, GPOINTER_TO_SIZE (data), 0, cancellable, error);
  return *ret_result != NULL;
}

static const GmprocAsync get_many_async = { .tag = gmproc_queue_get_many_async,
                                            .attempt = try_to_get_many,
                                            .get_line = gmproc_queue_get_getting,
                                            .create_source = create_source_for_items,
                                            .free_result = (GDestroyNotify) g_variant_unref };

/**
 * gmproc_queue_get_many_async:
 * @self: a queue
 * @n_at_most: the largest number of items to take, 1 or more
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when there is one, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_queue_get_many(), without blocking. An item is taken before @callback runs, so the
 * callback must fetch it with gmproc_queue_get_many_finish().
 *
 * Since: 1.0
 */
void
gmproc_queue_get_many_async (GmprocQueue *self, gsize n_at_most, gint64 timeout,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_QUEUE (self));
  g_return_if_fail (n_at_most > 0);

  gmproc_async_run (&get_many_async, self, timeout, cancellable, callback, user_data,
                    GSIZE_TO_POINTER (n_at_most), NULL);
}

/**
 * gmproc_queue_get_many_finish:
 * @self: a queue
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_queue_get_many().
 *
 * Returns: (transfer full) (nullable): an array of one item or more, or %NULL with
 *   @error set
 * Since: 1.0
 */
GVariant *
gmproc_queue_get_many_finish (GmprocQueue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), NULL);

  return gmproc_async_finish (&get_many_async, self, result, error);
}

static gboolean
try_to_get_many_bytes (gpointer object, gpointer data, G_GNUC_UNUSED gboolean is_last,
                       gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result =
      gmproc_queue_get_many_bytes (object, GPOINTER_TO_SIZE (data), 0, cancellable, error);
  return *ret_result != NULL;
}

static const GmprocAsync get_many_bytes_async = { .tag = gmproc_queue_get_many_bytes_async,
                                                  .attempt = try_to_get_many_bytes,
                                                  .get_line = gmproc_queue_get_getting,
                                                  .create_source = create_source_for_items,
                                                  .free_result =
                                                      (GDestroyNotify) g_ptr_array_unref };

/**
 * gmproc_queue_get_many_bytes_async:
 * @self: a queue
 * @n_at_most: the largest number of items to take, 1 or more
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when there is one, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_queue_get_many_bytes(), without blocking. An item is taken before @callback runs, so
 * the callback must fetch it with gmproc_queue_get_many_bytes_finish().
 *
 * Since: 1.0
 */
void
gmproc_queue_get_many_bytes_async (GmprocQueue *self, gsize n_at_most, gint64 timeout,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_QUEUE (self));
  g_return_if_fail (n_at_most > 0);

  gmproc_async_run (&get_many_bytes_async, self, timeout, cancellable, callback, user_data,
                    GSIZE_TO_POINTER (n_at_most), NULL);
}

/**
 * gmproc_queue_get_many_bytes_finish:
 * @self: a queue
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_queue_get_many_bytes().
 *
 * Returns: (transfer full) (nullable) (element-type GBytes): one item or more, or %NULL with @error
 *   set
 * Since: 1.0
 */
GPtrArray *
gmproc_queue_get_many_bytes_finish (GmprocQueue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), NULL);

  return gmproc_async_finish (&get_many_bytes_async, self, result, error);
}
