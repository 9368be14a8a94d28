/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Workers that die: the call gets an error that says who died over what, or the right result; the
 * pool works on, and has its size again.
 */
#include "crew.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/death.h"
#include "support.h"

#define N_WORKERS 3

/* Names a file: as long as it exists, processes of this program end before their main(). */
#define DIE_AT_START "GMPROC_TEST_DIE_AT_START"

static void __attribute__ ((constructor)) die_at_start (void)
{
  const char *path = g_getenv (DIE_AT_START);

  if (path != NULL && g_file_test (path, G_FILE_TEST_EXISTS))
    _Exit (9);
}

/* Works, and with all its workers. */
static void
assert_is_whole (GmprocPool *pool)
{
  g_object_set (pool, "chunk-size", 1, NULL);
  crew_assert_works (pool, 100);
  g_assert_cmpuint (crew_count (), ==, gmproc_pool_get_n_workers (pool));
}

/* -- of themselves ----------------------------------------------------------------------------- */

#define BAD_ITEM 17

typedef enum
{
  DIE_BY_SIGNAL,
  DIE_BY_FAULT,
  DIE_BY_EXIT,
  DIE_BY_EXIT_0,
  N_DEATHS
} Death;

static void
die (Death death)
{
  if (death == DIE_BY_EXIT)
    exit (7);
  if (death == DIE_BY_EXIT_0)
    exit (0);
  if (death == DIE_BY_FAULT)
    gmproc_test_fault ();
  gmproc_test_abort ();
}

GMPROC_DEFINE_FUNCTION (die_of_item, "(ux)", "x")
{
  Death death;
  gint64 number;

  g_variant_get (item, "(ux)", &death, &number);
  if (number == BAD_ITEM)
    die (death);
  return g_variant_new_int64 (number);
}

GMPROC_DEFINE_FUNCTION (die_of_slice, "a(ux)", "ax")
{
  gsize n = g_variant_n_children (item);

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (item, i);

      g_variant_unref (g_variant_ref_sink (die_of_item (child, error)));
    }
  return crew_numbers (n);
}

static GVariant *
deadly_items (Death death)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ux)"));
  for (gint64 i = 0; i < 2 * BAD_ITEM; i++)
    g_variant_builder_add (&builder, "(ux)", death, i);
  return g_variant_builder_end (&builder);
}

/* One of the workers of before is named in the error. */
static void
assert_names_a_process (GError *error, GList *processes)
{
  for (GList *link = processes; link != NULL; link = link->next)
    {
      g_autofree char *words =
          g_strdup_printf (" process %" G_GINT64_FORMAT " ", gmproc_process_get_pid (link->data));

      if (strstr (error->message, words) != NULL)
        return;
    }
  g_error ("No worker is named in: %s", error->message);
}

/* CR-03, GM-08 */
static void
test_function_ends_the_worker (void)
{
  static const guint chunk_sizes[] = { 0, 1, 5, 1000 };
  static const char *words[N_DEATHS] = { "signal 6", "signal 11", "status 7", "status 0" };
  GmprocPool *pool = crew_new (N_WORKERS);

  for (guint i = 0; i < N_DEATHS * G_N_ELEMENTS (chunk_sizes); i++)
    {
      Death death = i / G_N_ELEMENTS (chunk_sizes);
      g_autolist (GmprocProcess) workers = gmproc_list_children ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = NULL;

      g_object_set (pool, "chunk-size", chunk_sizes[i % G_N_ELEMENTS (chunk_sizes)], NULL);
      result = gmproc_pool_map (pool, die_of_item, deadly_items (death), NULL, &error);
      g_assert_null (result);
      g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
      g_assert_true (g_str_has_prefix (error->message, "die_of_item, item 17: "));
      g_assert_nonnull (strstr (error->message, words[death]));
      assert_names_a_process (error, workers);
      assert_is_whole (pool);
    }

  crew_end (pool);
}

