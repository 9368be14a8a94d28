/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The stream below a link: a socket's, or a GTlsConnection on top of it.
 *
 * Such a stream is asked without waiting, and waited for with the source that it gives, in a main
 * context that nobody else has. So a deadline and a cancel bound every wait, whichever thread the
 * call is made in, no main loop has to run, and TLS, which may have to write before it can read, is
 * no case of its own.
 *
 * GIO has SIGPIPE ignored in the whole process as soon as it makes a socket.
 */
#include "config.h"

#include "channel.h"

#include <gio/gnetworking.h>

#define GOODBYE_TIME (1)               /* seconds */
#define MOST_UNREAD (16 * 1024 * 1024) /* more than a socket keeps */

static gboolean
note (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

/* The callback of a pollable source has an argument in front. */
static gboolean
note_ready (G_GNUC_UNUSED GObject *stream, gpointer user_data)
{
  return note (user_data);
}

static GSource *
add_source (GMainContext *context, GSource *source, GSourceFunc callback, gboolean *flag)
{
  g_source_set_callback (source, callback, flag, NULL);
  g_source_attach (source, context);
  return source;
}

static void
drop_source (GSource *source)
{
  if (source == NULL)
    return;
  g_source_destroy (source);
  g_source_unref (source);
}

static gboolean
timer_dispatch (G_GNUC_UNUSED GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs timer_functions = { .dispatch = timer_dispatch };

static GSource *
timer_new (gint64 deadline)
{
  GSource *source = g_source_new (&timer_functions, sizeof (GSource));

  g_source_set_ready_time (source, MAX (deadline, 0));
  return source;
}

/* Takes SOURCE, a pollable stream's. */
static gboolean
wait_for (GSource *source, gint64 deadline, GCancellable *cancellable, GError **error)
{
  g_autoptr (GMainContext) context = gmproc_port_new_context (error);
  gboolean is_ready = FALSE, is_late = FALSE, is_cancelled = FALSE;
  GSource *timer = NULL, *cancelled = NULL;

  if (context == NULL)
    {
      g_source_unref (source);
      return FALSE;
    }
  add_source (context, source, (GSourceFunc) (void (*) (void)) note_ready, &is_ready);
  if (deadline != GMPROC_PORT_FOREVER)
    timer = add_source (context, timer_new (deadline), note, &is_late);
  if (cancellable != NULL)
    cancelled = add_source (context, g_cancellable_source_new (cancellable),
                            (GSourceFunc) (void (*) (void)) note_ready, &is_cancelled);
  while (!is_ready && !is_late && !is_cancelled)
    g_main_context_iteration (context, TRUE);
  drop_source (source);
  drop_source (timer);
  drop_source (cancelled);

  if (is_ready)
    return TRUE;
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The time for the call is over");
  return FALSE;
}

static GPollableInputStream *
get_input (GmprocChannel *self)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->stream));
}

static GPollableOutputStream *
get_output (GmprocChannel *self)
{
  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->stream));
}

/* -- the socket below -------------------------------------------------------------------------- */

/* Borrowed; NULL for a stream of another kind. */
static GSocket *
get_base_socket (GIOStream *stream)
{
  g_autoptr (GIOStream) base = NULL;

  if (G_IS_TLS_CONNECTION (stream))
    g_object_get (stream, "base-io-stream", &base, NULL);
  else
    g_set_object (&base, stream);
  return G_IS_SOCKET_CONNECTION (base) ? g_socket_connection_get_socket (G_SOCKET_CONNECTION (base))
                                       : NULL;
}

/* Whether nothing will come out of the socket any more. */
static gboolean
is_at_end (GSocket *socket)
{
  char byte;
  GInputVector vector = { &byte, 1 };
  gint flags = G_SOCKET_MSG_PEEK;

  return g_socket_condition_check (socket, G_IO_IN | G_IO_HUP | G_IO_ERR) != 0
         && g_socket_receive_message (socket, NULL, &vector, 1, NULL, NULL, &flags, NULL, NULL)
                <= 0;
}

/* A socket of TCP that is closed with something unread tells the peer so, and drops what it had not
 * sent yet. */
static void
drop_unread (GSocket *socket)
{
  char buffer[16 * 1024];
  gsize n_dropped = 0;
  gssize n_read;

  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX)
    return;
  do
    {
      n_read = g_socket_receive_with_blocking (socket, buffer, sizeof buffer, FALSE, NULL, NULL);
      n_dropped += (gsize) MAX (n_read, 0);
    }
  while (n_read > 0 && n_dropped < MOST_UNREAD);
}

/* -- without waiting --------------------------------------------------------------------------- */

static gssize
try_to_read (GmprocChannel *self, gpointer buffer, gsize size, GCancellable *cancellable,
             GError **error)
{
  if (self->socket == NULL)
    return g_pollable_input_stream_read_nonblocking (get_input (self), buffer, size, cancellable,
                                                     error);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  return gmproc_port_socket_receive (self->socket, buffer, size, &self->arrivals, error);
}

