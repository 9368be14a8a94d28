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
new_job_of (GmprocJobKind kind, GmprocFunction function, gsize n_items, gsize chunk_size)
{
  g_autoptr (GError) error = NULL;
  const GmprocFunctionInfo *info = gmproc_registry_describe_function (function, &error);
  g_autoptr (GVariant) items = make_items (function, n_items);
  GmprocJobOptions options = { .kind = kind,
                               .mode =
                                   function == slices ? GMPROC_WORKER_WHOLE : GMPROC_WORKER_EACH,
                               .chunk_size = chunk_size };

  g_assert_no_error (error);
  return gmproc_job_new (info, &options, items);
}

static GmprocJob *
new_job (GmprocFunction function, gsize n_items, gsize chunk_size)
{
  return new_job_of (GMPROC_JOB_MAP, function, n_items, chunk_size);
}

/* What a worker would do with a function that gives its item back: N items, or all that are left.
 */
static void
settle (GmprocChunk *chunk, gsize n)
{
  GmprocJob *job = chunk->job;
  gboolean is_slice = job->options.mode == GMPROC_WORKER_WHOLE;

  for (gsize i = 0; i < n && chunk->n_settled < chunk->n_items; i++)
    {
      gsize first = chunk->first + chunk->n_settled;
      g_autoptr (GVariant) item = NULL;

      if (is_slice)
        item = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_INT64,
                                                              job->data + first * sizeof (gint64),
                                                              chunk->n_items, sizeof (gint64)));
      else
        item = g_variant_get_child_value (job->items, first);
      gmproc_chunk_settle (chunk, g_variant_get_data (item), g_variant_get_size (item), NULL);
    }
}

static void
finish (GmprocChunk *chunk)
{
  settle (chunk, G_MAXSIZE);
  gmproc_chunk_finish (chunk, 1000);
}

static GError *
new_error (int code)
{
  return g_error_new_literal (G_IO_ERROR, code, "no");
}

static void
assert_result (GmprocJob *job, GmprocFunction function, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) expected = make_items (function, n);
  g_autoptr (GVariant) result = NULL;

  g_assert_true (gmproc_job_is_over (job));
  g_assert_cmpuint (gmproc_job_count_waiting (job), ==, 0);
  g_assert_null (gmproc_job_take_chunk (job, 1));
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
  static const gsize chunk_sizes[] = { 0, 1, 3, 998, 999, 1000, G_MAXUINT };

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    for (guint j = 0; j < G_N_ELEMENTS (sizes) * G_N_ELEMENTS (chunk_sizes); j++)
      {
        gsize n = sizes[j / G_N_ELEMENTS (chunk_sizes)];
        g_autoptr (GmprocJob) job =
            new_job (functions[i], n, chunk_sizes[j % G_N_ELEMENTS (chunk_sizes)]);
        g_autoptr (GPtrArray) chunks = g_ptr_array_new ();
        GmprocChunk *chunk;
        gsize next = 0;

        g_assert_cmpuint (gmproc_job_count_waiting (job), ==, n);
        for (; (chunk = gmproc_job_take_chunk (job, 3)) != NULL; next += chunk->n_items)
          {
            g_assert_cmpuint (chunk->first, ==, next);
            g_assert_cmpuint (chunk->n_items, >, 0);
            g_ptr_array_add (chunks, chunk);
          }
        g_assert_cmpuint (next, ==, n);
        while (chunks->len > 0)
          finish (g_ptr_array_remove_index_fast (chunks, chunks->len / 3));
        assert_result (job, functions[i], n);
      }
}

/* Runs all of it, each item taking ITEM_TIME, and gives the size of the largest chunk, and that of
 * the last. */
static void
run_items (GmprocJob *job, guint n_workers, double item_time, gsize *ret_largest, gsize *ret_last)
{
  GmprocChunk *chunk;

  *ret_largest = 0;
  while ((chunk = gmproc_job_take_chunk (job, n_workers)) != NULL)
    {
      *ret_largest = MAX (*ret_largest, chunk->n_items);
      *ret_last = chunk->n_items;
      settle (chunk, G_MAXSIZE);
      gmproc_chunk_finish (chunk, (guint32) (item_time * *ret_last));
    }
}

/* One item at first; then as many as take a while, but none that fills a stream, or leaves the
 * others without work at the end. */
static void
test_choice_of_the_chunk_size (void)
{
  g_autoptr (GmprocJob) quick = new_job (numbers, 100 * 1000, 0);
  g_autoptr (GmprocJob) slow = new_job (numbers, 100, 0);
  gsize largest, last = 0;
  GmprocChunk *first = gmproc_job_take_chunk (quick, 2);

  g_assert_cmpuint (first->n_items, ==, 1);
  finish (first);
  run_items (quick, 2, 0.5, &largest, &last);
  g_assert_cmpuint (largest, >, 1000);
  g_assert_cmpuint (largest * sizeof (gint64) * 2, <=, GMPROC_WORKER_LINK_CAPACITY);
  g_assert_cmpuint (last, ==, 1);
  assert_result (quick, numbers, 100 * 1000);

  run_items (slow, 2, 10000, &largest, &last);
  g_assert_cmpuint (largest, ==, 1);
}

