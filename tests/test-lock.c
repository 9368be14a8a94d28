/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocLock between threads and between processes, and what happens when an owner or a waiter is
 * killed.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define N_PARTIES 4
#define N_INCREMENTS gmproc_test_scale (500)
#define DEPTH 5
#define N_RANDOM_ROUNDS gmproc_test_scale (10)

static GmprocLock *
new_lock (gboolean is_recursive)
{
  g_autoptr (GError) error = NULL;
  GmprocLock *lock = is_recursive ? gmproc_lock_new_recursive (&error) : gmproc_lock_new (&error);

  g_assert_no_error (error);
  return lock;
}

static void
assert_not_released (GmprocLock *lock)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_lock_release (lock, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
}

static void
assert_busy (GmprocLock *lock, gint64 timeout)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_false (gmproc_lock_acquire (lock, timeout, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeout);
}

/* SY-01, by one thread. */
static void
test_plain (void)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_lock_is_recursive (lock));
  assert_not_released (lock);
  party_acquire (lock);
  g_assert_false (gmproc_lock_was_abandoned (lock));
  assert_busy (lock, 0);
  g_assert_false (gmproc_lock_acquire (lock, GMPROC_FOREVER, NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_clear_error (&error);
  g_assert_false (gmproc_lock_acquire (lock, PARTY_SHORT, NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  party_release (lock);
  assert_not_released (lock);
  party_acquire (lock);
  party_release (lock);
}

static void
test_timeouts_refused (void)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_lock_acquire (lock, -7, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  assert_not_released (lock);
}

/* What another party sees of a lock that is held: it cannot get or release it. */
GMPROC_DEFINE_TARGET (find_busy)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);

  assert_busy (lock, 0);
  assert_busy (lock, PARTY_SHORT);
  assert_not_released (lock);
  g_assert_false (gmproc_lock_was_abandoned (lock));
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (find_free)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);

  party_acquire (lock);
  g_assert_false (gmproc_lock_was_abandoned (lock));
  party_release (lock);
  assert_not_released (lock);
  return EXIT_SUCCESS;
}

static void
run_party (PartyKind kind, GmprocTarget target, GmprocLock *lock)
{
  Party *party = party_start (kind, target, g_variant_new ("(h)", gmproc_lock_get_handle (lock)));

  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}

/* SY-01, SY-04: held and free as another party sees it. */
static void
test_held (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);

  party_acquire (lock);
  run_party (kind, find_busy, lock);
  party_release (lock);
  run_party (kind, find_free, lock);
}
PARTY_TEST (test_held)

/* SY-02. */
static void
test_recursive (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = new_lock (TRUE);

  g_assert_true (gmproc_lock_is_recursive (lock));
  for (guint i = 0; i < DEPTH; i++)
    party_acquire (lock);
  for (guint i = 0; i < DEPTH; i++)
    {
      run_party (kind, find_busy, lock);
      party_release (lock);
    }
  assert_not_released (lock);
  run_party (kind, find_free, lock);
}
PARTY_TEST (test_recursive)

/* Adds to the number in a queue of one item. Without the lock another party finds it empty. */
GMPROC_DEFINE_TARGET (increment)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 1);

  for (guint i = 0; i < N_INCREMENTS; i++)
    {
      g_autoptr (GVariant) number = NULL;
      g_autoptr (GError) error = NULL;

      party_acquire (lock);
      number = gmproc_queue_get (queue, 0, NULL, &error);
      g_assert_no_error (error);
      gmproc_queue_put (queue, g_variant_new_uint32 (g_variant_get_uint32 (number) + 1), 0, NULL,
                        &error);
      g_assert_no_error (error);
      party_release (lock);
    }
  return EXIT_SUCCESS;
}

static void
test_exclusion (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (1, &error);
  g_autoptr (GVariant) number = NULL;
  Party *parties[N_PARTIES];

  g_assert_no_error (error);
  gmproc_queue_put (queue, g_variant_new_uint32 (0), 0, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N_PARTIES; i++)
    parties[i] = party_start (
        kind, increment,
        g_variant_new ("(hh)", gmproc_lock_get_handle (lock), gmproc_queue_get_handle (queue)));
  for (guint i = 0; i < N_PARTIES; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);

  number = gmproc_queue_get (queue, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_get_uint32 (number), ==, N_PARTIES * N_INCREMENTS);
}
PARTY_TEST (test_exclusion)

/* Says that it has the lock, and holds it until it is told to go on: then it releases it, or ends
 * as it is. */
GMPROC_DEFINE_TARGET (hold)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);
  g_autoptr (GmprocEvent) holds = party_open_event (args, 1);
  g_autoptr (GmprocEvent) go_on = party_open_event (args, 2);
  guint depth;
  gboolean releases;

  g_variant_get_child (args, 3, "u", &depth);
  g_variant_get_child (args, 4, "b", &releases);
  for (guint i = 0; i < depth; i++)
    party_acquire (lock);
  gmproc_event_set (holds);
  party_wait (go_on);
  for (guint i = 0; releases && i < depth; i++)
    party_release (lock);
  return EXIT_SUCCESS;
}

