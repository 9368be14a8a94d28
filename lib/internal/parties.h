/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The processes that belong to a barrier, so that a dead one is missed by name.
 *
 * They are a chain of notes (family.h), which begins in the barrier's state. A process joins when
 * the barrier comes to it, or when it waits for the first time, and leaves when it drops the
 * barrier or ends in order. One that ends otherwise stays in the chain, and is found there.
 *
 * All of it inside the barrier's lock. The chain changes by one store: a note is complete before it
 * is linked, and stays as it is until it is out. A process that is killed in between leaves a note
 * that nobody uses any more.
 *
 * When no living process of the family has the barrier, the pages of those in the chain may be
 * given to others, also with the head still in a message. A note that is not the barrier's ends the
 * chain.
 *
 * A process of another family, or one without notes, is in no chain, and is not missed when it
 * dies.
 */
#pragma once

#include "family.h"

G_BEGIN_DECLS

/* The caller's note, or NULL. HEAD is 0 for an empty chain; SUBJECT is the barrier. Who comes or
 * goes takes those out that have ended in order: a barrier that is given to one process after the
 * other, and never waited at, would hold on to the notes of all of them. */
GmprocNote *gmproc_parties_join_locked (guint32 *head, const GmprocSubject *subject);

/* NOTE may be NULL. */
void gmproc_parties_leave_locked (guint32 *head, const GmprocSubject *subject, GmprocNote *note);

/* One that has died, or FALSE. */
gboolean gmproc_parties_find_dead_locked (guint32 *head, const GmprocSubject *subject,
                                          GmprocFamilyMember *ret_member);

/* They are not missed any more. */
void gmproc_parties_forget_dead_locked (guint32 *head, const GmprocSubject *subject);

G_END_DECLS
