/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Log records of children. This program's log writer keeps what comes from children. What a program
 * does that has no writer of its own is seen from outside: this program is run again, with the name
 * of a case.
 */
#define G_LOG_USE_STRUCTURED
#define G_LOG_DOMAIN "test-log"
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "port/death.h"
#include "support.h"

#define N_CHILDREN 4
#define N_RECORDS 500
#define N_LARGE (300 * 1024) /* more than a pipe holds */

static const char *own_path;

/* -- what this program's writer keeps ---------------------------------------------------------- */

typedef struct
{
  GLogLevelFlags level;
  char *message;
  char *name;
  char *pid;
  char *domain;
  char *line;
  char *own; /* the field TEST_OWN */
} Record;

static GMutex mutex;
static GPtrArray *records; /* under the mutex */

static void
record_free (gpointer data)
{
  Record *record = data;

  g_free (record->message);
  g_free (record->name);
  g_free (record->pid);
  g_free (record->domain);
  g_free (record->line);
  g_free (record->own);
  g_free (record);
}

static char *
dup_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      return fields[i].length < 0 ? g_strdup (fields[i].value)
                                  : g_strndup (fields[i].value, (gsize) fields[i].length);
  return NULL;
}

static GLogWriterOutput
keep_record (GLogLevelFlags level, const GLogField *fields, gsize n_fields,
             gpointer user_data G_GNUC_UNUSED)
{
  g_autofree char *name = dup_field (fields, n_fields, "GMPROC_PROCESS_NAME");
  Record *record;

  if (name == NULL)
    return g_log_writer_default (level, fields, n_fields, NULL);

  record = g_new0 (Record, 1);
  record->level = level;
  record->name = g_steal_pointer (&name);
  record->message = dup_field (fields, n_fields, "MESSAGE");
  record->pid = dup_field (fields, n_fields, "GMPROC_PID");
  record->domain = dup_field (fields, n_fields, "GLIB_DOMAIN");
  record->line = dup_field (fields, n_fields, "CODE_LINE");
  record->own = dup_field (fields, n_fields, "TEST_OWN");
  g_mutex_lock (&mutex);
  g_ptr_array_add (records, record);
  g_mutex_unlock (&mutex);
  return G_LOG_WRITER_HANDLED;
}

/* What came so far, and forgets it. */
static GPtrArray *
take_records (void)
{
  GPtrArray *taken;

  g_mutex_lock (&mutex);
  taken = records;
  records = g_ptr_array_new_with_free_func (record_free);
  g_mutex_unlock (&mutex);
  return taken;
}

static const Record *
get_record (GPtrArray *array, guint index)
{
  g_assert_cmpuint (index, <, array->len);
  return g_ptr_array_index (array, index);
}

/* -- children ---------------------------------------------------------------------------------- */

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