typedef struct
{
  GmprocLock *lock;
  GmprocEvent *holds;
  GmprocEvent *go_on;
  Party *party;
} Holder;

static void
holder_start (Holder *self, PartyKind kind, gboolean is_recursive, guint depth, gboolean releases)
{
  self->lock = new_lock (is_recursive);
  self->holds = party_new_signal ();
  self->go_on = party_new_signal ();
  self->party =
      party_start (kind, hold,
                   g_variant_new ("(hhhub)", gmproc_lock_get_handle (self->lock),
                                  gmproc_event_get_handle (self->holds),
                                  gmproc_event_get_handle (self->go_on), depth, releases));
  party_wait (self->holds);
}

static void
holder_clear (Holder *self)
{
  g_clear_object (&self->lock);
  g_clear_object (&self->holds);
  g_clear_object (&self->go_on);
}

static void
holder_end (Holder *self)
{
  gmproc_event_set (self->go_on);
  g_assert_cmpint (party_join (self->party), ==, EXIT_SUCCESS);
}

/* GM-01: the next one is told, the one after it is not. */
static void
assert_abandoned_once (PartyKind kind, GmprocLock *lock)
{
  party_acquire (lock);
  g_assert_true (gmproc_lock_was_abandoned (lock));
  run_party (kind, find_busy, lock);
  party_release (lock);
  g_assert_false (gmproc_lock_was_abandoned (lock));
  party_acquire (lock);
  g_assert_false (gmproc_lock_was_abandoned (lock));
  party_release (lock);
  run_party (kind, find_free, lock);
}

/* GM-01: an owner that ends without a release. */
static void
test_owner_ended (PartyKind kind)
{
  for (guint depth = 1; depth <= 2; depth++)
    {
      Holder holder;

      holder_start (&holder, kind, depth > 1, depth, FALSE);
      assert_busy (holder.lock, 0);
      holder_end (&holder);
      assert_abandoned_once (kind, holder.lock);
      holder_clear (&holder);
    }
}
PARTY_TEST (test_owner_ended)

GMPROC_DEFINE_TARGET (wait_for_lock)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);
  g_autoptr (GmprocEvent) asks = party_open_event (args, 1);
  gboolean was_abandoned;

  gmproc_event_set (asks);
  party_acquire (lock);
  was_abandoned = gmproc_lock_was_abandoned (lock);
  party_release (lock);
  return was_abandoned ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* GM-01: an owner that is killed, with others that wait already: exactly one of them is told. */
static void
test_owner_killed (PartyKind kind)
{
  Party *waiters[N_PARTIES];
  guint n_told = 0;
  Holder holder;

  holder_start (&holder, PARTY_PROCESS, FALSE, 1, FALSE);
  for (guint i = 0; i < N_PARTIES; i++)
    {
      g_autoptr (GmprocEvent) asks = party_new_signal ();

      waiters[i] = party_start (kind, wait_for_lock,
                                g_variant_new ("(hh)", gmproc_lock_get_handle (holder.lock),
                                               gmproc_event_get_handle (asks)));
      party_wait (asks);
    }
  party_kill (holder.party);
  for (guint i = 0; i < N_PARTIES; i++)
    n_told += party_join (waiters[i]) == EXIT_SUCCESS;
  g_assert_cmpuint (n_told, ==, 1);
  run_party (kind, find_free, holder.lock);
  holder_clear (&holder);
}
PARTY_TEST (test_owner_killed)

/* A waiter that is killed takes nothing with it. */
static void
test_waiter_killed (void)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);

  for (guint i = 0; i < N_PARTIES; i++)
    {
      g_autoptr (GmprocEvent) asks = party_new_signal ();
      Party *waiter;

      party_acquire (lock);
      waiter = party_start (
          PARTY_PROCESS, wait_for_lock,
          g_variant_new ("(hh)", gmproc_lock_get_handle (lock), gmproc_event_get_handle (asks)));
      party_wait (asks);
      if (i % 2 == 0)
        party_pause (PARTY_SHORT);
      party_kill (waiter);
      party_release (lock);
      run_party (PARTY_PROCESS, find_free, lock);
    }
}

/* Takes the lock again and again. */
GMPROC_DEFINE_TARGET (contend)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);
  g_autoptr (GmprocEvent) stop = party_open_event (args, 1);

  while (!gmproc_event_is_set (stop))
    {
      party_acquire (lock);
      party_release (lock);
    }
  return EXIT_SUCCESS;
}

/* GM-01: owners and waiters are killed at any moment. Nobody is left asleep beside a free lock. */
static void
test_killed_at_random (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);

  for (guint round = 0; round < N_RANDOM_ROUNDS; round++)
    {
      g_autoptr (GmprocEvent) stop = party_new_signal ();
      g_autoptr (GVariant) args = g_variant_ref_sink (
          g_variant_new ("(hh)", gmproc_lock_get_handle (lock), gmproc_event_get_handle (stop)));
      Party *killed[N_PARTIES];
      Party *parties[N_PARTIES];

      for (guint i = 0; i < N_PARTIES; i++)
        {
          killed[i] = party_start (PARTY_PROCESS, contend, args);
          parties[i] = party_start (kind, contend, args);
        }
      for (guint i = 0; i < N_PARTIES; i++)
        {
          party_pause (g_test_rand_int_range (0, 2000));
          party_kill (killed[i]);
        }
      gmproc_event_set (stop);
      for (guint i = 0; i < N_PARTIES; i++)
        g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
      party_acquire (lock);
      party_release (lock);
      run_party (kind, find_free, lock);
    }
}
PARTY_TEST (test_killed_at_random)

