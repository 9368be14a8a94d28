/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The raw limit: a robust mutex between processes, a barrier and a signal of one futex each, with
 * nothing that a killed process would need.
 */
#include "sync-crowd.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct
{
  pthread_mutex_t mutex;
  char apart[64];
  guint32 round;
  guint32 arrived;
} Memory;

static guint32 *
get_signal (gpointer memory, guint which)
{
  return (guint32 *) (gpointer) ((char *) memory + SYNC_SIGNALS + which * 128);
}

static void
futex (guint32 *word, int operation, guint32 value)
{
  (void) syscall (SYS_futex, word, operation, value, NULL, NULL, 0);
}

static void
open_memory (gpointer memory, G_GNUC_UNUSED guint parties)
{
  Memory *self = memory;
  pthread_mutexattr_t attributes;

  (void) pthread_mutexattr_init (&attributes);
  (void) pthread_mutexattr_setpshared (&attributes, PTHREAD_PROCESS_SHARED);
  (void) pthread_mutexattr_setrobust (&attributes, PTHREAD_MUTEX_ROBUST);
  errno = pthread_mutex_init (&self->mutex, &attributes);
  if (errno != 0)
    sync_die ("pthread_mutex_init");
}

static void
acquire (gpointer memory)
{
  if (pthread_mutex_lock (&((Memory *) memory)->mutex) != 0)
    sync_die ("pthread_mutex_lock");
}

static void
release (gpointer memory)
{
  if (pthread_mutex_unlock (&((Memory *) memory)->mutex) != 0)
    sync_die ("pthread_mutex_unlock");
}

static void
cross (gpointer memory, guint parties)
{
  Memory *self = memory;
  guint32 round = __atomic_load_n (&self->round, __ATOMIC_SEQ_CST);

  if (__atomic_add_fetch (&self->arrived, 1, __ATOMIC_SEQ_CST) == parties)
    {
      __atomic_store_n (&self->arrived, 0, __ATOMIC_SEQ_CST);
      __atomic_store_n (&self->round, round + 1, __ATOMIC_SEQ_CST);
      futex (&self->round, FUTEX_WAKE, INT_MAX);
      return;
    }
  while (__atomic_load_n (&self->round, __ATOMIC_SEQ_CST) == round)
    futex (&self->round, FUTEX_WAIT, round);
}

static void
set (gpointer memory, guint which)
{
  guint32 *word = get_signal (memory, which);

  __atomic_store_n (word, 1, __ATOMIC_SEQ_CST);
  futex (word, FUTEX_WAKE, 1);
}

static void
wait_and_clear (gpointer memory, guint which)
{
  guint32 *word = get_signal (memory, which);

  while (__atomic_exchange_n (word, 0, __ATOMIC_SEQ_CST) == 0)
    futex (word, FUTEX_WAIT, 0);
}

int
main (int argc, char **argv)
{
  static const SyncPeer raw = { .name = "raw",
                                .open = open_memory,
                                .acquire = acquire,
                                .release = release,
                                .cross = cross,
                                .set = set,
                                .wait_and_clear = wait_and_clear };

  return sync_main (argc, argv, &raw);
}
