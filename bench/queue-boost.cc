/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * boost::interprocess::message_queue, with room for many messages.
 */
#include "queue-crowd.h"

#include <boost/interprocess/ipc/message_queue.hpp>

namespace ipc = boost::interprocess;

#define DEPTH (1024)
#define MEMORY (256 * 1024 * 1024)

static ipc::message_queue *queue;

static void
open_queue (gint64, gint64, gsize size)
{
  gsize depth = CLAMP (MEMORY / size, 1, DEPTH);

  queue = new ipc::message_queue (ipc::create_only, crowd_get_name (""), depth, size);
  ipc::message_queue::remove (crowd_get_name (""));
}

static void
put (const void *message, gsize size)
{
  queue->send (message, size, 0);
}

static void
get (void *message, gsize size)
{
  unsigned int priority;
  ipc::message_queue::size_type received;

  queue->receive (message, size, received, priority);
}

int
main (int argc, char **argv)
{
  static CrowdPeer boost;

  boost.name = "boost";
  boost.open = open_queue;
  boost.put = put;
  boost.get = get;
  return crowd_main (argc, argv, &boost);
}
