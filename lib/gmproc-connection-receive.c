/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The receiving half of GmprocConnection.
 */
#include "config.h"

#include "gmproc-connection-private.h"

#include <string.h>

#include "gmproc-error.h"
#include "internal/codec.h"
#include "internal/deadline.h"

static gboolean
enter (GmprocConnection *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  return gmproc_connection_enter (self, &self->receiver, self->is_readable, "receive", deadline,
                                  cancellable, error);
}

static void
leave (GmprocConnection *self)
{
  gmproc_connection_leave (self, &self->receiver);
}

/* What came beside a message over a socket, if it is for nothing. */
static void
drop_arrivals (GmprocConnection *self)
{
  GmprocPortArrivals arrivals;

  if (!self->is_stream)
    return;
  gmproc_channel_take_arrivals (&self->link.in, &arrivals);
  gmproc_port_arrivals_clear (&arrivals);
}

static GVariant *
open_strange (GmprocConnection *self, GVariant *whole, GError **error)
{
  g_autoptr (GArray) objects = NULL;
  GmprocPortArrivals arrivals;
  GVariant *value;

  gmproc_channel_take_arrivals (&self->link.in, &arrivals);
  value = gmproc_envelope_open_strange (whole, &arrivals, &objects, error);
  if (value != NULL)
    gmproc_connection_hold (self, objects);
  return value;
}

/* The handles of a message with objects wait in the courier, which belongs to the turn. */
static GVariant *
take_value (GmprocConnection *self, GmprocCodecKind kind, gpointer body, gsize size, GError **error)
{
  g_autoptr (GVariant) whole = NULL;

  if (kind != GMPROC_CODEC_ENVELOPE)
    return gmproc_codec_take_message (kind, body, size, gmproc_body_free, error);

  whole = gmproc_codec_take_message (GMPROC_CODEC_VARIANT, body, size, gmproc_body_free, error);
  if (whole == NULL)
    return NULL;
  if (gmproc_connection_carries_objects (self))
    return gmproc_envelope_open (whole, &self->courier, error);
  if (self->carries_handles)
    return open_strange (self, whole, error);

  g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                       "A message with objects came over a connection that carries none");
  return NULL;
}

GVariant *
gmproc_connection_receive_value (GmprocConnection *self, gint64 deadline, GCancellable *cancellable,
                                 GError **error)
{
  GVariant *value = NULL;
  GmprocCodecKind kind;
  gpointer body;
  gsize size;

  if (!enter (self, deadline, cancellable, error))
    return NULL;
  if (gmproc_link_receive (&self->link, deadline, cancellable, &kind, &body, &size, error))
    {
      value = take_value (self, kind, body, size, error);
      drop_arrivals (self);
    }
  leave (self);
  return value;
}

/**
 * gmproc_connection_receive:
 * @self: an end that receives
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Receives one message. One that was sent as bytes comes as an `ay`. A timeout in the middle of a
 * message loses nothing: the next call goes on with it.
 *
 * Objects that the message names are held until they are asked for the first time, for instance
 * with gmproc_connection_from_handle(); so ask for each of them. Descriptors that came over a
 * socket are held no longer than the connection, and of those that nobody asked for the last 250.
 *
 * Errors: %G_IO_ERROR_CLOSED when this end is closed, or nobody is left to send and all was
 * received; %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED; %G_IO_ERROR_NOT_SUPPORTED for an end that
 * only sends; %GMPROC_ERROR_BAD_MESSAGE for data that is no message, or a message without the
 * handles that it names; %G_IO_ERROR_TOO_MANY_OPEN_FILES when there was no room for them;
 * %G_IO_ERROR_MESSAGE_TOO_LARGE over a socket, for a message beyond the limit.
 *
 * Returns: (transfer full) (nullable): the message, in normal form, or %NULL with @error set
 * Since: 1.0
 */
GVariant *
gmproc_connection_receive (GmprocConnection *self, gint64 timeout, GCancellable *cancellable,
                           GError **error)
{
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), NULL);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error))
    return NULL;
  return gmproc_connection_receive_value (self, deadline, cancellable, error);
}

/* Looks at the next message without taking it. */
static gboolean
check_next (GmprocConnection *self, gint64 deadline, GCancellable *cancellable, gsize *ret_size,
            GError **error)
{
  GmprocCodecKind kind;

  if (!gmproc_link_receive_head (&self->link, deadline, cancellable, &kind, ret_size, error))
    return FALSE;
  if (kind != GMPROC_CODEC_ENVELOPE)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "The next message brings objects, which bytes cannot; "
                       "gmproc_connection_receive() takes it");
  return FALSE;
}

GBytes *
gmproc_connection_receive_any (GmprocConnection *self, gint64 deadline, GCancellable *cancellable,
                               GError **error)
{
  GBytes *bytes = NULL;
  GmprocCodecKind kind;
  gpointer body;
  gsize size;

  if (!enter (self, deadline, cancellable, error))
    return NULL;
  if (check_next (self, deadline, cancellable, &size, error)
      && gmproc_link_receive (&self->link, deadline, cancellable, &kind, &body, &size, error))
    {
      bytes = g_bytes_new_with_free_func (body, size, gmproc_body_free, body);
      drop_arrivals (self);
    }
  leave (self);
  return bytes;
}

