/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Many messages as one array: it is laid out as GVariant would have done it, and what is damaged
 * is left out.
 */
#include "config.h"

#include "internal/bundle.h"

#include <string.h>

#include "../support.h"
#include "gmproc-error.h"

/* A message as the ring would give it: in two pieces, the first of FIRST bytes. */
static void
make_message (GmprocRingMessage *message, guint8 kind, const void *body, gsize size, gsize first)
{
  *message = (GmprocRingMessage){ .kind = kind, .size = size };
  message->part_sizes[0] = MIN (first, size);
  message->part_sizes[1] = size - message->part_sizes[0];
  for (guint i = 0; i < 2; i++)
    message->parts[i] =
        g_memdup2 ((const guint8 *) body + i * message->part_sizes[0], message->part_sizes[i]);
}

static GmprocBundleResult
add (GmprocBundleReader *reader, guint8 kind, const void *body, gsize size, gsize first)
{
  GmprocRingMessage message;
  GmprocBundleResult result;

  make_message (&message, kind, body, size, first);
  result = gmproc_bundle_reader_add (reader, &message);
  g_free (message.parts[0]);
  g_free (message.parts[1]);
  return result;
}

/* Out of an array into messages, and back. */
static GVariant *
pass_on (GVariant *items)
{
  GmprocBundleReader reader;
  GmprocBundle bundle;
  g_autoptr (GError) error = NULL;
  GVariant *back;

  gmproc_bundle_open (&bundle, items);
  gmproc_bundle_reader_init (&reader, FALSE);
  for (gsize i = 0; i < bundle.n_items; i++)
    {
      GOutputVector vectors[GMPROC_BUNDLE_N_VECTORS];
      gsize size = gmproc_bundle_get (&bundle, i, vectors);
      g_autoptr (GByteArray) body = g_byte_array_new ();

      for (guint j = 0; j < GMPROC_BUNDLE_N_VECTORS; j++)
        g_byte_array_append (body, vectors[j].buffer, (guint) vectors[j].size);
      g_assert_cmpuint (body->len, ==, size);
      g_assert_cmpint (add (&reader, GMPROC_CODEC_VARIANT, body->data, size, i % (size + 1)), ==,
                       GMPROC_BUNDLE_ADDED);
    }
  back = gmproc_bundle_reader_take_values (&reader, &error);
  g_assert_no_error (error);
  gmproc_bundle_reader_clear (&reader);
  gmproc_bundle_clear (&bundle);
  return back;
}

static void
assert_same_bytes (GVariant *items)
{
  g_autoptr (GVariant) back = pass_on (items);

  g_assert_cmpstr (g_variant_get_type_string (back), ==, g_variant_get_type_string (items));
  g_assert_false (g_variant_is_floating (back));
  g_assert_true (g_variant_is_normal_form (back));
  g_assert_cmpmem (g_variant_get_data (back), g_variant_get_size (back), g_variant_get_data (items),
                   g_variant_get_size (items));
}

/* Every kind of layout: sizes, paddings, alignments, ends. */
static void
test_types (void)
{
  static const char *const texts[] = {
    "[1, 2, 3]",
    "[byte 1, 2]",
    "[true, false, true]",
    "[1.5]",
    "['', 'a', 'bc', '']",
    "[(byte 1, int64 2), (3, 4)]",
    "[(int64 2, byte 1), (4, 3)]",
    "[('a', int64 2), ('', 3), ('abcdefgh', 4)]",
    "[[1, 2], [], [3]]",
    "[['a'], [], ['b', 'c']]",
    "[b'', b'xyz']",
    "[{'a': <1>}, {}, {'b': <[1.5]>, 'c': <'x'>}]",
    "[<1>, <'x'>, <(true, 1)>]",
    "[(), ()]",
    "@ams ['a', nothing, 'b']",
    "@ami [1, nothing]",
    "[{1: 2}, {}, {3: 4, 5: 6}]",
    "[(byte 1, (uint16 2, uint32 3), uint64 4), (5, (6, 7), 8)]",
    "[objectpath '/', '/a/b']",
    "[signature 'a{sv}', '']",
    "@a{sx} {'a': 1, 'bc': 2}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) items = g_variant_parse (NULL, texts[i], NULL, NULL, &error);

      g_assert_no_error (error);
      assert_same_bytes (items);
    }
}

