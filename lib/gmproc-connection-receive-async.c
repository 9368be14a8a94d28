/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The receiving half of GmprocConnection, without blocking: the blocking calls with a timeout of 0,
 * made again when something has come. A message that came in part stays in the link in between.
 */
#include "config.h"

#include "gmproc-connection-private.h"

#include "internal/async.h"

static GSource *
create_source (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_connection_create_receive_source (object, cancellable);
}

static gboolean
try_to_receive (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
                gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = gmproc_connection_receive_value (object, 0, cancellable, error);
  return *ret_result != NULL;
}

/* Messages come in the order of the calls. */
static GmprocAsyncLine *
get_line (gpointer object)
{
  return &((GmprocConnection *) object)->receiving;
}

static const GmprocAsync receive_async = { .tag = gmproc_connection_receive_async,
                                           .attempt = try_to_receive,
                                           .get_line = get_line,
                                           .create_source = create_source,
                                           .free_result = (GDestroyNotify) g_variant_unref };

/**
 * gmproc_connection_receive_async:
 * @self: an end that receives
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called with a message, or at an error
 * @user_data: for @callback
 *
 * Receives one message without blocking, also when only half of one is there. The callback runs in
 * the main context that is the caller's thread default. Several calls at once get a message each,
 * in no particular order.
 *
 * Since: 1.0
 */
void
gmproc_connection_receive_async (GmprocConnection *self, gint64 timeout, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_CONNECTION (self));

  gmproc_async_run (&receive_async, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_connection_receive_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connection_receive().
 *
 * Returns: (transfer full) (nullable): the message, in normal form, or %NULL with @error set
 * Since: 1.0
 */
GVariant *
gmproc_connection_receive_finish (GmprocConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), NULL);

  return gmproc_async_finish (&receive_async, self, result, error);
}

static gboolean
try_to_receive_bytes (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
                      gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = gmproc_connection_receive_any (object, 0, cancellable, error);
  return *ret_result != NULL;
}

static const GmprocAsync receive_bytes_async = { .tag = gmproc_connection_receive_bytes_async,
                                                 .attempt = try_to_receive_bytes,
                                                 .get_line = get_line,
                                                 .create_source = create_source,
                                                 .free_result = (GDestroyNotify) g_bytes_unref };

/**
 * gmproc_connection_receive_bytes_async:
 * @self: an end that receives
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called with a message, or at an error
 * @user_data: for @callback
 *
 * Like gmproc_connection_receive_async(), for gmproc_connection_receive_bytes().
 *
 * Since: 1.0
 */
void
gmproc_connection_receive_bytes_async (GmprocConnection *self, gint64 timeout,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_CONNECTION (self));

  gmproc_async_run (&receive_bytes_async, self, timeout, cancellable, callback, user_data, NULL,
                    NULL);
}

/**
 * gmproc_connection_receive_bytes_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connection_receive_bytes().
 *
 * Returns: (transfer full) (nullable): the message, or %NULL with @error set
 * Since: 1.0
 */
GBytes *
gmproc_connection_receive_bytes_finish (GmprocConnection *self, GAsyncResult *result,
                                        GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), NULL);

  return gmproc_async_finish (&receive_bytes_async, self, result, error);
}

/* -- into a buffer ----------------------------------------------------------------------------- */

typedef struct
{
  guint8 *buffer; /* the caller's, from the offset on */
  gsize room;
  gsize size;    /* of the message, 0 until it is known */
  GError *error; /* the arguments are wrong */
} Into;

static void
into_free (gpointer data)
{
  Into *into = data;

  g_clear_error (&into->error);
  g_free (into);
}

static gboolean
try_to_receive_into (gpointer object, gpointer data, G_GNUC_UNUSED gboolean is_last,
                     gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  Into *into = data;

  *ret_result = GMPROC_ASYNC_DONE;
  if (into->error == NULL)
    return gmproc_connection_receive_copy (object, into->buffer, into->room, &into->size,
                                           cancellable, error);
  g_propagate_error (error, g_steal_pointer (&into->error));
  return FALSE;
}

static const GmprocAsync receive_into_async = { .tag = gmproc_connection_receive_into_async,
                                                .attempt = try_to_receive_into,
                                                .get_line = get_line,
                                                .create_source = create_source };

/**
 * gmproc_connection_receive_into_async:
 * @self: an end that receives
 * @buffer: (array length=buffer_size): memory of the caller's, which stays until @callback is
 * called
 * @buffer_size: its size in bytes
 * @offset: where in it the message is to begin
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when a message is in the buffer, or at an
 *   error
 * @user_data: for @callback
 *
 * Like gmproc_connection_receive_async(), for gmproc_connection_receive_into(). The buffer is
 * written when the message is whole, and only then.
 *
 * Since: 1.0
 */
void
gmproc_connection_receive_into_async (GmprocConnection *self, guint8 *buffer, gsize buffer_size,
                                      gsize offset, gint64 timeout, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data)
{
  Into *into;

  g_return_if_fail (GMPROC_IS_CONNECTION (self));
  g_return_if_fail (buffer != NULL || buffer_size == 0);

  into = g_new0 (Into, 1);
  if (gmproc_connection_check_offset (buffer_size, offset, &into->error))
    {
      into->buffer = buffer_size > 0 ? buffer + offset : NULL;
      into->room = buffer_size - offset;
    }
  gmproc_async_run (&receive_into_async, self, timeout, cancellable, callback, user_data, into,
                    into_free);
}

/**
 * gmproc_connection_receive_into_finish:
 * @self: a connection
 * @result: what the callback was given
 * @ret_size: (out): the size of the message, also when the buffer is too short for it
 * @error: return location
 *
 * Errors: as gmproc_connection_receive_into().
 *
 * Returns: whether a message was received
 * Since: 1.0
 */
gboolean
gmproc_connection_receive_into_finish (GmprocConnection *self, GAsyncResult *result,
                                       gsize *ret_size, GError **error)
{
  const Into *into;

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (ret_size != NULL, FALSE);

  into = gmproc_async_get_data (&receive_into_async, self, result);
  *ret_size = into != NULL ? into->size : 0;
  return gmproc_async_finish (&receive_into_async, self, result, error) != NULL;
}
