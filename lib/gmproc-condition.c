/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocCondition: waiting, with a lock given up meanwhile, until another owner of the lock says
 * that there is something new.
 *
 * There are two locks: the user's, and the monitor's own, inside of which the state below changes.
 * The user's is never asked for inside the own one.
 *
 * A notification is a permit, which one of those who wait takes. A waiter draws a ticket when it
 * comes: the numbers of the last notification and of the last general release. It may go
 *
 *   - when the number of the last general release is another one than on its ticket, or
 *   - when there is a permit, and the number of the last notification is another one than on its
 *     ticket. Then it takes the permit.
 *
 * So who comes after a notification cannot take what was meant for those before; not until the
 * next notification, which is for all who wait by then. When there are at least as many permits as
 * waiters, the notification is a general release: nobody has to take anything any more, and those
 * who come later cannot get in the way of anybody. Numbers are only compared for being the same, so
 * they may wrap.
 *
 * Stores. `crowd` is the number of the last general release and how many wait since then; `given`
 * is the number of the last notification and how many permits are left. Each is one word and
 * changes by one store, inside the own lock, and after the wake-up where somebody may go because of
 * it (waitpoint.h). A call makes these, in this order; killed in between it leaves:
 *
 *   wait        crowd + 1                          one who waits and will never go
 *   go          crowd - 1, then permits - 1        the permit for another one
 *   give up     crowd - 1                          the same as before
 *   notify      permits + n with a new number      the same as before
 *   release     crowd to 0 with a new number,      everybody released, and permits of before
 *               then permits to 0                  for those who come later
 *
 * Deaths: a waiter that is killed takes no permit with it, unless it had taken it before. It stays
 * counted until the next general release. That, and permits of before, can let a later notification
 * wake one more than it was asked to; they never let it wake one less. Otherwise a wait does not
 * end without a reason. A process that is stopped while it waits holds nobody up.
 *
 * Fairness: none is promised among those who wait at the time of a notification.
 */
#include "config.h"

#include "gmproc-condition-private.h"

#include "gmproc-dump-private.h"
#include "gmproc-error.h"
#include "internal/crash-point.h"
#include "internal/deadline.h"
#include "internal/guard.h"
#include "internal/kind.h"
#include "internal/shareable.h"

/* In a message: the monitor, and the lock as an object of its own. */
#define FORMAT "(v" GMPROC_SHAREABLE_FORMAT ")"

#define KIND GMPROC_KIND_CONDITION

static void gmproc_condition_shareable_init (GmprocShareableInterface *iface);

/**
 * GmprocCondition:
 *
 * Waiting for a change of what a lock protects. A waiter that is killed blocks nobody. In Python it
 * is `multiprocessing.Condition`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocCondition, gmproc_condition, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE,
                                                gmproc_condition_shareable_init))

static void
store (guint64 *word, guint32 number, guint32 count)
{
  __atomic_store_n (word, (guint64) number << 32 | count, __ATOMIC_RELEASE);
}

static void
gmproc_condition_finalize (GObject *object)
{
  GmprocCondition *self = GMPROC_CONDITION (object);

  gmproc_monitor_clear (&self->monitor);
  g_clear_object (&self->lock);

  G_OBJECT_CLASS (gmproc_condition_parent_class)->finalize (object);
}

static void
gmproc_condition_class_init (GmprocConditionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_condition_finalize;
}

static void
gmproc_condition_init (G_GNUC_UNUSED GmprocCondition *self)
{
}

/* -- crossing -------------------------------------------------------------------------------- */

static GVariant *
gmproc_condition_export_to (GmprocShareable *shareable, GmprocParcel *parcel, GError **error)
{
  GmprocCondition *self = GMPROC_CONDITION (shareable);
  GVariant *lock = gmproc_shareable_export (GMPROC_SHAREABLE (self->lock), parcel, error);

  if (lock == NULL)
    return NULL;
  return g_variant_new ("(v@" GMPROC_SHAREABLE_FORMAT ")",
                        gmproc_monitor_export (&self->monitor, parcel), lock);
}

