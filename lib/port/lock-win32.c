/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The lock is a mutex of the kernel, which knows when its owner's thread or process has ended. The
 * place has the identifier of the owner's thread, because the owner itself gets such a mutex as
 * often as it asks.
 *
 * Only the owner writes the identifier, so what a thread reads there is its own if and only if it
 * owns the lock; with one exception: the owner before died, and this thread got its identifier.
 * Then the mutex is abandoned, and asking for it tells.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "overlapped-win32.h"

typedef struct
{
  guint32 owner; /* atomic; a thread's identifier, 0 for none */
} Place;

G_STATIC_ASSERT (sizeof (Place) <= sizeof (GmprocPortLockPlace));

static Place *
get_place (GmprocPortLock *lock)
{
  return (Place *) lock->place;
}

gboolean
gmproc_port_lock_create (GmprocPortLock *lock, GmprocPortLockPlace *place, GError **error)
{
  HANDLE mutex = CreateMutexW (NULL, FALSE, NULL);

  if (mutex == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateMutex");
      return FALSE;
    }
  lock->place = place;
  lock->handle = (gintptr) mutex;
  get_place (lock)->owner = 0;
  return TRUE;
}

gboolean
gmproc_port_lock_attach (GmprocPortLock *lock, GmprocPortLockPlace *place, gintptr handle,
                         GError **error)
{
  if (!gmproc_port_handle_is_valid (handle))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "GetHandleInformation: the handle is not one of a lock");
      return FALSE;
    }
  lock->place = place;
  lock->handle = handle;
  return TRUE;
}

void
gmproc_port_lock_detach (GmprocPortLock *lock)
{
  lock->place = NULL;
  gmproc_port_handle_close (&lock->handle);
}

static gboolean
is_mine (GmprocPortLock *lock)
{
  return __atomic_load_n (&get_place (lock)->owner, __ATOMIC_RELAXED) == GetCurrentThreadId ();
}

/* RESULT is what a wait for the mutex gave, and WAS_MINE what is_mine() said before it. */
static GmprocPortLockResult
interpret (GmprocPortLock *lock, DWORD result, gboolean was_mine)
{
  switch (result)
    {
    case WAIT_OBJECT_0:
      if (was_mine)
        {
          (void) ReleaseMutex ((HANDLE) lock->handle); /* it is held once more now */
          return GMPROC_PORT_LOCK_HELD;
        }
      __atomic_store_n (&get_place (lock)->owner, GetCurrentThreadId (), __ATOMIC_RELAXED);
      return GMPROC_PORT_LOCK_ACQUIRED;
    case WAIT_ABANDONED:
      __atomic_store_n (&get_place (lock)->owner, GetCurrentThreadId (), __ATOMIC_RELAXED);
      return GMPROC_PORT_LOCK_ABANDONED;
    case WAIT_OBJECT_0 + 1:
      return GMPROC_PORT_LOCK_CANCELLED;
    case WAIT_TIMEOUT:
      return GMPROC_PORT_LOCK_TIMED_OUT;
    default:
      /* The handle is no mutex. Nobody can own such a lock, so the caller fails in an ordinary
       * way, and the reason is on record. */
      g_critical ("WaitForSingleObject: error %lu while waiting for a lock", GetLastError ());
      return GMPROC_PORT_LOCK_TIMED_OUT;
    }
}

GmprocPortLockResult
gmproc_port_lock_try (GmprocPortLock *lock)
{
  gboolean was_mine = is_mine (lock);
  DWORD wait_result = WaitForSingleObject ((HANDLE) lock->handle, 0);
  GmprocPortLockResult result = interpret (lock, wait_result, was_mine);

  return result == GMPROC_PORT_LOCK_HELD ? GMPROC_PORT_LOCK_TIMED_OUT : result;
}

GmprocPortLockResult
gmproc_port_lock_acquire (GmprocPortLock *lock, gint64 deadline, GCancellable *cancellable)
{
  gboolean was_mine = is_mine (lock);
  DWORD result;

  if (g_cancellable_is_cancelled (cancellable))
    return GMPROC_PORT_LOCK_CANCELLED;

  /* Nearly always it is free, and then a wait with a cancellable would cost an event for nothing.
   */
  result = WaitForSingleObject ((HANDLE) lock->handle, 0);
  if (result == WAIT_TIMEOUT)
    result = gmproc_port_wait_for ((HANDLE) lock->handle, deadline, cancellable);
  return interpret (lock, result, was_mine);
}

gboolean
gmproc_port_lock_release (GmprocPortLock *lock)
{
  if (!is_mine (lock))
    return FALSE;

  /* In this order: whoever gets the mutex writes its own identifier. */
  __atomic_store_n (&get_place (lock)->owner, 0, __ATOMIC_RELAXED);
  return ReleaseMutex ((HANDLE) lock->handle) != 0;
}
