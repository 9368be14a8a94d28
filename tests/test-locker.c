/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocLocker: a lock that is held for a scope (SY-03).
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define DEPTH 3

static GmprocLock *
new_lock (gboolean is_recursive)
{
  g_autoptr (GError) error = NULL;
  GmprocLock *lock = is_recursive ? gmproc_lock_new_recursive (&error) : gmproc_lock_new (&error);

  g_assert_no_error (error);
  return lock;
}

static GmprocLocker *
new_locker (GmprocLock *lock)
{
  g_autoptr (GError) error = NULL;
  GmprocLocker *locker = gmproc_locker_new (lock, &error);

  g_assert_no_error (error);
  g_assert_nonnull (locker);
  return locker;
}

GMPROC_DEFINE_TARGET (expect)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);
  g_autoptr (GError) error = NULL;
  gboolean is_busy;

  g_variant_get_child (args, 1, "b", &is_busy);
  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, &error) == !is_busy);
  if (is_busy)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  else
    g_assert_true (gmproc_lock_release (lock, NULL));
  return EXIT_SUCCESS;
}

/* What another party finds. */
static void
assert_busy (PartyKind kind, GmprocLock *lock, gboolean is_busy)
{
  Party *party =
      party_start (kind, expect, g_variant_new ("(hb)", gmproc_lock_get_handle (lock), is_busy));

  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}

static int
leave_early (PartyKind kind, GmprocLock *lock, guint when)
{
  g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = new_locker (lock);

  if (when == 0)
    return 0;
  assert_busy (kind, lock, TRUE);
  return 1;
}

/* SY-03: whichever way the scope is left. */
static void
test_scope (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);

  for (guint when = 0; when < 2; when++)
    {
      g_assert_cmpint (leave_early (kind, lock, when), ==, when);
      assert_busy (kind, lock, FALSE);
    }
}
PARTY_TEST (test_scope)

static void
nest (PartyKind kind, GmprocLock *lock, guint depth)
{
  g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = new_locker (lock);

  if (depth > 1)
    nest (kind, lock, depth - 1);
  assert_busy (kind, lock, TRUE);
}

/* SY-03, recursive. */
static void
test_recursive (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = new_lock (TRUE);

  nest (kind, lock, DEPTH);
  assert_busy (kind, lock, FALSE);
}
PARTY_TEST (test_recursive)

/* A lock that would wait for itself is refused, and stays with the first locker. */
static void
test_twice (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);
  g_autoptr (GmprocLocker) first = new_locker (lock);
  g_autoptr (GmprocLocker) second = NULL;
  g_autoptr (GError) error = NULL;

  second = gmproc_locker_new (lock, &error);
  g_assert_null (second);
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  assert_busy (kind, lock, TRUE);
  g_clear_pointer (&first, gmproc_locker_free);
  assert_busy (kind, lock, FALSE);
}
PARTY_TEST (test_twice)

GMPROC_DEFINE_TARGET (hold)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);
  g_autoptr (GmprocEvent) holds = party_open_event (args, 1);
  g_autoptr (GmprocEvent) go_on = party_open_event (args, 2);
  g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = new_locker (lock);

  gmproc_event_set (holds);
  party_wait (go_on);
  return EXIT_SUCCESS;
}

static Party *
start_holder (PartyKind kind, GmprocLock *lock, GmprocEvent *go_on)
{
  g_autoptr (GmprocEvent) holds = party_new_signal ();
  Party *holder = party_start (kind, hold,
                               g_variant_new ("(hhh)", gmproc_lock_get_handle (lock),
                                              gmproc_event_get_handle (holds),
                                              gmproc_event_get_handle (go_on)));

  party_wait (holds);
  return holder;
}

/* It waits while another one has the lock, and gets it from a dead one, too. */
static void
test_waits (PartyKind kind)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);
  g_autoptr (GmprocEvent) go_on = party_new_signal ();
  Party *victim = start_holder (PARTY_PROCESS, lock, go_on);
  Party *holder;

  party_kill (victim);
  {
    g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = new_locker (lock);

    g_assert_true (gmproc_lock_was_abandoned (lock));
  }

  holder = start_holder (kind, lock, go_on);
  gmproc_event_set (go_on);
  {
    g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = new_locker (lock);

    g_assert_false (gmproc_lock_was_abandoned (lock));
  }
  g_assert_cmpint (party_join (holder), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_waits)

/* A locker keeps its lock. */
static void
test_lock_dropped (void)
{
  GmprocLock *lock = new_lock (FALSE);
  gpointer remembered = lock;
  GmprocLocker *locker = new_locker (lock);

  g_object_add_weak_pointer (G_OBJECT (lock), &remembered);
  g_object_unref (lock);
  g_assert_nonnull (remembered);
  gmproc_locker_free (locker);
  g_assert_null (remembered);
}

static void
test_misused (void)
{
  g_autoptr (GmprocLock) lock = new_lock (FALSE);
  GmprocLocker *locker = new_locker (lock);

  gmproc_locker_free (NULL);
  g_assert_true (gmproc_lock_release (lock, NULL));
  g_test_expect_message ("gmproc", G_LOG_LEVEL_CRITICAL, "*not held by this thread*");
  gmproc_locker_free (locker);
  g_test_assert_expected_messages ();
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  PARTY_ADD ("/locker/scope", test_scope);
  PARTY_ADD ("/locker/recursive", test_recursive);
  PARTY_ADD ("/locker/twice", test_twice);
  PARTY_ADD ("/locker/waits", test_waits);
  gmproc_test_add ("/locker/lock-dropped", test_lock_dropped);
  gmproc_test_add ("/locker/misused", test_misused);
  return g_test_run ();
}
