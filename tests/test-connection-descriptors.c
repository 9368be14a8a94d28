/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * File descriptors inside messages.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "plumbing.h"
#include "support.h"

#define N_SENDERS 24
#define N_EACH 10
#define N_UNREAD 100

static void
send_value (GmprocConnection *out, GVariant *value)
{
  g_autoptr (GError) error = NULL;

  gmproc_connection_send (out, value, NULL, &error);
  g_assert_no_error (error);
}

static GVariant *
receive_value (GmprocConnection *in)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = gmproc_connection_receive (in, BOUND, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static GmprocDescriptor *
wrap (int fd)
{
  g_autoptr (GError) error = NULL;
  GmprocDescriptor *descriptor = gmproc_descriptor_new (fd, &error);

  g_assert_no_error (error);
  return descriptor;
}

static void
send_fd (GmprocConnection *out, int fd)
{
  g_autoptr (GmprocDescriptor) descriptor = wrap (fd);

  send_value (out, g_variant_new_handle (gmproc_descriptor_get_handle (descriptor)));
}

static int
receive_fd (GmprocConnection *in)
{
  g_autoptr (GVariant) value = receive_value (in);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocDescriptor) descriptor =
      gmproc_descriptor_from_handle (g_variant_get_handle (value), &error);
  int fd;

  g_assert_no_error (error);
  fd = (int) gmproc_descriptor_steal (descriptor);
  g_assert_cmpint (gmproc_descriptor_get (descriptor), ==, -1);
  return fd;
}

/* Writes to whatever file it is sent. */
GMPROC_DEFINE_TARGET (write_hello)
{
  g_autoptr (GmprocConnection) peer = open_handle (g_variant_get_handle (args));
  int fd = receive_fd (peer);

  g_assert_cmpint (write (fd, "hello", 5), ==, 5);
  g_assert_cmpint (close (fd), ==, 0);
  return EXIT_SUCCESS;
}

static void
check_file (int wanted_fd)
{
  g_autofree char *path = NULL;
  g_autofree char *contents = NULL;
  GmprocProcess *process;
  Pipe pipe;
  int fd = g_file_open_tmp ("gmproc-XXXXXX", &path, NULL);

  g_assert_cmpint (write (fd, "> ", 2), ==, 2);
  if (wanted_fd >= 0)
    {
      g_assert_cmpint (dup2 (fd, wanted_fd), ==, wanted_fd);
      g_assert_cmpint (close (fd), ==, 0);
      fd = wanted_fd;
    }
  pipe_init (&pipe, TRUE);
  process = start_with_second (&pipe, write_hello);
  send_fd (pipe.first, fd);
  g_assert_cmpint (close (fd), ==, 0);
  join (process, EXIT_SUCCESS);
  g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
  g_assert_cmpstr (contents, ==, "> hello");
  g_assert_cmpint (g_unlink (path), ==, 0);
  pipe_clear (&pipe);
}

/* PI-05: it is the same open file, with its position. */
static void
test_descriptor (void)
{
  check_file (-1);
}

/* PI-06: whatever its number is. */
static void
test_large_descriptor (void)
{
  check_file (300);
}

/* PI-14: a socket too. */
GMPROC_DEFINE_TARGET (use_socket)
{
  g_autoptr (GmprocConnection) peer = open_handle (g_variant_get_handle (args));
  int fd = receive_fd (peer);
  char buffer[4];

  g_assert_cmpint (recv (fd, buffer, sizeof buffer, MSG_WAITALL), ==, 4);
  g_assert_cmpint (send (fd, buffer, sizeof buffer, 0), ==, 4);
  g_assert_cmpint (close (fd), ==, 0);
  return EXIT_SUCCESS;
}

