/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "sync-crowd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_PARTIES (64)
#define WARM_UP (1000)

static const SyncPeer *peer;

/* What processes start at the same moment, and count together. */
typedef struct
{
  guint32 n_ready;
  gint64 counter;
} Shared;

static Shared *shared;
static gpointer memory;

void
sync_die (const char *what)
{
  g_printerr ("%s: %s\n", what, g_strerror (errno));
  exit (EXIT_FAILURE);
}

static gpointer
map (gsize size)
{
  gpointer mapping = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (mapping == MAP_FAILED)
    sync_die ("mmap");
  return mapping;
}

static void
open_all (guint parties)
{
  shared = map (sizeof *shared);
  memory = map (SYNC_MEMORY);
  peer->open (memory, parties);
}

/* Starts N processes that run WORK. */
static void
fork_crowd (guint n, void (*work) (gint64 count), gint64 count)
{
  for (guint i = 0; i < n; i++)
    {
      pid_t pid = fork ();

      if (pid == -1)
        sync_die ("fork");
      if (pid == 0)
        {
          work (count);
          _exit (EXIT_SUCCESS);
        }
    }
}

static gboolean
reap (guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      int status;

      if (wait (&status) == -1)
        return bench_fail_errno (error, "wait");
      if (status != 0)
        return bench_fail_check (error, "a process failed");
    }
  return TRUE;
}

static void
meet (guint n)
{
  (void) __atomic_add_fetch (&shared->n_ready, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n (&shared->n_ready, __ATOMIC_SEQ_CST) < n)
    (void) usleep (10);
}

/* -- locks ------------------------------------------------------------------------------------- */

static double
measure_lock (const BenchJob *job, GError **error)
{
  gint64 begin;

  if (peer->acquire == NULL)
    return bench_fail_support (error, "no lock") - 1.0;
  open_all (2);
  begin = bench_now_ns ();
  for (gint64 i = 0; i < job->count; i++)
    {
      peer->acquire (memory);
      peer->release (memory);
    }
  return (double) (bench_now_ns () - begin) / (double) job->count;
}

static void
count_up (gint64 count)
{
  meet (2);
  for (gint64 i = 0; i < count; i++)
    {
      peer->acquire (memory);
      *(volatile gint64 *) &shared->counter += 1;
      peer->release (memory);
    }
  (void) __atomic_add_fetch (&shared->n_ready, 1, __ATOMIC_SEQ_CST);
}

static double
measure_contended (const BenchJob *job, GError **error)
{
  gint64 begin, end;

  if (peer->acquire == NULL)
    return bench_fail_support (error, "no lock") - 1.0;
  open_all (2);
  fork_crowd (1, count_up, job->count);
  while (__atomic_load_n (&shared->n_ready, __ATOMIC_SEQ_CST) == 0)
    (void) usleep (10);
  begin = bench_now_ns ();
  count_up (job->count);
  if (!reap (1, error))
    return -1;
  end = bench_now_ns ();
  if (shared->counter != 2 * job->count)
    return bench_fail_check (error, "the lock let two in at once") - 1.0;
  return (double) (end - begin) / (double) (2 * job->count);
}

/* -- barriers ---------------------------------------------------------------------------------- */

static guint n_parties;

static void
cross (gint64 count)
{
  for (gint64 i = 0; i < count; i++)
    peer->cross (memory, n_parties);
}

static double
measure_barrier (const BenchJob *job, GError **error)
{
  gint64 begin, end;

  n_parties = (guint) CLAMP (bench_get (job, "parties", 2), 2, MOST_PARTIES);
  if (peer->cross == NULL)
    return bench_fail_support (error, "no barrier") - 1.0;
  open_all (n_parties);
  fork_crowd (n_parties - 1, cross, WARM_UP + job->count);
  cross (WARM_UP);
  begin = bench_now_ns ();
  cross (job->count);
  end = bench_now_ns ();
  if (!reap (n_parties - 1, error))
    return -1;
  return (double) (end - begin) / (double) job->count / 1000;
}

/* -- signals ----------------------------------------------------------------------------------- */

static void
answer (gint64 count)
{
  for (gint64 i = 0; i < count; i++)
    {
      peer->wait_and_clear (memory, 0);
      peer->set (memory, 1);
    }
}

static void
ask (gint64 count)
{
  for (gint64 i = 0; i < count; i++)
    {
      peer->set (memory, 0);
      peer->wait_and_clear (memory, 1);
    }
}

static double
measure_event (const BenchJob *job, GError **error)
{
  gint64 begin, end;

  if (peer->set == NULL)
    return bench_fail_support (error, "no signal") - 1.0;
  open_all (2);
  fork_crowd (1, answer, WARM_UP + job->count);
  ask (WARM_UP);
  begin = bench_now_ns ();
  ask (job->count);
  end = bench_now_ns ();
  if (!reap (1, error))
    return -1;
  return (double) (end - begin) / (double) job->count / 1000;
}

int
sync_main (int argc, char **argv, const SyncPeer *the_peer)
{
  static const BenchWork works[] = {
    { "sync-lock", "ns", measure_lock, 5000000 },
    { "sync-contended", "ns", measure_contended, 2000000 },
    { "sync-barrier", "us", measure_barrier, 100000 },
    { "sync-event", "us", measure_event, 50000 },
    { 0 },
  };

  peer = the_peer;
  return bench_main (argc, argv, peer->name, works);
}
