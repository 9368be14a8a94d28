/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "waitpoint.h"

#include "crash-point.h"
#include "deadline.h"
#include "spin.h"

/* As long as one sleep and wake-up across processors takes: then spinning at most doubles the cost
 * of a wait, and an idle waiter soon uses no processor time. */
#define SPIN_TIME (40)
#define SPIN_ROUNDS_BETWEEN_LOOKS_AT_THE_CLOCK (64)

gboolean
gmproc_waitpoint_create (GmprocWaitpoint *self, GmprocWaitpointPlace *place, GError **error)
{
  self->place = place;
  place->asleep = 0;
  return gmproc_port_word_create (&self->word, &place->word, error);
}

gboolean
gmproc_waitpoint_attach (GmprocWaitpoint *self, GmprocWaitpointPlace *place, gintptr handle,
                         GError **error)
{
  self->place = place;
  return gmproc_port_word_attach (&self->word, &place->word, handle, error);
}

void
gmproc_waitpoint_detach (GmprocWaitpoint *self)
{
  gmproc_port_word_detach (&self->word);
  self->place = NULL;
}

guint32
gmproc_waitpoint_prepare (GmprocWaitpoint *self)
{
  GMPROC_CRASH_POINT ("waitpoint-prepare");
  self->place->asleep = 1;
  GMPROC_CRASH_POINT ("waitpoint-prepared");
  return gmproc_port_word_load (&self->word);
}

/* TRUE when the word changed meanwhile. */
static gboolean
spin (GmprocWaitpoint *self, guint32 prepared, gint64 deadline)
{
  gint64 end;

  if (!gmproc_spin_is_useful ())
    return FALSE;

  end = MIN (g_get_monotonic_time () + SPIN_TIME, deadline);
  do
    {
      for (guint i = 0; i < SPIN_ROUNDS_BETWEEN_LOOKS_AT_THE_CLOCK; i++)
        {
          if (gmproc_port_word_load (&self->word) != prepared)
            return TRUE;
          gmproc_spin_pause ();
        }
    }
  while (g_get_monotonic_time () < end);

  return FALSE;
}

static void
wake_for_cancel (G_GNUC_UNUSED GCancellable *cancellable, gpointer user_data)
{
  GmprocWaitpoint *self = user_data;

  gmproc_port_word_advance (&self->word);
}

gboolean
gmproc_waitpoint_sleep (GmprocWaitpoint *self, guint32 prepared, gint64 deadline,
                        GCancellable *cancellable, GError **error)
{
  gulong connection = 0;
  gboolean in_time;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  GMPROC_CRASH_POINT ("waitpoint-sleep");
  in_time = !gmproc_deadline_has_passed (deadline);
  if (in_time && spin (self, prepared, deadline))
    return TRUE;

  /* Connecting calls wake_for_cancel at once if the cancel came meanwhile. */
  if (in_time && cancellable != NULL)
    connection = g_cancellable_connect (cancellable, G_CALLBACK (wake_for_cancel), self, NULL);
  if (in_time)
    in_time = gmproc_port_word_wait (&self->word, prepared, deadline);
  GMPROC_CRASH_POINT ("waitpoint-slept");
  if (connection != 0)
    g_cancellable_disconnect (cancellable, connection);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!in_time)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Timed out");
      return FALSE;
    }

  return TRUE;
}

static void
wake_sleepers (gpointer data)
{
  GmprocWaitpoint *self = data;

  if (self->place->asleep == 0)
    return;

  if (GMPROC_CRASH_BREAKS ("asleep-first"))
    self->place->asleep = 0;
  /* In this order: killed in between, `asleep` still says that there may be sleepers. */
  GMPROC_CRASH_POINT ("waitpoint-advance");
  gmproc_port_word_advance (&self->word);
  GMPROC_CRASH_POINT ("waitpoint-advanced");
  self->place->asleep = 0;
  GMPROC_CRASH_POINT ("waitpoint-woken");
}

void
gmproc_waitpoint_wake (GmprocWaitpoint *self)
{
  if (GMPROC_CRASH_BREAKS ("commit-first"))
    gmproc_crash_point_defer (wake_sleepers, self);
  else
    wake_sleepers (self);
}