static GmprocLock *
import_lock (GVariant *exported, GmprocParcel *parcel, GError **error)
{
  GmprocShareable *object = gmproc_shareable_import (exported, parcel, error);

  if (object == NULL || GMPROC_IS_LOCK (object))
    return (GmprocLock *) object;

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "A condition came with a %s instead of a lock", G_OBJECT_TYPE_NAME (object));
  g_object_unref (object);
  return NULL;
}

static GmprocShareable *
gmproc_condition_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocCondition) self = NULL;
  g_autoptr (GVariant) monitor = NULL;
  g_autoptr (GVariant) lock = NULL;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE (FORMAT)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A condition came as “%s” instead of “%s”",
                   g_variant_get_type_string (parameters), FORMAT);
      return NULL;
    }

  g_variant_get (parameters, "(v@" GMPROC_SHAREABLE_FORMAT ")", &monitor, &lock);
  self = g_object_new (GMPROC_TYPE_CONDITION, NULL);
  self->lock = import_lock (lock, parcel, error);
  if (self->lock == NULL || !gmproc_monitor_import (&self->monitor, monitor, KIND, parcel, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_condition_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_condition_export_to;
  iface->import_from = gmproc_condition_import_from;
}

/* -- changes, inside the own lock ------------------------------------------------------------ */

GmprocConditionTicket
gmproc_condition_come_locked (GmprocCondition *self)
{
  GmprocConditionState *state = gmproc_condition_get_state (self);
  GmprocConditionTally crowd = gmproc_condition_load (&state->crowd);

  GMPROC_CRASH_POINT ("condition-come");
  store (&state->crowd, crowd.number, crowd.count + 1);
  GMPROC_CRASH_POINT ("condition-came");
  return (GmprocConditionTicket){ crowd.number, gmproc_condition_load (&state->given).number };
}

gboolean
gmproc_condition_may_go (GmprocCondition *self, GmprocConditionTicket ticket)
{
  const GmprocConditionState *state = gmproc_condition_get_state (self);
  GmprocConditionTally given = gmproc_condition_load (&state->given);

  return gmproc_condition_load (&state->crowd).number != ticket.release
         || (given.count != 0 && given.number != ticket.notification);
}

gboolean
gmproc_condition_go_locked (GmprocCondition *self, GmprocConditionTicket ticket)
{
  GmprocConditionState *state = gmproc_condition_get_state (self);
  GmprocConditionTally crowd = gmproc_condition_load (&state->crowd);
  GmprocConditionTally given = gmproc_condition_load (&state->given);

  if (!gmproc_condition_may_go (self, ticket))
    return FALSE;
  if (crowd.number != ticket.release)
    return TRUE;

  GMPROC_CRASH_POINT ("condition-go");
  store (&state->crowd, crowd.number, crowd.count - 1);
  GMPROC_CRASH_POINT ("condition-go-permit");
  store (&state->given, given.number, given.count - 1);
  GMPROC_CRASH_POINT ("condition-gone");
  return TRUE;
}

void
gmproc_condition_give_up_locked (GmprocCondition *self)
{
  GmprocConditionState *state = gmproc_condition_get_state (self);
  GmprocConditionTally crowd = gmproc_condition_load (&state->crowd);

  GMPROC_CRASH_POINT ("condition-give-up");
  store (&state->crowd, crowd.number, crowd.count - 1);
  GMPROC_CRASH_POINT ("condition-given-up");
}

static void
notify_locked (GmprocCondition *self, guint n)
{
  GmprocConditionState *state = gmproc_condition_get_state (self);
  GmprocConditionTally crowd = gmproc_condition_load (&state->crowd);
  GmprocConditionTally given = gmproc_condition_load (&state->given);

  if (n == 0 || crowd.count == 0)
    return;

  GMPROC_CRASH_POINT ("condition-notify-wake");
  gmproc_waitpoint_wake (&self->monitor.waitpoint);
  GMPROC_CRASH_POINT ("condition-notify-commit");
  if (given.count < crowd.count && n < crowd.count - given.count)
    {
      store (&state->given, given.number + 1, given.count + n);
      GMPROC_CRASH_POINT ("condition-notified");
      return;
    }
  store (&state->crowd, crowd.number + 1, 0);
  GMPROC_CRASH_POINT ("condition-notify-release");
  store (&state->given, given.number, 0);
  GMPROC_CRASH_POINT ("condition-released");
}

/* -- waiting --------------------------------------------------------------------------------- */

/* Until the holder of TICKET may go, or the wait ends otherwise. A notification that came together
 * with that end wins: nobody else would get it. */
static gboolean
sleep_until_notified (GmprocCondition *self, GmprocConditionTicket ticket, guint32 prepared,
                      gint64 deadline, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean may_go = FALSE;

  while (!may_go && reason == NULL)
    {
      gmproc_waitpoint_sleep (&self->monitor.waitpoint, prepared, deadline, cancellable, &reason);

      gmproc_guard_enter_always (&self->monitor.lock);
      may_go = gmproc_condition_go_locked (self, ticket);
      if (!may_go && reason != NULL)
        gmproc_condition_give_up_locked (self);
      else if (!may_go)
        prepared = gmproc_waitpoint_prepare (&self->monitor.waitpoint);
      gmproc_guard_leave (&self->monitor.lock);
    }

  if (may_go)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* The caller owns the user's lock, and owns it again afterwards. */
static gboolean
wait_until (GmprocCondition *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  gboolean was_notified;
  guint32 prepared;
  GmprocConditionTicket ticket;
  guint depth;

  if (g_cancellable_set_error_if_cancelled (cancellable, error)
      || !gmproc_guard_enter (&self->monitor.lock, deadline, cancellable, error))
    return FALSE;
  ticket = gmproc_condition_come_locked (self);
  prepared = gmproc_waitpoint_prepare (&self->monitor.waitpoint);
  gmproc_guard_leave (&self->monitor.lock);

  depth = gmproc_lock_release_all (self->lock);
  was_notified = sleep_until_notified (self, ticket, prepared, deadline, cancellable, error);
  gmproc_lock_acquire_again (self->lock, depth);
  return was_notified;
}

/* -- public ---------------------------------------------------------------------------------- */

/**
 * gmproc_condition_new:
 * @lock: (nullable): the lock that protects what is waited for; %NULL makes a recursive one
 * @error: return location
 *
 * Makes a condition, like `multiprocessing.Condition`. It keeps the lock, and takes it along to
 * another process. Several conditions may have the same lock.
 *
 * Errors: what the system says when it has no shared memory.
 *
 * Returns: (transfer full) (nullable): a new condition
 * Since: 1.0
 */
GmprocCondition *
gmproc_condition_new (GmprocLock *lock, GError **error)
{
  g_autoptr (GmprocCondition) self = NULL;

  g_return_val_if_fail (lock == NULL || GMPROC_IS_LOCK (lock), NULL);

  self = g_object_new (GMPROC_TYPE_CONDITION, NULL);
  self->lock = lock != NULL ? g_object_ref (lock) : gmproc_lock_new_recursive (error);
  if (self->lock == NULL || !gmproc_monitor_new (&self->monitor, KIND, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gmproc_condition_get_lock:
 * @self: a condition
 *
 * The lock that belongs to the condition.
 *
 * Returns: (transfer none): its lock
 * Since: 1.0
 */
GmprocLock *
gmproc_condition_get_lock (GmprocCondition *self)
{
  g_return_val_if_fail (GMPROC_IS_CONDITION (self), NULL);

  return self->lock;
}

/**
 * gmproc_condition_wait:
 * @self: a condition whose lock the calling thread owns
 * @timeout: microseconds, 0 to give the lock up for a moment only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Gives the lock up, waits to be notified, and acquires the lock again. A recursive lock is given
 * up as a whole, and is had as often as before afterwards. Whether the call works or fails, the
 * caller owns the lock when it returns; the timeout and the cancellable end the wait, but not the
 * acquiring, which takes as long as another one owns the lock.
 *
 * What was waited for may be gone again by then, because others may have had the lock before. So
 * look, in a loop, or use gmproc_condition_wait_for(). When processes have been killed that waited
 * or notified, a wait can also end without a notification.
 *
 * gmproc_lock_was_abandoned() says afterwards whether the owner of the lock before died.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED; %GMPROC_ERROR_BAD_STATE when the caller
 * does not own the lock, and then it does not own it afterwards.
 *
 * Returns: whether it was notified
 * Since: 1.0
 */
gboolean
gmproc_condition_wait (GmprocCondition *self, gint64 timeout, GCancellable *cancellable,
                       GError **error)
{
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_CONDITION (self), FALSE);

  return gmproc_deadline_from_timeout (timeout, &deadline, error)
         && gmproc_lock_check_owner (self->lock, error)
         && wait_until (self, deadline, cancellable, error);
}

/**
 * gmproc_condition_wait_for:
 * @self: a condition whose lock the calling thread owns
 * @predicate: (scope call) (closure user_data): whether what is waited for is there
 * @user_data: for @predicate
 * @timeout: microseconds for the whole call, 0 to ask and to give the lock up for a moment only, or
 *   %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits until @predicate returns %TRUE. It is asked at first, after each notification, and a last
 * time when the wait ends otherwise; always with the lock, which it must not give up.
 *
 * Errors: as for gmproc_condition_wait().
 *
 * Returns: whether @predicate returned %TRUE
 * Since: 1.0
 */
gboolean
gmproc_condition_wait_for (GmprocCondition *self, GmprocConditionPredicate predicate,
                           gpointer user_data, gint64 timeout, GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (GError) reason = NULL;
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_CONDITION (self), FALSE);
  g_return_val_if_fail (predicate != NULL, FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || !gmproc_lock_check_owner (self->lock, error))
    return FALSE;

  while (!predicate (user_data))
    {
      if (reason != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
      if (!gmproc_lock_check_owner (self->lock, error))
        return FALSE;
      wait_until (self, deadline, cancellable, &reason);
    }
  return TRUE;
}

/**
 * gmproc_condition_notify:
 * @self: a condition whose lock the calling thread owns
 * @error: return location
 *
 * Lets one of those who wait go on. It does so when it gets the lock, so not before the caller has
 * released it. When nobody waits, nothing happens.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE when the caller does not own the lock; nothing happened then.
 *
 * Returns: whether the caller owned the lock
 * Since: 1.0
 */
gboolean
gmproc_condition_notify (GmprocCondition *self, GError **error)
{
  return gmproc_condition_notify_n (self, 1, error);
}

/**
 * gmproc_condition_notify_n:
 * @self: a condition whose lock the calling thread owns
 * @n: how many
 * @error: return location
 *
 * Like gmproc_condition_notify(), for @n of those who wait, or for all if they are fewer.
 *
 * Returns: whether the caller owned the lock
 * Since: 1.0
 */
gboolean
gmproc_condition_notify_n (GmprocCondition *self, guint n, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONDITION (self), FALSE);

  if (!gmproc_lock_check_owner (self->lock, error))
    return FALSE;

  gmproc_guard_enter_always (&self->monitor.lock);
  notify_locked (self, n);
  gmproc_guard_leave (&self->monitor.lock);
  return TRUE;
}

/**
 * gmproc_condition_notify_all:
 * @self: a condition whose lock the calling thread owns
 * @error: return location
 *
 * Like gmproc_condition_notify(), for all who wait.
 *
 * Returns: whether the caller owned the lock
 * Since: 1.0
 */
gboolean
gmproc_condition_notify_all (GmprocCondition *self, GError **error)
{
  return gmproc_condition_notify_n (self, G_MAXUINT, error);
}

void
gmproc_condition_describe (const GmprocSlotPlace *place, GmprocDescription *ret)
{
  const GmprocConditionState *state = gmproc_monitor_get_state_in (place);
  guint32 n_permits = gmproc_condition_load (&state->given).count;

  g_string_append_printf (ret->text, "%u notified and not gone yet", n_permits);
  g_string_append_printf (ret->json, "\"notified\": %u", n_permits);
}

/**
 * gmproc_condition_get_handle:
 * @self: a condition
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_condition_get_handle (GmprocCondition *self)
{
  g_return_val_if_fail (GMPROC_IS_CONDITION (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_condition_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the condition
 * Since: 1.0
 */
GmprocCondition *
gmproc_condition_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_CONDITION, error);
}
