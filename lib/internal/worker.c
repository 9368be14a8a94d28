/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "worker.h"

#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "deadline.h"
#include "gmproc-error.h"
#include "port/port.h"
#include "trace.h"

/* The pool is rung when this worker is out of tasks, so that it is given more; and otherwise this
 * seldom, in microseconds and bytes, so that it neither wakes for every item nor lets results wait.
 */
#define RING_INTERVAL (200)
#define RING_SIZE (GMPROC_WORKER_LINK_CAPACITY / 4)

/* A result of up to this size goes out in one write with its head. */
#define SMALL_RESULT (256)

typedef struct
{
  GmprocWorkerLink *link;
  GmprocBell *bell;
  GmprocBell *pool_bell;
  const GmprocWorkerSettings *settings;

  const GmprocFunctionInfo *function; /* of the task before, as a rule the same again */
  GVariantType *in_array;             /* of its items */
  gsize out_number_size;              /* 0: its results are no numbers */

  guint64 n_items; /* that were run */
  gint64 now;      /* when the task before ended, 0 when there was a wait since */
  gint64 last_ring;
  gsize unannounced; /* bytes of results since */
} Worker;

/* -- bytes in and out -------------------------------------------------------------------------- */

static void
ring (Worker *self)
{
  gmproc_bell_ring (self->pool_bell);
  self->unannounced = 0;
}

/* FALSE at the deadline, when not a single byte came. */
static gboolean
read_all (Worker *self, gpointer buffer, gsize size, gint64 deadline)
{
  guint8 *next = buffer;

  while (size > 0)
    {
      guint32 prepared = gmproc_bell_prepare (self->bell);
      gsize count = gmproc_stream_read (&self->link->tasks, next, size);

      next += count;
      size -= count;
      if (count > 0 && gmproc_worker_link_get_waits_for_room (self->link, GMPROC_WORKER_LINK_TASKS))
        gmproc_bell_ring (self->pool_bell);
      if (count > 0)
        deadline = GMPROC_PORT_FOREVER;
      else
        {
          self->now = 0;
          if (!gmproc_bell_sleep (self->bell, prepared, deadline, NULL, NULL))
            return FALSE;
        }
    }
  return TRUE;
}

static void
write_all (Worker *self, gconstpointer data, gsize size)
{
  const guint8 *next = data;

  self->unannounced += size;
  while (size > 0)
    {
      guint32 prepared = gmproc_bell_prepare (self->bell);
      gsize count = gmproc_stream_write (&self->link->results, next, size);

      next += count;
      size -= count;
      if (size > 0)
        {
          gmproc_worker_link_set_waits_for_room (self->link, GMPROC_WORKER_LINK_RESULTS, TRUE);
          ring (self);
        }
      if (count == 0)
        gmproc_bell_sleep (self->bell, prepared, GMPROC_PORT_FOREVER, NULL, NULL);
    }
  gmproc_worker_link_set_waits_for_room (self->link, GMPROC_WORKER_LINK_RESULTS, FALSE);
}

static void
send_result (Worker *self, const GmprocWorkerResult *result, gconstpointer data)
{
  guint8 small[SMALL_RESULT];

  if (result->size <= sizeof small - sizeof *result)
    {
      memcpy (small, result, sizeof *result);
      if (result->size > 0)
        memcpy (small + sizeof *result, data, result->size);
      write_all (self, small, sizeof *result + result->size);
    }
  else
    {
      write_all (self, result, sizeof *result);
      write_all (self, data, result->size);
    }
  if (self->unannounced >= RING_SIZE)
    ring (self);
}

static void
send_error (Worker *self, GmprocWorkerResult *result, const GError *error)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1); /* as strings travel */
  g_autoptr (GVariant) value = NULL;

  value = g_variant_ref_sink (g_variant_new (
      GMPROC_WORKER_ERROR_TYPE, g_quark_to_string (error->domain), error->code, message));
  result->flags |= GMPROC_WORKER_IS_ERROR;
  result->size = g_variant_get_size (value);
  send_result (self, result, g_variant_get_data (value));
}

/* -- values ------------------------------------------------------------------------------------ */

