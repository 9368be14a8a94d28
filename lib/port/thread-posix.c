/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A thread inherits the signal mask of the one that makes it, so the mask is full for that moment.
 * A signal that comes in between waits, and is taken afterwards.
 */
#include "config.h"

#include "port.h"

#include <signal.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

GThread *
gmproc_port_thread_new (const char *name, GThreadFunc function, gpointer user_data, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  sigset_t all_signals, old_mask;
  GThread *thread;

  (void) sigfillset (&all_signals);
  (void) pthread_sigmask (SIG_BLOCK, &all_signals, &old_mask);
  thread = g_thread_try_new (name, function, user_data, &local_error);
  (void) pthread_sigmask (SIG_SETMASK, &old_mask, NULL);

  if (thread == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "pthread_create: %s", local_error->message);
  return thread;
}

guint32
gmproc_port_thread_get_id (void)
{
#ifdef __linux__
  return (guint32) syscall (SYS_gettid);
#else
  return (guint32) getpid (); /* no number of a thread is the same in all tools of this system */
#endif
}
