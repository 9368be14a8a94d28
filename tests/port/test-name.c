/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "death.h"
#include "peer.h"
#include "../support.h"

#include <stdlib.h>
#include <string.h>

#define NOTE G_GUINT64_CONSTANT (0x123456789abcdef0)
#define SHORT (50 * G_TIME_SPAN_MILLISECOND)

static char *
new_name (void)
{
  g_autofree char *id = g_uuid_string_random ();

  return g_strdup_printf ("port-%.13s", id);
}

/* FALSE, and the test is skipped, where there are none. */
static gboolean
publish (const char *name, gintptr block, GmprocPortName **ret_published)
{
  g_autoptr (GError) error = NULL;

  *ret_published = gmproc_port_name_publish (name, block, NOTE, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_test_skip ("this system has no names that end with their process");
      return FALSE;
    }
  g_assert_no_error (error);
  return TRUE;
}

static void
assert_refused (const char *name, gint64 deadline, gint code)
{
  g_autoptr (GError) error = NULL;
  gintptr found = GMPROC_PORT_NO_HANDLE;
  guint64 note;

  g_assert_false (gmproc_port_name_look_up (name, deadline, &found, &note, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_cmpint (found, ==, GMPROC_PORT_NO_HANDLE);
}

static void
test_block_and_note_are_found (void)
{
  g_autofree char *name = new_name ();
  g_autoptr (GError) error = NULL;
  GmprocPortName *published, *second;
  gintptr block, found;
  char *here, *there;
  guint64 note;

  here = peer_new_block (1, &block);
  if (publish (name, block, &published))
    {
      gmproc_port_handle_close (&block); /* the name has its own */
      second = gmproc_port_name_publish (name, block, NOTE, &error);
      g_assert_null (second);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
      g_clear_error (&error);

      gmproc_port_name_look_up (name, peer_far_deadline (), &found, &note, &error);
      g_assert_no_error (error);
      g_assert_true (note == NOTE);
      there = peer_map (found, 1);
      *here = 'a';
      g_assert_cmpint (*there, ==, 'a');

      gmproc_port_name_withdraw (&published);
      g_assert_null (published);
      gmproc_port_name_withdraw (&published);
      assert_refused (name, peer_far_deadline (), G_IO_ERROR_NOT_FOUND);
      *there = 'b';
      g_assert_cmpint (*here, ==, 'b');
      gmproc_port_memory_unmap ((gpointer *) &there, 1);
      gmproc_port_handle_close (&found);
    }
  gmproc_port_memory_unmap ((gpointer *) &here, 1);
  gmproc_port_handle_close (&block);
}

/* handles: the block, which has the name in it; where to say that it is published. */
static int
own (const gintptr *handles, guint n_handles)
{
  g_autoptr (GError) error = NULL;
  const char *name = peer_map (handles[0], 1);

  g_assert_cmpuint (n_handles, ==, 3);
  g_assert_nonnull (gmproc_port_name_publish (name, handles[0], NOTE, &error));
  g_assert_no_error (error);
  peer_notify (handles[1]);
  peer_wait (handles[2]);
  return EXIT_SUCCESS;
}

/* The system stops a process a little after it was asked to; until then it may answer. */
static void
wait_for_stop (const char *name)
{
  gint64 far = peer_far_deadline ();
  gintptr found;
  guint64 note;

  while (gmproc_port_name_look_up (name, g_get_monotonic_time () + SHORT, &found, &note, NULL))
    {
      gmproc_port_handle_close (&found);
      g_assert_cmpint (g_get_monotonic_time (), <, far);
    }
}

/* Who looks for the name of a stopped process is told, and does not wait for ever; what it asked
 * for is no harm. Nothing is left of a process that was killed. */
static void
stop_and_kill_owner (const char *name, gintptr block)
{
  gintptr up_reader, up_writer, never_reader, never_writer;
  GmprocPortChild *owner;

  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&never_reader, &never_writer);
  owner = peer_start ("own", (gintptr[]){ block, up_writer, never_reader }, 3);
  peer_wait (up_reader);

  if (gmproc_test_stop (gmproc_port_child_get_pid (owner)))
    {
      if (gmproc_test_can_stop_a_name ())
        {
          wait_for_stop (name);
          assert_refused (name, 0, G_IO_ERROR_TIMED_OUT);
          assert_refused (name, g_get_monotonic_time () + SHORT, G_IO_ERROR_TIMED_OUT);
        }
      else
        peer_assert_name (name, NOTE);
      gmproc_test_continue (gmproc_port_child_get_pid (owner));
    }
  peer_assert_name (name, NOTE);

  gmproc_port_child_signal (owner, GMPROC_PORT_SIGNAL_KILL);
  g_assert_cmpint (peer_join (owner), ==, GMPROC_TEST_KILLED);
  assert_refused (name, peer_far_deadline (), G_IO_ERROR_NOT_FOUND);
  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&never_reader);
  gmproc_port_handle_close (&never_writer);
}

static void
test_stopped_and_killed_owner (void)
{
  g_autofree char *name = new_name ();
  GmprocPortName *published;
  gintptr block;
  char *contents = peer_new_block (1, &block);

  strcpy (contents, name);
  if (publish (name, block, &published))
    {
      gmproc_port_name_withdraw (&published);
      stop_and_kill_owner (name, block);
    }
  gmproc_port_memory_unmap ((gpointer *) &contents, 1);
  gmproc_port_handle_close (&block);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "own", own }, { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/name/found", test_block_and_note_are_found);
  gmproc_test_add ("/port/name/stopped-and-killed", test_stopped_and_killed_owner);
  return g_test_run ();
}
