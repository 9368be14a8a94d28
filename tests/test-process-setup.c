/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a process is started with: the program, the environment, the folder, the standard streams.
 */
#include <gmproc.h>

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "support.h"

#define FORGET "GMPROC_TEST_FORGET" /* what main() does instead of gmproc_init() */
#define LONG_TIMEOUT "60000"        /* the machine may be slow, or valgrind */
#define N_LARGE (1024 * 1024)

static const char *own_path;

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (return_9)
{
  return 9;
}

/* (name, value or nothing): whether the variable is so. */
GMPROC_DEFINE_TARGET (look_at_variable)
{
  const char *name, *value;

  g_variant_get (args, "(&sm&s)", &name, &value);
  return g_strcmp0 (g_getenv (name), value) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* folder: whether we are there. */
GMPROC_DEFINE_TARGET (look_at_folder)
{
  g_autofree char *folder = g_get_current_dir ();

  return g_str_equal (folder, g_variant_get_string (args, NULL)) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Everything from the standard input goes to the standard output, and its length, as a line, to the
 * standard error. */
GMPROC_DEFINE_TARGET (copy_streams)
{
  gsize length = 0;
  int character;

  while ((character = getchar ()) != EOF)
    {
      putchar (character);
      length++;
    }
  fprintf (stderr, "%" G_GSIZE_FORMAT "\n", length);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (say_something)
{
  printf ("something\n");
  return EXIT_SUCCESS;
}

static void
run (GmprocProcess *process, int exit_code)
{
  start (process);
  join (process, exit_code);
}

/* Nothing is left of a start that fails, and what was wrong is named. */
static void
assert_start_fails (GmprocProcess *process, GQuark domain, int code, const char *named)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_process_start (process, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_cmpint (gmproc_process_get_pid (process), ==, 0);
  g_assert_false (gmproc_process_is_alive (process));
  g_assert_null (gmproc_list_children ());
}

/* -- environment and folder -------------------------------------------------------------------- */

/* PR-31: the environment that was set, and no other. */
static void
test_environment (void)
{
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "TEST_ONE", "größer=1", TRUE);
  g_autoptr (GmprocProcess) with =
      gmproc_process_new (look_at_variable, g_variant_new ("(sms)", "TEST_ONE", "größer=1"));
  g_autoptr (GmprocProcess) without =
      gmproc_process_new (look_at_variable, g_variant_new ("(sms)", "TEST_ONE", NULL));
  g_auto (GStrv) property = NULL;

  gmproc_process_set_environment (with, (const char *const *) environment);
  g_object_get (with, "environment", &property, NULL);
  g_assert_cmpstr (g_environ_getenv (property, "TEST_ONE"), ==, "größer=1");
  run (with, EXIT_SUCCESS);
  run (without, EXIT_SUCCESS);
}

static void
test_bad_environment (void)
{
  static const char *const without_value[] = { "FINE=1", "NO_VALUE", NULL };
  static const char *const without_name[] = { "=value", NULL };
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);

  gmproc_process_set_environment (process, without_value);
  assert_start_fails (process, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“NO_VALUE”");
  gmproc_process_set_environment (process, without_name);
  assert_start_fails (process, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“=value”");
  gmproc_process_set_environment (process, NULL);
  run (process, EXIT_SUCCESS);
}

static void
test_working_directory (void)
{
  g_autofree char *made = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  g_autofree char *before = g_get_current_dir ();
  g_autofree char *folder = NULL;
  g_autofree char *property = NULL;
  g_autoptr (GmprocProcess) process = NULL;

  /* By the name that the system has for it, which may be another one. */
  g_assert_cmpint (g_chdir (made), ==, 0);
  folder = g_get_current_dir ();
  g_assert_cmpint (g_chdir (before), ==, 0);

  process = gmproc_process_new (look_at_folder, g_variant_new_string (folder));
  gmproc_process_set_working_directory (process, made);
  g_object_get (process, "working-directory", &property, NULL);
  g_assert_cmpstr (property, ==, made);
  run (process, EXIT_SUCCESS);
  g_assert_cmpint (g_rmdir (made), ==, 0);
}

static void
test_bad_working_directory (void)
{
  g_autofree char *made = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);

  g_assert_cmpint (g_rmdir (made), ==, 0);
  gmproc_process_set_working_directory (process, made);
  assert_start_fails (process, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, made);
  gmproc_process_set_working_directory (process, NULL);
  run (process, EXIT_SUCCESS);
}

/* -- streams ----------------------------------------------------------------------------------- */

static void
assert_text (GInputStream *stream, const char *expected)
{
  g_autoptr (GError) error = NULL;
  gsize size = strlen (expected) + 100; /* with room for more, and for other ends of lines */
  g_autofree char *buffer = g_malloc0 (size + 1);
  gsize n_read;

  g_input_stream_read_all (stream, buffer, size, &n_read, NULL, &error);
  g_assert_no_error (error);
  gmproc_test_unify_lines (buffer);
  g_assert_cmpuint (strlen (buffer), ==, strlen (expected));
  g_assert_cmpstr (buffer, ==, expected);
}

typedef struct
{
  GOutputStream *stream;
  const char *text;
} Feed;

static gpointer
feed (gpointer data)
{
  Feed *self = data;

  g_assert_true (
      g_output_stream_write_all (self->stream, self->text, strlen (self->text), NULL, NULL, NULL));
  g_assert_true (g_output_stream_close (self->stream, NULL, NULL));
  return NULL;
}

/* All three as pipes, with more than they have room for. */
static void
test_pipes (void)
{
  g_autoptr (GmprocProcess) process =
      g_object_new (GMPROC_TYPE_PROCESS, "standard-output", GMPROC_STREAM_MODE_PIPE, NULL);
  g_autofree char *text = g_strnfill (N_LARGE, 't');
  g_autofree char *length = g_strdup_printf ("%d\n", N_LARGE);
  GmprocStreamMode mode;
  Feed data;
  GThread *thread;

  g_object_get (process, "standard-output", &mode, NULL);
  g_assert_cmpint (mode, ==, GMPROC_STREAM_MODE_PIPE);
  g_clear_object (&process);

  process = gmproc_process_new (copy_streams, NULL);
  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_INPUT, GMPROC_STREAM_MODE_PIPE);
  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_OUTPUT, GMPROC_STREAM_MODE_PIPE);
  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_ERROR, GMPROC_STREAM_MODE_PIPE);
  g_assert_null (gmproc_process_get_stdin_pipe (process));
  start (process);

  data = (Feed){ gmproc_process_get_stdin_pipe (process), text };
  thread = g_thread_new ("feeder", feed, &data);
  assert_text (gmproc_process_get_stdout_pipe (process), text);
  assert_text (gmproc_process_get_stderr_pipe (process), length);
  g_thread_join (thread);
  join (process, EXIT_SUCCESS);
}

