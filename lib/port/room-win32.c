/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The system tells nobody that a pipe has room again, so the reader does, by bytes without meaning
 * (tokens) on the pipe's way back, and only to those who have asked. Two counters in shared memory
 * say how many tokens were asked for, and how many of these were written.
 *
 * A writer that found no room (1) counts itself as asking, (2) has the system queue its request for
 *          a token, (3) tries again to write, and when there is no room still, (4) sleeps until the
 *          request is met. Its event is in a main loop, where others are, too.
 * A reader (a) reads, and when it has read some bytes or is about to wait, (b) looks at the
 * counters, which costs no call, and when more were asked for than written, (c) writes the
 *          difference, and (d) notes what was asked for in (b) as written.
 *
 * No wake-up is lost. There are never more requests in the queue than tokens were asked for and not
 * taken, because each is counted before it is queued; and none is in the queue while a token lies
 * in the pipe. So (c) meets all requests that were queued before (b). If the writer finds no room
 * in (3), then it has asked before the next (a), whose (b) sees it. Who is refused has more than
 * BUFFER_SIZE - LARGEST_PART unread bytes before it, which is several times MUCH; so whoever reads
 * them comes to (b) again, though not after each read.
 *
 * Who owns what: nobody the counters. They only grow, each of them by a step that another one's
 * does not harm, so there is no lock that a dead process could hold. The source owns its copy of
 * the pipe's end, its view, its event and its request. The copy is there because the number of the
 * channel's own handle may be that of another object after a detach, and a request for a byte would
 * steal one there. It keeps the end open until the context of the source has let go of it.
 *
 * Who is killed: a writer, at any step: the system forgets its request, and a token may be written
 * that nobody takes; the next one who asks takes it, tries in vain, and asks again. A reader that
 * is the last one: the pipe is broken, which ends each request for a token. A reader before (c),
 * while others have the same end: the next one that reads or waits tells. A reader before (d):
 * tokens are written twice, see above.
 *
 * A cancel destroys the source, which takes the request back; there is nothing of the message in
 * the pipe then, as the write in (3) takes back what has no room.
 */
#include "config.h"

#include "port.h"
#include "ear-win32.h"
#include "pipe-win32.h"
#include "port-error.h"
#include "room-win32.h"

#define MUCH 4096 /* bytes read; a writer has this much room before it is told of it */

typedef struct
{
  guint32 asked;
  guint32 written;
} Counters;

struct GmprocRoom
{
  Counters *counters;
  gsize n_read; /* and not told of */
};

gboolean
gmproc_port_room_new_section (gintptr *ret_section, GError **error)
{
  HANDLE section =
      CreateFileMappingW (INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof (Counters), NULL);

  if (section == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateFileMapping");
      return FALSE;
    }
  *ret_section = (gintptr) section;
  return TRUE;
}

static Counters *
map (HANDLE section)
{
  return MapViewOfFile (section, FILE_MAP_WRITE, 0, 0, sizeof (Counters));
}

/* -- the reader's side ------------------------------------------------------------------------- */

GmprocRoom *
gmproc_port_room_open (HANDLE section)
{
  Counters *counters = map (section);
  GmprocRoom *room;

  if (counters == NULL)
    return NULL;
  room = g_new (GmprocRoom, 1);
  *room = (GmprocRoom){ counters, 0 };
  return room;
}

void
gmproc_port_room_close (GmprocRoom **room)
{
  if (*room == NULL)
    return;
  (void) UnmapViewOfFile ((*room)->counters);
  g_clear_pointer (room, g_free);
}

void
gmproc_port_room_tell (GmprocRoom *room, HANDLE pipe)
{
  /* In this order: what was asked for grows, and is never less than what was written before. */
  guint32 written = __atomic_load_n (&room->counters->written, __ATOMIC_SEQ_CST);
  guint32 asked = __atomic_load_n (&room->counters->asked, __ATOMIC_SEQ_CST);

  room->n_read = 0;
  if (asked != written && gmproc_port_pipe_write_tokens (pipe, asked - written))
    __atomic_store_n (&room->counters->written, asked, __ATOMIC_SEQ_CST);
}

void
gmproc_port_room_note (GmprocRoom *room, HANDLE pipe, gsize count)
{
  room->n_read += count;
  if (room->n_read >= MUCH)
    gmproc_port_room_tell (room, pipe);
}

/* -- the writer's side ------------------------------------------------------------------------- */

typedef struct
{
  GSource source;
  HANDLE pipe; /* a copy */
  Counters *counters;
  GmprocEar *ear; /* for a token; met too when the pipe is broken, and a write tells that */
} RoomSource;

/* Steps (1) and (2). */
static void
ask (RoomSource *self)
{
  (void) __atomic_fetch_add (&self->counters->asked, 1, __ATOMIC_SEQ_CST);
  gmproc_port_ear_ask (self->ear);
}

/* Ready once without a token, for step (3). Of many sources in a loop each is looked at in each
 * turn. */
static gboolean
room_source_prepare (GSource *source, int *timeout)
{
  RoomSource *self = (RoomSource *) source;

  *timeout = -1;
  if (gmproc_port_ear_is_asked (self->ear))
    return gmproc_port_ear_is_met (self->ear);
  ask (self);
  return TRUE;
}

static gboolean
room_source_check (GSource *source)
{
  return gmproc_port_ear_is_met (((RoomSource *) source)->ear);
}

/* A child source comes before the one that will try to write: again, step (3) is after (2). */
static gboolean
room_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  RoomSource *self = (RoomSource *) source;

  if (gmproc_port_ear_is_met (self->ear))
    {
      (void) gmproc_port_ear_take (self->ear, NULL);
      ask (self);
    }
  return callback == NULL || callback (user_data);
}

static void
room_source_finalize (GSource *source)
{
  RoomSource *self = (RoomSource *) source;

  gmproc_port_ear_free (self->ear);
  (void) UnmapViewOfFile (self->counters);
  (void) CloseHandle (self->pipe);
}

static gboolean
go_on (G_GNUC_UNUSED gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs room_source_funcs = {
  .prepare = room_source_prepare,
  .check = room_source_check,
  .dispatch = room_source_dispatch,
  .finalize = room_source_finalize,
  .closure_callback = go_on,
};

GSource *
gmproc_port_room_create_source (HANDLE pipe, HANDLE section)
{
  GSource *source = g_source_new (&room_source_funcs, sizeof (RoomSource));
  RoomSource *self = (RoomSource *) source;

  self->counters = map (section);
  if (self->counters == NULL
      || !DuplicateHandle (GetCurrentProcess (), pipe, GetCurrentProcess (), &self->pipe, 0, FALSE,
                           DUPLICATE_SAME_ACCESS)
      || (self->ear = gmproc_port_ear_new (source, self->pipe, 1)) == NULL)
    g_error ("waiting for room in a pipe: error %lu", GetLastError ()); /* as g_thread_new() does */
  return source;
}
