/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocConnection: one end of a pipe between processes, for whole messages. A duplex one is made
 * of two pipes.
 *
 * Who owns what: the object owns its end of the channel. An end that went to a child is held twice;
 * the other side sees the end of the stream when the last holder has closed it, so a parent that
 * does not use an end any more closes it or drops the object.
 *
 * Threads: one thread sends while another receives; more of either kind take turns. Between
 * processes that hold the same end there are no turns: let one of them receive and one send. Two
 * that receive may tear a message apart; so may two that send, when it is longer than what the
 * system writes in one piece (4 KiB as a rule).
 *
 * Deaths: a process that dies closes its end. The other side gets the messages that were sent
 * whole, and then G_IO_ERROR_CLOSED, which says so if a message broke off in the middle.
 *
 * Closing while another thread is inside a call: the object is closed at once for new calls, and
 * the channel when the call is over; whoever leaves last closes it (finish_close).
 */
#include "config.h"

#include "gmproc-connection.h"

#include "gmproc-error.h"
#include "internal/codec.h"
#include "internal/deadline.h"
#include "internal/link.h"
#include "internal/shareable.h"
#include "internal/turn.h"

struct _GmprocConnection
{
  GObject parent_instance;

  gboolean is_readable;
  gboolean is_writable;
  GmprocLink
      link; /* its receiving half belongs to the receiver's turn, the other to the sender's */
  GmprocTurn receiver;
  GmprocTurn sender;
  gboolean is_closed; /* atomic */
  GMutex closing;     /* while the channels are closed, or duplicated */
};

static void gmproc_connection_shareable_init (GmprocShareableInterface *iface);

G_DEFINE_TYPE_WITH_CODE (GmprocConnection, gmproc_connection, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE,
                                                gmproc_connection_shareable_init))

static void
gmproc_connection_finalize (GObject *object)
{
  GmprocConnection *self = GMPROC_CONNECTION (object);

  gmproc_link_clear (&self->link);
  gmproc_turn_clear (&self->receiver);
  gmproc_turn_clear (&self->sender);
  g_mutex_clear (&self->closing);

  G_OBJECT_CLASS (gmproc_connection_parent_class)->finalize (object);
}

static void
gmproc_connection_class_init (GmprocConnectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_connection_finalize;
}

static void
gmproc_connection_init (GmprocConnection *self)
{
  self->link = (GmprocLink) GMPROC_LINK_INIT;
  gmproc_turn_init (&self->receiver);
  gmproc_turn_init (&self->sender);
  g_mutex_init (&self->closing);
}

/* Takes both handles over, also when it fails. */
static GmprocConnection *
connection_new (gintptr in, gintptr out, GError **error)
{
  g_autoptr (GmprocConnection) self = g_object_new (GMPROC_TYPE_CONNECTION, NULL);

  self->is_readable = in != GMPROC_PORT_NO_HANDLE;
  self->is_writable = out != GMPROC_PORT_NO_HANDLE;
  if (!gmproc_link_init (&self->link, in, out, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* -- crossing -------------------------------------------------------------------------------- */

static gboolean
set_closed_error (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                       "This end of the connection is closed");
  return FALSE;
}

/* Duplicates, taken while nobody can close the channels: until they are on their way another thread
 * may close this end, and the numbers may become somebody else's. */
static gboolean
duplicate_handles (GmprocConnection *self, gintptr *ret_in, gintptr *ret_out, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->closing);

  *ret_in = *ret_out = GMPROC_PORT_NO_HANDLE;
  if (gmproc_connection_is_closed (self))
    return set_closed_error (error);
  if (self->is_readable && !gmproc_port_handle_duplicate (self->link.in.handle, ret_in, error))
    return FALSE;
  if (!self->is_writable || gmproc_port_handle_duplicate (self->link.out.handle, ret_out, error))
    return TRUE;

  gmproc_port_handle_close (ret_in);
  return FALSE;
}

static GVariant *
gmproc_connection_export_to (GmprocShareable *shareable, GmprocParcel *parcel, GError **error)
{
  gintptr in, out;

  if (!duplicate_handles (GMPROC_CONNECTION (shareable), &in, &out, error))
    return NULL;
  return g_variant_new ("(ii)", gmproc_parcel_give (parcel, in), gmproc_parcel_give (parcel, out));
}

static GmprocShareable *
gmproc_connection_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  gint32 in_index, out_index;
  gintptr in, out;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ii)")))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A connection came as “%s” instead of “(ii)”",
                   g_variant_get_type_string (parameters));
      return NULL;
    }

  g_variant_get (parameters, "(ii)", &in_index, &out_index);
  if (!gmproc_parcel_take (parcel, in_index, &in, error))
    return NULL;
  if (!gmproc_parcel_take (parcel, out_index, &out, error))
    {
      gmproc_port_handle_close (&in);
      return NULL;
    }
  return (GmprocShareable *) connection_new (in, out, error);
}

