/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The life of a process as the one who started it sees it.
 */
#include <gmproc.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "support.h"

#define SHORT (50 * G_TIME_SPAN_MILLISECOND)
#define N_MANY 24

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

/* Says that it runs, and goes on until the other end says something or is gone. */
GMPROC_DEFINE_TARGET (run_until_told)
{
  g_autoptr (GmprocConnection) up = open_handle (args, 0);
  g_autoptr (GmprocConnection) down = open_handle (args, 1);

  g_assert_true (gmproc_connection_send (up, g_variant_new_string ("up"), NULL, NULL));
  (void) gmproc_connection_poll (down, GMPROC_FOREVER, NULL, NULL);
  return EXIT_SUCCESS;
}

typedef struct
{
  GmprocProcess *process;
  GmprocConnection *up;
  GmprocConnection *down;
} Runner;

/* A process of which the other fields are the ends. It is not started. */
static void
runner_init (Runner *self)
{
  g_autoptr (GmprocConnection) up_writer = NULL;
  g_autoptr (GmprocConnection) down_reader = NULL;
  g_autoptr (GError) error = NULL;

  gmproc_pipe_new (FALSE, &self->up, &up_writer, &error);
  g_assert_no_error (error);
  gmproc_pipe_new (FALSE, &down_reader, &self->down, &error);
  g_assert_no_error (error);
  self->process = gmproc_process_new (
      run_until_told, g_variant_new ("(hh)", gmproc_connection_get_handle (up_writer),
                                     gmproc_connection_get_handle (down_reader)));
}

static void
runner_start (Runner *self)
{
  g_autoptr (GVariant) word = NULL;
  g_autoptr (GError) error = NULL;

  start (self->process);
  word = gmproc_connection_receive (self->up, BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (word, NULL), ==, "up");
}

static void
runner_clear (Runner *self)
{
  g_clear_object (&self->process);
  g_clear_object (&self->up);
  g_clear_object (&self->down);
}

