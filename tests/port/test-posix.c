/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What only a POSIX system has: signal masks, fork(), standard streams that are numbers, and memory
 * that can be given back.
 */
#include "config.h"

#include "peer.h"
#include "../support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* handles: where to say that it runs; what never becomes ready. */
static int
wait_for_signal (const gintptr *handles, guint n_handles)
{
  g_assert_cmpuint (n_handles, ==, 2);
  peer_notify (handles[0]);
  peer_wait (handles[1]);
  return EXIT_SUCCESS;
}

/* A program that takes its signals in a thread of its own blocks them in all the others; its
 * children must be ended by them all the same. */
static void
test_child_does_not_inherit_the_mask (void)
{
  gintptr up_reader, up_writer, never_reader, never_writer;
  gintptr given[2];
  sigset_t all_signals, old_mask;
  GmprocPortChild *child;

  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&never_reader, &never_writer);
  given[0] = up_writer;
  given[1] = never_reader;

  sigfillset (&all_signals);
  pthread_sigmask (SIG_BLOCK, &all_signals, &old_mask);
  child = peer_start ("wait-for-signal", given, 2);
  pthread_sigmask (SIG_SETMASK, &old_mask, NULL);

  peer_wait (up_reader);
  gmproc_port_child_signal (child, GMPROC_PORT_SIGNAL_TERMINATE);
  g_assert_cmpint (peer_join (child), ==, -SIGTERM);

  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&never_reader);
  gmproc_port_handle_close (&never_writer);
}

static gpointer
get_mask (gpointer mask)
{
  pthread_sigmask (SIG_SETMASK, NULL, mask);
  return NULL;
}

static void
test_thread_takes_no_signals (void)
{
  g_autoptr (GError) error = NULL;
  sigset_t mask, mask_here;

  g_thread_join (gmproc_port_thread_new ("test", get_mask, &mask, &error));
  g_assert_no_error (error);
  g_assert_cmpint (sigismember (&mask, SIGTERM), ==, 1);
  g_assert_cmpint (sigismember (&mask, SIGUSR1), ==, 1);

  get_mask (&mask_here);
  g_assert_cmpint (sigismember (&mask_here, SIGTERM), ==, 0);
}

/* handles: where to say that its parent's end was seen; the lifeline. */
static int
watch (const gintptr *handles, guint n_handles)
{
  g_assert_cmpuint (n_handles, ==, 2);
  gmproc_port_lifeline_wait (handles[1]);
  peer_notify (handles[0]);
  return EXIT_SUCCESS;
}

/* handles: for the watcher; where to say that all run; what ends the copy. It forks a copy of
 * itself, which lives on, with everything open that its parent had. */
static int
keep_and_fork (const gintptr *handles, guint n_handles)
{
  gintptr keep, give, given[2];
  pid_t copy;

  g_assert_cmpuint (n_handles, ==, 3);
  g_assert_true (gmproc_port_lifeline_new (&keep, &give, NULL));
  given[0] = handles[0];
  given[1] = give;
  (void) peer_start ("watch", given, 2);

  copy = fork ();
  if (copy != 0)
    peer_notify (handles[1]);
  peer_wait (handles[2]);
  _exit (EXIT_SUCCESS);
}

/* A lock that the caller of fork() owns does not take the copy for its owner. */
static void
test_forked_copy_has_a_mark_of_its_own (void)
{
  guint64 own = gmproc_port_self_get_thread_mark ();
  int status = -1;
  pid_t copy = fork ();

  if (copy == 0)
    _exit (gmproc_port_self_get_thread_mark () != own
                   && (guint32) gmproc_port_self_get_thread_mark () == (guint32) getpid ()
               ? EXIT_SUCCESS
               : EXIT_FAILURE);
  g_assert_cmpint (waitpid (copy, &status, 0), ==, copy);
  g_assert_cmpint (status, ==, EXIT_SUCCESS);
}

/* GM-06: a copy that the program forks does not keep its daemons alive. */
static void
test_forked_copy_does_not_hold_the_lifeline (void)
{
  gintptr seen_reader, seen_writer, up_reader, up_writer, end_reader, end_writer;
  gintptr given[3];
  GmprocPortChild *keeper;

  peer_new_pipe (&seen_reader, &seen_writer);
  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&end_reader, &end_writer);
  given[0] = seen_writer;
  given[1] = up_writer;
  given[2] = end_reader;

  keeper = peer_start ("keep-and-fork", given, 3);
  peer_wait (up_reader);
  gmproc_port_child_signal (keeper, GMPROC_PORT_SIGNAL_KILL);
  g_assert_cmpint (peer_join (keeper), ==, -SIGKILL);
  peer_wait (seen_reader);
  peer_notify (end_writer);

  gmproc_port_handle_close (&seen_reader);
  gmproc_port_handle_close (&seen_writer);
  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&end_reader);
  gmproc_port_handle_close (&end_writer);
}

