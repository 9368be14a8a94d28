/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocListener: connections between processes that are no relatives, over Unix sockets and TCP.
 *
 * With a key both sides prove that they have it before any message goes through (handshake.h).
 * A Unix socket belongs to its user: the file is made owner-only before anybody can connect, and a
 * peer of another user is refused, which is what protects an abstract name.
 *
 * The file of a listener that was killed stays. The next one finds that nobody answers there, and
 * takes its place. Let two not start at the same path at the same moment.
 *
 * Objects do not travel over a socket: they are for relatives, who trust each other's memory.
 *
 * Threads: one thread accepts at a time; close may come from any.
 */
#include "config.h"

#include "gmproc-listener.h"

#include <glib/gstdio.h>

#include "gmproc-connection-private.h"
#include "internal/deadline.h"
#include "internal/handshake.h"

#define BACKLOG 128
#define HANDSHAKE_TIME (10 * G_TIME_SPAN_SECOND)        /* of one peer */
#define LARGEST_MESSAGE (G_GUINT64_CONSTANT (64) << 20) /* that a stranger may send */

struct _GmprocListener
{
  GObject parent_instance;

  GSocket *socket;
  GSocketAddress *address;
  GBytes *key;        /* or NULL */
  char *path;         /* of the socket's file, or NULL */
  gboolean is_closed; /* atomic */
};

G_DEFINE_TYPE (GmprocListener, gmproc_listener, G_TYPE_OBJECT)

static void
gmproc_listener_finalize (GObject *object)
{
  GmprocListener *self = GMPROC_LISTENER (object);

  gmproc_listener_close (self);
  g_clear_object (&self->socket);
  g_clear_object (&self->address);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_free (self->path);

  G_OBJECT_CLASS (gmproc_listener_parent_class)->finalize (object);
}

static void
gmproc_listener_class_init (GmprocListenerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_listener_finalize;
}

static void
gmproc_listener_init (G_GNUC_UNUSED GmprocListener *self)
{
}

/* -- addresses --------------------------------------------------------------------------------- */

static GSocket *
socket_new (GSocketAddress *address, GError **error)
{
  GSocketFamily family = g_socket_address_get_family (address);
  GSocket *socket;

  if (family != G_SOCKET_FAMILY_UNIX && family != G_SOCKET_FAMILY_IPV4
      && family != G_SOCKET_FAMILY_IPV6)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "An address of family %d is neither a Unix socket's nor an Internet one",
                   (int) family);
      return NULL;
    }
  socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (socket != NULL)
    g_socket_set_blocking (socket, FALSE);
  return socket;
}

/* The path of the file that stands for ADDRESS, or NULL. */
static char *
get_path (GSocketAddress *address)
{
  if (G_IS_UNIX_SOCKET_ADDRESS (address)
      && g_unix_socket_address_get_address_type (G_UNIX_SOCKET_ADDRESS (address))
             == G_UNIX_SOCKET_ADDRESS_PATH)
    return g_strdup (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)));
  return NULL;
}

/* Whether nobody listens at a socket's file, which was left behind then. */
static gboolean
is_stale (GSocketAddress *address)
{
  g_autoptr (GSocket) socket = socket_new (address, NULL);
  g_autoptr (GError) error = NULL;

  return socket != NULL && !g_socket_connect (socket, address, NULL, &error)
         && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static gboolean
bind_socket (GmprocListener *self, GSocketAddress *address, GError **error)
{
  g_autoptr (GError) first = NULL;

  if (g_socket_bind (self->socket, address, TRUE, &first))
    return TRUE;
  if (self->path != NULL && g_error_matches (first, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)
      && is_stale (address) && g_unlink (self->path) == 0)
    return g_socket_bind (self->socket, address, TRUE, error);

  g_clear_pointer (&self->path, g_free); /* it is somebody else's */
  g_propagate_error (error, g_steal_pointer (&first));
  return FALSE;
}

/* Before it listens nobody can connect, so the file is never open to others. */
static gboolean
protect (GmprocListener *self, GError **error)
{
  if (self->path == NULL || g_chmod (self->path, 0600) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               "The socket's file %s cannot be made its owner's only", self->path);
  return FALSE;
}

/**
 * gmproc_listener_new:
 * @address: where to listen: a Unix socket, by path or by abstract name, or an Internet address, in
 *   which port 0 stands for any free one
 * @key: (nullable): what a peer has to have; may be empty, and then there is a handshake as well
 * @error: return location
 *
 * Makes a listener, like `multiprocessing.connection.Listener`. Without a key anybody who reaches
 * the address is let in; a Unix socket can be reached by the same user only. Give a key to a
 * listener of TCP. What goes through TCP can be read on the way.
 *
 * Errors: %G_IO_ERROR_ADDRESS_IN_USE when somebody listens there; %G_IO_ERROR_NOT_SUPPORTED for a
 * family or a kind of address that the system does not have; what else the system says.
 *
 * Returns: (transfer full) (nullable): a new listener
 * Since: 1.0
 */
GmprocListener *
gmproc_listener_new (GSocketAddress *address, GBytes *key, GError **error)
{
  g_autoptr (GmprocListener) self = NULL;

  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), NULL);

  self = g_object_new (GMPROC_TYPE_LISTENER, NULL);
  self->socket = socket_new (address, error);
  if (self->socket == NULL)
    return NULL;
  self->key = key != NULL ? g_bytes_ref (key) : NULL;
  self->path = get_path (address);
  g_socket_set_listen_backlog (self->socket, BACKLOG);
  if (!bind_socket (self, address, error) || !protect (self, error)
      || !g_socket_listen (self->socket, error))
    return NULL;
  self->address = g_socket_get_local_address (self->socket, error);
  return self->address != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * gmproc_listener_get_address:
 * @self: a listener
 *
 * Returns: (transfer none): where it listens, with the port that the system chose
 * Since: 1.0
 */
