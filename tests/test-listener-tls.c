/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Listeners with TLS. Skipped where GIO has none.
 */
#include <gmproc.h>

#include <glib/gstdio.h>

#include "certificates.h"
#include "strangers.h"
#include "support.h"

#define UNREAD (64 * 1024 * 1024) /* more than sockets hold */

static gboolean
has_tls (void)
{
  if (g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return TRUE;
  g_test_skip ("GIO has no TLS here (glib-networking)");
  return FALSE;
}

static GmprocListener *
tls_listener_new (GBytes *key)
{
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_pem (CERTIFICATE PRIVATE_KEY, -1, &error);
  GmprocListener *listener = listener_new (any, key);

  g_assert_no_error (error);
  gmproc_listener_set_tls_certificate (listener, certificate, &error);
  g_assert_no_error (error);
  return listener;
}

static void
remove_file (gpointer path)
{
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_free (path);
}

/* Who believes this certificate, and no other. It reads the file when it needs it. */
static GTlsDatabase *
database_new (const char *pem)
{
  g_autoptr (GError) error = NULL;
  char *path;
  GTlsDatabase *database;
  int fd = g_file_open_tmp ("gmproc-XXXXXX.pem", &path, &error);

  g_assert_no_error (error);
  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path, pem, -1, NULL));
  database = g_tls_file_database_new (path, &error);
  g_assert_no_error (error);
  g_object_set_data_full (G_OBJECT (database), "file", path, remove_file);
  return database;
}

typedef struct
{
  GSocketAddress *address;
  GSocketConnectable *server;
  GTlsDatabase *authorities;
  GBytes *key;
  GmprocConnection *connection;
  GError *error;
} TlsClient;

static gpointer
run_tls_client (gpointer data)
{
  TlsClient *self = data;

  self->connection = gmproc_connect_tls (self->address, self->server, self->authorities, self->key,
                                         BOUND, NULL, &self->error);
  return NULL;
}

static void
check_messages (GmprocConnection *one, GmprocConnection *other)
{
  g_autoptr (GBytes) message = make_bytes (LARGE, 3);
  g_autoptr (GBytes) answer = make_bytes (100, 7);
  Call call = { one, message, NULL, NULL, NULL };
  GThread *thread = g_thread_new ("sender", run_send, &call);

  send_bytes (other, answer);
  receive_bytes (other, message);
  receive_bytes (one, answer);
  g_thread_join (thread);
  g_assert_no_error (call.error);
}

static void
connect_both (GBytes *key, GSocketConnectable *server, GmprocConnection **ret_served,
              GmprocConnection **ret_client)
{
  g_autoptr (GmprocListener) listener = tls_listener_new (key);
  g_autoptr (GTlsDatabase) authorities = database_new (CERTIFICATE);
  g_autoptr (GError) error = NULL;
  TlsClient client = {
    gmproc_listener_get_address (listener), server, authorities, key, NULL, NULL
  };
  GThread *thread = g_thread_new ("client", run_tls_client, &client);

  *ret_served = gmproc_listener_accept (listener, BOUND, NULL, &error);
  g_thread_join (thread);
  g_assert_no_error (client.error);
  g_assert_no_error (error);
  *ret_client = client.connection;
}

static void
check_tls (GBytes *key, GSocketConnectable *server)
{
  g_autoptr (GmprocConnection) served = NULL;
  g_autoptr (GmprocConnection) client = NULL;

  connect_both (key, server, &served, &client);
  check_messages (served, client);
  check_messages (client, served);
  g_clear_object (&client);
  receive_end (served);
}

static gboolean
accept_any (G_GNUC_UNUSED GTlsConnection *connection, G_GNUC_UNUSED GTlsCertificate *certificate,
            G_GNUC_UNUSED GTlsCertificateFlags errors, G_GNUC_UNUSED gpointer user_data)
{
  return TRUE;
}

/* PI-26: a peer that goes without a good-bye, as one that is killed does, is the end of the stream,
 * every time that somebody asks, and nobody to send to. */
