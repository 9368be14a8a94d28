/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "internal/codec.h"

#include <string.h>

#include "../support.h"
#include "gmproc-connection.h"
#include "gmproc-error.h"
#include "internal/shareable.h"

#define N_RANDOM 20000

/* One of each kind of type, and what GVariant stores in its own ways. */
static const char *const texts[] = { "true",
                                     "byte 0xff",
                                     "int16 -1",
                                     "uint16 65535",
                                     "1",
                                     "uint32 4294967295",
                                     "int64 -1",
                                     "uint64 18446744073709551615",
                                     "1.5",
                                     "'text'",
                                     "objectpath '/a/b'",
                                     "signature 'a{sv}'",
                                     "''",
                                     "()",
                                     "(1,)",
                                     "(byte 1, int64 2, 's', true)",
                                     "@ms nothing",
                                     "just 'x'",
                                     "@mms just nothing",
                                     "@as []",
                                     "['', 'a', '']",
                                     "[[1], @ai [], [2, 3]]",
                                     "@a{sv} {}",
                                     "{1: <2>, 3: <<'x'>>}",
                                     "<@ay []>",
                                     "[(1, 'a'), (2, 'b')]",
                                     "[byte 1, 2]",
                                     "[(int64 1, byte 2), (3, 4)]" };

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static void
test_round_trip (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) value = parse (texts[i]);
      g_autoptr (GBytes) bytes = gmproc_codec_to_bytes (value);
      g_autoptr (GVariant) loaded = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (g_bytes_get_size (bytes), ==, gmproc_codec_get_size (value));
      loaded = gmproc_codec_load (bytes, &error);
      g_assert_no_error (error);
      g_assert_false (g_variant_is_floating (loaded));
      g_assert_true (g_variant_is_of_type (loaded, g_variant_get_type (value)));
      g_assert_true (g_variant_equal (loaded, value));
    }
}

static void
assert_bad (gconstpointer data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_codec_load (bytes, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
}

/* Data from another process is an error, not a crash. */
static void
test_damaged (void)
{
  assert_bad (NULL, 0);
  assert_bad ("\0", 1);            /* an empty type */
  assert_bad ("i", 1);             /* no zero */
  assert_bad ("\1\2\3\4i", 5);     /* no zero */
  assert_bad ("\1\2\3\0i", 5);     /* too short for its type */
  assert_bad ("\1\2\3\4\5\0i", 7); /* too long */
  assert_bad ("\2\0b", 3);         /* neither true nor false */
  assert_bad ("abc\0s", 5);        /* text without its own zero */
  assert_bad ("\xff\0\0s", 4);     /* not UTF-8 */
  assert_bad ("no path\0\0o", 10);
  assert_bad ("z\0\0g", 4);
  assert_bad ("\0\0z", 3);          /* no type */
  assert_bad ("\0\0ii", 4);         /* two types */
  assert_bad ("\0\0*", 3);          /* a pattern of types */
  assert_bad ("\0\0a", 3);          /* half a type */
  assert_bad ("\1\0\0\0\5\0ai", 8); /* one and a quarter elements */
  assert_bad ("a\0\x09\0as", 6);    /* an end beyond the data */
}

/* A type that is nested deeper than GVariant goes, and values inside values. */
static void
test_deep (void)
{
  g_autoptr (GByteArray) message = g_byte_array_new ();
  const guint8 zeros[2] = { 0, 0 };

  g_byte_array_append (message, zeros, 1);
  for (int i = 0; i < 100000; i++)
    g_byte_array_append (message, (const guint8 *) "a", 1);
  g_byte_array_append (message, (const guint8 *) "i", 1);
  assert_bad (message->data, message->len);

  g_byte_array_set_size (message, 0);
  for (int i = 0; i < 100000; i++)
    g_byte_array_append (message, (const guint8 *) "\0v", 2);
  assert_bad (message->data, message->len);
}

/* Whatever a byte is changed to: a value in normal form, or an error. */
static void
test_random_damage (void)
{
  for (int i = 0; i < N_RANDOM; i++)
    {
      g_autoptr (GVariant) value = parse (texts[g_test_rand_int_range (0, G_N_ELEMENTS (texts))]);
      gsize size = gmproc_codec_get_size (value);
      guint8 *data = g_malloc (size);
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GVariant) loaded = NULL;
      g_autoptr (GError) error = NULL;

      gmproc_codec_store (value, data);
      for (int j = g_test_rand_int_range (1, 4); j > 0; j--)
        data[g_test_rand_int_range (0, (gint32) size)] = (guint8) g_test_rand_int_range (0, 256);
      size = (gsize) g_test_rand_int_range (0, (gint32) size + 1);
      bytes = g_bytes_new_take (data, size);
      loaded = gmproc_codec_load (bytes, &error);
      if (loaded == NULL)
        g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
      else
        g_assert_true (g_variant_is_normal_form (loaded));
    }
}

