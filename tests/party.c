/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "party.h"

#include "port/death.h"

#include <stdlib.h>

struct Party
{
  GmprocProcess *process; /* or, when NULL, a thread */
  GThread *thread;
  GmprocTarget target;
  GVariant *args;
  GMutex mutex;
  GCond ended;
  gboolean has_ended; /* under the mutex */
};

GMPROC_DEFINE_TARGET (party_nothing)
{
  return EXIT_SUCCESS;
}

static gpointer
run_thread (gpointer data)
{
  Party *party = data;
  int exit_status = party->target (party->args);

  g_mutex_lock (&party->mutex);
  party->has_ended = TRUE;
  g_cond_signal (&party->ended);
  g_mutex_unlock (&party->mutex);
  return GINT_TO_POINTER (exit_status);
}

Party *
party_start (PartyKind kind, GmprocTarget target, GVariant *args)
{
  Party *party = g_new0 (Party, 1);
  g_autoptr (GError) error = NULL;

  party->target = target;
  party->args = g_variant_ref_sink (args);
  g_mutex_init (&party->mutex);
  g_cond_init (&party->ended);
  if (kind == PARTY_THREAD)
    {
      party->thread = g_thread_new ("party", run_thread, party);
      return party;
    }

  party->process = gmproc_process_new (target, party->args);
  gmproc_process_start (party->process, &error);
  g_assert_no_error (error);
  return party;
}

static int
join_thread (Party *party)
{
  gint64 deadline = g_get_monotonic_time () + PARTY_BOUND;

  g_mutex_lock (&party->mutex);
  while (!party->has_ended)
    if (!g_cond_wait_until (&party->ended, &party->mutex, deadline))
      break;
  g_assert_true (party->has_ended);
  g_mutex_unlock (&party->mutex);
  return GPOINTER_TO_INT (g_thread_join (party->thread));
}

static int
join_process (Party *party)
{
  g_autoptr (GError) error = NULL;

  gmproc_process_join (party->process, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  return gmproc_process_get_exit_code (party->process);
}

int
party_join (Party *party)
{
  int exit_status = party->process != NULL ? join_process (party) : join_thread (party);

  g_clear_object (&party->process);
  g_variant_unref (party->args);
  g_mutex_clear (&party->mutex);
  g_cond_clear (&party->ended);
  g_free (party);
  return exit_status;
}

void
party_kill (Party *party)
{
  g_autoptr (GError) error = NULL;

  gmproc_process_kill (party->process, &error);
  g_assert_no_error (error);
  g_assert_cmpint (party_join (party), ==, -9);
}

gint64
party_get_pid (Party *party)
{
  return gmproc_process_get_pid (party->process);
}

gboolean
party_stop (Party *party)
{
  return gmproc_test_stop (gmproc_process_get_pid (party->process));
}

void
party_continue (Party *party)
{
  gmproc_test_continue (gmproc_process_get_pid (party->process));
}

void
party_warm_up (void)
{
  Party *party = party_start (PARTY_PROCESS, party_nothing, g_variant_new ("()"));

  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}

void
party_pause (gint64 microseconds)
{
  gint64 deadline = g_get_monotonic_time () + microseconds;
  GMutex mutex;
  GCond never;

  g_mutex_init (&mutex);
  g_cond_init (&never);
  g_mutex_lock (&mutex);
  while (g_cond_wait_until (&never, &mutex, deadline))
    ;
  g_mutex_unlock (&mutex);
  g_mutex_clear (&mutex);
  g_cond_clear (&never);
}

#define DEFINE_OPEN(Type, type)                            \
  Type *party_open_##type (GVariant *args, gsize index)    \
  {                                                        \
    g_autoptr (GError) error = NULL;                       \
    gint32 handle;                                         \
    Type *object;                                          \
                                                           \
    g_variant_get_child (args, index, "h", &handle);       \
    object = gmproc_##type##_from_handle (handle, &error); \
    g_assert_no_error (error);                             \
    return object;                                         \
  }

DEFINE_OPEN (GmprocEvent, event)
DEFINE_OPEN (GmprocLock, lock)
DEFINE_OPEN (GmprocQueue, queue)
DEFINE_OPEN (GmprocBarrier, barrier)
DEFINE_OPEN (GmprocConnection, connection)

GmprocEvent *
party_new_signal (void)
{
  g_autoptr (GError) error = NULL;
  GmprocEvent *signal_event = gmproc_event_new (&error);

  g_assert_no_error (error);
  return signal_event;
}

void
party_wait (GmprocEvent *signal_event)
{
  g_autoptr (GError) error = NULL;

  gmproc_event_wait (signal_event, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

GmprocLock *
party_new_lock (void)
{
  g_autoptr (GError) error = NULL;
  GmprocLock *lock = gmproc_lock_new (&error);

  g_assert_no_error (error);
  return lock;
}

void
party_acquire (GmprocLock *lock)
{
  g_autoptr (GError) error = NULL;

  gmproc_lock_acquire (lock, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

void
party_release (GmprocLock *lock)
{
  g_autoptr (GError) error = NULL;

  gmproc_lock_release (lock, &error);
  g_assert_no_error (error);
}
