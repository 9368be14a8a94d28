/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocSemaphore: a number that processes count down, and wait for when it is 0.
 *
 * The state is the count; a bounded semaphore has its bound beside it. Nobody owns a semaphore: any
 * thread of any process may release it, whoever acquired it.
 *
 * Deaths: the count changes by one store inside the lock, after the wake-up (waitpoint.h), so a
 * process that is killed in the middle of a call has made it or has not. Since nobody owns the
 * semaphore, what a killed process had acquired is not given back. Where that matters, use a
 * GmprocLock, which knows its owner.
 *
 * As a GmprocWaitable it is ready while its count is not 0.
 *
 * Fairness: none is promised. A release wakes all who wait, and who comes first gets it.
 * Memory: what was written before a release is seen after the acquire that it allowed.
 */
#include "config.h"

#include "gmproc-semaphore.h"

#include "gmproc-dump-private.h"
#include "gmproc-error.h"
#include "gmproc-waitable.h"
#include "internal/async.h"
#include "internal/crash-point.h"
#include "internal/deadline.h"
#include "internal/guard.h"
#include "internal/kind.h"
#include "internal/monitor.h"
#include "internal/shareable.h"
#include "internal/wait-source.h"

struct _GmprocSemaphore
{
  GObject parent_instance;

  GmprocMonitor monitor;
};

/* In shared memory. `bound` is written before the semaphore is handed out, `count` inside the lock;
 * both are read anywhere. */
typedef struct
{
  guint32 count;
  guint32 bound; /* 0 for none */
} State;

G_STATIC_ASSERT (sizeof (State) <= GMPROC_MONITOR_STATE_SIZE);

#define LARGEST_COUNT (G_MAXINT32)

#define KIND GMPROC_KIND_SEMAPHORE

static void gmproc_semaphore_shareable_init (GmprocShareableInterface *iface);
static void gmproc_semaphore_waitable_init (GmprocWaitableInterface *iface);

/**
 * GmprocSemaphore:
 *
 * A counter that processes take from and give to, bounded or not. In Python it is
 * `multiprocessing.Semaphore`, or `BoundedSemaphore`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocSemaphore, gmproc_semaphore, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE,
                                                gmproc_semaphore_shareable_init)
                             G_IMPLEMENT_INTERFACE (GMPROC_TYPE_WAITABLE,
                                                    gmproc_semaphore_waitable_init))

static State *
get_state (GmprocSemaphore *self)
{
  return self->monitor.state;
}

static guint32
load_count (GmprocSemaphore *self)
{
  return __atomic_load_n (&get_state (self)->count, __ATOMIC_ACQUIRE);
}

static void
store_count (GmprocSemaphore *self, guint32 count)
{
  __atomic_store_n (&get_state (self)->count, count, __ATOMIC_RELEASE);
}

static void
gmproc_semaphore_finalize (GObject *object)
{
  gmproc_monitor_clear (&GMPROC_SEMAPHORE (object)->monitor);

  G_OBJECT_CLASS (gmproc_semaphore_parent_class)->finalize (object);
}

static void
gmproc_semaphore_class_init (GmprocSemaphoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_semaphore_finalize;
}

static void
gmproc_semaphore_init (G_GNUC_UNUSED GmprocSemaphore *self)
{
}

static GVariant *
gmproc_semaphore_export_to (GmprocShareable *shareable, GmprocParcel *parcel,
                            G_GNUC_UNUSED GError **error)
{
  return gmproc_monitor_export (&GMPROC_SEMAPHORE (shareable)->monitor, parcel);
}

static GmprocShareable *
gmproc_semaphore_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocSemaphore) self = g_object_new (GMPROC_TYPE_SEMAPHORE, NULL);

  if (!gmproc_monitor_import (&self->monitor, parameters, KIND, parcel, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_semaphore_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_semaphore_export_to;
  iface->import_from = gmproc_semaphore_import_from;
}

/* -- main loops -------------------------------------------------------------------------------- */

static gboolean
has_count (gpointer object, G_GNUC_UNUSED guint64 what)
{
  return load_count (object) != 0;
}

static GmprocArm
arm (const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what, GSource *source)
{
  return gmproc_monitor_arm (&GMPROC_SEMAPHORE (object)->monitor, funcs, object, what, source);
}

