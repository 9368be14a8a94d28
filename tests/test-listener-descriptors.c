/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Descriptors between programs that are no relatives, over a Unix socket; what cannot go there; and
 * peers that send what they should not.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "strangers.h"
#include "support.h"

#define N_UNREAD 40
#define MOST 250 /* that one message takes, and that are held for one connection */

/* -- two ends of a socket ---------------------------------------------------------------------- */

typedef struct
{
  char *folder;
  GmprocListener *listener;
  GmprocConnection *served;
  GmprocConnection *client;
} Pair;

static void
pair_init_at (Pair *self, GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  Client client = { NULL, NULL, NULL, NULL };
  GThread *thread;

  self->listener = listener_new (address, NULL);
  client.address = gmproc_listener_get_address (self->listener);
  thread = g_thread_new ("client", run_client, &client);
  self->served = gmproc_listener_accept (self->listener, BOUND, NULL, &error);
  g_thread_join (thread);
  g_assert_no_error (error);
  g_assert_no_error (client.error);
  self->client = client.connection;
}

static void
pair_init (Pair *self)
{
  g_autoptr (GSocketAddress) address = make_address (&self->folder);

  pair_init_at (self, address);
}

static void
pair_clear (Pair *self)
{
  gmproc_listener_close (self->listener);
  g_clear_object (&self->listener);
  g_clear_object (&self->served);
  g_clear_object (&self->client);
  if (self->folder != NULL)
    remove_folder (g_steal_pointer (&self->folder));
}

/* Gives *WRITER away as an object. What is at *READER's end shows where it went. */
static GmprocDescriptor *
wrap_pipe (int *ret_reader)
{
  g_autoptr (GError) error = NULL;
  GmprocDescriptor *descriptor;
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  descriptor = gmproc_descriptor_new (fds[1], &error);
  g_assert_no_error (error);
  g_assert_cmpint (close (fds[1]), ==, 0);
  *ret_reader = fds[0];
  return descriptor;
}

/* Sends the writing end of a new pipe, and gives the reading end. */
static int
send_pipe (GmprocConnection *out, gint32 number)
{
  g_autoptr (GError) error = NULL;
  int reader;
  g_autoptr (GmprocDescriptor) descriptor = wrap_pipe (&reader);

  gmproc_connection_send (
      out, g_variant_new ("(ih)", number, gmproc_descriptor_get_handle (descriptor)), NULL, &error);
  g_assert_no_error (error);
  return reader;
}

static int
receive_pipe (GmprocConnection *in, gint32 number)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = gmproc_connection_receive (in, BOUND, NULL, &error);
  g_autoptr (GmprocDescriptor) descriptor = NULL;
  gint32 came, handle;

  g_assert_no_error (error);
  g_variant_get (value, "(ih)", &came, &handle);
  g_assert_cmpint (came, ==, number);
  descriptor = gmproc_descriptor_from_handle (handle, &error);
  g_assert_no_error (error);
  return (int) gmproc_descriptor_steal (descriptor);
}

static void
check_is_pipe (int writer, int reader)
{
  char byte = 0;

  g_assert_cmpint (write (writer, "x", 1), ==, 1);
  g_assert_cmpint (read (reader, &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, 'x');
  g_assert_cmpint (close (writer), ==, 0);
  g_assert_cmpint (read (reader, &byte, 1), ==, 0);
  g_assert_cmpint (close (reader), ==, 0);
}

/* Nobody has the writing end any more. */
static void
check_is_gone (int reader)
{
  char byte;

  g_assert_cmpint (read (reader, &byte, 1), ==, 0);
  g_assert_cmpint (close (reader), ==, 0);
}

/* -- what goes --------------------------------------------------------------------------------- */

GMPROC_DEFINE_TARGET (connect_and_write)
{
  g_autoptr (GSocketAddress) address =
      g_unix_socket_address_new (g_variant_get_string (args, NULL));
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocConnection) connection = gmproc_connect (address, NULL, BOUND, NULL, &error);
  int fd;

  g_assert_no_error (error);
  fd = receive_pipe (connection, 5);
  g_assert_cmpint (write (fd, "hello", 5), ==, 5);
  g_assert_cmpint (close (fd), ==, 0);
  return EXIT_SUCCESS;
}

