/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a link reads bytes from and writes bytes to: a pipe of the port, or the stream of a socket,
 * encrypted or not. The words are those of port.h, channel.
 *
 * read:  at least one byte, as many as are there up to SIZE, or 0 at the end of the stream.
 * write: at least one byte of the vectors' contents, in order. G_IO_ERROR_CLOSED when nobody is
 *        left to read; no signal is raised.
 * poll:  TRUE as soon as a read would not wait, so also at the end of the stream.
 * All three: G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED.
 * create_source: a GSource that is ready as long as a read, or a write, would not wait. A write may
 *        still find no room: then the source was ready too early, and is asked for again.
 *
 * One thread may read while another writes; the caller keeps two readers, or two writers, apart.
 */
#pragma once

#include <gio/gio.h>

#include "port/port.h"

G_BEGIN_DECLS

typedef struct GmprocChannel GmprocChannel;

typedef struct
{
  gssize (*read) (GmprocChannel *self, gpointer buffer, gsize size, gint64 deadline,
                  GCancellable *cancellable, GError **error);
  gssize (*write) (GmprocChannel *self, const GOutputVector *vectors, gsize n_vectors,
                   gint64 deadline, GCancellable *cancellable, GError **error);
  gboolean (*poll) (GmprocChannel *self, gint64 deadline, GCancellable *cancellable,
                    GError **error);
  GSource *(*create_source) (GmprocChannel *self, GIOCondition condition);
  void (*detach) (GmprocChannel *self);
  gboolean repeats_writes; /* a write that found no room is repeated with the same bytes, as TLS
                            * has encrypted them already */
} GmprocChannelKind;

struct GmprocChannel
{
  const GmprocChannelKind *kind; /* NULL: there is no channel in this direction */
  gboolean expect_wait;          /* a hint, as in port.h */
  GmprocPortChannel port;        /* of a pipe */
  GIOStream *stream;             /* of a stream; both directions hold a reference */
  GSocket *socket;               /* the stream's, if it carries handles; lives as long */
  GmprocPortArrivals arrivals;   /* handles that came with the bytes read since the last take */
  const gintptr *attached;       /* handles that leave with the next byte; the caller's */
  guint n_attached;
};

#define GMPROC_CHANNEL_INIT                        \
  {                                                \
    .kind = NULL, .port = GMPROC_PORT_CHANNEL_INIT \
  }

/* Takes the handle over, unless it fails. */
gboolean gmproc_channel_attach_pipe (GmprocChannel *self, gintptr handle, GError **error);

/* STREAM's two directions can be asked without waiting (GPollableInputStream). It is closed when
 * both channels are detached. Over a Unix socket without TLS it carries handles beside the bytes.
 */
void gmproc_channel_attach_stream (GmprocChannel *self, GIOStream *stream);

void gmproc_channel_detach (GmprocChannel *self);

static inline gboolean
gmproc_channel_carries_handles (GmprocChannel *self)
{
  return self->socket != NULL;
}

/* What arrived since the last call; *arrivals is the caller's. */
static inline void
gmproc_channel_take_arrivals (GmprocChannel *self, GmprocPortArrivals *ret_arrivals)
{
  *ret_arrivals = self->arrivals;
  self->arrivals = (GmprocPortArrivals){ NULL, 0, FALSE };
}

static inline gssize
gmproc_channel_read (GmprocChannel *self, gpointer buffer, gsize size, gint64 deadline,
                     GCancellable *cancellable, GError **error)
{
  return self->kind->read (self, buffer, size, deadline, cancellable, error);
}

static inline gssize
gmproc_channel_write (GmprocChannel *self, const GOutputVector *vectors, gsize n_vectors,
                      gint64 deadline, GCancellable *cancellable, GError **error)
{
  return self->kind->write (self, vectors, n_vectors, deadline, cancellable, error);
}

static inline gboolean
gmproc_channel_poll (GmprocChannel *self, gint64 deadline, GCancellable *cancellable,
                     GError **error)
{
  return self->kind->poll (self, deadline, cancellable, error);
}

static inline GSource *
gmproc_channel_create_source (GmprocChannel *self, GIOCondition condition)
{
  return self->kind->create_source (self, condition);
}

G_END_DECLS
