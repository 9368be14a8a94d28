/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "job.h"

#include <string.h>

#include "codec.h"
#include "gmproc-error.h"

/* Several chunks a worker, so that none waits long for the slowest; but no larger than lets two of
 * them wait in a worker's stream. */
#define CHUNKS_PER_WORKER (4)
#define LARGEST_CHUNK (GMPROC_WORKER_LINK_CAPACITY / 8 * 3)

static gsize
choose_chunk_size (GmprocJob *self, guint n_workers)
{
  gsize share =
      (self->n_items + CHUNKS_PER_WORKER * n_workers - 1) / (CHUNKS_PER_WORKER * n_workers);
  gsize average = g_bytes_get_size (self->data) / MAX (self->n_items, 1);

  return MAX (MIN (share, LARGEST_CHUNK / MAX (average, 1)), 1);
}

GmprocJob *
gmproc_job_new (const GmprocFunctionInfo *function, GmprocWorkerMode mode, GVariant *items,
                gsize chunk_size, guint n_workers)
{
  GmprocJob *self = g_new0 (GmprocJob, 1);

  g_atomic_ref_count_init (&self->references);
  self->function = function;
  self->mode = mode;
  self->items = g_variant_ref (items);
  self->data = g_variant_get_data_as_bytes (items);
  self->item_size =
      gmproc_codec_get_item_size (g_variant_type_element (g_variant_get_type (items)));
  self->n_items = g_variant_n_children (items);
  self->n_unfinished = self->n_items;
  self->chunk_size = chunk_size > 0 ? chunk_size : choose_chunk_size (self, n_workers);
  self->chunk_size = MIN (self->chunk_size, MAX (self->n_items, 1));
  self->chunk_size = MIN (self->chunk_size, G_MAXUINT32);
  self->outputs = g_ptr_array_new ();
  g_ptr_array_set_size (self->outputs, (self->n_items + self->chunk_size - 1) / self->chunk_size);
  g_queue_init (&self->returned);
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

  g_variant_unref (self->items);
  g_bytes_unref (self->data);
  for (guint i = 0; i < self->outputs->len; i++)
    g_clear_pointer (&g_ptr_array_index (self->outputs, i), g_variant_unref);
  g_ptr_array_unref (self->outputs);
  g_clear_error (&self->error);
  g_free (self);
}

gboolean
gmproc_job_is_over (GmprocJob *self)
{
  return self->error != NULL || self->n_unfinished == 0;
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
  /* They hold references on the job, so they may not wait for its end. */
  drop_returned (self);
}

/* -- chunks ------------------------------------------------------------------------------------ */

gsize
gmproc_job_count_chunks (GmprocJob *self)
{
  if (gmproc_job_is_over (self))
    return 0;

  return self->returned.length
         + (self->n_items - self->next + self->chunk_size - 1) / self->chunk_size;
}

GmprocChunk *
gmproc_job_take_chunk (GmprocJob *self)
{
  GmprocChunk *chunk;

  if (gmproc_job_is_over (self))
    return NULL;

  chunk = g_queue_pop_head (&self->returned);
  if (chunk == NULL && self->next < self->n_items)
    {
      chunk = g_new0 (GmprocChunk, 1);
      chunk->job = gmproc_job_ref (self);
      chunk->first = self->next;
      chunk->n_items = MIN (self->chunk_size, self->n_items - self->next);
      self->next += chunk->n_items;
    }
  return chunk;
}

void
gmproc_chunk_free (GmprocChunk *self)
{
  gmproc_job_unref (self->job);
  g_free (self);
}

