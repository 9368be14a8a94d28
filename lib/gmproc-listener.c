/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocListener: connections between processes that are no relatives, over Unix sockets and TCP.
 * Its address and settings are here, its peers in gmproc-listener-accept.c, and the other side in
 * gmproc-connect.c.
 *
 * With a key both sides prove that they have it before any message goes through (handshake.h).
 * A Unix socket belongs to its user: the file is made owner-only before anybody can connect, and a
 * peer of another user is refused, which is what protects an abstract name.
 *
 * The file of a listener that was killed stays. The next one finds that nobody answers there, and
 * takes its place. Listeners that start at one path at the same moment go through a gate one after
 * the other (port.h): the one who holds it has bound and listens before the next one looks.
 *
 * Objects do not travel over a socket: they are for relatives, who trust each other's memory. A
 * descriptor does, over a Unix socket.
 *
 * Threads: a thread of its own greets the peers, from the first accept on or the first wait
 * (reception.h). Any threads may accept, and close.
 */
#include "config.h"

#include "gmproc-listener.h"

#include <glib/gstdio.h>

#include "gmproc-listener-private.h"

#define BACKLOG 128
#define GATE_TIME (1 * G_TIME_SPAN_SECOND)
#define PROBE_TIME 1                        /* seconds */
#define PEERS 128                           /* at most, that are greeted at a time */
#define PEER_TIME (10 * G_TIME_SPAN_SECOND) /* of one */

/**
 * GmprocListener:
 *
 * Takes connections from programs that are no relatives. In Python it is
 * `multiprocessing.connection.Listener`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocListener, gmproc_listener, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_WAITABLE,
                                                gmproc_listener_waitable_init))

static void
gmproc_listener_finalize (GObject *object)
{
  GmprocListener *self = GMPROC_LISTENER (object);

  gmproc_listener_close (self);
  gmproc_reception_clear (&self->reception);
  g_clear_object (&self->socket);
  g_clear_object (&self->address);
  g_free (self->path);

  G_OBJECT_CLASS (gmproc_listener_parent_class)->finalize (object);
}

static void
gmproc_listener_class_init (GmprocListenerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_listener_finalize;
}

static void
gmproc_listener_init (GmprocListener *self)
{
  gmproc_reception_init (&self->reception);
  self->reception.n_peers = PEERS;
  self->reception.time = PEER_TIME;
}

/* -- addresses --------------------------------------------------------------------------------- */

/* The path of the file that stands for ADDRESS, or NULL. */
static char *
get_path (GSocketAddress *address)
{
  if (G_IS_UNIX_SOCKET_ADDRESS (address)
      && g_unix_socket_address_get_address_type (G_UNIX_SOCKET_ADDRESS (address))
             == G_UNIX_SOCKET_ADDRESS_PATH)
    return g_canonicalize_filename (
        g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)), NULL);
  return NULL;
}

/* Whether PATH is a socket's file at which nobody listens: it was left behind then. To connect to
 * another file is refused as well, and that one is somebody's. */
static gboolean
is_stale (const char *path, GSocketAddress *address)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  GmprocPortFileId file;

  if (!gmproc_port_socket_find_file (path, &file))
    return FALSE;
  socket = gmproc_stranger_socket_new (address, NULL);
  if (socket == NULL)
    return FALSE;
  /* Not every system refuses at once. */
  g_socket_set_blocking (socket, TRUE);
  g_socket_set_timeout (socket, PROBE_TIME);
  return !g_socket_connect (socket, address, NULL, &error)
         && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static gboolean
