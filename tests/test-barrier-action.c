/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The action and the default timeout of a GmprocBarrier.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define N_PARTIES 4
#define N_ROUNDS gmproc_test_scale (100)

/* How a party's wait ended, as its exit status. */
#define BROKEN 20
#define TIMED_OUT 21

/* What an action does, and what it finds. */
typedef struct
{
  GmprocBarrier *barrier; /* not owned */
  PartyKind kind;
  guint n_runs;
  guint n_destroyed;
  Party *waiter; /* joined inside of the action */
  gboolean (*action) (gpointer user_data, GError **error);
} Act;

static gboolean
run_act (gpointer user_data, GError **error)
{
  Act *act = user_data;

  act->n_runs++;
  return act->action == NULL || act->action (user_data, error);
}

static void
note_destroyed (gpointer user_data)
{
  ((Act *) user_data)->n_destroyed++;
}

static GmprocBarrier *
new_barrier (Act *act, guint parties, gint64 default_timeout)
{
  g_autoptr (GError) error = NULL;

  act->barrier =
      gmproc_barrier_new_full (parties, run_act, act, note_destroyed, default_timeout, &error);
  g_assert_no_error (error);
  return act->barrier;
}

static int
wait_at (GmprocBarrier *barrier, gint64 timeout)
{
  g_autoptr (GError) error = NULL;
  int index = gmproc_barrier_wait (barrier, timeout, NULL, &error);

  g_assert_true ((index == -1) == (error != NULL));
  if (g_error_matches (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN))
    return BROKEN;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return TIMED_OUT;
  g_assert_no_error (error);
  return index;
}

GMPROC_DEFINE_TARGET (wait_once)
{
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 0);
  gint64 timeout;

  g_variant_get_child (args, 1, "x", &timeout);
  return wait_at (barrier, timeout);
}

static Party *
start_waiter (PartyKind kind, GmprocBarrier *barrier, gint64 timeout)
{
  return party_start (kind, wait_once,
                      g_variant_new ("(hx)", gmproc_barrier_get_handle (barrier), timeout));
}

/* Until N have arrived; the barrier has no means to wait for that. Who comes next gives itself
 * time: an arrival counts a moment before it leaves the barrier's lock, and may lose its processor
 * then. */
static void
wait_for_arrivals (GmprocBarrier *barrier, guint n)
{
  gint64 deadline = g_get_monotonic_time () + PARTY_BOUND;

  while (gmproc_barrier_get_n_waiting (barrier) < n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      party_pause (500);
    }
}

static gboolean
check_that_all_wait (gpointer user_data, G_GNUC_UNUSED GError **error)
{
  Act *act = user_data;

  party_pause (1000);
  g_assert_cmpuint (gmproc_barrier_get_n_waiting (act->barrier), ==, N_PARTIES);
  return TRUE;
}

/* SY-16: once, before the others go on. The process that has the action comes last. */
static void
test_action (PartyKind kind)
{
  Act act = { .action = check_that_all_wait };
  g_autoptr (GmprocBarrier) barrier = new_barrier (&act, N_PARTIES, GMPROC_FOREVER);

  for (guint round = 1; round <= 3; round++)
    {
      Party *parties[N_PARTIES - 1];
      guint sum = 0;

      for (guint i = 0; i < G_N_ELEMENTS (parties); i++)
        parties[i] = start_waiter (kind, barrier, PARTY_BOUND);
      wait_for_arrivals (barrier, G_N_ELEMENTS (parties));
      g_assert_cmpint (wait_at (barrier, PARTY_BOUND), ==, N_PARTIES - 1);
      g_assert_cmpuint (act.n_runs, ==, round);
      for (guint i = 0; i < G_N_ELEMENTS (parties); i++)
        sum += party_join (parties[i]);
      g_assert_cmpuint (sum, ==, (N_PARTIES - 1) * (N_PARTIES - 2) / 2);
    }

  g_clear_object (&barrier);
  g_assert_cmpuint (act.n_destroyed, ==, 1);
}
PARTY_TEST (test_action)

GMPROC_DEFINE_TARGET (wait_often)
{
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 0);

  for (guint i = 0; i < N_ROUNDS; i++)
    g_assert_cmpint (wait_at (barrier, PARTY_BOUND), <, N_PARTIES);
  return EXIT_SUCCESS;
}

