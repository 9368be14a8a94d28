/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A name is the address of a socket in Linux's abstract namespace, which has no file and goes with
 * the socket. A thread of the publisher hands a copy of the descriptor to each process that
 * connects, and hears nothing from it, so nobody can keep it busy. Each side asks the kernel who
 * the other one is, and wants the same user: everybody may connect to, or take, such an address.
 */
#include "config.h"

#include "port.h"
#include "handle-posix.h"
#include "port-error.h"
#include "rights-posix.h"
#include "wait-posix.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifdef __linux__

#define ROOM_PAUSE 20 /* milliseconds */

struct GmprocPortName
{
  pid_t publisher;
  gintptr listener;
  gintptr handle; /* a copy */
  guint64 note;
  GThread *thread;
};

typedef struct
{
  struct sockaddr_un socket_address;
  socklen_t length;
} Address;

typedef union
{
  struct cmsghdr header;
  char bytes[CMSG_SPACE (sizeof (int))];
} Control;

static Address
make_address (const char *name)
{
  Address address = { .socket_address = { .sun_family = AF_UNIX } };
  /* A first byte of 0 is what makes it abstract. The name's end is the length. */
  int length =
      g_snprintf (address.socket_address.sun_path + 1, sizeof address.socket_address.sun_path - 1,
                  "gmproc-memory-%u-%s", (guint) geteuid (), name);

  address.length =
      (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + (gsize) MAX (length, 0));
  return address;
}

static gboolean
open_socket (gintptr *ret_handle, GError **error)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd != -1)
    return gmproc_port_handle_take (fd, ret_handle, error);
  gmproc_port_set_error (error, errno, "socket");
  return FALSE;
}

static gboolean
is_same_user (int fd)
{
  struct ucred peer;
  socklen_t size = sizeof peer;

  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid ();
}

/* -- publishing -------------------------------------------------------------------------------- */

/* To a socket that is new, so there is room for it. Who is gone already gets nothing. */
static void
hand_out (GmprocPortName *self, int fd)
{
  GmprocPortRights rights;
  struct iovec vector = { &self->note, sizeof self->note };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

  gmproc_port_rights_fill (&message, &rights, &self->handle, 1);
  (void) sendmsg (fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Ends when withdraw shuts the socket down. */
static gpointer
serve (gpointer data)
{
  GmprocPortName *self = data;

  for (;;)
    {
      int fd = accept4 ((int) self->listener, NULL, NULL, SOCK_CLOEXEC);

      if (fd != -1)
        {
          if (is_same_user (fd))
            hand_out (self, fd);
          (void) close (fd);
        }
      else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
        (void) poll (NULL, 0, ROOM_PAUSE); /* nothing tells when there is room again */
      else if (errno != EINTR && errno != ECONNABORTED && errno != EPERM)
        return NULL;
    }
}

static gboolean
take_address (gintptr listener, const char *name, GError **error)
{
  Address address = make_address (name);

  if (bind ((int) listener, (struct sockaddr *) &address.socket_address, address.length) == -1)
    {
      if (errno == EADDRINUSE)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "bind: the name is taken");
      else
        gmproc_port_set_error (error, errno, "bind");
      return FALSE;
    }
  if (listen ((int) listener, SOMAXCONN) == -1)
    {
      gmproc_port_set_error (error, errno, "listen");
      return FALSE;
    }
  return TRUE;
}

GmprocPortName *
gmproc_port_name_publish (const char *name, gintptr handle, guint64 note, GError **error)
{
  GmprocPortName *self = g_new0 (GmprocPortName, 1);

  *self = (GmprocPortName){ .publisher = getpid (),
                            .listener = GMPROC_PORT_NO_HANDLE,
                            .handle = GMPROC_PORT_NO_HANDLE,
                            .note = note };
  if (!open_socket (&self->listener, error) || !take_address (self->listener, name, error)
      || !gmproc_port_handle_duplicate (handle, &self->handle, error))
    goto fail;
  self->thread = gmproc_port_thread_new ("gmproc-name", serve, self, error);
  if (self->thread == NULL)
    goto fail;
  return self;

fail:
  gmproc_port_name_withdraw (&self);
  return NULL;
}

/* In a copy of the process that fork() made there is no thread, and the socket is the publisher's
 * too. */
void
gmproc_port_name_withdraw (GmprocPortName **name)
{
  GmprocPortName *self = *name;

  *name = NULL;
  if (self == NULL)
    return;
  if (self->thread != NULL && self->publisher == getpid ())
    {
      (void) shutdown ((int) self->listener, SHUT_RDWR);
      (void) g_thread_join (self->thread);
    }
  gmproc_port_handle_close (&self->listener);
  gmproc_port_handle_close (&self->handle);
  g_free (self);
}

/* -- looking up -------------------------------------------------------------------------------- */

static gboolean
set_not_found (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "connect: nobody has the name");
  return FALSE;
}

