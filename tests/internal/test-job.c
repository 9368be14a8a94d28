/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include <string.h>

#include "gmproc-error.h"
#include "gmproc-target.h"
#include "internal/job.h"

#include "../support.h"

GMPROC_DEFINE_FUNCTION (numbers, "x", "x")
{
  return g_variant_ref (item);
}

GMPROC_DEFINE_FUNCTION (words, "s", "s")
{
  return g_variant_ref (item);
}

GMPROC_DEFINE_FUNCTION (slices, "ax", "ax")
{
  return g_variant_ref (item);
}

/* 0 … N-1 as integers, or as words of different length. */
static GVariant *
make_items (GmprocFunction function, gsize n)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder,
                          function == words ? G_VARIANT_TYPE_STRING_ARRAY : G_VARIANT_TYPE ("ax"));
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *word = g_strdup_printf ("%*d", (int) (i % 13), (int) i);

      g_variant_builder_add_value (&builder, function == words ? g_variant_new_string (word)
                                                               : g_variant_new_int64 (i));
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static GmprocJob *
new_job (GmprocFunction function, gsize n_items, gsize chunk_size, guint n_workers)
{
  g_autoptr (GError) error = NULL;
  const GmprocFunctionInfo *info = gmproc_registry_describe_function (function, &error);
  g_autoptr (GVariant) items = make_items (function, n_items);

  g_assert_no_error (error);
  return gmproc_job_new (info, function == slices ? GMPROC_WORKER_WHOLE : GMPROC_WORKER_EACH, items,
                         chunk_size, n_workers);
}

/* What a worker would do with a function that gives its item back. */
static void
finish (GmprocChunk *chunk)
{
  g_autoptr (GBytes) input = gmproc_chunk_get_input (chunk);

  gmproc_chunk_finish (chunk, input);
}

static void
assert_result (GmprocJob *job, GmprocFunction function, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) expected = make_items (function, n);
  g_autoptr (GVariant) result = NULL;

  g_assert_true (gmproc_job_is_over (job));
  g_assert_cmpuint (gmproc_job_count_chunks (job), ==, 0);
  g_assert_null (gmproc_job_take_chunk (job));
  result = gmproc_job_get_result (job, &error);
  g_assert_no_error (error);
  g_assert_false (g_variant_is_floating (result));
  g_assert_true (g_variant_equal (result, expected));
}

/* The chunks cover the items once, and may come back in any order. */
static void
test_chunks_in_any_order (void)
{
  static const GmprocFunction functions[] = { numbers, words, slices };
  static const gsize sizes[] = { 0, 1, 2, 10, 999 };
  static const gsize chunk_sizes[] = { 0, 1, 3, 998, 999, 1000, G_MAXSIZE };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    for (guint j = 0; j < G_N_ELEMENTS (sizes) * G_N_ELEMENTS (chunk_sizes); j++)
      {
        gsize n = sizes[j / G_N_ELEMENTS (chunk_sizes)];
        g_autoptr (GmprocJob) job =
            new_job (functions[i], n, chunk_sizes[j % G_N_ELEMENTS (chunk_sizes)], 3);
        g_autoptr (GPtrArray) chunks = g_ptr_array_new ();
        gsize n_chunks = gmproc_job_count_chunks (job);
        GmprocChunk *chunk;
        gsize next = 0;

        for (; (chunk = gmproc_job_take_chunk (job)) != NULL; next += chunk->n_items)
          {
            g_assert_cmpuint (chunk->first, ==, next);
            g_assert_cmpuint (chunk->n_items, >, 0);
            g_ptr_array_add (chunks, chunk);
          }
        g_assert_cmpuint (next, ==, n);
        g_assert_cmpuint (chunks->len, ==, n_chunks);
        while (chunks->len > 0)
          finish (g_ptr_array_remove_index_fast (chunks, chunks->len / 3));
        assert_result (job, functions[i], n);
      }
}

/* Several chunks for each worker, but none that fills a stream. */
static void
test_choice_of_the_chunk_size (void)
{
  g_autoptr (GError) error = NULL;
  const GmprocFunctionInfo *info = gmproc_registry_describe_function (words, &error);
  g_autofree char *large = g_strnfill (GMPROC_WORKER_LINK_CAPACITY, 'x');
  g_autoptr (GmprocJob) few = new_job (numbers, 3, 0, 4);
  g_autoptr (GmprocJob) some = new_job (numbers, 1600, 0, 4);
  g_autoptr (GmprocJob) many = new_job (numbers, 100 * 1000, 0, 1);
  g_autoptr (GmprocJob) huge = NULL;
  g_autoptr (GVariant) items = NULL;
  GVariant *children[100];

  g_assert_cmpuint (few->chunk_size, ==, 1);
  g_assert_cmpuint (some->chunk_size, <=, 1600 / 4 / 2);
  g_assert_cmpuint (some->chunk_size, >, 1);
  g_assert_cmpuint (many->chunk_size * sizeof (gint64) * 2, <=, GMPROC_WORKER_LINK_CAPACITY);
  g_assert_cmpuint (many->chunk_size, >, 1000);

  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    children[i] = g_variant_new_string (large);
  items = g_variant_ref_sink (g_variant_new_array (NULL, children, G_N_ELEMENTS (children)));
  huge = gmproc_job_new (info, GMPROC_WORKER_EACH, items, 0, 1);
  g_assert_cmpuint (huge->chunk_size, ==, 1);
}

