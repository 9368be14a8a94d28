/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocSemaphore between threads and between processes, and what happens when one that waits, or
 * one that acquired it, is killed.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "support.h"

#define N_PARTIES 4
#define N_ROUNDS gmproc_test_scale (300)
#define N_KILLS gmproc_test_scale (20)
#define WIDTH 2

static GmprocSemaphore *
new_semaphore (guint value, gboolean is_bounded)
{
  g_autoptr (GError) error = NULL;
  GmprocSemaphore *semaphore = is_bounded ? gmproc_semaphore_new_bounded (value, &error)
                                          : gmproc_semaphore_new (value, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (gmproc_semaphore_get_value (semaphore), ==, value);
  return semaphore;
}

static GmprocSemaphore *
open_semaphore (GVariant *args, gsize index)
{
  g_autoptr (GError) error = NULL;
  GmprocSemaphore *semaphore;
  gint32 handle;

  g_variant_get_child (args, index, "h", &handle);
  semaphore = gmproc_semaphore_from_handle (handle, &error);
  g_assert_no_error (error);
  return semaphore;
}

static void
acquire (GmprocSemaphore *semaphore, gint64 timeout)
{
  g_autoptr (GError) error = NULL;
  gboolean was_acquired = gmproc_semaphore_acquire (semaphore, timeout, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (was_acquired);
}

static void
release (GmprocSemaphore *semaphore)
{
  g_autoptr (GError) error = NULL;
  gboolean was_released = gmproc_semaphore_release (semaphore, &error);

  g_assert_no_error (error);
  g_assert_true (was_released);
}

static void
assert_empty (GmprocSemaphore *semaphore, gint64 timeout)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_false (gmproc_semaphore_acquire (semaphore, timeout, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeout);
  g_assert_cmpuint (gmproc_semaphore_get_value (semaphore), ==, 0);
}

static void
assert_full (GmprocSemaphore *semaphore, guint bound)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *named = g_strdup_printf (" %u ", bound);

  g_assert_false (gmproc_semaphore_release (semaphore, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_cmpuint (gmproc_semaphore_get_value (semaphore), ==, bound);
}

static void
run_party (PartyKind kind, GmprocTarget target, GmprocSemaphore *semaphore)
{
  Party *party =
      party_start (kind, target, g_variant_new ("(h)", gmproc_semaphore_get_handle (semaphore)));

  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}

/* A semaphore that comes with 2, is empty in between, and goes with 3. */
GMPROC_DEFINE_TARGET (count)
{
  g_autoptr (GmprocSemaphore) semaphore = open_semaphore (args, 0);

  g_assert_cmpuint (gmproc_semaphore_get_value (semaphore), ==, 2);
  acquire (semaphore, GMPROC_FOREVER);
  g_assert_cmpuint (gmproc_semaphore_get_value (semaphore), ==, 1);
  acquire (semaphore, 0);
  assert_empty (semaphore, 0);
  for (guint i = 1; i <= 3; i++)
    {
      release (semaphore);
      g_assert_cmpuint (gmproc_semaphore_get_value (semaphore), ==, i);
    }
  return EXIT_SUCCESS;
}

/* SY-05. */
static void
test_counts (PartyKind kind)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (2, FALSE);

  run_party (kind, count, semaphore);
  for (guint i = 0; i < 3; i++)
    acquire (semaphore, 0);
  assert_empty (semaphore, 0);
}
PARTY_TEST (test_counts)

GMPROC_DEFINE_TARGET (overflow)
{
  g_autoptr (GmprocSemaphore) semaphore = open_semaphore (args, 0);

  assert_full (semaphore, WIDTH);
  acquire (semaphore, 0);
  release (semaphore);
  assert_full (semaphore, WIDTH);
  return EXIT_SUCCESS;
}

/* SY-06. */
static void
test_bounded (PartyKind kind)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (WIDTH, TRUE);

  assert_full (semaphore, WIDTH);
  run_party (kind, overflow, semaphore);
  acquire (semaphore, 0);
  acquire (semaphore, 0);
  release (semaphore);
  release (semaphore);
  assert_full (semaphore, WIDTH);
}
PARTY_TEST (test_bounded)

GMPROC_DEFINE_TARGET (time_out)
{
  g_autoptr (GmprocSemaphore) semaphore = open_semaphore (args, 0);

  assert_empty (semaphore, 0);
  assert_empty (semaphore, 1);
  assert_empty (semaphore, PARTY_SHORT);
  return EXIT_SUCCESS;
}

/* SY-07. */
static void
test_timeout (PartyKind kind)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (0, FALSE);

  run_party (kind, time_out, semaphore);
  release (semaphore);
  acquire (semaphore, PARTY_SHORT);
  run_party (kind, time_out, semaphore);
}
PARTY_TEST (test_timeout)

