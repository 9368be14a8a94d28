/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "census.h"

#include <string.h>

#include "buffer.h"
#include "kind.h"

/* By how much a note may be older than what it is about: 20 ms of the clock, 8 ms of the lock's
 * unit (gmproc-lock-private.h), and something to spare. */
#define GRAIN (40 * G_TIME_SPAN_MILLISECOND)

/* A process that has a block of objects, or an object, and where. */
typedef struct
{
  const GmprocPortPresencePlace *presence;
  gintptr handle;
} Source;

typedef struct
{
  GmprocCensus *census;
  GHashTable *by_page;   /* first page → index of the process, and one more */
  GHashTable *by_object; /* subject → object */
  GHashTable *sources;   /* block, or queue → GArray of Source */
  guint process;         /* whose notes are read */
} Work;

static guint
hash_subject (gconstpointer key)
{
  const GmprocSubject *subject = key;

  return (guint) subject->block * 31 + subject->index;
}

static gboolean
equal_subjects (gconstpointer a, gconstpointer b)
{
  const GmprocSubject *first = a, *second = b;

  return first->block == second->block && first->index == second->index;
}

static void
object_free (gpointer data)
{
  GmprocCensusObject *self = data;

  g_array_unref (self->processes);
  g_array_unref (self->waiters);
  g_free (self);
}

static GmprocCensusObject *
get_object (Work *work, guint64 block, guint32 index)
{
  GmprocSubject key = { .block = block, .index = index };
  GmprocCensusObject *object = g_hash_table_lookup (work->by_object, &key);

  if (object != NULL)
    return object;
  object = g_new0 (GmprocCensusObject, 1);
  object->subject = key;
  object->processes = g_array_new (FALSE, FALSE, sizeof (guint));
  object->waiters = g_array_new (FALSE, FALSE, sizeof (GmprocCensusWaiter));
  g_hash_table_insert (work->by_object, &object->subject, object);
  g_ptr_array_add (work->census->objects, object);
  return object;
}

static void
add_process (const GmprocFamilyMember *member, G_GNUC_UNUSED const GmprocNote *notes,
             gpointer user_data)
{
  GmprocCensusProcess process = { .pid = member->pid,
                                  .parent_pid = member->parent_pid,
                                  .since = member->since };
  Work *work = user_data;

  if (member->page != member->first_page || gmproc_family_has_ended (member->page))
    return;
  memcpy (process.name, member->name, sizeof process.name);
  g_array_append_val (work->census->processes, process);
  g_hash_table_insert (work->by_page, GUINT_TO_POINTER (member->page),
                       GUINT_TO_POINTER (work->census->processes->len));
}

static void
add_source (Work *work, const GmprocFamilyMember *member, const GmprocNote *note)
{
  GArray *sources = g_hash_table_lookup (work->sources, &note->block);
  Source source = { member->presence, (gintptr) note->handle };

  if (sources == NULL)
    {
      sources = g_array_new (FALSE, FALSE, sizeof (Source));
      g_hash_table_insert (work->sources, g_memdup2 (&note->block, sizeof note->block), sources);
    }
  g_array_append_val (sources, source);
}

/* A process may have an object twice, as one to read and one to write, and notes in several pages.
 */
static void
add_holder (Work *work, GmprocCensusObject *object)
{
  for (guint i = 0; i < object->processes->len; i++)
    if (g_array_index (object->processes, guint, i) == work->process)
      return;
  g_array_append_val (object->processes, work->process);
}

static void
add_object (Work *work, const GmprocFamilyMember *member, const GmprocNote *note)
{
  GmprocCensusObject *object = get_object (work, note->block, 0);

  object->subject.kind = object->place.kind = note->object.kind;
  object->place.contents[0] = note->object.size;
  add_holder (work, object);
  if (note->object.kind == GMPROC_KIND_QUEUE)
    add_source (work, member, note);
}

static void
add_note (Work *work, const GmprocFamilyMember *member, const GmprocNote *note)
{
  GmprocCensusWaiter waiter = { work->process, note->thread, note->since };

  switch (note->type)
    {
    case GMPROC_NOTE_BLOCK:
      add_source (work, member, note);
      for (guint32 i = 1; i < GMPROC_ARENA_SLOTS; i++)
        if ((note->bits[i / 8] & 1 << i % 8) != 0)
          add_holder (work, get_object (work, note->block, i));
      break;
    case GMPROC_NOTE_OBJECT:
      add_object (work, member, note);
      break;
    case GMPROC_NOTE_WAIT:
      g_array_append_val (get_object (work, note->block, note->index)->waiters, waiter);
      break;
    default:
      break;
    }
}

