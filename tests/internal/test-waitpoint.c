/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A state beside a guard and a waitpoint, as every synchronization object has it: no change is
 * missed by a sleeper, and no death at any step leaves a sleeper behind.
 */
#include "config.h"

#include "internal/waitpoint.h"

#include <stdlib.h>

#include "../port/peer.h"
#include "../support.h"
#include "internal/guard.h"

#define N_ROUNDS 2000
#define SHORT (20 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  GmprocPortLockPlace lock;
  GmprocWaitpointPlace waitpoint;
  guint64 state;
} Shared;

typedef struct
{
  gintptr block;
  Shared *shared;
  GmprocPortLock lock;
  GmprocWaitpoint waitpoint;
} Fixture;

static void
fixture_open (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  self->shared = peer_new_block (sizeof *self->shared, &self->block);
  gmproc_port_lock_create (&self->lock, &self->shared->lock, &error);
  g_assert_no_error (error);
  gmproc_waitpoint_create (&self->waitpoint, &self->shared->waitpoint, &error);
  g_assert_no_error (error);
}

static void
fixture_close (Fixture *self)
{
  gmproc_waitpoint_detach (&self->waitpoint);
  gmproc_port_lock_detach (&self->lock);
  gmproc_port_memory_unmap ((gpointer *) &self->shared, sizeof *self->shared);
  gmproc_port_handle_close (&self->block);
}

/* The handles as start_peer gives them. */
static void
fixture_attach (Fixture *self, const gintptr *handles)
{
  g_autoptr (GError) error = NULL;

  self->block = handles[0];
  self->shared = peer_map (handles[0], sizeof *self->shared);
  gmproc_port_lock_attach (&self->lock, &self->shared->lock, handles[1], &error);
  g_assert_no_error (error);
  gmproc_waitpoint_attach (&self->waitpoint, &self->shared->waitpoint, handles[2], &error);
  g_assert_no_error (error);
}

/* Where the system has no object behind a lock or a word, the block stands in for it. */
static GmprocPortChild *
start_peer (Fixture *self, const char *mode, gintptr extra)
{
  gintptr handles[] = { self->block, self->lock.handle, self->waitpoint.word.handle, extra };

  for (guint i = 0; i < G_N_ELEMENTS (handles); i++)
    if (handles[i] == GMPROC_PORT_NO_HANDLE)
      handles[i] = self->block;
  return peer_start (mode, handles, G_N_ELEMENTS (handles));
}

static void
enter (Fixture *self)
{
  gmproc_guard_enter_always (&self->lock);
}

static void
change (Fixture *self, guint64 state)
{
  gmproc_waitpoint_wake (&self->waitpoint);
  __atomic_store_n (&self->shared->state, state, __ATOMIC_RELEASE);
}

/* Until the state is STATE or more; gives the state. */
static guint64
wait_for (Fixture *self, guint64 state)
{
  gint64 deadline = peer_far_deadline ();

  while (TRUE)
    {
      g_autoptr (GError) error = NULL;
      guint64 found;
      guint32 prepared;

      enter (self);
      found = self->shared->state;
      prepared = found < state ? gmproc_waitpoint_prepare (&self->waitpoint) : 0;
      gmproc_guard_leave (&self->lock);
      if (found >= state)
        return found;
      gmproc_waitpoint_sleep (&self->waitpoint, prepared, deadline, NULL, &error);
      g_assert_no_error (error);
    }
}

/* Makes each odd state even. */
static void
run_odd (Fixture *fixture)
{
  for (guint64 i = 1; i < 2 * N_ROUNDS; i += 2)
    {
      g_assert_cmpuint (wait_for (fixture, i), ==, i);
      enter (fixture);
      change (fixture, i + 1);
      gmproc_guard_leave (&fixture->lock);
    }
}

static int
odd_main (const gintptr *handles, G_GNUC_UNUSED guint n_handles)
{
  Fixture fixture;

  fixture_attach (&fixture, handles);
  run_odd (&fixture);
  return EXIT_SUCCESS;
}

static gpointer
odd_thread (gpointer fixture)
{
  run_odd (fixture);
  return NULL;
}

static void
run_even (Fixture *fixture)
{
  for (guint64 i = 0; i < 2 * N_ROUNDS; i += 2)
    {
      g_assert_cmpuint (wait_for (fixture, i), ==, i);
      enter (fixture);
      change (fixture, i + 1);
      gmproc_guard_leave (&fixture->lock);
    }
  g_assert_cmpuint (wait_for (fixture, 2 * N_ROUNDS), ==, 2 * N_ROUNDS);
}

static void
test_turns_with_process (void)
{
  GmprocPortChild *peer;
  Fixture fixture;

  fixture_open (&fixture);
  peer = start_peer (&fixture, "odd", GMPROC_PORT_NO_HANDLE);
  run_even (&fixture);
  g_assert_cmpint (peer_join (peer), ==, EXIT_SUCCESS);
  fixture_close (&fixture);
}

static void
test_turns_with_thread (void)
{
  GThread *thread;
  Fixture fixture;

  fixture_open (&fixture);
  thread = g_thread_new ("odd", odd_thread, &fixture);
  run_even (&fixture);
  g_thread_join (thread);
  fixture_close (&fixture);
}

