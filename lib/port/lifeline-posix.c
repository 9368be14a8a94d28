/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A lifeline is a pipe into which nothing is ever written. The kernel closes the end that is kept
 * when its process is gone, however that happened, and then the given end hangs up. It belongs to
 * the process and not to a thread, so a thread that ends early breaks nothing.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"

#include <errno.h>
#include <poll.h>

gboolean
gmproc_port_lifeline_new (gintptr *ret_keep, gintptr *ret_give, GError **error)
{
  return gmproc_port_channel_new_pipe (ret_give, ret_keep, error);
}

/* Only the hang-up is of interest: asking for input too would make a byte that somebody wrote by
 * mistake look like an end, or turn the wait into a busy loop. */
static gboolean
poll_for_end (gintptr given, int timeout)
{
  struct pollfd poll_fd = { (int) given, 0, 0 };
  int n_ready;

  do
    n_ready = poll (&poll_fd, 1, timeout);
  while (n_ready == -1 && errno == EINTR);

  /* What poll() refuses, or calls invalid, has no live process behind it either. */
  return n_ready != 0;
}

void
gmproc_port_lifeline_wait (gintptr given)
{
  (void) poll_for_end (given, -1);
}

gboolean
gmproc_port_lifeline_is_broken (gintptr given)
{
  return poll_for_end (given, 0);
}
