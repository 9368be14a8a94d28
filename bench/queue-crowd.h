/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The works of a queue for those peers that are a C library or a system call: producers and
 * consumers are forked, and pass messages with the peer's calls.
 *
 * All are attached before the clock starts; it stops when the consumers have counted as many
 * messages as were put. Each consumer checks that the messages of one producer come in order.
 */
#pragma once

#include "bench.h"

G_BEGIN_DECLS

/* What a peer defines. Each function ends the process with a message when a call of the peer fails:
 * crowd_die(). */
typedef struct
{
  const char *name;
  gsize largest;   /* message, 0 for no bound */
  gboolean is_one; /* only one producer and one consumer */

  void (*open) (gint64 n_producers, gint64 n_consumers, gsize size); /* before the forks */
  void (*attach_producer) (gint64 index);                            /* in the child; or NULL */
  void (*attach_consumer) (gint64 index);                            /* in the child; or NULL */
  void (*put) (const void *message, gsize size);
  void (*get) (void *message, gsize size);
  void (*flush) (void);        /* what put has kept back to write it with others; or NULL */
  void (*end_producer) (void); /* everything has been put and must arrive; or NULL */
  void (*close) (void);        /* in the parent, at the end; or NULL */
} CrowdPeer;

int crowd_main (int argc, char **argv, const CrowdPeer *peer);

G_NORETURN void crowd_die (const char *what);

/* A name that no other run has, for peers that need one; it lives as long as the process. */
const char *crowd_get_name (const char *prefix);

G_END_DECLS