/* A slice is told by its first item. */
static void
test_slice_ends_the_worker (void)
{
  GmprocPool *pool = crew_new (N_WORKERS);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = NULL;

  g_object_set (pool, "chunk-size", 5, NULL);
  result = gmproc_pool_map_array (pool, die_of_slice, deadly_items (DIE_BY_FAULT), NULL, &error);
  g_assert_null (result);
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
  g_assert_true (g_str_has_prefix (error->message, "die_of_slice, item 15: "));
  assert_is_whole (pool);

  crew_end (pool);
}

/* -- killed ------------------------------------------------------------------------------------ */

static void
assert_killed (CrewCall *call, gint64 number, gint64 pid)
{
  g_autofree char *item = g_strdup_printf ("item %" G_GINT64_FORMAT ": ", number);
  g_autofree char *process = g_strdup_printf ("process %" G_GINT64_FORMAT " ", pid);

  crew_call_join (call);
  g_assert_error (call->error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
  g_assert_nonnull (strstr (call->error->message, item));
  g_assert_nonnull (strstr (call->error->message, process));
  g_assert_nonnull (strstr (call->error->message, "signal 9"));
  crew_call_clear (call);
}

/* CR-09, GM-08: whichever item the worker ran; and another thread's call does not notice. */
static void
test_killed_over_an_item (void)
{
  GmprocPool *pool = crew_new (2);
  Visitor visitor, other;
  Meeting meeting;
  CrewCall call, other_call;

  meeting_open (&meeting);
  for (gint64 i = 0; i < 6; i++)
    {
      g_object_set (pool, "chunk-size", 3, NULL);
      crew_call_start (&other_call, pool, meeting_visit, meeting_items (&meeting, 1));
      meeting_accept (&meeting, &other);
      crew_call_start (&call, pool, meeting_visit, meeting_items (&meeting, 6));
      for (meeting_accept (&meeting, &visitor); visitor.number != i;
           meeting_accept (&meeting, &visitor))
        visitor_release (&visitor);
      crew_kill (visitor.pid);
      assert_killed (&call, i, visitor.pid);
      visitor_wait_gone (&visitor);

      visitor_release (&other);
      crew_call_join (&other_call);
      g_assert_no_error (other_call.error);
      crew_call_clear (&other_call);
      assert_is_whole (pool);
    }

  meeting_close (&meeting);
  crew_end (pool);
}

/* CR-11, GM-08: the place of a killed worker is taken at once: the next item does not wait for the
 * other worker, which is not through. */
static void
test_place_is_taken (void)
{
  GmprocPool *pool = crew_new (2);
  Visitor visitors[2], next;
  Meeting meeting;
  CrewCall calls[2], next_call;

  meeting_open (&meeting);
  for (guint i = 0; i < 2; i++)
    {
      crew_call_start (&calls[i], pool, meeting_visit, meeting_items (&meeting, 1));
      meeting_accept (&meeting, &visitors[i]);
    }
  crew_kill (visitors[0].pid);
  assert_killed (&calls[0], 0, visitors[0].pid);
  visitor_wait_gone (&visitors[0]);

  crew_call_start (&next_call, pool, meeting_visit, meeting_items (&meeting, 1));
  meeting_accept (&meeting, &next);
  g_assert_cmpint (next.pid, !=, visitors[0].pid);
  g_assert_cmpint (next.pid, !=, visitors[1].pid);
  visitor_release (&next);
  crew_call_join (&next_call);
  g_assert_no_error (next_call.error);
  visitor_release (&visitors[1]);
  crew_call_join (&calls[1]);
  g_assert_no_error (calls[1].error);

  crew_call_clear (&next_call);
  crew_call_clear (&calls[1]);
  meeting_close (&meeting);
  crew_end (pool);
}

#define SOON (50 * G_TIME_SPAN_MILLISECOND)
#define TRIES 30

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

/* What a process costs on this machine now. */
static gint64
time_process (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  gmproc_process_join (process, GMPROC_FOREVER, NULL, &error);
  g_assert_no_error (error);
  return g_get_monotonic_time () - begin;
}

/* From the kill until another worker has begun the next call. */
static gint64
time_replacement (GmprocPool *pool, Meeting *meeting)
{
  Visitor killed, next;
  CrewCall call, next_call;
  gint64 begin, elapsed;

  crew_call_start (&call, pool, meeting_visit, meeting_items (meeting, 1));
  meeting_accept (meeting, &killed);
  crew_call_start (&next_call, pool, meeting_visit, meeting_items (meeting, 1));
  begin = g_get_monotonic_time ();
  crew_kill (killed.pid);
  meeting_accept (meeting, &next);
  elapsed = g_get_monotonic_time () - begin;
  g_assert_cmpint (next.pid, !=, killed.pid);

  assert_killed (&call, 0, killed.pid);
  visitor_wait_gone (&killed);
  visitor_release (&next);
  crew_call_join (&next_call);
  g_assert_no_error (next_call.error);
  crew_call_clear (&next_call);
  return elapsed;
}

/* GM-08: a replacement is there soon, or where a process takes long, in the time of a few. What
 * else the machine does may hold up some of them, but not all. */
static void
test_place_is_taken_soon (void)
{
  GmprocPool *pool = crew_new (1);
  gint64 bound, elapsed;
  Meeting meeting;
  guint i = 0;

  meeting_open (&meeting);
  do
    {
      bound = MAX (SOON, 3 * time_process ());
      elapsed = time_replacement (pool, &meeting);
    }
  while (elapsed > bound && ++i < TRIES);
  g_assert_cmpint (elapsed, <=, bound);

  meeting_close (&meeting);
  crew_end (pool);
}

static void
kill_all (void)
{
  g_autolist (GmprocProcess) workers = gmproc_list_children ();

  for (GList *link = workers; link != NULL; link = link->next)
    crew_kill (gmproc_process_get_pid (link->data));
}

/* CR-11: more of them than a pool bears that cannot begin; also such that never had an item. */
static void
test_killed_while_idle (void)
{
  GmprocPool *pool = crew_new (6);

  for (guint i = 0; i < 5; i++)
    {
      kill_all ();
      g_assert_cmpuint (crew_count (), ==, 0);
      crew_assert_works (pool, 1);
      g_assert_cmpuint (crew_count (), ==, 6);
    }
  assert_is_whole (pool);

  crew_end (pool);
}

/* CR-06 */
static void
test_end_of_a_pool_of_dead_workers (void)
{
  for (guint i = 0; i < gmproc_test_scale (10); i++)
    {
      GmprocPool *pool = crew_new (N_WORKERS);

      if (i % 2 == 0)
        kill_all ();
      else
        {
          g_autolist (GmprocProcess) workers = gmproc_list_children ();

          for (GList *link = workers; link != NULL; link = link->next)
            gmproc_process_kill (link->data, NULL);
        }
      if (i % 3 == 0)
        gmproc_pool_terminate (pool);
      crew_end (pool);
    }
}

/* GM-10: the worker of a cancelled call is ended over its item, and its place is taken. */
static void
test_cancel_ends_the_worker (void)
{
  GmprocPool *pool = crew_new (2);
  Visitor visitors[2];
  Meeting meeting;
  CrewCall calls[2];
  g_autoptr (GmprocProcess) worker = NULL;

  meeting_open (&meeting);
  for (guint i = 0; i < 2; i++)
    {
      crew_call_start (&calls[i], pool, meeting_visit, meeting_items (&meeting, 1));
      meeting_accept (&meeting, &visitors[i]);
    }
  worker = crew_find (visitors[0].pid);
  g_assert_nonnull (worker);
  g_cancellable_cancel (calls[0].cancellable);
  crew_call_join (&calls[0]);
  g_assert_error (calls[0].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  visitor_wait_gone (&visitors[0]);
  /* Its connection is closed before the pool can know of its end. */
  crew_join (worker);

  /* The other one goes on. */
  visitor_release (&visitors[1]);
  crew_call_join (&calls[1]);
  g_assert_no_error (calls[1].error);
  assert_is_whole (pool);

  for (guint i = 0; i < 2; i++)
    crew_call_clear (&calls[i]);
  meeting_close (&meeting);
  crew_end (pool);
}

/* CR-04, CR-07: killed while it sends a result that is far longer than its stream. How far it comes
 * is up to the system; the next round gives it more time. */
static void
test_killed_over_a_large_result (void)
{
  GmprocPool *pool = crew_new (2);
  Meeting meeting;

  meeting_open (&meeting);
  for (guint round = 0; round < 12; round++)
    {
      Visitor visitor;
      CrewCall call;
      gint64 pid;

      crew_call_start (&call, pool, meeting_visit_long, meeting_items (&meeting, 1));
      meeting_accept (&meeting, &visitor);
      pid = visitor.pid;
      visitor_release (&visitor);
      crew_pause (round * 3 * G_TIME_SPAN_MILLISECOND);
      crew_kill (pid);
      crew_call_join (&call);
      if (call.error != NULL)
        g_assert_error (call.error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
      else
        g_assert_cmpuint (g_variant_get_size (call.result), >, MEETING_LONG);
      crew_call_clear (&call);
      assert_is_whole (pool);
    }

  meeting_close (&meeting);
  crew_end (pool);
}

/* Nobody reads while the worker sends, and then it is killed: a call that is never run again. */
static void
test_killed_over_a_result_that_nobody_reads (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GmprocPoolSource) source = NULL;
  GmprocPoolIterator *iterator;
  Visitor visitor;
  Meeting meeting;
  gint64 pid;

  meeting_open (&meeting);
  source = gmproc_pool_source_new_for_array (meeting_items (&meeting, 1));
  iterator = gmproc_pool_imap (pool, meeting_visit_long, source, NULL, NULL);
  g_assert_nonnull (iterator);
  meeting_accept (&meeting, &visitor);
  pid = visitor.pid;
  visitor_release (&visitor);
  g_object_unref (iterator);
  crew_kill (pid);
  assert_is_whole (pool);

  meeting_close (&meeting);
  crew_end (pool);
}

/* -- before they begin ------------------------------------------------------------------------- */

/* CR-13: no worker ever begins. The call ends, and the pool lives on when the cause is gone. The
 * workers are spawned: a copy has no time before its main(). */
static void
test_workers_that_die_at_their_start (void)
{
  g_autofree char *method = g_strdup (g_getenv ("GMPROC_START_METHOD"));
  GmprocPool *pool = crew_new (2);
  const char *path = g_getenv (DIE_AT_START);

  g_setenv ("GMPROC_START_METHOD", "spawn", TRUE);
  kill_all ();
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;

      g_file_set_contents (path, "", 0, &error);
      g_assert_no_error (error);
      g_assert_null (gmproc_pool_map (pool, crew_square, crew_numbers (10), NULL, &error));
      g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
      g_assert_cmpint (g_remove (path), ==, 0);
      crew_assert_works (pool, 10);
      kill_all ();
    }

  crew_end (pool);
  g_setenv ("GMPROC_START_METHOD", method != NULL ? method : "", TRUE);
}

/* -- at any time ------------------------------------------------------------------------------- */

#define STORM_TIME (3 * G_TIME_SPAN_SECOND)
#define N_CALLERS 2
#define STORM_NUMBERS 500
#define STORM_BYTES (2 * 1024 * 1024)

typedef struct
{
  GmprocPool *pool;
  gint64 end;
  guint n_results; /* atomic */
  guint n_deaths;  /* atomic */
} Storm;

GMPROC_DEFINE_FUNCTION (flip, "ay", "ay")
{
  gsize size;
  const guint8 *bytes = g_variant_get_fixed_array (item, &size, 1);
  guint8 *flipped = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    flipped[i] = ~bytes[i];
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, flipped, size, TRUE, g_free, flipped);
}

