/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * On Linux a lifeline is a pidfd of the process itself, which polls as readable when the process is
 * gone. Nobody else can keep it from breaking.
 *
 * Where there are none, it is a pipe into which nothing is ever written. The kernel closes the end
 * that is kept when its process is gone, and then the given end hangs up. A copy of the process,
 * which a fork() of the program makes, keeps such a lifeline whole as long as the copy lives.
 *
 * Either belongs to the process and not to a thread, so a thread that ends early breaks nothing.
 */
#include "config.h"

#include "port.h"
#include "handle-posix.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

gboolean
gmproc_port_lifeline_new (gintptr *ret_keep, gintptr *ret_give, GError **error)
{
#ifdef SYS_pidfd_open
  int pidfd = (int) syscall (SYS_pidfd_open, getpid (), 0);

  if (pidfd != -1)
    {
      *ret_keep = GMPROC_PORT_NO_HANDLE;
      return gmproc_port_handle_take (pidfd, ret_give, error);
    }
#endif
  return gmproc_port_channel_new_pipe (ret_give, ret_keep, error);
}

/* Of a pipe only the hang-up is of interest: asking for input too would make a byte that somebody
 * wrote by mistake look like an end, or turn the wait into a busy loop. */
static gboolean
is_pipe (gintptr given)
{
  struct stat status;

  return fstat ((int) given, &status) == 0 && S_ISFIFO (status.st_mode);
}

static gboolean
poll_for_end (gintptr given, int timeout)
{
  struct pollfd poll_fd = { (int) given, is_pipe (given) ? 0 : POLLIN, 0 };
  int n_ready;

  do
    n_ready = poll (&poll_fd, 1, timeout);
  while (n_ready == -1 && errno == EINTR);

  /* What poll() refuses, or calls invalid, has no live process behind it either. */
  return n_ready != 0;
}

void
gmproc_port_lifeline_wait (gintptr given)
{
  (void) poll_for_end (given, -1);
}

gboolean
gmproc_port_lifeline_is_broken (gintptr given)
{
  return poll_for_end (given, 0);
}

GSource *
gmproc_port_lifeline_create_source (gintptr given)
{
  return g_unix_fd_source_new ((int) given,
                               G_IO_HUP | G_IO_ERR | G_IO_NVAL | (is_pipe (given) ? 0 : G_IO_IN));
}
