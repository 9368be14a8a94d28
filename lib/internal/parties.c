/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "parties.h"

#include "crash-point.h"

/* More than there can be notes: a chain that somebody wrote nonsense into has an end too. */
#define LONGEST_CHAIN (1 << 18)

/* Takes the note that LINK leads to out of the chain, whoever's it is. */
static void
unlink_note (guint32 *link, GmprocNote *note)
{
  __atomic_store_n (link, note->next, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("parties-unlinked");
  __atomic_store_n (&note->type, GMPROC_NOTE_FREE, __ATOMIC_RELEASE);
}

/* The note that LINK leads to, or NULL at the end of the chain. */
static GmprocNote *
follow (guint32 *link, const GmprocSubject *subject, guint32 *ret_type, guint32 *ret_page)
{
  GmprocNote *note = gmproc_family_find_note (*link, ret_page);

  if (note != NULL)
    {
      *ret_type = __atomic_load_n (&note->type, __ATOMIC_ACQUIRE);
      if ((*ret_type == GMPROC_NOTE_PARTY || *ret_type == GMPROC_NOTE_LEFT)
          && note->block == subject->block && note->index == subject->index)
        return note;
    }
  if (*link != 0)
    __atomic_store_n (link, 0, __ATOMIC_RELEASE);
  return NULL;
}

typedef enum
{
  WALK_TO_FIND,
  WALK_TO_FORGET,
  WALK_TO_LEAVE
} Purpose;

/* Those that have left in order are taken out on the way, and so is OWN. */
static gboolean
walk (guint32 *head, const GmprocSubject *subject, Purpose purpose, const GmprocNote *own,
      GmprocFamilyMember *ret_member)
{
  guint32 *link = head;

  for (guint i = 0; i < LONGEST_CHAIN; i++)
    {
      guint32 page, type;
      GmprocNote *note = follow (link, subject, &type, &page);

      if (note == NULL)
        return FALSE;
      if (type == GMPROC_NOTE_LEFT || note == own)
        unlink_note (link, note);
      else if (purpose == WALK_TO_LEAVE || !gmproc_family_has_ended (page))
        link = &note->next;
      else if (purpose == WALK_TO_FORGET)
        unlink_note (link, note);
      else
        return gmproc_family_get_member (page, ret_member);
    }
  return FALSE;
}

/* The note is claimed first: a link that led to it, from when it was another process's, is cut. */
GmprocNote *
gmproc_parties_join_locked (guint32 *head, const GmprocSubject *subject)
{
  GmprocNote *note = gmproc_family_keep_presence () ? gmproc_family_new_note () : NULL;

  (void) walk (head, subject, WALK_TO_LEAVE, NULL, NULL);
  if (note == NULL)
    return NULL;

  note->block = subject->block;
  note->index = subject->index;
  note->since = gmproc_port_self_get_rough_time ();
  note->next = __atomic_load_n (head, __ATOMIC_RELAXED);
  __atomic_store_n (&note->type, GMPROC_NOTE_PARTY, __ATOMIC_RELEASE);
  __atomic_store_n (head, gmproc_family_number_note (note), __ATOMIC_RELEASE);
  return note;
}

void
gmproc_parties_leave_locked (guint32 *head, const GmprocSubject *subject, GmprocNote *note)
{
  (void) walk (head, subject, WALK_TO_LEAVE, note, NULL);
}

gboolean
gmproc_parties_find_dead_locked (guint32 *head, const GmprocSubject *subject,
                                 GmprocFamilyMember *ret_member)
{
  if (GMPROC_CRASH_BREAKS ("no-missing"))
    return FALSE;
  return walk (head, subject, WALK_TO_FIND, NULL, ret_member);
}

void
gmproc_parties_forget_dead_locked (guint32 *head, const GmprocSubject *subject)
{
  (void) walk (head, subject, WALK_TO_FORGET, NULL, NULL);
}
