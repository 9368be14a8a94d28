/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Families, and what only a POSIX system does to them: stopped processes, other children of the
 * program, few descriptors, dispositions of signals.
 */
#include <gmproc.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kin.h"
#include "port/death.h"
#include "support.h"

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

/* -- stopped daemons --------------------------------------------------------------------------- */

/* Whether a process that is stopped is ended with its parent here. */
static gboolean
has_leash (void)
{
  return g_file_test ("/proc/sys/kernel/ostype", G_FILE_TEST_EXISTS); /* Linux */
}

static char
get_state (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", pid);
  g_autofree char *text = NULL;
  const char *end;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 'X';
  end = strrchr (text, ')');
  return end != NULL && end[1] == ' ' ? end[2] : 'X';
}

static volatile sig_atomic_t is_terminated;

static void
on_terminate (int number G_GNUC_UNUSED)
{
  is_terminated = TRUE;
}

/* (out, depth): says its id, starts a daemon of its own as often as depth says, and stops. When it
 * is let go on it obeys. */
GMPROC_DEFINE_TARGET (stop_self)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());
  gint32 depth;

  g_variant_get_child (args, 1, "i", &depth);
  if (depth > 0)
    {
      g_autoptr (GmprocProcess) process = gmproc_process_new (
          stop_self, g_variant_new ("(hi)", gmproc_connection_get_handle (out), depth - 1));

      start (process);
    }
  signal (SIGTERM, on_terminate);
  say (out, pid);
  while (!is_terminated)
    raise (SIGSTOP);
  say (out, "obeys");
  return EXIT_SUCCESS;
}

/* (out): lives on, until nobody listens. */
GMPROC_DEFINE_TARGET (stay)
{
  g_autoptr (GmprocConnection) in = open_handle (args, 0);
  g_autoptr (GmprocConnection) out = open_handle (args, 1);

  say (out, "here");
  (void) gmproc_connection_poll (in, GMPROC_FOREVER, NULL, NULL);
  say (out, "still here");
  return EXIT_SUCCESS;
}

typedef enum
{
  END_RETURN,
  END_EXIT_AT_ONCE,
  END_KILLED,
  END_FAULT
} End;

static void
end (int how)
{
  if (how == END_EXIT_AT_ONCE)
    _exit (7);
  if (how == END_KILLED)
    gmproc_test_kill_self ();
  if (how == END_FAULT)
    {
      gmproc_test_prepare_for_fault ();
      gmproc_test_fault ();
    }
}

/* (in, out of the daemons, in, out of the ordinary child, how): starts a daemon from a thread that
 * is gone soon, and an ordinary child, and ends when it is told. */
static gpointer
start_stopped (gpointer out)
{
  g_autoptr (GmprocProcess) process =
      gmproc_process_new (stop_self, g_variant_new ("(hi)", gmproc_connection_get_handle (out), 1));

  gmproc_process_set_daemon (process, TRUE);
  start (process);
  return NULL;
}

GMPROC_DEFINE_TARGET (have_children)
{
  g_autoptr (GmprocConnection) orders = open_handle (args, 0);
  g_autoptr (GmprocConnection) daemon_out = open_handle (args, 1);
  g_autoptr (GmprocConnection) in = open_handle (args, 2);
  g_autoptr (GmprocConnection) out = open_handle (args, 3);
  g_autoptr (GmprocProcess) ordinary =
      gmproc_process_new (stay, g_variant_new ("(hh)", gmproc_connection_get_handle (in),
                                               gmproc_connection_get_handle (out)));
  gint32 how;

  g_variant_get_child (args, 4, "i", &how);
  g_thread_join (g_thread_new ("starter", start_stopped, daemon_out));
  start (ordinary);
  hear (orders, "end");
  end (how);
  return 7;
}

/* Takes the id of a daemon and waits until it is stopped. */
static void
hear_stopped (GmprocConnection *in)
{
  gint64 deadline = g_get_monotonic_time () + BOUND;
  g_autoptr (GVariant) heard = gmproc_connection_receive (in, BOUND, NULL, NULL);
  gint64 pid;

  g_assert_nonnull (heard);
  pid = g_ascii_strtoll (g_variant_get_string (heard, NULL), NULL, 10);
  while (get_state (pid) != 'T' && g_get_monotonic_time () < deadline)
    g_thread_yield ();
  g_assert_cmpint (get_state (pid), ==, 'T');
}