GBytes *
gmproc_chunk_get_input (GmprocChunk *self)
{
  GmprocJob *job = self->job;
  g_autoptr (GVariantBuilder) builder = NULL;
  g_autoptr (GVariant) slice = NULL;

  if (job->item_size > 0)
    return g_bytes_new_from_bytes (job->data, self->first * job->item_size,
                                   self->n_items * job->item_size);
  if (self->n_items == job->n_items)
    return g_bytes_ref (job->data);

  builder = g_variant_builder_new (g_variant_get_type (job->items));
  for (gsize i = 0; i < self->n_items; i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (job->items, self->first + i);

      g_variant_builder_add_value (builder, item);
    }
  slice = g_variant_ref_sink (g_variant_builder_end (builder));
  return g_variant_get_data_as_bytes (slice);
}

void
gmproc_chunk_return (GmprocChunk *self)
{
  if (gmproc_job_is_over (self->job))
    gmproc_chunk_free (self);
  else
    g_queue_push_tail (&self->job->returned, self);
}

static GVariantType *
get_output_type (GmprocJob *job)
{
  return job->mode == GMPROC_WORKER_EACH ? g_variant_type_new_array (job->function->out_type)
                                         : g_variant_type_copy (job->function->out_type);
}

void
gmproc_chunk_finish (GmprocChunk *self, GBytes *bytes)
{
  GmprocJob *job = self->job;
  g_autoptr (GVariantType) type = get_output_type (job);
  gsize n_items = job->mode == GMPROC_WORKER_EACH ? self->n_items : G_MAXSIZE;
  GError *error = NULL;

  if (!gmproc_job_is_over (job))
    {
      GVariant *output = gmproc_worker_load_array (type, bytes, n_items, &error);

      if (output == NULL)
        gmproc_job_fail (job, error);
      else
        {
          g_ptr_array_index (job->outputs, self->first / job->chunk_size) = output;
          job->n_unfinished -= self->n_items;
        }
    }

  gmproc_chunk_free (self);
}

void
gmproc_chunk_fail (GmprocChunk *self, guint32 failed_item, GError *error)
{
  g_prefix_error (&error, "%s, item %" G_GSIZE_FORMAT ": ", self->job->function->name,
                  self->first + failed_item);
  gmproc_job_fail (self->job, error);
  gmproc_chunk_free (self);
}

/* -- the result -------------------------------------------------------------------------------- */

static GVariant *
join_fixed (GPtrArray *outputs, const GVariantType *type)
{
  gsize size = 0, filled = 0;
  guint8 *data;

  for (guint i = 0; i < outputs->len; i++)
    size += g_variant_get_size (g_ptr_array_index (outputs, i));

  data = g_malloc (size);
  for (guint i = 0; i < outputs->len; i++)
    {
      GVariant *output = g_ptr_array_index (outputs, i);

      if (g_variant_get_size (output) > 0)
        memcpy (data + filled, g_variant_get_data (output), g_variant_get_size (output));
      filled += g_variant_get_size (output);
    }
  return g_variant_ref_sink (g_variant_new_from_data (type, data, size, TRUE, g_free, data));
}

static GVariant *
join_any (GPtrArray *outputs, const GVariantType *type)
{
  g_autoptr (GVariantBuilder) builder = g_variant_builder_new (type);

  for (guint i = 0; i < outputs->len; i++)
    {
      GVariant *output = g_ptr_array_index (outputs, i);
      gsize n_results = g_variant_n_children (output);

      for (gsize j = 0; j < n_results; j++)
        {
          g_autoptr (GVariant) result = g_variant_get_child_value (output, j);

          g_variant_builder_add_value (builder, result);
        }
    }
  return g_variant_ref_sink (g_variant_builder_end (builder));
}

GVariant *
gmproc_job_get_result (GmprocJob *self, GError **error)
{
  g_autoptr (GVariantType) type = get_output_type (self);

  if (self->error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->error));
      return NULL;
    }

  if (self->outputs->len == 1)
    return g_variant_ref (g_ptr_array_index (self->outputs, 0));
  if (gmproc_codec_get_item_size (g_variant_type_element (type)) > 0)
    return join_fixed (self->outputs, type);
  return join_any (self->outputs, type);
}
