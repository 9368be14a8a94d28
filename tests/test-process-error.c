/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a process fails with, as its parent gets it. What the processes write to standard error is
 * caught, so that it does not end up among the output of the tests.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "support.h"

#define N_AT_ONCE 16
#define N_LARGE (300 * 1024) /* more than a pipe holds */

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

/* (domain, code, message) */
GMPROC_DEFINE_TARGET (fail_with)
{
  const char *domain, *message;
  gint32 code;

  g_variant_get (args, "(&si&s)", &domain, &code, &message);
  return gmproc_fail (g_error_new_literal (g_quark_from_string (domain), code, message));
}

/* size: fails with a message of that many bytes. */
GMPROC_DEFINE_TARGET (fail_at_length)
{
  g_autofree char *message = g_strnfill (g_variant_get_uint32 (args), 'm');

  return gmproc_fail (g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, message));
}

GMPROC_DEFINE_TARGET (fail_and_exit)
{
  exit (gmproc_fail (g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "left by exit")));
}

GMPROC_DEFINE_TARGET (fail_twice)
{
  (void) gmproc_fail (g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "the first"));
  return gmproc_fail (g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "the last"));
}

GMPROC_DEFINE_TARGET (return_7)
{
  return 7;
}

GMPROC_DEFINE_TARGET (return_300)
{
  return 300;
}

/* Tells of bytes that are no text. */
GMPROC_DEFINE_TARGET (fail_with_bytes)
{
  return gmproc_fail (g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "no text: \xff"));
}

/* A subclass whose run() fails. */
#define TEST_TYPE_FAILURE (test_failure_get_type ())
G_DECLARE_FINAL_TYPE (TestFailure, test_failure, TEST, FAILURE, GmprocProcess)

struct _TestFailure
{
  GmprocProcess parent_instance;
};

GMPROC_DEFINE_PROCESS_TYPE (TestFailure, test_failure)

static int
test_failure_run (GmprocProcess *process, GError **error)
{
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "%s has no space",
               gmproc_process_get_name (process));
  return EXIT_FAILURE;
}

static void
test_failure_class_init (TestFailureClass *klass)
{
  GMPROC_PROCESS_CLASS (klass)->run = test_failure_run;
}

static void
test_failure_init (TestFailure *self G_GNUC_UNUSED)
{
}

/* -- helpers ----------------------------------------------------------------------------------- */

static void
start_quietly (GmprocProcess *process)
{
  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_ERROR, GMPROC_STREAM_MODE_EMPTY);
  start (process);
}

/* ARGS may be floating. The result is to be freed by g_object_unref(). */
static GmprocProcess *
run (GmprocTarget target, GVariant *args, int exit_code)
{
  GmprocProcess *process = gmproc_process_new (target, args);

  start_quietly (process);
  join (process, exit_code);
  return process;
}

static void
assert_failed (GmprocProcess *process, GQuark domain, int code, const char *message)
{
  const GError *error = gmproc_process_get_error (process);

  g_assert_nonnull (error);
  g_assert_error (error, domain, code);
  g_assert_cmpstr (error->message, ==, message);
}

/* -- tests ------------------------------------------------------------------------------------- */

/* PR-25: an error of a target, with everything that makes it one. */
static void
test_target (void)
{
  g_autoptr (GmprocProcess) process =
      run (fail_with, g_variant_new ("(sis)", "test-quark", -42, "Tür\nzu"), EXIT_FAILURE);
  g_autoptr (GError) property = NULL;

  assert_failed (process, g_quark_from_string ("test-quark"), -42, "Tür\nzu");
  g_object_get (process, "error", &property, NULL);
  g_assert_error (property, g_quark_from_string ("test-quark"), -42);
}

/* PR-25: an error of a subclass. */
static void
test_subclass (void)
{
  g_autoptr (GmprocProcess) process = g_object_new (TEST_TYPE_FAILURE, "name", "the disk", NULL);

  start_quietly (process);
  join (process, EXIT_FAILURE);
  assert_failed (process, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "the disk has no space");
}

/* PR-25: what is no error has none. */
static void
test_none (void)
{
  g_autoptr (GmprocProcess) well = run (do_nothing, NULL, EXIT_SUCCESS);
  g_autoptr (GmprocProcess) with_status = run (return_7, NULL, 7);
  g_autoptr (GmprocProcess) unstarted = gmproc_process_new (do_nothing, NULL);

  g_assert_null (gmproc_process_get_error (well));
  g_assert_null (gmproc_process_get_error (with_status));
  g_assert_null (gmproc_process_get_error (unstarted));
  g_assert_null (gmproc_process_get_error (gmproc_process_get_current ()));
}

