/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a pool and one of its workers share. The link:
 *
 *   tasks    written by the pool, read by the worker
 *   results  written by the worker, read by the pool
 *   current  which item the worker runs, written by it before it begins: a chunk's serial number in
 *            the upper half, one more than the item's place in the chunk in the lower; 0 for none
 *   began    when it began that item, where somebody wants to know
 *
 * The pool may condemn the item that runs: it sets a bit of `current` by compare and swap, and then
 * kills the process. The worker goes from one item to the next by compare and swap as well, so it
 * either was through with the item before the pool could condemn it, or never begins another one:
 * the kill cannot hit an item that it was not meant for.
 *
 * And beside it two bells. Each worker has one, which the pool rings when the worker should look:
 * for a task, or for room for its results. All workers together have one, which they ring when the
 * pool should look. A bell that is rung between prepare and sleep does not let its owner sleep.
 *
 * There is no lock. When a worker dies the pool learns it from the reaper, which rings in its
 * stead; the pool takes what was committed, reads `current`, and makes a new link for a new worker.
 * When the pool's process dies its workers, being daemons, end through their lifeline.
 */
#pragma once

#include "monitor.h"
#include "stream.h"

G_BEGIN_DECLS

/* -- a bell ------------------------------------------------------------------------------------ */

#define GMPROC_TYPE_BELL (gmproc_bell_get_type ())
G_DECLARE_FINAL_TYPE (GmprocBell, gmproc_bell, GMPROC, BELL, GObject)

GmprocBell *gmproc_bell_new (GError **error);
guint32 gmproc_bell_prepare (GmprocBell *self);
void gmproc_bell_ring (GmprocBell *self);
gboolean gmproc_bell_sleep (GmprocBell *self, guint32 prepared, gint64 deadline,
                            GCancellable *cancellable, GError **error);

/* For a main loop that waits for it; internal/watch.h. */
GmprocWaitpoint *gmproc_bell_get_waitpoint (GmprocBell *self);

/* -- the link ---------------------------------------------------------------------------------- */

#define GMPROC_WORKER_LINK_CAPACITY (128 * 1024)

#define GMPROC_TYPE_WORKER_LINK (gmproc_worker_link_get_type ())
G_DECLARE_FINAL_TYPE (GmprocWorkerLink, gmproc_worker_link, GMPROC, WORKER_LINK, GObject)

typedef struct GmprocWorkerLinkPlace GmprocWorkerLinkPlace;

struct _GmprocWorkerLink
{
  GObject parent_instance;

  gintptr memory;
  GmprocWorkerLinkPlace *place;
  guint64 current; /* the worker's copy of what it wrote last */
  GmprocStream tasks;
  GmprocStream results;
};

GmprocWorkerLink *gmproc_worker_link_new (GError **error);

/* The largest number of an item in a chunk. */
#define GMPROC_WORKER_LINK_MAX_NUMBER (G_MAXINT32)

/* The worker's: from the item that it has run to the next, or to none (0, 0). FALSE when the pool
 * has condemned the one before; then nothing may be begun any more. */
gboolean gmproc_worker_link_advance (GmprocWorkerLink *self, guint32 serial, guint32 number);
void gmproc_worker_link_set_began (GmprocWorkerLink *self, gint64 time);

/* The worker ends because its time has come: not a death. */
void gmproc_worker_link_set_retired (GmprocWorkerLink *self);
gboolean gmproc_worker_link_is_retired (GmprocWorkerLink *self);

/* The pool's: what the worker ran when it ended. FALSE for nothing. */
gboolean gmproc_worker_link_get_current (GmprocWorkerLink *self, guint32 *ret_serial,
                                         guint32 *ret_number);
gint64 gmproc_worker_link_get_began (GmprocWorkerLink *self);

/* The pool's: FALSE when the worker does not run this item. */
gboolean gmproc_worker_link_condemn (GmprocWorkerLink *self, guint32 serial, guint32 number);

/* A writer says that something did not fit, the reader asks whether to ring when it has taken some.
 */
typedef enum
{
  GMPROC_WORKER_LINK_TASKS,
  GMPROC_WORKER_LINK_RESULTS
} GmprocWorkerLinkStream;

void gmproc_worker_link_set_waits_for_room (GmprocWorkerLink *self, GmprocWorkerLinkStream stream,
                                            gboolean waits);
gboolean gmproc_worker_link_get_waits_for_room (GmprocWorkerLink *self,
                                                GmprocWorkerLinkStream stream);

G_END_DECLS
