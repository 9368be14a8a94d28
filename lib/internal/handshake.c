/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "handshake.h"

#include <string.h>

#include "port/port.h"

#define MAGIC "gmproc1K"
#define MAGIC_SIZE (8)
#define NONCE_SIZE (GMPROC_HANDSHAKE_HELLO_SIZE - MAGIC_SIZE)

gboolean
gmproc_handshake_init (GmprocHandshake *self, gboolean is_server, GBytes *key, GError **error)
{
  *self = (GmprocHandshake){ .is_server = is_server };
  memcpy (self->own, MAGIC, MAGIC_SIZE);
  if (!gmproc_port_random_fill (self->own + MAGIC_SIZE, NONCE_SIZE, error))
    return FALSE;

  self->key = g_bytes_ref (key);
  memcpy (self->out, self->own, sizeof self->own);
  self->n_out = sizeof self->own;
  return TRUE;
}

void
gmproc_handshake_clear (GmprocHandshake *self)
{
  g_clear_pointer (&self->key, g_bytes_unref);
}

gsize
gmproc_handshake_get_wanted (const GmprocHandshake *self)
{
  return (self->has_hello ? GMPROC_HANDSHAKE_PROOF_SIZE : GMPROC_HANDSHAKE_HELLO_SIZE) - self->n_in;
}

/* ROLE: of the one who proves. */
static void
make_proof (GmprocHandshake *self, const char *role, guint8 *proof)
{
  const guint8 *client = self->is_server ? self->theirs : self->own;
  const guint8 *server = self->is_server ? self->own : self->theirs;
  gsize key_size, proof_size = GMPROC_HANDSHAKE_PROOF_SIZE;
  const guint8 *key = g_bytes_get_data (self->key, &key_size);
  /* An empty key has no address, which g_hmac_new() wants. */
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, key != NULL ? key : (const guint8 *) "", key_size);

  g_hmac_update (hmac, (const guchar *) role, (gssize) strlen (role));
  g_hmac_update (hmac, client + MAGIC_SIZE, NONCE_SIZE);
  g_hmac_update (hmac, server + MAGIC_SIZE, NONCE_SIZE);
  g_hmac_get_digest (hmac, proof, &proof_size);
  g_hmac_unref (hmac);
}

/* Takes the same time wherever the difference is. */
static gboolean
is_equal (const guint8 *one, const guint8 *other, gsize size)
{
  volatile guint8 difference = 0;

  for (gsize i = 0; i < size; i++)
    difference |= one[i] ^ other[i];
  return difference == 0;
}

static void
append_proof (GmprocHandshake *self)
{
  make_proof (self, self->is_server ? "server" : "client", self->out + self->n_out);
  self->n_out += GMPROC_HANDSHAKE_PROOF_SIZE;
}

static GmprocHandshakeState
fail (GError **error, const char *message)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, message);
  return GMPROC_HANDSHAKE_FAILED;
}

static GmprocHandshakeState
take_hello (GmprocHandshake *self, GError **error)
{
  if (memcmp (self->in, MAGIC, MAGIC_SIZE) != 0)
    return fail (error, "The peer does not speak the protocol, or uses no key");

  memcpy (self->theirs, self->in, sizeof self->theirs);
  self->has_hello = TRUE;
  self->n_in = 0;
  if (!self->is_server)
    append_proof (self);
  return GMPROC_HANDSHAKE_WAITS;
}

static GmprocHandshakeState
take_proof (GmprocHandshake *self, GError **error)
{
  static const guint8 refusal[GMPROC_HANDSHAKE_PROOF_SIZE];
  guint8 expected[GMPROC_HANDSHAKE_PROOF_SIZE];

  make_proof (self, self->is_server ? "client" : "server", expected);
  if (is_equal (self->in, expected, sizeof expected))
    {
      if (self->is_server)
        append_proof (self);
      self->is_done = TRUE;
      return GMPROC_HANDSHAKE_DONE;
    }

  if (!self->is_server)
    return fail (error, is_equal (self->in, refusal, sizeof refusal)
                            ? "The server refused this key"
                            : "The server does not have the key");
  memcpy (self->out + self->n_out, refusal, sizeof refusal);
  self->n_out += sizeof refusal;
  return fail (error, "A client does not have the key");
}

GmprocHandshakeState
gmproc_handshake_feed (GmprocHandshake *self, gconstpointer data, gsize size, GError **error)
{
  g_assert (size <= gmproc_handshake_get_wanted (self));

  memcpy (self->in + self->n_in, data, size);
  self->n_in += size;
  if (gmproc_handshake_get_wanted (self) > 0)
    return GMPROC_HANDSHAKE_WAITS;
  return self->has_hello ? take_proof (self, error) : take_hello (self, error);
}
