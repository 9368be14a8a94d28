/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting for several objects at once, and for one in a main loop.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define N_MANY (1000)
#define N_TIMES (3)
#define N_PIPES (20)
#define N_MESSAGES (50)

static GPtrArray *
wait_for (GPtrArray *objects, gint64 timeout, GError **error)
{
  return gmproc_wait ((GmprocWaitable **) objects->pdata, objects->len, timeout, NULL, error);
}

/* Exactly the objects with these INDEXES are ready, -1 ends the list. */
static void
assert_ready (GPtrArray *objects, gint64 timeout, const int *indexes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) ready = wait_for (objects, timeout, &error);
  guint n = 0;

  g_assert_no_error (error);
  for (; indexes[n] != -1; n++)
    {
      g_assert_cmpuint (n, <, ready->len);
      g_assert_true (g_ptr_array_index (ready, n) == g_ptr_array_index (objects, indexes[n]));
    }
  g_assert_cmpuint (ready->len, ==, n);
}

static void
assert_none (GPtrArray *objects, gint64 timeout)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_null (wait_for (objects, timeout, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeout);
}

/* PI-09, PI-18: nothing to wait for takes the time that was given. */
static void
test_none (void)
{
  g_autoptr (GPtrArray) objects = g_ptr_array_new ();

  assert_none (objects, 0);
  assert_none (objects, PARTY_SHORT);
}

/* PI-18. */
static void
test_timeout (void)
{
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (objects, party_new_signal ());
  assert_none (objects, 0);
  assert_none (objects, PARTY_SHORT);
  g_assert_null (wait_for (objects, -7, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "-7"));
}

static gpointer
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* GM-16. */
static void
test_cancel (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel, cancellable);
  GmprocWaitable *objects[] = { GMPROC_WAITABLE (event) };

  g_assert_null (gmproc_wait (objects, 1, GMPROC_FOREVER, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

/* 1000 objects in shared memory: one of them, then all. */
static void
test_many (void)
{
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func (g_object_unref);
  const int one[] = { 700, -1 };
  g_autofree int *all = g_new (int, N_MANY + 1);

  for (int i = 0; i < N_MANY; i++)
    {
      g_ptr_array_add (events, party_new_signal ());
      all[i] = i;
    }
  all[N_MANY] = -1;

  assert_none (events, PARTY_SHORT);
  gmproc_event_set (g_ptr_array_index (events, one[0]));
  assert_ready (events, GMPROC_FOREVER, one);
  for (int i = 0; i < N_MANY; i++)
    gmproc_event_set (g_ptr_array_index (events, i));
  assert_ready (events, GMPROC_FOREVER, all);
}

/* -- objects of different classes ---------------------------------------------------------------
 */

static GSource *
watch_socket (gpointer socket)
{
  return g_socket_create_source (socket, G_IO_IN, NULL);
}

static void
new_sockets (GSocket **ret_one, GSocket **ret_other)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket) listener =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  *ret_one =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_bind (listener, any, FALSE, &error));
  g_assert_true (g_socket_listen (listener, &error));
  bound = g_socket_get_local_address (listener, &error);
  g_assert_true (g_socket_connect (*ret_one, bound, NULL, &error));
  *ret_other = g_socket_accept (listener, NULL, &error);
  g_assert_no_error (error);
}

/* Sets the event when it is told to, and ends when it is told to. */
GMPROC_DEFINE_TARGET (set_and_end)
{
  g_autoptr (GmprocEvent) may_set = party_open_event (args, 0);
  g_autoptr (GmprocEvent) event = party_open_event (args, 1);
  g_autoptr (GmprocEvent) may_end = party_open_event (args, 2);

  party_wait (may_set);
  gmproc_event_set (event);
  party_wait (may_end);
  return EXIT_SUCCESS;
}

/* PI-17, PI-19, PR-16: an event, a process and a socket; every one that is ready is told, in order.
 */
