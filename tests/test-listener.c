/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Connections between strangers. The peer is a thread: over a socket it makes no difference.
 */
#include <gmproc.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "strangers.h"
#include "support.h"

static void
check_family (GSocketAddress *address, GBytes *key)
{
  g_autoptr (GmprocListener) listener = listener_new (address, key);
  g_autoptr (GmprocConnection) served = NULL;
  g_autoptr (GBytes) message = make_bytes (LARGE, 3);
  g_autoptr (GBytes) empty = make_bytes (0, 0);
  g_autoptr (GError) error = NULL;
  Client client = { gmproc_listener_get_address (listener), key, NULL, NULL };
  GThread *thread = g_thread_new ("client", run_client, &client);
  Call call;

  served = gmproc_listener_accept (listener, BOUND, NULL, &error);
  g_thread_join (thread);
  g_assert_no_error (error);
  g_assert_no_error (client.error);

  /* PI-27: what is sent right after accept is seen by poll. */
  send_bytes (served, empty);
  g_assert_true (gmproc_connection_poll (client.connection, BOUND, NULL, NULL));
  receive_bytes (client.connection, empty);
  g_assert_false (gmproc_connection_poll (client.connection, 0, NULL, NULL));

  call = (Call){ client.connection, message, NULL, NULL, NULL };
  thread = g_thread_new ("sender", run_send, &call);
  receive_bytes (served, message);
  g_thread_join (thread);
  g_assert_no_error (call.error);
  g_clear_object (&client.connection);
  receive_end (served);
  g_assert_false (gmproc_connection_send_bytes (served, message, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
check_keys (GSocketAddress *address)
{
  g_autoptr (GBytes) key = g_bytes_new_static ("secret", 6);
  g_autoptr (GBytes) empty = g_bytes_new_static (NULL, 0);

  check_family (address, NULL);
  check_family (address, key);
  check_family (address, empty);
  g_object_unref (address);
}

/* PI-23, PI-25, PI-27: without a key, with one, and with an empty one. */
static void
check_folder (void)
{
  char *folder;

  check_keys (make_address (&folder));
  remove_folder (folder);
}

static void
test_unix (void)
{
  if (has_unix_sockets ())
    check_folder ();
}

/* PI-24 */
static void
test_abstract (void)
{
  g_autofree char *name = g_uuid_string_random ();

  if (!g_unix_socket_address_abstract_names_supported ())
    {
      g_test_skip ("this system has no abstract names");
      return;
    }
  check_keys (g_unix_socket_address_new_with_type (name, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT));
}

static void
test_tcp (void)
{
  check_keys (g_inet_socket_address_new_from_string ("127.0.0.1", 0));
}

/* PI-22: where somebody listens is an error, where somebody was killed is not; and nobody else may
 * use the file. */
static void
test_same_address (void)
{
  char *folder;
  g_autoptr (GSocketAddress) address = NULL;
  const char *path;
  g_autoptr (GSocket) killed = NULL;
  g_autoptr (GmprocListener) listener = NULL;
  g_autoptr (GError) error = NULL;
  GStatBuf status;

  if (!has_unix_sockets ())
    return;
  address = make_address (&folder);
  path = g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address));
  killed = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_assert_true (g_socket_bind (killed, address, TRUE, NULL));
  g_assert_true (g_socket_listen (killed, NULL));
  g_assert_null (gmproc_listener_new (address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);
  g_assert_true (g_socket_close (killed, NULL));

  listener = listener_new (address, NULL);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0077, ==, 0);
  g_assert_null (gmproc_listener_new (address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  gmproc_listener_close (listener);
  remove_folder (folder);
}

/* PI-26: a client that has come and gone before anybody accepts has not lost what it sent. */
static void
test_gone_client (void)
{
  char *folder;
  g_autoptr (GSocketAddress) any = make_address (&folder);
  g_autoptr (GmprocListener) listener = listener_new (any, NULL);
  GSocketAddress *address = gmproc_listener_get_address (listener);
  g_autoptr (GmprocConnection) client = gmproc_connect (address, NULL, BOUND, NULL, NULL);
  g_autoptr (GmprocConnection) served = NULL;
  g_autoptr (GBytes) message = make_bytes (1000, 3);

  send_bytes (client, message);
  g_clear_object (&client);
  served = gmproc_listener_accept (listener, BOUND, NULL, NULL);
  receive_bytes (served, message);
  receive_end (served);
  gmproc_listener_close (listener);
  remove_folder (folder);
}

/* PI-29: both sides are told, and the next client is let in. */
static void
test_wrong_key (void)
{
  char *folder;
  g_autoptr (GSocketAddress) any = make_address (&folder);
  g_autoptr (GBytes) key = g_bytes_new_static ("right", 5);
  g_autoptr (GBytes) wrong = g_bytes_new_static ("wrong", 5);
  g_autoptr (GmprocListener) listener = listener_new (any, key);
  GSocketAddress *address = gmproc_listener_get_address (listener);
  GBytes *keys[] = { wrong, key };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      Client client = { address, keys[i], NULL, NULL };
      GThread *thread = g_thread_new ("client", run_client, &client);
      g_autoptr (GError) error = NULL;
      g_autoptr (GmprocConnection) served = gmproc_listener_accept (listener, BOUND, NULL, &error);

      g_thread_join (thread);
      g_assert_true ((served != NULL) == (i == 1));
      g_assert_true ((client.connection != NULL) == (i == 1));
      if (i == 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
          g_assert_error (client.error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
        }
      g_clear_object (&client.connection);
      g_clear_error (&client.error);
    }
  gmproc_listener_close (listener);
  remove_folder (folder);
}

/* PI-28 */
static void
test_wrong_family (void)
{
  g_autoptr (GSocketAddress) unknown = g_object_new (G_TYPE_UNIX_SOCKET_ADDRESS, "address-type",
                                                     G_UNIX_SOCKET_ADDRESS_ANONYMOUS, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_connect (unknown, NULL, BOUND, NULL, &error));
  g_assert_nonnull (error);
}

/* GM-16 */
static void
test_times (void)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GmprocListener) listener = listener_new (address, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_listener_accept (listener, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_null (gmproc_listener_accept (listener, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_null (gmproc_listener_accept (listener, BOUND, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  gmproc_listener_close (listener);
  g_assert_null (gmproc_listener_accept (listener, BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* PI-21: no timeout of a socket's, as programs set them for all of theirs, cuts a longer wait.
 * GSocket counts such timeouts in seconds, so a silence of more than one shows it; nothing else
 * happens meanwhile that could be waited for. */
static void
test_silence (void)
{
  g_autoptr (GSocketAddress) address = make_tcp_address ();
  g_autoptr (GmprocListener) listener = listener_new (address, NULL);
  g_autoptr (GmprocConnection) served = NULL;
  g_autoptr (GBytes) message = make_bytes (1000, 3);
  Client client = { gmproc_listener_get_address (listener), NULL, NULL, NULL };
  GThread *thread = g_thread_new ("client", run_client, &client);
  Call call;

  served = gmproc_listener_accept (listener, GMPROC_FOREVER, NULL, NULL);
  g_thread_join (thread);
  g_assert_no_error (client.error);
  call = (Call){ served, NULL, NULL, NULL, NULL };
  thread = g_thread_new ("receiver", run_receive, &call);
  g_assert_false (
      gmproc_connection_poll (client.connection, 5 * G_TIME_SPAN_SECOND / 4, NULL, NULL));
  send_bytes (client.connection, message);
  g_thread_join (thread);
  g_assert_no_error (call.error);
  g_assert_true (g_bytes_equal (call.message, message));
  g_bytes_unref (call.message);
  g_clear_object (&client.connection);
}

#ifdef SIGALRM
#include <sys/time.h>

static volatile sig_atomic_t n_alarms;

static void
on_alarm (G_GNUC_UNUSED int number)
{
  n_alarms++;
}

/* PI-20: signals that come all the time disturb neither an accept nor a connect, nor what follows.
 */
static void
test_interrupted (void)
{
  const struct itimerval often = { { 0, 500 }, { 0, 500 } };
  const struct itimerval never = { { 0, 0 }, { 0, 0 } };
  struct sigaction action = { .sa_handler = on_alarm };
  struct sigaction old_action;
  char *folder;
  g_autoptr (GSocketAddress) address = make_address (&folder);
  g_autoptr (GBytes) key = g_bytes_new_static ("secret", 6);
  g_autoptr (GmprocListener) listener = listener_new (address, key);

  n_alarms = 0;
  g_assert_cmpint (sigaction (SIGALRM, &action, &old_action), ==, 0);
  g_assert_cmpint (setitimer (ITIMER_REAL, &often, NULL), ==, 0);
  while (n_alarms < 20)
    check_works (listener, key);
  g_assert_cmpint (setitimer (ITIMER_REAL, &never, NULL), ==, 0);
  g_assert_cmpint (sigaction (SIGALRM, &old_action, NULL), ==, 0);
  gmproc_listener_close (listener);
  remove_folder (folder);
}
#endif

static void
warm_up_sockets (void)
{
  warm_up ();
  check_folder ();
}

/* PI-26: what was sent arrives, also when its sender closes and has not read all that it could. */
static void
test_unread_by_sender (void)
{
  for (gsize size = 100; size <= 30000; size *= 300)
    for (guint round = 0; round < 10; round++)
      {
        g_autoptr (GSocketAddress) address = make_tcp_address ();
        g_autoptr (GmprocListener) listener = listener_new (address, NULL);
        g_autoptr (GmprocConnection) served = NULL;
        g_autoptr (GBytes) message = make_bytes (size, 3);
        g_autoptr (GError) error = NULL;
        Client client = { gmproc_listener_get_address (listener), NULL, NULL, NULL };
        GThread *thread = g_thread_new ("client", run_client, &client);

        served = gmproc_listener_accept (listener, BOUND, NULL, &error);
        g_thread_join (thread);
        g_assert_no_error (error);
        send_bytes (served, message);
        g_assert_true (gmproc_connection_poll (client.connection, BOUND, NULL, NULL));
        for (guint i = 0; i < 30; i++)
          send_bytes (client.connection, message);
        g_clear_object (&client.connection);
        for (guint i = 0; i < 30; i++)
          receive_bytes (served, message);
        receive_end (served);
      }
}

/* PI-22: a file that is no socket stays what it is, and so does the file of another listener. */
static void
test_other_files (void)
{
  char *folder;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GmprocListener) first = NULL;
  g_autoptr (GmprocListener) second = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *contents = NULL;
  const char *path;

  if (!has_unix_sockets ())
    return;
  address = make_address (&folder);
  path = g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address));
  g_file_set_contents (path, "mine", -1, &error);
  g_assert_no_error (error);
  g_assert_null (gmproc_listener_new (address, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);
  g_file_get_contents (path, &contents, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (contents, ==, "mine");
  g_assert_cmpint (g_unlink (path), ==, 0);

  first = listener_new (address, NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
  second = listener_new (address, NULL);
  gmproc_listener_close (first);
  check_works (second, NULL);
  gmproc_listener_close (second);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  remove_folder (folder);
}

/* The file is found again after the program has gone to another folder. */
static void
test_other_folder (void)
{
  char *folder;
  g_autofree char *before = g_get_current_dir ();
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocketAddress) relative = NULL;
  g_autoptr (GmprocListener) listener = NULL;
  const char *path;

  if (!has_unix_sockets ())
    return;
  address = make_address (&folder);
  path = g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address));
  g_assert_cmpint (g_chdir (folder), ==, 0);
  relative = g_unix_socket_address_new (strrchr (path, G_DIR_SEPARATOR) + 1);
  listener = listener_new (relative, NULL);
  g_assert_cmpint (g_chdir (before), ==, 0);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  gmproc_listener_close (listener);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  remove_folder (folder);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_sockets);
  gmproc_test_add ("/listener/PI-23/unix", test_unix);
  gmproc_test_add ("/listener/PI-24/abstract", test_abstract);
  gmproc_test_add ("/listener/PI-23/tcp", test_tcp);
  gmproc_test_add ("/listener/PI-22/same-address", test_same_address);
  gmproc_test_add ("/listener/PI-26/unread-by-sender", test_unread_by_sender);
  gmproc_test_add ("/listener/PI-22/other-files", test_other_files);
  gmproc_test_add ("/listener/PI-22/other-folder", test_other_folder);
  gmproc_test_add ("/listener/PI-26/gone-client", test_gone_client);
  gmproc_test_add ("/listener/PI-29/wrong-key", test_wrong_key);
  gmproc_test_add ("/listener/PI-28/wrong-family", test_wrong_family);
  gmproc_test_add ("/listener/GM-16/times", test_times);
#ifdef SIGALRM
  gmproc_test_add ("/listener/PI-20/interrupted", test_interrupted);
#endif
  gmproc_test_add ("/listener/PI-21/silence", test_silence);
  return g_test_run ();
}
