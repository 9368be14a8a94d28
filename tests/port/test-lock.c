/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "peer.h"
#include "../support.h"

#include <stdlib.h>

#define N_INCREMENTS gmproc_test_scale (100000)

/* What the processes of a test share. */
typedef struct
{
  GmprocPortLockPlace place;
  guint64 counter; /* under the lock, and not atomic */
} Shared;

/* A lock with its memory, as one process sees it. */
typedef struct
{
  gintptr block;
  Shared *shared;
  GmprocPortLock lock;
} Fixture;

static void
fixture_open (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->shared = peer_new_block (sizeof *fixture->shared, &fixture->block);
  gmproc_port_lock_create (&fixture->lock, &fixture->shared->place, &error);
  g_assert_no_error (error);
}

static void
fixture_close (Fixture *fixture)
{
  gmproc_port_lock_detach (&fixture->lock);
  gmproc_port_memory_unmap ((gpointer *) &fixture->shared, sizeof *fixture->shared);
  gmproc_port_handle_close (&fixture->block);
}

/* The handles for a peer: the block; the lock's own handle where it has one, and the block again
 * where it has none; then up to two more. */
static GmprocPortChild *
start_with_lock (Fixture *fixture, const char *mode, gintptr first, gintptr second)
{
  gintptr given[4] = { fixture->block, fixture->lock.handle, first, second };

  if (given[1] == GMPROC_PORT_NO_HANDLE)
    given[1] = fixture->block;
  return peer_start (mode, given, first == GMPROC_PORT_NO_HANDLE ? 2 : 4);
}

static Shared *
attach_from_handles (const gintptr *handles, GmprocPortLock *lock)
{
  Shared *shared = peer_map (handles[0], sizeof *shared);
  g_autoptr (GError) error = NULL;

  gmproc_port_lock_attach (lock, &shared->place, handles[1], &error);
  g_assert_no_error (error);
  return shared;
}

static void
test_acquire_and_release (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  for (int i = 0; i < 3; i++)
    {
      g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, 0, NULL), ==,
                       GMPROC_PORT_LOCK_ACQUIRED);
      g_assert_true (gmproc_port_lock_release (&fixture.lock));
    }
  fixture_close (&fixture);
}

/* SY-01: and it can be released as if nothing had happened. */
static void
test_held_is_told (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Fixture fixture;

  fixture_open (&fixture);
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, GMPROC_PORT_FOREVER, NULL), ==,
                   GMPROC_PORT_LOCK_ACQUIRED);
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, GMPROC_PORT_FOREVER, NULL), ==,
                   GMPROC_PORT_LOCK_HELD);
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, 0, NULL), ==, GMPROC_PORT_LOCK_HELD);
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, G_MININT64, NULL), ==,
                   GMPROC_PORT_LOCK_HELD);
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, peer_far_deadline (), cancellable), ==,
                   GMPROC_PORT_LOCK_HELD);
  g_assert_true (gmproc_port_lock_release (&fixture.lock));
  g_assert_false (gmproc_port_lock_release (&fixture.lock));
  fixture_close (&fixture);
}

static gpointer
release_in_thread (gpointer data)
{
  return GINT_TO_POINTER (gmproc_port_lock_release (data));
}

/* SY-02 */
static void
test_only_the_owner_releases (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  g_assert_false (gmproc_port_lock_release (&fixture.lock));
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, 0, NULL), ==,
                   GMPROC_PORT_LOCK_ACQUIRED);
  g_assert_null (g_thread_join (g_thread_new ("other", release_in_thread, &fixture.lock)));
  g_assert_true (gmproc_port_lock_release (&fixture.lock));
  fixture_close (&fixture);
}

typedef struct
{
  GmprocPortLock *lock;
  gint64 deadline;
  GCancellable *cancellable;
} Attempt;

static gpointer
acquire_in_thread (gpointer data)
{
  const Attempt *attempt = data;

  return GINT_TO_POINTER (
      gmproc_port_lock_acquire (attempt->lock, attempt->deadline, attempt->cancellable));
}

/* Another thread's attempt, while this one may own the lock. */
static GmprocPortLockResult
attempt_elsewhere (GmprocPortLock *lock, gint64 deadline, GCancellable *cancellable)
{
  Attempt attempt = { lock, deadline, cancellable };

  return GPOINTER_TO_INT (g_thread_join (g_thread_new ("other", acquire_in_thread, &attempt)));
}

/* GM-12 for locks: the deadline is one of the monotonic clock. */
static void
test_deadline_is_kept (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Fixture fixture;

  fixture_open (&fixture);
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, 0, NULL), ==,
                   GMPROC_PORT_LOCK_ACQUIRED);
  for (int i = 0; i < 2; i++)
    {
      gint64 deadline = g_get_monotonic_time () + 70 * G_TIME_SPAN_MILLISECOND;

      g_assert_cmpint (attempt_elsewhere (&fixture.lock, deadline, i == 0 ? NULL : cancellable), ==,
                       GMPROC_PORT_LOCK_TIMED_OUT);
      g_assert_cmpint (g_get_monotonic_time (), >=, deadline);
    }
  g_assert_cmpint (attempt_elsewhere (&fixture.lock, G_MININT64, NULL), ==,
                   GMPROC_PORT_LOCK_TIMED_OUT);
  g_assert_true (gmproc_port_lock_release (&fixture.lock));
  fixture_close (&fixture);
}

