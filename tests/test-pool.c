/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a pool makes of items: results, and errors.
 */
#include "crew.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

#define N_WORKERS 3
#define MANY (1000 * 1000)
#define LARGE (20 * 1024 * 1024)

static const guint chunk_sizes[] = { 0, 1, 2, 7, 1000, G_MAXUINT };

/* PO-01, PO-07: also no item, and one. */
static void
test_results_come_in_order (void)
{
  static const gsize sizes[] = { 0, 1, 2, 3, 10, 100, 1001 };
  GmprocPool *pool = crew_new (N_WORKERS);

  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_object_set (pool, "chunk-size", chunk_sizes[i], NULL);
      for (guint j = 0; j < G_N_ELEMENTS (sizes); j++)
        crew_assert_works (pool, sizes[j]);
    }

  crew_end (pool);
}

static void
test_many_integers (void)
{
  GmprocPool *pool = crew_new (N_WORKERS);

  crew_assert_works (pool, MANY);

  crew_end (pool);
}

GMPROC_DEFINE_FUNCTION (reverse, "s", "s")
{
  return g_variant_new_take_string (g_utf8_strreverse (g_variant_get_string (item, NULL), -1));
}

GMPROC_DEFINE_FUNCTION (repeat, "(su)", "as")
{
  GVariantBuilder builder;
  const char *word;
  guint count;

  g_variant_get (item, "(&su)", &word, &count);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  while (count-- > 0)
    g_variant_builder_add (&builder, "s", word);
  return g_variant_builder_end (&builder);
}

GMPROC_DEFINE_FUNCTION (give_back, "v", "v")
{
  return g_variant_ref (item);
}

/* The I-th item of each kind, and what the function makes of it. */
static GVariant *
make_item (GmprocFunction function, gsize i, gboolean is_result)
{
  g_autofree char *word = g_strdup_printf ("ä%" G_GSIZE_FORMAT "…%*s", i, (int) (i * 37 % 101), "");
  g_autofree char *reversed = g_utf8_strreverse (word, -1);

  if (function == reverse)
    return g_variant_new_string (is_result ? reversed : word);
  if (function == give_back)
    return g_variant_new_variant (i % 2 == 0 ? g_variant_new_string (word)
                                             : g_variant_new ("(tb)", (guint64) i, i % 3 == 0));
  if (!is_result)
    return g_variant_new ("(su)", word, (guint) (i % 5));

  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize j = 0; j < i % 5; j++)
    g_variant_builder_add (&builder, "s", word);
  return g_variant_builder_end (&builder);
}

static GVariant *
make_items (GmprocFunction function, gsize n, gboolean is_result)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();

  for (gsize i = 0; i < n; i++)
    g_ptr_array_add (items, make_item (function, i, is_result));
  return g_variant_ref_sink (
      g_variant_new_array (NULL, (GVariant *const *) items->pdata, items->len));
}

static void
test_items_of_variable_size (void)
{
  static const GmprocFunction functions[] = { reverse, repeat, give_back };
  static const gsize sizes[] = { 1, 2, 100, 5000 };
  GmprocPool *pool = crew_new (N_WORKERS);

  for (guint i = 0; i < G_N_ELEMENTS (functions) * G_N_ELEMENTS (sizes); i++)
    for (guint j = 0; j < G_N_ELEMENTS (chunk_sizes); j++)
      {
        GmprocFunction function = functions[i / G_N_ELEMENTS (sizes)];
        gsize n = sizes[i % G_N_ELEMENTS (sizes)];
        g_autoptr (GVariant) items = make_items (function, n, FALSE);
        g_autoptr (GVariant) expected = make_items (function, n, TRUE);
        g_autoptr (GVariant) results = NULL;
        g_autoptr (GError) error = NULL;

        g_object_set (pool, "chunk-size", chunk_sizes[j], NULL);
        results = gmproc_pool_map (pool, function, items, NULL, &error);
        g_assert_no_error (error);
        g_assert_true (g_variant_equal (results, expected));
      }

  crew_end (pool);
}

static GVariant *
new_bytes (gsize size, guint8 first)
{
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (first + i % 251);
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, size, TRUE, g_free, bytes);
}

GMPROC_DEFINE_FUNCTION (count_up, "ay", "ay")
{
  gsize size;
  const guint8 *bytes = g_variant_get_fixed_array (item, &size, 1);

  return new_bytes (size, size > 0 ? bytes[0] + 1 : 0);
}

