/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a job keeps of the results. What a worker sent is checked here, before it is used.
 */
#include "config.h"

#include "job.h"

#include <string.h>

#include "codec.h"
#include "gmproc-error.h"

static const GVariantType *
get_result_item_type (GmprocJob *self)
{
  return self->options.mode == GMPROC_WORKER_EACH
             ? self->function->out_type
             : g_variant_type_element (self->function->out_type);
}

static void
free_value (gpointer value)
{
  if (value != NULL)
    g_variant_unref (value);
}

static void
free_outcome (gpointer outcome)
{
  gmproc_outcome_free (outcome);
}

void
gmproc_job_init_results (GmprocJob *self)
{
  self->out_size = gmproc_codec_get_item_size (self->function->out_type);
  g_queue_init (&self->ready);
  if (self->options.kind == GMPROC_JOB_STREAM)
    {
      if (self->options.is_ordered)
        self->early = g_hash_table_new_full (NULL, NULL, NULL, free_outcome);
    }
  else if (self->options.kind == GMPROC_JOB_COLLECT)
    {
      self->outcomes = g_ptr_array_new_with_free_func (free_outcome);
      g_ptr_array_set_size (self->outcomes, self->n_items);
    }
  else if (self->options.mode == GMPROC_WORKER_WHOLE)
    self->slices = g_ptr_array_new_with_free_func (free_outcome);
  else if (self->out_size > 0)
    self->fixed = g_malloc (MAX (self->n_items * self->out_size, 1));
  else
    {
      self->values = g_ptr_array_new_with_free_func (free_value);
      g_ptr_array_set_size (self->values, self->n_items);
    }
}

void
gmproc_job_clear_results (GmprocJob *self)
{
  g_queue_clear_full (&self->ready, free_outcome);
  g_clear_pointer (&self->early, g_hash_table_unref);
  g_clear_pointer (&self->outcomes, g_ptr_array_unref);
  g_clear_pointer (&self->slices, g_ptr_array_unref);
  g_clear_pointer (&self->values, g_ptr_array_unref);
  g_clear_pointer (&self->fixed, g_free);
}

/* -- keeping ----------------------------------------------------------------------------------- */

static void
tell (GmprocJob *self)
{
  if (self->notify != NULL
      && (self->options.kind == GMPROC_JOB_STREAM || gmproc_job_is_over (self)))
    self->notify (self->notify_data);
}

/* A stream: what is next goes to those that are ready, with all that waited for it. */
static void
add_outcome (GmprocJob *self, GmprocOutcome *outcome)
{
  g_hash_table_remove (self->held, GSIZE_TO_POINTER (outcome->index));
  if (!self->options.is_ordered)
    {
      g_queue_push_tail (&self->ready, outcome);
      return;
    }

  g_hash_table_insert (self->early, GSIZE_TO_POINTER (outcome->index), outcome);
  while (TRUE)
    {
      gpointer next = GSIZE_TO_POINTER (self->n_taken + self->ready.length);
      gpointer ready;

      if (!g_hash_table_steal_extended (self->early, next, NULL, &ready))
        return;
      g_queue_push_tail (&self->ready, ready);
    }
}

GmprocOutcome *
gmproc_job_take (GmprocJob *self)
{
  GmprocOutcome *outcome = g_queue_pop_head (&self->ready);

  if (outcome != NULL)
    self->n_taken++;
  return outcome;
}

/* FALSE when the worker sent something else than a value of the fixed size. */
static gboolean
store_fixed (GmprocJob *self, gsize index, gconstpointer data, gsize size)
{
  if (size != self->out_size
      || (*g_variant_type_peek_string (self->function->out_type) == 'b'
          && *(const guint8 *) data > 1))
    {
      gmproc_job_fail (self, g_error_new (GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                                          "%" G_GSIZE_FORMAT " bytes between a pool and its worker "
                                          "are no result of %s",
                                          size, self->function->name));
      return FALSE;
    }
  memcpy (self->fixed + index * size, data, size);
  return TRUE;
}

static void
keep_value (GmprocJob *self, gsize index, GVariant *value)
{
  if (self->values != NULL)
    g_ptr_array_index (self->values, index) = value;
  else if (self->slices != NULL)
    g_ptr_array_add (self->slices, gmproc_outcome_new (index, value, NULL));
  else if (self->outcomes != NULL)
    g_ptr_array_index (self->outcomes, index) = gmproc_outcome_new (index, value, NULL);
  else
    add_outcome (self, gmproc_outcome_new (index, value, NULL));
}

