/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocLock: mutual exclusion between threads and processes.
 *
 * The lock is the port's owner-tracking lock in a slot of shared memory. Its owner is one thread of
 * one process; only that one can release it. When the owner ends without releasing, the next one
 * that asks gets the lock, and gmproc_lock_was_abandoned() tells it so while it holds the lock. An
 * owner that drops its last reference without releasing owns the lock until it ends.
 *
 * Beside it the slot has the owner's notes: who it is, how often it acquired the lock, and whether
 * the owner before it died. Only the owner writes them, so the lock itself protects them. They lie
 * in shared memory because one process may have two objects for the same lock.
 *
 * Fairness: none is promised. Who asks while others wait may get the lock before them.
 * Memory: what was written before a release is seen after the next acquire, in any process.
 */
#include "config.h"

#include "gmproc-lock-private.h"

#include "gmproc-dump-private.h"
#include "gmproc-error.h"
#include "gmproc-waitable.h"
#include "internal/crash-point.h"
#include "internal/deadline.h"
#include "internal/kind.h"
#include "internal/shareable.h"
#include "internal/spin.h"
#include "port/port.h"

G_STATIC_ASSERT (sizeof (GmprocLockState) <= GMPROC_MONITOR_STATE_SIZE);

#define KIND GMPROC_KIND_LOCK

/* Twice as many pauses before each attempt as before the one before. */
#define SPIN_ATTEMPTS (6)
#define FIRST_PAUSES (4)

static void gmproc_lock_shareable_init (GmprocShareableInterface *iface);

/**
 * GmprocLock:
 *
 * Mutual exclusion between threads and processes that knows its owner: when that one is killed, the
 * next one that asks gets the lock and is told. In Python it is `multiprocessing.Lock`, or `RLock`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocLock, gmproc_lock, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE, gmproc_lock_shareable_init)
                             G_IMPLEMENT_INTERFACE (GMPROC_TYPE_WAITABLE,
                                                    gmproc_lock_waitable_init))

/* NULL before there is a lock. */
static gpointer lock_class;

/* A binding may derive classes also from one that C cannot derive from. */
static G_GNUC_NO_INLINE gboolean
is_derived_lock (gpointer self)
{
  return GMPROC_IS_LOCK (self);
}

/* GMPROC_IS_LOCK(), which a lock passes by one comparison. */
static inline gboolean
is_lock (GmprocLock *self)
{
  return (G_LIKELY (self != NULL) && G_LIKELY (((GTypeInstance *) self)->g_class == lock_class))
         || is_derived_lock (self);
}

static GmprocLockState *
get_state (GmprocLock *self)
{
  return self->monitor.state;
}

/* Of an owner; 0 for nobody. */
static guint32
get_process (guint64 thread_mark)
{
  return (guint32) thread_mark;
}

static gboolean
is_held_by_this_process (GmprocLock *self)
{
  const GmprocLockState *state = get_state (self);

  return state != NULL
         && get_process (__atomic_load_n (&state->owner, __ATOMIC_RELAXED))
                == (guint32) gmproc_port_self_get_pid ();
}

static void
gmproc_lock_finalize (GObject *object)
{
  GmprocLock *self = GMPROC_LOCK (object);

  /* The system notes in the lock itself which locks a thread owns, and reads it there when the
   * thread ends. So a lock that is dropped while it is held stays where it is, and the next owner
   * is told that it was abandoned. */
  if (!is_held_by_this_process (self))
    gmproc_monitor_clear (&self->monitor);

  G_OBJECT_CLASS (gmproc_lock_parent_class)->finalize (object);
}

static void
gmproc_lock_class_init (GmprocLockClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_lock_finalize;
  lock_class = klass;
}

static void
gmproc_lock_init (G_GNUC_UNUSED GmprocLock *self)
{
}

static GVariant *
gmproc_lock_export_to (GmprocShareable *shareable, GmprocParcel *parcel,
                       G_GNUC_UNUSED GError **error)
{
  return gmproc_monitor_export (&GMPROC_LOCK (shareable)->monitor, parcel);
}

