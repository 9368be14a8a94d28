/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Pools whose workers cannot be started, because the process may not open any more files.
 */
#include "crew.h"

#include <sys/resource.h>
#include <unistd.h>

#include "support.h"

#define N_WORKERS 5
#define MOST_FILES 400 /* that so many workers could ever need */

/* So many descriptors are free from here on. */
static void
limit_files (guint n_files, struct rlimit *ret_before)
{
  struct rlimit limit;
  int lowest = dup (STDERR_FILENO);

  g_assert_cmpint (lowest, >=, 0);
  close (lowest);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, ret_before), ==, 0);
  limit = *ret_before;
  limit.rlim_cur = lowest + n_files;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

/* Of the descriptor that could not be opened here, or not be put in its place in the child. */
static void
assert_files_fail (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
}

/* PO-19: wherever it is that the start comes to its limit, the workers that were started before end
 * with the pool that was not made. */
static void
test_start_that_fails (void)
{
  GmprocPool *pool = NULL;
  guint n_failures = 0, most_children = 0;

  for (guint n_files = 0; pool == NULL && n_files < MOST_FILES; n_files += 2)
    {
      g_autoptr (GError) error = NULL;
      struct rlimit before;

      limit_files (n_files, &before);
      pool = gmproc_pool_new (N_WORKERS, &error);
      most_children = MAX (most_children, crew_count ());
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
      if (pool != NULL)
        break;
      n_failures++;
      assert_files_fail (error);
      crew_settle ();
      g_assert_cmpuint (crew_count (), ==, 0);
    }
  g_test_message ("%u starts failed, with up to %u children", n_failures, most_children);
  g_assert_cmpuint (n_failures, >, N_WORKERS);
  g_assert_nonnull (pool);
  crew_assert_works (pool, 100);
  crew_end (pool);
}

/* A pool on demand whose start fails can be started later, and is whole then. */
static void
test_start_again (void)
{
  GmprocPool *pool = gmproc_pool_new_on_demand (N_WORKERS);
  g_autoptr (GError) error = NULL;
  struct rlimit before;

  crew_assert_works (pool, 1);
  limit_files (2, &before);
  g_assert_false (gmproc_pool_start (pool, &error));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  assert_files_fail (error);
  g_clear_error (&error);

  g_assert_true (gmproc_pool_start (pool, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (crew_count (), ==, N_WORKERS);
  crew_assert_works (pool, 100);
  crew_end (pool);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (crew_warm_up);
  gmproc_test_add ("/pool-posix/start-that-fails", test_start_that_fails);
  gmproc_test_add ("/pool-posix/start-again", test_start_again);
  return g_test_run ();
}
