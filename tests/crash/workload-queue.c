/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Queues, without a bound and with room for three: nothing lost, doubled, torn or out of order, and
 * nobody asleep for what is there.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "item.h"

#define PRODUCER (0)
#define CONSUMER (1)

#define MOST_WAITING (64) /* so that a queue without a bound does not eat the memory */
#define PAUSE (20)        /* microseconds */
#define SHORT (20 * G_TIME_SPAN_MILLISECOND)
#define BOUND_OF_QUEUE (3)

static GmprocQueue *
open_queue (Actor *actor)
{
  g_autoptr (GError) error = NULL;
  GmprocQueue *queue = gmproc_queue_from_handle (actor->object, &error);

  g_assert_no_error (error);
  return queue;
}

/* Gives the consumers time, of different kinds: a hungry one sleeps often. */
static gboolean
should_put (Actor *actor, GmprocQueue *queue)
{
  gboolean is_hungry = __atomic_load_n (&actor->place->is_hungry, __ATOMIC_ACQUIRE) != 0;

  if (gmproc_queue_get_length (queue) < (is_hungry ? 1 : MOST_WAITING))
    return TRUE;
  g_usleep (PAUSE);
  return FALSE;
}

/* Every other time: one item, or a group. */
static gboolean
is_group (Actor *actor)
{
  return actor->n_calls++ % 2 == 1;
}

static void
put_one (Actor *actor, GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;

  if (actor->card->n_done + ITEM_GROUP >= LEDGER_ITEMS)
    {
      __atomic_store_n (&actor->place->is_exhausted, 1, __ATOMIC_RELEASE);
      g_usleep (PAUSE);
    }
  else if (!should_put (actor, queue))
    return;
  else if (is_group (actor)
               ? !item_put_group (actor->place, actor->index, queue, get_bound (), &error)
               : !item_put (actor->place, actor->index, queue, TRUE, get_bound (), &error))
    ledger_report (actor->place, FINDING_HANG, "put: %s", error->message);
}

/* NULL with an error. */
static GPtrArray *
take_items (Actor *actor, GmprocQueue *queue, gint64 timeout, GError **error)
{
  g_autoptr (GPtrArray) items = NULL;
  GBytes *item;

  if (is_group (actor))
    {
      __atomic_store_n (&actor->card->is_taking, ITEM_GROUP, __ATOMIC_SEQ_CST);
      return gmproc_queue_get_many_bytes (queue, ITEM_GROUP, timeout, NULL, error);
    }

  __atomic_store_n (&actor->card->is_taking, 1, __ATOMIC_SEQ_CST);
  item = gmproc_queue_get_bytes (queue, timeout, NULL, error);
  if (item == NULL)
    return NULL;
  items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_ptr_array_add (items, item);
  return g_steal_pointer (&items);
}

/* Items that say that this was the last one are one for each consumer. */
static void
put_back (Actor *actor, GmprocQueue *queue, GBytes *stop)
{
  g_autoptr (GError) error = NULL;

  if (!gmproc_queue_put_bytes (queue, stop, get_bound (), NULL, &error))
    ledger_report (actor->place, FINDING_HANG, "put: %s", error->message);
  if (!gmproc_queue_task_done (queue, &error))
    ledger_report (actor->place, FINDING_STATE, "%s", error->message);
}

/* FALSE when an item says that this was the last one. */
static gboolean
take_one (Actor *actor, GmprocQueue *queue, gint64 timeout, gint64 *last_seen)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = take_items (actor, queue, timeout, &error);
  guint n_items = items != NULL ? items->len : 0;
  guint n_stops = 0;

  if (items == NULL
      && (timeout != SHORT || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)))
    ledger_report (actor->place, FINDING_HANG, "get: %s", error->message);
  for (guint i = 0; i < n_items; i++)
    if (!item_is_stop (items->pdata[i]))
      item_take (actor->place, items->pdata[i], last_seen);
    else if (n_stops++ > 0)
      put_back (actor, queue, items->pdata[i]);
  __atomic_store_n (&actor->card->is_taking, 0, __ATOMIC_SEQ_CST);
  for (guint i = n_stops; i < n_items; i++)
    item_finish (actor->place, actor->index, queue);
  return n_stops == 0;
}

