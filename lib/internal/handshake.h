/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * How two strangers prove to each other that they have the same key, without showing it.
 *
 * Each side sends a hello: eight bytes of magic and 32 random ones. Then the client sends its
 * proof, HMAC-SHA256 over its role and both random numbers with the key; the server checks it, and
 * answers with its own or, when it was wrong, with a refusal of as many zeros. A proof is good for
 * one connection and one role, so neither a repeated one nor the server's own, sent back, is worth
 * anything. Nobody gets the server's proof who has not shown his own.
 *
 * This file knows no socket: bytes go in and come out. What comes in is not trusted.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define GMPROC_HANDSHAKE_HELLO_SIZE (40)
#define GMPROC_HANDSHAKE_PROOF_SIZE (32)

typedef enum
{
  GMPROC_HANDSHAKE_WAITS, /* for more bytes, get_wanted() of them */
  GMPROC_HANDSHAKE_DONE,
  GMPROC_HANDSHAKE_FAILED
} GmprocHandshakeState;

typedef struct
{
  gboolean is_server;
  GBytes *key;
  guint8 own[GMPROC_HANDSHAKE_HELLO_SIZE];
  guint8 in[GMPROC_HANDSHAKE_HELLO_SIZE]; /* the piece that is coming */
  gsize n_in;
  guint8 theirs[GMPROC_HANDSHAKE_HELLO_SIZE];
  gboolean has_hello;
  guint8 out[GMPROC_HANDSHAKE_HELLO_SIZE + GMPROC_HANDSHAKE_PROOF_SIZE];
  gsize n_out;
  gsize n_sent;     /* of those, by whoever sends them */
  gboolean is_done; /* apart from what is to be sent */
} GmprocHandshake;

/* KEY may be empty. The hello is ready to go out. */
gboolean gmproc_handshake_init (GmprocHandshake *self, gboolean is_server, GBytes *key,
                                GError **error);
void gmproc_handshake_clear (GmprocHandshake *self);

/* How many bytes are to be read next; never one of what follows the handshake. */
gsize gmproc_handshake_get_wanted (const GmprocHandshake *self);

/* At most get_wanted() bytes. Puts what is to be sent behind self->out, also when it fails:
 * G_IO_ERROR_PERMISSION_DENIED. */
GmprocHandshakeState gmproc_handshake_feed (GmprocHandshake *self, gconstpointer data, gsize size,
                                            GError **error);

G_END_DECLS
