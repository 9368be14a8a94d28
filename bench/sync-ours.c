/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The works of locks, barriers and events, by this library.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <time.h>

#include "bench.h"

#define MOST_PARTIES (64)
#define WARM_UP (1000)
#define IDLE_TIME (2 * G_TIME_SPAN_SECOND)

static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (EXIT_FAILURE);
}

#define DEFINE_OPEN(Type, type)                            \
  static Type *open_##type (GVariant *args, gsize index)   \
  {                                                        \
    g_autoptr (GError) error = NULL;                       \
    gint32 handle;                                         \
    Type *object;                                          \
                                                           \
    g_variant_get_child (args, index, "h", &handle);       \
    object = gmproc_##type##_from_handle (handle, &error); \
    check (error);                                         \
    return object;                                         \
  }

DEFINE_OPEN (GmprocBarrier, barrier)
DEFINE_OPEN (GmprocEvent, event)
DEFINE_OPEN (GmprocLock, lock)

static GmprocProcess *
start (GmprocTarget target, GVariant *args)
{
  GmprocProcess *process = gmproc_process_new (target, args);
  g_autoptr (GError) error = NULL;

  gmproc_process_set_daemon (process, TRUE);
  gmproc_process_start (process, &error);
  check (error);
  return process;
}

static gboolean
join (GmprocProcess *process, GError **error)
{
  g_autoptr (GmprocProcess) owned = process;

  if (!gmproc_process_join (process, GMPROC_FOREVER, NULL, error))
    return FALSE;
  return gmproc_process_get_exit_code (process) == EXIT_SUCCESS
         || bench_fail_check (error, "a process failed");
}

/* -- locks ------------------------------------------------------------------------------------- */

static void
acquire_and_release (GmprocLock *lock, gint64 count)
{
  for (gint64 i = 0; i < count; i++)
    if (!gmproc_lock_acquire (lock, GMPROC_FOREVER, NULL, NULL)
        || !gmproc_lock_release (lock, NULL))
      exit (EXIT_FAILURE);
}

static double
measure_lock (const BenchJob *job, GError **error)
{
  g_autoptr (GmprocLock) lock = gmproc_lock_new (error);
  gint64 begin;

  if (lock == NULL)
    return -1;
  acquire_and_release (lock, WARM_UP);
  begin = bench_now_ns ();
  acquire_and_release (lock, job->count);
  return (double) (bench_now_ns () - begin) / (double) job->count;
}

/* Inside, a counter that needs the lock goes up. */
static void
count_up (GmprocLock *lock, gint64 *counter, gint64 count)
{
  for (gint64 i = 0; i < count; i++)
    {
      if (!gmproc_lock_acquire (lock, GMPROC_FOREVER, NULL, NULL))
        exit (EXIT_FAILURE);
      *(volatile gint64 *) counter += 1;
      if (!gmproc_lock_release (lock, NULL))
        exit (EXIT_FAILURE);
    }
}

GMPROC_DEFINE_TARGET (count_in_child)
{
  g_autoptr (GmprocLock) lock = open_lock (args, 0);
  g_autoptr (GmprocBarrier) barrier = open_barrier (args, 1);
  g_autoptr (GmprocArray) array = NULL;
  gint64 count;
  gint32 handle;

  g_variant_get_child (args, 2, "h", &handle);
  g_variant_get_child (args, 3, "x", &count);
  array = gmproc_array_from_handle (handle, NULL);
  (void) gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, NULL);
  count_up (lock, gmproc_array_get_data (array, NULL), count);
  (void) gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, NULL);
  return EXIT_SUCCESS;
}

static double
measure_contended (const BenchJob *job, GError **error)
{
  g_autoptr (GmprocLock) lock = gmproc_lock_new (error);
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (2, error);
  g_autoptr (GmprocArray) array = gmproc_array_new ("x", 1, error);
  gint64 *counter = gmproc_array_get_data (array, NULL);
  gint64 begin, end;
  GmprocProcess *other =
      start (count_in_child, g_variant_new ("(hhhx)", gmproc_lock_get_handle (lock),
                                            gmproc_barrier_get_handle (barrier),
                                            gmproc_array_get_handle (array), job->count));

  (void) gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, NULL);
  begin = bench_now_ns ();
  count_up (lock, counter, job->count);
  (void) gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, NULL);
  end = bench_now_ns ();
  if (!join (other, error))
    return -1;
  if (*counter != 2 * job->count)
    return bench_fail_check (error, "the lock let two in at once") - 1.0;
  return (double) (end - begin) / (double) (2 * job->count);
}

/* -- barriers ---------------------------------------------------------------------------------- */

