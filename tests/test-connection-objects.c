/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Objects and descriptors inside messages.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "plumbing.h"
#include "support.h"

#define N_TRIPS 500

static void
send_value (GmprocConnection *out, GVariant *value)
{
  g_autoptr (GError) error = NULL;

  gmproc_connection_send (out, value, NULL, &error);
  g_assert_no_error (error);
}

static GVariant *
receive_value (GmprocConnection *in)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = gmproc_connection_receive (in, BOUND, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static GmprocConnection *
receive_connection (GmprocConnection *in)
{
  g_autoptr (GVariant) value = receive_value (in);

  return open_handle (g_variant_get_handle (value));
}

/* Takes one of each out of a message, and uses it. */
GMPROC_DEFINE_TARGET (use_objects)
{
  g_autoptr (GmprocConnection) peer = open_handle (g_variant_get_handle (args));
  g_autoptr (GVariant) value = receive_value (peer);
  g_autoptr (GmprocQueue) queue = NULL;
  g_autoptr (GmprocEvent) event = NULL;
  g_autoptr (GmprocLock) lock = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GVariant) inner = NULL;
  gint32 queue_handle, event_handle, lock_handle;
  const char *text;

  g_variant_get (value, "(hh&shv)", &queue_handle, &event_handle, &text, &lock_handle, &inner);
  queue = gmproc_queue_from_handle (queue_handle, NULL);
  event = gmproc_event_from_handle (event_handle, NULL);
  lock = gmproc_lock_from_handle (lock_handle, NULL);
  out = open_handle (g_variant_get_handle (inner));
  g_assert_cmpstr (text, ==, "between");
  g_assert_true (gmproc_lock_acquire (lock, BOUND, NULL, NULL));
  g_assert_true (
      gmproc_queue_put (queue, g_variant_new_string ("in the queue"), BOUND, NULL, NULL));
  g_assert_true (gmproc_lock_release (lock, NULL));
  gmproc_event_set (event);
  send_value (out, g_variant_new_string ("through the pipe"));
  return EXIT_SUCCESS;
}

/* PI-14: objects of several classes in one message, in containers and variants. */
static void
test_several_classes (void)
{
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, NULL);
  g_autoptr (GmprocEvent) event = gmproc_event_new (NULL);
  g_autoptr (GmprocLock) lock = gmproc_lock_new (NULL);
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GVariant) word = NULL;
  GmprocProcess *process;
  Pipe pipe, inner;

  pipe_init (&pipe, TRUE);
  pipe_init (&inner, FALSE);
  process = start_with_second (&pipe, use_objects);
  send_value (pipe.first,
              g_variant_new ("(hhshv)", gmproc_queue_get_handle (queue),
                             gmproc_event_get_handle (event), "between",
                             gmproc_lock_get_handle (lock),
                             g_variant_new_handle (gmproc_connection_get_handle (inner.second))));
  gmproc_connection_close (inner.second);
  g_assert_true (gmproc_event_wait (event, BOUND, NULL, NULL));
  item = gmproc_queue_get (queue, BOUND, NULL, NULL);
  g_assert_cmpstr (g_variant_get_string (item, NULL), ==, "in the queue");
  word = receive_value (inner.first);
  g_assert_cmpstr (g_variant_get_string (word, NULL), ==, "through the pipe");
  receive_end (inner.first);
  join (process, EXIT_SUCCESS);
  pipe_clear (&pipe);
  pipe_clear (&inner);
}

/* PI-14: what an end may do goes with it, through a message too. */
GMPROC_DEFINE_TARGET (use_ends)
{
  g_autoptr (GmprocConnection) peer = open_handle (g_variant_get_handle (args));
  g_autoptr (GmprocConnection) in = receive_connection (peer);
  g_autoptr (GmprocConnection) out = receive_connection (peer);
  g_autoptr (GmprocConnection) both = receive_connection (peer);
  g_autoptr (GVariant) word = NULL;
  g_autoptr (GVariant) thanks = NULL;

  g_assert_true (gmproc_connection_is_readable (in));
  g_assert_false (gmproc_connection_is_writable (in));
  g_assert_false (gmproc_connection_is_readable (out));
  g_assert_true (gmproc_connection_is_writable (out));
  g_assert_true (gmproc_connection_is_readable (both));
  g_assert_true (gmproc_connection_is_writable (both));

  word = receive_value (in);
  send_value (out, word);
  /* An end that came over a connection carries objects itself. */
  send_value (both, g_variant_new_handle (gmproc_connection_get_handle (out)));
  /* On Windows it is this process that has the handle until it was received. */
  thanks = receive_value (peer);
  return EXIT_SUCCESS;
}