/* Does not wait, but when hundreds connect at once. */
static gboolean
reach (int fd, const char *name, gint64 deadline, GError **error)
{
  Address address = make_address (name);
  gint64 left = MAX (deadline - g_get_monotonic_time (), 1);
  struct timeval timeout = { .tv_sec = left / G_USEC_PER_SEC, .tv_usec = left % G_USEC_PER_SEC };
  int result;

  if (deadline != GMPROC_PORT_FOREVER)
    (void) setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  do
    result = connect (fd, (struct sockaddr *) &address.socket_address, address.length);
  while (result == -1 && errno == EINTR);

  if (result == -1 && errno == ECONNREFUSED)
    return set_not_found (error);
  if (result == -1 && (errno == EAGAIN || errno == EINPROGRESS))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "connect: timed out");
      return FALSE;
    }
  if (result == -1)
    {
      gmproc_port_set_error (error, errno, "connect");
      return FALSE;
    }
  if (is_same_user (fd))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                       "connect: another user has the name");
  return FALSE;
}

static gboolean
take_copy (struct msghdr *message, gintptr *ret_handle, GError **error)
{
  struct cmsghdr *header = CMSG_FIRSTHDR (message);
  int fd;

  if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS
      || header->cmsg_len != CMSG_LEN (sizeof fd))
    {
      if ((message->msg_flags & MSG_CTRUNC) != 0)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                             "recvmsg: there is no room for another descriptor");
      else
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                             "recvmsg: no descriptor came");
      return FALSE;
    }
  memcpy (&fd, CMSG_DATA (header), sizeof fd);
  return gmproc_port_handle_take (fd, ret_handle, error);
}

static gboolean
take_answer (int fd, gint64 deadline, gintptr *ret_handle, guint64 *ret_note, GError **error)
{
  Control control;
  struct iovec vector = { ret_note, sizeof *ret_note };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  gssize n_read;

  if (!gmproc_port_wait_for_fd (fd, POLLIN, deadline, NULL, error))
    return FALSE;
  do
    n_read = recvmsg (fd, &message, MSG_CMSG_CLOEXEC);
  while (n_read == -1 && errno == EINTR);

  /* It withdrew the name, or ended, before it answered. */
  if (n_read == 0 || (n_read == -1 && errno == ECONNRESET))
    return set_not_found (error);
  if (n_read == -1)
    {
      gmproc_port_set_error (error, errno, "recvmsg");
      return FALSE;
    }
  if (!take_copy (&message, ret_handle, error))
    return FALSE;
  if (n_read == sizeof *ret_note)
    return TRUE;
  gmproc_port_handle_close (ret_handle);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "recvmsg: %" G_GSSIZE_FORMAT " bytes are no answer", n_read);
  return FALSE;
}

gboolean
gmproc_port_name_look_up (const char *name, gint64 deadline, gintptr *ret_handle, guint64 *ret_note,
                          GError **error)
{
  gintptr fd;
  gboolean success;

  if (!open_socket (&fd, error))
    return FALSE;
  success = reach ((int) fd, name, deadline, error)
            && take_answer ((int) fd, deadline, ret_handle, ret_note, error);
  gmproc_port_handle_close (&fd);
  return success;
}

#else /* no names that go with their process */

static gboolean
refuse (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "bind: this system has no names that end with their process");
  return FALSE;
}

GmprocPortName *
gmproc_port_name_publish (const char *name G_GNUC_UNUSED, gintptr handle G_GNUC_UNUSED,
                          guint64 note G_GNUC_UNUSED, GError **error)
{
  (void) refuse (error);
  return NULL;
}

void
gmproc_port_name_withdraw (GmprocPortName **name)
{
  *name = NULL;
}

gboolean
gmproc_port_name_look_up (const char *name G_GNUC_UNUSED, gint64 deadline G_GNUC_UNUSED,
                          gintptr *ret_handle G_GNUC_UNUSED, guint64 *ret_note G_GNUC_UNUSED,
                          GError **error)
{
  return refuse (error);
}
#endif
