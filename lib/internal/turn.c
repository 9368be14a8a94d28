/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "turn.h"

#include "port/port.h"

/* CONTENDED: somebody may wait for it. A waiter makes it that before each wait, and leaves it so
 * when it is the one who takes it, as others may wait behind it. */
enum
{
  FREE,
  TAKEN,
  CONTENDED
};

void
gmproc_turn_init (GmprocTurn *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->given);
  self->state = FREE;
}

void
gmproc_turn_clear (GmprocTurn *self)
{
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->given);
}

gboolean
gmproc_turn_try (GmprocTurn *self)
{
  return g_atomic_int_compare_and_exchange (&self->state, FREE, TAKEN);
}

static void
wake_for_cancel (G_GNUC_UNUSED GCancellable *cancellable, gpointer user_data)
{
  GmprocTurn *self = user_data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->given);
  g_mutex_unlock (&self->mutex);
}

/* Looks after every wait, also after the last one: who was woken by give() has to take it. */
static gboolean
take_locked (GmprocTurn *self, gint64 deadline, GCancellable *cancellable)
{
  gboolean is_late = FALSE;

  while (__atomic_exchange_n (&self->state, CONTENDED, __ATOMIC_ACQ_REL) != FREE)
    {
      if (is_late || g_cancellable_is_cancelled (cancellable))
        return FALSE;
      if (deadline == GMPROC_PORT_FOREVER)
        g_cond_wait (&self->given, &self->mutex);
      else
        is_late = !g_cond_wait_until (&self->given, &self->mutex, deadline);
    }
  return TRUE;
}

gboolean
gmproc_turn_take (GmprocTurn *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  gulong connection = 0;
  gboolean taken;

  if (gmproc_turn_try (self))
    return TRUE;

  if (cancellable != NULL)
    connection = g_cancellable_connect (cancellable, G_CALLBACK (wake_for_cancel), self, NULL);
  g_mutex_lock (&self->mutex);
  taken = take_locked (self, deadline, cancellable);
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, connection);

  if (!taken && !g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         "Timed out while another thread uses the object");
  return taken;
}

/* A waiter that has made it CONTENDED waits, or holds the mutex until it does. */
void
gmproc_turn_give (GmprocTurn *self)
{
  if (__atomic_exchange_n (&self->state, FREE, __ATOMIC_ACQ_REL) != CONTENDED)
    return;

  g_mutex_lock (&self->mutex);
  g_cond_signal (&self->given);
  g_mutex_unlock (&self->mutex);
}