static void
test_mixed (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocEvent) may_set = party_new_signal ();
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GmprocEvent) may_end = party_new_signal ();
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocket) peer = NULL;
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_object_unref);
  const int the_event[] = { 0, -1 }, two[] = { 0, 1, -1 }, all[] = { 0, 1, 2, -1 };

  new_sockets (&socket, &peer);
  process =
      gmproc_process_new (set_and_end, g_variant_new ("(hhh)", gmproc_event_get_handle (may_set),
                                                      gmproc_event_get_handle (event),
                                                      gmproc_event_get_handle (may_end)));
  g_ptr_array_add (objects, g_object_ref (event));
  g_ptr_array_add (objects, g_object_ref (process));
  g_ptr_array_add (objects, gmproc_waitable_new_for_sources (watch_socket, g_object_ref (socket),
                                                             g_object_unref));

  g_assert_true (gmproc_process_start (process, &error));
  g_assert_no_error (error);
  assert_none (objects, 0);
  gmproc_event_set (may_set);
  assert_ready (objects, GMPROC_FOREVER, the_event);

  gmproc_event_set (may_end);
  gmproc_event_clear (event);
  assert_ready (objects, GMPROC_FOREVER, (const int[]){ 1, -1 });
  g_assert_true (gmproc_process_join (process, 0, NULL, &error));
  gmproc_event_set (event);
  assert_ready (objects, GMPROC_FOREVER, two);

  g_assert_cmpint (g_socket_send (peer, "x", 1, NULL, &error), ==, 1);
  g_ptr_array_remove_index (objects, 0);
  g_ptr_array_remove_index (objects, 0);
  assert_ready (objects, GMPROC_FOREVER, the_event); /* the socket alone */
  g_ptr_array_insert (objects, 0, g_object_ref (process));
  g_ptr_array_insert (objects, 0, g_object_ref (event));
  assert_ready (objects, GMPROC_FOREVER, all);
}

/* PI-19: a connection, a queue and the process that feeds both, as it ends. */
GMPROC_DEFINE_TARGET (feed)
{
  g_autoptr (GmprocConnection) out = party_open_connection (args, 0);
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 1);
  g_autoptr (GmprocEvent) may_put = party_open_event (args, 2);
  g_autoptr (GmprocEvent) may_end = party_open_event (args, 3);
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_connection_send (out, g_variant_new_int32 (1), NULL, &error));
  party_wait (may_put);
  g_assert_true (gmproc_queue_put (queue, g_variant_new_int32 (2), 0, NULL, &error));
  party_wait (may_end);
  return EXIT_SUCCESS;
}

static void
test_pipe_queue_and_process (void)
{
  g_autoptr (GmprocEvent) may_put = party_new_signal ();
  g_autoptr (GmprocEvent) may_end = party_new_signal ();
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, NULL);
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GVariant) message = NULL;
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) ready = NULL;
  GmprocWaitable *alone = GMPROC_WAITABLE (queue);

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, &error));
  process = gmproc_process_new (feed, g_variant_new ("(hhhh)", gmproc_connection_get_handle (out),
                                                     gmproc_queue_get_handle (queue),
                                                     gmproc_event_get_handle (may_put),
                                                     gmproc_event_get_handle (may_end)));
  g_assert_true (gmproc_process_start (process, &error));
  gmproc_connection_close (out);
  g_ptr_array_add (objects, g_object_ref (in));
  g_ptr_array_add (objects, g_object_ref (queue));
  g_ptr_array_add (objects, g_object_ref (process));

  assert_ready (objects, GMPROC_FOREVER, (const int[]){ 0, -1 });
  gmproc_event_set (may_put);
  ready = gmproc_wait (&alone, 1, GMPROC_FOREVER, NULL, &error);
  g_assert_no_error (error);
  assert_ready (objects, 0, (const int[]){ 0, 1, -1 });
  message = gmproc_connection_receive (in, 0, NULL, &error);
  g_assert_no_error (error);
  assert_ready (objects, GMPROC_FOREVER, (const int[]){ 1, -1 });
  item = gmproc_queue_get (queue, 0, NULL, &error);
  g_assert_no_error (error);
  assert_none (objects, 0);

  gmproc_event_set (may_end);
  g_assert_true (gmproc_process_join (process, GMPROC_FOREVER, NULL, &error));
  assert_ready (objects, GMPROC_FOREVER, (const int[]){ 0, 2, -1 }); /* the pipe at its end */
}

/* PR-16: a process that was not started cannot be waited for, and the error says which one it is.
 */
