/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocCondition between threads and between processes. What happens when one that waits or
 * notifies is killed is in test-condition-crash.c.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "crowd.h"
#include "party.h"
#include "support.h"

#define N_WAITERS 6
#define DEPTH 3

/* SY-08: exactly one, of threads and processes that wait together. */
static void
test_notify (void)
{
  g_autoptr (Crowd) crowd = crowd_new ();

  for (guint i = 0; i < N_WAITERS; i++)
    crowd_add (crowd, i % 2 == 0 ? PARTY_THREAD : PARTY_PROCESS, GMPROC_FOREVER);
  for (guint i = 0; i < N_WAITERS; i++)
    {
      crowd_notify (crowd, 1);
      crowd_assert_woken (crowd, 1);
    }
  crowd_join (crowd, N_WAITERS);
}

/* SY-09: those that timed out before are not among those that are woken. */
static void
test_notify_all (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();

  for (guint i = 0; i < N_WAITERS; i++)
    crowd_add (crowd, kind, PARTY_SHORT);
  crowd_join (crowd, 0);
  crowd_notify (crowd, 2);

  for (guint i = 0; i < N_WAITERS; i++)
    crowd_add (crowd, kind, GMPROC_FOREVER);
  crowd_notify (crowd, 1);
  crowd_assert_woken (crowd, 1);
  crowd_notify (crowd, CROWD_ALL);
  crowd_assert_woken (crowd, N_WAITERS - 1);
  crowd_join (crowd, N_WAITERS);
}
PARTY_TEST (test_notify_all)

/* SY-10: and notifications that nobody waits for are not kept. */
static void
test_notify_n (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();

  crowd_notify (crowd, 3);
  for (guint i = 0; i < N_WAITERS; i++)
    crowd_add (crowd, kind, GMPROC_FOREVER);
  crowd_notify (crowd, 0);
  crowd_assert_woken (crowd, 0);
  crowd_notify (crowd, 2);
  crowd_assert_woken (crowd, 2);
  crowd_notify (crowd, 1);
  crowd_assert_woken (crowd, 1);
  crowd_notify (crowd, N_WAITERS);
  crowd_assert_woken (crowd, 3);
  crowd_notify (crowd, 3);
  crowd_join (crowd, N_WAITERS);

  crowd_add (crowd, kind, PARTY_SHORT);
  crowd_join (crowd, 0);
}
PARTY_TEST (test_notify_n)

/* Several notifications before any of those who wait has its turn, as the notifier has the lock. */
static void
notify_in_a_row (Crowd *crowd, guint times, gboolean then_all)
{
  g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = crowd_lock (crowd);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < times; i++)
    g_assert_true (gmproc_condition_notify (crowd->condition, &error));
  if (then_all)
    g_assert_true (gmproc_condition_notify_all (crowd->condition, &error));
  g_assert_no_error (error);
}

static void
test_notify_in_a_row (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();

  for (guint i = 0; i < N_WAITERS; i++)
    crowd_add (crowd, kind, GMPROC_FOREVER);
  notify_in_a_row (crowd, 4, FALSE);
  crowd_assert_woken (crowd, 4);

  crowd_add (crowd, kind, GMPROC_FOREVER);
  notify_in_a_row (crowd, 2, TRUE);
  crowd_assert_woken (crowd, 3);

  for (guint i = 0; i < N_WAITERS; i++)
    crowd_add (crowd, kind, GMPROC_FOREVER);
  notify_in_a_row (crowd, 1, FALSE);
  crowd_assert_woken (crowd, 1);
  notify_in_a_row (crowd, 0, TRUE);
  crowd_join (crowd, 2 * N_WAITERS + 1);
}
PARTY_TEST (test_notify_in_a_row)

/* SY-11, by one thread: FALSE when it timed out, not too early, and the lock is held again. */
static void
test_timeout (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLock) lock = gmproc_lock_new (&error);
  g_autoptr (GmprocCondition) condition = gmproc_condition_new (lock, &error);
  const gint64 timeouts[] = { 0, 1, PARTY_SHORT };

  g_assert_no_error (error);
  g_assert_true (gmproc_condition_get_lock (condition) == lock);
  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      gint64 begin = g_get_monotonic_time ();

      g_assert_true (gmproc_lock_acquire (lock, 0, NULL, &error));
      g_assert_false (gmproc_condition_wait (condition, timeouts[i], NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_clear_error (&error);
      g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeouts[i]);
      g_assert_true (gmproc_lock_release (lock, &error));
    }
}

