/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "buffer-private.h"

#include "crash-point.h"
#include "deadline.h"
#include "gmproc-error.h"
#include "ring-transfer.h"
#include "spin.h"
#include "trace.h"

/* Some microseconds in all. */
#define LOOKS (32)
#define MOST_IN_VAIN (6) /* none are left then */
#define PAUSES_BETWEEN_LOOKS (16)

/* On one processor, where the others work only while this one lets them. */
#define YIELDS (2)

/* Who sleeps again within this time, in microseconds, had better looked again. */
#define SOON (100)

/* How long one that lines up for a turn goes without a look of its own: at first, and at most. */
#define FIRST_SLICE (20 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_SLICE (1 * G_TIME_SPAN_SECOND)

/* -- waking ------------------------------------------------------------------------------------ */

/* Inside the lock of WORD, when somebody may sleep until its count goes on: TRUE when NEXT is
 * committed. Who is woken often runs on this very processor, and before this one goes on. If it
 * found nothing yet, it would have to wait for the lock: to spin, to let this one run and to be
 * scheduled again, which takes twice as long as the wake-up. So the count is changed in the step
 * that wakes (ring.h). Where that has no room for it, it only wakes, and the commit is to follow.
 */
static gboolean
wake_and_commit (GmprocWaitpoint *waitpoint, guint64 *word, guint64 *plan, guint64 next)
{
  guint32 delta = gmproc_ring_word_get_count (next) - gmproc_ring_word_get_count (*word);

  if (delta > GMPROC_PORT_WORD_LARGEST_DELTA || next == 0)
    {
      gmproc_waitpoint_wake (waitpoint);
      return FALSE;
    }

  __atomic_store_n (plan, next, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("buffer-commit-planned");
  gmproc_waitpoint_wake_and_add (waitpoint, gmproc_ring_word_get_count_place (word), delta);
  GMPROC_CRASH_POINT ("buffer-commit-counted");
  gmproc_ring_settle_plan (word, plan);
  return TRUE;
}

/* -- putting ----------------------------------------------------------------------------------- */

gboolean
gmproc_buffer_has_room (GmprocBuffer *self)
{
  guint max_length = self->place->max_length;

  return max_length == 0 || gmproc_ring_get_length (&self->ring) < max_length;
}

static gboolean
set_closed_error (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The queue is closed");
  return FALSE;
}

gboolean
gmproc_buffer_refuse_closed (GmprocBuffer *self, GError **error)
{
  return !gmproc_buffer_is_closed (self) || set_closed_error (error);
}

/* Lines up for the turn. One that was stopped (SIGSTOP, a debugger) while it slept keeps its turn,
 * and tells nobody what it was woken for; so those behind it look for themselves now and then.
 * FALSE with an error, or with *ret_found. */
static gboolean
take_turn (GmprocBuffer *self, gboolean (*find) (GmprocBuffer *), GmprocPortLock *turn,
           gint64 deadline, GCancellable *cancellable, gboolean *ret_found, GError **error)
{
  gint64 slice = FIRST_SLICE;

  for (*ret_found = FALSE; !*ret_found; *ret_found = find (self) || gmproc_buffer_is_closed (self))
    {
      g_autoptr (GError) local_error = NULL;
      gint64 until = MIN (deadline, g_get_monotonic_time () + slice);

      if (gmproc_guard_take_turn (turn, until, cancellable, &local_error))
        return TRUE;
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
          || gmproc_deadline_has_passed (deadline))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      slice = MIN (2 * slice, LONGEST_SLICE);
    }
  return FALSE;
}

/* Looks again for a moment before sleeping. On the other processor, who is at work puts the next
 * item sooner than a sleep would end; looking seldom lets it put several before its cache line is
 * fetched. On the same one it works until its time is over, instead of until the first item, for
 * which it would have to wake us.
 *
 * Where items come seldom, looks are worse than useless: the system counts the time that they took,
 * and all that a yield gave away, against this process, and lets the one that wakes it go on
 * first. So each time that they were in vain there are half as many. */
static gboolean
look_again (GmprocBuffer *self, gboolean (*find) (GmprocBuffer *), GmprocBufferLooks *looks,
            gint64 deadline)
{
  gboolean spins = gmproc_spin_is_useful ();
  guint n = (spins ? LOOKS : YIELDS) >> __atomic_load_n (&looks->in_vain, __ATOMIC_RELAXED);

  for (; n > 0; n--)
    {
      if (spins)
        gmproc_spin_pauses (PAUSES_BETWEEN_LOOKS);
      else
        g_thread_yield ();
      if (find (self))
        {
          __atomic_store_n (&looks->in_vain, 0, __ATOMIC_RELAXED);
          return TRUE;
        }
      if (gmproc_deadline_has_passed (deadline))
        return FALSE;
    }
  return FALSE;
}

