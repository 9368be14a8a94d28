/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What holds for every asynchronous call, shown with an event and with processes (GM-16).
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define N_PROCESSES gmproc_test_scale (512)
#define N_CALLS (200)

/* What came of a call. */
typedef struct
{
  gboolean is_over;
  gboolean result;
  GError *error;
} Outcome;

static void
outcome_clear (Outcome *self)
{
  g_clear_error (&self->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static void
on_event (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  g_assert_false (outcome->is_over);
  outcome->result = gmproc_event_wait_finish (GMPROC_EVENT (object), result, &outcome->error);
  outcome->is_over = TRUE;
}

static void
run_until_over (Outcome *outcome)
{
  while (!outcome->is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (outcome->result == (outcome->error == NULL));
}

/* Never from inside the call, even if nothing has to be waited for. */
static void
test_already_set (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_auto (Outcome) outcome = { 0 };

  gmproc_event_set (event);
  gmproc_event_wait_async (event, 0, NULL, on_event, &outcome);
  g_assert_false (outcome.is_over);
  run_until_over (&outcome);
  g_assert_true (outcome.result);
}

GMPROC_DEFINE_TARGET (set_event)
{
  g_autoptr (GmprocEvent) event = party_open_event (args, 0);

  gmproc_event_set (event);
  return EXIT_SUCCESS;
}

/* Many calls for one event, which another thread or process sets while the loop sleeps. */
static void
test_set_by_other (PartyKind kind)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autofree Outcome *outcomes = g_new0 (Outcome, N_CALLS);
  Party *party;

  for (guint i = 0; i < N_CALLS; i++)
    gmproc_event_wait_async (event, PARTY_BOUND, NULL, on_event, &outcomes[i]);
  party = party_start (kind, set_event, g_variant_new ("(h)", gmproc_event_get_handle (event)));
  for (guint i = 0; i < N_CALLS; i++)
    {
      run_until_over (&outcomes[i]);
      g_assert_no_error (outcomes[i].error);
    }
  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_set_by_other)

/* What the call would have seen as a blocking one it sees, however late the loop runs. */
static void
test_pulse (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_auto (Outcome) outcome = { 0 };

  gmproc_event_wait_async (event, PARTY_BOUND, NULL, on_event, &outcome);
  gmproc_event_set (event);
  gmproc_event_clear (event);
  run_until_over (&outcome);
  g_assert_no_error (outcome.error);
}

static void
test_timeout (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_auto (Outcome) outcome = { 0 };
  g_auto (Outcome) bad = { 0 };
  gint64 begin = g_get_monotonic_time ();

  gmproc_event_wait_async (event, PARTY_SHORT, NULL, on_event, &outcome);
  gmproc_event_wait_async (event, -7, NULL, on_event, &bad);
  run_until_over (&outcome);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, PARTY_SHORT);
  run_until_over (&bad);
  g_assert_error (bad.error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static gpointer
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* A cancel ends the call that it belongs to, before and during the wait. */
static void
test_cancel (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) cancelled = { 0 };
  g_auto (Outcome) other = { 0 };
  g_auto (Outcome) late = { 0 };
  GThread *thread;

  gmproc_event_wait_async (event, GMPROC_FOREVER, cancellable, on_event, &cancelled);
  gmproc_event_wait_async (event, GMPROC_FOREVER, NULL, on_event, &other);
  g_main_context_iteration (NULL, FALSE);
  thread = g_thread_new ("cancel", cancel, cancellable);
  run_until_over (&cancelled);
  g_thread_join (thread);
  g_assert_error (cancelled.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (other.is_over);

  gmproc_event_set (event);
  gmproc_event_wait_async (event, GMPROC_FOREVER, cancellable, on_event, &late);
  run_until_over (&late);
  g_assert_error (late.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  run_until_over (&other);
  g_assert_no_error (other.error);
}

/* The call belongs to the context in which it was made. */
static gpointer
wait_in_own_context (gpointer event)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_auto (Outcome) outcome = { 0 };

  g_main_context_push_thread_default (context);
  gmproc_event_wait_async (event, PARTY_BOUND, NULL, on_event, &outcome);
  while (!outcome.is_over)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  g_assert_no_error (outcome.error);
  return NULL;
}

static void
test_other_context (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  GThread *thread = g_thread_new ("context", wait_in_own_context, event);

  gmproc_event_set (event);
  g_thread_join (thread);
}

/* -- processes ----------------------------------------------------------------------------------
 */

static void
on_joined (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_process_join_finish (GMPROC_PROCESS (object), result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (gmproc_process_get_exit_code (GMPROC_PROCESS (object)), ==, 7);
  (*(guint *) user_data)++;
}

GMPROC_DEFINE_TARGET (end_with_all)
{
  g_autoptr (GmprocEvent) may_end = party_open_event (args, 0);

  return gmproc_event_wait (may_end, GMPROC_FOREVER, NULL, NULL) ? 7 : EXIT_FAILURE;
}

/* 512 children at once, all waited for by one thread that runs a main loop. */
static void
test_join_many (void)
{
  g_autoptr (GmprocEvent) may_end = party_new_signal ();
  g_autoptr (GPtrArray) processes = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  guint n_joined = 0;

  for (guint i = 0; i < N_PROCESSES; i++)
    {
      GmprocProcess *process = gmproc_process_new (
          end_with_all, g_variant_new ("(h)", gmproc_event_get_handle (may_end)));

      g_ptr_array_add (processes, process);
      g_assert_true (gmproc_process_start (process, &error));
      g_assert_no_error (error);
      gmproc_process_join_async (process, GMPROC_FOREVER, NULL, on_joined, &n_joined);
    }

  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (n_joined, ==, 0);
  gmproc_event_set (may_end);
  while (n_joined < N_PROCESSES)
    g_main_context_iteration (NULL, TRUE);
}

static void
on_not_joined (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->result = gmproc_process_join_finish (GMPROC_PROCESS (object), result, &outcome->error);
  outcome->is_over = TRUE;
}

static void
test_join_not_started (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (end_with_all, NULL);
  g_auto (Outcome) outcome = { 0 };

  gmproc_process_join_async (process, GMPROC_FOREVER, NULL, on_not_joined, &outcome);
  run_until_over (&outcome);
  g_assert_error (outcome.error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
}

/* The main context and the first GTask open what they keep. */
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

  gmproc_test_add ("/async/already-set", test_already_set);
  PARTY_ADD ("/async/set-by-other", test_set_by_other);
  gmproc_test_add ("/async/pulse", test_pulse);
  gmproc_test_add ("/async/timeout", test_timeout);
  gmproc_test_add ("/async/cancel", test_cancel);
  gmproc_test_add ("/async/other-context", test_other_context);
  gmproc_test_add ("/async/join-many", test_join_many);
  gmproc_test_add ("/async/join-not-started", test_join_not_started);
  return g_test_run ();
}