/* Proves that the lock is free, and notifies. The lock comes along, and once more by itself. */
GMPROC_DEFINE_TARGET (notify_once)
{
  g_autoptr (GmprocCondition) condition = crowd_open_condition (args, 0);
  g_autoptr (GmprocLock) lock = party_open_lock (args, 1);
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_lock_acquire (lock, PARTY_BOUND, NULL, &error));
  g_assert_true (gmproc_condition_notify (condition, &error));
  g_assert_true (gmproc_lock_release (gmproc_condition_get_lock (condition), &error));
  g_assert_no_error (error);
  return EXIT_SUCCESS;
}

static Party *
start_notifier (PartyKind kind, GmprocCondition *condition)
{
  gint32 lock = gmproc_lock_get_handle (gmproc_condition_get_lock (condition));

  return party_start (kind, notify_once,
                      g_variant_new ("(hh)", gmproc_condition_get_handle (condition), lock));
}

/* SY-11, and a recursive lock is given up as a whole, and had as often as before afterwards. */
static void
test_recursive (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocCondition) condition = gmproc_condition_new (NULL, &error);
  GmprocLock *lock = gmproc_condition_get_lock (condition);

  g_assert_no_error (error);
  g_assert_true (gmproc_lock_is_recursive (lock));
  for (guint depth = 1; depth <= DEPTH; depth++)
    {
      Party *notifier;

      for (guint i = 0; i < depth; i++)
        g_assert_true (gmproc_lock_acquire (lock, PARTY_BOUND, NULL, &error));
      notifier = start_notifier (kind, condition);
      g_assert_true (gmproc_condition_wait (condition, PARTY_BOUND, NULL, &error));
      g_assert_no_error (error);
      for (guint i = 0; i < depth; i++)
        g_assert_true (gmproc_lock_release (lock, &error));
      g_assert_false (gmproc_lock_release (lock, &error));
      g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
      g_clear_error (&error);
      g_assert_cmpint (party_join (notifier), ==, EXIT_SUCCESS);
    }
}
PARTY_TEST (test_recursive)

/* A number of things, and how often somebody looked at it. */
typedef struct
{
  GmprocSemaphore *things;
  guint wanted;
  guint n_looks;
} Wish;

static gboolean
is_fulfilled (gpointer user_data)
{
  Wish *wish = user_data;

  wish->n_looks++;
  return gmproc_semaphore_get_value (wish->things) >= wish->wanted;
}

/* Makes one thing after the other, each with a notification. */
GMPROC_DEFINE_TARGET (make_things)
{
  g_autoptr (GmprocCondition) condition = crowd_open_condition (args, 0);
  g_autoptr (GmprocSemaphore) things = crowd_open_semaphore (args, 1);
  guint n;

  g_variant_get_child (args, 2, "u", &n);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GmprocLocker) locker G_GNUC_UNUSED =
          gmproc_locker_new (gmproc_condition_get_lock (condition), &error);

      gmproc_semaphore_release (things, &error);
      gmproc_condition_notify (condition, &error);
      g_assert_no_error (error);
    }
  return EXIT_SUCCESS;
}