static GmprocShareable *
gmproc_lock_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocLock) self = g_object_new (GMPROC_TYPE_LOCK, NULL);

  if (!gmproc_monitor_import (&self->monitor, parameters, KIND, parcel, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_lock_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_lock_export_to;
  iface->import_from = gmproc_lock_import_from;
}

static GmprocLock *
lock_new (gboolean is_recursive, GError **error)
{
  g_autoptr (GmprocLock) self = g_object_new (GMPROC_TYPE_LOCK, NULL);

  if (!gmproc_monitor_new (&self->monitor, KIND, error))
    return NULL;
  get_state (self)->is_recursive = is_recursive != FALSE;
  return g_steal_pointer (&self);
}

/**
 * gmproc_lock_new:
 * @error: return location
 *
 * Makes a lock, like `multiprocessing.Lock`, except that only the thread that acquired it can
 * release it.
 *
 * Errors: what the system says when it has no shared memory.
 *
 * Returns: (transfer full) (nullable): a new lock
 * Since: 1.0
 */
GmprocLock *
gmproc_lock_new (GError **error)
{
  return lock_new (FALSE, error);
}

/**
 * gmproc_lock_new_recursive:
 * @error: return location
 *
 * Makes a lock that its owner may acquire again, like `multiprocessing.RLock`. It is free when it
 * was released as often as it was acquired.
 *
 * Returns: (transfer full) (nullable): a new lock
 * Since: 1.0
 */
GmprocLock *
gmproc_lock_new_recursive (GError **error)
{
  return lock_new (TRUE, error);
}

static guint32
get_rough_time (void)
{
  return (guint32) ((guint64) gmproc_port_self_get_rough_time () / GMPROC_LOCK_SINCE_UNIT);
}

static inline void
note_owner (GmprocLock *self, gboolean was_abandoned)
{
  GmprocLockState *state = get_state (self);

  GMPROC_CRASH_POINT ("lock-acquired");
  __atomic_store_n (&state->owner_since, get_rough_time (), __ATOMIC_RELAXED);
  GMPROC_CRASH_POINT ("lock-note-time");
  __atomic_store_n (&state->owner, gmproc_port_self_get_thread_mark (), __ATOMIC_RELAXED);
  GMPROC_CRASH_POINT ("lock-note-thread");
  state->depth = 1;
  if (G_UNLIKELY (was_abandoned || state->was_abandoned != FALSE))
    state->was_abandoned = (was_abandoned && !GMPROC_CRASH_BREAKS ("no-abandoned"))
                           || state->was_abandoned == GMPROC_LOCK_ABANDONED_PENDING;
  GMPROC_CRASH_POINT ("lock-noted");
}

/* Another thread may read the notes while the owner writes them, but it cannot find itself there:
 * only a thread itself writes its own mark, which no other one has, however long the owner is gone.
 */
static gboolean
is_owner (GmprocLock *self)
{
  return gmproc_port_self_thread_mark != 0
         && __atomic_load_n (&get_state (self)->owner, __ATOMIC_RELAXED)
                == gmproc_port_self_thread_mark;
}

/* The caller owns the lock already. */
static gboolean
acquire_again (GmprocLock *self, gint64 timeout, GError **error)
{
  if (gmproc_lock_is_recursive (self))
    {
      get_state (self)->depth++;
      GMPROC_CRASH_POINT ("lock-again");
      return TRUE;
    }

  if (timeout == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         "The lock is held by this thread already");
  else
    g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                         "The lock is held by this thread already, which would wait for itself");
  return FALSE;
}

/* A short section is over sooner than a sleep begins. Looking less and less often leaves the
 * owner's memory alone, which it would have to fetch back each time. Each attempt looks at the
 * owner's notes first, which only read. */
static GmprocPortLockResult
spin (GmprocLock *self)
{
  GmprocPortLockResult result = GMPROC_PORT_LOCK_TIMED_OUT;
  guint n_pauses = FIRST_PAUSES;

  if (!gmproc_spin_is_useful () || is_owner (self))
    return result;
  for (guint i = 0; i < SPIN_ATTEMPTS && result == GMPROC_PORT_LOCK_TIMED_OUT; i++)
    {
      gmproc_spin_pauses (n_pauses);
      n_pauses *= 2;
      result = gmproc_port_lock_try (&self->monitor.lock);
    }
  return result;
}

/* Who waits for the lock writes it down, for others to see. */
static GmprocPortLockResult
acquire_noted (GmprocLock *self, gint64 deadline, GCancellable *cancellable)
{
  GmprocPortLockResult result = gmproc_port_lock_try (&self->monitor.lock);

  if (result == GMPROC_PORT_LOCK_TIMED_OUT && deadline != 0)
    result = spin (self);
  if (result != GMPROC_PORT_LOCK_TIMED_OUT)
    return result;
  gmproc_family_begin_wait (&self->monitor.slot.subject);
  result = gmproc_port_lock_acquire (&self->monitor.lock, deadline, cancellable);
  gmproc_family_end_wait ();
  return result;
}

