/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Who works when: threads that call at once, cancelled calls, and the end of a pool.
 */
#include "crew.h"

#include <stdlib.h>

#include "support.h"

#define SHORT (20 * G_TIME_SPAN_MILLISECOND)
#define N_WORKERS 4

static void
assert_visited (CrewCall *call, gsize n)
{
  crew_call_join (call);
  g_assert_no_error (call->error);
  g_assert_cmpuint (g_variant_n_children (call->result), ==, n);
  crew_call_clear (call);
}

static void
assert_call_fails (CrewCall *call, int code)
{
  crew_call_join (call);
  g_assert_error (call->error, G_IO_ERROR, code);
  crew_call_clear (call);
}

/* As many items as workers: all of them run at once. */
static void
test_every_worker_takes_part (void)
{
  GmprocPool *pool = crew_new (N_WORKERS);
  Visitor visitors[N_WORKERS];
  Meeting meeting;
  CrewCall call;

  meeting_open (&meeting);
  crew_call_start (&call, pool, meeting_visit, meeting_items (&meeting, N_WORKERS));
  for (guint i = 0; i < N_WORKERS; i++)
    meeting_accept (&meeting, &visitors[i]);
  for (guint i = 0; i < N_WORKERS; i++)
    {
      for (guint j = 0; j < i; j++)
        g_assert_cmpint (visitors[i].pid, !=, visitors[j].pid);
      visitor_release (&visitors[i]);
    }

  assert_visited (&call, N_WORKERS);
  meeting_close (&meeting);
  crew_end (pool);
}

/* The last item goes to the worker that is through, not to the one that is still busy. */
static void
test_no_item_waits_for_a_slow_one (void)
{
  for (gint64 slow = 0; slow < 2; slow++)
    {
      GmprocPool *pool = crew_new (2);
      gboolean has_last_come = FALSE;
      Visitor held = { NULL, 0, 0 };
      Meeting meeting;
      CrewCall call;

      meeting_open (&meeting);
      crew_call_start (&call, pool, meeting_visit, meeting_items (&meeting, 3));
      while (held.socket == NULL || !has_last_come)
        {
          Visitor visitor;

          meeting_accept (&meeting, &visitor);
          has_last_come |= visitor.number == 2;
          if (visitor.number == slow)
            held = visitor;
          else
            visitor_release (&visitor);
        }
      crew_assert_works (pool, 1);
      visitor_release (&held);

      assert_visited (&call, 3);
      meeting_close (&meeting);
      crew_end (pool);
    }
}

#define N_THREADS 8
#define N_CALLS gmproc_test_scale (60)

static gpointer
call_again_and_again (gpointer data)
{
  GmprocPool *pool = data;

  for (guint i = 0; i < N_CALLS; i++)
    crew_assert_works (pool, i % 7 == 0 ? 1000 : i % 3);
  return NULL;
}

/* Whoever of them leads has to pass that on when its own call is over. */
static void
test_threads_call_at_once (void)
{
  GmprocPool *pool = crew_new (2);
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("caller", call_again_and_again, pool);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  crew_end (pool);
}

/* -- cancel ------------------------------------------------------------------------------------ */

/* GM-16: two calls, of which the first leads and the second follows. One of them is cancelled. */
static void
cancel_one_of_two (guint cancelled)
{
  GmprocPool *pool = crew_new (2);
  Visitor visitors[2];
  Meeting meeting;
  CrewCall calls[2];

  meeting_open (&meeting);
  for (guint i = 0; i < 2; i++)
    {
      crew_call_start (&calls[i], pool, meeting_visit, meeting_items (&meeting, 1));
      meeting_accept (&meeting, &visitors[i]);
    }
  g_cancellable_cancel (calls[cancelled].cancellable);
  assert_call_fails (&calls[cancelled], G_IO_ERROR_CANCELLED);

  visitor_release (&visitors[!cancelled]);
  assert_visited (&calls[!cancelled], 1);
  crew_assert_works (pool, 1);
  visitor_release (&visitors[cancelled]);
  crew_assert_works (pool, 100);
  meeting_close (&meeting);
  crew_end (pool);
}

static void
test_cancel_of_the_leader (void)
{
  cancel_one_of_two (0);
}

static void
test_cancel_of_a_follower (void)
{
  cancel_one_of_two (1);
}

/* All workers are busy with a cancelled call, with more chunks queued behind. */
static void
test_cancel_of_a_long_call (void)
{
  GmprocPool *pool = crew_new (2);
  Visitor visitors[2];
  Meeting meeting;
  CrewCall call;

  meeting_open (&meeting);
  g_object_set (pool, "chunk-size", 1, NULL);
  crew_call_start (&call, pool, meeting_visit, meeting_items (&meeting, 2));
  for (guint i = 0; i < 2; i++)
    meeting_accept (&meeting, &visitors[i]);
  g_cancellable_cancel (call.cancellable);
  assert_call_fails (&call, G_IO_ERROR_CANCELLED);

  for (guint i = 0; i < 2; i++)
    visitor_release (&visitors[i]);
  crew_assert_works (pool, 100);
  meeting_close (&meeting);
  crew_end (pool);
}

