/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The work done by the library.
 */
#include "measure.h"

#include <string.h>

GMPROC_DEFINE_TARGET (nothing)
{
  return 0;
}

GMPROC_DEFINE_TARGET (echo)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocConnection) peer = NULL;
  gint32 handle;
  gint64 trips;

  g_variant_get (args, "(hx)", &handle, &trips);
  peer = gmproc_connection_from_handle (handle, &error);
  for (gint64 i = 0; peer != NULL && i < trips; i++)
    {
      g_autoptr (GVariant) message = gmproc_connection_receive (peer, GMPROC_FOREVER, NULL, &error);

      if (message == NULL || !gmproc_connection_send (peer, message, NULL, &error))
        break;
    }
  if (error != NULL)
    g_printerr ("echo: %s\n", error->message);
  return error != NULL;
}

GMPROC_DEFINE_FUNCTION (square, "x", "x")
{
  gint64 n = g_variant_get_int64 (item);

  return g_variant_new_int64 (n * n);
}

GMPROC_DEFINE_FUNCTION (squares, "ax", "ax")
{
  gsize n_numbers;
  const gint64 *numbers = g_variant_get_fixed_array (item, &n_numbers, sizeof *numbers);
  gint64 *results = g_new (gint64, n_numbers);

  for (gsize i = 0; i < n_numbers; i++)
    results[i] = numbers[i] * numbers[i];
  return g_variant_new_from_data (G_VARIANT_TYPE ("ax"), results, n_numbers * sizeof *results, TRUE,
                                  g_free, results);
}

GMPROC_DEFINE_FUNCTION (own_pid, "x", "x")
{
  return g_variant_new_int64 (getpid ());
}

static gboolean
join (GmprocProcess *process, GError **error)
{
  if (!gmproc_process_join (process, GMPROC_FOREVER, NULL, error))
    return FALSE;
  return gmproc_process_get_exit_code (process) == 0 || fail_check (error, "a child failed");
}

/* A daemon, so that a measurement that is given up leaves nobody behind. */
static GmprocProcess *
start_daemon (GmprocTarget target, GVariant *args, GError **error)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (target, args);

  gmproc_process_set_daemon (process, TRUE);
  if (!gmproc_process_start (process, error))
    return NULL;
  return g_steal_pointer (&process);
}

static gboolean
start_and_join (gint64 starts, GError **error)
{
  for (gint64 i = 0; i < starts; i++)
    {
      g_autoptr (GmprocProcess) process = gmproc_process_new (nothing, NULL);

      if (!gmproc_process_start (process, error) || !join (process, error))
        return FALSE;
    }
  return TRUE;
}

double
our_start_join (const Job *job, GError **error)
{
  gint64 begin;

  if (!start_and_join (WARM_UP_STARTS, error))
    return -1;
  begin = g_get_monotonic_time ();
  return start_and_join (job->count, error) ? seconds_since (begin) : -1;
}

static gboolean
our_trips (GmprocConnection *peer, gint64 trips, GError **error)
{
  for (gint64 i = 0; i < trips; i++)
    {
      g_autoptr (GVariant) answer = NULL;

      if (!gmproc_connection_send (peer, g_variant_new_int64 (i), NULL, error))
        return FALSE;
      answer = gmproc_connection_receive (peer, GMPROC_FOREVER, NULL, error);
      if (answer == NULL)
        return FALSE;
      if (!g_variant_is_of_type (answer, G_VARIANT_TYPE_INT64) || g_variant_get_int64 (answer) != i)
        return fail_check (error, "an echo differs from what was sent");
    }
  return TRUE;
}

double
our_pipe (const Job *job, GError **error)
{
  g_autoptr (GmprocConnection) here = NULL;
  g_autoptr (GmprocConnection) there = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  gint64 begin;
  double seconds;

  if (!gmproc_pipe_new (TRUE, &here, &there, error))
    return -1;
  process = start_daemon (
      echo,
      g_variant_new ("(hx)", gmproc_connection_get_handle (there), WARM_UP_TRIPS + job->count),
      error);
  if (process == NULL)
    return -1;
  gmproc_connection_close (there);
  if (!our_trips (here, WARM_UP_TRIPS, error))
    return -1;
  begin = g_get_monotonic_time ();
  if (!our_trips (here, job->count, error))
    return -1;
  seconds = seconds_since (begin);
  return join (process, error) ? seconds : -1;
}

static GVariant *
numbers_below (gint64 end)
{
  gint64 *numbers = g_new (gint64, end);

  for (gint64 i = 0; i < end; i++)
    numbers[i] = i;
  return g_variant_ref_sink (g_variant_new_from_data (
      G_VARIANT_TYPE ("ax"), numbers, end * sizeof *numbers, TRUE, g_free, numbers));
}

/* Returns when every worker has answered once: a worker that is still starting is not timed. */
static gboolean
wait_for_workers (GmprocPool *pool, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (GVariant) items = numbers_below (4 * gmproc_pool_get_n_workers (pool));

  while (g_hash_table_size (seen) < gmproc_pool_get_n_workers (pool))
    {
      g_autoptr (GVariant) pids = gmproc_pool_map (pool, own_pid, items, NULL, error);
      const gint64 *pid;
      gsize n_pids;

      if (pids == NULL)
        return FALSE;
      pid = g_variant_get_fixed_array (pids, &n_pids, sizeof *pid);
      for (gsize i = 0; i < n_pids; i++)
        g_hash_table_add (seen, g_memdup2 (&pid[i], sizeof pid[i]));
    }
  return TRUE;
}

static gboolean
check_squares (GVariant *results, gint64 count, GError **error)
{
  const gint64 *result;
  gsize n_results;

  if (!g_variant_is_of_type (results, G_VARIANT_TYPE ("ax")))
    return fail_check (error, "the results have another type");
  result = g_variant_get_fixed_array (results, &n_results, sizeof *result);
  if (n_results != (gsize) count)
    return fail_check (error, "a result is missing");
  for (gint64 i = 0; i < count; i++)
    if (result[i] != i * i)
      return fail_check (error, "a result is wrong or out of order");
  return TRUE;
}

typedef GVariant *(*PoolCall) (GmprocPool *pool, GmprocFunction function, GVariant *items,
                               GCancellable *cancellable, GError **error);

static double
our_pool (const Job *job, PoolCall call, GmprocFunction function, GError **error)
{
  g_autoptr (GmprocPool) pool = gmproc_pool_new ((guint) job->workers, error);
  g_autoptr (GVariant) items = numbers_below (job->count);
  g_autoptr (GVariant) results = NULL;
  gint64 begin;
  double seconds;

  if (pool == NULL || !wait_for_workers (pool, error))
    return -1;
  begin = g_get_monotonic_time ();
  results = call (pool, function, items, NULL, error);
  seconds = seconds_since (begin);
  if (results == NULL || !check_squares (results, job->count, error))
    return -1;
  gmproc_pool_close (pool);
  return gmproc_pool_join (pool, GMPROC_FOREVER, NULL, error) ? seconds : -1;
}

double
our_pool_map (const Job *job, GError **error)
{
  return our_pool (job, gmproc_pool_map, square, error);
}

double
our_pool_map_array (const Job *job, GError **error)
{
  return our_pool (job, gmproc_pool_map_array, squares, error);
}
