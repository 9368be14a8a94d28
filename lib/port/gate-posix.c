/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The lock is on the folder, so nothing is left in it. It belongs to the open file: two threads of
 * one process keep each other out as well, and the end of the process gives it back.
 */
#include "config.h"

#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "handle-posix.h"
#include "port-error.h"

/* flock() has no deadline and tells nobody when the lock is free; it is held for microseconds. */
#define TIME_BETWEEN_TRIES (1 * G_TIME_SPAN_MILLISECOND)

gboolean
gmproc_port_gate_enter (const char *path, gint64 deadline, gintptr *ret_handle, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  gintptr handle;
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd == -1)
    {
      gmproc_port_set_error (error, errno, "open");
      g_prefix_error (error, "The folder %s: ", folder);
      return FALSE;
    }
  if (!gmproc_port_handle_take (fd, &handle, error))
    return FALSE;
  while (flock ((int) handle, LOCK_EX | LOCK_NB) == -1)
    {
      int saved_errno = errno;

      if (saved_errno == EINTR)
        continue;
      if (saved_errno != EWOULDBLOCK)
        gmproc_port_set_error (error, saved_errno, "flock");
      else if (g_get_monotonic_time () >= deadline)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                     "The folder %s is locked by another process", folder);
      else
        {
          g_usleep (TIME_BETWEEN_TRIES);
          continue;
        }
      gmproc_port_handle_close (&handle);
      return FALSE;
    }
  *ret_handle = handle;
  return TRUE;
}
