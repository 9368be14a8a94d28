/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocBarrier between threads and between processes, and what happens when a party is killed.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "support.h"

#define MAX_PARTIES 5
#define N_THOUSAND gmproc_test_scale (1000)

/* How a party's wait ended, as its exit status. */
#define BROKEN 20
#define TIMED_OUT 21

static GmprocBarrier *
new_barrier (guint parties)
{
  g_autoptr (GError) error = NULL;
  GmprocBarrier *barrier = gmproc_barrier_new (parties, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (gmproc_barrier_get_parties (barrier), ==, parties);
  return barrier;
}

static int
cross (GmprocBarrier *barrier)
{
  g_autoptr (GError) error = NULL;
  int index = gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (index, >=, 0);
  g_assert_cmpuint (index, <, gmproc_barrier_get_parties (barrier));
  return index;
}

/* The exit status is the index, or how the wait failed. */
GMPROC_DEFINE_TARGET (wait_once)
{
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 0);
  g_autoptr (GError) error = NULL;
  gint64 timeout;
  int index;

  g_variant_get_child (args, 1, "x", &timeout);
  index = gmproc_barrier_wait (barrier, timeout, NULL, &error);
  g_assert_true ((index == -1) == (error != NULL));
  if (g_error_matches (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN))
    return BROKEN;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return TIMED_OUT;
  g_assert_no_error (error);
  return index;
}

static Party *
start_waiter (PartyKind kind, GmprocBarrier *barrier, gint64 timeout)
{
  return party_start (kind, wait_once,
                      g_variant_new ("(hx)", gmproc_barrier_get_handle (barrier), timeout));
}

static void
wait_until_arrived (GmprocBarrier *barrier, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PARTY_BOUND;

  while (gmproc_barrier_get_n_waiting (barrier) != n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      party_pause (G_TIME_SPAN_MILLISECOND);
    }
}

/* Parties that have all arrived. */
static void
start_waiters (PartyKind kind, GmprocBarrier *barrier, Party **parties, guint n)
{
  guint before = gmproc_barrier_get_n_waiting (barrier);

  for (guint i = 0; i < n; i++)
    parties[i] = start_waiter (kind, barrier, PARTY_BOUND);
  wait_until_arrived (barrier, before + n);
}

static void
join_all (Party **parties, guint n, int exit_status)
{
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (party_join (parties[i]), ==, exit_status);
}

/* SY-20, and what is refused. */
static void
test_alone (void)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (1);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 10; i++)
    {
      g_assert_cmpint (gmproc_barrier_wait (barrier, 0, NULL, &error), ==, 0);
      g_assert_no_error (error);
    }
  g_assert_cmpint (gmproc_barrier_wait (barrier, -7, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gmproc_barrier_new (0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gmproc_barrier_new (G_MAXUINT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* SY-14, SY-15: nobody is through before all have come, and each index is there once. */
static void
test_indexes (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (MAX_PARTIES);

  for (guint round = 0; round < 3; round++)
    {
      Party *parties[MAX_PARTIES];
      guint seen = 0;

      start_waiters (kind, barrier, parties, MAX_PARTIES - 1);
      seen |= 1u << cross (barrier);
      g_assert_cmpuint (seen, ==, 1u << (MAX_PARTIES - 1));
      for (guint i = 0; i < MAX_PARTIES - 1; i++)
        seen |= 1u << party_join (parties[i]);
      g_assert_cmpuint (seen, ==, (1u << MAX_PARTIES) - 1);
      g_assert_cmpuint (gmproc_barrier_get_n_waiting (barrier), ==, 0);
      g_assert_false (gmproc_barrier_is_broken (barrier));
    }
}
PARTY_TEST (test_indexes)

/* Counts the party's rounds in a queue that holds one item for each party that is in a round. Two
 * crossings enclose the check, so it sees either none of them or all. */
GMPROC_DEFINE_TARGET (go_round)
{
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 0);
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 1);
  guint parties = gmproc_barrier_get_parties (barrier);
  guint rounds;

  g_variant_get_child (args, 2, "u", &rounds);
  for (guint i = 0; i < rounds; i++)
    {
      g_autoptr (GVariant) item = NULL;

      g_assert_true (gmproc_queue_put (queue, g_variant_new_uint32 (i), PARTY_BOUND, NULL, NULL));
      cross (barrier);
      g_assert_cmpuint (gmproc_queue_get_length (queue), ==, parties);
      cross (barrier);
      item = gmproc_queue_get (queue, PARTY_BOUND, NULL, NULL);
      g_assert_nonnull (item);
      g_assert_cmpuint (g_variant_get_uint32 (item), ==, i);
      cross (barrier);
    }
  return EXIT_SUCCESS;
}

/* SY-14, SY-21. */
static void
test_thousand (PartyKind kind)
{
  for (guint n = 2; n <= MAX_PARTIES; n++)
    {
      g_autoptr (GmprocBarrier) barrier = new_barrier (n);
      g_autoptr (GError) error = NULL;
      g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, &error);
      Party *parties[MAX_PARTIES];

      g_assert_no_error (error);
      for (guint i = 0; i < n; i++)
        parties[i] =
            party_start (kind, go_round,
                         g_variant_new ("(hhu)", gmproc_barrier_get_handle (barrier),
                                        gmproc_queue_get_handle (queue), N_THOUSAND / 3 + 1));
      join_all (parties, n, EXIT_SUCCESS);
      g_assert_true (gmproc_queue_is_empty (queue));
    }
}
PARTY_TEST (test_thousand)

static void
assert_broken (GmprocBarrier *barrier)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_barrier_is_broken (barrier));
  g_assert_cmpuint (gmproc_barrier_get_n_waiting (barrier), ==, 0);
  g_assert_cmpint (gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, &error), ==, -1);
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN);
}

