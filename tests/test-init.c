/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Start-up of a program, and what a child starts with. What a main program does is seen from
 * outside: this program is run again, as an ordinary program, with the name of a case.
 */
#include <gmproc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "port/leaks.h"
#include "support.h"

#define N_SIBLINGS 10
#define N_LONG 100000

static const char *own_path;

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

static void
run_target (GmprocTarget target, int exit_code)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (target, NULL);

  start (process);
  join (process, exit_code);
}

static GmprocConnection *
open_connection (gint32 handle)
{
  g_autoptr (GError) error = NULL;
  GmprocConnection *connection = gmproc_connection_from_handle (handle, &error);

  g_assert_no_error (error);
  return connection;
}

/* -- main programs ----------------------------------------------------------------------------- */

/* What is to be there only when the program's own exit handlers have run, and its children are
 * gone: this one is registered before gmproc_init(), so it runs last. */
static void
print_end (void)
{
  if (gmproc_process_get_parent () == NULL)
    {
      printf ("end of main\n");
      fflush (stdout);
    }
}

static int
forget_init (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_process_get_current ());
  g_assert_false (gmproc_process_start (process, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED);
  g_assert_nonnull (strstr (error->message, "gmproc_init"));
  g_assert_cmpint (gmproc_process_get_pid (process), ==, 0);
  g_assert_null (gmproc_list_children ());
  printf ("refused\n");
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (print_when_told)
{
  g_autoptr (GmprocConnection) in = open_connection (g_variant_get_handle (args));

  (void) gmproc_connection_poll (in, GMPROC_FOREVER, NULL, NULL);
  printf ("end of child\n");
  return EXIT_SUCCESS;
}

/* main() returns while a child runs; the child ends when main's end of the pipe is closed, which
 * the last thing that main does is to do. */
static int
leave_child (gboolean daemon)
{
  GmprocConnection *in, *out;
  g_autoptr (GmprocProcess) process = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process = gmproc_process_new (print_when_told,
                                g_variant_new_handle (gmproc_connection_get_handle (in)));
  gmproc_process_set_daemon (process, daemon);
  start (process);
  if (!daemon)
    g_object_unref (out);
  g_object_unref (in);
  return 4;
}

GMPROC_DEFINE_TARGET (return_9)
{
  return 9;
}

/* However the standard streams are, children start, and their end is told. */
static int
start_without_streams (void)
{
  fclose (stdin);
  fclose (stdout);
  fclose (stderr);
  for (int i = 0; i < 3; i++)
    run_target (return_9, 9);
  return 5;
}

static int
start_one (void)
{
  run_target (return_9, 9);
  return 6;
}

static int
init_again (int *argc, char ***argv)
{
  GmprocProcess *current = gmproc_process_get_current ();

  gmproc_init (argc, argv);
  g_assert_true (gmproc_process_get_current () == current);
  return start_one ();
}

/* The name of a case is the first argument. */
static int
run_case (const char *name, int *argc, char ***argv)
{
  if (g_str_equal (name, "forget"))
    return forget_init ();

  atexit (print_end);
  gmproc_init (argc, argv);
  if (g_str_equal (name, "arguments"))
    return *argc == 4 && g_str_equal ((*argv)[1], "arguments") && g_str_equal ((*argv)[3], "-x")
                   && (*argv)[4] == NULL
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
  if (g_str_equal (name, "leave-ordinary"))
    return leave_child (FALSE);
  if (g_str_equal (name, "leave-daemon"))
    return leave_child (TRUE);
  if (g_str_equal (name, "no-streams"))
    return start_without_streams ();
  if (g_str_equal (name, "again"))
    return init_again (argc, argv);
  if (g_str_equal (name, "one"))
    return start_one ();
  g_assert_not_reached ();
}

/* Runs a case, and gives its exit status. A stream that is not asked for is this program's. */
static int
run_program (const char *const *arguments, char **ret_output, char **ret_errors)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  int wait_status;

  g_strv_builder_add (builder, own_path);
  g_strv_builder_addv (builder, (const char **) arguments);
  argv = g_strv_builder_end (builder);
  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, ret_output, ret_errors, &wait_status,
                &error);
  g_assert_no_error (error);
  if (ret_output != NULL)
    gmproc_test_unify_lines (*ret_output);
  if (ret_errors != NULL)
    gmproc_test_unify_lines (*ret_errors);

  if (g_spawn_check_wait_status (wait_status, &error))
    return 0;
  g_assert_true (error->domain == G_SPAWN_EXIT_ERROR); /* and no signal */
  return error->code;
}