GVariant *
gmproc_worker_load (const GVariantType *type, GBytes *bytes, GError **error)
{
  g_autoptr (GVariant) value = NULL;
  gboolean is_trusted = gmproc_codec_is_number (type)
                        && g_bytes_get_size (bytes) == gmproc_codec_get_item_size (type);

  value = g_variant_ref_sink (g_variant_new_from_bytes (type, bytes, is_trusted));
  if (is_trusted
      || (g_variant_get_size (value) == g_bytes_get_size (bytes)
          && g_variant_is_normal_form (value)))
    return g_steal_pointer (&value);

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "%" G_GSIZE_FORMAT " bytes between a pool and its worker are no “%.*s”",
               g_bytes_get_size (bytes), (int) g_variant_type_get_string_length (type),
               g_variant_type_peek_string (type));
  return NULL;
}

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

/* The name of a number's type is one character. */
static gboolean
is_of_out_type (const GmprocFunctionInfo *function, GVariant *result, gboolean out_is_number)
{
  const char *type;

  if (!out_is_number)
    return g_variant_is_of_type (result, function->out_type);
  type = g_variant_get_type_string (result);
  return type[0] == *g_variant_type_peek_string (function->out_type) && type[1] == '\0';
}

/* One call; the result is not floating. The function's mistakes become errors that name it. */
static GVariant *
call (const GmprocFunctionInfo *function, GVariant *item, gboolean out_is_number, GError **error)
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
  if (G_UNLIKELY (!is_of_out_type (function, result, out_is_number)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "%s returned a value of type “%s” instead of “%.*s”", function->name,
                   g_variant_get_type_string (result),
                   (int) g_variant_type_get_string_length (function->out_type),
                   g_variant_type_peek_string (function->out_type));
      g_variant_unref (result);
      return NULL;
    }
  if (G_UNLIKELY (!out_is_number && !gmproc_codec_check_message (result, error)))
    g_clear_pointer (&result, g_variant_unref);
  return result;
}

/* -- tasks ------------------------------------------------------------------------------------- */

/* The pool has condemned the item that was run last, and is about to kill this process. */
static G_NORETURN void
wait_for_the_end (Worker *self)
{
  while (TRUE)
    gmproc_bell_sleep (self->bell, gmproc_bell_prepare (self->bell), GMPROC_PORT_FOREVER, NULL,
                       NULL);
}

static void
advance (Worker *self, guint32 serial, guint32 number)
{
  if (!gmproc_worker_link_advance (self->link, serial, number))
    wait_for_the_end (self);
}

static gboolean
is_time_to_end (Worker *self)
{
  const GmprocWorkerSettings *settings = self->settings;

  return (settings->max_tasks > 0 && self->n_items >= settings->max_tasks)
         || (settings->max_memory > 0
             && gmproc_port_self_get_memory (gmproc_port_self_get_pid ()) > settings->max_memory);
}

/* Runs one item, or the whole slice, and sends what came of it. FALSE when the task ends here.
 * INPUT is NULL when there is none, with ERROR set. */
static gboolean
run_item (Worker *self, const GmprocWorkerTask *task, guint32 place, GVariant *input,
          const GError *input_error)
{
  g_autoptr (GVariant) output = NULL;
  g_autoptr (GError) error = NULL;
  GmprocWorkerResult result = { .serial = task->serial, .item = place };
  gint64 traced = gmproc_trace_begin ();

  if (task->flags & GMPROC_WORKER_TIMED)
    gmproc_worker_link_set_began (self->link, g_get_monotonic_time ());
  advance (self, task->serial, place + 1);
  if (input != NULL)
    output = call (self->function, input, self->out_number_size > 0, &error);
  else
    error = g_error_copy (input_error);
  if (traced != 0)
    gmproc_trace_end (traced, "item", self->function != NULL ? self->function->name : "?", "item",
                      task->first + place);

  self->n_items++;
  if (task->mode == GMPROC_WORKER_WHOLE || place + 1 == task->n_items
      || (error != NULL && task->flags & GMPROC_WORKER_FAIL_FAST))
    {
      gint64 now = g_get_monotonic_time ();

      result.flags = GMPROC_WORKER_IS_LAST;
      result.elapsed = MIN (now - self->now, G_MAXUINT32);
      self->now = now;
    }
  if (error != NULL)
    send_error (self, &result, error);
  else
    {
      result.size = self->out_number_size > 0 ? self->out_number_size : g_variant_get_size (output);
      send_result (self, &result, g_variant_get_data (output));
    }
  return (result.flags & GMPROC_WORKER_IS_LAST) == 0;
}

