/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "peer.h"
#include "../support.h"

#include <stdlib.h>
#include <string.h>

#define N_VECTORS 5000
#define N_BYTES 20000
#define LARGE (1024 * 1024) /* more than any channel holds */

/* Both ends of a channel in this process. */
typedef struct
{
  GmprocPortChannel in;
  GmprocPortChannel out;
} Ends;

typedef gboolean (*NewChannel) (gintptr *ret_in, gintptr *ret_out, GError **error);

static void
ends_open (Ends *ends, NewChannel new_channel)
{
  g_autoptr (GError) error = NULL;
  gintptr in, out;

  new_channel (&in, &out, &error);
  g_assert_no_error (error);
  gmproc_port_channel_attach (&ends->in, in, &error);
  g_assert_no_error (error);
  gmproc_port_channel_attach (&ends->out, out, &error);
  g_assert_no_error (error);
}

static void
ends_close (Ends *ends)
{
  gmproc_port_channel_detach (&ends->in);
  gmproc_port_channel_detach (&ends->out);
}

static void
write_all (GmprocPortChannel *channel, const char *text, gsize size)
{
  while (size > 0)
    {
      GOutputVector vector = { text, size };
      g_autoptr (GError) error = NULL;
      gssize n_written =
          gmproc_port_channel_write (channel, &vector, 1, peer_far_deadline (), NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (n_written, >, 0);
      text += n_written;
      size -= (gsize) n_written;
    }
}

static void
read_all (GmprocPortChannel *channel, char *buffer, gsize size)
{
  while (size > 0)
    {
      g_autoptr (GError) error = NULL;
      gssize n_read =
          gmproc_port_channel_read (channel, buffer, size, peer_far_deadline (), NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (n_read, >, 0);
      buffer += n_read;
      size -= (gsize) n_read;
    }
}

static void
check_passes (GmprocPortChannel *from, GmprocPortChannel *to)
{
  char buffer[5];

  write_all (from, "hello", 5);
  g_assert_true (gmproc_port_channel_poll (to, 0, NULL, NULL));
  read_all (to, buffer, sizeof buffer);
  g_assert_cmpmem (buffer, sizeof buffer, "hello", 5);
}

static void
test_pipe_passes_one_way (void)
{
  Ends ends;

  ends_open (&ends, gmproc_port_channel_new_pipe);
  check_passes (&ends.out, &ends.in);
  ends_close (&ends);
}

/* Gives how much went in, in the order 0, 1, 2, ... of bytes. */
static gsize
fill (GmprocPortChannel *channel, const guint8 *pattern)
{
  gsize n_in = 0;

  for (;;)
    {
      GOutputVector vector = { pattern + n_in, LARGE - n_in };
      g_autoptr (GError) error = NULL;
      gssize n_written = gmproc_port_channel_write (channel, &vector, 1, 0, NULL, &error);

      if (n_written == -1)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
          return n_in;
        }
      n_in += (gsize) n_written;
      g_assert_cmpuint (n_in, <, LARGE);
    }
}

static void
check_full (NewChannel new_channel)
{
  g_autofree guint8 *pattern = g_malloc (LARGE);
  g_autofree guint8 *received = g_malloc (LARGE);
  g_autoptr (GError) error = NULL;
  gsize n_in;
  Ends ends;

  for (gsize i = 0; i < LARGE; i++)
    pattern[i] = (guint8) (i * 7 + i / 251);
  ends_open (&ends, new_channel);
  n_in = fill (&ends.out, pattern);
  g_assert_cmpuint (n_in, >, 0);

  read_all (&ends.in, (char *) received, n_in);
  g_assert_cmpmem (received, n_in, pattern, n_in);
  g_assert_cmpint (gmproc_port_channel_read (&ends.in, received, 1, 0, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  ends_close (&ends);
}

static void
test_full_channel_takes_a_part (void)
{
  check_full (gmproc_port_channel_new_pipe);
}

static gpointer
drain (gpointer data)
{
  GmprocPortChannel *channel = data;
  g_autofree char *buffer = g_malloc (LARGE);

  read_all (channel, buffer, LARGE);
  return NULL;
}

/* A writer that waits goes on when a reader makes room. */
static void
test_waiting_writer_goes_on (void)
{
  g_autofree char *zeros = g_malloc0 (LARGE);
  GThread *reader;
  Ends ends;

  ends_open (&ends, gmproc_port_channel_new_pipe);
  reader = g_thread_new ("reader", drain, &ends.in);
  write_all (&ends.out, zeros, LARGE);
  g_thread_join (reader);
  ends_close (&ends);
}

/* The signal would end this process, because nothing here ignores it. */
static void
check_no_reader (NewChannel new_channel)
{
  GOutputVector vector = { "x", 1 };
  Ends ends;

  ends_open (&ends, new_channel);
  gmproc_port_channel_detach (&ends.in);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (gmproc_port_channel_write (&ends.out, &vector, 1, 0, NULL, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
    }
  ends_close (&ends);
}

static void
test_reader_gone (void)
{
  check_no_reader (gmproc_port_channel_new_pipe);
}

static gpointer
close_reader (gpointer data)
{
  gmproc_port_channel_detach (data);
  return NULL;
}

/* The reader goes while the writer waits for room. */
static void
test_reader_goes_while_writing (void)
{
  g_autofree guint8 *pattern = g_malloc0 (LARGE);
  GOutputVector vector = { pattern, LARGE };
  g_autoptr (GError) error = NULL;
  GThread *thread;
  Ends ends;

  ends_open (&ends, gmproc_port_channel_new_pipe);
  (void) fill (&ends.out, pattern);
  thread = g_thread_new ("closer", close_reader, &ends.in);
  g_assert_cmpint (
      gmproc_port_channel_write (&ends.out, &vector, 1, peer_far_deadline (), NULL, &error), ==,
      -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_thread_join (thread);
  ends_close (&ends);
}

static void
check_end (NewChannel new_channel)
{
  g_autoptr (GError) error = NULL;
  char buffer[8];
  Ends ends;

  ends_open (&ends, new_channel);
  write_all (&ends.out, "last", 4);
  gmproc_port_channel_detach (&ends.out);

  read_all (&ends.in, buffer, 4);
  for (int i = 0; i < 2; i++)
    {
      g_assert_true (gmproc_port_channel_poll (&ends.in, 0, NULL, &error));
      g_assert_cmpint (gmproc_port_channel_read (&ends.in, buffer, sizeof buffer, 0, NULL, &error),
                       ==, 0);
      g_assert_no_error (error);
    }
  ends_close (&ends);
}

static void
test_end_comes_after_the_data (void)
{
  check_end (gmproc_port_channel_new_pipe);
}

/* GM-12, as far as one process can see: the time is that of the monotonic clock. */
static void
test_deadline_is_kept (void)
{
  const gint64 wait = 50 * G_TIME_SPAN_MILLISECOND;
  gint64 deadline = g_get_monotonic_time () + wait;
  g_autoptr (GError) error = NULL;
  char byte;
  Ends ends;

  ends_open (&ends, gmproc_port_channel_new_pipe);
  g_assert_cmpint (gmproc_port_channel_read (&ends.in, &byte, 1, deadline, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline);
  g_clear_error (&error);

  deadline = g_get_monotonic_time () + wait;
  g_assert_false (gmproc_port_channel_poll (&ends.in, deadline, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline);
  g_clear_error (&error);

  g_assert_false (gmproc_port_channel_poll (&ends.in, G_MININT64, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  ends_close (&ends);
}

static gpointer
cancel (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

/* GM-16: each call, cancelled by another thread while it waits or just before. */
static void
test_cancel_from_another_thread (void)
{
  g_autofree guint8 *pattern = g_malloc0 (LARGE);
  GOutputVector vector = { pattern, LARGE };
  char byte;
  Ends ends;

  ends_open (&ends, gmproc_port_channel_new_pipe);
  for (int call = 0; call < 3; call++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      gint64 deadline = call == 0 ? GMPROC_PORT_FOREVER : peer_far_deadline ();
      GThread *thread;

      if (call == 2)
        (void) fill (&ends.out, pattern);
      thread = g_thread_new ("cancel", cancel, cancellable);
      if (call == 0)
        gmproc_port_channel_read (&ends.in, &byte, 1, deadline, cancellable, &error);
      else if (call == 1)
        gmproc_port_channel_poll (&ends.in, deadline, cancellable, &error);
      else
        gmproc_port_channel_write (&ends.out, &vector, 1, deadline, cancellable, &error);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);
    }
  ends_close (&ends);
}

static void
test_cancelled_before_moves_nothing (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GOutputVector vector = { "x", 1 };
  char byte;
  Ends ends;

  ends_open (&ends, gmproc_port_channel_new_pipe);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (gmproc_port_channel_write (&ends.out, &vector, 1, 0, cancellable, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpint (gmproc_port_channel_read (&ends.in, &byte, 1, 0, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  ends_close (&ends);
}

/* More vectors than one call of the system takes, and empty ones in all places. */
static void
test_many_vectors_keep_their_order (void)
{
  static const char letters[] = "abcdefg";
  g_autofree GOutputVector *vectors = g_new0 (GOutputVector, N_VECTORS);
  g_autofree char *received = g_malloc (N_VECTORS);
  gsize size = 0, at = 0, n_in = 0;
  Ends ends;

  ends_open (&ends, gmproc_port_channel_new_pipe);
  for (gsize i = 0; i < N_VECTORS; i++)
    {
      vectors[i].buffer = &letters[i % 7];
      vectors[i].size = i >= 2000 && i % 3 != 0 ? 1 : 0;
      size += vectors[i].size;
    }
  while (n_in < size)
    {
      gssize n_written = gmproc_port_channel_write (&ends.out, vectors + at, N_VECTORS - at,
                                                    peer_far_deadline (), NULL, NULL);

      g_assert_cmpint (n_written, >, 0);
      n_in += (gsize) n_written;
      for (gsize left = (gsize) n_written; left > 0; at++)
        left -= vectors[at].size;
    }
  read_all (&ends.in, received, size);
  for (gsize i = 0, j = 0; i < N_VECTORS; i++)
    if (vectors[i].size == 1)
      g_assert_cmpint (received[j++], ==, letters[i % 7]);
  ends_close (&ends);
}

static void
test_nothing_to_write (void)
{
  GOutputVector empty[2] = { { "", 0 }, { NULL, 0 } };
  g_autoptr (GError) error = NULL;
  Ends ends;

  ends_open (&ends, gmproc_port_channel_new_pipe);
  g_assert_cmpint (gmproc_port_channel_write (&ends.out, empty, 2, 0, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_false (gmproc_port_channel_poll (&ends.in, 0, NULL, NULL));
  ends_close (&ends);
}

/* PI-15 */
static void
test_bad_handle_is_an_error (void)
{
  GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
  g_autoptr (GError) error = NULL;
  gintptr reader, writer, number;

  peer_new_pipe (&reader, &writer);
  number = reader;
  gmproc_port_handle_close (&reader);
  g_assert_false (gmproc_port_channel_attach (&channel, number, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
  g_assert_cmpint (channel.handle, ==, GMPROC_PORT_NO_HANDLE);
  gmproc_port_channel_detach (&channel);
  gmproc_port_handle_close (&writer);
}

/* handles: to read from, to write to. Sends back what comes, until the end. */
static int
echo (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocPortChannel in = GMPROC_PORT_CHANNEL_INIT, out = GMPROC_PORT_CHANNEL_INIT;
  gssize n_read;
  char byte;

  g_assert_true (gmproc_port_channel_attach (&in, handles[0], NULL));
  g_assert_true (gmproc_port_channel_attach (&out, handles[1], NULL));
  while ((n_read = gmproc_port_channel_read (&in, &byte, 1, peer_far_deadline (), NULL, NULL)) == 1)
    write_all (&out, &byte, 1);
  return n_read == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
test_round_trips_with_a_process (void)
{
  Ends there, back;
  gintptr given[2];
  GmprocPortChild *child;

  ends_open (&there, gmproc_port_channel_new_pipe);
  ends_open (&back, gmproc_port_channel_new_pipe);
  given[0] = there.in.handle;
  given[1] = back.out.handle;
  child = peer_start ("echo", given, 2);
  gmproc_port_channel_detach (&there.in);
  gmproc_port_channel_detach (&back.out);

  for (int i = 0; i < 2000; i++)
    {
      char byte = (char) i, answer;

      write_all (&there.out, &byte, 1);
      read_all (&back.in, &answer, 1);
      g_assert_cmpint (answer, ==, byte);
    }
  gmproc_port_channel_detach (&there.out);
  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  gmproc_port_channel_detach (&back.in);
}

/* handles: the shared end to read from, a block with the sum. Each byte is a one. */
static int
share_reading (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocPortChannel in = GMPROC_PORT_CHANNEL_INIT;
  gint *sum = peer_map (handles[1], sizeof *sum);
  gssize n_read;
  char byte;

  g_assert_true (gmproc_port_channel_attach (&in, handles[0], NULL));
  while ((n_read = gmproc_port_channel_read (&in, &byte, 1, peer_far_deadline (), NULL, NULL)) == 1)
    g_atomic_int_add (sum, byte);
  return n_read == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What one reader takes away between another one's poll and read is no end for that one. */
static void
test_readers_of_one_end (void)
{
  GmprocPortChild *first, *second;
  gintptr given[2];
  gint *sum = peer_new_block (sizeof *sum, &given[1]);
  Ends ends;

  ends_open (&ends, gmproc_port_channel_new_pipe);
  given[0] = ends.in.handle;
  first = peer_start ("share", given, 2);
  second = peer_start ("share", given, 2);
  for (int i = 0; i < N_BYTES; i++)
    write_all (&ends.out, "\1", 1);
  gmproc_port_channel_detach (&ends.out);
  g_assert_cmpint (peer_join (first), ==, EXIT_SUCCESS);
  g_assert_cmpint (peer_join (second), ==, EXIT_SUCCESS);
  g_assert_cmpint (g_atomic_int_get (sum), ==, N_BYTES);

  ends_close (&ends);
  gmproc_port_memory_unmap ((gpointer *) &sum, sizeof *sum);
  gmproc_port_handle_close (&given[1]);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "echo", echo }, { "share", share_reading }, { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/channel/pipe", test_pipe_passes_one_way);
  gmproc_test_add ("/port/channel/full", test_full_channel_takes_a_part);
  gmproc_test_add ("/port/channel/waiting-writer", test_waiting_writer_goes_on);
  gmproc_test_add ("/port/channel/reader-gone", test_reader_gone);
  gmproc_test_add ("/port/channel/reader-goes", test_reader_goes_while_writing);
  gmproc_test_add ("/port/channel/end", test_end_comes_after_the_data);
  gmproc_test_add ("/port/channel/deadline", test_deadline_is_kept);
  gmproc_test_add ("/port/channel/cancel", test_cancel_from_another_thread);
  gmproc_test_add ("/port/channel/cancelled", test_cancelled_before_moves_nothing);
  gmproc_test_add ("/port/channel/vectors", test_many_vectors_keep_their_order);
  gmproc_test_add ("/port/channel/nothing", test_nothing_to_write);
  gmproc_test_add ("/port/channel/bad-handle", test_bad_handle_is_an_error);
  gmproc_test_add ("/port/channel/round-trips", test_round_trips_with_a_process);
  gmproc_test_add ("/port/channel/shared-end", test_readers_of_one_end);
  return g_test_run ();
}
