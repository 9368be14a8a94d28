/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * imap: items out of every kind of source, results one by one.
 */
#include "config.h"

#include "crew.h"
#include "support.h"

#include <signal.h>
#include <stdlib.h>

/* -- sources ----------------------------------------------------------------------------------- */

/* 0, 1, … and at END its end, or an error; END below 0 never comes. */
typedef struct
{
  gint64 next;
  gint64 end;
  gboolean fails;
  gboolean is_freed;
} Counter;

static GVariant *
count (gpointer user_data, GError **error)
{
  Counter *self = user_data;

  if (self->next != self->end)
    return g_variant_new_int64 (self->next++);
  if (self->fails)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "the source fails at %d",
                 (int) self->next);
  return NULL;
}

static void
counter_free (gpointer data)
{
  ((Counter *) data)->is_freed = TRUE;
}

static GmprocPoolIterator *
iterate_counter (GmprocPool *pool, Counter *counter, gboolean is_ordered, guint read_ahead)
{
  g_autoptr (GmprocPoolSource) source = gmproc_pool_source_new (count, counter, counter_free);
  g_autoptr (GmprocPoolOptions) options = gmproc_pool_options_new ();
  g_autoptr (GError) error = NULL;
  GmprocPoolIterator *iterator;

  gmproc_pool_options_set_read_ahead (options, read_ahead);
  iterator = is_ordered ? gmproc_pool_imap (pool, crew_square, source, options, &error)
                        : gmproc_pool_imap_unordered (pool, crew_square, source, options, &error);
  g_assert_no_error (error);
  return iterator;
}

/* The next square; FALSE at the end. */
static gboolean
next_square (GmprocPoolIterator *iterator, gint64 *ret_square)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = NULL;

  gmproc_pool_iterator_next (iterator, &result, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
  if (result == NULL)
    {
      g_assert_true (gmproc_pool_iterator_is_at_end (iterator));
      return FALSE;
    }
  *ret_square = g_variant_get_int64 (result);
  g_assert_cmpint (*ret_square, ==,
                   (gint64) (gmproc_pool_iterator_get_index (iterator)
                             * gmproc_pool_iterator_get_index (iterator)));
  return TRUE;
}

/* Fetches all of it: the squares of 0 … N-1, each once. */
static void
assert_squares (GmprocPoolIterator *iterator, gsize n, gboolean is_ordered)
{
  g_autofree gboolean *was_seen = g_new0 (gboolean, n + 1);
  gint64 square;
  gsize n_seen = 0;

  while (next_square (iterator, &square))
    {
      gsize index = gmproc_pool_iterator_get_index (iterator);

      g_assert_cmpuint (index, <, n);
      g_assert_false (was_seen[index]);
      if (is_ordered)
        g_assert_cmpuint (index, ==, n_seen);
      was_seen[index] = TRUE;
      n_seen++;
    }
  g_assert_cmpuint (n_seen, ==, n);
  g_assert_false (next_square (iterator, &square));
}

/* PO-05, PO-07: a function, with all sizes around that of the read-ahead. */
static void
test_function_as_source (void)
{
  static const gint64 sizes[] = { 0, 1, 2, 7, 8, 9, 1000, 20000 };
  GmprocPool *pool = crew_new (2);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      Counter counter = { .end = sizes[i / 2] };
      GmprocPoolIterator *iterator = iterate_counter (pool, &counter, i % 2, i < 12 ? 8 : 0);

      assert_squares (iterator, (gsize) counter.end, i % 2);
      g_object_unref (iterator);
      g_assert_true (counter.is_freed);
    }

  crew_end (pool);
}

/* PO-05 */
static void
test_array_as_source (void)
{
  GmprocPool *pool = crew_new (2);

  for (guint is_ordered = 0; is_ordered < 2; is_ordered++)
    {
      g_autoptr (GmprocPoolSource) source = gmproc_pool_source_new_for_array (crew_numbers (500));
      g_autoptr (GmprocPoolIterator) iterator =
          is_ordered ? gmproc_pool_imap (pool, crew_square, source, NULL, NULL)
                     : gmproc_pool_imap_unordered (pool, crew_square, source, NULL, NULL);

      assert_squares (iterator, 500, is_ordered);
    }

  crew_end (pool);
}

