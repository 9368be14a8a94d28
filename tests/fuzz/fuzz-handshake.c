/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a stranger says at a socket before anything is known of it.
 *
 * The first byte of an input: bit 7 for a server, otherwise a client; the rest how many bytes come
 * at once, 0 for as many as are wanted. Nobody can guess a proof, so bytes of 0xFF where a proof is
 * due stand for the right one; that way what comes behind it is reached too.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include "internal/handshake.h"

#define KEY "a key that both sides have"

const char fuzz_corpus[] = "handshake";
guint fuzz_n_accepted;
guint fuzz_n_refused;

static GBytes *key;

int
LLVMFuzzerInitialize (G_GNUC_UNUSED int *argc, G_GNUC_UNUSED char ***argv)
{
  key = g_bytes_new_static (KEY, strlen (KEY));
  return 0;
}

/* What somebody with the key would answer in the other role. */
static void
prove (const GmprocHandshake *self, guint8 *proof)
{
  const char *role = self->is_server ? "client" : "server";
  const guint8 *client = self->is_server ? self->theirs : self->own;
  const guint8 *server = self->is_server ? self->own : self->theirs;
  gsize size = GMPROC_HANDSHAKE_PROOF_SIZE;
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guint8 *) KEY, strlen (KEY));

  g_hmac_update (hmac, (const guint8 *) role, (gssize) strlen (role));
  g_hmac_update (hmac, client + 8, GMPROC_HANDSHAKE_HELLO_SIZE - 8);
  g_hmac_update (hmac, server + 8, GMPROC_HANDSHAKE_HELLO_SIZE - 8);
  g_hmac_get_digest (hmac, proof, &size);
  g_hmac_unref (hmac);
}

/* Feeds the bytes until they or the handshake are at their end. */
static GmprocHandshakeState
feed (GmprocHandshake *self, gsize step, const guint8 *data, gsize size, GError **error)
{
  static const guint8 joker[] = { 0xFF, 0xFF, 0xFF, 0xFF };
  GmprocHandshakeState state = GMPROC_HANDSHAKE_WAITS;

  while (size > 0 && state == GMPROC_HANDSHAKE_WAITS)
    {
      gsize wanted = gmproc_handshake_get_wanted (self);
      gsize n = MIN (size, step > 0 ? MIN (step, wanted) : wanted);

      g_assert_cmpuint (wanted, >, 0);
      g_assert_cmpuint (wanted, <=, GMPROC_HANDSHAKE_HELLO_SIZE);
      if (self->has_hello && self->n_in == 0 && size >= sizeof joker
          && memcmp (data, joker, sizeof joker) == 0)
        {
          guint8 proof[GMPROC_HANDSHAKE_PROOF_SIZE];

          prove (self, proof);
          state = gmproc_handshake_feed (self, proof, sizeof proof, error);
          n = sizeof joker;
        }
      else
        state = gmproc_handshake_feed (self, data, n, error);
      g_assert_cmpuint (self->n_out, <=, sizeof self->out);
      data += n;
      size -= n;
    }
  return state;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  GmprocHandshake handshake;
  GmprocHandshakeState state;

  fuzz_n_accepted = fuzz_n_refused = 0;
  if (size == 0)
    return 0;
  if (!gmproc_handshake_init (&handshake, data[0] & 0x80, key, NULL))
    return 0;

  state = feed (&handshake, data[0] & 0x7F, data + 1, size - 1, &error);
  g_assert_true ((state == GMPROC_HANDSHAKE_FAILED) == (error != NULL));
  fuzz_n_accepted = state == GMPROC_HANDSHAKE_DONE;
  fuzz_n_refused = state == GMPROC_HANDSHAKE_FAILED;
  gmproc_handshake_clear (&handshake);
  return 0;
}