static void
add_notes (const GmprocFamilyMember *member, const GmprocNote *notes, gpointer user_data)
{
  Work *work = user_data;
  guint number =
      GPOINTER_TO_UINT (g_hash_table_lookup (work->by_page, GUINT_TO_POINTER (member->first_page)));

  if (number == 0)
    return;
  work->process = number - 1;
  for (guint i = 0; i < GMPROC_FAMILY_NOTES; i++)
    {
      GmprocNote note = notes[i];

      /* Half of a note that is being written is no note. */
      if (note.type == __atomic_load_n (&notes[i].type, __ATOMIC_ACQUIRE))
        add_note (work, member, &note);
    }
}

static void
copy_places (Work *work, guint64 block, const GmprocSlotPlace *slots)
{
  for (guint i = 0; i < work->census->objects->len; i++)
    {
      GmprocCensusObject *object = g_ptr_array_index (work->census->objects, i);

      if (object->subject.block != block || object->subject.index >= GMPROC_ARENA_SLOTS)
        continue;
      object->place = slots[object->subject.index];
      object->subject.kind = object->place.kind;
    }
}

static gboolean
read_slots (Work *work, guint64 block, gpointer mapping)
{
  if (!gmproc_arena_check_mapping (mapping, block))
    return FALSE;
  copy_places (work, block, mapping);
  return TRUE;
}

static gboolean
read_queue (Work *work, guint64 id, gpointer mapping)
{
  GmprocCensusObject *object = get_object (work, id, 0);

  G_STATIC_ASSERT (sizeof (GmprocBufferState) <= sizeof object->place);
  return gmproc_buffer_read_state (mapping, id, (GmprocBufferState *) &object->place);
}

/* From any process that has the memory. A handle may be closed by now, or be something else's, so
 * READ says whether it is the right one. */
static void
read_memory (Work *work, guint64 id, GArray *sources, gsize size,
             gboolean (*read) (Work *work, guint64 id, gpointer mapping))
{
  gboolean is_right = FALSE;

  for (guint i = 0; !is_right && i < sources->len; i++)
    {
      const Source *source = &g_array_index (sources, Source, i);
      gpointer mapping = gmproc_port_presence_map (source->presence, source->handle, size, NULL);

      is_right = mapping != NULL && read (work, id, mapping);
      gmproc_port_memory_unmap (&mapping, size);
    }
}

/* The blocks of this process are mapped already. */
static void
read_source (Work *work, guint64 id, GArray *sources)
{
  GmprocSubject key = { .block = id };
  GmprocArena *arena;
  const GmprocSlotPlace *own;

  if (g_hash_table_contains (work->by_object, &key))
    {
      read_memory (work, id, sources, gmproc_buffer_get_place_size (), read_queue);
      return;
    }
  own = gmproc_arena_borrow (id, &arena);
  if (own == NULL)
    {
      read_memory (work, id, sources, GMPROC_ARENA_SIZE, read_slots);
      return;
    }
  copy_places (work, id, own);
  gmproc_arena_release (arena);
}

GmprocCensus *
gmproc_census_take (void)
{
  GmprocCensus *self = g_new0 (GmprocCensus, 1);
  Work work = { .census = self };
  GHashTableIter iter;
  gpointer block, sources;

  self->processes = g_array_new (FALSE, FALSE, sizeof (GmprocCensusProcess));
  self->objects = g_ptr_array_new_with_free_func (object_free);
  work.by_page = g_hash_table_new (NULL, NULL);
  work.by_object = g_hash_table_new (hash_subject, equal_subjects);
  work.sources =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_array_unref);

  gmproc_family_visit (add_process, &work);
  gmproc_family_visit (add_notes, &work);
  g_hash_table_iter_init (&iter, work.sources);
  while (g_hash_table_iter_next (&iter, &block, &sources))
    read_source (&work, *(guint64 *) block, sources);

  g_hash_table_unref (work.by_page);
  g_hash_table_unref (work.by_object);
  g_hash_table_unref (work.sources);
  return self;
}

void
gmproc_census_free (GmprocCensus *self)
{
  g_array_unref (self->processes);
  g_ptr_array_unref (self->objects);
  g_free (self);
}

const GmprocCensusProcess *
gmproc_census_find_process (const GmprocCensus *self, gint64 pid, gint64 at)
{
  for (guint i = 0; i < self->processes->len; i++)
    {
      const GmprocCensusProcess *process = &g_array_index (self->processes, GmprocCensusProcess, i);

      if (process->pid == pid && process->since <= at + GRAIN)
        return process;
    }
  return NULL;
}
