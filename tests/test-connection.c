/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include <gmproc.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "plumbing.h"
#include "support.h"

#define N_MESSAGES 2000
#define N_RACES 100

/* PI-01, PI-03, PI-04, PI-13: of every size, each one whole and by itself. */
static void
test_echo (void)
{
  static const gsize sizes[] = { 0, 1, 7, 16, 4095, 4096, 65536, 65537, 1024 * 1024 + 1, LARGE };
  GmprocProcess *process;
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  process = start_echo (&pipe);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) message = make_bytes (sizes[i], (guint8) i);

      send_bytes (pipe.first, message);
      receive_bytes (pipe.first, message);
    }
  gmproc_connection_close (pipe.first);
  join (process, EXIT_SUCCESS);
  pipe_clear (&pipe);
}

/* PI-10, PI-11, PI-13: messages that wait in the pipe keep their bounds, empty ones too. */
static void
test_boundaries (void)
{
  static const char *const words[] = { "hello", "", "a", "", "", "the end" };
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (GBytes) message = g_bytes_new_static (words[i], strlen (words[i]));

      send_bytes (pipe.second, message);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (GBytes) message = g_bytes_new_static (words[i], strlen (words[i]));

      g_assert_true (gmproc_connection_poll (pipe.first, 0, NULL, NULL));
      g_assert_true (gmproc_connection_poll (pipe.first, 0, NULL, NULL));
      receive_bytes (pipe.first, message);
    }
  g_assert_false (gmproc_connection_poll (pipe.first, 0, NULL, NULL));
  pipe_clear (&pipe);
}

static void
test_variants (void)
{
  static const char *const texts[] = {
    "()", "''", "[('one', 1), ('two', 2)]", "<<<@mi nothing>>>", "@a{sv} {}", "@ay [0x00, 0x01]"
  };
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) sent = g_variant_new_parsed (texts[i]);
      g_autoptr (GVariant) got = NULL;
      g_autoptr (GError) error = NULL;

      g_variant_ref_sink (sent);
      g_assert_true (gmproc_connection_send (pipe.second, sent, NULL, NULL));
      got = gmproc_connection_receive (pipe.first, BOUND, NULL, &error);
      g_assert_no_error (error);
      g_assert_false (g_variant_is_floating (got));
      g_assert_true (g_variant_equal (got, sent));
    }
  pipe_clear (&pipe);
}

/* Bytes are an `ay` to one who wants values, and values are bytes to one who wants those. */
static void
test_kinds_mixed (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  g_autoptr (GBytes) got_bytes = NULL;
  g_autoptr (GVariant) got = NULL;
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  send_bytes (pipe.second, bytes);
  got = gmproc_connection_receive (pipe.first, BOUND, NULL, NULL);
  g_assert_cmpstr (g_variant_get_type_string (got), ==, "ay");
  g_assert_cmpuint (g_variant_n_children (got), ==, 3);

  g_assert_true (gmproc_connection_send (pipe.second, g_variant_new_byte (7), NULL, NULL));
  got_bytes = gmproc_connection_receive_bytes (pipe.first, BOUND, NULL, NULL);
  g_assert_cmpuint (g_bytes_get_size (got_bytes), >=, 1);
  g_assert_cmpuint (*(const guint8 *) g_bytes_get_data (got_bytes, NULL), ==, 7);
  pipe_clear (&pipe);
}

