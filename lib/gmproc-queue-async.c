/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The asynchronous calls of a queue. Each is the blocking one, tried again whenever its source is
 * ready (internal/async.h). The callback runs in the main context that was the thread's default
 * when the call was made. Errors are those of the blocking call. Of the calls of one process that
 * put none overtakes another, nor of those that get.
 */
#include "config.h"

#include "gmproc-queue-private.h"

#include "internal/async.h"

GmprocAsyncLine *
gmproc_queue_get_putting (gpointer self)
{
  return &((GmprocQueue *) self)->putting;
}

GmprocAsyncLine *
gmproc_queue_get_getting (gpointer self)
{
  return &((GmprocQueue *) self)->getting;
}

static GSource *
create_source_for_items (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_queue_source_new (object, GMPROC_QUEUE_WAIT_FOR_ITEMS, cancellable);
}

static GSource *
create_source_for_room (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_queue_source_new (object, GMPROC_QUEUE_WAIT_FOR_ROOM, cancellable);
}

static GSource *
create_source_for_join (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_queue_source_new (object, GMPROC_QUEUE_WAIT_FOR_JOIN, cancellable);
}

/* -- one item ---------------------------------------------------------------------------------- */

static gboolean
try_to_put (gpointer object, gpointer data, G_GNUC_UNUSED gboolean is_last, gpointer *ret_result,
            GCancellable *cancellable, GError **error)
{
  *ret_result = GMPROC_ASYNC_DONE;
  return gmproc_queue_put (object, data, 0, cancellable, error);
}

static const GmprocAsync put_async = { .tag = gmproc_queue_put_async,
                                       .attempt = try_to_put,
                                       .get_line = gmproc_queue_get_putting,
                                       .create_source = create_source_for_room };

/**
 * gmproc_queue_put_async:
 * @self: a queue
 * @item: any value without handles; sunk if floating
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when it is done, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_queue_put(), without blocking.
 *
 * Since: 1.0
 */
void
gmproc_queue_put_async (GmprocQueue *self, GVariant *item, gint64 timeout,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_QUEUE (self));
  g_return_if_fail (item != NULL);

  gmproc_async_run (&put_async, self, timeout, cancellable, callback, user_data,
                    g_variant_ref_sink (item), (GDestroyNotify) g_variant_unref);
}

/**
 * gmproc_queue_put_finish:
 * @self: a queue
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_queue_put().
 *
 * Returns: whether the item is in the queue
 * Since: 1.0
 */
gboolean
gmproc_queue_put_finish (GmprocQueue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);

  return gmproc_async_finish (&put_async, self, result, error) != NULL;
}

static gboolean
try_to_put_bytes (gpointer object, gpointer data, G_GNUC_UNUSED gboolean is_last,
                  gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = GMPROC_ASYNC_DONE;
  return gmproc_queue_put_bytes (object, data, 0, cancellable, error);
}

static const GmprocAsync put_bytes_async = { .tag = gmproc_queue_put_bytes_async,
                                             .attempt = try_to_put_bytes,
                                             .get_line = gmproc_queue_get_putting,
                                             .create_source = create_source_for_room };

/**
 * gmproc_queue_put_bytes_async:
 * @self: a queue
 * @item: the bytes of one item; may be empty
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when it is done, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_queue_put_bytes(), without blocking.
 *
 * Since: 1.0
 */
void
gmproc_queue_put_bytes_async (GmprocQueue *self, GBytes *item, gint64 timeout,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_QUEUE (self));
  g_return_if_fail (item != NULL);

  gmproc_async_run (&put_bytes_async, self, timeout, cancellable, callback, user_data,
                    g_bytes_ref (item), (GDestroyNotify) g_bytes_unref);
}

/**
 * gmproc_queue_put_bytes_finish:
 * @self: a queue
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_queue_put_bytes().
 *
 * Returns: whether the item is in the queue
 * Since: 1.0
 */
gboolean
gmproc_queue_put_bytes_finish (GmprocQueue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);

  return gmproc_async_finish (&put_bytes_async, self, result, error) != NULL;
}

static gboolean
try_to_get (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
            gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = gmproc_queue_get (object, 0, cancellable, error);
  return *ret_result != NULL;
}

static const GmprocAsync get_async = { .tag = gmproc_queue_get_async,
                                       .attempt = try_to_get,
                                       .get_line = gmproc_queue_get_getting,
                                       .create_source = create_source_for_items,
                                       .free_result = (GDestroyNotify) g_variant_unref };

/**
 * gmproc_queue_get_async:
 * @self: a queue
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when there is an item, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_queue_get(), without blocking. An item is taken before @callback runs, so the
 * callback must fetch it with gmproc_queue_get_finish().
 *
 * Since: 1.0
 */
void
gmproc_queue_get_async (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_QUEUE (self));

  gmproc_async_run (&get_async, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_queue_get_finish:
 * @self: a queue
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_queue_get().
 *
 * Returns: (transfer full) (nullable): the item, or %NULL with @error set
 * Since: 1.0
 */
GVariant *
gmproc_queue_get_finish (GmprocQueue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), NULL);

  return gmproc_async_finish (&get_async, self, result, error);
}

static gboolean
try_to_get_bytes (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
                  gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = gmproc_queue_get_bytes (object, 0, cancellable, error);
  return *ret_result != NULL;
}

static const GmprocAsync get_bytes_async = { .tag = gmproc_queue_get_bytes_async,
                                             .attempt = try_to_get_bytes,
                                             .get_line = gmproc_queue_get_getting,
                                             .create_source = create_source_for_items,
                                             .free_result = (GDestroyNotify) g_bytes_unref };

/**
 * gmproc_queue_get_bytes_async:
 * @self: a queue
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when there is an item, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_queue_get_bytes(), without blocking. An item is taken before @callback runs, so the
 * callback must fetch it with gmproc_queue_get_bytes_finish().
 *
 * Since: 1.0
 */
void
gmproc_queue_get_bytes_async (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_QUEUE (self));

  gmproc_async_run (&get_bytes_async, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_queue_get_bytes_finish:
 * @self: a queue
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_queue_get_bytes().
 *
 * Returns: (transfer full) (nullable): the item, or %NULL with @error set
 * Since: 1.0
 */
GBytes *
gmproc_queue_get_bytes_finish (GmprocQueue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), NULL);

  return gmproc_async_finish (&get_bytes_async, self, result, error);
}

static gboolean
try_to_join (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
             gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = GMPROC_ASYNC_DONE;
  return gmproc_queue_join (object, 0, cancellable, error);
}

static const GmprocAsync join_async = { .tag = gmproc_queue_join_async,
                                        .attempt = try_to_join,
                                        .create_source = create_source_for_join };

/**
 * gmproc_queue_join_async:
 * @self: a queue
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when it is done, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_queue_join(), without blocking.
 *
 * Since: 1.0
 */
void
gmproc_queue_join_async (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_QUEUE (self));

  gmproc_async_run (&join_async, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_queue_join_finish:
 * @self: a queue
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_queue_join().
 *
 * Returns: whether all items are done
 * Since: 1.0
 */
gboolean
gmproc_queue_join_finish (GmprocQueue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);

  return gmproc_async_finish (&join_async, self, result, error) != NULL;
}
