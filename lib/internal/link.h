/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Messages over channels: whole, in order, never merged. A link has a channel to receive from, one
 * to send to, or both: two pipes carry small messages faster than one pair of sockets.
 *
 * On the wire a message is a header and a body:
 *
 *     guint32 kind      of codec.h
 *     guint32 zero
 *     guint64 size      of the body
 *
 * The reader takes exactly one message's bytes from the channel, never more: what comes after may
 * be read by another process that holds the same end.
 *
 * A call may end in the middle of a message, by its deadline or a cancel. The link remembers how
 * far it came; the next receive goes on with the same message, the next send first sends the rest.
 * A sender that ends in the middle leaves a message that can never be completed: G_IO_ERROR_CLOSED
 * with the number of bytes that came. The size in a header is not trusted: memory grows as the
 * bytes arrive.
 *
 * One thread may send while another receives; the caller keeps two senders apart, and two
 * receivers.
 */
#pragma once

#include <gio/gio.h>

#include "codec.h"
#include "port/port.h"

G_BEGIN_DECLS

typedef struct
{
  guint32 kind;
  guint32 zero;
  guint64 size;
} GmprocLinkHeader;

typedef struct
{
  /* The receiver's: the channel, and the message under way. */
  GmprocPortChannel in;
  guint n_expected; /* messages that were waited for, in a row, before they came */
  GmprocLinkHeader header;
  gsize header_filled;
  guint8 *body;
  gsize body_allocated;
  gsize body_filled;

  /* The sender's: the channel, and the unsent end of a message whose send was cancelled, or NULL.
   */
  GmprocPortChannel out;
  GBytes *rest;
} GmprocLink;

#define GMPROC_LINK_INIT                                            \
  {                                                                 \
    .in = GMPROC_PORT_CHANNEL_INIT, .out = GMPROC_PORT_CHANNEL_INIT \
  }

/* Takes both handles over, also when it fails. Either may be GMPROC_PORT_NO_HANDLE. */
gboolean gmproc_link_init (GmprocLink *self, gintptr in, gintptr out, GError **error);
void gmproc_link_clear (GmprocLink *self);

/* The body in up to GMPROC_CODEC_N_VECTORS pieces; and in one that the caller frees with g_free().
 * Errors: G_IO_ERROR_CLOSED, G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED, G_IO_ERROR_NO_SPACE,
 * GMPROC_ERROR_BAD_MESSAGE. */
gboolean gmproc_link_send (GmprocLink *self, GmprocCodecKind kind, const GOutputVector *body,
                           gsize n_vectors, GCancellable *cancellable, GError **error);
gboolean gmproc_link_receive (GmprocLink *self, gint64 deadline, GCancellable *cancellable,
                              GmprocCodecKind *ret_kind, gpointer *ret_body, gsize *ret_size,
                              GError **error);

G_END_DECLS