/* Items and results that are far longer than what a worker's stream holds. */
static void
test_large_items (void)
{
  static const gsize sizes[] = { LARGE, 1, LARGE, 128 * 1024, 0, 3 * 1024 * 1024 };
  GmprocPool *pool = crew_new (N_WORKERS);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) results = NULL;
  GVariant *items[G_N_ELEMENTS (sizes)];

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    items[i] = new_bytes (sizes[i], (guint8) i);
  results = gmproc_pool_map (pool, count_up,
                             g_variant_new_array (NULL, items, G_N_ELEMENTS (items)), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (results), ==, G_N_ELEMENTS (sizes));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GVariant) result = g_variant_get_child_value (results, i);
      g_autoptr (GVariant) expected =
          g_variant_ref_sink (new_bytes (sizes[i], sizes[i] > 0 ? (guint8) (i + 1) : 0));

      g_assert_true (g_variant_equal (result, expected));
    }
  g_clear_pointer (&results, g_variant_unref);
  crew_end (pool);
}

GMPROC_DEFINE_FUNCTION (only_even, "ax", "ax")
{
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (item, &n, sizeof *numbers);
  g_autoptr (GArray) even = g_array_new (FALSE, FALSE, sizeof *numbers);

  for (gsize i = 0; i < n; i++)
    if (numbers[i] % 2 == 0)
      g_array_append_val (even, numbers[i]);
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, even->data, even->len, sizeof *numbers);
}

/* The number of results of a slice is up to the function. */
static void
test_map_array (void)
{
  static const gsize sizes[] = { 0, 1, 2, 1000, MANY };
  GmprocPool *pool = crew_new (N_WORKERS);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint j = 0; j < G_N_ELEMENTS (chunk_sizes); j++)
      {
        g_autoptr (GVariant) results = NULL;
        g_autoptr (GError) error = NULL;
        const gint64 *numbers;
        gsize n;

        if (sizes[i] == MANY && chunk_sizes[j] > 0 && chunk_sizes[j] < 1000)
          continue;
        g_object_set (pool, "chunk-size", chunk_sizes[j], NULL);
        results = gmproc_pool_map_array (pool, only_even, crew_numbers (sizes[i]), NULL, &error);
        g_assert_no_error (error);
        numbers = g_variant_get_fixed_array (results, &n, sizeof *numbers);
        g_assert_cmpuint (n, ==, (sizes[i] + 1) / 2);
        for (gsize k = 0; k < n; k++)
          g_assert_cmpint (numbers[k], ==, (gint64) (2 * k));
      }

  crew_end (pool);
}

static void
test_apply (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GVariant) item = g_variant_ref_sink (g_variant_new_string ("abc"));

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = gmproc_pool_apply (pool, reverse, item, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (g_variant_get_string (result, NULL), ==, "cba");
    }

  crew_end (pool);
}

/* -- errors ------------------------------------------------------------------------------------ */

#define BAD_ITEM 17

typedef enum
{
  FAIL_PLAINLY,
  FAIL_AT_LENGTH,
  FAIL_IN_LATIN_1,
  FAIL_WITH_NOTHING,
  FAIL_WITH_A_STRING,
  FAIL_WITH_A_HANDLE
} Failure;

/* The result of item BAD_ITEM is bad in the way that the first number says. */
GMPROC_DEFINE_FUNCTION (fail, "(ux)", "v")
{
  Failure failure;
  gint64 number;

  g_variant_get (item, "(ux)", &failure, &number);
  if (number != BAD_ITEM)
    return g_variant_new_variant (g_variant_new_int64 (number));

  switch (failure)
    {
    case FAIL_WITH_NOTHING:
      return NULL;
    case FAIL_WITH_A_STRING:
      return g_variant_new_string ("no variant");
    case FAIL_WITH_A_HANDLE:
      return g_variant_new_variant (g_variant_new_handle (0));
    case FAIL_AT_LENGTH:
      {
        g_autofree char *long_message = g_strnfill (4 * 1024 * 1024, 'e');

        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, long_message);
        return NULL;
      }
    case FAIL_IN_LATIN_1:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no caf\xe9 here");
      return NULL;
    case FAIL_PLAINLY:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "out of luck");
      return NULL;
    }
  g_assert_not_reached ();
}

static GVariant *
failing_items (Failure failure)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ux)"));
  for (gint64 i = 0; i < 2 * BAD_ITEM; i++)
    g_variant_builder_add (&builder, "(ux)", failure, i);
  return g_variant_builder_end (&builder);
}