static void
gmproc_connection_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_connection_export_to;
  iface->import_from = gmproc_connection_import_from;
}

/* -- turns and closing ----------------------------------------------------------------------- */

/* Closes the channel, unless somebody is inside; then that one comes here when leaving. Of two that
 * leave at once, the mutex lets the second one in only when the first has given both turns back:
 * otherwise each could find a turn taken, by the other who only tries, and nobody would close. */
static void
finish_close (GmprocConnection *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->closing);

  if (!gmproc_turn_try (&self->receiver))
    return;
  if (gmproc_turn_try (&self->sender))
    {
      gmproc_link_clear (&self->link);
      gmproc_turn_give (&self->sender);
    }
  gmproc_turn_give (&self->receiver);
}

static void
leave (GmprocConnection *self, GmprocTurn *turn)
{
  gmproc_turn_give (turn);
  if (gmproc_connection_is_closed (self))
    finish_close (self);
}

static gboolean
enter (GmprocConnection *self, GmprocTurn *turn, gboolean is_allowed, const char *what,
       gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (!is_allowed)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "This end of the connection does not %s", what);
      return FALSE;
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error)
      || !gmproc_turn_take (turn, deadline, cancellable, error))
    return FALSE;
  if (!gmproc_connection_is_closed (self))
    return TRUE;

  /* Whoever closed it may have found this turn taken. */
  leave (self, turn);
  return set_closed_error (error);
}

static gboolean
send_message (GmprocConnection *self, GmprocCodecKind kind, const GOutputVector *body,
              gsize n_vectors, GCancellable *cancellable, GError **error)
{
  gboolean sent;

  if (!enter (self, &self->sender, self->is_writable, "send", GMPROC_PORT_FOREVER, cancellable,
              error))
    return FALSE;
  sent = gmproc_link_send (&self->link, kind, body, n_vectors, cancellable, error);
  leave (self, &self->sender);
  return sent;
}

static gboolean
receive_message (GmprocConnection *self, gint64 timeout, GCancellable *cancellable,
                 GmprocCodecKind *ret_kind, gpointer *ret_body, gsize *ret_size, GError **error)
{
  gint64 deadline;
  gboolean received;

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || !enter (self, &self->receiver, self->is_readable, "receive", deadline, cancellable, error))
    return FALSE;
  received =
      gmproc_link_receive (&self->link, deadline, cancellable, ret_kind, ret_body, ret_size, error);
  leave (self, &self->receiver);
  return received;
}

/* -- public ---------------------------------------------------------------------------------- */

/**
 * gmproc_pipe_new:
 * @duplex: whether both ends send and receive; otherwise @first receives and @second sends
 * @first: (out) (transfer full): one end
 * @second: (out) (transfer full): the other end
 * @error: return location
 *
 * Makes a pipe for messages between processes, like `multiprocessing.Pipe`.
 *
 * Errors: what the system says, for instance %G_IO_ERROR_TOO_MANY_OPEN_FILES.
 *
 * Returns: whether the pipe was made
 * Since: 1.0
 */
gboolean
gmproc_pipe_new (gboolean duplex, GmprocConnection **first, GmprocConnection **second,
                 GError **error)
{
  g_autoptr (GmprocConnection) one = NULL;
  g_autoptr (GmprocConnection) other = NULL;
  gintptr to_first[2];
  gintptr to_second[2] = { GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE };

  g_return_val_if_fail (first != NULL && second != NULL, FALSE);

  if (!gmproc_port_channel_new_pipe (&to_first[0], &to_first[1], error))
    return FALSE;
  if (duplex && !gmproc_port_channel_new_pipe (&to_second[0], &to_second[1], error))
    {
      gmproc_port_handle_close (&to_first[0]);
      gmproc_port_handle_close (&to_first[1]);
      return FALSE;
    }

  one = connection_new (to_first[0], to_second[1], error);
  /* Only the first error is told. */
  other = connection_new (to_second[0], to_first[1], one != NULL ? error : NULL);
  if (one == NULL || other == NULL)
    return FALSE;

  *first = g_steal_pointer (&one);
  *second = g_steal_pointer (&other);
  return TRUE;
}

