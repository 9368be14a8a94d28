/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A courier is a pair of Unix sockets, on which each parcel is one packet: descriptors, and the
 * ticket as its bytes. A packet is sent whole or not at all.
 *
 * A ticket is the sender (a random number and the process id, which tells a forked copy apart) and
 * a number that the sender counts up. One sender's parcels and tickets come in the same order, so a
 * parcel that comes before the one that is looked for, of the same sender, has lost its ticket and
 * is closed. One of another sender may still be asked for, and is kept. A sender that lives is
 * ahead of its tickets by one parcel at most, as the message goes before the next parcel; so these
 * are as many as processes send through one end at the same moment, and one for each that was
 * killed between the two. Of more than MAX_KEPT the oldest is dropped, and an error that may come
 * of it says so.
 */
#include "config.h"

#include "port.h"
#include "handle-posix.h"
#include "port-error.h"
#include "rights-posix.h"
#include "wait-posix.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_KEPT 1024

typedef struct
{
  guint64 sender[2];
  guint64 number;
  guint64 n_handles;
} Ticket;

typedef struct
{
  Ticket ticket;
  gintptr handles[GMPROC_PORT_COURIER_MAX];
  guint n_handles;
  gboolean is_cut; /* descriptors were lost on their way into this process */
} Parcel;

/* The system's part of a courier. */
typedef struct
{
  GQueue kept; /* Parcel, the oldest first */
  guint n_dropped;
} Arrived;

static void
parcel_free (gpointer data)
{
  Parcel *parcel = data;

  for (guint i = 0; i < parcel->n_handles; i++)
    gmproc_port_handle_close (&parcel->handles[i]);
  g_free (parcel);
}

/* -- the two ends ------------------------------------------------------------------------------ */

static gboolean
make_sockets (int *fds, GError **error)
{
  /* Where there are no packets that keep their order there are datagrams, which do as well. */
  if (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0
      || socketpair (AF_UNIX, SOCK_DGRAM, 0, fds) == 0)
    return TRUE;

  gmproc_port_set_error (error, errno, "socketpair");
  return FALSE;
}

