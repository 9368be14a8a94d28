/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "ring.h"

#include <string.h>

#include "crash-point.h"
#include "gmproc-error.h"
#include "port/port.h"

#define UNIT ((gsize) 8)
#define SIZE_BITS (56)
#define SIZE_MASK ((G_GUINT64_CONSTANT (1) << SIZE_BITS) - 1)

/* Below this the memory is not worth the faults of touching it again. */
#define CAPACITY_TO_KEEP (1024 * 1024)

/* A level that is too high comes from damaged memory; map_level refuses it. */
static gsize
get_capacity (guint64 level)
{
  return (gsize) GMPROC_RING_FIRST_CAPACITY << MIN (level, GMPROC_RING_LEVELS - 1);
}

gsize
gmproc_ring_get_first_size (void)
{
  return get_capacity (0);
}

gsize
gmproc_ring_get_last_size (void)
{
  return get_capacity (GMPROC_RING_LEVELS - 1);
}

void
gmproc_ring_init (GmprocRing *self, GmprocRingPlace *place, gintptr memory, gsize offset)
{
  memset (self, 0, sizeof *self);
  self->place = place;
  self->memory = memory;
  self->offset = offset;
}

void
gmproc_ring_clear (GmprocRing *self)
{
  for (guint i = 0; i < GMPROC_RING_LEVELS; i++)
    gmproc_port_memory_unmap ((gpointer *) &self->levels[i], get_capacity (i));
}

/* -- words and places -------------------------------------------------------------------------- */

static inline guint32
get_count (guint64 word)
{
  return word >> 32;
}

static inline guint32
get_position (guint64 word)
{
  return (guint32) word;
}

static inline guint64
step (guint64 word, gsize units)
{
  return (guint64) (get_count (word) + 1) << 32 | (guint32) (get_position (word) + units);
}

static inline gsize
get_units (gsize size)
{
  return 1 + (size + UNIT - 1) / UNIT;
}

static guint64
load (const guint64 *word)
{
  return __atomic_load_n (word, __ATOMIC_ACQUIRE);
}

/* This process's mapping of the ring at its present capacity. */
static guint8 *
map_level (GmprocRing *self, guint64 level, GError **error)
{
  gpointer mapping;
  guint8 *expected = NULL;

  if (level >= GMPROC_RING_LEVELS)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The shared memory of a queue is damaged: level %" G_GUINT64_FORMAT, level);
      return NULL;
    }
  if (G_LIKELY (__atomic_load_n (&self->levels[level], __ATOMIC_ACQUIRE) != NULL))
    return self->levels[level];

  mapping = gmproc_port_memory_map (self->memory, self->offset, get_capacity (level), error);
  if (mapping == NULL)
    return NULL;

  /* A reader and a writer of this process may both come here. */
  if (!__atomic_compare_exchange_n (&self->levels[level], &expected, mapping, FALSE,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    gmproc_port_memory_unmap (&mapping, get_capacity (level));
  return self->levels[level];
}

/* Where the body that begins at POSITION lies. */
static void
locate (GmprocRingMessage *message, guint8 *mapping, gsize capacity, guint32 position)
{
  gsize start = (position * UNIT) & (capacity - 1);

  message->parts[0] = mapping + start;
  message->part_sizes[0] = MIN (message->size, capacity - start);
  message->parts[1] = mapping;
  message->part_sizes[1] = message->size - message->part_sizes[0];
}

static gboolean
set_damaged_error (guint64 head, guint64 tail, GError **error)
{
  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "The shared memory of a queue is damaged: head %" G_GINT64_MODIFIER
               "x, tail %" G_GINT64_MODIFIER "x",
               head, tail);
  return FALSE;
}

static gsize
get_used (guint64 head, guint64 tail)
{
  return (gsize) (guint32) (get_position (tail) - get_position (head)) * UNIT;
}

/* -- putting and taking ------------------------------------------------------------------------ */

guint64
gmproc_ring_get_tail (GmprocRing *self)
{
  return self->place->tail;
}

gboolean
gmproc_ring_is_below (GmprocRing *self, guint64 tail, guint max_length)
{
  GmprocRingPlace *place = self->place;

  if (max_length == 0 || get_count (tail) - get_count (place->seen_head) < max_length)
    return TRUE;

  place->seen_head = load (&place->head);
  return get_count (tail) - get_count (place->seen_head) < max_length;
}

