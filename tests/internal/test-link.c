/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a link makes of a stream that the other side damaged: raw bytes go in at one end.
 */
#include "config.h"

#include "internal/link.h"

#include <string.h>

#include "../support.h"
#include "gmproc-connection.h"
#include "gmproc-error.h"
#include "internal/shareable.h"

#define N_RANDOM 500
#define LONG 304    /* more than a block holds */
#define PADDED 4101 /* a page and more, with zeros before and behind */
#define PAGES 8192  /* whole pages, which have a line of zeros more */
#define BOUND (g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND)

typedef struct
{
  GmprocPortChannel out;
  GmprocLink in;
} Ends;

static void
ends_init (Ends *self)
{
  g_autoptr (GError) error = NULL;
  gintptr reader, writer;

  gmproc_port_channel_new_pipe (&reader, &writer, &error);
  g_assert_no_error (error);
  gmproc_port_channel_attach (&self->out, writer, &error);
  g_assert_no_error (error);
  gmproc_link_init (&self->in, reader, GMPROC_PORT_NO_HANDLE, &error);
  g_assert_no_error (error);
}

static void
ends_clear (Ends *self)
{
  gmproc_port_channel_detach (&self->out);
  gmproc_link_clear (&self->in);
}

static void
write_raw (Ends *self, gconstpointer data, gsize size)
{
  while (size > 0)
    {
      GOutputVector vector = { data, size };
      g_autoptr (GError) error = NULL;
      gssize count = gmproc_port_channel_write (&self->out, &vector, 1, BOUND, NULL, &error);

      g_assert_no_error (error);
      data = (const guint8 *) data + count;
      size -= (gsize) count;
    }
}

static void
write_header (Ends *self, guint32 kind, guint32 zero, guint64 size)
{
  const GmprocLinkHeader header = { kind, zero, size };

  write_raw (self, &header, sizeof header);
}

/* A whole message that fits a block. */
static GmprocLinkBlock
make_block (guint32 kind, const char *body, gsize size)
{
  GmprocLinkBlock block = { .header = { kind, 0, size } };

  memcpy (block.body, body, size);
  return block;
}

static void
assert_fails (Ends *self, gint64 deadline, GQuark domain, int code)
{
  g_autoptr (GError) error = NULL;
  GmprocCodecKind kind;
  gpointer body;
  gsize size;

  g_assert_false (gmproc_link_receive (&self->in, deadline, NULL, &kind, &body, &size, &error));
  g_assert_error (error, domain, code);
}