/**
 * gmproc_connection_receive_bytes:
 * @self: an end that receives
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_connection_receive(), for any message without objects. Of one that was sent as a
 * GVariant these are the serialized bytes. One with objects gives %G_IO_ERROR_NOT_SUPPORTED and
 * stays.
 *
 * Returns: (transfer full) (nullable): the message, or %NULL with @error set
 * Since: 1.0
 */
GBytes *
gmproc_connection_receive_bytes (GmprocConnection *self, gint64 timeout, GCancellable *cancellable,
                                 GError **error)
{
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), NULL);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error))
    return NULL;
  return gmproc_connection_receive_any (self, deadline, cancellable, error);
}

static gboolean
check_room (gsize size, gsize room, GError **error)
{
  if (size <= room)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
               "Buffer too short: the message has %" G_GSIZE_FORMAT
               " bytes, and there is room for %" G_GSIZE_FORMAT,
               size, room);
  return FALSE;
}

static gboolean
receive_into (GmprocConnection *self, guint8 *buffer, gsize room, gsize *ret_size, gint64 deadline,
              GCancellable *cancellable, GError **error)
{
  if (!check_next (self, deadline, cancellable, ret_size, error)
      || !check_room (*ret_size, room, error)
      || !gmproc_link_receive_into (&self->link, buffer, deadline, cancellable, error))
    return FALSE;
  drop_arrivals (self);
  return TRUE;
}

static gboolean
receive_copy (GmprocConnection *self, guint8 *buffer, gsize room, gsize *ret_size,
              GCancellable *cancellable, GError **error)
{
  GmprocCodecKind kind;
  gpointer body;

  if (!check_next (self, 0, cancellable, ret_size, error) || !check_room (*ret_size, room, error)
      || !gmproc_link_receive (&self->link, 0, cancellable, &kind, &body, ret_size, error))
    return FALSE;
  if (*ret_size > 0)
    memcpy (buffer, body, *ret_size);
  gmproc_body_free (body);
  drop_arrivals (self);
  return TRUE;
}

gboolean
gmproc_connection_receive_copy (GmprocConnection *self, guint8 *buffer, gsize room, gsize *ret_size,
                                GCancellable *cancellable, GError **error)
{
  gboolean received;

  if (!enter (self, 0, cancellable, error))
    return FALSE;
  received = receive_copy (self, buffer, room, ret_size, cancellable, error);
  leave (self);
  return received;
}

gboolean
gmproc_connection_check_offset (gsize total, gsize offset, GError **error)
{
  if (offset <= total)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "Byte %" G_GSIZE_FORMAT " is not in a buffer of %" G_GSIZE_FORMAT, offset, total);
  return FALSE;
}

/**
 * gmproc_connection_receive_into:
 * @self: an end that receives
 * @buffer: (array length=buffer_size): memory of the caller's
 * @buffer_size: its size in bytes
 * @offset: where in it the message is to begin
 * @ret_size: (out): the size of the message, also when the buffer is too short for it
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_connection_receive_bytes(), into the caller's buffer. After an error the buffer's
 * contents behind @offset are not defined.
 *
 * Errors: as gmproc_connection_receive_bytes(); %G_IO_ERROR_MESSAGE_TOO_LARGE when the buffer is
 * too short: the message stays, and can be received in any way; %G_IO_ERROR_INVALID_ARGUMENT for an
 * offset beyond the buffer.
 *
 * Returns: whether a message was received
 * Since: 1.0
 */
gboolean
gmproc_connection_receive_into (GmprocConnection *self, guint8 *buffer, gsize buffer_size,
                                gsize offset, gsize *ret_size, gint64 timeout,
                                GCancellable *cancellable, GError **error)
{
  gint64 deadline;
  gboolean received;

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (buffer != NULL || buffer_size == 0, FALSE);
  g_return_val_if_fail (ret_size != NULL, FALSE);

  *ret_size = 0;
  if (!gmproc_connection_check_offset (buffer_size, offset, error)
      || !gmproc_deadline_from_timeout (timeout, &deadline, error)
      || !enter (self, deadline, cancellable, error))
    return FALSE;
  received = receive_into (self, buffer_size > 0 ? buffer + offset : NULL, buffer_size - offset,
                           ret_size, deadline, cancellable, error);
  leave (self);
  return received;
}

/**
 * gmproc_connection_poll:
 * @self: an end that receives
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits until a receive would find something: a message, its beginning, or the end of the stream.
 * Takes nothing from the pipe.
 *
 * Errors: as gmproc_connection_receive().
 *
 * Returns: whether there is something
 * Since: 1.0
 */
gboolean
gmproc_connection_poll (GmprocConnection *self, gint64 timeout, GCancellable *cancellable,
                        GError **error)
{
  gint64 deadline;
  gboolean ready;

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || !enter (self, deadline, cancellable, error))
    return FALSE;
  ready = gmproc_link_poll (&self->link, deadline, cancellable, error);
  leave (self);
  return ready;
}
