/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A Unix socket's stream. GIO would read its bytes as well, but lose the descriptors that come with
 * them. These come with the first byte that was sent with them, and a read stops before the next
 * bytes that bring some, so whoever reads one message and no more gets that message's descriptors.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "rights-posix.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#ifndef IOV_MAX
#define IOV_MAX 1024
#endif

/* A link is not followed: it is not the socket's file. */
gboolean
gmproc_port_socket_find_file (const char *path, GmprocPortFileId *ret)
{
  struct stat status;

  if (lstat (path, &status) == -1 || !S_ISSOCK (status.st_mode))
    return FALSE;
  *ret = (GmprocPortFileId){ (guint64) status.st_dev, (guint64) status.st_ino };
  return TRUE;
}

gboolean
gmproc_port_socket_carries_handles (GSocket *socket)
{
  return g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX;
}

gssize
gmproc_port_socket_send (GSocket *socket, const GOutputVector *vectors, gsize n_vectors,
                         const gintptr *handles, guint n_handles, GError **error)
{
  GmprocPortRights rights;
  struct msghdr message = { .msg_iov = (struct iovec *) vectors };
  gssize n_sent;

  g_return_val_if_fail (n_handles <= GMPROC_PORT_COURIER_MAX, -1);

  message.msg_iovlen = MIN (n_vectors, (gsize) IOV_MAX);
  if (n_handles > 0)
    gmproc_port_rights_fill (&message, &rights, handles, n_handles);
  do
    n_sent = sendmsg (g_socket_get_fd (socket), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n_sent == -1 && errno == EINTR);
  if (n_sent == -1)
    gmproc_port_set_error (error, errno, "sendmsg");
  return n_sent;
}

static void
take_arrivals (GmprocPortArrivals *arrivals, struct msghdr *message)
{
  if (message->msg_controllen == 0 && (message->msg_flags & MSG_CTRUNC) == 0)
    return;
  if (arrivals->handles == NULL)
    arrivals->handles = g_new (gintptr, GMPROC_PORT_COURIER_MAX);
  if (!gmproc_port_rights_take (message, arrivals->handles, &arrivals->n_handles))
    arrivals->is_cut = TRUE;
}

gssize
gmproc_port_socket_receive (GSocket *socket, gpointer buffer, gsize size,
                            GmprocPortArrivals *arrivals, GError **error)
{
  GmprocPortRights rights;
  struct iovec vector = { buffer, size };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  gssize n_read;

  do
    {
      message.msg_control = &rights;
      message.msg_controllen = sizeof rights;
      n_read = recvmsg (g_socket_get_fd (socket), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    }
  while (n_read == -1 && errno == EINTR);
  if (n_read == -1)
    gmproc_port_set_error (error, errno, "recvmsg");
  else
    take_arrivals (arrivals, &message);
  return n_read;
}

void
gmproc_port_arrivals_clear (GmprocPortArrivals *arrivals)
{
  for (guint i = 0; i < arrivals->n_handles; i++)
    gmproc_port_handle_close (&arrivals->handles[i]);
  g_free (arrivals->handles);
  *arrivals = (GmprocPortArrivals){ NULL, 0, FALSE };
}
