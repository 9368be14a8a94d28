/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * nng over Unix sockets: every consumer listens with a pull socket of its own, and every producer
 * pushes to all of them.
 */
#include "queue-crowd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>

#define CONNECT_TRIES (1000)
#define CONNECT_PAUSE (1000) /* microseconds */
#define BUFFER (1024)        /* messages */

static gint64 n_pulls;
static nng_socket end;

static void
check (int result, const char *what)
{
  if (result == 0)
    return;
  fprintf (stderr, "%s: %s\n", what, nng_strerror (result));
  _exit (EXIT_FAILURE);
}

static char *
make_address (gint64 index)
{
  return g_strdup_printf ("ipc://%s-%d", crowd_get_name ("/tmp/"), (int) index);
}

static void
open_names (G_GNUC_UNUSED gint64 n_producers, gint64 n_consumers, G_GNUC_UNUSED gsize size)
{
  n_pulls = n_consumers;
  (void) crowd_get_name ("/tmp/"); /* of the parent, for all */
}

/* The consumer may not listen yet. */
static void
dial (const char *address)
{
  int result = NNG_ECONNREFUSED;

  for (int i = 0; i < CONNECT_TRIES && (result == NNG_ECONNREFUSED || result == NNG_ENOENT); i++)
    {
      result = nng_dial (end, address, NULL, 0);
      if (result != 0)
        g_usleep (CONNECT_PAUSE);
    }
  check (result, "nng_dial");
}

static void
attach_producer (G_GNUC_UNUSED gint64 index)
{
  check (nng_push0_open (&end), "nng_push0_open");
  (void) nng_socket_set_int (end, NNG_OPT_SENDBUF, BUFFER);
  for (gint64 i = 0; i < n_pulls; i++)
    {
      g_autofree char *address = make_address (i);

      dial (address);
    }
}

static void
attach_consumer (gint64 index)
{
  g_autofree char *address = make_address (index);

  check (nng_pull0_open (&end), "nng_pull0_open");
  (void) nng_socket_set_int (end, NNG_OPT_RECVBUF, BUFFER);
  check (nng_socket_set_size (end, NNG_OPT_RECVMAXSZ, 0), "nng_socket_set_size");
  check (nng_listen (end, address, NULL, 0), "nng_listen");
}

static void
put (const void *message, gsize size)
{
  check (nng_send (end, (void *) message, size, 0), "nng_send");
}

static void
get (void *message, gsize size)
{
  check (nng_recv (end, message, &size, 0), "nng_recv");
}

/* Closing drops what is still to be sent, so a producer stays until it is ended. */
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
      g_autofree char *address = make_address (i);

      (void) unlink (address + strlen ("ipc://"));
    }
}

int
main (int argc, char **argv)
{
  static const CrowdPeer nng = { .name = "nng",
                                 .open = open_names,
                                 .attach_producer = attach_producer,
                                 .attach_consumer = attach_consumer,
                                 .put = put,
                                 .get = get,
                                 .end_producer = end_producer,
                                 .close = remove_names };

  return crowd_main (argc, argv, &nng);
}
