/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "buffer-private.h"

#include "crash-point.h"
#include "gmproc-error.h"
#include "kind.h"

#define MAGIC G_GUINT64_CONSTANT (0x676d70726f635103) /* "gmprocQ", layout 3 */

/* The memory, and the kernel's objects behind five locks and three words, where it has such. */
#define FORMAT "(iiiiiiiii)"
#define N_LOCKS (5)
#define N_WAITPOINTS (3)

/* The place has the first granule to itself; the ring follows. */
gsize
gmproc_buffer_get_place_size (void)
{
  return gmproc_port_memory_get_granularity ();
}

/* -- parts: the locks and waitpoints beside their places ----------------------------------------
 */

static GmprocPortLock *
get_lock (GmprocBuffer *self, guint i, GmprocPortLockPlace **ret_place)
{
  GmprocPortLock *locks[N_LOCKS] = { &self->write_lock, &self->read_lock, &self->producers_turn,
                                     &self->consumers_turn, &self->finish_lock };
  GmprocPortLockPlace *places[N_LOCKS] = { &self->place->write_lock, &self->place->read_lock,
                                           &self->place->producers_turn,
                                           &self->place->consumers_turn,
                                           &self->place->finish_lock };

  *ret_place = places[i];
  return locks[i];
}

static GmprocWaitpoint *
get_waitpoint (GmprocBuffer *self, guint i, GmprocWaitpointPlace **ret_place)
{
  GmprocWaitpoint *waitpoints[N_WAITPOINTS] = { &self->items, &self->room, &self->finished };
  GmprocWaitpointPlace *places[N_WAITPOINTS] = { &self->place->items, &self->place->room,
                                                 &self->place->finished };

  *ret_place = places[i];
  return waitpoints[i];
}

static gboolean
map_place (GmprocBuffer *self, GError **error)
{
  self->place = gmproc_port_memory_map (self->memory, 0, gmproc_buffer_get_place_size (), error);
  if (self->place == NULL)
    return FALSE;

  gmproc_ring_init (&self->ring, &self->place->ring, self->memory, gmproc_buffer_get_place_size ());
  return TRUE;
}

static gboolean
create_parts (GmprocBuffer *self, GError **error)
{
  GmprocPortLockPlace *lock_place;
  GmprocWaitpointPlace *place;

  for (guint i = 0; i < N_LOCKS; i++)
    {
      GmprocPortLock *lock = get_lock (self, i, &lock_place);

      if (!gmproc_port_lock_create (lock, lock_place, error))
        return FALSE;
    }
  for (guint i = 0; i < N_WAITPOINTS; i++)
    {
      GmprocWaitpoint *waitpoint = get_waitpoint (self, i, &place);

      if (!gmproc_waitpoint_create (waitpoint, place, error))
        return FALSE;
    }
  return TRUE;
}

/* For those who look on from outside; see family.h. */
static void
note_buffer (GmprocBuffer *self)
{
  self->subject = (GmprocSubject){ .block = self->place->id, .kind = GMPROC_KIND_QUEUE };
  self->note = gmproc_family_note_object (GMPROC_KIND_QUEUE, self->place->id, 0, self->memory);
}

gboolean
gmproc_buffer_new (GmprocBuffer *self, guint max_length, GError **error)
{
  gsize place_size = gmproc_buffer_get_place_size ();

  *self = (GmprocBuffer){ .memory = GMPROC_PORT_NO_HANDLE };
  if (!gmproc_port_memory_new (place_size + gmproc_ring_get_first_size (),
                               place_size + gmproc_ring_get_last_size (), &self->memory, error)
      || !map_place (self, error) || !create_parts (self, error)
      || !gmproc_port_random_fill (&self->place->id, sizeof self->place->id, error))
    {
      gmproc_buffer_clear (self);
      return FALSE;
    }

  self->place->max_length = max_length;
  self->place->magic = MAGIC;
  note_buffer (self);
  return TRUE;
}

void
gmproc_buffer_clear (GmprocBuffer *self)
{
  gmproc_family_drop_note (g_steal_pointer (&self->note));
  if (self->place != NULL)
    {
      GmprocPortLockPlace *lock_place;
      GmprocWaitpointPlace *place;

      for (guint i = 0; i < N_WAITPOINTS; i++)
        gmproc_waitpoint_detach (get_waitpoint (self, i, &place));
      for (guint i = 0; i < N_LOCKS; i++)
        gmproc_port_lock_detach (get_lock (self, i, &lock_place));
      gmproc_ring_clear (&self->ring);
    }
  gmproc_port_memory_unmap ((gpointer *) &self->place, gmproc_buffer_get_place_size ());
  gmproc_port_handle_close (&self->memory);
}

/* -- crossing ---------------------------------------------------------------------------------- */

