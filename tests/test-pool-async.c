/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The asynchronous calls of a pool, and callbacks that call the pool.
 */
#include "config.h"

#include "crew.h"
#include "support.h"

#include <stdlib.h>

/* -- a main loop with a bound ------------------------------------------------------------------ */

static void
fetch (G_GNUC_UNUSED GObject *object, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

static gboolean
hang (G_GNUC_UNUSED gpointer data)
{
  g_error ("The main loop waits for ever");
  return G_SOURCE_REMOVE;
}

static void
iterate_until (GAsyncResult **results, guint n)
{
  guint bound = g_timeout_add (CREW_BOUND / 1000, hang, NULL);

  for (guint i = 0; i < n; i++)
    while (results[i] == NULL)
      g_main_context_iteration (NULL, TRUE);
  g_source_remove (bound);
}

/* Lets sources that were destroyed go. */
static void
iterate_a_little (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
assert_squares (GVariant *squares, gsize n)
{
  gsize n_values;
  const gint64 *values = g_variant_get_fixed_array (squares, &n_values, sizeof *values);

  g_assert_cmpuint (n_values, ==, n);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpint (values[i], ==, (gint64) (i * i));
}

/* -- calls ------------------------------------------------------------------------------------- */

GMPROC_DEFINE_FUNCTION (squares_of, "ax", "ax")
{
  gsize n;
  const gint64 *numbers = g_variant_get_fixed_array (item, &n, sizeof *numbers);
  g_autofree gint64 *results = g_new (gint64, n);

  for (gsize i = 0; i < n; i++)
    results[i] = numbers[i] * numbers[i];
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, results, n, sizeof *results);
}

/* PO-02, GM-16: every form, all at once. */
static void
test_every_form (void)
{
  GmprocPool *pool = crew_new (2);
  GAsyncResult *results[5] = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) squares = NULL;
  g_autoptr (GVariant) slices = NULL;
  g_autoptr (GVariant) full = NULL;
  g_autoptr (GVariant) one = NULL;
  g_autoptr (GPtrArray) outcomes = NULL;

  gmproc_pool_map_async (pool, crew_square, crew_numbers (5000), NULL, fetch, &results[0]);
  gmproc_pool_map_array_async (pool, squares_of, crew_numbers (9000), NULL, fetch, &results[1]);
  gmproc_pool_map_full_async (pool, crew_square, crew_numbers (10), NULL, NULL, fetch, &results[2]);
  gmproc_pool_map_collect_async (pool, crew_square, crew_numbers (20), NULL, NULL, fetch,
                                 &results[3]);
  gmproc_pool_apply_async (pool, crew_square, g_variant_new_int64 (12), NULL, fetch, &results[4]);
  iterate_until (results, G_N_ELEMENTS (results));

  squares = gmproc_pool_map_finish (pool, results[0], &error);
  g_assert_no_error (error);
  assert_squares (squares, 5000);
  slices = gmproc_pool_map_array_finish (pool, results[1], &error);
  g_assert_no_error (error);
  assert_squares (slices, 9000);
  full = gmproc_pool_map_full_finish (pool, results[2], &error);
  g_assert_no_error (error);
  assert_squares (full, 10);
  outcomes = gmproc_pool_map_collect_finish (pool, results[3], &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcomes->len, ==, 20);
  one = gmproc_pool_apply_finish (pool, results[4], &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (one), ==, 144);

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    g_clear_object (&results[i]);
  iterate_a_little ();
  crew_end (pool);
}

GMPROC_DEFINE_FUNCTION (fail_at_seven, "x", "x")
{
  if (g_variant_get_int64 (item) != 7)
    return g_variant_ref (item);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "seven");
  return NULL;
}

/* PO-03, PO-07: the callback comes once, with a result or with an error; also for calls that cannot
 * begin, and for no items. */
