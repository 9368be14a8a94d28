/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "worker.h"

#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "gmproc-error.h"
#include "port/port.h"

typedef struct
{
  GmprocWorkerLink *link;
  GmprocBell *bell;
  GmprocBell *pool_bell;
  const GmprocFunctionInfo *function; /* of the task before, as a rule the same again */
} Worker;

/* -- bytes in and out -------------------------------------------------------------------------- */

static void
sleep_on_bell (Worker *self, guint32 prepared)
{
  gboolean woken = gmproc_bell_sleep (self->bell, prepared, GMPROC_PORT_FOREVER, NULL, NULL);

  g_assert (woken);
}

static void
read_all (Worker *self, gpointer buffer, gsize size)
{
  guint8 *next = buffer;

  while (size > 0)
    {
      guint32 prepared = gmproc_bell_prepare (self->bell);
      gsize count = gmproc_stream_read (&self->link->tasks, next, size);

      next += count;
      size -= count;
      if (count > 0 && gmproc_worker_link_get_waits_for_room (self->link))
        gmproc_bell_ring (self->pool_bell);
      if (count == 0)
        sleep_on_bell (self, prepared);
    }
}

static void
write_all (Worker *self, gconstpointer data, gsize size)
{
  const guint8 *next = data;

  while (size > 0)
    {
      guint32 prepared = gmproc_bell_prepare (self->bell);
      gsize count = gmproc_stream_write (&self->link->results, next, size);

      next += count;
      size -= count;
      if (size > 0)
        gmproc_bell_ring (self->pool_bell);
      if (count == 0)
        sleep_on_bell (self, prepared);
    }
}

static void
send_result (Worker *self, const GmprocWorkerTask *task, GBytes *output)
{
  GmprocWorkerResult result = { .serial = task->serial, .size = g_bytes_get_size (output) };

  write_all (self, &result, sizeof result);
  write_all (self, g_bytes_get_data (output, NULL), result.size);
  gmproc_bell_ring (self->pool_bell);
}

static void
send_error (Worker *self, const GmprocWorkerTask *task, guint failed_item, const GError *error)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1); /* as strings travel */
  g_autoptr (GVariant) value = NULL;
  GmprocWorkerResult result = { .serial = task->serial,
                                .is_error = TRUE,
                                .failed_item = failed_item };

  value = g_variant_ref_sink (g_variant_new (
      GMPROC_WORKER_ERROR_TYPE, g_quark_to_string (error->domain), error->code, message));
  result.size = g_variant_get_size (value);
  write_all (self, &result, sizeof result);
  write_all (self, g_variant_get_data (value), result.size);
  gmproc_bell_ring (self->pool_bell);
}

/* -- arrays ------------------------------------------------------------------------------------ */

GVariant *
gmproc_worker_load_array (const GVariantType *type, GBytes *bytes, gsize n_items, GError **error)
{
  g_autoptr (GVariant) array = NULL;
  const GVariantType *item_type = g_variant_type_element (type);
  gboolean is_trusted = gmproc_codec_is_number (item_type)
                        && g_bytes_get_size (bytes) % gmproc_codec_get_item_size (item_type) == 0;

  array = g_variant_ref_sink (g_variant_new_from_bytes (type, bytes, is_trusted));
  if (g_variant_get_size (array) == g_bytes_get_size (bytes)
      && (n_items == G_MAXSIZE || g_variant_n_children (array) == n_items)
      && (is_trusted || g_variant_is_normal_form (array)))
    return g_steal_pointer (&array);

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "%" G_GSIZE_FORMAT
               " bytes between a pool and its worker are no array of type “%.*s” "
               "and %" G_GSIZE_FORMAT " items",
               g_bytes_get_size (bytes), (int) g_variant_type_get_string_length (type),
               g_variant_type_peek_string (type), n_items);
  return NULL;
}

/* -- running ----------------------------------------------------------------------------------- */

/* One call; the result is not floating. The function's mistakes become errors that name it. */
static GVariant *
call (const GmprocFunctionInfo *function, GVariant *item, GError **error)
{
  GError *local_error = NULL;
  GVariant *result = gmproc_function_info_run (function, item, &local_error);

  if (result != NULL)
    result = g_variant_take_ref (result);
  if (local_error != NULL)
    {
      g_clear_pointer (&result, g_variant_unref);
      g_propagate_error (error, local_error);
      return NULL;
    }
  if (result == NULL)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_FAILED,
                   "%s returned neither a result nor an error", function->name);
      return NULL;
    }
  if (G_UNLIKELY (!g_variant_is_of_type (result, function->out_type)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "%s returned a value of type “%s” instead of “%.*s”", function->name,
                   g_variant_get_type_string (result),
                   (int) g_variant_type_get_string_length (function->out_type),
                   g_variant_type_peek_string (function->out_type));
      g_variant_unref (result);
      return NULL;
    }
  if (G_UNLIKELY (!gmproc_codec_check_message (result, error)))
    g_clear_pointer (&result, g_variant_unref);
  return result;
}

