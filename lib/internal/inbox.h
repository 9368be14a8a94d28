/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The parent's side of report.h: one inbox for each child.
 *
 * The pipe of all reports, and one thread that reads it, are made with the first child and live as
 * long as this process. The thread puts the pieces of each child together. An error is kept for who
 * asks; a log record goes to this process's own log at once, in the order in which it came.
 *
 * finish is for the one who learns that the child has ended: it reads what the pipe holds, so that
 * nothing that the child said is missed, and drops what it did not say to the end. Until then it is
 * as if the child still ran. Log records are handed out in the middle of that; so a log writer of
 * the program must not wait for a process.
 *
 * What comes is checked. A pipe in which something else than reports is found is not read any
 * further, and its writers are told that nobody reads.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct GmprocInbox GmprocInbox;

/* The end of the pipe to give to children; borrowed. */
gboolean gmproc_inbox_get_pipe (gintptr *ret_handle, GError **error);

GmprocInbox *gmproc_inbox_new (void);
void gmproc_inbox_free (GmprocInbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocInbox, gmproc_inbox_free)

/* What the child is to put on its reports. */
guint32 gmproc_inbox_get_number (GmprocInbox *self);

void gmproc_inbox_finish (GmprocInbox *self);

/* After finish: what the child failed with, or NULL. Borrowed; it does not change any more. */
const GError *gmproc_inbox_get_error (GmprocInbox *self);

/* What is held until the child says that it has its objects; taken over, may be NULL. */
void gmproc_inbox_hold_pledges (GmprocInbox *self, GPtrArray *pledges);

/* After finish: those that are held still are forfeited, if the child was killed, and let go. */
void gmproc_inbox_end_pledges (GmprocInbox *self, gboolean was_killed);

/* Waits until the child has said that it is there: TRUE. FALSE: it has ended, the deadline has
 * passed, or a cancel came first. */
gboolean gmproc_inbox_wait_for_hello (GmprocInbox *self, gint64 deadline,
                                      GCancellable *cancellable);

G_END_DECLS
