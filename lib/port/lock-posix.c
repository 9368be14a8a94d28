/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The lock is a mutex in the place: shared between processes, robust (the kernel marks it when
 * the thread that owns it ends, and the next one is told) and checking for errors.
 *
 * The system cannot wake a waiter for a mutex when a cancellable fires, so a wait with one is cut
 * into slices.
 *
 * A wait without one is cut into slices too, which grow. A release wakes one waiter. If that one is
 * killed before it has the mutex, while a third thread takes the mutex without a wait, then the
 * system sees an owner that lives and wakes nobody in its place, and the owner does not know of the
 * others that wait: they would sleep beside a free mutex. So a waiter looks for itself now and
 * then.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define SLICE (20 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_SLICE (1 * G_TIME_SPAN_SECOND) /* how long a kill can hold others up */

G_STATIC_ASSERT (sizeof (pthread_mutex_t) <= sizeof (GmprocPortLockPlace));
G_STATIC_ASSERT (G_ALIGNOF (pthread_mutex_t) <= G_ALIGNOF (GmprocPortLockPlace));

static pthread_mutex_t *
get_mutex (GmprocPortLock *lock)
{
  return (pthread_mutex_t *) lock->place;
}

/* Gives 0 or an errno, as the calls themselves do, and which of them failed. */
static int
init_mutex (pthread_mutex_t *mutex, pthread_mutexattr_t *attributes, const char **ret_call)
{
  int result;

  *ret_call = "pthread_mutexattr_setpshared";
  result = pthread_mutexattr_setpshared (attributes, PTHREAD_PROCESS_SHARED);
  if (result != 0)
    return result;
  *ret_call = "pthread_mutexattr_setrobust";
  result = pthread_mutexattr_setrobust (attributes, PTHREAD_MUTEX_ROBUST);
  if (result != 0)
    return result;
  *ret_call = "pthread_mutexattr_settype";
  result = pthread_mutexattr_settype (attributes, PTHREAD_MUTEX_ERRORCHECK);
  if (result != 0)
    return result;
  *ret_call = "pthread_mutex_init";
  return pthread_mutex_init (mutex, attributes);
}

gboolean
gmproc_port_lock_create (GmprocPortLock *lock, GmprocPortLockPlace *place, GError **error)
{
  pthread_mutexattr_t attributes;
  const char *call = "pthread_mutexattr_init";
  int result = pthread_mutexattr_init (&attributes);

  if (result == 0)
    {
      result = init_mutex ((pthread_mutex_t *) place, &attributes, &call);
      (void) pthread_mutexattr_destroy (&attributes);
    }
  if (result != 0)
    {
      gmproc_port_set_error (error, result, call);
      return FALSE;
    }
  lock->place = place;
  lock->handle = GMPROC_PORT_NO_HANDLE;
  return TRUE;
}

gboolean
gmproc_port_lock_attach (GmprocPortLock *lock, GmprocPortLockPlace *place, gintptr handle,
                         GError **error G_GNUC_UNUSED)
{
  gmproc_port_handle_close (&handle); /* no lock of this system has one */
  lock->place = place;
  lock->handle = GMPROC_PORT_NO_HANDLE;
  return TRUE;
}

void
gmproc_port_lock_detach (GmprocPortLock *lock)
{
  lock->place = NULL;
  gmproc_port_handle_close (&lock->handle);
}

static struct timespec
to_timespec (gint64 microseconds)
{
  struct timespec time;

  microseconds = MAX (microseconds, 0); /* all that lies before the clock's start is over */
  time.tv_sec = microseconds / G_USEC_PER_SEC;
  time.tv_nsec = microseconds % G_USEC_PER_SEC * 1000;
  return time;
}

/* Waits until DEADLINE or a little less; the caller looks at the clock again. */
static int
lock_until (pthread_mutex_t *mutex, gint64 deadline)
{
#ifdef HAVE_PTHREAD_MUTEX_CLOCKLOCK
  struct timespec time = to_timespec (deadline);

  return pthread_mutex_clocklock (mutex, CLOCK_MONOTONIC, &time);
#else
  /* The only timed wait of this system is on the wall clock, which may be set. A short slice
   * bounds what that can do. */
  gint64 remaining = CLAMP (MAX (deadline, 0) - g_get_monotonic_time (), 0, SLICE);
  struct timespec time = to_timespec (deadline <= 0 ? 0 : g_get_real_time () + remaining);

  return pthread_mutex_timedlock (mutex, &time);
#endif
}

/* Asks again after each slice. */
static int
lock_in_slices (pthread_mutex_t *mutex, gint64 deadline, GCancellable *cancellable)
{
  gint64 slice = SLICE;

  for (;;)
    {
      int result = lock_until (mutex, MIN (deadline, g_get_monotonic_time () + slice));

      if (result != ETIMEDOUT)
        return result;
      if (g_cancellable_is_cancelled (cancellable))
        return ECANCELED;
      if (g_get_monotonic_time () >= deadline)
        return ETIMEDOUT;
      if (cancellable == NULL)
        slice = MIN (2 * slice, LONGEST_SLICE);
    }
}

/* RESULT is what one of the calls gave. */
static GmprocPortLockResult
interpret (pthread_mutex_t *mutex, int result)
{
  switch (result)
    {
    case 0:
      return GMPROC_PORT_LOCK_ACQUIRED;
    case EOWNERDEAD:
      /* At once: a release before this would make the lock unusable for ever. */
      (void) pthread_mutex_consistent (mutex);
      return GMPROC_PORT_LOCK_ABANDONED;
    case EDEADLK:
      return GMPROC_PORT_LOCK_HELD;
    case ECANCELED:
      return GMPROC_PORT_LOCK_CANCELLED;
    case EBUSY:
    case ETIMEDOUT:
      return GMPROC_PORT_LOCK_TIMED_OUT;
    default:
      /* Some process wrote over the place. Nobody can own such a lock any more, so the caller
       * fails in an ordinary way, and the reason is on record. */
      g_critical ("pthread_mutex_lock: %s", g_strerror (result));
      return GMPROC_PORT_LOCK_TIMED_OUT;
    }
}

GmprocPortLockResult
gmproc_port_lock_try (GmprocPortLock *lock)
{
  pthread_mutex_t *mutex = get_mutex (lock);
  int result = pthread_mutex_trylock (mutex);

  return G_LIKELY (result == 0) ? GMPROC_PORT_LOCK_ACQUIRED : interpret (mutex, result);
}

GmprocPortLockResult
gmproc_port_lock_acquire (GmprocPortLock *lock, gint64 deadline, GCancellable *cancellable)
{
  pthread_mutex_t *mutex = get_mutex (lock);
  int result;

  if (g_cancellable_is_cancelled (cancellable))
    return GMPROC_PORT_LOCK_CANCELLED;

  result = pthread_mutex_trylock (mutex);
  /* A try says "busy" to the owner too. Only a real wait, even one that is over before it begins,
   * tells the owner that it would wait for itself. */
  if (result == EBUSY)
    result = lock_in_slices (mutex, deadline, cancellable);

  return interpret (mutex, result);
}

gboolean
gmproc_port_lock_release (GmprocPortLock *lock)
{
  int result = pthread_mutex_unlock (get_mutex (lock));

  if (G_LIKELY (result == 0))
    return TRUE;
  if (result != EPERM)
    g_critical ("pthread_mutex_unlock: %s", g_strerror (result));
  return FALSE;
}