bind_socket (GmprocListener *self, GSocketAddress *address, GError **error)
{
  g_autoptr (GError) first = NULL;

  if (g_socket_bind (self->socket, address, TRUE, &first))
    return TRUE;
  if (self->path != NULL && g_error_matches (first, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)
      && is_stale (self->path, address) && g_unlink (self->path) == 0)
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

static gboolean
open_socket (GmprocListener *self, GSocketAddress *address, GError **error)
{
  if (!bind_socket (self, address, error))
    return FALSE;
  if (self->path != NULL)
    (void) gmproc_port_socket_find_file (self->path, &self->file);
  return protect (self, error) && g_socket_listen (self->socket, error);
}

/* From the look whether a file is stale until the socket listens, which is when it stops to look
 * stale itself, nobody else does the same. */
static gboolean
open_in_turn (GmprocListener *self, GSocketAddress *address, GError **error)
{
  gintptr gate = GMPROC_PORT_NO_HANDLE;
  gboolean is_open;

  if (self->path != NULL
      && !gmproc_port_gate_enter (self->path, g_get_monotonic_time () + GATE_TIME, &gate, error))
    {
      g_clear_pointer (&self->path, g_free);
      return FALSE;
    }
  is_open = open_socket (self, address, error);
  gmproc_port_handle_close (&gate);
  return is_open;
}

/**
 * gmproc_listener_new:
 * @address: where to listen: a Unix socket, by path or by abstract name, or an Internet address, in
 *   which port 0 stands for any free one
 * @key: (nullable): what a peer has to have; may be empty, and then there is a handshake as well
 * @error: return location
 *
 * Makes a listener, like `multiprocessing.connection.Listener`. Without a key anybody who reaches
 * the address is let in; a Unix socket can be reached by the same user only. On Windows it is the
 * folder of the socket's file that has to keep other users out, as the file's mode does not: give a
 * key there, or a folder of the user's own. Give a key to a listener of TCP. What goes through TCP
 * can be read and changed on the way, unless it is encrypted
 * (gmproc_listener_set_tls_certificate()).
 *
 * Errors: %G_IO_ERROR_ADDRESS_IN_USE when somebody listens there; %G_IO_ERROR_NOT_SUPPORTED for a
 * family or a kind of address that the system does not have; %G_IO_ERROR_TIMED_OUT when another
 * program keeps the folder of the socket locked for a second; what else the system says.
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
  self->socket = gmproc_stranger_socket_new (address, error);
  if (self->socket == NULL || !gmproc_reception_open (&self->reception, self->socket, error))
    return NULL;
  self->reception.terms.is_server = TRUE;
  self->reception.terms.key = key != NULL ? g_bytes_ref (key) : NULL;
  self->path = get_path (address);
  g_socket_set_listen_backlog (self->socket, BACKLOG);
  if (!open_in_turn (self, address, error))
    return NULL;
  self->address = g_socket_get_local_address (self->socket, error);
  return self->address != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * gmproc_listener_get_address:
 * @self: a listener
 *
 * Where a program connects to.
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

/* -- settings ---------------------------------------------------------------------------------- */

/* The thread reads them without a lock. */
static gboolean
may_be_set (GmprocListener *self)
{
  return !gmproc_reception_is_started (&self->reception);
}

/**
 * gmproc_listener_set_tls_certificate:
 * @self: a listener of TCP, before its first accept or wait
 * @certificate: the listener's, with its private key
 * @error: return location
 *
 * Encrypts all connections by TLS. Peers have to connect by gmproc_connect_tls(); one that does not
 * speak TLS is refused. Who the peer is, the key of gmproc_listener_new() has to show: nobody is
 * asked for a certificate of his own.
 *
 * Errors: %G_TLS_ERROR_UNAVAILABLE where GIO has no TLS (on Debian, install glib-networking);
 * %G_IO_ERROR_NOT_SUPPORTED for a Unix socket.
 *
 * Returns: whether connections will be encrypted
 * Since: 1.0
 */
gboolean
gmproc_listener_set_tls_certificate (GmprocListener *self, GTlsCertificate *certificate,
                                     GError **error)
{
  g_return_val_if_fail (GMPROC_IS_LISTENER (self), FALSE);
  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), FALSE);
  g_return_val_if_fail (may_be_set (self), FALSE);

  if (!gmproc_stranger_can_encrypt (self->address, error))
    return FALSE;
  g_set_object (&self->reception.terms.own, certificate);
  self->reception.terms.is_encrypted = TRUE;
  return TRUE;
}

/**
 * gmproc_listener_set_peer_limits:
 * @self: a listener, before its first accept or wait
 * @n_peers: how many peers at most may be under way to a connection at a time; 128 unless set
 * @time: how long one may take, in microseconds; ten seconds unless set
 *
 * Bounds what peers cost that have not shown yet that they may come in. One that comes beyond
 * @n_peers is closed at once, and one that is not done after @time is refused. Of connections that
 * nobody has accepted, @n_peers are kept too; further peers wait in the system's queue.
 *
 * Since: 1.0
 */
void
gmproc_listener_set_peer_limits (GmprocListener *self, guint n_peers, gint64 time)
{
  g_return_if_fail (GMPROC_IS_LISTENER (self));
  g_return_if_fail (n_peers > 0);
  g_return_if_fail (time > 0 && time <= G_MAXINT64 / 4);
  g_return_if_fail (may_be_set (self));

  self->reception.n_peers = n_peers;
  self->reception.time = time;
}

/* Somebody may have removed it, and another listener be there now. */
static void
remove_file (GmprocListener *self)
{
  GmprocPortFileId file;

  if (self->path != NULL && gmproc_port_socket_find_file (self->path, &file)
      && file.volume == self->file.volume && file.number == self->file.number)
    (void) g_unlink (self->path);
}

/**
 * gmproc_listener_close:
 * @self: a listener
 *
 * Stops listening, and removes the socket's file. Calls that wait for a peer end with
 * %G_IO_ERROR_CLOSED; peers that were not accepted are closed. Connections that were accepted go
 * on. Closing twice does nothing. The last reference closes too.
 *
 * Since: 1.0
 */
void
gmproc_listener_close (GmprocListener *self)
{
  g_return_if_fail (GMPROC_IS_LISTENER (self));

  if (!g_atomic_int_compare_and_exchange (&self->is_closed, FALSE, TRUE))
    return;
  remove_file (self); /* while the socket is open, whose file nobody else's can be taken for */
  gmproc_reception_stop (&self->reception);
  if (self->socket != NULL)
    (void) g_socket_close (self->socket, NULL);
}