static void
test_gone (void)
{
  g_autoptr (GmprocListener) listener = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GIOStream) encrypted = NULL;
  g_autoptr (GmprocConnection) served = NULL;
  g_autoptr (GError) error = NULL;

  if (!has_tls ())
    return;
  listener = tls_listener_new (NULL);
  (void) gmproc_waitable_is_ready (GMPROC_WAITABLE (listener));
  socket = raw_connect (gmproc_listener_get_address (listener));
  stream = g_socket_connection_factory_create_connection (socket);
  encrypted = g_tls_client_connection_new (G_IO_STREAM (stream), NULL, &error);
  g_assert_no_error (error);
  g_signal_connect (encrypted, "accept-certificate", G_CALLBACK (accept_any), NULL);
  g_tls_connection_handshake (G_TLS_CONNECTION (encrypted), NULL, &error);
  g_assert_no_error (error);
  served = gmproc_listener_accept (listener, BOUND, NULL, &error);
  g_assert_no_error (error);

  g_assert_true (g_socket_close (socket, NULL));
  for (guint i = 0; i < 3; i++)
    receive_end (served);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_false (gmproc_connection_send (served, g_variant_new_int32 (1), NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_clear_error (&error);
    }
}

/* GM-05: a peer that does not read does not hold up who closes the connection: in the middle of a
 * message, and with nothing on its way but the good-bye. */
static void
check_close_unread (gsize size)
{
  g_autoptr (GmprocConnection) served = NULL;
  g_autoptr (GmprocConnection) client = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) message = make_bytes (size, 3);
  int n = (int) (UNREAD / size);
  Results sent;

  results_init (&sent);
  connect_both (NULL, NULL, &served, &client);
  for (int i = 0; i < n; i++)
    gmproc_connection_send_bytes_async (client, message, cancellable, on_sent, &sent);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (sent.n_done, <, n);
  g_cancellable_cancel (cancellable);
  run_until (&sent.n_done, n, "the cancel");
  g_assert_error (sent.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  gmproc_connection_close (client);
  results_clear (&sent);
}

static void
test_close_unread (void)
{
  if (!has_tls ())
    return;
  check_close_unread (UNREAD / 2);
  check_close_unread (UNREAD / 512);
}

/* PI-23: with a key and without, by the address and by a name. */
static void
test_messages (void)
{
  g_autoptr (GBytes) key = g_bytes_new_static ("secret", 6);
  g_autoptr (GSocketConnectable) server = g_network_address_new ("listener.example", 0);

  if (!has_tls ())
    return;
  check_tls (NULL, NULL);
  check_tls (key, server);
}

/* Nobody who is not believed, or is somebody else, gets a connection, and the key is not even
 * asked for. */