/* PR-25: a status that is none. */
static void
test_bad_status (void)
{
  g_autoptr (GmprocProcess) process = run (return_300, NULL, EXIT_FAILURE);

  g_assert_error (gmproc_process_get_error (process), GMPROC_ERROR, GMPROC_ERROR_FAILED);
  g_assert_nonnull (strstr (gmproc_process_get_error (process)->message, "300"));
}

static void
test_other_ends (void)
{
  g_autoptr (GmprocProcess) exited = run (fail_and_exit, NULL, EXIT_FAILURE);
  g_autoptr (GmprocProcess) twice = run (fail_twice, NULL, EXIT_FAILURE);
  g_autoptr (GmprocProcess) bytes = run (fail_with_bytes, NULL, EXIT_FAILURE);

  assert_failed (exited, G_IO_ERROR, G_IO_ERROR_BUSY, "left by exit");
  assert_failed (twice, G_IO_ERROR, G_IO_ERROR_CLOSED, "the last");
  assert_failed (bytes, G_IO_ERROR, G_IO_ERROR_BUSY, "no text: \xef\xbf\xbd");
}

/* Many fail at the same moment, each at greater length than the pipe between has room for. */
static void
test_large (void)
{
  GmprocProcess *processes[N_AT_ONCE];

  for (guint i = 0; i < N_AT_ONCE; i++)
    start_quietly (processes[i] =
                       gmproc_process_new (fail_at_length, g_variant_new_uint32 (N_LARGE + i)));
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_autofree char *expected = g_strnfill (N_LARGE + i, 'm');

      join (processes[i], EXIT_FAILURE);
      assert_failed (processes[i], G_IO_ERROR, G_IO_ERROR_BUSY, expected);
      g_object_unref (processes[i]);
    }
}

/* Killed at any moment of a long report: what had come of it goes, and the reports of others are
 * whole. */
static void
test_killed (void)
{
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_autoptr (GmprocProcess) victim =
          gmproc_process_new (fail_at_length, g_variant_new_uint32 (64 * N_LARGE));
      g_autoptr (GmprocProcess) other =
          gmproc_process_new (fail_at_length, g_variant_new_uint32 (N_LARGE));
      g_autofree char *expected = g_strnfill (N_LARGE, 'm');

      start_quietly (victim);
      start_quietly (other);
      g_usleep (i * G_TIME_SPAN_MILLISECOND);
      g_assert_true (gmproc_process_kill (victim, NULL));
      join (other, EXIT_FAILURE);
      assert_failed (other, G_IO_ERROR, G_IO_ERROR_BUSY, expected);
      g_assert_true (gmproc_process_join (victim, BOUND, NULL, NULL));
    }
}

/* PR-24: the whole message is on the standard error of the process, after its name. */
static void
test_standard_error (void)
{
  g_autofree char *message = g_strnfill (N_LARGE, 'm');
  g_autofree char *expected = g_strdup_printf ("the process: %s\n", message);
  gsize size = strlen (expected) + 100; /* with room for more, and for other ends of lines */
  g_autofree char *buffer = g_malloc0 (size + 1);
  g_autoptr (GmprocProcess) process =
      gmproc_process_new (fail_at_length, g_variant_new_uint32 (N_LARGE));
  g_autoptr (GError) error = NULL;
  gsize n_read;

  gmproc_process_set_name (process, "the process");
  gmproc_process_set_stream_mode (process, GMPROC_STANDARD_ERROR, GMPROC_STREAM_MODE_PIPE);
  g_assert_true (gmproc_process_start (process, &error));
  g_assert_true (g_input_stream_read_all (gmproc_process_get_stderr_pipe (process), buffer, size,
                                          &n_read, NULL, &error));
  g_assert_no_error (error);
  gmproc_test_unify_lines (buffer);
  g_assert_cmpstr (buffer, ==, expected);
  join (process, EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/process-error/target", test_target);
  gmproc_test_add ("/process-error/subclass", test_subclass);
  gmproc_test_add ("/process-error/none", test_none);
  gmproc_test_add ("/process-error/bad-status", test_bad_status);
  gmproc_test_add ("/process-error/other-ends", test_other_ends);
  gmproc_test_add ("/process-error/large", test_large);
  gmproc_test_add ("/process-error/killed", test_killed);
  gmproc_test_add ("/process-error/standard-error", test_standard_error);
  return g_test_run ();
}