static void
test_cancelled_before (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (gmproc_pool_map (pool, crew_square, crew_numbers (10), cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  crew_end (pool);
}

static gpointer
cancel (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

/* The cancel comes at any moment of a call. */
static void
test_cancel_at_any_time (void)
{
  GmprocPool *pool = crew_new (2);

  for (guint i = 0; i < gmproc_test_scale (200); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) results = NULL;
      GThread *thread = g_thread_new ("canceller", cancel, cancellable);

      results = gmproc_pool_map (pool, crew_square, crew_numbers (1000), cancellable, &error);
      g_thread_join (thread);
      if (results == NULL)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      else
        g_assert_cmpuint (g_variant_n_children (results), ==, 1000);
    }
  crew_assert_works (pool, 1000);

  crew_end (pool);
}

/* -- the end ----------------------------------------------------------------------------------- */

static void
assert_join_fails (GmprocPool *pool, gint64 timeout, GCancellable *cancellable, GQuark domain,
                   int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_pool_join (pool, timeout, cancellable, &error));
  g_assert_error (error, domain, code);
}

/* Calls that are under way go on; others are refused. */
static void
test_close_during_a_call (void)
{
  GmprocPool *pool = crew_new (2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Visitor visitor;
  Meeting meeting;
  CrewCall call;

  meeting_open (&meeting);
  crew_call_start (&call, pool, meeting_visit, meeting_items (&meeting, 1));
  meeting_accept (&meeting, &visitor);
  assert_join_fails (pool, GMPROC_FOREVER, NULL, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  gmproc_pool_close (pool);
  gmproc_pool_close (pool);
  g_assert_null (gmproc_pool_map (pool, crew_square, crew_numbers (1), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_join_fails (pool, 0, NULL, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_join_fails (pool, SHORT, NULL, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_cancellable_cancel (cancellable);
  assert_join_fails (pool, GMPROC_FOREVER, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  visitor_release (&visitor);
  assert_visited (&call, 1);
  meeting_close (&meeting);
  crew_end (pool);
}

static gpointer
join (gpointer data)
{
  g_autoptr (GError) error = NULL;

  gmproc_pool_join (data, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

/* PO-10, PO-11: thousands of items are queued. Two threads wait for the end. */
static void
test_terminate_during_a_call (void)
{
  GmprocPool *pool = crew_new (2);
  g_autoptr (GError) error = NULL;
  GThread *threads[2];
  Visitor visitors[2];
  Meeting meeting;
  CrewCall call;

  meeting_open (&meeting);
  g_object_set (pool, "chunk-size", 1, NULL);
  crew_call_start (&call, pool, meeting_visit, meeting_items (&meeting, 10000));
  for (guint i = 0; i < 2; i++)
    meeting_accept (&meeting, &visitors[i]);
  gmproc_pool_terminate (pool);
  assert_call_fails (&call, G_IO_ERROR_CLOSED);
  g_assert_null (gmproc_pool_map (pool, crew_square, crew_numbers (1), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("joiner", join, pool);
  for (guint i = 0; i < 2; i++)
    {
      g_thread_join (threads[i]);
      visitor_wait_gone (&visitors[i]);
    }

  meeting_close (&meeting);
  crew_end (pool);
}

/* PO-15: of the pool and of its workers nothing is left. */
static void
test_drop_of_a_running_pool (void)
{
  GmprocPool *pool = crew_new (N_WORKERS);

  crew_assert_works (pool, 10);
  g_object_unref (pool);
  crew_settle ();
  g_assert_cmpuint (crew_count (), ==, 0);
}

/* A worker is still busy with an item of a cancelled call, and is never told to quit. */
static void
test_drop_of_a_closed_pool (void)
{
  GmprocPool *pool = crew_new (1);
  Visitor visitor;
  Meeting meeting;
  CrewCall call;

  meeting_open (&meeting);
  crew_call_start (&call, pool, meeting_visit, meeting_items (&meeting, 1));
  meeting_accept (&meeting, &visitor);
  g_cancellable_cancel (call.cancellable);
  assert_call_fails (&call, G_IO_ERROR_CANCELLED);
  gmproc_pool_close (pool);
  g_object_unref (pool);

  visitor_wait_gone (&visitor);
  meeting_close (&meeting);
  crew_settle ();
  g_assert_cmpuint (crew_count (), ==, 0);
}

/* PO-20, CR-10 */
static void
test_200_workers (void)
{
  GmprocPool *pool = crew_new (200);

  g_assert_cmpuint (crew_count (), ==, 200);
  g_object_set (pool, "chunk-size", 1, NULL);
  crew_assert_works (pool, 1000);

  crew_end (pool);
}

/* -- pools in other processes ------------------------------------------------------------------ */

GMPROC_DEFINE_TARGET (use_pool)
{
  GmprocPool *pool = crew_new (2);

  crew_assert_works (pool, 100);
  crew_end (pool);
  return EXIT_SUCCESS;
}

/* Ends while a thread of it waits for an item. */
GMPROC_DEFINE_TARGET (leave_pool_behind)
{
  static CrewCall call;
  g_autoptr (GVariant) items = g_variant_get_child_value (args, 0);
  guint16 port;

  g_variant_get_child (args, 1, "q", &port);
  crew_call_start (&call, crew_new (2), meeting_visit, items);
  meeting_come (port, -1);
  return EXIT_SUCCESS;
}

static void
assert_succeeds (GmprocProcess *process)
{
  g_autoptr (GError) error = NULL;

  gmproc_process_join (process, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gmproc_process_get_exit_code (process), ==, EXIT_SUCCESS);
}

/* PR-28 */
static void
test_pool_of_a_child (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (use_pool, NULL);
  g_autoptr (GError) error = NULL;

  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  assert_succeeds (process);
}

GMPROC_DEFINE_FUNCTION (sum_of_squares, "x", "x")
{
  g_autoptr (GmprocPool) pool = gmproc_pool_new (2, error);
  g_autoptr (GVariant) squares = NULL;
  const gint64 *values;
  gint64 sum = 0;
  gsize n;

  if (pool != NULL)
    squares =
        gmproc_pool_map (pool, crew_square, crew_numbers (g_variant_get_int64 (item)), NULL, error);
  if (squares == NULL)
    return NULL;
  values = g_variant_get_fixed_array (squares, &n, sizeof *values);
  while (n-- > 0)
    sum += values[n];
  return g_variant_new_int64 (sum);
}

static void
test_pool_of_a_worker (void)
{
  static const gint64 expected[] = { 0, 0, 1, 5, 14, 30 };
  GmprocPool *pool = crew_new (2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) sums =
      gmproc_pool_map (pool, sum_of_squares, crew_numbers (G_N_ELEMENTS (expected)), NULL, &error);
  const gint64 *values;
  gsize n;

  g_assert_no_error (error);
  values = g_variant_get_fixed_array (sums, &n, sizeof *values);
  g_assert_cmpmem (values, n * sizeof *values, expected, sizeof expected);
  crew_end (pool);
}

/* PO-17: the end of a program is not held up, and takes the workers with it. */
static void
test_program_ends_with_a_live_pool (void)
{
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  Visitor visitors[3];
  Meeting meeting;

  meeting_open (&meeting);
  process = gmproc_process_new (
      leave_pool_behind, g_variant_new ("(@a(qx)q)", meeting_items (&meeting, 2), meeting.port));
  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    meeting_accept (&meeting, &visitors[i]);
  for (guint i = 0; i < 3; i++)
    if (visitors[i].number == -1)
      visitor_release (&visitors[i]);

  assert_succeeds (process);
  for (guint i = 0; i < 3; i++)
    if (visitors[i].socket != NULL)
      visitor_wait_gone (&visitors[i]);
  meeting_close (&meeting);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (crew_warm_up);
  gmproc_test_add ("/pool-life/every-worker-takes-part", test_every_worker_takes_part);
  gmproc_test_add ("/pool-life/no-item-waits-for-a-slow-one", test_no_item_waits_for_a_slow_one);
  gmproc_test_add ("/pool-life/threads-call-at-once", test_threads_call_at_once);
  gmproc_test_add ("/pool-life/cancel-of-the-leader", test_cancel_of_the_leader);
  gmproc_test_add ("/pool-life/cancel-of-a-follower", test_cancel_of_a_follower);
  gmproc_test_add ("/pool-life/cancel-of-a-long-call", test_cancel_of_a_long_call);
  gmproc_test_add ("/pool-life/cancelled-before", test_cancelled_before);
  gmproc_test_add ("/pool-life/cancel-at-any-time", test_cancel_at_any_time);
  gmproc_test_add ("/pool-life/close-during-a-call", test_close_during_a_call);
  gmproc_test_add ("/pool-life/terminate-during-a-call", test_terminate_during_a_call);
  gmproc_test_add ("/pool-life/drop-of-a-running-pool", test_drop_of_a_running_pool);
  gmproc_test_add ("/pool-life/drop-of-a-closed-pool", test_drop_of_a_closed_pool);
  gmproc_test_add ("/pool-life/200-workers", test_200_workers);
  gmproc_test_add ("/pool-life/pool-of-a-child", test_pool_of_a_child);
  gmproc_test_add ("/pool-life/pool-of-a-worker", test_pool_of_a_worker);
  gmproc_test_add ("/pool-life/program-ends-with-a-live-pool", test_program_ends_with_a_live_pool);
  return g_test_run ();
}
