/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "death.h"
#include "peer.h"
#include "../support.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL "journal"
#define N_WRITERS 3
#define N_RECORDS 400
#define LONGEST 300

static char *folder, *path;

static void
begin (void)
{
  folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  path = g_build_filename (folder, JOURNAL, NULL);
}

static void
end (void)
{
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&folder, g_free);
}

static gintptr
open_journal (const char *name, gboolean is_new)
{
  gintptr journal;
  g_autoptr (GError) error = NULL;

  gmproc_port_journal_open (name, is_new, &journal, &error);
  g_assert_no_error (error);
  return journal;
}

static void
assert_contents (const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

/* Records of many lengths, each of one letter and with its end. */
static void
write_records (gintptr journal, char letter)
{
  char record[LONGEST + 1];

  memset (record, letter, sizeof record);
  for (guint i = 0; i < N_RECORDS; i++)
    {
      gsize length = 1 + i % LONGEST;

      record[length] = '\n';
      gmproc_port_journal_append (journal, record, length + 1);
      record[length] = letter;
    }
}

/* In the folder. handles: where to wait for "go on" */
static int
write_in_peer (const gintptr *handles, guint n_handles)
{
  gintptr journal = open_journal (JOURNAL, FALSE);

  g_assert_cmpuint (n_handles, ==, 1);
  peer_wait (handles[0]);
  write_records (journal, 'b');
  gmproc_port_handle_close (&journal);
  return EXIT_SUCCESS;
}

static void
test_begin_and_go_on (void)
{
  gintptr first, second;

  begin ();
  g_assert_true (g_file_set_contents (path, "of before", -1, NULL));
  first = open_journal (path, TRUE);
  assert_contents ("");
  gmproc_port_journal_append (first, "one\n", 4);
  second = open_journal (path, FALSE);
  gmproc_port_journal_append (second, "two\n", 4);
  /* Behind what others have appended, not over it. */
  gmproc_port_journal_append (first, "three\n", 6);
  assert_contents ("one\ntwo\nthree\n");
  gmproc_port_handle_close (&first);
  gmproc_port_handle_close (&second);
  end ();

  begin ();
  first = open_journal (path, FALSE);
  assert_contents ("");
  gmproc_port_handle_close (&first);
  end ();
}

static void
test_cannot_be_opened (void)
{
  g_autofree char *bad = NULL;
  gintptr journal;

  begin ();
  bad = g_build_filename (folder, "missing", JOURNAL, NULL);
  for (guint is_new = 0; is_new < 2; is_new++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (gmproc_port_journal_open (bad, is_new != 0, &journal, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, bad));
    }
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  end ();
}

static gpointer
write_in_thread (gpointer data)
{
  gintptr journal = open_journal (path, FALSE);

  write_records (journal, *(char *) data);
  gmproc_port_handle_close (&journal);
  return NULL;
}

/* Records of processes and of threads do not mix, and none is lost. */
static void
test_many_writers (void)
{
  char letters[N_WRITERS] = { 'a', 'b', 'c' };
  guint n_records[N_WRITERS] = { 0 };
  GThread *threads[N_WRITERS];
  GmprocPortChild *child;
  gintptr reader, writer;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!gmproc_test_can_append_at_once ())
    {
      g_test_skip ("Wine appends in two steps, between which others may append");
      return;
    }
  begin ();
  peer_new_pipe (&reader, &writer);
  child = peer_start_with (
      "write",
      (GmprocPortChildOptions){ .working_directory = folder, .handles = &reader, .n_handles = 1 });
  threads[0] = g_thread_new ("writer", write_in_thread, &letters[0]);
  threads[2] = g_thread_new ("writer", write_in_thread, &letters[2]);
  peer_notify (writer);
  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  g_thread_join (threads[0]);
  g_thread_join (threads[2]);

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", 0);
  for (guint i = 0; lines[i + 1] != NULL; i++)
    {
      guint writer_number = lines[i][0] - 'a';

      g_assert_cmpuint (writer_number, <, N_WRITERS);
      g_assert_cmpuint (strspn (lines[i], (char[]){ lines[i][0], '\0' }), ==, strlen (lines[i]));
      g_assert_cmpuint (strlen (lines[i]), ==, 1 + n_records[writer_number]++ % LONGEST);
    }
  for (guint i = 0; i < N_WRITERS; i++)
    g_assert_cmpuint (n_records[i], ==, N_RECORDS);
  gmproc_port_handle_close (&reader);
  gmproc_port_handle_close (&writer);
  end ();
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "write", write_in_peer }, { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/journal/begin-and-go-on", test_begin_and_go_on);
  gmproc_test_add ("/port/journal/cannot-be-opened", test_cannot_be_opened);
  gmproc_test_add ("/port/journal/many-writers", test_many_writers);
  return g_test_run ();
}
