/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "leaks.h"
#include "peer.h"
#include "../support.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGE (64 * 1024 * 1024)
#define N_SIBLINGS 20
#define N_HANDLES 100

static char *program; /* this test program, for the starts that peer_start() does not do */

static GmprocPortChild *
start (const char *label, GBytes *bootstrap)
{
  g_autoptr (GError) error = NULL;
  GmprocPortChildOptions options = {
    .method = peer_get_method (), .executable = program, .label = label, .bootstrap = bootstrap
  };
  GmprocPortChild *child = gmproc_port_child_start (&options, &error);

  g_assert_no_error (error);
  g_assert_nonnull (child);
  return child;
}

static int
exit_0 (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  return 0;
}

static int
exit_8 (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  return 8;
}

static int
exit_255 (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  return 255;
}

/* PR-25 */
static void
test_exit_status (void)
{
  g_assert_cmpint (peer_join (peer_start ("exit 0", NULL, 0)), ==, 0);
  g_assert_cmpint (peer_join (peer_start ("exit 8", NULL, 0)), ==, 8);
  g_assert_cmpint (peer_join (peer_start ("exit 255", NULL, 0)), ==, 255);
}

/* handles: where to say that it is up; a pipe on which nothing comes */
static int
idle (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  peer_notify (handles[0]);
  peer_wait (handles[1]);
  return EXIT_SUCCESS;
}

typedef struct
{
  gintptr up_reader, up_writer, go_reader, go_writer;
} Pipes;

static GmprocPortChild *
start_idle (Pipes *pipes)
{
  gintptr given[2];
  GmprocPortChild *child;

  peer_new_pipe (&pipes->up_reader, &pipes->up_writer);
  peer_new_pipe (&pipes->go_reader, &pipes->go_writer);
  given[0] = pipes->up_writer;
  given[1] = pipes->go_reader;
  child = peer_start ("idle", given, 2);
  peer_wait (pipes->up_reader);
  return child;
}

static void
close_pipes (Pipes *pipes)
{
  gmproc_port_handle_close (&pipes->up_reader);
  gmproc_port_handle_close (&pipes->up_writer);
  gmproc_port_handle_close (&pipes->go_reader);
  gmproc_port_handle_close (&pipes->go_writer);
}

/* PR-09, PR-10, PR-12 */
static void
test_signals_show_in_the_status (void)
{
  static const GmprocPortSignal signals[] = { GMPROC_PORT_SIGNAL_INTERRUPT,
                                              GMPROC_PORT_SIGNAL_TERMINATE,
                                              GMPROC_PORT_SIGNAL_KILL };
  static const int statuses[] = { -2, -15, -9 };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      Pipes pipes;
      GmprocPortChild *child = start_idle (&pipes);

      gmproc_port_child_signal (child, signals[i]);
      g_assert_cmpint (peer_join (child), ==, statuses[i]);
      close_pipes (&pipes);
    }
}

/* PR-18: children that are killed at any point of their start. */
static void
test_killed_right_after_the_start (void)
{
  GmprocPortChild *children[N_SIBLINGS];

  for (int i = 0; i < N_SIBLINGS; i++)
    {
      children[i] = peer_start ("exit 8", NULL, 0);
      gmproc_port_child_signal (children[i], GMPROC_PORT_SIGNAL_KILL);
    }
  for (int i = 0; i < N_SIBLINGS; i++)
    {
      int exit_status = peer_join (children[i]);

      g_assert_true (exit_status == -9 || exit_status == 8);
    }
}

static void
on_exited_signal (GmprocPortChild *child, int exit_status, gpointer user_data)
{
  int *ret_status = user_data;

  gmproc_port_child_signal (child, GMPROC_PORT_SIGNAL_KILL);
  *ret_status = exit_status;
}

