/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * How large a chunk is. Handing one out costs some microseconds, so a chunk should take a good deal
 * longer than that; and at the end of the call nobody should be left with much more than the
 * others. Nothing is known about the items beforehand. So the first chunks are of one item; their
 * time, as the worker measured it, gives the size of the next ones; and no chunk is larger than a
 * share of what is left, so they become smaller towards the end.
 */
#include "config.h"

#include "job.h"

#include "codec.h"
#include "gmproc-error.h"

#define CHUNK_TIME (2000.0)   /* microseconds that a chunk should take */
#define SHARES_PER_WORKER (3) /* of what is left */
#define GROWTH (16)           /* from one chunk to the next: the first items may not be typical */
#define FIRST_SLICE (16)      /* a function of slices is expected to be quick with an item */
#define RECENT (0.4)          /* the weight of the newest measurement */
#define SHORTEST_ITEM (0.05)  /* microseconds; less cannot be measured */

/* So large that two of them wait in a worker's stream. */
#define LARGEST_CHUNK (GMPROC_WORKER_LINK_CAPACITY / 8 * 3)

GmprocJob *
gmproc_job_new (const GmprocFunctionInfo *function, const GmprocJobOptions *options,
                GVariant *items)
{
  GmprocJob *self = g_new0 (GmprocJob, 1);

  g_atomic_ref_count_init (&self->references);
  self->function = function;
  self->options = *options;
  g_queue_init (&self->returned);
  if (items != NULL)
    {
      const GVariantType *type = g_variant_get_type (items);

      self->items = g_variant_ref (items);
      self->n_items = options->is_only ? 1 : g_variant_n_children (items);
      self->n_bytes = g_variant_get_size (items);
      self->data = g_variant_get_data (items);
      self->item_size =
          gmproc_codec_get_item_size (options->is_only ? type : g_variant_type_element (type));
      self->is_complete = TRUE;
    }
  else
    self->held = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_variant_unref);
  gmproc_job_init_results (self);
  return self;
}

GmprocJob *
gmproc_job_ref (GmprocJob *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

static void
drop_returned (GmprocJob *self)
{
  GmprocChunk *chunk;

  while ((chunk = g_queue_pop_head (&self->returned)) != NULL)
    gmproc_chunk_free (chunk);
}

void
gmproc_job_unref (GmprocJob *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;

  g_clear_pointer (&self->items, g_variant_unref);
  g_clear_pointer (&self->held, g_hash_table_unref);
  g_clear_pointer (&self->attempts, g_hash_table_unref);
  g_clear_pointer (&self->doomed, g_hash_table_unref);
  gmproc_job_clear_results (self);
  g_clear_error (&self->error);
  g_free (self);
}

gboolean
gmproc_job_is_over (GmprocJob *self)
{
  return self->error != NULL
         || (self->is_complete && self->n_done + self->n_failed == self->n_items);
}

void
gmproc_job_fail (GmprocJob *self, GError *error)
{
  if (gmproc_job_is_over (self))
    {
      g_error_free (error);
      return;
    }

  self->error = error;
  if (self->held != NULL)
    g_hash_table_remove_all (self->held);
  if (self->notify != NULL)
    self->notify (self->notify_data);
  /* They hold references on the job, so they may not wait for its end. */
  drop_returned (self);
}

/* -- a stream ---------------------------------------------------------------------------------- */

void
gmproc_job_feed (GmprocJob *self, GVariant *item)
{
  if (self->error != NULL)
    return;
  g_hash_table_insert (self->held, GSIZE_TO_POINTER (self->n_items), g_variant_ref (item));
  self->n_items++;
  self->n_bytes += g_variant_get_size (item);
}

/* Nobody holds it, so nobody runs it. */
void
gmproc_job_feed_error (GmprocJob *self, GError *error)
{
  GmprocOutcome *outcome = gmproc_outcome_new (self->n_items, NULL, error);

  self->n_items++;
  gmproc_job_store_error (self, outcome, 1);
}

void
gmproc_job_feed_end (GmprocJob *self)
{
  self->is_complete = TRUE;
}

/* One that nobody has is settled here and now. */
gboolean
gmproc_job_doom (GmprocJob *self, gsize index)
{
  if (self->error != NULL || g_hash_table_lookup (self->held, GSIZE_TO_POINTER (index)) == NULL)
    return FALSE;

  if (index >= self->next)
    {
      gmproc_job_store_error (
          self,
          gmproc_outcome_new (index, NULL,
                              g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                           "%s, item %" G_GSIZE_FORMAT ": The item was cancelled",
                                           self->function->name, index)),
          1);
      return TRUE;
    }
  if (self->doomed == NULL)
    self->doomed = g_hash_table_new (NULL, NULL);
  g_hash_table_add (self->doomed, GSIZE_TO_POINTER (index));
  return TRUE;
}

