/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "fork-message-posix.h"

#include "port.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define SPACE_FOR_DESCRIPTORS CMSG_SPACE (GMPROC_FORK_MAX_DESCRIPTORS * sizeof (int))
#ifdef SCM_CREDENTIALS
#define SPACE_FOR_SENDER CMSG_SPACE (sizeof (struct ucred))
#else
#define SPACE_FOR_SENDER 0
#endif

guint
gmproc_port_fork_count_descriptors (const GmprocForkRequest *request)
{
  guint n_descriptors = 2 + request->n_handles;

  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    n_descriptors += request->has_stream[i] != 0;
  return n_descriptors;
}

gssize
gmproc_port_fork_write (int socket, gconstpointer data, gsize size, const gintptr *handles,
                        guint n_handles)
{
  int descriptors[GMPROC_FORK_MAX_DESCRIPTORS];
  struct iovec vector = { (gpointer) data, size };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  union
  {
    char bytes[SPACE_FOR_DESCRIPTORS];
    struct cmsghdr alignment;
  } control;
  gssize n_written;

  g_assert (n_handles <= GMPROC_FORK_MAX_DESCRIPTORS);
  if (n_handles > 0)
    {
      struct cmsghdr *header = &control.alignment;

      memset (&control, 0, sizeof control);
      message.msg_control = control.bytes;
      message.msg_controllen = CMSG_SPACE (n_handles * sizeof (int));
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (n_handles * sizeof (int));
      for (guint i = 0; i < n_handles; i++)
        descriptors[i] = (int) handles[i];
      memcpy (CMSG_DATA (header), descriptors, n_handles * sizeof (int));
    }
  do
    n_written = sendmsg (socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n_written == -1 && errno == EINTR);
  return n_written;
}

static void
take_descriptors (const struct cmsghdr *header, gintptr *handles, guint *ret_n_handles)
{
  guint n_handles = (guint) ((header->cmsg_len - CMSG_LEN (0)) / sizeof (int));
  int descriptors[GMPROC_FORK_MAX_DESCRIPTORS];

  memcpy (descriptors, CMSG_DATA (header), n_handles * sizeof (int));
  for (guint i = 0; i < n_handles; i++)
    handles[i] = descriptors[i];
  *ret_n_handles = n_handles;
}

gssize
gmproc_port_fork_read (int socket, gpointer data, gsize size, gintptr *handles,
                       guint *ret_n_handles, pid_t *ret_sender)
{
  union
  {
    char bytes[SPACE_FOR_DESCRIPTORS + SPACE_FOR_SENDER];
    struct cmsghdr alignment;
  } control;
  struct iovec vector = { data, size };
  struct msghdr message = { .msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control };
  gssize n_read;

  *ret_n_handles = 0;
  *ret_sender = 0;
  do
    n_read = recvmsg (socket, &message, MSG_CMSG_CLOEXEC);
  while (n_read == -1 && errno == EINTR);
  if (n_read == -1)
    return -1;

  for (struct cmsghdr *at = CMSG_FIRSTHDR (&message); at != NULL; at = CMSG_NXTHDR (&message, at))
    {
      if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS)
        take_descriptors (at, handles, ret_n_handles);
#ifdef SCM_CREDENTIALS
      if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_CREDENTIALS)
        {
          struct ucred sender;

          memcpy (&sender, CMSG_DATA (at), sizeof sender);
          *ret_sender = sender.pid;
        }
#endif
    }
  if ((message.msg_flags & MSG_CTRUNC) == 0)
    return n_read;
  for (guint i = 0; i < *ret_n_handles; i++)
    gmproc_port_handle_close (&handles[i]);
  *ret_n_handles = 0;
  errno = EMFILE;
  return -1;
}