static void
test_not_started (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GmprocProcess) process = gmproc_process_new (set_and_end, NULL);
  GmprocWaitable *objects[] = { GMPROC_WAITABLE (event), GMPROC_WAITABLE (process) };
  g_autoptr (GError) error = NULL;

  gmproc_event_set (event);
  g_assert_null (gmproc_wait (objects, 2, 0, NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_assert_nonnull (strstr (error->message, "Object 1 of 2"));
  g_assert_nonnull (strstr (error->message, gmproc_process_get_name (process)));
  g_assert_false (gmproc_waitable_is_ready (objects[1]));
}

/* -- pipes --------------------------------------------------------------------------------------
 */

/* Sends N_MESSAGES and ends; the end of the stream is the end of the process. */
GMPROC_DEFINE_TARGET (send_some)
{
  g_autoptr (GmprocConnection) out = party_open_connection (args, 0);
  g_autoptr (GError) error = NULL;

  for (gint64 i = 0; i < N_MESSAGES; i++)
    {
      g_assert_true (gmproc_connection_send (out, g_variant_new_int64 (i), NULL, &error));
      if (i % 2 == 0)
        party_pause (G_TIME_SPAN_MILLISECOND);
    }
  return EXIT_SUCCESS;
}

static GmprocConnection *
start_sender (GPtrArray *processes)
{
  g_autoptr (GError) error = NULL;
  GmprocConnection *in;
  g_autoptr (GmprocConnection) out = NULL;
  GmprocProcess *process;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, &error));
  process =
      gmproc_process_new (send_some, g_variant_new ("(h)", gmproc_connection_get_handle (out)));
  g_ptr_array_add (processes, process);
  g_assert_true (gmproc_process_start (process, &error));
  g_assert_no_error (error);
  gmproc_connection_close (out);
  return in;
}

/* One message, which has to be the next one of its pipe; FALSE at the end of the stream. */
static gboolean
receive_next (GmprocConnection *in, gint64 *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) message = gmproc_connection_receive (in, 0, NULL, &error);

  if (message == NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      g_assert_cmpint (*expected, ==, N_MESSAGES);
      return FALSE;
    }
  g_assert_cmpint (g_variant_get_int64 (message), ==, (*expected)++);
  return TRUE;
}

/* PI-16: all messages of many pipes, and the end of each. */
static void
test_pipes (void)
{
  g_autoptr (GPtrArray) processes = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) pipes = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GHashTable) expected = g_hash_table_new_full (NULL, NULL, NULL, g_free);

  for (guint i = 0; i < N_PIPES; i++)
    {
      GmprocConnection *in = start_sender (processes);

      g_ptr_array_add (pipes, in);
      g_hash_table_insert (expected, in, g_new0 (gint64, 1));
    }

  while (pipes->len > 0)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) ready = wait_for (pipes, PARTY_BOUND, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (ready->len, >, 0);
      for (guint i = 0; i < ready->len; i++)
        {
          GmprocConnection *in = g_ptr_array_index (ready, i);

          if (!receive_next (in, g_hash_table_lookup (expected, in)))
            g_ptr_array_remove (pipes, in);
        }
    }
  for (guint i = 0; i < processes->len; i++)
    g_assert_true (
        gmproc_process_join (g_ptr_array_index (processes, i), GMPROC_FOREVER, NULL, NULL));
}

/* -- main loops ---------------------------------------------------------------------------------
 */

typedef struct
{
  GmprocEvent *clear_after; /* the last time */
  guint n_calls;
} Counter;

static gboolean
on_ready (GmprocWaitable *object, gpointer user_data)
{
  Counter *counter = user_data;

  g_assert_true (gmproc_waitable_is_ready (object));
  if (++counter->n_calls == N_TIMES)
    gmproc_event_clear (counter->clear_after);
  return G_SOURCE_CONTINUE;
}

