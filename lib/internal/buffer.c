/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "buffer.h"

#include "crash-point.h"
#include "deadline.h"
#include "gmproc-error.h"
#include "spin.h"

/* Some microseconds in all. */
#define LOOKS (32)
#define PAUSES_BETWEEN_LOOKS (16)

/* How long one that lines up for a turn goes without a look of its own: at first, and at most. */
#define FIRST_SLICE (20 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_SLICE (1 * G_TIME_SPAN_SECOND)

#define MAGIC G_GUINT64_CONSTANT (0x676d70726f635101) /* "gmprocQ", layout 1 */

/* In shared memory. Groups that different processors write are cache lines apart. */
struct GmprocBufferPlace
{
  guint64 magic;
  guint32 max_length;
  guint32 is_closed; /* written inside R and W */
  guint64 unused[6];
  GmprocRingPlace ring;
  GmprocPortLockPlace write_lock;
  GmprocWaitpointPlace items;
  guint64 unused_too[4];
  GmprocPortLockPlace read_lock;
  GmprocWaitpointPlace room;
  guint64 unused_either[4];
  GmprocPortLockPlace producers_turn;
  GmprocPortLockPlace consumers_turn;
};

/* The memory, and the kernel's objects behind four locks and two words, where it has such. */
#define FORMAT "(iiiiiii)"
#define N_LOCKS (4)
#define N_WAITPOINTS (2)

/* The place has the first granule to itself; the ring follows. */
static gsize
get_place_size (void)
{
  return gmproc_port_memory_get_granularity ();
}

/* -- parts: the locks and waitpoints beside their places ----------------------------------------
 */

static GmprocPortLock *
get_lock (GmprocBuffer *self, guint i, GmprocPortLockPlace **ret_place)
{
  GmprocPortLock *locks[N_LOCKS] = { &self->write_lock, &self->read_lock, &self->producers_turn,
                                     &self->consumers_turn };
  GmprocPortLockPlace *places[N_LOCKS] = { &self->place->write_lock, &self->place->read_lock,
                                           &self->place->producers_turn,
                                           &self->place->consumers_turn };

  *ret_place = places[i];
  return locks[i];
}

static GmprocWaitpoint *
get_waitpoint (GmprocBuffer *self, guint i, GmprocWaitpointPlace **ret_place)
{
  GmprocWaitpoint *waitpoints[N_WAITPOINTS] = { &self->items, &self->room };
  GmprocWaitpointPlace *places[N_WAITPOINTS] = { &self->place->items, &self->place->room };

  *ret_place = places[i];
  return waitpoints[i];
}

static gboolean
map_place (GmprocBuffer *self, GError **error)
{
  self->place = gmproc_port_memory_map (self->memory, 0, get_place_size (), error);
  if (self->place == NULL)
    return FALSE;

  gmproc_ring_init (&self->ring, &self->place->ring, self->memory, get_place_size ());
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

gboolean
gmproc_buffer_new (GmprocBuffer *self, guint max_length, GError **error)
{
  gsize place_size = get_place_size ();

  *self = (GmprocBuffer){ .memory = GMPROC_PORT_NO_HANDLE };
  if (!gmproc_port_memory_new (place_size + gmproc_ring_get_first_size (),
                               place_size + gmproc_ring_get_last_size (), &self->memory, error)
      || !map_place (self, error) || !create_parts (self, error))
    {
      gmproc_buffer_clear (self);
      return FALSE;
    }

  self->place->max_length = max_length;
  self->place->magic = MAGIC;
  return TRUE;
}

void
gmproc_buffer_clear (GmprocBuffer *self)
{
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
  gmproc_port_memory_unmap ((gpointer *) &self->place, get_place_size ());
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
                        gmproc_parcel_add (parcel, self->items.word.handle),
                        gmproc_parcel_add (parcel, self->room.word.handle));
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
  gsize needed = get_place_size () + gmproc_ring_get_first_size ();
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
    return TRUE;

  gmproc_buffer_clear (self);
  return FALSE;
}

/* -- putting ----------------------------------------------------------------------------------- */

static gboolean
is_closed (GmprocBuffer *self)
{
  return __atomic_load_n (&self->place->is_closed, __ATOMIC_ACQUIRE) != 0;
}

