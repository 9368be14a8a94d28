/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A file that several processes append to.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

gboolean
gmproc_port_journal_open (const char *path, gboolean is_new, gintptr *ret_handle, GError **error)
{
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | (is_new ? O_TRUNC : 0), 0666);

  if (fd == -1)
    {
      gmproc_port_set_error (error, errno, "open");
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  *ret_handle = fd;
  return TRUE;
}

/* The kernel moves to the end and writes under one lock of the file. */
void
gmproc_port_journal_append (gintptr handle, gconstpointer record, gsize size)
{
  gssize count;

  do
    count = write ((int) handle, record, size);
  while (count == -1 && errno == EINTR);
}