static void
run_task (Worker *self, const GmprocWorkerTask *task, GBytes *bytes, GError *error)
{
  g_autoptr (GVariant) input = NULL;
  gboolean goes_on = TRUE;
  gboolean is_single = task->n_items == 1 && task->mode == GMPROC_WORKER_EACH;

  if (self->now == 0)
    self->now = g_get_monotonic_time ();
  if (error == NULL && is_single)
    input = gmproc_worker_load (self->function->in_type, bytes, &error);
  else if (error == NULL)
    input = gmproc_worker_load_array (task->mode == GMPROC_WORKER_WHOLE ? self->function->in_type
                                                                        : self->in_array,
                                      bytes, task->n_items, &error);

  for (guint32 i = 0; goes_on; i++)
    {
      g_autoptr (GVariant) item = NULL;

      if (input != NULL && task->mode == GMPROC_WORKER_EACH && !is_single)
        item = g_variant_get_child_value (input, i);
      goes_on =
          run_item (self, task, i, item != NULL ? item : input, error) && !is_time_to_end (self);
    }
  advance (self, 0, 0);
  g_clear_error (&error);
}

static gboolean
find_function (Worker *self, const char *name, GError **error)
{
  self->function = gmproc_registry_find_function (name, error);
  g_clear_pointer (&self->in_array, g_variant_type_free);
  if (self->function == NULL)
    return FALSE;

  self->in_array = g_variant_type_new_array (self->function->in_type);
  self->out_number_size = gmproc_codec_is_number (self->function->out_type)
                              ? gmproc_codec_get_item_size (self->function->out_type)
                              : 0;
  return TRUE;
}

/* Reads the rest of a task, and runs it. */
static void
receive_task (Worker *self, const GmprocWorkerTask *task)
{
  g_autoptr (GBytes) input = NULL;
  gpointer data = g_malloc (task->size);
  GError *error = NULL;

  if (task->name_size > 0)
    {
      g_autofree char *name = g_malloc0 ((gsize) task->name_size + 1);

      read_all (self, name, task->name_size, GMPROC_PORT_FOREVER);
      find_function (self, name, &error);
    }
  read_all (self, data, task->size, GMPROC_PORT_FOREVER);
  input = g_bytes_new_take (data, task->size);
  run_task (self, task, input, error);
}

/* After a task. */
static void
ring_if_needed (Worker *self)
{
  if (gmproc_stream_has_data (&self->link->tasks) && self->now - self->last_ring < RING_INTERVAL)
    return;
  ring (self);
  self->last_ring = self->now;
}

static void
run_tasks (Worker *self)
{
  gint64 idle_time = self->settings->idle_time;
  GmprocWorkerTask task;

  /* At least one item: a worker that is too large from its start would never run any. */
  while (self->n_items == 0 || !is_time_to_end (self))
    {
      gint64 deadline = idle_time >= 0 ? g_get_monotonic_time () + idle_time : GMPROC_PORT_FOREVER;

      if (!read_all (self, &task, sizeof task, deadline))
        break;
      if (task.mode == GMPROC_WORKER_QUIT)
        return;
      receive_task (self, &task);
      ring_if_needed (self);
    }
  gmproc_worker_link_set_retired (self->link);
}

/* -- begin and end ----------------------------------------------------------------------------- */

static gboolean
initialize (Worker *self)
{
  const GmprocFunctionInfo *initializer = self->settings->initializer;
  g_autoptr (GVariant) nothing = NULL;
  g_autoptr (GError) error = NULL;
  GmprocWorkerResult result = { .flags = GMPROC_WORKER_IS_UNABLE };

  if (initializer == NULL)
    return TRUE;
  nothing = call (initializer, self->settings->initializer_argument, FALSE, &error);
  if (nothing != NULL)
    return TRUE;

  g_prefix_error (&error, "%s, the initializer: ", initializer->name);
  send_error (self, &result, error);
  ring (self);
  return FALSE;
}

static void
finalize (Worker *self)
{
  const GmprocFunctionInfo *finalizer = self->settings->finalizer;
  g_autoptr (GVariant) nothing = NULL;
  g_autoptr (GError) error = NULL;

  if (finalizer == NULL)
    return;
  nothing = call (finalizer, self->settings->finalizer_argument, FALSE, &error);
  if (nothing == NULL)
    g_printerr ("%s, the finalizer: %s\n", finalizer->name, error->message);
}

int
gmproc_worker_run (GmprocWorkerLink *link, GmprocBell *bell, GmprocBell *pool_bell,
                   const GmprocWorkerSettings *settings)
{
  Worker self = { .link = link, .bell = bell, .pool_bell = pool_bell, .settings = settings };

  if (!initialize (&self))
    return EXIT_FAILURE;

  run_tasks (&self);
  finalize (&self);
  g_clear_pointer (&self.in_array, g_variant_type_free);
  return EXIT_SUCCESS;
}