/* PI-05: another process finds the listener by its address alone, and writes to the same file. */
static void
test_other_process (void)
{
  char *folder;
  g_autoptr (GSocketAddress) address = make_address (&folder);
  g_autoptr (GmprocListener) listener = listener_new (address, NULL);
  GmprocProcess *process = start (
      connect_and_write,
      g_variant_new_string (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address))));
  g_autoptr (GmprocConnection) served = gmproc_listener_accept (listener, BOUND, NULL, NULL);
  char buffer[6] = "";
  int reader = send_pipe (served, 5);

  join (process, EXIT_SUCCESS);
  g_assert_cmpint (read (reader, buffer, 5), ==, 5);
  g_assert_cmpstr (buffer, ==, "hello");
  check_is_gone (reader);
  gmproc_listener_close (listener);
  remove_folder (folder);
}

/* Messages with and without wait for their receiver: each gets what belongs to it. */
static void
test_unread (void)
{
  g_autoptr (GBytes) between = make_bytes (3000, 7);
  int readers[N_UNREAD];
  Pair pair = { NULL, NULL, NULL, NULL };

  pair_init (&pair);
  for (int i = 0; i < N_UNREAD; i++)
    {
      readers[i] = send_pipe (pair.client, i);
      if (i % 3 == 0)
        send_bytes (pair.client, between);
    }
  for (int i = 0; i < N_UNREAD; i++)
    {
      check_is_pipe (receive_pipe (pair.served, i), readers[i]);
      if (i % 3 == 0)
        receive_bytes (pair.served, between);
    }
  pair_clear (&pair);
}

/* As many as one message takes, and one more, which is refused before anything is sent. */
static void
test_most (void)
{
  int reader;
  g_autoptr (GmprocDescriptor) descriptor = wrap_pipe (&reader);
  g_autoptr (GPtrArray) descriptors = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  Pair pair = { NULL, NULL, NULL, NULL };

  for (int i = 0; i <= MOST; i++)
    g_ptr_array_add (descriptors, gmproc_descriptor_new (gmproc_descriptor_get (descriptor), NULL));
  pair_init (&pair);
  for (int n = MOST + 1; n >= MOST; n--)
    {
      g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ah"));

      for (int i = 0; i < n; i++)
        g_variant_builder_add (&builder, "h", gmproc_descriptor_get_handle (descriptors->pdata[i]));
      g_assert_true (
          gmproc_connection_send (pair.client, g_variant_builder_end (&builder), NULL, &error)
          == (n == MOST));
      if (n == MOST)
        break;
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "250"));
      g_clear_error (&error);
      g_assert_false (gmproc_connection_poll (pair.served, 0, NULL, NULL));
    }
  g_ptr_array_set_size (descriptors, 0);
  g_clear_object (&descriptor);
  {
    g_autoptr (GVariant) value = gmproc_connection_receive (pair.served, BOUND, NULL, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (g_variant_n_children (value), ==, MOST);
    for (gsize i = 0; i < MOST; i++)
      {
        g_autoptr (GmprocDescriptor) copy = NULL;
        gint32 handle;

        g_variant_get_child (value, i, "h", &handle);
        copy = gmproc_descriptor_from_handle (handle, &error);
        g_assert_no_error (error);
        if (i == 0)
          g_assert_cmpint (write ((int) gmproc_descriptor_get (copy), "x", 1), ==, 1);
      }
  }
  {
    char byte;

    g_assert_cmpint (read (reader, &byte, 1), ==, 1);
    check_is_gone (reader);
  }
  pair_clear (&pair);
}

static void
count_sent (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_connection_send_finish (GMPROC_CONNECTION (object), result, &error));
  g_assert_no_error (error);
  ++*(int *) user_data;
}

