/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Where peers that have come to a listening socket are greeted (greeting.h), all at once, in one
 * thread. So a slow or hostile peer holds up neither the others nor whoever accepts, and its time
 * is over whether anybody accepts or not.
 *
 * Who is greeted is kept until taken. Beyond `n_peers` under way, new peers are closed; beyond as
 * many that nobody has taken, they stay in the queue of the system. A peer that fails leaves an
 * error, of which a few are kept.
 *
 * Threads: any may call. The thread holds no reference: stop() ends it.
 */
#pragma once

#include "greeting.h"

G_BEGIN_DECLS

typedef struct
{
  /* Set before the start, and then only read. */
  GSocket *socket;           /* listens; borrowed */
  GmprocGreetingTerms terms; /* without the deadline; owned */
  guint n_peers;
  gint64 time; /* of one peer, microseconds */

  GMainContext *context; /* the thread's */
  GThread *thread;       /* NULL before the start; under lock */
  GCancellable *stopping;
  guint n_under_way; /* the thread's own */

  GMutex lock;
  GQueue streams;     /* GIOStream; under lock, as what follows */
  GQueue errors;      /* GError */
  GQueue sources;     /* armed ones of wait-source.h */
  gboolean is_paused; /* nobody is taken out of the system's queue until the next take */
  gboolean is_stopped;
} GmprocReception;

void gmproc_reception_init (GmprocReception *self);
gboolean gmproc_reception_open (GmprocReception *self, GSocket *socket, GError **error);
void gmproc_reception_clear (GmprocReception *self);

/* Does nothing the second time, and after a stop. A thread that cannot be made is an error that
 * the next take gives; the one after tries again. */
void gmproc_reception_start (GmprocReception *self);
gboolean gmproc_reception_is_started (GmprocReception *self);

/* Ends the thread, and whatever was not taken; once. Peers under way are closed. */
void gmproc_reception_stop (GmprocReception *self);

/* The next stream, or else the next error; G_IO_ERROR_TIMED_OUT when there is neither, and
 * G_IO_ERROR_CLOSED after a stop. */
GIOStream *gmproc_reception_take (GmprocReception *self, GError **error);

/* Whether a take would time out. */
gboolean gmproc_reception_is_empty (GmprocReception *self);

/* SOURCE is made ready once when there is something; FALSE: there is already, and it was not
 * listed.
 */
gboolean gmproc_reception_arm (GmprocReception *self, GSource *source);
void gmproc_reception_disarm (GmprocReception *self, GSource *source);

G_END_DECLS
