/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "turn.h"

#include "port/port.h"

void
gmproc_turn_init (GmprocTurn *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->given);
  self->is_taken = FALSE;
  self->n_waiting = 0;
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
  gboolean was_free;

  g_mutex_lock (&self->mutex);
  was_free = !self->is_taken;
  self->is_taken = TRUE;
  g_mutex_unlock (&self->mutex);
  return was_free;
}

static void
wake_for_cancel (G_GNUC_UNUSED GCancellable *cancellable, gpointer user_data)
{
  GmprocTurn *self = user_data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->given);
  g_mutex_unlock (&self->mutex);
}

static gboolean
take_locked (GmprocTurn *self, gint64 deadline, GCancellable *cancellable)
{
  while (self->is_taken && !g_cancellable_is_cancelled (cancellable))
    {
      if (deadline == GMPROC_PORT_FOREVER)
        g_cond_wait (&self->given, &self->mutex);
      else if (!g_cond_wait_until (&self->given, &self->mutex, deadline))
        break;
    }
  if (self->is_taken)
    return FALSE;

  self->is_taken = TRUE;
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
  self->n_waiting++;
  taken = take_locked (self, deadline, cancellable);
  self->n_waiting--;
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, connection);

  if (!taken && !g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         "Timed out while another thread uses the object");
  return taken;
}

void
gmproc_turn_give (GmprocTurn *self)
{
  g_mutex_lock (&self->mutex);
  self->is_taken = FALSE;
  if (self->n_waiting > 0)
    g_cond_signal (&self->given);
  g_mutex_unlock (&self->mutex);
}
