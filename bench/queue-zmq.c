/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * ZeroMQ over Unix sockets: every consumer has a PULL socket of its own, and every producer pushes
 * to all of them in turn.
 */
#include "queue-crowd.h"

#include <errno.h>
#include <unistd.h>

#include <zmq.h>

static gint64 n_pulls;
static void *context, *zmq_end;

static char *
make_path (gint64 index)
{
  return g_strdup_printf ("%s-%d", crowd_get_name ("/tmp/"), (int) index);
}

static void
open_names (G_GNUC_UNUSED gint64 n_producers, gint64 n_consumers, G_GNUC_UNUSED gsize size)
{
  n_pulls = n_consumers;
  (void) crowd_get_name ("/tmp/"); /* of the parent, for all */
}

static void
make_socket (int type)
{
  context = zmq_ctx_new ();
  zmq_end = zmq_socket (context, type);
  if (zmq_end == NULL)
    crowd_die ("zmq_socket");
}

static void
attach_producer (G_GNUC_UNUSED gint64 index)
{
  make_socket (ZMQ_PUSH);
  for (gint64 i = 0; i < n_pulls; i++)
    {
      g_autofree char *path = make_path (i);
      g_autofree char *address = g_strconcat ("ipc://", path, NULL);

      if (zmq_connect (zmq_end, address) < 0)
        crowd_die ("zmq_connect");
    }
}

static void
attach_consumer (gint64 index)
{
  g_autofree char *path = make_path (index);
  g_autofree char *address = g_strconcat ("ipc://", path, NULL);

  make_socket (ZMQ_PULL);
  if (zmq_bind (zmq_end, address) < 0)
    crowd_die ("zmq_bind");
}

static void
put (const void *message, gsize size)
{
  while (zmq_send (zmq_end, message, size, 0) < 0)
    if (errno != EINTR)
      crowd_die ("zmq_send");
}

static void
get (void *message, gsize size)
{
  while (zmq_recv (zmq_end, message, size, 0) < 0)
    if (errno != EINTR)
      crowd_die ("zmq_recv");
}

/* Whoever closes a socket and ends at once can take the last messages along, although a socket
 * lingers; so a producer stays until it is ended. */
static void
end_producer (void)
{
  (void) pause ();
}

static void
remove_names (void)
{
  for (gint64 i = 0; i < n_pulls; i++)
    {
      g_autofree char *path = make_path (i);

      (void) unlink (path);
    }
}

int
main (int argc, char **argv)
{
  static const CrowdPeer zmq = { .name = "zmq",
                                 .open = open_names,
                                 .attach_producer = attach_producer,
                                 .attach_consumer = attach_consumer,
                                 .put = put,
                                 .get = get,
                                 .end_producer = end_producer,
                                 .close = remove_names };

  return crowd_main (argc, argv, &zmq);
}