static G_GNUC_NO_INLINE gboolean
acquire_or_wait (GmprocLock *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  GmprocPortLockResult result;
  gint64 deadline;

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  result = acquire_noted (self, deadline, cancellable);
  switch (result)
    {
    case GMPROC_PORT_LOCK_ACQUIRED:
    case GMPROC_PORT_LOCK_ABANDONED:
      note_owner (self, result == GMPROC_PORT_LOCK_ABANDONED);
      return TRUE;
    case GMPROC_PORT_LOCK_HELD:
      return acquire_again (self, timeout, error);
    case GMPROC_PORT_LOCK_CANCELLED:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
      return FALSE;
    case GMPROC_PORT_LOCK_TIMED_OUT:
    default:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "Timed out waiting for the lock");
      return FALSE;
    }
}

/* FALSE when the lock is not free. */
static inline gboolean
try_to_acquire (GmprocLock *self)
{
  GmprocPortLockResult result = gmproc_port_lock_try (&self->monitor.lock);

  if (G_LIKELY (result == GMPROC_PORT_LOCK_ACQUIRED))
    note_owner (self, FALSE);
  else if (result == GMPROC_PORT_LOCK_ABANDONED)
    note_owner (self, TRUE);
  else
    return FALSE;
  return TRUE;
}

/**
 * gmproc_lock_acquire:
 * @self: a lock
 * @timeout: microseconds, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Makes the calling thread the owner of the lock, and waits while another one is. When the owner
 * has died the caller gets the lock as well; see gmproc_lock_was_abandoned().
 *
 * Errors: %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED; %GMPROC_ERROR_BAD_STATE when the caller
 * owns the lock, it is not recursive, and the call would wait for itself.
 *
 * Returns: whether the caller owns the lock
 * Since: 1.0
 */
gboolean
gmproc_lock_acquire (GmprocLock *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (is_lock (self), FALSE);

  /* As a rule the lock is free, and then there is nothing else to look at. */
  if (G_LIKELY (timeout == GMPROC_FOREVER && cancellable == NULL && try_to_acquire (self)))
    return TRUE;
  return acquire_or_wait (self, timeout, cancellable, error);
}

/* The caller owns the lock. */
static inline gboolean
release_whole (GmprocLock *self)
{
  GMPROC_CRASH_POINT ("lock-release");
  __atomic_store_n (&get_state (self)->owner, 0, __ATOMIC_RELAXED);
  GMPROC_CRASH_POINT ("lock-release-noted");
  if (!gmproc_port_lock_release (&self->monitor.lock))
    return FALSE;
  GMPROC_CRASH_POINT ("lock-released");
  gmproc_waitpoint_wake_announced (&self->monitor.waitpoint);
  return TRUE;
}

static gboolean
set_not_held_error (GError **error)
{
  g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                       "The lock is not held by this thread");
  return FALSE;
}

/**
 * gmproc_lock_release:
 * @self: a lock that the calling thread owns
 * @error: return location
 *
 * Gives the lock up, or for a recursive lock one of its acquisitions.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE when the calling thread does not own the lock; nothing changes.
 *
 * Returns: whether it was released
 * Since: 1.0
 */
gboolean
gmproc_lock_release (GmprocLock *self, GError **error)
{
  g_return_val_if_fail (is_lock (self), FALSE);

  if (G_LIKELY (is_owner (self)))
    {
      GmprocLockState *state = get_state (self);

      if (G_UNLIKELY (state->depth > 1))
        {
          state->depth--;
          GMPROC_CRASH_POINT ("lock-release-again");
          return TRUE;
        }
      if (G_LIKELY (release_whole (self)))
        return TRUE;
    }

  return set_not_held_error (error);
}

/* -- for the condition (gmproc-lock-private.h) ------------------------------------------------ */

gboolean
gmproc_lock_check_owner (GmprocLock *self, GError **error)
{
  return is_owner (self) || set_not_held_error (error);
}

guint
gmproc_lock_release_all (GmprocLock *self)
{
  guint depth = get_state (self)->depth;
  gboolean was_held = release_whole (self);

  g_assert (was_held);
  return depth;
}

void
gmproc_lock_acquire_again (GmprocLock *self, guint depth)
{
  GmprocPortLockResult result = acquire_noted (self, GMPROC_PORT_FOREVER, NULL);

  /* Without a deadline and a cancellable there is no other end to the wait. */
  g_assert (result == GMPROC_PORT_LOCK_ACQUIRED || result == GMPROC_PORT_LOCK_ABANDONED);
  note_owner (self, result == GMPROC_PORT_LOCK_ABANDONED);
  get_state (self)->depth = depth;
}

gboolean
gmproc_lock_try_again (GmprocLock *self, guint depth)
{
  if (!try_to_acquire (self))
    return FALSE;
  get_state (self)->depth = depth;
  return TRUE;
}

