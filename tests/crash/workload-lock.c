/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A lock around two counters that are equal whenever nobody holds it. A dead owner leaves them one
 * apart at most, and then the next one is told.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "round.h"

static GmprocLock *
open_lock (Actor *actor)
{
  g_autoptr (GError) error = NULL;
  GmprocLock *lock = gmproc_lock_from_handle (actor->object, &error);

  g_assert_no_error (error);
  return lock;
}

/* Holds the lock: what was left by the last owner? */
static void
look_and_repair (LedgerPlace *place, GmprocLock *lock)
{
  gboolean was_abandoned = gmproc_lock_was_abandoned (lock);
  guint64 apart = place->pair[0] - place->pair[1];

  if (was_abandoned)
    place->n_abandoned++;
  if (!was_abandoned && (apart != 0 || place->inside != 0))
    ledger_report (place, FINDING_STATE,
                   "the counters are %" G_GUINT64_FORMAT " apart, %u is inside, and nobody said "
                   "that an owner died",
                   apart, place->inside);
  if (apart > 1)
    ledger_report (place, FINDING_TEAR, "one owner left the counters %" G_GUINT64_FORMAT " apart",
                   apart);
  place->pair[1] = place->pair[0];
  place->inside = 0;
}

static gboolean
step (LedgerPlace *place, guint32 index, GmprocLock *lock, gboolean twice)
{
  g_autoptr (GError) error = NULL;

  if (!gmproc_lock_acquire (lock, get_bound (), NULL, &error))
    {
      ledger_report (place, FINDING_HANG, "acquire: %s", error->message);
      return FALSE;
    }
  look_and_repair (place, lock);
  __atomic_store_n (&place->inside, index + 1, __ATOMIC_SEQ_CST);
  __atomic_store_n (&place->pair[0], place->pair[0] + 1, __ATOMIC_SEQ_CST);
  if (twice && (!gmproc_lock_acquire (lock, 0, NULL, NULL) || !gmproc_lock_release (lock, NULL)))
    ledger_report (place, FINDING_STATE, "an owner cannot have the lock twice");
  __atomic_store_n (&place->pair[1], place->pair[1] + 1, __ATOMIC_SEQ_CST);
  if (place->inside != index + 1)
    ledger_report (place, FINDING_STATE, "%u is inside beside %u", place->inside, index + 1);
  __atomic_store_n (&place->inside, 0, __ATOMIC_SEQ_CST);
  if (!gmproc_lock_release (lock, &error))
    ledger_report (place, FINDING_STATE, "release: %s", error->message);
  return TRUE;
}

static int
run (GVariant *args, gboolean is_victim)
{
  g_autoptr (GmprocLock) lock = NULL;
  Actor actor;

  actor_open (&actor, args);
  lock = open_lock (&actor);
  while (is_victim ? actor_has_steps (&actor) : actor_goes_on (&actor))
    {
      if (!step (actor.place, actor.index, lock, gmproc_lock_is_recursive (lock)))
        break;
      (void) __atomic_add_fetch (&actor.card->n_done, 1, __ATOMIC_SEQ_CST);
      g_thread_yield (); /* the lock is not fair, and the parent waits for everybody */
    }
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (lock_survivor)
{
  return run (args, FALSE);
}

GMPROC_DEFINE_TARGET (lock_victim)
{
  return run (args, TRUE);
}

/* -- in the parent ----------------------------------------------------------------------------- */

static GObject *
make (G_GNUC_UNUSED Round *round)
{
  g_autoptr (GError) error = NULL;
  GmprocLock *lock = gmproc_lock_new_recursive (&error);

  g_assert_no_error (error);
  return G_OBJECT (lock);
}

static guint
get_role (G_GNUC_UNUSED guint survivor, G_GNUC_UNUSED guint victim_role)
{
  return 0;
}

/* n_begun of a survivor's card holds what n_done was. */
static gboolean
all_go_on (Round *round)
{
  for (guint i = 1; i <= round->n_survivors; i++)
    {
      const Card *card = &round->place->cards[i];

      if (__atomic_load_n (&card->n_done, __ATOMIC_SEQ_CST) == card->n_begun)
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_paused (Round *round)
{
  return round_is_paused (round, 0);
}

/* Everybody has the lock once more. Then all the others leave it alone, and nobody holds it. */
static void
settle (Round *round, guint card, const char *point)
{
  if (*point != '\0' && strcmp (point, "lock-released") != 0)
    round->place->cards[card].expected = EXPECTED_PRESENT;
  for (guint i = 1; i <= round->n_survivors; i++)
    round->place->cards[i].n_begun =
        __atomic_load_n (&round->place->cards[i].n_done, __ATOMIC_SEQ_CST);
  if (!round_await (round, all_go_on, "a process does not get the lock"))
    return;

  round_pause (round, 0);
  if (round_await (round, is_paused, "a process does not get the lock, and then is to pause"))
    (void) step (round->place, 0, GMPROC_LOCK (round->object), TRUE);
  round_go_on (round, 0);
}

static void
finish (Round *round)
{
  __atomic_store_n (&round->place->must_stop, 1, __ATOMIC_RELEASE);
}

/* Who was killed at a given point held the lock; of the others nobody knows. */
static void
check (Round *round)
{
  guint n_victims = round->n_cards - 1 - round->n_survivors;
  guint n_owners = 0;

  (void) step (round->place, 0, GMPROC_LOCK (round->object), TRUE);
  for (guint i = 0; i < round->n_cards; i++)
    n_owners += round->place->cards[i].expected == EXPECTED_PRESENT;
  if (round->place->n_abandoned < n_owners || round->place->n_abandoned > n_victims)
    ledger_report (round->place, FINDING_STATE,
                   "%u of %u killed processes held the lock, and %u times the next was told",
                   n_owners, n_victims, round->place->n_abandoned);
}

static const char *const points[] = { "lock-", NULL };

const Workload workload_lock = { .name = "lock",
                                 .points = points,
                                 .most_kills = 12,
                                 .survivor = lock_survivor,
                                 .victim = lock_victim,
                                 .make = make,
                                 .get_role = get_role,
                                 .settle = settle,
                                 .finish = finish,
                                 .check = check };