static void
test_one_callback_for_each_call (void)
{
  GmprocPool *pool = crew_new (2);
  GAsyncResult *results[4] = { NULL };
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GVariant) nothing = NULL;
  GError *errors[4] = { NULL };

  g_cancellable_cancel (cancelled);
  gmproc_pool_map_async (pool, fail_at_seven, crew_numbers (100), NULL, fetch, &results[0]);
  gmproc_pool_map_async (pool, crew_square, g_variant_new_int64 (1), NULL, fetch, &results[1]);
  gmproc_pool_map_async (pool, crew_square, crew_numbers (1), cancelled, fetch, &results[2]);
  gmproc_pool_map_async (pool, crew_square, crew_numbers (0), NULL, fetch, &results[3]);
  g_assert_null (results[3]);
  iterate_until (results, G_N_ELEMENTS (results));

  for (guint i = 0; i < 3; i++)
    g_assert_null (gmproc_pool_map_finish (pool, results[i], &errors[i]));
  g_assert_error (errors[0], G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_error (errors[1], GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  g_assert_error (errors[2], G_IO_ERROR, G_IO_ERROR_CANCELLED);
  nothing = gmproc_pool_map_finish (pool, results[3], &errors[3]);
  g_assert_no_error (errors[3]);
  assert_squares (nothing, 0);

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_clear_object (&results[i]);
      g_clear_error (&errors[i]);
    }
  iterate_a_little ();
  crew_end (pool);
}

