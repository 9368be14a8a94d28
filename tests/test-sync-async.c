/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Locks, semaphores, conditions and barriers in a main loop: GM-16 for each of them, and that they
 * can be waited for together with other things.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "crowd.h"
#include "party.h"
#include "support.h"

/* What came of a call. */
typedef struct
{
  gboolean is_over;
  int result; /* an index, or TRUE */
  GError *error;
} Outcome;

static void
outcome_clear (Outcome *self)
{
  g_clear_error (&self->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static void
on_done (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  g_assert_false (outcome->is_over);
  outcome->is_over = TRUE;
  if (GMPROC_IS_LOCK (object))
    outcome->result = gmproc_lock_acquire_finish (GMPROC_LOCK (object), result, &outcome->error);
  else if (GMPROC_IS_SEMAPHORE (object))
    outcome->result =
        gmproc_semaphore_acquire_finish (GMPROC_SEMAPHORE (object), result, &outcome->error);
  else if (g_async_result_is_tagged (result, gmproc_condition_wait_for_async))
    outcome->result =
        gmproc_condition_wait_for_finish (GMPROC_CONDITION (object), result, &outcome->error);
  else if (GMPROC_IS_CONDITION (object))
    outcome->result =
        gmproc_condition_wait_finish (GMPROC_CONDITION (object), result, &outcome->error);
  else
    outcome->result = gmproc_barrier_wait_finish (GMPROC_BARRIER (object), result, &outcome->error);
}

static gboolean
set_flag (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

/* Only a hang takes that long. */
static void
run_until (const gboolean *is_over)
{
  gboolean is_late = FALSE;
  guint timer = g_timeout_add_seconds (60, set_flag, &is_late);

  while (!*is_over && !is_late)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (is_late);
  g_source_remove (timer);
}

/* Lets the loop run for a moment; the call must not come to its end. */
static void
assert_waits (const Outcome *outcome)
{
  gboolean is_over = FALSE;

  g_timeout_add (PARTY_SHORT / 1000, set_flag, &is_over);
  run_until (&is_over);
  g_assert_false (outcome->is_over);
}

static void
assert_failed (Outcome *outcome, GQuark domain, int code)
{
  run_until (&outcome->is_over);
  g_assert_error (outcome->error, domain, code);
  g_clear_error (&outcome->error);
  *outcome = (Outcome){ 0 };
}

static void
assert_done (Outcome *outcome)
{
  run_until (&outcome->is_over);
  g_assert_no_error (outcome->error);
  *outcome = (Outcome){ .result = outcome->result };
}

/* -- locks ------------------------------------------------------------------------------------- */

/* Holds the lock until it is told to give it up, or for ever. */
GMPROC_DEFINE_TARGET (hold_lock)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);
  g_autoptr (GmprocEvent) ready = party_open_event (args, 1);
  g_autoptr (GmprocEvent) may_go = party_open_event (args, 2);
  g_autoptr (GError) error = NULL;

  gmproc_lock_acquire (lock, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  gmproc_event_set (ready);
  party_wait (may_go);
  party_release (lock);
  return EXIT_SUCCESS;
}

static Party *
start_holder (PartyKind kind, GmprocLock *lock, GmprocEvent *may_go)
{
  g_autoptr (GmprocEvent) ready = party_new_signal ();
  Party *holder = party_start (kind, hold_lock,
                               g_variant_new ("(hhh)", gmproc_lock_get_handle (lock),
                                              gmproc_event_get_handle (ready),
                                              gmproc_event_get_handle (may_go)));

  party_wait (ready);
  return holder;
}

static void
test_lock (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = party_new_lock ();
  g_autoptr (GmprocEvent) may_go = party_new_signal ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) outcome = { 0 };
  Party *holder = start_holder (kind, lock, may_go);

  gmproc_lock_acquire_async (lock, 0, NULL, on_done, &outcome);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gmproc_lock_acquire_async (lock, PARTY_SHORT, NULL, on_done, &outcome);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  gmproc_lock_acquire_async (lock, -7, NULL, on_done, &outcome);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  gmproc_lock_acquire_async (lock, GMPROC_FOREVER, cancellable, on_done, &outcome);
  assert_waits (&outcome);
  g_cancellable_cancel (cancellable);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gmproc_lock_acquire_async (lock, GMPROC_FOREVER, NULL, on_done, &outcome);
  assert_waits (&outcome);
  gmproc_event_set (may_go);
  assert_done (&outcome);
  g_assert_false (gmproc_lock_was_abandoned (lock));
  g_assert_cmpint (party_join (holder), ==, EXIT_SUCCESS);

  /* By this thread itself: a wait that does not block it. */
  gmproc_lock_acquire_async (lock, GMPROC_FOREVER, NULL, on_done, &outcome);
  assert_waits (&outcome);
  party_release (lock);
  assert_done (&outcome);
  party_release (lock);
}
PARTY_TEST (test_lock)

/* GM-01, SY-04: and although somebody looked at the lock in between, the next owner is told. */
static void
test_lock_owner_killed (void)
{
  g_autoptr (GmprocLock) lock = party_new_lock ();
  g_autoptr (GmprocEvent) never = party_new_signal ();
  g_auto (Outcome) outcome = { 0 };
  Party *holder = start_holder (PARTY_PROCESS, lock, never);

  gmproc_lock_acquire_async (lock, GMPROC_FOREVER, NULL, on_done, &outcome);
  assert_waits (&outcome);
  g_assert_false (gmproc_waitable_is_ready (GMPROC_WAITABLE (lock)));
  party_kill (holder);
  g_assert_true (gmproc_waitable_is_ready (GMPROC_WAITABLE (lock)));
  assert_done (&outcome);
  g_assert_true (gmproc_lock_was_abandoned (lock));
  party_release (lock);
}

/* -- semaphores ---------------------------------------------------------------------------------
 */

GMPROC_DEFINE_TARGET (release_twice)
{
  g_autoptr (GmprocSemaphore) semaphore = crowd_open_semaphore (args, 0);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      gmproc_semaphore_release (semaphore, &error);
      g_assert_no_error (error);
    }
  return EXIT_SUCCESS;
}

