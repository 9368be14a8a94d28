/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "item.h"

#include <string.h>

#define STOP (G_MAXUINT32)

typedef struct
{
  guint32 producer;
  guint32 number;
  guint8 body[];
} Item;

static gsize
get_body_size (guint32 number, gboolean large)
{
  if (large && number % 32 == 31)
    return 1300 * 1000;
  if (large && number % 8 == 7)
    return 70 * 1000;
  return number * 13 % 200;
}

static guint8
get_byte (guint32 producer, guint32 number, gsize i)
{
  return (guint8) (producer * 31 + number * 7 + i * 3);
}

GBytes *
item_new (guint32 producer, guint32 number, gboolean large)
{
  gsize body_size = get_body_size (number, large);
  Item *item = g_malloc (sizeof *item + body_size);

  item->producer = producer;
  item->number = number;
  for (gsize i = 0; i < body_size; i++)
    item->body[i] = get_byte (producer, number, i);
  return g_bytes_new_take (item, sizeof *item + body_size);
}

GBytes *
item_new_stop (void)
{
  static const Item stop = { STOP, STOP };

  return g_bytes_new_static (&stop, sizeof stop);
}

gboolean
item_is_stop (GBytes *bytes)
{
  gsize size;
  const Item *item = g_bytes_get_data (bytes, &size);

  return size == sizeof *item && item->producer == STOP && item->number == STOP;
}

static gboolean
is_whole (const Item *item, gsize size)
{
  gsize body_size;

  if (size < sizeof *item)
    return FALSE;
  body_size = size - sizeof *item;
  if (body_size != get_body_size (item->number, TRUE)
      && body_size != get_body_size (item->number, FALSE))
    return FALSE;
  for (gsize i = 0; i < body_size; i++)
    if (item->body[i] != get_byte (item->producer, item->number, i))
      return FALSE;
  return TRUE;
}

gint64 *
item_new_last_seen (void)
{
  gint64 *last_seen = g_new (gint64, LEDGER_CARDS);

  for (guint i = 0; i < LEDGER_CARDS; i++)
    last_seen[i] = -1;
  return last_seen;
}

void
item_take (LedgerPlace *place, GBytes *bytes, gint64 *last_seen)
{
  gsize size;
  const Item *item = g_bytes_get_data (bytes, &size);

  if (!is_whole (item, size))
    {
      ledger_report (place, FINDING_TEAR, "an item of %" G_GSIZE_FORMAT " bytes is torn", size);
      return;
    }

  ledger_take (place, item->producer, item->number);
  if (item->producer >= LEDGER_CARDS)
    return;
  if (item->number <= last_seen[item->producer])
    ledger_report (place, FINDING_ORDER, "item %u of %u came after item %" G_GINT64_FORMAT,
                   item->number, item->producer, last_seen[item->producer]);
  last_seen[item->producer] = item->number;
}

gboolean
item_put (LedgerPlace *place, guint32 index, GmprocQueue *queue, gboolean large, gint64 timeout,
          GError **error)
{
  Card *card = &place->cards[index];
  guint64 number = card->n_done;
  g_autoptr (GBytes) item = item_new (index, (guint32) number, large);

  __atomic_store_n (&card->n_begun, number + 1, __ATOMIC_SEQ_CST);
  if (!gmproc_queue_put_bytes (queue, item, timeout, NULL, error))
    return FALSE;
  __atomic_store_n (&card->n_done, number + 1, __ATOMIC_SEQ_CST);
  return TRUE;
}

gboolean
item_put_group (LedgerPlace *place, guint32 index, GmprocQueue *queue, gint64 timeout,
                GError **error)
{
  Card *card = &place->cards[index];
  guint64 number = card->n_done;
  GBytes *items[ITEM_GROUP];
  gsize n_put;

  for (guint i = 0; i < ITEM_GROUP; i++)
    items[i] = item_new (index, (guint32) number + i, FALSE);
  __atomic_store_n (&card->n_begun, number + ITEM_GROUP, __ATOMIC_SEQ_CST);
  (void) gmproc_queue_put_many_bytes (queue, items, ITEM_GROUP, timeout, NULL, &n_put, error);
  __atomic_store_n (&card->n_done, number + n_put, __ATOMIC_SEQ_CST);
  for (guint i = 0; i < ITEM_GROUP; i++)
    g_bytes_unref (items[i]);
  return n_put == ITEM_GROUP;
}

void
item_finish (LedgerPlace *place, guint32 index, GmprocQueue *queue)
{
  Card *card = &place->cards[index];
  g_autoptr (GError) error = NULL;

  __atomic_store_n (&card->n_finish_begun, card->n_finish_done + 1, __ATOMIC_SEQ_CST);
  if (!gmproc_queue_task_done (queue, &error))
    ledger_report (place, FINDING_STATE, "%s", error->message);
  __atomic_store_n (&card->n_finish_done, card->n_finish_begun, __ATOMIC_SEQ_CST);
}

guint
items_take (Round *round)
{
  GmprocQueue *queue = GMPROC_QUEUE (round->object);
  g_autofree gint64 *last_seen = item_new_last_seen ();
  guint n_taken = 0;
  g_autoptr (GBytes) item = NULL;

  while ((item = gmproc_queue_get_bytes (queue, 0, NULL, NULL)) != NULL)
    {
      item_take (round->place, item, last_seen);
      g_clear_pointer (&item, g_bytes_unref);
      n_taken++;
    }
  return n_taken;
}