/* One record of each level but the fatal one. */
GMPROC_DEFINE_TARGET (log_levels)
{
  g_debug ("a debug message");
  g_info ("an info");
  g_message ("a message");
  g_warning ("a warning");
  g_critical ("a critical");
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (log_fields)
{
  static const guint8 bytes[] = { 'b', 'y', 't', 'e', 's' };
  const GLogField fields[] = { { "MESSAGE", "Tür\nzu", -1 },
                               { "PRIORITY", "4", -1 },
                               { "CODE_LINE", "77", -1 },
                               { "GLIB_DOMAIN", "another", -1 },
                               { "TEST_OWN", bytes, sizeof bytes } };

  g_log_structured_array (G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS (fields));
  return EXIT_SUCCESS;
}

/* Through GLib's older functions. */
GMPROC_DEFINE_TARGET (log_old_api)
{
  g_log ("old", G_LOG_LEVEL_WARNING, "an %s", "old warning");
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (log_many)
{
  for (int i = 0; i < N_RECORDS; i++)
    g_message ("%d", i);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (log_large)
{
  g_autofree char *text = g_strnfill (N_LARGE, 'm');

  g_message ("%s", text);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (log_for_ever)
{
  g_autofree char *text = g_strnfill (N_LARGE, 'm');

  for (;;)
    g_message ("%s", text);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (log_error)
{
  g_error ("the last words");
  return EXIT_SUCCESS;
}

/* What this process does not log itself is logged by its child. */
GMPROC_DEFINE_TARGET (log_in_grandchild)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (log_levels, NULL);

  gmproc_process_set_name (process, "grandchild");
  return gmproc_process_start (process, NULL) && gmproc_process_join (process, BOUND, NULL, NULL)
             ? gmproc_process_get_exit_code (process)
             : EXIT_FAILURE;
}

static GmprocProcess *
new_logger (GmprocTarget target, GLogLevelFlags level)
{
  GmprocProcess *process = gmproc_process_new (target, NULL);

  gmproc_process_set_log_level (process, level);
  return process;
}

/* Gives the records that came. */
static GPtrArray *
run (GmprocTarget target, GLogLevelFlags level)
{
  g_autoptr (GmprocProcess) process = new_logger (target, level);

  gmproc_process_set_name (process, "a child");
  start (process);
  join (process, EXIT_SUCCESS);
  return take_records ();
}

/* -- tests ------------------------------------------------------------------------------------- */

/* LO-01: what is important enough arrives, and nothing else. */
static void
test_levels (void)
{
  static const GLogLevelFlags levels[] = { G_LOG_LEVEL_DEBUG, G_LOG_LEVEL_INFO, G_LOG_LEVEL_MESSAGE,
                                           G_LOG_LEVEL_WARNING, G_LOG_LEVEL_CRITICAL };

  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      g_autoptr (GmprocProcess) process = new_logger (log_levels, levels[i]);
      g_autoptr (GPtrArray) got = NULL;

      /* The rest goes where it goes without us. */
      gmproc_process_set_stream_mode (process, GMPROC_STANDARD_ERROR, GMPROC_STREAM_MODE_EMPTY);
      gmproc_process_set_stream_mode (process, GMPROC_STANDARD_OUTPUT, GMPROC_STREAM_MODE_EMPTY);
      start (process);
      join (process, EXIT_SUCCESS);
      got = take_records ();
      g_assert_cmpuint (got->len, ==, G_N_ELEMENTS (levels) - i);
      for (guint j = 0; j < got->len; j++)
        g_assert_cmpint (get_record (got, j)->level, ==, levels[i + j]);
    }
}

/* LO-01: off by default; and the property is what the process that makes it has. */
static void
test_default (void)
{
  GmprocProcess *current = gmproc_process_get_current ();
  g_autoptr (GmprocProcess) off = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GmprocProcess) on = NULL;
  guint level;

  g_assert_cmpint (gmproc_process_get_log_level (current), ==, 0);
  g_assert_cmpint (gmproc_process_get_log_level (off), ==, 0);
  gmproc_process_set_log_level (current, G_LOG_LEVEL_INFO);
  on = gmproc_process_new (do_nothing, NULL);
  gmproc_process_set_log_level (current, 0);
  g_object_get (on, "log-level", &level, NULL);
  g_assert_cmpuint (level, ==, G_LOG_LEVEL_INFO);
}

/* GM-20, LO-02: the name and the id of the process, the place in the source, and every other field
 * as it was. */
static void
test_fields (void)
{
  g_autoptr (GmprocProcess) process = new_logger (log_fields, G_LOG_LEVEL_WARNING);
  g_autoptr (GPtrArray) got = NULL;
  g_autofree char *pid = NULL;

  gmproc_process_set_name (process, "Prozeß “Ω”");
  start (process);
  join (process, EXIT_SUCCESS);
  got = take_records ();
  pid = g_strdup_printf ("%" G_GINT64_FORMAT, gmproc_process_get_pid (process));

  g_assert_cmpuint (got->len, ==, 1);
  g_assert_cmpint (get_record (got, 0)->level, ==, G_LOG_LEVEL_WARNING);
  g_assert_cmpstr (get_record (got, 0)->message, ==, "Tür\nzu");
  g_assert_cmpstr (get_record (got, 0)->name, ==, "Prozeß “Ω”");
  g_assert_cmpstr (get_record (got, 0)->pid, ==, pid);
  g_assert_cmpstr (get_record (got, 0)->domain, ==, "another");
  g_assert_cmpstr (get_record (got, 0)->line, ==, "77");
  g_assert_cmpstr (get_record (got, 0)->own, ==, "bytes");
}

static void
test_old_api (void)
{
  g_autoptr (GPtrArray) got = run (log_old_api, G_LOG_LEVEL_WARNING);

  g_assert_cmpuint (got->len, ==, 1);
  g_assert_cmpstr (get_record (got, 0)->message, ==, "an old warning");
  g_assert_cmpstr (get_record (got, 0)->domain, ==, "old");
}

/* GM-20: of several that log at once, all records of each, in its order, when each was joined. */
static void
test_many (void)
{
  GmprocProcess *processes[N_CHILDREN];
  int n_seen[N_CHILDREN] = { 0 };
  g_autoptr (GPtrArray) got = NULL;

  for (int i = 0; i < N_CHILDREN; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d", i);

      processes[i] = new_logger (log_many, G_LOG_LEVEL_MESSAGE);
      gmproc_process_set_name (processes[i], name);
      start (processes[i]);
    }
  for (int i = 0; i < N_CHILDREN; i++)
    {
      join (processes[i], EXIT_SUCCESS);
      g_object_unref (processes[i]);
    }

  got = take_records ();
  g_assert_cmpuint (got->len, ==, N_CHILDREN * N_RECORDS);
  for (guint i = 0; i < got->len; i++)
    {
      int child = atoi (get_record (got, i)->name);

      g_assert_cmpint (atoi (get_record (got, i)->message), ==, n_seen[child]++);
    }
}

/* GM-20: a record that is larger than the pipe is whole. */
static void
test_large (void)
{
  g_autoptr (GPtrArray) got = run (log_large, G_LOG_LEVEL_MESSAGE);

  g_assert_cmpuint (got->len, ==, 1);
  g_assert_cmpuint (strlen (get_record (got, 0)->message), ==, N_LARGE);
}

/* A child that is killed in the middle of a record tears neither its own nor another's. */
static void
test_killed (void)
{
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GmprocProcess) victim = new_logger (log_for_ever, G_LOG_LEVEL_MESSAGE);
      g_autoptr (GmprocProcess) other = new_logger (log_large, G_LOG_LEVEL_MESSAGE);
      g_autoptr (GPtrArray) got = NULL;
      guint n_of_other = 0;

      gmproc_process_set_name (other, "other");
      start (victim);
      start (other);
      g_usleep (i * G_TIME_SPAN_MILLISECOND);
      g_assert_true (gmproc_process_kill (victim, NULL));
      join (victim, -9);
      join (other, EXIT_SUCCESS);

      got = take_records ();
      for (guint j = 0; j < got->len; j++)
        {
          g_assert_cmpuint (strlen (get_record (got, j)->message), ==, N_LARGE);
          n_of_other += g_str_equal (get_record (got, j)->name, "other");
        }
      g_assert_cmpuint (n_of_other, ==, 1);
    }
}