gboolean
gmproc_job_is_doomed (GmprocJob *self, gsize index)
{
  return self->doomed != NULL && g_hash_table_contains (self->doomed, GSIZE_TO_POINTER (index));
}

/* -- cutting ----------------------------------------------------------------------------------- */

gsize
gmproc_job_count_waiting (GmprocJob *self)
{
  gsize n = self->n_items - self->next;

  if (self->error != NULL)
    return 0;
  for (GList *link = self->returned.head; link != NULL; link = link->next)
    n += ((GmprocChunk *) link->data)->n_items;
  return n;
}

gboolean
gmproc_job_may_run_ahead (GmprocJob *self, guint n_workers)
{
  gsize n = self->n_items - self->next;

  return self->error == NULL && n / MAX (self->last_size, 1) > n_workers;
}

static gsize
choose_chunk_size (GmprocJob *self, guint n_workers)
{
  gsize left = self->n_items - self->next;
  gsize share = left / (SHARES_PER_WORKER * MAX (n_workers, 1));
  gsize average = self->n_bytes / MAX (self->n_items, 1);
  gsize size = self->options.mode == GMPROC_WORKER_WHOLE ? FIRST_SLICE : 1;

  if (self->options.chunk_size > 0)
    return MIN (self->options.chunk_size, GMPROC_WORKER_LINK_MAX_NUMBER);
  if (self->item_time > 0)
    size = CLAMP (CHUNK_TIME / self->item_time, 1, self->last_size * GROWTH);
  size = MIN (size, share);
  size = MIN (size, LARGEST_CHUNK / MAX (average, 1));
  return MAX (size, 1);
}

static GmprocChunk *
chunk_new (GmprocJob *job, gsize first, gsize n_items)
{
  GmprocChunk *self = g_new0 (GmprocChunk, 1);

  self->job = gmproc_job_ref (job);
  self->first = first;
  self->n_items = n_items;
  return self;
}

/* Those that were settled when they were fed. */
static void
skip_settled (GmprocJob *self)
{
  while (self->held != NULL && self->next < self->n_items
         && g_hash_table_lookup (self->held, GSIZE_TO_POINTER (self->next)) == NULL)
    self->next++;
}

/* Of N items from self->next on, those before the next one that is settled. */
static gsize
count_unsettled (GmprocJob *self, gsize n)
{
  gsize count = 1;

  if (self->held == NULL)
    return n;
  while (count < n && g_hash_table_lookup (self->held, GSIZE_TO_POINTER (self->next + count)))
    count++;
  return count;
}

GmprocChunk *
gmproc_job_take_chunk (GmprocJob *self, guint n_workers)
{
  GmprocChunk *chunk;

  if (self->error != NULL)
    return NULL;

  chunk = g_queue_pop_head (&self->returned);
  if (chunk == NULL)
    {
      gsize size;

      skip_settled (self);
      if (self->next == self->n_items)
        return NULL;
      size = MIN (choose_chunk_size (self, n_workers), self->n_items - self->next);
      size = count_unsettled (self, size);
      chunk = chunk_new (self, self->next, size);
      self->next += size;
      self->last_size = size;
    }
  chunk->estimate = self->item_time * chunk->n_items;
  return chunk;
}

void
gmproc_chunk_free (GmprocChunk *self)
{
  gmproc_job_unref (self->job);
  g_free (self);
}

static GVariant *
get_item (GmprocJob *job, gsize index)
{
  if (job->held != NULL)
    return g_variant_ref (g_hash_table_lookup (job->held, GSIZE_TO_POINTER (index)));
  if (job->options.is_only)
    return g_variant_ref (job->items);
  return g_variant_get_child_value (job->items, index);
}

/* An item that was fed, or one of an array, may be stored at an address that does not suit it; but
 * the bytes are only copied from there. */
