/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GMPROC_TRACE: what programs write to it, whole after a crash too. Each test runs itself again as
 * a program of its own, the first of its family, and reads the file when all of them have ended.
 */
#include "crew.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/death.h"
#include "support.h"

#define N_ITEMS 20
#define BAD_NAME "a \"name\" \\ with \xc3\xa9"

static char *folder, *path;

/* -- JSON -------------------------------------------------------------------------------------- */

/* A strict reader of what may be in a record; FALSE for anything else. Scalars go into VALUES by
 * their keys, those of an inner object as "outer.inner". */
static gboolean read_value (const char **next, const char *key, GHashTable *values);

static gboolean
skip (const char **next, char expected)
{
  if (**next != expected)
    return FALSE;
  ++*next;
  return TRUE;
}

static gboolean
read_string (const char **next, GString *string)
{
  if (!skip (next, '"'))
    return FALSE;
  for (; **next != '"'; ++*next)
    {
      if ((guchar) * *next < ' ')
        return FALSE;
      if (**next == '\\' && *++*next != '"' && **next != '\\')
        return FALSE;
      g_string_append_c (string, **next);
    }
  return skip (next, '"') && g_utf8_validate (string->str, -1, NULL);
}

static gboolean
read_number (const char **next, GString *number)
{
  if (**next == '-')
    g_string_append_c (number, *(*next)++);
  if (!g_ascii_isdigit (**next) || (**next == '0' && g_ascii_isdigit ((*next)[1])))
    return FALSE;
  while (g_ascii_isdigit (**next))
    g_string_append_c (number, *(*next)++);
  return TRUE;
}

static gboolean
read_object (const char **next, const char *outer, GHashTable *values)
{
  if (!skip (next, '{'))
    return FALSE;
  do
    {
      g_autoptr (GString) key = g_string_new (outer);

      if (*outer != '\0')
        g_string_append_c (key, '.');
      if (!read_string (next, key) || g_hash_table_contains (values, key->str) || !skip (next, ':')
          || !read_value (next, key->str, values))
        return FALSE;
    }
  while (skip (next, ','));
  return skip (next, '}');
}

static gboolean
read_value (const char **next, const char *key, GHashTable *values)
{
  g_autoptr (GString) scalar = g_string_new (NULL);

  if (**next == '{')
    return read_object (next, key, values);
  if (!(**next == '"' ? read_string (next, scalar) : read_number (next, scalar)))
    return FALSE;
  g_hash_table_insert (values, g_strdup (key), g_strdup (scalar->str));
  return TRUE;
}

/* -- records ----------------------------------------------------------------------------------- */

static const char *
get (GHashTable *record, const char *key)
{
  const char *value = g_hash_table_lookup (record, key);

  return value != NULL ? value : "";
}

static GHashTable *
read_record (const char *line)
{
  GHashTable *record = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *next = line;

  if (!read_object (&next, "", record) || strcmp (next, ",") != 0)
    g_error ("No record: %s", line);
  g_assert_cmpstr (get (record, "pid"), !=, "");
  g_assert_cmpstr (get (record, "tid"), !=, "");
  g_assert_cmpstr (get (record, "name"), !=, "");
  g_assert_true (strchr ("XiM", *get (record, "ph")) != NULL);
  if (*get (record, "ph") != 'M')
    g_assert_cmpint (g_ascii_strtoll (get (record, "ts"), NULL, 10), >, 0);
  if (*get (record, "ph") == 'X')
    g_assert_cmpint (g_ascii_strtoll (get (record, "dur"), NULL, 10), >=, 0);
  return record;
}

/* All of them; every line of the file is one, after the first. */
static GPtrArray *
read_trace (void)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_hash_table_unref);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;
  guint n_lines;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", 0);
  n_lines = g_strv_length (lines);
  g_assert_cmpuint (n_lines, >, 2);
  g_assert_cmpstr (lines[0], ==, "[");
  g_assert_cmpstr (lines[n_lines - 1], ==, "");
  for (guint i = 1; i < n_lines - 1; i++)
    g_ptr_array_add (records, read_record (lines[i]));
  return records;
}

