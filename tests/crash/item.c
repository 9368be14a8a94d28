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

/* The item that a producer had begun to put when it was killed, or none. */
static void
check_last (Round *round, guint index)
{
  const Card *card = &round->place->cards[index];
  gboolean was_taken = round->place->taken[index][card->n_done] != 0;

  if (was_taken && card->expected == EXPECTED_ABSENT)
    ledger_report (round->place, FINDING_STATE,
                   "an item came whose producer %u was killed before the commit", index);
  else if (!was_taken && card->expected == EXPECTED_PRESENT && round->n_unsure == 0)
    ledger_report (round->place, FINDING_LOSS,
                   "an item did not come whose producer %u was killed after the commit", index);
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

/* A consumer that is killed there has taken nothing yet. */
static gboolean
is_before_take (const char *point)
{
  return g_str_has_prefix (point, "waitpoint-") || g_str_has_prefix (point, "buffer-turn-")
         || strcmp (point, "buffer-take-begun") == 0 || strcmp (point, "buffer-take-wake") == 0
         || strcmp (point, "buffer-take-commit") == 0;
}

void
items_note_death (Round *round, guint index, const char *point)
{
  Card *card = &round->place->cards[index];

  if (card->is_taking && !is_before_take (point))
    round->n_unsure++;
  if (strcmp (point, "ring-put-sized") == 0 || strcmp (point, "buffer-put-begun") == 0
      || strcmp (point, "buffer-put-wake") == 0 || strcmp (point, "buffer-put-commit") == 0)
    card->expected = EXPECTED_ABSENT;
  else if (strcmp (point, "buffer-put-committed") == 0)
    card->expected = EXPECTED_PRESENT;
}