/* The same, for a case of which only the exit status counts. */
static int
run_quietly (const char *const *arguments)
{
  g_autofree char *output = NULL;

  return run_program (arguments, &output, NULL);
}

/* PR-29, GM-19: an error at once, and no second main(). */
static void
test_forgotten (void)
{
  const char *const arguments[] = { "forget", NULL };
  g_autofree char *output = NULL;

  g_assert_cmpint (run_program (arguments, &output, NULL), ==, 0);
  g_assert_cmpstr (output, ==, "refused\n");
}

static void
test_arguments_stay (void)
{
  const char *const arguments[] = { "arguments", "--gmproc-child=1", "-x", NULL };

  g_assert_cmpint (run_quietly (arguments), ==, 0);
}

static void
test_second_call (void)
{
  const char *const arguments[] = { "again", NULL };

  g_assert_cmpint (run_quietly (arguments), ==, 6);
}

/* The exit rule when main() returns: an ordinary child is waited for. */
static void
test_main_joins (void)
{
  const char *const arguments[] = { "leave-ordinary", NULL };
  g_autofree char *output = NULL;

  g_assert_cmpint (run_program (arguments, &output, NULL), ==, 4);
  g_assert_cmpstr (output, ==, "end of child\nend of main\n");
}

/* The exit rule when main() returns: a daemon is ended, at whatever it is. */
static void
test_main_terminates (void)
{
  const char *const arguments[] = { "leave-daemon", NULL };
  g_autofree char *output = NULL;

  g_assert_cmpint (run_program (arguments, &output, NULL), ==, 4);
  g_assert_cmpstr (output, ==, "end of main\n");
}

/* PR-22 */
static void
test_no_streams (void)
{
  const char *const arguments[] = { "no-streams", NULL };

  g_assert_cmpint (run_quietly (arguments), ==, 5);
}

/* PR-37: the parent's own command line is no part of the child's. */
static void
test_long_command_line (void)
{
  g_autofree char *argument = g_strnfill (N_LONG, 'x');
  const char *const arguments[] = { "one", argument, argument, argument, argument, NULL };

  g_assert_cmpint (run_quietly (arguments), ==, 6);
}

/* What looks like a child but was not started by us ends with a line, and does not run main(). */
static void
check_damaged (const char *mark, const char *label)
{
  const char *const arguments[] = { mark, label, NULL };
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;

  g_assert_cmpint (run_program (arguments, &output, &errors), ==, EXIT_FAILURE);
  g_assert_cmpstr (output, ==, "");
  g_assert_cmpuint (strlen (errors), >, 0);
}

static void
test_damaged (void)
{
  check_damaged ("--gmproc-child=0", "label");
  check_damaged ("--gmproc-child=5", "label");
  check_damaged ("--gmproc-child=-1", "label");
  check_damaged ("--gmproc-child=99999999999999999999", "label");
  check_damaged ("--gmproc-child=", NULL);
}

/* -- children ---------------------------------------------------------------------------------- */

/* Bindings know the domain by this name. */
static void
test_error_domain (void)
{
  g_assert_cmpstr (g_quark_to_string (GMPROC_ERROR), ==, "gmproc-error-quark");
}

/* PR-13 */
static void
test_processors (void)
{
  g_assert_cmpuint (gmproc_get_n_processors (), >=, 1);
}

static GmprocConnection *exit_report;

static void
report_exit (void)
{
  (void) gmproc_connection_send (exit_report, g_variant_new_string ("handler ran"), NULL, NULL);
}

