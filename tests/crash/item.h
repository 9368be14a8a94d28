/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Items that can be told from torn ones, and the account of a round: what was put, what was taken.
 */
#pragma once

#include "round.h"

G_BEGIN_DECLS

/* Every byte of an item follows from its producer and number. Most are small; some make the ring
 * grow, and some so far that it shrinks again. LARGE: whether there are such. */
GBytes *item_new (guint32 producer, guint32 number, gboolean large);

/* For the one who takes it last: an item that is nobody's. */
GBytes *item_new_stop (void);
gboolean item_is_stop (GBytes *item);

/* Writes an item down that ACTOR took. LAST_SEEN has the last number of each producer. */
void item_take (LedgerPlace *place, GBytes *item, gint64 *last_seen);
gint64 *item_new_last_seen (void);

/* Puts one item for CARD, and writes down before and after. FALSE with the error of put. */
gboolean item_put (LedgerPlace *place, guint32 card, GmprocQueue *queue, gboolean large,
                   gint64 timeout, GError **error);

/* The same for a group of small items with one call. */
#define ITEM_GROUP (4)
gboolean item_put_group (LedgerPlace *place, guint32 card, GmprocQueue *queue, gint64 timeout,
                         GError **error);

/* Says that an item is finished, and writes down before and after. */
void item_finish (LedgerPlace *place, guint32 card, GmprocQueue *queue);

/* Takes what is in the queue, and gives how many items. drain is for when nobody else works any
 * more: then the length must be right. */
guint items_take (Round *round);
void items_drain (Round *round);

/* Whether all that was put was taken once. */
void items_check (Round *round);

/* Whether as many items are finished as was said, when all have been taken. */
void items_check_finished (Round *round);

/* After a victim's death at POINT: what may be missing because of it. */
void items_note_death (Round *round, guint card, const char *point);

G_END_DECLS