/* CR-09, GM-08: what the worker had finished stays; the item that it ran fails, or is run again as
 * often as allowed, alone; the rest is run by others. */
static void
test_death_costs_one_item (void)
{
  for (guint max_retries = 0; max_retries < 3; max_retries++)
    {
      g_autoptr (GmprocJob) job = new_job_of (GMPROC_JOB_COLLECT, words, 10, 10);
      g_autoptr (GPtrArray) outcomes = NULL;
      GmprocChunk *chunk = gmproc_job_take_chunk (job, 1);
      const GmprocOutcome *outcome;

      job->options.max_retries = max_retries;
      settle (chunk, 4);
      gmproc_chunk_died (chunk, new_error (G_IO_ERROR_FAILED), FALSE, 77, -9);
      g_assert_cmpuint (job->n_done, ==, 4);
      for (guint i = 0; i < max_retries; i++)
        {
          chunk = gmproc_job_take_chunk (job, 1);
          g_assert_cmpuint (chunk->first, ==, i == 0 ? 4 : 5);
          if (chunk->first == 5)
            {
              finish (chunk);
              chunk = gmproc_job_take_chunk (job, 1);
            }
          g_assert_cmpuint (chunk->n_items, ==, 1);
          gmproc_chunk_died (chunk, new_error (G_IO_ERROR_FAILED), FALSE, 77, -9);
        }
      while ((chunk = gmproc_job_take_chunk (job, 1)) != NULL)
        finish (chunk);

      g_assert_true (gmproc_job_is_over (job));
      outcomes = gmproc_job_get_outcomes (job);
      outcome = g_ptr_array_index (outcomes, 4);
      g_assert_error (outcome->error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_assert_cmpint (outcome->pid, ==, 77);
      g_assert_cmpint (outcome->exit_code, ==, -9);
      for (guint i = 0; i < 10; i++)
        g_assert_cmpint (((GmprocOutcome *) g_ptr_array_index (outcomes, i))->error != NULL, ==,
                         i == 4);
    }
}

static void
test_chunk_that_comes_back_is_taken_again (void)
{
  g_autoptr (GmprocJob) job = new_job (words, 10, 4);
  GmprocChunk *first = gmproc_job_take_chunk (job, 1);
  GmprocChunk *second = gmproc_job_take_chunk (job, 1);
  GmprocChunk *third;

  g_assert_cmpuint (gmproc_job_count_waiting (job), ==, 2);
  settle (first, 1);
  gmproc_chunk_give_back (first);
  g_assert_cmpuint (gmproc_job_count_waiting (job), ==, 5);
  first = gmproc_job_take_chunk (job, 1);
  g_assert_cmpuint (first->first, ==, 1);
  g_assert_cmpuint (first->n_items, ==, 3);
  third = gmproc_job_take_chunk (job, 1);
  g_assert_cmpuint (third->first, ==, 8);
  g_assert_null (gmproc_job_take_chunk (job, 1));

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
  g_autoptr (GmprocJob) job = new_job (numbers, 10, 2);
  g_autoptr (GError) error = NULL;
  GmprocChunk *chunks[4];

  for (guint i = 0; i < G_N_ELEMENTS (chunks); i++)
    chunks[i] = gmproc_job_take_chunk (job, 1);
  gmproc_chunk_give_back (chunks[0]);
  settle (chunks[1], 1);
  gmproc_chunk_settle_error (chunks[1], new_error (G_IO_ERROR_BUSY), 1);
  g_assert_true (gmproc_job_is_over (job));
  g_assert_cmpuint (gmproc_job_count_waiting (job), ==, 0);
  g_assert_null (gmproc_job_take_chunk (job, 1));
  gmproc_chunk_finish (chunks[1], 1);
  gmproc_chunk_died (chunks[2], new_error (G_IO_ERROR_FAILED), FALSE, 1, 1);
  finish (chunks[3]);
  gmproc_job_fail (job, new_error (G_IO_ERROR_FAILED));

  g_assert_null (gmproc_job_get_result (job, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpstr (error->message, ==, "numbers, item 3: no");
}

/* The call that made the job is gone; the last chunk frees it. */
static void
test_chunk_outlives_the_call (void)
{
  GmprocJob *job = new_job (words, 10, 4);
  GmprocChunk *first = gmproc_job_take_chunk (job, 1);
  GmprocChunk *second = gmproc_job_take_chunk (job, 1);

  gmproc_job_fail (job, new_error (G_IO_ERROR_CANCELLED));
  gmproc_job_unref (job);
  gmproc_chunk_give_back (first);
  finish (second);
}

/* CR-05: a worker is not trusted with the form of its results. */
static void
test_malformed_results (void)
{
  static const guint8 junk[] = { 'a', 0, 'b', 0, 200, 1, 2 };

  for (gsize size = 0; size <= sizeof junk; size++)
    for (guint i = 0; i < 2; i++)
      {
        g_autoptr (GmprocJob) job = new_job (i == 0 ? numbers : words, 3, 3);
        g_autoptr (GError) error = NULL;
        GmprocChunk *chunk = gmproc_job_take_chunk (job, 1);

        if (i == 1 && size == 2)
          size++; /* "a" is a word */
        gmproc_chunk_settle (chunk, junk, size, NULL);
        gmproc_chunk_finish (chunk, 1);
        g_assert_null (gmproc_job_get_result (job, &error));
        g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
      }
}

/* CR-05: an array of fixed-size results that is cut in the middle of one. */
static void
test_malformed_slices (void)
{
  static const guint8 junk[13] = { 0 };
  g_autoptr (GmprocJob) job = new_job (slices, 3, 3);
  g_autoptr (GError) error = NULL;
  GmprocChunk *chunk = gmproc_job_take_chunk (job, 1);

  gmproc_chunk_settle (chunk, junk, sizeof junk, NULL);
  gmproc_chunk_finish (chunk, 1);
  g_assert_null (gmproc_job_get_result (job, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
}

/* -- streams ----------------------------------------------------------------------------------- */

static GmprocJob *
new_stream (gboolean is_ordered, gsize n_items)
{
  const GmprocFunctionInfo *info = gmproc_registry_describe_function (numbers, NULL);
  GmprocJobOptions options = { .kind = GMPROC_JOB_STREAM,
                               .is_ordered = is_ordered,
                               .chunk_size = 1 };
  GmprocJob *job = gmproc_job_new (info, &options, NULL);

  for (gsize i = 0; i < n_items; i++)
    {
      g_autoptr (GVariant) item = g_variant_ref_sink (g_variant_new_int64 ((gint64) i));

      gmproc_job_feed (job, item);
    }
  return job;
}

static void
finish_with (GmprocChunk *chunk, gint64 value)
{
  gmproc_chunk_settle (chunk, &value, sizeof value, NULL);
  gmproc_chunk_finish (chunk, 1);
}

static void
assert_next (GmprocJob *job, gsize index)
{
  g_autoptr (GmprocOutcome) outcome = gmproc_job_take (job);

  g_assert_nonnull (outcome);
  g_assert_cmpuint (outcome->index, ==, index);
  if (outcome->value != NULL)
    g_assert_cmpint (g_variant_get_int64 (outcome->value), ==, (gint64) index);
}

/* PO-05 */
static void
test_stream_in_order_and_not (void)
{
  for (guint is_ordered = 0; is_ordered < 2; is_ordered++)
    {
      g_autoptr (GmprocJob) job = new_stream (is_ordered, 3);
      GmprocChunk *chunks[3];

      for (guint i = 0; i < 3; i++)
        chunks[i] = gmproc_job_take_chunk (job, 1);
      finish_with (chunks[2], 2);
      finish_with (chunks[0], 0);
      if (is_ordered)
        assert_next (job, 0);
      else
        {
          assert_next (job, 2);
          assert_next (job, 0);
        }
      g_assert_null (gmproc_job_take (job));
      finish_with (chunks[1], 1);
      assert_next (job, 1);
      if (is_ordered)
        assert_next (job, 2);
      g_assert_false (gmproc_job_is_over (job));
      gmproc_job_feed_end (job);
      g_assert_true (gmproc_job_is_over (job));
    }
}

/* Items that are settled before they run: refused when they were fed, and cancelled. */
static void
test_stream_of_settled_items (void)
{
  g_autoptr (GmprocJob) job = new_stream (TRUE, 2);
  GmprocChunk *chunk;

  gmproc_job_feed_error (job, new_error (G_IO_ERROR_FAILED));
  g_assert_true (gmproc_job_doom (job, 0));
  g_assert_false (gmproc_job_doom (job, 0));
  g_assert_false (gmproc_job_doom (job, 2));
  g_assert_false (gmproc_job_doom (job, 3));
  chunk = gmproc_job_take_chunk (job, 1);
  g_assert_cmpuint (chunk->first, ==, 1);
  g_assert_null (gmproc_job_take_chunk (job, 1));
  g_assert_true (gmproc_job_doom (job, 1));
  g_assert_true (gmproc_job_is_doomed (job, 1));
  finish_with (chunk, 1);
  for (guint i = 0; i < 3; i++)
    assert_next (job, i);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);
  gmproc_test_add ("/job/chunks-in-any-order", test_chunks_in_any_order);
  gmproc_test_add ("/job/choice-of-the-chunk-size", test_choice_of_the_chunk_size);
  gmproc_test_add ("/job/death-costs-one-item", test_death_costs_one_item);
  gmproc_test_add ("/job/chunk-that-comes-back-is-taken-again",
                   test_chunk_that_comes_back_is_taken_again);
  gmproc_test_add ("/job/failed-chunk", test_failed_chunk);
  gmproc_test_add ("/job/chunk-outlives-the-call", test_chunk_outlives_the_call);
  gmproc_test_add ("/job/malformed-results", test_malformed_results);
  gmproc_test_add ("/job/malformed-slices", test_malformed_slices);
  gmproc_test_add ("/job/stream-in-order-and-not", test_stream_in_order_and_not);
  gmproc_test_add ("/job/stream-of-settled-items", test_stream_of_settled_items);
  return g_test_run ();
}