/* handles: where to write "ok". Standard input and output are closed, and what is made afterwards
 * must not get their numbers: a later printf() would write into it. */
static int
close_streams (const gintptr *handles, guint n_handles)
{
  gintptr made[4];

  g_assert_cmpuint (n_handles, ==, 1);
  close (STDIN_FILENO);
  close (STDOUT_FILENO);
  g_assert_true (gmproc_port_channel_new_pipe (&made[0], &made[1], NULL));
  g_assert_true (gmproc_port_memory_new (4096, 4096, &made[2], NULL));
  g_assert_true (gmproc_port_handle_duplicate (made[0], &made[3], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    g_assert_cmpint (made[i], >, STDERR_FILENO);
  peer_notify (handles[0]);
  return EXIT_SUCCESS;
}

/* PR-22 */
static void
test_closed_standard_streams (void)
{
  gintptr reader, writer;
  GmprocPortChild *child;

  peer_new_pipe (&reader, &writer);
  child = peer_start ("close-streams", &writer, 1);
  peer_wait (reader);
  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  gmproc_port_handle_close (&reader);
  gmproc_port_handle_close (&writer);
}

/* Copies its standard input to its output, and a word to its error. */
static int
copy_input (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  char buffer[16];
  ssize_t n_read = read (STDIN_FILENO, buffer, sizeof buffer);

  g_assert_cmpint (n_read, >=, 0);
  g_assert_cmpint (write (STDOUT_FILENO, buffer, (size_t) n_read), ==, n_read);
  g_assert_cmpint (write (STDERR_FILENO, "done", 4), ==, 4);
  return (int) n_read;
}

static void
assert_comes (gintptr reader, const char *expected)
{
  char buffer[16] = "";

  g_assert_cmpint (read ((int) reader, buffer, sizeof buffer - 1), ==, strlen (expected));
  g_assert_cmpstr (buffer, ==, expected);
}

static void
test_streams_are_those_given (void)
{
  gintptr readers[GMPROC_PORT_N_STREAMS], writers[GMPROC_PORT_N_STREAMS];
  gintptr streams[GMPROC_PORT_N_STREAMS];

  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    {
      peer_new_pipe (&readers[i], &writers[i]);
      streams[i] = i == STDIN_FILENO ? readers[i] : writers[i];
    }
  g_assert_cmpint (write ((int) writers[STDIN_FILENO], "hello", 5), ==, 5);
  g_assert_cmpint (
      peer_join (peer_start_with ("copy", (GmprocPortChildOptions){ .streams = streams })), ==, 5);
  assert_comes (readers[STDOUT_FILENO], "hello");
  assert_comes (readers[STDERR_FILENO], "done");
  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    {
      gmproc_port_handle_close (&readers[i]);
      gmproc_port_handle_close (&writers[i]);
    }
}

/* The default of each is there beside others that are given: an empty input, our own error. The
 * same handle may be given twice. */
static void
test_streams_have_defaults (void)
{
  gintptr reader, writer;
  gintptr streams[GMPROC_PORT_N_STREAMS] = { GMPROC_PORT_NO_HANDLE, 0, 0 };
  GmprocPortChildOptions options = { .streams = streams };

  peer_new_pipe (&reader, &writer);
  streams[STDOUT_FILENO] = writer;
  streams[STDERR_FILENO] = writer;
  g_assert_cmpint (peer_join (peer_start_with ("copy", options)), ==, 0);
  assert_comes (reader, "done");
  gmproc_port_handle_close (&reader);
  gmproc_port_handle_close (&writer);
}

static void
test_closed_stream_is_refused (void)
{
  gintptr reader, writer;
  gintptr streams[GMPROC_PORT_N_STREAMS] = { GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE, 0 };
  g_autoptr (GBytes) bootstrap = g_bytes_new_static ("copy", sizeof "copy");
  g_autoptr (GError) error = NULL;
  g_autofree char *path = gmproc_port_self_get_path (NULL);
  GmprocPortChildOptions options = {
    .executable = path, .label = "x", .bootstrap = bootstrap, .streams = streams
  };

  peer_new_pipe (&reader, &writer);
  streams[STDERR_FILENO] = writer;
  gmproc_port_handle_close (&writer);
  g_assert_null (gmproc_port_child_start (&options, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "standard error"));
  gmproc_port_handle_close (&reader);
}

#define N_RING 5

/* handles: write ends. Each gets its place. */
static int
tell_places (const gintptr *handles, guint n_handles)
{
  for (guint i = 0; i < n_handles; i++)
    g_assert_cmpint (write ((int) handles[i], &"abcde"[i], 1), ==, 1);
  return EXIT_SUCCESS;
}

/* handles: write ends. Here they have the numbers that they are to have in the child, too, but each
 * the one of its neighbour. */
static int
pass_on_in_a_ring (const gintptr *handles, guint n_handles)
{
  gintptr ring[N_RING];

  g_assert_cmpuint (n_handles, ==, N_RING);
  for (int i = 0; i < N_RING; i++)
    ring[i] = handles[(i + 1) % N_RING];
  return peer_join (peer_start ("tell-places", ring, N_RING));
}

static void
test_handles_in_a_ring (void)
{
  gintptr readers[N_RING], writers[N_RING];

  for (int i = 0; i < N_RING; i++)
    peer_new_pipe (&readers[i], &writers[i]);
  g_assert_cmpint (peer_join (peer_start ("ring", writers, N_RING)), ==, EXIT_SUCCESS);
  for (int i = 0; i < N_RING; i++)
    {
      const char expected[] = { "abcde"[(i + N_RING - 1) % N_RING], '\0' };

      assert_comes (readers[i], expected);
      gmproc_port_handle_close (&readers[i]);
      gmproc_port_handle_close (&writers[i]);
    }
}

/* -- more parcels than are kept ---------------------------------------------------------------- */

#define KEPT 1024
#define TICKET_SIZE 32
#define BATCH 100 /* that a socket holds */

/* Parcels of senders that are all another one, whose messages never come. */
static void
send_orphans (int socket, guint64 first, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      guint64 ticket[TICKET_SIZE / 8] = { first + i, 0, 0, 1 };

      g_assert_cmpint (send (socket, ticket, sizeof ticket, 0), ==, sizeof ticket);
    }
}

static gboolean
ask_courier (GmprocPortCourier *courier, GBytes *ticket, GError **error)
{
  g_autofree gintptr *handles = NULL;
  guint n_handles = 0;

  if (!gmproc_port_courier_receive (courier, ticket, &handles, &n_handles, error))
    return FALSE;
  g_assert_cmpuint (n_handles, ==, 1);
  gmproc_port_handle_close (&handles[0]);
  return TRUE;
}

/* PI-07: a message whose descriptors waited behind N of others. */
static gboolean
receive_behind (guint n, GError **error)
{
  static const guint64 nobodys[TICKET_SIZE / 8] = { G_MAXUINT64, 0, 0, 1 };
  g_autoptr (GBytes) nothing = g_bytes_new_static (nobodys, sizeof nobodys);
  g_autoptr (GBytes) ticket = NULL;
  GmprocPortCourier out, in;
  gintptr first, second, reader, writer;
  gboolean received;

  g_assert_true (gmproc_port_courier_new_pair (&first, &second, NULL));
  g_assert_true (gmproc_port_courier_attach (&out, first, NULL));
  g_assert_true (gmproc_port_courier_attach (&in, second, NULL));
  peer_new_pipe (&reader, &writer);
  g_assert_true (gmproc_port_courier_send (&out, &reader, 1, &ticket, 0, NULL, NULL));
  for (guint done = 0; done < n; done += BATCH)
    {
      send_orphans ((int) out.handle, 1 + done, MIN (BATCH, n - done));
      g_assert_false (ask_courier (&in, nothing, NULL));
    }
  received = ask_courier (&in, ticket, error);
  gmproc_port_courier_detach (&out);
  gmproc_port_courier_detach (&in);
  gmproc_port_handle_close (&reader);
  gmproc_port_handle_close (&writer);
  return received;
}

static void
test_kept_parcels (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (receive_behind (17, &error));
  g_assert_true (receive_behind (KEPT - 1, &error));
  g_assert_no_error (error);
  g_assert_false (receive_behind (KEPT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "1024"));
}

/* -- pipes for long messages --------------------------------------------------------------------
 */

#ifdef F_GETPIPE_SZ

#define MAX_LARGE 64
#define LONG_SIZE (64 * 1024 + 1)

typedef struct
{
  GmprocPortChannel in, out;
} LongPipe;

/* Sends a long message, as far as it fits. Whether the pipe has become larger. */
static gboolean
long_pipe_init (LongPipe *self)
{
  static guint8 bytes[LONG_SIZE];
  const GOutputVector vectors[] = { { bytes, LONG_SIZE - 1 }, { bytes, 1 } };
  gintptr reader, writer;
  int before;

  g_assert_true (gmproc_port_channel_new_pipe (&reader, &writer, NULL));
  g_assert_true (gmproc_port_channel_attach (&self->in, reader, NULL));
  g_assert_true (gmproc_port_channel_attach (&self->out, writer, NULL));
  before = fcntl ((int) writer, F_GETPIPE_SZ);
  g_assert_cmpint (gmproc_port_channel_write (&self->out, vectors, 1, 0, NULL, NULL), >, 0);
  g_assert_cmpint (fcntl ((int) writer, F_GETPIPE_SZ), ==, before);
  (void) gmproc_port_channel_write (&self->out, vectors, 2, 0, NULL, NULL);
  return fcntl ((int) writer, F_GETPIPE_SZ) > before;
}

static void
long_pipe_clear (LongPipe *self)
{
  gmproc_port_channel_detach (&self->in);
  gmproc_port_channel_detach (&self->out);
}

/* A message that fits leaves a pipe as it is, a longer one enlarges it; as many as the process
 * allows itself, and one more when one of them is gone. */
static void
test_long_pipes (void)
{
  LongPipe pipes[MAX_LARGE + 1];

  for (int i = 0; i < MAX_LARGE; i++)
    g_assert_true (long_pipe_init (&pipes[i]));
  g_assert_false (long_pipe_init (&pipes[MAX_LARGE]));
  long_pipe_clear (&pipes[MAX_LARGE]);
  long_pipe_clear (&pipes[0]);
  g_assert_true (long_pipe_init (&pipes[0]));
  for (int i = 0; i < MAX_LARGE; i++)
    long_pipe_clear (&pipes[i]);
}

#else

static void
test_long_pipes (void)
{
  g_test_skip ("this system's pipes have one size");
}

#endif

/* Memory that is given back is the system's again, and reads as zeros. */
static void
test_discarded_memory (void)
{
#ifdef MADV_REMOVE
  const gsize size = 1 << 20;
  struct stat before, after;
  gintptr block;
  char *mapping;

  g_assert_true (gmproc_port_memory_new (size, size, &block, NULL));
  mapping = gmproc_port_memory_map (block, 0, size, NULL);
  g_assert_nonnull (mapping);
  memset (mapping, 'x', size);
  g_assert_no_errno (fstat ((int) block, &before));
  gmproc_port_memory_discard (mapping, 0, size);
  g_assert_no_errno (fstat ((int) block, &after));
  g_assert_cmpint (before.st_blocks, >, 0);
  g_assert_cmpint (after.st_blocks, ==, 0);
  for (gsize i = 0; i < size; i++)
    g_assert_cmpint (mapping[i], ==, '\0');
  gmproc_port_memory_unmap ((gpointer *) &mapping, size);
  gmproc_port_handle_close (&block);
#else
  g_test_skip ("this system has no call that gives memory of a mapping back");
#endif
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "wait-for-signal", wait_for_signal },
                                { "watch", watch },
                                { "keep-and-fork", keep_and_fork },
                                { "close-streams", close_streams },
                                { "copy", copy_input },
                                { "ring", pass_on_in_a_ring },
                                { "tell-places", tell_places },
                                { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/posix/signal-mask", test_child_does_not_inherit_the_mask);
  gmproc_test_add ("/port/posix/thread", test_thread_takes_no_signals);
  gmproc_test_add ("/port/posix/forked-copy", test_forked_copy_does_not_hold_the_lifeline);
  gmproc_test_add ("/port/posix/forked-mark", test_forked_copy_has_a_mark_of_its_own);
  gmproc_test_add ("/port/posix/closed-streams", test_closed_standard_streams);
  gmproc_test_add ("/port/posix/streams", test_streams_are_those_given);
  gmproc_test_add ("/port/posix/default-streams", test_streams_have_defaults);
  gmproc_test_add ("/port/posix/closed-stream", test_closed_stream_is_refused);
  gmproc_test_add ("/port/posix/ring", test_handles_in_a_ring);
  gmproc_test_add ("/port/posix/PI-07/kept-parcels", test_kept_parcels);
  gmproc_test_add ("/port/posix/long-pipes", test_long_pipes);
  gmproc_test_add ("/port/posix/discarded-memory", test_discarded_memory);
  return g_test_run ();
}