static gboolean
has_room (GmprocBuffer *self)
{
  guint max_length = self->place->max_length;

  return max_length == 0 || gmproc_ring_get_length (&self->ring) < max_length;
}

static gboolean
set_closed_error (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The queue is closed");
  return FALSE;
}

/* Lines up for the turn. One that was stopped (SIGSTOP, a debugger) while it slept keeps its turn,
 * and tells nobody what it was woken for; so those behind it look for themselves now and then.
 * FALSE with an error, or with *ret_found. */
static gboolean
take_turn (GmprocBuffer *self, gboolean (*find) (GmprocBuffer *), GmprocPortLock *turn,
           gint64 deadline, GCancellable *cancellable, gboolean *ret_found, GError **error)
{
  gint64 slice = FIRST_SLICE;

  for (*ret_found = FALSE; !*ret_found; *ret_found = find (self) || is_closed (self))
    {
      g_autoptr (GError) local_error = NULL;
      gint64 until = MIN (deadline, g_get_monotonic_time () + slice);

      if (gmproc_guard_take_turn (turn, until, cancellable, &local_error))
        return TRUE;
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
          || gmproc_deadline_has_passed (deadline))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      slice = MIN (2 * slice, LONGEST_SLICE);
    }
  return FALSE;
}

/* Sleeps until FIND says so. OF_CHANGERS is the lock of those who can make it so. */
static gboolean
wait_until (GmprocBuffer *self, gboolean (*find) (GmprocBuffer *), GmprocPortLock *turn,
            GmprocPortLock *of_changers, GmprocWaitpoint *waitpoint, gint64 deadline,
            GCancellable *cancellable, GError **error)
{
  gboolean found = FALSE;
  gboolean goes_on = TRUE;

  if (!take_turn (self, find, turn, deadline, cancellable, &found, error))
    return found;
  GMPROC_CRASH_POINT ("buffer-turn-taken");

  while (!found && goes_on)
    {
      guint32 prepared = 0;

      goes_on = gmproc_guard_enter (of_changers, deadline, cancellable, error);
      if (!goes_on)
        break;
      found = find (self) || is_closed (self);
      GMPROC_CRASH_POINT ("buffer-turn-look");
      if (!found)
        prepared = gmproc_waitpoint_prepare (waitpoint);
      gmproc_guard_leave (of_changers);

      if (!found)
        goes_on = gmproc_waitpoint_sleep (waitpoint, prepared, deadline, cancellable, error);
    }

  GMPROC_CRASH_POINT ("buffer-turn-give");
  gmproc_guard_leave (turn);
  return found;
}

static gboolean
wait_for_room (GmprocBuffer *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (deadline == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The queue is full: it holds %u items",
                   self->place->max_length);
      return FALSE;
    }

  return wait_until (self, has_room, &self->producers_turn, &self->read_lock, &self->room, deadline,
                     cancellable, error);
}

static gboolean
grow (GmprocBuffer *self, gsize size, gint64 deadline, GCancellable *cancellable, GError **error)
{
  gboolean has_grown = FALSE;

  if (!gmproc_guard_enter (&self->read_lock, deadline, cancellable, error))
    return FALSE;
  GMPROC_CRASH_POINT ("buffer-grow-reader-locked");
  if (gmproc_guard_enter (&self->write_lock, deadline, cancellable, error))
    {
      GMPROC_CRASH_POINT ("buffer-grow-both-locked");
      has_grown = gmproc_ring_grow (&self->ring, size, error);
      GMPROC_CRASH_POINT ("buffer-grow-done");
      gmproc_guard_leave (&self->write_lock);
    }
  gmproc_guard_leave (&self->read_lock);
  return has_grown;
}

gboolean
gmproc_buffer_begin_put (GmprocBuffer *self, guint8 kind, gsize size, gint64 deadline,
                         GCancellable *cancellable, GmprocRingMessage *ret_message, GError **error)
{
  while (TRUE)
    {
      gboolean must_grow = FALSE;
      gboolean may_put, was_closed;

      if (!gmproc_guard_enter (&self->write_lock, deadline, cancellable, error))
        return FALSE;
      was_closed = is_closed (self);
      may_put = !was_closed && gmproc_ring_is_below (&self->ring, self->place->max_length);
      if (may_put
          && gmproc_ring_begin_put (&self->ring, kind, size, ret_message, &must_grow, error))
        {
          GMPROC_CRASH_POINT ("buffer-put-begun");
          return TRUE;
        }
      gmproc_guard_leave (&self->write_lock);

      if (was_closed)
        return set_closed_error (error);
      if (may_put && !must_grow)
        return FALSE;
      if (must_grow ? !grow (self, size, deadline, cancellable, error)
                    : !wait_for_room (self, deadline, cancellable, error))
        return FALSE;
    }
}

