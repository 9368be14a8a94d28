/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A queue that is closed by a victim while the survivors put and take: it is either closed or not,
 * and when it is, everybody comes to the end.
 */
#include "config.h"

#include <stdlib.h>

#include "item.h"

#define PRODUCER (0)
#define CONSUMER (1)
#define BOUND_OF_QUEUE (3)

static GmprocQueue *
open_queue (Actor *actor)
{
  g_autoptr (GError) error = NULL;
  GmprocQueue *queue = gmproc_queue_from_handle (actor->object, &error);

  g_assert_no_error (error);
  return queue;
}

static void
report_unless_closed (Actor *actor, const GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    ledger_report (actor->place, FINDING_HANG, "%s", error->message);
}

static void
put_until_closed (Actor *actor, GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;

  while (actor->card->n_done + 1 < LEDGER_ITEMS)
    if (!item_put (actor->place, actor->index, queue, FALSE, get_bound (), &error))
      {
        report_unless_closed (actor, error);
        return;
      }
}

static void
take_until_closed (Actor *actor, GmprocQueue *queue)
{
  g_autofree gint64 *last_seen = item_new_last_seen ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) item = NULL;

  while ((item = gmproc_queue_get_bytes (queue, get_bound (), NULL, &error)) != NULL)
    {
      item_take (actor->place, item, last_seen);
      g_clear_pointer (&item, g_bytes_unref);
    }
  report_unless_closed (actor, error);
}

GMPROC_DEFINE_TARGET (queue_close_survivor)
{
  g_autoptr (GmprocQueue) queue = NULL;
  Actor actor;

  actor_open (&actor, args);
  queue = open_queue (&actor);
  if (actor.role == PRODUCER)
    put_until_closed (&actor, queue);
  else
    take_until_closed (&actor, queue);
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

/* Closes a queue whose other users sleep, or some that do not. */
GMPROC_DEFINE_TARGET (queue_close_victim)
{
  g_autoptr (GmprocQueue) queue = NULL;
  Actor actor;

  actor_open (&actor, args);
  queue = open_queue (&actor);
  while (actor_has_steps (&actor) && actor.n_steps % 64 != 0)
    if (gmproc_queue_get_length (queue) % BOUND_OF_QUEUE == 0)
      g_thread_yield ();
  gmproc_queue_close (queue);
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

static GObject *
make (G_GNUC_UNUSED Round *round)
{
  g_autoptr (GError) error = NULL;
  GmprocQueue *queue = gmproc_queue_new (BOUND_OF_QUEUE, &error);

  g_assert_no_error (error);
  return G_OBJECT (queue);
}

static guint
get_role (guint survivor, guint victim_role)
{
  return (survivor + victim_role) % N_ROLES;
}

/* A queue that is closed is left alone: closing it again would wake those whom the victim left
 * asleep. */
static void
settle (Round *round, guint card, const char *point)
{
  GmprocQueue *queue = GMPROC_QUEUE (round->object);
  g_autoptr (GError) error = NULL;

  items_note_death (round, card, point);
  if (item_put (round->place, 0, queue, FALSE, 0, &error)
      || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    gmproc_queue_close (queue);
}

/* A round without a victim has nobody who closed it. */
static void
finish (Round *round)
{
  if (round->n_cards == 1 + round->n_survivors)
    gmproc_queue_close (GMPROC_QUEUE (round->object));
}

static void
check (Round *round)
{
  items_drain (round);
  items_check (round);
}

static const char *const points[] = { "buffer-close", "guard-", "waitpoint-advance",
                                      "waitpoint-woken", NULL };

const Workload workload_queue_close = { .name = "queue-close",
                                        .points = points,
                                        .most_kills = 1,
                                        .survivor = queue_close_survivor,
                                        .victim = queue_close_victim,
                                        .make = make,
                                        .get_role = get_role,
                                        .settle = settle,
                                        .finish = finish,
                                        .check = check };
