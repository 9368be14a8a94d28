/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Connections in a main loop. Both ends of a pipe are served by one context, so a call that blocked
 * it would wait for ever.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "errands.h"
#include "plumbing.h"
#include "support.h"

#define N_MESSAGES 300

/* GM-16: a message larger than the pipe, sent and received by one context. */
static void
test_large (void)
{
  g_autoptr (GBytes) message = make_bytes (LARGE, 1);
  Results sent, received;
  Pipe pipe;

  results_init (&sent);
  results_init (&received);
  pipe_init (&pipe, TRUE);
  gmproc_connection_send_bytes_async (pipe.first, message, NULL, on_sent, &sent);
  gmproc_connection_receive_bytes_async (pipe.second, GMPROC_FOREVER, NULL, on_received, &received);
  g_assert_cmpint (sent.n_done, ==, 0);
  g_assert_cmpint (received.n_done, ==, 0);
  run_until (&received.n_done, 1, "the message");
  run_until (&sent.n_done, 1, "the end of the send");
  g_assert_no_error (sent.error);
  g_assert_no_error (received.error);
  g_assert_true (g_bytes_equal (received.messages->pdata[0], message));
  results_clear (&sent);
  results_clear (&received);
  pipe_clear (&pipe);
}

/* More sends than the pipe holds, all at once: they keep their order. */
static void
test_order (void)
{
  Results sent, received;
  Pipe pipe;

  results_init (&sent);
  results_init (&received);
  pipe_init (&pipe, FALSE);
  for (int i = 0; i < N_MESSAGES; i++)
    {
      g_autoptr (GBytes) message = make_bytes (1 + (gsize) i * 17, (guint8) i);

      gmproc_connection_send_bytes_async (pipe.second, message, NULL, on_sent, &sent);
    }
  for (int i = 0; i < N_MESSAGES; i++)
    {
      g_autoptr (GBytes) expected = make_bytes (1 + (gsize) i * 17, (guint8) i);

      gmproc_connection_receive_bytes_async (pipe.first, GMPROC_FOREVER, NULL, on_received,
                                             &received);
      run_until (&received.n_done, i + 1, "a message");
      g_assert_true (g_bytes_equal (received.messages->pdata[i], expected));
    }
  run_until (&sent.n_done, N_MESSAGES, "the last send");
  g_assert_cmpint (sent.n_failed, ==, 0);
  results_clear (&sent);
  results_clear (&received);
  pipe_clear (&pipe);
}

static void
on_value (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GVariant **value = user_data;
  g_autoptr (GError) error = NULL;

  *value = gmproc_connection_receive_finish (GMPROC_CONNECTION (object), result, &error);
  g_assert_no_error (error);
}