/* A thread may get the number of one that ended; it does not get what that one owned. */
GMPROC_DEFINE_TARGET (own_nothing)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);

  g_assert_false (gmproc_lock_was_abandoned (lock));
  assert_not_released (lock);
  return EXIT_SUCCESS;
}

static void
test_owner_is_not_mistaken (PartyKind kind)
{
  Holder holder;

  holder_start (&holder, kind, TRUE, 2, FALSE);
  holder_end (&holder);
  for (guint i = 0; i < N_PARTIES; i++)
    run_party (kind, own_nothing, holder.lock);
  assert_abandoned_once (kind, holder.lock);
  holder_clear (&holder);
}
PARTY_TEST (test_owner_is_not_mistaken)

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
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;
  Holder holder;

  holder_start (&holder, kind, FALSE, 1, TRUE);
  thread = g_thread_new ("cancel", cancel, cancellable);
  g_assert_false (gmproc_lock_acquire (holder.lock, GMPROC_FOREVER, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_thread_join (thread);

  g_assert_false (gmproc_lock_acquire (holder.lock, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  holder_end (&holder);
  run_party (kind, find_free, holder.lock);
  holder_clear (&holder);
}
PARTY_TEST (test_cancel)

/* The same lock twice is one lock. */
GMPROC_DEFINE_TARGET (hold_both)
{
  g_autoptr (GmprocLock) first = party_open_lock (args, 0);
  g_autoptr (GmprocLock) second = party_open_lock (args, 1);

  party_acquire (first);
  assert_busy (second, 0);
  party_release (second);
  assert_not_released (first);
  run_party (PARTY_PROCESS, find_free, first);
  party_acquire (second);
  run_party (PARTY_PROCESS, find_busy, first);
  party_release (first);
  return EXIT_SUCCESS;
}

static void
test_sent_twice (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);
  gint32 handle = gmproc_lock_get_handle (lock);
  Party *party = party_start (kind, hold_both, g_variant_new ("(hh)", handle, handle));

  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
  run_party (kind, find_free, lock);
}
PARTY_TEST (test_sent_twice)

/* Dropping a lock that is held must not disturb the other locks of the thread. In a process of its
 * own, because what is dropped stays until its end. */
GMPROC_DEFINE_TARGET (drop_while_held)
{
  g_autoptr (GmprocLock) other = new_lock (FALSE);
  GmprocLock *dropped[N_PARTIES];

  for (guint i = 0; i < N_PARTIES; i++)
    {
      dropped[i] = new_lock (i % 2 == 0);
      party_acquire (dropped[i]);
    }
  for (guint i = 0; i < N_PARTIES; i++)
    {
      g_autoptr (GmprocLock) next = NULL;

      g_object_unref (dropped[i]);
      next = new_lock (FALSE);
      party_acquire (other);
      run_party (PARTY_PROCESS, find_busy, other);
      party_acquire (next);
      party_release (other);
      run_party (PARTY_PROCESS, find_free, other);
      party_release (next);
    }
  return EXIT_SUCCESS;
}

static void
test_dropped_while_held (void)
{
  Party *party = party_start (PARTY_PROCESS, drop_while_held, g_variant_new ("()"));

  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}

static void
test_other_class (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GmprocLock) lock = new_lock (FALSE);
  g_autoptr (GmprocLock) same = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_lock_from_handle (gmproc_event_get_handle (event), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
  g_clear_error (&error);
  same = gmproc_lock_from_handle (gmproc_lock_get_handle (lock), &error);
  g_assert_no_error (error);
  g_assert_true (same == lock);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/lock/plain", test_plain);
  gmproc_test_add ("/lock/timeouts-refused", test_timeouts_refused);
  PARTY_ADD ("/lock/held", test_held);
  PARTY_ADD ("/lock/recursive", test_recursive);
  PARTY_ADD ("/lock/exclusion", test_exclusion);
  PARTY_ADD ("/lock/owner-ended", test_owner_ended);
  PARTY_ADD ("/lock/owner-killed", test_owner_killed);
  gmproc_test_add ("/lock/waiter-killed", test_waiter_killed);
  PARTY_ADD ("/lock/killed-at-random", test_killed_at_random);
  PARTY_ADD ("/lock/owner-is-not-mistaken", test_owner_is_not_mistaken);
  PARTY_ADD ("/lock/cancel", test_cancel);
  PARTY_ADD ("/lock/sent-twice", test_sent_twice);
  gmproc_test_add ("/lock/dropped-while-held", test_dropped_while_held);
  gmproc_test_add ("/lock/other-class", test_other_class);
  return g_test_run ();
}
