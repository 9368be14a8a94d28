/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Listeners in a main loop. Both sides are served by one context, so a call that blocked it would
 * wait for ever.
 */
#include <gmproc.h>

#include "strangers.h"
#include "support.h"

#define N_PEERS 20
#define N_ROUNDS 20
#define N_STARTERS 4

typedef struct
{
  int n_done;
  GPtrArray *connections;
  GError *error; /* the last one */
} Ends;

static void
ends_init (Ends *self)
{
  *self = (Ends){ .connections = g_ptr_array_new_with_free_func (g_object_unref) };
}

static void
ends_clear (Ends *self)
{
  g_ptr_array_unref (self->connections);
  g_clear_error (&self->error);
}

/* Takes both. */
static void
note (Ends *self, GmprocConnection *connection, GError *error)
{
  g_assert_true ((connection == NULL) == (error != NULL));
  self->n_done++;
  if (connection != NULL)
    {
      g_ptr_array_add (self->connections, connection);
      return;
    }
  g_clear_error (&self->error);
  self->error = error;
}

static void
on_accepted (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  GmprocConnection *connection =
      gmproc_listener_accept_finish (GMPROC_LISTENER (object), result, &error);

  note (user_data, connection, error);
}

static void
on_connected (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  GmprocConnection *connection = gmproc_connect_finish (result, &error);

  g_assert_null (object);
  note (user_data, connection, error);
}

/* Many at once, all in this thread. */
static void
check_many (GSocketAddress *address, GBytes *key)
{
  g_autoptr (GmprocListener) listener = listener_new (address, key);
  g_autoptr (GBytes) message = make_bytes (100, 3);
  Ends accepted, connected;

  ends_init (&accepted);
  ends_init (&connected);
  for (int i = 0; i < N_PEERS; i++)
    {
      gmproc_connect_async (gmproc_listener_get_address (listener), key, BOUND, NULL, on_connected,
                            &connected);
      gmproc_listener_accept_async (listener, BOUND, NULL, on_accepted, &accepted);
    }
  run_until (&accepted.n_done, N_PEERS, "an accept");
  run_until (&connected.n_done, N_PEERS, "a connect");
  g_assert_no_error (accepted.error);
  g_assert_no_error (connected.error);
  for (guint i = 0; i < N_PEERS; i++)
    send_bytes (g_ptr_array_index (accepted.connections, i), message);
  for (guint i = 0; i < N_PEERS; i++)
    receive_bytes (g_ptr_array_index (connected.connections, i), message);
  ends_clear (&accepted);
  ends_clear (&connected);
}

static void
test_many (void)
{
  char *folder;
  g_autoptr (GSocketAddress) address = make_address (&folder);
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GBytes) key = g_bytes_new_static ("secret", 6);

  check_many (address, NULL);
  check_many (address, key);
  check_many (any, NULL);
  check_many (any, key);
  remove_folder (folder);
}