/* PI-02: the wrong way is an error, and the right one works on. */
static void
test_one_way (void)
{
  g_autoptr (GBytes) message = make_bytes (10, 0);
  g_autoptr (GError) error = NULL;
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  g_assert_true (gmproc_connection_is_readable (pipe.first));
  g_assert_false (gmproc_connection_is_writable (pipe.first));
  g_assert_false (gmproc_connection_is_readable (pipe.second));
  g_assert_true (gmproc_connection_is_writable (pipe.second));

  g_assert_false (gmproc_connection_send_bytes (pipe.first, message, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_null (gmproc_connection_receive_bytes (pipe.second, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (gmproc_connection_poll (pipe.second, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  send_bytes (pipe.second, message);
  receive_bytes (pipe.first, message);
  pipe_clear (&pipe);
}

/* A one-way pipe has no way back for objects, and none is sent in vain. */
static void
test_handles_refused (void)
{
  g_autoptr (GmprocEvent) event = gmproc_event_new (NULL);
  g_autoptr (GError) error = NULL;
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  g_assert_false (gmproc_connection_send (
      pipe.second, g_variant_new ("(v)", g_variant_new_handle (gmproc_event_get_handle (event))),
      NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gmproc_connection_poll (pipe.first, 0, NULL, NULL));
  pipe_clear (&pipe);
}

/* PI-01: what was sent before the end comes before it, and then there is nothing but the end. */
static void
test_end (void)
{
  g_autoptr (GBytes) message = make_bytes (10, 0);
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  send_bytes (pipe.second, message);
  gmproc_connection_close (pipe.second);
  receive_bytes (pipe.first, message);
  g_assert_true (gmproc_connection_poll (pipe.first, BOUND, NULL, NULL));
  receive_end (pipe.first);
  receive_end (pipe.first);
  pipe_clear (&pipe);
}

/* Nobody is left to receive: an error and no signal, whatever the size. */
static void
test_send_to_nobody (void)
{
  g_autoptr (GBytes) small = make_bytes (1, 0);
  g_autoptr (GBytes) large = make_bytes (LARGE, 0);

  for (int duplex = 0; duplex < 2; duplex++)
    {
      g_autoptr (GError) error = NULL;
      Pipe pipe;

      pipe_init (&pipe, duplex);
      gmproc_connection_close (pipe.first);
      g_assert_false (gmproc_connection_send_bytes (pipe.second, small, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_clear_error (&error);
      g_assert_false (gmproc_connection_send_bytes (pipe.second, large, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      pipe_clear (&pipe);
    }
}

/* PI-08: after it is closed here. */
static void
test_closed (void)
{
  g_autoptr (GBytes) message = make_bytes (1, 0);
  g_autoptr (GError) error = NULL;
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  g_assert_false (gmproc_connection_is_closed (pipe.first));
  gmproc_connection_close (pipe.first);
  gmproc_connection_close (pipe.first);
  g_assert_true (gmproc_connection_is_closed (pipe.first));

  g_assert_false (gmproc_connection_send_bytes (pipe.first, message, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (gmproc_connection_poll (pipe.first, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  receive_end (pipe.first);
  receive_end (pipe.second);
  pipe_clear (&pipe);
}

static void
check_bad_timeout (GmprocConnection *in, gint64 timeout)
{
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, timeout);
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_connection_receive (in, timeout, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, number));
  g_clear_error (&error);
  g_assert_false (gmproc_connection_poll (in, timeout, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* PI-01: times. */
static void
test_timeouts (void)
{
  g_autoptr (GError) error = NULL;
  gint64 before = g_get_monotonic_time ();
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  check_bad_timeout (pipe.first, -7);
  check_bad_timeout (pipe.first, G_MININT64);
  g_assert_null (gmproc_connection_receive (pipe.first, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_false (gmproc_connection_poll (pipe.first, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_cmpint (g_get_monotonic_time () - before, >=, 2 * SHORT);
  g_assert_null (gmproc_connection_receive (pipe.first, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  pipe_clear (&pipe);
}

/* GM-05: a time that ends in the middle of a message loses nothing of it. */
static void
test_timeout_in_the_middle (void)
{
  g_autoptr (GBytes) message = make_bytes (LARGE, 3);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) got = NULL;
  GThread *sender;
  Pipe pipe;
  Call call;

  pipe_init (&pipe, FALSE);
  call = (Call){ pipe.second, message, NULL, NULL, NULL };
  sender = g_thread_new ("sender", run_send, &call);
  g_assert_true (gmproc_connection_poll (pipe.first, BOUND, NULL, NULL));
  do
    {
      g_clear_error (&error);
      got = gmproc_connection_receive_bytes (pipe.first, 0, NULL, &error);
      g_assert_true (got != NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
    }
  while (got == NULL);
  g_thread_join (sender);
  g_assert_no_error (call.error);
  g_assert_true (g_bytes_equal (got, message));
  pipe_clear (&pipe);
}

/* GM-16: a cancel in the middle of a send; the next send completes what had begun. */
static void
test_cancelled_send (void)
{
  g_autoptr (GBytes) first = make_bytes (LARGE, 1);
  g_autoptr (GBytes) second = make_bytes (100, 2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *sender;
  Pipe pipe;
  Call call;

  pipe_init (&pipe, TRUE);
  call = (Call){ pipe.second, first, cancellable, NULL, NULL };
  sender = g_thread_new ("sender", run_send, &call);
  g_assert_true (gmproc_connection_poll (pipe.first, BOUND, NULL, NULL));
  g_cancellable_cancel (cancellable);
  g_thread_join (sender);
  g_assert_error (call.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&call.error);

  call = (Call){ pipe.second, second, NULL, NULL, NULL };
  sender = g_thread_new ("sender", run_send, &call);
  receive_bytes (pipe.first, first);
  receive_bytes (pipe.first, second);
  g_thread_join (sender);
  g_assert_no_error (call.error);
  pipe_clear (&pipe);
}

/* GM-16: a cancelled receive takes nothing; one that was cancelled before does not even wait. */
static void
test_cancelled_receive (void)
{
  g_autoptr (GBytes) message = make_bytes (100, 2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncQueue) begun = g_async_queue_new ();
  GThread *receiver;
  Pipe pipe;
  Call call;

  pipe_init (&pipe, FALSE);
  call = (Call){ pipe.first, NULL, cancellable, begun, NULL };
  receiver = g_thread_new ("receiver", run_receive, &call);
  (void) g_async_queue_pop (begun);
  g_cancellable_cancel (cancellable);
  g_thread_join (receiver);
  g_assert_null (call.message);
  g_assert_error (call.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&call.error);

  send_bytes (pipe.second, message);
  g_assert_null (gmproc_connection_receive (pipe.first, BOUND, cancellable, &call.error));
  g_assert_error (call.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&call.error);
  g_assert_false (gmproc_connection_poll (pipe.first, BOUND, cancellable, NULL));
  receive_bytes (pipe.first, message);
  pipe_clear (&pipe);
}

/* Two receive, and the end is closed here: the one inside goes on, the one behind is turned away,
 * and then the other side sees the end. */
static void
test_closed_while_receiving (void)
{
  g_autoptr (GBytes) message = make_bytes (1, 0);
  g_autoptr (GAsyncQueue) begun = g_async_queue_new ();
  guint n_got = 0;
  GThread *receivers[2];
  Call calls[2];
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  for (int i = 0; i < 2; i++)
    {
      calls[i] = (Call){ pipe.first, NULL, NULL, begun, NULL };
      receivers[i] = g_thread_new ("receiver", run_receive, &calls[i]);
      (void) g_async_queue_pop (begun);
    }
  gmproc_connection_close (pipe.first);
  /* Neither may have been inside yet; then there is nobody left to send to. */
  (void) gmproc_connection_send_bytes (pipe.second, message, NULL, NULL);
  for (int i = 0; i < 2; i++)
    {
      g_thread_join (receivers[i]);
      if (calls[i].message != NULL)
        n_got++;
      else
        g_assert_error (calls[i].error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_clear_pointer (&calls[i].message, g_bytes_unref);
      g_clear_error (&calls[i].error);
    }
  g_assert_cmpuint (n_got, <=, 1);
  receive_end (pipe.second);
  pipe_clear (&pipe);
}

static gpointer
use_until_closed (gpointer data)
{
  Call *call = data;

  g_async_queue_push (call->begun, call);
  while (!gmproc_connection_is_closed (call->connection))
    if (call->message != NULL)
      (void) gmproc_connection_send_bytes (call->connection, call->message, NULL, NULL);
    else
      (void) gmproc_connection_poll (call->connection, 0, NULL, NULL);
  return NULL;
}

/* Whoever is inside when the end is closed: when all have left it is closed for the other side. */
static void
test_close_is_never_lost (void)
{
  g_autoptr (GBytes) message = make_bytes (1, 0);

  for (int i = 0; i < N_RACES; i++)
    {
      g_autoptr (GAsyncQueue) begun = g_async_queue_new ();
      GThread *threads[4];
      Call calls[4];
      g_autoptr (GBytes) got = NULL;
      g_autoptr (GError) error = NULL;
      Pipe pipe;

      pipe_init (&pipe, TRUE);
      for (int j = 0; j < 4; j++)
        {
          calls[j] = (Call){ pipe.first, j % 2 == 0 ? message : NULL, NULL, begun, NULL };
          threads[j] = g_thread_new ("user", use_until_closed, &calls[j]);
        }
      (void) g_async_queue_pop (begun);
      (void) g_async_queue_pop (begun);
      gmproc_connection_close (pipe.first);
      while ((got = gmproc_connection_receive_bytes (pipe.second, BOUND, NULL, &error)) != NULL)
        g_clear_pointer (&got, g_bytes_unref);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      for (int j = 0; j < 4; j++)
        g_thread_join (threads[j]);
      pipe_clear (&pipe);
    }
}

typedef struct
{
  GmprocConnection *out;
  guint8 mark;
} Stream;

static gpointer
send_stream (gpointer data)
{
  Stream *stream = data;

  for (gsize i = 0; i < N_MESSAGES; i++)
    {
      guint8 bytes[300];
      gsize size = 1 + i % sizeof bytes;
      g_autoptr (GBytes) message = NULL;

      memset (bytes, stream->mark, size);
      message = g_bytes_new_static (bytes, size);
      send_bytes (stream->out, message);
    }
  return NULL;
}

/* Two threads send through one end: every message is whole, and each one's are in order. */
static void
test_two_senders (void)
{
  gsize counts[2] = { 0, 0 };
  GThread *threads[2];
  Stream streams[2];
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  for (int i = 0; i < 2; i++)
    {
      streams[i] = (Stream){ pipe.second, (guint8) i };
      threads[i] = g_thread_new ("sender", send_stream, &streams[i]);
    }
  for (int i = 0; i < 2 * N_MESSAGES; i++)
    {
      g_autoptr (GBytes) message = gmproc_connection_receive_bytes (pipe.first, BOUND, NULL, NULL);
      gsize size;
      const guint8 *data = g_bytes_get_data (message, &size);

      g_assert_cmpuint (data[0], <, 2);
      g_assert_cmpuint (size, ==, 1 + counts[data[0]]++ % 300);
      for (gsize j = 1; j < size; j++)
        g_assert_cmpuint (data[j], ==, data[0]);
    }
  for (int i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  pipe_clear (&pipe);
}

#ifdef SIGALRM
#include <sys/time.h>

static volatile sig_atomic_t n_alarms;

static void
on_alarm (int number G_GNUC_UNUSED)
{
  n_alarms++;
}

/* PI-20: signals that come all the time disturb neither a send nor a receive. */
static void
test_interrupted (void)
{
  const struct itimerval often = { { 0, 500 }, { 0, 500 } };
  const struct itimerval never = { { 0, 0 }, { 0, 0 } };
  struct sigaction action = { .sa_handler = on_alarm };
  struct sigaction old_action;
  g_autoptr (GBytes) message = make_bytes (LARGE, 5);
  GmprocProcess *process;
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  process = start_echo (&pipe);
  n_alarms = 0;
  g_assert_cmpint (sigaction (SIGALRM, &action, &old_action), ==, 0);
  g_assert_cmpint (setitimer (ITIMER_REAL, &often, NULL), ==, 0);
  while (n_alarms < 20)
    {
      send_bytes (pipe.first, message);
      receive_bytes (pipe.first, message);
    }
  g_assert_cmpint (setitimer (ITIMER_REAL, &never, NULL), ==, 0);
  g_assert_cmpint (sigaction (SIGALRM, &old_action, NULL), ==, 0);
  gmproc_connection_close (pipe.first);
  join (process, EXIT_SUCCESS);
  pipe_clear (&pipe);
}
#endif

/* Sends the beginning of a message that does not fit the pipe, and is killed over it. */
GMPROC_DEFINE_TARGET (send_large)
{
  g_autoptr (GmprocConnection) out = open_handle (g_variant_get_handle (args));
  g_autoptr (GBytes) small = make_bytes (5, 0);
  g_autoptr (GBytes) large = make_bytes (LARGE, 0);

  send_bytes (out, small);
  send_bytes (out, large);
  return EXIT_SUCCESS;
}

/* GM-05: the whole message comes, the torn one never does, and nobody waits for it. */
static void
test_killed_sender (void)
{
  g_autoptr (GBytes) small = make_bytes (5, 0);
  g_autoptr (GError) error = NULL;
  GmprocProcess *process;
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  process = start_with_second (&pipe, send_large);
  receive_bytes (pipe.first, small);
  g_assert_true (gmproc_connection_poll (pipe.first, BOUND, NULL, NULL));
  g_assert_true (gmproc_process_kill (process, NULL));
  join (process, -9);
  g_assert_null (gmproc_connection_receive (pipe.first, BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_nonnull (strstr (error->message, "middle"));
  pipe_clear (&pipe);
}

/* (in, out): looks whether something came, takes nothing, and says so. */
GMPROC_DEFINE_TARGET (only_poll)
{
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  gint32 in_handle, out_handle;

  g_variant_get (args, "(hh)", &in_handle, &out_handle);
  in = open_handle (in_handle);
  out = open_handle (out_handle);
  g_assert_true (gmproc_connection_poll (in, BOUND, NULL, NULL));
  g_assert_true (gmproc_connection_send (out, g_variant_new_string ("seen"), NULL, NULL));
  return EXIT_SUCCESS;
}

/* PI-12, PI-14: a look in one process takes nothing from the one that receives. */
static void
test_poll_elsewhere (void)
{
  g_autoptr (GBytes) message = make_bytes (5, 0);
  g_autoptr (GVariant) word = NULL;
  GmprocProcess *process;
  Pipe pipe, back;

  pipe_init (&pipe, FALSE);
  pipe_init (&back, FALSE);
  process = start (only_poll, g_variant_new ("(hh)", gmproc_connection_get_handle (pipe.first),
                                             gmproc_connection_get_handle (back.second)));
  send_bytes (pipe.second, message);
  send_bytes (pipe.second, message);
  word = gmproc_connection_receive (back.first, BOUND, NULL, NULL);
  g_assert_nonnull (word);
  join (process, EXIT_SUCCESS);
  receive_bytes (pipe.first, message);
  receive_bytes (pipe.first, message);
  pipe_clear (&pipe);
  pipe_clear (&back);
}

/* PI-14: what an end may do goes with it. */
GMPROC_DEFINE_TARGET (check_rights)
{
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  gint32 in_handle, out_handle;

  g_variant_get (args, "(hh)", &in_handle, &out_handle);
  in = open_handle (in_handle);
  out = open_handle (out_handle);
  g_assert_true (gmproc_connection_is_readable (in));
  g_assert_false (gmproc_connection_is_writable (in));
  g_assert_false (gmproc_connection_is_readable (out));
  g_assert_true (gmproc_connection_is_writable (out));
  return EXIT_SUCCESS;
}

static void
test_rights (void)
{
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  join (start (check_rights, g_variant_new ("(hh)", gmproc_connection_get_handle (pipe.first),
                                            gmproc_connection_get_handle (pipe.second))),
        EXIT_SUCCESS);
  pipe_clear (&pipe);
}

/* PI-15 */
static void
test_bad_handles (void)
{
  static const gint32 handles[] = { 0, -1, 1000000, G_MAXINT32, G_MININT32 };
  g_autoptr (GmprocEvent) event = gmproc_event_new (NULL);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (handles); i++)
    {
      g_assert_null (gmproc_connection_from_handle (handles[i], &error));
      g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
      g_clear_error (&error);
    }
  g_assert_null (gmproc_connection_from_handle (gmproc_event_get_handle (event), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/connection/echo", test_echo);
  gmproc_test_add ("/connection/boundaries", test_boundaries);
  gmproc_test_add ("/connection/variants", test_variants);
  gmproc_test_add ("/connection/kinds-mixed", test_kinds_mixed);
  gmproc_test_add ("/connection/one-way", test_one_way);
  gmproc_test_add ("/connection/handles-refused", test_handles_refused);
  gmproc_test_add ("/connection/end", test_end);
  gmproc_test_add ("/connection/nobody", test_send_to_nobody);
  gmproc_test_add ("/connection/closed", test_closed);
  gmproc_test_add ("/connection/timeouts", test_timeouts);
  gmproc_test_add ("/connection/timeout-in-the-middle", test_timeout_in_the_middle);
  gmproc_test_add ("/connection/cancelled-send", test_cancelled_send);
  gmproc_test_add ("/connection/cancelled-receive", test_cancelled_receive);
  gmproc_test_add ("/connection/closed-while-receiving", test_closed_while_receiving);
  gmproc_test_add ("/connection/close-never-lost", test_close_is_never_lost);
  gmproc_test_add ("/connection/two-senders", test_two_senders);
#ifdef SIGALRM
  gmproc_test_add ("/connection/interrupted", test_interrupted);
#endif
  gmproc_test_add ("/connection/killed-sender", test_killed_sender);
  gmproc_test_add ("/connection/poll-elsewhere", test_poll_elsewhere);
  gmproc_test_add ("/connection/rights", test_rights);
  gmproc_test_add ("/connection/bad-handles", test_bad_handles);
  return g_test_run ();
}
