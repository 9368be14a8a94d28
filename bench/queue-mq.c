/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The queue of POSIX, with as many messages as an ordinary user may have in it.
 */
#include "queue-crowd.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>

#define DEPTH (10)
#define LARGEST (8192)

static mqd_t queue;

static void
open_queue (G_GNUC_UNUSED gint64 n_producers, G_GNUC_UNUSED gint64 n_consumers, gsize size)
{
  struct mq_attr attributes = { .mq_maxmsg = DEPTH, .mq_msgsize = (long) size };
  const char *name = crowd_get_name ("/");

  queue = mq_open (name, O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
  if (queue == (mqd_t) -1)
    crowd_die ("mq_open");
  (void) mq_unlink (name);
}

static void
put (const void *message, gsize size)
{
  while (mq_send (queue, message, size, 0) < 0)
    if (errno != EINTR)
      crowd_die ("mq_send");
}

static void
get (void *message, gsize size)
{
  while (mq_receive (queue, message, size, NULL) < 0)
    if (errno != EINTR)
      crowd_die ("mq_receive");
}

int
main (int argc, char **argv)
{
  static const CrowdPeer mq = {
    .name = "mq", .largest = LARGEST, .open = open_queue, .put = put, .get = get
  };

  return crowd_main (argc, argv, &mq);
}
