/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The rounds of a barrier; gmproc-barrier.c says what they are.
 */
#include "config.h"

#include "gmproc-barrier-private.h"

#include "gmproc-error.h"
#include "internal/crash-point.h"
#include "internal/guard.h"
#include "internal/spin.h"

/* How long a party waits before it looks for dead ones: at first, and at most. With many parties
 * each look takes longer, and each of them looks. */
#define FIRST_LOOK (10 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_BETWEEN_LOOKS (200 * G_TIME_SPAN_MILLISECOND)
#define PARTIES_FOR_A_LOOK (64)

/* What a yield saves when it takes the place of a sleep, and what counts as its loss when this
 * process runs again later than that, because others use the processor too; in microseconds. A loss
 * is forgotten at one microsecond a wait. */
#define YIELD_SAVES (2)
#define LATE_YIELD (500)
#define MOST_SAVED (10 * G_TIME_SPAN_MILLISECOND)

/* -- the processes that belong to it --------------------------------------------------------- */

/* A barrier that came from another family has notes of that one, if any. */
gboolean
gmproc_barrier_has_parties (GmprocBarrier *self)
{
  return gmproc_slot_is_of_family (&self->monitor.slot);
}

/* A forked copy of the process is no party: the note that it inherited is that of the process. */
static GmprocNote *
get_party (GmprocBarrier *self)
{
  return gmproc_family_get_own (__atomic_load_n (&self->party, __ATOMIC_ACQUIRE));
}

static const GmprocSubject *
get_subject (GmprocBarrier *self)
{
  return &self->monitor.slot.subject;
}

void
gmproc_barrier_join_locked (GmprocBarrier *self)
{
  if (get_party (self) != NULL || !gmproc_barrier_has_parties (self))
    return;
  __atomic_store_n (
      &self->party,
      gmproc_parties_join_locked (&gmproc_barrier_get_state (self)->processes, get_subject (self)),
      __ATOMIC_RELEASE);
}

void
gmproc_barrier_leave (GmprocBarrier *self)
{
  if (self->monitor.slot.place == NULL || !gmproc_barrier_has_parties (self)
      || gmproc_barrier_get_state (self)->processes == 0)
    return;

  gmproc_guard_enter_always (&self->monitor.lock);
  gmproc_parties_leave_locked (&gmproc_barrier_get_state (self)->processes, get_subject (self),
                               get_party (self));
  gmproc_guard_leave (&self->monitor.lock);
}

/* How many threads of this process wait at the barrier. */
void
gmproc_barrier_count_waiting (GmprocBarrier *self, int change)
{
  GmprocNote *party = get_party (self);

  if (party != NULL)
    (void) __atomic_fetch_add (&party->thread, (guint32) change, __ATOMIC_RELAXED);
}

static gboolean
find_dead_locked (GmprocBarrier *self, GmprocFamilyMember *ret_dead)
{
  return gmproc_barrier_has_parties (self)
         && gmproc_parties_find_dead_locked (&gmproc_barrier_get_state (self)->processes,
                                             get_subject (self), ret_dead);
}

/* -- changes --------------------------------------------------------------------------------- */

