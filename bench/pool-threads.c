/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The works of a pool within one process, by GThreadPool: what there is to reach, for a crash takes
 * all of it. A task is a pointer; an item that is a boxed number costs what it costs elsewhere.
 */
#include "bench.h"

typedef struct
{
  GMutex mutex;
  GCond done;
  gint64 n_left;
} Counter;

typedef struct
{
  GVariant *item;
  GVariant *result;
  Counter *counter;
} Task;

static void
run (gpointer data, G_GNUC_UNUSED gpointer user_data)
{
  Task *task = data;
  gint64 n = g_variant_get_int64 (task->item);

  task->result = g_variant_ref_sink (g_variant_new_int64 (n * n));
  g_mutex_lock (&task->counter->mutex);
  if (--task->counter->n_left == 0)
    g_cond_signal (&task->counter->done);
  g_mutex_unlock (&task->counter->mutex);
}

/* All of them; FALSE when one square is wrong. */
static gboolean
run_tasks (GThreadPool *pool, gint64 first, gint64 count)
{
  Counter counter = { .n_left = count };
  Task *tasks = g_new (Task, count);
  gboolean is_right = TRUE;

  g_mutex_init (&counter.mutex);
  g_cond_init (&counter.done);
  for (gint64 i = 0; i < count; i++)
    {
      tasks[i] = (Task){ g_variant_ref_sink (g_variant_new_int64 (first + i)), NULL, &counter };
      g_thread_pool_push (pool, &tasks[i], NULL);
    }
  g_mutex_lock (&counter.mutex);
  while (counter.n_left > 0)
    g_cond_wait (&counter.done, &counter.mutex);
  g_mutex_unlock (&counter.mutex);

  for (gint64 i = 0; i < count; i++)
    {
      is_right &= g_variant_get_int64 (tasks[i].result) == (first + i) * (first + i);
      g_variant_unref (tasks[i].item);
      g_variant_unref (tasks[i].result);
    }
  g_free (tasks);
  g_mutex_clear (&counter.mutex);
  g_cond_clear (&counter.done);
  return is_right;
}

/* Seconds for COUNT items, of which ROUND are under way together; negative with an error. */
static double
time_rounds (const BenchJob *job, int n_threads, gint64 round, GError **error)
{
  GThreadPool *pool = g_thread_pool_new (run, NULL, n_threads, TRUE, error);
  gint64 begin;
  gboolean is_right;
  double seconds;

  if (pool == NULL)
    return -1;
  is_right = run_tasks (pool, 0, 1000);
  begin = g_get_monotonic_time ();
  for (gint64 i = 0; i < job->count; i += round)
    is_right &= run_tasks (pool, i, MIN (round, job->count - i));
  seconds = bench_seconds_since (begin);
  g_thread_pool_free (pool, FALSE, TRUE);
  return is_right ? seconds : bench_fail_check (error, "a square") - 1;
}

static double
measure_apply (const BenchJob *job, GError **error)
{
  double seconds = time_rounds (job, 1, 1, error);

  return seconds < 0 ? seconds : seconds * 1e6 / job->count;
}

static double
measure_single (const BenchJob *job, GError **error)
{
  double seconds = time_rounds (job, 2, job->count, error);

  return seconds < 0 ? seconds : job->count / seconds / 1e6;
}

static double
measure_map (const BenchJob *job, GError **error)
{
  double seconds = time_rounds (job, 2, job->count, error);

  return seconds < 0 ? seconds : seconds * 1e6 / job->count;
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = {
    { "pool-apply", "us", measure_apply, 20 * 1000 },
    { "pool-single", "M/s", measure_single, 500 * 1000 },
    { "pool-map", "s", measure_map, 1000 * 1000 },
    { NULL, NULL, NULL, 0 },
  };

  return bench_main (argc, argv, "threads", works);
}