static void
warm_up_with_news (void)
{
  warm_up ();
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
assert_string (GmprocProcess *process, const char *end)
{
  g_autofree char *string = gmproc_process_to_string (process);
  g_autofree char *expected = g_strdup_printf ("<%s %s>", gmproc_process_get_name (process), end);

  g_assert_cmpstr (string, ==, expected);
}

static gboolean
is_listed (GmprocProcess *process)
{
  g_autolist (GmprocProcess) children = gmproc_list_children ();

  return g_list_find (children, process) != NULL;
}

/* PR-02, PR-14: what can be told before the start, while it runs, and after its end. */
static void
test_states (void)
{
  Runner runner;

  runner_init (&runner);
  g_assert_false (gmproc_process_is_alive (runner.process));
  g_assert_cmpint (gmproc_process_get_exit_code (runner.process), ==, G_MININT);
  g_assert_cmpint (gmproc_process_get_pid (runner.process), ==, 0);
  g_assert_false (is_listed (runner.process));
  assert_string (runner.process, "initial");

  runner_start (&runner);
  g_assert_true (gmproc_process_is_alive (runner.process));
  g_assert_cmpint (gmproc_process_get_exit_code (runner.process), ==, G_MININT);
  g_assert_cmpint (gmproc_process_get_pid (runner.process), >, 0);
  g_assert_true (is_listed (runner.process));
  assert_string (runner.process, "started");

  gmproc_connection_close (runner.down);
  join (runner.process, 0);
  g_assert_false (gmproc_process_is_alive (runner.process));
  g_assert_false (is_listed (runner.process));
  assert_string (runner.process, "stopped exit code 0");
  runner_clear (&runner);
}

/* PR-02: the same, told by the properties. */
static void
test_properties (void)
{
  g_autoptr (GVariant) args = NULL;
  g_autofree char *name = NULL;
  gboolean daemon, is_alive;
  gint64 pid;
  int exit_code;
  Runner runner;

  runner_init (&runner);
  g_object_set (runner.process, "name", "worker", "daemon", TRUE, NULL);
  assert_string (runner.process, "initial daemon");
  runner_start (&runner);
  g_object_get (runner.process, "name", &name, "daemon", &daemon, "pid", &pid, "alive", &is_alive,
                "exit-code", &exit_code, "args", &args, NULL);
  g_assert_cmpstr (name, ==, "worker");
  g_assert_true (daemon);
  g_assert_true (is_alive);
  g_assert_cmpint (pid, ==, gmproc_process_get_pid (runner.process));
  g_assert_cmpint (exit_code, ==, G_MININT);
  g_assert_cmpstr (g_variant_get_type_string (args), ==, "(hh)");

  gmproc_connection_close (runner.down);
  join (runner.process, 0);
  g_object_get (runner.process, "alive", &is_alive, "exit-code", &exit_code, NULL);
  g_assert_false (is_alive);
  g_assert_cmpint (exit_code, ==, 0);
  assert_string (runner.process, "stopped exit code 0 daemon");
  runner_clear (&runner);
}

typedef gboolean (*SendSignal) (GmprocProcess *self, GError **error);

static void
check_signal (SendSignal send, int exit_code)
{
  g_autoptr (GError) error = NULL;
  Runner runner;

  runner_init (&runner);
  runner_start (&runner);
  g_assert_false (gmproc_process_join (runner.process, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);

  send (runner.process, &error);
  g_assert_no_error (error);
  join (runner.process, exit_code);

  /* To one that has ended it does nothing, and that is no error. */
  g_assert_true (send (runner.process, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gmproc_process_get_exit_code (runner.process), ==, exit_code);
  runner_clear (&runner);
}

/* PR-09, PR-10, PR-12 */
static void
test_signals (void)
{
  check_signal (gmproc_process_terminate, -15);
  check_signal (gmproc_process_kill, -9);
  check_signal (gmproc_process_interrupt, -2);
}

static void
assert_bad_state (gboolean done, GError **error)
{
  g_assert_false (done);
  g_assert_error (*error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_clear_error (error);
}

static void
test_before_the_start (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GError) error = NULL;

  assert_bad_state (gmproc_process_join (process, 0, NULL, &error), &error);
  assert_bad_state (gmproc_process_terminate (process, &error), &error);
  assert_bad_state (gmproc_process_kill (process, &error), &error);
  assert_bad_state (gmproc_process_interrupt (process, &error), &error);
}

static void
test_started_twice (void)
{
  g_autoptr (GError) error = NULL;
  Runner runner;
  gint64 pid;

  runner_init (&runner);
  runner_start (&runner);
  pid = gmproc_process_get_pid (runner.process);
  assert_bad_state (gmproc_process_start (runner.process, &error), &error);
  g_assert_cmpint (gmproc_process_get_pid (runner.process), ==, pid);

  gmproc_connection_close (runner.down);
  join (runner.process, 0);
  assert_bad_state (gmproc_process_start (runner.process, &error), &error);
  runner_clear (&runner);
}

/* What is known of oneself cannot be started or waited for. */
static void
test_current_is_no_child (void)
{
  GmprocProcess *current = gmproc_process_get_current ();
  g_autoptr (GError) error = NULL;

  assert_bad_state (gmproc_process_start (current, &error), &error);
  assert_bad_state (gmproc_process_join (current, 0, NULL, &error), &error);
  assert_bad_state (gmproc_process_kill (current, &error), &error);
}

static void
check_bad_timeout (GmprocProcess *process, gint64 timeout)
{
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, timeout);
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_process_join (process, timeout, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, number));
}

/* PR-09, PI-18: times that are none, and times that pass. */
static void
test_timeouts (void)
{
  g_autoptr (GError) error = NULL;
  gint64 before;
  Runner runner;

  runner_init (&runner);
  runner_start (&runner);
  check_bad_timeout (runner.process, -7);
  check_bad_timeout (runner.process, G_MININT64);

  before = g_get_monotonic_time ();
  g_assert_false (gmproc_process_join (runner.process, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - before, >=, SHORT);

  gmproc_connection_close (runner.down);
  g_assert_true (gmproc_process_join (runner.process, G_MAXINT64, NULL, NULL));
  g_assert_true (gmproc_process_join (runner.process, 0, NULL, NULL));
  g_assert_true (gmproc_process_join (runner.process, GMPROC_FOREVER, NULL, NULL));
  runner_clear (&runner);
}

typedef struct
{
  Runner *runner;
  GCancellable *cancellable;
  GAsyncQueue *begun;
  GError *error;
} Joiner;

static gpointer
run_joiner (gpointer data)
{
  Joiner *joiner = data;

  g_async_queue_push (joiner->begun, joiner);
  g_assert_false (
      gmproc_process_join (joiner->runner->process, BOUND, joiner->cancellable, &joiner->error));
  return NULL;
}

/* GM-16: a cancel ends the wait of one thread and nothing else. */
static void
test_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncQueue) begun = g_async_queue_new ();
  g_autoptr (GError) error = NULL;
  Runner runner;
  Joiner joiner = { &runner, cancellable, begun, NULL };
  GThread *thread;

  runner_init (&runner);
  runner_start (&runner);
  thread = g_thread_new ("joiner", run_joiner, &joiner);
  (void) g_async_queue_pop (begun);
  g_cancellable_cancel (cancellable);
  g_thread_join (thread);
  g_assert_error (joiner.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&joiner.error);
  g_assert_true (gmproc_process_is_alive (runner.process));

  g_assert_false (gmproc_process_join (runner.process, BOUND, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gmproc_connection_close (runner.down);
  join (runner.process, 0);
  runner_clear (&runner);
}

#ifdef SIGALRM
#include <sys/time.h>

static volatile sig_atomic_t n_alarms;

static void
on_alarm (int number G_GNUC_UNUSED)
{
  n_alarms++;
}

static gpointer
close_after_alarms (gpointer data)
{
  Runner *runner = data;

  while (n_alarms < 20)
    g_thread_yield ();
  gmproc_connection_close (runner->down);
  return NULL;
}

/* PR-26: a signal in the middle of a wait does not end it. */
static void
test_interrupted_join (void)
{
  const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
  const struct itimerval never = { { 0, 0 }, { 0, 0 } };
  struct sigaction action = { .sa_handler = on_alarm };
  struct sigaction old_action;
  Runner runner;
  GThread *thread;

  runner_init (&runner);
  runner_start (&runner);
  n_alarms = 0;
  g_assert_cmpint (sigaction (SIGALRM, &action, &old_action), ==, 0);
  g_assert_cmpint (setitimer (ITIMER_REAL, &often, NULL), ==, 0);

  thread = g_thread_new ("closer", close_after_alarms, &runner);
  join (runner.process, 0);
  g_thread_join (thread);

  g_assert_cmpint (setitimer (ITIMER_REAL, &never, NULL), ==, 0);
  g_assert_cmpint (sigaction (SIGALRM, &old_action, NULL), ==, 0);
  runner_clear (&runner);
}
#endif

static void
on_exited (GmprocProcess *process, int exit_code, gpointer data)
{
  GArray *codes = data;

  g_assert_cmpint (exit_code, ==, gmproc_process_get_exit_code (process));
  g_array_append_val (codes, exit_code);
}

/* Starts under CONTEXT; the signal comes there, once, and nowhere else. */
static void
check_exited_signal (GMainContext *context)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GArray) codes = g_array_new (FALSE, FALSE, sizeof (int));

  g_main_context_push_thread_default (context);
  g_signal_connect (process, "exited", G_CALLBACK (on_exited), codes);
  start (process);
  join (process, 0);
  g_main_context_pop_thread_default (context);

  g_assert_cmpuint (codes->len, ==, 0);
  while (codes->len == 0)
    g_main_context_iteration (context, TRUE);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpuint (codes->len, ==, 1);
  g_assert_cmpint (g_array_index (codes, int, 0), ==, 0);
}