/* SY-16: in any order. Another process runs no action when it comes last. */
static void
test_any_order (PartyKind kind)
{
  Act act = { .action = NULL };
  g_autoptr (GmprocBarrier) barrier = new_barrier (&act, N_PARTIES, GMPROC_FOREVER);
  Party *parties[N_PARTIES - 1];
  guint n_last = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parties); i++)
    parties[i] =
        party_start (kind, wait_often, g_variant_new ("(h)", gmproc_barrier_get_handle (barrier)));
  for (guint i = 0; i < N_ROUNDS; i++)
    n_last += wait_at (barrier, PARTY_BOUND) == N_PARTIES - 1;
  for (guint i = 0; i < G_N_ELEMENTS (parties); i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
  g_assert_cmpuint (act.n_runs, ==, kind == PARTY_THREAD ? N_ROUNDS : n_last);
}
PARTY_TEST (test_any_order)

static gboolean
fail (G_GNUC_UNUSED gpointer user_data, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "on purpose");
  return FALSE;
}

static gboolean
fail_silently (G_GNUC_UNUSED gpointer user_data, G_GNUC_UNUSED GError **error)
{
  return FALSE;
}

/* An action that fails breaks the barrier, until a reset; its party is told why. */
static void
test_action_fails (PartyKind kind)
{
  Act act = { .action = fail };
  g_autoptr (GmprocBarrier) barrier = new_barrier (&act, 2, GMPROC_FOREVER);

  for (guint round = 0; round < 2; round++)
    {
      Party *waiter = start_waiter (kind, barrier, PARTY_BOUND);
      g_autoptr (GError) error = NULL;

      act.action = round == 0 ? fail : fail_silently;
      wait_for_arrivals (barrier, 1);
      g_assert_cmpint (gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, &error), ==, -1);
      if (round == 0)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
      else
        g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_FAILED);
      g_assert_cmpint (party_join (waiter), ==, BROKEN);
      g_assert_true (gmproc_barrier_is_broken (barrier));
      g_assert_cmpint (wait_at (barrier, 0), ==, BROKEN);
      gmproc_barrier_reset (barrier);
    }

  act.action = NULL;
  act.waiter = start_waiter (kind, barrier, PARTY_BOUND);
  wait_for_arrivals (barrier, 1);
  g_assert_cmpint (wait_at (barrier, PARTY_BOUND), ==, 1);
  g_assert_cmpint (party_join (act.waiter), ==, 0);
  g_assert_cmpuint (act.n_runs, ==, 3);
}
PARTY_TEST (test_action_fails)

static gboolean
abort_meanwhile (gpointer user_data, G_GNUC_UNUSED GError **error)
{
  Act *act = user_data;

  gmproc_barrier_abort (act->barrier);
  g_assert_cmpint (party_join (act->waiter), ==, BROKEN);
  return TRUE;
}

static gboolean
reset_meanwhile (gpointer user_data, G_GNUC_UNUSED GError **error)
{
  Act *act = user_data;

  gmproc_barrier_reset (act->barrier);
  g_assert_cmpint (party_join (act->waiter), ==, BROKEN);
  return TRUE;
}

static gboolean
time_out_meanwhile (gpointer user_data, G_GNUC_UNUSED GError **error)
{
  Act *act = user_data;

  g_assert_cmpint (party_join (act->waiter), ==, TIMED_OUT);
  return TRUE;
}

/* Nobody has to wait for an action to end: the others give up while it runs, or are sent away. */
static void
test_broken_meanwhile (PartyKind kind)
{
  Act act = { .action = NULL };
  g_autoptr (GmprocBarrier) barrier = new_barrier (&act, 2, GMPROC_FOREVER);
  GmprocBarrierAction actions[] = { abort_meanwhile, reset_meanwhile, time_out_meanwhile };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      act.action = actions[i];
      act.waiter = start_waiter (kind, barrier,
                                 actions[i] == time_out_meanwhile ? 20 * PARTY_SHORT : PARTY_BOUND);
      wait_for_arrivals (barrier, 1);
      g_assert_cmpint (wait_at (barrier, 0), ==, BROKEN);
      g_assert_true (gmproc_barrier_is_broken (barrier) == (actions[i] != reset_meanwhile));
      gmproc_barrier_reset (barrier);
    }
  g_assert_cmpuint (act.n_runs, ==, G_N_ELEMENTS (actions));
}
PARTY_TEST (test_broken_meanwhile)