/* What is fatal to the child is not to this process: it would end here. */
static void
test_fatal (void)
{
  g_autoptr (GmprocProcess) process = new_logger (log_error, G_LOG_LEVEL_ERROR);
  g_autoptr (GPtrArray) got = NULL;

  start (process);
  g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
  g_assert_cmpint (gmproc_process_get_exit_code (process), !=, EXIT_SUCCESS);
  got = take_records ();
  g_assert_cmpuint (got->len, ==, 1);
  g_assert_cmpstr (get_record (got, 0)->message, ==, "the last words");
  g_assert_cmpint (get_record (got, 0)->level, ==, G_LOG_LEVEL_CRITICAL);
}

/* LO-01: the level is handed on, and the record comes all the way with the name that it had. */
static void
test_grandchild (void)
{
  g_autoptr (GPtrArray) got = run (log_in_grandchild, G_LOG_LEVEL_DEBUG);
  guint n_of_ours = 0;

  /* GLib itself may have something to say, too. */
  for (guint i = 0; i < got->len; i++)
    {
      if (g_strcmp0 (get_record (got, i)->domain, G_LOG_DOMAIN) != 0)
        continue;
      g_assert_cmpstr (get_record (got, i)->name, ==, "grandchild");
      n_of_ours++;
    }
  g_assert_cmpuint (n_of_ours, ==, 5);
}

/* -- programs without a writer of their own ------------------------------------------------------
 */

GMPROC_DEFINE_TARGET (log_warning)
{
  g_warning ("from below");
  return EXIT_SUCCESS;
}

#define AGAIN "again"

/* (reader): logs until the pipe is at its end, so until the parent is gone; and then once more. */
GMPROC_DEFINE_TARGET (log_beyond)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocConnection) in =
      gmproc_connection_from_handle (g_variant_get_handle (args), &error);

  g_assert_no_error (error);
  while (!gmproc_connection_poll (in, 0, NULL, NULL))
    g_message (AGAIN);
  g_warning ("alone");
  return EXIT_SUCCESS;
}