static void
test_nobody_asleep (void)
{
  Fixture fixture;
  guint32 before;

  fixture_open (&fixture);
  before = gmproc_port_word_load (&fixture.waitpoint.word);
  enter (&fixture);
  gmproc_waitpoint_wake (&fixture.waitpoint);
  g_assert_cmpuint (gmproc_port_word_load (&fixture.waitpoint.word), ==, before);
  g_assert_cmpuint (gmproc_waitpoint_prepare (&fixture.waitpoint), ==, before);
  gmproc_waitpoint_wake (&fixture.waitpoint);
  g_assert_cmpuint (gmproc_port_word_load (&fixture.waitpoint.word), !=, before);
  before = gmproc_port_word_load (&fixture.waitpoint.word);
  gmproc_waitpoint_wake (&fixture.waitpoint);
  g_assert_cmpuint (gmproc_port_word_load (&fixture.waitpoint.word), ==, before);
  gmproc_guard_leave (&fixture.lock);
  fixture_close (&fixture);
}

static void
test_timeout (void)
{
  g_autoptr (GError) error = NULL;
  Fixture fixture;
  guint32 prepared;
  gint64 deadline;

  fixture_open (&fixture);
  enter (&fixture);
  prepared = gmproc_waitpoint_prepare (&fixture.waitpoint);
  gmproc_guard_leave (&fixture.lock);
  g_assert_false (gmproc_waitpoint_sleep (&fixture.waitpoint, prepared, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  deadline = g_get_monotonic_time () + SHORT;
  g_assert_false (gmproc_waitpoint_sleep (&fixture.waitpoint, prepared, deadline, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline);
  fixture_close (&fixture);
}

static gpointer
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancel (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  for (guint i = 0; i < 500; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      GThread *thread = g_thread_new ("cancel", cancel, cancellable);
      guint32 prepared;

      enter (&fixture);
      prepared = gmproc_waitpoint_prepare (&fixture.waitpoint);
      gmproc_guard_leave (&fixture.lock);
      g_assert_false (gmproc_waitpoint_sleep (&fixture.waitpoint, prepared, GMPROC_PORT_FOREVER,
                                              cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);
    }
  fixture_close (&fixture);
}

/* -- deaths ------------------------------------------------------------------------------------ */

/* Says that it is where it shall be killed. */
G_NORETURN static void
stay (const gintptr *handles)
{
  peer_notify (handles[3]);
  while (TRUE)
    g_main_context_iteration (NULL, TRUE);
}

static int
die_before_commit_main (const gintptr *handles, G_GNUC_UNUSED guint n_handles)
{
  Fixture fixture;

  fixture_attach (&fixture, handles);
  enter (&fixture);
  gmproc_waitpoint_wake (&fixture.waitpoint);
  stay (handles);
}

static int
die_after_commit_main (const gintptr *handles, G_GNUC_UNUSED guint n_handles)
{
  Fixture fixture;

  fixture_attach (&fixture, handles);
  enter (&fixture);
  change (&fixture, 1);
  stay (handles);
}

static int
die_prepared_main (const gintptr *handles, G_GNUC_UNUSED guint n_handles)
{
  Fixture fixture;

  fixture_attach (&fixture, handles);
  enter (&fixture);
  (void) gmproc_waitpoint_prepare (&fixture.waitpoint);
  stay (handles);
}

static gpointer
wait_thread (gpointer fixture)
{
  g_assert_cmpuint (wait_for (fixture, 1), ==, 1);
  return NULL;
}

/* A thread sleeps, or is about to, when a process dies inside the guard in MODE. COMES says whether
 * the change was made by then; else it is made later, by a survivor. */
static void
check_death (const char *mode, gboolean comes)
{
  for (guint i = 0; i < 10; i++)
    {
      gintptr reader, writer;
      GmprocPortChild *peer;
      GThread *thread;
      Fixture fixture;

      fixture_open (&fixture);
      peer_new_pipe (&reader, &writer);
      thread = g_thread_new ("wait", wait_thread, &fixture);
      peer = start_peer (&fixture, mode, writer);
      gmproc_port_handle_close (&writer);
      peer_wait (reader);
      gmproc_port_child_signal (peer, GMPROC_PORT_SIGNAL_KILL);
      g_assert_cmpint (peer_join (peer), ==, -9);
      if (!comes)
        {
          enter (&fixture);
          g_assert_cmpuint (fixture.shared->state, ==, 0);
          change (&fixture, 1);
          gmproc_guard_leave (&fixture.lock);
        }
      g_thread_join (thread);
      gmproc_port_handle_close (&reader);
      fixture_close (&fixture);
    }
}

static void
test_death_before_commit (void)
{
  check_death ("die-before-commit", FALSE);
}

static void
test_death_after_commit (void)
{
  check_death ("die-after-commit", TRUE);
}

static void
test_death_prepared (void)
{
  check_death ("die-prepared", FALSE);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "odd", odd_main },
                                { "die-before-commit", die_before_commit_main },
                                { "die-after-commit", die_after_commit_main },
                                { "die-prepared", die_prepared_main },
                                { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);

  gmproc_test_add ("/waitpoint/turns-with-process", test_turns_with_process);
  gmproc_test_add ("/waitpoint/turns-with-thread", test_turns_with_thread);
  gmproc_test_add ("/waitpoint/nobody-asleep", test_nobody_asleep);
  gmproc_test_add ("/waitpoint/timeout", test_timeout);
  gmproc_test_add ("/waitpoint/cancel", test_cancel);
  gmproc_test_add ("/waitpoint/death-before-commit", test_death_before_commit);
  gmproc_test_add ("/waitpoint/death-after-commit", test_death_after_commit);
  gmproc_test_add ("/waitpoint/death-prepared", test_death_prepared);
  return g_test_run ();
}
