/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A worker as its pool sees it: a process, the link to it, and what it was given to do.
 *
 *   gmproc-pool-worker.c    the process: start, end, and what its end means for its items
 *   gmproc-pool-messages.c  tasks out, results in
 *
 * All functions are called under the pool's mutex and none of them waits. A task that does not fit
 * the stream is kept and goes on at the next give; a result is read as far as it has come.
 *
 * A worker has the chunk that it runs, and so many behind it that it need not wait for the pool in
 * between. When it dies, the item that it ran fails, and everything that it had not begun goes back
 * to its job.
 */
#pragma once

#include "gmproc-process-private.h"
#include "internal/job.h"
#include "internal/worker-link.h"

G_BEGIN_DECLS

typedef struct GmprocPoolWorker GmprocPoolWorker;
typedef struct GmprocPoolNotice GmprocPoolNotice;

/* A result of up to this size is received without an allocation. */
#define GMPROC_POOL_SMALL (256)

struct GmprocPoolWorker
{
  GmprocBell *pool_bell;
  GmprocBell *bell;
  const GmprocWorkerSettings *settings; /* the pool's */
  GmprocProcess *process;               /* NULL before the first start, and when there is none */
  GmprocWorkerLink *link;
  GmprocPoolNotice *notice; /* shared with the reaper */
  gboolean has_begun;       /* an item, in this process */
  gboolean is_quitting;     /* was told to end */
  gboolean is_leaving; /* gets nothing more, and then is told to end: the pool was made smaller */
  GError *condemned;   /* why the pool killed it */
  GError *unable;      /* what its initializer said */

  guint32 last_serial;
  GQueue chunks;                      /* GmprocChunk: the one that runs first */
  double load;                        /* microseconds that the chunks may take */
  const GmprocFunctionInfo *function; /* that it was told last */

  /* The message that is being sent: its head, with a small input, and a large input. */
  gboolean is_sending;
  GByteArray *head;
  const guint8 *input;
  gsize input_size;
  GVariant *input_holder; /* these two keep the input */
  GmprocJob *input_job;
  gsize sent;

  /* The result that is being received. */
  GmprocWorkerResult result;
  gsize result_received;
  guint8 *output; /* small, or allocated; NULL while the head is not complete */
  gsize output_received;
  guint8 small[GMPROC_POOL_SMALL];

  /* For those who ask. */
  guint64 n_items;
  guint64 busy_time; /* microseconds */
  guint n_starts;
};

/* Where a worker gets its chunks: NULL when there is nothing to do. */
typedef GmprocChunk *(*GmprocPoolNextChunk) (gpointer pool);

/* Not started yet. POOL_BELL is what workers ring. */
GmprocPoolWorker *gmproc_pool_worker_new (GmprocBell *pool_bell,
                                          const GmprocWorkerSettings *settings, GError **error);
void gmproc_pool_worker_free (GmprocPoolWorker *self);

/* A process and a link, in place of none or of a dead one. */
gboolean gmproc_pool_worker_start (GmprocPoolWorker *self, GError **error);

/* TRUE once for a process that has ended: what was under way is settled, and it can be started
 * again. *ret_was_useless: it had not begun a single item, and nobody had told it to end. */
gboolean gmproc_pool_worker_check_end (GmprocPoolWorker *self, gboolean *ret_was_useless);

/* Kills it over the item that it runs, which ends with REASON (taken). FALSE when it runs none. */
gboolean gmproc_pool_worker_condemn (GmprocPoolWorker *self, GError *reason);

/* Condemns it when its item has taken too long. When to ask again, or GMPROC_PORT_FOREVER. */
gint64 gmproc_pool_worker_check_time (GmprocPoolWorker *self);

/* Tells it to end when it has done what it has. */
void gmproc_pool_worker_quit (GmprocPoolWorker *self);

/* Ends it, unless it was told to end. */
void gmproc_pool_worker_abandon (GmprocPoolWorker *self);

/* -- messages ---------------------------------------------------------------------------------- */

/* Reads what came. TRUE if anything did. */
gboolean gmproc_pool_worker_receive (GmprocPoolWorker *self);

/* Gives one chunk to a worker that has none or, with IS_AHEAD, as many as keep it busy for a
 * moment; and sends what there is. TRUE if anything went out. */
gboolean gmproc_pool_worker_give (GmprocPoolWorker *self, gboolean is_ahead,
                                  GmprocPoolNextChunk next, gpointer pool);

/* A task without a function and an input. */
void gmproc_pool_worker_send_quit (GmprocPoolWorker *self);

/* Forgets the messages that are under way. */
void gmproc_pool_worker_drop_messages (GmprocPoolWorker *self);

G_END_DECLS
