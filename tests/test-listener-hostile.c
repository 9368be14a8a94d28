/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Peers that do not behave: GM-16, and what protects the others from them.
 */
#include <gmproc.h>

#include <string.h>

#include "strangers.h"
#include "support.h"

#define HELLO_SIZE (40)
#define N_SILENT (20)

static GBytes *
make_key (void)
{
  return g_bytes_new_static ("secret", 6);
}

/* Who has got the hello is under way. */
static GSocket *
raw_meet (GSocketAddress *address)
{
  GSocket *socket = raw_connect (address);
  char hello[HELLO_SIZE];

  g_assert_cmpint (raw_receive (socket, hello, sizeof hello), ==, sizeof hello);
  g_assert_cmpint (memcmp (hello, "gmproc1K", 8), ==, 0);
  return socket;
}

static void
check_is_closed (GSocket *socket)
{
  char rest[4 * HELLO_SIZE];

  g_assert_cmpint (raw_receive (socket, rest, sizeof rest), <, sizeof rest);
}

/* Who says nothing holds nobody up, neither another peer nor the deadline of accept. */
static void
test_silent (void)
{
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GBytes) key = make_key ();
  g_autoptr (GmprocListener) listener = listener_new (any, key);
  GSocket *silent[N_SILENT];
  g_autoptr (GError) error = NULL;

  gmproc_listener_set_peer_limits (listener, 2 * N_SILENT, 2 * BOUND);
  g_assert_false (gmproc_waitable_is_ready (GMPROC_WAITABLE (listener)));
  for (gsize i = 0; i < N_SILENT; i++)
    silent[i] = raw_meet (gmproc_listener_get_address (listener));
  g_assert_null (gmproc_listener_accept (listener, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_false (gmproc_waitable_is_ready (GMPROC_WAITABLE (listener)));
  check_works (listener, key);

  gmproc_listener_close (listener);
  for (gsize i = 0; i < N_SILENT; i++)
    {
      check_is_closed (silent[i]);
      g_object_unref (silent[i]);
    }
}

/* Nobody has more time than the others: not who says nothing, nor who stops in the middle. */
static void
test_time (void)
{
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GBytes) key = make_key ();
  g_autoptr (GmprocListener) listener = listener_new (any, key);
  g_autoptr (GSocket) silent = NULL;
  g_autoptr (GSocket) half = NULL;

  gmproc_listener_set_peer_limits (listener, 10, SHORT);
  silent = raw_connect (gmproc_listener_get_address (listener));
  half = raw_connect (gmproc_listener_get_address (listener));
  raw_send (half, "gmproc1K and no more", 20);
  accept_refusal (listener);
  accept_refusal (listener);
  check_is_closed (silent);
  check_is_closed (half);
}

/* What is no hello, and a hello with what is no proof: each is told that it is refused. */
static void
test_garbage (void)
{
  char *folder;
  g_autoptr (GSocketAddress) any = make_address (&folder);
  g_autoptr (GBytes) key = make_key ();
  g_autoptr (GmprocListener) listener = listener_new (any, key);
  GSocketAddress *address = gmproc_listener_get_address (listener);
  const char *beginnings[] = { "GET / HTTP/1.1\r\n\r\n", "gmproc1K", "gmproc1k", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (beginnings); i++)
    {
      g_autoptr (GSocket) socket = raw_connect (address);
      char garbage[HELLO_SIZE + 32] = { 0 };

      memcpy (garbage, beginnings[i], strlen (beginnings[i]));
      raw_send (socket, garbage, sizeof garbage);
      accept_refusal (listener);
      check_is_closed (socket);
    }
  check_works (listener, key);
  gmproc_listener_close (listener);
  remove_folder (folder);
}