static GVariant *
make_strings (gsize n, gsize length)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  g_autofree char *text = g_strnfill (length, 'x');

  for (gsize i = 0; i < n; i++)
    g_variant_builder_add (&builder, "s", text + i % (length + 1));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The ends take one, two and four bytes each; each step at the very size. */
static void
test_ends (void)
{
  for (gsize n = 1; n < 140; n++)
    {
      g_autoptr (GVariant) items = make_strings (n, 1);

      assert_same_bytes (items);
    }
  for (gsize length = 65520; length < 65545; length++)
    {
      g_autoptr (GVariant) items = make_strings (1, length);

      assert_same_bytes (items);
    }
  for (gsize n = 21820; n < 21850; n++)
    {
      g_autoptr (GVariant) items = make_strings (n, 1);

      assert_same_bytes (items);
    }
}

/* What GLib itself thinks of a type. */
static void
test_layout (void)
{
  static const struct
  {
    const char *type;
    gsize fixed_size;
    gsize alignment;
    gboolean is_plain;
  } cases[] = {
    { "y", 1, 1, TRUE },      { "b", 1, 1, FALSE },       { "n", 2, 2, TRUE },
    { "i", 4, 4, TRUE },      { "h", 4, 4, FALSE },       { "d", 8, 8, TRUE },
    { "s", 0, 1, FALSE },     { "v", 0, 8, FALSE },       { "ay", 0, 1, FALSE },
    { "ax", 0, 8, FALSE },    { "mx", 0, 8, FALSE },      { "()", 1, 1, FALSE },
    { "(yx)", 16, 8, FALSE }, { "(xy)", 16, 8, FALSE },   { "(xx)", 16, 8, TRUE },
    { "(yyqu)", 8, 4, TRUE }, { "((xx)x)", 24, 8, TRUE }, { "((yy)y)", 3, 1, TRUE },
    { "(()y)", 2, 1, FALSE }, { "{xx}", 16, 8, TRUE },    { "{sx}", 0, 8, FALSE },
    { "(bx)", 16, 8, FALSE }, { "(xb)", 16, 8, FALSE },   { "(ii)", 8, 4, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const GVariantType *type = G_VARIANT_TYPE (cases[i].type);

      g_test_message ("%s", cases[i].type);
      g_assert_cmpuint (gmproc_codec_get_fixed_size (type), ==, cases[i].fixed_size);
      g_assert_cmpuint (gmproc_codec_get_alignment (type), ==, cases[i].alignment);
      g_assert_true (gmproc_codec_is_plain (type) == cases[i].is_plain);
    }
}

/* The first one says what the others must be. */
static void
test_others (void)
{
  GmprocBundleReader reader;
  char with_long_type[160] = "";
  gsize long_size;

  gmproc_bundle_reader_init (&reader, FALSE);
  g_assert_cmpint (add (&reader, GMPROC_CODEC_VARIANT, "12345678\0x", 10, 3), ==,
                   GMPROC_BUNDLE_ADDED);
  g_assert_cmpint (add (&reader, GMPROC_CODEC_VARIANT, "12345678\0t", 10, 3), ==,
                   GMPROC_BUNDLE_OTHER);
  g_assert_cmpint (add (&reader, GMPROC_CODEC_BYTES, "12345678\0x", 10, 3), ==,
                   GMPROC_BUNDLE_OTHER);
  g_assert_cmpint (add (&reader, GMPROC_CODEC_VARIANT, "1234567\0x", 9, 3), ==,
                   GMPROC_BUNDLE_OTHER);
  g_assert_cmpint (add (&reader, GMPROC_CODEC_VARIANT, "x", 1, 0), ==, GMPROC_BUNDLE_OTHER);
  g_assert_cmpint (add (&reader, GMPROC_CODEC_VARIANT, "", 0, 0), ==, GMPROC_BUNDLE_OTHER);
  g_assert_cmpuint (reader.n_items, ==, 1);
  gmproc_bundle_reader_clear (&reader);

  /* No message at all, or with a type that a bundle does not take. */
  g_strlcpy (with_long_type + 1, "(", 2);
  memset (with_long_type + 2, 's', 100);
  with_long_type[102] = ')';
  long_size = 103;
  for (gsize size = 0; size <= 3; size++)
    {
      gmproc_bundle_reader_init (&reader, FALSE);
      g_assert_cmpint (add (&reader, GMPROC_CODEC_VARIANT, "a\0*", size, 0), ==,
                       GMPROC_BUNDLE_OTHER);
      g_assert_cmpint (add (&reader, 'Z', "a\0x", size, 0), ==, GMPROC_BUNDLE_OTHER);
      g_assert_cmpint (add (&reader, GMPROC_CODEC_VARIANT, with_long_type, long_size, 5), ==,
                       GMPROC_BUNDLE_OTHER);
      gmproc_bundle_reader_clear (&reader);
    }
}

/* Items of another process that are not in normal form: the good ones arrive. */
static void
test_damaged (void)
{
  GmprocBundleReader reader;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) texts = NULL;
  g_autoptr (GVariant) flags = NULL;

  gmproc_bundle_reader_init (&reader, FALSE);
  add (&reader, GMPROC_CODEC_VARIANT, "a\0\0s", 4, 2);
  add (&reader, GMPROC_CODEC_VARIANT, "no end\0s", 8, 2);
  add (&reader, GMPROC_CODEC_VARIANT, "\xff\0\0s", 4, 2);
  add (&reader, GMPROC_CODEC_VARIANT, "b\0\0s", 4, 2);
  texts = gmproc_bundle_reader_take_values (&reader, &error);
  gmproc_bundle_reader_clear (&reader);
  g_assert_no_error (error);
  g_assert_true (g_variant_is_normal_form (texts));
  g_assert_cmpuint (g_variant_n_children (texts), ==, 2);

  gmproc_bundle_reader_init (&reader, FALSE);
  add (&reader, GMPROC_CODEC_VARIANT, "\2\0b", 3, 2);
  add (&reader, GMPROC_CODEC_VARIANT, "\3\0b", 3, 2);
  flags = gmproc_bundle_reader_take_values (&reader, &error);
  gmproc_bundle_reader_clear (&reader);
  g_assert_null (flags);
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
}