GMPROC_DEFINE_TARGET (queue_survivor)
{
  g_autoptr (GmprocQueue) queue = NULL;
  g_autofree gint64 *last_seen = item_new_last_seen ();
  gboolean goes_on = TRUE;
  Actor actor;

  actor_open (&actor, args);
  queue = open_queue (&actor);
  if (actor.role == PRODUCER)
    while (actor_goes_on (&actor) && !ledger_has_findings (actor.place))
      put_one (&actor, queue);
  else
    while (goes_on && !ledger_has_findings (actor.place))
      {
        /* The last item ends it, not the parent's word: that comes while it waits for an item. */
        (void) actor_goes_on (&actor);
        goes_on = take_one (&actor, queue, get_bound (), last_seen);
      }
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (queue_victim)
{
  g_autoptr (GmprocQueue) queue = NULL;
  g_autofree gint64 *last_seen = item_new_last_seen ();
  Actor actor;

  actor_open (&actor, args);
  queue = open_queue (&actor);
  while (actor_has_steps (&actor))
    {
      if (actor.role == PRODUCER)
        put_one (&actor, queue);
      else
        (void) take_one (&actor, queue, SHORT, last_seen);
    }
  actor_clear (&actor);
  return EXIT_SUCCESS;
}

/* -- in the parent ----------------------------------------------------------------------------- */

static GObject *
make_queue (guint max_size)
{
  g_autoptr (GError) error = NULL;
  GmprocQueue *queue = gmproc_queue_new (max_size, &error);

  g_assert_no_error (error);
  return G_OBJECT (queue);
}

static GObject *
make_unbounded (G_GNUC_UNUSED Round *round)
{
  return make_queue (0);
}

static GObject *
make_bounded (G_GNUC_UNUSED Round *round)
{
  return make_queue (BOUND_OF_QUEUE);
}

/* The first survivor is the victim's opposite, so that it has somebody to work with. */
static guint
get_role (guint survivor, guint victim_role)
{
  return (survivor + victim_role + 1) % N_ROLES;
}

static guint
get_victim_role (const char *point, guint attempt)
{
  if (strstr (point, "-put-") != NULL || strstr (point, "-grow-") != NULL)
    return PRODUCER;
  if (strstr (point, "-take-") != NULL || strstr (point, "-shrink-") != NULL
      || strstr (point, "-finish") != NULL)
    return CONSUMER;
  return attempt % N_ROLES;
}

static gboolean
is_drained (Round *round)
{
  if (round_count_role (round, CONSUMER) == 0)
    (void) items_take (round);
  return round_is_paused (round, PRODUCER) && gmproc_queue_is_empty (GMPROC_QUEUE (round->object));
}

static gboolean
is_filled (Round *round)
{
  return __atomic_load_n (&round->place->is_exhausted, __ATOMIC_ACQUIRE) != 0
         || (round_is_paused (round, CONSUMER)
             && gmproc_queue_is_full (GMPROC_QUEUE (round->object)));
}

static void
fill (Round *round)
{
  guint32 was_hungry = round->place->is_hungry;

  __atomic_store_n (&round->place->is_hungry, 0, __ATOMIC_RELEASE);
  round_pause (round, CONSUMER);
  round_go_on (round, PRODUCER);
  (void) round_await (round, is_filled, "a producer sleeps although there is room");
  __atomic_store_n (&round->place->is_hungry, was_hungry, __ATOMIC_RELEASE);
  round_go_on (round, CONSUMER);
}

/* Without producers the consumers must take everything; without consumers the producers must fill
 * it. Whoever sleeps now and should not was not woken. */
static void
settle (Round *round, guint card, const char *point)
{
  items_note_death (round, card, point);
  round_pause (round, PRODUCER);
  if (!round_await (round, is_drained, "a consumer sleeps although there are items"))
    return;

  if (gmproc_queue_get_max_size (GMPROC_QUEUE (round->object)) != 0
      && round_count_role (round, PRODUCER) > 0)
    fill (round);
  else
    round_go_on (round, PRODUCER);
}

static void
finish (Round *round)
{
  g_autoptr (GBytes) stop = item_new_stop ();

  round_pause (round, PRODUCER);
  if (!round_await (round, is_drained, "a consumer sleeps although there are items at the end"))
    return;
  __atomic_store_n (&round->place->must_stop, 1, __ATOMIC_RELEASE);
  round_go_on (round, PRODUCER);
  round->n_stops = round_count_role (round, CONSUMER);
  for (guint i = 0; i < round->n_stops; i++)
    if (!gmproc_queue_put_bytes (GMPROC_QUEUE (round->object), stop, get_bound (), NULL, NULL))
      ledger_report (round->place, FINDING_HANG, "the parent cannot put");
}

/* The queue is as good as new: it counts right, and keeps its bound. */
static void
check (Round *round)
{
  GmprocQueue *queue = GMPROC_QUEUE (round->object);
  guint max_size = gmproc_queue_get_max_size (queue);
  guint n = max_size != 0 ? max_size : 1 + (guint) g_rand_int_range (round->rand, 0, 40);

  items_drain (round);
  for (guint i = 0; i < n; i++)
    if (!item_put (round->place, 0, queue, FALSE, 0, NULL)
        || gmproc_queue_get_length (queue) != i + 1)
      ledger_report (round->place, FINDING_STATE, "item %u does not go in at the end", i);
  if (max_size != 0 && item_put (round->place, 0, queue, FALSE, 0, NULL))
    ledger_report (round->place, FINDING_STATE, "a full queue took one more item");
  items_drain (round);
  items_check (round);
  items_check_finished (round);
}

static const char *const points[] = { "guard-",
                                      "waitpoint-prepare",
                                      "waitpoint-sl",
                                      "buffer-turn-",
                                      "buffer-put-",
                                      "buffer-take-",
                                      "buffer-commit-",
                                      "commit-",
                                      "buffer-grow-",
                                      "buffer-shrink-",
                                      "buffer-finish",
                                      "ring-",
                                      NULL };

const Workload workload_queue = { .name = "queue",
                                  .points = points,
                                  .most_kills = 12,
                                  .survivor = queue_survivor,
                                  .victim = queue_victim,
                                  .make = make_unbounded,
                                  .get_role = get_role,
                                  .get_victim_role = get_victim_role,
                                  .settle = settle,
                                  .finish = finish,
                                  .check = check };

const Workload workload_bounded_queue = { .name = "bounded-queue",
                                          .points = points,
                                          .most_kills = 12,
                                          .survivor = queue_survivor,
                                          .victim = queue_victim,
                                          .make = make_bounded,
                                          .get_role = get_role,
                                          .get_victim_role = get_victim_role,
                                          .settle = settle,
                                          .finish = finish,
                                          .check = check };
