/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "family.h"

#include <string.h>

#define PAGE_SIZE (4096)
#define N_PAGES (4096)
#define BLOCK_SIZE ((gsize) PAGE_SIZE * N_PAGES)
#define MAGIC G_GUINT64_CONSTANT (0x676d70726f664101) /* "gmprofA", layout 1 */

/* How many more pages are used before somebody looks for those of dead processes. */
#define PAGES_BETWEEN_SWEEPS (64)

/* So long a dead party is remembered for a barrier that nobody has just now, since it may be on its
 * way to a process that begins; and while there are so many pages, longer is no harm. */
#define YOUNG (5 * G_TIME_SPAN_SECOND)
#define PLENTY (N_PAGES / 2)

/* Page 0. */
typedef struct
{
  guint64 magic;
  guint32 id;
  guint32 n_pages; /* atomic: pages that were ever claimed, page 0 among them */
  guint32 n_free;  /* atomic; about how many of them were given back */
  guint32 lowest;  /* atomic; about where the first of those is */
} Header;

typedef struct
{
  GmprocPortPresencePlace presence; /* its pid is whose page it is; 0 for nobody; -pid while that
                                     * process claims it, and the rest is still another's */
  guint32 is_ready;                 /* atomic; what follows is there */
  guint32 first;                    /* the process's first page */
  gint64 parent_pid;
  gint64 since;
  char name[GMPROC_FAMILY_NAME_SIZE];
  GmprocNote notes[GMPROC_FAMILY_NOTES];
} Page;

G_STATIC_ASSERT (sizeof (GmprocNote) == 104);
G_STATIC_ASSERT (sizeof (Page) <= PAGE_SIZE);

static struct
{
  gintptr memory;
  gpointer mapping; /* NULL for no family */
  guint32 id;
  gint64 pid;    /* a forked copy of this process is not in the family */
  guint32 first; /* the first page; 0 for none */
  GMutex mutex;
  gboolean has_left; /* under the mutex */
  gboolean is_kept;  /* under the mutex */
} family = { .memory = GMPROC_PORT_NO_HANDLE };

static Header *
get_header (void)
{
  return family.mapping;
}

static Page *
get_page (guint32 number)
{
  return (Page *) ((char *) family.mapping + (gsize) number * PAGE_SIZE);
}

/* What another process wrote may be any number. */
static guint32
get_n_pages (void)
{
  return MIN (__atomic_load_n (&get_header ()->n_pages, __ATOMIC_ACQUIRE), N_PAGES);
}

static gboolean
has_page (void)
{
  return family.first != 0 && family.pid == gmproc_port_self_get_pid ();
}

/* -- claiming ---------------------------------------------------------------------------------- */