static void
test_message_kinds (void)
{
  g_autoptr (GVariant) as_bytes = NULL;
  g_autoptr (GVariant) nothing = NULL;
  g_autoptr (GError) error = NULL;

  as_bytes =
      gmproc_codec_take_message (GMPROC_CODEC_BYTES, g_memdup2 ("\0i", 2), 2, g_free, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (as_bytes), ==, "ay");
  g_assert_cmpuint (g_variant_get_size (as_bytes), ==, 2);
  nothing = gmproc_codec_take_message (GMPROC_CODEC_BYTES, NULL, 0, g_free, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (nothing), ==, 0);
  g_assert_null (
      gmproc_codec_take_message (GMPROC_CODEC_VARIANT, g_memdup2 ("\0i", 2), 2, g_free, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
}

static void
test_refuse_handles (void)
{
  g_autoptr (GVariant) plain = parse ("{1: <2>, 3: <<'x'>>}");
  g_autoptr (GVariant) hidden =
      g_variant_ref_sink (g_variant_new ("(sv)", "x", g_variant_new_handle (3)));
  g_autoptr (GVariant) none = g_variant_ref_sink (g_variant_new ("ah", NULL));
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_codec_check_message (plain, &error));
  g_assert_true (gmproc_codec_check_message (none, &error));
  g_assert_no_error (error);
  g_assert_false (gmproc_codec_check_message (hidden, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

/* Every receiver would refuse it, so the sender does. */
static void
test_refuse_not_normal (void)
{
  g_autoptr (GVariant) damaged = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_STRING, "no end", 6, FALSE, NULL, NULL));
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_codec_check_message (damaged, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
}

/* An object that is named three times is brought once, and the places get its number there. */
static void
test_pack_and_unpack (void)
{
  static const gint32 there[] = { 77, 88 };
  g_autoptr (GmprocConnection) first = NULL;
  g_autoptr (GmprocConnection) second = NULL;
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) packed = NULL;
  g_autoptr (GVariant) unpacked = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gint32 a, b;

  g_assert_true (gmproc_pipe_new (FALSE, &first, &second, NULL));
  a = gmproc_connection_get_handle (first);
  b = gmproc_connection_get_handle (second);
  value = g_variant_ref_sink (
      g_variant_new ("(h(hv)s)", a, b, g_variant_new ("(mh)", TRUE, a), "beside"));
  packed = gmproc_codec_pack (value, objects, parcel, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (objects->len, ==, 2);

  unpacked = gmproc_codec_unpack (packed, there, G_N_ELEMENTS (there), &error);
  g_assert_no_error (error);
  text = g_variant_print (unpacked, FALSE);
  g_assert_cmpstr (text, ==, "(77, (88, <(@mh 77,)>), 'beside')");
}

static void
test_unpack_damaged (void)
{
  static const gint32 there[] = { 77, 88 };
  static const gint32 bad[] = { -1, 2, G_MAXINT32, G_MININT32 };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new ("(h)", bad[i]));
      g_autoptr (GError) error = NULL;

      g_assert_null (gmproc_codec_unpack (value, there, G_N_ELEMENTS (there), &error));
      g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
    }
}

/* What an object brings comes from another process, too. */
static void
test_import_damaged (void)
{
  static const char *const exported[] = { "('NoSuchClass', <1>)",
                                          "('GObject', <1>)",
                                          "('', <1>)",
                                          "('GmprocShareable', <1>)",
                                          "('GmprocConnection', <1>)",
                                          "('GmprocConnection', <'x'>)",
                                          "('GmprocConnection', <(5, 5)>)",
                                          "('GmprocConnection', <(-2, -2)>)",
                                          "('GmprocConnection', <(-1, 2147483647)>)" };

  g_type_ensure (GMPROC_TYPE_CONNECTION);
  for (gsize i = 0; i < G_N_ELEMENTS (exported); i++)
    {
      g_autoptr (GVariant) value = parse (exported[i]);
      g_autoptr (GmprocParcel) parcel = gmproc_parcel_new_received (NULL, 0);
      g_autoptr (GError) error = NULL;

      g_assert_null (gmproc_shareable_import (value, parcel, &error));
      g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
    }
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);
  gmproc_test_add ("/codec/round-trip", test_round_trip);
  gmproc_test_add ("/codec/damaged", test_damaged);
  gmproc_test_add ("/codec/deep", test_deep);
  gmproc_test_add ("/codec/random-damage", test_random_damage);
  gmproc_test_add ("/codec/message-kinds", test_message_kinds);
  gmproc_test_add ("/codec/refuse-handles", test_refuse_handles);
  gmproc_test_add ("/codec/refuse-not-normal", test_refuse_not_normal);
  gmproc_test_add ("/codec/pack", test_pack_and_unpack);
  gmproc_test_add ("/codec/unpack-damaged", test_unpack_damaged);
  gmproc_test_add ("/codec/import-damaged", test_import_damaged);
  return g_test_run ();
}
