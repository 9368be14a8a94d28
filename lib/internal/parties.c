/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "parties.h"

#include "crash-point.h"

/* More than there can be notes: a chain that somebody wrote nonsense into has an end too. */
#define LONGEST_CHAIN (1 << 18)

GmprocNote *
gmproc_parties_join_locked (guint32 *head, const GmprocSubject *subject)
{
  GmprocNote *note = gmproc_family_keep_presence () ? gmproc_family_new_note () : NULL;

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

/* Takes the note that LINK leads to out of the chain, whoever's it is. */
static void
unlink_note (guint32 *link, GmprocNote *note)
{
  __atomic_store_n (link, note->next, __ATOMIC_RELEASE);
  GMPROC_CRASH_POINT ("parties-unlinked");
  __atomic_store_n (&note->type, GMPROC_NOTE_FREE, __ATOMIC_RELEASE);
}

void
gmproc_parties_leave_locked (guint32 *head, GmprocNote *note)
{
  guint32 number = gmproc_family_number_note (note);
  guint32 *link = head;
  guint32 page;

  for (guint i = 0; i < LONGEST_CHAIN && *link != 0; i++)
    {
      GmprocNote *other = gmproc_family_find_note (*link, &page);

      if (other == NULL)
        return;
      if (*link == number)
        {
          unlink_note (link, note);
          return;
        }
      link = &other->next;
    }
}

typedef enum
{
  WALK_TO_FIND,
  WALK_TO_FORGET,
  WALK_TO_TIDY
} Purpose;

/* Those that have left in order are taken out on the way. */
static gboolean
walk (guint32 *head, Purpose purpose, GmprocFamilyMember *ret_member)
{
  guint32 *link = head;

  for (guint i = 0; i < LONGEST_CHAIN && *link != 0; i++)
    {
      guint32 page;
      GmprocNote *note = gmproc_family_find_note (*link, &page);
      guint32 type = note != NULL ? __atomic_load_n (&note->type, __ATOMIC_ACQUIRE) : 0;

      if (type != GMPROC_NOTE_PARTY && type != GMPROC_NOTE_LEFT)
        return FALSE;
      if (type == GMPROC_NOTE_LEFT)
        unlink_note (link, note);
      else if (purpose == WALK_TO_TIDY || !gmproc_family_has_ended (page))
        link = &note->next;
      else if (purpose == WALK_TO_FORGET)
        unlink_note (link, note);
      else
        return gmproc_family_get_member (page, ret_member);
    }
  return FALSE;
}

gboolean
gmproc_parties_find_dead_locked (guint32 *head, GmprocFamilyMember *ret_member)
{
  if (GMPROC_CRASH_BREAKS ("no-missing"))
    return FALSE;
  return walk (head, WALK_TO_FIND, ret_member);
}

void
gmproc_parties_forget_dead_locked (guint32 *head)
{
  (void) walk (head, WALK_TO_FORGET, NULL);
}

void
gmproc_parties_tidy_locked (guint32 *head)
{
  (void) walk (head, WALK_TO_TIDY, NULL);
}
