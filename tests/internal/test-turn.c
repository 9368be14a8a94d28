/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "internal/turn.h"

#include "../support.h"
#include "port/port.h"

#define N_THREADS 4
#define N_TIMES 20000
#define SHORT (20 * G_TIME_SPAN_MILLISECOND)
#define BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */

typedef struct
{
  GmprocTurn turn;
  guint counter; /* by whoever has the turn */
} Fixture;

static void
take (GmprocTurn *turn)
{
  g_autoptr (GError) error = NULL;

  gmproc_turn_take (turn, g_get_monotonic_time () + BOUND, NULL, &error);
  g_assert_no_error (error);
}

static void
test_timeout (void)
{
  g_autoptr (GError) error = NULL;
  GmprocTurn turn;
  gint64 deadline;

  gmproc_turn_init (&turn);
  g_assert_true (gmproc_turn_try (&turn));
  g_assert_false (gmproc_turn_try (&turn));
  g_assert_false (gmproc_turn_take (&turn, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  deadline = g_get_monotonic_time () + SHORT;
  g_assert_false (gmproc_turn_take (&turn, deadline, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline);
  gmproc_turn_give (&turn);
  take (&turn);
  gmproc_turn_give (&turn);
  g_assert_true (gmproc_turn_try (&turn));
  gmproc_turn_clear (&turn);
}

static gpointer
count (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < N_TIMES; i++)
    {
      take (&fixture->turn);
      fixture->counter++;
      gmproc_turn_give (&fixture->turn);
    }
  return NULL;
}

/* Tries for so short that most of them fail, also in the moment in which they get the turn. */
static gpointer
give_up (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < N_TIMES; i++)
    if (gmproc_turn_take (&fixture->turn, g_get_monotonic_time () + i % 5, NULL, NULL))
      gmproc_turn_give (&fixture->turn);
  return NULL;
}

static void
test_exclusion (void)
{
  GThread *threads[2 * N_THREADS];
  Fixture fixture = { .counter = 0 };

  gmproc_turn_init (&fixture.turn);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("turn", i % 2 == 0 ? count : give_up, &fixture);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (fixture.counter, ==, N_THREADS * N_TIMES);
  g_assert_true (gmproc_turn_try (&fixture.turn));
  gmproc_turn_clear (&fixture.turn);
}

static gpointer
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* The cancel comes before the wait, in the midst of it, or while it begins. */
static void
test_cancel (void)
{
  GmprocTurn turn;

  gmproc_turn_init (&turn);
  g_assert_true (gmproc_turn_try (&turn));
  for (guint i = 0; i < 500; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      GThread *thread = g_thread_new ("cancel", cancel, cancellable);

      g_assert_false (gmproc_turn_take (&turn, GMPROC_PORT_FOREVER, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);
    }
  gmproc_turn_give (&turn);
  take (&turn);
  gmproc_turn_clear (&turn);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);

  gmproc_test_add ("/turn/timeout", test_timeout);
  gmproc_test_add ("/turn/exclusion", test_exclusion);
  gmproc_test_add ("/turn/cancel", test_cancel);
  return g_test_run ();
}