void
gmproc_job_store_value (GmprocJob *self, gsize index, gsize n_items, gconstpointer data, gsize size,
                        GBytes *bytes)
{
  GVariant *value;
  GError *error = NULL;

  if (self->fixed != NULL)
    {
      if (!store_fixed (self, index, data, size))
        return;
    }
  else
    {
      g_autoptr (GBytes) held = bytes != NULL ? g_bytes_ref (bytes) : g_bytes_new (data, size);

      value = self->options.mode == GMPROC_WORKER_WHOLE
                  ? gmproc_worker_load_array (self->function->out_type, held, G_MAXSIZE, &error)
                  : gmproc_worker_load (self->function->out_type, held, &error);
      if (value == NULL)
        {
          gmproc_job_store_error (self, gmproc_outcome_new (index, NULL, error), n_items);
          return;
        }
      keep_value (self, index, value);
    }
  self->n_done += n_items;
  tell (self);
}

void
gmproc_job_store_error (GmprocJob *self, GmprocOutcome *outcome, gsize n_items)
{
  self->n_failed += n_items;
  if (self->options.kind == GMPROC_JOB_STREAM)
    add_outcome (self, outcome);
  else if (self->options.kind == GMPROC_JOB_COLLECT)
    g_ptr_array_index (self->outcomes, outcome->index) = outcome;
  else
    {
      /* Not over by the last item, but by its error. */
      self->n_failed -= n_items;
      gmproc_job_fail (self, g_steal_pointer (&outcome->error));
      gmproc_outcome_free (outcome);
      return;
    }
  tell (self);
}

/* -- the whole result -------------------------------------------------------------------------- */

static int
compare_outcomes (gconstpointer a, gconstpointer b)
{
  gsize first = (*(GmprocOutcome *const *) a)->index, second = (*(GmprocOutcome *const *) b)->index;

  return first < second ? -1 : first > second;
}

static GVariant *
join_fixed_slices (GPtrArray *slices, const GVariantType *type)
{
  gsize size = 0, filled = 0;
  guint8 *data;

  for (guint i = 0; i < slices->len; i++)
    size += g_variant_get_size (((GmprocOutcome *) g_ptr_array_index (slices, i))->value);

  data = g_malloc (MAX (size, 1));
  for (guint i = 0; i < slices->len; i++)
    {
      GVariant *output = ((GmprocOutcome *) g_ptr_array_index (slices, i))->value;
      gsize count = g_variant_get_size (output);

      if (count > 0)
        memcpy (data + filled, g_variant_get_data (output), count);
      filled += count;
    }
  return g_variant_ref_sink (g_variant_new_from_data (type, data, size, TRUE, g_free, data));
}

static GVariant *
join_slices (GmprocJob *self)
{
  const GVariantType *type = self->function->out_type;
  GVariantBuilder builder;

  g_ptr_array_sort (self->slices, compare_outcomes);
  if (gmproc_codec_get_item_size (get_result_item_type (self)) > 0)
    return join_fixed_slices (self->slices, type);

  g_variant_builder_init (&builder, type);
  for (guint i = 0; i < self->slices->len; i++)
    {
      GVariant *output = ((GmprocOutcome *) g_ptr_array_index (self->slices, i))->value;
      gsize n_results = g_variant_n_children (output);

      for (gsize j = 0; j < n_results; j++)
        {
          g_autoptr (GVariant) result = g_variant_get_child_value (output, j);

          g_variant_builder_add_value (&builder, result);
        }
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
gmproc_job_get_result (GmprocJob *self, GError **error)
{
  g_autoptr (GVariantType) type = NULL;

  if (self->error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->error));
      return NULL;
    }

  if (self->slices != NULL)
    return join_slices (self);
  type = g_variant_type_new_array (self->function->out_type);
  if (self->fixed != NULL)
    {
      gpointer data = g_steal_pointer (&self->fixed);

      return g_variant_ref_sink (
          g_variant_new_from_data (type, data, self->n_items * self->out_size, TRUE, g_free, data));
    }
  return g_variant_ref_sink (g_variant_new_array (
      self->function->out_type, (GVariant *const *) self->values->pdata, self->values->len));
}

GVariant *
gmproc_job_get_only_result (GmprocJob *self, GError **error)
{
  gpointer data;

  if (self->error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->error));
      return NULL;
    }
  if (self->fixed == NULL)
    return g_variant_ref (g_ptr_array_index (self->values, 0));
  data = g_steal_pointer (&self->fixed);
  return g_variant_ref_sink (
      g_variant_new_from_data (self->function->out_type, data, self->out_size, TRUE, g_free, data));
}

GPtrArray *
gmproc_job_get_outcomes (GmprocJob *self)
{
  for (guint i = 0; i < self->outcomes->len; i++)
    if (g_ptr_array_index (self->outcomes, i) == NULL)
      g_ptr_array_index (self->outcomes, i) =
          gmproc_outcome_new (i, NULL, g_error_copy (self->error));
  return g_steal_pointer (&self->outcomes);
}
