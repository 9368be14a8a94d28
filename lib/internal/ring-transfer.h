/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Messages into a ring and out of it (ring.h): what every put and every get does, inline, because a
 * call for each of these steps costs more than the step.
 *
 * Several messages can be put, or taken, by one store: each but the first begins where the one
 * before it says in `next`, and the last one is committed. The first begins at the tail, or head.
 */
#pragma once

#include "ring.h"

#include <string.h>

#include "crash-point.h"

G_BEGIN_DECLS

#define GMPROC_RING_UNIT ((gsize) 8)
#define GMPROC_RING_SIZE_BITS (56)
#define GMPROC_RING_SIZE_MASK ((G_GUINT64_CONSTANT (1) << GMPROC_RING_SIZE_BITS) - 1)

/* -- words and places -------------------------------------------------------------------------- */

/* A level that is too high comes from damaged memory; no mapping is made of it. */
static inline gsize
gmproc_ring_get_capacity (guint64 level)
{
  return (gsize) GMPROC_RING_FIRST_CAPACITY << MIN (level, GMPROC_RING_LEVELS - 1);
}

static inline guint32
gmproc_ring_word_get_count (guint64 word)
{
  return word >> 32;
}

static inline guint32
gmproc_ring_word_get_position (guint64 word)
{
  return (guint32) word;
}

static inline gsize
gmproc_ring_get_units (gsize size)
{
  return 1 + (size + GMPROC_RING_UNIT - 1) / GMPROC_RING_UNIT;
}

/* The word after a message of SIZE that begins at WORD. */
static inline guint64
gmproc_ring_word_step (guint64 word, gsize size)
{
  return (guint64) (gmproc_ring_word_get_count (word) + 1) << 32
         | (guint32) (gmproc_ring_word_get_position (word) + gmproc_ring_get_units (size));
}

static inline gsize
gmproc_ring_get_used (guint64 head, guint64 tail)
{
  return (gsize) (guint32) (gmproc_ring_word_get_position (tail)
                            - gmproc_ring_word_get_position (head))
         * GMPROC_RING_UNIT;
}

static inline guint64
gmproc_ring_load (const guint64 *word)
{
  return __atomic_load_n (word, __ATOMIC_ACQUIRE);
}

/* Where the count of WORD lies, as a number of its own. */
static inline guint32 *
gmproc_ring_word_get_count_place (guint64 *word)
{
  return (guint32 *) (gpointer) word + (G_BYTE_ORDER == G_LITTLE_ENDIAN ? 1 : 0);
}

/* The other side's word. Its count is right in itself, and its position is never too far on, so it
 * is loaded in this way only where the position is not far enough. One that is still to follow is
 * in the plan; a plan that is gone again, or is the next one, was loaded after the position had
 * followed. */
static inline guint64
gmproc_ring_load_whole (const guint64 *word, const guint64 *plan)
{
  guint64 seen, planned;

  do
    {
      seen = gmproc_ring_load (word);
      planned = gmproc_ring_load (plan);
    }
  while (gmproc_ring_load (word) != seen);

  return planned != 0 && gmproc_ring_word_get_count (planned) == gmproc_ring_word_get_count (seen)
             ? planned
             : seen;
}

/* The own side's word, inside its lock. Who was inside before may have been killed there. */
static inline guint64
gmproc_ring_settle (guint64 *word, guint64 *plan)
{
  if (G_UNLIKELY (*plan != 0))
    gmproc_ring_settle_plan (word, plan);
  return *word;
}

/* This process's mapping of the ring at its present capacity, or NULL with an error. */
static inline guint8 *
gmproc_ring_get_mapping (GmprocRing *self, guint64 level, GError **error)
{
  guint8 *mapping = NULL;

  if (G_LIKELY (level < GMPROC_RING_LEVELS))
    mapping = __atomic_load_n (&self->levels[level], __ATOMIC_ACQUIRE);
  return G_LIKELY (mapping != NULL) ? mapping : gmproc_ring_map_level (self, level, error);
}

/* Where the body that begins at POSITION lies. */
static inline void
gmproc_ring_locate (GmprocRingMessage *message, guint8 *mapping, gsize capacity, guint32 position)
{
  gsize start = (position * GMPROC_RING_UNIT) & (capacity - 1);

  message->parts[0] = mapping + start;
  message->part_sizes[0] = MIN (message->size, capacity - start);
  message->parts[1] = mapping;
  message->part_sizes[1] = message->size - message->part_sizes[0];
}

