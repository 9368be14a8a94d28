/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Looking again for a moment before sleeping. A sleep and a wake-up across processors cost 20 to 60
 * microseconds; what is waited for often comes sooner. On one processor it cannot come while we
 * look, so there nobody spins.
 */
#pragma once

#include "port/port.h"

G_BEGIN_DECLS

static inline guint
gmproc_spin_get_n_processors (void)
{
  static int n_processors; /* the answer never changes, so a race computes it twice */

  if (g_atomic_int_get (&n_processors) == 0)
    g_atomic_int_set (&n_processors, (int) gmproc_port_self_get_n_processors ());
  return (guint) g_atomic_int_get (&n_processors);
}

static inline gboolean
gmproc_spin_is_useful (void)
{
  return gmproc_spin_get_n_processors () > 1;
}

/* Tells the processor that this is a loop that waits for another one. */
static inline void
gmproc_spin_pause (void)
{
#if defined(__i386__) || defined(__x86_64__)
  __builtin_ia32_pause ();
#else
  __atomic_signal_fence (__ATOMIC_SEQ_CST);
#endif
}

/* Between two looks. Each takes the cache line of what is looked at from who works on it. */
static inline void
gmproc_spin_pauses (guint n)
{
  for (guint i = 0; i < n; i++)
    gmproc_spin_pause ();
}

G_END_DECLS
