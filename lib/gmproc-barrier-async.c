/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting at a barrier in a main loop: the call arrives when it can, and then waits for its round.
 */
#include "config.h"

#include "gmproc-barrier-private.h"

#include "internal/async.h"
#include "internal/guard.h"
#include "internal/wait-source.h"

/* How often somebody looks whether a party has died; nothing else tells. */
#define TIME_BETWEEN_LOOKS (100 * G_TIME_SPAN_MILLISECOND)

/* A call; used in its main context only. */
typedef struct
{
  gboolean has_arrived;
  guint64 word; /* of its round, when it arrived */
  gint64 next_look;
} Call;

static gboolean
set_timed_out (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Timed out");
  return FALSE;
}

/* Whether the round is over, or was crossed after all when the caller gives up. */
static gboolean
try_to_cross (GmprocBarrier *self, Call *call, gboolean is_last, GCancellable *cancellable,
              GError **error)
{
  guint32 round = gmproc_barrier_get_round (call->word);
  GmprocBarrierDamage damage = { 0 };
  GError *reason = NULL;
  gboolean is_over;

  gmproc_guard_enter_always (&self->monitor.lock);
  is_over = gmproc_barrier_is_over_locked (self, round, &damage)
            || gmproc_barrier_end_for_dead_locked (self, &damage);
  if (is_over)
    gmproc_barrier_count_waiting (self, -1);
  gmproc_guard_leave (&self->monitor.lock);

  if (is_over)
    return damage.is_broken ? gmproc_barrier_set_broken_error (&damage, error) : TRUE;
  if (!g_cancellable_set_error_if_cancelled (cancellable, &reason))
    {
      if (!is_last)
        return set_timed_out (error);
      (void) set_timed_out (&reason);
    }
  return gmproc_barrier_give_up (self, round, reason, error);
}

static gboolean
try_to_wait (gpointer object, gpointer data, gboolean is_last, gpointer *ret_result,
             GCancellable *cancellable, GError **error)
{
  GmprocBarrier *self = object;
  gboolean has_crossed = FALSE;
  Call *call = data;

  call->next_look = g_get_monotonic_time () + TIME_BETWEEN_LOOKS;
  if (call->has_arrived)
    has_crossed = try_to_cross (self, call, is_last, cancellable, error);
  else if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    switch (gmproc_barrier_arrive (self, 0, NULL, &call->word, error))
      {
      case GMPROC_BARRIER_CROSSES:
        has_crossed = TRUE;
        break;
      case GMPROC_BARRIER_ACTS:
        has_crossed = gmproc_barrier_act (self, gmproc_barrier_get_round (call->word), error);
        break;
      case GMPROC_BARRIER_WAITS:
        call->has_arrived = TRUE;
        has_crossed = try_to_cross (self, call, is_last, cancellable, error);
        break;
      case GMPROC_BARRIER_REFUSED:
      case GMPROC_BARRIER_FAILED:
      case GMPROC_BARRIER_EARLY:
      default:
        break;
      }

  /* The index, and one more so that it is not NULL. */
  *ret_result = GUINT_TO_POINTER (gmproc_barrier_get_arrived (call->word) + 1);
  return has_crossed;
}

/* -- the source -------------------------------------------------------------------------------- */

static gboolean
may_go_on (gpointer object, guint64 what)
{
  GmprocBarrier *self = object;
  const Call *call = (const Call *) (guintptr) what;
  guint64 word = gmproc_barrier_load_word (self);

  if (g_get_monotonic_time () >= call->next_look)
    return TRUE;
  if (call->has_arrived)
    return gmproc_barrier_get_round (word) != gmproc_barrier_get_round (call->word);
  return (word & GMPROC_BARRIER_IS_BROKEN) != 0
         || gmproc_barrier_get_arrived (word) != gmproc_barrier_get_state (self)->parties;
}

static GmprocArm
arm (const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what, GSource *source)
{
  g_source_set_ready_time (source, ((const Call *) (guintptr) what)->next_look);
  return gmproc_monitor_arm (&GMPROC_BARRIER (object)->monitor, funcs, object, what, source);
}

static void
disarm (gpointer object, GSource *source)
{
  gmproc_monitor_disarm (&GMPROC_BARRIER (object)->monitor, source);
}

static const GmprocWaitSourceFuncs source_funcs = { may_go_on, arm, disarm };

static GSource *
create_source (gpointer object, gpointer data, GCancellable *cancellable)
{
  return gmproc_wait_source_new (&source_funcs, object, (guintptr) data, NULL, cancellable);
}

static const GmprocAsync wait_async = { .tag = gmproc_barrier_wait_async,
                                        .attempt = try_to_wait,
                                        .create_source = create_source };

/**
 * gmproc_barrier_wait_async:
 * @self: a barrier
 * @timeout: microseconds, 0 to cross only as the last one, or %GMPROC_FOREVER for the barrier's
 *   default timeout
 * @cancellable: (nullable): to give up
 * @callback: (scope async) (closure user_data): called when the round has ended, or at an error
 * @user_data: for @callback
 *
 * Arrives at the barrier, as a party of its own, and waits until all parties have, without
 * blocking. An action runs in the caller's main context, if this call is the last to arrive.
 *
 * Since: 1.0
 */
void
gmproc_barrier_wait_async (GmprocBarrier *self, gint64 timeout, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_BARRIER (self));

  gmproc_async_run (&wait_async, self, timeout == GMPROC_FOREVER ? self->default_timeout : timeout,
                    cancellable, callback, user_data, g_new0 (Call, 1), g_free);
}

/**
 * gmproc_barrier_wait_finish:
 * @self: a barrier
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_barrier_wait().
 *
 * Returns: the number of parties that had arrived before; -1 on error
 * Since: 1.0
 */
int
gmproc_barrier_wait_finish (GmprocBarrier *self, GAsyncResult *result, GError **error)
{
  gpointer index;

  g_return_val_if_fail (GMPROC_IS_BARRIER (self), -1);

  index = gmproc_async_finish (&wait_async, self, result, error);
  return (int) GPOINTER_TO_UINT (index) - 1;
}
