/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocEvent between threads and between processes, and what happens when a waiter is killed.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define N_PARTIES 4
#define N_ROUNDS gmproc_test_scale (2000)

static void
assert_not_set (GmprocEvent *event, gint64 timeout)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_false (gmproc_event_is_set (event));
  g_assert_false (gmproc_event_wait (event, timeout, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeout);
}

static void
assert_set (GmprocEvent *event)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_event_is_set (event));
  g_assert_true (gmproc_event_wait (event, 0, NULL, &error));
  g_assert_no_error (error);
  party_wait (event);
}

/* SY-13, by one thread. */
static void
test_states (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();

  assert_not_set (event, 0);
  assert_not_set (event, PARTY_SHORT);
  gmproc_event_clear (event);
  assert_not_set (event, 0);
  gmproc_event_set (event);
  assert_set (event);
  gmproc_event_set (event);
  assert_set (event);
  gmproc_event_clear (event);
  assert_not_set (event, 0);
  assert_not_set (event, PARTY_SHORT);
}

static void
test_timeouts_refused (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GError) error = NULL;

  gmproc_event_set (event);
  g_assert_false (gmproc_event_wait (event, -7, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* SY-13: each one's changes are what the other one sees, in lock-step. */
GMPROC_DEFINE_TARGET (answer)
{
  g_autoptr (GmprocEvent) event = party_open_event (args, 0);
  g_autoptr (GmprocEvent) question = party_open_event (args, 1);
  g_autoptr (GmprocEvent) reply = party_open_event (args, 2);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      party_wait (question);
      gmproc_event_clear (question);
      g_assert_true (gmproc_event_is_set (event) == (i % 2 == 0));
      if (i % 2 == 0)
        gmproc_event_clear (event);
      else
        gmproc_event_set (event);
      gmproc_event_set (reply);
    }
  return EXIT_SUCCESS;
}

static void
test_both_sides (PartyKind kind)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GmprocEvent) question = party_new_signal ();
  g_autoptr (GmprocEvent) reply = party_new_signal ();
  Party *party = party_start (kind, answer,
                              g_variant_new ("(hhh)", gmproc_event_get_handle (event),
                                             gmproc_event_get_handle (question),
                                             gmproc_event_get_handle (reply)));

  gmproc_event_set (event);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      gmproc_event_set (question);
      party_wait (reply);
      gmproc_event_clear (reply);
      g_assert_true (gmproc_event_is_set (event) == (i % 2 != 0));
    }
  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_both_sides)

GMPROC_DEFINE_TARGET (wait_once)
{
  g_autoptr (GmprocEvent) event = party_open_event (args, 0);
  g_autoptr (GmprocEvent) up = party_open_event (args, 1);

  gmproc_event_set (up);
  party_wait (event);
  return EXIT_SUCCESS;
}

static Party *
start_waiter (PartyKind kind, GmprocEvent *event)
{
  g_autoptr (GmprocEvent) up = party_new_signal ();
  Party *party = party_start (
      kind, wait_once,
      g_variant_new ("(hh)", gmproc_event_get_handle (event), gmproc_event_get_handle (up)));

  party_wait (up);
  return party;
}

static void
test_set_wakes_all (PartyKind kind)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  Party *parties[N_PARTIES];

  for (guint i = 0; i < N_PARTIES; i++)
    parties[i] = start_waiter (kind, event);
  party_pause (PARTY_SHORT);
  gmproc_event_set (event);
  for (guint i = 0; i < N_PARTIES; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_set_wakes_all)

/* GM-02: killed waiters hold nobody up, neither those who wait nor the one who sets. */
static void
test_waiters_killed (PartyKind kind)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();

  for (guint round = 0; round < 3; round++)
    {
      Party *killed[N_PARTIES];
      Party *parties[N_PARTIES];

      for (guint i = 0; i < N_PARTIES; i++)
        {
          killed[i] = start_waiter (PARTY_PROCESS, event);
          parties[i] = start_waiter (kind, event);
        }
      if (round > 0)
        party_pause (PARTY_SHORT);
      for (guint i = 0; i < N_PARTIES; i++)
        party_kill (killed[i]);
      gmproc_event_set (event);
      for (guint i = 0; i < N_PARTIES; i++)
        g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
      gmproc_event_clear (event);
      assert_not_set (event, PARTY_SHORT);
    }
}
PARTY_TEST (test_waiters_killed)

/* Sets and clears until it is killed or told to end. */
GMPROC_DEFINE_TARGET (toggle)
{
  g_autoptr (GmprocEvent) event = party_open_event (args, 0);
  g_autoptr (GmprocEvent) up = party_open_event (args, 1);
  g_autoptr (GmprocEvent) end = party_open_event (args, 2);

  for (guint i = 0; !gmproc_event_is_set (end); i++)
    {
      gmproc_event_set (event);
      gmproc_event_clear (event);
      if (i == 10)
        gmproc_event_set (up);
    }
  return EXIT_SUCCESS;
}

/* GM-01, GM-02: one that is killed while it changes the event leaves it in order. */
static void
test_setter_killed (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GmprocEvent) end = party_new_signal ();

  for (guint round = 0; round < 20; round++)
    {
      g_autoptr (GmprocEvent) up = party_new_signal ();
      Party *waiter;
      Party *party =
          party_start (PARTY_PROCESS, toggle,
                       g_variant_new ("(hhh)", gmproc_event_get_handle (event),
                                      gmproc_event_get_handle (up), gmproc_event_get_handle (end)));

      party_wait (up);
      for (gint32 i = g_test_rand_int_range (0, 100); i > 0; i--)
        (void) gmproc_event_wait (event, 1, NULL, NULL);
      party_kill (party);
      gmproc_event_clear (event);
      assert_not_set (event, 0);
      waiter = start_waiter (PARTY_THREAD, event);
      gmproc_event_set (event);
      g_assert_cmpint (party_join (waiter), ==, EXIT_SUCCESS);
    }
}