/* By default there is nothing to read; what goes nowhere disturbs nobody. */
static void
test_empty (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (copy_streams, NULL);

  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_OUTPUT, GMPROC_STREAM_MODE_EMPTY);
  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_ERROR, GMPROC_STREAM_MODE_PIPE);
  start (process);
  assert_text (gmproc_process_get_stderr_pipe (process), "0\n");
  join (process, EXIT_SUCCESS);
  g_assert_null (gmproc_process_get_stdout_pipe (process));
}

/* PR-36: what this program has in its buffer is not written by the child too. */
static void
test_buffers (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (say_something, NULL);

  printf ("# what the buffer holds\n");
  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_OUTPUT, GMPROC_STREAM_MODE_PIPE);
  start (process);
  assert_text (gmproc_process_get_stdout_pipe (process), "something\n");
  join (process, EXIT_SUCCESS);
}

/* -- the program ------------------------------------------------------------------------------- */

static char *
copy_program (const char *folder, int mode)
{
  char *copy = g_build_filename (folder, "another program.exe", NULL);
  g_autofree char *contents = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (own_path, &contents, &size, NULL));
  g_assert_true (g_file_set_contents_full (copy, contents, (gssize) size, G_FILE_SET_CONTENTS_NONE,
                                           mode, NULL));
  return copy;
}

/* An environment in which main() forgets gmproc_init(), and does this instead. */
static void
forget (GmprocProcess *process, const char *what)
{
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), FORGET, what, TRUE);

  gmproc_process_set_environment (process, (const char *const *) environment);
}

typedef struct
{
  char *folder;
  char *program;
  GmprocProcess *process;
} Other;

static void
other_init (Other *self, GmprocTarget target)
{
  self->folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  self->program = copy_program (self->folder, 0700);
  self->process = gmproc_process_new (target, NULL);
  gmproc_process_set_executable (self->process, self->program);
}

static void
other_clear (Other *self)
{
  g_object_unref (self->process);
  g_assert_cmpint (g_remove (self->program), ==, 0);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->program);
  g_free (self->folder);
}