gboolean
gmproc_ring_begin_put (GmprocRing *self, guint64 tail, guint8 kind, gsize size,
                       GmprocRingMessage *ret_message, gboolean *ret_is_full, GError **error)
{
  guint64 level = load (&self->place->level);
  guint8 *mapping = map_level (self, level, error);
  gsize capacity = get_capacity (level);
  gsize used = get_used (self->place->seen_head, tail);
  gsize needed = get_units (size) * UNIT;

  *ret_is_full = FALSE;
  if (mapping == NULL)
    return FALSE;
  if (used > capacity || size > capacity || needed > capacity - used)
    {
      self->place->seen_head = load (&self->place->head);
      used = get_used (self->place->seen_head, tail);
    }
  if (used > capacity)
    return set_damaged_error (self->place->seen_head, tail, error);
  if (size > capacity || needed > capacity - used)
    {
      *ret_is_full = TRUE;
      return FALSE;
    }

  *(guint64 *) (gpointer) (mapping + ((get_position (tail) * UNIT) & (capacity - 1))) =
      (guint64) kind << SIZE_BITS | size;
  ret_message->kind = kind;
  ret_message->size = size;
  ret_message->next = step (tail, get_units (size));
  locate (ret_message, mapping, capacity, get_position (tail) + 1);
  GMPROC_CRASH_POINT ("ring-put-sized");
  if (GMPROC_CRASH_BREAKS ("put-first"))
    gmproc_ring_commit_put (self, ret_message);
  return TRUE;
}

void
gmproc_ring_commit_put (GmprocRing *self, const GmprocRingMessage *message)
{
  __atomic_store_n (&self->place->tail, message->next, __ATOMIC_RELEASE);
}

guint64
gmproc_ring_get_head (GmprocRing *self)
{
  return self->place->head;
}

gboolean
gmproc_ring_has_message (GmprocRing *self, guint64 head)
{
  GmprocRingPlace *place = self->place;

  if (get_count (place->seen_tail) == get_count (head))
    place->seen_tail = load (&place->tail);
  return get_count (place->seen_tail) != get_count (head);
}

gboolean
gmproc_ring_begin_take (GmprocRing *self, guint64 head, GmprocRingMessage *ret_message,
                        GError **error)
{
  guint64 level = load (&self->place->level);
  guint64 tail = self->place->seen_tail;
  guint8 *mapping = map_level (self, level, error);
  gsize capacity = get_capacity (level);
  gsize used = get_used (head, tail);
  guint64 word;

  if (mapping == NULL)
    return FALSE;
  if (used > capacity || used < UNIT)
    return set_damaged_error (head, tail, error);

  word = *(const guint64 *) (gpointer) (mapping + ((get_position (head) * UNIT) & (capacity - 1)));
  ret_message->kind = word >> SIZE_BITS;
  ret_message->size = word & SIZE_MASK;
  if (ret_message->size > used || get_units (ret_message->size) * UNIT > used)
    return set_damaged_error (head, tail, error);

  ret_message->next = step (head, get_units (ret_message->size));
  locate (ret_message, mapping, capacity, get_position (head) + 1);
  if (GMPROC_CRASH_BREAKS ("take-first"))
    gmproc_ring_commit_take (self, ret_message);
  return TRUE;
}

void
gmproc_ring_commit_take (GmprocRing *self, const GmprocRingMessage *message)
{
  __atomic_store_n (&self->place->head, message->next, __ATOMIC_RELEASE);
}

guint
gmproc_ring_get_length (GmprocRing *self)
{
  guint64 head, tail;

  /* A head that is the same before and after was the head when the tail was read. */
  do
    {
      head = load (&self->place->head);
      tail = load (&self->place->tail);
    }
  while (load (&self->place->head) != head);

  return get_count (tail) - get_count (head);
}

guint32
gmproc_ring_count_put (GmprocRing *self)
{
  return get_count (load (&self->place->tail));
}

guint32
gmproc_ring_count_taken (GmprocRing *self)
{
  return get_count (load (&self->place->head));
}

/* -- capacity ---------------------------------------------------------------------------------- */

/* Copies what lies in the ring of CAPACITY where the ring of twice that has it in its upper half.
 */
static void
copy_up (guint8 *mapping, gsize capacity, guint64 head, guint64 tail)
{
  gsize begin = ((gsize) get_position (head) * UNIT) & (2 * capacity - 1);
  gsize size = (gsize) (guint32) (get_position (tail) - get_position (head)) * UNIT;

  while (size > 0)
    {
      gsize piece = MIN (size, capacity - (begin & (capacity - 1)));

      GMPROC_CRASH_POINT ("ring-grow-copy");
      if (begin >= capacity)
        memcpy (mapping + begin, mapping + begin - capacity, piece);
      size -= piece;
      begin = (begin + piece) & (2 * capacity - 1);
    }
}

