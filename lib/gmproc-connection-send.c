/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The sending half of GmprocConnection.
 */
#include "config.h"

#include "gmproc-connection-private.h"

#include "internal/async.h"
#include "internal/codec.h"
#include "internal/envelope.h"

/* What is to be sent. The vectors of a value or of bytes live as long as it does. */
typedef struct
{
  GmprocCodecKind kind;
  const GOutputVector *body;
  gsize n_vectors;
  GmprocEnvelope *envelope; /* instead of a body */
  gboolean has_begun;       /* the rest is in the link */
} Outgoing;

static gboolean
send_envelope (GmprocConnection *self, GmprocEnvelope *envelope, gint64 deadline,
               GCancellable *cancellable, GError **error)
{
  GOutputVector vectors[GMPROC_CODEC_N_VECTORS];
  g_autoptr (GVariant) body =
      gmproc_envelope_dispatch (envelope, &self->courier, deadline, cancellable, error);

  if (body == NULL)
    return FALSE;
  gmproc_codec_get_vectors (body, vectors);
  return gmproc_link_send (&self->link, GMPROC_CODEC_ENVELOPE, vectors, G_N_ELEMENTS (vectors),
                           deadline, cancellable, error);
}

/* In the sender's turn. After a failure it may be called again, and goes on. */
static gboolean
send_outgoing (GmprocConnection *self, Outgoing *outgoing, gint64 deadline,
               GCancellable *cancellable, GError **error)
{
  gboolean is_sent;

  if (!gmproc_link_flush (&self->link, deadline, cancellable, error))
    return FALSE;
  if (outgoing->has_begun)
    return TRUE;

  if (outgoing->envelope != NULL)
    is_sent = send_envelope (self, outgoing->envelope, deadline, cancellable, error);
  else
    is_sent = gmproc_link_send (&self->link, outgoing->kind, outgoing->body, outgoing->n_vectors,
                                deadline, cancellable, error);
  outgoing->has_begun = self->link.rest != NULL;
  return is_sent;
}

static gboolean
send_message (GmprocConnection *self, Outgoing *outgoing, gint64 deadline,
              GCancellable *cancellable, GError **error)
{
  gboolean is_sent;

  if (!gmproc_connection_enter (self, &self->sender, self->is_writable, "send", deadline,
                                cancellable, error))
    return FALSE;
  is_sent = send_outgoing (self, outgoing, deadline, cancellable, error);
  gmproc_connection_leave (self, &self->sender);
  return is_sent;
}

/* A message without objects goes as it is; one with some needs an envelope. */
static gboolean
prepare_variant (GmprocConnection *self, GVariant *message, GOutputVector *vectors,
                 Outgoing *ret_outgoing, GError **error)
{
  *ret_outgoing = (Outgoing){ .kind = GMPROC_CODEC_VARIANT };
  if (G_UNLIKELY (gmproc_codec_may_hold_handles (message))
      && gmproc_connection_carries_objects (self) && gmproc_codec_has_handles (message))
    {
      ret_outgoing->envelope = gmproc_envelope_new (message, error);
      return ret_outgoing->envelope != NULL;
    }

  if (!gmproc_codec_check_message (message, error))
    return FALSE;
  gmproc_codec_get_vectors (message, vectors);
  ret_outgoing->body = vectors;
  ret_outgoing->n_vectors = GMPROC_CODEC_N_VECTORS;
  return TRUE;
}