static void
disarm (gpointer object, GSource *source)
{
  gmproc_monitor_disarm (&GMPROC_SEMAPHORE (object)->monitor, source);
}

static const GmprocWaitSourceFuncs source_funcs = { has_count, arm, disarm };

static GSource *
gmproc_semaphore_create_source (GmprocWaitable *waitable, GCancellable *cancellable,
                                G_GNUC_UNUSED GError **error)
{
  return gmproc_wait_source_new (&source_funcs, waitable, 0, NULL, cancellable);
}

static gboolean
gmproc_semaphore_is_ready (GmprocWaitable *waitable)
{
  return has_count (waitable, 0);
}

static void
gmproc_semaphore_waitable_init (GmprocWaitableInterface *iface)
{
  iface->create_source = gmproc_semaphore_create_source;
  iface->is_ready = gmproc_semaphore_is_ready;
}

/* -- public ------------------------------------------------------------------------------------ */

static GmprocSemaphore *
semaphore_new (guint value, guint bound, GError **error)
{
  g_autoptr (GmprocSemaphore) self = NULL;

  if (value > LARGEST_COUNT)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "A semaphore cannot start at %u: the most is %d", value, LARGEST_COUNT);
      return NULL;
    }

  self = g_object_new (GMPROC_TYPE_SEMAPHORE, NULL);
  if (!gmproc_monitor_new (&self->monitor, KIND, error))
    return NULL;
  get_state (self)->bound = bound;
  store_count (self, value);
  return g_steal_pointer (&self);
}

/**
 * gmproc_semaphore_new:
 * @value: how often it can be acquired before somebody waits, at most 2³¹ - 1
 * @error: return location
 *
 * Makes a semaphore, like `multiprocessing.Semaphore`. Releases may raise it above @value.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when @value is too large, as a negative number is; what the
 * system says when it has no shared memory.
 *
 * Returns: (transfer full) (nullable): a new semaphore
 * Since: 1.0
 */
GmprocSemaphore *
gmproc_semaphore_new (guint value, GError **error)
{
  return semaphore_new (value, 0, error);
}

/**
 * gmproc_semaphore_new_bounded:
 * @value: how often it can be acquired before somebody waits, from 1 to 2³¹ - 1
 * @error: return location
 *
 * Makes a semaphore that cannot be raised above @value, like `multiprocessing.BoundedSemaphore`, so
 * that a release without an acquire is noticed; on every system, which Python's is not.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when @value is 0, because nobody could ever acquire such a
 * semaphore, or too large; what the system says when it has no shared memory.
 *
 * Returns: (transfer full) (nullable): a new semaphore
 * Since: 1.0
 */
GmprocSemaphore *
gmproc_semaphore_new_bounded (guint value, GError **error)
{
  if (value == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "A semaphore with bound 0 could never be acquired");
      return NULL;
    }

  return semaphore_new (value, value, error);
}

/**
 * gmproc_semaphore_acquire:
 * @self: a semaphore
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Counts the semaphore down by 1, and waits while it is 0.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED. Nothing changed then.
 *
 * Returns: whether it was counted down
 * Since: 1.0
 */
gboolean
gmproc_semaphore_acquire (GmprocSemaphore *self, gint64 timeout, GCancellable *cancellable,
                          GError **error)
{
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_SEMAPHORE (self), FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  for (;;)
    {
      guint32 prepared = 0;
      guint32 count;

      if (!gmproc_guard_enter (&self->monitor.lock, deadline, cancellable, error))
        return FALSE;
      count = load_count (self);
      GMPROC_CRASH_POINT ("semaphore-acquire-commit");
      if (count > 0)
        {
          store_count (self, count - 1);
          GMPROC_CRASH_POINT ("semaphore-acquired");
        }
      else
        prepared = gmproc_waitpoint_prepare (&self->monitor.waitpoint);
      gmproc_guard_leave (&self->monitor.lock);

      if (count > 0)
        return TRUE;
      if (!gmproc_waitpoint_sleep (&self->monitor.waitpoint, prepared, deadline, cancellable,
                                   error))
        return FALSE;
    }
}