static void
check_stopped (End how, int exit_code)
{
  g_autoptr (GmprocConnection) orders_in = NULL, orders = NULL, from_daemons = NULL,
                               daemon_out = NULL, child_in = NULL, to_child = NULL,
                               from_child = NULL, child_out = NULL;
  g_autoptr (GmprocProcess) middle = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &orders_in, &orders, NULL));
  g_assert_true (gmproc_pipe_new (FALSE, &from_daemons, &daemon_out, NULL));
  g_assert_true (gmproc_pipe_new (FALSE, &child_in, &to_child, NULL));
  g_assert_true (gmproc_pipe_new (FALSE, &from_child, &child_out, NULL));
  middle = gmproc_process_new (
      have_children, g_variant_new ("(hhhhi)", gmproc_connection_get_handle (orders_in),
                                    gmproc_connection_get_handle (daemon_out),
                                    gmproc_connection_get_handle (child_in),
                                    gmproc_connection_get_handle (child_out), (gint32) how));
  start (middle);
  gmproc_connection_close (daemon_out);
  gmproc_connection_close (child_out);

  hear (from_child, "here");
  hear_stopped (from_daemons);
  hear_stopped (from_daemons);
  say (orders, "end");

  /* Both daemons are gone when nobody holds the pipe any more. */
  if (how == END_RETURN)
    {
      hear (from_daemons, "obeys");
      hear (from_daemons, "obeys");
    }
  hear_end (from_daemons, BOUND);
  say (to_child, "go");
  hear (from_child, "still here");
  join (middle, exit_code);
}

/* GM-06: the parent dies in each way, with a daemon that is stopped, which has one that is stopped.
 */
static void
test_stopped_daemons (void)
{
  if (!has_leash ())
    {
      g_test_skip ("this system does not end a process that is stopped");
      return;
    }
  check_stopped (END_EXIT_AT_ONCE, 7);
  check_stopped (END_KILLED, GMPROC_TEST_KILLED);
  check_stopped (END_FAULT, GMPROC_TEST_FAULTED);
}

/* The rule at exit: a daemon that is stopped is let go on, so that it can obey. */
static void
test_stopped_daemon_obeys (void)
{
  if (!g_file_test ("/proc/self/stat", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("this system does not tell that a process is stopped");
      return;
    }
  check_stopped (END_RETURN, 7);
}

/* -- interrupts ---------------------------------------------------------------------------------
 */

static volatile sig_atomic_t is_interrupted;

static void
on_interrupt (int number G_GNUC_UNUSED)
{
  is_interrupted = TRUE;
}

/* (out): ends in its own way when it is interrupted. */
GMPROC_DEFINE_TARGET (catch_interrupt)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  sigset_t blocked, before;

  /* Between the look and the sleep no signal may come. */
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGINT);
  g_assert_cmpint (pthread_sigmask (SIG_BLOCK, &blocked, &before), ==, 0);
  signal (SIGINT, on_interrupt);
  say (out, "ready");
  while (!is_interrupted)
    (void) sigsuspend (&before);
  return 4;
}

/* PR-11: an interrupt is a SIGINT, and what comes of it is the matter of the process. */
static void
test_interrupt (void)
{
  g_autoptr (GmprocConnection) in = NULL, out = NULL;
  g_autoptr (GmprocProcess) process = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process = gmproc_process_new (catch_interrupt,
                                g_variant_new ("(h)", gmproc_connection_get_handle (out)));
  start (process);
  hear (in, "ready");
  g_assert_true (gmproc_process_interrupt (process, NULL));
  join (process, 4);
}

/* -- beside the program's own -------------------------------------------------------------------
 */

/* Of a real-time signal nobody asks; the last one that has a name is enough. */
#define N_SIGNALS 32

typedef struct
{
  struct sigaction actions[N_SIGNALS];
  sigset_t mask;
} Dispositions;

static void
get_dispositions (Dispositions *self)
{
  memset (self, 0, sizeof *self);
  for (int i = 1; i < N_SIGNALS; i++)
    if (sigaction (i, NULL, &self->actions[i]) == -1)
      g_assert_cmpint (errno, ==, EINVAL);
  g_assert_cmpint (pthread_sigmask (SIG_SETMASK, NULL, &self->mask), ==, 0);
}

static void
assert_dispositions (const Dispositions *before)
{
  Dispositions now;

  get_dispositions (&now);
  for (int i = 1; i < N_SIGNALS; i++)
    {
      g_assert_true (now.actions[i].sa_handler == before->actions[i].sa_handler);
      g_assert_cmpint (now.actions[i].sa_flags, ==, before->actions[i].sa_flags);
      g_assert_cmpint (sigismember (&now.mask, i), ==, sigismember (&before->mask, i));
    }
}

