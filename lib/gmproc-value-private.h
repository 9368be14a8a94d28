/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the two files of GmprocValue share: gmproc-value.c has the object, and
 * gmproc-value-number.c the calls for each class of numbers.
 */
#pragma once

#include "gmproc-value.h"
#include "internal/arena.h"
#include "internal/number.h"

G_BEGIN_DECLS

struct _GmprocValue
{
  GObject parent_instance;

  GmprocSlot slot;
  char type[2]; /* as in the place, which others could change */
  GmprocNumberClass number_class;
  GmprocLock *lock;
};

/* In shared memory. The type is written before the value is handed out. */
typedef struct
{
  guint64 kind; /* the slot's */
  guint64 word;
  guint64 type;
} GmprocValuePlace;

G_STATIC_ASSERT (sizeof (GmprocValuePlace) <= sizeof (GmprocSlotPlace));

static inline GmprocValuePlace *
gmproc_value_get_place (GmprocValue *self)
{
  return (GmprocValuePlace *) self->slot.place;
}

static inline guint64
gmproc_value_load (GmprocValue *self)
{
  return gmproc_number_extend (
      self->type[0], __atomic_load_n (&gmproc_value_get_place (self)->word, __ATOMIC_SEQ_CST));
}

static inline void
gmproc_value_store (GmprocValue *self, guint64 bits)
{
  __atomic_store_n (&gmproc_value_get_place (self)->word, bits, __ATOMIC_SEQ_CST);
}

G_END_DECLS
