/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "guard.h"

#include "crash-point.h"
#include "spin.h"

/* A section takes less time than these looks, unless its process was put to sleep inside. Each look
 * takes the lock's cache line from the one inside, so they come at ever longer intervals. */
#define SPIN_ROUNDS (10)
#define LONGEST_PAUSE (64)

static gboolean
is_inside (GmprocPortLockResult result)
{
  /* A section never calls out, so its own thread cannot be inside already. */
  g_assert (result != GMPROC_PORT_LOCK_HELD);

  if (result != GMPROC_PORT_LOCK_ACQUIRED && result != GMPROC_PORT_LOCK_ABANDONED)
    return FALSE;
  if (result == GMPROC_PORT_LOCK_ABANDONED && GMPROC_CRASH_BREAKS ("no-owner-dead"))
    return FALSE;
  GMPROC_CRASH_POINT ("guard-entered");
  return TRUE;
}

gboolean
gmproc_guard_try (GmprocPortLock *lock)
{
  guint rounds = gmproc_spin_is_useful () ? SPIN_ROUNDS : 0;
  guint pauses = 1;

  while (!is_inside (gmproc_port_lock_try (lock)))
    {
      if (rounds-- == 0)
        return FALSE;
      gmproc_spin_pauses (pauses);
      pauses = MIN (2 * pauses, LONGEST_PAUSE);
    }
  return TRUE;
}

/* Who was woken often runs before the one that woke it has left the section (waitpoint.h), most of
 * all where both share a processor; and where there are more processes than processors, the one
 * inside may wait for one. To let that one go on costs less than to sleep and be woken again. */
static gboolean
try_and_yield (GmprocPortLock *lock)
{
  if (gmproc_guard_try (lock))
    return TRUE;
  g_thread_yield ();
  return gmproc_guard_try (lock);
}

gboolean
gmproc_guard_take_turn (GmprocPortLock *lock, gint64 deadline, GCancellable *cancellable,
                        GError **error)
{
  GmprocPortLockResult result = gmproc_port_lock_acquire (lock, deadline, cancellable);

  if (is_inside (result))
    return TRUE;

  if (result == GMPROC_PORT_LOCK_CANCELLED)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Timed out");
  return FALSE;
}

gboolean
gmproc_guard_enter (GmprocPortLock *lock, gint64 deadline, GCancellable *cancellable,
                    GError **error)
{
  if (G_LIKELY (is_inside (gmproc_port_lock_try (lock))) || try_and_yield (lock))
    return TRUE;

  if (deadline != GMPROC_PORT_FOREVER)
    deadline = MAX (deadline, g_get_monotonic_time () + GMPROC_GUARD_GRACE);
  return gmproc_guard_take_turn (lock, deadline, cancellable, error);
}

void
gmproc_guard_enter_always (GmprocPortLock *lock)
{
  gboolean is_in = try_and_yield (lock)
                   || is_inside (gmproc_port_lock_acquire (lock, GMPROC_PORT_FOREVER, NULL));

  g_assert (is_in);
}

void
gmproc_guard_leave (GmprocPortLock *lock)
{
  gboolean was_inside;

  GMPROC_CRASH_POINT ("guard-leave");
  gmproc_crash_point_run_deferred ();
  was_inside = gmproc_port_lock_release (lock);
  GMPROC_CRASH_POINT ("guard-left");

  g_assert (was_inside);
}
