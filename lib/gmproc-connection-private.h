/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of GmprocConnection share: the class and closing (gmproc-connection.c), sending
 * (-send.c) and receiving (-receive.c).
 */
#pragma once

#include "gmproc-connection.h"
#include "gmproc-waitable.h"
#include "internal/link.h"
#include "internal/turn.h"

G_BEGIN_DECLS

struct _GmprocConnection
{
  GObject parent_instance;

  gboolean is_readable;
  gboolean is_writable;
  gboolean is_stream; /* of a socket: it stays in this process */
  GmprocLink
      link; /* its receiving half belongs to the receiver's turn, the other to the sender's */
  GmprocPortCourier courier; /* as the link */
  GmprocTurn receiver;
  GmprocTurn sender;
  gboolean is_closed; /* atomic */
  GMutex closing;     /* while the channels are closed, or duplicated */
  GQueue sources;     /* armed, without a reference; under closing */
  GQueue sending;     /* asynchronous sends in the order in which they were called; under closing */
};

/* Over a socket or what encrypts it; messages of more than MAX_SIZE bytes are not received. */
GmprocConnection *gmproc_connection_new_for_stream (GIOStream *stream, guint64 max_size);

/* Takes a turn in a connection that is open. IS_ALLOWED: in this direction; WHAT: the verb. */
gboolean gmproc_connection_enter (GmprocConnection *self, GmprocTurn *turn, gboolean is_allowed,
                                  const char *what, gint64 deadline, GCancellable *cancellable,
                                  GError **error);
void gmproc_connection_leave (GmprocConnection *self, GmprocTurn *turn);

/* Whether objects can travel over it. */
gboolean gmproc_connection_carries_objects (GmprocConnection *self);

/* What a source of a connection waits for. */
typedef enum
{
  GMPROC_CONNECTION_TO_RECEIVE,
  GMPROC_CONNECTION_TO_SEND
} GmprocConnectionWhat;

/* CANCELLABLE may be NULL. An end that is closed, or does not go in this direction, is ready, and
 * its call tells why. */
GSource *gmproc_connection_create_source (GmprocConnection *self, GmprocConnectionWhat what,
                                          GCancellable *cancellable);

/* The class's part of GmprocWaitable; gmproc-connection-wait.c. */
void gmproc_connection_waitable_init (GmprocWaitableInterface *iface);

/* At closing: those who wait are to look. */
void gmproc_connection_wake_sources_locked (GmprocConnection *self);

G_END_DECLS
