/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Tells main loops that a state in shared memory may have changed.
 *
 * A main loop sleeps on descriptors, and the words of shared memory are none. So a thread of the
 * library sleeps on the word in the loop's stead, one for each waitpoint that anybody watches, and
 * makes the sources ready that were added for it. When the last source is gone it looks for another
 * waitpoint for a while, and ends.
 *
 * Who owns what: a source is listed here between add and the moment at which it was made ready, or
 * remove. It holds its object, and through it the waitpoint; when remove has returned, no thread
 * looks at the waitpoint any more, unless for other sources.
 *
 * Deaths: a process that dies takes its threads along. To the others such a thread is a sleeper
 * like any other (waitpoint.h).
 *
 * Threads: any, but not while the caller holds the lock of a main context.
 */
#pragma once

#include "waitpoint.h"

G_BEGIN_DECLS

/* From now on SOURCE is made ready, by its ready time, once the word is another one than PREPARED.
 * FALSE when the system has no thread for that; nothing is listed then. */
gboolean gmproc_watch_add (GmprocWaitpoint *waitpoint, GSource *source, guint32 prepared);

/* Forgets the source, if it is listed. */
void gmproc_watch_remove (GmprocWaitpoint *waitpoint, GSource *source);

G_END_DECLS
