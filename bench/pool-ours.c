/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The works of a pool, by this library.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "bench.h"
#include "pool-items.h"

GMPROC_DEFINE_FUNCTION (square, "x", "x")
{
  gint64 n = g_variant_get_int64 (item);

  return g_variant_new_int64 (n * n);
}

GMPROC_DEFINE_FUNCTION (squares, "ax", "ax")
{
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (item, &n, sizeof *numbers);
  gint64 *results = g_new (gint64, n);

  for (gsize i = 0; i < n; i++)
    results[i] = numbers[i] * numbers[i];
  return g_variant_new_from_data (G_VARIANT_TYPE ("ax"), results, n * sizeof *results, TRUE, g_free,
                                  results);
}

/* Works for as many microseconds as the item says. */
GMPROC_DEFINE_FUNCTION (work, "x", "x")
{
  return g_variant_new_int64 (pool_item_work (g_variant_get_int64 (item)));
}

static GVariant *
make_numbers (gsize n)
{
  gint64 *numbers = g_new (gint64, n);

  for (gsize i = 0; i < n; i++)
    numbers[i] = (gint64) i;
  return g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE ("ax"), numbers,
                                                      n * sizeof *numbers, TRUE, g_free, numbers));
}

static gboolean
check_squares (GVariant *results, gsize n, GError **error)
{
  gsize n_results;
  const gint64 *values = g_variant_get_fixed_array (results, &n_results, sizeof *values);

  if (n_results != n)
    return bench_fail_check (error, "the number of squares");
  for (gsize i = 0; i < n; i++)
    if (values[i] != (gint64) (i * i))
      return bench_fail_check (error, "a square");
  return TRUE;
}

/* A pool whose workers are up. */
static GmprocPool *
make_pool (const BenchJob *job, guint n_workers, gint64 chunk, GError **error)
{
  g_autoptr (GmprocPool) pool = gmproc_pool_new (bench_get (job, "workers", n_workers), error);
  g_autoptr (GVariant) numbers = make_numbers (1000);
  g_autoptr (GVariant) results = NULL;

  if (pool == NULL)
    return NULL;
  g_object_set (pool, "chunk-size", 1, NULL);
  results = gmproc_pool_map (pool, square, numbers, NULL, error);
  if (results == NULL)
    return NULL;
  g_object_set (pool, "chunk-size", (guint) bench_get (job, "chunk", chunk), NULL);
  return g_steal_pointer (&pool);
}

/* Microseconds for one item there and back. */
static double
measure_apply (const BenchJob *job, GError **error)
{
  g_autoptr (GmprocPool) pool = make_pool (job, 1, 0, error);
  gint64 begin;

  if (pool == NULL)
    return -1;
  begin = g_get_monotonic_time ();
  for (gint64 i = 0; i < job->count; i++)
    {
      g_autoptr (GVariant) result =
          gmproc_pool_apply (pool, square, g_variant_new_int64 (i), NULL, error);

      if (result == NULL)
        return -1;
      if (g_variant_get_int64 (result) != i * i)
        return bench_fail_check (error, "a square") - 1;
    }
  return bench_seconds_since (begin) * 1e6 / job->count;
}

static double
time_map (const BenchJob *job, GmprocFunction function, gboolean is_array, gint64 chunk,
          GError **error)
{
  g_autoptr (GmprocPool) pool = make_pool (job, 2, chunk, error);
  g_autoptr (GVariant) numbers = make_numbers (job->count);
  g_autoptr (GVariant) results = NULL;
  gint64 begin;
  double seconds;

  if (pool == NULL)
    return -1;
  begin = g_get_monotonic_time ();
  results = is_array ? gmproc_pool_map_array (pool, function, numbers, NULL, error)
                     : gmproc_pool_map (pool, function, numbers, NULL, error);
  seconds = bench_seconds_since (begin);
  return results != NULL && check_squares (results, job->count, error) ? seconds : -1;
}

/* Million items a second, one in a chunk unless told otherwise. */
static double
measure_single (const BenchJob *job, GError **error)
{
  double seconds = time_map (job, square, FALSE, 1, error);

  return seconds < 0 ? seconds : job->count / seconds / 1e6;
}

/* Seconds for a million. */
static double
measure_map (const BenchJob *job, GError **error)
{
  double seconds = time_map (job, square, FALSE, 0, error);

  return seconds < 0 ? seconds : seconds * 1e6 / job->count;
}

static double
measure_array (const BenchJob *job, GError **error)
{
  double seconds = time_map (job, squares, TRUE, 0, error);

  return seconds < 0 ? seconds : seconds * 1e6 / job->count;
}

/* Seconds that this process alone takes for all items. */
static double
time_alone (GVariant *items)
{
  gint64 begin = g_get_monotonic_time ();
  gsize n_items;
  const gint64 *times = g_variant_get_fixed_array (items, &n_items, sizeof *times);

  for (gsize i = 0; i < n_items; i++)
    pool_item_work (times[i]);
  return bench_seconds_since (begin);
}

