/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting for the end of a process: in a thread, in a main loop, and together with other things.
 *
 * A child's end is told by the reaper (internal/child.h), the end of the process that started us by
 * its lifeline. The process that we are cannot be waited for.
 */
#include "config.h"

#include "gmproc-process-private.h"

#include "gmproc-error.h"
#include "internal/async.h"
#include "internal/deadline.h"
#include "internal/wait-source.h"
#include "port/port.h"

/* The child behind SELF, or NULL with an error that says why nothing can be done to it. */
GmprocChild *
gmproc_process_get_started_child (GmprocProcess *self, const char *what, GError **error)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  GmprocChild *child = NULL;
  const char *why = NULL;

  g_mutex_lock (&priv->mutex);
  if (priv->is_closed)
    why = "it was closed";
  else if (priv->role != GMPROC_ROLE_CHILD)
    why = "it is no child of this process";
  else if (priv->is_starting)
    why = "it is being started";
  else if (priv->child == NULL)
    why = "it was not started";
  else
    child = priv->child;
  g_mutex_unlock (&priv->mutex);

  if (child == NULL)
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE, "Cannot %s %s: %s", what, priv->name,
                 why);
  return child;
}

/* -- sources ----------------------------------------------------------------------------------- */

static gboolean
child_is_over (gpointer object, G_GNUC_UNUSED guint64 what)
{
  return gmproc_child_is_over (gmproc_process_get_child (object));
}

static GmprocArm
arm_child (G_GNUC_UNUSED const GmprocWaitSourceFuncs *funcs, gpointer object,
           G_GNUC_UNUSED guint64 what, GSource *source)
{
  return gmproc_child_watch (gmproc_process_get_child (object), source) ? GMPROC_ARM_ARMED
                                                                        : GMPROC_ARM_READY;
}

static void
disarm_child (gpointer object, GSource *source)
{
  gmproc_child_unwatch (gmproc_process_get_child (object), source);
}

static const GmprocWaitSourceFuncs child_funcs = { child_is_over, arm_child, disarm_child };

static gboolean
parent_is_over (G_GNUC_UNUSED gpointer object, G_GNUC_UNUSED guint64 what)
{
  return !gmproc_process_parent_is_alive ();
}

static const GmprocWaitSourceFuncs parent_funcs = { .is_ready = parent_is_over };

static GSource *
create_source (GmprocWaitable *waitable, GCancellable *cancellable, GError **error)
{
  GmprocProcess *self = GMPROC_PROCESS (waitable);

  if (gmproc_process_get_private (self)->role == GMPROC_ROLE_PARENT)
    return gmproc_wait_source_new (&parent_funcs, self, 0, gmproc_process_watch_parent (),
                                   cancellable);
  if (gmproc_process_get_started_child (self, "wait for", error) == NULL)
    return NULL;
  return gmproc_wait_source_new (&child_funcs, self, 0, NULL, cancellable);
}

static gboolean
is_ready (GmprocWaitable *waitable)
{
  GmprocProcess *self = GMPROC_PROCESS (waitable);
  GmprocChild *child = gmproc_process_get_child (self);

  if (gmproc_process_get_private (self)->role == GMPROC_ROLE_PARENT)
    return !gmproc_process_parent_is_alive ();
  return child != NULL && gmproc_child_is_over (child);
}

void
gmproc_process_waitable_init (GmprocWaitableInterface *iface)
{
  iface->create_source = create_source;
  iface->is_ready = is_ready;
}

/* -- join -------------------------------------------------------------------------------------- */

/* No thread of ours waits for the parent, so the caller waits as a main loop would. */
static gboolean
join_parent (GmprocProcess *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  GmprocWaitable *object = GMPROC_WAITABLE (self);
  g_autoptr (GPtrArray) ready = gmproc_wait (&object, 1, timeout, cancellable, error);

  return ready != NULL;
}

/**
 * gmproc_process_join:
 * @self: a child of this process, or the process that started this one
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits until the process has ended. Needs no main loop; any number of threads may wait.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED; %GMPROC_ERROR_BAD_STATE if it was not
 * started or is neither a child nor the parent of this process.
 *
 * Returns: whether it has ended
 * Since: 1.0
 */
gboolean
gmproc_process_join (GmprocProcess *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  g_autoptr (GmprocProcess) guard = NULL;
  GmprocChild *child;
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (gmproc_process_get_private (self)->role == GMPROC_ROLE_PARENT)
    return join_parent (self, timeout, cancellable, error);
  child = gmproc_process_get_started_child (self, "join", error);
  if (child == NULL)
    return FALSE;

  /* The list of children may hold the last reference, and the wait ends with a sweep of it. */
  guard = g_object_ref (self);
  return gmproc_child_wait (child, deadline, cancellable, error);
}

static gboolean
try_to_join (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
             gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = GMPROC_ASYNC_DONE;
  return gmproc_process_join (object, 0, cancellable, error);
}

static GSource *
create_join_source (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return create_source (object, cancellable, NULL);
}

static const GmprocAsync join_async = { .tag = gmproc_process_join_async,
                                        .attempt = try_to_join,
                                        .create_source = create_join_source };

/**
 * gmproc_process_join_async:
 * @self: a child of this process, or the process that started this one
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when the process has ended, or at an error
 * @user_data: for @callback
 *
 * Waits until the process has ended, without blocking. The callback runs in the main context that
 * is the caller's thread default. Any number of processes can be waited for at once; it takes no
 * thread.
 *
 * Since: 1.0
 */
void
gmproc_process_join_async (GmprocProcess *self, gint64 timeout, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_PROCESS (self));

  gmproc_async_run (&join_async, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_process_join_finish:
 * @self: a process
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_process_join().
 *
 * Returns: whether the process has ended
 * Since: 1.0
 */
gboolean
gmproc_process_join_finish (GmprocProcess *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  return gmproc_async_finish (&join_async, self, result, error) != NULL;
}