GSocketAddress *
gmproc_listener_get_address (GmprocListener *self)
{
  g_return_val_if_fail (GMPROC_IS_LISTENER (self), NULL);

  return self->address;
}

/* -- peers ------------------------------------------------------------------------------------- */

static gboolean
check_user (GSocket *socket, GError **error)
{
  g_autoptr (GCredentials) own = NULL;
  g_autoptr (GCredentials) theirs = NULL;

  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    return TRUE;

  theirs = g_socket_get_credentials (socket, NULL);
  own = g_credentials_new ();
  /* Where the system tells nothing about a peer, the file's mode has to do. */
  if (theirs == NULL || g_credentials_is_same_user (own, theirs, NULL))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                       "The peer belongs to another user");
  return FALSE;
}

static gboolean
send_answer (GmprocChannel *channel, GmprocHandshake *handshake, gint64 deadline,
             GCancellable *cancellable, GError **error)
{
  for (gsize n_sent = 0; n_sent < handshake->n_out;)
    {
      GOutputVector vector = { handshake->out + n_sent, handshake->n_out - n_sent };
      gssize count = gmproc_channel_write (channel, &vector, 1, deadline, cancellable, error);

      if (count < 0)
        return FALSE;
      n_sent += (gsize) count;
    }
  handshake->n_out = 0;
  return TRUE;
}

static gboolean
shake_hands (GmprocChannel *channel, GmprocHandshake *handshake, gint64 deadline,
             GCancellable *cancellable, GError **error)
{
  GmprocHandshakeState state = GMPROC_HANDSHAKE_WAITS;

  if (!send_answer (channel, handshake, deadline, cancellable, error))
    return FALSE;
  while (state == GMPROC_HANDSHAKE_WAITS)
    {
      guint8 data[GMPROC_HANDSHAKE_HELLO_SIZE];
      gssize count = gmproc_channel_read (channel, data, gmproc_handshake_get_wanted (handshake),
                                          deadline, cancellable, error);

      if (count == 0)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                             "The peer left before it had shown that it has the key");
      if (count <= 0)
        return FALSE;
      state = gmproc_handshake_feed (handshake, data, (gsize) count, error);
      /* The error that counts is there already. */
      if (!send_answer (channel, handshake, deadline, cancellable,
                        state == GMPROC_HANDSHAKE_FAILED ? NULL : error))
        return FALSE;
    }
  return state == GMPROC_HANDSHAKE_DONE;
}

static gboolean
authenticate (GIOStream *stream, gboolean is_server, GBytes *key, gint64 deadline,
              GCancellable *cancellable, GError **error)
{
  GmprocHandshake handshake;
  GmprocChannel channel;
  gboolean is_known;

  if (!gmproc_handshake_init (&handshake, is_server, key, error))
    return FALSE;
  gmproc_channel_attach_stream (&channel, stream);
  is_known = shake_hands (&channel, &handshake, deadline, cancellable, error);
  gmproc_channel_detach (&channel);
  gmproc_handshake_clear (&handshake);
  return is_known;
}