/* Values with objects go this way as well, and bad ones fail in the callback. */
static void
test_values (void)
{
  g_autoptr (GmprocEvent) event = gmproc_event_new (NULL);
  g_autoptr (GmprocEvent) copy = NULL;
  g_autoptr (GVariant) value = NULL;
  Results sent;
  Pipe pipe;

  results_init (&sent);
  pipe_init (&pipe, TRUE);
  gmproc_connection_receive_async (pipe.second, GMPROC_FOREVER, NULL, on_value, &value);
  gmproc_connection_send_async (pipe.first, g_variant_new_handle (G_MAXINT32), NULL, on_value_sent,
                                &sent);
  gmproc_connection_send_async (pipe.first, g_variant_new_handle (gmproc_event_get_handle (event)),
                                NULL, on_value_sent, &sent);
  run_until (&sent.n_done, 2, "the end of the sends");
  g_assert_cmpint (sent.n_failed, ==, 1);
  g_assert_error (sent.error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
  while (value == NULL)
    g_main_context_iteration (NULL, TRUE);
  copy = gmproc_event_from_handle (g_variant_get_handle (value), NULL);
  g_assert_nonnull (copy);
  results_clear (&sent);
  pipe_clear (&pipe);
}

/* GM-16: cancelled while it waits; what it waited for comes to the next one. */
static void
test_cancelled_receive (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) message = make_bytes (10, 3);
  Results received;
  Pipe pipe;

  results_init (&received);
  pipe_init (&pipe, FALSE);
  gmproc_connection_receive_bytes_async (pipe.first, GMPROC_FOREVER, cancellable, on_received,
                                         &received);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (received.n_done, ==, 0);
  g_cancellable_cancel (cancellable);
  run_until (&received.n_done, 1, "the cancel");
  g_assert_error (received.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  send_bytes (pipe.second, message);
  receive_bytes (pipe.first, message);
  results_clear (&received);
  pipe_clear (&pipe);
}

/* GM-16: cancelled in the middle of a message: the next send completes it. */
static void
test_cancelled_send (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) first = make_bytes (LARGE, 1);
  g_autoptr (GBytes) second = make_bytes (10, 3);
  g_autoptr (GBytes) third = make_bytes (10, 5);
  Results sent, received;
  Pipe pipe;

  results_init (&sent);
  results_init (&received);
  pipe_init (&pipe, FALSE);
  gmproc_connection_send_bytes_async (pipe.second, first, cancellable, on_sent, &sent);
  gmproc_connection_send_bytes_async (pipe.second, second, cancellable, on_sent, &sent);
  g_cancellable_cancel (cancellable);
  run_until (&sent.n_done, 2, "the cancels");
  g_assert_cmpint (sent.n_failed, ==, 2);
  g_assert_error (sent.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gmproc_connection_send_bytes_async (pipe.second, third, NULL, on_sent, &sent);
  for (int i = 0; i < 2; i++)
    gmproc_connection_receive_bytes_async (pipe.first, GMPROC_FOREVER, NULL, on_received,
                                           &received);
  run_until (&received.n_done, 2, "the messages");
  run_until (&sent.n_done, 3, "the last send");
  g_assert_cmpint (sent.n_failed, ==, 2);
  g_assert_true (g_bytes_equal (received.messages->pdata[0], first));
  g_assert_true (g_bytes_equal (received.messages->pdata[1], third));
  results_clear (&sent);
  results_clear (&received);
  pipe_clear (&pipe);
}

typedef struct
{
  int n_done;
  gboolean received;
  gsize size;
  GError *error;
} IntoResult;

static void
on_into (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IntoResult *into = user_data;

  g_clear_error (&into->error);
  into->received = gmproc_connection_receive_into_finish (GMPROC_CONNECTION (object), result,
                                                          &into->size, &into->error);
  into->n_done++;
}

/* GM-16: a message larger than the pipe, into a buffer at an offset. */
static void
test_into (void)
{
  g_autoptr (GBytes) message = make_bytes (LARGE, 1);
  g_autofree guint8 *buffer = g_malloc0 (LARGE + 8);
  IntoResult into = { 0, FALSE, 0, NULL };
  Results sent;
  Pipe pipe;

  results_init (&sent);
  pipe_init (&pipe, FALSE);
  gmproc_connection_receive_into_async (pipe.first, buffer, LARGE + 8, 5, GMPROC_FOREVER, NULL,
                                        on_into, &into);
  g_assert_cmpint (into.n_done, ==, 0);
  gmproc_connection_send_bytes_async (pipe.second, message, NULL, on_sent, &sent);
  run_until (&into.n_done, 1, "the message");
  run_until (&sent.n_done, 1, "the end of the send");
  g_assert_no_error (into.error);
  g_assert_true (into.received);
  g_assert_cmpuint (into.size, ==, LARGE);
  g_assert_cmpmem (buffer + 5, LARGE, g_bytes_get_data (message, NULL), LARGE);
  g_assert_cmpint (buffer[4], ==, 0);
  g_assert_cmpint (buffer[LARGE + 5], ==, 0);
  results_clear (&sent);
  pipe_clear (&pipe);
}

/* Too short a buffer says so, and how much is needed; the message stays. Then arguments that are
 * wrong, a timeout, and a cancel in the middle of a message, after which the buffer is the
 * caller's. */
static void
test_into_errors (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) message = make_bytes (1000, 1);
  g_autoptr (GBytes) large = make_bytes (LARGE, 1);
  guint8 buffer[1000] = { 0 };
  IntoResult into = { 0, FALSE, 0, NULL };
  Results sent, received;
  Pipe pipe;

  results_init (&sent);
  results_init (&received);
  pipe_init (&pipe, FALSE);
  send_bytes (pipe.second, message);
  gmproc_connection_receive_into_async (pipe.first, buffer, 1000, 1, GMPROC_FOREVER, NULL, on_into,
                                        &into);
  run_until (&into.n_done, 1, "the error");
  g_assert_error (into.error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_cmpuint (into.size, ==, 1000);
  gmproc_connection_receive_into_async (pipe.first, buffer, 1000, 1001, GMPROC_FOREVER, NULL,
                                        on_into, &into);
  run_until (&into.n_done, 2, "the error");
  g_assert_error (into.error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (into.size, ==, 0);
  gmproc_connection_receive_into_async (pipe.first, buffer, 1000, 0, 0, NULL, on_into, &into);
  run_until (&into.n_done, 3, "the message");
  g_assert_no_error (into.error);
  g_assert_cmpmem (buffer, into.size, g_bytes_get_data (message, NULL), 1000);
  gmproc_connection_receive_into_async (pipe.first, NULL, 0, 0, SHORT, NULL, on_into, &into);
  run_until (&into.n_done, 4, "the timeout");
  g_assert_error (into.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  gmproc_connection_send_bytes_async (pipe.second, large, NULL, on_sent, &sent);
  {
    g_autofree guint8 *room = g_malloc (LARGE);

    gmproc_connection_receive_into_async (pipe.first, room, LARGE, 0, GMPROC_FOREVER, cancellable,
                                          on_into, &into);
    (void) g_main_context_iteration (NULL, TRUE); /* of the many that the message takes */
    g_cancellable_cancel (cancellable);
    run_until (&into.n_done, 5, "the cancel");
    g_assert_error (into.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  }
  gmproc_connection_receive_bytes_async (pipe.first, GMPROC_FOREVER, NULL, on_received, &received);
  run_until (&received.n_done, 1, "the message");
  run_until (&sent.n_done, 1, "the end of the send");
  g_assert_true (g_bytes_equal (received.messages->pdata[0], large));
  g_clear_error (&into.error);
  results_clear (&sent);
  results_clear (&received);
  pipe_clear (&pipe);
}

static void
on_range (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Results *results = user_data;
  GError *error = NULL;

  results->n_done++;
  if (!gmproc_connection_send_range_finish (GMPROC_CONNECTION (object), result, &error))
    results_note_error (results, error);
}

static void
on_buffers (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Results *results = user_data;
  GError *error = NULL;

  results->n_done++;
  if (!gmproc_connection_send_buffers_finish (GMPROC_CONNECTION (object), result, &error))
    results_note_error (results, error);
}

/* GM-16: parts and pieces of the caller's memory, larger than the pipe, in the order of the calls;
 * the array of the pieces is the caller's again at once. */
static void
test_vectors (void)
{
  g_autoptr (GBytes) whole = make_bytes (LARGE, 1);
  const guint8 *data = g_bytes_get_data (whole, NULL);
  g_autoptr (GBytes) part = g_bytes_new_from_bytes (whole, 10, LARGE - 20);
  g_autoptr (GBytes) empty = make_bytes (0, 0);
  GOutputVector pieces[] = { { data, 1 }, { NULL, 0 }, { data + 1, LARGE - 1 } };
  GBytes *expected[] = { part, whole, empty, empty };
  Results sent, received;
  Pipe pipe;

  results_init (&sent);
  results_init (&received);
  pipe_init (&pipe, FALSE);
  gmproc_connection_send_range_async (pipe.second, data, LARGE, 10, LARGE - 20, NULL, on_range,
                                      &sent);
  gmproc_connection_send_buffers_async (pipe.second, pieces, G_N_ELEMENTS (pieces), NULL,
                                        on_buffers, &sent);
  memset (pieces, 0, sizeof pieces);
  gmproc_connection_send_range_async (pipe.second, NULL, 0, 0, 0, NULL, on_range, &sent);
  gmproc_connection_send_buffers_async (pipe.second, NULL, 0, NULL, on_buffers, &sent);
  g_assert_cmpint (sent.n_done, ==, 0);
  for (int i = 0; i < (int) G_N_ELEMENTS (expected); i++)
    {
      gmproc_connection_receive_bytes_async (pipe.first, GMPROC_FOREVER, NULL, on_received,
                                             &received);
      run_until (&received.n_done, i + 1, "a message");
      g_assert_true (g_bytes_equal (received.messages->pdata[i], expected[i]));
    }
  run_until (&sent.n_done, 4, "the last send");
  g_assert_cmpint (sent.n_failed, ==, 0);

  gmproc_connection_send_range_async (pipe.second, data, 10, 9, 2, NULL, on_range, &sent);
  run_until (&sent.n_done, 5, "the error");
  g_assert_error (sent.error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  pieces[0].size = pieces[1].size = G_MAXSIZE;
  gmproc_connection_send_buffers_async (pipe.second, pieces, 2, NULL, on_buffers, &sent);
  run_until (&sent.n_done, 6, "the error");
  g_assert_error (sent.error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_false (gmproc_connection_poll (pipe.first, 0, NULL, NULL));
  results_clear (&sent);
  results_clear (&received);
  pipe_clear (&pipe);
}

static void
test_timeouts (void)
{
  Results received;
  Pipe pipe;

  results_init (&received);
  pipe_init (&pipe, FALSE);
  gmproc_connection_receive_bytes_async (pipe.first, SHORT, NULL, on_received, &received);
  run_until (&received.n_done, 1, "the timeout");
  g_assert_error (received.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gmproc_connection_receive_bytes_async (pipe.first, 0, NULL, on_received, &received);
  run_until (&received.n_done, 2, "the try");
  g_assert_error (received.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gmproc_connection_receive_bytes_async (pipe.first, -7, NULL, on_received, &received);
  run_until (&received.n_done, 3, "the bad timeout");
  g_assert_error (received.error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  results_clear (&received);
  pipe_clear (&pipe);
}

/* The other end, and this one, closed while calls wait. */
static void
test_closed (void)
{
  g_autoptr (GBytes) message = make_bytes (LARGE, 1);
  Results sent, received;
  Pipe pipe;

  results_init (&sent);
  results_init (&received);
  pipe_init (&pipe, TRUE);
  gmproc_connection_receive_bytes_async (pipe.first, GMPROC_FOREVER, NULL, on_received, &received);
  gmproc_connection_send_bytes_async (pipe.first, message, NULL, on_sent, &sent);
  gmproc_connection_close (pipe.second);
  run_until (&received.n_done, 1, "the end");
  g_assert_error (received.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  run_until (&sent.n_done, 1, "the error");
  g_assert_error (sent.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  pipe_clear (&pipe);

  pipe_init (&pipe, TRUE);
  gmproc_connection_receive_bytes_async (pipe.first, GMPROC_FOREVER, NULL, on_received, &received);
  gmproc_connection_send_bytes_async (pipe.first, message, NULL, on_sent, &sent);
  g_assert_cmpint (received.n_done, ==, 1);
  gmproc_connection_close (pipe.first);
  run_until (&received.n_done, 2, "the end");
  g_assert_error (received.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  run_until (&sent.n_done, 2, "the error");
  g_assert_error (sent.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  results_clear (&sent);
  results_clear (&received);
  pipe_clear (&pipe);
}

static gboolean
count_ready (GmprocWaitable *object, gpointer user_data)
{
  g_assert_true (GMPROC_IS_CONNECTION (object));
  (*(int *) user_data)++;
  return G_SOURCE_CONTINUE;
}

/* The source is level-triggered, and takes nothing. A message whose head was read is something. */
static void
test_source (void)
{
  g_autoptr (GBytes) message = make_bytes (10, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSource) source = NULL;
  guint8 byte;
  gsize size;
  int n = 0;
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  g_assert_null (gmproc_waitable_create_source (GMPROC_WAITABLE (pipe.second), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (gmproc_waitable_is_ready (GMPROC_WAITABLE (pipe.second)));
  g_assert_false (gmproc_waitable_is_ready (GMPROC_WAITABLE (pipe.first)));

  source = gmproc_waitable_create_source (GMPROC_WAITABLE (pipe.first), NULL, NULL);
  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) count_ready, &n, NULL);
  g_source_attach (source, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (n, ==, 0);
  send_bytes (pipe.second, message);
  g_assert_true (gmproc_waitable_is_ready (GMPROC_WAITABLE (pipe.first)));
  run_until (&n, 3, "readiness");
  g_assert_false (gmproc_connection_receive_into (pipe.first, &byte, 1, 0, &size, 0, NULL, NULL));
  n = 0;
  run_until (&n, 3, "readiness of a message that is here");
  receive_bytes (pipe.first, message);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  n = 0;
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (n, ==, 0);
  gmproc_connection_close (pipe.first);
  run_until (&n, 1, "readiness of a closed end");
  g_source_destroy (source);
  pipe_clear (&pipe);
}

/* A call that finds its buffer too short leaves the message in the link, where no event of the pipe
 * tells of it; who waits in the loop since before is woken all the same. */
static void
test_left_message (void)
{
  g_autoptr (GBytes) message = make_bytes (10, 1);
  g_autoptr (GSource) source = NULL;
  Results received;
  guint8 byte;
  gsize size;
  int n = 0;
  Pipe pipe;

  results_init (&received);
  pipe_init (&pipe, FALSE);
  source = gmproc_connection_create_source (pipe.first, NULL, NULL);
  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) count_ready, &n, NULL);
  g_source_attach (source, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  send_bytes (pipe.second, message);
  g_assert_false (gmproc_connection_receive_into (pipe.first, &byte, 1, 0, &size, 0, NULL, NULL));
  run_until (&n, 1, "readiness");
  receive_bytes (pipe.first, message);
  g_source_destroy (source);

  gmproc_connection_receive_bytes_async (pipe.first, GMPROC_FOREVER, NULL, on_received, &received);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  send_bytes (pipe.second, message);
  g_assert_false (gmproc_connection_receive_into (pipe.first, &byte, 1, 0, &size, 0, NULL, NULL));
  run_until (&received.n_done, 1, "the message");
  g_assert_no_error (received.error);
  results_clear (&received);
  pipe_clear (&pipe);
}

static void
warm_up_context (void)
{
  warm_up ();
  test_timeouts ();
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_context);
  gmproc_test_add ("/connection-async/GM-16/large", test_large);
  gmproc_test_add ("/connection-async/order", test_order);
  gmproc_test_add ("/connection-async/values", test_values);
  gmproc_test_add ("/connection-async/GM-16/cancelled-receive", test_cancelled_receive);
  gmproc_test_add ("/connection-async/GM-16/cancelled-send", test_cancelled_send);
  gmproc_test_add ("/connection-async/GM-16/into", test_into);
  gmproc_test_add ("/connection-async/into-errors", test_into_errors);
  gmproc_test_add ("/connection-async/GM-16/vectors", test_vectors);
  gmproc_test_add ("/connection-async/timeouts", test_timeouts);
  gmproc_test_add ("/connection-async/closed", test_closed);
  gmproc_test_add ("/connection-async/source", test_source);
  gmproc_test_add ("/connection-async/left-message", test_left_message);
  return g_test_run ();
}