static GVariant *
storm_items (guint8 byte)
{
  GVariant *items[3];

  for (guint i = 0; i < 3; i++)
    {
      guint8 *bytes = g_malloc (STORM_BYTES);

      memset (bytes, byte + i, STORM_BYTES);
      items[i] = g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, STORM_BYTES, TRUE,
                                          g_free, bytes);
    }
  return g_variant_new_array (NULL, items, 3);
}

static void
assert_squares (GVariant *result)
{
  gsize n;
  const gint64 *squares = g_variant_get_fixed_array (result, &n, sizeof *squares);

  g_assert_cmpuint (n, ==, STORM_NUMBERS);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpint (squares[i], ==, (gint64) (i * i));
}

static void
assert_flipped (GVariant *result, guint round)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (result, i);
      gsize size;
      const guint8 *bytes = g_variant_get_fixed_array (child, &size, 1);

      g_assert_cmpuint (size, ==, STORM_BYTES);
      for (gsize j = 0; j < size; j++)
        if (bytes[j] != (guint8) ~(round + i))
          g_error ("byte %" G_GSIZE_FORMAT " of result %u is wrong", j, i);
    }
}

static gpointer
call_in_storm (gpointer data)
{
  Storm *storm = data;

  for (guint round = 0; g_get_monotonic_time () < storm->end; round++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) result = NULL;

      result = round % 4 == 0
                   ? gmproc_pool_map (storm->pool, flip, storm_items (round), NULL, &error)
                   : gmproc_pool_map (storm->pool, crew_square, crew_numbers (STORM_NUMBERS), NULL,
                                      &error);
      g_atomic_int_inc (result != NULL ? &storm->n_results : &storm->n_deaths);
      if (result == NULL)
        g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED);
      else if (round % 4 == 0)
        assert_flipped (result, round);
      else
        assert_squares (result);
    }
  return NULL;
}