/* A wait ends in time, however the event changes meanwhile. */
static void
test_toggled (PartyKind kind)
{
  for (guint round = 0; round < 10; round++)
    {
      g_autoptr (GmprocEvent) event = party_new_signal ();
      g_autoptr (GmprocEvent) up = party_new_signal ();
      g_autoptr (GmprocEvent) end = party_new_signal ();
      Party *party =
          party_start (kind, toggle,
                       g_variant_new ("(hhh)", gmproc_event_get_handle (event),
                                      gmproc_event_get_handle (up), gmproc_event_get_handle (end)));
      gint64 begin;

      party_wait (up);
      begin = g_get_monotonic_time ();
      for (guint i = 0; i < 1000; i++)
        {
          g_autoptr (GError) error = NULL;

          if (!gmproc_event_wait (event, G_TIME_SPAN_MILLISECOND, NULL, &error))
            g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
        }
      g_assert_cmpint (g_get_monotonic_time () - begin, <, PARTY_BOUND);
      gmproc_event_set (end);
      g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
    }
}
PARTY_TEST (test_toggled)

GMPROC_DEFINE_TARGET (clear_after_barrier)
{
  g_autoptr (GmprocEvent) event = party_open_event (args, 0);
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 1);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      gmproc_event_set (event);
      g_assert_cmpint (gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, NULL), !=, -1);
      gmproc_event_clear (event);
      g_assert_cmpint (gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, NULL), !=, -1);
    }
  return EXIT_SUCCESS;
}

/* The event is cleared for good while somebody asks for it: the answer is yes or no, and in time.
 */
static void
test_cleared_meanwhile (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (2, &error);
  Party *party;

  g_assert_no_error (error);
  party = party_start (
      kind, clear_after_barrier,
      g_variant_new ("(hh)", gmproc_event_get_handle (event), gmproc_barrier_get_handle (barrier)));
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_assert_cmpint (gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, NULL), !=, -1);
      while (gmproc_event_wait (event, 0, NULL, NULL))
        ;
      g_assert_cmpint (gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, NULL), !=, -1);
    }
  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_cleared_meanwhile)

/* Waits once; one pulse is enough, if it comes while it waits. */
GMPROC_DEFINE_TARGET (wait_for_pulse)
{
  g_autoptr (GmprocEvent) event = party_open_event (args, 0);
  g_autoptr (GmprocEvent) ended = party_open_event (args, 1);

  party_wait (event);
  gmproc_event_set (ended);
  return EXIT_SUCCESS;
}

/* Pulses are given until one has hit; most of them are over before the waiter could look. */
static void
test_pulse (PartyKind kind)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GmprocEvent) ended = party_new_signal ();
  Party *party = party_start (
      kind, wait_for_pulse,
      g_variant_new ("(hh)", gmproc_event_get_handle (event), gmproc_event_get_handle (ended)));
  gint64 deadline = g_get_monotonic_time () + PARTY_BOUND;

  while (!gmproc_event_wait (ended, G_TIME_SPAN_MILLISECOND, NULL, NULL))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      gmproc_event_set (event);
      gmproc_event_clear (event);
    }
  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_pulse)

/* A waiter that is stopped holds nobody up. */
static void
test_stopped (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  Party *stopped = start_waiter (PARTY_PROCESS, event);
  Party *other = start_waiter (PARTY_PROCESS, event);

  party_pause (PARTY_SHORT);
  (void) party_stop (stopped);
  gmproc_event_set (event);
  g_assert_cmpint (party_join (other), ==, EXIT_SUCCESS);
  party_continue (stopped);
  g_assert_cmpint (party_join (stopped), ==, EXIT_SUCCESS);
}

static gpointer
cancel (gpointer cancellable)
{
  party_pause (PARTY_SHORT);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* GM-16: of two who wait, the one whose call is cancelled returns. */
static void
test_cancel (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Party *other = start_waiter (PARTY_THREAD, event);
  GThread *thread = g_thread_new ("cancel", cancel, cancellable);

  g_assert_false (gmproc_event_wait (event, GMPROC_FOREVER, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_thread_join (thread);
  gmproc_event_set (event);
  g_assert_false (gmproc_event_wait (event, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (party_join (other), ==, EXIT_SUCCESS);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/event/states", test_states);
  gmproc_test_add ("/event/timeouts-refused", test_timeouts_refused);
  PARTY_ADD ("/event/both-sides", test_both_sides);
  PARTY_ADD ("/event/set-wakes-all", test_set_wakes_all);
  PARTY_ADD ("/event/waiters-killed", test_waiters_killed);
  gmproc_test_add ("/event/setter-killed", test_setter_killed);
  PARTY_ADD ("/event/toggled", test_toggled);
  PARTY_ADD ("/event/cleared-meanwhile", test_cleared_meanwhile);
  PARTY_ADD ("/event/pulse", test_pulse);
  gmproc_test_add ("/event/stopped", test_stopped);
  gmproc_test_add ("/event/cancel", test_cancel);
  return g_test_run ();
}