/* TRUE when *WORD was the word, which is NEXT now; otherwise *WORD is what it is instead. */
static gboolean
change_word (GmprocBarrier *self, guint64 *word, guint64 next)
{
  return __atomic_compare_exchange_n (&gmproc_barrier_get_state (self)->word, word, next, FALSE,
                                      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static guint32 *
get_round_place (GmprocBarrier *self)
{
  return (guint32 *) (gpointer) &gmproc_barrier_get_state (self)->word
         + (G_BYTE_ORDER == G_LITTLE_ENDIAN ? 1 : 0);
}

static void
note_end_locked (GmprocBarrier *self, guint32 round, gboolean was_broken)
{
  guint64 bit = G_GUINT64_CONSTANT (1) << round % 64;
  GmprocBarrierState *state = gmproc_barrier_get_state (self);
  guint64 noted = was_broken ? state->broken_rounds | bit : state->broken_rounds & ~bit;

  if (noted != state->broken_rounds)
    __atomic_store_n (&state->broken_rounds, noted, __ATOMIC_RELAXED);
}

void
gmproc_barrier_end_round_locked (GmprocBarrier *self, gboolean was_broken, gboolean stays_broken)
{
  guint64 word = gmproc_barrier_load_word (self);
  guint32 round = gmproc_barrier_get_round (word); /* nobody else can end it */
  guint64 next;

  GMPROC_CRASH_POINT ("barrier-end-wake");
  gmproc_waitpoint_wake (&self->monitor.waitpoint);
  GMPROC_CRASH_POINT ("barrier-end-woken");
  note_end_locked (self, round, was_broken);
  GMPROC_CRASH_POINT ("barrier-end-noted");
  do
    {
      if (!gmproc_barrier_is_asleep (word))
        next = gmproc_barrier_make_word (round + 1, stays_broken, 0);
      else
        next = stays_broken ? word | GMPROC_BARRIER_IS_BROKEN : word & ~GMPROC_BARRIER_IS_BROKEN;
    }
  while (next != word && !change_word (self, &word, next));

  GMPROC_CRASH_POINT ("barrier-end-flagged");
  if (gmproc_barrier_get_round (next) == round)
    gmproc_waitpoint_add (&self->monitor.waitpoint, get_round_place (self), 1);
  GMPROC_CRASH_POINT ("barrier-end-committed");
}

/* With or without the lock. FALSE when the barrier is broken, or nobody but the last is missing. */
static gboolean
try_to_arrive (GmprocBarrier *self, guint64 *ret_word)
{
  guint parties = gmproc_barrier_get_state (self)->parties;
  guint64 word = gmproc_barrier_load_word (self);
  guint64 next;

  gmproc_barrier_count_waiting (self, 1);
  GMPROC_CRASH_POINT ("barrier-arrive-commit");
  do
    {
      if ((word & GMPROC_BARRIER_IS_BROKEN) != 0
          || gmproc_barrier_get_arrived (word) + 1 >= parties)
        {
          gmproc_barrier_count_waiting (self, -1);
          return FALSE;
        }
      next = gmproc_barrier_make_word (gmproc_barrier_get_round (word), FALSE,
                                       gmproc_barrier_get_arrived (word) + 1)
             | (gmproc_barrier_is_asleep (word) ? GMPROC_BARRIER_IS_ASLEEP : 0);
    }
  while (!change_word (self, &word, next));
  GMPROC_CRASH_POINT ("barrier-arrived");
  *ret_word = word;
  return TRUE;
}

/* Whether the round is still under way; then whoever ends it wakes those who sleep on its number.
 */
static gboolean
announce_sleep (GmprocBarrier *self, guint32 round)
{
  guint64 word = gmproc_barrier_load_word (self);

  do
    {
      if (gmproc_barrier_get_round (word) != round)
        return FALSE;
      if (gmproc_barrier_is_asleep (word))
        return TRUE;
    }
  while (!change_word (self, &word, word | GMPROC_BARRIER_IS_ASLEEP));
  GMPROC_CRASH_POINT ("barrier-wait-announced");
  return TRUE;
}

/* All have arrived, and the last one has something to do first. */
static void
fill_round_locked (GmprocBarrier *self, guint64 word)
{
  guint64 arrived = gmproc_barrier_get_state (self)->parties;
  guint64 next;

  gmproc_barrier_count_waiting (self, 1);
  do
    next = gmproc_barrier_make_word (gmproc_barrier_get_round (word), FALSE, (guint) arrived)
           | (gmproc_barrier_is_asleep (word) ? GMPROC_BARRIER_IS_ASLEEP : 0);
  while (!change_word (self, &word, next));
}

static void
note_damage_locked (GmprocBarrier *self, gboolean is_broken, GmprocBarrierDamage *ret_damage)
{
  ret_damage->is_broken = is_broken;
  ret_damage->has_dead = is_broken && find_dead_locked (self, &ret_damage->dead);
}

gboolean
gmproc_barrier_set_broken_error (const GmprocBarrierDamage *damage, GError **error)
{
  if (damage->has_dead)
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN,
                 "The barrier is broken: %s (process %" G_GINT64_FORMAT ") has died",
                 damage->dead.name, damage->dead.pid);
  else
    g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN,
                         "The barrier is broken: a party gave up, or it was aborted or reset");
  return FALSE;
}