/* Kills any worker, at any moment, until the callers are through. */
static void
kill_in_storm (Storm *storm)
{
  while (g_get_monotonic_time () < storm->end)
    {
      g_autolist (GmprocProcess) workers = gmproc_list_children ();

      if (workers != NULL)
        gmproc_process_kill (
            g_list_nth_data (workers, g_random_int_range (0, g_list_length (workers))), NULL);
      crew_pause (g_random_int_range (100, 40000));
    }
}

static void
test_killed_at_any_time (void)
{
  Storm storm = { crew_new (4), g_get_monotonic_time () + STORM_TIME, 0, 0 };
  GThread *threads[N_CALLERS];

  g_object_set (storm.pool, "chunk-size", 1, NULL);
  for (guint i = 0; i < N_CALLERS; i++)
    threads[i] = g_thread_new ("caller", call_in_storm, &storm);
  kill_in_storm (&storm);
  for (guint i = 0; i < N_CALLERS; i++)
    g_thread_join (threads[i]);
  g_test_message ("%u results, %u deaths", storm.n_results, storm.n_deaths);
  g_assert_cmpuint (storm.n_deaths, >, 0);
  assert_is_whole (storm.pool);

  crew_end (storm.pool);
}

int
main (int argc, char **argv)
{
  g_autofree char *path = NULL;

  gmproc_init (&argc, &argv);
  path = g_strdup_printf ("%s/gmproc-die-%" G_GINT64_FORMAT, g_get_tmp_dir (),
                          gmproc_process_get_pid (gmproc_process_get_current ()));
  g_setenv (DIE_AT_START, path, TRUE);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (crew_warm_up);
  gmproc_test_add ("/pool-crash/function-ends-the-worker", test_function_ends_the_worker);
  gmproc_test_add ("/pool-crash/slice-ends-the-worker", test_slice_ends_the_worker);
  gmproc_test_add ("/pool-crash/killed-over-an-item", test_killed_over_an_item);
  gmproc_test_add ("/pool-crash/place-is-taken", test_place_is_taken);
  gmproc_test_add ("/pool-crash/place-is-taken-soon", test_place_is_taken_soon);
  gmproc_test_add ("/pool-crash/killed-while-idle", test_killed_while_idle);
  gmproc_test_add ("/pool-crash/end-of-a-pool-of-dead-workers", test_end_of_a_pool_of_dead_workers);
  gmproc_test_add ("/pool-crash/cancel-ends-the-worker", test_cancel_ends_the_worker);
  gmproc_test_add ("/pool-crash/killed-over-a-large-result", test_killed_over_a_large_result);
  gmproc_test_add ("/pool-crash/killed-over-a-result-that-nobody-reads",
                   test_killed_over_a_result_that_nobody_reads);
  gmproc_test_add ("/pool-crash/workers-that-die-at-their-start",
                   test_workers_that_die_at_their_start);
  gmproc_test_add ("/pool-crash/killed-at-any-time", test_killed_at_any_time);
  return g_test_run ();
}
