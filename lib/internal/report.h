/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a child tells its parent without being asked: that it is there, that it has what its parent
 * holds pledges for (shareable.h), the error that it failed with, its log records. The parent's
 * side is inbox.h.
 *
 * All children of a process write to one pipe, and the parent alone reads it. A report is cut into
 * pieces that the system writes whole or not at all, each with a head that says whose it is. So the
 * pieces of several children may mix, but a child that is killed tears nothing: its last report is
 * not complete, and the parent drops it when it learns that the child has ended.
 *
 * When the parent is gone, nobody reads. The pipe may be whole all the same, in a copy of the
 * parent that the program forked; so a full pipe is waited for as long as the parent lives, and no
 * longer.
 *
 * Threads: any. A copy of this process that the program forks does not report: its pieces would mix
 * with ours.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  GMPROC_REPORT_HELLO = 1, /* gmproc_init() was called; empty */
  GMPROC_REPORT_ERROR,     /* GMPROC_REPORT_ERROR_FORMAT */
  GMPROC_REPORT_LOG,       /* see log.h */
  GMPROC_REPORT_TAKEN      /* the child has the objects that it was started with; empty */
} GmprocReportKind;

#define GMPROC_REPORT_ERROR_FORMAT "(sis)" /* domain, code, message */

/* In front of each piece. */
typedef struct
{
  guint32 sender; /* the number that the parent gave to the child */
  guint32 kind;
  guint64 total;  /* bytes of the report */
  guint64 offset; /* of this piece in it */
  guint32 size;   /* of this piece, without the head */
  guint32 zero;
} GmprocReportHead;

/* From now on reports go to PIPE, as long as LIFELINE is whole. Takes the first handle over, and
 * borrows the second for as long as this process lives. */
void gmproc_report_open (gintptr pipe, gintptr lifeline, guint32 sender);

/* Returns when the report is in the pipe. FALSE: there is nobody to read it. BODY may be NULL, and
 * is sunk. */
gboolean gmproc_report_send (GmprocReportKind kind, GVariant *body);

void gmproc_report_send_error (const GError *error);

G_END_DECLS