static void
test_semaphore (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocSemaphore) semaphore = gmproc_semaphore_new (0, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) first = { 0 };
  g_auto (Outcome) second = { 0 };
  g_auto (Outcome) third = { 0 };

  g_assert_no_error (error);
  gmproc_semaphore_acquire_async (semaphore, PARTY_SHORT, NULL, on_done, &first);
  assert_failed (&first, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  gmproc_semaphore_acquire_async (semaphore, GMPROC_FOREVER, NULL, on_done, &first);
  gmproc_semaphore_acquire_async (semaphore, GMPROC_FOREVER, NULL, on_done, &second);
  gmproc_semaphore_acquire_async (semaphore, GMPROC_FOREVER, cancellable, on_done, &third);
  assert_waits (&first);
  g_cancellable_cancel (cancellable);
  assert_failed (&third, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (
      party_join (party_start (kind, release_twice,
                               g_variant_new ("(h)", gmproc_semaphore_get_handle (semaphore)))),
      ==, EXIT_SUCCESS);
  assert_done (&first);
  assert_done (&second);
  g_assert_cmpuint (gmproc_semaphore_get_value (semaphore), ==, 0);
}
PARTY_TEST (test_semaphore)

/* A lock, a semaphore and an event at once: those that are ready. */
static void
test_wait (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLock) lock = party_new_lock ();
  g_autoptr (GmprocSemaphore) semaphore = gmproc_semaphore_new (0, &error);
  g_autoptr (GmprocEvent) event = party_new_signal ();
  GmprocWaitable *objects[] = { GMPROC_WAITABLE (lock), GMPROC_WAITABLE (semaphore),
                                GMPROC_WAITABLE (event) };
  g_autoptr (GPtrArray) ready = NULL;

  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  g_assert_null (gmproc_wait (objects, G_N_ELEMENTS (objects), PARTY_SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);

  g_assert_true (gmproc_semaphore_release (semaphore, NULL));
  party_release (lock);
  ready = gmproc_wait (objects, G_N_ELEMENTS (objects), PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ready->len, ==, 2);
  g_assert_true (g_ptr_array_index (ready, 0) == (gpointer) lock);
  g_assert_true (g_ptr_array_index (ready, 1) == (gpointer) semaphore);
}

/* -- conditions ---------------------------------------------------------------------------------
 */

GMPROC_DEFINE_TARGET (notify_once)
{
  g_autoptr (GmprocCondition) condition = crowd_open_condition (args, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLocker) locker G_GNUC_UNUSED =
      gmproc_locker_new (gmproc_condition_get_lock (condition), &error);

  g_assert_no_error (error);
  gmproc_condition_notify (condition, &error);
  g_assert_no_error (error);
  return EXIT_SUCCESS;
}

static void
test_condition (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocCondition) condition = gmproc_condition_new (NULL, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GmprocLock *lock;
  g_auto (Outcome) outcome = { 0 };

  g_assert_no_error (error);
  lock = gmproc_condition_get_lock (condition);
  gmproc_condition_wait_async (condition, GMPROC_FOREVER, NULL, on_done, &outcome);
  assert_failed (&outcome, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);

  /* It is recursive, and is given up as a whole. */
  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  gmproc_condition_wait_async (condition, PARTY_SHORT, NULL, on_done, &outcome);
  g_assert_false (gmproc_lock_release (lock, NULL));
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  gmproc_condition_wait_async (condition, GMPROC_FOREVER, cancellable, on_done, &outcome);
  assert_waits (&outcome);
  g_cancellable_cancel (cancellable);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  gmproc_condition_wait_async (condition, GMPROC_FOREVER, NULL, on_done, &outcome);
  assert_waits (&outcome);
  g_assert_cmpint (
      party_join (party_start (kind, notify_once,
                               g_variant_new ("(h)", gmproc_condition_get_handle (condition)))),
      ==, EXIT_SUCCESS);
  assert_done (&outcome);
  party_release (lock);
  party_release (lock);
  g_assert_false (gmproc_lock_release (lock, NULL));
}
PARTY_TEST (test_condition)

/* The wait has ended, but another one has the lock. */
static void
test_condition_lock_held (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocCondition) condition = gmproc_condition_new (NULL, &error);
  g_autoptr (GmprocEvent) may_go = party_new_signal ();
  g_auto (Outcome) outcome = { 0 };
  GmprocLock *lock;
  Party *holder;

  g_assert_no_error (error);
  lock = gmproc_condition_get_lock (condition);
  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  gmproc_condition_wait_async (condition, PARTY_SHORT / 2, NULL, on_done, &outcome);
  holder = start_holder (kind, lock, may_go);
  assert_waits (&outcome);
  gmproc_event_set (may_go);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  party_release (lock);
  g_assert_cmpint (party_join (holder), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_condition_lock_held)

/* What a predicate looks at, and what has become of it. */
typedef struct
{
  GmprocLock *lock;
  guint n_asked;
  guint n_needed; /* it holds from this time on */
  guint n_destroyed;
} Wish;

/* Whoever asks owns the lock. */
static gboolean
is_fulfilled (gpointer user_data)
{
  Wish *wish = user_data;

  g_assert_true (gmproc_lock_acquire (wish->lock, 0, NULL, NULL));
  g_assert_true (gmproc_lock_release (wish->lock, NULL));
  return ++wish->n_asked >= wish->n_needed;
}

static void
count_destroy (gpointer user_data)
{
  ((Wish *) user_data)->n_destroyed++;
}

static void
wait_for (GmprocCondition *condition, Wish *wish, guint n_needed, gint64 timeout,
          GCancellable *cancellable, Outcome *outcome)
{
  *wish = (Wish){ .lock = gmproc_condition_get_lock (condition), .n_needed = n_needed };
  gmproc_condition_wait_for_async (condition, is_fulfilled, wish, count_destroy, timeout,
                                   cancellable, on_done, outcome);
}

/* SY-12, GM-16: a notification is not enough; the lock is had again however the wait ends. */
static void
test_condition_wait_for (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocCondition) condition = gmproc_condition_new (NULL, &error);
  g_auto (Outcome) outcome = { 0 };
  GmprocLock *lock;
  GVariant *args;
  Wish wish;

  g_assert_no_error (error);
  lock = gmproc_condition_get_lock (condition);
  wait_for (condition, &wish, 1, GMPROC_FOREVER, NULL, &outcome);
  assert_failed (&outcome, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_assert_cmpuint (wish.n_asked, ==, 0);
  g_assert_cmpuint (wish.n_destroyed, ==, 1);

  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  wait_for (condition, &wish, 1, GMPROC_FOREVER, NULL, &outcome);
  assert_done (&outcome);
  g_assert_cmpuint (wish.n_destroyed, ==, 1);

  wait_for (condition, &wish, 3, GMPROC_FOREVER, NULL, &outcome);
  g_assert_false (gmproc_lock_release (lock, NULL));
  args = g_variant_ref_sink (g_variant_new ("(h)", gmproc_condition_get_handle (condition)));
  for (guint i = 1; i <= 2; i++)
    {
      while (wish.n_asked < i)
        g_main_context_iteration (NULL, TRUE);
      assert_waits (&outcome);
      g_assert_cmpuint (wish.n_asked, ==, i);
      g_assert_cmpint (party_join (party_start (kind, notify_once, args)), ==, EXIT_SUCCESS);
    }
  g_variant_unref (args);
  assert_done (&outcome);
  g_assert_cmpuint (wish.n_asked, ==, 3);
  g_assert_cmpuint (wish.n_destroyed, ==, 1);
  party_release (lock);
  party_release (lock);
  g_assert_false (gmproc_lock_release (lock, NULL));
}
PARTY_TEST (test_condition_wait_for)

/* SY-12: asked a last time when the wait ends, whose answer counts. */
static void
test_condition_wait_for_ends (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocCondition) condition = gmproc_condition_new (NULL, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) outcome = { 0 };
  GmprocLock *lock;
  Wish wish;

  g_assert_no_error (error);
  lock = gmproc_condition_get_lock (condition);
  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  wait_for (condition, &wish, G_MAXUINT, PARTY_SHORT, NULL, &outcome);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpuint (wish.n_asked, ==, 2);

  wait_for (condition, &wish, 2, PARTY_SHORT, NULL, &outcome);
  assert_done (&outcome);
  wait_for (condition, &wish, 2, 0, NULL, &outcome);
  assert_done (&outcome);

  wait_for (condition, &wish, G_MAXUINT, GMPROC_FOREVER, cancellable, &outcome);
  assert_waits (&outcome);
  g_cancellable_cancel (cancellable);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (wish.n_asked, ==, 2);
  g_assert_cmpuint (wish.n_destroyed, ==, 1);

  /* Cancelled before: what holds already is no failure, and the lock is kept. */
  wait_for (condition, &wish, 1, GMPROC_FOREVER, cancellable, &outcome);
  assert_done (&outcome);
  wait_for (condition, &wish, 2, GMPROC_FOREVER, cancellable, &outcome);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  wait_for (condition, &wish, 2, -2, NULL, &outcome);
  assert_failed (&outcome, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  party_release (lock);
  g_assert_false (gmproc_lock_release (lock, NULL));
}

/* -- barriers ---------------------------------------------------------------------------------- */

/* The exit status is the index. */
GMPROC_DEFINE_TARGET (cross_once)
{
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 0);
  g_autoptr (GError) error = NULL;
  int index = gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, &error);

  g_assert_no_error (error);
  return index;
}

