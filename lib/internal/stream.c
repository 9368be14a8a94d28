/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "stream.h"

#include <string.h>

#include "crash-point.h"

/* How many bytes wait. The other side moves on meanwhile, so this is asked for once in a call, and
 * not inside a macro like MIN(), which would ask twice and get two answers. A damaged pair of
 * positions counts as none: no byte is invented. */
static gsize
get_waiting (GmprocStream *self)
{
  guint64 waiting = __atomic_load_n (&self->place->written, __ATOMIC_ACQUIRE)
                    - __atomic_load_n (&self->place->read, __ATOMIC_ACQUIRE);

  return waiting <= self->capacity ? waiting : 0;
}

gsize
gmproc_stream_write (GmprocStream *self, gconstpointer data, gsize size)
{
  guint64 position = self->place->written;
  gsize start = position & (self->capacity - 1);
  gsize room = self->capacity - get_waiting (self);
  gsize count = MIN (size, room);
  gsize first = MIN (count, self->capacity - start);

  if (count == 0)
    return 0;

  memcpy (self->data + start, data, first);
  memcpy (self->data, (const guint8 *) data + first, count - first);
  GMPROC_CRASH_POINT ("stream-write-commit");
  __atomic_store_n (&self->place->written, position + count, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("stream-written");
  return count;
}

gsize
gmproc_stream_read (GmprocStream *self, gpointer buffer, gsize size)
{
  guint64 position = self->place->read;
  gsize start = position & (self->capacity - 1);
  gsize waiting = get_waiting (self);
  gsize count = MIN (size, waiting);
  gsize first = MIN (count, self->capacity - start);

  if (count == 0)
    return 0;

  memcpy (buffer, self->data + start, first);
  memcpy ((guint8 *) buffer + first, self->data, count - first);
  GMPROC_CRASH_POINT ("stream-read-commit");
  __atomic_store_n (&self->place->read, position + count, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("stream-read");
  return count;
}

gboolean
gmproc_stream_has_data (GmprocStream *self)
{
  return get_waiting (self) > 0;
}

gboolean
gmproc_stream_has_room (GmprocStream *self)
{
  return get_waiting (self) < self->capacity;
}
