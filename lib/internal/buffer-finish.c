/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * How many messages are finished is one word, and how many were put is in the tail of the ring. So
 * what is unfinished needs no count of its own, which a killed process could leave wrong between a
 * put and its count. Only finishing makes the difference smaller, and only whoever makes it zero
 * wakes those who wait for that; a put that comes at the same moment costs a needless look.
 */
#include "config.h"

#include "buffer-private.h"

#include "crash-point.h"
#include "gmproc-error.h"

static guint32
load_finished (GmprocBuffer *self)
{
  return __atomic_load_n (&self->place->n_finished, __ATOMIC_ACQUIRE);
}

/* First what is finished: it never is more than what was put before. */
guint
gmproc_buffer_count_unfinished (GmprocBuffer *self)
{
  guint32 n_finished = load_finished (self);

  return gmproc_ring_count_put (&self->ring) - n_finished;
}

static gboolean
finish_one_locked (GmprocBuffer *self, GError **error)
{
  guint32 n_finished = self->place->n_finished;

  if (n_finished == gmproc_ring_count_taken (&self->ring))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                   "Of the %u items that were taken out of the queue all are done already",
                   n_finished);
      return FALSE;
    }

  GMPROC_CRASH_POINT ("buffer-finish-wake");
  if (n_finished + 1 == gmproc_ring_count_put (&self->ring))
    gmproc_waitpoint_wake (&self->finished);
  GMPROC_CRASH_POINT ("buffer-finish-commit");
  __atomic_store_n (&self->place->n_finished, n_finished + 1, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("buffer-finished");
  return TRUE;
}

gboolean
gmproc_buffer_finish_one (GmprocBuffer *self, GError **error)
{
  gboolean is_done;

  gmproc_guard_enter_always (&self->finish_lock);
  is_done = finish_one_locked (self, error);
  gmproc_guard_leave (&self->finish_lock);
  return is_done;
}

gboolean
gmproc_buffer_await_finished (GmprocBuffer *self, gint64 deadline, GCancellable *cancellable,
                              GError **error)
{
  while (gmproc_buffer_count_unfinished (self) != 0)
    {
      guint32 prepared = 0;
      gboolean is_finished;

      if (!gmproc_guard_enter (&self->finish_lock, deadline, cancellable, error))
        return FALSE;
      is_finished = gmproc_buffer_count_unfinished (self) == 0;
      if (!is_finished)
        prepared = gmproc_waitpoint_prepare (&self->finished);
      gmproc_guard_leave (&self->finish_lock);

      if (!is_finished
          && !gmproc_waitpoint_sleep (&self->finished, prepared, deadline, cancellable, error))
        return FALSE;
    }
  return TRUE;
}