/* Sleeps until FIND says so. OF_CHANGERS is the lock of those who can make it so. */
static gboolean
wait_in_turn (GmprocBuffer *self, gboolean (*find) (GmprocBuffer *), GmprocPortLock *turn,
              GmprocPortLock *of_changers, GmprocWaitpoint *waitpoint, gboolean may_spin,
              gint64 deadline, GCancellable *cancellable, GError **error)
{
  gboolean found = FALSE;
  gboolean goes_on = TRUE;

  if (!take_turn (self, find, turn, deadline, cancellable, &found, error))
    return found;
  GMPROC_CRASH_POINT ("buffer-turn-taken");

  while (!found && goes_on)
    {
      guint32 prepared = 0;

      goes_on = gmproc_guard_enter (of_changers, deadline, cancellable, error);
      if (!goes_on)
        break;
      found = find (self) || gmproc_buffer_is_closed (self);
      GMPROC_CRASH_POINT ("buffer-turn-look");
      if (!found)
        prepared = gmproc_waitpoint_prepare (waitpoint);
      gmproc_guard_leave (of_changers);

      if (!found)
        {
          goes_on = may_spin
                        ? gmproc_waitpoint_sleep (waitpoint, prepared, deadline, cancellable, error)
                        : gmproc_waitpoint_doze (waitpoint, prepared, deadline, cancellable, error);
          found = goes_on && find (self); /* without the lock, if the commit is made */
        }
    }

  GMPROC_CRASH_POINT ("buffer-turn-give");
  gmproc_guard_leave (turn);
  return found;
}

/* Before the sleep, because nothing is to be done after it that can be done now. */
static gboolean
note_sleep (GmprocBufferLooks *self)
{
  gint64 now = g_get_monotonic_time ();
  guint32 in_vain = __atomic_load_n (&self->in_vain, __ATOMIC_RELAXED);
  gboolean is_soon = now - __atomic_exchange_n (&self->last_sleep, now, __ATOMIC_RELAXED) < SOON;

  __atomic_store_n (&self->in_vain, is_soon ? 0 : MIN (in_vain + 1, MOST_IN_VAIN),
                    __ATOMIC_RELAXED);
  return is_soon;
}

static gboolean
wait_until (GmprocBuffer *self, gboolean (*find) (GmprocBuffer *), GmprocPortLock *turn,
            GmprocPortLock *of_changers, GmprocWaitpoint *waitpoint, GmprocBufferLooks *looks,
            gint64 deadline, GCancellable *cancellable, GError **error)
{
  gboolean may_spin = note_sleep (looks);
  gboolean found;

  gmproc_family_begin_wait (&self->subject);
  found = wait_in_turn (self, find, turn, of_changers, waitpoint, may_spin, deadline, cancellable,
                        error);
  gmproc_family_end_wait ();
  return found;
}

static gboolean
wait_for_room (GmprocBuffer *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (deadline == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The queue is full: it holds %u items",
                   self->place->max_length);
      return FALSE;
    }

  return look_again (self, gmproc_buffer_has_room, &self->looks_for_room, deadline)
         || wait_until (self, gmproc_buffer_has_room, &self->producers_turn, &self->read_lock,
                        &self->room, &self->looks_for_room, deadline, cancellable, error);
}

static gboolean
grow (GmprocBuffer *self, gsize size, gint64 deadline, GCancellable *cancellable, GError **error)
{
  gboolean has_grown = FALSE;

  if (!gmproc_guard_enter (&self->read_lock, deadline, cancellable, error))
    return FALSE;
  GMPROC_CRASH_POINT ("buffer-grow-reader-locked");
  if (gmproc_guard_enter (&self->write_lock, deadline, cancellable, error))
    {
      GMPROC_CRASH_POINT ("buffer-grow-both-locked");
      has_grown = gmproc_ring_grow (&self->ring, size, error);
      GMPROC_CRASH_POINT ("buffer-grow-done");
      gmproc_guard_leave (&self->write_lock);
    }
  gmproc_guard_leave (&self->read_lock);
  return has_grown;
}

gboolean
gmproc_buffer_begin_put (GmprocBuffer *self, guint8 kind, gsize size, gint64 deadline,
                         GCancellable *cancellable, GmprocRingMessage *ret_message, GError **error)
{
  while (TRUE)
    {
      gboolean must_grow = FALSE;
      gboolean may_put, was_closed;
      guint64 tail;

      if (!gmproc_guard_enter (&self->write_lock, deadline, cancellable, error))
        return FALSE;
      was_closed = gmproc_buffer_is_closed (self);
      tail = gmproc_ring_get_tail (&self->ring);
      may_put = !was_closed && gmproc_ring_is_below (&self->ring, tail, self->place->max_length);
      if (may_put
          && gmproc_ring_begin_put (&self->ring, tail, kind, size, ret_message, &must_grow, error))
        {
          GMPROC_CRASH_POINT ("buffer-put-begun");
          return TRUE;
        }
      gmproc_guard_leave (&self->write_lock);

      if (was_closed)
        return set_closed_error (error);
      if (may_put && !must_grow)
        return FALSE;
      if (must_grow ? !grow (self, size, deadline, cancellable, error)
                    : !wait_for_room (self, deadline, cancellable, error))
        return FALSE;
    }
}

