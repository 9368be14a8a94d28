/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocConnection: one end of a pipe or a socket between processes, for whole messages. A duplex
 * pipe is made of two pipes, and of a courier for the handles of objects that a message names.
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
 * whole, and then G_IO_ERROR_CLOSED, which says so if a message broke off in the middle. Handles
 * leave before the message that names them; of a sender that is killed in between, they are closed
 * when the next message with objects comes, or the connection ends.
 *
 * Closing while another thread is inside a call: the object is closed at once for new calls, and
 * the channel when the call is over; whoever leaves last closes it (finish_close).
 */
#include "config.h"

#include "gmproc-connection-private.h"

#include "gmproc-error.h"
#include "gmproc-waitable.h"
#include "internal/shareable.h"

/* The handles that an end is made of. */
typedef struct
{
  gintptr in;
  gintptr out;
  gintptr courier;
} Ends;

#define NO_ENDS                                                         \
  {                                                                     \
    GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE \
  }

static void gmproc_connection_shareable_init (GmprocShareableInterface *iface);

/**
 * GmprocConnection:
 *
 * One end of a pipe between processes, or of a connection between programs. Messages are variants
 * or bytes, and arrive whole or not at all. In Python it is
 * `multiprocessing.connection.Connection`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocConnection, gmproc_connection, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE,
                                                gmproc_connection_shareable_init)
                             G_IMPLEMENT_INTERFACE (GMPROC_TYPE_WAITABLE,
                                                    gmproc_connection_waitable_init))

/* The first N objects that a stranger sent: who has asked for one has it still. */
static void
abandon (GmprocConnection *self, guint n)
{
  for (guint i = 0; i < n; i++)
    gmproc_shareable_abandon (g_array_index (self->held, gint32, i));
  g_array_remove_range (self->held, 0, n);
}

static void
gmproc_connection_finalize (GObject *object)
{
  GmprocConnection *self = GMPROC_CONNECTION (object);

  abandon (self, self->held->len);
  g_array_unref (self->held);
  gmproc_link_clear (&self->link);
  gmproc_port_courier_detach (&self->courier);
  gmproc_turn_clear (&self->receiver);
  gmproc_turn_clear (&self->sender);
  gmproc_async_line_clear (&self->receiving);
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
  self->courier = (GmprocPortCourier) GMPROC_PORT_COURIER_INIT;
  gmproc_turn_init (&self->receiver);
  gmproc_turn_init (&self->sender);
  gmproc_async_line_init (&self->receiving);
  g_mutex_init (&self->closing);
  g_queue_init (&self->sources);
  g_queue_init (&self->sending);
  self->held = g_array_new (FALSE, FALSE, sizeof (gint32));
}

/* Takes the handles over, also when it fails. */
static GmprocConnection *
connection_new (const Ends *ends, GError **error)
{
  g_autoptr (GmprocConnection) self = g_object_new (GMPROC_TYPE_CONNECTION, NULL);
  gintptr courier = ends->courier;

  self->is_readable = ends->in != GMPROC_PORT_NO_HANDLE;
  self->is_writable = ends->out != GMPROC_PORT_NO_HANDLE;
  self->carries_handles = gmproc_connection_carries_objects (self);
  if (gmproc_link_init (&self->link, ends->in, ends->out, error)
      && (!gmproc_connection_carries_objects (self)
          || gmproc_port_courier_attach (&self->courier, courier, error)))
    return g_steal_pointer (&self);

  gmproc_port_handle_close (&courier);
  return NULL;
}

GmprocConnection *
gmproc_connection_new_for_stream (GIOStream *stream, guint64 max_size)
{
  GmprocConnection *self = g_object_new (GMPROC_TYPE_CONNECTION, NULL);

  self->is_readable = self->is_writable = self->is_stream = TRUE;
  gmproc_link_init_stream (&self->link, stream);
  self->carries_handles = gmproc_channel_carries_handles (&self->link.in);
  self->link.max_size = MIN (max_size, (guint64) G_MAXSSIZE);
  return self;
}

gboolean
gmproc_connection_carries_objects (GmprocConnection *self)
{
  return self->is_readable && self->is_writable && !self->is_stream;
}

void
gmproc_connection_hold (GmprocConnection *self, GArray *objects)
{
  g_array_append_vals (self->held, objects->data, objects->len);
  if (self->held->len > GMPROC_PORT_COURIER_MAX)
    abandon (self, self->held->len - GMPROC_PORT_COURIER_MAX);
}

/* -- crossing -------------------------------------------------------------------------------- */

static gboolean
set_closed_error (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                       "This end of the connection is closed");
  return FALSE;
}

static void
ends_close (Ends *ends)
{
  gmproc_port_handle_close (&ends->in);
  gmproc_port_handle_close (&ends->out);
  gmproc_port_handle_close (&ends->courier);
}

