/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "async.h"

#include "deadline.h"
#include "port/port.h"

/* A call that waits. Its two sources hold a reference each, and run in the task's context only. */
typedef struct
{
  const GmprocAsync *operation;
  gpointer data;
  GDestroyNotify free_data;
  gint64 deadline;
  GSource *source; /* of the object */
  GSource *timer;  /* NULL when there is no deadline */
} Call;

static void
source_clear (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
call_free (gpointer data)
{
  Call *self = data;

  if (self->free_data != NULL)
    self->free_data (self->data);
  g_free (self);
}

/* Keeps TASK for the caller: ending the sources drops their references. */
static void
stop_waiting (GTask *task)
{
  Call *self = g_task_get_task_data (task);

  source_clear (&self->source);
  source_clear (&self->timer);
}

/* FALSE when the call has to wait, and may. */
static gboolean
try_to_finish (GTask *task)
{
  Call *self = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean is_last = gmproc_deadline_has_passed (self->deadline);
  gpointer result = NULL;

  if (self->operation->attempt (g_task_get_source_object (task), self->data, is_last, &result,
                                g_task_get_cancellable (task), &error))
    {
      g_task_return_pointer (task, result, self->operation->free_result);
      return TRUE;
    }
  if (!is_last && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_error_free (error);
      return FALSE;
    }

  g_task_return_error (task, error);
  return TRUE;
}

static gboolean
on_source (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  if (!try_to_finish (task))
    return G_SOURCE_CONTINUE;
  stop_waiting (task);
  return G_SOURCE_REMOVE;
}

static gboolean
on_ready (G_GNUC_UNUSED GObject *object, gpointer user_data)
{
  return on_source (user_data);
}

static void
attach (GSource *source, GSourceFunc callback, GTask *task)
{
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, callback, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static void
wait_for_source (GTask *task)
{
  Call *self = g_task_get_task_data (task);

  self->source = self->operation->create_source (g_task_get_source_object (task), self->data,
                                                 g_task_get_cancellable (task));
  attach (self->source, (GSourceFunc) (void *) on_ready, task);
  if (self->deadline == GMPROC_PORT_FOREVER)
    return;

  /* A timeout source of GLib counts in milliseconds. */
  self->timer = g_timeout_source_new (0);
  g_source_set_ready_time (self->timer, self->deadline);
  attach (self->timer, on_source, task);
}

void
gmproc_async_run (const GmprocAsync *operation, gpointer object, gint64 timeout,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data,
                  gpointer data, GDestroyNotify free_data)
{
  g_autoptr (GTask) task = g_task_new (object, cancellable, callback, user_data);
  Call *self = g_new0 (Call, 1);
  GError *error = NULL;

  self->operation = operation;
  self->data = data;
  self->free_data = free_data;
  g_task_set_source_tag (task, operation->tag);
  g_task_set_task_data (task, self, call_free);
  /* Otherwise a cancel that comes late would drop what the call has taken already. */
  g_task_set_check_cancellable (task, FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &self->deadline, &error))
    g_task_return_error (task, error);
  else if (!try_to_finish (task))
    wait_for_source (task);
}

gpointer
gmproc_async_finish (const GmprocAsync *operation, gpointer object, GAsyncResult *result,
                     GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, object), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, operation->tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

gpointer
gmproc_async_get_data (const GmprocAsync *operation, gpointer object, GAsyncResult *result)
{
  Call *self;

  if (!g_task_is_valid (result, object) || !g_async_result_is_tagged (result, operation->tag))
    return NULL;
  self = g_task_get_task_data (G_TASK (result));
  return self->data;
}
