/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The life of a pool's workers: when they start, what frames their life, and when they end.
 */
#include "config.h"

#include "crew.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static gint64 initialized; /* in a worker: what its initializer was given, plus the calls of it */

GMPROC_DEFINE_FUNCTION (initialize, "x", "()")
{
  initialized += g_variant_get_int64 (item);
  return g_variant_new ("()");
}

GMPROC_DEFINE_FUNCTION (get_initialized, "x", "x")
{
  return g_variant_new_int64 (initialized);
}

GMPROC_DEFINE_FUNCTION (get_pid, "x", "x")
{
  return g_variant_new_int64 (gmproc_process_get_pid (gmproc_process_get_current ()));
}

GMPROC_DEFINE_FUNCTION (fail_to_initialize, "x", "()")
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "no license");
  return NULL;
}

/* Puts the number into the queue of that handle. */
GMPROC_DEFINE_FUNCTION (report, "h", "()")
{
  g_autoptr (GmprocQueue) queue = gmproc_queue_from_handle (g_variant_get_handle (item), error);

  if (queue == NULL || !gmproc_queue_put (queue, g_variant_new_int64 (1), CREW_BOUND, NULL, error))
    return NULL;
  return g_variant_new ("()");
}

/* The pids that N items were run in, one for each. */
static GHashTable *
collect_pids (GmprocPool *pool, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) pids = gmproc_pool_map (pool, get_pid, crew_numbers (n), NULL, &error);
  GHashTable *set = g_hash_table_new (NULL, NULL);
  gsize n_pids;
  const gint64 *values;

  g_assert_no_error (error);
  values = g_variant_get_fixed_array (pids, &n_pids, sizeof *values);
  g_assert_cmpuint (n_pids, ==, n);
  for (gsize i = 0; i < n; i++)
    {
      guint count = GPOINTER_TO_UINT (g_hash_table_lookup (set, GSIZE_TO_POINTER (values[i])));

      g_hash_table_insert (set, GSIZE_TO_POINTER (values[i]), GUINT_TO_POINTER (count + 1));
    }
  return set;
}