/* In a process of its own, which has not used the library before. */
GMPROC_DEFINE_TARGET (use_library)
{
  g_autoptr (GmprocProcess) killed = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GmprocProcess) daemon = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GmprocConnection) in = NULL, out = NULL;
  Dispositions before;

  get_dispositions (&before);
  gmproc_process_set_daemon (daemon, TRUE);
  gmproc_process_set_log_level (daemon, G_LOG_LEVEL_DEBUG);
  start (daemon);
  start (killed);
  g_assert_true (gmproc_process_kill (killed, NULL));
  join (daemon, EXIT_SUCCESS);
  g_assert_true (gmproc_process_join (killed, BOUND, NULL, NULL));

  /* A write that nobody can read, which would raise SIGPIPE. */
  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  gmproc_connection_close (in);
  g_assert_false (gmproc_connection_send (out, g_variant_new_string ("lost"), NULL, NULL));
  assert_dispositions (&before);
  return EXIT_SUCCESS;
}

/* Nothing that a program could have an opinion on is changed. */
static void
test_dispositions (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (use_library, NULL);

  start (process);
  join (process, EXIT_SUCCESS);
}

static void
on_own_child (GPid pid G_GNUC_UNUSED, int wait_status, gpointer data)
{
  g_assert_true (WIFEXITED (wait_status));
  *(int *) data = WEXITSTATUS (wait_status);
}

static pid_t
fork_child (int status)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (status);
  g_assert_cmpint (pid, >, 0);
  return pid;
}

/* A program that watches a child of its own with GLib, and waits for another one by hand, gets the
 * status of each; and so does the library. */
static void
test_own_children (void)
{
  g_autoptr (GmprocProcess) ours = gmproc_process_new (do_nothing, NULL);
  int watched = -1, wait_status;
  pid_t pid;

  (void) g_child_watch_add (fork_child (3), on_own_child, &watched);
  pid = fork_child (4);
  start (ours);
  g_assert_cmpint (waitpid (pid, &wait_status, 0), ==, pid);
  g_assert_cmpint (WEXITSTATUS (wait_status), ==, 4);
  join (ours, EXIT_SUCCESS);
  while (watched == -1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (watched, ==, 3);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* -- who is who -------------------------------------------------------------------------------- */

static char *
read_of_process (gint64 pid, const char *file)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/%s", pid, file);
  char *text = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  /* Arguments end with a nul byte each. */
  for (gsize i = 0; i + 1 < size; i++)
    if (text[i] == '\0')
      text[i] = ' ';
  return text;
}

/* What top and a debugger show, NULL for what the program is called; and what ps shows. */
static void
check_name (const char *name, const char *thread_name, const char *in_arguments)
{
  g_autoptr (GmprocConnection) in = NULL, out = NULL, orders = NULL, answers = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  g_autofree char *own = read_of_process (getpid (), "comm");
  g_autofree char *shown = NULL;
  g_autofree char *arguments = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &orders, NULL));
  g_assert_true (gmproc_pipe_new (FALSE, &answers, &out, NULL));
  process = gmproc_process_new (stay, g_variant_new ("(hh)", gmproc_connection_get_handle (in),
                                                     gmproc_connection_get_handle (out)));
  gmproc_process_set_name (process, name);
  start (process);
  hear (answers, "here");
  shown = read_of_process (gmproc_process_get_pid (process), "comm");
  arguments = read_of_process (gmproc_process_get_pid (process), "cmdline");

  g_assert_true (g_str_has_suffix (shown, "\n"));
  shown[strlen (shown) - 1] = '\0';
  if (thread_name != NULL)
    g_assert_cmpstr (shown, ==, thread_name);
  else
    g_assert_true (g_str_has_prefix (own, shown));
  g_assert_nonnull (strstr (arguments, in_arguments));
  say (orders, "go");
  join (process, EXIT_SUCCESS);
}