GMPROC_DEFINE_TARGET (register_handler)
{
  exit_report = open_connection (g_variant_get_handle (args));
  return atexit (report_exit) == 0 ? 3 : 1;
}

/* PR-32: exit handlers that were registered in the child run there. */
static void
test_exit_handlers (void)
{
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GVariant) word = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process = gmproc_process_new (register_handler,
                                g_variant_new_handle (gmproc_connection_get_handle (out)));
  start (process);
  word = gmproc_connection_receive (in, BOUND, NULL, NULL);
  g_assert_nonnull (word);
  g_assert_cmpstr (g_variant_get_string (word, NULL), ==, "handler ran");
  join (process, 3);
}

GMPROC_DEFINE_TARGET (count_handles)
{
  GmprocTestLeaks *now = gmproc_test_leaks_snapshot ();
  int n_handles = (int) gmproc_test_leaks_count_handles (now);

  gmproc_test_leaks_free (now);
  return n_handles;
}

static int
get_handle_count (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (count_handles, NULL);

  start (process);
  g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
  return gmproc_process_get_exit_code (process);
}

/* PR-20, PR-30: the n-th child holds no more than the first, whatever this process has open. */
static void
test_nothing_inherited (void)
{
  FILE *files[N_SIBLINGS]; /* a C library's files are inherited, if nobody sees to it */
  int n_handles = get_handle_count ();

  /* The standard streams, the lifeline, the pipe for reports, and the notes of the family. */
  g_assert_cmpint (n_handles, >=, 1);
  g_assert_cmpint (n_handles, <=, 6);
  for (int i = 0; i < N_SIBLINGS; i++)
    {
      files[i] = tmpfile ();
      g_assert_nonnull (files[i]);
      g_assert_cmpint (get_handle_count (), ==, n_handles);
    }
  for (int i = 0; i < N_SIBLINGS; i++)
    fclose (files[i]);
}

/* What a child has of this program: the environment and the folder. */
GMPROC_DEFINE_TARGET (look_around)
{
  g_autofree char *folder = g_get_current_dir ();
  const char *expected;

  g_variant_get (args, "&s", &expected);
  g_assert_cmpstr (folder, ==, expected);
  g_assert_cmpstr (g_getenv ("GMPROC_TEST_INIT"), ==, "set by the parent");
  return EXIT_SUCCESS;
}

/* PR-31, PR-38 */
static void
test_surroundings (void)
{
  g_autofree char *folder = g_get_current_dir ();
  g_autoptr (GmprocProcess) process =
      gmproc_process_new (look_around, g_variant_new_string (folder));

  start (process);
  join (process, EXIT_SUCCESS);
}

static gboolean
is_case (int argc, char **argv)
{
  return argc > 1 && *argv[1] != '-' && *argv[1] != '/';
}

int
main (int argc, char **argv)
{
  own_path = argv[0];
  if (is_case (argc, argv))
    return run_case (argv[1], &argc, &argv);

  gmproc_init (&argc, &argv);
  g_setenv ("GMPROC_TEST_INIT", "set by the parent", TRUE); /* while there is one thread */
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/init/forgotten", test_forgotten);
  gmproc_test_add ("/init/arguments", test_arguments_stay);
  gmproc_test_add ("/init/second-call", test_second_call);
  gmproc_test_add ("/init/main-joins", test_main_joins);
  gmproc_test_add ("/init/main-terminates", test_main_terminates);
  gmproc_test_add ("/init/no-streams", test_no_streams);
  gmproc_test_add ("/init/long-command-line", test_long_command_line);
  gmproc_test_add ("/init/damaged", test_damaged);
  gmproc_test_add ("/init/error-domain", test_error_domain);
  gmproc_test_add ("/init/processors", test_processors);
  gmproc_test_add ("/init/exit-handlers", test_exit_handlers);
  gmproc_test_add ("/init/nothing-inherited", test_nothing_inherited);
  gmproc_test_add ("/init/surroundings", test_surroundings);
  return g_test_run ();
}