/* GM-16, GM-10: a cancel while the item runs, without a thread that waits. */
static void
test_cancel (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  Visitor visitor;
  Meeting meeting;

  meeting_open (&meeting);
  gmproc_pool_map_async (pool, meeting_visit, meeting_items (&meeting, 1), cancellable, fetch,
                         &result);
  meeting_accept (&meeting, &visitor);
  g_cancellable_cancel (cancellable);
  iterate_until (&result, 1);
  g_assert_null (gmproc_pool_map_finish (pool, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  visitor_wait_gone (&visitor);
  crew_assert_works (pool, 10);

  g_clear_object (&result);
  iterate_a_little ();
  meeting_close (&meeting);
  crew_end (pool);
}

/* CR-09: a worker is killed while nobody but a main loop waits. */
static void
test_killed_over_an_item (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  Visitor visitor;
  Meeting meeting;

  meeting_open (&meeting);
  gmproc_pool_map_async (pool, meeting_visit, meeting_items (&meeting, 1), NULL, fetch, &result);
  meeting_accept (&meeting, &visitor);
  crew_kill (visitor.pid);
  iterate_until (&result, 1);
  g_assert_null (gmproc_pool_map_finish (pool, result, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
  visitor_wait_gone (&visitor);

  g_clear_object (&result);
  iterate_a_little ();
  meeting_close (&meeting);
  crew_end (pool);
}

/* A thread waits for one call, a main loop for another, and either may be the one that sees what
 * came for the other. */
static void
test_beside_a_thread (void)
{
  GmprocPool *pool = crew_new (2);

  for (guint i = 0; i < 30; i++)
    {
      GAsyncResult *results[2] = { NULL };
      CrewCall call;

      gmproc_pool_map_async (pool, crew_square, crew_numbers (300), NULL, fetch, &results[0]);
      crew_call_start (&call, pool, crew_square, crew_numbers (i % 2 == 0 ? 1 : 3000));
      gmproc_pool_map_async (pool, crew_square, crew_numbers (300), NULL, fetch, &results[1]);
      iterate_until (results, 2);
      for (guint j = 0; j < 2; j++)
        {
          g_autoptr (GVariant) squares = gmproc_pool_map_finish (pool, results[j], NULL);

          assert_squares (squares, 300);
          g_clear_object (&results[j]);
        }
      crew_call_join (&call);
      g_assert_no_error (call.error);
      crew_call_clear (&call);
    }

  iterate_a_little ();
  crew_end (pool);
}

/* CR-12: join has a form that does not block, too. */
static void
test_join (void)
{
  GmprocPool *pool = crew_new (2);
  GAsyncResult *results[3] = { NULL };
  g_autoptr (GVariant) squares = NULL;
  g_autoptr (GError) early = NULL;
  g_autoptr (GError) error = NULL;

  gmproc_pool_join_async (pool, GMPROC_FOREVER, NULL, fetch, &results[0]);
  gmproc_pool_map_async (pool, crew_square, crew_numbers (1000), NULL, fetch, &results[1]);
  gmproc_pool_close (pool);
  gmproc_pool_join_async (pool, GMPROC_FOREVER, NULL, fetch, &results[2]);
  iterate_until (results, G_N_ELEMENTS (results));

  g_assert_false (gmproc_pool_join_finish (pool, results[0], &early));
  g_assert_error (early, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  squares = gmproc_pool_map_finish (pool, results[1], &error);
  g_assert_no_error (error);
  assert_squares (squares, 1000);
  g_assert_true (gmproc_pool_join_finish (pool, results[2], &error));
  g_assert_no_error (error);
  g_assert_cmpuint (crew_count (), ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    g_clear_object (&results[i]);
  iterate_a_little ();
  crew_end (pool);
}

/* -- imap -------------------------------------------------------------------------------------- */

typedef struct
{
  GmprocPoolIterator *iterator;
  gsize n;
  GError *error;
  gboolean is_over;
} Fetcher;

static void
fetch_next (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Fetcher *self = user_data;
  g_autoptr (GVariant) value = NULL;

  gmproc_pool_iterator_next_finish (GMPROC_POOL_ITERATOR (object), &value, result, &self->error);
  g_assert_no_error (self->error);
  if (value == NULL)
    {
      self->is_over = TRUE;
      return;
    }
  g_assert_cmpint (g_variant_get_int64 (value), ==, (gint64) (self->n * self->n));
  self->n++;
  gmproc_pool_iterator_next_async (self->iterator, GMPROC_FOREVER, NULL, fetch_next, self);
}

/* PO-02, GM-16 */
static void
test_next (void)
{
  GmprocPool *pool = crew_new (2);
  g_autoptr (GmprocPoolSource) source = gmproc_pool_source_new_for_array (crew_numbers (2000));
  g_autoptr (GmprocPoolIterator) iterator =
      gmproc_pool_imap (pool, crew_square, source, NULL, NULL);
  Fetcher fetcher = { .iterator = iterator };
  guint bound = g_timeout_add (CREW_BOUND / 1000, hang, NULL);

  gmproc_pool_iterator_next_async (iterator, GMPROC_FOREVER, NULL, fetch_next, &fetcher);
  while (!fetcher.is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (fetcher.n, ==, 2000);

  g_source_remove (bound);
  iterate_a_little ();
  g_clear_object (&iterator);
  crew_end (pool);
}

typedef struct
{
  GmprocPool *pool;
  guint64 n_results;
  guint64 n_errors;
} Listener;

/* CR-14: a handler that calls the pool again. */
static void
on_result (G_GNUC_UNUSED GmprocPoolIterator *iterator, guint64 index, GVariant *value,
           GError *error, gpointer user_data)
{
  Listener *self = user_data;

  g_assert_true ((value == NULL) != (error == NULL));
  if (error != NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      g_assert_cmpuint (index, ==, 7);
      self->n_errors++;
      return;
    }
  g_assert_cmpint (g_variant_get_int64 (value), ==, (gint64) index);
  if (self->n_results++ % 50 == 0)
    crew_assert_works (self->pool, 20);
}

/* PO-02, CR-14: results as a signal. */
static void
test_results_as_a_signal (void)
{
  GmprocPool *pool = crew_new (2);
  g_autoptr (GmprocPoolSource) source = gmproc_pool_source_new_for_array (crew_numbers (400));
  g_autoptr (GmprocPoolIterator) iterator =
      gmproc_pool_imap_unordered (pool, fail_at_seven, source, NULL, NULL);
  Listener listener = { .pool = pool };
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (iterator, "result", G_CALLBACK (on_result), &listener);
  gmproc_pool_iterator_run_async (iterator, NULL, fetch, &result);
  iterate_until (&result, 1);
  g_assert_true (gmproc_pool_iterator_run_finish (iterator, result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (listener.n_results, ==, 399);
  g_assert_cmpuint (listener.n_errors, ==, 1);

  g_clear_object (&result);
  iterate_a_little ();
  g_clear_object (&iterator);
  crew_end (pool);
}

/* An iterator among other things that are waited for. */
static void
test_iterator_is_waitable (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GmprocPoolSource) source = NULL;
  g_autoptr (GmprocPoolIterator) iterator = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GPtrArray) ready = NULL;
  g_autoptr (GError) error = NULL;
  GmprocWaitable *objects[1];
  Visitor visitor;
  Meeting meeting;

  meeting_open (&meeting);
  source = gmproc_pool_source_new_for_array (meeting_items (&meeting, 1));
  iterator = gmproc_pool_imap (pool, meeting_visit, source, NULL, NULL);
  objects[0] = GMPROC_WAITABLE (iterator);
  meeting_accept (&meeting, &visitor);
  g_assert_false (gmproc_waitable_is_ready (objects[0]));
  visitor_release (&visitor);
  ready = gmproc_wait (objects, 1, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ready->len, ==, 1);
  g_assert_true (gmproc_pool_iterator_next (iterator, &value, 0, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (value);

  g_clear_pointer (&ready, g_ptr_array_unref);
  g_clear_object (&iterator);
  meeting_close (&meeting);
  crew_end (pool);
}

/* -- callbacks --------------------------------------------------------------------------------- */

/* CR-14: the source of one call is the result of others. */
static GVariant *
square_of_next (gpointer user_data, GError **error)
{
  Listener *self = user_data;

  if (self->n_results == 50)
    return NULL;
  return gmproc_pool_apply (self->pool, crew_square, g_variant_new_int64 (self->n_results++), NULL,
                            error);
}

static void
test_source_that_calls_the_pool (void)
{
  GmprocPool *pool = crew_new (2);
  Listener listener = { .pool = pool };
  g_autoptr (GmprocPoolSource) source = gmproc_pool_source_new (square_of_next, &listener, NULL);
  g_autoptr (GmprocPoolIterator) iterator =
      gmproc_pool_imap (pool, crew_square, source, NULL, NULL);

  for (gint64 i = 0; i < 50; i++)
    {
      g_autoptr (GVariant) value = NULL;
      g_autoptr (GError) error = NULL;

      gmproc_pool_iterator_next (iterator, &value, CREW_BOUND, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (g_variant_get_int64 (value), ==, i * i * i * i);
    }

  g_clear_object (&iterator);
  crew_end (pool);
}

static void
call_after_a_crash (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_pool_apply_finish (GMPROC_POOL (object), result, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
  crew_assert_works (GMPROC_POOL (object), 30);
  gmproc_pool_map_async (GMPROC_POOL (object), crew_square, crew_numbers (30), NULL, fetch, place);
}

GMPROC_DEFINE_FUNCTION (crash, "x", "x")
{
  abort ();
}

/* CR-14: a callback that learns of a crash calls the pool at once, in both ways. */
static void
test_callback_after_a_crash (void)
{
  GmprocPool *pool = crew_new (2);

  for (guint i = 0; i < 5; i++)
    {
      GAsyncResult *result = NULL;
      g_autoptr (GVariant) squares = NULL;

      gmproc_pool_apply_async (pool, crash, g_variant_new_int64 (0), NULL, call_after_a_crash,
                               &result);
      iterate_until (&result, 1);
      squares = gmproc_pool_map_finish (pool, result, NULL);
      assert_squares (squares, 30);
      g_clear_object (&result);
    }

  iterate_a_little ();
  crew_end (pool);
}

/* The program drops everything while calls are under way; the callbacks come all the same. */
static void
test_dropped_while_under_way (void)
{
  GmprocPool *pool = crew_new (2);
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) squares = NULL;
  GObject *source;

  gmproc_pool_map_async (pool, crew_square, crew_numbers (1000), NULL, fetch, &result);
  g_object_unref (pool);
  iterate_until (&result, 1);
  source = g_async_result_get_source_object (result);
  squares = gmproc_pool_map_finish (GMPROC_POOL (source), result, &error);
  g_assert_no_error (error);
  assert_squares (squares, 1000);
  g_clear_object (&result);
  g_object_unref (source);
  iterate_a_little ();
  crew_settle ();
}

/* Opens what a main loop and a watch open once. */
static void
warm_up (void)
{
  GmprocPool *pool;
  GAsyncResult *result = NULL;

  crew_warm_up ();
  pool = crew_new (1);
  gmproc_pool_apply_async (pool, crew_square, g_variant_new_int64 (1), NULL, fetch, &result);
  iterate_until (&result, 1);
  g_clear_object (&result);
  iterate_a_little ();
  crew_end (pool);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/pool-async/every-form", test_every_form);
  gmproc_test_add ("/pool-async/one-callback-for-each-call", test_one_callback_for_each_call);
  gmproc_test_add ("/pool-async/cancel", test_cancel);
  gmproc_test_add ("/pool-async/killed-over-an-item", test_killed_over_an_item);
  gmproc_test_add ("/pool-async/beside-a-thread", test_beside_a_thread);
  gmproc_test_add ("/pool-async/join", test_join);
  gmproc_test_add ("/pool-async/next", test_next);
  gmproc_test_add ("/pool-async/results-as-a-signal", test_results_as_a_signal);
  gmproc_test_add ("/pool-async/iterator-is-waitable", test_iterator_is_waitable);
  gmproc_test_add ("/pool-async/source-that-calls-the-pool", test_source_that_calls_the_pool);
  gmproc_test_add ("/pool-async/callback-after-a-crash", test_callback_after_a_crash);
  gmproc_test_add ("/pool-async/dropped-while-under-way", test_dropped_while_under_way);
  return g_test_run ();
}
