/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The sending half of GmprocConnection.
 */
#include "config.h"

#include "gmproc-connection-private.h"

#include "internal/codec.h"

/* Handles leave before the message that names them, or with its first byte. */
static GVariant *
send_handles (GmprocConnection *self, GmprocEnvelope *envelope, gint64 deadline,
              GCancellable *cancellable, GError **error)
{
  GmprocChannel *out = &self->link.out;

  return self->is_stream
             ? gmproc_envelope_attach (envelope, &out->attached, &out->n_attached)
             : gmproc_envelope_dispatch (envelope, &self->courier, deadline, cancellable, error);
}

static gboolean
send_envelope (GmprocConnection *self, GmprocOutgoing *outgoing, gint64 deadline,
               GCancellable *cancellable, GError **error)
{
  GOutputVector vectors[GMPROC_CODEC_N_VECTORS];
  g_autoptr (GVariant) body = NULL;
  gboolean is_sent;

  outgoing->obstacle = GMPROC_OBSTACLE_COURIER;
  body = send_handles (self, outgoing->envelope, deadline, cancellable, error);
  if (body == NULL)
    return FALSE;
  outgoing->obstacle = GMPROC_OBSTACLE_CHANNEL;
  gmproc_codec_get_vectors (body, vectors);
  is_sent = gmproc_link_send (&self->link, GMPROC_CODEC_ENVELOPE, vectors, G_N_ELEMENTS (vectors),
                              deadline, cancellable, error);
  self->link.out.n_attached = 0;
  return is_sent;
}

/* In the sender's turn. After a failure it may be called again, and goes on. */
static gboolean
send_outgoing (GmprocConnection *self, GmprocOutgoing *outgoing, gint64 deadline,
               GCancellable *cancellable, GError **error)
{
  gboolean is_sent;

  outgoing->obstacle = GMPROC_OBSTACLE_CHANNEL;
  if (!gmproc_link_flush (&self->link, deadline, cancellable, error))
    return FALSE;
  if (outgoing->has_begun)
    return TRUE;

  if (outgoing->envelope != NULL)
    is_sent = send_envelope (self, outgoing, deadline, cancellable, error);
  else
    is_sent = gmproc_link_send (&self->link, outgoing->kind, outgoing->body, outgoing->n_vectors,
                                deadline, cancellable, error);
  outgoing->has_begun = self->link.rest != NULL;
  return is_sent;
}

static gboolean
enter_to_send (GmprocConnection *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  return gmproc_connection_enter (self, &self->sender, self->is_writable, "send", deadline,
                                  cancellable, error);
}

/* Who does not wait for the turn, and finds it taken, is to hear when it is free. It notes that and
 * tries again: the other one may have given it back before it could see the note. */
static gboolean
enter_or_note (GmprocConnection *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (enter_to_send (self, 0, cancellable, &local))
    return TRUE;
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_atomic_int_set (&self->misses_turn, TRUE);
      return enter_to_send (self, 0, cancellable, error);
    }
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
gmproc_connection_send_message (GmprocConnection *self, GmprocOutgoing *outgoing, gint64 deadline,
                                GCancellable *cancellable, GError **error)
{
  gboolean is_sent;

  outgoing->obstacle = GMPROC_OBSTACLE_NONE;
  if (deadline == 0 ? !enter_or_note (self, cancellable, error)
                    : !enter_to_send (self, deadline, cancellable, error))
    return FALSE;
  is_sent = send_outgoing (self, outgoing, deadline, cancellable, error);
  gmproc_connection_leave (self, &self->sender);
  return is_sent;
}

static gboolean
set_socket_error (GError **error)
{
  g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
      "The message names an object, and none goes over this socket: over TCP there "
      "is no way for it, over a Unix socket descriptors can go where the system "
      "takes them");
  return FALSE;
}

/* A message without objects goes as it is; one with some needs an envelope. */
gboolean
gmproc_connection_prepare (GmprocConnection *self, GVariant *message, GOutputVector *vectors,
                           GmprocOutgoing *ret_outgoing, GError **error)
{
  *ret_outgoing = (GmprocOutgoing){ .kind = GMPROC_CODEC_VARIANT,
                                    .body = vectors,
                                    .n_vectors = GMPROC_CODEC_N_VECTORS };
  if (gmproc_codec_get_number_vectors (message, vectors))
    return TRUE;
  if (G_UNLIKELY (gmproc_codec_may_hold_handles (message)) && gmproc_codec_has_handles (message))
    {
      if (self->is_stream && !self->carries_handles)
        return set_socket_error (error);
      if (self->carries_handles)
        {
          ret_outgoing->envelope = gmproc_envelope_new (message, self->is_stream, error);
          return ret_outgoing->envelope != NULL;
        }
    }

  if (!gmproc_codec_check_message (message, error))
    return FALSE;
  gmproc_codec_get_vectors (message, vectors);
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
 * not matter. Over a Unix socket, between programs that are no relatives, descriptors go that way
 * and no other objects; over TCP nothing does.
 *
 * Errors: %G_IO_ERROR_CLOSED when this end is closed or nobody is left to receive (no signal is
 * raised); %G_IO_ERROR_CANCELLED; %G_IO_ERROR_NOT_SUPPORTED for an end that only receives, or for a
 * message with handles that cannot go this way; %GMPROC_ERROR_BAD_HANDLE for a handle of no
 * object here; %G_IO_ERROR_INVALID_ARGUMENT for objects with more than 250 system handles;
 * %G_IO_ERROR_TOO_MANY_OPEN_FILES when the system lets no more descriptors be on their way to a
 * receiver that does not take them;
 * %GMPROC_ERROR_BAD_TYPE for a message that is not in normal form, or nested more than 120 levels
 * deep.
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
  GmprocOutgoing outgoing;
  gboolean is_sent;

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (message != NULL, FALSE);

  sunk = g_variant_ref_sink (message);
  if (!gmproc_connection_prepare (self, sunk, vectors, &outgoing, error))
    return FALSE;
  is_sent =
      gmproc_connection_send_message (self, &outgoing, GMPROC_PORT_FOREVER, cancellable, error);
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
  GmprocOutgoing outgoing = { .kind = GMPROC_CODEC_BYTES, .body = &body, .n_vectors = 1 };

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (message != NULL, FALSE);

  body.buffer = g_bytes_get_data (message, &body.size);
  return gmproc_connection_send_message (self, &outgoing, GMPROC_PORT_FOREVER, cancellable, error);
}

gboolean
gmproc_connection_check_range (gsize total, gsize offset, gsize size, GError **error)
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
  GmprocOutgoing outgoing = { .kind = GMPROC_CODEC_BYTES, .body = &body, .n_vectors = 1 };

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (buffer != NULL || buffer_size == 0, FALSE);

  if (!gmproc_connection_check_range (buffer_size, offset, size, error))
    return FALSE;
  body.buffer = size > 0 ? buffer + offset : NULL;
  return gmproc_connection_send_message (self, &outgoing, GMPROC_PORT_FOREVER, cancellable, error);
}

gboolean
gmproc_connection_check_total (const GOutputVector *buffers, gsize n_buffers, GError **error)
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
  GmprocOutgoing outgoing = { .kind = GMPROC_CODEC_BYTES, .body = buffers, .n_vectors = n_buffers };

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (buffers != NULL || n_buffers == 0, FALSE);

  if (!gmproc_connection_check_total (buffers, n_buffers, error))
    return FALSE;
  return gmproc_connection_send_message (self, &outgoing, GMPROC_PORT_FOREVER, cancellable, error);
}
