/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A handle is a file descriptor.
 */
#include "config.h"

#include "port.h"
#include "handle-posix.h"
#include "port-error.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FIRST_OWN_DESCRIPTOR 3

gboolean
gmproc_port_handle_duplicate (gintptr handle, gintptr *ret_copy, GError **error)
{
  int copy = fcntl ((int) handle, F_DUPFD_CLOEXEC, FIRST_OWN_DESCRIPTOR);

  if (copy == -1)
    {
      gmproc_port_set_error (error, errno, "fcntl(F_DUPFD_CLOEXEC)");
      return FALSE;
    }
  *ret_copy = copy;
  return TRUE;
}

gboolean
gmproc_port_handle_take (int fd, gintptr *ret_handle, GError **error)
{
  gintptr low = fd;
  gboolean success;

  if (fd >= FIRST_OWN_DESCRIPTOR)
    {
      *ret_handle = fd;
      return TRUE;
    }

  success = gmproc_port_handle_duplicate (low, ret_handle, error);
  gmproc_port_handle_close (&low);
  return success;
}

gboolean
gmproc_port_pipe (int *fds, GError **error)
{
#ifdef HAVE_PIPE2
  int result = pipe2 (fds, O_CLOEXEC);
#else
  int result = pipe (fds);

  for (int i = 0; result == 0 && i < 2; i++)
    (void) fcntl (fds[i], F_SETFD, FD_CLOEXEC);
#endif

  if (result == -1)
    gmproc_port_set_error (error, errno, "pipe");
  return result == 0;
}

gboolean
gmproc_port_handle_is_inherited (int fd)
{
  int flags = fcntl (fd, F_GETFD);

  return flags != -1 && (flags & FD_CLOEXEC) == 0;
}

gboolean
gmproc_port_handle_is_valid (gintptr handle)
{
  return handle >= 0 && handle <= G_MAXINT && fcntl ((int) handle, F_GETFD) != -1;
}

void
gmproc_port_handle_close (gintptr *handle)
{
  int saved_errno = errno;

  /* After EINTR the descriptor is closed on Linux, and its number may be another thread's by now,
   * so there is no second try. */
  if (*handle != GMPROC_PORT_NO_HANDLE)
    (void) close ((int) *handle);
  *handle = GMPROC_PORT_NO_HANDLE;
  errno = saved_errno;
}

/* What GLib is woken by is an eventfd, or a pipe where the system has none. */
gboolean
gmproc_port_handle_check_room (GError **error)
{
  int fds[2];

  if (!gmproc_port_pipe (fds, error))
    return FALSE;
  (void) close (fds[0]);
  (void) close (fds[1]);
  return TRUE;
}

GMainContext *
gmproc_port_new_context (GError **error)
{
  return gmproc_port_handle_check_room (error) ? g_main_context_new () : NULL;
}