static gboolean
duplicate (gintptr handle, gintptr *ret_copy, GError **error)
{
  return handle == GMPROC_PORT_NO_HANDLE || gmproc_port_handle_duplicate (handle, ret_copy, error);
}

/* Duplicates, taken while nobody can close the channels: until they are on their way another thread
 * may close this end, and the numbers may become somebody else's. */
static gboolean
duplicate_ends (GmprocConnection *self, Ends *ret_ends, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->closing);

  *ret_ends = (Ends) NO_ENDS;
  if (gmproc_connection_is_closed (self))
    return set_closed_error (error);
  if (duplicate (self->link.in.port.handle, &ret_ends->in, error)
      && duplicate (self->link.out.port.handle, &ret_ends->out, error)
      && duplicate (self->courier.handle, &ret_ends->courier, error))
    return TRUE;

  ends_close (ret_ends);
  return FALSE;
}

static GVariant *
gmproc_connection_export_to (GmprocShareable *shareable, GmprocParcel *parcel, GError **error)
{
  GmprocConnection *self = GMPROC_CONNECTION (shareable);
  Ends ends;

  if (self->is_stream)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "A connection over a socket cannot go to another process");
      return NULL;
    }
  if (!duplicate_ends (self, &ends, error))
    return NULL;
  return g_variant_new ("(iii)", gmproc_parcel_give (parcel, ends.in),
                        gmproc_parcel_give (parcel, ends.out),
                        gmproc_parcel_give (parcel, ends.courier));
}

static GmprocShareable *
gmproc_connection_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  gint32 in_index, out_index, courier_index;
  Ends ends = NO_ENDS;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(iii)")))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A connection came as “%s” instead of “(iii)”",
                   g_variant_get_type_string (parameters));
      return NULL;
    }

  g_variant_get (parameters, "(iii)", &in_index, &out_index, &courier_index);
  if (gmproc_parcel_take (parcel, in_index, &ends.in, error)
      && gmproc_parcel_take (parcel, out_index, &ends.out, error)
      && gmproc_parcel_take (parcel, courier_index, &ends.courier, error))
    return (GmprocShareable *) connection_new (&ends, error);

  ends_close (&ends);
  return NULL;
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
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = NULL;

  gmproc_connection_wake_sources (self);
  locker = g_mutex_locker_new (&self->closing);
  if (!gmproc_turn_try (&self->receiver))
    return;
  if (gmproc_turn_try (&self->sender))
    {
      gmproc_link_clear (&self->link);
      gmproc_port_courier_detach (&self->courier);
      gmproc_turn_give (&self->sender);
    }
  gmproc_turn_give (&self->receiver);
}

/* A message may stay in the link, because it was too long for a buffer or of another kind. No event
 * of the channel tells the sources of it. */
void
gmproc_connection_leave (GmprocConnection *self, GmprocTurn *turn)
{
  gboolean leaves_message = turn == &self->receiver && gmproc_link_has_message (&self->link);

  gmproc_turn_give (turn);
  if (G_UNLIKELY (leaves_message))
    gmproc_connection_wake_sources (self);
  if (turn == &self->sender && G_UNLIKELY (g_atomic_int_get (&self->misses_turn))
      && g_atomic_int_compare_and_exchange (&self->misses_turn, TRUE, FALSE))
    gmproc_connection_wake_first_sender (self);
  if (gmproc_connection_is_closed (self))
    finish_close (self);
}

gboolean
gmproc_connection_enter (GmprocConnection *self, GmprocTurn *turn, gboolean is_allowed,
                         const char *what, gint64 deadline, GCancellable *cancellable,
                         GError **error)
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
  gmproc_connection_leave (self, turn);
  return set_closed_error (error);
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
  Ends ends[2] = { NO_ENDS, NO_ENDS };

  g_return_val_if_fail (first != NULL && second != NULL, FALSE);

  if (!gmproc_port_channel_new_pipe (&ends[0].in, &ends[1].out, error)
      || (duplex
          && (!gmproc_port_channel_new_pipe (&ends[1].in, &ends[0].out, error)
              || !gmproc_port_courier_new_pair (&ends[0].courier, &ends[1].courier, error))))
    {
      ends_close (&ends[0]);
      ends_close (&ends[1]);
      return FALSE;
    }

  one = connection_new (&ends[0], error);
  /* Only the first error is told. */
  other = connection_new (&ends[1], one != NULL ? error : NULL);
  if (one == NULL || other == NULL)
    return FALSE;

  *first = g_steal_pointer (&one);
  *second = g_steal_pointer (&other);
  return TRUE;
}

/**
 * gmproc_connection_is_readable:
 * @self: a connection
 *
 * Whether messages can be received.
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
 * Whether messages can be sent.
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
 * Whether this end was closed in this process.
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
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
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