/* Into the next larger mapping, whose lower half is the same memory as the one before. A message
 * that the larger ring has in its lower half is there already. */
static gboolean
grow_once (GmprocRing *self, GError **error)
{
  guint64 level = load (&self->place->level);
  guint8 *mapping;

  if (!gmproc_port_memory_grow (self->memory, self->offset + get_capacity (level + 1), error))
    return FALSE;
  mapping = map_level (self, level + 1, error);
  if (mapping == NULL)
    return FALSE;

  GMPROC_CRASH_POINT ("ring-grow-memory");
  if (GMPROC_CRASH_BREAKS ("level-first"))
    __atomic_store_n (&self->place->level, level + 1, __ATOMIC_RELEASE);
  copy_up (mapping, get_capacity (level), self->place->head, self->place->tail);
  GMPROC_CRASH_POINT ("ring-grow-copied");
  __atomic_store_n (&self->place->level, level + 1, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("ring-grow-level");
  return TRUE;
}

gboolean
gmproc_ring_grow (GmprocRing *self, gsize size, GError **error)
{
  guint64 head = self->place->head, tail = self->place->tail;
  gsize used = (gsize) (guint32) (get_position (tail) - get_position (head)) * UNIT;
  gsize last = gmproc_ring_get_last_size ();

  if (size > last || get_units (size) * UNIT > last - MIN (used, last))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "An item of %" G_GSIZE_FORMAT " bytes does not fit beside the %" G_GSIZE_FORMAT
                   " bytes that wait in a queue, which holds at most %" G_GSIZE_FORMAT,
                   size, used, last);
      return FALSE;
    }

  while (get_units (size) * UNIT > get_capacity (load (&self->place->level)) - used)
    if (!grow_once (self, error))
      return FALSE;
  return TRUE;
}

gboolean
gmproc_ring_is_worth_shrinking (GmprocRing *self)
{
  return get_capacity (load (&self->place->level)) > CAPACITY_TO_KEEP
         && gmproc_ring_get_length (self) == 0;
}

void
gmproc_ring_shrink (GmprocRing *self)
{
  guint64 level = load (&self->place->level);
  gsize first = gmproc_ring_get_first_size ();
  guint8 *mapping;

  if (!gmproc_ring_is_worth_shrinking (self))
    return;
  mapping = map_level (self, level, NULL);
  if (mapping == NULL)
    return;

  __atomic_store_n (&self->place->level, 0, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("ring-shrink-level");
  gmproc_port_memory_discard (mapping, first, get_capacity (level) - first);
  GMPROC_CRASH_POINT ("ring-shrink-discarded");
}

/* -- bodies ------------------------------------------------------------------------------------ */

/* Copies SIZE bytes to where the body has its byte number POSITION. */
static void
fill_at (const GmprocRingMessage *message, gsize position, const guint8 *data, gsize size)
{
  gsize first =
      position < message->part_sizes[0] ? MIN (size, message->part_sizes[0] - position) : 0;

  if (first > 0)
    memcpy (message->parts[0] + position, data, first);
  if (size > first)
    memcpy (message->parts[1] + (position + first - message->part_sizes[0]), data + first,
            size - first);
}

void
gmproc_ring_fill (const GmprocRingMessage *message, const GOutputVector *vectors, gsize n_vectors)
{
  gsize position = 0;

  for (gsize i = 0; i < n_vectors; i++)
    {
      fill_at (message, position, vectors[i].buffer, vectors[i].size);
      position += vectors[i].size;
    }
}

void
gmproc_ring_peek (const GmprocRingMessage *message, gsize offset, gpointer buffer, gsize size)
{
  gsize first = offset < message->part_sizes[0] ? MIN (size, message->part_sizes[0] - offset) : 0;

  if (first > 0)
    memcpy (buffer, message->parts[0] + offset, first);
  if (size > first)
    memcpy ((guint8 *) buffer + first,
            message->parts[1] + (offset + first - message->part_sizes[0]), size - first);
}

void
gmproc_ring_extract (const GmprocRingMessage *message, gpointer buffer)
{
  gmproc_ring_peek (message, 0, buffer, message->size);
}