static GmprocBarrierArrival
arrive_locked (GmprocBarrier *self, guint64 *ret_word, GmprocBarrierDamage *ret_damage)
{
  gmproc_barrier_join_locked (self);
  if (try_to_arrive (self, ret_word))
    return GMPROC_BARRIER_WAITS;

  *ret_word = gmproc_barrier_load_word (self);
  note_damage_locked (self, (*ret_word & GMPROC_BARRIER_IS_BROKEN) != 0, ret_damage);
  if (ret_damage->is_broken)
    return GMPROC_BARRIER_REFUSED;
  if (gmproc_barrier_get_arrived (*ret_word) == gmproc_barrier_get_state (self)->parties)
    return GMPROC_BARRIER_EARLY;

  if (find_dead_locked (self, &ret_damage->dead))
    {
      ret_damage->is_broken = ret_damage->has_dead = TRUE;
      gmproc_barrier_end_round_locked (self, TRUE, TRUE);
      return GMPROC_BARRIER_REFUSED;
    }
  if (self->action != NULL)
    {
      fill_round_locked (self, *ret_word);
      return GMPROC_BARRIER_ACTS;
    }
  gmproc_barrier_end_round_locked (self, FALSE, FALSE);
  return GMPROC_BARRIER_CROSSES;
}

/* -- waiting --------------------------------------------------------------------------------- */

gboolean
gmproc_barrier_is_over_locked (GmprocBarrier *self, guint32 round, GmprocBarrierDamage *ret_damage)
{
  if (gmproc_barrier_get_round (gmproc_barrier_load_word (self)) == round)
    return FALSE;

  note_damage_locked (self, (gmproc_barrier_get_state (self)->broken_rounds >> round % 64 & 1) != 0,
                      ret_damage);
  return TRUE;
}

gboolean
gmproc_barrier_give_up (GmprocBarrier *self, guint32 round, GError *reason, GError **error)
{
  GmprocBarrierDamage damage = { .is_broken = TRUE };
  gboolean is_over;

  GMPROC_CRASH_POINT ("barrier-give-up");
  gmproc_guard_enter_always (&self->monitor.lock);
  is_over = gmproc_barrier_is_over_locked (self, round, &damage);
  if (!is_over)
    gmproc_barrier_end_round_locked (self, TRUE, TRUE);
  gmproc_barrier_count_waiting (self, -1);
  gmproc_guard_leave (&self->monitor.lock);

  if (!damage.is_broken)
    {
      g_error_free (reason);
      return TRUE;
    }
  g_propagate_error (error, reason);
  return FALSE;
}

gboolean
gmproc_barrier_end_for_dead_locked (GmprocBarrier *self, GmprocBarrierDamage *ret_damage)
{
  /* With the flag set, somebody was killed while breaking this round, and may be nobody's party. */
  gboolean is_half_broken = (gmproc_barrier_load_word (self) & GMPROC_BARRIER_IS_BROKEN) != 0;

  ret_damage->has_dead = find_dead_locked (self, &ret_damage->dead);
  if (!ret_damage->has_dead && !is_half_broken)
    return FALSE;
  ret_damage->is_broken = TRUE;
  gmproc_barrier_end_round_locked (self, TRUE, TRUE);
  return TRUE;
}

void
gmproc_barrier_looks_init (GmprocBarrierLooks *looks, GmprocBarrier *self)
{
  guint parties = gmproc_barrier_get_state (self)->parties;

  looks->pause = FIRST_LOOK;
  looks->longest_pause = LONGEST_BETWEEN_LOOKS * (1 + (gint64) (parties / PARTIES_FOR_A_LOOK));
  looks->is_first = TRUE;
  looks->is_due = FALSE;
  looks->is_noted = FALSE;
}

static gboolean
is_next_round (GmprocBarrier *self, guint32 round)
{
  return gmproc_barrier_get_round (gmproc_barrier_load_word (self)) != round;
}