static void
test_rights (void)
{
  g_autoptr (GmprocConnection) back = NULL;
  g_autoptr (GVariant) word = NULL;
  GmprocProcess *process;
  Pipe pipe, there, here, both;

  pipe_init (&pipe, TRUE);
  pipe_init (&there, FALSE);
  pipe_init (&here, FALSE);
  pipe_init (&both, TRUE);
  process = start_with_second (&pipe, use_ends);
  send_value (pipe.first, g_variant_new_handle (gmproc_connection_get_handle (there.first)));
  send_value (pipe.first, g_variant_new_handle (gmproc_connection_get_handle (here.second)));
  send_value (pipe.first, g_variant_new_handle (gmproc_connection_get_handle (both.second)));
  send_value (there.second, g_variant_new_string ("round"));
  word = receive_value (here.first);
  g_assert_cmpstr (g_variant_get_string (word, NULL), ==, "round");
  back = receive_connection (both.first);
  send_value (pipe.first, g_variant_new_string ("thanks"));
  g_assert_false (gmproc_connection_is_readable (back));
  send_value (back, g_variant_new_byte (1));
  join (process, EXIT_SUCCESS);
  pipe_clear (&pipe);
  pipe_clear (&there);
  pipe_clear (&here);
  pipe_clear (&both);
}

/* Inside one process, many times, and sent back and forth: nothing is left behind. */
static void
test_many (void)
{
  g_autoptr (GmprocEvent) event = gmproc_event_new (NULL);
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  for (int i = 0; i < N_TRIPS; i++)
    {
      g_autoptr (GmprocEvent) copy = NULL;
      g_autoptr (GVariant) value = NULL;
      gint32 handle;

      send_value (pipe.first, g_variant_new ("(ih)", i, gmproc_event_get_handle (event)));
      send_value (pipe.first, g_variant_new_int32 (i));
      value = receive_value (pipe.second);
      g_variant_get (value, "(ih)", NULL, &handle);
      copy = gmproc_event_from_handle (handle, NULL);
      g_assert_nonnull (copy);
      gmproc_event_set (copy);
      g_assert_true (gmproc_event_is_set (event));
      gmproc_event_clear (event);
      g_clear_pointer (&value, g_variant_unref);
      value = receive_value (pipe.second);
      g_assert_cmpint (g_variant_get_int32 (value), ==, i);
    }
  pipe_clear (&pipe);
}

/* A message with objects is no bytes: the call that wants bytes says so, and takes nothing. */
static void
test_not_as_bytes (void)
{
  g_autoptr (GmprocEvent) event = gmproc_event_new (NULL);
  g_autoptr (GmprocEvent) copy = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  guint8 buffer[1000];
  gsize size;
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  send_value (pipe.first, g_variant_new_handle (gmproc_event_get_handle (event)));
  g_assert_null (gmproc_connection_receive_bytes (pipe.second, BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (gmproc_connection_receive_into (pipe.second, buffer, sizeof buffer, 0, &size,
                                                  BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  value = receive_value (pipe.second);
  copy = gmproc_event_from_handle (g_variant_get_handle (value), NULL);
  g_assert_nonnull (copy);
  pipe_clear (&pipe);
}

/* PI-15: a handle of nobody is refused before anything is sent. */
static void
test_unknown_handle (void)
{
  g_autoptr (GError) error = NULL;
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  g_assert_false (gmproc_connection_send (
      pipe.first, g_variant_new ("(v)", g_variant_new_handle (G_MAXINT32)), NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
  g_assert_false (gmproc_connection_poll (pipe.second, 0, NULL, NULL));
  pipe_clear (&pipe);
}

/* One that was dropped on the way to a dead receiver is gone, and its other end sees that. */
static void
test_never_received (void)
{
  Pipe pipe, inner;

  pipe_init (&pipe, TRUE);
  pipe_init (&inner, FALSE);
  send_value (pipe.first, g_variant_new_handle (gmproc_connection_get_handle (inner.second)));
  gmproc_connection_close (inner.second);
  g_assert_false (gmproc_connection_poll (inner.first, 0, NULL, NULL));
  pipe_clear (&pipe);
  receive_end (inner.first);
  pipe_clear (&inner);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/connection-objects/PI-14/classes", test_several_classes);
  gmproc_test_add ("/connection-objects/PI-14/rights", test_rights);
  gmproc_test_add ("/connection-objects/many", test_many);
  gmproc_test_add ("/connection-objects/not-as-bytes", test_not_as_bytes);
  gmproc_test_add ("/connection-objects/PI-15/unknown", test_unknown_handle);
  gmproc_test_add ("/connection-objects/never-received", test_never_received);
  return g_test_run ();
}
