/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Asynchronous sends into a pipe that is full: they wait for room without looking again and again,
 * and for the turn of a sender that blocks.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "errands.h"
#include "plumbing.h"
#include "support.h"

#define PART (2 * 1024)    /* goes out whole, or not at all */
#define N_PARTS 128        /* more than the pipe holds */
#define QUIET (200 * 1000) /* microseconds in which nothing happens */
#define FEW_TURNS 20       /* of the loop, in that time */
#define N_TURNS 20
#define N_OBJECTS 3000

/* Sends until the pipe is full. Gives the number of messages that do not wait. */
static int
fill_pipe (GmprocConnection *out, GCancellable *cancellable, Results *sent)
{
  g_autoptr (GBytes) part = make_bytes (PART, 1);
  int n_fit;

  for (int i = 0; i < N_PARTS; i++)
    gmproc_connection_send_bytes_async (out, part, cancellable, on_sent, sent);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  n_fit = sent->n_done;
  g_assert_cmpint (n_fit, >, 0);
  g_assert_cmpint (n_fit, <, N_PARTS);
  return n_fit;
}

static gboolean
set_flag (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* The turns of the loop until the time is over, which is what an idle process spends. */
static int
count_turns (void)
{
  gboolean is_over = FALSE;
  int n_turns = 0;

  g_timeout_add (QUIET / 1000, set_flag, &is_over);
  while (!is_over)
    {
      g_main_context_iteration (NULL, TRUE);
      n_turns++;
    }
  return n_turns;
}

/* Who waits for room sleeps until somebody has read, and is woken then. */
static void
test_room (void)
{
  g_autoptr (GBytes) part = make_bytes (PART, 1);
  Results sent;
  Pipe pipe;
  int n_fit;

  results_init (&sent);
  pipe_init (&pipe, FALSE);
  n_fit = fill_pipe (pipe.second, NULL, &sent);
  g_assert_cmpint (count_turns (), <, FEW_TURNS);
  g_assert_cmpint (sent.n_done, ==, n_fit);
  for (int i = 0; i < N_PARTS; i++)
    {
      receive_bytes (pipe.first, part);
      run_until (&sent.n_done, MIN (i + n_fit / 2, N_PARTS), "room");
    }
  run_until (&sent.n_done, N_PARTS, "room");
  g_assert_cmpint (sent.n_failed, ==, 0);
  results_clear (&sent);
  pipe_clear (&pipe);
}

/* Reads nothing, until it is killed. */
GMPROC_DEFINE_TARGET (hold_end)
{
  g_autoptr (GmprocConnection) in = open_handle (g_variant_get_handle (args));
  g_autoptr (GmprocEvent) never = gmproc_event_new (NULL);

  (void) gmproc_event_wait (never, GMPROC_FOREVER, NULL, NULL);
  return gmproc_connection_is_closed (in) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The reader is killed while others wait for room: they all get an error. */
static void
test_room_killed (void)
{
  g_autoptr (GError) error = NULL;
  GmprocProcess *process;
  Results sent;
  Pipe pipe;
  int n_fit;

  results_init (&sent);
  pipe_init (&pipe, TRUE);
  process = start_with_second (&pipe, hold_end);
  n_fit = fill_pipe (pipe.first, NULL, &sent);
  g_assert_true (gmproc_process_kill (process, &error));
  run_until (&sent.n_done, N_PARTS, "the error");
  g_assert_cmpint (sent.n_failed, ==, N_PARTS - n_fit);
  g_assert_error (sent.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  join (process, -9);
  results_clear (&sent);
  pipe_clear (&pipe);
}

/* A cancel ends the wait, and nothing of those messages comes. */
static void
test_room_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) part = make_bytes (PART, 1);
  g_autoptr (GBytes) last = make_bytes (10, 3);
  Results sent;
  Pipe pipe;
  int n_fit;

  results_init (&sent);
  pipe_init (&pipe, FALSE);
  n_fit = fill_pipe (pipe.second, cancellable, &sent);
  g_cancellable_cancel (cancellable);
  run_until (&sent.n_done, N_PARTS, "the cancel");
  g_assert_cmpint (sent.n_failed, ==, N_PARTS - n_fit);
  g_assert_error (sent.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  for (int i = 0; i < n_fit; i++)
    receive_bytes (pipe.first, part);
  gmproc_connection_send_bytes_async (pipe.second, last, NULL, on_sent, &sent);
  run_until (&sent.n_done, N_PARTS + 1, "the last send");
  g_assert_cmpint (sent.n_failed, ==, N_PARTS - n_fit);
  receive_bytes (pipe.first, last);
  results_clear (&sent);
  pipe_clear (&pipe);
}

/* A thread that blocks in its send is in the turn. Who waits for that is woken when it has left,
 * also when the pipe is empty by then and nobody tells of room. */
static void
test_room_turn (void)
{
  g_autoptr (GBytes) large = make_bytes (256 * 1024, 1);
  g_autoptr (GBytes) small = make_bytes (10, 3);

  for (int i = 0; i < N_TURNS; i++)
    {
      Call call = { .message = large };
      Results sent, received;
      GThread *thread;
      Pipe pipe;

      results_init (&sent);
      results_init (&received);
      pipe_init (&pipe, FALSE);
      call.connection = pipe.second;
      thread = g_thread_new ("sender", run_send, &call);
      gmproc_connection_send_bytes_async (pipe.second, small, NULL, on_sent, &sent);
      for (int j = 0; j < 2; j++)
        gmproc_connection_receive_bytes_async (pipe.first, GMPROC_FOREVER, NULL, on_received,
                                               &received);
      run_until (&received.n_done, 2, "both messages");
      run_until (&sent.n_done, 1, "the end of the send");
      g_thread_join (thread);
      g_assert_no_error (call.error);
      g_assert_cmpint (sent.n_failed + received.n_failed, ==, 0);
      results_clear (&sent);
      results_clear (&received);
      pipe_clear (&pipe);
    }
}

/* Messages with objects, more than the system takes on its way: who waits for that sleeps too. */
static void
test_room_for_objects (void)
{
  g_autoptr (GmprocEvent) event = gmproc_event_new (NULL);
  g_autoptr (GError) error = NULL;
  Results sent;
  Pipe pipe;
  int n_fit;

  results_init (&sent);
  pipe_init (&pipe, TRUE);
  for (int i = 0; i < N_OBJECTS; i++)
    gmproc_connection_send_async (pipe.first,
                                  g_variant_new_handle (gmproc_event_get_handle (event)), NULL,
                                  on_value_sent, &sent);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  n_fit = sent.n_done;
  g_assert_cmpint (n_fit, >, 0);
  g_assert_cmpint (n_fit, <, N_OBJECTS);
  g_assert_cmpint (count_turns (), <, FEW_TURNS);
  g_assert_cmpint (sent.n_done, ==, n_fit);
  for (int i = 0; i < N_OBJECTS; i++)
    {
      g_autoptr (GVariant) message =
          gmproc_connection_receive (pipe.second, i < n_fit ? 0 : BOUND, NULL, &error);
      g_autoptr (GmprocEvent) got = NULL;

      g_assert_no_error (error);
      got = gmproc_event_from_handle (g_variant_get_handle (message), &error);
      g_assert_no_error (error);
      while (sent.n_done <= i + 1 && sent.n_done < N_OBJECTS)
        g_main_context_iteration (NULL, TRUE);
    }
  run_until (&sent.n_done, N_OBJECTS, "room");
  g_assert_cmpint (sent.n_failed, ==, 0);
  results_clear (&sent);
  pipe_clear (&pipe);
}

static void
warm_up_context (void)
{
  warm_up ();
  test_room_turn ();
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_context);
  gmproc_test_add ("/connection-room/woken", test_room);
  gmproc_test_add ("/connection-room/reader-killed", test_room_killed);
  gmproc_test_add ("/connection-room/cancelled", test_room_cancelled);
  gmproc_test_add ("/connection-room/turn", test_room_turn);
  gmproc_test_add ("/connection-room/objects", test_room_for_objects);
  return g_test_run ();
}