static void
test_exited_signal (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  check_exited_signal (NULL);
  check_exited_signal (context);
}

/* Nobody runs the context: the object goes all the same, and nothing is left in the context. */
static void
test_exited_signal_not_fetched (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GmprocProcess *process = gmproc_process_new (do_nothing, NULL);
  gpointer weak = process;

  g_object_add_weak_pointer (G_OBJECT (process), &weak);
  g_main_context_push_thread_default (context);
  start (process);
  g_main_context_pop_thread_default (context);
  join (process, 0);
  g_object_unref (process);
  g_assert_null (weak);
  g_assert_false (g_main_context_pending (context));
}

/* Nobody but the library holds a process that runs; it is lost neither then nor kept after. */
static void
test_dropped_while_running (void)
{
  g_autolist (GmprocProcess) children = NULL;
  gpointer weak;
  Runner runner;

  runner_init (&runner);
  runner_start (&runner);
  weak = runner.process;
  g_object_add_weak_pointer (G_OBJECT (runner.process), &weak);
  g_clear_object (&runner.process);
  g_assert_nonnull (weak);

  children = gmproc_list_children ();
  g_assert_cmpuint (g_list_length (children), ==, 1);
  g_assert_true (children->data == weak);
  gmproc_connection_close (runner.down);
  join (children->data, 0);
  g_clear_list (&children, g_object_unref);
  g_assert_null (weak);
  runner_clear (&runner);
}