static gboolean
meet_early_comers (gpointer user_data, G_GNUC_UNUSED GError **error)
{
  Act *act = user_data;

  g_assert_cmpint (party_join (start_waiter (act->kind, act->barrier, 0)), ==, TIMED_OUT);
  g_assert_cmpint (party_join (start_waiter (act->kind, act->barrier, PARTY_SHORT)), ==, TIMED_OUT);
  act->waiter = start_waiter (act->kind, act->barrier, PARTY_BOUND);
  party_pause (PARTY_SHORT);
  act->action = NULL;
  return TRUE;
}

/* Who comes while the action runs belongs to the next round, and breaks nothing by giving up. */
static void
test_early_comers (PartyKind kind)
{
  Act act = { .action = meet_early_comers, .kind = kind };
  g_autoptr (GmprocBarrier) barrier = new_barrier (&act, 2, GMPROC_FOREVER);
  Party *waiter = start_waiter (kind, barrier, PARTY_BOUND);

  wait_for_arrivals (barrier, 1);
  g_assert_cmpint (wait_at (barrier, PARTY_BOUND), ==, 1);
  g_assert_cmpint (party_join (waiter), ==, 0);

  wait_for_arrivals (barrier, 1);
  g_assert_cmpint (wait_at (barrier, PARTY_BOUND), ==, 1);
  g_assert_cmpint (party_join (act.waiter), ==, 0);
  g_assert_cmpuint (act.n_runs, ==, 2);
}
PARTY_TEST (test_early_comers)

/* SY-19: one comes too late, so all break; the one that gave up is told that it timed out. */
static void
test_default_timeout (PartyKind kind)
{
  Act act = { .action = NULL };
  g_autoptr (GmprocBarrier) barrier = new_barrier (&act, 3, PARTY_SHORT);
  gint64 begin = g_get_monotonic_time ();
  Party *parties[2];
  guint n_timed_out = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parties); i++)
    parties[i] = start_waiter (kind, barrier, GMPROC_FOREVER);
  for (guint i = 0; i < G_N_ELEMENTS (parties); i++)
    {
      int exit_status = party_join (parties[i]);

      g_assert_true (exit_status == TIMED_OUT || exit_status == BROKEN);
      n_timed_out += exit_status == TIMED_OUT;
    }
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, PARTY_SHORT);
  g_assert_cmpuint (n_timed_out, >=, 1);
  g_assert_cmpint (wait_at (barrier, GMPROC_FOREVER), ==, BROKEN);
  g_assert_cmpuint (act.n_runs, ==, 0);
}
PARTY_TEST (test_default_timeout)

/* A timeout that is given counts. */
static void
test_default_overridden (PartyKind kind)
{
  Act act = { .action = NULL };
  g_autoptr (GmprocBarrier) barrier = new_barrier (&act, 2, 0);
  Party *waiter;

  g_assert_cmpint (wait_at (barrier, GMPROC_FOREVER), ==, TIMED_OUT);
  gmproc_barrier_reset (barrier);
  waiter = start_waiter (kind, barrier, PARTY_BOUND);
  wait_for_arrivals (barrier, 1);
  g_assert_cmpint (wait_at (barrier, GMPROC_FOREVER), ==, 1);
  g_assert_cmpint (party_join (waiter), ==, 0);
}
PARTY_TEST (test_default_overridden)

static void
test_refused (void)
{
  Act act = { .action = NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_barrier_new_full (0, run_act, &act, note_destroyed, 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpuint (act.n_destroyed, ==, 1);
  g_assert_null (gmproc_barrier_new_full (1, run_act, &act, note_destroyed, -7, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (act.n_destroyed, ==, 2);
  g_assert_cmpuint (act.n_runs, ==, 0);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  PARTY_ADD ("/barrier/action", test_action);
  PARTY_ADD ("/barrier/action-any-order", test_any_order);
  PARTY_ADD ("/barrier/action-fails", test_action_fails);
  PARTY_ADD ("/barrier/broken-meanwhile", test_broken_meanwhile);
  PARTY_ADD ("/barrier/early-comers", test_early_comers);
  PARTY_ADD ("/barrier/default-timeout", test_default_timeout);
  PARTY_ADD ("/barrier/default-overridden", test_default_overridden);
  gmproc_test_add ("/barrier/new-refused", test_refused);
  return g_test_run ();
}