/**
 * gmproc_connection_send:
 * @self: an end that sends
 * @message: any value without handles; sunk if floating
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Sends one message, and waits while the pipe is full. After a cancel in the middle of a message
 * that does not fit the pipe, the next send first sends the rest of it.
 *
 * Errors: %G_IO_ERROR_CLOSED when this end is closed or nobody is left to receive (no signal is
 * raised); %G_IO_ERROR_CANCELLED; %G_IO_ERROR_NOT_SUPPORTED for an end that only receives, or for a
 * message with handles; %GMPROC_ERROR_BAD_TYPE for a message that is not in normal form.
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send (GmprocConnection *self, GVariant *message, GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  GOutputVector body[GMPROC_CODEC_N_VECTORS];

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (message != NULL, FALSE);

  sunk = g_variant_ref_sink (message);
  if (!gmproc_codec_check_message (sunk, error))
    return FALSE;
  gmproc_codec_get_vectors (sunk, body);
  return send_message (self, GMPROC_CODEC_VARIANT, body, G_N_ELEMENTS (body), cancellable, error);
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

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (message != NULL, FALSE);

  body.buffer = g_bytes_get_data (message, &body.size);
  return send_message (self, GMPROC_CODEC_BYTES, &body, 1, cancellable, error);
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
 * Errors: %G_IO_ERROR_CLOSED when this end is closed, or nobody is left to send and all was
 * received; %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED; %G_IO_ERROR_NOT_SUPPORTED for an end that
 * only sends; %GMPROC_ERROR_BAD_MESSAGE for data that is no message.
 *
 * Returns: (transfer full) (nullable): the message, in normal form, or %NULL with @error set
 * Since: 1.0
 */
GVariant *
gmproc_connection_receive (GmprocConnection *self, gint64 timeout, GCancellable *cancellable,
                           GError **error)
{
  GmprocCodecKind kind;
  gpointer body;
  gsize size;

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), NULL);

  if (!receive_message (self, timeout, cancellable, &kind, &body, &size, error))
    return NULL;
  return gmproc_codec_take_message (kind, body, size, error);
}

/**
 * gmproc_connection_receive_bytes:
 * @self: an end that receives
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_connection_receive(), for any message. Of one that was sent as a GVariant these are
 * the serialized bytes.
 *
 * Returns: (transfer full) (nullable): the message, or %NULL with @error set
 * Since: 1.0
 */
GBytes *
gmproc_connection_receive_bytes (GmprocConnection *self, gint64 timeout, GCancellable *cancellable,
                                 GError **error)
{
  GmprocCodecKind kind;
  gpointer body;
  gsize size;

  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), NULL);

  if (!receive_message (self, timeout, cancellable, &kind, &body, &size, error))
    return NULL;
  return g_bytes_new_take (body, size);
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
      || !enter (self, &self->receiver, self->is_readable, "receive", deadline, cancellable, error))
    return FALSE;
  ready = gmproc_port_channel_poll (&self->link.in, deadline, cancellable, error);
  leave (self, &self->receiver);
  return ready;
}

/**
 * gmproc_connection_is_readable:
 * @self: a connection
 *
 * Returns: whether this end receives
 * Since: 1.0
 */
gboolean
gmproc_connection_is_readable (GmprocConnection *self)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);

  return self->is_readable;
}

/**
 * gmproc_connection_is_writable:
 * @self: a connection
 *
 * Returns: whether this end sends
 * Since: 1.0
 */
gboolean
gmproc_connection_is_writable (GmprocConnection *self)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);

  return self->is_writable;
}

/**
 * gmproc_connection_close:
 * @self: a connection
 *
 * Closes this process's hold on the end. Later calls give %G_IO_ERROR_CLOSED; a call that another
 * thread is in goes on. Closing twice does nothing. The last reference closes too.
 *
 * Since: 1.0
 */
void
gmproc_connection_close (GmprocConnection *self)
{
  g_return_if_fail (GMPROC_IS_CONNECTION (self));

  g_atomic_int_set (&self->is_closed, TRUE);
  finish_close (self);
}

/**
 * gmproc_connection_is_closed:
 * @self: a connection
 *
 * Returns: whether gmproc_connection_close() was called here
 * Since: 1.0
 */
gboolean
gmproc_connection_is_closed (GmprocConnection *self)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), TRUE);

  return g_atomic_int_get (&self->is_closed);
}

/**
 * gmproc_connection_get_handle:
 * @self: a connection
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_connection_get_handle (GmprocConnection *self)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_connection_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the connection
 * Since: 1.0
 */
GmprocConnection *
gmproc_connection_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_CONNECTION, error);
}
