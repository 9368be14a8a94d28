/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "strangers.h"

#include <glib/gstdio.h>

gpointer
run_client (gpointer data)
{
  Client *client = data;

  client->connection = gmproc_connect (client->address, client->key, BOUND, NULL, &client->error);
  return NULL;
}

GmprocListener *
listener_new (GSocketAddress *address, GBytes *key)
{
  g_autoptr (GError) error = NULL;
  GmprocListener *listener = gmproc_listener_new (address, key, &error);

  g_assert_no_error (error);
  return listener;
}

GSocketAddress *
make_tcp_address (void)
{
  return g_inet_socket_address_new_from_string ("127.0.0.1", 0);
}

/* Windows has them since 2018, and Wine since later. */
static gboolean
can_make_unix_socket (void)
{
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);

  return socket != NULL;
}

gboolean
has_unix_sockets (void)
{
  if (can_make_unix_socket ())
    return TRUE;
  g_test_skip ("this system has no Unix sockets");
  return FALSE;
}

GSocketAddress *
make_address (char **ret_folder)
{
  g_autofree char *path = NULL;

  *ret_folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  if (!can_make_unix_socket ())
    return make_tcp_address ();
  path = g_build_filename (*ret_folder, "socket", NULL);
  return g_unix_socket_address_new (path);
}

void
remove_folder (char *folder)
{
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_free (folder);
}

void
accept_refusal (GmprocListener *listener)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_listener_accept (listener, BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
}

void
check_works (GmprocListener *listener, GBytes *key)
{
  Client client = { gmproc_listener_get_address (listener), key, NULL, NULL };
  GThread *thread = g_thread_new ("client", run_client, &client);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocConnection) served = gmproc_listener_accept (listener, BOUND, NULL, &error);
  g_autoptr (GBytes) message = make_bytes (1000, 3);

  g_thread_join (thread);
  g_assert_no_error (error);
  g_assert_no_error (client.error);
  send_bytes (served, message);
  receive_bytes (client.connection, message);
  g_object_unref (client.connection);
}

GSocket *
raw_connect (GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket =
      g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, 0, &error);

  g_assert_no_error (error);
  g_socket_set_timeout (socket, BOUND / G_TIME_SPAN_SECOND);
  g_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  return socket;
}

void
raw_send (GSocket *socket, gconstpointer data, gsize size)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_socket_send (socket, data, size, NULL, &error), ==, size);
  g_assert_no_error (error);
}

gsize
raw_receive (GSocket *socket, gpointer buffer, gsize size)
{
  gsize filled = 0;

  while (filled < size)
    {
      g_autoptr (GError) error = NULL;
      gssize count =
          g_socket_receive (socket, (char *) buffer + filled, size - filled, NULL, &error);

      /* Whoever is closed with bytes that he did not read resets. */
      if (count < 0)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      if (count <= 0)
        break;
      filled += (gsize) count;
    }
  return filled;
}
