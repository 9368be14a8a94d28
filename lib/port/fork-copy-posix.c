/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * fork() makes children of its caller. That the copy is a child of the caller's parent is asked of
 * the kernel itself, and then what fork() does in the copy of a process with one thread is left to
 * do here:
 *
 *   - The C library keeps the thread's id, which its mutexes store as their owner. The kernel
 * writes the new id to the place where glibc has it, which is the one that the kernel clears when
 * the thread ends, and which it tells.
 *   - The list of robust mutexes, from which the kernel learns what a dead thread held, is
 * registered again.
 *   - What is stored of the process's id is forgotten.
 *
 * Whether the place is the right one is looked at before the first copy is made; where it is not,
 * as in other C libraries, there is no fork server. Handlers of pthread_atfork() do not run.
 */
#include "config.h"

#include "fork-copy-posix.h"

#include "self-posix.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__linux__) && defined(__GLIBC__) && defined(SYS_clone) && defined(SYS_pidfd_open)
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* Where the C library keeps the calling thread's id, or NULL. */
static pid_t *
find_thread_id (void)
{
  pid_t *place = NULL;

  if (prctl (PR_GET_TID_ADDRESS, (unsigned long) (uintptr_t) &place, 0, 0, 0) == -1 || place == NULL
      || *place != (pid_t) syscall (SYS_gettid))
    return NULL;
  return place;
}

/* What a mutex takes for the calling thread's id. */
static pid_t
get_owner_id (void)
{
  pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
  pid_t owner;

  (void) pthread_mutex_lock (&mutex);
  owner = (pid_t) mutex.__data.__owner;
  (void) pthread_mutex_unlock (&mutex);
  return owner;
}

gboolean
gmproc_port_fork_copy_is_supported (void)
{
  pid_t *place = find_thread_id ();

  return place != NULL && get_owner_id () == *place;
}

pid_t
gmproc_port_fork_copy (pid_t *ret_pid)
{
  unsigned long flags =
      CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
  pid_t *place = find_thread_id ();
  size_t size = 0;
  void *robust_list = NULL;
  pid_t pid;

  if (place == NULL || syscall (SYS_get_robust_list, 0, &robust_list, &size) == -1)
    {
      errno = ENOSYS;
      return -1;
    }
    /* The fourth argument and the fifth change their places between processors; the one that is not
     * the place is for new threads only. */
#ifdef __s390__
  pid = (pid_t) syscall (SYS_clone, NULL, flags, ret_pid, place, place);
#else
  pid = (pid_t) syscall (SYS_clone, flags, NULL, ret_pid, place, place);
#endif
  if (pid != 0)
    return pid;

  gmproc_port_self_forget ();
  (void) syscall (SYS_set_robust_list, robust_list, size);
  /* A lock with a wrong owner would do harm that nobody could trace to this. */
  if (get_owner_id () != (pid_t) syscall (SYS_gettid))
    abort ();
  return 0;
}

#else /* a copy can only be a child of its caller */

gboolean
gmproc_port_fork_copy_is_supported (void)
{
  return FALSE;
}

pid_t
gmproc_port_fork_copy (pid_t *ret_pid G_GNUC_UNUSED)
{
  errno = ENOSYS;
  return -1;
}
#endif
