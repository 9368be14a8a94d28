/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GDBus between two processes, without a bus: a message is a signal with the bytes as its argument,
 * which a filter takes in GDBus's own thread, before there is a main loop's dispatch to pay for.
 */
#include "queue-crowd.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#define PATH "/org/example/Bench"
#define INTERFACE "org.example.Bench"
#define FLUSH_EVERY (1024) /* messages, so that a producer does not fill the memory */

static int fds[2];
static GDBusConnection *connection;
static GAsyncQueue *arrived; /* GBytes */
static guint n_put;

static void
open_pair (G_GNUC_UNUSED gint64 n_producers, G_GNUC_UNUSED gint64 n_consumers,
           G_GNUC_UNUSED gsize size)
{
  if (socketpair (AF_UNIX, SOCK_STREAM, 0, fds) < 0)
    crowd_die ("socketpair");
}

/* In GDBus's thread. */
static GDBusMessage *
filter (G_GNUC_UNUSED GDBusConnection *from, GDBusMessage *message, gboolean incoming,
        G_GNUC_UNUSED gpointer user_data)
{
  GVariant *body = g_dbus_message_get_body (message);

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_SIGNAL
      || body == NULL)
    return message;
  g_async_queue_push (arrived, g_variant_get_child_value (body, 0));
  g_object_unref (message);
  return NULL;
}

static void
attach (int fd, GDBusConnectionFlags flags)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = NULL;
  g_autofree char *guid = g_dbus_generate_guid ();

  if (socket == NULL)
    crowd_die ("g_socket_new_from_fd");
  stream = g_socket_connection_factory_create_connection (socket);
  connection = g_dbus_connection_new_sync (
      G_IO_STREAM (stream), flags & G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER ? guid : NULL,
      flags | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING, NULL, NULL, &error);
  if (connection == NULL)
    crowd_die (error->message);
}

/* The handshake needs both ends at once, so it is done with the first message. */
static void
open_producer (void)
{
  if (connection != NULL)
    return;
  attach (fds[0], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT);
  g_dbus_connection_start_message_processing (connection);
}

static void
open_consumer (void)
{
  if (connection != NULL)
    return;
  arrived = g_async_queue_new ();
  attach (fds[1], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER);
  (void) g_dbus_connection_add_filter (connection, filter, NULL, NULL);
  g_dbus_connection_start_message_processing (connection);
}

static void
put (const void *message, gsize size)
{
  GVariant *bytes = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, message, size, 1);

  open_producer ();
  if (!g_dbus_connection_emit_signal (connection, NULL, PATH, INTERFACE, "Item",
                                      g_variant_new ("(@ay)", bytes), NULL))
    crowd_die ("g_dbus_connection_emit_signal");
  if (++n_put % FLUSH_EVERY == 0 && !g_dbus_connection_flush_sync (connection, NULL, NULL))
    crowd_die ("g_dbus_connection_flush_sync");
}

static void
get (void *message, gsize size)
{
  g_autoptr (GVariant) bytes = NULL;
  gconstpointer data;
  gsize data_size;

  open_consumer ();
  bytes = g_async_queue_pop (arrived);
  data = g_variant_get_fixed_array (bytes, &data_size, 1);
  if (data_size != size)
    crowd_die ("a message has another size");
  memcpy (message, data, size);
}

static void
end_producer (void)
{
  if (!g_dbus_connection_flush_sync (connection, NULL, NULL))
    crowd_die ("g_dbus_connection_flush_sync");
  (void) pause ();
}

int
main (int argc, char **argv)
{
  static const CrowdPeer gdbus = { .name = "gdbus",
                                   .is_one = TRUE,
                                   .largest = 64 * 1024 * 1024,
                                   .open = open_pair,
                                   .put = put,
                                   .get = get,
                                   .end_producer = end_producer };

  return crowd_main (argc, argv, &gdbus);
}
