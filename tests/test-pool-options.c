/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a call of a pool can be told: to collect, to retry, to bound its items, its priority.
 */
#include "config.h"

#include "crew.h"
#include "support.h"

#include <glib/gstdio.h>

#include <stdlib.h>

/* What an item does: its number; 1 crashes, 2 fails, 3 leaves, 4 never ends. */
GMPROC_DEFINE_FUNCTION (behave, "x", "x")
{
  switch (g_variant_get_int64 (item) % 10)
    {
    case 1:
      abort ();
    case 2:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "two");
      return NULL;
    case 3:
      _Exit (33);
    case 4:
      while (TRUE)
        crew_pause (G_TIME_SPAN_SECOND);
    default:
      return g_variant_ref (item);
    }
}

static GVariant *
list_items (const gint64 *items, gsize n)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, items, n, sizeof *items);
}

/* GM-08, CR-03, CR-09: every item has a result or an error, which names the process and how it
 * ended; the pool has all its workers again. */
static void
test_collect (void)
{
  static const gint64 items[] = { 0, 11, 22, 33, 5, 6, 7, 8, 9, 10, 21, 20 };
  GmprocPool *pool = crew_new (2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = NULL;

  outcomes = gmproc_pool_map_collect (pool, behave, list_items (items, G_N_ELEMENTS (items)), NULL,
                                      NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcomes->len, ==, G_N_ELEMENTS (items));
  for (guint i = 0; i < outcomes->len; i++)
    {
      const GmprocPoolOutcome *outcome = g_ptr_array_index (outcomes, i);
      int kind = items[i] % 10;

      g_assert_cmpuint (outcome->index, ==, i);
      g_assert_cmpint (outcome->value != NULL, ==, kind == 0 || kind > 3);
      if (outcome->value != NULL)
        {
          g_assert_cmpint (g_variant_get_int64 (outcome->value), ==, items[i]);
          continue;
        }
      g_assert_cmpint (outcome->pid, >, 0);
      if (kind == 2)
        g_assert_error (outcome->error, G_IO_ERROR, G_IO_ERROR_BUSY);
      else
        g_assert_error (outcome->error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
      g_assert_true (g_str_has_prefix (outcome->error->message, "behave, item "));
      if (kind == 3)
        g_assert_cmpint (outcome->exit_code, ==, 33);
      else
        g_assert_cmpint (outcome->exit_code != 0, ==, kind == 1);
    }
  crew_assert_works (pool, 100);
  crew_end (pool);
}

/* GM-10: an item that takes too long ends, with its worker; all others have results. */
static void
test_item_timeout (void)
{
  static const gint64 items[] = { 0, 5, 4, 6, 7, 8, 9, 10 };
  GmprocPool *pool = crew_new (2);
  g_autoptr (GmprocPoolOptions) options = gmproc_pool_options_new ();
  g_autoptr (GPtrArray) outcomes = NULL;

  gmproc_pool_options_set_item_timeout (options, 300 * G_TIME_SPAN_MILLISECOND);
  outcomes = gmproc_pool_map_collect (pool, behave, list_items (items, G_N_ELEMENTS (items)),
                                      options, NULL, NULL);
  for (guint i = 0; i < outcomes->len; i++)
    {
      const GmprocPoolOutcome *outcome = g_ptr_array_index (outcomes, i);

      if (i == 2)
        g_assert_error (outcome->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      else
        g_assert_no_error (outcome->error);
    }
  crew_assert_works (pool, 100);
  crew_end (pool);
}

/* Crashes as long as the file of that name is there, and removes it first. */
GMPROC_DEFINE_FUNCTION (crash_once, "s", "b")
{
  g_autoptr (GFile) file = g_file_new_for_path (g_variant_get_string (item, NULL));

  if (g_file_delete (file, NULL, NULL))
    abort ();
  return g_variant_new_boolean (TRUE);
}

/* GM-08: an item is run again as often as it is allowed to. */
static void
test_retries (void)
{
  GmprocPool *pool = crew_new (1);

  for (guint max_retries = 0; max_retries < 2; max_retries++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = NULL;
      g_autoptr (GVariant) result = NULL;
      int fd = g_file_open_tmp ("gmproc-retry-XXXXXX", &path, NULL);

      g_assert_true (g_close (fd, NULL));
      g_object_set (pool, "max-retries", max_retries, NULL);
      result = gmproc_pool_apply (pool, crash_once, g_variant_new_string (path), NULL, &error);
      if (max_retries == 0)
        g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
      else
        g_assert_no_error (error);
    }

  crew_end (pool);
}

static gpointer
collect (gpointer data)
{
  CrewCall *self = data;
  g_autoptr (GPtrArray) outcomes = gmproc_pool_map_collect (self->pool, self->function, self->items,
                                                            NULL, self->cancellable, &self->error);

  g_assert_no_error (self->error);
  g_assert_no_error (((GmprocPoolOutcome *) g_ptr_array_index (outcomes, 0))->error);
  g_assert_error (((GmprocPoolOutcome *) g_ptr_array_index (outcomes, 1))->error, G_IO_ERROR,
                  G_IO_ERROR_CANCELLED);
  return NULL;
}

/* GM-10: what was done when the call was cancelled keeps its result. */
static void
test_cancel_keeps_results (void)
{
  GmprocPool *pool = crew_new (1);
  Meeting meeting;
  Visitor visitor;
  CrewCall call = { .pool = pool, .function = meeting_visit };

  meeting_open (&meeting);
  call.items = g_variant_ref_sink (meeting_items (&meeting, 2));
  call.cancellable = g_cancellable_new ();
  call.thread = g_thread_new ("collect", collect, &call);
  meeting_accept (&meeting, &visitor);
  visitor_release (&visitor);
  /* The second item begins when the result of the first is on its way. */
  meeting_accept (&meeting, &visitor);
  g_cancellable_cancel (call.cancellable);
  g_thread_join (call.thread);
  visitor_wait_gone (&visitor);
  crew_assert_works (pool, 100);

  g_variant_unref (call.items);
  g_object_unref (call.cancellable);
  meeting_close (&meeting);
  crew_end (pool);
}

static gpointer
run_at_priority (gpointer data)
{
  CrewCall *self = data;
  g_autoptr (GmprocPoolOptions) options = gmproc_pool_options_new ();

  gmproc_pool_options_set_priority (options, -1);
  self->result =
      gmproc_pool_map_full (self->pool, self->function, self->items, options, NULL, &self->error);
  return NULL;
}

static guint
count_calls (GmprocPool *pool)
{
  g_autoptr (GVariant) stats = gmproc_pool_get_stats (pool);
  guint n_calls;

  g_assert_true (g_variant_lookup (stats, "calls", "u", &n_calls));
  return n_calls;
}

/* The worker is busy; of two calls that wait, the later one is more important. */
static void
test_priority (void)
{
  GmprocPool *pool = crew_new (1);
  Meeting meetings[2];
  Visitor visitor;
  CrewCall first, important;

  meeting_open (&meetings[0]);
  meeting_open (&meetings[1]);
  g_object_set (pool, "chunk-size", 1, NULL);
  crew_call_start (&first, pool, meeting_visit, meeting_items (&meetings[0], 2));
  meeting_accept (&meetings[0], &visitor);
  important = (CrewCall){ .pool = pool, .function = meeting_visit };
  important.items = g_variant_ref_sink (meeting_items (&meetings[1], 1));
  important.thread = g_thread_new ("important", run_at_priority, &important);
  while (count_calls (pool) < 2)
    g_thread_yield ();

  visitor_release (&visitor);
  meeting_accept (&meetings[1], &visitor);
  visitor_release (&visitor);
  crew_call_join (&important);
  g_assert_no_error (important.error);
  meeting_accept (&meetings[0], &visitor);
  visitor_release (&visitor);
  crew_call_join (&first);
  g_assert_no_error (first.error);

  g_variant_unref (important.items);
  g_variant_unref (important.result);
  crew_call_clear (&first);
  meeting_close (&meetings[0]);
  meeting_close (&meetings[1]);
  crew_end (pool);
}

typedef struct
{
  guint n_emissions;
  guint64 done;
  guint64 failed;
  guint64 total;
} Progress;

/* CR-14: a handler may call the pool. */
static void
on_progress (GmprocPool *pool, guint64 done, guint64 failed, guint64 total, double rate,
             gpointer user_data)
{
  Progress *self = user_data;

  self->n_emissions++;
  self->done = done;
  self->failed = failed;
  self->total = total;
  g_assert_cmpfloat (rate, >=, 0);
  g_signal_handlers_block_by_func (pool, on_progress, user_data);
  crew_assert_works (pool, 3);
  g_signal_handlers_unblock_by_func (pool, on_progress, user_data);
}

static void
test_progress (void)
{
  static const gint64 items[] = { 0, 22, 5, 6, 32 };
  GmprocPool *pool = crew_new (2);
  Progress progress = { 0 };
  g_autoptr (GPtrArray) outcomes = NULL;

  g_signal_connect (pool, "progress", G_CALLBACK (on_progress), &progress);
  outcomes = gmproc_pool_map_collect (pool, behave, list_items (items, G_N_ELEMENTS (items)), NULL,
                                      NULL, NULL);
  g_assert_cmpuint (progress.n_emissions, >=, 1);
  g_assert_cmpuint (progress.done, ==, 3);
  g_assert_cmpuint (progress.failed, ==, 2);
  g_assert_cmpuint (progress.total, ==, 5);
  crew_end (pool);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (crew_warm_up);
  gmproc_test_add ("/pool-options/collect", test_collect);
  gmproc_test_add ("/pool-options/item-timeout", test_item_timeout);
  gmproc_test_add ("/pool-options/retries", test_retries);
  gmproc_test_add ("/pool-options/cancel-keeps-results", test_cancel_keeps_results);
  gmproc_test_add ("/pool-options/priority", test_priority);
  gmproc_test_add ("/pool-options/progress", test_progress);
  return g_test_run ();
}