/* One round in which all cross. */
static void
assert_works (PartyKind kind, GmprocBarrier *barrier)
{
  guint n = gmproc_barrier_get_parties (barrier);
  Party *parties[MAX_PARTIES];

  g_assert_false (gmproc_barrier_is_broken (barrier));
  start_waiters (kind, barrier, parties, n - 1);
  g_assert_cmpint (cross (barrier), ==, n - 1);
  for (guint i = 0; i < n - 1; i++)
    g_assert_cmpint (party_join (parties[i]), <, n - 1);
}

/* SY-17, SY-18. */
static void
test_abort (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (4);
  Party *parties[3];

  start_waiters (kind, barrier, parties, 3);
  gmproc_barrier_abort (barrier);
  join_all (parties, 3, BROKEN);
  assert_broken (barrier);
  gmproc_barrier_abort (barrier);
  assert_broken (barrier);
  gmproc_barrier_reset (barrier);
  assert_works (kind, barrier);
}
PARTY_TEST (test_abort)

/* SY-18: who waits is told, and the barrier works at once. */
static void
test_reset (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (4);
  Party *parties[3];

  gmproc_barrier_reset (barrier);
  assert_works (kind, barrier);
  start_waiters (kind, barrier, parties, 3);
  gmproc_barrier_reset (barrier);
  join_all (parties, 3, BROKEN);
  assert_works (kind, barrier);
}
PARTY_TEST (test_reset)

/* SY-19: one party gives up, so none crosses. */
static void
test_timeout (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (4);
  g_autoptr (GError) error = NULL;
  gint64 begin;
  Party *parties[2];

  start_waiters (kind, barrier, parties, 2);
  begin = g_get_monotonic_time ();
  g_assert_cmpint (gmproc_barrier_wait (barrier, PARTY_SHORT, NULL, &error), ==, -1);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, PARTY_SHORT);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  join_all (parties, 2, BROKEN);
  assert_broken (barrier);
  gmproc_barrier_reset (barrier);

  g_assert_cmpint (gmproc_barrier_wait (barrier, 0, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_broken (barrier);
  gmproc_barrier_reset (barrier);
  assert_works (kind, barrier);
}
PARTY_TEST (test_timeout)

/* A party may give up in the moment in which the last one comes. Then either all cross or none. */
static void
test_timeout_races (PartyKind kind)
{
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GmprocBarrier) barrier = new_barrier (2);
      g_autoptr (GError) error = NULL;
      Party *party = start_waiter (kind, barrier, i * 10);
      int own = gmproc_barrier_wait (barrier, i * 10, NULL, &error);
      int other = party_join (party);

      if (own != -1)
        g_assert_cmpint (own + other, ==, 1);
      else
        g_assert_true (other == BROKEN || other == TIMED_OUT);
      g_assert_true (gmproc_barrier_is_broken (barrier) == (own == -1));
    }
}
PARTY_TEST (test_timeout_races)