static void
count_exits (GmprocProcess *process G_GNUC_UNUSED, int exit_code, gpointer data)
{
  g_assert_cmpint (exit_code, ==, 9);
  (*(int *) data)++;
}

/* PR-05: another program, which has the target too. */
static void
test_executable (void)
{
  g_autofree char *property = NULL;
  int n_exits = 0;
  Other other;

  other_init (&other, return_9);
  g_object_get (other.process, "executable", &property, NULL);
  g_assert_cmpstr (property, ==, other.program);
  g_signal_connect (other.process, "exited", G_CALLBACK (count_exits), &n_exits);
  run (other.process, 9);
  while (n_exits == 0)
    g_main_context_iteration (NULL, TRUE);
  other_clear (&other);
}

static void
exit_in_vain (GmprocProcess *process G_GNUC_UNUSED, int exit_code G_GNUC_UNUSED,
              gpointer data G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

/* GM-19: a program that does not know gmproc_init() and ends; it can be started when it does. */
static void
test_ends_without_init (void)
{
  Other other;
  gulong handler;

  other_init (&other, return_9);
  handler = g_signal_connect (other.process, "exited", G_CALLBACK (exit_in_vain), NULL);
  forget (other.process, "end");
  assert_start_fails (other.process, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED, other.program);
  assert_start_fails (other.process, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED, "exit code 5");
  while (g_main_context_iteration (NULL, FALSE))
    ;

  g_signal_handler_disconnect (other.process, handler);
  gmproc_process_set_environment (other.process, NULL);
  run (other.process, 9);
  other_clear (&other);
}

/* GM-19: one that goes on without it is ended. */
static void
test_hangs_without_init (void)
{
  Other other;

  other_init (&other, return_9);
  forget (other.process, "hang");
  g_unsetenv ("GMPROC_START_TIMEOUT");
  assert_start_fails (other.process, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED, "within 1000 ms");
  g_assert_true (g_setenv ("GMPROC_START_TIMEOUT", LONG_TIMEOUT, TRUE));
  other_clear (&other);
}

static void
test_missing_program (void)
{
  g_autofree char *folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "not-there", NULL);
  g_autoptr (GmprocProcess) process = gmproc_process_new (return_9, NULL);

  gmproc_process_set_executable (process, path);
  assert_start_fails (process, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "not-there");
  gmproc_process_set_executable (process, NULL);
  run (process, 9);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* What is no program: its file may not be run, or cannot. */
static void
test_no_program (void)
{
  g_autofree char *folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  g_autofree char *path = copy_program (folder, 0600);
  g_autoptr (GmprocProcess) process = gmproc_process_new (return_9, NULL);
  g_autoptr (GError) error = NULL;

  /* Where every file may be run, this says nothing. */
  if (!g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    {
      gmproc_process_set_executable (process, path);
      assert_start_fails (process, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, path);
    }
  g_assert_true (g_file_set_contents_full (path, "text", 4, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  g_assert_cmpint (g_chmod (path, 0700), ==, 0);
  gmproc_process_set_executable (process, path);
  g_assert_false (gmproc_process_start (process, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
warm_up_with_news (void)
{
  warm_up ();
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* A main() that forgets gmproc_init(). */
static int
main_of_another (const char *what)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  if (g_str_equal (what, "hang"))
    g_main_loop_run (loop);
  return 5;
}

int
main (int argc, char **argv)
{
  if (g_getenv (FORGET) != NULL)
    return main_of_another (g_getenv (FORGET));

  own_path = argv[0];
  g_assert_true (g_setenv ("GMPROC_START_TIMEOUT", LONG_TIMEOUT, TRUE));
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_with_news);
  gmproc_test_add ("/process-setup/environment", test_environment);
  gmproc_test_add ("/process-setup/bad-environment", test_bad_environment);
  gmproc_test_add ("/process-setup/working-directory", test_working_directory);
  gmproc_test_add ("/process-setup/bad-working-directory", test_bad_working_directory);
  gmproc_test_add ("/process-setup/pipes", test_pipes);
  gmproc_test_add ("/process-setup/empty", test_empty);
  gmproc_test_add ("/process-setup/buffers", test_buffers);
  gmproc_test_add ("/process-setup/executable", test_executable);
  gmproc_test_add ("/process-setup/ends-without-init", test_ends_without_init);
  gmproc_test_add ("/process-setup/hangs-without-init", test_hangs_without_init);
  gmproc_test_add ("/process-setup/missing-program", test_missing_program);
  gmproc_test_add ("/process-setup/no-program", test_no_program);
  return g_test_run ();
}