/**
 * gmproc_connection_send:
 * @self: an end that sends
 * @message: any value; sunk if floating
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Sends one message, and waits while the pipe is full. After a cancel in the middle of a message
 * that does not fit the pipe, the next send first sends the rest of it.
 *
 * Over a duplex pipe the message may name objects that can cross, by their handles: connections,
 * queues, locks, descriptors and so on. The receiver gets objects of its own, and asks for each by
 * the handle that it finds in the same place. What the sender does with its objects afterwards does
 * not matter.
 *
 * Errors: %G_IO_ERROR_CLOSED when this end is closed or nobody is left to receive (no signal is
 * raised); %G_IO_ERROR_CANCELLED; %G_IO_ERROR_NOT_SUPPORTED for an end that only receives, or for a
 * message with handles over a one-way pipe or a socket; %GMPROC_ERROR_BAD_HANDLE for a handle of no
 * object here; %G_IO_ERROR_INVALID_ARGUMENT for objects with more than 250 system handles;
 * %GMPROC_ERROR_BAD_TYPE for a message that is not in normal form.
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send (GmprocConnection *self, GVariant *message, GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  GOutputVector vectors[GMPROC_CODEC_N_VECTORS];
  Outgoing outgoing;
  gboolean is_sent;

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (message != NULL, FALSE);

  sunk = g_variant_ref_sink (message);
  if (!prepare_variant (self, sunk, vectors, &outgoing, error))
    return FALSE;
  is_sent = send_message (self, &outgoing, GMPROC_PORT_FOREVER, cancellable, error);
  g_clear_pointer (&outgoing.envelope, gmproc_envelope_free);
  return is_sent;
}

/**
 * gmproc_connection_send_bytes:
 * @self: an end that sends
 * @message: the bytes of one message; may be empty
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_connection_send(), for a message that is no GVariant.
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send_bytes (GmprocConnection *self, GBytes *message, GCancellable *cancellable,
                              GError **error)
{
  GOutputVector body;
  Outgoing outgoing = { .kind = GMPROC_CODEC_BYTES, .body = &body, .n_vectors = 1 };

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (message != NULL, FALSE);

  body.buffer = g_bytes_get_data (message, &body.size);
  return send_message (self, &outgoing, GMPROC_PORT_FOREVER, cancellable, error);
}

static gboolean
check_range (gsize total, gsize offset, gsize size, GError **error)
{
  if (offset <= total && size <= total - offset)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "%" G_GSIZE_FORMAT " bytes from byte %" G_GSIZE_FORMAT
               " on are not in a buffer of %" G_GSIZE_FORMAT,
               size, offset, total);
  return FALSE;
}

/**
 * gmproc_connection_send_range:
 * @self: an end that sends
 * @buffer: (array length=buffer_size): memory of the caller's
 * @buffer_size: its size in bytes
 * @offset: where in it the message begins
 * @size: the size of the message in bytes; may be 0
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_connection_send_bytes(), for a part of a buffer. Nothing is copied, and the buffer is
 * the caller's own again after the call.
 *
 * Errors: as gmproc_connection_send(), and %G_IO_ERROR_INVALID_ARGUMENT for a part that is not
 * inside the buffer.
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send_range (GmprocConnection *self, const guint8 *buffer, gsize buffer_size,
                              gsize offset, gsize size, GCancellable *cancellable, GError **error)
{
  GOutputVector body = { NULL, size };
  Outgoing outgoing = { .kind = GMPROC_CODEC_BYTES, .body = &body, .n_vectors = 1 };

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (buffer != NULL || buffer_size == 0, FALSE);

  if (!check_range (buffer_size, offset, size, error))
    return FALSE;
  body.buffer = size > 0 ? buffer + offset : NULL;
  return send_message (self, &outgoing, GMPROC_PORT_FOREVER, cancellable, error);
}

static gboolean
check_total (const GOutputVector *buffers, gsize n_buffers, GError **error)
{
  gsize total = 0;

  for (gsize i = 0; i < n_buffers; i++)
    {
      if (buffers[i].size > G_MAXSSIZE - total)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "The %" G_GSIZE_FORMAT " buffers have more than %" G_GSSIZE_FORMAT " bytes",
                       n_buffers, (gssize) G_MAXSSIZE);
          return FALSE;
        }
      total += buffers[i].size;
    }
  return TRUE;
}

/**
 * gmproc_connection_send_buffers:
 * @self: an end that sends
 * @buffers: (array length=n_buffers): the pieces of one message, in order; each may be empty
 * @n_buffers: their number; 0 for an empty message
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_connection_send_bytes(), for a message whose pieces lie apart from each other. They
 * are not put together before they are sent. The receiver gets one message.
 *
 * Errors: as gmproc_connection_send(), and %G_IO_ERROR_INVALID_ARGUMENT for more bytes than there
 * can be.
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send_buffers (GmprocConnection *self, const GOutputVector *buffers,
                                gsize n_buffers, GCancellable *cancellable, GError **error)
{
  Outgoing outgoing = { .kind = GMPROC_CODEC_BYTES, .body = buffers, .n_vectors = n_buffers };

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (buffers != NULL || n_buffers == 0, FALSE);

  if (!check_total (buffers, n_buffers, error))
    return FALSE;
  return send_message (self, &outgoing, GMPROC_PORT_FOREVER, cancellable, error);
}

/* -- asynchronous ------------------------------------------------------------------------------ */

/* A message until it is sent. It keeps its place among the asynchronous sends of the connection. */
typedef struct
{
  GmprocConnection *connection; /* referenced */
  GVariant *value;              /* what the vectors are of, or NULL */
  GBytes *bytes;                /* as well */
  GOutputVector vectors[GMPROC_CODEC_N_VECTORS];
  Outgoing outgoing;
  GError *error; /* the message cannot be sent at all */
} Pending;