static void
check_not_believed (GSocketConnectable *server, const char *authority)
{
  g_autoptr (GBytes) key = g_bytes_new_static ("secret", 6);
  g_autoptr (GmprocListener) listener = tls_listener_new (key);
  g_autoptr (GTlsDatabase) authorities = authority != NULL ? database_new (authority) : NULL;
  TlsClient client = {
    gmproc_listener_get_address (listener), server, authorities, key, NULL, NULL
  };
  g_autoptr (GError) error = NULL;

  (void) gmproc_waitable_is_ready (GMPROC_WAITABLE (listener));
  run_tls_client (&client);
  g_assert_null (client.connection);
  g_assert_error (client.error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_clear_error (&client.error);
  g_assert_null (gmproc_listener_accept (listener, BOUND, NULL, &error));
  g_assert_nonnull (error);
}

static void
test_not_believed (void)
{
  g_autoptr (GSocketConnectable) other = g_network_address_new ("other.example", 0);

  if (!has_tls ())
    return;
  check_not_believed (NULL, NULL);
  check_not_believed (NULL, OTHER_CERTIFICATE);
  check_not_believed (other, CERTIFICATE);
}

/* Neither side falls back to less. */
static void
test_no_fallback (void)
{
  g_autoptr (GBytes) key = g_bytes_new_static ("secret", 6);
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GmprocListener) with = NULL;
  g_autoptr (GmprocListener) without = NULL;
  g_autoptr (GError) error = NULL;
  TlsClient client = { NULL, NULL, NULL, key, NULL, NULL };

  if (!has_tls ())
    return;
  with = tls_listener_new (key);
  (void) gmproc_waitable_is_ready (GMPROC_WAITABLE (with));
  g_assert_null (gmproc_connect (gmproc_listener_get_address (with), key, BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  g_assert_null (gmproc_listener_accept (with, BOUND, NULL, &error));
  g_assert_nonnull (error);

  without = listener_new (any, key);
  (void) gmproc_waitable_is_ready (GMPROC_WAITABLE (without));
  client.address = gmproc_listener_get_address (without);
  run_tls_client (&client);
  g_assert_null (client.connection);
  g_assert_nonnull (client.error);
  g_clear_error (&client.error);
  accept_refusal (without);
}

/* GM-16: who says nothing, or stops in the middle of TLS's own greeting, has his time and no more.
 */
static void
test_hostile (void)
{
  static const char half[] = { 0x16, 0x03, 0x01, 0x01, 0x00, 0x01 };
  g_autoptr (GmprocListener) listener = NULL;
  g_autoptr (GSocket) silent = NULL;
  g_autoptr (GSocket) stops = NULL;
  char byte;

  if (!has_tls ())
    return;
  listener = tls_listener_new (NULL);
  gmproc_listener_set_peer_limits (listener, 10, SHORT);
  silent = raw_connect (gmproc_listener_get_address (listener));
  stops = raw_connect (gmproc_listener_get_address (listener));
  raw_send (stops, half, sizeof half);
  accept_refusal (listener);
  accept_refusal (listener);
  g_assert_cmpint (raw_receive (silent, &byte, 1), ==, 0);
  while (raw_receive (stops, &byte, 1) == 1)
    ; /* TLS may say why */
}

static void
on_result (G_GNUC_UNUSED GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

static GAsyncResult *
wait_for_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

/* Both sides in one context; and GM-16, a server that takes the connection and says nothing. */
static void
test_async (void)
{
  g_autoptr (GmprocListener) listener = NULL;
  g_autoptr (GmprocListener) silent = NULL;
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GTlsDatabase) authorities = NULL;
  g_autoptr (GAsyncResult) accepted = NULL, connected = NULL, late = NULL;
  g_autoptr (GmprocConnection) served = NULL, client = NULL;
  g_autoptr (GError) error = NULL;

  if (!has_tls ())
    return;
  listener = tls_listener_new (NULL);
  authorities = database_new (CERTIFICATE);
  gmproc_listener_accept_async (listener, BOUND, NULL, on_result, &accepted);
  gmproc_connect_tls_async (gmproc_listener_get_address (listener), NULL, authorities, NULL, BOUND,
                            NULL, on_result, &connected);
  served = gmproc_listener_accept_finish (listener, wait_for_result (&accepted), &error);
  g_assert_no_error (error);
  client = gmproc_connect_tls_finish (wait_for_result (&connected), &error);
  g_assert_no_error (error);
  check_messages (served, client);

  silent = listener_new (any, NULL);
  gmproc_connect_tls_async (gmproc_listener_get_address (silent), NULL, authorities, NULL, SHORT,
                            NULL, on_result, &late);
  g_assert_null (gmproc_connect_tls_finish (wait_for_result (&late), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* Only TCP is encrypted. */
static void
test_unix (void)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new ("socket");
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_connect_tls (address, NULL, NULL, NULL, BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

/* Where GIO has no TLS the first does nothing. */
static void
warm_up_all (void)
{
  test_messages ();
  test_unix ();
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_all);
  /* TLS works in GTask's threads. */
  gmproc_test_set_patience (BOUND);
  gmproc_test_add ("/listener/PI-23/tls/messages", test_messages);
  gmproc_test_add ("/listener/tls/not-believed", test_not_believed);
  gmproc_test_add ("/listener/tls/no-fallback", test_no_fallback);
  gmproc_test_add ("/listener/GM-16/tls/hostile", test_hostile);
  gmproc_test_add ("/listener/GM-16/tls/async", test_async);
  gmproc_test_add ("/listener/GM-05/tls/close-unread", test_close_unread);
  gmproc_test_add ("/listener/PI-26/tls/gone", test_gone);
  gmproc_test_add ("/listener/tls/unix", test_unix);
  return g_test_run ();
}
