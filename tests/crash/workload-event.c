/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * An event: whoever waits comes back when it was set, whoever was killed meanwhile.
 */
#include "config.h"

#include <stdlib.h>

#include "round.h"

#define WAITER (0)
#define SETTER (1)
#define SHORT (1 * G_TIME_SPAN_MILLISECOND)

static GmprocEvent *
open_event (Actor *actor)
{
  g_autoptr (GError) error = NULL;
  GmprocEvent *event = gmproc_event_from_handle (actor->object, &error);

  g_assert_no_error (error);
  return event;
}

static void
count_step (Actor *actor)
{
  (void) __atomic_add_fetch (&actor->card->n_done, 1, __ATOMIC_SEQ_CST);
}

GMPROC_DEFINE_TARGET (event_survivor)
{
  g_autoptr (GmprocEvent) event = NULL;
  g_autoptr (GError) error = NULL;
  Actor actor;

  actor_open (&actor, args);
  event = open_event (&actor);
  while (actor_goes_on (&actor) && error == NULL)
    {
      if (actor.role == SETTER)
        {
          gmproc_event_set (event);
          g_thread_yield ();
        }
      else if (gmproc_event_wait (event, get_bound (), NULL, &error))
        gmproc_event_clear (event);
      else
        ledger_report (actor.place, FINDING_HANG, "a waiter: %s", error->message);
      count_step (&actor);
    }
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (event_victim)
{
  g_autoptr (GmprocEvent) event = NULL;
  Actor actor;

  actor_open (&actor, args);
  event = open_event (&actor);
  while (actor_has_steps (&actor))
    {
      if (actor.role == SETTER)
        gmproc_event_set (event);
      else
        (void) gmproc_event_wait (event, SHORT, NULL, NULL);
      gmproc_event_clear (event);
    }
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

/* -- in the parent ----------------------------------------------------------------------------- */

static GObject *
make (G_GNUC_UNUSED Round *round)
{
  g_autoptr (GError) error = NULL;
  GmprocEvent *event = gmproc_event_new (&error);

  g_assert_no_error (error);
  return G_OBJECT (event);
}

/* Beside a setter that is killed nobody else sets: another one's wake-ups would hide that the last
 * is missing. */
static guint
get_role (guint survivor, guint victim_role)
{
  return victim_role == SETTER ? WAITER : survivor % N_ROLES;
}

static guint
get_victim_role (const char *point, guint attempt)
{
  if (g_str_has_prefix (point, "event-set"))
    return SETTER;
  if (g_str_has_prefix (point, "event-wait"))
    return WAITER;
  return attempt % N_ROLES;
}

/* Everybody who wakes up clears it. */
static gboolean
is_cleared (Round *round)
{
  return !gmproc_event_is_set (GMPROC_EVENT (round->object)) && round_is_paused (round, SETTER);
}

/* n_begun of a waiter's card holds what n_done was. */
static gboolean
all_have_come (Round *round)
{
  gboolean all = TRUE;

  for (guint i = 1; i <= round->n_survivors; i++)
    {
      const Card *card = &round->place->cards[i];

      if (round_get_role (round, i) == WAITER
          && __atomic_load_n (&card->n_done, __ATOMIC_SEQ_CST) == card->n_begun)
        all = FALSE;
    }
  if (!all && !gmproc_event_is_set (GMPROC_EVENT (round->object)))
    gmproc_event_set (GMPROC_EVENT (round->object));
  return all;
}

/* First without another set, which would wake those whom the victim left asleep; then with. */
static void
settle (Round *round, G_GNUC_UNUSED guint card, G_GNUC_UNUSED const char *point)
{
  round_pause (round, SETTER);
  if (!round_await (round, is_cleared, "a waiter sleeps although the event is set"))
    return;

  for (guint i = 1; i <= round->n_survivors; i++)
    round->place->cards[i].n_begun =
        __atomic_load_n (&round->place->cards[i].n_done, __ATOMIC_SEQ_CST);
  (void) round_await (round, all_have_come, "a waiter does not come although the event was set");
  round_go_on (round, SETTER);
}

/* A waiter sees the parent's word when it has come back once more. */
static gboolean
all_have_ended (Round *round)
{
  for (guint i = 0; i < round->n_survivors; i++)
    if (!gmproc_process_join (round->survivors[i], 0, NULL, NULL))
      {
        gmproc_event_set (GMPROC_EVENT (round->object));
        return FALSE;
      }
  return TRUE;
}

static void
finish (Round *round)
{
  __atomic_store_n (&round->place->must_stop, 1, __ATOMIC_RELEASE);
  (void) round_await (round, all_have_ended, "a survivor does not end although the event was set");
}

/* As good as new. */
static void
check (Round *round)
{
  GmprocEvent *event = GMPROC_EVENT (round->object);

  gmproc_event_clear (event);
  if (gmproc_event_is_set (event) || gmproc_event_wait (event, 0, NULL, NULL))
    ledger_report (round->place, FINDING_STATE, "a cleared event is set");
  gmproc_event_set (event);
  if (!gmproc_event_is_set (event) || !gmproc_event_wait (event, 0, NULL, NULL))
    ledger_report (round->place, FINDING_STATE, "a set event is not set");
}

static const char *const points[] = { "guard-",  "waitpoint-prep", "waitpoint-sl",
                                      "commit-", "event-",         NULL };

const Workload workload_event = { .name = "event",
                                  .points = points,
                                  .most_kills = 12,
                                  .survivor = event_survivor,
                                  .victim = event_victim,
                                  .make = make,
                                  .get_role = get_role,
                                  .get_victim_role = get_victim_role,
                                  .settle = settle,
                                  .finish = finish,
                                  .check = check };
