/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Calls of a process that has no file descriptor left. GLib ends a program that needs one to be
 * woken by; each of these calls works, or gives an error.
 */
#include <gmproc.h>

#include <sys/resource.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>

#include "plumbing.h"
#include "strangers.h"
#include "support.h"

static struct rlimit usual;

static void
begin_full (void)
{
  struct rlimit low;
  int next = dup (0);

  g_assert_cmpint (close (next), ==, 0);
  low = (struct rlimit){ (rlim_t) next, usual.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
}

static void
end_full (void)
{
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &usual), ==, 0);
}

static void
assert_and_clear (GError **error, int code)
{
  g_assert_error (*error, G_IO_ERROR, code);
  g_clear_error (error);
}

static void
on_result (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_connection_receive_finish ((GmprocConnection *) object, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  *(gboolean *) user_data = TRUE;
}

/* What the process keeps from its first call in a main loop. */
static void
warm_up_all (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gboolean is_done = FALSE;
  Pipe pipe;

  warm_up ();
  pipe_init (&pipe, TRUE);
  gmproc_connection_receive_async (pipe.first, SHORT, cancellable, on_result, &is_done);
  while (!is_done)
    g_main_context_iteration (NULL, TRUE);
  pipe_clear (&pipe);
}

/* A wait goes on without a descriptor for the cancel, and sees it a little later. */
static void
test_pipe (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gboolean is_done = FALSE;
  GThread *canceller;
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  gmproc_connection_receive_async (pipe.first, SHORT, cancellable, on_result, &is_done);
  begin_full ();
  g_assert_null (gmproc_connection_receive (pipe.second, SHORT, NULL, &error));
  assert_and_clear (&error, G_IO_ERROR_TIMED_OUT);
  g_assert_null (gmproc_connection_receive (pipe.second, 0, cancellable, &error));
  assert_and_clear (&error, G_IO_ERROR_TIMED_OUT);
  g_assert_null (gmproc_connection_receive (pipe.second, SHORT, cancellable, &error));
  assert_and_clear (&error, G_IO_ERROR_TIMED_OUT);
  while (!is_done)
    g_main_context_iteration (NULL, TRUE);
  canceller =
      g_thread_new ("canceller", (GThreadFunc) (void (*) (void)) g_cancellable_cancel, cancellable);
  g_assert_null (gmproc_connection_receive (pipe.second, BOUND, cancellable, &error));
  assert_and_clear (&error, G_IO_ERROR_CANCELLED);
  end_full ();
  g_thread_join (canceller);
  pipe_clear (&pipe);
}

static void
test_wait (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocEvent) event = gmproc_event_new (&error);
  g_autoptr (GPtrArray) ready = NULL;
  GmprocWaitable *objects[1] = { GMPROC_WAITABLE (event) };

  g_assert_no_error (error);
  gmproc_event_set (event);
  begin_full ();
  g_assert_null (gmproc_wait (objects, 1, BOUND, NULL, &error));
  assert_and_clear (&error, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  end_full ();
  ready = gmproc_wait (objects, 1, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ready->len, ==, 1);
}

/* PI-22: the socket that stands for a client, and everything after it. */
static void
test_sockets (void)
{
  g_autoptr (GSocketAddress) address = make_tcp_address ();
  g_autoptr (GmprocListener) listener = listener_new (address, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GmprocConnection) served = NULL;
  g_autoptr (GError) error = NULL;
  Client client = { gmproc_listener_get_address (listener), NULL, NULL, NULL };
  GThread *thread = g_thread_new ("client", run_client, &client);

  served = gmproc_listener_accept (listener, BOUND, NULL, &error);
  g_assert_no_error (error);
  g_thread_join (thread);
  g_assert_no_error (client.error);

  begin_full ();
  g_assert_null (gmproc_listener_new (address, NULL, &error));
  assert_and_clear (&error, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_null (gmproc_connect (client.address, NULL, BOUND, NULL, &error));
  assert_and_clear (&error, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_null (gmproc_listener_accept (listener, BOUND, NULL, &error));
  assert_and_clear (&error, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_null (gmproc_connection_receive (served, BOUND, NULL, &error));
  assert_and_clear (&error, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_null (gmproc_connection_receive (served, BOUND, cancellable, &error));
  assert_and_clear (&error, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_false (gmproc_connection_poll (served, BOUND, NULL, &error));
  assert_and_clear (&error, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  end_full ();

  /* Nothing of it hurt the connection. */
  gmproc_connection_send (client.connection, g_variant_new_int32 (5), NULL, &error);
  g_assert_no_error (error);
  g_variant_unref (gmproc_connection_receive (served, BOUND, NULL, &error));
  g_assert_no_error (error);
  g_clear_object (&client.connection);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_all);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &usual), ==, 0);
  gmproc_test_add ("/full-table/pipe", test_pipe);
  gmproc_test_add ("/full-table/wait", test_wait);
  gmproc_test_add ("/full-table/sockets", test_sockets);
  return g_test_run ();
}
