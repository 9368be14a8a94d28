/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The news of the end of a process that nobody keeps.
 */
#include <gmproc.h>

#include "support.h"

#define N_PROCESSES (5)

GMPROC_DEFINE_TARGET (nothing)
{
  return 0;
}

static void
count (G_GNUC_UNUSED GmprocProcess *process, int exit_code, gpointer data)
{
  g_assert_cmpint (exit_code, ==, 0);
  (*(int *) data)++;
}

/* A program that has connected a handler need not keep the object: the signal comes for each, also
 * when the ends are swept by the next start before the context runs. */
static void
test_dropped_process_tells (void)
{
  int n_ended = 0;

  for (int i = 0; i < N_PROCESSES; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GmprocProcess) process = gmproc_process_new (nothing, NULL);

      g_signal_connect (process, "exited", G_CALLBACK (count), &n_ended);
      g_assert_true (gmproc_process_start (process, &error));
      g_assert_no_error (error);
      g_assert_true (gmproc_process_join (process, GMPROC_FOREVER, NULL, &error));
      g_assert_no_error (error);
    }

  g_assert_cmpint (n_ended, ==, 0);
  while (n_ended < N_PROCESSES)
    g_main_context_iteration (NULL, TRUE);
}

/* Without a handler there is nothing to keep the object for. */
static void
test_dropped_process_is_freed (void)
{
  g_autoptr (GError) error = NULL;
  GmprocProcess *process = gmproc_process_new (nothing, NULL);
  gpointer watched = process;

  g_object_add_weak_pointer (G_OBJECT (process), &watched);
  g_assert_true (gmproc_process_start (process, &error));
  g_assert_true (gmproc_process_join (process, GMPROC_FOREVER, NULL, &error));
  g_assert_no_error (error);
  g_object_unref (process);
  g_assert_null (watched);
}

/* An object that is made before gmproc_init() is counted like any other. */
static GmprocProcess *early;

static void
test_made_before_init (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (gmproc_process_get_name (early), ==, "Process-1");
  g_assert_true (gmproc_process_start (early, &error));
  g_assert_no_error (error);
  g_assert_true (gmproc_process_join (early, GMPROC_FOREVER, NULL, &error));
  g_assert_cmpint (gmproc_process_get_exit_code (early), ==, 0);
  g_clear_object (&early);
}

static void
warm_up (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (nothing, NULL);

  g_assert_true (gmproc_process_start (process, NULL));
  g_assert_true (gmproc_process_join (process, GMPROC_FOREVER, NULL, NULL));
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

int
main (int argc, char **argv)
{
  early = gmproc_process_new (nothing, NULL);
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/process-exited/dropped", test_dropped_process_tells);
  gmproc_test_add ("/process-exited/freed", test_dropped_process_is_freed);
  gmproc_test_add ("/process-exited/made-before-init", test_made_before_init);
  return g_test_run ();
}