/* The error names the function and the item, however the input was cut. */
static void
assert_fails (GmprocPool *pool, Failure failure, GQuark domain, int code, const char *words)
{
  for (guint i = 0; i < G_N_ELEMENTS (chunk_sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = NULL;

      g_object_set (pool, "chunk-size", chunk_sizes[i], NULL);
      result = gmproc_pool_map (pool, fail, failing_items (failure), NULL, &error);
      g_assert_error (error, domain, code);
      g_assert_null (result);
      g_assert_true (g_str_has_prefix (error->message, "fail, item 17: "));
      g_assert_nonnull (strstr (error->message, words));
    }
  crew_assert_works (pool, 10);
}

/* PO-12, PO-13 */
static void
test_error_of_the_function (void)
{
  GmprocPool *pool = crew_new (N_WORKERS);

  assert_fails (pool, FAIL_PLAINLY, G_IO_ERROR, G_IO_ERROR_BUSY, "out of luck");
  assert_fails (pool, FAIL_AT_LENGTH, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "eeeeeeeeee");
  assert_fails (pool, FAIL_IN_LATIN_1, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "here");

  crew_end (pool);
}

/* PO-09: the workers that made them live on. */
static void
test_results_that_cannot_be_sent (void)
{
  GmprocPool *pool = crew_new (N_WORKERS);
  g_autolist (GmprocProcess) before = gmproc_list_children ();
  g_autolist (GmprocProcess) after = NULL;

  for (guint i = 0; i < 20; i++)
    {
      assert_fails (pool, FAIL_WITH_NOTHING, GMPROC_ERROR, GMPROC_ERROR_FAILED, "fail returned");
      assert_fails (pool, FAIL_WITH_A_STRING, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE, "“s”");
      assert_fails (pool, FAIL_WITH_A_HANDLE, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "handle");
    }

  after = gmproc_list_children ();
  g_assert_cmpuint (g_list_length (after), ==, g_list_length (before));
  for (GList *link = after; link != NULL; link = link->next)
    g_assert_nonnull (g_list_find (before, link->data));
  crew_end (pool);
}

static GVariant *
not_registered (GVariant *item, G_GNUC_UNUSED GError **error)
{
  return g_variant_ref (item);
}

/* Refused before anything is sent. */
static void
test_refused_calls (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_pool_map (pool, not_registered, crew_numbers (1), NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED);
  g_clear_error (&error);

  g_assert_null (gmproc_pool_map (pool, reverse, crew_numbers (1), NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  g_assert_nonnull (strstr (error->message, "“ax”"));
  g_assert_nonnull (strstr (error->message, "“as”"));
  g_clear_error (&error);

  g_assert_null (gmproc_pool_map (pool, reverse, g_variant_new_string ("s"), NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  g_clear_error (&error);

  g_assert_null (gmproc_pool_map_array (pool, crew_square, g_variant_new_int64 (1), NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  g_clear_error (&error);

  g_assert_null (gmproc_pool_apply (
      pool, give_back, g_variant_new_variant (g_variant_new_handle (0)), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  crew_assert_works (pool, 10);
  crew_end (pool);
}

/* -- what belongs to whom ---------------------------------------------------------------------- */

static void
count_free (gpointer data)
{
  guint *n_freed = data;

  (*n_freed)++;
}

/* PO-14 */
static void
test_items_are_freed (void)
{
  static const guint8 bytes[64] = { 0 };
  GmprocPool *pool = crew_new (N_WORKERS);
  g_autoptr (GError) error = NULL;
  guint n_freed = 0;

  for (guint i = 1; i <= 10; i++)
    {
      g_autoptr (GVariant) results =
          gmproc_pool_map (pool, crew_square,
                           g_variant_new_from_data (G_VARIANT_TYPE ("ax"), bytes, sizeof bytes,
                                                    TRUE, count_free, &n_freed),
                           NULL, &error);

      g_assert_no_error (error);
      g_assert_nonnull (results);
      g_assert_cmpuint (n_freed, ==, i);
    }

  crew_end (pool);
}

GMPROC_DEFINE_FUNCTION (print, "x", "x")
{
  g_print ("item %" G_GINT64_FORMAT ".\n", g_variant_get_int64 (item));
  return g_variant_ref (item);
}

static void
test_functions_that_print (void)
{
  if (g_test_subprocess ())
    {
      GmprocPool *pool = crew_new (N_WORKERS);
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) results = gmproc_pool_map (pool, print, crew_numbers (50), NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (g_variant_n_children (results), ==, 50);
      crew_end (pool);
      return;
    }

  gmproc_test_trap ();
  g_test_trap_assert_passed ();
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *pattern = g_strdup_printf ("*item %u.*\n*", i);

      g_test_trap_assert_stdout (pattern);
    }
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (crew_warm_up);
  gmproc_test_add ("/pool/results-come-in-order", test_results_come_in_order);
  gmproc_test_add ("/pool/many-integers", test_many_integers);
  gmproc_test_add ("/pool/items-of-variable-size", test_items_of_variable_size);
  gmproc_test_add ("/pool/large-items", test_large_items);
  gmproc_test_add ("/pool/map-array", test_map_array);
  gmproc_test_add ("/pool/apply", test_apply);
  gmproc_test_add ("/pool/error-of-the-function", test_error_of_the_function);
  gmproc_test_add ("/pool/results-that-cannot-be-sent", test_results_that_cannot_be_sent);
  gmproc_test_add ("/pool/refused-calls", test_refused_calls);
  gmproc_test_add ("/pool/items-are-freed", test_items_are_freed);
  gmproc_test_add ("/pool/functions-that-print", test_functions_that_print);
  return g_test_run ();
}