static GmprocConnection *
meet_peer (GSocket *socket, gboolean is_server, GBytes *key, gint64 deadline,
           GCancellable *cancellable, GError **error)
{
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);

  if (!check_user (socket, error)
      || (key != NULL
          && !authenticate (G_IO_STREAM (stream), is_server, key, deadline, cancellable, error)))
    return NULL;
  return gmproc_connection_new_for_stream (G_IO_STREAM (stream), LARGEST_MESSAGE);
}

/* Waits on a socket that does not block. */
static gboolean
wait_for (GSocket *socket, GIOCondition condition, gint64 deadline, GCancellable *cancellable,
          GError **error)
{
  gint64 remaining = -1;

  if (deadline != GMPROC_PORT_FOREVER)
    remaining = MAX (deadline - g_get_monotonic_time (), 0);
  return g_socket_condition_timed_wait (socket, condition, remaining, cancellable, error);
}

static GSocket *
accept_socket (GmprocListener *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  for (;;)
    {
      g_autoptr (GError) local = NULL;
      GSocket *socket;

      if (g_atomic_int_get (&self->is_closed))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The listener is closed");
          return NULL;
        }
      socket = g_socket_accept (self->socket, cancellable, &local);
      if (socket != NULL)
        return socket;
      if (!g_error_matches (local, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      if (!wait_for (self->socket, G_IO_IN, deadline, cancellable, error))
        return NULL;
    }
}

/**
 * gmproc_listener_accept:
 * @self: a listener
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits for the next peer. A peer has ten seconds to show that it has the key. After an error that
 * concerns a peer the next call goes on with the next one.
 *
 * Errors: %G_IO_ERROR_PERMISSION_DENIED for a peer without the key, or of another user;
 * %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED; %G_IO_ERROR_CLOSED.
 *
 * Returns: (transfer full) (nullable): a duplex connection, over which no objects go, and whose
 *   messages have at most 64 MiB
 * Since: 1.0
 */
GmprocConnection *
gmproc_listener_accept (GmprocListener *self, gint64 timeout, GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_LISTENER (self), NULL);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error))
    return NULL;
  socket = accept_socket (self, deadline, cancellable, error);
  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  return meet_peer (socket, TRUE, self->key, g_get_monotonic_time () + HANDSHAKE_TIME, cancellable,
                    error);
}

/**
 * gmproc_listener_close:
 * @self: a listener
 *
 * Stops listening, and removes the socket's file. Connections that were accepted go on. Closing
 * twice does nothing. The last reference closes too.
 *
 * Since: 1.0
 */
void
gmproc_listener_close (GmprocListener *self)
{
  g_return_if_fail (GMPROC_IS_LISTENER (self));

  if (!g_atomic_int_compare_and_exchange (&self->is_closed, FALSE, TRUE))
    return;
  /* First the file, while it is still known to be this listener's. */
  if (self->path != NULL)
    (void) g_unlink (self->path);
  if (self->socket != NULL)
    (void) g_socket_close (self->socket, NULL);
}

static gboolean
connect_socket (GSocket *socket, GSocketAddress *address, gint64 deadline,
                GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (g_socket_connect (socket, address, cancellable, &local))
    return TRUE;
  if (!g_error_matches (local, G_IO_ERROR, G_IO_ERROR_PENDING))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return wait_for (socket, G_IO_OUT, deadline, cancellable, error)
         && g_socket_check_connect_result (socket, error);
}

/**
 * gmproc_connect:
 * @address: where a #GmprocListener listens
 * @key: (nullable): the listener's key, or %NULL for one without
 * @timeout: microseconds, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Connects to a listener. With a key it waits until the listener has accepted, and makes sure that
 * it has the key too.
 *
 * Errors: %G_IO_ERROR_PERMISSION_DENIED when the keys differ, or the listener of a Unix socket is
 * another user's; %G_IO_ERROR_CONNECTION_REFUSED and %G_IO_ERROR_NOT_FOUND when nobody listens;
 * %G_IO_ERROR_NOT_SUPPORTED as gmproc_listener_new(); %G_IO_ERROR_TIMED_OUT;
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (nullable): a duplex connection, as from gmproc_listener_accept()
 * Since: 1.0
 */
GmprocConnection *
gmproc_connect (GSocketAddress *address, GBytes *key, gint64 timeout, GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  gint64 deadline;

  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), NULL);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error))
    return NULL;
  socket = socket_new (address, error);
  if (socket == NULL || !connect_socket (socket, address, deadline, cancellable, error))
    return NULL;
  return meet_peer (socket, FALSE, key, deadline, cancellable, error);
}
