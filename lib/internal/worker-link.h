/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a pool and one of its workers share. The link:
 *
 *   tasks    written by the pool, read by the worker
 *   results  written by the worker, read by the pool
 *   current  which item the worker runs, written by it before it begins: a chunk's serial number in
 *            the upper half, one more than the item's place in the chunk in the lower; 0 for none
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
  GmprocStream tasks;
  GmprocStream results;
};

GmprocWorkerLink *gmproc_worker_link_new (GError **error);

/* The worker's. */
void gmproc_worker_link_set_current (GmprocWorkerLink *self, guint32 serial, guint32 number);

/* The pool's: what the worker ran when it ended. FALSE for nothing. */
gboolean gmproc_worker_link_get_current (GmprocWorkerLink *self, guint32 *ret_serial,
                                         guint32 *ret_number);

/* The pool says that tasks did not fit, the worker asks whether to ring when it has taken some. */
void gmproc_worker_link_set_waits_for_room (GmprocWorkerLink *self, gboolean waits);
gboolean gmproc_worker_link_get_waits_for_room (GmprocWorkerLink *self);

G_END_DECLS
