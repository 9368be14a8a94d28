/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocEvent: a flag that processes wait for.
 *
 * The state is one word: the flag, and above it the number of times it was set. A waiter that was
 * asleep when the flag was set returns even if somebody has cleared it before the waiter came to
 * look, because the number has changed; a short pulse reaches everybody who waited.
 *
 * As a GmprocWaitable it is ready while it is set. A pulse that is over before a source has looked
 * is not seen by it; gmproc_event_wait_async() has looked when it was called, and sees it.
 *
 * Deaths: the word changes by one store inside the lock, after the wake-up (waitpoint.h).
 */
#include "config.h"

#include "gmproc-event.h"

#include "gmproc-dump-private.h"
#include "gmproc-waitable.h"
#include "internal/async.h"
#include "internal/crash-point.h"
#include "internal/deadline.h"
#include "internal/guard.h"
#include "internal/kind.h"
#include "internal/monitor.h"
#include "internal/shareable.h"
#include "internal/wait-source.h"

struct _GmprocEvent
{
  GObject parent_instance;

  GmprocMonitor monitor;
};

/* In shared memory. Set inside the lock, cleared by one step anywhere; read anywhere. */
typedef struct
{
  guint32 word;
} State;

#define IS_SET (1u)
#define ONE_MORE (2u)

#define KIND GMPROC_KIND_EVENT

static void gmproc_event_shareable_init (GmprocShareableInterface *iface);
static void gmproc_event_waitable_init (GmprocWaitableInterface *iface);

/**
 * GmprocEvent:
 *
 * A flag that processes set, clear and wait for. In Python it is `multiprocessing.Event`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocEvent, gmproc_event, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE, gmproc_event_shareable_init)
                             G_IMPLEMENT_INTERFACE (GMPROC_TYPE_WAITABLE,
                                                    gmproc_event_waitable_init))

static guint32
load_word (GmprocEvent *self)
{
  return __atomic_load_n (&((State *) self->monitor.state)->word, __ATOMIC_ACQUIRE);
}

static void
gmproc_event_finalize (GObject *object)
{
  gmproc_monitor_clear (&GMPROC_EVENT (object)->monitor);

  G_OBJECT_CLASS (gmproc_event_parent_class)->finalize (object);
}

static void
gmproc_event_class_init (GmprocEventClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_event_finalize;
}

static void
gmproc_event_init (G_GNUC_UNUSED GmprocEvent *self)
{
}

static GVariant *
gmproc_event_export_to (GmprocShareable *shareable, GmprocParcel *parcel,
                        G_GNUC_UNUSED GError **error)
{
  return gmproc_monitor_export (&GMPROC_EVENT (shareable)->monitor, parcel);
}

static GmprocShareable *
gmproc_event_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocEvent) self = g_object_new (GMPROC_TYPE_EVENT, NULL);

  if (!gmproc_monitor_import (&self->monitor, parameters, KIND, parcel, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_event_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_event_export_to;
  iface->import_from = gmproc_event_import_from;
}

/* -- main loops -------------------------------------------------------------------------------- */

/* Whether the flag was set since the word was SINCE, and be it cleared again. */
static gboolean
was_set_since (gpointer object, guint64 since)
{
  guint32 now = load_word (object);

  return (now & IS_SET) != 0 || now / ONE_MORE != (guint32) since / ONE_MORE;
}

static gboolean
is_set (gpointer object, G_GNUC_UNUSED guint64 what)
{
  return gmproc_event_is_set (object);
}

static GmprocArm
arm (const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what, GSource *source)
{
  return gmproc_monitor_arm (&GMPROC_EVENT (object)->monitor, funcs, object, what, source);
}

static void
disarm (gpointer object, GSource *source)
{
  gmproc_monitor_disarm (&GMPROC_EVENT (object)->monitor, source);
}

static const GmprocWaitSourceFuncs set_funcs = { is_set, arm, disarm };
static const GmprocWaitSourceFuncs since_funcs = { was_set_since, arm, disarm };

static GSource *
gmproc_event_create_source (GmprocWaitable *waitable, GCancellable *cancellable,
                            G_GNUC_UNUSED GError **error)
{
  return gmproc_wait_source_new (&set_funcs, waitable, 0, NULL, cancellable);
}

static gboolean
gmproc_event_is_ready (GmprocWaitable *waitable)
{
  return gmproc_event_is_set (GMPROC_EVENT (waitable));
}

static void
gmproc_event_waitable_init (GmprocWaitableInterface *iface)
{
  iface->create_source = gmproc_event_create_source;
  iface->is_ready = gmproc_event_is_ready;
}

/**
 * gmproc_event_new:
 * @error: return location
 *
 * Makes an event that is not set, like `multiprocessing.Event`.
 *
 * Errors: what the system says when it has no shared memory.
 *
 * Returns: (transfer full) (nullable): a new event
 * Since: 1.0
 */