static void
test_refused (void)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (G_MAXINT32, FALSE);
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_semaphore_acquire (semaphore, -7, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  assert_full (semaphore, G_MAXINT32);

  g_assert_null (gmproc_semaphore_new ((guint) -1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gmproc_semaphore_new_bounded ((guint) -1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gmproc_semaphore_new_bounded (0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  g_assert_null (gmproc_semaphore_from_handle (gmproc_event_get_handle (event), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
  g_clear_error (&error);
  g_assert_null (gmproc_event_from_handle (gmproc_semaphore_get_handle (semaphore), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
}

/* A queue as wide as the semaphore has room for all who are inside, and for nobody else. */
GMPROC_DEFINE_TARGET (go_in_and_out)
{
  g_autoptr (GmprocSemaphore) semaphore = open_semaphore (args, 0);
  g_autoptr (GmprocQueue) inside = party_open_queue (args, 1);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (GVariant) item = NULL;
      g_autoptr (GError) error = NULL;

      acquire (semaphore, PARTY_BOUND);
      gmproc_queue_put (inside, g_variant_new_uint32 (i), 0, NULL, &error);
      g_assert_no_error (error);
      item = gmproc_queue_get (inside, 0, NULL, &error);
      g_assert_no_error (error);
      release (semaphore);
    }
  return EXIT_SUCCESS;
}

static void
test_width (PartyKind kind)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (WIDTH, TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocQueue) inside = gmproc_queue_new (WIDTH, &error);
  Party *parties[N_PARTIES];

  g_assert_no_error (error);
  for (guint i = 0; i < N_PARTIES; i++)
    parties[i] = party_start (kind, go_in_and_out,
                              g_variant_new ("(hh)", gmproc_semaphore_get_handle (semaphore),
                                             gmproc_queue_get_handle (inside)));
  for (guint i = 0; i < N_PARTIES; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
  g_assert_cmpuint (gmproc_semaphore_get_value (semaphore), ==, WIDTH);
  g_assert_true (gmproc_queue_is_empty (inside));
}
PARTY_TEST (test_width)

/* Says that it asks, and acquires once. */
GMPROC_DEFINE_TARGET (ask)
{
  g_autoptr (GmprocSemaphore) semaphore = open_semaphore (args, 0);
  g_autoptr (GmprocEvent) asks = party_open_event (args, 1);

  gmproc_event_set (asks);
  acquire (semaphore, PARTY_BOUND);
  return EXIT_SUCCESS;
}

static Party *
start_asking (PartyKind kind, GmprocSemaphore *semaphore)
{
  g_autoptr (GmprocEvent) asks = party_new_signal ();
  Party *party = party_start (kind, ask,
                              g_variant_new ("(hh)", gmproc_semaphore_get_handle (semaphore),
                                             gmproc_event_get_handle (asks)));

  party_wait (asks);
  return party;
}

/* As many releases as there are waiters, one by one and all at once. */
static void
test_wakes_all (PartyKind kind)
{
  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (GmprocSemaphore) semaphore = new_semaphore (0, FALSE);
      Party *parties[N_PARTIES];

      for (guint i = 0; i < N_PARTIES; i++)
        parties[i] = start_asking (kind, semaphore);
      for (guint i = 0; i < N_PARTIES; i++)
        {
          if (round == 0)
            party_pause (1000);
          release (semaphore);
        }
      for (guint i = 0; i < N_PARTIES; i++)
        g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
      assert_empty (semaphore, 0);
    }
}
PARTY_TEST (test_wakes_all)

/* GM-02: what is released while a waiter dies, or afterwards, is there for the others. */
static void
test_waiter_killed (PartyKind kind)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (0, FALSE);

  for (guint i = 0; i < N_PARTIES; i++)
    {
      Party *victim = start_asking (PARTY_PROCESS, semaphore);
      Party *survivor = start_asking (kind, semaphore);

      if (i % 2 == 0)
        party_pause (PARTY_SHORT);
      party_kill (victim);
      release (semaphore);
      g_assert_cmpint (party_join (survivor), ==, EXIT_SUCCESS);
      assert_empty (semaphore, 0);
    }
}
PARTY_TEST (test_waiter_killed)

/* A waiter that is stopped does not hold up the others; what is left is there for it. */
static void
test_waiter_stopped (PartyKind kind)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (0, FALSE);
  Party *stopped = start_asking (PARTY_PROCESS, semaphore);
  Party *other = start_asking (kind, semaphore);
  gboolean is_stopped;
  int exit_status;

  party_pause (PARTY_SHORT);
  is_stopped = party_stop (stopped);
  release (semaphore);
  if (!is_stopped)
    release (semaphore);
  exit_status = party_join (other);
  if (is_stopped)
    {
      party_continue (stopped);
      release (semaphore);
    }
  g_assert_cmpint (exit_status, ==, EXIT_SUCCESS);
  g_assert_cmpint (party_join (stopped), ==, EXIT_SUCCESS);
  assert_empty (semaphore, 0);
}
PARTY_TEST (test_waiter_stopped)

GMPROC_DEFINE_TARGET (hold)
{
  g_autoptr (GmprocSemaphore) semaphore = open_semaphore (args, 0);
  g_autoptr (GmprocSemaphore) never = open_semaphore (args, 1);
  g_autoptr (GmprocEvent) holds = party_open_event (args, 2);

  acquire (semaphore, PARTY_BOUND);
  gmproc_event_set (holds);
  acquire (never, PARTY_BOUND);
  return EXIT_SUCCESS;
}

/* Nobody owns a semaphore: what the dead one acquired stays acquired, and anybody may release it.
 */
static void
test_holder_killed (PartyKind kind)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (1, TRUE);
  g_autoptr (GmprocSemaphore) never = new_semaphore (0, FALSE);
  g_autoptr (GmprocEvent) holds = party_new_signal ();
  Party *holder = party_start (PARTY_PROCESS, hold,
                               g_variant_new ("(hhh)", gmproc_semaphore_get_handle (semaphore),
                                              gmproc_semaphore_get_handle (never),
                                              gmproc_event_get_handle (holds)));
  Party *waiter;

  party_wait (holds);
  waiter = start_asking (kind, semaphore);
  party_kill (holder);
  assert_empty (semaphore, PARTY_SHORT);
  release (semaphore);
  g_assert_cmpint (party_join (waiter), ==, EXIT_SUCCESS);
  release (semaphore);
  assert_full (semaphore, 1);
}
PARTY_TEST (test_holder_killed)

GMPROC_DEFINE_TARGET (acquire_and_release)
{
  g_autoptr (GmprocSemaphore) semaphore = open_semaphore (args, 0);
  g_autoptr (GmprocEvent) begins = party_open_event (args, 1);
  g_autoptr (GmprocEvent) ends = party_open_event (args, 2);

  gmproc_event_set (begins);
  while (!gmproc_event_is_set (ends))
    {
      acquire (semaphore, PARTY_BOUND);
      release (semaphore);
    }
  return EXIT_SUCCESS;
}

static Party *
start_loop (PartyKind kind, GmprocSemaphore *semaphore, GmprocEvent *ends)
{
  g_autoptr (GmprocEvent) begins = party_new_signal ();
  Party *party = party_start (kind, acquire_and_release,
                              g_variant_new ("(hhh)", gmproc_semaphore_get_handle (semaphore),
                                             gmproc_event_get_handle (begins),
                                             gmproc_event_get_handle (ends)));

  party_wait (begins);
  return party;
}

/* A kill costs the semaphore at most the one that the victim held, and never adds one. */
static void
test_killed_at_random (PartyKind kind)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (N_KILLS + 1, TRUE);
  g_autoptr (GmprocEvent) ends = party_new_signal ();
  Party *survivor = start_loop (kind, semaphore, ends);
  guint left;

  for (guint i = 0; i < N_KILLS; i++)
    {
      Party *victim = start_loop (PARTY_PROCESS, semaphore, ends);

      party_pause (g_test_rand_int_range (0, 2000));
      party_kill (victim);
    }
  gmproc_event_set (ends);
  g_assert_cmpint (party_join (survivor), ==, EXIT_SUCCESS);

  left = gmproc_semaphore_get_value (semaphore);
  g_assert_cmpuint (left, >=, 1);
  for (guint i = 0; i < left; i++)
    acquire (semaphore, 0);
  assert_empty (semaphore, 0);
  for (guint i = 0; i < N_KILLS + 1; i++)
    release (semaphore);
  assert_full (semaphore, N_KILLS + 1);
}
PARTY_TEST (test_killed_at_random)

static gpointer
cancel (gpointer cancellable)
{
  party_pause (PARTY_SHORT);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* GM-16. */
static void
test_cancel (PartyKind kind)
{
  g_autoptr (GmprocSemaphore) semaphore = new_semaphore (0, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Party *other = start_asking (kind, semaphore);
  GThread *thread = g_thread_new ("cancel", cancel, cancellable);

  g_assert_false (gmproc_semaphore_acquire (semaphore, GMPROC_FOREVER, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_thread_join (thread);

  release (semaphore);
  g_assert_cmpint (party_join (other), ==, EXIT_SUCCESS);
  release (semaphore);
  g_assert_false (gmproc_semaphore_acquire (semaphore, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (gmproc_semaphore_get_value (semaphore), ==, 1);
}
PARTY_TEST (test_cancel)

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  PARTY_ADD ("/semaphore/counts", test_counts);
  PARTY_ADD ("/semaphore/bounded", test_bounded);
  PARTY_ADD ("/semaphore/timeout", test_timeout);
  gmproc_test_add ("/semaphore/refused", test_refused);
  PARTY_ADD ("/semaphore/width", test_width);
  PARTY_ADD ("/semaphore/wakes-all", test_wakes_all);
  PARTY_ADD ("/semaphore/waiter-killed", test_waiter_killed);
  PARTY_ADD ("/semaphore/waiter-stopped", test_waiter_stopped);
  PARTY_ADD ("/semaphore/holder-killed", test_holder_killed);
  PARTY_ADD ("/semaphore/killed-at-random", test_killed_at_random);
  PARTY_ADD ("/semaphore/cancel", test_cancel);
  return g_test_run ();
}
