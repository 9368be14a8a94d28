/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the processes of a family write down about themselves, where all of them can read it: who
 * they are, which blocks of objects they have, what their threads wait for, and to which barriers
 * they belong. Others read it when a process cannot answer, because it hangs, is stopped or dead.
 *
 * The family is the main program and everything that was started from it. The main program makes
 * one block of shared memory in gmproc_init(), and each process gives it to its children.
 *
 * The block consists of pages. A process claims one when it begins, and more when its notes do not
 * fit. The page of a process that ended in order is free again; that of one that was killed stays
 * as it was, until somebody needs pages, and longer when it belongs to a barrier that a process of
 * the family has, since those who wait there have to learn who died.
 *
 * Notes are for people and for the barrier. Nothing else depends on them: a process without a
 * page, because there is no memory or there are too many processes, works all the same.
 *
 * Stores: a page belongs to the process whose id is in it. It is claimed by one compare and
 * exchange of nobody for the id with a minus, under which nobody takes what the page says for the
 * process's; the id itself comes when it does. In its page only the process itself writes, with two
 * exceptions: a barrier's chain and the release of a dead one's notes, both inside the barrier's
 * lock. A note is there when its type says so, which is written last. Who reads may see half of a
 * change, and so checks every number.
 *
 * Threads: any.
 */
#pragma once

#include "port/port.h"

G_BEGIN_DECLS

#define GMPROC_FAMILY_NAME_SIZE (64)
#define GMPROC_FAMILY_NOTES (37)    /* in a page */
#define GMPROC_FAMILY_BITS (8 * 64) /* slots of a block of objects */

/* Which object a note is about: the block that it lies in, and where. */
typedef struct
{
  guint64 block;
  guint32 index;
  guint32 kind;
} GmprocSubject;

typedef enum
{
  GMPROC_NOTE_FREE,
  GMPROC_NOTE_CLAIMED,
  GMPROC_NOTE_BLOCK,  /* the process has the block; `bits` says which of its objects */
  GMPROC_NOTE_OBJECT, /* the process has an object that is no part of such a block */
  GMPROC_NOTE_WAIT,   /* a thread sleeps for the object since `since` */
  GMPROC_NOTE_PARTY,  /* the process belongs to the barrier */
  GMPROC_NOTE_LEFT    /* it did, and ended in order */
} GmprocNoteType;

typedef struct
{
  guint32 type; /* atomic */
  guint32 index;
  guint64 block; /* of an object that is no part of one: what it is known by */
  gint64 since;
  guint64 handle; /* of a block or object: in that process */
  guint32 thread; /* of a wait: which; of a party: atomic, how many of its threads wait there */
  guint32 next;   /* of a party: the barrier's next one; 0 for none. Of a wait: its inner ones */
  union
  {
    guint8 bits[GMPROC_FAMILY_BITS / 8]; /* of a block */
    struct
    {
      guint64 size; /* of shared memory: of how many bytes */
      guint32 kind;
    } object;
  };
} GmprocNote;

/* The process of a page, as others see it. */
typedef struct
{
  GmprocPortPresencePlace *presence;
  gint64 pid;
  gint64 parent_pid;
  gint64 since;
  guint32 page;
  guint32 first_page; /* of the same process */
  char name[GMPROC_FAMILY_NAME_SIZE];
} GmprocFamilyMember;

/* -- the block ------------------------------------------------------------------------------- */

/* Main program: makes the block. Child: takes over the handle that its parent gave. Both claim the
 * first page, and give it back at exit(). Failing leaves the process without notes. */
void gmproc_family_found (const char *name);
void gmproc_family_join (gintptr memory, const char *name, gint64 parent_pid);

/* By exit(), after everything else. */
void gmproc_family_leave (void);

/* For a child; borrowed. GMPROC_PORT_NO_HANDLE when there is none. */
gintptr gmproc_family_get_memory (void);

/* A random number that is the family's, never 0; 0 when there is none. */
guint32 gmproc_family_get_id (void);

/* -- own notes ------------------------------------------------------------------------------- */

/* NULL without a page; the other functions accept that. The note is claimed, and belongs to the
 * caller until it is dropped. */
GmprocNote *gmproc_family_new_note (void);
void gmproc_family_drop_note (GmprocNote *note);

/* NOTE, and NULL in a forked copy of the process: the copy has no page, and what it inherited is
 * about the process that lives on. Dropping there leaves the note as it is. */
GmprocNote *gmproc_family_get_own (GmprocNote *note);

/* A note that the process has a block of objects, or an object that is in none; see
 * GmprocNoteType. */
GmprocNote *gmproc_family_note_block (guint64 block, gintptr handle);
GmprocNote *gmproc_family_note_object (guint32 kind, guint64 id, guint64 size, gintptr handle);

/* Around a sleep, by the thread that sleeps; SUBJECT may be NULL. Around several sleeps too, and
 * then the outer pair says for what and since when. */
void gmproc_family_begin_wait (const GmprocSubject *subject);
void gmproc_family_end_wait (void);

/* This process is asked about by others all the time from now on; see presence. */
gboolean gmproc_family_keep_presence (void);

/* -- everybody's ----------------------------------------------------------------------------- */

/* A number for a note that is good in all processes of the family; 0 for none. */
guint32 gmproc_family_number_note (const GmprocNote *note);

/* NULL for a number that no note can have. *ret_page is whose it is. */
GmprocNote *gmproc_family_find_note (guint32 number, guint32 *ret_page);

/* Whether the process of the page is gone. The own one is not, and costs nothing to ask. */
gboolean gmproc_family_has_ended (guint32 page);

/* FALSE for a page that nobody has. Dead processes are members until their page is claimed. */
gboolean gmproc_family_get_member (guint32 page, GmprocFamilyMember *ret_member);

/* For each page of a process, with the notes in it; also pages of processes that are gone. */
typedef void (*GmprocFamilyVisit) (const GmprocFamilyMember *member, const GmprocNote *notes,
                                   gpointer user_data);
void gmproc_family_visit (GmprocFamilyVisit visit, gpointer user_data);

G_END_DECLS
