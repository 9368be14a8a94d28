/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Who waits for a GmprocQueue, beside others that wait, are stopped, or give up.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define N_SIDE 4

static GmprocQueue *
new_queue (guint max_size)
{
  g_autoptr (GError) error = NULL;
  GmprocQueue *queue = gmproc_queue_new (max_size, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (gmproc_queue_get_max_size (queue), ==, max_size);
  return queue;
}

static void
put (GmprocQueue *queue, guint32 number)
{
  g_autoptr (GError) error = NULL;

  gmproc_queue_put (queue, g_variant_new_uint32 (number), PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

static guint32
get (GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) item = gmproc_queue_get (queue, PARTY_BOUND, NULL, &error);

  g_assert_no_error (error);
  return g_variant_get_uint32 (item);
}

static void
assert_put_fails (GmprocQueue *queue, gint64 timeout, GCancellable *cancellable, int code)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_false (gmproc_queue_put (queue, g_variant_new_uint32 (0), timeout, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_clear_error (&error);
  if (code == G_IO_ERROR_TIMED_OUT)
    g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeout);
  g_assert_false (gmproc_queue_put_bytes (queue, bytes, timeout, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, code);
}

static void
assert_get_fails (GmprocQueue *queue, gint64 timeout, GCancellable *cancellable, int code)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_null (gmproc_queue_get (queue, timeout, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_clear_error (&error);
  if (code == G_IO_ERROR_TIMED_OUT)
    g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeout);
  g_assert_null (gmproc_queue_get_bytes (queue, timeout, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, code);
}

static void
join_all (Party **parties, guint n)
{
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
}

GMPROC_DEFINE_TARGET (get_closed)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocEvent) up = party_open_event (args, 1);
  g_autoptr (GError) error = NULL;

  gmproc_event_set (up);
  g_assert_null (gmproc_queue_get (queue, PARTY_BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (put_closed)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocEvent) up = party_open_event (args, 1);
  g_autoptr (GError) error = NULL;

  gmproc_event_set (up);
  g_assert_false (gmproc_queue_put (queue, g_variant_new_uint32 (0), PARTY_BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (get_one)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocEvent) up = party_open_event (args, 1);

  gmproc_event_set (up);
  (void) get (queue);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (put_one)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocEvent) up = party_open_event (args, 1);

  gmproc_event_set (up);
  put (queue, 9);
  return EXIT_SUCCESS;
}

/* A party that is about to wait, and most probably waits. */
static Party *
start_waiter (PartyKind kind, GmprocTarget target, GmprocQueue *queue)
{
  g_autoptr (GmprocEvent) up = party_new_signal ();
  Party *party = party_start (
      kind, target,
      g_variant_new ("(hh)", gmproc_queue_get_handle (queue), gmproc_event_get_handle (up)));

  party_wait (up);
  party_pause (PARTY_SHORT / 10);
  return party;
}

/* QU-09: close wakes everybody. */
static void
test_close_wakes (PartyKind kind)
{
  g_autoptr (GmprocQueue) full = new_queue (1);
  g_autoptr (GmprocQueue) empty = new_queue (1);
  Party *parties[2 * N_SIDE];

  put (full, 7);
  for (guint i = 0; i < N_SIDE; i++)
    {
      parties[2 * i] = start_waiter (kind, get_closed, empty);
      parties[2 * i + 1] = start_waiter (kind, put_closed, full);
    }
  gmproc_queue_close (empty);
  gmproc_queue_close (full);
  join_all (parties, 2 * N_SIDE);
  g_assert_cmpuint (get (full), ==, 7);
}
PARTY_TEST (test_close_wakes)

/* A try, and a timed call, do not wait for one that sleeps, and take nothing from it. */
static void
test_try_beside_sleeper (PartyKind kind)
{
  g_autoptr (GmprocQueue) queue = new_queue (1);
  Party *parties[2] = { start_waiter (kind, get_one, queue), start_waiter (kind, get_one, queue) };

  assert_get_fails (queue, 0, NULL, G_IO_ERROR_TIMED_OUT);
  assert_get_fails (queue, PARTY_SHORT, NULL, G_IO_ERROR_TIMED_OUT);
  put (queue, 1);
  put (queue, 2);
  join_all (parties, 2);

  put (queue, 3);
  parties[0] = start_waiter (kind, put_one, queue);
  parties[1] = start_waiter (kind, put_one, queue);
  assert_put_fails (queue, 0, NULL, G_IO_ERROR_TIMED_OUT);
  assert_put_fails (queue, PARTY_SHORT, NULL, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpuint (get (queue), ==, 3);
  g_assert_cmpuint (get (queue), ==, 9);
  join_all (parties, 2);
  g_assert_cmpuint (get (queue), ==, 9);
}
PARTY_TEST (test_try_beside_sleeper)

/* One that is stopped while it waits must not keep the items from the others. */
static void
test_stopped (PartyKind kind)
{
  g_autoptr (GmprocQueue) queue = new_queue (1);
  Party *stopped = start_waiter (PARTY_PROCESS, get_one, queue);
  Party *other;

  (void) party_stop (stopped);
  other = start_waiter (kind, get_one, queue);
  put (queue, 1);
  join_all (&other, 1);
  put (queue, 2);
  party_continue (stopped);
  join_all (&stopped, 1);

  put (queue, 3);
  stopped = start_waiter (PARTY_PROCESS, put_one, queue);
  (void) party_stop (stopped);
  other = start_waiter (kind, put_one, queue);
  g_assert_cmpuint (get (queue), ==, 3);
  join_all (&other, 1);
  g_assert_cmpuint (get (queue), ==, 9);
  party_continue (stopped);
  join_all (&stopped, 1);
  g_assert_cmpuint (get (queue), ==, 9);
}
PARTY_TEST (test_stopped)

static gpointer
cancel (gpointer cancellable)
{
  party_pause (PARTY_SHORT);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
check_cancel (void (*assert_fails) (GmprocQueue *, gint64, GCancellable *, int), GmprocQueue *queue)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread = g_thread_new ("cancel", cancel, cancellable);

  assert_fails (queue, GMPROC_FOREVER, cancellable, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  assert_fails (queue, 0, cancellable, G_IO_ERROR_CANCELLED);
}

/* GM-16: of the one that sleeps, and of one that lines up behind it. */
static void
test_cancel (PartyKind kind)
{
  g_autoptr (GmprocQueue) queue = new_queue (1);
  Party *party;

  check_cancel (assert_get_fails, queue);
  party = start_waiter (kind, get_one, queue);
  check_cancel (assert_get_fails, queue);
  put (queue, 1);
  join_all (&party, 1);

  put (queue, 2);
  check_cancel (assert_put_fails, queue);
  party = start_waiter (kind, put_one, queue);
  check_cancel (assert_put_fails, queue);
  g_assert_cmpuint (get (queue), ==, 2);
  join_all (&party, 1);
}
PARTY_TEST (test_cancel)

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  PARTY_ADD ("/queue/close-wakes", test_close_wakes);
  PARTY_ADD ("/queue/try-beside-sleeper", test_try_beside_sleeper);
  PARTY_ADD ("/queue/stopped", test_stopped);
  PARTY_ADD ("/queue/cancel", test_cancel);
  return g_test_run ();
}