/* What wait says to the next one that comes. */
static void
assert_names_dead (GmprocBarrier *barrier, const char *name, gint64 pid)
{
  g_autofree char *process = g_strdup_printf ("process %" G_GINT64_FORMAT, pid);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, &error), ==, -1);
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN);
  g_assert_nonnull (strstr (error->message, name));
  g_assert_nonnull (strstr (error->message, process));
  g_assert_true (gmproc_barrier_is_broken (barrier));
}

/* GM-02: who is killed after it arrived is missed by the last one to arrive, even if nobody else
 * has noticed. */
static void
test_killed_after_arrival (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (4);
  Party *killed;
  Party *parties[2];
  gint64 pid;

  start_waiters (PARTY_PROCESS, barrier, &killed, 1);
  start_waiters (kind, barrier, parties, 2);
  pid = party_get_pid (killed);
  party_kill (killed);
  assert_names_dead (barrier, "Process-", pid);
  join_all (parties, 2, BROKEN);
  gmproc_barrier_reset (barrier);
  assert_works (kind, barrier);
}
PARTY_TEST (test_killed_after_arrival)

/* Waits for what never comes. */
GMPROC_DEFINE_TARGET (hold_barrier)
{
  g_autoptr (GmprocBarrier) barrier G_GNUC_UNUSED = party_open_barrier (args, 0);
  g_autoptr (GmprocEvent) ready = party_open_event (args, 1);
  g_autoptr (GmprocEvent) never = party_open_event (args, 2);

  gmproc_event_set (ready);
  party_wait (never);
  return EXIT_SUCCESS;
}

static Party *
start_holder (GmprocTarget target, GmprocBarrier *barrier, GmprocEvent *ready, GmprocEvent *never)
{
  return party_start (PARTY_PROCESS, target,
                      g_variant_new ("(hhh)", gmproc_barrier_get_handle (barrier),
                                     gmproc_event_get_handle (ready),
                                     gmproc_event_get_handle (never)));
}

/* GM-02: who is killed before it arrived is missed by those who wait. */
static void
test_killed_before_arrival (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (3);
  g_autoptr (GmprocEvent) ready = party_new_signal ();
  g_autoptr (GmprocEvent) never = party_new_signal ();
  Party *parties[2];
  Party *killed = start_holder (hold_barrier, barrier, ready, never);
  gint64 pid = party_get_pid (killed);

  start_waiters (kind, barrier, parties, 2);
  party_wait (ready);
  party_kill (killed);
  join_all (parties, 2, BROKEN);
  assert_names_dead (barrier, "Process-", pid);
  gmproc_barrier_reset (barrier);
  assert_works (kind, barrier);
}
PARTY_TEST (test_killed_before_arrival)

/* GM-02: one that is killed before it has come up, and so is no party yet, is missed too: by this
 * process, and by others when this process has no barrier any more. */
static void
test_killed_at_once (PartyKind kind)
{
  for (guint i = 0; i < 10; i++)
    {
      GmprocBarrier *barrier = new_barrier (2);
      g_autoptr (GmprocEvent) ready = party_new_signal ();
      g_autoptr (GmprocEvent) never = party_new_signal ();
      Party *waiter, *killed;

      start_waiters (kind, barrier, &waiter, 1);
      killed = start_holder (hold_barrier, barrier, ready, never);
      g_object_unref (barrier);
      party_kill (killed);
      join_all (&waiter, 1, BROKEN);
    }
}
PARTY_TEST (test_killed_at_once)

/* Drops the barrier, and waits for what never comes. */
GMPROC_DEFINE_TARGET (drop_barrier)
{
  GmprocBarrier *barrier = party_open_barrier (args, 0);
  g_autoptr (GmprocEvent) ready = party_open_event (args, 1);
  g_autoptr (GmprocEvent) never = party_open_event (args, 2);

  g_object_unref (barrier);
  gmproc_event_set (ready);
  party_wait (never);
  return EXIT_SUCCESS;
}