/* SY-12. */
static void
test_wait_for (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();
  Wish wish = { crowd->woken, 4, 0 };
  g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = crowd_lock (crowd);
  g_autoptr (GError) error = NULL;
  Party *maker =
      party_start (kind, make_things,
                   g_variant_new ("(hhu)", gmproc_condition_get_handle (crowd->condition),
                                  gmproc_semaphore_get_handle (crowd->woken), 4));

  g_assert_true (
      gmproc_condition_wait_for (crowd->condition, is_fulfilled, &wish, PARTY_BOUND, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (wish.n_looks, >=, 2);
  g_assert_cmpuint (wish.n_looks, <=, 5);
  g_assert_cmpint (party_join (maker), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_wait_for)

/* SY-12: notifications do not prolong the wait, and the last look is after the timeout. */
static void
test_wait_for_timeout (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();
  Wish wish = { crowd->woken, 5, 0 };
  g_autoptr (GmprocLocker) locker = crowd_lock (crowd);
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();
  Party *maker =
      party_start (kind, make_things,
                   g_variant_new ("(hhu)", gmproc_condition_get_handle (crowd->condition),
                                  gmproc_semaphore_get_handle (crowd->woken), 4));

  g_assert_false (
      gmproc_condition_wait_for (crowd->condition, is_fulfilled, &wish, PARTY_SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, PARTY_SHORT);
  g_assert_cmpuint (wish.n_looks, >=, 2);
  g_clear_pointer (&locker, gmproc_locker_free);
  g_assert_cmpint (party_join (maker), ==, EXIT_SUCCESS);

  locker = crowd_lock (crowd);
  wish = (Wish){ crowd->woken, 4, 0 };
  g_assert_true (
      gmproc_condition_wait_for (crowd->condition, is_fulfilled, &wish, 0, NULL, &error));
  g_assert_cmpuint (wish.n_looks, ==, 1);
}
PARTY_TEST (test_wait_for_timeout)

static gboolean
is_never_asked (G_GNUC_UNUSED gpointer user_data)
{
  g_assert_not_reached ();
}

/* Every call by one who does not own the lock. */
GMPROC_DEFINE_TARGET (be_refused)
{
  g_autoptr (GmprocCondition) condition = crowd_open_condition (args, 0);

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean has_worked = i == 0   ? gmproc_condition_wait (condition, 0, NULL, &error)
                            : i == 1 ? gmproc_condition_wait_for (condition, is_never_asked, NULL,
                                                                  GMPROC_FOREVER, NULL, &error)
                            : i == 2 ? gmproc_condition_notify (condition, &error)
                            : i == 3 ? gmproc_condition_notify_n (condition, 0, &error)
                                     : gmproc_condition_notify_all (condition, &error);

      g_assert_false (has_worked);
      g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
    }
  return EXIT_SUCCESS;
}

static void
test_not_owned (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = i == 0 ? NULL : crowd_lock (crowd);
      Party *party = party_start (
          kind, be_refused, g_variant_new ("(h)", gmproc_condition_get_handle (crowd->condition)));

      g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
    }
}
PARTY_TEST (test_not_owned)

static gboolean
give_the_lock_up (gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_lock_release (user_data, &error));
  return FALSE;
}

static void
test_refused (void)
{
  g_autoptr (Crowd) crowd = crowd_new ();
  GmprocLock *lock = gmproc_condition_get_lock (crowd->condition);
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, &error));
  g_assert_false (gmproc_condition_wait (crowd->condition, -7, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (
      gmproc_condition_wait_for (crowd->condition, is_never_asked, NULL, -7, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  g_assert_false (gmproc_condition_wait_for (crowd->condition, give_the_lock_up, lock,
                                             GMPROC_FOREVER, NULL, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  g_clear_error (&error);

  g_assert_null (gmproc_condition_from_handle (gmproc_lock_get_handle (lock), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
  g_clear_error (&error);
  g_assert_null (gmproc_lock_from_handle (gmproc_condition_get_handle (crowd->condition), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
}

static gpointer
cancel (gpointer cancellable)
{
  party_pause (PARTY_SHORT);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* GM-16: the lock is held again, and one who goes on waiting gets the next notification. */
static void
test_cancel (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GmprocLocker) locker = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  crowd_add (crowd, kind, GMPROC_FOREVER);
  locker = crowd_lock (crowd);
  thread = g_thread_new ("cancel", cancel, cancellable);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (
          gmproc_condition_wait (crowd->condition, GMPROC_FOREVER, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      g_assert_true (gmproc_condition_notify_n (crowd->condition, 0, &error));
    }
  g_thread_join (thread);
  g_clear_pointer (&locker, gmproc_locker_free);

  crowd_notify (crowd, 1);
  crowd_assert_woken (crowd, 1);
  crowd_join (crowd, 1);
}
PARTY_TEST (test_cancel)

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/condition/notify", test_notify);
  PARTY_ADD ("/condition/notify-all", test_notify_all);
  PARTY_ADD ("/condition/notify-n", test_notify_n);
  PARTY_ADD ("/condition/notify-in-a-row", test_notify_in_a_row);
  gmproc_test_add ("/condition/timeout", test_timeout);
  PARTY_ADD ("/condition/recursive", test_recursive);
  PARTY_ADD ("/condition/wait-for", test_wait_for);
  PARTY_ADD ("/condition/wait-for-timeout", test_wait_for_timeout);
  PARTY_ADD ("/condition/not-owned", test_not_owned);
  gmproc_test_add ("/condition/refused", test_refused);
  PARTY_ADD ("/condition/cancel", test_cancel);
  return g_test_run ();
}