/* -- putting ----------------------------------------------------------------------------------- */

/* W. Where the next message begins. */
static inline guint64
gmproc_ring_get_tail (GmprocRing *self)
{
  return gmproc_ring_settle (&self->place->tail, &self->place->planned_tail);
}

/* W. Whether fewer than MAX_LENGTH messages, 0 for no bound, wait when all before TAIL are put. */
static inline gboolean
gmproc_ring_is_below (GmprocRing *self, guint64 tail, guint max_length)
{
  GmprocRingPlace *place = self->place;
  guint32 count = gmproc_ring_word_get_count (tail);

  if (max_length == 0 || count - gmproc_ring_word_get_count (place->seen_head) < max_length)
    return TRUE;

  place->seen_head = gmproc_ring_load (&place->head);
  return count - gmproc_ring_word_get_count (place->seen_head) < max_length;
}

/* W. */
static inline void
gmproc_ring_commit_put (GmprocRing *self, const GmprocRingMessage *message)
{
  __atomic_store_n (&self->place->tail, message->next, __ATOMIC_RELEASE);
}

/* W. FALSE with an error, or with *ret_is_full when it has to grow first. */
static inline gboolean
gmproc_ring_begin_put (GmprocRing *self, guint64 tail, guint8 kind, gsize size,
                       GmprocRingMessage *ret_message, gboolean *ret_is_full, GError **error)
{
  guint64 level = gmproc_ring_load (&self->place->level);
  guint8 *mapping = gmproc_ring_get_mapping (self, level, error);
  gsize capacity = gmproc_ring_get_capacity (level);
  gsize used = gmproc_ring_get_used (self->place->seen_head, tail);
  gsize needed = gmproc_ring_get_units (size) * GMPROC_RING_UNIT;
  guint32 position = gmproc_ring_word_get_position (tail);

  *ret_is_full = FALSE;
  if (mapping == NULL)
    return FALSE;
  if (used > capacity || size > capacity || needed > capacity - used)
    {
      self->place->seen_head =
          gmproc_ring_load_whole (&self->place->head, &self->place->planned_head);
      used = gmproc_ring_get_used (self->place->seen_head, tail);
    }
  if (used > capacity)
    return gmproc_ring_set_damaged_error (self->place->seen_head, tail, error);
  if (size > capacity || needed > capacity - used)
    {
      *ret_is_full = TRUE;
      return FALSE;
    }

  *(guint64 *) (gpointer) (mapping + ((position * GMPROC_RING_UNIT) & (capacity - 1))) =
      (guint64) kind << GMPROC_RING_SIZE_BITS | size;
  ret_message->kind = kind;
  ret_message->size = size;
  ret_message->next = gmproc_ring_word_step (tail, size);
  gmproc_ring_locate (ret_message, mapping, capacity, position + 1);
  GMPROC_CRASH_POINT ("ring-put-sized");
  if (GMPROC_CRASH_BREAKS ("put-first"))
    gmproc_ring_commit_put (self, ret_message);
  return TRUE;
}

/* -- taking ------------------------------------------------------------------------------------ */

/* R. Where the first message begins. */
static inline guint64
gmproc_ring_get_head (GmprocRing *self)
{
  return gmproc_ring_settle (&self->place->head, &self->place->planned_head);
}

/* R. Whether a message waits when all before HEAD are taken. */
static inline gboolean
gmproc_ring_has_message (GmprocRing *self, guint64 head)
{
  GmprocRingPlace *place = self->place;
  guint32 count = gmproc_ring_word_get_count (head);

  if (gmproc_ring_word_get_count (place->seen_tail) == count)
    place->seen_tail = gmproc_ring_load (&place->tail);
  return gmproc_ring_word_get_count (place->seen_tail) != count;
}

/* R. Whether R knows of no message. */
static inline gboolean
gmproc_ring_seems_empty (GmprocRing *self)
{
  return gmproc_ring_word_get_count (self->place->seen_tail)
         == gmproc_ring_word_get_count (self->place->head);
}

/* R. */
static inline void
gmproc_ring_commit_take (GmprocRing *self, const GmprocRingMessage *message)
{
  __atomic_store_n (&self->place->head, message->next, __ATOMIC_RELEASE);
}

