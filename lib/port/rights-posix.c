/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "rights-posix.h"

#include "handle-posix.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void
gmproc_port_rights_fill (struct msghdr *message, GmprocPortRights *rights, const gintptr *handles,
                         guint n_handles)
{
  struct cmsghdr *header;

  memset (rights, 0, sizeof *rights);
  message->msg_control = rights;
  message->msg_controllen = CMSG_SPACE (sizeof (int) * n_handles);
  header = CMSG_FIRSTHDR (message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (sizeof (int) * n_handles);
  for (guint i = 0; i < n_handles; i++)
    {
      int fd = (int) handles[i];

      memcpy (CMSG_DATA (header) + i * sizeof fd, &fd, sizeof fd);
    }
}

/* Takes FD over. */
static gboolean
take_one (int fd, gintptr *handles, guint *n_handles)
{
  if (*n_handles == GMPROC_PORT_COURIER_MAX)
    {
      (void) close (fd);
      return FALSE;
    }
  if (!gmproc_port_handle_take (fd, &handles[*n_handles], NULL))
    return FALSE;

  (void) fcntl ((int) handles[*n_handles], F_SETFD, FD_CLOEXEC);
  (*n_handles)++;
  return TRUE;
}

gboolean
gmproc_port_rights_take (struct msghdr *message, gintptr *handles, guint *n_handles)
{
  gboolean has_all = (message->msg_flags & MSG_CTRUNC) == 0;

  for (struct cmsghdr *header = CMSG_FIRSTHDR (message); header != NULL;
       header = CMSG_NXTHDR (message, header))
    {
      gsize n;

      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        continue;
      n = (header->cmsg_len - CMSG_LEN (0)) / sizeof (int);
      for (gsize i = 0; i < n; i++)
        {
          int fd;

          memcpy (&fd, CMSG_DATA (header) + i * sizeof fd, sizeof fd);
          if (!take_one (fd, handles, n_handles))
            has_all = FALSE;
        }
    }
  return has_all;
}