/* PO-18: once in each worker, before its first item. */
static void
test_initializer (void)
{
  GmprocPool *pool = gmproc_pool_new_on_demand (2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) numbers = NULL;
  gsize n;
  const gint64 *values;

  g_assert_false (gmproc_pool_set_initializer (pool, initialize, NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  g_clear_error (&error);
  g_assert_true (gmproc_pool_set_initializer (pool, initialize, g_variant_new_int64 (42), &error));
  g_object_set (pool, "chunk-size", 1, NULL);
  numbers = gmproc_pool_map (pool, get_initialized, crew_numbers (100), NULL, &error);
  g_assert_no_error (error);
  values = g_variant_get_fixed_array (numbers, &n, sizeof *values);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpint (values[i], ==, 42);

  crew_end (pool);
}

static guint
count_restarts (GmprocPool *pool)
{
  g_autoptr (GVariant) stats = gmproc_pool_get_stats (pool);
  g_autoptr (GVariant) workers = g_variant_lookup_value (stats, "workers", NULL);
  GVariantIter iter;
  GVariant *worker;
  guint total = 0;

  g_variant_iter_init (&iter, workers);
  while (g_variant_iter_loop (&iter, "@a{sv}", &worker))
    {
      guint32 n = 0;

      g_assert_true (g_variant_lookup (worker, "restarts", "u", &n));
      total += n;
    }
  return total;
}

/* The workers that cannot begin, in a row, before a call is given up; and the two of the pool may
 * fail at the same time. */
#define MOST_RESTARTS (3 + 2)

/* GM-09, CR-13: the call ends with the error of the initializer; no endless row of new workers. */
static void
test_initializer_that_fails (void)
{
  GmprocPool *pool = gmproc_pool_new_on_demand (2);

  gmproc_pool_set_initializer (pool, fail_to_initialize, g_variant_new_int64 (0), NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (gmproc_pool_map (pool, get_pid, crew_numbers (10), NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      g_assert_true (g_str_has_suffix (error->message, "no license"));
      g_assert_cmpuint (count_restarts (pool), <=, (i + 1) * MOST_RESTARTS);
    }
  g_assert_cmpuint (count_restarts (pool), >, 0);
  crew_end (pool);
}

/* Every worker that ends of itself runs it. */
static void
test_finalizer (void)
{
  GmprocPool *pool = gmproc_pool_new_on_demand (2);
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, NULL);
  g_autoptr (GError) error = NULL;

  gmproc_pool_set_finalizer (pool, report, g_variant_new_handle (gmproc_queue_get_handle (queue)),
                             &error);
  g_assert_no_error (error);
  gmproc_pool_start (pool, &error);
  g_assert_no_error (error);
  crew_assert_works (pool, 100);
  crew_end (pool);
  g_assert_cmpuint (gmproc_queue_get_length (queue), ==, 2);
}

/* PO-16, CR-11: no worker runs more than it may; nothing is lost or run twice on the way. */
static void
test_max_tasks (void)
{
  static const guint chunk_sizes[] = { 1, 3, 0, 50 };
  GmprocPool *pool = gmproc_pool_new_on_demand (2);

  g_object_set (pool, "max-tasks-per-worker", (guint64) 4, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr (GHashTable) pids = NULL;
      GHashTableIter iter;
      gpointer count;

      g_object_set (pool, "chunk-size", chunk_sizes[i], NULL);
      pids = collect_pids (pool, 50);
      g_assert_cmpuint (g_hash_table_size (pids), >=, 50 / 4);
      g_hash_table_iter_init (&iter, pids);
      while (g_hash_table_iter_next (&iter, NULL, &count))
        g_assert_cmpuint (GPOINTER_TO_UINT (count), <=, 4);
    }
  crew_end (pool);
}

/* PO-16: closed while workers retire. */
static void
test_close_while_workers_retire (void)
{
  for (guint i = 0; i < gmproc_test_scale (10); i++)
    {
      GmprocPool *pool = crew_new (2);

      g_object_set (pool, "max-tasks-per-worker", (guint64) 1, NULL);
      crew_assert_works (pool, 3);
      crew_end (pool);
    }
}

/* A bound that nobody reaches, and one that everybody is above. */
static void
test_max_memory (void)
{
  static const guint64 bounds[] = { G_GUINT64_CONSTANT (1) << 40, 1 };

  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      GmprocPool *pool = gmproc_pool_new_on_demand (1);
      g_autoptr (GHashTable) set = NULL;

      g_object_set (pool, "max-memory", bounds[i], NULL);
      set = collect_pids (pool, 5);
      g_assert_cmpuint (g_hash_table_size (set), ==, i == 0 ? 1 : 5);
      crew_end (pool);
    }
}

/* CR-11: workers come when they are needed, and no more than that. */
static void
test_on_demand (void)
{
  GmprocPool *pool = gmproc_pool_new_on_demand (4);

  g_assert_cmpuint (crew_count (), ==, 0);
  crew_assert_works (pool, 1);
  g_assert_cmpuint (crew_count (), ==, 1);
  crew_assert_works (pool, 1);
  g_assert_cmpuint (crew_count (), ==, 1);
  g_assert_true (gmproc_pool_start (pool, NULL));
  g_assert_cmpuint (crew_count (), ==, 4);
  crew_end (pool);
}

/* CR-11: an idle worker ends of itself, and another one comes when it is needed. */
static void
test_idle_time (void)
{
  GmprocPool *pool = gmproc_pool_new_on_demand (2);

  g_object_set (pool, "idle-time", (gint64) 10 * G_TIME_SPAN_MILLISECOND, NULL);
  for (guint i = 0; i < 5; i++)
    {
      crew_assert_works (pool, 100);
      crew_settle ();
      g_assert_cmpuint (crew_count (), ==, 0);
    }
  crew_end (pool);
}

/* Larger and smaller, with and without calls. */
static void
test_resize (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GError) error = NULL;
  Visitor visitors[3];
  Meeting meeting;
  CrewCall call;

  meeting_open (&meeting);
  g_object_set (pool, "chunk-size", 1, NULL);
  crew_call_start (&call, pool, meeting_visit, meeting_items (&meeting, 3));
  meeting_accept (&meeting, &visitors[0]);
  g_assert_true (gmproc_pool_resize (pool, 3, &error));
  g_assert_no_error (error);
  meeting_accept (&meeting, &visitors[1]);
  meeting_accept (&meeting, &visitors[2]);
  g_assert_true (gmproc_pool_resize (pool, 1, &error));
  g_assert_cmpuint (gmproc_pool_get_n_workers (pool), ==, 1);
  for (guint i = 0; i < 3; i++)
    visitor_release (&visitors[i]);
  crew_call_join (&call);
  g_assert_no_error (call.error);
  crew_call_clear (&call);
  crew_assert_works (pool, 10);
  meeting_close (&meeting);
  crew_end (pool);
}

static void
test_stats (void)
{
  GmprocPool *pool = crew_new (2);
  g_autoptr (GVariant) stats = NULL;
  g_autoptr (GVariant) workers = NULL;
  guint64 n_items = 0;

  crew_assert_works (pool, 100);
  stats = gmproc_pool_get_stats (pool);
  workers = g_variant_lookup_value (stats, "workers", G_VARIANT_TYPE ("aa{sv}"));
  g_assert_cmpuint (g_variant_n_children (workers), ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GVariant) worker = g_variant_get_child_value (workers, i);
      guint64 items;
      gint64 pid;

      g_assert_true (g_variant_lookup (worker, "items", "t", &items));
      g_assert_true (g_variant_lookup (worker, "pid", "x", &pid));
      g_assert_cmpint (pid, >, 0);
      n_items += items;
    }
  g_assert_cmpuint (n_items, ==, 100);
  crew_end (pool);
}

/* PO-08 */
static void
test_bad_sizes (void)
{
  g_autoptr (GError) error = NULL;
  GmprocPool *pool = crew_new (1);

  g_assert_null (gmproc_pool_new (G_MAXUINT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (gmproc_pool_resize (pool, G_MAXUINT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  crew_end (pool);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (crew_warm_up);
  gmproc_test_add ("/pool-settings/initializer", test_initializer);
  gmproc_test_add ("/pool-settings/initializer-that-fails", test_initializer_that_fails);
  gmproc_test_add ("/pool-settings/finalizer", test_finalizer);
  gmproc_test_add ("/pool-settings/max-tasks", test_max_tasks);
  gmproc_test_add ("/pool-settings/close-while-workers-retire", test_close_while_workers_retire);
  gmproc_test_add ("/pool-settings/max-memory", test_max_memory);
  gmproc_test_add ("/pool-settings/on-demand", test_on_demand);
  gmproc_test_add ("/pool-settings/idle-time", test_idle_time);
  gmproc_test_add ("/pool-settings/resize", test_resize);
  gmproc_test_add ("/pool-settings/stats", test_stats);
  gmproc_test_add ("/pool-settings/bad-sizes", test_bad_sizes);
  return g_test_run ();
}
