/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of GmprocConnection share: the class and closing (gmproc-connection.c), sending
 * (-send.c, -send-async.c), receiving (-receive.c, -receive-async.c) and waiting (-wait.c).
 */
#pragma once

#include "gmproc-connection.h"
#include "gmproc-waitable.h"
#include "internal/async.h"
#include "internal/envelope.h"
#include "internal/link.h"
#include "internal/turn.h"

G_BEGIN_DECLS

struct _GmprocConnection
{
  GObject parent_instance;

  gboolean is_readable;
  gboolean is_writable;
  gboolean is_stream;       /* of a socket: it stays in this process */
  gboolean carries_handles; /* in one way or another */
  GmprocLink
      link; /* its receiving half belongs to the receiver's turn, the other to the sender's */
  GmprocPortCourier courier; /* as the link */
  GmprocTurn receiver;
  GmprocTurn sender;
  gboolean is_closed; /* atomic */
  GMutex closing;     /* while the channels are closed, or duplicated */
  GQueue sources;     /* armed, without a reference; under closing */
  GArray *held;       /* gint32: objects that a stranger sent, oldest first; the receiver's turn */
  GmprocAsyncLine receiving;
  GQueue sending; /* asynchronous sends in the order in which they were called; under closing */
  gboolean misses_turn; /* atomic: the first of them may have found the sender's turn taken */
};

/* Over a socket or what encrypts it; messages of more than MAX_SIZE bytes are not received. */
GmprocConnection *gmproc_connection_new_for_stream (GIOStream *stream, guint64 max_size);

/* Takes a turn in a connection that is open. IS_ALLOWED: in this direction; WHAT: the verb. */
gboolean gmproc_connection_enter (GmprocConnection *self, GmprocTurn *turn, gboolean is_allowed,
                                  const char *what, gint64 deadline, GCancellable *cancellable,
                                  GError **error);
void gmproc_connection_leave (GmprocConnection *self, GmprocTurn *turn);

/* Whether objects can travel over it, by a courier. */
gboolean gmproc_connection_carries_objects (GmprocConnection *self);

/* Keeps track of what a stranger sent, so that it cannot fill the process with what nobody asks
 * for. OBJECTS are handles (gint32). */
void gmproc_connection_hold (GmprocConnection *self, GArray *objects);

/* What has no room for a message. */
typedef enum
{
  GMPROC_OBSTACLE_NONE, /* it was not tried, or another thread is sending */
  GMPROC_OBSTACLE_CHANNEL,
  GMPROC_OBSTACLE_COURIER
} GmprocObstacle;

/* What is to be sent. The vectors of a value or of bytes live as long as it does. */
typedef struct
{
  GmprocCodecKind kind;
  const GOutputVector *body;
  gsize n_vectors;
  GmprocEnvelope *envelope; /* instead of a body; the caller frees it */
  gboolean has_begun;       /* the rest is in the link */
  GmprocObstacle obstacle;  /* where the last call timed out */
} GmprocOutgoing;

/* VECTORS has room for GMPROC_CODEC_N_VECTORS, and lives as long as the outgoing message. */
gboolean gmproc_connection_prepare (GmprocConnection *self, GVariant *message,
                                    GOutputVector *vectors, GmprocOutgoing *ret_outgoing,
                                    GError **error);
gboolean gmproc_connection_check_range (gsize total, gsize offset, gsize size, GError **error);
gboolean gmproc_connection_check_total (const GOutputVector *buffers, gsize n_buffers,
                                        GError **error);

/* After a failure it may be called again, and goes on with the same message. */
gboolean gmproc_connection_send_message (GmprocConnection *self, GmprocOutgoing *outgoing,
                                         gint64 deadline, GCancellable *cancellable,
                                         GError **error);

GVariant *gmproc_connection_receive_value (GmprocConnection *self, gint64 deadline,
                                           GCancellable *cancellable, GError **error);
GBytes *gmproc_connection_receive_any (GmprocConnection *self, gint64 deadline,
                                       GCancellable *cancellable, GError **error);

/* The next message if it has ROOM bytes at most. *ret_size: its size, as soon as that is known.
 * Until it is whole it is the link's, so BUFFER is written once. */
gboolean gmproc_connection_receive_copy (GmprocConnection *self, guint8 *buffer, gsize room,
                                         gsize *ret_size, GCancellable *cancellable,
                                         GError **error);
gboolean gmproc_connection_check_offset (gsize total, gsize offset, GError **error);

/* CANCELLABLE may be NULL. An end that is closed, or does not go in this direction, is ready, and
 * its call tells why. The one to send is woken by g_source_set_ready_time() alone, unless it has a
 * child that tells of room, where there is none for what it is to send. */
GSource *gmproc_connection_create_receive_source (GmprocConnection *self,
                                                  GCancellable *cancellable);
GSource *gmproc_connection_create_send_source (GmprocConnection *self, GCancellable *cancellable);
GSource *gmproc_connection_create_room_source (GmprocConnection *self, GmprocObstacle obstacle);

/* When the sender's turn is free again, and misses_turn was set. */
void gmproc_connection_wake_first_sender (GmprocConnection *self);

/* The class's part of GmprocWaitable; gmproc-connection-wait.c. */
void gmproc_connection_waitable_init (GmprocWaitableInterface *iface);

/* Those who wait are to look: it was closed, or a message is in the link already. */
void gmproc_connection_wake_sources (GmprocConnection *self);

G_END_DECLS