/* -- for main loops (gmproc-lock-private.h) ---------------------------------------------------- */

/* The system tells of a dead owner only once, and only who takes the lock; so that is kept for the
 * next owner. */
gboolean
gmproc_lock_is_free (GmprocLock *self)
{
  GmprocPortLockResult result = gmproc_port_lock_try (&self->monitor.lock);

  if (result != GMPROC_PORT_LOCK_ACQUIRED && result != GMPROC_PORT_LOCK_ABANDONED)
    return FALSE;
  if (result == GMPROC_PORT_LOCK_ABANDONED)
    {
      get_state (self)->was_abandoned = GMPROC_LOCK_ABANDONED_PENDING;
      __atomic_store_n (&get_state (self)->owner, 0, __ATOMIC_RELAXED);
    }
  return gmproc_port_lock_release (&self->monitor.lock);
}

/**
 * gmproc_lock_was_abandoned:
 * @self: a lock that the calling thread owns
 *
 * Whether the owner before this one ended without releasing, so that what the lock protects may be
 * in the middle of a change. Python has no such call: there the lock is never free again.
 *
 * Returns: whether the last owner died; %FALSE if the caller does not own the lock
 * Since: 1.0
 */
gboolean
gmproc_lock_was_abandoned (GmprocLock *self)
{
  g_return_val_if_fail (GMPROC_IS_LOCK (self), FALSE);

  return is_owner (self) && get_state (self)->was_abandoned;
}

/**
 * gmproc_lock_is_recursive:
 * @self: a lock
 *
 * Whether the owner can acquire the lock again.
 *
 * Returns: whether its owner may acquire it again
 * Since: 1.0
 */
gboolean
gmproc_lock_is_recursive (GmprocLock *self)
{
  g_return_val_if_fail (GMPROC_IS_LOCK (self), FALSE);

  return get_state (self)->is_recursive != 0;
}

/* A lock whose owner notes nothing yet is said to be free. */
void
gmproc_lock_describe (const GmprocSlotPlace *place, GmprocDescription *ret)
{
  const GmprocLockState *state = gmproc_monitor_get_state_in (place);
  guint64 owner = __atomic_load_n (&state->owner, __ATOMIC_RELAXED);
  gboolean is_held = owner != 0;
  const char *recursive = state->is_recursive != 0 ? "true" : "false";

  if (is_held)
    {
      ret->owner_pid = get_process (owner);
      ret->owner_since =
          g_get_monotonic_time ()
          - (gint64) (get_rough_time () - state->owner_since) * GMPROC_LOCK_SINCE_UNIT;
    }
  if (state->is_recursive != 0)
    g_string_append_printf (ret->text, "recursive, %s", is_held ? "acquired" : "free");
  else
    g_string_append (ret->text, is_held ? "acquired" : "free");
  g_string_append_printf (ret->json, "\"recursive\": %s, \"held\": %s, \"depth\": %u", recursive,
                          is_held ? "true" : "false", is_held ? state->depth : 0);
}

/**
 * gmproc_lock_get_handle:
 * @self: a lock
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_lock_get_handle (GmprocLock *self)
{
  g_return_val_if_fail (GMPROC_IS_LOCK (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_lock_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the lock
 * Since: 1.0
 */
GmprocLock *
gmproc_lock_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_LOCK, error);
}

/**
 * gmproc_locker_new: (skip)
 * @lock: a lock
 * @error: return location
 *
 * Acquires the lock, however long it takes, for as long as the locker lives. With g_autoptr() that
 * is until the end of the scope, on whichever way the scope is left. The locker keeps the lock
 * alive; it has to be freed by the thread that made it.
 *
 * In Python this is `with lock:`.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE when the caller owns the lock already and it is not recursive.
 *
 * Returns: (transfer full) (nullable): a locker
 * Since: 1.0
 */
GmprocLocker *
gmproc_locker_new (GmprocLock *lock, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_LOCK (lock), NULL);

  if (!gmproc_lock_acquire (lock, GMPROC_FOREVER, NULL, error))
    return NULL;
  return (GmprocLocker *) g_object_ref (lock);
}

/**
 * gmproc_locker_free: (skip)
 * @locker: (nullable) (transfer full): a locker
 *
 * Releases the lock once. A lock that the calling thread does not own any more is an error of the
 * program, which is logged as critical.
 *
 * Since: 1.0
 */
void
gmproc_locker_free (GmprocLocker *locker)
{
  g_autoptr (GmprocLock) lock = (GmprocLock *) locker;
  g_autoptr (GError) error = NULL;

  if (lock != NULL && !gmproc_lock_release (lock, &error))
    g_critical ("gmproc_locker_free: %s", error->message);
}