/* PR-18: many at once; and many that are ended before they are really there. */
static void
test_many (void)
{
  GmprocProcess *processes[N_MANY];

  for (int i = 0; i < N_MANY; i++)
    start (processes[i] = gmproc_process_new (do_nothing, NULL));
  for (int i = 0; i < N_MANY; i++)
    {
      join (processes[i], 0);
      g_object_unref (processes[i]);
    }

  for (int i = 0; i < N_MANY; i++)
    {
      Runner runner;

      runner_init (&runner);
      start (runner.process);
      g_assert_true (gmproc_process_terminate (runner.process, NULL));
      join (runner.process, -15);
      runner_clear (&runner);
    }
}

/* PR-14: it is enough to list the children, nobody need join them. */
static void
test_listing_reaps (void)
{
  gpointer weak;
  Runner runner;

  runner_init (&runner);
  runner_start (&runner);
  weak = runner.process;
  g_object_add_weak_pointer (G_OBJECT (runner.process), &weak);
  g_clear_object (&runner.process);
  gmproc_connection_close (runner.down);

  while (weak != NULL)
    {
      g_list_free_full (gmproc_list_children (), g_object_unref);
      g_thread_yield ();
    }
  runner_clear (&runner);
}

/* GM-07: the thread that started it is over, the process is not. */
static gpointer
start_runner (gpointer data)
{
  runner_start (data);
  return NULL;
}

static void
test_short_lived_thread (void)
{
  Runner runner;

  runner_init (&runner);
  g_thread_join (g_thread_new ("starter", start_runner, &runner));
  g_assert_true (gmproc_connection_send (runner.down, g_variant_new_string ("go"), NULL, NULL));
  join (runner.process, 0);
  runner_clear (&runner);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up_with_news);
  gmproc_test_add ("/process/states", test_states);
  gmproc_test_add ("/process/properties", test_properties);
  gmproc_test_add ("/process/signals", test_signals);
  gmproc_test_add ("/process/before-start", test_before_the_start);
  gmproc_test_add ("/process/started-twice", test_started_twice);
  gmproc_test_add ("/process/current", test_current_is_no_child);
  gmproc_test_add ("/process/timeouts", test_timeouts);
  gmproc_test_add ("/process/cancel", test_cancel);
#ifdef SIGALRM
  gmproc_test_add ("/process/interrupted-join", test_interrupted_join);
#endif
  gmproc_test_add ("/process/exited", test_exited_signal);
  gmproc_test_add ("/process/exited-not-fetched", test_exited_signal_not_fetched);
  gmproc_test_add ("/process/dropped", test_dropped_while_running);
  gmproc_test_add ("/process/many", test_many);
  gmproc_test_add ("/process/listing", test_listing_reaps);
  gmproc_test_add ("/process/short-lived-thread", test_short_lived_thread);
  return g_test_run ();
}