/* GM-16 */
static void
test_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Attempt attempt;
  Fixture fixture;
  GThread *thread;

  fixture_open (&fixture);
  attempt.lock = &fixture.lock;
  attempt.deadline = GMPROC_PORT_FOREVER;
  attempt.cancellable = cancellable;
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, 0, NULL), ==,
                   GMPROC_PORT_LOCK_ACQUIRED);
  thread = g_thread_new ("other", acquire_in_thread, &attempt);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, GMPROC_PORT_LOCK_CANCELLED);

  g_assert_true (gmproc_port_lock_release (&fixture.lock));
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, 0, cancellable), ==,
                   GMPROC_PORT_LOCK_CANCELLED);
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, 0, NULL), ==,
                   GMPROC_PORT_LOCK_ACQUIRED);
  g_assert_true (gmproc_port_lock_release (&fixture.lock));
  fixture_close (&fixture);
}

static void
check_abandoned_once (Fixture *fixture)
{
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture->lock, peer_far_deadline (), NULL), ==,
                   GMPROC_PORT_LOCK_ABANDONED);
  g_assert_true (gmproc_port_lock_release (&fixture->lock));
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture->lock, 0, NULL), ==,
                   GMPROC_PORT_LOCK_ACQUIRED);
  g_assert_true (gmproc_port_lock_release (&fixture->lock));
}

static void
test_thread_ends_as_owner (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  g_assert_cmpint (attempt_elsewhere (&fixture.lock, 0, NULL), ==, GMPROC_PORT_LOCK_ACQUIRED);
  check_abandoned_once (&fixture);
  fixture_close (&fixture);
}

/* handles: as for start_with_lock; where to say that it owns the lock; a pipe without an end */
static int
hold (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocPortLock lock;

  (void) attach_from_handles (handles, &lock);
  g_assert_cmpint (gmproc_port_lock_acquire (&lock, peer_far_deadline (), NULL), ==,
                   GMPROC_PORT_LOCK_ACQUIRED);
  peer_notify (handles[2]);
  peer_wait (handles[3]);
  return EXIT_FAILURE;
}

/* GM-01: the owner is killed; WAITING: while another one waits for the lock. */
static void
check_owner_killed (gboolean waiting)
{
  gintptr up_reader, up_writer, never_reader, never_writer;
  GmprocPortChild *child;
  Fixture fixture;
  Attempt attempt;
  GThread *thread = NULL;

  fixture_open (&fixture);
  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&never_reader, &never_writer);
  child = start_with_lock (&fixture, "hold", up_writer, never_reader);
  peer_wait (up_reader);
  g_assert_cmpint (gmproc_port_lock_acquire (&fixture.lock, 0, NULL), ==,
                   GMPROC_PORT_LOCK_TIMED_OUT);

  attempt.lock = &fixture.lock;
  attempt.deadline = GMPROC_PORT_FOREVER;
  attempt.cancellable = NULL;
  if (waiting)
    thread = g_thread_new ("waiter", acquire_in_thread, &attempt);
  gmproc_port_child_signal (child, GMPROC_PORT_SIGNAL_KILL);
  g_assert_cmpint (peer_join (child), ==, -9);
  /* The waiter ends as the owner in its turn, so there is something to find in both cases. */
  if (waiting)
    g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, GMPROC_PORT_LOCK_ABANDONED);
  check_abandoned_once (&fixture);

  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&never_reader);
  gmproc_port_handle_close (&never_writer);
  fixture_close (&fixture);
}

static void
test_process_killed_as_owner (void)
{
  check_owner_killed (FALSE);
}

static void
test_process_killed_while_another_waits (void)
{
  check_owner_killed (TRUE);
}

/* handles: as for start_with_lock */
static int
count (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocPortLock lock;
  Shared *shared = attach_from_handles (handles, &lock);

  for (guint i = 0; i < N_INCREMENTS; i++)
    {
      g_assert_cmpint (gmproc_port_lock_acquire (&lock, peer_far_deadline (), NULL), ==,
                       GMPROC_PORT_LOCK_ACQUIRED);
      shared->counter++;
      g_assert_true (gmproc_port_lock_release (&lock));
    }
  gmproc_port_lock_detach (&lock);
  return EXIT_SUCCESS;
}

static void
test_two_processes_count (void)
{
  GmprocPortChild *first, *second;
  Fixture fixture;

  fixture_open (&fixture);
  first = start_with_lock (&fixture, "count", GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE);
  second = start_with_lock (&fixture, "count", GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE);
  g_assert_cmpint (peer_join (first), ==, EXIT_SUCCESS);
  g_assert_cmpint (peer_join (second), ==, EXIT_SUCCESS);
  g_assert_cmpuint (fixture.shared->counter, ==, 2 * N_INCREMENTS);
  fixture_close (&fixture);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "hold", hold }, { "count", count }, { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/lock/acquire", test_acquire_and_release);
  gmproc_test_add ("/port/lock/held", test_held_is_told);
  gmproc_test_add ("/port/lock/not-owner", test_only_the_owner_releases);
  gmproc_test_add ("/port/lock/deadline", test_deadline_is_kept);
  gmproc_test_add ("/port/lock/cancel", test_cancel);
  gmproc_test_add ("/port/lock/thread-ends", test_thread_ends_as_owner);
  gmproc_test_add ("/port/lock/killed", test_process_killed_as_owner);
  gmproc_test_add ("/port/lock/killed-waiting", test_process_killed_while_another_waits);
  gmproc_test_add ("/port/lock/count", test_two_processes_count);
  return g_test_run ();
}