/* R. There must be one. */
static inline gboolean
gmproc_ring_begin_take (GmprocRing *self, guint64 head, GmprocRingMessage *ret_message,
                        GError **error)
{
  guint64 level = gmproc_ring_load (&self->place->level);
  guint64 tail = self->place->seen_tail;
  guint8 *mapping = gmproc_ring_get_mapping (self, level, error);
  gsize capacity = gmproc_ring_get_capacity (level);
  gsize used = gmproc_ring_get_used (head, tail);
  guint32 position = gmproc_ring_word_get_position (head);
  gsize needed;
  guint64 word;

  if (mapping == NULL)
    return FALSE;

  word = *(const guint64 *) (gpointer) (mapping + ((position * GMPROC_RING_UNIT) & (capacity - 1)));
  ret_message->kind = word >> GMPROC_RING_SIZE_BITS;
  ret_message->size = word & GMPROC_RING_SIZE_MASK;
  needed = gmproc_ring_get_units (ret_message->size) * GMPROC_RING_UNIT;
  if (G_UNLIKELY (used > capacity || ret_message->size > used || needed > used))
    {
      tail = gmproc_ring_load_whole (&self->place->tail, &self->place->planned_tail);
      self->place->seen_tail = tail;
      used = gmproc_ring_get_used (head, tail);
      if (used > capacity || ret_message->size > used || needed > used)
        return gmproc_ring_set_damaged_error (head, tail, error);
    }

  ret_message->next = gmproc_ring_word_step (head, ret_message->size);
  gmproc_ring_locate (ret_message, mapping, capacity, position + 1);
  if (GMPROC_CRASH_BREAKS ("take-first"))
    gmproc_ring_commit_take (self, ret_message);
  return TRUE;
}

/* -- bodies ------------------------------------------------------------------------------------ */

/* A number is the most frequent body, and a call costs more than its copy. */
static inline void
gmproc_ring_copy (gpointer to, gconstpointer from, gsize size)
{
  if (size == sizeof (guint64))
    memcpy (to, from, sizeof (guint64));
  else if (size == 1)
    *(guint8 *) to = *(const guint8 *) from;
  else
    memcpy (to, from, size);
}

/* How many of SIZE bytes from OFFSET on are before the end of the ring: all, if the body is in one
 * piece, as nearly every one is. */
static inline gsize
gmproc_ring_get_first (const GmprocRingMessage *message, gsize offset, gsize size)
{
  if (G_LIKELY (message->part_sizes[1] == 0))
    return size;
  return offset < message->part_sizes[0] ? MIN (size, message->part_sizes[0] - offset) : 0;
}

/* Copies SIZE bytes to where the body has its byte number OFFSET, over the end of the ring. */
static inline void
gmproc_ring_poke (const GmprocRingMessage *message, gsize offset, gconstpointer data, gsize size)
{
  gsize first = gmproc_ring_get_first (message, offset, size);

  if (first > 0) /* a part of no bytes may be NULL, which has no offsets */
    gmproc_ring_copy (message->parts[0] + offset, data, first);
  if (size > first)
    memcpy (message->parts[1] + (offset + first - message->part_sizes[0]),
            (const guint8 *) data + first, size - first);
}

static inline void
gmproc_ring_fill (const GmprocRingMessage *message, const GOutputVector *vectors, gsize n_vectors)
{
  gsize offset = 0;

  for (gsize i = 0; i < n_vectors; i++)
    {
      gmproc_ring_poke (message, offset, vectors[i].buffer, vectors[i].size);
      offset += vectors[i].size;
    }
}

/* Copies SIZE bytes from OFFSET on out. */
static inline void
gmproc_ring_peek (const GmprocRingMessage *message, gsize offset, gpointer buffer, gsize size)
{
  gsize first = gmproc_ring_get_first (message, offset, size);

  if (first > 0)
    gmproc_ring_copy (buffer, message->parts[0] + offset, first);
  if (size > first)
    memcpy ((guint8 *) buffer + first,
            message->parts[1] + (offset + first - message->part_sizes[0]), size - first);
}

static inline void
gmproc_ring_extract (const GmprocRingMessage *message, gpointer buffer)
{
  gmproc_ring_peek (message, 0, buffer, message->size);
}

G_END_DECLS