static Pending *
pending_new (GmprocConnection *self)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->connection = g_object_ref (self);
  g_mutex_lock (&self->closing);
  g_queue_push_tail (&self->sending, pending);
  g_mutex_unlock (&self->closing);
  return pending;
}

static void
pending_leave_queue (Pending *pending)
{
  GmprocConnection *self = pending->connection;

  g_mutex_lock (&self->closing);
  g_queue_remove (&self->sending, pending);
  g_mutex_unlock (&self->closing);
}

static void
pending_free (gpointer data)
{
  Pending *pending = data;

  pending_leave_queue (pending);
  g_clear_pointer (&pending->value, g_variant_unref);
  g_clear_pointer (&pending->bytes, g_bytes_unref);
  g_clear_pointer (&pending->outgoing.envelope, gmproc_envelope_free);
  g_clear_error (&pending->error);
  g_object_unref (pending->connection);
  g_free (pending);
}

static gboolean
is_first (Pending *pending)
{
  GmprocConnection *self = pending->connection;
  gboolean first;

  g_mutex_lock (&self->closing);
  first = g_queue_peek_head (&self->sending) == pending;
  g_mutex_unlock (&self->closing);
  return first;
}

static gboolean
attempt_first (GmprocConnection *self, Pending *pending, GCancellable *cancellable, GError **error)
{
  if (pending->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&pending->error));
      return FALSE;
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (is_first (pending))
    return send_message (self, &pending->outgoing, 0, cancellable, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                       "Another message is to be sent before");
  return FALSE;
}

/* The next one's turn comes with the result, and not when the task is freed. */
static gboolean
try_to_send (gpointer object, gpointer data, gboolean is_last, gpointer *ret_result,
             GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;

  *ret_result = GMPROC_ASYNC_DONE;
  if (attempt_first (object, data, cancellable, &local))
    {
      pending_leave_queue (data);
      return TRUE;
    }

  if (is_last || !g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    pending_leave_queue (data);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static GSource *
create_source (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_connection_create_source (object, GMPROC_CONNECTION_TO_SEND, cancellable);
}

static const GmprocAsync send_async = { .tag = gmproc_connection_send_async,
                                        .attempt = try_to_send,
                                        .create_source = create_source };

/**
 * gmproc_connection_send_async:
 * @self: an end that sends
 * @message: any value; sunk if floating
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when the message is in the pipe, or at an
 *   error
 * @user_data: for @callback
 *
 * Sends one message without blocking, also when the pipe is full. Asynchronous sends of one
 * connection keep their order. The callback runs in the main context that is the caller's thread
 * default, which does the sending: it has to run until then.
 *
 * Since: 1.0
 */
void
gmproc_connection_send_async (GmprocConnection *self, GVariant *message, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  Pending *pending;

  g_return_if_fail (GMPROC_IS_CONNECTION (self));
  g_return_if_fail (message != NULL);

  pending = pending_new (self);
  pending->value = g_variant_ref_sink (message);
  prepare_variant (self, pending->value, pending->vectors, &pending->outgoing, &pending->error);
  gmproc_async_run (&send_async, self, GMPROC_FOREVER, cancellable, callback, user_data, pending,
                    pending_free);
}

/**
 * gmproc_connection_send_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connection_send().
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send_finish (GmprocConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);

  return gmproc_async_finish (&send_async, self, result, error) != NULL;
}

static const GmprocAsync send_bytes_async = { .tag = gmproc_connection_send_bytes_async,
                                              .attempt = try_to_send,
                                              .create_source = create_source };

/**
 * gmproc_connection_send_bytes_async:
 * @self: an end that sends
 * @message: the bytes of one message; may be empty
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when the message is in the pipe, or at an
 *   error
 * @user_data: for @callback
 *
 * Like gmproc_connection_send_async(), for gmproc_connection_send_bytes().
 *
 * Since: 1.0
 */
void
gmproc_connection_send_bytes_async (GmprocConnection *self, GBytes *message,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  Pending *pending;

  g_return_if_fail (GMPROC_IS_CONNECTION (self));
  g_return_if_fail (message != NULL);

  pending = pending_new (self);
  pending->bytes = g_bytes_ref (message);
  pending->vectors[0].buffer = g_bytes_get_data (message, &pending->vectors[0].size);
  pending->outgoing =
      (Outgoing){ .kind = GMPROC_CODEC_BYTES, .body = pending->vectors, .n_vectors = 1 };
  gmproc_async_run (&send_bytes_async, self, GMPROC_FOREVER, cancellable, callback, user_data,
                    pending, pending_free);
}

/**
 * gmproc_connection_send_bytes_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connection_send_bytes().
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send_bytes_finish (GmprocConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);

  return gmproc_async_finish (&send_bytes_async, self, result, error) != NULL;
}
