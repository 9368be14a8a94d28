/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * gmproc_connect(): the other side of a GmprocListener. The asynchronous call is the greeting
 * itself (greeting.h), in the caller's main context; the blocking one runs it in a context of its
 * own.
 */
#include "config.h"

#include "gmproc-connection-private.h"
#include "gmproc-listener-private.h"
#include "internal/deadline.h"
#include "port/port.h"

#define LARGEST_MESSAGE (G_GUINT64_CONSTANT (64) << 20) /* that a stranger may send */

/* -- what both sides need ---------------------------------------------------------------------- */

GSocket *
gmproc_stranger_socket_new (GSocketAddress *address, GError **error)
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

gboolean
gmproc_stranger_can_encrypt (GSocketAddress *address, GError **error)
{
  if (!G_IS_INET_SOCKET_ADDRESS (address))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                         "Only connections over TCP are encrypted");
  else if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
                         "GIO has no TLS here; it is in glib-networking");
  else
    return TRUE;
  return FALSE;
}

GmprocConnection *
gmproc_stranger_connection_new (GIOStream *stream)
{
  GmprocConnection *connection = gmproc_connection_new_for_stream (stream, LARGEST_MESSAGE);

  g_object_unref (stream);
  return connection;
}

/* -- calls ------------------------------------------------------------------------------------- */

/* FALSE with an error that the caller is to be given. */
static gboolean
begin (GSocketAddress *address, GmprocGreetingTerms *terms, gint64 timeout,
       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data, GError **error)
{
  g_autoptr (GSocket) socket = NULL;

  if (!gmproc_deadline_from_timeout (timeout, &terms->deadline, error)
      || (terms->is_encrypted && !gmproc_stranger_can_encrypt (address, error)))
    return FALSE;
  /* Without another name the certificate has to name the address. */
  if (terms->is_encrypted && terms->server == NULL)
    terms->server = G_SOCKET_CONNECTABLE (address);
  socket = gmproc_stranger_socket_new (address, error);
  if (socket == NULL)
    return FALSE;
  gmproc_greeting_start (socket, address, terms, cancellable, callback, user_data);
  return TRUE;
}

static GmprocConnection *
finish (GAsyncResult *result, GError **error)
{
  GIOStream *stream;

  /* One that was over before its greeting began. */
  if (g_async_result_is_tagged (result, (gpointer) begin))
    return g_task_propagate_pointer (G_TASK (result), error);
  stream = gmproc_greeting_finish (result, error);
  return stream != NULL ? gmproc_stranger_connection_new (stream) : NULL;
}

static void
run_async (GSocketAddress *address, GmprocGreetingTerms *terms, gint64 timeout,
           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GError *error = NULL;

  if (!begin (address, terms, timeout, cancellable, callback, user_data, &error))
    g_task_report_error (NULL, callback, user_data, (gpointer) begin, error);
}

static void
on_result (G_GNUC_UNUSED GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

static GmprocConnection *
run_blocking (GSocketAddress *address, GmprocGreetingTerms *terms, gint64 timeout,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (GMainContext) context = gmproc_port_new_context (error);
  g_autoptr (GAsyncResult) result = NULL;
  gboolean has_begun;

  if (context == NULL)
    return NULL;
  g_main_context_push_thread_default (context);
  has_begun = begin (address, terms, timeout, cancellable, on_result, &result, error);
  while (has_begun && result == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  return has_begun ? finish (result, error) : NULL;
}

/**
 * gmproc_connect:
 * @address: where a #GmprocListener listens
 * @key: (nullable): the listener's key, or %NULL for one without
 * @timeout: microseconds, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Connects to a listener. With a key it waits until the listener has let it in, and makes sure that
 * the listener has the key too.
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
  GmprocGreetingTerms terms = { .key = key };

  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), NULL);

  return run_blocking (address, &terms, timeout, cancellable, error);
}

/**
 * gmproc_connect_async:
 * @address: as for gmproc_connect()
 * @key: (nullable): as for gmproc_connect()
 * @timeout: as for gmproc_connect()
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called with no object when the call is over
 * @user_data: for @callback
 *
 * Like gmproc_connect(), without a thread that waits.
 *
 * Since: 1.0
 */
void
gmproc_connect_async (GSocketAddress *address, GBytes *key, gint64 timeout,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GmprocGreetingTerms terms = { .key = key };

  g_return_if_fail (G_IS_SOCKET_ADDRESS (address));

  run_async (address, &terms, timeout, cancellable, callback, user_data);
}

/**
 * gmproc_connect_finish:
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connect().
 *
 * Returns: (transfer full) (nullable): a connection, as from gmproc_connect()
 * Since: 1.0
 */
GmprocConnection *
gmproc_connect_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);

  return finish (result, error);
}

/**
 * gmproc_connect_tls:
 * @address: where a #GmprocListener with a certificate listens
 * @server: (nullable): whom the certificate has to name, for instance a #GNetworkAddress with the
 *   host's name; %NULL for the number of @address itself
 * @authorities: (nullable): whose certificates are believed, for instance a #GTlsFileDatabase with
 *   the listener's own; %NULL for those whom the system believes
 * @key: (nullable): as for gmproc_connect()
 * @timeout: microseconds, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Connects to a listener over TLS. The certificate is always checked in full, and nothing goes
 * through unencrypted.
 *
 * Errors: those of gmproc_connect(); %G_TLS_ERROR_BAD_CERTIFICATE for one that is not believed, or
 * names another server; other #GTlsError when the listener does not speak TLS;
 * %G_TLS_ERROR_UNAVAILABLE where GIO has no TLS (on Debian, install glib-networking);
 * %G_IO_ERROR_NOT_SUPPORTED for an address that is none of TCP.
 *
 * Returns: (transfer full) (nullable): a duplex connection, as from gmproc_listener_accept()
 * Since: 1.0
 */
GmprocConnection *
gmproc_connect_tls (GSocketAddress *address, GSocketConnectable *server, GTlsDatabase *authorities,
                    GBytes *key, gint64 timeout, GCancellable *cancellable, GError **error)
{
  GmprocGreetingTerms terms = {
    .key = key, .is_encrypted = TRUE, .server = server, .authorities = authorities
  };

  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), NULL);

  return run_blocking (address, &terms, timeout, cancellable, error);
}

/**
 * gmproc_connect_tls_async:
 * @address: as for gmproc_connect_tls()
 * @server: (nullable): as for gmproc_connect_tls()
 * @authorities: (nullable): as for gmproc_connect_tls()
 * @key: (nullable): as for gmproc_connect_tls()
 * @timeout: as for gmproc_connect_tls()
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called with no object when the call is over
 * @user_data: for @callback
 *
 * Like gmproc_connect_tls(), without blocking.
 *
 * Since: 1.0
 */
void
gmproc_connect_tls_async (GSocketAddress *address, GSocketConnectable *server,
                          GTlsDatabase *authorities, GBytes *key, gint64 timeout,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GmprocGreetingTerms terms = {
    .key = key, .is_encrypted = TRUE, .server = server, .authorities = authorities
  };

  g_return_if_fail (G_IS_SOCKET_ADDRESS (address));

  run_async (address, &terms, timeout, cancellable, callback, user_data);
}

/**
 * gmproc_connect_tls_finish:
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connect_tls().
 *
 * Returns: (transfer full) (nullable): a connection, as from gmproc_connect_tls()
 * Since: 1.0
 */
GmprocConnection *
gmproc_connect_tls_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);

  return finish (result, error);
}
