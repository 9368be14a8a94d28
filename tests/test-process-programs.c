/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Main programs that do to themselves what a POSIX system lets them do. Each is seen from outside:
 * this program is run again, as an ordinary program, with the name of a case.
 */
#define G_LOG_USE_STRUCTURED
#define G_LOG_DOMAIN "test-programs"
#include <gmproc.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kin.h"
#include "port/death.h"
#include "support.h"

#define N_LARGE (300 * 1024) /* more than a pipe holds */
#define N_RECORDS 10
#define N_LOW 32
#define NOT_PERMITTED 77 /* exit status of a case that the user may not do */

static const char *own_path;

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

/* Gives the exit status, or minus the signal; and what the program, and all that it leaves behind,
 * wrote to standard error. */
static int
run_program (const char *name, const char *argument, char **ret_errors)
{
  const char *const argv[] = { own_path, name, argument, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  int wait_status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, ret_errors,
                &wait_status, &error);
  g_assert_no_error (error);
  return WIFEXITED (wait_status) ? WEXITSTATUS (wait_status) : -WTERMSIG (wait_status);
}

/* -- a program that cannot find itself --------------------------------------------------------- */

/* In an empty folder as its root, where no kernel shows a process its own path, and where no path
 * leads to a program. */
static int
hide_path (const char *empty_folder, int *argc, char ***argv)
{
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GmprocQueue) queue = NULL;
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GError) error = NULL;

  if (chroot (empty_folder) == -1)
    return errno == EPERM ? NOT_PERMITTED : EXIT_FAILURE;
  g_assert_cmpint (chdir ("/"), ==, 0);
  gmproc_init (argc, argv);

  queue = gmproc_queue_new (0, &error);
  g_assert_no_error (error);
  g_assert_true (gmproc_queue_put (queue, g_variant_new_int32 (42), BOUND, NULL, NULL));
  item = gmproc_queue_get (queue, BOUND, NULL, NULL);
  g_assert_cmpint (g_variant_get_int32 (item), ==, 42);

  process = gmproc_process_new (do_nothing, NULL);
  for (int i = 0; i < 2; i++)
    {
      g_assert_false (gmproc_process_start (process, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_clear_error (&error);
      g_assert_cmpint (gmproc_process_get_pid (process), ==, 0);
      g_assert_null (gmproc_list_children ());
    }
  return EXIT_SUCCESS;
}

/* SP-08: everything else works. */
static void
test_path_hidden (void)
{
  g_autofree char *folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  g_autofree char *errors = NULL;
  int status = run_program ("hide-path", folder, &errors);

  g_assert_cmpint (rmdir (folder), ==, 0);
  if (status == NOT_PERMITTED)
    {
      g_test_skip ("only the superuser may change a program's root");
      return;
    }
  g_assert_cmpstr (errors, ==, "");
  g_assert_cmpint (status, ==, EXIT_SUCCESS);
}

/* -- a program that is gone but for a copy ----------------------------------------------------- */

/* (out): when the parent is gone, logs more than the pipe holds, which nobody empties. The end of
 * OUT is the end of this process. */
GMPROC_DEFINE_TARGET (log_to_nobody)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  GmprocProcess *parent = gmproc_process_get_parent ();
  g_autofree char *text = g_strnfill (N_LARGE, 'm');

  say (out, "here");
  while (gmproc_process_is_alive (parent))
    g_thread_yield ();
  for (int i = 0; i < N_RECORDS; i++)
    g_message ("%s", text);
  g_warning ("the last one");
  return EXIT_SUCCESS;
}

/* Leaves a copy of itself, made by fork(), with all that it has open: also the end of the pipe that
 * the records of its child go into. The copy stays as long as the child. */
static int
leave_copy (int *argc, char ***argv)
{
  g_autoptr (GmprocConnection) in = NULL, out = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  pid_t pid;

  gmproc_init (argc, argv);
  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process =
      gmproc_process_new (log_to_nobody, g_variant_new ("(h)", gmproc_connection_get_handle (out)));
  gmproc_process_set_log_level (process, G_LOG_LEVEL_MESSAGE);
  start (process);
  gmproc_connection_close (out);
  hear (in, "here");

  pid = fork ();
  g_assert_cmpint (pid, !=, -1);
  if (pid == 0)
    {
      hear_end (in, BOUND);
      _exit (EXIT_SUCCESS);
    }
  gmproc_test_kill_self ();
}

/* GM-20: the child neither waits for ever nor dies of a SIGPIPE: its records go where they would
 * have gone. */
static void
test_copy_left (void)
{
  g_autofree char *errors = NULL;

  if (!g_file_test ("/proc/sys/kernel/ostype", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("a copy of a process keeps its lifeline whole on this system");
      return;
    }
  g_assert_cmpint (run_program ("leave-copy", NULL, &errors), ==, GMPROC_TEST_KILLED);
  g_assert_nonnull (strstr (errors, "mmm"));
  g_assert_nonnull (strstr (errors, "the last one"));
}

/* -- a program with few numbers left -------------------------------------------------------------
 */

/* The library's descriptors are all above the limit that the program sets to itself then. There is
 * room for what a start opens here, but not for what the child is to have. */
static int
lower_limit (int *argc, char ***argv)
{
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit limit;
  int low[N_LOW];

  for (int i = 0; i < N_LOW; i++)
    low[i] = dup (STDERR_FILENO);
  gmproc_init (argc, argv);
  warm_up ();
  for (int i = 0; i < N_LOW; i++)
    g_assert_cmpint (close (low[i]), ==, 0);

  process = gmproc_process_new (do_nothing, NULL);
  gmproc_process_set_start_method (process, GMPROC_START_METHOD_SPAWN);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = (rlim_t) low[0] + 2;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_false (gmproc_process_start (process, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_null (gmproc_list_children ());

  /* Nothing was left open, and it can be tried again. */
  limit.rlim_cur = limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_cmpint (dup (STDERR_FILENO), ==, low[0]);
  start (process);
  join (process, EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

static void
test_limit_lowered (void)
{
  g_autofree char *errors = NULL;
  int status = run_program ("lower-limit", NULL, &errors);

  g_assert_cmpstr (errors, ==, "");
  g_assert_cmpint (status, ==, EXIT_SUCCESS);
}

int
main (int argc, char **argv)
{
  own_path = argv[0];
  if (argc == 3 && g_str_equal (argv[1], "hide-path"))
    return hide_path (argv[2], &argc, &argv);
  if (argc == 2 && g_str_equal (argv[1], "leave-copy"))
    return leave_copy (&argc, &argv);
  if (argc == 2 && g_str_equal (argv[1], "lower-limit"))
    return lower_limit (&argc, &argv);

  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/process-programs/path-hidden", test_path_hidden);
  gmproc_test_add ("/process-programs/copy-left", test_copy_left);
  gmproc_test_add ("/process-programs/limit-lowered", test_limit_lowered);
  return g_test_run ();
}