static Party *
start_party (PartyKind kind, GmprocBarrier *barrier)
{
  return party_start (kind, cross_once, g_variant_new ("(h)", gmproc_barrier_get_handle (barrier)));
}

static void
wait_until_arrived (GmprocBarrier *barrier, guint n)
{
  while (gmproc_barrier_get_n_waiting (barrier) != n)
    party_pause (G_TIME_SPAN_MILLISECOND);
}

/* Two calls of one loop and a party elsewhere. */
static void
test_barrier (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (3, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) first = { 0 };
  g_auto (Outcome) second = { 0 };
  Party *party;

  g_assert_no_error (error);
  gmproc_barrier_wait_async (barrier, GMPROC_FOREVER, NULL, on_done, &first);
  gmproc_barrier_wait_async (barrier, GMPROC_FOREVER, NULL, on_done, &second);
  assert_waits (&first);
  party = start_party (kind, barrier);
  assert_done (&first);
  assert_done (&second);
  g_assert_cmpint (first.result + second.result + party_join (party), ==, 0 + 1 + 2);

  gmproc_barrier_wait_async (barrier, PARTY_SHORT, NULL, on_done, &first);
  gmproc_barrier_wait_async (barrier, GMPROC_FOREVER, NULL, on_done, &second);
  assert_failed (&first, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_failed (&second, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN);
  gmproc_barrier_reset (barrier);

  gmproc_barrier_wait_async (barrier, GMPROC_FOREVER, cancellable, on_done, &first);
  assert_waits (&first);
  g_cancellable_cancel (cancellable);
  assert_failed (&first, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (gmproc_barrier_is_broken (barrier));
}
PARTY_TEST (test_barrier)

/* GM-02 */
static void
test_barrier_party_killed (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (3, &error);
  g_auto (Outcome) outcome = { 0 };
  Party *party;

  g_assert_no_error (error);
  party = start_party (PARTY_PROCESS, barrier);
  wait_until_arrived (barrier, 1);
  gmproc_barrier_wait_async (barrier, GMPROC_FOREVER, NULL, on_done, &outcome);
  assert_waits (&outcome);
  party_kill (party);
  run_until (&outcome.is_over);
  g_assert_error (outcome.error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN);
  g_assert_nonnull (strstr (outcome.error->message, "has died"));
}

/* Loops have descriptors of their own, from the first time on; GTask has a loop. */
static void
warm_up (void)
{
  g_autoptr (GTask) task G_GNUC_UNUSED = g_task_new (NULL, NULL, NULL, NULL);

  party_warm_up ();
  g_main_context_iteration (NULL, FALSE);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);

  PARTY_ADD ("/sync-async/lock", test_lock);
  gmproc_test_add ("/sync-async/lock-owner-killed", test_lock_owner_killed);
  PARTY_ADD ("/sync-async/semaphore", test_semaphore);
  gmproc_test_add ("/sync-async/wait", test_wait);
  PARTY_ADD ("/sync-async/condition", test_condition);
  PARTY_ADD ("/sync-async/condition-lock-held", test_condition_lock_held);
  PARTY_ADD ("/sync-async/condition-wait-for", test_condition_wait_for);
  gmproc_test_add ("/sync-async/condition-wait-for-ends", test_condition_wait_for_ends);
  PARTY_ADD ("/sync-async/barrier", test_barrier);
  gmproc_test_add ("/sync-async/barrier-party-killed", test_barrier_party_killed);
  return g_test_run ();
}
