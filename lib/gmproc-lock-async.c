/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting for a lock in a main loop. The owner is the thread that runs the loop.
 *
 * A lock has no state that a waiter could look at inside of it, so a waiter announces itself and
 * tries; who releases the lock then wakes it (waitpoint.h). Nobody wakes it when the owner dies, so
 * it also tries now and then.
 */
#include "config.h"

#include "gmproc-lock-private.h"

#include "internal/async.h"
#include "internal/watch.h"

#define TIME_BETWEEN_LOOKS (100 * G_TIME_SPAN_MILLISECOND)

GmprocArm
gmproc_lock_arm (GmprocLock *self, GSource *source)
{
  guint32 prepared;

  g_source_set_ready_time (source, g_get_monotonic_time () + TIME_BETWEEN_LOOKS);
  prepared = gmproc_waitpoint_announce (&self->monitor.waitpoint);
  if (gmproc_lock_is_free (self))
    return GMPROC_ARM_READY;
  return gmproc_watch_add (&self->monitor.waitpoint, source, prepared) ? GMPROC_ARM_ARMED
                                                                       : GMPROC_ARM_BUSY;
}

void
gmproc_lock_disarm (GmprocLock *self, GSource *source)
{
  gmproc_watch_remove (&self->monitor.waitpoint, source);
}

static gboolean
is_free (gpointer object, G_GNUC_UNUSED guint64 what)
{
  return gmproc_lock_is_free (object);
}

static GmprocArm
arm (G_GNUC_UNUSED const GmprocWaitSourceFuncs *funcs, gpointer object, G_GNUC_UNUSED guint64 what,
     GSource *source)
{
  return gmproc_lock_arm (object, source);
}

static void
disarm (gpointer object, GSource *source)
{
  gmproc_lock_disarm (object, source);
}

static const GmprocWaitSourceFuncs source_funcs = { is_free, arm, disarm };

static GSource *
gmproc_lock_create_source (GmprocWaitable *waitable, GCancellable *cancellable,
                           G_GNUC_UNUSED GError **error)
{
  return gmproc_wait_source_new (&source_funcs, waitable, 0, NULL, cancellable);
}

static gboolean
gmproc_lock_is_ready (GmprocWaitable *waitable)
{
  return gmproc_lock_is_free (GMPROC_LOCK (waitable));
}

void
gmproc_lock_waitable_init (GmprocWaitableInterface *iface)
{
  iface->create_source = gmproc_lock_create_source;
  iface->is_ready = gmproc_lock_is_ready;
}

static gboolean
try_to_acquire (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
                gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = GMPROC_ASYNC_DONE;
  return gmproc_lock_acquire (object, 0, cancellable, error);
}

static GSource *
create_source (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_wait_source_new (&source_funcs, object, 0, NULL, cancellable);
}

static const GmprocAsync acquire_async = { .tag = gmproc_lock_acquire_async,
                                           .attempt = try_to_acquire,
                                           .create_source = create_source };

/**
 * gmproc_lock_acquire_async:
 * @self: a lock
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when the lock was acquired, or at an error
 * @user_data: for @callback
 *
 * Acquires the lock as soon as it is free, without blocking. Its owner is the thread that runs the
 * caller's main context, in which @callback runs; that thread has to release it. When the thread
 * owns the lock already and the lock is not recursive, the call waits until it was released.
 *
 * Since: 1.0
 */
void
gmproc_lock_acquire_async (GmprocLock *self, gint64 timeout, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_LOCK (self));

  gmproc_async_run (&acquire_async, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_lock_acquire_finish:
 * @self: a lock
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether the calling thread owns the lock
 * Since: 1.0
 */
gboolean
gmproc_lock_acquire_finish (GmprocLock *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_LOCK (self), FALSE);

  return gmproc_async_finish (&acquire_async, self, result, error) != NULL;
}
