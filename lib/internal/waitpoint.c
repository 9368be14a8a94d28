/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "waitpoint.h"

#include "crash-point.h"
#include "deadline.h"
#include "spin.h"
#include "trace.h"

/* As long as one sleep and wake-up across processors takes: then spinning at most doubles the cost
 * of a wait, and an idle waiter soon uses no processor time. Each wait that spinning was not long
 * enough for halves the time of the next one, and each that it was doubles it. */
#define LONGEST_SPIN (40)
#define SHORTEST_SPIN (5)
#define SPIN_ROUNDS_BETWEEN_LOOKS_AT_THE_CLOCK (32)

#define LOOKS_FOR_COMMIT (50)

gboolean
gmproc_waitpoint_create (GmprocWaitpoint *self, GmprocWaitpointPlace *place, GError **error)
{
  self->place = place;
  self->subject = NULL;
  self->spin_time = LONGEST_SPIN;
  place->asleep = 0;
  return gmproc_port_word_create (&self->word, &place->word, error);
}

gboolean
gmproc_waitpoint_attach (GmprocWaitpoint *self, GmprocWaitpointPlace *place, gintptr handle,
                         GError **error)
{
  self->place = place;
  self->subject = NULL;
  self->spin_time = LONGEST_SPIN;
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

static gboolean
has_changed (GmprocWaitpoint *self, const guint32 *state, guint32 seen)
{
  return (state != NULL ? __atomic_load_n (state, __ATOMIC_ACQUIRE)
                        : gmproc_port_word_load (&self->word))
         != seen;
}

/* Looks at STATE, or at the word where it is NULL. TRUE when it changed meanwhile. What comes soon
 * costs no look at the clock. */
static gboolean
spin (GmprocWaitpoint *self, const guint32 *state, guint32 seen, gint64 deadline)
{
  guint32 spin_time = __atomic_load_n (&self->spin_time, __ATOMIC_RELAXED);
  gint64 end = 0;
  gint64 now = 0;

  if (!gmproc_spin_is_useful ())
    return FALSE;

  do
    {
      for (guint i = 0; i < SPIN_ROUNDS_BETWEEN_LOOKS_AT_THE_CLOCK; i++)
        {
          if (has_changed (self, state, seen))
            {
              if (spin_time < LONGEST_SPIN)
                __atomic_store_n (&self->spin_time, MIN (2 * spin_time, LONGEST_SPIN),
                                  __ATOMIC_RELAXED);
              return TRUE;
            }
          gmproc_spin_pause ();
        }
      now = g_get_monotonic_time ();
      if (end == 0)
        end = MIN (now + spin_time, deadline);
    }
  while (now < end);

  __atomic_store_n (&self->spin_time, MAX (spin_time / 2, SHORTEST_SPIN), __ATOMIC_RELAXED);
  return FALSE;
}

static void
wake_for_cancel (G_GNUC_UNUSED GCancellable *cancellable, gpointer user_data)
{
  GmprocWaitpoint *self = user_data;

  gmproc_port_word_advance (&self->word);
}

/* On STATE, or on the word where it is NULL. FALSE if and only if the deadline passed. */
static gboolean
sleep_noted (GmprocWaitpoint *self, guint32 *state, guint32 seen, gint64 deadline)
{
  gint64 traced = gmproc_trace_begin ();
  gboolean in_time;

  gmproc_family_begin_wait (self->subject);
  in_time = state != NULL ? gmproc_port_word_wait_state (&self->word, state, seen, deadline)
                          : gmproc_port_word_wait (&self->word, seen, deadline);
  if (self->subject != NULL) /* otherwise it is the caller who has noted a wait, or nobody */
    gmproc_family_end_wait ();
  gmproc_trace_end (traced, "wait", "sleep", NULL, 0);
  return in_time;
}

static gboolean
sleep_until (GmprocWaitpoint *self, guint32 prepared, gboolean may_spin, gint64 deadline,
             GCancellable *cancellable, GError **error)
{
  gulong connection = 0;
  gboolean in_time;

  if (cancellable != NULL && g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  GMPROC_CRASH_POINT ("waitpoint-sleep");
  in_time = !gmproc_deadline_has_passed (deadline);
  if (in_time && may_spin && spin (self, NULL, prepared, deadline))
    return TRUE;

  /* Connecting calls wake_for_cancel at once if the cancel came meanwhile. */
  if (in_time && cancellable != NULL)
    connection = g_cancellable_connect (cancellable, G_CALLBACK (wake_for_cancel), self, NULL);
  if (in_time)
    in_time = sleep_noted (self, NULL, prepared, deadline);
  GMPROC_CRASH_POINT ("waitpoint-slept");
  if (connection != 0)
    g_cancellable_disconnect (cancellable, connection);

  if (cancellable != NULL && g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!in_time)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Timed out");
      return FALSE;
    }

  return TRUE;
}

gboolean
gmproc_waitpoint_sleep (GmprocWaitpoint *self, guint32 prepared, gint64 deadline,
                        GCancellable *cancellable, GError **error)
{
  return sleep_until (self, prepared, TRUE, deadline, cancellable, error);
}

gboolean
gmproc_waitpoint_doze (GmprocWaitpoint *self, guint32 prepared, gint64 deadline,
                       GCancellable *cancellable, GError **error)
{
  return sleep_until (self, prepared, FALSE, deadline, cancellable, error);
}

gboolean
gmproc_waitpoint_spin_on (GmprocWaitpoint *self, const guint32 *state, guint32 seen)
{
  return spin (self, state, seen, GMPROC_PORT_FOREVER);
}

gboolean
gmproc_waitpoint_sleep_on (GmprocWaitpoint *self, guint32 *state, guint32 seen, gint64 deadline)
{
  return sleep_noted (self, state, seen, deadline);
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
gmproc_waitpoint_wake_sleepers (GmprocWaitpoint *self)
{
  if (GMPROC_CRASH_BREAKS ("commit-first"))
    gmproc_crash_point_defer (wake_sleepers, self);
  else
    wake_sleepers (self);
}

void
gmproc_waitpoint_wake_and_add (GmprocWaitpoint *self, guint32 *state, guint32 delta)
{
  if (GMPROC_CRASH_BREAKS ("commit-first") || GMPROC_CRASH_BREAKS ("asleep-first"))
    gmproc_waitpoint_wake (self);
  else if (self->place->asleep != 0)
    {
      GMPROC_CRASH_POINT ("commit-add");
      gmproc_port_word_advance_and_add (&self->word, state, delta);
      GMPROC_CRASH_POINT ("commit-added");
      self->place->asleep = 0;
      return;
    }
  (void) __atomic_fetch_add (state, delta, __ATOMIC_RELEASE);
}

void
gmproc_waitpoint_add (GmprocWaitpoint *self, guint32 *state, guint32 delta)
{
  gmproc_port_word_add_state (&self->word, state, delta);
}

gboolean
gmproc_waitpoint_see_commit (gboolean (*is_made) (gpointer object, guint64 what), gpointer object,
                             guint64 what)
{
  guint rounds = gmproc_spin_is_useful () ? LOOKS_FOR_COMMIT : 0;

  while (!is_made (object, what))
    {
      if (rounds-- == 0)
        return FALSE;
      gmproc_spin_pause ();
    }
  return TRUE;
}

/* The word is read first: whoever forgets the announcement changes the word afterwards. */
guint32
gmproc_waitpoint_announce (GmprocWaitpoint *self)
{
  guint32 prepared = gmproc_port_word_load (&self->word);

  __atomic_store_n (&self->place->asleep, 1, __ATOMIC_SEQ_CST);
  return prepared;
}

void
gmproc_waitpoint_wake_those_announced (GmprocWaitpoint *self)
{
  __atomic_store_n (&self->place->asleep, 0, __ATOMIC_SEQ_CST);
  gmproc_port_word_advance (&self->word);
}