/* A source is dispatched as long as its event is set, whoever sets it, and not any more after. */
static void
test_source (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocEvent) go = party_new_signal ();
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) source =
      gmproc_waitable_create_source (GMPROC_WAITABLE (event), NULL, &error);
  g_autoptr (GmprocProcess) process = NULL;
  Counter counter = { event, 0 };

  g_assert_no_error (error);
  g_source_set_callback (source, (GSourceFunc) (void *) on_ready, &counter, NULL);
  g_source_attach (source, context);
  for (guint i = 0; i < N_TIMES; i++)
    g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (counter.n_calls, ==, 0);

  gmproc_event_set (go);
  process = gmproc_process_new (set_and_end, g_variant_new ("(hhh)", gmproc_event_get_handle (go),
                                                            gmproc_event_get_handle (event),
                                                            gmproc_event_get_handle (go)));
  g_assert_true (gmproc_process_start (process, &error));
  g_assert_no_error (error);
  while (counter.n_calls < N_TIMES)
    g_main_context_iteration (context, TRUE);

  for (guint i = 0; i < N_TIMES; i++)
    g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (counter.n_calls, ==, N_TIMES);
  g_source_destroy (source);
  g_assert_true (gmproc_process_join (process, GMPROC_FOREVER, NULL, &error));
}

static gboolean
on_cancelled (GmprocWaitable *object, gpointer user_data)
{
  g_assert_false (gmproc_waitable_is_ready (object));
  (*(guint *) user_data)++;
  return G_SOURCE_REMOVE;
}

/* A cancel dispatches the source of an object that is not ready. */
static void
test_source_cancelled (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource) source =
      gmproc_waitable_create_source (GMPROC_WAITABLE (event), cancellable, &error);
  GThread *thread;
  guint n_calls = 0;

  g_source_set_callback (source, (GSourceFunc) (void *) on_cancelled, &n_calls, NULL);
  g_source_attach (source, context);
  g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (n_calls, ==, 0);
  thread = g_thread_new ("cancel", cancel, cancellable);
  while (n_calls == 0)
    g_main_context_iteration (context, TRUE);
  g_thread_join (thread);
}

/* -- the parent ---------------------------------------------------------------------------------
 */

/* Tells that its parent lived, and that it is gone. */
GMPROC_DEFINE_TARGET (outlive)
{
  g_autoptr (GmprocEvent) is_up = party_open_event (args, 0);
  g_autoptr (GmprocEvent) has_seen = party_open_event (args, 1);
  GmprocProcess *parent = gmproc_process_get_parent ();
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_process_is_alive (parent));
  g_assert_false (gmproc_process_join (parent, PARTY_SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  gmproc_event_set (is_up);

  g_assert_true (gmproc_process_join (parent, PARTY_BOUND, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (gmproc_process_is_alive (parent));
  gmproc_event_set (has_seen);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (be_killed)
{
  g_autoptr (GmprocEvent) never = party_new_signal ();
  g_autoptr (GmprocProcess) child = gmproc_process_new (outlive, args);
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_process_start (child, &error));
  party_wait (never);
  return EXIT_FAILURE;
}

/* PR-07: the middle one of three is killed. */
static void
test_parent (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocEvent) is_up = party_new_signal ();
  g_autoptr (GmprocEvent) has_seen = party_new_signal ();
  g_autoptr (GmprocProcess) middle =
      gmproc_process_new (be_killed, g_variant_new ("(hh)", gmproc_event_get_handle (is_up),
                                                    gmproc_event_get_handle (has_seen)));

  g_assert_true (gmproc_process_start (middle, &error));
  g_assert_no_error (error);
  party_wait (is_up);
  g_assert_false (gmproc_event_is_set (has_seen));
  g_assert_true (gmproc_process_kill (middle, &error));
  party_wait (has_seen);
  g_assert_true (gmproc_process_join (middle, GMPROC_FOREVER, NULL, &error));
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/wait/none", test_none);
  gmproc_test_add ("/wait/timeout", test_timeout);
  gmproc_test_add ("/wait/cancel", test_cancel);
  gmproc_test_add ("/wait/many", test_many);
  gmproc_test_add ("/wait/mixed", test_mixed);
  gmproc_test_add ("/wait/PI-19/pipe-queue-process", test_pipe_queue_and_process);
  gmproc_test_add ("/wait/not-started", test_not_started);
  gmproc_test_add ("/wait/pipes", test_pipes);
  gmproc_test_add ("/wait/source", test_source);
  gmproc_test_add ("/wait/source-cancelled", test_source_cancelled);
  gmproc_test_add ("/wait/parent", test_parent);
  return g_test_run ();
}