/* An error that stays: where the next message begins is not known. */
static void
check_bad_header (guint32 kind, guint32 zero, guint64 size)
{
  const GmprocLinkBlock bad = { .header = { kind, zero, size } };
  const GmprocLinkBlock good = make_block (GMPROC_CODEC_BYTES, "", 0);
  Ends ends;

  ends_init (&ends);
  write_raw (&ends, &bad, sizeof bad);
  write_raw (&ends, &good, sizeof good);
  assert_fails (&ends, BOUND, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
  assert_fails (&ends, BOUND, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
  ends_clear (&ends);
}

static void
test_bad_headers (void)
{
  check_bad_header (0, 0, 0);
  check_bad_header ('X', 0, 1);
  check_bad_header (G_MAXUINT32, 0, 1);
  check_bad_header (GMPROC_CODEC_BYTES | 0x100, 0, 1);
  check_bad_header (GMPROC_CODEC_BYTES, 1, 1);
  check_bad_header (GMPROC_CODEC_BYTES, 0, G_GUINT64_CONSTANT (1) << 63);
  check_bad_header (GMPROC_CODEC_VARIANT, 0, G_MAXUINT64);
}

/* A size that nobody can have is not believed: memory comes with the bytes. */
static void
test_huge_size (void)
{
  static const guint64 sizes[] = { G_MAXINT64, G_GUINT64_CONSTANT (1) << 40, 1 << 30 };
  static guint8 some[3000];

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      Ends ends;

      if (sizes[i] > G_MAXSSIZE)
        continue;
      ends_init (&ends);
      write_header (&ends, GMPROC_CODEC_BYTES, 0, sizes[i]);
      write_raw (&ends, some, sizeof some);
      assert_fails (&ends, 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpuint (ends.in.body_allocated, <=, 4 * 1024 * 1024);
      gmproc_port_channel_detach (&ends.out);
      assert_fails (&ends, BOUND, G_IO_ERROR, G_IO_ERROR_CLOSED);
      ends_clear (&ends);
    }
}

/* GM-05: wherever in a message the sender stops, a time is kept, and the end is told. */
static void
check_cut (gconstpointer message, gsize size, gsize first)
{
  for (gsize i = first; i < size; i++)
    {
      Ends ends;

      ends_init (&ends);
      write_raw (&ends, message, i);
      assert_fails (&ends, 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      assert_fails (&ends, g_get_monotonic_time () + 1000, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      gmproc_port_channel_detach (&ends.out);
      assert_fails (&ends, BOUND, G_IO_ERROR, G_IO_ERROR_CLOSED);
      assert_fails (&ends, BOUND, G_IO_ERROR, G_IO_ERROR_CLOSED);
      ends_clear (&ends);
    }
}

/* Where the body of SIZE bytes begins. */
static gsize
get_lead (gsize size)
{
  return size >= 4096 ? 64 : sizeof (GmprocLinkHeader);
}

/* What goes over the wire for a body of SIZE bytes. */
static guint8 *
make_long (gsize size, gsize *ret_whole)
{
  const GmprocLinkHeader header = { GMPROC_CODEC_BYTES, 0, size };
  gsize lead = get_lead (size);
  guint8 *message;

  *ret_whole = lead + size;
  if (size >= 4096)
    {
      *ret_whole = (*ret_whole + 63) / 64 * 64;
      if (*ret_whole % 4096 == 64)
        *ret_whole += 64;
    }
  message = g_malloc0 (*ret_whole);
  memcpy (message, &header, sizeof header);
  for (gsize i = 0; i < size; i++)
    message[lead + i] = (guint8) (i % 251);
  return message;
}

static void
test_cut (void)
{
  const GmprocLinkBlock block = make_block (GMPROC_CODEC_BYTES, "hello", 5);
  gsize long_size, padded_size;
  g_autofree guint8 *message = make_long (LONG, &long_size);
  g_autofree guint8 *padded = make_long (PADDED, &padded_size);

  check_cut (&block, sizeof block, 0);
  check_cut (message, long_size, 0);
  check_cut (padded, padded_size, PADDED);
}

/* One byte at a time, with a call that ends between any two; of two messages in a row. */
static void
check_drip (const guint8 *message, gsize size, const guint8 *body, gsize body_size)
{
  Ends ends;

  ends_init (&ends);
  for (int round = 0; round < 2; round++)
    {
      g_autoptr (GError) error = NULL;
      GmprocCodecKind kind;
      gpointer got;
      gsize got_size;

      for (gsize i = 0; i < size; i++)
        {
          assert_fails (&ends, 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
          write_raw (&ends, message + i, 1);
        }
      g_assert_true (gmproc_link_receive (&ends.in, 0, NULL, &kind, &got, &got_size, &error));
      g_assert_no_error (error);
      g_assert_cmpint (kind, ==, GMPROC_CODEC_BYTES);
      g_assert_cmpmem (got, got_size, body, body_size);
      gmproc_body_free (got);
    }
  ends_clear (&ends);
}

static void
test_drip (void)
{
  const GmprocLinkBlock block = make_block (GMPROC_CODEC_BYTES, "abc", 3);
  const gsize sizes[] = { LONG, PADDED, PAGES };

  check_drip ((const guint8 *) &block, sizeof block, (const guint8 *) "abc", 3);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gsize whole;
      g_autofree guint8 *message = make_long (sizes[i], &whole);

      check_drip (message, whole, message + get_lead (sizes[i]), sizes[i]);
    }
}

/* PI-01: into a buffer and into memory of the link's own by turns, in the middle of a message. */
static void
check_drip_into (gsize size)
{
  gsize whole;
  g_autofree guint8 *message = make_long (size, &whole);
  g_autofree guint8 *buffer = g_malloc (size + 1);
  g_autoptr (GError) error = NULL;
  Ends ends;

  ends_init (&ends);
  for (gsize i = 0; i < whole; i++)
    {
      memset (buffer, 0xee, size + 1);
      if (i % 2 == 0)
        assert_fails (&ends, 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      else
        g_assert_false (gmproc_link_receive_into (&ends.in, buffer, 0, NULL, NULL));
      g_assert_false (gmproc_link_has_message (&ends.in));
      write_raw (&ends, message + i, 1);
    }
  g_assert_true (gmproc_link_receive_into (&ends.in, buffer, 0, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, size, message + get_lead (size), size);
  g_assert_cmpuint (buffer[size], ==, 0xee);
  assert_fails (&ends, 0, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  ends_clear (&ends);
}

static void
test_drip_into (void)
{
  check_drip_into (LONG);
  check_drip_into (PADDED);
  check_drip_into (PAGES);
}

/* GM-05: the end in the middle of a body, into a buffer; it is told again, and nothing is kept. */
static void
test_cut_into (void)
{
  gsize whole;
  g_autofree guint8 *message = make_long (PADDED, &whole);
  guint8 buffer[PADDED];

  for (gsize i = sizeof (GmprocLinkBlock); i < whole; i += 97)
    {
      Ends ends;

      ends_init (&ends);
      write_raw (&ends, message, i);
      gmproc_port_channel_detach (&ends.out);
      for (int round = 0; round < 2; round++)
        {
          g_autoptr (GError) error = NULL;

          g_assert_false (gmproc_link_receive_into (&ends.in, buffer, BOUND, NULL, &error));
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
          g_assert_nonnull (strstr (error->message, "in the middle of a message"));
          g_assert_true (gmproc_link_has_message (&ends.in));
          g_assert_null (ends.in.body);
        }
      assert_fails (&ends, BOUND, G_IO_ERROR, G_IO_ERROR_CLOSED);
      ends_clear (&ends);
    }
}

/* -- the other half ---------------------------------------------------------------------------- */

#define TOO_MUCH (8 * 1024 * 1024) /* for a pipe */

static gboolean
send_large (GmprocLink *out, GBytes *message, GError **error)
{
  GOutputVector vector;

  vector.buffer = g_bytes_get_data (message, &vector.size);
  return gmproc_link_send (out, GMPROC_CODEC_BYTES, &vector, 1, 0, NULL, error);
}

static void
pair_init (GmprocLink *in, GmprocLink *out)
{
  g_autoptr (GError) error = NULL;
  gintptr reader, writer;

  gmproc_port_channel_new_pipe (&reader, &writer, &error);
  g_assert_no_error (error);
  g_assert_true (gmproc_link_init (in, reader, GMPROC_PORT_NO_HANDLE, &error));
  g_assert_true (gmproc_link_init (out, GMPROC_PORT_NO_HANDLE, writer, &error));
}

/* What does not go out at once is copied once, however often the pipe is full on the way. */
static void
test_rest (void)
{
  g_autofree guint8 *data = g_malloc0 (TOO_MUCH);
  g_autoptr (GBytes) message = g_bytes_new_static (data, TOO_MUCH);
  g_autoptr (GError) error = NULL;
  const guint8 *end;
  GmprocLink in, out;
  GmprocCodecKind kind;
  gpointer body = NULL;
  gsize size;

  for (gsize i = 0; i < TOO_MUCH; i++)
    data[i] = (guint8) (i % 251);
  pair_init (&in, &out);
  g_assert_false (send_large (&out, message, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  end = (const guint8 *) g_bytes_get_data (out.rest, &size) + size;
  while (body == NULL)
    {
      if (out.rest != NULL)
        {
          gsize left;
          const guint8 *rest = g_bytes_get_data (out.rest, &left);

          g_assert_true (rest + left == end);
        }
      (void) gmproc_link_receive (&in, 0, NULL, &kind, &body, &size, NULL);
      (void) gmproc_link_flush (&out, 0, NULL, NULL);
    }
  g_assert_null (out.rest);
  g_assert_cmpmem (body, size, data, TOO_MUCH);
  gmproc_body_free (body);
  gmproc_link_clear (&in);
  gmproc_link_clear (&out);
}

/* The reader is gone in the middle: the rest is nobody's, and nothing can follow. */
static void
test_reader_gone (void)
{
  g_autofree guint8 *data = g_malloc0 (TOO_MUCH);
  g_autoptr (GBytes) message = g_bytes_new_static (data, TOO_MUCH);
  GmprocLink in, out;

  pair_init (&in, &out);
  g_assert_false (send_large (&out, message, NULL));
  g_assert_nonnull (out.rest);
  gmproc_link_clear (&in);
  for (int round = 0; round < 2; round++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (send_large (&out, message, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
    }
  gmproc_link_clear (&out);
}

/* A body keeps its bytes and its place in a line, however often it grows. */
static void
test_body (void)
{
  guint8 *body = NULL;
  gsize kept = 0;

  for (gsize size = 1; size < 3 * 1024 * 1024; size = 2 * size + 1)
    {
      body = gmproc_body_try_resize (body, kept, size);
      g_assert_nonnull (body);
      g_assert_cmpuint ((guintptr) body % GMPROC_BODY_LINE, ==, 0);
      for (gsize i = 0; i < kept; i++)
        g_assert_cmpuint (body[i], ==, i % 251);
      for (gsize i = kept; i < size; i++)
        body[i] = (guint8) (i % 251);
      kept = size;
    }
  g_assert_null (gmproc_body_try_resize (body, kept, G_MAXSIZE - 8));
  g_assert_cmpuint (body[kept - 1], ==, (kept - 1) % 251);
  gmproc_body_free (body);
  gmproc_body_free (NULL);
}

/* The connection above: a message that is whole but is no value spoils itself and not the next. */
static void
test_bad_value (void)
{
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GVariant) exported = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  GmprocLinkBlock bad;
  guint n_handles;
  gintptr raw;
  Ends ends;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  exported = gmproc_shareable_export (GMPROC_SHAREABLE (out), parcel, NULL);
  g_variant_ref_sink (exported);
  raw = gmproc_parcel_get_handles (parcel, &n_handles)[0];
  g_assert_cmpuint (n_handles, ==, 1);
  g_assert_true (gmproc_port_handle_duplicate (raw, &raw, NULL));
  ends_init (&ends);
  gmproc_port_channel_detach (&ends.out);
  g_assert_true (gmproc_port_channel_attach (&ends.out, raw, NULL));

  /* Neither true nor false, so not in normal form. */
  bad = make_block (GMPROC_CODEC_VARIANT, "\2\0b", 3);
  write_raw (&ends, &bad, sizeof bad);
  g_assert_true (gmproc_connection_send (out, g_variant_new_int32 (5), NULL, NULL));
  g_assert_null (gmproc_connection_receive (in, 0, NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
  g_clear_error (&error);
  value = gmproc_connection_receive (in, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int32 (value), ==, 5);
  ends_clear (&ends);
}

static void
drop_message (GmprocCodecKind kind, gpointer body, gsize size)
{
  g_autoptr (GVariant) value = gmproc_codec_take_message (kind, body, size, gmproc_body_free, NULL);

  g_assert_true (value == NULL || g_variant_is_normal_form (value));
}

/* Whatever comes: messages, then an error or the end. */
static void
test_random (void)
{
  for (int i = 0; i < N_RANDOM; i++)
    {
      g_autoptr (GError) error = NULL;
      guint8 noise[256];
      Ends ends;

      ends_init (&ends);
      if (i % 2 == 0)
        write_header (&ends, GMPROC_CODEC_VARIANT, 0, (guint64) g_test_rand_int_range (0, 300));
      for (gsize j = 0; j < sizeof noise; j++)
        noise[j] = (guint8) g_test_rand_int_range (0, 256);
      write_raw (&ends, noise, (gsize) g_test_rand_int_range (0, sizeof noise));
      gmproc_port_channel_detach (&ends.out);
      while (error == NULL)
        {
          GmprocCodecKind kind;
          gpointer body;
          gsize size;

          /* A whole message that is no value is no error of the stream. */
          if (gmproc_link_receive (&ends.in, BOUND, NULL, &kind, &body, &size, &error))
            drop_message (kind, body, size);
        }
      if (!g_error_matches (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE))
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      ends_clear (&ends);
    }
}

static void
warm_up (void)
{
  Ends ends;

  ends_init (&ends);
  ends_clear (&ends);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/link/bad-headers", test_bad_headers);
  gmproc_test_add ("/link/huge-size", test_huge_size);
  gmproc_test_add ("/link/cut", test_cut);
  gmproc_test_add ("/link/drip", test_drip);
  gmproc_test_add ("/link/drip-into", test_drip_into);
  gmproc_test_add ("/link/cut-into", test_cut_into);
  gmproc_test_add ("/link/rest", test_rest);
  gmproc_test_add ("/link/reader-gone", test_reader_gone);
  gmproc_test_add ("/link/body", test_body);
  gmproc_test_add ("/link/bad-value", test_bad_value);
  gmproc_test_add ("/link/random", test_random);
  return g_test_run ();
}