/* As bytes all kinds go together, as they are. */
static void
test_bytes (void)
{
  GmprocBundleReader reader;
  g_autoptr (GPtrArray) items = NULL;

  gmproc_bundle_reader_init (&reader, TRUE);
  g_assert_cmpint (add (&reader, GMPROC_CODEC_BYTES, "", 0, 0), ==, GMPROC_BUNDLE_ADDED);
  g_assert_cmpint (add (&reader, GMPROC_CODEC_BYTES, "abc", 3, 1), ==, GMPROC_BUNDLE_ADDED);
  g_assert_cmpint (add (&reader, GMPROC_CODEC_VARIANT, "\1\0y", 3, 2), ==, GMPROC_BUNDLE_ADDED);
  items = gmproc_bundle_reader_take_bytes (&reader);
  gmproc_bundle_reader_clear (&reader);
  g_assert_cmpuint (items->len, ==, 3);
  g_assert_cmpuint (g_bytes_get_size (items->pdata[0]), ==, 0);
  g_assert_cmpmem (g_bytes_get_data (items->pdata[1], NULL), g_bytes_get_size (items->pdata[1]),
                   "abc", 3);
  g_assert_cmpmem (g_bytes_get_data (items->pdata[2], NULL), g_bytes_get_size (items->pdata[2]),
                   "\1\0y", 3);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);

  gmproc_test_add ("/bundle/types", test_types);
  gmproc_test_add ("/bundle/ends", test_ends);
  gmproc_test_add ("/bundle/layout", test_layout);
  gmproc_test_add ("/bundle/others", test_others);
  gmproc_test_add ("/bundle/damaged", test_damaged);
  gmproc_test_add ("/bundle/bytes", test_bytes);
  return g_test_run ();
}