/* A message that the socket has no room for takes its descriptor along once, when it begins. */
static void
test_full (void)
{
  g_autoptr (GBytes) large = make_bytes (LARGE, 1);
  int reader, n_sent = 0;
  g_autoptr (GmprocDescriptor) descriptor = wrap_pipe (&reader);
  Pair pair = { NULL, NULL, NULL, NULL };
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) bytes = NULL;
  gint32 handle;

  pair_init (&pair);
  for (int i = 0; i < 2; i++)
    gmproc_connection_send_async (
        pair.client,
        g_variant_new ("(@ayh)", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, large, TRUE),
                       gmproc_descriptor_get_handle (descriptor)),
        NULL, count_sent, &n_sent);
  g_clear_object (&descriptor);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      while (value == NULL)
        {
          g_clear_error (&error);
          g_main_context_iteration (NULL, FALSE);
          value = gmproc_connection_receive (pair.served, 0, NULL, &error);
          g_assert_true (value != NULL
                         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
        }
      g_variant_get (value, "(@ayh)", &bytes, &handle);
      g_assert_cmpuint (g_variant_get_size (bytes), ==, LARGE);
      g_clear_pointer (&bytes, g_variant_unref);
      g_clear_pointer (&value, g_variant_unref);
      descriptor = gmproc_descriptor_from_handle (handle, &error);
      g_assert_no_error (error);
      g_clear_object (&descriptor);
    }
  run_until (&n_sent, 2, "the end of the sends");
  check_is_gone (reader);
  pair_clear (&pair);
}

/* -- what does not ----------------------------------------------------------------------------- */

static void
check_refused (Pair *pair, gint32 handle, const char *word)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (
      gmproc_connection_send (pair->client, g_variant_new_handle (handle), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_false (gmproc_connection_poll (pair->served, 0, NULL, NULL));
}

/* Objects that live in shared memory stay in the family; over TCP nothing goes. */
static void
test_refused (void)
{
  g_autoptr (GmprocEvent) event = gmproc_event_new (NULL);
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, NULL);
  g_autoptr (GmprocDescriptor) descriptor = gmproc_descriptor_new (0, NULL);
  g_autoptr (GSocketAddress) tcp = make_tcp_address ();
  Pair pair = { NULL, NULL, NULL, NULL };

  pair_init (&pair);
  check_refused (&pair, gmproc_event_get_handle (event), "GmprocEvent");
  check_refused (&pair, gmproc_queue_get_handle (queue), "GmprocQueue");
  check_refused (&pair, gmproc_connection_get_handle (pair.client), "GmprocConnection");
  pair_clear (&pair);
  pair_init_at (&pair, tcp);
  check_refused (&pair, gmproc_event_get_handle (event), "TCP");
  check_refused (&pair, gmproc_descriptor_get_handle (descriptor), "TCP");
  pair_clear (&pair);
}

/* -- peers that do not behave ------------------------------------------------------------------ */

/* The messages of link.h, as a peer without the library writes them. */
static GByteArray *
make_message (char kind, GVariant *value)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (value);
  const char *type = g_variant_get_type_string (sunk);
  guint64 size =
      kind == 'B' ? g_variant_get_size (sunk) : g_variant_get_size (sunk) + 1 + strlen (type);
  guint32 head[2] = { (guint32) kind, 0 };
  GByteArray *message = g_byte_array_new ();

  g_byte_array_append (message, (const guint8 *) head, sizeof head);
  g_byte_array_append (message, (const guint8 *) &size, sizeof size);
  g_byte_array_append (message, g_variant_get_data (sunk), (guint) g_variant_get_size (sunk));
  if (kind != 'B')
    g_byte_array_append (message, (const guint8 *) "", 1);
  if (kind != 'B')
    g_byte_array_append (message, (const guint8 *) type, (guint) strlen (type));
  while (message->len < 128)
    g_byte_array_append (message, (const guint8 *) "", 1);
  return message;
}

/* One object of CLASS, the descriptor of index INDEX, and COUNT as what the message says came. */
static GByteArray *
make_envelope (const char *class, gint32 index, guint64 count)
{
  GVariant *ticket =
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, &count, sizeof count, sizeof (guint8));

  return make_message ('E', g_variant_new ("(@ayv@a(sv))", ticket, g_variant_new ("(ih)", 5, 0),
                                           g_variant_new_parsed ("[(%s, <%i>)]", class, index)));
}

