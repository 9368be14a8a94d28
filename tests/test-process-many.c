/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Many processes, one after the other and from many threads.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "support.h"

#define N_CYCLES gmproc_test_scale (1000)
#define N_THREADS 16

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

/* Where Linux shows shared memory and semaphores that have a name; ours have none. */
static void
assert_no_names (void)
{
  GDir *dir = g_dir_open ("/dev/shm", 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_assert_null (strstr (name, "gmproc"));
  g_clear_pointer (&dir, g_dir_close);
}

/* GM-14: the check around the test sees what is left. */
static void
test_cycles (void)
{
  for (guint i = 0; i < N_CYCLES; i++)
    {
      g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);

      start (process);
      if (i % 4 == 0)
        g_assert_true (gmproc_process_kill (process, NULL));
      g_assert_true (gmproc_process_join (process, BOUND, NULL, NULL));
    }
  g_assert_null (gmproc_list_children ());
  assert_no_names ();
}

static gpointer
start_and_join (gpointer data G_GNUC_UNUSED)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);

  start (process);
  join (process, 0);
  return NULL;
}

static void
test_many_threads (void)
{
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("starter", start_and_join, NULL);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/process-many/cycles", test_cycles);
  gmproc_test_add ("/process-many/threads", test_many_threads);
  return g_test_run ();
}