/* GM-16: time, cancel and close, of a listener to which nobody comes. */
static void
test_accept_ends (void)
{
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GmprocListener) listener = listener_new (any, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Ends results;

  ends_init (&results);
  gmproc_listener_accept_async (listener, SHORT, NULL, on_accepted, &results);
  run_until (&results.n_done, 1, "the deadline");
  g_assert_error (results.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  gmproc_listener_accept_async (listener, BOUND, cancellable, on_accepted, &results);
  g_cancellable_cancel (cancellable);
  run_until (&results.n_done, 2, "the cancel");
  g_assert_error (results.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gmproc_listener_accept_async (listener, GMPROC_FOREVER, NULL, on_accepted, &results);
  gmproc_listener_close (listener);
  run_until (&results.n_done, 3, "the close");
  g_assert_error (results.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  ends_clear (&results);
}

/* GM-16: time and cancel, at a server that takes connections and says nothing; and nobody there. */
static void
test_connect_ends (void)
{
  char *folder;
  g_autoptr (GSocketAddress) any = make_address (&folder);
  g_autoptr (GmprocListener) silent = listener_new (any, NULL);
  GSocketAddress *address = gmproc_listener_get_address (silent);
  g_autoptr (GBytes) key = g_bytes_new_static ("secret", 6);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Ends results;
  int code;

  ends_init (&results);
  gmproc_connect_async (address, key, SHORT, NULL, on_connected, &results);
  run_until (&results.n_done, 1, "the deadline");
  g_assert_error (results.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_null (gmproc_connect (address, key, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  gmproc_connect_async (address, key, GMPROC_FOREVER, cancellable, on_connected, &results);
  g_cancellable_cancel (cancellable);
  run_until (&results.n_done, 2, "the cancel");
  g_assert_error (results.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gmproc_connect_async (address, key, -5, NULL, on_connected, &results);
  run_until (&results.n_done, 3, "the bad timeout");
  g_assert_error (results.error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);

  gmproc_listener_close (silent);
  gmproc_connect_async (address, NULL, BOUND, NULL, on_connected, &results);
  run_until (&results.n_done, 4, "the refusal");
  /* The path of a socket is gone, a port only has nobody behind it. */
  code = G_IS_UNIX_SOCKET_ADDRESS (any) ? G_IO_ERROR_NOT_FOUND : G_IO_ERROR_CONNECTION_REFUSED;
  g_assert_error (results.error, G_IO_ERROR, code);
  ends_clear (&results);
  remove_folder (folder);
}

/* gmproc_wait() with listeners: the one to which somebody has come. */
static void
test_wait (void)
{
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GmprocListener) first = listener_new (any, NULL);
  g_autoptr (GmprocListener) second = listener_new (any, NULL);
  GmprocWaitable *both[] = { GMPROC_WAITABLE (first), GMPROC_WAITABLE (second) };
  g_autoptr (GmprocConnection) client = NULL;
  g_autoptr (GmprocConnection) served = NULL;
  g_autoptr (GPtrArray) ready = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_wait (both, 2, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  client = gmproc_connect (gmproc_listener_get_address (second), NULL, BOUND, NULL, &error);
  g_assert_no_error (error);
  ready = gmproc_wait (both, 2, BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ready->len, ==, 1);
  g_assert_true (g_ptr_array_index (ready, 0) == second);
  served = gmproc_listener_accept (second, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (gmproc_waitable_is_ready (both[1]));
}

/* -- one path ---------------------------------------------------------------------------------- */

typedef struct
{
  GSocketAddress *address;
  int *n_waiting; /* atomic: all begin together */
  GmprocListener *listener;
} Starter;

static gpointer
run_starter (gpointer data)
{
  Starter *self = data;
  g_autoptr (GError) error = NULL;

  (void) g_atomic_int_dec_and_test (self->n_waiting);
  while (g_atomic_int_get (self->n_waiting) > 0)
    g_thread_yield ();
  self->listener = gmproc_listener_new (self->address, NULL, &error);
  if (self->listener == NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  return NULL;
}

static void
leave_stale_file (GSocketAddress *address)
{
  g_autoptr (GSocket) killed = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);

  g_assert_true (g_socket_bind (killed, address, TRUE, NULL));
}

/* Before the client come those who looked whether anybody is there, and left. */
static void
check_is_reached (GmprocListener *listener)
{
  g_autoptr (GBytes) message = make_bytes (10, 3);
  g_autoptr (GBytes) received = NULL;
  g_autoptr (GmprocConnection) client = NULL;
  g_autoptr (GError) error = NULL;

  client = gmproc_connect (gmproc_listener_get_address (listener), NULL, BOUND, NULL, &error);
  g_assert_no_error (error);
  send_bytes (client, message);
  while (received == NULL)
    {
      g_autoptr (GmprocConnection) served = gmproc_listener_accept (listener, BOUND, NULL, &error);

      g_assert_no_error (error);
      received = gmproc_connection_receive_bytes (served, BOUND, NULL, NULL);
    }
  g_assert_true (g_bytes_equal (received, message));
}

/* PI-22: of those who find what a killed one left, at the same moment, one gets the place, and
 * keeps it. */
static void
test_stale_race (void)
{
  char *folder;
  g_autoptr (GSocketAddress) address = NULL;

  if (!has_unix_sockets ())
    return;
  address = make_address (&folder);
  for (int round = 0; round < N_ROUNDS; round++)
    {
      Starter starters[N_STARTERS];
      GThread *threads[N_STARTERS];
      int n_waiting = N_STARTERS;
      g_autoptr (GmprocListener) winner = NULL;

      if (round % 2 == 0)
        leave_stale_file (address);
      for (int i = 0; i < N_STARTERS; i++)
        {
          starters[i] = (Starter){ address, &n_waiting, NULL };
          threads[i] = g_thread_new ("starter", run_starter, &starters[i]);
        }
      for (int i = 0; i < N_STARTERS; i++)
        {
          g_thread_join (threads[i]);
          g_assert_true (winner == NULL || starters[i].listener == NULL);
          if (starters[i].listener != NULL)
            winner = starters[i].listener;
        }
      g_assert_nonnull (winner);
      check_is_reached (winner);
    }
  remove_folder (folder);
}

static void
warm_up_sockets (void)
{
  warm_up ();
  test_many ();
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_sockets);
  gmproc_test_add ("/listener/async/many", test_many);
  gmproc_test_add ("/listener/GM-16/async/accept-ends", test_accept_ends);
  gmproc_test_add ("/listener/GM-16/async/connect-ends", test_connect_ends);
  gmproc_test_add ("/listener/wait", test_wait);
  gmproc_test_add ("/listener/PI-22/stale-race", test_stale_race);
  return g_test_run ();
}