static double
time_pool (GmprocPool *pool, GVariant *items, guint chunk, GError **error)
{
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GVariant) results = NULL;

  g_object_set (pool, "chunk-size", chunk, NULL);
  results = gmproc_pool_map (pool, work, items, NULL, error);
  return results != NULL ? bench_seconds_since (begin) : -1;
}

#define SPLIT_ROUNDS 5

/* The wall time over that of an even split of what one process takes: 1 is perfect. Both in turns,
 * and the best of each. */
static double
measure_split (const BenchJob *job, GError **error)
{
  g_autoptr (GmprocPool) pool = make_pool (job, 2, 0, error);
  g_autoptr (GVariant) items = NULL;
  double alone = G_MAXDOUBLE, best = G_MAXDOUBLE;
  gint64 total;

  if (pool == NULL)
    return -1;
  items = pool_items_make (bench_get (job, "item", 100), bench_get (job, "spread", 1), &total);
  for (guint i = 0; i < SPLIT_ROUNDS; i++)
    {
      double seconds = time_pool (pool, items, bench_get (job, "chunk", 0), error);

      if (seconds < 0)
        return -1;
      best = MIN (best, seconds);
      alone = MIN (alone, time_alone (items));
    }
  return best * gmproc_pool_get_n_workers (pool) / alone;
}

/* The wall time with chunks of the pool's choice over that with the best fixed size. */
static double
measure_chunks (const BenchJob *job, GError **error)
{
  static const guint chunks[] = { 0, 1, 4, 16, 64, 256, 1024, 4096 };
  double best[G_N_ELEMENTS (chunks)];
  double best_fixed = G_MAXDOUBLE;
  g_autoptr (GmprocPool) pool = make_pool (job, 2, 0, error);
  g_autoptr (GVariant) items = NULL;
  gint64 total;

  if (pool == NULL)
    return -1;
  items = pool_items_make (bench_get (job, "item", 100), bench_get (job, "spread", 1), &total);
  for (guint i = 0; i < SPLIT_ROUNDS * G_N_ELEMENTS (chunks); i++)
    {
      guint place = i % G_N_ELEMENTS (chunks);
      double seconds = time_pool (pool, items, chunks[place], error);

      if (seconds < 0)
        return -1;
      best[place] = i < G_N_ELEMENTS (chunks) ? seconds : MIN (best[place], seconds);
    }
  for (guint i = 1; i < G_N_ELEMENTS (chunks); i++)
    best_fixed = MIN (best_fixed, best[i]);
  return best[0] / best_fixed;
}

/* From nothing until every worker has answered, in milliseconds. */
static double
measure_ready (const BenchJob *job, GError **error)
{
  gint64 n_workers = bench_get (job, "workers", 4);
  gint64 begin;
  double seconds = 0;

  for (gint64 i = 0; i < job->count; i++)
    {
      g_autoptr (GmprocPool) pool = NULL;
      g_autoptr (GVariant) items = make_numbers (n_workers * 4);
      g_autoptr (GVariant) results = NULL;

      begin = g_get_monotonic_time ();
      pool = gmproc_pool_new (n_workers, error);
      if (pool == NULL)
        return -1;
      g_object_set (pool, "chunk-size", 4, NULL);
      results = gmproc_pool_map (pool, square, items, NULL, error);
      if (results == NULL)
        return -1;
      seconds += bench_seconds_since (begin);
      gmproc_pool_close (pool);
      if (!gmproc_pool_join (pool, GMPROC_FOREVER, NULL, error))
        return -1;
    }
  return seconds * 1e3 / job->count;
}

/* The memory that the workers of a pool have in use, in MiB. */
static double
measure_memory (const BenchJob *job, GError **error)
{
  gint64 n_workers = bench_get (job, "workers", 200);
  g_autoptr (GmprocPool) pool = gmproc_pool_new (n_workers, error);
  double memory = 0;

  if (pool == NULL)
    return -1;
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GVariant) items = make_numbers (n_workers * 8);
      g_autoptr (GVariant) results = gmproc_pool_map (pool, square, items, NULL, error);

      if (results == NULL)
        return -1;
    }
  if (!pool_items_sum_memory (gmproc_pool_get_stats (pool), &memory))
    return bench_fail_support (error, "the memory of a process") - 1;
  return memory / (1024 * 1024);
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = {
    { "pool-apply", "us", measure_apply, 20 * 1000 },
    { "pool-single", "M/s", measure_single, 500 * 1000 },
    { "pool-map", "s", measure_map, 1000 * 1000 },
    { "pool-map-array", "s", measure_array, 1000 * 1000 },
    { "pool-split", "x", measure_split, 1 },
    { "pool-chunks", "x", measure_chunks, 1 },
    { "pool-ready", "ms", measure_ready, 10 },
    { "pool-memory", "MiB", measure_memory, 1 },
    { NULL, NULL, NULL, 0 },
  };

  gmproc_init (&argc, &argv);
  return bench_main (argc, argv, "ours", works);
}