GVariant *
gmproc_buffer_export (GmprocBuffer *self, GmprocParcel *parcel)
{
  return g_variant_new (FORMAT, gmproc_parcel_add (parcel, self->memory),
                        gmproc_parcel_add (parcel, self->write_lock.handle),
                        gmproc_parcel_add (parcel, self->read_lock.handle),
                        gmproc_parcel_add (parcel, self->producers_turn.handle),
                        gmproc_parcel_add (parcel, self->consumers_turn.handle),
                        gmproc_parcel_add (parcel, self->finish_lock.handle),
                        gmproc_parcel_add (parcel, self->items.word.handle),
                        gmproc_parcel_add (parcel, self->room.word.handle),
                        gmproc_parcel_add (parcel, self->finished.word.handle));
}

static gboolean
take_child (GVariant *exported, gsize i, GmprocParcel *parcel, gintptr *ret_handle, GError **error)
{
  gint32 index;

  g_variant_get_child (exported, i, "i", &index);
  return gmproc_parcel_take (parcel, index, ret_handle, error);
}

static gboolean
check_memory (GmprocBuffer *self, GError **error)
{
  gsize needed = gmproc_buffer_get_place_size () + gmproc_ring_get_first_size ();
  gsize size;

  if (!gmproc_port_memory_get_size (self->memory, &size, error))
    return FALSE;
  if (size >= needed)
    {
      if (!map_place (self, error))
        return FALSE;
      if (self->place->magic == MAGIC)
        return TRUE;
    }

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "A queue came with %" G_GSIZE_FORMAT " bytes of shared memory that hold no queue",
               size);
  return FALSE;
}

static gboolean
attach_parts (GmprocBuffer *self, GVariant *exported, GmprocParcel *parcel, GError **error)
{
  gintptr handle;

  for (guint i = 0; i < N_LOCKS; i++)
    {
      GmprocPortLockPlace *place;
      GmprocPortLock *lock = get_lock (self, i, &place);

      if (!take_child (exported, 1 + i, parcel, &handle, error)
          || !gmproc_port_lock_attach (lock, place, handle, error))
        return FALSE;
    }
  for (guint i = 0; i < N_WAITPOINTS; i++)
    {
      GmprocWaitpointPlace *place;
      GmprocWaitpoint *waitpoint = get_waitpoint (self, i, &place);

      if (!take_child (exported, 1 + N_LOCKS + i, parcel, &handle, error)
          || !gmproc_waitpoint_attach (waitpoint, place, handle, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
gmproc_buffer_import (GmprocBuffer *self, GVariant *exported, GmprocParcel *parcel, GError **error)
{
  *self = (GmprocBuffer){ .memory = GMPROC_PORT_NO_HANDLE };
  if (!g_variant_is_of_type (exported, G_VARIANT_TYPE (FORMAT)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A queue came as “%s” instead of “%s”", g_variant_get_type_string (exported),
                   FORMAT);
      return FALSE;
    }

  if (take_child (exported, 0, parcel, &self->memory, error) && check_memory (self, error)
      && attach_parts (self, exported, parcel, error))
    {
      note_buffer (self);
      return TRUE;
    }

  gmproc_buffer_clear (self);
  return FALSE;
}

/* -- the rest ---------------------------------------------------------------------------------- */

void
gmproc_buffer_close (GmprocBuffer *self)
{
  gmproc_guard_enter_always (&self->read_lock);
  GMPROC_CRASH_POINT ("buffer-close-reader-locked");
  gmproc_guard_enter_always (&self->write_lock);
  GMPROC_CRASH_POINT ("buffer-close-both-locked");
  gmproc_waitpoint_wake (&self->items);
  GMPROC_CRASH_POINT ("buffer-close-items-woken");
  gmproc_waitpoint_wake (&self->room);
  GMPROC_CRASH_POINT ("buffer-close-room-woken");
  __atomic_store_n (&self->place->is_closed, 1, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("buffer-closed");
  gmproc_guard_leave (&self->write_lock);
  gmproc_guard_leave (&self->read_lock);
}

gboolean
gmproc_buffer_is_closed (GmprocBuffer *self)
{
  return __atomic_load_n (&self->place->is_closed, __ATOMIC_ACQUIRE) != 0;
}

guint
gmproc_buffer_get_length (GmprocBuffer *self)
{
  return gmproc_ring_get_length (&self->ring);
}

guint
gmproc_buffer_get_max_length (GmprocBuffer *self)
{
  return self->place->max_length;
}

gboolean
gmproc_buffer_read_state (gpointer mapping, guint64 id, GmprocBufferState *ret)
{
  GmprocBuffer self = { .place = mapping, .ring.place = &((GmprocBufferPlace *) mapping)->ring };

  if (self.place->magic != MAGIC || self.place->id != id)
    return FALSE;
  *ret = (GmprocBufferState){ .kind = GMPROC_KIND_QUEUE,
                              .is_read = TRUE,
                              .length = gmproc_buffer_get_length (&self),
                              .max_length = gmproc_buffer_get_max_length (&self),
                              .n_unfinished = gmproc_buffer_count_unfinished (&self),
                              .n_finished = self.place->n_finished,
                              .is_closed = gmproc_buffer_is_closed (&self) };
  return TRUE;
}