/* At least one byte, or -1. */
static gssize
try_to_write (GmprocChannel *self, const GOutputVector *vectors, gsize n_vectors,
              GCancellable *cancellable, GError **error)
{
  gsize count = 0;
  gssize n_sent;

  if (self->socket == NULL)
    {
      GPollableReturn result = g_pollable_output_stream_writev_nonblocking (
          get_output (self), vectors, n_vectors, &count, cancellable, error);

      if (result == G_POLLABLE_RETURN_WOULD_BLOCK)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "There is no room");
      return result == G_POLLABLE_RETURN_OK ? (gssize) count : -1;
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  n_sent = gmproc_port_socket_send (self->socket, vectors, n_vectors, self->attached,
                                    self->n_attached, error);
  if (n_sent > 0)
    self->n_attached = 0;
  return n_sent;
}

/* -- the kind ---------------------------------------------------------------------------------- */

/* TLS says of a peer that was killed, and of each call after that, what it makes of it itself. A
 * socket that timed out has waited for the peer's answer for as long as the system does. */
static gboolean
is_reset (GmprocChannel *self, const GError *error)
{
  GSocket *socket;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
      || g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_EOF))
    return TRUE;
  if (error->domain != G_TLS_ERROR)
    return FALSE;
  socket = get_base_socket (self->stream);
  return socket != NULL && is_at_end (socket);
}

/* A peer that is gone is the end of the stream, whichever way it went. */
static gssize
stream_read (GmprocChannel *self, gpointer buffer, gsize size, gint64 deadline,
             GCancellable *cancellable, GError **error)
{
  for (;;)
    {
      g_autoptr (GError) local = NULL;
      gssize count = try_to_read (self, buffer, size, cancellable, &local);

      if (count >= 0)
        return count;
      if (is_reset (self, local))
        return 0;
      if (!g_error_matches (local, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return -1;
        }
      if (!wait_for (g_pollable_input_stream_create_source (get_input (self), NULL), deadline,
                     cancellable, error))
        return -1;
    }
}

static gssize
stream_write (GmprocChannel *self, const GOutputVector *vectors, gsize n_vectors, gint64 deadline,
              GCancellable *cancellable, GError **error)
{
  while (n_vectors > 0 && vectors->size == 0)
    vectors++, n_vectors--;
  if (n_vectors == 0)
    return 0;

  for (;;)
    {
      g_autoptr (GError) local = NULL;
      gssize count = try_to_write (self, vectors, n_vectors, cancellable, &local);

      if (count >= 0)
        return count;
      if (is_reset (self, local))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Nobody is left to read: %s",
                       local->message);
          return -1;
        }
      if (!g_error_matches (local, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return -1;
        }
      if (!wait_for (g_pollable_output_stream_create_source (get_output (self), NULL), deadline,
                     cancellable, error))
        return -1;
    }
}

static gboolean
stream_poll (GmprocChannel *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (g_pollable_input_stream_is_readable (get_input (self)))
    return TRUE;
  return wait_for (g_pollable_input_stream_create_source (get_input (self), NULL), deadline,
                   cancellable, error);
}

static GSource *
stream_create_source (GmprocChannel *self, GIOCondition condition)
{
  if ((condition & G_IO_OUT) != 0)
    return g_pollable_output_stream_create_source (get_output (self), NULL);
  return g_pollable_input_stream_create_source (get_input (self), NULL);
}

/* The last reference closes the stream, and TLS says good-bye then, for as long as it takes. To a
 * peer that does not read, nothing is said. */
static void
bound_goodbye (GIOStream *stream)
{
  GSocket *socket = get_base_socket (stream);

  if (socket == NULL)
    return;
  drop_unread (socket);
  if (!G_IS_TLS_CONNECTION (stream))
    return;
  if ((g_socket_condition_check (socket, G_IO_OUT) & G_IO_OUT) == 0)
    (void) g_socket_close (socket, NULL);
  else /* a piece of a message may go before it, for which there is no room */
    g_socket_set_timeout (socket, GOODBYE_TIME);
}

static void
stream_detach (GmprocChannel *self)
{
  gmproc_port_arrivals_clear (&self->arrivals);
  bound_goodbye (self->stream);
  self->socket = NULL;
  g_clear_object (&self->stream);
}

static const GmprocChannelKind stream_kind = { stream_read,          stream_write,  stream_poll,
                                               stream_create_source, stream_detach, TRUE };

/* A socket of its own does not remember what it had no room for. */
static const GmprocChannelKind socket_kind = { stream_read,          stream_write,  stream_poll,
                                               stream_create_source, stream_detach, FALSE };

/* A message is written as a whole, so there is nothing to wait for that could go with it. */
static void
send_at_once (GSocket *socket)
{
  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    (void) g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
}

static GSocket *
find_socket (GIOStream *stream)
{
  GSocket *socket = get_base_socket (stream);

  if (socket == NULL)
    return NULL;
  send_at_once (socket);
  return !G_IS_TLS_CONNECTION (stream) && gmproc_port_socket_carries_handles (socket) ? socket
                                                                                      : NULL;
}

void
gmproc_channel_attach_stream (GmprocChannel *self, GIOStream *stream)
{
  *self = (GmprocChannel) GMPROC_CHANNEL_INIT;
  self->stream = g_object_ref (stream);
  self->socket = find_socket (stream);
  self->kind = self->socket != NULL ? &socket_kind : &stream_kind;
}