/* Who spins while the last party has no processor keeps it from arriving. Who lets it have this one
 * is often back when all have arrived, and then has neither slept nor been woken, which costs more
 * than all the rest of a crossing. Where that has lost more time than it has saved, it is left out
 * for a while. */
static gboolean
yield_for_round (GmprocBarrier *self, guint32 round)
{
  gint32 saved = __atomic_load_n (&self->saved_by_yields, __ATOMIC_RELAXED);
  gint64 begin, duration;

  if (saved < 0)
    {
      __atomic_store_n (&self->saved_by_yields, saved + 1, __ATOMIC_RELAXED);
      return FALSE;
    }
  begin = g_get_monotonic_time ();
  g_thread_yield ();
  duration = g_get_monotonic_time () - begin;
  saved += duration < LATE_YIELD ? YIELD_SAVES : -(gint32) MIN (duration, MOST_SAVED);
  __atomic_store_n (&self->saved_by_yields, MIN (saved, MOST_SAVED), __ATOMIC_RELAXED);
  return is_next_round (self, round);
}

static gboolean
see_next_round (GmprocBarrier *self, guint32 round)
{
  if (gmproc_barrier_get_state (self)->parties > gmproc_spin_get_n_processors ())
    return yield_for_round (self, round);
  return gmproc_waitpoint_spin_on (&self->monitor.waitpoint, get_round_place (self), round);
}

/* A cancel wakes by the waitpoint, where it cannot come between a look and the sleep. */
static gboolean
sleep_cancellably (GmprocBarrier *self, guint32 round, gint64 until, GCancellable *cancellable,
                   GError **error)
{
  gboolean is_over;
  guint32 prepared = 0;

  gmproc_guard_enter_always (&self->monitor.lock);
  is_over = is_next_round (self, round);
  if (!is_over)
    prepared = gmproc_waitpoint_prepare (&self->monitor.waitpoint);
  gmproc_guard_leave (&self->monitor.lock);
  return is_over
         || gmproc_waitpoint_doze (&self->monitor.waitpoint, prepared, until, cancellable, error);
}

static gboolean
sleep_for_round (GmprocBarrier *self, guint32 round, gint64 until, GCancellable *cancellable,
                 GError **error)
{
  if (cancellable != NULL)
    return sleep_cancellably (self, round, until, cancellable, error);
  if (!announce_sleep (self, round)
      || gmproc_waitpoint_sleep_on (&self->monitor.waitpoint, get_round_place (self), round, until))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Timed out");
  return FALSE;
}

/* Sleeps once, and the first time not before a look; TRUE also when it is time to look for dead
 * parties. */
static gboolean
sleep_or_look (GmprocBarrier *self, GmprocBarrierLooks *looks, guint32 round, gint64 deadline,
               GCancellable *cancellable, GError **error)
{
  gboolean is_first = looks->is_first;
  GError *reason = NULL;
  gint64 until;

  looks->is_first = FALSE;
  looks->is_due = FALSE;
  if (is_first && see_next_round (self, round))
    return TRUE;
  if (!looks->is_noted)
    gmproc_family_begin_wait (self->monitor.waitpoint.subject);
  looks->is_noted = TRUE;
  until = MIN (deadline, g_get_monotonic_time () + looks->pause);
  if (sleep_for_round (self, round, until, cancellable, &reason))
    return TRUE;

  if (until < deadline && g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_error_free (reason);
      looks->pause = MIN (2 * looks->pause, looks->longest_pause);
      looks->is_due = TRUE;
      return TRUE;
    }
  g_propagate_error (error, reason);
  return FALSE;
}

/* Whether ROUND was crossed, without the lock. The bits are written before the word. */
static gboolean
has_crossed (GmprocBarrier *self, guint32 round)
{
  guint64 broken_rounds;

  if (!is_next_round (self, round))
    return FALSE;
  broken_rounds =
      __atomic_load_n (&gmproc_barrier_get_state (self)->broken_rounds, __ATOMIC_RELAXED);
  if ((broken_rounds >> round % 64 & 1) != 0)
    return FALSE;
  gmproc_barrier_count_waiting (self, -1);
  return TRUE;
}

