/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "port.h"
#include "port-error.h"

#include <errno.h>
#include <fcntl.h>
#ifdef HAVE_SYS_RANDOM_H
#include <sys/random.h>
#endif
#include <unistd.h>

#ifdef HAVE_GETENTROPY

gboolean
gmproc_port_random_fill (gpointer buffer, gsize size, GError **error)
{
  if (getentropy (buffer, size) == 0)
    return TRUE;

  gmproc_port_set_error (error, errno, "getentropy");
  return FALSE;
}

#else

gboolean
gmproc_port_random_fill (gpointer buffer, gsize size, GError **error)
{
  int fd = open ("/dev/urandom", O_RDONLY | O_CLOEXEC);
  gssize count = -1;
  int saved_errno;

  if (fd != -1)
    do
      count = read (fd, buffer, size);
    while (count == -1 && errno == EINTR);
  saved_errno = count == -1 ? errno : EIO;
  if (fd != -1)
    (void) close (fd);
  if (count == (gssize) size)
    return TRUE;

  gmproc_port_set_error (error, saved_errno, "/dev/urandom");
  return FALSE;
}

#endif