static int
run_one (GmprocTarget target)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (target, NULL);

  gmproc_process_set_name (process, "the child");
  start (process);
  join (process, EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

/* Of the child's, and of none that a thread of GLib writes meanwhile: who dies in the middle of a
 * start may leave a process that the system has made and not let run yet. */
static GLogWriterOutput
die_of_record (GLogLevelFlags level G_GNUC_UNUSED, const GLogField *fields, gsize n_fields,
               gpointer user_data G_GNUC_UNUSED)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && g_str_has_prefix (fields[i].value, AGAIN))
      gmproc_test_kill_self ();
  return G_LOG_WRITER_HANDLED;
}

/* Goes while its child logs as fast as it can. */
static int
die_over_logs (void)
{
  GmprocConnection *in, *out;
  g_autoptr (GmprocProcess) process = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process =
      gmproc_process_new (log_beyond, g_variant_new_handle (gmproc_connection_get_handle (in)));
  gmproc_process_set_log_level (process, G_LOG_LEVEL_MESSAGE);
  g_log_set_writer_func (die_of_record, NULL, NULL);
  start (process);
  join (process, EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

static int
run_case (const char *name, int *argc, char ***argv)
{
  gmproc_init (argc, argv);
  if (g_str_equal (name, "one"))
    return run_one (log_warning);
  if (g_str_equal (name, "die"))
    return die_over_logs ();
  g_assert_not_reached ();
}

/* Runs this program again. Gives what it, and what it leaves behind, wrote to standard error. */
static char *
run_program (const char *name, const char *level)
{
  const char *const argv[] = { own_path, name, NULL };
  g_auto (GStrv) environment = g_environ_unsetenv (g_get_environ (), "G_MESSAGES_DEBUG");
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  char *errors = NULL;

  if (level != NULL)
    environment = g_environ_setenv (g_steal_pointer (&environment), "GMPROC_LOG", level, TRUE);
  g_spawn_sync (NULL, (char **) argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &output, &errors,
                NULL, &error);
  g_assert_no_error (error);
  return errors;
}

/* GM-20: a person who asks sees whose each line is. */
static void
test_variable (void)
{
  g_autofree char *errors = run_program ("one", "warning");

  g_assert_nonnull (strstr (errors, "the child["));
  g_assert_nonnull (strstr (errors, "]: from below"));
}

/* GM-20: without being asked for, everything is as it is without us: the child's own line. */
static void
test_variable_unset (void)
{
  g_autofree char *errors = run_program ("one", NULL);

  g_assert_null (strstr (errors, "the child["));
  g_assert_nonnull (strstr (errors, "from below"));
}

static void
test_variable_bad (void)
{
  g_autofree char *errors = run_program ("one", "loud");

  g_assert_nonnull (strstr (errors, "loud"));
  g_assert_nonnull (strstr (errors, "is no log level"));
  g_assert_null (strstr (errors, "the child["));
}

/* A child whose parent is gone goes on, and its records go where they would have gone. */
static void
test_parent_gone (void)
{
  g_autofree char *errors = run_program ("die", NULL);

  g_assert_nonnull (strstr (errors, "alone"));
}

static gboolean
is_case (const char *name)
{
  return g_str_equal (name, "one") || g_str_equal (name, "die");
}

int
main (int argc, char **argv)
{
  own_path = argv[0];
  if (argc == 2 && is_case (argv[1]))
    return run_case (argv[1], &argc, &argv);

  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  records = g_ptr_array_new_with_free_func (record_free);
  g_log_set_writer_func (keep_record, NULL, NULL);
  gmproc_test_add ("/process-log/levels", test_levels);
  gmproc_test_add ("/process-log/default", test_default);
  gmproc_test_add ("/process-log/fields", test_fields);
  gmproc_test_add ("/process-log/old-api", test_old_api);
  gmproc_test_add ("/process-log/many", test_many);
  gmproc_test_add ("/process-log/large", test_large);
  gmproc_test_add ("/process-log/killed", test_killed);
  gmproc_test_add ("/process-log/fatal", test_fatal);
  gmproc_test_add ("/process-log/grandchild", test_grandchild);
  gmproc_test_add ("/process-log/variable", test_variable);
  gmproc_test_add ("/process-log/variable-unset", test_variable_unset);
  gmproc_test_add ("/process-log/variable-bad", test_variable_bad);
  gmproc_test_add ("/process-log/parent-gone", test_parent_gone);
  return g_test_run ();
}
