/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "peer.h"
#include "../support.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY (64 * 1024 * 1024)

/* handles: where to say that it is up; where to wait for "go on" */
static int
start_again (const gintptr *handles, guint n_handles)
{
  g_assert_cmpuint (n_handles, ==, 2);
  peer_notify (handles[0]);
  peer_wait (handles[1]);
  return peer_join (peer_start ("seven", NULL, 0));
}

static int
seven (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  return 7;
}

static int
end_at_once (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  /* Would stop the process on its way out if end ran what exit() runs. */
  atexit (abort);
  gmproc_port_self_end (3);
}

static int
tell_pid (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  gint64 *place = peer_map (handles[0], sizeof *place);

  *place = gmproc_port_self_get_pid ();
  return EXIT_SUCCESS;
}

static void
test_path_is_this_program (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = gmproc_port_self_get_path (&error);

  g_assert_no_error (error);
  g_assert_true (g_path_is_absolute (path));
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE));
  g_assert_cmpint (peer_join (peer_start ("seven", NULL, 0)), ==, 7);
}

/* PR-38: a program whose file is gone still starts itself. A system that keeps the file of a
 * running program from being removed has nothing to show here. */
static void
test_removed_program_starts_itself (void)
{
  g_autofree char *folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  g_autofree char *path = gmproc_port_self_get_path (NULL);
  g_autofree char *copy = g_build_filename (folder, "program.exe", NULL);
  g_autoptr (GBytes) bootstrap = g_bytes_new_static ("again", sizeof "again");
  g_autofree char *contents = NULL;
  gintptr up_reader, up_writer, go_reader, go_writer, given[2];
  GmprocPortChild *child;
  gboolean removed;
  gsize size;

  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_assert_true (g_file_set_contents_full (copy, contents, (gssize) size, G_FILE_SET_CONTENTS_NONE,
                                           0700, NULL));
  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&go_reader, &go_writer);
  given[0] = up_writer;
  given[1] = go_reader;

  child = gmproc_port_child_start (&(GmprocPortChildOptions){ .executable = copy,
                                                              .label = "copy",
                                                              .bootstrap = bootstrap,
                                                              .handles = given,
                                                              .n_handles = 2 },
                                   NULL);
  g_assert_nonnull (child);
  peer_wait (up_reader);
  removed = g_remove (copy) == 0;
  peer_notify (go_writer);
  g_assert_cmpint (peer_join (child), ==, 7);

  if (!removed)
    g_assert_cmpint (g_remove (copy), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&go_reader);
  gmproc_port_handle_close (&go_writer);
}

static void
test_end_runs_nothing (void)
{
  g_assert_cmpint (peer_join (peer_start ("end", NULL, 0)), ==, 3);
}

/* PR-08 */
static void
test_pid_is_what_the_parent_sees (void)
{
  gintptr block;
  gint64 *place = peer_new_block (sizeof *place, &block);
  GmprocPortChild *child = peer_start ("pid", &block, 1);
  gint64 pid = gmproc_port_child_get_pid (child);

  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  g_assert_cmpint (*place, ==, pid);
  g_assert_cmpint (*place, !=, gmproc_port_self_get_pid ());
  gmproc_port_memory_unmap ((gpointer *) &place, sizeof *place);
  gmproc_port_handle_close (&block);
}

/* It is on the clock of those who compare it. */
static void
test_rough_time (void)
{
  gint64 before = g_get_monotonic_time ();
  gint64 rough = gmproc_port_self_get_rough_time ();

  g_assert_cmpint (rough, >=, before - 20 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (rough, <=, g_get_monotonic_time ());
}

static gpointer
note_mark (gpointer place)
{
  *(guint64 *) place = gmproc_port_self_get_thread_mark ();
  return NULL;
}

/* The second thread may well have the address of the first one, and its number. */
static void
test_threads_have_marks_of_their_own (void)
{
  guint64 own = gmproc_port_self_get_thread_mark ();
  guint64 others[2];

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_thread_join (g_thread_new (NULL, note_mark, &others[i]));

  g_assert_cmpuint (own, ==, gmproc_port_self_get_thread_mark ());
  g_assert_cmpuint ((guint32) own, ==, (guint32) gmproc_port_self_get_pid ());
  g_assert_cmpuint (own, !=, others[0]);
  g_assert_cmpuint (own, !=, others[1]);
  g_assert_cmpuint (others[0], !=, others[1]);
}

/* handles: where to say that it is up; where to wait for "go on" */
static int
use_memory (const gintptr *handles, guint n_handles)
{
  char *bytes = g_malloc (MEMORY);

  g_assert_cmpuint (n_handles, ==, 2);
  memset (bytes, 1, MEMORY);
  peer_notify (handles[0]);
  peer_wait (handles[1]);
  g_free (bytes);
  return EXIT_SUCCESS;
}

/* Of this process, and of a child while it runs. A system that does not tell says 0. */
static void
test_memory_in_use (void)
{
  guint64 before = gmproc_port_self_get_memory (gmproc_port_self_get_pid ());
  gintptr up_reader, up_writer, go_reader, go_writer;
  GmprocPortChild *child;
  gint64 pid;
  char *bytes;

  if (before == 0)
    {
      g_test_skip ("the system does not tell");
      return;
    }
  bytes = g_malloc (MEMORY);
  memset (bytes, 1, MEMORY);
  g_assert_cmpuint (gmproc_port_self_get_memory (gmproc_port_self_get_pid ()), >=,
                    before + MEMORY * 3 / 4);
  g_free (bytes);

  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&go_reader, &go_writer);
  child = peer_start ("memory", (const gintptr[]){ up_writer, go_reader }, 2);
  pid = gmproc_port_child_get_pid (child);
  peer_wait (up_reader);
  g_assert_cmpuint (gmproc_port_self_get_memory (pid), >=, MEMORY);
  g_assert_cmpuint (gmproc_port_self_get_memory (pid), <, 16 * (guint64) MEMORY);
  peer_notify (go_writer);
  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&go_reader);
  gmproc_port_handle_close (&go_writer);
}

static void
test_title_may_be_anything (void)
{
  gmproc_port_self_set_title ("");
  gmproc_port_self_set_title ("a title that is much longer than any system shows");
  gmproc_port_self_set_title ("\xff\xfe not text");
  gmproc_port_self_set_title ("fourteen bytes\xc3\xa9");
  gmproc_port_self_set_title ("test-self");
}

static void
test_tests_are_not_privileged (void)
{
  g_assert_false (gmproc_port_self_is_privileged ());
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "again", start_again }, { "seven", seven },
                                { "end", end_at_once },   { "pid", tell_pid },
                                { "memory", use_memory }, { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/self/path", test_path_is_this_program);
  gmproc_test_add ("/port/self/removed", test_removed_program_starts_itself);
  gmproc_test_add ("/port/self/end", test_end_runs_nothing);
  gmproc_test_add ("/port/self/pid", test_pid_is_what_the_parent_sees);
  gmproc_test_add ("/port/self/thread-mark", test_threads_have_marks_of_their_own);
  gmproc_test_add ("/port/self/rough-time", test_rough_time);
  gmproc_test_add ("/port/self/memory", test_memory_in_use);
  gmproc_test_add ("/port/self/title", test_title_may_be_anything);
  gmproc_test_add ("/port/self/privileged", test_tests_are_not_privileged);
  return g_test_run ();
}