/* Who has come up and is no party any more is not missed. */
static void
test_killed_after_dropping (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (2);
  g_autoptr (GmprocEvent) ready = party_new_signal ();
  g_autoptr (GmprocEvent) never = party_new_signal ();
  Party *killed = start_holder (drop_barrier, barrier, ready, never);

  party_wait (ready);
  party_kill (killed);
  g_assert_false (gmproc_barrier_is_broken (barrier));
  assert_works (kind, barrier);
}
PARTY_TEST (test_killed_after_dropping)

/* GM-02: one that is stopped is not dead, however long; and one that ended in order is no party any
 * more. */
static void
test_stopped (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (3);
  g_autoptr (GmprocEvent) ready = party_new_signal ();
  g_autoptr (GmprocEvent) never = party_new_signal ();
  Party *stopped, *other, *ended;

  ended = start_holder (hold_barrier, barrier, ready, never);
  party_wait (ready);
  gmproc_event_set (never);
  g_assert_cmpint (party_join (ended), ==, EXIT_SUCCESS);

  start_waiters (PARTY_PROCESS, barrier, &stopped, 1);
  if (party_stop (stopped))
    {
      guint n_waiting;

      start_waiters (kind, barrier, &other, 1);
      party_pause (20 * PARTY_SHORT); /* several looks */
      n_waiting = gmproc_barrier_get_n_waiting (barrier);
      party_continue (stopped);
      g_assert_cmpuint (n_waiting, ==, 2);
      cross (barrier);
      g_assert_cmpint (party_join (other), <, 2);
    }
  else
    gmproc_barrier_abort (barrier);
  (void) party_join (stopped);
}
PARTY_TEST (test_stopped)

GMPROC_DEFINE_TARGET (go_round_for_ever)
{
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 0);

  while (gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, NULL) != -1)
    ;
  return EXIT_SUCCESS;
}

/* GM-02: a party is killed at any moment of its rounds. An abort frees the others. */
static void
test_killed_at_random (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (3);

  for (guint round = 0; round < gmproc_test_scale (20); round++)
    {
      g_autoptr (GVariant) args =
          g_variant_ref_sink (g_variant_new ("(h)", gmproc_barrier_get_handle (barrier)));
      Party *killed = party_start (PARTY_PROCESS, go_round_for_ever, args);
      Party *other = party_start (kind, go_round_for_ever, args);

      cross (barrier);
      for (gint32 i = g_test_rand_int_range (0, 200); i > 0; i--)
        cross (barrier);
      party_kill (killed);
      gmproc_barrier_abort (barrier);
      g_assert_cmpint (party_join (other), ==, EXIT_SUCCESS);
      assert_broken (barrier);
      gmproc_barrier_reset (barrier);
      assert_works (kind, barrier);
    }
}
PARTY_TEST (test_killed_at_random)

static gpointer
cancel (gpointer cancellable)
{
  party_pause (PARTY_SHORT);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* GM-16: a party whose call is cancelled has given up. */
static void
test_cancel (PartyKind kind)
{
  g_autoptr (GmprocBarrier) barrier = new_barrier (3);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Party *party;
  GThread *thread;

  start_waiters (kind, barrier, &party, 1);
  thread = g_thread_new ("cancel", cancel, cancellable);
  g_assert_cmpint (gmproc_barrier_wait (barrier, GMPROC_FOREVER, cancellable, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  join_all (&party, 1, BROKEN);
  assert_broken (barrier);
}
PARTY_TEST (test_cancel)

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/barrier/alone", test_alone);
  PARTY_ADD ("/barrier/indexes", test_indexes);
  PARTY_ADD ("/barrier/thousand", test_thousand);
  PARTY_ADD ("/barrier/abort", test_abort);
  PARTY_ADD ("/barrier/reset", test_reset);
  PARTY_ADD ("/barrier/timeout", test_timeout);
  PARTY_ADD ("/barrier/timeout-races", test_timeout_races);
  PARTY_ADD ("/barrier/killed-after-arrival", test_killed_after_arrival);
  PARTY_ADD ("/barrier/killed-before-arrival", test_killed_before_arrival);
  PARTY_ADD ("/barrier/killed-at-once", test_killed_at_once);
  PARTY_ADD ("/barrier/killed-after-dropping", test_killed_after_dropping);
  PARTY_ADD ("/barrier/stopped", test_stopped);
  PARTY_ADD ("/barrier/killed-at-random", test_killed_at_random);
  PARTY_ADD ("/barrier/cancel", test_cancel);
  return g_test_run ();
}