void
gmproc_chunk_get_input (GmprocChunk *self, gconstpointer *ret_data, gsize *ret_size,
                        GVariant **ret_holder)
{
  GmprocJob *job = self->job;
  GVariant *holder;

  *ret_holder = NULL;
  if (job->item_size > 0)
    {
      *ret_data = job->data + self->first * job->item_size;
      *ret_size = self->n_items * job->item_size;
      return;
    }

  if (self->n_items == 1 && job->options.mode == GMPROC_WORKER_EACH)
    holder = get_item (job, self->first);
  else
    {
      g_autoptr (GVariantType) type = g_variant_type_new_array (job->function->in_type);
      GVariantBuilder builder;

      g_variant_builder_init (
          &builder, job->options.mode == GMPROC_WORKER_EACH ? type : job->function->in_type);
      for (gsize i = 0; i < self->n_items; i++)
        {
          g_autoptr (GVariant) item = get_item (job, self->first + i);

          g_variant_builder_add_value (&builder, item);
        }
      holder = g_variant_ref_sink (g_variant_builder_end (&builder));
    }
  *ret_size = g_variant_get_size (holder);
  *ret_data = g_variant_get_data (holder);
  *ret_holder = holder;
}

/* -- what became of it ------------------------------------------------------------------------- */

/* A slice is one for its worker. */
static gsize
count_next (GmprocChunk *self)
{
  return self->job->options.mode == GMPROC_WORKER_WHOLE ? self->n_items : 1;
}

void
gmproc_chunk_settle (GmprocChunk *self, gconstpointer data, gsize size, GBytes *bytes)
{
  GmprocJob *job = self->job;
  gsize n_items = count_next (self);

  if (job->error == NULL)
    gmproc_job_store_value (job, self->first + self->n_settled, n_items, data, size, bytes);
  self->n_settled += n_items;
}

static GmprocOutcome *
make_failure (GmprocChunk *self, GError *error, gint64 pid, int exit_code)
{
  gsize index = self->first + self->n_settled;
  GmprocOutcome *outcome;

  g_prefix_error (&error, "%s, item %" G_GSIZE_FORMAT ": ", self->job->function->name, index);
  outcome = gmproc_outcome_new (index, NULL, error);
  outcome->pid = pid;
  outcome->exit_code = exit_code;
  return outcome;
}

void
gmproc_chunk_settle_error (GmprocChunk *self, GError *error, gint64 pid)
{
  GmprocOutcome *outcome = make_failure (self, error, pid, 0);
  gsize n_items = count_next (self);

  if (self->job->error == NULL)
    gmproc_job_store_error (self->job, outcome, n_items);
  else
    gmproc_outcome_free (outcome);
  self->n_settled += n_items;
}

void
gmproc_chunk_finish (GmprocChunk *self, guint32 elapsed)
{
  GmprocJob *job = self->job;

  if (self->n_settled > 0)
    {
      double time = MAX ((double) elapsed / self->n_settled, SHORTEST_ITEM);

      job->item_time = job->item_time > 0 ? (1 - RECENT) * job->item_time + RECENT * time : time;
    }
  gmproc_chunk_give_back (self);
}

/* What is left of it. */
void
gmproc_chunk_give_back (GmprocChunk *self)
{
  if (self->job->error != NULL || self->n_settled == self->n_items)
    {
      gmproc_chunk_free (self);
      return;
    }
  self->first += self->n_settled;
  self->n_items -= self->n_settled;
  self->n_settled = 0;
  g_queue_push_tail (&self->job->returned, self);
}

/* Whether the item may be run once more. */
static gboolean
may_retry (GmprocJob *job, gsize index)
{
  guint n_deaths;

  if (job->options.max_retries == 0)
    return FALSE;
  if (job->attempts == NULL)
    job->attempts = g_hash_table_new (NULL, NULL);
  n_deaths = GPOINTER_TO_UINT (g_hash_table_lookup (job->attempts, GSIZE_TO_POINTER (index))) + 1;
  g_hash_table_insert (job->attempts, GSIZE_TO_POINTER (index), GUINT_TO_POINTER (n_deaths));
  return n_deaths <= job->options.max_retries;
}

/* An item that is tried again is so alone: it may kill the next worker as well. */
void
gmproc_chunk_died (GmprocChunk *self, GError *error, gboolean is_final, gint64 pid, int exit_code)
{
  GmprocJob *job = self->job;
  gsize index = self->first + self->n_settled;
  gsize n_items = count_next (self);

  if (job->error != NULL)
    g_error_free (error);
  else if (!is_final && may_retry (job, index))
    {
      g_error_free (error);
      g_queue_push_tail (&job->returned, chunk_new (job, index, n_items));
    }
  else
    gmproc_job_store_error (job, make_failure (self, error, pid, exit_code), n_items);
  self->n_settled += n_items;
  gmproc_chunk_give_back (self);
}
