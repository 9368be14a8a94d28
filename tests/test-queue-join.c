/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * gmproc_queue_task_done() and gmproc_queue_join(): QU-05.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define N_SIDE 4
#define N_ITEMS 2000

static GmprocQueue *
new_queue (guint max_size)
{
  g_autoptr (GError) error = NULL;
  GmprocQueue *queue = gmproc_queue_new (max_size, &error);

  g_assert_no_error (error);
  return queue;
}

static void
put (GmprocQueue *queue, gint64 number)
{
  g_autoptr (GError) error = NULL;

  gmproc_queue_put (queue, g_variant_new_int64 (number), PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

static void
get (GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) item = gmproc_queue_get (queue, PARTY_BOUND, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (item);
}

static void
done (GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;

  gmproc_queue_task_done (queue, &error);
  g_assert_no_error (error);
}

static void
assert_done_fails (GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_queue_task_done (queue, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
}

static void
assert_join_fails (GmprocQueue *queue, gint64 timeout, GCancellable *cancellable, int code)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_false (gmproc_queue_join (queue, timeout, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, code);
  if (code == G_IO_ERROR_TIMED_OUT)
    g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeout);
}

static void
join (GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;

  gmproc_queue_join (queue, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

/* An item is unfinished from put to task_done, and cannot be done before it is taken. */
static void
test_counts (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  join (queue);
  assert_done_fails (queue);
  for (gint64 i = 0; i < 3; i++)
    put (queue, i);
  assert_join_fails (queue, 0, NULL, G_IO_ERROR_TIMED_OUT);
  assert_done_fails (queue);
  for (guint i = 0; i < 3; i++)
    {
      get (queue);
      assert_join_fails (queue, i == 1 ? PARTY_SHORT : 0, NULL, G_IO_ERROR_TIMED_OUT);
      done (queue);
    }
  join (queue);
  assert_done_fails (queue);

  g_cancellable_cancel (cancellable);
  assert_join_fails (queue, 0, cancellable, G_IO_ERROR_CANCELLED);
  assert_join_fails (queue, -9, NULL, G_IO_ERROR_INVALID_ARGUMENT);
  put (queue, 1);
  gmproc_queue_close (queue);
  assert_join_fails (queue, 0, NULL, G_IO_ERROR_TIMED_OUT);
  get (queue);
  done (queue);
  join (queue);
}

/* Takes until the end; counts each item before it says that it is done. */
GMPROC_DEFINE_TARGET (work)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocValue) count = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *item;
  gint32 handle;

  g_variant_get_child (args, 1, "h", &handle);
  count = gmproc_value_from_handle (handle, &error);
  g_assert_no_error (error);
  while ((item = gmproc_queue_get (queue, PARTY_BOUND, NULL, &error)) != NULL)
    {
      g_variant_unref (item);
      gmproc_value_add_int64 (count, 1, &error);
      g_assert_no_error (error);
      done (queue);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (wait_for_all)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);

  join (queue);
  return EXIT_SUCCESS;
}

static void
join_parties (Party **parties, guint n)
{
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
}

/* When join has returned all items have been worked on; others who join return too. */
static void
test_join (PartyKind kind)
{
  g_autoptr (GmprocQueue) queue = new_queue (50);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocValue) count = gmproc_value_new ("x", NULL, &error);
  Party *workers[N_SIDE];
  Party *joiners[N_SIDE];

  g_assert_no_error (error);
  for (guint i = 0; i < N_SIDE; i++)
    workers[i] = party_start (
        kind, work,
        g_variant_new ("(hh)", gmproc_queue_get_handle (queue), gmproc_value_get_handle (count)));
  for (gint64 round = 1; round <= 5; round++)
    {
      put (queue, 0);
      for (guint i = 0; round == 3 && i < N_SIDE; i++)
        joiners[i] = party_start (kind, wait_for_all,
                                  g_variant_new ("(h)", gmproc_queue_get_handle (queue)));
      for (gint64 i = 1; i < N_ITEMS; i++)
        put (queue, i);
      join (queue);
      g_assert_cmpint (gmproc_value_get_int64 (count, &error), ==, round * N_ITEMS);
    }
  gmproc_queue_close (queue);
  join_parties (workers, N_SIDE);
  join_parties (joiners, N_SIDE);
}
PARTY_TEST (test_join)

GMPROC_DEFINE_TARGET (take_and_hang)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocEvent) taken = party_open_event (args, 1);

  get (queue);
  gmproc_event_set (taken);
  party_pause (PARTY_BOUND);
  return EXIT_SUCCESS;
}

/* What a killed process had taken stays unfinished, until somebody else says that it is done. */
static void
test_killed (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GmprocEvent) taken = party_new_signal ();
  Party *party;

  put (queue, 1);
  put (queue, 2);
  party = party_start (
      PARTY_PROCESS, take_and_hang,
      g_variant_new ("(hh)", gmproc_queue_get_handle (queue), gmproc_event_get_handle (taken)));
  party_wait (taken);
  party_kill (party);
  get (queue);
  done (queue);
  assert_join_fails (queue, PARTY_SHORT, NULL, G_IO_ERROR_TIMED_OUT);
  done (queue);
  join (queue);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/queue/join/counts", test_counts);
  PARTY_ADD ("/queue/join/join", test_join);
  gmproc_test_add ("/queue/join/killed", test_killed);
  return g_test_run ();
}