void
items_drain (Round *round)
{
  GmprocQueue *queue = GMPROC_QUEUE (round->object);
  guint length = gmproc_queue_get_length (queue);
  guint n_taken = items_take (round);

  if (n_taken != length || gmproc_queue_get_length (queue) != 0)
    ledger_report (round->place, FINDING_STATE,
                   "a queue of length %u gave %u items and then has length %u", length, n_taken,
                   gmproc_queue_get_length (queue));
}

/* The items that a producer had begun to put when it was killed. */
static void
check_last (Round *round, guint index)
{
  const Card *card = &round->place->cards[index];
  guint64 n_begun = card->n_begun - card->n_done;
  guint64 n_came = 0;

  while (n_came < n_begun && round->place->taken[index][card->n_done + n_came] != 0)
    n_came++;
  if (n_came > 0 && card->expected == EXPECTED_ABSENT)
    ledger_report (round->place, FINDING_STATE,
                   "an item came whose producer %u was killed before the commit", index);
  if (round->n_unsure > 0)
    return;

  if (n_came < n_begun && card->expected == EXPECTED_PRESENT)
    ledger_report (round->place, FINDING_LOSS,
                   "an item did not come whose producer %u was killed after the commit", index);
  for (guint64 i = n_came; i < n_begun; i++)
    if (round->place->taken[index][card->n_done + i] != 0)
      ledger_report (round->place, FINDING_LOSS, "item %u of a group came, and not all before it",
                     (guint) i);
}

void
items_check (Round *round)
{
  LedgerPlace *place = round->place;
  guint n_missing = 0;

  for (guint i = 0; i < round->n_cards; i++)
    {
      const Card *card = &place->cards[i];

      for (guint64 number = 0; number < card->n_done; number++)
        n_missing += place->taken[i][number] == 0;
      if (card->n_begun > card->n_done)
        check_last (round, i);
    }
  if (n_missing > round->n_unsure)
    ledger_report (place, FINDING_LOSS,
                   "%u items were lost, of which killed consumers may have had %u", n_missing,
                   round->n_unsure);
}

void
items_check_finished (Round *round)
{
  GmprocQueue *queue = GMPROC_QUEUE (round->object);
  guint64 n_put = 0, n_put_begun = 0, n_said = 0, n_begun = 0, n_left = 0;

  for (guint i = 0; i < round->n_cards; i++)
    {
      const Card *card = &round->place->cards[i];

      n_put += card->n_done;
      n_put_begun += card->n_begun;
      n_said += card->n_finish_done;
      n_begun += card->n_finish_begun;
    }
  while (!gmproc_queue_join (queue, 0, NULL, NULL) && gmproc_queue_task_done (queue, NULL))
    n_left++;
  if (gmproc_queue_task_done (queue, NULL))
    ledger_report (round->place, FINDING_STATE, "joined before all items were finished");
  if (!gmproc_queue_join (queue, 0, NULL, NULL))
    ledger_report (round->place, FINDING_STATE, "all items are finished, but nobody can join");
  /* Stop items are put too, and finished by nobody else. */
  n_put += round->n_stops;
  n_put_begun += round->n_stops;
  if (n_left + n_begun < n_put || n_left + n_said > n_put_begun)
    ledger_report (round->place, FINDING_STATE,
                   "%" G_GUINT64_FORMAT " items were not finished; put: %" G_GUINT64_FORMAT
                   " to %" G_GUINT64_FORMAT ", finished: %" G_GUINT64_FORMAT
                   " to %" G_GUINT64_FORMAT,
                   n_left, n_put, n_put_begun, n_said, n_begun);
}

/* A consumer that is killed there has taken nothing yet. */
static gboolean
is_before_take (const char *point)
{
  return g_str_has_prefix (point, "waitpoint-") || g_str_has_prefix (point, "buffer-turn-")
         || strcmp (point, "buffer-commit-planned") == 0 || strcmp (point, "buffer-take-begun") == 0
         || strcmp (point, "buffer-take-another") == 0 || strcmp (point, "buffer-take-wake") == 0
         || strcmp (point, "buffer-take-commit") == 0;
}

/* In a full queue the first items of a group may have been put before the others. */
static gboolean
is_put_by_steps (Round *round, const Card *card)
{
  return card->n_begun > card->n_done + 1
         && gmproc_queue_get_max_size (GMPROC_QUEUE (round->object)) != 0;
}

void
items_note_death (Round *round, guint index, const char *point)
{
  Card *card = &round->place->cards[index];

  if (!is_before_take (point))
    round->n_unsure += card->is_taking;
  if (is_put_by_steps (round, card))
    return;
  if (strcmp (point, "ring-put-sized") == 0 || strcmp (point, "buffer-put-begun") == 0
      || strcmp (point, "buffer-put-another") == 0 || strcmp (point, "buffer-put-wake") == 0
      || strcmp (point, "buffer-put-commit") == 0 || strcmp (point, "buffer-commit-planned") == 0)
    card->expected = EXPECTED_ABSENT;
  else if (strcmp (point, "buffer-put-committed") == 0
           || strcmp (point, "buffer-commit-counted") == 0)
    card->expected = EXPECTED_PRESENT;
}
