/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A process that is stopped runs nothing, so it cannot end itself when its parent is gone. The
 * kernel has to do it. A leash is a pipe into which nothing is ever written. When the end that is
 * kept is closed with its process, the kernel sends the signal that the owner of the other end has
 * asked for: SIGKILL, to itself.
 *
 * Whom to tell is a matter of the open file and not of the descriptor, and all who are given the
 * leash share one file. So each opens the pipe once more, through the folder where Linux shows a
 * process its descriptors.
 *
 * PR_SET_PDEATHSIG would be simpler and is no substitute: it fires when the thread that started us
 * ends, and under another start method our parent in the system's eyes is somebody else.
 */
#include "config.h"

#include "port.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

gboolean
gmproc_port_leash_new (gintptr *ret_keep, gintptr *ret_give, GError **error)
{
#ifdef F_SETSIG
  return gmproc_port_channel_new_pipe (ret_give, ret_keep, error);
#else
  (void) error;
  *ret_keep = *ret_give = GMPROC_PORT_NO_HANDLE;
  return TRUE;
#endif
}

void
gmproc_port_leash_wear (gintptr given)
{
#ifdef F_SETSIG
  char path[64];
  int fd;

  if (given == GMPROC_PORT_NO_HANDLE)
    return;
  (void) snprintf (path, sizeof path, "/proc/self/fd/%d", (int) given);
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd == -1)
    return;
  /* The signal comes only after the last of these calls. The descriptor stays open for good. */
  if (fcntl (fd, F_SETOWN, getpid ()) == -1 || fcntl (fd, F_SETSIG, SIGKILL) == -1
      || fcntl (fd, F_SETFL, O_NONBLOCK | O_ASYNC) == -1)
    (void) close (fd);
#else
  (void) given;
#endif
}
