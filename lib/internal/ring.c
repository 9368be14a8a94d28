/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "ring.h"

#include "gmproc-error.h"
#include "port/port.h"
#include "ring-transfer.h"

/* Below this the memory is not worth the faults of touching it again. */
#define CAPACITY_TO_KEEP (1024 * 1024)

gsize
gmproc_ring_get_first_size (void)
{
  return gmproc_ring_get_capacity (0);
}

gsize
gmproc_ring_get_last_size (void)
{
  return gmproc_ring_get_capacity (GMPROC_RING_LEVELS - 1);
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
    gmproc_port_memory_unmap ((gpointer *) &self->levels[i], gmproc_ring_get_capacity (i));
}

/* -- mappings ---------------------------------------------------------------------------------- */

guint8 *
gmproc_ring_map_level (GmprocRing *self, guint64 level, GError **error)
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

  mapping =
      gmproc_port_memory_map (self->memory, self->offset, gmproc_ring_get_capacity (level), error);
  if (mapping == NULL)
    return NULL;

  /* A reader and a writer of this process may both come here. */
  if (!__atomic_compare_exchange_n (&self->levels[level], &expected, mapping, FALSE,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    gmproc_port_memory_unmap (&mapping, gmproc_ring_get_capacity (level));
  return self->levels[level];
}

gboolean
gmproc_ring_set_damaged_error (guint64 head, guint64 tail, GError **error)
{
  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "The shared memory of a queue is damaged: head %" G_GINT64_MODIFIER
               "x, tail %" G_GINT64_MODIFIER "x",
               head, tail);
  return FALSE;
}

void
gmproc_ring_settle_plan (guint64 *word, guint64 *plan)
{
  if (gmproc_ring_word_get_count (*plan) == gmproc_ring_word_get_count (*word))
    __atomic_store_n (word, *plan, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("ring-plan-settled");
  __atomic_store_n (plan, 0, __ATOMIC_RELEASE);
}

guint
gmproc_ring_get_length (GmprocRing *self)
{
  guint64 head, tail;

  /* A head that is the same before and after was the head when the tail was read. */
  do
    {
      head = gmproc_ring_load (&self->place->head);
      tail = gmproc_ring_load (&self->place->tail);
    }
  while (gmproc_ring_load (&self->place->head) != head);

  return gmproc_ring_word_get_count (tail) - gmproc_ring_word_get_count (head);
}

guint32
gmproc_ring_count_put (GmprocRing *self)
{
  return gmproc_ring_word_get_count (gmproc_ring_load (&self->place->tail));
}

guint32
gmproc_ring_count_taken (GmprocRing *self)
{
  return gmproc_ring_word_get_count (gmproc_ring_load (&self->place->head));
}

/* -- capacity ---------------------------------------------------------------------------------- */

/* Copies what lies in the ring of CAPACITY where the ring of twice that has it in its upper half.
 */
static void
copy_up (guint8 *mapping, gsize capacity, guint64 head, guint64 tail)
{
  gsize begin =
      ((gsize) gmproc_ring_word_get_position (head) * GMPROC_RING_UNIT) & (2 * capacity - 1);
  gsize size = gmproc_ring_get_used (head, tail);

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
  guint64 level = gmproc_ring_load (&self->place->level);
  guint8 *mapping;

  if (!gmproc_port_memory_grow (self->memory, self->offset + gmproc_ring_get_capacity (level + 1),
                                error))
    return FALSE;
  mapping = gmproc_ring_get_mapping (self, level + 1, error);
  if (mapping == NULL)
    return FALSE;

  GMPROC_CRASH_POINT ("ring-grow-memory");
  if (GMPROC_CRASH_BREAKS ("level-first"))
    __atomic_store_n (&self->place->level, level + 1, __ATOMIC_RELEASE);
  copy_up (mapping, gmproc_ring_get_capacity (level), gmproc_ring_get_head (self),
           gmproc_ring_get_tail (self));
  GMPROC_CRASH_POINT ("ring-grow-copied");
  __atomic_store_n (&self->place->level, level + 1, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("ring-grow-level");
  return TRUE;
}

gboolean
gmproc_ring_grow (GmprocRing *self, gsize size, GError **error)
{
  guint64 head = gmproc_ring_get_head (self), tail = gmproc_ring_get_tail (self);
  gsize used = gmproc_ring_get_used (head, tail);
  gsize last = gmproc_ring_get_last_size ();

  if (size > last || gmproc_ring_get_units (size) * GMPROC_RING_UNIT > last - MIN (used, last))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "An item of %" G_GSIZE_FORMAT " bytes does not fit beside the %" G_GSIZE_FORMAT
                   " bytes that wait in a queue, which holds at most %" G_GSIZE_FORMAT,
                   size, used, last);
      return FALSE;
    }

  while (gmproc_ring_get_units (size) * GMPROC_RING_UNIT
         > gmproc_ring_get_capacity (gmproc_ring_load (&self->place->level)) - used)
    if (!grow_once (self, error))
      return FALSE;
  return TRUE;
}

gboolean
gmproc_ring_is_worth_shrinking (GmprocRing *self)
{
  return gmproc_ring_get_capacity (gmproc_ring_load (&self->place->level)) > CAPACITY_TO_KEEP
         && gmproc_ring_get_length (self) == 0;
}

void
gmproc_ring_shrink (GmprocRing *self)
{
  guint64 level = gmproc_ring_load (&self->place->level);
  gsize first = gmproc_ring_get_first_size ();
  guint8 *mapping;

  if (!gmproc_ring_is_worth_shrinking (self))
    return;
  mapping = gmproc_ring_get_mapping (self, level, NULL);
  if (mapping == NULL)
    return;

  __atomic_store_n (&self->place->level, 0, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("ring-shrink-level");
  gmproc_port_memory_discard (mapping, first, gmproc_ring_get_capacity (level) - first);
  GMPROC_CRASH_POINT ("ring-shrink-discarded");
}
