/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Small places in shared memory, many to a block.
 *
 * A lock or an event needs about a hundred bytes that other processes can see. A block of its own
 * for each would cost a descriptor and a page, so blocks are cut into slots.
 *
 * Who owns what: the process that made a block gives out its slots. Another process maps a block
 * when the first object in it arrives, and finds it again by its random id when more arrive. In
 * each process a block lives as long as slots of it are in use there.
 *
 * A slot is given out again when its object is gone, but only if it never crossed to another
 * process: nobody here can know whether somebody there still uses it. Such slots come back with
 * their whole block, when the last object in it is gone.
 *
 * A copy that a fork() made of the maker, or the fork server of itself, shares the memory and has
 * the objects, but not the block: it gives out no slot of it, whether free or freed by it, and
 * begins a block of its own. And what the maker had when it forked has crossed to the copy. As
 * everywhere in GLib, the copy of a program with threads can come to a mutex that one of them held.
 *
 * Deaths: a block has no owner that could die. The memory ends with the last process that maps it.
 *
 * Threads: any.
 */
#pragma once

#include <gio/gio.h>

#include "family.h"
#include "parcel.h"

G_BEGIN_DECLS

typedef struct GmprocArena GmprocArena;

/* What a slot holds, first in its memory: an object of another class is told from a right one. */
typedef struct
{
  guint32 kind;
  guint32 family; /* whose notes know of the object; 0 for nobody's */
  guint64 contents[15];
} GmprocSlotPlace;

typedef struct
{
  GmprocArena *arena;
  guint index;
  guint n_forks;          /* of this process, when the slot was given */
  GmprocSlotPlace *place; /* zeroed but for kind and family */
  GmprocSubject subject;  /* for notes about the object */
} GmprocSlot;

gboolean gmproc_slot_new (GmprocSlot *self, guint32 kind, GError **error);
void gmproc_slot_clear (GmprocSlot *self);

/* Whether all processes that note something about this object do it in this family. */
gboolean gmproc_slot_is_of_family (const GmprocSlot *self);

/* The slots of a block that this process has, to look into; NULL when it has not. Unref'd by
 * gmproc_arena_release(). */
const GmprocSlotPlace *gmproc_arena_borrow (guint64 block, GmprocArena **ret_arena);
void gmproc_arena_release (GmprocArena *arena);

/* For those who map a block by themselves. */
#define GMPROC_ARENA_SIZE (64 * 1024)
#define GMPROC_ARENA_SLOTS (GMPROC_ARENA_SIZE / sizeof (GmprocSlotPlace))
gboolean gmproc_arena_check_mapping (gconstpointer mapping, guint64 block);

#define GMPROC_SLOT_FORMAT "(ittu)"

GVariant *gmproc_slot_export (GmprocSlot *self, GmprocParcel *parcel);
gboolean gmproc_slot_import (GmprocSlot *self, GVariant *exported, guint32 kind,
                             GmprocParcel *parcel, GError **error);

G_END_DECLS
