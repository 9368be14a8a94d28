/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A semaphore: a killed process takes at most the one permit along that it had, and whoever waits
 * while there is a permit gets it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "round.h"

#define PERMITS (2)

static GmprocSemaphore *
open_semaphore (Actor *actor)
{
  g_autoptr (GError) error = NULL;
  GmprocSemaphore *semaphore = gmproc_semaphore_from_handle (actor->object, &error);

  g_assert_no_error (error);
  return semaphore;
}

static void
step (Actor *actor, GmprocSemaphore *semaphore)
{
  g_autoptr (GError) error = NULL;

  __atomic_store_n (&actor->card->is_taking, 1, __ATOMIC_SEQ_CST);
  if (!gmproc_semaphore_acquire (semaphore, get_bound (), NULL, &error))
    ledger_report (actor->place, FINDING_HANG, "acquire: %s", error->message);
  else if (!gmproc_semaphore_release (semaphore, &error))
    ledger_report (actor->place, FINDING_STATE, "release: %s", error->message);
  __atomic_store_n (&actor->card->is_taking, 0, __ATOMIC_SEQ_CST);
}

GMPROC_DEFINE_TARGET (semaphore_survivor)
{
  g_autoptr (GmprocSemaphore) semaphore = NULL;
  Actor actor;

  actor_open (&actor, args);
  semaphore = open_semaphore (&actor);
  while (actor_goes_on (&actor) && !ledger_has_findings (actor.place))
    step (&actor, semaphore);
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (semaphore_victim)
{
  g_autoptr (GmprocSemaphore) semaphore = NULL;
  Actor actor;

  actor_open (&actor, args);
  semaphore = open_semaphore (&actor);
  while (actor_has_steps (&actor))
    step (&actor, semaphore);
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

/* -- in the parent ----------------------------------------------------------------------------- */

/* A bound would refuse a permit that is given back twice. */
static GObject *
make (Round *round)
{
  g_autoptr (GError) error = NULL;
  GmprocSemaphore *semaphore = round->number % 2 == 0
                                   ? gmproc_semaphore_new (PERMITS, &error)
                                   : gmproc_semaphore_new_bounded (PERMITS, &error);

  g_assert_no_error (error);
  return G_OBJECT (semaphore);
}

static guint
get_role (G_GNUC_UNUSED guint survivor, G_GNUC_UNUSED guint victim_role)
{
  return 0;
}

/* A victim takes one of the two permits along at most, and the parent puts it back before the next
 * one comes. So as long as nobody is forgotten, everybody comes to the pause. */
static gboolean
is_paused (Round *round)
{
  return round_is_paused (round, 0);
}

/* How many permits may be gone with a victim that was killed at POINT. */
static void
get_limits (const Card *card, const char *point, guint *ret_least, guint *ret_most)
{
  gboolean has_none =
      strcmp (point, "semaphore-acquire-commit") == 0 || strcmp (point, "semaphore-released") == 0
      || g_str_has_prefix (point, "waitpoint-prepare") || g_str_has_prefix (point, "waitpoint-sl");
  gboolean has_one = strcmp (point, "semaphore-acquired") == 0
                     || strcmp (point, "semaphore-release-wake") == 0
                     || strcmp (point, "semaphore-release-commit") == 0;

  *ret_least = has_one ? 1 : 0;
  *ret_most = card->is_taking != 0 && !has_none ? 1 : 0;
}

static void
settle (Round *round, guint card, const char *point)
{
  GmprocSemaphore *semaphore = GMPROC_SEMAPHORE (round->object);
  guint least, most, value;

  round_pause (round, 0);
  if (!round_await (round, is_paused, "a process waits although there is a permit"))
    return;

  get_limits (&round->place->cards[card], point, &least, &most);
  value = gmproc_semaphore_get_value (semaphore);
  if (value + most < PERMITS || value + least > PERMITS)
    ledger_report (round->place, FINDING_STATE,
                   "of %d permits %u are left, and the victim had from %u to %u", PERMITS, value,
                   least, most);
  for (; value < PERMITS; value++)
    (void) gmproc_semaphore_release (semaphore, NULL);
  round_go_on (round, 0);
}

static void
finish (Round *round)
{
  __atomic_store_n (&round->place->must_stop, 1, __ATOMIC_RELEASE);
}

static void
check (Round *round)
{
  guint value = gmproc_semaphore_get_value (GMPROC_SEMAPHORE (round->object));

  if (value != PERMITS)
    ledger_report (round->place, FINDING_STATE, "of %d permits %u are left at the end", PERMITS,
                   value);
}

static const char *const points[] = { "guard-", "waitpoint-", "semaphore-", NULL };

const Workload workload_semaphore = { .name = "semaphore",
                                      .points = points,
                                      .most_kills = 12,
                                      .survivor = semaphore_survivor,
                                      .victim = semaphore_victim,
                                      .make = make,
                                      .get_role = get_role,
                                      .settle = settle,
                                      .finish = finish,
                                      .check = check };