/* Those of one kind; KEY has VALUE, unless it is NULL. The first of them is given too. */
static guint
count (GPtrArray *records, const char *category, const char *name, const char *key,
       const char *value, GHashTable **ret_first)
{
  guint n_found = 0;

  for (guint i = 0; i < records->len; i++)
    {
      GHashTable *record = g_ptr_array_index (records, i);

      if (strcmp (get (record, "cat"), category) != 0 || strcmp (get (record, "name"), name) != 0
          || (key != NULL && strcmp (get (record, key), value) != 0))
        continue;
      if (n_found++ == 0 && ret_first != NULL)
        *ret_first = record;
    }
  return n_found;
}

/* The process of PID was started by another one that is in the trace, and has a name there. */
static void
assert_is_child (GPtrArray *records, const char *pid)
{
  GHashTable *start = NULL, *parent = NULL;

  g_assert_cmpuint (count (records, "process", "start", "args.pid", pid, &start), ==, 1);
  g_assert_cmpuint (count (records, "", "process_name", "pid", pid, NULL), >=, 1);
  g_assert_cmpuint (count (records, "", "process_name", "pid", get (start, "pid"), &parent), >=, 1);
  g_assert_cmpstr (get (parent, "pid"), !=, pid);
}

/* -- runs -------------------------------------------------------------------------------------- */

/* Runs the test's other part with the variable, and waits for all that it has started: they have
 * its standard streams. */
static void
run (const char *value)
{
  g_setenv ("GMPROC_TRACE", value, TRUE);
  gmproc_test_trap ();
  g_unsetenv ("GMPROC_TRACE");
}

static void
begin (void)
{
  folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  path = g_build_filename (folder, "trace.json", NULL);
}

/* FALSE, and the test is skipped, where the records of several processes damage each other. */
static gboolean
begin_many (void)
{
  if (!gmproc_test_can_append_at_once ())
    {
      g_test_skip ("Wine appends in two steps, between which others may append");
      return FALSE;
    }
  begin ();
  return TRUE;
}

static void
end (void)
{
  g_remove (path);
  g_assert_cmpint (g_rmdir (folder), ==, 0); /* nothing else was written */
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&folder, g_free);
}

GMPROC_DEFINE_TARGET (do_nothing_in_trace)
{
  return EXIT_SUCCESS;
}