/* Takes MESSAGE and, with its first byte, copies of FD. */
static void
raw_send_with (GSocket *socket, GByteArray *message, int fd, guint n_copies)
{
  g_autoptr (GByteArray) owned = message;
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int) * 253)];
  } control;
  struct iovec vector = { owned->data, owned->len };
  struct msghdr whole = { .msg_iov = &vector, .msg_iovlen = 1 };

  if (n_copies > 0)
    {
      memset (&control, 0, sizeof control);
      whole.msg_control = &control;
      whole.msg_controllen = CMSG_SPACE (sizeof fd * n_copies);
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (sizeof fd * n_copies);
      for (guint i = 0; i < n_copies; i++)
        memcpy (CMSG_DATA (&control.header) + i * sizeof fd, &fd, sizeof fd);
    }
  g_assert_cmpint (sendmsg (g_socket_get_fd (socket), &whole, MSG_NOSIGNAL), ==, owned->len);
}

typedef struct
{
  char *folder;
  GmprocListener *listener;
  GmprocConnection *served;
  GSocket *peer;
} Raw;

static void
raw_init (Raw *self)
{
  g_autoptr (GSocketAddress) address = make_address (&self->folder);
  g_autoptr (GError) error = NULL;

  self->listener = listener_new (address, NULL);
  self->peer = raw_connect (address);
  self->served = gmproc_listener_accept (self->listener, BOUND, NULL, &error);
  g_assert_no_error (error);
}

static void
raw_clear (Raw *self)
{
  gmproc_listener_close (self->listener);
  g_object_unref (self->listener);
  g_clear_object (&self->served);
  g_object_unref (self->peer);
  remove_folder (self->folder);
}

static void
check_bad (Raw *raw, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_connection_receive (raw->served, BOUND, NULL, &error));
  if (code == GMPROC_ERROR_BAD_MESSAGE)
    g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
}

/* PI-07: each of these costs its own message, and leaves nothing open. */
static void
test_hostile (void)
{
  g_autoptr (GBytes) bytes = NULL;
  int fds[2], good;
  Raw raw;

  g_assert_cmpint (pipe (fds), ==, 0);
  raw_init (&raw);
  raw_send_with (raw.peer, make_envelope ("GmprocDescriptor", 0, 1), fds[1], 0);
  raw_send_with (raw.peer, make_envelope ("GmprocDescriptor", 0, 0), fds[1], 1);
  raw_send_with (raw.peer, make_envelope ("GmprocDescriptor", 1, 1), fds[1], 1);
  raw_send_with (raw.peer, make_envelope ("GmprocDescriptor", -1, 1), fds[1], 1);
  raw_send_with (raw.peer, make_envelope ("GmprocDescriptor", 0, G_MAXUINT64), fds[1], 200);
  raw_send_with (raw.peer, make_envelope ("GmprocEvent", 0, 1), fds[1], 1);
  raw_send_with (raw.peer, make_envelope ("GmprocConnection", 0, 1), fds[1], 1);
  raw_send_with (raw.peer, make_envelope ("GObject", 0, 1), fds[1], 1);
  raw_send_with (raw.peer, make_message ('E', g_variant_new_int32 (7)), fds[1], 9);
  raw_send_with (raw.peer, make_message ('V', g_variant_new ("(mi)", FALSE, 0)), fds[1], 9);
  raw_send_with (raw.peer, make_message ('B', g_variant_new_int32 (7)), fds[1], 253);
  raw_send_with (raw.peer, make_message ('B', g_variant_new_int32 (7)), fds[1], 0);
  raw_send_with (raw.peer, make_envelope ("GmprocDescriptor", 0, 253), fds[1], 253);
  raw_send_with (raw.peer, make_envelope ("GmprocDescriptor", 0, 1), fds[1], 1);
  g_assert_cmpint (close (fds[1]), ==, 0);

  for (int i = 0; i < 9; i++)
    check_bad (&raw, GMPROC_ERROR_BAD_MESSAGE);
  {
    g_autoptr (GVariant) value = gmproc_connection_receive (raw.served, BOUND, NULL, NULL);
    guint8 buffer[4];
    gsize size;

    g_assert_cmpstr (g_variant_get_type_string (value), ==, "(mi)");
    bytes = gmproc_connection_receive_bytes (raw.served, BOUND, NULL, NULL);
    g_assert_cmpuint (g_bytes_get_size (bytes), ==, 4);
    g_assert_true (gmproc_connection_receive_into (raw.served, buffer, sizeof buffer, 0, &size,
                                                   BOUND, NULL, NULL));
  }
  check_bad (&raw, -1); /* more than there may be */
  good = receive_pipe (raw.served, 5);
  check_is_pipe (good, fds[0]);
  raw_clear (&raw);
}

