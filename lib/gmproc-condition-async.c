/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting for a condition in a main loop. The call gives the lock up at once, waits to be notified,
 * and then waits for the lock, which it has when the callback runs: whatever ended the wait, as
 * with the blocking call. So a timeout or a cancel ends the first wait only, and both are looked
 * after here.
 *
 * A call with a predicate asks it whenever it has the lock, and gives the lock up again if it must.
 */
#include "config.h"

#include "gmproc-condition-private.h"

#include "internal/async.h"
#include "internal/deadline.h"
#include "internal/guard.h"
#include "internal/wait-source.h"

typedef enum
{
  STAGE_OVER,     /* with `reason` unless it has worked; who had the lock at first has it now */
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
  GError *reason;                     /* why the wait ended without a notification */
  GmprocConditionPredicate predicate; /* NULL: one notification is enough */
  gpointer predicate_data;
  GDestroyNotify destroy;
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
  if (self->destroy != NULL)
    self->destroy (self->predicate_data);
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

/* By the owner of the lock, which is not the owner any more. */
static void
give_lock_up (GmprocCondition *self, Call *call)
{
  gmproc_guard_enter_always (&self->monitor.lock);
  call->ticket = gmproc_condition_come_locked (self);
  gmproc_guard_leave (&self->monitor.lock);
  call->depth = gmproc_lock_release_all (self->lock);
  call->stage = STAGE_WAITS;
}

/* By the owner of the lock. A predicate that holds makes up for whatever ended the wait. */
static gboolean
has_come_true (Call *call)
{
  if (!call->predicate (call->predicate_data))
    return FALSE;
  g_clear_error (&call->reason);
  return TRUE;
}

static void
try_to_acquire (GmprocCondition *self, Call *call)
{
  if (!gmproc_lock_try_again (self->lock, call->depth))
    return;

  if (call->predicate == NULL || has_come_true (call) || call->reason != NULL
      || !gmproc_lock_check_owner (self->lock, &call->reason))
    call->stage = STAGE_OVER;
  else
    give_lock_up (self, call);
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
  if (call->stage == STAGE_ACQUIRES)
    try_to_acquire (self, call);
  if (call->stage != STAGE_OVER)
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

static const GmprocAsync wait_for_async = { .tag = gmproc_condition_wait_for_async,
                                            .attempt = try_to_wait,
                                            .create_source = create_source,
                                            .free_result = result_free };

static void
begin (GmprocCondition *self, Call *call, gint64 timeout)
{
  if (!gmproc_deadline_from_timeout (timeout, &call->deadline, &call->reason)
      || !gmproc_lock_check_owner (self->lock, &call->reason)
      || (call->predicate != NULL
          && (has_come_true (call) || !gmproc_lock_check_owner (self->lock, &call->reason)))
      || g_cancellable_set_error_if_cancelled (call->cancellable, &call->reason))
    return;

  give_lock_up (self, call);
}

/* CALL is freed when it is over. */
static void
run (const GmprocAsync *operation, GmprocCondition *self, Call *call, gint64 timeout,
     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  if (cancellable != NULL)
    call->cancellable = g_object_ref (cancellable);
  begin (self, call, timeout);
  gmproc_async_run (operation, self, GMPROC_FOREVER, cancellable, callback, user_data, call,
                    call_free);
}

static gboolean
finish (const GmprocAsync *operation, GmprocCondition *self, GAsyncResult *result, GError **error)
{
  Result *outcome = gmproc_async_finish (operation, self, result, error);
  gboolean has_worked;

  if (outcome == NULL)
    return FALSE;
  has_worked = outcome->error == NULL;
  if (!has_worked)
    g_propagate_error (error, g_steal_pointer (&outcome->error));
  result_free (outcome);
  return has_worked;
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
 * Since: 1.0
 */
void
gmproc_condition_wait_async (GmprocCondition *self, gint64 timeout, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_CONDITION (self));

  run (&wait_async, self, g_new0 (Call, 1), timeout, cancellable, callback, user_data);
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
  g_return_val_if_fail (GMPROC_IS_CONDITION (self), FALSE);

  return finish (&wait_async, self, result, error);
}

/**
 * gmproc_condition_wait_for_async:
 * @self: a condition whose lock the calling thread owns
 * @predicate: (scope notified) (closure predicate_data) (destroy destroy): whether what is waited
 *   for is there
 * @predicate_data: for @predicate
 * @destroy: (nullable): frees @predicate_data when the call is over
 * @timeout: microseconds for the whole call, 0 to ask and to give the lock up for a moment only, or
 *   %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when @predicate has returned %TRUE, or at an
 *   error
 * @user_data: for @callback
 *
 * Waits until @predicate returns %TRUE, without blocking. It is asked at once, in the main context
 * after each notification, and there a last time when the wait ends otherwise; always by a thread
 * that owns the lock, which it must not give up.
 *
 * If @predicate holds at once the caller keeps the lock; otherwise it is given up when the call
 * returns. As with gmproc_condition_wait_async() it is owned when @callback runs.
 *
 * Since: 1.0
 */
void
gmproc_condition_wait_for_async (GmprocCondition *self, GmprocConditionPredicate predicate,
                                 gpointer predicate_data, GDestroyNotify destroy, gint64 timeout,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  Call *call;

  g_return_if_fail (GMPROC_IS_CONDITION (self));
  g_return_if_fail (predicate != NULL);

  call = g_new0 (Call, 1);
  call->predicate = predicate;
  call->predicate_data = predicate_data;
  call->destroy = destroy;
  run (&wait_for_async, self, call, timeout, cancellable, callback, user_data);
}

/**
 * gmproc_condition_wait_for_finish:
 * @self: a condition
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_condition_wait_for().
 *
 * Returns: whether the predicate returned %TRUE
 * Since: 1.0
 */
gboolean
gmproc_condition_wait_for_finish (GmprocCondition *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONDITION (self), FALSE);

  return finish (&wait_for_async, self, result, error);
}
