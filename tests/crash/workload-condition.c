/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A condition: a notification that was made reaches one who waits, whoever is killed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "round.h"

#define WAITER (0)
#define NOTIFIER (1)
#define SHORT (1 * G_TIME_SPAN_MILLISECOND)

static GmprocCondition *
open_condition (Actor *actor)
{
  g_autoptr (GError) error = NULL;
  GmprocCondition *condition = gmproc_condition_from_handle (actor->object, &error);

  g_assert_no_error (error);
  return condition;
}

static gboolean
acquire (LedgerPlace *place, GmprocCondition *condition)
{
  g_autoptr (GError) error = NULL;

  if (gmproc_lock_acquire (gmproc_condition_get_lock (condition), get_bound (), NULL, &error))
    return TRUE;
  ledger_report (place, FINDING_HANG, "the lock of a condition: %s", error->message);
  return FALSE;
}

static void
release (LedgerPlace *place, GmprocCondition *condition)
{
  g_autoptr (GError) error = NULL;

  if (!gmproc_lock_release (gmproc_condition_get_lock (condition), &error))
    ledger_report (place, FINDING_STATE, "the lock of a condition: %s", error->message);
}

GMPROC_DEFINE_TARGET (condition_survivor)
{
  g_autoptr (GmprocCondition) condition = NULL;
  Actor actor;

  actor_open (&actor, args);
  condition = open_condition (&actor);
  while (actor_goes_on (&actor) && acquire (actor.place, condition))
    {
      g_autoptr (GError) error = NULL;

      /* The parent waits for less long, so that it finds a hang first. */
      if (!gmproc_condition_wait (condition, 3 * get_bound (), NULL, &error))
        ledger_report (actor.place, FINDING_HANG, "a waiter: %s", error->message);
      (void) __atomic_add_fetch (&actor.card->n_done, 1, __ATOMIC_SEQ_CST);
      release (actor.place, condition);
    }
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

/* Of a victim that waits: somebody has to give the permits that it takes, one at a time, and the
 * survivors only wait. It goes with the victim. */
typedef struct
{
  LedgerPlace *place;
  GmprocCondition *condition;
  int must_stop; /* atomic */
} Notifier;

static gpointer
run_notifier (gpointer data)
{
  Notifier *self = data;

  while (!g_atomic_int_get (&self->must_stop) && acquire (self->place, self->condition))
    {
      (void) gmproc_condition_notify (self->condition, NULL);
      release (self->place, self->condition);
      g_usleep (SHORT / 10);
    }
  return NULL;
}

GMPROC_DEFINE_TARGET (condition_victim)
{
  g_autoptr (GmprocCondition) condition = NULL;
  Notifier notifier = { 0 };
  GThread *thread = NULL;
  Actor actor;

  actor_open (&actor, args);
  condition = open_condition (&actor);
  notifier.place = actor.place;
  notifier.condition = condition;
  if (actor.role == WAITER)
    thread = g_thread_new ("notifier", run_notifier, &notifier);
  while (actor_has_steps (&actor) && acquire (actor.place, condition))
    {
      if (actor.role == WAITER)
        (void) gmproc_condition_wait (condition, SHORT, NULL, NULL);
      if (actor.role == NOTIFIER || actor.n_steps % 2 == 0)
        (void) gmproc_condition_notify_n (condition, 1 + actor.n_steps % 3, NULL);
      release (actor.place, condition);
    }
  g_atomic_int_set (&notifier.must_stop, TRUE);
  if (thread != NULL)
    (void) g_thread_join (thread);
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

/* -- in the parent ----------------------------------------------------------------------------- */

static GObject *
make (G_GNUC_UNUSED Round *round)
{
  g_autoptr (GError) error = NULL;
  GmprocCondition *condition = gmproc_condition_new (NULL, &error);

  g_assert_no_error (error);
  return G_OBJECT (condition);
}

static guint
get_role (G_GNUC_UNUSED guint survivor, G_GNUC_UNUSED guint victim_role)
{
  return WAITER;
}

/* Only a notifier is sure that it notified a living waiter. */
static guint
get_victim_role (const char *point, guint attempt)
{
  if (strstr (point, "-notif") != NULL || strstr (point, "-release") != NULL)
    return NOTIFIER;
  return g_str_has_prefix (point, "condition-") ? WAITER : attempt % N_ROLES;
}

static guint64
count_done (Round *round)
{
  guint64 n = 0;

  for (guint i = 1; i <= round->n_survivors; i++)
    n += __atomic_load_n (&round->place->cards[i].n_done, __ATOMIC_SEQ_CST);
  return n;
}

/* pair[0] holds what all had done when the last victim started. */
static gboolean
somebody_has_come (Round *round)
{
  return count_done (round) > round->place->pair[0];
}

static void
notify_all (Round *round)
{
  GmprocCondition *condition = GMPROC_CONDITION (round->object);

  if (!acquire (round->place, condition))
    return;
  (void) gmproc_condition_notify_all (condition, NULL);
  release (round->place, condition);
}

/* n_begun of a card holds what n_done was. Who was not waiting yet needs another notification. */
static gboolean
all_have_come (Round *round)
{
  for (guint i = 1; i <= round->n_survivors; i++)
    {
      const Card *card = &round->place->cards[i];

      if (__atomic_load_n (&card->n_done, __ATOMIC_SEQ_CST) == card->n_begun)
        {
          notify_all (round);
          return FALSE;
        }
    }
  return TRUE;
}

/* First without another notification, which would wake those whom the victim left asleep. A victim
 * that was killed when it had notified has done so to a living waiter: there are no others, because
 * the last notification was for all. */
static void
settle (Round *round, G_GNUC_UNUSED guint card, const char *point)
{
  if ((strcmp (point, "condition-notified") == 0 || strcmp (point, "condition-released") == 0
       || strcmp (point, "condition-notify-release") == 0)
      && !round_await (round, somebody_has_come, "a waiter sleeps although it was notified"))
    return;

  for (guint i = 1; i <= round->n_survivors; i++)
    round->place->cards[i].n_begun =
        __atomic_load_n (&round->place->cards[i].n_done, __ATOMIC_SEQ_CST);
  (void) round_await (round, all_have_come, "a waiter does not come although all were notified");
  round->place->pair[0] = count_done (round);
}

static gboolean
all_have_ended (Round *round)
{
  for (guint i = 0; i < round->n_survivors; i++)
    if (!gmproc_process_join (round->survivors[i], 0, NULL, NULL))
      {
        notify_all (round);
        return FALSE;
      }
  return TRUE;
}

static void
finish (Round *round)
{
  __atomic_store_n (&round->place->must_stop, 1, __ATOMIC_RELEASE);
  (void) round_await (round, all_have_ended, "a survivor does not end although all were notified");
}

static void
check (Round *round)
{
  GmprocCondition *condition = GMPROC_CONDITION (round->object);

  if (!acquire (round->place, condition))
    return;
  if (gmproc_condition_wait (condition, 0, NULL, NULL))
    ledger_report (round->place, FINDING_STATE, "a notification is left that nobody waited for");
  release (round->place, condition);
}

static const char *const points[] = { "guard-", "waitpoint-", "condition-", NULL };

const Workload workload_condition = { .name = "condition",
                                      .points = points,
                                      .most_kills = 12,
                                      .survivor = condition_survivor,
                                      .victim = condition_victim,
                                      .make = make,
                                      .get_role = get_role,
                                      .get_victim_role = get_victim_role,
                                      .settle = settle,
                                      .finish = finish,
                                      .check = check };