static gboolean
prepare (int fd, GError **error)
{
#ifdef SO_NOSIGPIPE
  int one = 1;

  (void) setsockopt (fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#endif
  if (fcntl (fd, F_SETFD, FD_CLOEXEC) != -1)
    return TRUE;

  gmproc_port_set_error (error, errno, "fcntl(F_SETFD)");
  return FALSE;
}

gboolean
gmproc_port_courier_new_pair (gintptr *ret_first, gintptr *ret_second, GError **error)
{
  gintptr first = GMPROC_PORT_NO_HANDLE, second = GMPROC_PORT_NO_HANDLE;
  int fds[2];

  if (!make_sockets (fds, error))
    return FALSE;
  if (!gmproc_port_handle_take (fds[0], &first, error))
    {
      (void) close (fds[1]);
      return FALSE;
    }
  if (gmproc_port_handle_take (fds[1], &second, error) && prepare ((int) first, error)
      && prepare ((int) second, error))
    {
      *ret_first = first;
      *ret_second = second;
      return TRUE;
    }

  gmproc_port_handle_close (&first);
  gmproc_port_handle_close (&second);
  return FALSE;
}

gboolean
gmproc_port_courier_attach (GmprocPortCourier *courier, gintptr handle, GError **error)
{
  struct stat status;

  if (fstat ((int) handle, &status) == -1)
    {
      gmproc_port_set_error (error, errno, "fstat");
      return FALSE;
    }
  if (!S_ISSOCK (status.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "fstat: descriptor %d is no socket",
                   (int) handle);
      return FALSE;
    }
  if (!prepare ((int) handle, error))
    return FALSE;
  *courier = (GmprocPortCourier){ .handle = handle };
  return TRUE;
}

void
gmproc_port_courier_detach (GmprocPortCourier *courier)
{
  Arrived *arrived = courier->system;

  gmproc_port_handle_close (&courier->handle);
  if (arrived != NULL)
    g_queue_clear_full (&arrived->kept, parcel_free);
  g_clear_pointer (&courier->system, g_free);
}

/* -- sending ----------------------------------------------------------------------------------- */

/* A random number for each process, drawn when it is first needed. */
static gboolean
get_nonce (guint64 *ret_nonce, GError **error)
{
  static GMutex mutex;
  static guint64 nonce; /* under the mutex; 0: not drawn yet */
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  if (nonce == 0 && !gmproc_port_random_fill (&nonce, sizeof nonce, error))
    return FALSE;
  *ret_nonce = nonce;
  return TRUE;
}

static gboolean
make_ticket (guint n_handles, Ticket *ret_ticket, GError **error)
{
  static gsize n_sent; /* atomic */

  *ret_ticket = (Ticket){ .n_handles = n_handles };
  if (!get_nonce (&ret_ticket->sender[0], error))
    return FALSE;
  ret_ticket->sender[1] = (guint64) getpid ();
  ret_ticket->number = (gsize) g_atomic_pointer_add (&n_sent, 1);
  return TRUE;
}

static gboolean
send_packet (int fd, const struct msghdr *message, gint64 deadline, GCancellable *cancellable,
             GError **error)
{
  while (sendmsg (fd, message, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
    {
      if (errno == EPIPE || errno == ECONNRESET || errno == ECONNREFUSED || errno == ENOTCONN)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                               "sendmsg: nobody is left to receive");
          return FALSE;
        }
      if (errno == ETOOMANYREFS)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                               "sendmsg: as many descriptors as one process may have open are on "
                               "their way already");
          return FALSE;
        }
      if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
        {
          gmproc_port_set_error (error, errno, "sendmsg");
          return FALSE;
        }
      if (errno != EINTR && !gmproc_port_wait_for_fd (fd, POLLOUT, deadline, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
gmproc_port_courier_send (GmprocPortCourier *courier, const gintptr *handles, guint n_handles,
                          GBytes **ret_ticket, gint64 deadline, GCancellable *cancellable,
                          GError **error)
{
  Ticket ticket;
  GmprocPortRights rights;
  struct iovec vector = { &ticket, sizeof ticket };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

  g_return_val_if_fail (n_handles <= GMPROC_PORT_COURIER_MAX, FALSE);

  if (!make_ticket (n_handles, &ticket, error))
    return FALSE;
  if (n_handles > 0)
    {
      gmproc_port_rights_fill (&message, &rights, handles, n_handles);
      if (!send_packet ((int) courier->handle, &message, deadline, cancellable, error))
        return FALSE;
    }

  *ret_ticket = g_bytes_new (&ticket, sizeof ticket);
  return TRUE;
}

GSource *
gmproc_port_courier_create_source (GmprocPortCourier *courier)
{
  return g_unix_fd_source_new ((int) courier->handle, G_IO_OUT);
}

/* -- receiving --------------------------------------------------------------------------------- */

/* The next parcel that waits, or NULL. One that is no parcel of ours is closed and passed over. */
static Parcel *
receive_parcel (int fd)
{
  for (;;)
    {
      Parcel *parcel = g_new0 (Parcel, 1);
      GmprocPortRights rights;
      struct iovec vector = { &parcel->ticket, sizeof parcel->ticket };
      struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights
      };
      gssize n_read;

      do
        n_read = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
      while (n_read == -1 && errno == EINTR);
      if (n_read <= 0)
        {
          g_free (parcel);
          return NULL;
        }
      parcel->is_cut = !gmproc_port_rights_take (&message, parcel->handles, &parcel->n_handles);
      if (n_read == sizeof parcel->ticket && (message.msg_flags & MSG_TRUNC) == 0)
        return parcel;
      parcel_free (parcel);
    }
}

static gboolean
is_same_sender (const Ticket *one, const Ticket *other)
{
  return memcmp (one->sender, other->sender, sizeof one->sender) == 0;
}

static Parcel *
find_kept (GQueue *kept, const Ticket *ticket)
{
  for (GList *link = kept->head; link != NULL;)
    {
      GList *next = link->next;
      Parcel *parcel = link->data;

      if (is_same_sender (&parcel->ticket, ticket) && parcel->ticket.number <= ticket->number)
        {
          g_queue_delete_link (kept, link);
          if (parcel->ticket.number == ticket->number)
            return parcel;
          parcel_free (parcel);
        }
      link = next;
    }
  return NULL;
}

static void
keep (Arrived *arrived, Parcel *parcel)
{
  g_queue_push_tail (&arrived->kept, parcel);
  if (arrived->kept.length <= MAX_KEPT)
    return;
  parcel_free (g_queue_pop_head (&arrived->kept));
  arrived->n_dropped++;
}

static Parcel *
find_parcel (GmprocPortCourier *courier, const Ticket *ticket)
{
  Arrived *arrived = courier->system;
  Parcel *parcel;

  if (arrived == NULL)
    courier->system = arrived = g_new0 (Arrived, 1);
  parcel = find_kept (&arrived->kept, ticket);
  while (parcel == NULL && (parcel = receive_parcel ((int) courier->handle)) != NULL)
    {
      if (is_same_sender (&parcel->ticket, ticket) && parcel->ticket.number == ticket->number)
        break;
      if (is_same_sender (&parcel->ticket, ticket) && parcel->ticket.number < ticket->number)
        parcel_free (parcel);
      else
        keep (arrived, parcel);
      parcel = NULL;
    }
  return parcel;
}

static gboolean
check_parcel (GmprocPortCourier *courier, const Parcel *parcel, const Ticket *ticket,
              GError **error)
{
  guint n_dropped = ((Arrived *) courier->system)->n_dropped;

  if (parcel == NULL && n_dropped > 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "The message says that %" G_GUINT64_FORMAT
                 " descriptors came with it, and none did; those of %u messages were dropped, as "
                 "more than %d waited for their messages",
                 ticket->n_handles, n_dropped, MAX_KEPT);
  else if (parcel == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "The message says that %" G_GUINT64_FORMAT
                 " descriptors came with it, and none did",
                 ticket->n_handles);
  else if (parcel->is_cut)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                 "Of %" G_GUINT64_FORMAT
                 " descriptors that came with the message, this process had "
                 "room for %u",
                 ticket->n_handles, parcel->n_handles);
  else if (parcel->n_handles != ticket->n_handles)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "The message says that %" G_GUINT64_FORMAT " descriptors came with it, and %u did",
                 ticket->n_handles, parcel->n_handles);
  else
    return TRUE;
  return FALSE;
}

gboolean
gmproc_port_courier_receive (GmprocPortCourier *courier, GBytes *ticket_bytes,
                             gintptr **ret_handles, guint *ret_n_handles, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (ticket_bytes, &size);
  Ticket ticket;
  Parcel *parcel;
  gboolean is_right;

  if (size != sizeof ticket)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "The message's ticket for descriptors has %" G_GSIZE_FORMAT " bytes", size);
      return FALSE;
    }
  memcpy (&ticket, data, sizeof ticket);
  *ret_handles = NULL;
  *ret_n_handles = 0;
  if (ticket.n_handles == 0)
    return TRUE;

  parcel = find_parcel (courier, &ticket);
  is_right = check_parcel (courier, parcel, &ticket, error);
  if (is_right)
    {
      *ret_handles = g_memdup2 (parcel->handles, parcel->n_handles * sizeof *parcel->handles);
      *ret_n_handles = parcel->n_handles;
      parcel->n_handles = 0;
    }
  if (parcel != NULL)
    parcel_free (parcel);
  return is_right;
}