/* An action's name is the number. */
static GVariant *
number_of_action (gpointer object, gpointer user_data, GError **error)
{
  guint *n_calls = user_data;
  const char *name = g_action_get_name (G_ACTION (object));
  gint64 number;

  ++*n_calls;
  if (!g_ascii_string_to_signed (name, 10, G_MININT64, G_MAXINT64, &number, error))
    return NULL;
  return g_variant_new_int64 (number);
}

static GListStore *
make_list (gsize n, const char *last)
{
  GListStore *list = g_list_store_new (G_TYPE_SIMPLE_ACTION);

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", (guint) i);
      g_autoptr (GSimpleAction) action =
          g_simple_action_new (i + 1 == n && last != NULL ? last : name, NULL);

      g_list_store_append (list, action);
    }
  return list;
}

/* PO-05 */
static void
test_list_as_source (void)
{
  GmprocPool *pool = crew_new (2);
  g_autoptr (GListStore) list = make_list (300, NULL);
  guint n_calls = 0;
  g_autoptr (GmprocPoolSource) source =
      gmproc_pool_source_new_for_list (G_LIST_MODEL (list), number_of_action, &n_calls, NULL);
  g_autoptr (GmprocPoolIterator) iterator =
      gmproc_pool_imap (pool, crew_square, source, NULL, NULL);

  assert_squares (iterator, 300, TRUE);
  g_assert_cmpuint (n_calls, ==, 300);
  crew_end (pool);
}

/* PO-06: what was before the failure is given, then the error of the source, then the end. */
static void
test_source_that_fails (void)
{
  GmprocPool *pool = crew_new (2);

  for (guint i = 0; i < 8; i++)
    {
      Counter counter = { .end = i * 3, .fails = TRUE };
      g_autoptr (GmprocPoolIterator) iterator = iterate_counter (pool, &counter, i % 2, 5);
      g_autoptr (GVariant) result = NULL;
      g_autoptr (GError) error = NULL;
      gint64 square;

      for (guint j = 0; j < i * 3; j++)
        g_assert_true (next_square (iterator, &square));
      g_assert_false (gmproc_pool_iterator_is_at_end (iterator));
      g_assert_false (gmproc_pool_iterator_next (iterator, &result, CREW_BOUND, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
      g_assert_null (result);
      g_assert_true (gmproc_pool_iterator_is_at_end (iterator));
      g_assert_false (next_square (iterator, &square));
      crew_assert_works (pool, 10);
    }

  crew_end (pool);
}

/* PO-06 */
static void
test_list_that_fails (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GListStore) list = make_list (4, "four");
  guint n_calls = 0;
  g_autoptr (GmprocPoolSource) source =
      gmproc_pool_source_new_for_list (G_LIST_MODEL (list), number_of_action, &n_calls, NULL);
  g_autoptr (GmprocPoolIterator) iterator =
      gmproc_pool_imap (pool, crew_square, source, NULL, NULL);
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 square;

  for (guint i = 0; i < 3; i++)
    g_assert_true (next_square (iterator, &square));
  g_assert_false (gmproc_pool_iterator_next (iterator, &result, CREW_BOUND, NULL, &error));
  g_assert_error (error, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_INVALID);
  crew_end (pool);
}

/* -- how much is under way --------------------------------------------------------------------- */

/* GM-17: an endless source is never asked for more than the read-ahead beyond what was fetched. */
static void
test_endless_source (void)
{
  GmprocPool *pool = crew_new (2);

  for (guint i = 0; i < 4; i++)
    {
      Counter counter = { .end = -1 };
      guint read_ahead = i < 2 ? 10 : 1;
      g_autoptr (GmprocPoolIterator) iterator = iterate_counter (pool, &counter, i % 2, read_ahead);
      gint64 square;

      for (gint64 fetched = 0; fetched < 500; fetched++)
        {
          g_assert_cmpint (counter.next, >, fetched - 1);
          g_assert_cmpint (counter.next, <=, fetched + read_ahead);
          g_assert_true (next_square (iterator, &square));
        }
    }

  crew_end (pool);
}

/* GM-17: also if nothing is said. */
static void
test_endless_source_by_default (void)
{
  GmprocPool *pool = crew_new (2);
  Counter counter = { .end = -1 };
  GmprocPoolIterator *iterator = iterate_counter (pool, &counter, TRUE, 0);
  gint64 square;

  for (guint i = 0; i < 1000; i++)
    g_assert_true (next_square (iterator, &square));
  g_assert_cmpint (counter.next, <=, 1000 + 2 * 64);
  g_object_unref (iterator);
  g_assert_true (counter.is_freed);

  crew_end (pool);
}

/* -- waiting ----------------------------------------------------------------------------------- */

static GmprocPoolIterator *
iterate_meeting (GmprocPool *pool, Meeting *meeting, gsize n, gboolean is_ordered)
{
  g_autoptr (GmprocPoolSource) source =
      gmproc_pool_source_new_for_array (meeting_items (meeting, n));
  g_autoptr (GError) error = NULL;
  GmprocPoolIterator *iterator =
      is_ordered ? gmproc_pool_imap (pool, meeting_visit, source, NULL, &error)
                 : gmproc_pool_imap_unordered (pool, meeting_visit, source, NULL, &error);

  g_assert_no_error (error);
  return iterator;
}

static void
assert_gives (GmprocPoolIterator *iterator, gint64 number)
{
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;

  gmproc_pool_iterator_next (iterator, &result, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (result), ==, number);
}

static void
assert_fails (GmprocPoolIterator *iterator, gint64 timeout, GCancellable *cancellable,
              GQuark domain, int code)
{
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_pool_iterator_next (iterator, &result, timeout, cancellable, &error));
  g_assert_error (error, domain, code);
  g_assert_null (result);
}