/* Whoever closes at any byte of the greeting costs one error, and nothing else. */
static void
test_closes (void)
{
  char *folder;
  g_autoptr (GSocketAddress) any = make_address (&folder);
  g_autoptr (GBytes) key = make_key ();
  g_autoptr (GmprocListener) listener = listener_new (any, key);
  GSocketAddress *address = gmproc_listener_get_address (listener);

  for (gsize size = 0; size < HELLO_SIZE + 32; size += 9)
    {
      g_autoptr (GSocket) socket = raw_connect (address);
      char hello[HELLO_SIZE + 32] = "gmproc1K";

      if (size > 0)
        raw_send (socket, hello, size);
      g_assert_true (g_socket_close (socket, NULL));
      accept_refusal (listener);
    }
  check_works (listener, key);
  gmproc_listener_close (listener);
  remove_folder (folder);
}

/* Beyond the limit a peer is closed at once; who leaves makes room. */
static void
test_too_many (void)
{
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GBytes) key = make_key ();
  g_autoptr (GmprocListener) listener = listener_new (any, key);
  GSocketAddress *address = gmproc_listener_get_address (listener);
  g_autoptr (GSocket) first = NULL;
  g_autoptr (GSocket) second = NULL;
  g_autoptr (GSocket) third = NULL;
  char byte;

  gmproc_listener_set_peer_limits (listener, 2, 2 * BOUND);
  g_assert_false (gmproc_waitable_is_ready (GMPROC_WAITABLE (listener)));
  first = raw_meet (address);
  second = raw_meet (address);
  third = raw_connect (address);
  g_assert_cmpint (raw_receive (third, &byte, 1), ==, 0);

  g_assert_true (g_socket_close (second, NULL));
  accept_refusal (listener);
  check_works (listener, key);
}

/* Connections that nobody accepts wait in the queue of the system from some number on. None is
 * lost. */
static void
test_nobody_accepts (void)
{
  char *folder;
  g_autoptr (GSocketAddress) any = make_address (&folder);
  g_autoptr (GmprocListener) listener = listener_new (any, NULL);
  GSocketAddress *address = gmproc_listener_get_address (listener);
  GmprocConnection *clients[N_SILENT];

  gmproc_listener_set_peer_limits (listener, 3, BOUND);
  (void) gmproc_waitable_is_ready (GMPROC_WAITABLE (listener));
  for (gsize i = 0; i < N_SILENT; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) message = make_bytes (i, 1);

      clients[i] = gmproc_connect (address, NULL, BOUND, NULL, &error);
      g_assert_no_error (error);
      send_bytes (clients[i], message);
    }
  for (gsize i = 0; i < N_SILENT; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GmprocConnection) served = gmproc_listener_accept (listener, BOUND, NULL, &error);
      g_autoptr (GBytes) message = make_bytes (i, 1);

      g_assert_no_error (error);
      receive_bytes (served, message);
      g_object_unref (clients[i]);
    }
  gmproc_listener_close (listener);
  remove_folder (folder);
}

/* A listener that is closed ends who waits in it, and whom it greets. */
static gpointer
run_close (gpointer listener)
{
  gmproc_listener_close (listener);
  return NULL;
}

static void
test_close (void)
{
  g_autoptr (GSocketAddress) any = make_tcp_address ();
  g_autoptr (GBytes) key = make_key ();
  g_autoptr (GmprocListener) listener = listener_new (any, key);
  g_autoptr (GSocket) silent = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_assert_false (gmproc_waitable_is_ready (GMPROC_WAITABLE (listener)));
  silent = raw_meet (gmproc_listener_get_address (listener));
  thread = g_thread_new ("closer", run_close, listener);
  g_assert_null (gmproc_listener_accept (listener, BOUND, NULL, &error));
  g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_true (gmproc_waitable_is_ready (GMPROC_WAITABLE (listener)));
  check_is_closed (silent);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (test_garbage);
  gmproc_test_add ("/listener/GM-16/hostile/silent", test_silent);
  gmproc_test_add ("/listener/GM-16/hostile/time", test_time);
  gmproc_test_add ("/listener/PI-29/hostile/garbage", test_garbage);
  gmproc_test_add ("/listener/PI-29/hostile/closes", test_closes);
  gmproc_test_add ("/listener/hostile/too-many", test_too_many);
  gmproc_test_add ("/listener/PI-26/nobody-accepts", test_nobody_accepts);
  gmproc_test_add ("/listener/GM-16/hostile/close", test_close);
  return g_test_run ();
}