void
gmproc_buffer_end_put (GmprocBuffer *self, const GmprocRingMessage *message)
{
  GMPROC_CRASH_POINT ("buffer-put-wake");
  gmproc_waitpoint_wake (&self->items);
  GMPROC_CRASH_POINT ("buffer-put-commit");
  gmproc_ring_commit_put (&self->ring, message);
  GMPROC_CRASH_POINT ("buffer-put-committed");
  gmproc_guard_leave (&self->write_lock);
}

/* -- taking ------------------------------------------------------------------------------------ */

static gboolean
has_items (GmprocBuffer *self)
{
  return gmproc_ring_get_length (&self->ring) > 0;
}

/* A producer that is at work puts the next item sooner than a sleep would end. Looking seldom lets
 * it put several before its cache line is fetched. */
static gboolean
spin_for_items (GmprocBuffer *self, gint64 deadline)
{
  if (!gmproc_spin_is_useful ())
    return FALSE;

  for (guint i = 0; i < LOOKS; i++)
    {
      for (guint j = 0; j < PAUSES_BETWEEN_LOOKS; j++)
        gmproc_spin_pause ();
      if (has_items (self))
        return TRUE;
      if (deadline != GMPROC_PORT_FOREVER && gmproc_deadline_has_passed (deadline))
        return FALSE;
    }
  return FALSE;
}

static gboolean
wait_for_items (GmprocBuffer *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (is_closed (self) && !has_items (self))
    return set_closed_error (error);
  if (deadline == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The queue is empty");
      return FALSE;
    }

  return spin_for_items (self, deadline)
         || wait_until (self, has_items, &self->consumers_turn, &self->write_lock, &self->items,
                        deadline, cancellable, error);
}

gboolean
gmproc_buffer_begin_take (GmprocBuffer *self, gint64 deadline, GCancellable *cancellable,
                          GmprocRingMessage *ret_message, GError **error)
{
  while (TRUE)
    {
      gboolean may_take;

      if (!gmproc_guard_enter (&self->read_lock, deadline, cancellable, error))
        return FALSE;
      may_take = gmproc_ring_has_message (&self->ring);
      if (may_take && gmproc_ring_begin_take (&self->ring, ret_message, error))
        {
          GMPROC_CRASH_POINT ("buffer-take-begun");
          return TRUE;
        }
      gmproc_guard_leave (&self->read_lock);

      if (may_take || !wait_for_items (self, deadline, cancellable, error))
        return FALSE;
    }
}

void
gmproc_buffer_end_take (GmprocBuffer *self, const GmprocRingMessage *message)
{
  GMPROC_CRASH_POINT ("buffer-take-wake");
  gmproc_waitpoint_wake (&self->room);
  GMPROC_CRASH_POINT ("buffer-take-commit");
  gmproc_ring_commit_take (&self->ring, message);
  GMPROC_CRASH_POINT ("buffer-take-committed");
  gmproc_guard_leave (&self->read_lock);

  if (G_LIKELY (!gmproc_ring_is_worth_shrinking (&self->ring)))
    return;
  gmproc_guard_enter_always (&self->read_lock);
  GMPROC_CRASH_POINT ("buffer-shrink-reader-locked");
  gmproc_guard_enter_always (&self->write_lock);
  GMPROC_CRASH_POINT ("buffer-shrink-both-locked");
  gmproc_ring_shrink (&self->ring);
  GMPROC_CRASH_POINT ("buffer-shrink-done");
  gmproc_guard_leave (&self->write_lock);
  gmproc_guard_leave (&self->read_lock);
}

void
gmproc_buffer_abort_take (GmprocBuffer *self)
{
  gmproc_guard_leave (&self->read_lock);
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