/* PO-04, PO-05: the second item is done first. In order it waits for the first one; a wait that
 * ends without a result loses nothing. */
static void
test_order_of_results (void)
{
  for (guint is_ordered = 0; is_ordered < 2; is_ordered++)
    {
      GmprocPool *pool = crew_new (2);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Visitor visitors[2];
      Meeting meeting;
      GmprocPoolIterator *iterator;
      guint first;

      meeting_open (&meeting);
      iterator = iterate_meeting (pool, &meeting, 2, is_ordered);
      for (guint i = 0; i < 2; i++)
        meeting_accept (&meeting, &visitors[i]);
      first = visitors[0].number == 0 ? 0 : 1;
      assert_fails (iterator, 0, NULL, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      visitor_release (&visitors[!first]);
      if (is_ordered)
        assert_fails (iterator, 20 * G_TIME_SPAN_MILLISECOND, NULL, G_IO_ERROR,
                      G_IO_ERROR_TIMED_OUT);
      else
        assert_gives (iterator, 1);
      g_cancellable_cancel (cancellable);
      assert_fails (iterator, GMPROC_FOREVER, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      visitor_release (&visitors[first]);
      assert_gives (iterator, 0);
      if (is_ordered)
        assert_gives (iterator, 1);
      g_object_unref (iterator);
      meeting_close (&meeting);
      crew_end (pool);
    }
}

/* GM-10: one of two items that run is cancelled; it ends with that, and its worker; the other one
 * and its worker go on. */
static void
test_cancel_of_one_item (void)
{
  GmprocPool *pool = crew_new (2);
  Visitor visitors[2];
  Meeting meeting;
  GmprocPoolIterator *iterator;
  guint other;

  meeting_open (&meeting);
  iterator = iterate_meeting (pool, &meeting, 2, TRUE);
  for (guint i = 0; i < 2; i++)
    meeting_accept (&meeting, &visitors[i]);
  other = visitors[0].number == 1 ? 0 : 1;
  g_assert_true (gmproc_pool_iterator_cancel_item (iterator, 0));
  visitor_wait_gone (&visitors[!other]);
  assert_fails (iterator, CREW_BOUND, NULL, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (gmproc_pool_iterator_get_index (iterator), ==, 0);
  g_assert_false (gmproc_pool_iterator_is_at_end (iterator));

  visitor_release (&visitors[other]);
  assert_gives (iterator, 1);
  g_assert_false (gmproc_pool_iterator_cancel_item (iterator, 1));
  g_assert_false (gmproc_pool_iterator_cancel_item (iterator, 2));
  g_object_unref (iterator);
  meeting_close (&meeting);
  crew_end (pool);
}

/* An item that waits behind another one is never run. */
static void
test_cancel_of_an_item_that_waits (void)
{
  GmprocPool *pool = crew_new (1);
  Visitor visitor;
  Meeting meeting;
  GmprocPoolIterator *iterator;

  meeting_open (&meeting);
  iterator = iterate_meeting (pool, &meeting, 2, TRUE);
  meeting_accept (&meeting, &visitor);
  g_assert_true (gmproc_pool_iterator_cancel_item (iterator, 1));
  visitor_release (&visitor);
  assert_gives (iterator, 0);
  assert_fails (iterator, CREW_BOUND, NULL, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_object_unref (iterator);
  meeting_close (&meeting);
  crew_end (pool);
}

/* -- errors ------------------------------------------------------------------------------------ */

GMPROC_DEFINE_FUNCTION (odd_only, "x", "x")
{
  gint64 n = g_variant_get_int64 (item);

  if (n % 2 == 0)
    {
      g_set_error (error, g_quark_from_string ("an-unknown-domain"), 4711, "%d is even", (int) n);
      return NULL;
    }
  return g_variant_new_int64 (n);
}

/* PO-12, CR-03: the error of an item stands for it, and the others go on; with fail-fast it is the
 * end. Domain, code, message and item arrive, also of a domain that nobody here knows. */
static void
test_errors_of_items (void)
{
  GmprocPool *pool = crew_new (2);

  for (guint fail_fast = 0; fail_fast < 2; fail_fast++)
    {
      g_autoptr (GmprocPoolSource) source = gmproc_pool_source_new_for_array (crew_numbers (100));
      g_autoptr (GmprocPoolOptions) options = gmproc_pool_options_new ();
      g_autoptr (GmprocPoolIterator) iterator = NULL;

      gmproc_pool_options_set_fail_fast (options, fail_fast);
      iterator = gmproc_pool_imap (pool, odd_only, source, options, NULL);
      for (gint64 i = 0; i < (fail_fast ? 1 : 100); i++)
        {
          g_autoptr (GVariant) result = NULL;
          g_autoptr (GError) error = NULL;

          gmproc_pool_iterator_next (iterator, &result, CREW_BOUND, NULL, &error);
          if (i % 2 == 1)
            g_assert_no_error (error);
          if (i % 2 == 1)
            continue;
          g_assert_error (error, g_quark_from_string ("an-unknown-domain"), 4711);
          g_assert_true (g_str_has_prefix (error->message, "odd_only, item "));
          g_assert_true (g_str_has_suffix (error->message, " is even"));
        }
      g_assert_cmpint (gmproc_pool_iterator_is_at_end (iterator), ==, fail_fast);
    }

  crew_end (pool);
}

static GVariant *
every_third_is_bad (gpointer user_data, G_GNUC_UNUSED GError **error)
{
  gint64 n = (*(gint64 *) user_data)++;

  if (n == 30)
    return NULL;
  return n % 3 == 0 ? g_variant_new_string ("no number") : g_variant_new_int64 (n);
}

/* PO-09, CR-01: an item of the wrong type fails alone, and no worker sees it. */
static void
test_items_of_the_wrong_type (void)
{
  GmprocPool *pool = crew_new (1);
  gint64 next = 0;
  g_autoptr (GmprocPoolSource) source = gmproc_pool_source_new (every_third_is_bad, &next, NULL);
  g_autoptr (GmprocPoolIterator) iterator =
      gmproc_pool_imap (pool, crew_square, source, NULL, NULL);
  gint64 square;

  for (gint64 i = 0; i < 30; i++)
    if (i % 3 == 0)
      assert_fails (iterator, CREW_BOUND, NULL, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
    else
      g_assert_true (next_square (iterator, &square));
  g_assert_false (next_square (iterator, &square));
  crew_end (pool);
}

/* CR-09, GM-08: killed over an item, whose place gets the error; the others come. */
static void
test_killed_over_an_item (void)
{
  GmprocPool *pool = crew_new (2);
  Visitor visitors[2];
  Meeting meeting;
  GmprocPoolIterator *iterator;
  guint killed;

  meeting_open (&meeting);
  iterator = iterate_meeting (pool, &meeting, 3, TRUE);
  for (guint i = 0; i < 2; i++)
    meeting_accept (&meeting, &visitors[i]);
  killed = visitors[0].number == 0 ? 0 : 1;
  crew_kill (visitors[killed].pid);
  assert_fails (iterator, CREW_BOUND, NULL, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
  visitor_release (&visitors[!killed]);
  assert_gives (iterator, 1);
  visitor_release (&visitors[killed]);
  meeting_accept (&meeting, &visitors[0]);
  visitor_release (&visitors[0]);
  assert_gives (iterator, 2);
  g_object_unref (iterator);
  meeting_close (&meeting);
  crew_end (pool);
}

/* CR-12, PO-11: the pool is terminated under an iterator; and a closed pool takes no new one. */
static void
test_end_of_the_pool (void)
{
  GmprocPool *pool = crew_new (1);
  Visitor visitor;
  Meeting meeting;
  GmprocPoolIterator *iterator;
  g_autoptr (GmprocPoolSource) source = gmproc_pool_source_new_for_array (crew_numbers (1));
  g_autoptr (GError) error = NULL;

  meeting_open (&meeting);
  iterator = iterate_meeting (pool, &meeting, 100, TRUE);
  meeting_accept (&meeting, &visitor);
  gmproc_pool_terminate (pool);
  /* The end does not wait for somebody to fetch from the iterator, or to drop it. */
  gmproc_pool_join (pool, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
  assert_fails (iterator, CREW_BOUND, NULL, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_true (gmproc_pool_iterator_is_at_end (iterator));
  g_assert_null (gmproc_pool_imap (pool, crew_square, source, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_object_unref (iterator);
  visitor_wait_gone (&visitor);
  meeting_close (&meeting);
  crew_end (pool);
}

/* CR-12: closing lets the items that are left be fetched. */
static void
test_close_during_an_iteration (void)
{
  GmprocPool *pool = crew_new (2);
  Counter counter = { .end = 1000 };
  GmprocPoolIterator *iterator = iterate_counter (pool, &counter, TRUE, 10);

  gmproc_pool_close (pool);
  assert_squares (iterator, 1000, TRUE);
  g_object_unref (iterator);
  crew_end (pool);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (crew_warm_up);
  gmproc_test_add ("/pool-imap/function-as-source", test_function_as_source);
  gmproc_test_add ("/pool-imap/array-as-source", test_array_as_source);
  gmproc_test_add ("/pool-imap/list-as-source", test_list_as_source);
  gmproc_test_add ("/pool-imap/source-that-fails", test_source_that_fails);
  gmproc_test_add ("/pool-imap/list-that-fails", test_list_that_fails);
  gmproc_test_add ("/pool-imap/endless-source", test_endless_source);
  gmproc_test_add ("/pool-imap/endless-source-by-default", test_endless_source_by_default);
  gmproc_test_add ("/pool-imap/order-of-results", test_order_of_results);
  gmproc_test_add ("/pool-imap/cancel-of-one-item", test_cancel_of_one_item);
  gmproc_test_add ("/pool-imap/cancel-of-an-item-that-waits", test_cancel_of_an_item_that_waits);
  gmproc_test_add ("/pool-imap/errors-of-items", test_errors_of_items);
  gmproc_test_add ("/pool-imap/items-of-the-wrong-type", test_items_of_the_wrong_type);
  gmproc_test_add ("/pool-imap/killed-over-an-item", test_killed_over_an_item);
  gmproc_test_add ("/pool-imap/end-of-the-pool", test_end_of_the_pool);
  gmproc_test_add ("/pool-imap/close-during-an-iteration", test_close_during_an_iteration);
  return g_test_run ();
}
