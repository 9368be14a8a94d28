/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "peer.h"
#include "../support.h"

#include <stdlib.h>

#define N_ROUNDS gmproc_test_scale (100000)
#define N_WAITERS 8

typedef struct
{
  GmprocPortWordPlace ping;
  GmprocPortWordPlace pong;
} Shared;

typedef struct
{
  gintptr block;
  Shared *shared;
  GmprocPortWord ping;
  GmprocPortWord pong;
} Fixture;

static void
fixture_open (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->shared = peer_new_block (sizeof *fixture->shared, &fixture->block);
  gmproc_port_word_create (&fixture->ping, &fixture->shared->ping, &error);
  g_assert_no_error (error);
  gmproc_port_word_create (&fixture->pong, &fixture->shared->pong, &error);
  g_assert_no_error (error);
}

static void
fixture_close (Fixture *fixture)
{
  gmproc_port_word_detach (&fixture->ping);
  gmproc_port_word_detach (&fixture->pong);
  gmproc_port_memory_unmap ((gpointer *) &fixture->shared, sizeof *fixture->shared);
  gmproc_port_handle_close (&fixture->block);
}

/* The handles for a peer: the block; the words' own ones, or the block where there are none. */
static GmprocPortChild *
start_with_words (Fixture *fixture, const char *mode)
{
  gintptr given[3] = { fixture->block, fixture->ping.handle, fixture->pong.handle };

  for (int i = 1; i < 3; i++)
    if (given[i] == GMPROC_PORT_NO_HANDLE)
      given[i] = fixture->block;
  return peer_start (mode, given, 3);
}

static void
attach_from_handles (const gintptr *handles, GmprocPortWord *ping, GmprocPortWord *pong)
{
  Shared *shared = peer_map (handles[0], sizeof *shared);
  g_autoptr (GError) error = NULL;

  gmproc_port_word_attach (ping, &shared->ping, handles[1], &error);
  g_assert_no_error (error);
  gmproc_port_word_attach (pong, &shared->pong, handles[2], &error);
  g_assert_no_error (error);
}

/* Returns when the count is VALUE; a wake-up that is lost would let the far deadline pass. */
static void
wait_until (GmprocPortWord *word, guint32 value)
{
  guint32 count;

  while ((count = gmproc_port_word_load (word)) != value)
    g_assert_true (gmproc_port_word_wait (word, count, peer_far_deadline ()));
}

static void
test_advance_counts (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  g_assert_cmpuint (gmproc_port_word_load (&fixture.ping), ==, 0);
  gmproc_port_word_advance (&fixture.ping);
  gmproc_port_word_advance (&fixture.ping);
  g_assert_cmpuint (gmproc_port_word_load (&fixture.ping), ==, 2);
  g_assert_cmpuint (gmproc_port_word_load (&fixture.pong), ==, 0);
  fixture_close (&fixture);
}

static void
test_changed_count_does_not_wait (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  gmproc_port_word_advance (&fixture.ping);
  g_assert_true (gmproc_port_word_wait (&fixture.ping, 0, GMPROC_PORT_FOREVER));
  fixture_close (&fixture);
}

/* GM-12 for words */
static void
test_deadline_is_kept (void)
{
  gint64 deadline = g_get_monotonic_time () + 50 * G_TIME_SPAN_MILLISECOND;
  Fixture fixture;

  fixture_open (&fixture);
  while (gmproc_port_word_wait (&fixture.ping, 0, deadline))
    g_assert_cmpint (g_get_monotonic_time (), <, deadline + 60 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline);
  g_assert_false (gmproc_port_word_wait (&fixture.ping, 0, 0));
  g_assert_false (gmproc_port_word_wait (&fixture.ping, 0, G_MININT64));
  g_assert_cmpuint (fixture.shared->ping.waiters, ==, 0);
  fixture_close (&fixture);
}

static gpointer
wait_for_one (gpointer data)
{
  wait_until (data, 1);
  return NULL;
}

/* Until N_EXPECTED sleep, or are about to: the place tells. */
static void
await_waiters (GmprocPortWordPlace *place, guint32 n_expected)
{
  while (__atomic_load_n (&place->waiters, __ATOMIC_SEQ_CST) < n_expected)
    g_thread_yield ();
}

