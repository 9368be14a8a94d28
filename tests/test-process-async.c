/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GM-16: starting without blocking the main context.
 */
#include <gmproc.h>

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */
#define FORGET "GMPROC_TEST_FORGET"     /* main() hangs instead of calling gmproc_init() */
#define N_AT_ONCE 32

static const char *own_path;

GMPROC_DEFINE_TARGET (return_3)
{
  return 3;
}

GMPROC_DEFINE_TARGET (wait_for_ever)
{
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return EXIT_SUCCESS;
}

/* -- a class whose getter is called in the caller's thread ------------------------------------- */

#define TEST_TYPE_NUMBER (test_number_get_type ())
G_DECLARE_FINAL_TYPE (TestNumber, test_number, TEST, NUMBER, GmprocProcess)

struct _TestNumber
{
  GmprocProcess parent_instance;
  int number;
  GThread *asked_by;
};

GMPROC_DEFINE_PROCESS_TYPE (TestNumber, test_number)

static int
test_number_run (GmprocProcess *process, GError **error G_GNUC_UNUSED)
{
  return TEST_NUMBER (process)->number;
}

static void
test_number_get_property (GObject *object, guint prop_id G_GNUC_UNUSED, GValue *value,
                          GParamSpec *pspec G_GNUC_UNUSED)
{
  TEST_NUMBER (object)->asked_by = g_thread_self ();
  g_value_set_int (value, TEST_NUMBER (object)->number);
}

static void
test_number_set_property (GObject *object, guint prop_id G_GNUC_UNUSED, const GValue *value,
                          GParamSpec *pspec G_GNUC_UNUSED)
{
  TEST_NUMBER (object)->number = g_value_get_int (value);
}

static void
test_number_class_init (TestNumberClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  GMPROC_PROCESS_CLASS (klass)->run = test_number_run;
  object_class->get_property = test_number_get_property;
  object_class->set_property = test_number_set_property;
  g_object_class_install_property (
      object_class, 1, g_param_spec_int ("number", NULL, NULL, 0, 255, 0, G_PARAM_READWRITE));
}

static void
test_number_init (TestNumber *self G_GNUC_UNUSED)
{
}

/* -- what comes back --------------------------------------------------------------------------- */

typedef struct
{
  guint n_started;
  guint n_failed;
  guint n_exited;
  guint n_notified;
  GError *error; /* of the last failure */
  GMainContext *context;
} Log;

static void
on_started (GObject *object, GAsyncResult *result, gpointer data)
{
  Log *log = data;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_main_context_is_owner (log->context));
  if (gmproc_process_start_finish (GMPROC_PROCESS (object), result, &error))
    {
      g_assert_no_error (error);
      g_assert_cmpint (gmproc_process_get_pid (GMPROC_PROCESS (object)), >, 0);
      log->n_started++;
      return;
    }
  g_assert_nonnull (error);
  g_clear_error (&log->error);
  log->error = g_steal_pointer (&error);
  log->n_failed++;
}

/* After the start was told. */
static void
on_exited (GmprocProcess *process G_GNUC_UNUSED, int exit_code, gpointer data)
{
  Log *log = data;

  g_assert_true (g_main_context_is_owner (log->context));
  g_assert_cmpint (exit_code, ==, 3);
  log->n_exited++;
}

static void
on_pid (GmprocProcess *process G_GNUC_UNUSED, GParamSpec *pspec G_GNUC_UNUSED, gpointer data)
{
  Log *log = data;

  g_assert_true (g_main_context_is_owner (log->context));
  log->n_notified++;
}

static GmprocProcess *
begin (Log *log, GCancellable *cancellable)
{
  GmprocProcess *process = gmproc_process_new (return_3, NULL);

  g_signal_connect (process, "exited", G_CALLBACK (on_exited), log);
  g_signal_connect (process, "notify::pid", G_CALLBACK (on_pid), log);
  gmproc_process_start_async (process, cancellable, on_started, log);
  return process;
}

static void
check_context (GMainContext *context)
{
  Log log = { .context = context != NULL ? context : g_main_context_default () };
  g_autoptr (GmprocProcess) process = NULL;

  g_main_context_push_thread_default (context);
  process = begin (&log, NULL);
  g_assert_cmpuint (log.n_started, ==, 0);
  while (log.n_exited == 0)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  g_assert_cmpuint (log.n_started, ==, 1);
  g_assert_cmpuint (log.n_notified, ==, 1);
  g_assert_cmpuint (log.n_failed, ==, 0);
  g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
}

/* The callback, the news of the id and the end come to the context of the caller. */
static void
test_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  check_context (NULL);
  check_context (context);
}

static void
test_many (void)
{
  Log log = { .context = g_main_context_default () };

  for (int i = 0; i < N_AT_ONCE; i++)
    g_object_unref (begin (&log, NULL));
  while (log.n_exited < N_AT_ONCE || log.n_started < N_AT_ONCE)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (log.n_failed, ==, 0);
}

