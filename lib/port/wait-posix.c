/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "port.h"
#include "handle-posix.h"
#include "port-error.h"
#include "wait-posix.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

/* How long a wait may ignore a cancel when no descriptor was left to learn of it. */
#define CANCEL_SLICE (20 * G_TIME_SPAN_MILLISECOND)

/* One ppoll() until DEADLINE. Gives the number of ready descriptors, or -1 with errno. */
static int
poll_until (struct pollfd *fds, nfds_t n_fds, gint64 deadline)
{
  struct timespec timeout = { 0, 0 };
  gint64 remaining;

  if (deadline == GMPROC_PORT_FOREVER)
    return ppoll (fds, n_fds, NULL, NULL);
  remaining = MAX (deadline, 0) - g_get_monotonic_time ();
  if (remaining > 0)
    {
      timeout.tv_sec = remaining / G_USEC_PER_SEC;
      timeout.tv_nsec = remaining % G_USEC_PER_SEC * 1000;
    }
  return ppoll (fds, n_fds, &timeout, NULL);
}

/* Waits until one of EVENTS, or a hang-up, is there on fds[0]. fds[1], if N_FDS is two, is the
 * cancellable. A cancel or a deadline counts only when there is nothing else to tell. */
static gboolean
wait_ready (struct pollfd *fds, nfds_t n_fds, gint64 deadline, GCancellable *cancellable,
            GError **error)
{
  gboolean sliced = cancellable != NULL && n_fds == 1;

  for (;;)
    {
      gint64 now = g_get_monotonic_time ();
      gint64 until = sliced ? MIN (deadline, now + CANCEL_SLICE) : deadline;
      int n_ready = poll_until (fds, n_fds, until);

      if (n_ready == -1 && errno != EINTR)
        {
          gmproc_port_set_error (error, errno, "ppoll");
          return FALSE;
        }
      if (n_ready > 0 && (fds[0].revents & POLLNVAL) != 0)
        {
          gmproc_port_set_error (error, EBADF, "ppoll");
          return FALSE;
        }
      if (n_ready > 0 && fds[0].revents != 0)
        return TRUE;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (n_ready == 0 && until == deadline)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                               "ppoll: the time for the call is over");
          return FALSE;
        }
    }
}

gboolean
gmproc_port_wait_for_fd (int fd, short events, gint64 deadline, GCancellable *cancellable,
                         GError **error)
{
  struct pollfd fds[2] = { { fd, events, 0 }, { -1, POLLIN, 0 } };
  GPollFD cancel_fd;
  gboolean has_cancel_fd;
  gboolean ready;

  /* The second descriptor costs an eventfd. Who only tries needs none, and where there is none left
   * GLib would end the program. */
  has_cancel_fd = cancellable != NULL && deadline > 0 && gmproc_port_handle_check_room (NULL)
                  && g_cancellable_make_pollfd (cancellable, &cancel_fd);
  if (has_cancel_fd)
    fds[1].fd = cancel_fd.fd;
  ready = wait_ready (fds, has_cancel_fd ? 2 : 1, deadline, cancellable, error);
  if (has_cancel_fd)
    g_cancellable_release_fd (cancellable);
  return ready;
}