static void
cross (GmprocBarrier *barrier, gint64 count)
{
  for (gint64 i = 0; i < count; i++)
    if (gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, NULL) == -1)
      exit (EXIT_FAILURE);
}

GMPROC_DEFINE_TARGET (cross_in_child)
{
  g_autoptr (GmprocBarrier) barrier = open_barrier (args, 0);
  gint64 count;

  g_variant_get_child (args, 1, "x", &count);
  cross (barrier, count);
  return EXIT_SUCCESS;
}

static double
measure_barrier (const BenchJob *job, GError **error)
{
  gint64 n_parties = bench_get (job, "parties", 2);
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new ((guint) n_parties, error);
  GmprocProcess *others[MOST_PARTIES];
  gint64 begin, end;

  if (barrier == NULL || n_parties < 2 || n_parties > MOST_PARTIES)
    return -1;
  for (gint64 i = 1; i < n_parties; i++)
    others[i] = start (cross_in_child, g_variant_new ("(hx)", gmproc_barrier_get_handle (barrier),
                                                      WARM_UP + job->count));
  cross (barrier, WARM_UP);
  begin = bench_now_ns ();
  cross (barrier, job->count);
  end = bench_now_ns ();
  for (gint64 i = 1; i < n_parties; i++)
    if (!join (others[i], error))
      return -1;
  return (double) (end - begin) / (double) job->count / 1000;
}

/* -- events ------------------------------------------------------------------------------------ */

static void
answer (GmprocEvent *in, GmprocEvent *out, gint64 count)
{
  for (gint64 i = 0; i < count; i++)
    {
      if (!gmproc_event_wait (in, GMPROC_FOREVER, NULL, NULL))
        exit (EXIT_FAILURE);
      gmproc_event_clear (in);
      gmproc_event_set (out);
    }
}

GMPROC_DEFINE_TARGET (answer_in_child)
{
  g_autoptr (GmprocEvent) in = open_event (args, 0);
  g_autoptr (GmprocEvent) out = open_event (args, 1);
  gint64 count;

  g_variant_get_child (args, 2, "x", &count);
  answer (in, out, count);
  return EXIT_SUCCESS;
}

/* There and back. */
static double
measure_event (const BenchJob *job, GError **error)
{
  g_autoptr (GmprocEvent) there = gmproc_event_new (error);
  g_autoptr (GmprocEvent) back = gmproc_event_new (error);
  gint64 begin, end;
  GmprocProcess *other =
      start (answer_in_child, g_variant_new ("(hhx)", gmproc_event_get_handle (there),
                                             gmproc_event_get_handle (back), WARM_UP + job->count));

  gmproc_event_set (there);
  answer (back, there, WARM_UP - 1);
  begin = bench_now_ns ();
  answer (back, there, job->count);
  end = bench_now_ns ();
  (void) gmproc_event_wait (back, GMPROC_FOREVER, NULL, NULL);
  if (!join (other, error))
    return -1;
  return (double) (end - begin) / (double) job->count / 1000;
}

/* -- what it costs ----------------------------------------------------------------------------- */

/* Processor time of this process while it waits, in milliseconds for each second. */
static double
measure_idle (G_GNUC_UNUSED const BenchJob *job, GError **error)
{
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (2, error);
  struct timespec begin, end;

  if (barrier == NULL)
    return -1;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &begin);
  (void) gmproc_barrier_wait (barrier, IDLE_TIME, NULL, NULL);
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &end);
  return ((double) (end.tv_sec - begin.tv_sec) * 1e3 + (double) (end.tv_nsec - begin.tv_nsec) / 1e6)
         / ((double) IDLE_TIME / G_USEC_PER_SEC);
}

static double
measure_memory (const BenchJob *job, GError **error)
{
  g_autoptr (GPtrArray) locks = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 before = bench_get_memory (error);

  for (gint64 i = 0; i < job->count; i++)
    {
      GmprocLock *lock = gmproc_lock_new (error);

      if (lock == NULL)
        return -1;
      g_ptr_array_add (locks, lock);
    }
  return (double) (bench_get_memory (error) - before) / (1024 * 1024);
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = {
    { "sync-lock", "ns", measure_lock, 5000000 },
    { "sync-contended", "ns", measure_contended, 2000000 },
    { "sync-barrier", "us", measure_barrier, 100000 },
    { "sync-event", "us", measure_event, 50000 },
    { "sync-idle", "ms", measure_idle, 1 },
    { "sync-memory", "MiB", measure_memory, 10000 },
    { 0 },
  };

  gmproc_init (&argc, &argv);
  return bench_main (argc, argv, "ours", works);
}
