/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of the shared memory share.
 *
 *   gmproc-shared-memory.c        the class, how it crosses, and how it is used
 *   gmproc-shared-memory-size.c   how large it is, and how it grows
 *   gmproc-shared-memory-named.c  blocks that have a name
 */
#pragma once

#include "gmproc-shared-memory.h"
#include "internal/arena.h"
#include "internal/mappings.h"
#include "port/port.h"

G_BEGIN_DECLS

struct _GmprocSharedMemory
{
  GObject parent_instance;

  gintptr memory;
  gsize first_size; /* when it was made, or came here */
  gsize maximum;
  gboolean is_read_only;
  GmprocSlot slot;  /* of a block that can grow; its place holds the state */
  guint64 id;       /* of another one: by which notes name it; 0 where it was opened by a name */
  GmprocNote *note; /* that this process has it; or NULL */
  GmprocMappings mappings;

  char *name; /* by which it was made or opened, or NULL */
  gboolean is_name_owner;
  GmprocPortName *published; /* by the owner; NULL after the name was removed */
};

/* In shared memory, for a block that can grow. Those who look on from outside get the same of one
 * that cannot. */
typedef struct
{
  guint64 unused;
  guint64 size;    /* only ever becomes larger */
  guint64 maximum; /* for those who look on; 0 for a block that cannot grow */
} GmprocSharedMemoryState;

G_STATIC_ASSERT (sizeof (GmprocSharedMemoryState) <= sizeof (GmprocSlotPlace));

static inline GmprocSharedMemoryState *
gmproc_shared_memory_get_state (GmprocSharedMemory *self)
{
  return (GmprocSharedMemoryState *) self->slot.place;
}

/* Whether a block of SIZE bytes can be had. */
gboolean gmproc_shared_memory_check_size (gsize size, GError **error);

/* FALSE with an error when the object may only be read through. */
gboolean gmproc_shared_memory_refuse_read_only (GmprocSharedMemory *self, GError **error);

/* What another process says about the block, against what the system says. */
gboolean gmproc_shared_memory_take_sizes (GmprocSharedMemory *self, guint64 size, guint64 maximum,
                                          GError **error);

/* A block that cannot be mapped is refused at once, not when it is used. */
gboolean gmproc_shared_memory_map_first (GmprocSharedMemory *self, GError **error);

G_END_DECLS
