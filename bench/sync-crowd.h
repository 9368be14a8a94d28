/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The works of locks, barriers and events by the system's own means. A peer that has a lock, a
 * barrier and a signal in shared memory needs no more than these functions.
 */
#pragma once

#include "bench.h"

G_BEGIN_DECLS

/* NULL where the peer has none. Each is called by several processes, which forked from the one that
 * called `open`; the memory is shared and zero. */
typedef struct
{
  const char *name;
  void (*open) (gpointer memory, guint parties);
  void (*acquire) (gpointer memory);
  void (*release) (gpointer memory);
  void (*cross) (gpointer memory, guint parties);
  void (*set) (gpointer memory, guint which); /* of two signals */
  void (*wait_and_clear) (gpointer memory, guint which);
} SyncPeer;

#define SYNC_MEMORY (64 * 1024)
#define SYNC_SIGNALS (32 * 1024) /* from here on they are the peer's */

int sync_main (int argc, char **argv, const SyncPeer *peer);
void sync_die (const char *what);

G_END_DECLS