GmprocEvent *
gmproc_event_new (GError **error)
{
  g_autoptr (GmprocEvent) self = g_object_new (GMPROC_TYPE_EVENT, NULL);

  if (!gmproc_monitor_new (&self->monitor, KIND, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gmproc_event_is_set:
 * @self: an event
 *
 * Whether the event is set at this moment.
 *
 * Returns: whether it is set
 * Since: 1.0
 */
gboolean
gmproc_event_is_set (GmprocEvent *self)
{
  g_return_val_if_fail (GMPROC_IS_EVENT (self), FALSE);

  return (load_word (self) & IS_SET) != 0;
}

/**
 * gmproc_event_set:
 * @self: an event
 *
 * Sets the event, and wakes everybody who waits for it, in whichever process.
 *
 * Since: 1.0
 */
void
gmproc_event_set (GmprocEvent *self)
{
  g_return_if_fail (GMPROC_IS_EVENT (self));

  gmproc_guard_enter_always (&self->monitor.lock);
  if (!gmproc_event_is_set (self))
    {
      /* Nobody clears an event that is not set, so the sum is one more, and set. */
      GMPROC_CRASH_POINT ("event-set-commit");
      gmproc_waitpoint_wake_and_add (&self->monitor.waitpoint,
                                     &((State *) self->monitor.state)->word, ONE_MORE + IS_SET);
      GMPROC_CRASH_POINT ("event-set-committed");
    }
  gmproc_guard_leave (&self->monitor.lock);
}

/**
 * gmproc_event_clear:
 * @self: an event
 *
 * Makes the event not set. Who waited when it was set returns nevertheless.
 *
 * Since: 1.0
 */
void
gmproc_event_clear (GmprocEvent *self)
{
  g_return_if_fail (GMPROC_IS_EVENT (self));

  /* Nobody waits for this, so there is nobody to wake, and no need for the lock. A set inside of it
   * only changes a word whose flag is not set, and such a word stays the same here. */
  GMPROC_CRASH_POINT ("event-clear-commit");
  (void) __atomic_fetch_and (&((State *) self->monitor.state)->word, ~IS_SET, __ATOMIC_ACQ_REL);
  GMPROC_CRASH_POINT ("event-clear-committed");
}

/**
 * gmproc_event_wait:
 * @self: an event
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits until the event is set.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_event_wait (GmprocEvent *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  guint32 word;
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_EVENT (self), FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  /* Every look decides by one load: what was set and is cleared in between has been set. */
  word = load_word (self);
  while ((word & IS_SET) == 0 && !was_set_since (self, word))
    {
      guint32 prepared;
      gboolean is_unchanged;

      if (!gmproc_guard_enter (&self->monitor.lock, deadline, cancellable, error))
        return FALSE;
      is_unchanged = load_word (self) == word;
      prepared = gmproc_waitpoint_prepare (&self->monitor.waitpoint);
      GMPROC_CRASH_POINT ("event-wait-prepared");
      gmproc_guard_leave (&self->monitor.lock);

      if (!is_unchanged)
        continue;
      if (!gmproc_waitpoint_sleep (&self->monitor.waitpoint, prepared, deadline, cancellable,
                                   error))
        return FALSE;
      if (gmproc_waitpoint_see_commit (was_set_since, self, word))
        return TRUE;
    }

  return TRUE;
}

/* DATA holds the word that the event had when the call was made. */
static gboolean
try_to_wait (gpointer object, gpointer data, G_GNUC_UNUSED gboolean is_last, gpointer *ret_result,
             GCancellable *cancellable, GError **error)
{
  *ret_result = GMPROC_ASYNC_DONE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return was_set_since (object, GPOINTER_TO_UINT (data))
         || gmproc_event_wait (object, 0, NULL, error);
}

static GSource *
create_source_since (gpointer object, gpointer data, GCancellable *cancellable)
{
  return gmproc_wait_source_new (&since_funcs, object, GPOINTER_TO_UINT (data), NULL, cancellable);
}

static const GmprocAsync wait_async = { .tag = gmproc_event_wait_async,
                                        .attempt = try_to_wait,
                                        .create_source = create_source_since };

/**
 * gmproc_event_wait_async:
 * @self: an event
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when the event was set, or at an error
 * @user_data: for @callback
 *
 * Waits until the event is set, without blocking. The callback runs in the main context that is the
 * caller's thread default.
 *
 * Since: 1.0
 */
void
gmproc_event_wait_async (GmprocEvent *self, gint64 timeout, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_EVENT (self));

  gmproc_async_run (&wait_async, self, timeout, cancellable, callback, user_data,
                    GUINT_TO_POINTER (load_word (self)), NULL);
}

/**
 * gmproc_event_wait_finish:
 * @self: an event
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_event_wait().
 *
 * Returns: whether the event was set
 * Since: 1.0
 */
gboolean
gmproc_event_wait_finish (GmprocEvent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_EVENT (self), FALSE);

  return gmproc_async_finish (&wait_async, self, result, error) != NULL;
}

void
gmproc_event_describe (const GmprocSlotPlace *place, GmprocDescription *ret)
{
  const State *state = gmproc_monitor_get_state_in (place);
  gboolean is_set = (state->word & IS_SET) != 0;

  g_string_append (ret->text, is_set ? "set" : "not set");
  g_string_append_printf (ret->json, "\"set\": %s", is_set ? "true" : "false");
}

/**
 * gmproc_event_get_handle:
 * @self: an event
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_event_get_handle (GmprocEvent *self)
{
  g_return_val_if_fail (GMPROC_IS_EVENT (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_event_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the event
 * Since: 1.0
 */
GmprocEvent *
gmproc_event_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_EVENT, error);
}
