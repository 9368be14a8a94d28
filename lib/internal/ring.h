/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A ring of messages in shared memory that grows.
 *
 * The ring itself has no locks. Its owner keeps two: W for what writes, R for what reads, and both
 * (R first) for what changes the capacity. Each function says which it needs.
 *
 * Positions count in units of 8 bytes and never go back; a position's place in the ring is its
 * remainder by the capacity, which is a power of two. Head and tail are one 64-bit word each:
 *
 *     upper half   the number of messages that were ever put (tail) or taken (head)
 *     lower half   the position where the next one begins
 *
 * Both wrap around; only differences matter. A message is put, or taken, by one store of such a
 * word. So a process that is killed anywhere leaves a ring in which every message is either there
 * whole or not there; and the number of waiting messages can be read at any moment without a lock.
 *
 * Where somebody sleeps until the count goes on, the system adds to it in the step that wakes (see
 * gmproc_waitpoint_wake_and_add()), and it can add to no more than 32 bits. So the whole word is
 * planned first, then the count goes on, which is the commit, and then the position follows. While
 * the count of a plan is the word's, the plan is what the word is. So others read both; and when a
 * process is killed in between, the next one under the same lock lets the position follow, or drops
 * a plan that was not carried out.
 *
 * Each side keeps what it last saw of the other's word, and looks again only when that does not
 * suffice. Otherwise every message would fetch the other processor's cache line.
 *
 * A message in the ring is a word (kind in the top byte, size in the rest) and the body, padded to
 * units. It may go over the end of the ring and go on at its beginning.
 *
 * Growing doubles the capacity until a message fits: what the larger ring expects in its new part
 * is copied there, and then one store makes the new capacity valid. Each capacity has a mapping of
 * its own in each process, made when first needed, so that no thread finds memory gone under it.
 *
 * The messages come from other processes: sizes are checked against the head and the tail, and
 * those against the capacity.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* 64 KiB … 8 GiB; where addresses are short, 128 MiB, because every level has a mapping. */
#define GMPROC_RING_LEVELS (GLIB_SIZEOF_SIZE_T > 4 ? 18 : 12)
#define GMPROC_RING_FIRST_CAPACITY (64 * 1024)

/* In shared memory; the words are apart because different processors write them. */
typedef struct
{
  guint64 level; /* the capacity is the first one, doubled so often. Written inside R and W */
  guint64 unused_1[7];
  guint64 tail;         /* written inside W */
  guint64 seen_head;    /* what W last saw of the head; it may be further on */
  guint64 planned_tail; /* written inside W; 0 for no plan */
  guint64 unused_2[5];
  guint64 head;         /* written inside R */
  guint64 seen_tail;    /* what R last saw of the tail; it may be further on */
  guint64 planned_head; /* written inside R; 0 for no plan */
  guint64 unused_3[5];
} GmprocRingPlace;

typedef struct
{
  GmprocRingPlace *place;
  gintptr memory;                     /* borrowed */
  gsize offset;                       /* of the messages in it, a multiple of the granularity */
  guint8 *levels[GMPROC_RING_LEVELS]; /* mappings; atomic, written once */
} GmprocRing;

/* A message's body: in one piece, or in two when it goes over the end of the ring. */
typedef struct
{
  guint8 kind;
  gsize size;
  guint8 *parts[2];
  gsize part_sizes[2];
  guint64 next; /* what the head or tail becomes */
} GmprocRingMessage;

/* Before use by others: the bytes of memory that a new ring needs, and can come to need. */
gsize gmproc_ring_get_first_size (void);
gsize gmproc_ring_get_last_size (void);

/* The place is all zeros for a new ring. */
void gmproc_ring_init (GmprocRing *self, GmprocRingPlace *place, gintptr memory, gsize offset);
void gmproc_ring_clear (GmprocRing *self);

/* For ring-transfer.h, where messages are put and taken: makes this process's mapping of a level
 * that has none yet; says that the words do not fit together, and gives FALSE. */
guint8 *gmproc_ring_map_level (GmprocRing *self, guint64 level, GError **error);
gboolean gmproc_ring_set_damaged_error (guint64 head, guint64 tail, GError **error);

/* The lock of WORD. Carries the plan out if that was begun, and drops it otherwise. */
void gmproc_ring_settle_plan (guint64 *word, guint64 *plan);

/* R and W. G_IO_ERROR_MESSAGE_TOO_LARGE, or what the system says when it has no memory. */
gboolean gmproc_ring_grow (GmprocRing *self, gsize size, GError **error);

/* R and W. Back to the first capacity if the ring is empty; gives the memory back. */
void gmproc_ring_shrink (GmprocRing *self);
gboolean gmproc_ring_is_worth_shrinking (GmprocRing *self);

/* No lock. The counts are of all messages that were ever put, or taken, and wrap around. */
guint gmproc_ring_get_length (GmprocRing *self);
guint32 gmproc_ring_count_put (GmprocRing *self);
guint32 gmproc_ring_count_taken (GmprocRing *self);

G_END_DECLS