static void
test_socket (void)
{
  GmprocProcess *process;
  int fds[2];
  char buffer[4];
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  process = start_with_second (&pipe, use_socket);
  send_fd (pipe.first, fds[1]);
  g_assert_cmpint (close (fds[1]), ==, 0);
  g_assert_cmpint (send (fds[0], "ping", 4, 0), ==, 4);
  g_assert_cmpint (recv (fds[0], buffer, sizeof buffer, MSG_WAITALL), ==, 4);
  g_assert_cmpmem (buffer, 4, "ping", 4);
  join (process, EXIT_SUCCESS);
  g_assert_cmpint (close (fds[0]), ==, 0);
  pipe_clear (&pipe);
}

static void
test_bad_descriptor (void)
{
  static const gintptr bad[] = { -1, -7, 99999, (gintptr) G_MAXINT32 + 1 };
  g_autoptr (GmprocDescriptor) stolen = wrap (0);
  g_autoptr (GError) error = NULL;
  Pipe pipe;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_null (gmproc_descriptor_new (bad[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  pipe_init (&pipe, TRUE);
  g_assert_cmpint (close ((int) gmproc_descriptor_steal (stolen)), ==, 0);
  g_assert_false (gmproc_connection_send (
      pipe.first, g_variant_new_handle (gmproc_descriptor_get_handle (stolen)), NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  pipe_clear (&pipe);
}

/* Sends at the same moment as the others. */
GMPROC_DEFINE_TARGET (send_with_others)
{
  gint32 end_handle, number, ready_handle;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GmprocBarrier) ready = NULL;

  g_variant_get (args, "(hih)", &end_handle, &number, &ready_handle);
  out = open_handle (end_handle);
  ready = gmproc_barrier_from_handle (ready_handle, NULL);
  g_assert_nonnull (ready);
  for (int i = 0; i < N_EACH; i++)
    {
      int fds[2];
      g_autoptr (GmprocDescriptor) descriptor = NULL;

      g_assert_cmpint (pipe (fds), ==, 0);
      g_assert_cmpint (write (fds[1], &number, sizeof number), ==, sizeof number);
      g_assert_cmpint (close (fds[1]), ==, 0);
      descriptor = wrap (fds[0]);
      g_assert_cmpint (close (fds[0]), ==, 0);
      g_assert_cmpint (gmproc_barrier_wait (ready, BOUND, NULL, NULL), >=, 0);
      send_value (out, g_variant_new ("(ih)", number, gmproc_descriptor_get_handle (descriptor)));
    }
  return EXIT_SUCCESS;
}

/* More processes than were ever kept descriptors of send through one end at the same moment:
 * packets and messages mix, and each message gets its own. */
static void
test_many_senders (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBarrier) ready = gmproc_barrier_new (N_SENDERS, &error);
  GmprocProcess *processes[N_SENDERS];
  Pipe pipe;

  g_assert_no_error (error);
  pipe_init (&pipe, TRUE);
  for (int i = 0; i < N_SENDERS; i++)
    processes[i] =
        start (send_with_others, g_variant_new ("(hih)", gmproc_connection_get_handle (pipe.second),
                                                i, gmproc_barrier_get_handle (ready)));
  for (int i = 0; i < N_SENDERS * N_EACH; i++)
    {
      g_autoptr (GVariant) value = receive_value (pipe.first);
      g_autoptr (GmprocDescriptor) descriptor = NULL;
      gint32 number, handle, in_pipe = -1;

      g_variant_get (value, "(ih)", &number, &handle);
      descriptor = gmproc_descriptor_from_handle (handle, &error);
      g_assert_no_error (error);
      g_assert_cmpint (read ((int) gmproc_descriptor_get (descriptor), &in_pipe, sizeof in_pipe),
                       ==, sizeof in_pipe);
      g_assert_cmpint (in_pipe, ==, number);
    }
  for (int i = 0; i < N_SENDERS; i++)
    join (processes[i], EXIT_SUCCESS);
  pipe_clear (&pipe);
}

/* Messages that nobody has received yet keep their descriptors, however many they are. */
static void
test_unread (void)
{
  Pipe ends;

  pipe_init (&ends, TRUE);
  for (gint32 i = 0; i < N_UNREAD; i++)
    {
      int fds[2];

      g_assert_cmpint (pipe (fds), ==, 0);
      g_assert_cmpint (write (fds[1], &i, sizeof i), ==, sizeof i);
      g_assert_cmpint (close (fds[1]), ==, 0);
      send_fd (ends.first, fds[0]);
      g_assert_cmpint (close (fds[0]), ==, 0);
    }
  for (gint32 i = 0; i < N_UNREAD; i++)
    {
      int fd = receive_fd (ends.second);
      gint32 number = -1;

      g_assert_cmpint (read (fd, &number, sizeof number), ==, sizeof number);
      g_assert_cmpint (number, ==, i);
      g_assert_cmpint (close (fd), ==, 0);
    }
  pipe_clear (&ends);
}

/* As many as fit, and one more. */
static void
test_most_descriptors (void)
{
  g_autoptr (GPtrArray) descriptors = g_ptr_array_new_with_free_func (g_object_unref);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ah"));
  g_autoptr (GVariant) all G_GNUC_UNUSED = NULL;
  g_autoptr (GVariant) got = NULL;
  g_autoptr (GError) error = NULL;
  Pipe pipe;

  for (int i = 0; i < 251; i++)
    g_ptr_array_add (descriptors, wrap (0));
  pipe_init (&pipe, TRUE);
  for (int i = 0; i < 251; i++)
    g_variant_builder_add (&builder, "h", gmproc_descriptor_get_handle (descriptors->pdata[i]));
  g_assert_false (
      gmproc_connection_send (pipe.first, g_variant_builder_end (&builder), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("ah"));
  for (int i = 0; i < 250; i++)
    g_variant_builder_add (&builder, "h", gmproc_descriptor_get_handle (descriptors->pdata[i]));
  send_value (pipe.first, g_variant_builder_end (&builder));
  g_ptr_array_set_size (descriptors, 0);
  got = receive_value (pipe.second);
  g_assert_cmpuint (g_variant_n_children (got), ==, 250);
  for (gsize i = 0; i < 250; i++)
    {
      gint32 handle;

      g_variant_get_child (got, i, "h", &handle);
      g_ptr_array_add (descriptors, gmproc_descriptor_from_handle (handle, NULL));
      g_assert_cmpint (gmproc_descriptor_get (g_ptr_array_index (descriptors, i)), >, 2);
    }
  pipe_clear (&pipe);
}

/* PI-07: descriptors for which this process has no room: that message fails, the next comes. */
static void
test_no_room (void)
{
  struct rlimit limit, low;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  int next;
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  send_fd (pipe.first, 0);
  send_value (pipe.first, g_variant_new_int32 (7));
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  next = dup (0);
  g_assert_cmpint (close (next), ==, 0);
  low = (struct rlimit){ (rlim_t) next, limit.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  g_assert_null (gmproc_connection_receive (pipe.second, BOUND, NULL, &error));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  value = receive_value (pipe.second);
  g_assert_cmpint (g_variant_get_int32 (value), ==, 7);
  pipe_clear (&pipe);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/connection-descriptors/PI-05/descriptor", test_descriptor);
  gmproc_test_add ("/connection-descriptors/PI-06/large-number", test_large_descriptor);
  gmproc_test_add ("/connection-descriptors/PI-14/socket", test_socket);
  gmproc_test_add ("/connection-descriptors/bad-descriptor", test_bad_descriptor);
  gmproc_test_add ("/connection-descriptors/many-senders", test_many_senders);
  gmproc_test_add ("/connection-descriptors/unread", test_unread);
  gmproc_test_add ("/connection-descriptors/most", test_most_descriptors);
  gmproc_test_add ("/connection-descriptors/PI-07/no-room", test_no_room);
  return g_test_run ();
}