static void
test_advance_wakes_all (void)
{
  GThread *threads[N_WAITERS];
  Fixture fixture;

  fixture_open (&fixture);
  for (int i = 0; i < N_WAITERS; i++)
    threads[i] = g_thread_new ("waiter", wait_for_one, &fixture.ping);
  await_waiters (&fixture.shared->ping, N_WAITERS);
  gmproc_port_word_advance (&fixture.ping);
  for (int i = 0; i < N_WAITERS; i++)
    g_thread_join (threads[i]);
  fixture_close (&fixture);
}

typedef struct
{
  GmprocPortWord *word;
  guint32 *state;
  gint n_asleep; /* atomic: or about to be */
} StateFixture;

static gpointer
wait_for_state (gpointer data)
{
  StateFixture *self = data;

  g_atomic_int_inc (&self->n_asleep);
  while (__atomic_load_n (self->state, __ATOMIC_ACQUIRE) == 7)
    g_assert_true (gmproc_port_word_wait_state (self->word, self->state, 7, peer_far_deadline ()));
  return NULL;
}

static void
test_add_state_wakes_all (void)
{
  GThread *threads[N_WAITERS];
  StateFixture waiters;
  Fixture fixture;
  guint32 state = 7;

  fixture_open (&fixture);
  waiters = (StateFixture){ &fixture.ping, &state, 0 };
  g_assert_true (gmproc_port_word_wait_state (&fixture.ping, &state, 6, GMPROC_PORT_FOREVER));
  g_assert_false (gmproc_port_word_wait_state (&fixture.ping, &state, 7,
                                               g_get_monotonic_time () + G_TIME_SPAN_MILLISECOND));
  for (int i = 0; i < N_WAITERS; i++)
    threads[i] = g_thread_new ("waiter", wait_for_state, &waiters);
  while (g_atomic_int_get (&waiters.n_asleep) < N_WAITERS)
    g_thread_yield ();
  gmproc_port_word_add_state (&fixture.ping, &state, 2);
  for (int i = 0; i < N_WAITERS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (state, ==, 9);
  fixture_close (&fixture);
}

/* handles: as for start_with_words */
static int
answer (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocPortWord ping, pong;

  attach_from_handles (handles, &ping, &pong);
  for (guint32 i = 1; i <= N_ROUNDS; i++)
    {
      wait_until (&ping, i);
      gmproc_port_word_advance (&pong);
    }
  return EXIT_SUCCESS;
}

static void
test_no_wake_up_is_lost (void)
{
  GmprocPortChild *child;
  Fixture fixture;

  fixture_open (&fixture);
  child = start_with_words (&fixture, "answer");
  for (guint32 i = 1; i <= N_ROUNDS; i++)
    {
      gmproc_port_word_advance (&fixture.ping);
      wait_until (&fixture.pong, i);
    }
  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  fixture_close (&fixture);
}

/* handles: as for start_with_words */
static int
wait_for_ever (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocPortWord ping, pong;

  attach_from_handles (handles, &ping, &pong);
  while (gmproc_port_word_load (&ping) == 0)
    (void) gmproc_port_word_wait (&ping, 0, GMPROC_PORT_FOREVER);
  return EXIT_FAILURE;
}

/* GM-02: the others are woken as before, again and again. */
static void
test_killed_waiter (void)
{
  GmprocPortChild *child;
  GThread *thread;
  Fixture fixture;

  fixture_open (&fixture);
  child = start_with_words (&fixture, "wait");
  await_waiters (&fixture.shared->ping, 1);
  gmproc_port_child_signal (child, GMPROC_PORT_SIGNAL_KILL);
  g_assert_cmpint (peer_join (child), ==, -9);

  thread = g_thread_new ("waiter", wait_for_one, &fixture.ping);
  await_waiters (&fixture.shared->ping, 2);
  gmproc_port_word_advance (&fixture.ping);
  g_thread_join (thread);
  gmproc_port_word_advance (&fixture.ping);
  g_assert_cmpuint (gmproc_port_word_load (&fixture.ping), ==, 2);
  fixture_close (&fixture);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "answer", answer }, { "wait", wait_for_ever }, { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/word/advance", test_advance_counts);
  gmproc_test_add ("/port/word/changed", test_changed_count_does_not_wait);
  gmproc_test_add ("/port/word/deadline", test_deadline_is_kept);
  gmproc_test_add ("/port/word/wakes-all", test_advance_wakes_all);
  gmproc_test_add ("/port/word/state-wakes-all", test_add_state_wakes_all);
  gmproc_test_add ("/port/word/ping-pong", test_no_wake_up_is_lost);
  gmproc_test_add ("/port/word/killed-waiter", test_killed_waiter);
  return g_test_run ();
}