static void
work (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing_in_trace, NULL);
  g_autoptr (GmprocQueue) queue = NULL;
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GError) error = NULL;
  GmprocPool *pool = crew_new (2);

  crew_assert_works (pool, N_ITEMS);
  crew_end (pool);

  g_object_set (process, "name", BAD_NAME, NULL);
  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  gmproc_process_join (process, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);

  queue = gmproc_queue_new (0, &error);
  g_assert_no_error (error);
  gmproc_queue_put (queue, g_variant_new_int64 (1), CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
  item = gmproc_queue_get (queue, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
}

static void
test_normal_run (void)
{
  g_autoptr (GPtrArray) records = NULL;
  GHashTable *record = NULL;

  if (g_test_subprocess ())
    {
      work ();
      return;
    }
  if (!begin_many ())
    return;
  run (path);
  g_test_trap_assert_passed ();
  records = read_trace ();

  for (guint i = 1; i < N_ITEMS; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      g_assert_cmpuint (count (records, "item", "square_for_crew", "args.item", number, &record),
                        ==, 1);
      assert_is_child (records, get (record, "pid"));
    }
  g_assert_cmpuint (count (records, "call", "square_for_crew", "args.items", "20", NULL), ==, 1);
  g_assert_cmpuint (count (records, "message", "put", NULL, NULL, NULL), >=, 1);
  g_assert_cmpuint (count (records, "message", "take", NULL, NULL, NULL), >=, 1);
  /* Its whole life, and its end in the parent. */
  g_assert_cmpuint (
      count (records, "process", "a \"name\" \\ with ??", "args.status", "0", &record), ==, 1);
  assert_is_child (records, get (record, "pid"));
  g_assert_cmpuint (
      count (records, "process", "a \"name\" \\ with ??", "args.exit-code", "0", NULL), ==, 1);
  end ();
}

static void
kill_one_of_two (void)
{
  GmprocPool *pool = crew_new (2);
  Visitor visitors[2];
  Meeting meeting;
  CrewCall call;

  meeting_open (&meeting);
  g_object_set (pool, "chunk-size", 1, "max-retries", 1, NULL);
  crew_call_start (&call, pool, meeting_visit, meeting_items (&meeting, 2));
  for (guint i = 0; i < 2; i++)
    meeting_accept (&meeting, &visitors[i]);
  crew_kill (visitors[0].pid);
  visitor_wait_gone (&visitors[0]);
  meeting_accept (&meeting, &visitors[0]);
  for (guint i = 0; i < 2; i++)
    visitor_release (&visitors[i]);
  crew_call_join (&call);
  g_assert_no_error (call.error);
  crew_call_clear (&call);
  meeting_close (&meeting);
  crew_end (pool);
}

/* The item runs again in another process, and that one is in the trace. */
static void
test_killed_worker (void)
{
  g_autoptr (GPtrArray) records = NULL;
  guint n_killed = 0, n_items = 0;

  if (g_test_subprocess ())
    {
      kill_one_of_two ();
      return;
    }
  if (!begin_many ())
    return;
  run (path);
  g_test_trap_assert_passed ();
  records = read_trace ();

  for (guint i = 0; i < records->len; i++)
    {
      GHashTable *item = g_ptr_array_index (records, i);

      n_killed += strcmp (get (item, "args.exit-code"), "-9") == 0;
      if (strcmp (get (item, "cat"), "item") != 0 || strstr (get (item, "name"), "visit") == NULL)
        continue;
      n_items++;
      assert_is_child (records, get (item, "pid"));
    }
  g_assert_cmpuint (n_killed, ==, 1);
  g_assert_cmpuint (n_items, ==, 2);
  end ();
}

/* With workers in the middle of their items, and records that are written at that time. */
static void
test_killed_parent (void)
{
  g_autoptr (GPtrArray) records = NULL;
  GHashTable *record = NULL;

  if (g_test_subprocess ())
    {
      GmprocPool *pool = crew_new (2);
      CrewCall call;

      crew_assert_works (pool, N_ITEMS);
      crew_call_start (&call, pool, crew_square, crew_numbers (1000 * 1000));
      crew_pause (20 * G_TIME_SPAN_MILLISECOND);
      gmproc_test_kill_self ();
    }
  if (!begin_many ())
    return;
  run (path);
  g_test_trap_assert_failed ();
  records = read_trace ();

  g_assert_cmpuint (count (records, "item", "square_for_crew", "args.item", "7", &record), >=, 1);
  assert_is_child (records, get (record, "pid"));
  end ();
}

static void
test_nothing_without_the_variable (void)
{
  if (g_test_subprocess ())
    {
      g_assert_cmpint (g_chdir (g_getenv ("TEST_FOLDER")), ==, 0);
      work ();
      g_assert_cmpint (g_chdir (g_get_tmp_dir ()), ==, 0);
      return;
    }
  begin ();
  g_setenv ("TEST_FOLDER", folder, TRUE);
  gmproc_test_trap ();
  g_test_trap_assert_passed ();
  run ("");
  g_test_trap_assert_passed ();
  g_unsetenv ("TEST_FOLDER");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  end ();
}

/* The program says so, and runs. */
static void
test_no_such_folder (void)
{
  g_autofree char *bad = NULL;

  if (g_test_subprocess ())
    {
      work ();
      return;
    }
  begin ();
  bad = g_build_filename (folder, "missing", "trace.json", NULL);
  run (bad);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*GMPROC_TRACE: *missing*");
  end ();
}

/* A file of before is begun again, by the first process and by no other. */
static void
test_old_file (void)
{
  g_autoptr (GPtrArray) records = NULL;
  g_autoptr (GError) error = NULL;

  if (g_test_subprocess ())
    {
      work ();
      return;
    }
  begin ();
  g_file_set_contents (path, "of before\n", -1, &error);
  g_assert_no_error (error);
  run (path);
  g_test_trap_assert_passed ();
  records = read_trace ();
  g_assert_cmpuint (count (records, "call", "square_for_crew", "args.items", "20", NULL), ==, 1);
  end ();
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (crew_warm_up);
  gmproc_test_add ("/trace/normal-run", test_normal_run);
  gmproc_test_add ("/trace/killed-worker", test_killed_worker);
  gmproc_test_add ("/trace/killed-parent", test_killed_parent);
  gmproc_test_add ("/trace/nothing-without-the-variable", test_nothing_without_the_variable);
  gmproc_test_add ("/trace/no-such-folder", test_no_such_folder);
  gmproc_test_add ("/trace/old-file", test_old_file);
  return g_test_run ();
}