/* The name of a process in ps, top and gdb, whatever it is. */
static void
test_names (void)
{
  g_autofree char *long_name = g_strnfill (10000, 'n');

  if (!g_file_test ("/proc/self/comm", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("this system does not show names in files");
      return;
    }
  check_name ("Process-x", "Process-x", "Process-x");
  check_name ("two\nlines\t", "two?lines?", "two?lines?");
  check_name ("eleven byte Ωmega", "eleven byte Ωm", "eleven byte Ωmega");
  check_name ("fourteen bytesΩ", "fourteen bytes", "fourteen bytesΩ");
  check_name ("", NULL, "");
  check_name (long_name, "nnnnnnnnnnnnnnn", "nnnnnnnnnnnnnnnnnnnn");
}

/* -- few descriptors --------------------------------------------------------------------------- */

#define MOST_DESCRIPTORS (64) /* that a start may need; also those that are sure to be enough */
#define SKIPPED (77)

/* Starts a process that can be joined, or fails and leaves nothing. */
static gboolean
try_to_start (GmprocStartMethod method)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GError) error = NULL;

  gmproc_process_set_start_method (process, method);
  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_OUTPUT, GMPROC_STREAM_MODE_PIPE);
  if (gmproc_process_start (process, &error))
    {
      g_assert_no_error (error);
      g_assert_true (gmproc_process_join (process, BOUND, NULL, &error));
      g_assert_no_error (error);
      return TRUE;
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_cmpint (gmproc_process_get_pid (process), ==, 0);
  g_assert_null (gmproc_list_children ());
  return FALSE;
}

/* What is made once is made; returns the lowest descriptor that is free afterwards. */
static int
make_what_is_made_once (GmprocStartMethod method)
{
  int lowest;

  g_assert_true (try_to_start (method));
  lowest = dup (STDERR_FILENO);
  g_assert_cmpint (close (lowest), ==, 0);
  return lowest;
}

static void
assert_lowest_is (int lowest)
{
  int now = dup (STDERR_FILENO);

  g_assert_cmpint (now, ==, lowest);
  g_assert_cmpint (close (now), ==, 0);
}

/* Each number of free descriptors, from none to more than enough. */
GMPROC_DEFINE_TARGET (start_with_few)
{
  GmprocStartMethod method = (GmprocStartMethod) g_variant_get_int32 (args);
  int lowest = make_what_is_made_once (method);
  struct rlimit limit, low;
  int n_started = 0, n_failed = 0;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  low = limit;
  for (int n = lowest; n < lowest + MOST_DESCRIPTORS; n++)
    {
      low.rlim_cur = (rlim_t) n;
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
      if (try_to_start (method))
        n_started++;
      else
        n_failed++;
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      assert_lowest_is (lowest);
    }
  g_assert_cmpint (n_started, >, 0);
  g_assert_cmpint (n_failed, >, 0);
  return EXIT_SUCCESS;
}

static void
try_with_few (GmprocStartMethod method)
{
  g_autoptr (GmprocProcess) process =
      gmproc_process_new (start_with_few, g_variant_new_int32 ((gint32) method));

  start (process);
  join (process, EXIT_SUCCESS);
}

static void
test_few_descriptors (void)
{
  gsize n_methods;
  const GmprocStartMethod *methods = gmproc_get_start_methods (&n_methods);

  for (gsize i = 0; i < n_methods; i++)
    try_with_few (methods[i]);
}

GMPROC_DEFINE_TARGET (start_without_pidfd)
{
  int lowest = make_what_is_made_once (GMPROC_START_METHOD_SPAWN);

  if (!gmproc_test_forbid_pidfds ())
    return SKIPPED;
  for (int i = 0; i < 3; i++)
    {
      g_assert_false (try_to_start (GMPROC_START_METHOD_SPAWN));
      g_assert_cmpint (waitpid (-1, NULL, 0), ==, -1);
      g_assert_cmpint (errno, ==, ECHILD);
      assert_lowest_is (lowest);
    }
  return EXIT_SUCCESS;
}

/* The child exists when it turns out that its end could not be seen, and is taken back. */
static void
test_no_pidfd (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (start_without_pidfd, NULL);

  start (process);
  g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
  if (gmproc_process_get_exit_code (process) == SKIPPED)
    g_test_skip ("this system has no pidfds, or cannot forbid them");
  else
    g_assert_cmpint (gmproc_process_get_exit_code (process), ==, EXIT_SUCCESS);
}

static void
warm_up_with_watch (void)
{
  int watched = -1;

  warm_up ();
  (void) g_child_watch_add (fork_child (0), on_own_child, &watched);
  while (watched == -1)
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_with_watch);
  gmproc_test_add ("/process-posix/stopped", test_stopped_daemons);
  gmproc_test_add ("/process-posix/stopped-obeys", test_stopped_daemon_obeys);
  gmproc_test_add ("/process-posix/interrupt", test_interrupt);
  gmproc_test_add ("/process-posix/dispositions", test_dispositions);
  gmproc_test_add ("/process-posix/own-children", test_own_children);
  gmproc_test_add ("/process-posix/names", test_names);
  gmproc_test_add ("/process-posix/few-descriptors", test_few_descriptors);
  gmproc_test_add ("/process-posix/no-pidfd", test_no_pidfd);
  return g_test_run ();
}
