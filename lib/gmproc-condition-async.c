/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting for a condition in a main loop. The call gives the lock up at once, waits to be notified,
 * and then waits for the lock, which it has when the callback runs: whatever ended the wait, as
 * with the blocking call. So a timeout or a cancel ends the first wait only, and both are looked
 * after here.
 */
#include "config.h"

#include "gmproc-condition-private.h"

#include "internal/async.h"
#include "internal/deadline.h"
#include "internal/guard.h"
#include "internal/wait-source.h"

typedef enum
{
  STAGE_REFUSED,  /* with `reason`; the lock was not given up */
  STAGE_WAITS,    /* for a notification */
  STAGE_ACQUIRES, /* the lock, after a notification or with `reason` */
} Stage;

/* Used in the call's main context only, but for the source's ready time. */
typedef struct
{
  Stage stage;
  GmprocConditionTicket ticket;
  guint depth;
  gint64 deadline;
  GError *reason; /* why the wait ended without a notification */
  GCancellable *cancellable;
  gulong cancel_connection;
  GSource *source;
} Call;

static void
call_free (gpointer data)
{
  Call *self = data;

  if (self->cancel_connection != 0)
    g_cancellable_disconnect (self->cancellable, self->cancel_connection);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_error (&self->reason);
  g_free (self);
}

/* What finish gives: NULL errors are for a notification. */
typedef struct
{
  GError *error;
} Result;

static void
result_free (gpointer data)
{
  Result *self = data;

  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
set_timed_out (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Timed out");
  return FALSE;
}

static gboolean
has_to_end (const Call *call)
{
  return g_cancellable_is_cancelled (call->cancellable)
         || gmproc_deadline_has_passed (call->deadline);
}

/* A notification that came together with the end of the wait wins. */
static void
try_to_go (GmprocCondition *self, Call *call)
{
  gboolean has_ended = has_to_end (call);
  gboolean may_go;

  gmproc_guard_enter_always (&self->monitor.lock);
  may_go = gmproc_condition_go_locked (self, call->ticket);
  if (!may_go && has_ended)
    gmproc_condition_give_up_locked (self);
  gmproc_guard_leave (&self->monitor.lock);

  if (!may_go && has_ended
      && !g_cancellable_set_error_if_cancelled (call->cancellable, &call->reason))
    (void) set_timed_out (&call->reason);
  if (may_go || has_ended)
    call->stage = STAGE_ACQUIRES;
}

static gboolean
try_to_wait (gpointer object, gpointer data, G_GNUC_UNUSED gboolean is_last, gpointer *ret_result,
             G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  GmprocCondition *self = object;
  Call *call = data;
  Result *result;

  if (call->stage == STAGE_WAITS)
    try_to_go (self, call);
  if (call->stage == STAGE_WAITS
      || (call->stage == STAGE_ACQUIRES && !gmproc_lock_try_again (self->lock, call->depth)))
    return set_timed_out (error);

  result = g_new (Result, 1);
  result->error = g_steal_pointer (&call->reason);
  *ret_result = result;
  return TRUE;
}

/* -- the source -------------------------------------------------------------------------------- */

static gboolean
may_go_on (gpointer object, guint64 what)
{
  GmprocCondition *self = object;
  const Call *call = (const Call *) (guintptr) what;

  if (call->stage == STAGE_WAITS)
    return has_to_end (call) || gmproc_condition_may_go (self, call->ticket);
  return gmproc_lock_is_free (self->lock);
}

static GmprocArm
arm (const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what, GSource *source)
{
  GmprocCondition *self = object;
  const Call *call = (const Call *) (guintptr) what;

  if (call->stage != STAGE_WAITS)
    return gmproc_lock_arm (self->lock, source);
  /* Before the look at the cancellable, whose handler sets it too. */
  g_source_set_ready_time (source, call->deadline == GMPROC_PORT_FOREVER ? -1 : call->deadline);
  return gmproc_monitor_arm (&self->monitor, funcs, object, what, source);
}

static void
disarm (gpointer object, GSource *source)
{
  GmprocCondition *self = object;

  gmproc_monitor_disarm (&self->monitor, source);
  gmproc_lock_disarm (self->lock, source);
}

static const GmprocWaitSourceFuncs source_funcs = { may_go_on, arm, disarm };

static void
on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer source)
{
  g_source_set_ready_time (source, 0);
}

static GSource *
create_source (gpointer object, gpointer data, G_GNUC_UNUSED GCancellable *cancellable)
{
  Call *call = data;
  GSource *source = gmproc_wait_source_new (&source_funcs, object, (guintptr) data, NULL, NULL);

  call->source = g_source_ref (source);
  if (call->cancellable != NULL)
    call->cancel_connection =
        g_cancellable_connect (call->cancellable, G_CALLBACK (on_cancelled), source, NULL);
  return source;
}

static const GmprocAsync wait_async = { .tag = gmproc_condition_wait_async,
                                        .attempt = try_to_wait,
                                        .create_source = create_source,
                                        .free_result = result_free };

static void
begin (GmprocCondition *self, Call *call, gint64 timeout)
{
  if (!gmproc_deadline_from_timeout (timeout, &call->deadline, &call->reason)
      || !gmproc_lock_check_owner (self->lock, &call->reason)
      || g_cancellable_set_error_if_cancelled (call->cancellable, &call->reason))
    return;

  gmproc_guard_enter_always (&self->monitor.lock);
  call->ticket = gmproc_condition_come_locked (self);
  gmproc_guard_leave (&self->monitor.lock);
  call->depth = gmproc_lock_release_all (self->lock);
  call->stage = STAGE_WAITS;
}

/**
 * gmproc_condition_wait_async:
 * @self: a condition whose lock the calling thread owns
 * @timeout: microseconds, 0 to give the lock up for a moment only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when it was notified, or at an error
 * @user_data: for @callback
 *
 * Gives the lock up, waits to be notified without blocking, and acquires the lock again. The lock
 * is given up when the call returns, and the thread that runs the caller's main context owns it
 * again when @callback runs, whether the wait has worked or not, unless the caller did not own it.
 *
 * For what gmproc_condition_wait_for() does, look in @callback, and call this again.
 *
 * Since: 1.0
 */
void
gmproc_condition_wait_async (GmprocCondition *self, gint64 timeout, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  Call *call;

  g_return_if_fail (GMPROC_IS_CONDITION (self));

  call = g_new0 (Call, 1);
  if (cancellable != NULL)
    call->cancellable = g_object_ref (cancellable);
  begin (self, call, timeout);
  gmproc_async_run (&wait_async, self, GMPROC_FOREVER, cancellable, callback, user_data, call,
                    call_free);
}

/**
 * gmproc_condition_wait_finish:
 * @self: a condition
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_condition_wait().
 *
 * Returns: whether it was notified
 * Since: 1.0
 */
gboolean
gmproc_condition_wait_finish (GmprocCondition *self, GAsyncResult *result, GError **error)
{
  Result *outcome;
  gboolean was_notified;

  g_return_val_if_fail (GMPROC_IS_CONDITION (self), FALSE);

  outcome = gmproc_async_finish (&wait_async, self, result, error);
  if (outcome == NULL)
    return FALSE;
  was_notified = outcome->error == NULL;
  if (!was_notified)
    g_propagate_error (error, g_steal_pointer (&outcome->error));
  result_free (outcome);
  return was_notified;
}
