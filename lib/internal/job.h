/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * One call of a pool: items that are handed out in chunks, and what came of each.
 *
 *   MAP      an array of items, one array of results; the first error ends it
 *   COLLECT  an array of items, an outcome for each
 *   STREAM   items that are fed one by one, and outcomes that are taken as they come, or in order
 *
 * A job belongs to the call that made it and, chunk by chunk, to the workers that have one; the
 * last reference frees it, so a result that comes after the call was cancelled finds its job over.
 * All under the pool's mutex.
 *
 * job.c cuts and hands out, job-results.c keeps what came back.
 */
#pragma once

#include "outcome.h"
#include "worker.h"

G_BEGIN_DECLS

typedef enum
{
  GMPROC_JOB_MAP,
  GMPROC_JOB_COLLECT,
  GMPROC_JOB_STREAM
} GmprocJobKind;

typedef struct
{
  GmprocJobKind kind;
  GmprocWorkerMode mode;
  gboolean is_only;    /* MAP: one item, without an array around it */
  gboolean is_ordered; /* a stream: outcomes come in the order of the items */
  int priority;        /* the lower goes first */
  gsize chunk_size;    /* 0: as the items turn out */
  guint max_retries;   /* of an item whose worker died */
  gint64 item_timeout; /* microseconds, 0: none */
} GmprocJobOptions;

typedef struct GmprocJob GmprocJob;

struct GmprocJob
{
  gatomicrefcount references;

  const GmprocFunctionInfo *function;
  GmprocJobOptions options;

  /* What goes in. An array lies in one piece; the items of a stream are held until settled. */
  GVariant *items;
  const guint8 *data;
  gsize item_size; /* in the data, or 0 if items differ */
  GHashTable *held;
  gsize n_items;        /* that there are, or were fed */
  gsize n_bytes;        /* of them */
  gboolean is_complete; /* no more will be fed */

  /* Cutting. */
  gsize next;           /* the first item that was never in a chunk */
  GQueue returned;      /* chunks to run again */
  GHashTable *attempts; /* item → how often its worker died */
  GHashTable *doomed;   /* items to be ended when they run; NULL as long as there are none */
  gsize last_size;      /* of the chunk before */
  double item_time;     /* microseconds, as far as measured; 0: unknown */

  /* What came back. */
  gsize n_done; /* without error */
  gsize n_failed;
  gsize out_size;      /* of a result of fixed size, or 0 */
  guint8 *fixed;       /* MAP: results of fixed size */
  GPtrArray *values;   /* MAP: GVariant by item */
  GPtrArray *slices;   /* MAP of slices: GmprocOutcome */
  GPtrArray *outcomes; /* COLLECT: GmprocOutcome by item */
  GQueue ready;        /* STREAM: GmprocOutcome, to be taken */
  GHashTable *early;   /* STREAM in order: item → GmprocOutcome that waits for those before */
  gsize n_taken;
  GError *error; /* ends the job */

  /* Tells whoever waits without a thread; NULL when nobody does. */
  void (*notify) (gpointer user_data);
  gpointer notify_data;
};

typedef struct
{
  GmprocJob *job; /* a reference */
  guint32 serial; /* unique in a worker while it is under way */
  gsize first;
  guint32 n_items;
  guint32 n_settled; /* results come in order */
  double estimate;   /* microseconds; 0: unknown */
} GmprocChunk;

/* ITEMS is an array whose type the function takes, or the only item, or NULL for a stream. */
GmprocJob *gmproc_job_new (const GmprocFunctionInfo *function, const GmprocJobOptions *options,
                           GVariant *items);
GmprocJob *gmproc_job_ref (GmprocJob *self);
void gmproc_job_unref (GmprocJob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocJob, gmproc_job_unref)

/* Nothing will change any more, for what the call is concerned. */
gboolean gmproc_job_is_over (GmprocJob *self);

/* Ends the job, unless it is over. Takes ERROR. */
void gmproc_job_fail (GmprocJob *self, GError *error);

/* A stream: one more item of the right type, no more items, and one more that is settled before
 * it is run. gmproc_job_take gives the next outcome, or NULL. */
void gmproc_job_feed (GmprocJob *self, GVariant *item);
void gmproc_job_feed_error (GmprocJob *self, GError *error);
void gmproc_job_feed_end (GmprocJob *self);
GmprocOutcome *gmproc_job_take (GmprocJob *self);

/* A stream: ends one item as soon as it is run, unless it is done. FALSE for one that is done, or
 * was never fed. */
gboolean gmproc_job_doom (GmprocJob *self, gsize index);
gboolean gmproc_job_is_doomed (GmprocJob *self, gsize index);

/* How many items nobody has taken to run. */
gsize gmproc_job_count_waiting (GmprocJob *self);

/* The next chunk to hand to one of N_WORKERS, or NULL. The taker gives it a serial number. */
GmprocChunk *gmproc_job_take_chunk (GmprocJob *self, guint n_workers);

/* Whether there is so much left that a worker may get its next chunk ahead. */
gboolean gmproc_job_may_run_ahead (GmprocJob *self, guint n_workers);

/* What goes to the worker: the serialized array, or the only item. The bytes live as long as the
 * job and *ret_holder, which may be NULL. */
void gmproc_chunk_get_input (GmprocChunk *self, gconstpointer *ret_data, gsize *ret_size,
                             GVariant **ret_holder);
void gmproc_chunk_free (GmprocChunk *self);

/* What became of the next item of the chunk; BYTES holds DATA, or is NULL, then it is copied.
 * settle_error takes the error. */
void gmproc_chunk_settle (GmprocChunk *self, gconstpointer data, gsize size, GBytes *bytes);
void gmproc_chunk_settle_error (GmprocChunk *self, GError *error, gint64 pid);

/* What became of the chunk; each takes it. finish: after its last result. died: the worker ended
 * over the next item, for ERROR (taken), which is final or may be tried again. give_back: it ended,
 * but not over an item of this chunk. */
void gmproc_chunk_finish (GmprocChunk *self, guint32 elapsed);
void gmproc_chunk_died (GmprocChunk *self, GError *error, gboolean is_final, gint64 pid,
                        int exit_code);
void gmproc_chunk_give_back (GmprocChunk *self);

/* The whole result, not floating; or the error. MAP; the job is over. */
GVariant *gmproc_job_get_result (GmprocJob *self, GError **error);

/* The same of a job with is_only: no array either. Once. */
GVariant *gmproc_job_get_only_result (GmprocJob *self, GError **error);

/* An outcome for each item; those that were not settled get the job's error. COLLECT. */
GPtrArray *gmproc_job_get_outcomes (GmprocJob *self);

/* -- between job.c and job-results.c ----------------------------------------------------------- */

void gmproc_job_init_results (GmprocJob *self);
void gmproc_job_clear_results (GmprocJob *self);
void gmproc_job_store_value (GmprocJob *self, gsize index, gsize n_items, gconstpointer data,
                             gsize size, GBytes *bytes);
void gmproc_job_store_error (GmprocJob *self, GmprocOutcome *outcome, gsize n_items);

G_END_DECLS