/* Results of fixed size are stored at once: keeping a boxed value for each would cost more than
 * most functions. */
static GBytes *
call_each_fixed (Worker *self, const GmprocWorkerTask *task, GVariant *input, gsize item_size,
                 guint *ret_failed_item, GError **error)
{
  g_autofree guint8 *output = g_malloc (item_size * task->n_items);

  for (guint i = 0; i < task->n_items; i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (input, i);
      g_autoptr (GVariant) result = NULL;

      gmproc_worker_link_set_current (self->link, task->serial, i + 1);
      result = call (self->function, item, error);
      if (result == NULL)
        {
          *ret_failed_item = i;
          return NULL;
        }
      g_variant_store (result, output + i * item_size);
    }

  return g_bytes_new_take (g_steal_pointer (&output), item_size * task->n_items);
}

static GBytes *
call_each (Worker *self, const GmprocWorkerTask *task, GVariant *input, guint *ret_failed_item,
           GError **error)
{
  g_autoptr (GPtrArray) results = NULL;
  g_autoptr (GVariant) output = NULL;

  results = g_ptr_array_new_full (task->n_items, (GDestroyNotify) g_variant_unref);
  for (guint i = 0; i < task->n_items; i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (input, i);
      GVariant *result;

      gmproc_worker_link_set_current (self->link, task->serial, i + 1);
      result = call (self->function, item, error);
      if (result == NULL)
        {
          *ret_failed_item = i;
          return NULL;
        }
      g_ptr_array_add (results, result);
    }

  output = g_variant_ref_sink (g_variant_new_array (
      self->function->out_type, (GVariant *const *) results->pdata, results->len));
  return g_variant_get_data_as_bytes (output);
}

static GBytes *
call_whole (Worker *self, const GmprocWorkerTask *task, GVariant *input, GError **error)
{
  g_autoptr (GVariant) output = NULL;

  gmproc_worker_link_set_current (self->link, task->serial, 1);
  output = call (self->function, input, error);
  return output != NULL ? g_variant_get_data_as_bytes (output) : NULL;
}

static GBytes *
run_task (Worker *self, const GmprocWorkerTask *task, GBytes *bytes, guint *ret_failed_item,
          GError **error)
{
  g_autoptr (GVariantType) array_type = NULL;
  g_autoptr (GVariant) input = NULL;
  gboolean is_whole = task->mode == GMPROC_WORKER_WHOLE;
  gsize item_size = gmproc_codec_get_item_size (self->function->out_type);

  array_type = is_whole ? g_variant_type_copy (self->function->in_type)
                        : g_variant_type_new_array (self->function->in_type);
  input = gmproc_worker_load_array (array_type, bytes, task->n_items, error);
  if (input == NULL)
    return NULL;

  if (is_whole)
    return call_whole (self, task, input, error);
  if (item_size > 0)
    return call_each_fixed (self, task, input, item_size, ret_failed_item, error);
  return call_each (self, task, input, ret_failed_item, error);
}

static gboolean
find_function (Worker *self, const char *name, GError **error)
{
  if (self->function == NULL || strcmp (self->function->name, name) != 0)
    self->function = gmproc_registry_find_function (name, error);
  return self->function != NULL;
}

int
gmproc_worker_run (GmprocWorkerLink *link, GmprocBell *bell, GmprocBell *pool_bell)
{
  Worker self = { .link = link, .bell = bell, .pool_bell = pool_bell };
  GmprocWorkerTask task;

  for (read_all (&self, &task, sizeof task); task.mode != GMPROC_WORKER_QUIT;
       read_all (&self, &task, sizeof task))
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) input = NULL;
      g_autoptr (GBytes) output = NULL;
      g_autofree char *name = g_malloc0 ((gsize) task.name_size + 1);
      gpointer data = g_malloc (task.size);
      guint failed_item = 0;

      read_all (&self, name, task.name_size);
      read_all (&self, data, task.size);
      input = g_bytes_new_take (data, task.size);

      if (find_function (&self, name, &error))
        output = run_task (&self, &task, input, &failed_item, &error);
      if (output != NULL)
        send_result (&self, &task, output);
      else
        send_error (&self, &task, failed_item, error);
      gmproc_worker_link_set_current (link, 0, 0);
    }

  return EXIT_SUCCESS;
}
