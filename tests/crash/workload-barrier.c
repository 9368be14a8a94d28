/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A barrier: whoever is killed, the survivors either all cross or all learn that they cannot.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "round.h"

#define SHORT (30 * G_TIME_SPAN_MILLISECOND)

static GmprocBarrier *
open_barrier (Actor *actor)
{
  g_autoptr (GError) error = NULL;
  GmprocBarrier *barrier = gmproc_barrier_from_handle (actor->object, &error);

  g_assert_no_error (error);
  return barrier;
}

/* All parties cross together, so this survivor's crossing number n is everybody's. */
static void
note_crossing (Actor *actor, int index)
{
  guint64 n = actor->card->n_done;
  guint32 bit = 1u << index;

  if (n < LEDGER_ITEMS
      && (__atomic_fetch_or (&actor->place->indexes[n], bit, __ATOMIC_SEQ_CST) & bit) != 0)
    ledger_report (actor->place, FINDING_DUPLICATE, "two parties of one crossing have index %d",
                   index);
  __atomic_store_n (&actor->card->n_done, n + 1, __ATOMIC_SEQ_CST);
}

/* Every other time with a cancellable: those sleep in another place. */
static GCancellable *
choose_cancellable (Actor *actor, GCancellable *cancellable)
{
  return actor->n_calls++ % 2 == actor->index % 2 ? cancellable : NULL;
}

static gboolean
cross (Actor *actor, GmprocBarrier *barrier, GCancellable *cancellable)
{
  gint64 timeout = __atomic_load_n (&actor->place->timeout, __ATOMIC_ACQUIRE);
  g_autoptr (GError) error = NULL;
  int index =
      gmproc_barrier_wait (barrier, timeout, choose_cancellable (actor, cancellable), &error);

  if (index != -1)
    note_crossing (actor, index);
  else if (!g_error_matches (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN)
           && (timeout != SHORT || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)))
    ledger_report (actor->place, FINDING_HANG, "a party: %s", error->message);
  return index != -1;
}

GMPROC_DEFINE_TARGET (barrier_survivor)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GmprocBarrier) barrier = NULL;
  Actor actor;

  actor_open (&actor, args);
  barrier = open_barrier (&actor);
  while (actor_goes_on (&actor))
    if (!cross (&actor, barrier, cancellable))
      g_thread_yield ();
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (barrier_victim)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GmprocBarrier) barrier = NULL;
  Actor actor;

  actor_open (&actor, args);
  barrier = open_barrier (&actor);
  while (actor_has_steps (&actor))
    {
      gint64 timeout = actor.n_steps % 16 == 0 ? 0 : SHORT;

      if (gmproc_barrier_wait (barrier, timeout, choose_cancellable (&actor, cancellable), NULL)
          == -1)
        gmproc_barrier_reset (barrier);
      if (actor.n_steps % 64 == 0)
        gmproc_barrier_abort (barrier);
    }
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

/* -- in the parent ----------------------------------------------------------------------------- */

static GObject *
make (Round *round)
{
  g_autoptr (GError) error = NULL;
  GmprocBarrier *barrier = gmproc_barrier_new (round->n_survivors + 1, &error);

  g_assert_no_error (error);
  /* The long one is longer than the parent waits: a party that gives up finds out that the others
   * have crossed, which would hide that nobody woke it. */
  round->place->timeout = round->number % 4 == 3 ? SHORT : 3 * get_bound ();
  return G_OBJECT (barrier);
}

static guint
get_role (G_GNUC_UNUSED guint survivor, G_GNUC_UNUSED guint victim_role)
{
  return 0;
}

/* The victim is missing, so they cannot cross any more: they all wait, or one of them has given up.
 */
static gboolean
is_stuck (Round *round)
{
  GmprocBarrier *barrier = GMPROC_BARRIER (round->object);

  if (round->place->timeout == SHORT)
    return gmproc_barrier_is_broken (barrier);
  return gmproc_barrier_is_broken (barrier)
         || gmproc_barrier_get_n_waiting (barrier) == round->n_survivors;
}

static gboolean
is_paused (Round *round)
{
  return round_is_paused (round, 0);
}

static void
compare_crossings (Round *round)
{
  const Card *cards = round->place->cards;

  for (guint i = 2; i <= round->n_survivors; i++)
    if (cards[i].n_done != cards[1].n_done)
      ledger_report (round->place, FINDING_STATE,
                     "party 1 crossed %" G_GUINT64_FORMAT " times and party %u %" G_GUINT64_FORMAT,
                     cards[1].n_done, i, cards[i].n_done);
}

static gboolean
is_broken (Round *round)
{
  return gmproc_barrier_is_broken (GMPROC_BARRIER (round->object));
}

/* A victim is a party until it has dropped the barrier, and is missed. */
static gboolean
is_missed (const char *point)
{
  return *point != '\0' && strcmp (point, "parties-unlinked") != 0;
}

/* First without an abort, which would wake those whom the victim left asleep; then with. */
static void
settle (Round *round, G_GNUC_UNUSED guint card, const char *point)
{
  GmprocBarrier *barrier = GMPROC_BARRIER (round->object);

  if (!round_await (round, is_stuck, "a party sleeps although all have arrived")
      || (is_missed (point) && !round_await (round, is_broken, "a dead party is not missed")))
    return;
  round_pause (round, 0);
  gmproc_barrier_abort (barrier);
  if (!round_await (round, is_paused, "a party sleeps although the barrier is broken"))
    return;

  compare_crossings (round);
  gmproc_barrier_reset (barrier);
  if (gmproc_barrier_is_broken (barrier) || gmproc_barrier_get_n_waiting (barrier) != 0)
    ledger_report (round->place, FINDING_STATE, "a barrier that was reset is not new");
  round_go_on (round, 0);
}

static void
finish (Round *round)
{
  round_pause (round, 0);
  gmproc_barrier_abort (GMPROC_BARRIER (round->object));
  (void) round_await (round, is_paused, "a party sleeps although the barrier is broken");
  compare_crossings (round);
  __atomic_store_n (&round->place->must_stop, 1, __ATOMIC_RELEASE);
  round_go_on (round, 0);
}

static void
check (G_GNUC_UNUSED Round *round)
{
}

static const char *const points[] = { "guard-", "waitpoint-", "barrier-", "parties-", NULL };

const Workload workload_barrier = { .name = "barrier",
                                    .points = points,
                                    .most_kills = 12,
                                    .survivor = barrier_survivor,
                                    .victim = barrier_victim,
                                    .make = make,
                                    .get_role = get_role,
                                    .settle = settle,
                                    .finish = finish,
                                    .check = check };