/* Who is killed before its page is announced leaves -pid there, which sweep knows. */
static gboolean
claim (guint32 number)
{
  gint64 nobody = 0;

  return __atomic_compare_exchange_n (&get_page (number)->presence.pid, &nobody, -family.pid, FALSE,
                                      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static gboolean
is_bit_set (const guint8 *bits, guint32 index)
{
  return index < GMPROC_FAMILY_BITS && (bits[index / 8] & 1 << index % 8) != 0;
}

/* HELD has the objects that living processes have, as bits for each block. A dead party is missed,
 * or was not missed yet, by those who have the barrier; with the last of them it is forgotten. */
static gboolean
is_needed (const GmprocNote *note, guint32 type, GHashTable *held)
{
  const guint8 *bits = g_hash_table_lookup (held, &note->block);

  if (bits != NULL && is_bit_set (bits, note->index))
    return TRUE;
  return type == GMPROC_NOTE_PARTY && get_n_pages () < PLENTY
         && gmproc_port_self_get_rough_time () - note->since < YOUNG;
}

/* Barriers have links to such notes. With NULL for HELD all of them count. */
static gboolean
is_linked (const Page *page, GHashTable *held)
{
  for (guint i = 0; i < GMPROC_FAMILY_NOTES; i++)
    {
      const GmprocNote *note = &page->notes[i];
      guint32 type = __atomic_load_n (&note->type, __ATOMIC_ACQUIRE);

      if ((type == GMPROC_NOTE_PARTY || type == GMPROC_NOTE_LEFT)
          && (held == NULL || is_needed (note, type, held)))
        return TRUE;
    }
  return FALSE;
}

/* A process that has no note about its block, since there was no room, may be a party. */
static void
add_held (GHashTable *held, const Page *page)
{
  for (guint i = 0; i < GMPROC_FAMILY_NOTES; i++)
    {
      const GmprocNote *note = &page->notes[i];
      guint32 type = __atomic_load_n (&note->type, __ATOMIC_ACQUIRE);
      guint64 block = note->block;
      guint8 *bits;

      if (type != GMPROC_NOTE_BLOCK && type != GMPROC_NOTE_PARTY)
        continue;
      bits = g_hash_table_lookup (held, &block);
      if (bits == NULL)
        {
          bits = g_malloc0 (sizeof note->bits);
          g_hash_table_insert (held, g_memdup2 (&block, sizeof block), bits);
        }
      if (type == GMPROC_NOTE_PARTY && note->index < GMPROC_FAMILY_BITS)
        bits[note->index / 8] |= (guint8) (1 << note->index % 8);
      for (guint k = 0; type == GMPROC_NOTE_BLOCK && k < sizeof note->bits; k++)
        bits[k] |= note->bits[k];
    }
}

static void
give_back (guint32 number)
{
  Header *header = get_header ();

  if (number < __atomic_load_n (&header->lowest, __ATOMIC_RELAXED))
    __atomic_store_n (&header->lowest, number, __ATOMIC_RELAXED);
  (void) __atomic_fetch_add (&header->n_free, 1, __ATOMIC_RELAXED);
}

typedef struct
{
  guint32 number;
  gint64 pid;
} Gone;

/* PID is what the page says. */
static gboolean
is_gone (Page *page, gint64 pid)
{
  GmprocPortPresencePlace claimer = { .pid = -pid };

  if (pid == family.pid || pid == -family.pid)
    return FALSE;
  return gmproc_port_presence_has_ended (pid < 0 ? &claimer : &page->presence);
}

/* Pages of processes that are gone become free: by one store each, so who is killed here leaves
 * nothing undone but the count, which the next one makes right. What a barrier's chain still leads
 * to is found to be no note of the barrier there (parties.h). */
static void
sweep (void)
{
  g_autoptr (GHashTable) held = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  g_autoptr (GArray) gone = g_array_new (FALSE, FALSE, sizeof (Gone));
  guint32 n_pages = get_n_pages ();

  __atomic_store_n (&get_header ()->n_free, 0, __ATOMIC_RELAXED);
  for (guint32 i = 1; i < n_pages; i++)
    {
      Page *page = get_page (i);
      Gone entry = { i, __atomic_load_n (&page->presence.pid, __ATOMIC_ACQUIRE) };

      if (entry.pid == 0)
        give_back (i);
      else if (is_gone (page, entry.pid))
        g_array_append_val (gone, entry);
      else if (entry.pid > 0)
        add_held (held, page);
    }
  for (guint i = 0; i < gone->len; i++)
    {
      Gone *entry = &g_array_index (gone, Gone, i);
      Page *page = get_page (entry->number);

      if ((entry->pid < 0 || !is_linked (page, held))
          && __atomic_compare_exchange_n (&page->presence.pid, &entry->pid, 0, FALSE,
                                          __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        give_back (entry->number);
    }
}

static guint32
claim_used (void)
{
  Header *header = get_header ();
  guint32 n_pages = get_n_pages ();

  if (__atomic_load_n (&header->n_free, __ATOMIC_RELAXED) == 0)
    return 0;
  for (guint32 i = MAX (__atomic_load_n (&header->lowest, __ATOMIC_RELAXED), 1); i < n_pages; i++)
    if (claim (i))
      {
        (void) __atomic_fetch_sub (&header->n_free, 1, __ATOMIC_RELAXED);
        __atomic_store_n (&header->lowest, i + 1, __ATOMIC_RELAXED);
        return i;
      }

  /* The two numbers are only about right; from here they are again. */
  __atomic_store_n (&header->lowest, n_pages, __ATOMIC_RELAXED);
  __atomic_store_n (&header->n_free, 0, __ATOMIC_RELAXED);
  return 0;
}

static guint32
claim_new (void)
{
  Header *header = get_header ();
  guint32 number = get_n_pages ();

  while (number < N_PAGES)
    {
      if (__atomic_compare_exchange_n (&header->n_pages, &number, number + 1, FALSE,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
          && claim (number))
        return number;
      number = get_n_pages ();
    }
  return 0;
}

/* 0 when there is none left. */
static guint32
claim_page (const char *name, gint64 parent_pid)
{
  guint32 number = claim_used ();
  Page *page;

  if (number == 0 && get_n_pages () % PAGES_BETWEEN_SWEEPS == 0)
    {
      sweep ();
      number = claim_used ();
    }
  if (number == 0)
    number = claim_new ();
  if (number == 0)
    return 0;

  page = get_page (number);
  __atomic_store_n (&page->is_ready, 0, __ATOMIC_RELEASE);
  memset (page->notes, 0, sizeof page->notes);
  page->first = family.first != 0 ? family.first : number;
  page->parent_pid = parent_pid;
  page->since = g_get_monotonic_time ();
  g_strlcpy (page->name, name, sizeof page->name);
  gmproc_port_presence_announce (&page->presence); /* the id last: all else is ours by then */
  __atomic_store_n (&page->is_ready, 1, __ATOMIC_RELEASE);
  return number;
}

/* -- the block --------------------------------------------------------------------------------- */

/* Takes the handle over. */
static void
enter (gintptr memory, const char *name, gint64 parent_pid)
{
  family.memory = memory;
  family.id = get_header ()->id;
  family.pid = gmproc_port_self_get_pid ();
  family.first = claim_page (name, parent_pid);
}

void
gmproc_family_found (const char *name)
{
  gintptr memory;
  Header *header;
  guint32 id;

  /* Not of GLib's random numbers, which are the same in two copies of one process. */
  if (!gmproc_port_random_fill (&id, sizeof id, NULL)
      || !gmproc_port_memory_new (BLOCK_SIZE, BLOCK_SIZE, &memory, NULL))
    return;
  family.mapping = gmproc_port_memory_map (memory, 0, BLOCK_SIZE, NULL);
  if (family.mapping == NULL)
    {
      gmproc_port_handle_close (&memory);
      return;
    }

  header = get_header ();
  header->id = id | 1;
  header->n_pages = 1;
  header->lowest = 1;
  header->magic = MAGIC;
  enter (memory, name, 0);
}

void
gmproc_family_join (gintptr memory, const char *name, gint64 parent_pid)
{
  gsize size;

  if (memory == GMPROC_PORT_NO_HANDLE)
    return;
  if (gmproc_port_memory_get_size (memory, &size, NULL) && size >= BLOCK_SIZE)
    family.mapping = gmproc_port_memory_map (memory, 0, BLOCK_SIZE, NULL);
  if (family.mapping != NULL && get_header ()->magic == MAGIC && get_header ()->id != 0)
    {
      enter (memory, name, parent_pid);
      return;
    }
  gmproc_port_memory_unmap (&family.mapping, BLOCK_SIZE);
  gmproc_port_handle_close (&memory);
}

/* A barrier at which another thread still waits keeps its note: that party is about to be missing.
 */
static void
leave_parties (Page *page)
{
  for (guint i = 0; i < GMPROC_FAMILY_NOTES; i++)
    {
      GmprocNote *note = &page->notes[i];

      if (note->type == GMPROC_NOTE_PARTY && __atomic_load_n (&note->thread, __ATOMIC_ACQUIRE) == 0)
        __atomic_store_n (&note->type, GMPROC_NOTE_LEFT, __ATOMIC_RELEASE);
    }
}

void
gmproc_family_leave (void)
{
  guint32 n_pages;

  if (!has_page ())
    return;
  g_mutex_lock (&family.mutex);
  family.has_left = TRUE;
  n_pages = get_n_pages ();
  for (guint32 i = 1; i < n_pages; i++)
    {
      Page *page = get_page (i);

      if (__atomic_load_n (&page->presence.pid, __ATOMIC_ACQUIRE) != family.pid
          || page->first != family.first)
        continue;
      leave_parties (page);
      if (is_linked (page, NULL))
        continue;
      __atomic_store_n (&page->is_ready, 0, __ATOMIC_RELEASE);
      __atomic_store_n (&page->presence.pid, 0, __ATOMIC_RELEASE);
      give_back (i);
    }
  g_mutex_unlock (&family.mutex);
}

gintptr
gmproc_family_get_memory (void)
{
  return family.memory;
}

guint32
gmproc_family_get_id (void)
{
  return family.id;
}

gboolean
gmproc_family_keep_presence (void)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = NULL;

  if (!has_page ())
    return FALSE;
  locker = g_mutex_locker_new (&family.mutex);
  if (!family.is_kept)
    family.is_kept = gmproc_port_presence_keep (&get_page (family.first)->presence, NULL);
  return family.is_kept;
}

/* -- own notes --------------------------------------------------------------------------------- */

static GmprocNote *
claim_note_locked (guint32 number)
{
  Page *page = get_page (number);

  for (guint i = 0; i < GMPROC_FAMILY_NOTES; i++)
    {
      guint32 expected = GMPROC_NOTE_FREE;

      if (__atomic_compare_exchange_n (&page->notes[i].type, &expected, GMPROC_NOTE_CLAIMED, FALSE,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return &page->notes[i];
    }
  return NULL;
}

GmprocNote *
gmproc_family_new_note (void)
{
  GmprocNote *note = NULL;
  guint32 number;

  if (!has_page ())
    return NULL;

  g_mutex_lock (&family.mutex);
  for (number = family.has_left ? 0 : family.first; note == NULL && number != 0;)
    {
      note = claim_note_locked (number);
      if (note == NULL)
        {
          guint32 n_pages = get_n_pages ();

          do
            number++;
          while (number < n_pages
                 && (get_page (number)->presence.pid != family.pid
                     || get_page (number)->first != family.first));
          if (number >= n_pages)
            number =
                claim_page (get_page (family.first)->name, get_page (family.first)->parent_pid);
        }
    }
  g_mutex_unlock (&family.mutex);

  if (note != NULL)
    memset (&note->index, 0, sizeof *note - G_STRUCT_OFFSET (GmprocNote, index));
  return note;
}

GmprocNote *
gmproc_family_get_own (GmprocNote *note)
{
  return note != NULL && has_page () ? note : NULL;
}

void
gmproc_family_drop_note (GmprocNote *note)
{
  if (gmproc_family_get_own (note) != NULL)
    __atomic_store_n (&note->type, GMPROC_NOTE_FREE, __ATOMIC_RELEASE);
}

GmprocNote *
gmproc_family_note_block (guint64 block, gintptr handle)
{
  GmprocNote *note = gmproc_family_new_note ();

  if (note == NULL)
    return NULL;
  note->block = block;
  note->handle = (guint64) handle;
  __atomic_store_n (&note->type, GMPROC_NOTE_BLOCK, __ATOMIC_RELEASE);
  return note;
}

GmprocNote *
gmproc_family_note_object (guint32 kind, guint64 id, guint64 size, gintptr handle)
{
  GmprocNote *note = gmproc_family_new_note ();

  if (note == NULL)
    return NULL;
  note->block = id;
  note->handle = (guint64) handle;
  note->object.kind = kind;
  note->object.size = size;
  __atomic_store_n (&note->type, GMPROC_NOTE_OBJECT, __ATOMIC_RELEASE);
  return note;
}

/* -- waits ------------------------------------------------------------------------------------- */

static void
drop_wait_note (gpointer note)
{
  if (has_page ())
    gmproc_family_drop_note (note);
}

static GPrivate wait_note = G_PRIVATE_INIT (drop_wait_note);

void
gmproc_family_begin_wait (const GmprocSubject *subject)
{
  GmprocNote *note;

  if (subject == NULL || !has_page ())
    return;
  note = g_private_get (&wait_note);
  if (note == NULL)
    {
      note = gmproc_family_new_note ();
      if (note == NULL)
        return;
      note->thread = gmproc_port_thread_get_id ();
      g_private_set (&wait_note, note);
    }
  if (note->type == GMPROC_NOTE_WAIT)
    {
      note->next++;
      return;
    }
  note->block = subject->block;
  note->index = subject->index;
  note->since = gmproc_port_self_get_rough_time ();
  __atomic_store_n (&note->type, GMPROC_NOTE_WAIT, __ATOMIC_RELEASE);
}

void
gmproc_family_end_wait (void)
{
  GmprocNote *note = has_page () ? g_private_get (&wait_note) : NULL;

  if (note == NULL)
    return;
  if (note->next > 0)
    note->next--;
  else
    __atomic_store_n (&note->type, GMPROC_NOTE_CLAIMED, __ATOMIC_RELEASE);
}

/* -- everybody's ------------------------------------------------------------------------------- */

guint32
gmproc_family_number_note (const GmprocNote *note)
{
  gsize offset;
  guint32 page, index;

  if (note == NULL || family.mapping == NULL)
    return 0;
  offset = (gsize) ((const char *) note - (const char *) family.mapping);
  page = (guint32) (offset / PAGE_SIZE);
  index = (guint32) (note - get_page (page)->notes);
  return page * GMPROC_FAMILY_NOTES + index;
}

GmprocNote *
gmproc_family_find_note (guint32 number, guint32 *ret_page)
{
  guint32 page = number / GMPROC_FAMILY_NOTES;

  if (family.mapping == NULL || page == 0 || page >= get_n_pages ())
    return NULL;
  *ret_page = page;
  return &get_page (page)->notes[number % GMPROC_FAMILY_NOTES];
}

/* When a process is gone its first page may be another one's before its other pages are. */
static gboolean
are_of_one_process (const GmprocPortPresencePlace *a, const GmprocPortPresencePlace *b)
{
  return __atomic_load_n (&a->pid, __ATOMIC_ACQUIRE) == __atomic_load_n (&b->pid, __ATOMIC_ACQUIRE)
         && (a->birth == b->birth || a->birth == 0 || b->birth == 0);
}

/* A process that keeps its presence does so in its first page. */
gboolean
gmproc_family_has_ended (guint32 number)
{
  GmprocPortPresencePlace *presence;
  guint32 first;

  if (family.mapping == NULL || number == 0 || number >= get_n_pages ())
    return TRUE;
  presence = &get_page (number)->presence;
  first = get_page (number)->first;
  if (first == family.first && has_page () && presence->pid == family.pid)
    return FALSE;
  return first == 0 || first >= get_n_pages ()
         || __atomic_load_n (&presence->pid, __ATOMIC_ACQUIRE) <= 0
         || !are_of_one_process (&get_page (first)->presence, presence)
         || gmproc_port_presence_has_ended (&get_page (first)->presence);
}

gboolean
gmproc_family_get_member (guint32 number, GmprocFamilyMember *ret_member)
{
  Page *page;

  if (family.mapping == NULL || number == 0 || number >= get_n_pages ())
    return FALSE;
  page = get_page (number);
  if (__atomic_load_n (&page->is_ready, __ATOMIC_ACQUIRE) == 0)
    return FALSE;

  *ret_member =
      (GmprocFamilyMember){ .presence = &page->presence,
                            .pid = __atomic_load_n (&page->presence.pid, __ATOMIC_ACQUIRE),
                            .parent_pid = page->parent_pid,
                            .since = page->since,
                            .page = number,
                            .first_page = page->first };
  memcpy (ret_member->name, page->name, sizeof page->name);
  ret_member->name[sizeof ret_member->name - 1] = '\0';
  return ret_member->pid > 0;
}

void
gmproc_family_visit (GmprocFamilyVisit visit, gpointer user_data)
{
  guint32 n_pages = family.mapping != NULL ? get_n_pages () : 0;

  for (guint32 i = 1; i < n_pages; i++)
    {
      GmprocFamilyMember member;

      if (gmproc_family_get_member (i, &member))
        visit (&member, get_page (i)->notes, user_data);
    }
}
