/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The C library's barrier between processes, which waits for ever when one of them is killed.
 */
#include "sync-crowd.h"

#include <errno.h>
#include <pthread.h>

static void
open_memory (gpointer memory, guint parties)
{
  pthread_barrierattr_t attributes;

  (void) pthread_barrierattr_init (&attributes);
  (void) pthread_barrierattr_setpshared (&attributes, PTHREAD_PROCESS_SHARED);
  errno = pthread_barrier_init (memory, &attributes, parties);
  if (errno != 0)
    sync_die ("pthread_barrier_init");
}

static void
cross (gpointer memory, G_GNUC_UNUSED guint parties)
{
  int result = pthread_barrier_wait (memory);

  if (result != 0 && result != PTHREAD_BARRIER_SERIAL_THREAD)
    sync_die ("pthread_barrier_wait");
}

int
main (int argc, char **argv)
{
  static const SyncPeer peer = { .name = "pthread", .open = open_memory, .cross = cross };

  return sync_main (argc, argv, &peer);
}