static gboolean
wait_for_round (GmprocBarrier *self, GmprocBarrierLooks *looks, guint32 round, gint64 deadline,
                GCancellable *cancellable, GError **error)
{
  GmprocBarrierDamage damage = { 0 };
  gboolean is_over = FALSE;

  while (!is_over)
    {
      GError *reason = NULL;

      if (!sleep_or_look (self, looks, round, deadline, cancellable, &reason))
        return gmproc_barrier_give_up (self, round, reason, error);

      GMPROC_CRASH_POINT ("barrier-wait-slept");
      if (has_crossed (self, round))
        return TRUE;
      gmproc_guard_enter_always (&self->monitor.lock);
      is_over = gmproc_barrier_is_over_locked (self, round, &damage)
                || (looks->is_due && gmproc_barrier_end_for_dead_locked (self, &damage));
      if (is_over)
        gmproc_barrier_count_waiting (self, -1);
      gmproc_guard_leave (&self->monitor.lock);
    }

  return damage.is_broken ? gmproc_barrier_set_broken_error (&damage, error) : TRUE;
}

gboolean
gmproc_barrier_wait_for_round (GmprocBarrier *self, guint32 round, gint64 deadline,
                               GCancellable *cancellable, GError **error)
{
  GmprocBarrierLooks looks;
  gboolean is_crossed;

  gmproc_barrier_looks_init (&looks, self);
  is_crossed = wait_for_round (self, &looks, round, deadline, cancellable, error);
  if (looks.is_noted && self->monitor.waitpoint.subject != NULL)
    gmproc_family_end_wait ();
  return is_crossed;
}

gboolean
gmproc_barrier_act (GmprocBarrier *self, guint32 round, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean has_worked = self->action (self->user_data, &reason);
  GmprocBarrierDamage damage = { 0 };

  gmproc_guard_enter_always (&self->monitor.lock);
  if (!gmproc_barrier_is_over_locked (self, round, &damage))
    gmproc_barrier_end_round_locked (self, !has_worked, !has_worked);
  gmproc_barrier_count_waiting (self, -1);
  gmproc_guard_leave (&self->monitor.lock);

  if (has_worked)
    return damage.is_broken ? gmproc_barrier_set_broken_error (&damage, error) : TRUE;
  if (reason == NULL)
    g_set_error_literal (&reason, GMPROC_ERROR, GMPROC_ERROR_FAILED,
                         "The barrier's action failed and did not say why");
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* The first time, the process has to become a party, which takes the lock. */
static gboolean
try_to_arrive_at_once (GmprocBarrier *self, guint64 *ret_word)
{
  return (get_party (self) != NULL || !gmproc_barrier_has_parties (self))
         && try_to_arrive (self, ret_word);
}

GmprocBarrierArrival
gmproc_barrier_arrive (GmprocBarrier *self, gint64 deadline, GCancellable *cancellable,
                       guint64 *ret_word, GError **error)
{
  GmprocBarrierDamage damage = { 0 };
  GmprocBarrierArrival arrival;
  GmprocBarrierLooks looks;

  if (try_to_arrive_at_once (self, ret_word))
    return GMPROC_BARRIER_WAITS;

  gmproc_barrier_looks_init (&looks, self);
  do
    {
      if (!gmproc_guard_enter (&self->monitor.lock, deadline, cancellable, error))
        return GMPROC_BARRIER_FAILED;
      arrival = arrive_locked (self, ret_word, &damage);
      if (arrival == GMPROC_BARRIER_EARLY && looks.is_due
          && gmproc_barrier_end_for_dead_locked (self, &damage))
        arrival = GMPROC_BARRIER_REFUSED;
      gmproc_guard_leave (&self->monitor.lock);

      if (arrival == GMPROC_BARRIER_EARLY
          && !sleep_or_look (self, &looks, gmproc_barrier_get_round (*ret_word), deadline,
                             cancellable, error))
        return GMPROC_BARRIER_FAILED;
    }
  while (arrival == GMPROC_BARRIER_EARLY);

  if (arrival == GMPROC_BARRIER_REFUSED)
    (void) gmproc_barrier_set_broken_error (&damage, error);
  return arrival;
}
