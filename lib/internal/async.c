/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "async.h"

#include "deadline.h"
#include "port/port.h"
#include "wait-source.h"

/* A call that waits. Its sources hold a reference each, and run in the task's context only. */
typedef struct
{
  const GmprocAsync *operation;
  gpointer data;
  GDestroyNotify free_data;
  gint64 deadline;
  GMutex starting; /* held until the sources are there: another thread may run the context */
  GSource *source; /* of the object; NULL as long as others are first */
  GSource *timer;  /* NULL when there is no deadline */

  GmprocAsyncLine *line; /* NULL: it stands in none, or not any more */
  gpointer object;       /* a reference, for the line */
  GList place;           /* in the line; under its lock */
  GSource *turn;         /* under its lock: what says that it is the first now */
} Call;

void
gmproc_async_line_init (GmprocAsyncLine *self)
{
  g_mutex_init (&self->lock);
  g_queue_init (&self->calls);
}

void
gmproc_async_line_clear (GmprocAsyncLine *self)
{
  g_mutex_clear (&self->lock);
}

static gboolean
is_first_locked (Call *self)
{
  return self->line->calls.head == &self->place;
}

static gboolean
is_first (Call *self)
{
  gboolean result;

  if (self->line == NULL)
    return TRUE;
  g_mutex_lock (&self->line->lock);
  result = is_first_locked (self);
  g_mutex_unlock (&self->line->lock);
  return result;
}

/* The next one looks for itself, in its context. */
static void
leave_line (Call *self)
{
  g_autoptr (GObject) object G_GNUC_UNUSED = g_steal_pointer (&self->object);
  GmprocAsyncLine *line = g_steal_pointer (&self->line);
  Call *first;

  if (line == NULL)
    return;
  g_mutex_lock (&line->lock);
  g_queue_unlink (&line->calls, &self->place);
  first = g_queue_peek_head (&line->calls);
  if (first != NULL && first->turn != NULL)
    g_source_set_ready_time (first->turn, 0);
  g_mutex_unlock (&line->lock);
}

static void
turn_clear (Call *self)
{
  GSource *turn;

  if (self->line == NULL)
    return;
  g_mutex_lock (&self->line->lock);
  turn = g_steal_pointer (&self->turn);
  g_mutex_unlock (&self->line->lock);
  g_clear_pointer (&turn, gmproc_wait_source_end);
}

/* Ending the sources drops their references to the task, so the caller has one of its own. */
static void
stop_waiting (Call *self)
{
  turn_clear (self);
  g_clear_pointer (&self->source, gmproc_wait_source_end);
  g_clear_pointer (&self->timer, gmproc_wait_source_end);
  leave_line (self);
}

static void
call_free (gpointer data)
{
  Call *self = data;

  stop_waiting (self); /* it still does when the context is gone before the call is over */
  g_mutex_clear (&self->starting);
  if (self->free_data != NULL)
    self->free_data (self->data);
  g_free (self);
}

static gboolean
attempt (GTask *task, gboolean is_last, gpointer *ret_result, GError **error)
{
  Call *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (is_first (self))
    return self->operation->attempt (g_task_get_source_object (task), self->data, is_last,
                                     ret_result, cancellable, error);
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         "Timed out behind an earlier call");
  return FALSE;
}

/* FALSE when the call has to wait, and may. */
static gboolean
try_to_finish (GTask *task)
{
  Call *self = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean is_last = gmproc_deadline_has_passed (self->deadline);
  gpointer result = NULL;

  if (attempt (task, is_last, &result, &error))
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

static void
await_start (GTask *task)
{
  Call *self = g_task_get_task_data (task);

  g_mutex_lock (&self->starting);
  g_mutex_unlock (&self->starting);
}

static gboolean
on_source (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  await_start (task);
  if (!try_to_finish (task))
    return G_SOURCE_CONTINUE;
  stop_waiting (g_task_get_task_data (task));
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
wait_for_object (GTask *task)
{
  Call *self = g_task_get_task_data (task);

  self->source = self->operation->create_source (g_task_get_source_object (task), self->data,
                                                 g_task_get_cancellable (task));
  attach (self->source, (GSourceFunc) (void *) on_ready, task);
}

/* It is the first one, or was cancelled. */
static gboolean
on_turn (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  await_start (task);
  turn_clear (g_task_get_task_data (task));
  if (try_to_finish (task))
    stop_waiting (g_task_get_task_data (task));
  else
    wait_for_object (task);
  return G_SOURCE_REMOVE;
}

static GSource *
turn_new (GCancellable *cancellable)
{
  GSource *turn = g_timeout_source_new (0);

  g_source_set_ready_time (turn, -1);
  if (cancellable != NULL)
    {
      g_autoptr (GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (turn, cancelled);
    }
  return turn;
}

/* FALSE: it is the first one by now. */
static gboolean
wait_for_turn (GTask *task)
{
  Call *self = g_task_get_task_data (task);
  gboolean has_to_wait;

  if (self->line == NULL)
    return FALSE;
  g_mutex_lock (&self->line->lock);
  has_to_wait = !is_first_locked (self);
  if (has_to_wait)
    {
      self->turn = turn_new (g_task_get_cancellable (task));
      attach (self->turn, on_turn, task);
    }
  g_mutex_unlock (&self->line->lock);
  return has_to_wait;
}

static void
join_line (Call *self, gpointer object)
{
  if (self->operation->get_line == NULL)
    return;
  self->object = g_object_ref (object);
  self->line = self->operation->get_line (object);
  self->place.data = self;
  g_mutex_lock (&self->line->lock);
  g_queue_push_tail_link (&self->line->calls, &self->place);
  g_mutex_unlock (&self->line->lock);
}

static void
wait_for_something (GTask *task)
{
  Call *self = g_task_get_task_data (task);

  if (!wait_for_turn (task))
    wait_for_object (task);
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

  g_mutex_init (&self->starting);
  self->operation = operation;
  self->data = data;
  self->free_data = free_data;
  g_task_set_source_tag (task, operation->tag);
  g_task_set_task_data (task, self, call_free);
  /* Otherwise a cancel that comes late would drop what the call has taken already. */
  g_task_set_check_cancellable (task, FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &self->deadline, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  join_line (self, object);
  if (try_to_finish (task))
    {
      leave_line (self);
      return;
    }
  g_mutex_lock (&self->starting);
  wait_for_something (task);
  g_mutex_unlock (&self->starting);
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
