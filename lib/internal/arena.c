/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "arena.h"

#include <string.h>

#include "gmproc-error.h"
#include "port/port.h"

#define BLOCK_SIZE GMPROC_ARENA_SIZE
#define N_SLOTS GMPROC_ARENA_SLOTS
#define MAGIC G_GUINT64_CONSTANT (0x676d70726f630001) /* "gmproc", layout 1 */

G_STATIC_ASSERT (sizeof (GmprocSlotPlace) == 128);
G_STATIC_ASSERT (N_SLOTS <= GMPROC_FAMILY_BITS);

/* Slot 0 of every block. */
typedef struct
{
  guint64 magic;
  guint64 id[2];
} Header;

struct GmprocArena
{
  guint64 id[2];
  gintptr memory;
  gpointer mapping;
  guint n_used;      /* slots in use here, and borrowers; the block is freed with the last */
  guint n_given;     /* by the maker: slots that were ever given out, from the front */
  GArray *free_list; /* by the maker: indexes of slots to give out again */
  guint8 crossed[N_SLOTS / 8];
  gint64 maker;              /* its pid; 0 for a block that came from elsewhere */
  guint32 family;            /* in which the block was noted, or was to be */
  GmprocNote *note;          /* that this process has the block; or NULL */
  guint8 n_objects[N_SLOTS]; /* of this process, for each slot; as long as a guint8 can count */
};

static GMutex mutex;
static GHashTable *arenas;   /* id → arena */
static GmprocArena *current; /* the one to take slots from, or NULL */

/* A forked copy of the maker has all of this too, but the memory is the same one: if both gave out
 * slots, it would be the same slots. */
static gboolean
is_ours (const GmprocArena *arena)
{
  return arena->maker == gmproc_port_self_get_pid ();
}

static guint
hash_id (gconstpointer id)
{
  return *(const guint64 *) id;
}

static gboolean
equal_id (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (((GmprocArena *) NULL)->id)) == 0;
}

static GmprocSlotPlace *
get_place (GmprocArena *arena, guint index)
{
  return (GmprocSlotPlace *) arena->mapping + index;
}

static void
arena_free (GmprocArena *arena)
{
  gmproc_family_drop_note (arena->note);
  gmproc_port_memory_unmap (&arena->mapping, BLOCK_SIZE);
  gmproc_port_handle_close (&arena->memory);
  g_array_unref (arena->free_list);
  g_free (arena);
}

/* Takes *memory over, also when it fails. */
static GmprocArena *
arena_new_locked (gintptr *memory, GError **error)
{
  GmprocArena *arena = g_new0 (GmprocArena, 1);

  arena->memory = *memory;
  *memory = GMPROC_PORT_NO_HANDLE;
  arena->free_list = g_array_new (FALSE, FALSE, sizeof (guint));
  arena->mapping = gmproc_port_memory_map (arena->memory, 0, BLOCK_SIZE, error);
  if (arena->mapping == NULL)
    {
      arena_free (arena);
      return NULL;
    }
  return arena;
}

static void
remember_locked (GmprocArena *arena)
{
  if (arenas == NULL)
    arenas = g_hash_table_new (hash_id, equal_id);
  g_hash_table_insert (arenas, arena->id, arena);
}

static void
note_object (const GmprocArena *arena, guint index)
{
  GmprocNote *note = gmproc_family_get_own (arena->note);
  guint8 mask = (guint8) (1 << index % 8);

  if (note == NULL)
    return;
  if (arena->n_objects[index] != 0)
    note->bits[index / 8] |= mask;
  else
    note->bits[index / 8] &= (guint8) ~mask;
}

/* A block may be older than the family: the program has not called gmproc_init() yet, or this is a
 * copy that the fork server made. */
static void
note_block_locked (GmprocArena *arena)
{
  if (arena->family == gmproc_family_get_id ())
    return;
  arena->family = gmproc_family_get_id ();
  arena->note = gmproc_family_note_block (arena->id[0], arena->memory);
  for (guint i = 1; i < N_SLOTS; i++)
    note_object (arena, i);
}

/* Notes that this process has one object more, or one less, in the slot. What it cannot count any
 * more it has for good. */
static void
count_object_locked (GmprocArena *arena, guint index, int change)
{
  note_block_locked (arena);
  if (arena->n_objects[index] != G_MAXUINT8)
    arena->n_objects[index] = (guint8) (arena->n_objects[index] + change);
  note_object (arena, index);
}

static GmprocSubject
get_subject (const GmprocArena *arena, guint index, guint32 kind)
{
  return (GmprocSubject){ .block = arena->id[0], .index = index, .kind = kind };
}

static gboolean
make_current_locked (GError **error)
{
  guint64 id[2];
  gintptr memory;
  Header *header;

  /* Not of GLib's random numbers: two copies of one process would get the same ones, and who has
   * objects of both would take one block for the other. */
  if (!gmproc_port_random_fill (id, sizeof id, error)
      || !gmproc_port_memory_new (BLOCK_SIZE, BLOCK_SIZE, &memory, error))
    return FALSE;
  current = arena_new_locked (&memory, error);
  if (current == NULL)
    return FALSE;

  current->maker = gmproc_port_self_get_pid ();
  current->n_given = 1; /* the header */
  memcpy (current->id, id, sizeof id);
  header = (Header *) current->mapping;
  memcpy (header->id, current->id, sizeof header->id);
  header->magic = MAGIC;
  remember_locked (current);
  return TRUE;
}

