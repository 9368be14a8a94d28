/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Closing a process object. PR-17.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "support.h"

GMPROC_DEFINE_TARGET (return_3)
{
  return 3;
}

GMPROC_DEFINE_TARGET (wait_for_end)
{
  g_autoptr (GmprocConnection) in =
      gmproc_connection_from_handle (g_variant_get_handle (args), NULL);

  (void) gmproc_connection_poll (in, GMPROC_FOREVER, NULL, NULL);
  return EXIT_SUCCESS;
}

static void
close_well (GmprocProcess *process)
{
  g_autoptr (GError) error = NULL;

  gmproc_process_close (process, &error);
  g_assert_no_error (error);
}

static void
assert_refused (gboolean done, GError **error)
{
  g_assert_false (done);
  g_assert_error (*error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_assert_nonnull (strstr ((*error)->message, "closed"));
  g_clear_error (error);
}

static void
assert_closed (GmprocProcess *process)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *string = gmproc_process_to_string (process);
  g_autofree char *expected = g_strdup_printf ("<%s closed>", gmproc_process_get_name (process));

  g_assert_cmpstr (string, ==, expected);
  g_assert_false (gmproc_process_is_alive (process));
  g_assert_cmpint (gmproc_process_get_exit_code (process), ==, G_MININT);
  g_assert_null (gmproc_process_get_error (process));
  g_assert_null (gmproc_process_get_args (process));
  assert_refused (gmproc_process_start (process, &error), &error);
  assert_refused (gmproc_process_join (process, 0, NULL, &error), &error);
  assert_refused (gmproc_process_terminate (process, &error), &error);
  assert_refused (gmproc_process_kill (process, &error), &error);
  assert_refused (gmproc_process_interrupt (process, &error), &error);
}

/* One that runs is not closed, and does not notice. */
static void
test_running (void)
{
  g_autoptr (GmprocConnection) in = NULL, out = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process =
      gmproc_process_new (wait_for_end, g_variant_new_handle (gmproc_connection_get_handle (in)));
  start (process);
  g_assert_false (gmproc_process_close (process, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_assert_true (gmproc_process_is_alive (process));

  gmproc_connection_close (out);
  g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
  g_assert_cmpint (gmproc_process_get_exit_code (process), ==, EXIT_SUCCESS);
}

static void
test_ended (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (return_3, g_variant_new_int32 (1));

  start (process);
  g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
  close_well (process);
  assert_closed (process);
  close_well (process);
  assert_closed (process);
}

static void
note_exit_code (G_GNUC_UNUSED GmprocProcess *process, int exit_code, gpointer data)
{
  *(int *) data = exit_code;
}

/* The news of the end is on its way; closing does not take from it what it says. */
static void
test_closed_before_exited (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (return_3, NULL);
  int exit_code = -1;

  g_signal_connect (process, "exited", G_CALLBACK (note_exit_code), &exit_code);
  start (process);
  g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
  close_well (process);
  g_assert_cmpint (exit_code, ==, -1);
  while (exit_code == -1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (exit_code, ==, 3);
}

/* What an object holds that was not started goes too. */
static void
test_not_started (void)
{
  GmprocConnection *in, *out;
  g_autoptr (GmprocProcess) process = NULL;
  gpointer weak;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process =
      gmproc_process_new (wait_for_end, g_variant_new_handle (gmproc_connection_get_handle (in)));
  weak = in;
  g_object_add_weak_pointer (G_OBJECT (in), &weak);
  g_object_unref (in);
  g_object_unref (out);
  g_assert_nonnull (weak);

  close_well (process);
  g_assert_null (weak);
  assert_closed (process);
}

static void
test_current (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_process_close (gmproc_process_get_current (), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/process-close/running", test_running);
  gmproc_test_add ("/process-close/ended", test_ended);
  gmproc_test_add ("/process-close/before-exited", test_closed_before_exited);
  gmproc_test_add ("/process-close/not-started", test_not_started);
  gmproc_test_add ("/process-close/current", test_current);
  return g_test_run ();
}