static void
test_returned_chunk_is_taken_again (void)
{
  g_autoptr (GmprocJob) job = new_job (words, 10, 4, 1);
  GmprocChunk *first = gmproc_job_take_chunk (job);
  GmprocChunk *second = gmproc_job_take_chunk (job);
  GmprocChunk *third;

  g_assert_cmpuint (gmproc_job_count_chunks (job), ==, 1);
  gmproc_chunk_return (first);
  g_assert_cmpuint (gmproc_job_count_chunks (job), ==, 2);
  first = gmproc_job_take_chunk (job);
  g_assert_cmpuint (first->first, ==, 0);
  g_assert_cmpuint (first->n_items, ==, 4);
  third = gmproc_job_take_chunk (job);
  g_assert_cmpuint (third->first, ==, 8);
  g_assert_null (gmproc_job_take_chunk (job));

  finish (third);
  finish (second);
  g_assert_false (gmproc_job_is_over (job));
  finish (first);
  assert_result (job, words, 10);
}

/* The first error ends the job; what comes later changes nothing, in whichever way it comes. */
static void
test_failed_chunk (void)
{
  g_autoptr (GmprocJob) job = new_job (numbers, 10, 2, 1);
  g_autoptr (GError) error = NULL;
  GmprocChunk *chunks[4];

  for (guint i = 0; i < G_N_ELEMENTS (chunks); i++)
    chunks[i] = gmproc_job_take_chunk (job);
  gmproc_chunk_return (chunks[0]);
  gmproc_chunk_fail (chunks[1], 1, g_error_new (G_IO_ERROR, G_IO_ERROR_BUSY, "busy"));
  g_assert_true (gmproc_job_is_over (job));
  g_assert_cmpuint (gmproc_job_count_chunks (job), ==, 0);
  g_assert_null (gmproc_job_take_chunk (job));
  gmproc_chunk_fail (chunks[2], 0, g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "later"));
  finish (chunks[3]);
  gmproc_job_fail (job, g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "later still"));

  g_assert_null (gmproc_job_get_result (job, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpstr (error->message, ==, "numbers, item 3: busy");
}

/* The call that made the job is gone; the last chunk frees it. */
static void
test_chunk_outlives_the_call (void)
{
  GmprocJob *job = new_job (words, 10, 4, 1);
  GmprocChunk *first = gmproc_job_take_chunk (job);
  GmprocChunk *second = gmproc_job_take_chunk (job);

  gmproc_job_fail (job, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled"));
  gmproc_job_unref (job);
  gmproc_chunk_return (first);
  finish (second);
}

/* A worker is not trusted with the form of its results. */
static void
test_malformed_results (void)
{
  static const guint8 junk[] = { 'a', 0, 'b', 0, 200, 1, 2 };

  for (gsize size = 0; size <= sizeof junk; size++)
    for (guint i = 0; i < 2; i++)
      {
        g_autoptr (GmprocJob) job = new_job (i == 0 ? numbers : words, 3, 0, 1);
        g_autoptr (GBytes) bytes = g_bytes_new (junk, size);
        g_autoptr (GError) error = NULL;

        job->chunk_size = 3;
        gmproc_chunk_finish (gmproc_job_take_chunk (job), bytes);
        g_assert_null (gmproc_job_get_result (job, &error));
        g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
      }
}

/* An array of fixed-size results that is cut in the middle of one. */
static void
test_malformed_slices (void)
{
  static const guint8 junk[13] = { 0 };
  g_autoptr (GmprocJob) job = new_job (slices, 3, 3, 1);
  g_autoptr (GBytes) bytes = g_bytes_new (junk, sizeof junk);
  g_autoptr (GError) error = NULL;

  gmproc_chunk_finish (gmproc_job_take_chunk (job), bytes);
  g_assert_null (gmproc_job_get_result (job, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);
  gmproc_test_add ("/job/chunks-in-any-order", test_chunks_in_any_order);
  gmproc_test_add ("/job/choice-of-the-chunk-size", test_choice_of_the_chunk_size);
  gmproc_test_add ("/job/returned-chunk-is-taken-again", test_returned_chunk_is_taken_again);
  gmproc_test_add ("/job/failed-chunk", test_failed_chunk);
  gmproc_test_add ("/job/chunk-outlives-the-call", test_chunk_outlives_the_call);
  gmproc_test_add ("/job/malformed-results", test_malformed_results);
  gmproc_test_add ("/job/malformed-slices", test_malformed_slices);
  return g_test_run ();
}