static guint
give_slot_locked (GmprocArena *arena)
{
  guint index;

  if (arena->free_list->len == 0)
    return arena->n_given++;

  index = g_array_index (arena->free_list, guint, arena->free_list->len - 1);
  g_array_set_size (arena->free_list, arena->free_list->len - 1);
  return index;
}

gboolean
gmproc_slot_new (GmprocSlot *self, guint32 kind, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  if (current != NULL
      && (!is_ours (current) || (current->n_given == N_SLOTS && current->free_list->len == 0)))
    current = NULL; /* it lives on in the table, as long as its slots do */
  if (current == NULL && !make_current_locked (error))
    return FALSE;

  self->arena = current;
  self->index = give_slot_locked (current);
  self->n_forks = gmproc_port_self_count_forks ();
  self->place = get_place (current, self->index);
  memset (self->place, 0, sizeof *self->place);
  self->place->kind = kind;
  self->place->family = gmproc_family_get_id ();
  self->subject = get_subject (current, self->index, kind);
  count_object_locked (current, self->index, 1);
  current->n_used++;
  return TRUE;
}

static void
unref_locked (GmprocArena *arena)
{
  if (--arena->n_used > 0)
    return;

  if (arena == current)
    current = NULL;
  g_hash_table_remove (arenas, arena->id);
  arena_free (arena);
}

void
gmproc_slot_clear (GmprocSlot *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = NULL;
  GmprocArena *arena = g_steal_pointer (&self->arena);

  if (arena == NULL)
    return;

  locker = g_mutex_locker_new (&mutex);
  if (self->place != NULL)
    count_object_locked (arena, self->index, -1);
  self->place = NULL;
  if (is_ours (arena) && (arena->crossed[self->index / 8] & 1 << self->index % 8) == 0
      && self->n_forks == gmproc_port_self_count_forks ())
    g_array_append_val (arena->free_list, self->index);
  unref_locked (arena);
}

GVariant *
gmproc_slot_export (GmprocSlot *self, GmprocParcel *parcel)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  self->arena->crossed[self->index / 8] |= 1 << self->index % 8;
  return g_variant_new (GMPROC_SLOT_FORMAT, gmproc_parcel_add (parcel, self->arena->memory),
                        self->arena->id[0], self->arena->id[1], self->index);
}

/* The block that came with a message: one that is mapped already, or a new mapping of it. */
static GmprocArena *
find_arena_locked (const guint64 *id, gint32 memory_index, GmprocParcel *parcel, GError **error)
{
  GmprocArena *arena = arenas != NULL ? g_hash_table_lookup (arenas, id) : NULL;
  const Header *header;
  gintptr memory;
  gsize size;

  if (arena != NULL)
    return arena;

  if (!gmproc_parcel_take (parcel, memory_index, &memory, error))
    return NULL;
  if (!gmproc_port_memory_get_size (memory, &size, error))
    {
      gmproc_port_handle_close (&memory);
      return NULL;
    }
  if (size < BLOCK_SIZE)
    {
      gmproc_port_handle_close (&memory);
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A block of shared memory came with %" G_GSIZE_FORMAT " bytes instead of %d",
                   size, BLOCK_SIZE);
      return NULL;
    }

  arena = arena_new_locked (&memory, error);
  if (arena == NULL)
    return NULL;
  header = arena->mapping;
  if (header->magic != MAGIC || memcmp (header->id, id, sizeof header->id) != 0)
    {
      arena_free (arena);
      g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                           "A block of shared memory came that is not the one it is said to be");
      return NULL;
    }

  memcpy (arena->id, header->id, sizeof arena->id);
  remember_locked (arena);
  return arena;
}

gboolean
gmproc_slot_import (GmprocSlot *self, GVariant *exported, guint32 kind, GmprocParcel *parcel,
                    GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  guint64 id[2];
  gint32 memory_index;
  guint32 index;

  g_variant_get (exported, GMPROC_SLOT_FORMAT, &memory_index, &id[0], &id[1], &index);
  self->arena = find_arena_locked (id, memory_index, parcel, error);
  if (self->arena == NULL)
    return FALSE;

  self->arena->n_used++;
  self->index = index;
  if (index > 0 && index < N_SLOTS && get_place (self->arena, index)->kind == kind)
    {
      self->place = get_place (self->arena, index);
      self->subject = get_subject (self->arena, index, kind);
      count_object_locked (self->arena, index, 1);
      self->arena->crossed[index / 8] |= 1 << index % 8;
      return TRUE;
    }

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "Slot %u of a block of shared memory holds no object of the expected class", index);
  self->index = 0; /* not to be given out by the clear below */
  self->arena->crossed[0] |= 1;
  g_clear_pointer (&locker, g_mutex_locker_free);
  gmproc_slot_clear (self);
  return FALSE;
}

/* -- looking ----------------------------------------------------------------------------------- */

gboolean
gmproc_slot_is_of_family (const GmprocSlot *self)
{
  guint32 family = __atomic_load_n (&self->place->family, __ATOMIC_RELAXED);

  return family != 0 && family == gmproc_family_get_id ();
}

const GmprocSlotPlace *
gmproc_arena_borrow (guint64 block, GmprocArena **ret_arena)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  GHashTableIter iter;
  gpointer value;

  if (arenas == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, arenas);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      GmprocArena *arena = value;

      if (arena->id[0] != block)
        continue;
      arena->n_used++;
      *ret_arena = arena;
      return arena->mapping;
    }
  return NULL;
}

void
gmproc_arena_release (GmprocArena *arena)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  unref_locked (arena);
}

gboolean
gmproc_arena_check_mapping (gconstpointer mapping, guint64 block)
{
  const Header *header = mapping;

  return header->magic == MAGIC && header->id[0] == block;
}