/* What the program is asked for is asked for in its own thread, before the call returns. */
static void
test_getters (void)
{
  Log log = { .context = g_main_context_default () };
  g_autoptr (GmprocProcess) process = g_object_new (TEST_TYPE_NUMBER, "number", 7, NULL);

  gmproc_process_start_async (process, NULL, on_started, &log);
  g_assert_true (TEST_NUMBER (process)->asked_by == g_thread_self ());
  TEST_NUMBER (process)->number = 8;
  while (log.n_started == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
  g_assert_cmpint (gmproc_process_get_exit_code (process), ==, 7);
}

/* -- what fails -------------------------------------------------------------------------------- */

static void
wait_for_failure (Log *log, GQuark domain, int code)
{
  while (log->n_failed == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (log->error, domain, code);
  g_clear_error (&log->error);
  log->n_failed = 0;
}

static void
test_errors (void)
{
  Log log = { .context = g_main_context_default () };
  g_autoptr (GmprocProcess) empty = gmproc_process_new (NULL, NULL);
  g_autoptr (GmprocProcess) misled = gmproc_process_new (return_3, NULL);

  gmproc_process_start_async (empty, NULL, on_started, &log);
  g_assert_cmpuint (log.n_failed, ==, 0);
  wait_for_failure (&log, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED);

  gmproc_process_set_working_directory (misled, "/not/there");
  gmproc_process_start_async (misled, NULL, on_started, &log);
  wait_for_failure (&log, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  /* Both can be started once they can be. */
  gmproc_process_set_working_directory (misled, NULL);
  gmproc_process_start_async (misled, NULL, on_started, &log);
  while (log.n_started == 0)
    g_main_context_iteration (NULL, TRUE);
  gmproc_process_start_async (misled, NULL, on_started, &log);
  wait_for_failure (&log, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_assert_true (gmproc_process_join (misled, BOUND, NULL, NULL));
}

/* Of two starts at once one succeeds; and what is done to it meanwhile does no harm. */
static void
test_twice_at_once (void)
{
  Log log = { .context = g_main_context_default () };
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocProcess) process = gmproc_process_new (wait_for_ever, NULL);

  gmproc_process_start_async (process, NULL, on_started, &log);
  gmproc_process_start_async (process, NULL, on_started, &log);
  g_assert_false (gmproc_process_close (process, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  gmproc_process_set_name (process, "of another name");
  while (log.n_started + log.n_failed < 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (log.n_started, ==, 1);
  g_assert_error (log.error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_clear_error (&log.error);
  g_assert_true (gmproc_process_kill (process, NULL));
  g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
}

static void
test_cancelled_before (void)
{
  Log log = { .context = g_main_context_default () };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GmprocProcess) process = NULL;

  g_cancellable_cancel (cancellable);
  process = begin (&log, cancellable);
  wait_for_failure (&log, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (gmproc_process_get_pid (process), ==, 0);
  g_assert_null (gmproc_list_children ());
}

static gboolean
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

/* A program that never says that it is there: the main context goes on meanwhile, and the cancel
 * ends the program. */
static void
test_cancelled_on_trial (void)
{
  Log log = { .context = g_main_context_default () };
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), FORGET, "1", TRUE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *folder = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  g_autofree char *copy = g_build_filename (folder, "program.exe", NULL);
  g_autofree char *contents = NULL;
  g_autoptr (GmprocProcess) process = gmproc_process_new (return_3, NULL);
  gsize size;

  g_assert_true (g_file_get_contents (own_path, &contents, &size, NULL));
  g_assert_true (g_file_set_contents_full (copy, contents, (gssize) size, G_FILE_SET_CONTENTS_NONE,
                                           0700, NULL));
  gmproc_process_set_executable (process, copy);
  gmproc_process_set_environment (process, (const char *const *) environment);
  gmproc_process_start_async (process, cancellable, on_started, &log);
  (void) g_idle_add (cancel, cancellable);
  wait_for_failure (&log, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (gmproc_process_get_pid (process), ==, 0);
  g_assert_null (gmproc_list_children ());

  g_assert_cmpint (g_remove (copy), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
warm_up (void)
{
  Log log = { .context = g_main_context_default () };

  /* GLib's pool of threads takes a while to be as large as it gets, and keeps what it opens. */
  for (int i = 0; i < N_AT_ONCE; i++)
    g_object_unref (begin (&log, NULL));
  while (log.n_exited < N_AT_ONCE || log.n_started < N_AT_ONCE)
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  if (g_getenv (FORGET) != NULL)
    g_main_loop_run (g_main_loop_new (NULL, FALSE));

  own_path = argv[0];
  g_assert_true (g_setenv ("GMPROC_START_TIMEOUT", "600000", TRUE));
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_set_patience (BOUND); /* other threads may just be letting go of the context */
  gmproc_test_add ("/process-async/context", test_context);
  gmproc_test_add ("/process-async/many", test_many);
  gmproc_test_add ("/process-async/getters", test_getters);
  gmproc_test_add ("/process-async/errors", test_errors);
  gmproc_test_add ("/process-async/twice-at-once", test_twice_at_once);
  gmproc_test_add ("/process-async/cancelled-before", test_cancelled_before);
  gmproc_test_add ("/process-async/cancelled-on-trial", test_cancelled_on_trial);
  return g_test_run ();
}
