/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What happens at a socket before the first message: the client connects, both encrypt, both prove
 * that they have the key (handshake.h). Each side knows beforehand which of these steps there are;
 * a peer that leaves one out is refused, so nothing falls back to less.
 *
 * A greeting is an asynchronous operation in the thread's default main context. It never blocks
 * that context, holds no thread, and is over by its deadline whatever the peer does. TLS of GIO
 * runs its handshake in GTask's threads: a server begins it when the peer has said something, so a
 * silent one occupies no thread.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean is_server;
  GBytes *key;                /* or NULL: nothing is proved */
  gboolean is_encrypted;      /* by TLS */
  GTlsCertificate *own;       /* a server's, with its private key */
  GSocketConnectable *server; /* a client's: whom the server's certificate has to name */
  GTlsDatabase *authorities;  /* a client's: whom it believes; NULL for the system's */
  gint64 deadline;            /* or GMPROC_PORT_FOREVER */
} GmprocGreetingTerms;

/* SOCKET was accepted, or is new; it does not block. ADDRESS: where a client connects to. TERMS and
 * what is in them are copied or referenced. */
void gmproc_greeting_start (GSocket *socket, GSocketAddress *address,
                            const GmprocGreetingTerms *terms, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);

/* The stream to send messages over. G_IO_ERROR_PERMISSION_DENIED for a peer of another user, and
 * for one without the key; G_TLS_ERROR; G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED. */
GIOStream *gmproc_greeting_finish (GAsyncResult *result, GError **error);

G_END_DECLS