static gboolean
try_to_acquire (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
                gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = GMPROC_ASYNC_DONE;
  return gmproc_semaphore_acquire (object, 0, cancellable, error);
}

static GSource *
create_source (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return gmproc_wait_source_new (&source_funcs, object, 0, NULL, cancellable);
}

static const GmprocAsync acquire_async = { .tag = gmproc_semaphore_acquire_async,
                                           .attempt = try_to_acquire,
                                           .create_source = create_source };

/**
 * gmproc_semaphore_acquire_async:
 * @self: a semaphore
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when it was counted down, or at an error
 * @user_data: for @callback
 *
 * Counts the semaphore down by 1 as soon as it is not 0, without blocking.
 *
 * Since: 1.0
 */
void
gmproc_semaphore_acquire_async (GmprocSemaphore *self, gint64 timeout, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_SEMAPHORE (self));

  gmproc_async_run (&acquire_async, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_semaphore_acquire_finish:
 * @self: a semaphore
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_semaphore_acquire().
 *
 * Returns: whether it was counted down
 * Since: 1.0
 */
gboolean
gmproc_semaphore_acquire_finish (GmprocSemaphore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_SEMAPHORE (self), FALSE);

  return gmproc_async_finish (&acquire_async, self, result, error) != NULL;
}

static gboolean
set_full_error (GmprocSemaphore *self, GError **error)
{
  guint32 bound = get_state (self)->bound;

  if (bound != 0)
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                 "The semaphore is at its bound of %u already: it was released more often than "
                 "acquired",
                 bound);
  else
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                 "The semaphore is at %d already, the most that it can count", LARGEST_COUNT);
  return FALSE;
}

/**
 * gmproc_semaphore_release:
 * @self: a semaphore
 * @error: return location
 *
 * Counts the semaphore up by 1, and wakes those who wait. The caller need not have acquired it.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE when it is at its bound, which the message names, or at 2³¹ - 1;
 * nothing changed then.
 *
 * Returns: whether it was counted up
 * Since: 1.0
 */
gboolean
gmproc_semaphore_release (GmprocSemaphore *self, GError **error)
{
  gboolean is_full;
  guint32 bound, count;

  g_return_val_if_fail (GMPROC_IS_SEMAPHORE (self), FALSE);

  bound = get_state (self)->bound;
  gmproc_guard_enter_always (&self->monitor.lock);
  count = load_count (self);
  is_full = count == (bound != 0 ? bound : LARGEST_COUNT);
  if (!is_full)
    {
      GMPROC_CRASH_POINT ("semaphore-release-wake");
      gmproc_waitpoint_wake (&self->monitor.waitpoint);
      GMPROC_CRASH_POINT ("semaphore-release-commit");
      store_count (self, count + 1);
      GMPROC_CRASH_POINT ("semaphore-released");
    }
  gmproc_guard_leave (&self->monitor.lock);

  return is_full ? set_full_error (self, error) : TRUE;
}

/**
 * gmproc_semaphore_get_value:
 * @self: a semaphore
 *
 * How often it could be acquired now. Another thread may change that before the caller looks at the
 * answer.
 *
 * Returns: the count
 * Since: 1.0
 */
guint
gmproc_semaphore_get_value (GmprocSemaphore *self)
{
  g_return_val_if_fail (GMPROC_IS_SEMAPHORE (self), 0);

  return load_count (self);
}

void
gmproc_semaphore_describe (const GmprocSlotPlace *place, GmprocDescription *ret)
{
  const State *state = gmproc_monitor_get_state_in (place);

  g_string_append_printf (ret->text, "count %u", state->count);
  g_string_append_printf (ret->json, "\"count\": %u", state->count);
  if (state->bound != 0)
    {
      g_string_append_printf (ret->text, " of %u", state->bound);
      g_string_append_printf (ret->json, ", \"bound\": %u", state->bound);
    }
}

/**
 * gmproc_semaphore_get_handle:
 * @self: a semaphore
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_semaphore_get_handle (GmprocSemaphore *self)
{
  g_return_val_if_fail (GMPROC_IS_SEMAPHORE (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_semaphore_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the semaphore
 * Since: 1.0
 */
GmprocSemaphore *
gmproc_semaphore_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_SEMAPHORE, error);
}
