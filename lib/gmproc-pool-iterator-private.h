/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the two files of the iterator share: gmproc-pool-iterator.c, the results and how one waits
 * for them, and gmproc-pool-iterator-async.c, the same in a main loop.
 */
#pragma once

#include "gmproc-pool-private.h"
#include "gmproc-waitable.h"

G_BEGIN_DECLS

struct _GmprocPoolIterator
{
  GObject parent_instance;

  GmprocPool *pool;
  GmprocPoolSource *source; /* NULL when it is used up */
  GmprocJob *job;
  gsize read_ahead;
  gboolean fail_fast;
  GmprocPoolProgress progress;

  gboolean is_added; /* to the pool's jobs */
  gboolean is_reading;
  gboolean is_at_end;
  GError *last_error; /* what comes when all results were given */
  gsize index;        /* of the item that was given last */
};

/* There is a result, an error, or the end. */
gboolean gmproc_pool_iterator_is_ready_locked (gpointer iterator);

/* The next outcome, or NULL at the end; FALSE with an error that is not one of an item. */
gboolean gmproc_pool_iterator_wait_locked (GmprocPoolIterator *self, GmprocOutcome **ret_outcome,
                                           gint64 deadline, GCancellable *cancellable,
                                           GError **error);

/* What the caller of next gets; takes the outcome. */
gboolean gmproc_pool_iterator_give (GmprocOutcome *outcome, GVariant **ret_result, GError **error);

/* Emits "result". */
void gmproc_pool_iterator_emit (GmprocPoolIterator *self, const GmprocOutcome *outcome);

void gmproc_pool_iterator_waitable_init (GmprocWaitableInterface *iface);

G_END_DECLS