gboolean
gmproc_buffer_put_another (GmprocBuffer *self, const GmprocRingMessage *before, guint8 kind,
                           gsize size, GmprocRingMessage *ret_message)
{
  gboolean is_full;

  GMPROC_CRASH_POINT ("buffer-put-another");
  return gmproc_ring_is_below (&self->ring, before->next, self->place->max_length)
         && gmproc_ring_begin_put (&self->ring, before->next, kind, size, ret_message, &is_full,
                                   NULL);
}

void
gmproc_buffer_end_put (GmprocBuffer *self, const GmprocRingMessage *message)
{
  GMPROC_CRASH_POINT ("buffer-put-wake");
  if (G_LIKELY (self->items.place->asleep == 0)
      || !wake_and_commit (&self->items, &self->ring.place->tail, &self->ring.place->planned_tail,
                           message->next))
    {
      GMPROC_CRASH_POINT ("buffer-put-commit");
      gmproc_ring_commit_put (&self->ring, message);
    }
  GMPROC_CRASH_POINT ("buffer-put-committed");
  gmproc_guard_leave (&self->write_lock);
  gmproc_trace_mark ("message", "put", NULL, 0);
}

/* -- taking ------------------------------------------------------------------------------------ */

gboolean
gmproc_buffer_has_items (GmprocBuffer *self)
{
  return gmproc_ring_get_length (&self->ring) > 0;
}

/* Who has its item does not wait for others, of which one may copy a gigabyte or be stopped. Where
 * somebody is inside, whoever empties the ring next comes here again. */
static void
give_memory_back (GmprocBuffer *self)
{
  if (!gmproc_guard_try (&self->read_lock))
    return;
  GMPROC_CRASH_POINT ("buffer-shrink-reader-locked");
  if (gmproc_guard_try (&self->write_lock))
    {
      GMPROC_CRASH_POINT ("buffer-shrink-both-locked");
      gmproc_ring_shrink (&self->ring);
      GMPROC_CRASH_POINT ("buffer-shrink-done");
      gmproc_guard_leave (&self->write_lock);
    }
  gmproc_guard_leave (&self->read_lock);
}

static gboolean
wait_for_items (GmprocBuffer *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (gmproc_buffer_is_closed (self) && !gmproc_buffer_has_items (self))
    return set_closed_error (error);
  if (deadline == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The queue is empty");
      return FALSE;
    }

  return look_again (self, gmproc_buffer_has_items, &self->looks_for_items, deadline)
         || wait_until (self, gmproc_buffer_has_items, &self->consumers_turn, &self->write_lock,
                        &self->items, &self->looks_for_items, deadline, cancellable, error);
}

gboolean
gmproc_buffer_begin_take (GmprocBuffer *self, gint64 deadline, GCancellable *cancellable,
                          GmprocRingMessage *ret_message, GError **error)
{
  while (TRUE)
    {
      gboolean may_take;
      guint64 head;

      if (!gmproc_guard_enter (&self->read_lock, deadline, cancellable, error))
        return FALSE;
      head = gmproc_ring_get_head (&self->ring);
      may_take = gmproc_ring_has_message (&self->ring, head);
      if (may_take && gmproc_ring_begin_take (&self->ring, head, ret_message, error))
        {
          GMPROC_CRASH_POINT ("buffer-take-begun");
          return TRUE;
        }
      gmproc_guard_leave (&self->read_lock);

      if (may_take || !wait_for_items (self, deadline, cancellable, error))
        return FALSE;
    }
}

gboolean
gmproc_buffer_take_another (GmprocBuffer *self, const GmprocRingMessage *before,
                            GmprocRingMessage *ret_message)
{
  GMPROC_CRASH_POINT ("buffer-take-another");
  return gmproc_ring_has_message (&self->ring, before->next)
         && gmproc_ring_begin_take (&self->ring, before->next, ret_message, NULL);
}

void
gmproc_buffer_end_take (GmprocBuffer *self, const GmprocRingMessage *message)
{
  gboolean is_too_large;

  GMPROC_CRASH_POINT ("buffer-take-wake");
  if (G_LIKELY (self->room.place->asleep == 0)
      || !wake_and_commit (&self->room, &self->ring.place->head, &self->ring.place->planned_head,
                           message->next))
    {
      GMPROC_CRASH_POINT ("buffer-take-commit");
      gmproc_ring_commit_take (&self->ring, message);
    }
  GMPROC_CRASH_POINT ("buffer-take-committed");
  is_too_large =
      gmproc_ring_seems_empty (&self->ring) && gmproc_ring_is_worth_shrinking (&self->ring);
  gmproc_guard_leave (&self->read_lock);
  gmproc_trace_mark ("message", "take", NULL, 0);

  if (G_UNLIKELY (is_too_large))
    give_memory_back (self);
}

void
gmproc_buffer_abort_take (GmprocBuffer *self)
{
  gmproc_guard_leave (&self->read_lock);
}
