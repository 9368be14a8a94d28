/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: a read from a pipe for which a source waits. The
 * system is asked, and a main loop goes on when it has met the request.
 *
 * An ear belongs to one source, and is used as that is: in the thread of its context.
 */
#pragma once

#include <gio/gio.h>
#include <windows.h>

G_BEGIN_DECLS

typedef struct GmprocEar GmprocEar;

/* For reads of at most SIZE bytes; with 0 it is met when there is something to read. PIPE is
 * borrowed. SOURCE polls for it. NULL when the system has no event; GetLastError() says so. */
GmprocEar *gmproc_port_ear_new (GSource *source, HANDLE pipe, gsize size);

/* When the source is finalized: takes a request back. */
void gmproc_port_ear_free (GmprocEar *self);

/* Asks, if nothing is asked for. */
void gmproc_port_ear_ask (GmprocEar *self);
gboolean gmproc_port_ear_is_asked (GmprocEar *self);

/* Whether what was asked for has come, or never will. Costs no call. */
gboolean gmproc_port_ear_is_met (GmprocEar *self);

/* Of what is met: the number of bytes, which *RET_DATA, if it is not NULL, borrows until the next
 * ask; or -1 at the end, or for an error that a read tells. 0 says nothing, and is asked for
 * again: something to read where SIZE is 0, or the end of the thread that asked. */
gssize gmproc_port_ear_take (GmprocEar *self, gconstpointer *ret_data);

G_END_DECLS
