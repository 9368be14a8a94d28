/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * While a process is being started nobody else has to wait: not who asks that process something,
 * not who asks or joins another one. And the end of the program in the middle of a start.
 *
 * The starts here take as long as the test wants: that of cat, which never says that it is there
 * and ends with its input, and that of a fork server that does not come to gmproc_init().
 */
#include <gmproc.h>

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kin.h"
#include "support.h"

#define SHORT (100 * G_TIME_SPAN_MILLISECOND)
#define SILENT "GMPROC_TEST_SILENT" /* names the pipe in which main() says that it hangs */
#define TOO_LONG 100                /* seconds; only a hang takes that long */

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (wait_for_ever)
{
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return EXIT_SUCCESS;
}

static char *cat; /* a program that is cat, whatever its arguments are */

static void
assert_byte (int fd)
{
  char byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
}

/* -- one start --------------------------------------------------------------------------------- */

typedef struct
{
  GmprocProcess *process;
  GCancellable *cancellable;
  gboolean is_over;
  GError *error;
} Start;

static void
on_started (GObject *process, GAsyncResult *result, gpointer data)
{
  Start *self = data;

  (void) gmproc_process_start_finish (GMPROC_PROCESS (process), result, &self->error);
  self->is_over = TRUE;
}

static void
start_begin (Start *self, GmprocProcess *process)
{
  *self = (Start){ .process = g_object_ref (process), .cancellable = g_cancellable_new () };
  gmproc_process_start_async (process, self->cancellable, on_started, self);
}