/* More objects than descriptors came would cost a duplicate each. */
static void
test_multiplied (void)
{
  guint64 count = 1;
  GVariantBuilder builder;
  int fds[2];
  Raw raw;

  g_assert_cmpint (pipe (fds), ==, 0);
  raw_init (&raw);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sv)"));
  for (int i = 0; i < 2; i++)
    g_variant_builder_add (&builder, "(sv)", "GmprocDescriptor", g_variant_new_int32 (0));
  raw_send_with (
      raw.peer,
      make_message ('E', g_variant_new ("(@ayva(sv))",
                                        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, &count,
                                                                   sizeof count, sizeof (guint8)),
                                        g_variant_new_int32 (0), &builder)),
      fds[1], 1);
  g_assert_cmpint (close (fds[1]), ==, 0);
  check_bad (&raw, GMPROC_ERROR_BAD_MESSAGE);
  check_is_gone (fds[0]);
  raw_clear (&raw);
}

/* A peer cannot fill this process with descriptors that nobody asks for. */
static void
test_not_asked (void)
{
  int readers[MOST + 2], last;
  Raw raw;

  raw_init (&raw);
  for (int i = 0; i < MOST + 2; i++)
    {
      g_autoptr (GVariant) value = NULL;
      int fds[2];

      g_assert_cmpint (pipe (fds), ==, 0);
      readers[i] = fds[0];
      raw_send_with (raw.peer, make_envelope ("GmprocDescriptor", 0, 1), fds[1], 1);
      g_assert_cmpint (close (fds[1]), ==, 0);
      value = gmproc_connection_receive (raw.served, BOUND, NULL, NULL);
      g_assert_nonnull (value);
      if (i == MOST + 1)
        {
          g_autoptr (GmprocDescriptor) asked = NULL;
          gint32 handle;

          g_variant_get (value, "(ih)", NULL, &handle);
          asked = gmproc_descriptor_from_handle (handle, NULL);
          last = (int) gmproc_descriptor_steal (asked);
        }
    }
  check_is_gone (readers[0]);
  check_is_gone (readers[1]);
  g_clear_object (&raw.served);
  for (int i = 2; i <= MOST; i++)
    check_is_gone (readers[i]);
  check_is_pipe (last, readers[MOST + 1]);
  raw_clear (&raw);
}

/* PI-07: no room for them here: that message fails, and the next one comes. */
static void
test_no_room (void)
{
  struct rlimit limit, low;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  Pair pair = { NULL, NULL, NULL, NULL };
  int reader, next;

  pair_init (&pair);
  reader = send_pipe (pair.client, 1);
  g_assert_true (gmproc_connection_send (pair.client, g_variant_new_int32 (7), NULL, NULL));
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  next = dup (0);
  g_assert_cmpint (close (next), ==, 0);
  low = (struct rlimit){ (rlim_t) next, limit.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  /* Waiting would take a descriptor: the message is here. */
  g_assert_null (gmproc_connection_receive (pair.served, 0, NULL, &error));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  check_is_gone (reader);
  value = gmproc_connection_receive (pair.served, BOUND, NULL, NULL);
  g_assert_cmpint (g_variant_get_int32 (value), ==, 7);
  pair_clear (&pair);
}

static void
warm_up_sockets (void)
{
  warm_up ();
  test_unread ();
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_sockets);
  gmproc_test_add ("/listener-descriptors/PI-05/other-process", test_other_process);
  gmproc_test_add ("/listener-descriptors/unread", test_unread);
  gmproc_test_add ("/listener-descriptors/most", test_most);
  gmproc_test_add ("/listener-descriptors/full", test_full);
  gmproc_test_add ("/listener-descriptors/refused", test_refused);
  gmproc_test_add ("/listener-descriptors/PI-07/hostile", test_hostile);
  gmproc_test_add ("/listener-descriptors/multiplied", test_multiplied);
  gmproc_test_add ("/listener-descriptors/not-asked", test_not_asked);
  gmproc_test_add ("/listener-descriptors/PI-07/no-room", test_no_room);
  return g_test_run ();
}