/* The child was reaped, so the id may be another process's by now. */
static void
test_signal_after_the_end_does_nothing (void)
{
  GmprocPortChild *child = peer_start ("exit 8", NULL, 0);
  int exit_status = -1;

  gmproc_port_child_watch (child, on_exited_signal, &exit_status);
  while (exit_status == -1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (exit_status, ==, 8);
  gmproc_port_child_signal (child, GMPROC_PORT_SIGNAL_TERMINATE);
  g_assert_cmpint (gmproc_port_child_get_pid (child), >, 0);
  gmproc_port_child_free (child);
}

/* The id is known however short the life of the child is. */
static void
test_pid_of_a_short_child (void)
{
  for (int i = 0; i < N_SIBLINGS; i++)
    {
      GmprocPortChild *child = peer_start ("exit 0", NULL, 0);

      g_assert_cmpint (gmproc_port_child_get_pid (child), >, 0);
      g_assert_cmpint (peer_join (child), ==, 0);
    }
}

/* handles: any number of write ends */
static int
tell_places (const gintptr *handles, guint n_handles)
{
  for (guint i = 0; i < n_handles; i++)
    peer_notify (handles[i]);
  return (int) n_handles;
}

static void
test_handles_arrive (void)
{
  gintptr readers[N_HANDLES], writers[N_HANDLES];
  GmprocPortChild *child;

  for (int i = 0; i < N_HANDLES; i++)
    peer_new_pipe (&readers[i], &writers[i]);
  child = peer_start ("tell", writers, N_HANDLES);
  for (int i = 0; i < N_HANDLES; i++)
    gmproc_port_handle_close (&writers[i]); /* PI-03: the child has copies */

  for (int i = 0; i < N_HANDLES; i++)
    {
      peer_wait (readers[i]);
      gmproc_port_handle_close (&readers[i]);
    }
  g_assert_cmpint (peer_join (child), ==, N_HANDLES);
}

/* handles: the first of them is a block for the answer; the others are only there. */
static int
count_handles (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocTestLeaks *leaks = gmproc_test_leaks_snapshot ();
  guint *n_open = peer_map (handles[0], sizeof *n_open);

  *n_open = gmproc_test_leaks_count_handles (leaks);
  gmproc_test_leaks_free (leaks);
  return EXIT_SUCCESS;
}

static guint
handles_in_child (const gintptr *given, guint n_given)
{
  guint *n_open = peer_map (given[0], sizeof *n_open);
  guint result;

  *n_open = 0;
  g_assert_cmpint (peer_join (peer_start ("count", given, n_given)), ==, EXIT_SUCCESS);
  result = *n_open;
  gmproc_port_memory_unmap ((gpointer *) &n_open, sizeof *n_open);
  return result;
}

/* PR-20, PR-30: neither what the parent opened in between, nor what it forgot to mark, nor what
 * belongs to a sibling gets into a child. */
static void
test_child_holds_what_it_was_given (void)
{
  gintptr given[3];
  int unrelated[N_SIBLINGS];
  GmprocPortChild *sibling;
  Pipes pipes;
  guint *mapping = peer_new_block (sizeof *mapping, &given[0]);
  guint n_first = handles_in_child (given, 1);
  guint n_of_end; /* a system may have more than one for it */

  gmproc_port_memory_unmap ((gpointer *) &mapping, sizeof *mapping);
  sibling = start_idle (&pipes);
  for (int i = 0; i < N_SIBLINGS; i++)
    {
      unrelated[i] = gmproc_test_leaks_open_inheritable ();
      g_assert_cmpuint (handles_in_child (given, 1), ==, n_first);
    }
  peer_new_pipe (&given[1], &given[2]);
  n_of_end = handles_in_child (given, 2) - n_first;
  g_assert_cmpuint (n_of_end, >=, 1);
  g_assert_cmpuint (n_of_end, <=, 2);
  g_assert_cmpuint (handles_in_child (given, 3), ==, n_first + 2 * n_of_end);

  peer_notify (pipes.go_writer);
  g_assert_cmpint (peer_join (sibling), ==, EXIT_SUCCESS);
  for (int i = 0; i < N_SIBLINGS; i++)
    gmproc_test_leaks_close_inheritable (unrelated[i]);
  for (int i = 0; i < 3; i++)
    gmproc_port_handle_close (&given[i]);
  close_pipes (&pipes);
}

/* handles: one that its own child must not get */
static int
start_grandchild (const gintptr *handles G_GNUC_UNUSED, guint n_handles)
{
  GmprocTestLeaks *leaks = gmproc_test_leaks_snapshot ();
  guint n_own = gmproc_test_leaks_count_handles (leaks);
  gintptr block;
  guint *n_open = peer_new_block (sizeof *n_open, &block);

  gmproc_test_leaks_free (leaks);
  g_assert_cmpint (peer_join (peer_start ("count", &block, 1)), ==, EXIT_SUCCESS);
  /* The grandchild has the block, which stands for none of what this process was given. */
  return *n_open + n_handles == n_own + 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
test_received_handles_go_no_further (void)
{
  gintptr given[2]; /* of blocks, which are one handle on every system */

  for (int i = 0; i < 2; i++)
    {
      gpointer block = peer_new_block (1, &given[i]);

      gmproc_port_memory_unmap (&block, 1);
    }
  g_assert_cmpint (peer_join (peer_start ("grandchild", given, 2)), ==, EXIT_SUCCESS);
  for (int i = 0; i < 2; i++)
    gmproc_port_handle_close (&given[i]);
}

static guint8
large_pattern (gsize at)
{
  return (guint8) (at * 31 + at / 65537);
}

static int
check_large_bootstrap (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (peer_get_start ()->bootstrap, &size);

  g_assert_cmpuint (size, ==, LARGE);
  for (gsize i = sizeof "large"; i < size; i++)
    if (bytes[i] != large_pattern (i))
      return EXIT_FAILURE;
  return EXIT_SUCCESS;
}

static void
test_large_bootstrap (void)
{
  guint8 *bytes = g_malloc (LARGE);
  g_autoptr (GBytes) bootstrap = g_bytes_new_take (bytes, LARGE);

  strcpy ((char *) bytes, "large");
  for (gsize i = sizeof "large"; i < LARGE; i++)
    bytes[i] = large_pattern (i);
  g_assert_cmpint (peer_join (start ("large", bootstrap)), ==, EXIT_SUCCESS);
}

static int
check_empty_bootstrap (const gintptr *handles G_GNUC_UNUSED, guint n_handles)
{
  return g_bytes_get_size (peer_get_start ()->bootstrap) == 0 && n_handles == 0 ? 42 : EXIT_FAILURE;
}

static void
test_empty_bootstrap (void)
{
  g_autoptr (GBytes) bootstrap = g_bytes_new (NULL, 0);

  g_assert_cmpint (peer_join (start ("empty", bootstrap)), ==, 42);
}

static int
check_arguments (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  const PeerStart *own = peer_get_start ();

  return own->argc == 1 && own->argv[0] != NULL && own->argv[1] == NULL ? EXIT_SUCCESS
                                                                        : EXIT_FAILURE;
}

/* PR-37, SH-17: nothing in a label confuses the child. */
static void
test_label_may_be_anything (void)
{
  g_autofree char *huge = g_strnfill (10000, 'x');
  const char *labels[] = { "",
                           " ",
                           "two\nlines",
                           "--gmproc-child=7",
                           "-",
                           "\xff\xfe\x01",
                           "\xf0\x9f\x98\x80 é",
                           "\"quoted\" \\ $HOME `ls`",
                           huge };
  g_autoptr (GBytes) bootstrap = g_bytes_new_static ("arguments", sizeof "arguments");

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    g_assert_cmpint (peer_join (start (labels[i], bootstrap)), ==, EXIT_SUCCESS);
}

/* The error of a start of "exit 0" with OPTIONS. */
static GError *
fail_to_start (GmprocPortChildOptions options)
{
  g_autoptr (GBytes) bootstrap = g_bytes_new_static ("exit 0", sizeof "exit 0");
  GError *error = NULL;

  if (options.executable == NULL)
    options.executable = program;
  options.method = peer_get_method ();
  options.label = "x";
  options.bootstrap = bootstrap;
  g_assert_null (gmproc_port_child_start (&options, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
  return error;
}

static void
test_no_such_program (void)
{
  gintptr given[N_HANDLES];

  for (int i = 0; i < N_HANDLES; i += 2)
    peer_new_pipe (&given[i], &given[i + 1]);
  for (guint n_given = 0; n_given <= N_HANDLES; n_given += N_HANDLES / 10)
    {
      g_autoptr (GError) error = fail_to_start ((GmprocPortChildOptions){
          .executable = "/no/such/program", .handles = given, .n_handles = n_given });

      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    }
  for (int i = 0; i < N_HANDLES; i++)
    gmproc_port_handle_close (&given[i]);
}

static void
test_closed_handle_is_refused (void)
{
  g_autoptr (GError) error = NULL;
  gintptr reader, writer, number;

  peer_new_pipe (&reader, &writer);
  number = reader;
  gmproc_port_handle_close (&reader);
  error = fail_to_start ((GmprocPortChildOptions){ .handles = &number, .n_handles = 1 });
  gmproc_port_handle_close (&writer);
}

static int
check_environment (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  return g_strcmp0 (g_getenv ("GMPROC_TEST_GIVEN"), "a=b c") == 0
                 && g_getenv ("GMPROC_TEST_FROM_PARENT") == NULL
             ? EXIT_SUCCESS
             : EXIT_FAILURE;
}

/* PR-31: the environment is the one that was given, and no part of the parent's. */
static void
test_environment_is_the_one_given (void)
{
  g_auto (GStrv) environment =
      g_environ_setenv (g_get_environ (), "GMPROC_TEST_GIVEN", "a=b c", TRUE);
  GmprocPortChildOptions options = { .environment = (const char *const *) environment };

  g_setenv ("GMPROC_TEST_FROM_PARENT", "1", TRUE);
  g_assert_cmpint (peer_join (peer_start_with ("environment", options)), ==, EXIT_SUCCESS);
  g_unsetenv ("GMPROC_TEST_FROM_PARENT");
}

static int
check_own_environment (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  return g_strcmp0 (g_getenv ("GMPROC_TEST_FROM_PARENT"), "of now") == 0 ? EXIT_SUCCESS
                                                                         : EXIT_FAILURE;
}

/* PR-31 */
static void
test_environment_is_the_parents_of_now (void)
{
  g_setenv ("GMPROC_TEST_FROM_PARENT", "of now", TRUE);
  g_assert_cmpint (peer_join (peer_start ("own-environment", NULL, 0)), ==, EXIT_SUCCESS);
  g_unsetenv ("GMPROC_TEST_FROM_PARENT");
}

/* The folder of the parent has this file, which its child is to find, or not. */
#define LANDMARK "landmark"

static int
find_landmark (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  return g_file_test (LANDMARK, G_FILE_TEST_EXISTS) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
test_working_directory (void)
{
  g_autofree char *folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  g_autofree char *landmark = g_build_filename (folder, LANDMARK, NULL);
  g_autofree char *before = g_get_current_dir ();
  GmprocPortChildOptions options = { .working_directory = folder };

  g_assert_true (g_file_set_contents (landmark, "", 0, NULL));
  g_assert_cmpint (peer_join (peer_start ("landmark", NULL, 0)), ==, EXIT_FAILURE);
  g_assert_cmpint (peer_join (peer_start_with ("landmark", options)), ==, EXIT_SUCCESS);
  g_assert_cmpint (g_chdir (folder), ==, 0);
  g_assert_cmpint (peer_join (peer_start ("landmark", NULL, 0)), ==, EXIT_SUCCESS);
  g_assert_cmpint (g_chdir (before), ==, 0);
  g_assert_cmpint (g_remove (landmark), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_no_such_directory (void)
{
  g_autoptr (GError) missing =
      fail_to_start ((GmprocPortChildOptions){ .working_directory = "/no/such/folder" });
  g_autoptr (GError) file =
      fail_to_start ((GmprocPortChildOptions){ .working_directory = program });

  g_assert_error (missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (missing->message, "/no/such/folder"));
  g_assert_error (file, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (file->message, program));
}

static void
check_receive (char **argv, gboolean is_error)
{
  g_autofree char **vector = g_memdup2 (argv, (g_strv_length (argv) + 1) * sizeof *argv);
  int argc = (int) g_strv_length (argv);
  char **arguments = vector;
  g_autoptr (GBytes) bootstrap = NULL;
  g_autofree gintptr *handles = NULL;
  g_autoptr (GError) error = NULL;
  guint n_handles;

  g_assert_false (
      gmproc_port_child_receive (&argc, &arguments, &bootstrap, &handles, &n_handles, &error));
  g_assert_cmpint (error != NULL, ==, is_error);
  g_assert_cmpint (argc, ==, g_strv_length (argv));
  for (int i = 0; i <= argc; i++)
    g_assert_true (arguments[i] == argv[i]);
}

/* What no start() made is an error, or an ordinary start; the arguments stay as they are. */
static void
test_receive_refuses_what_is_not_from_start (void)
{
  char *nothing[] = { NULL };
  char *ordinary[] = { (char *) "prog", (char *) "--help", NULL };
  char *later[] = { (char *) "prog", (char *) "x", (char *) "--gmproc-child=0", NULL };
  char *no_label[] = { (char *) "prog", (char *) "--gmproc-child=0", NULL };
  char *by_hand[] = { (char *) "prog", (char *) "--gmproc-child=0", (char *) "x", NULL };
  char *no_number[] = { (char *) "prog", (char *) "--gmproc-child=", (char *) "x", NULL };
  char *negative[] = { (char *) "prog", (char *) "--gmproc-child=-1", (char *) "x", NULL };
  char *letters[] = { (char *) "prog", (char *) "--gmproc-child=1z", (char *) "x", NULL };
  char *huge[] = { (char *) "prog", (char *) "--gmproc-child=99999999999", (char *) "x", NULL };

  check_receive (nothing, FALSE);
  check_receive (ordinary, FALSE);
  check_receive (later, FALSE);
  check_receive (no_label, TRUE);
  check_receive (by_hand, TRUE);
  check_receive (no_number, TRUE);
  check_receive (negative, TRUE);
  check_receive (letters, TRUE);
  check_receive (huge, TRUE);
}

static gpointer
start_in_thread (gpointer data)
{
  return start_idle (data);
}

/* GM-07: the child lives on when the thread that started it has ended. */
static void
test_started_from_a_short_lived_thread (void)
{
  Pipes pipes;
  GmprocPortChild *child = g_thread_join (g_thread_new ("starter", start_in_thread, &pipes));

  peer_notify (pipes.go_writer);
  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  close_pipes (&pipes);
}

static gpointer
start_and_join (gpointer data G_GNUC_UNUSED)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (int i = 0; i < N_SIBLINGS; i++)
    g_assert_cmpint (peer_join (peer_start ("exit 8", NULL, 0)), ==, 8);
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* Each thread hears of its own children, in its own context. */
static void
test_starts_from_many_threads (void)
{
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("starter", start_and_join, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "exit 0", exit_0 },
                                { "exit 8", exit_8 },
                                { "exit 255", exit_255 },
                                { "idle", idle },
                                { "tell", tell_places },
                                { "count", count_handles },
                                { "grandchild", start_grandchild },
                                { "large", check_large_bootstrap },
                                { "", check_empty_bootstrap },
                                { "arguments", check_arguments },
                                { "environment", check_environment },
                                { "own-environment", check_own_environment },
                                { "landmark", find_landmark },
                                { NULL, NULL } };
  int result;

  peer_main (&argc, &argv, peers);
  program = gmproc_port_self_get_path (NULL);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/child/status", test_exit_status);
  gmproc_test_add ("/port/child/signals", test_signals_show_in_the_status);
  gmproc_test_add ("/port/child/killed-early", test_killed_right_after_the_start);
  gmproc_test_add ("/port/child/signal-late", test_signal_after_the_end_does_nothing);
  gmproc_test_add ("/port/child/pid", test_pid_of_a_short_child);
  gmproc_test_add ("/port/child/handles", test_handles_arrive);
  gmproc_test_add ("/port/child/nothing-else", test_child_holds_what_it_was_given);
  gmproc_test_add ("/port/child/no-further", test_received_handles_go_no_further);
  gmproc_test_add ("/port/child/large", test_large_bootstrap);
  gmproc_test_add ("/port/child/empty", test_empty_bootstrap);
  gmproc_test_add ("/port/child/label", test_label_may_be_anything);
  gmproc_test_add ("/port/child/no-program", test_no_such_program);
  gmproc_test_add ("/port/child/closed-handle", test_closed_handle_is_refused);
  gmproc_test_add ("/port/child/environment", test_environment_is_the_one_given);
  gmproc_test_add ("/port/child/own-environment", test_environment_is_the_parents_of_now);
  gmproc_test_add ("/port/child/directory", test_working_directory);
  gmproc_test_add ("/port/child/no-directory", test_no_such_directory);
  gmproc_test_add ("/port/child/receive", test_receive_refuses_what_is_not_from_start);
  gmproc_test_add ("/port/child/thread", test_started_from_a_short_lived_thread);
  gmproc_test_add ("/port/child/threads", test_starts_from_many_threads);
  result = g_test_run ();
  g_free (program);
  return result;
}