static void
start_await_error (Start *self, GQuark domain, int code, const char *text)
{
  while (!self->is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (self->error, domain, code);
  g_assert_nonnull (strstr (self->error->message, text));
  g_clear_error (&self->error);
  g_object_unref (self->cancellable);
  g_object_unref (self->process);
}

/* -- a program that is on trial ---------------------------------------------------------------- */

typedef struct
{
  int input[2];
  int output[2];
} Pipes;

static void
pipes_init (Pipes *self)
{
  g_assert_true (g_unix_open_pipe (self->input, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_open_pipe (self->output, FD_CLOEXEC, NULL));
}

/* The other ends become the streams of PROCESS. */
static void
pipes_give (const Pipes *self, GmprocProcess *process)
{
  gmproc_process_take_stream_handle (process, GMPROC_STANDARD_INPUT, self->input[0]);
  gmproc_process_take_stream_handle (process, GMPROC_STANDARD_OUTPUT, self->output[1]);
}

/* Returns when cat reads what it is given. */
static void
pipes_await_cat (const Pipes *self)
{
  g_assert_cmpint (write (self->input[1], "x", 1), ==, 1);
  assert_byte (self->output[0]);
}

static GmprocProcess *
new_cat (const char *path)
{
  GmprocProcess *process = gmproc_process_new (do_nothing, NULL);

  gmproc_process_set_executable (process, path);
  return process;
}

static void
assert_bad_state (gboolean success, GError **error)
{
  g_assert_false (success);
  g_assert_error (*error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_clear_error (error);
}

/* It is what it was before. */
static void
assert_not_started (GmprocProcess *process)
{
  g_autofree char *text = gmproc_process_to_string (process);
  GError *error = NULL;
  gboolean is_alive;
  gint64 pid;

  g_assert_false (gmproc_process_is_alive (process));
  g_assert_cmpint (gmproc_process_get_pid (process), ==, 0);
  g_assert_cmpint (gmproc_process_get_exit_code (process), ==, G_MININT);
  g_assert_null (gmproc_process_get_error (process));
  g_assert_nonnull (strstr (text, " initial"));
  g_object_get (process, "alive", &is_alive, "pid", &pid, NULL);
  g_assert_false (is_alive);
  g_assert_cmpint (pid, ==, 0);

  assert_bad_state (gmproc_process_kill (process, &error), &error);
  assert_bad_state (gmproc_process_terminate (process, &error), &error);
  assert_bad_state (gmproc_process_join (process, 0, NULL, &error), &error);
  assert_bad_state (gmproc_process_close (process, &error), &error);
}

/* GM-16: all that can be asked of a process that is being started has its answer before the start
 * is over, which it is only when the input of the program ends; else the start would have failed by
 * its deadline, with another message. */
static void
test_asked_on_trial (void)
{
  g_autoptr (GmprocProcess) process = new_cat (cat);
  g_autoptr (GmprocProcess) other = gmproc_process_new (do_nothing, NULL);
  Start first, second;
  Pipes pipes;

  pipes_init (&pipes);
  pipes_give (&pipes, process);
  start_begin (&first, process);
  pipes_await_cat (&pipes);

  assert_not_started (process);
  g_assert_null (gmproc_list_children ());
  start_begin (&second, process);
  start_await_error (&second, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE, "is being started");
  start (other);
  join (other, EXIT_SUCCESS);
  g_assert_false (first.is_over);

  (void) close (pipes.input[1]);
  start_await_error (&first, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED, "ended with exit code 0");
  (void) close (pipes.output[0]);
}

/* -- the end of the program -------------------------------------------------------------------- */

/* (in, daemon, path): ends, when it is told, with a cat on trial that has its streams. */
GMPROC_DEFINE_TARGET (return_with_cat)
{
  g_autoptr (GmprocConnection) in = open_handle (args, 0);
  g_autoptr (GmprocProcess) process = NULL;
  gboolean is_daemon;
  const char *path;
  Start begun;

  g_variant_get_child (args, 1, "b", &is_daemon);
  g_variant_get_child (args, 2, "&s", &path);
  process = new_cat (path);
  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_INPUT, GMPROC_STREAM_MODE_INHERIT);
  gmproc_process_set_daemon (process, is_daemon);
  start_begin (&begun, process);
  hear (in, "return");
  exit (7); /* the callback of the start would find nothing any more */
}

static GmprocProcess *
start_middle (const Pipes *pipes, gboolean has_daemon)
{
  g_autoptr (GmprocConnection) in = NULL, out = NULL;
  GmprocProcess *middle;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  middle = gmproc_process_new (
      return_with_cat, g_variant_new ("(hbs)", gmproc_connection_get_handle (in), has_daemon, cat));
  pipes_give (pipes, middle);
  start (middle);
  pipes_await_cat (pipes);
  say (out, "return");
  return middle;
}

/* The rule at exit holds for one that is on trial: it is waited for. */
static void
test_exit_on_trial (void)
{
  g_autoptr (GmprocProcess) middle = NULL;
  g_autoptr (GError) error = NULL;
  Pipes pipes;

  pipes_init (&pipes);
  middle = start_middle (&pipes, FALSE);
  g_assert_false (gmproc_process_join (middle, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  (void) close (pipes.input[1]);
  join (middle, 7);
  (void) close (pipes.output[0]);
}

/* A daemon is told to end. */
static void
test_exit_with_daemon_on_trial (void)
{
  g_autoptr (GmprocProcess) middle = NULL;
  Pipes pipes;

  pipes_init (&pipes);
  middle = start_middle (&pipes, TRUE);
  join (middle, 7);
  (void) close (pipes.input[1]);
  (void) close (pipes.output[0]);
}

/* -- a fork server that does not answer -------------------------------------------------------- */

/* A path, in a process that has no fork server yet. From when it is set on, none comes up. */
GMPROC_DEFINE_TARGET (start_without_server)
{
  g_autoptr (GmprocProcess) other = gmproc_process_new (wait_for_ever, NULL);
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  const char *path = g_variant_get_string (args, NULL);
  Start begun;
  int fd;

  gmproc_process_set_start_method (other, GMPROC_START_METHOD_SPAWN);
  gmproc_process_set_start_method (process, GMPROC_START_METHOD_FORKSERVER);
  start (other);
  g_assert_true (g_setenv (SILENT, path, TRUE));
  start_begin (&begun, process);
  fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  g_assert_cmpint (fd, !=, -1);
  assert_byte (fd);

  assert_not_started (process);
  g_assert_true (gmproc_process_is_alive (other));
  g_assert_true (gmproc_process_kill (other, NULL));
  g_assert_true (gmproc_process_join (other, BOUND, NULL, NULL));
  g_assert_false (begun.is_over);

  g_cancellable_cancel (begun.cancellable);
  start_await_error (&begun, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  (void) close (fd);
  g_unsetenv (SILENT);
  start (process);
  join (process, EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

static gboolean
has_fork_server (void)
{
  gsize n_methods;

  (void) gmproc_get_start_methods (&n_methods);
  return n_methods > 1;
}

/* GM-16: others are asked, signalled, reaped and joined meanwhile, and a cancel ends the start;
 * else it would go on until it has tried three servers, each for half a minute. */
static void
test_server_is_silent (void)
{
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GmprocProcess) process = NULL;

  if (!has_fork_server ())
    {
      g_test_skip ("this system has no fork server");
      return;
    }
  folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  path = g_build_filename (folder, "pipe", NULL);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  process = gmproc_process_new (start_without_server, g_variant_new_string (path));
  start (process);
  g_assert_true (gmproc_process_join (process, 4 * BOUND, NULL, NULL));
  g_assert_cmpint (gmproc_process_get_exit_code (process), ==, EXIT_SUCCESS);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* -- the end of one while another is started --------------------------------------------------- */

#define TEST_TYPE_CURIOUS (test_curious_get_type ())
G_DECLARE_FINAL_TYPE (TestCurious, test_curious, TEST, CURIOUS, GmprocProcess)

/* Asks another process something with its last breath. */
struct _TestCurious
{
  GmprocProcess parent_instance;
  GmprocProcess *other; /* or NULL; borrowed */
};

GMPROC_DEFINE_PROCESS_TYPE (TestCurious, test_curious)

static int n_asked;

static int
test_curious_run (GmprocProcess *process G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return EXIT_SUCCESS;
}

static void
test_curious_finalize (GObject *object)
{
  GmprocProcess *other = TEST_CURIOUS (object)->other;

  if (other != NULL)
    {
      (void) gmproc_process_is_alive (other);
      n_asked++;
    }
  G_OBJECT_CLASS (test_curious_parent_class)->finalize (object);
}

static void
test_curious_class_init (TestCuriousClass *klass)
{
  GMPROC_PROCESS_CLASS (klass)->run = test_curious_run;
  G_OBJECT_CLASS (klass)->finalize = test_curious_finalize;
}

static void
test_curious_init (TestCurious *self G_GNUC_UNUSED)
{
}

static void
on_exited (GmprocProcess *process G_GNUC_UNUSED, int exit_code, gpointer has_exited)
{
  g_assert_cmpint (exit_code, ==, EXIT_SUCCESS);
  *(gboolean *) has_exited = TRUE;
}

/* A start drops what has ended, whose finalizer may ask the one that is being started. */
static void
test_finalizer_asks (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  GmprocProcess *curious = g_object_new (TEST_TYPE_CURIOUS, NULL);
  gboolean has_exited = FALSE;

  TEST_CURIOUS (curious)->other = process;
  g_signal_connect (curious, "exited", G_CALLBACK (on_exited), &has_exited);
  start (curious);
  g_object_unref (curious);
  while (!has_exited)
    g_main_context_iteration (NULL, TRUE);
  start (process);
  join (process, EXIT_SUCCESS);
  g_assert_cmpint (n_asked, ==, 1);
}

/* -- many at once ------------------------------------------------------------------------------ */

#define N_THREADS 16
#define N_STARTS 8

static void
count_exit (GmprocProcess *process, int exit_code, gpointer n_exited)
{
  g_assert_cmpint (exit_code, ==, EXIT_SUCCESS);
  g_assert_cmpint (gmproc_process_get_pid (process), >, 0);
  ++*(int *) n_exited;
}

static gpointer
start_many (gpointer data G_GNUC_UNUSED)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GmprocProcess *processes[N_STARTS];
  int n_exited = 0;

  g_main_context_push_thread_default (context);
  for (int i = 0; i < N_STARTS; i++)
    {
      processes[i] = gmproc_process_new (do_nothing, NULL);
      g_signal_connect (processes[i], "exited", G_CALLBACK (count_exit), &n_exited);
      start (processes[i]);
    }
  while (n_exited < N_STARTS)
    g_main_context_iteration (context, TRUE);
  /* The news may come a moment before the list lets go. */
  for (int i = 0; i < N_STARTS; i++)
    {
      join (processes[i], EXIT_SUCCESS);
      g_object_unref (processes[i]);
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* Each end is told once, to who started it, however early it comes. */
static void
test_many_at_once (void)
{
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("starter", start_many, NULL);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_null (gmproc_list_children ());
}

static char *
make_cat (const char *folder)
{
  static const char text[] = "#!/bin/sh\nexec cat\n";
  char *path = g_build_filename (folder, "cat", NULL);

  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  return path;
}

static void
warm_up_with_start_async (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  Start begun;

  warm_up ();
  start_begin (&begun, process);
  while (!begun.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (begun.error);
  g_object_unref (begun.cancellable);
  g_object_unref (begun.process);
  join (process, EXIT_SUCCESS);
}

/* Instead of gmproc_init(). */
static void
hang (const char *path)
{
  int fd = g_open (path, O_WRONLY | O_CLOEXEC, 0);

  g_assert_cmpint (write (fd, "x", 1), ==, 1);
  (void) alarm (TOO_LONG);
  for (;;)
    (void) pause ();
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = NULL;
  int result;

  if (g_getenv (SILENT) != NULL)
    hang (g_getenv (SILENT));

  g_assert_true (g_setenv ("GMPROC_START_TIMEOUT", "30000", TRUE));
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  cat = make_cat (folder);
  gmproc_test_set_warm_up (warm_up_with_start_async);
  gmproc_test_set_patience (BOUND); /* other threads may just be letting go of the context */
  gmproc_test_add ("/process-starting/asked-on-trial", test_asked_on_trial);
  gmproc_test_add ("/process-starting/exit-on-trial", test_exit_on_trial);
  gmproc_test_add ("/process-starting/exit-with-daemon-on-trial", test_exit_with_daemon_on_trial);
  gmproc_test_add ("/process-starting/silent-server", test_server_is_silent);
  gmproc_test_add ("/process-starting/finalizer-asks", test_finalizer_asks);
  gmproc_test_add ("/process-starting/many-at-once", test_many_at_once);
  result = g_test_run ();
  g_assert_cmpint (g_remove (cat), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_free (cat);
  return result;
}
