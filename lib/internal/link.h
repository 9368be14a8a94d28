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
 * and zeros behind it, if it is shorter than GMPROC_LINK_BLOCK_SIZE. So every message has a first
 * block of a known size, and a small one is sent by one system call and received by one. A body of
 * 4096 bytes or more begins a line of 64 bytes, and has zeros behind it (body.h). The reader
 * takes exactly one message's bytes from the channel, never more: what comes after may be read by
 * another process that holds the same end.
 *
 * A call may end in the middle of a message, by its deadline or a cancel. The link remembers how
 * far it came; the next receive goes on with the same message, the next send first sends the rest.
 * A sender that ends in the middle leaves a message that can never be completed: G_IO_ERROR_CLOSED
 * with the number of bytes that came. Where the rest of a message cannot be kept, for want of
 * memory or because the channel failed, its direction of the link is over, and later calls say so.
 * The size in a header is not trusted: memory grows as the bytes arrive, and a link may have a
 * limit.
 *
 * One thread may send while another receives; the caller keeps two senders apart, and two
 * receivers.
 */
#pragma once

#include <gio/gio.h>

#include "body.h"
#include "channel.h"
#include "codec.h"

G_BEGIN_DECLS

#define GMPROC_LINK_BLOCK_SIZE (128)

typedef struct
{
  guint32 kind;
  guint32 zero;
  guint64 size;
} GmprocLinkHeader;

typedef struct
{
  GmprocLinkHeader header;
  guint8 body[GMPROC_LINK_BLOCK_SIZE - sizeof (GmprocLinkHeader)];
} GmprocLinkBlock;

typedef struct
{
  /* The receiver's: the channel, and the message under way. */
  GmprocChannel in;
  guint n_expected; /* messages that were waited for, in a row, before they came */
  guint64 max_size; /* of a body */
  GmprocLinkBlock block;
  gsize block_filled;
  guint8 *body; /* of a message that is longer than a block, as far as it came */
  gsize body_allocated;
  gsize body_filled;
  GError *in_error; /* of this and all later receives, or NULL */

  /* The sender's: the channel, and the unsent end of a message whose send was cancelled, or NULL.
   */
  GmprocChannel out;
  GBytes *rest;
  GError *out_error; /* of all later sends, or NULL */
} GmprocLink;

#define GMPROC_LINK_INIT                                                          \
  {                                                                               \
    .in = GMPROC_CHANNEL_INIT, .max_size = G_MAXSSIZE, .out = GMPROC_CHANNEL_INIT \
  }

/* Takes both handles over, also when it fails. Either may be GMPROC_PORT_NO_HANDLE. */
gboolean gmproc_link_init (GmprocLink *self, gintptr in, gintptr out, GError **error);
void gmproc_link_init_stream (GmprocLink *self, GIOStream *stream);
void gmproc_link_clear (GmprocLink *self);

/* Errors of all: G_IO_ERROR_CLOSED, G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED.
 *
 * send first flushes. A send that timed out or was cancelled has left a rest if and only if the
 * message had begun; then a flush sends it. */
gboolean gmproc_link_flush (GmprocLink *self, gint64 deadline, GCancellable *cancellable,
                            GError **error);
gboolean gmproc_link_send (GmprocLink *self, GmprocCodecKind kind, const GOutputVector *body,
                           gsize n_vectors, gint64 deadline, GCancellable *cancellable,
                           GError **error);

/* The first block of the next message, which tells its kind and the size of its body. The message
 * stays the next one. Errors also: GMPROC_ERROR_BAD_MESSAGE, and G_IO_ERROR_MESSAGE_TOO_LARGE for
 * one beyond max_size; both stay. */
gboolean gmproc_link_receive_head (GmprocLink *self, gint64 deadline, GCancellable *cancellable,
                                   GmprocCodecKind *ret_kind, gsize *ret_size, GError **error);

/* The whole message; its body is freed with gmproc_body_free(), or copied into BUFFER, which has
 * room for it. Errors also: G_IO_ERROR_NO_SPACE when there is no memory. */
gboolean gmproc_link_receive (GmprocLink *self, gint64 deadline, GCancellable *cancellable,
                              GmprocCodecKind *ret_kind, gpointer *ret_body, gsize *ret_size,
                              GError **error);
gboolean gmproc_link_receive_into (GmprocLink *self, gpointer buffer, gint64 deadline,
                                   GCancellable *cancellable, GError **error);

/* Whether a receive would find something: looks, and takes nothing. */
gboolean gmproc_link_poll (GmprocLink *self, gint64 deadline, GCancellable *cancellable,
                           GError **error);

/* Whether the next message, or a lasting error, is here, so that no event of the channel will tell
 * of it. */
gboolean gmproc_link_has_message (GmprocLink *self);

G_END_DECLS
