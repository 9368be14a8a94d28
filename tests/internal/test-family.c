/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The pages of the family: those of processes that are gone are used again, also when they were
 * parties of a barrier, and those of the living are not.
 */
#include "config.h"

#include "internal/family.h"

#include <gmproc.h>
#include <stdlib.h>
#include <string.h>

#include "../party.h"
#include "../support.h"

#define N_ROUNDS 150
#define MOST_PAGES 100                         /* a sweep comes with every 64 pages */
#define YOUNG (5500 * G_TIME_SPAN_MILLISECOND) /* and somewhat more than family.c says */

static void
count_page (G_GNUC_UNUSED const GmprocFamilyMember *member, G_GNUC_UNUSED const GmprocNote *notes,
            gpointer user_data)
{
  *(guint *) user_data += 1;
}

static guint
count_pages (void)
{
  guint n = 0;

  gmproc_family_visit (count_page, &n);
  return n;
}

static GmprocBarrier *
new_barrier (void)
{
  g_autoptr (GError) error = NULL;
  GmprocBarrier *barrier = gmproc_barrier_new (2, &error);

  g_assert_no_error (error);
  return barrier;
}

/* It takes that many processes for pages to be looked for. */
static gboolean
may_take_long (void)
{
  if (gmproc_test_scale (100) == 100)
    return TRUE;
  g_test_skip ("hundreds of processes take too long where everything does (GMPROC_TEST_SCALE)");
  return FALSE;
}

typedef enum
{
  END_KILL,
  END_TERMINATE,
  END_EXIT
} End;

/* (barrier, ready, go): is a party until it is ended, or ends without dropping the barrier. */
GMPROC_DEFINE_TARGET (be_party)
{
  GmprocBarrier *barrier G_GNUC_UNUSED = party_open_barrier (args, 0);
  GmprocEvent *ready = party_open_event (args, 1);
  GmprocEvent *go = party_open_event (args, 2);

  gmproc_event_set (ready);
  party_wait (go);
  exit (EXIT_SUCCESS);
}

static void
run_party (GmprocBarrier *barrier, End end)
{
  g_autoptr (GmprocEvent) ready = party_new_signal ();
  g_autoptr (GmprocEvent) go = party_new_signal ();
  g_autoptr (GmprocProcess) process = gmproc_process_new (
      be_party, g_variant_new ("(hhh)", gmproc_barrier_get_handle (barrier),
                               gmproc_event_get_handle (ready), gmproc_event_get_handle (go)));
  g_autoptr (GError) error = NULL;

  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  party_wait (ready);
  if (end == END_KILL)
    gmproc_process_kill (process, &error);
  else if (end == END_TERMINATE)
    gmproc_process_terminate (process, &error);
  else
    gmproc_event_set (go);
  g_assert_no_error (error);
  gmproc_process_join (process, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_true ((gmproc_process_get_exit_code (process) == EXIT_SUCCESS) == (end == END_EXIT));
}

/* Every round has a barrier of its own, which nobody resets. */
static void
run_rounds (guint n, End end)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GmprocBarrier) barrier = new_barrier ();

      run_party (barrier, end);
    }
}

/* GM-14: pages of killed parties are used again when nobody has the barrier any more; GM-02: and
 * not before, since they are still to be missed there. */
static void
check_dead_parties (End end)
{
  g_autoptr (GmprocBarrier) kept = new_barrier ();
  g_autoptr (GError) error = NULL;

  run_party (kept, end);
  run_rounds (N_ROUNDS, end);
  party_pause (YOUNG);
  run_rounds (N_ROUNDS / 2, end);
  g_assert_cmpuint (count_pages (), <=, MOST_PAGES + N_ROUNDS / 2);
  g_assert_cmpint (gmproc_barrier_wait (kept, PARTY_BOUND, NULL, &error), ==, -1);
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN);
  g_assert_nonnull (strstr (error->message, "has died"));
}

static void
test_killed_parties (void)
{
  if (may_take_long ())
    check_dead_parties (END_KILL);
}

static void
test_terminated_parties (void)
{
  if (may_take_long ())
    check_dead_parties (END_TERMINATE);
}

/* GM-14: and so are those of parties that ended by exit() and dropped nothing. Nobody misses them,
 * so that takes no time. */
static void
test_left_parties (void)
{
  if (!may_take_long ())
    return;
  for (guint i = 0; i < 2 * N_ROUNDS; i++)
    {
      GmprocBarrier *barrier = new_barrier ();
      g_autoptr (GmprocEvent) ready = party_new_signal ();
      g_autoptr (GmprocEvent) go = party_new_signal ();
      Party *party = party_start (PARTY_PROCESS, be_party,
                                  g_variant_new ("(hhh)", gmproc_barrier_get_handle (barrier),
                                                 gmproc_event_get_handle (ready),
                                                 gmproc_event_get_handle (go)));

      party_wait (ready);
      g_object_unref (barrier);
      gmproc_event_set (go);
      g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
    }
  g_assert_cmpuint (count_pages (), <=, MOST_PAGES);
}

typedef struct
{
  gint64 pid;
  GmprocPortPresencePlace *presence;
} Search;

static void
find_process (const GmprocFamilyMember *member, G_GNUC_UNUSED const GmprocNote *notes,
              gpointer user_data)
{
  Search *search = user_data;

  if (member->pid == search->pid)
    search->presence = member->presence;
}

/* This process needs so many pages more that somebody looks for those of the dead. */
static void
make_sweep (GPtrArray *notes)
{
  for (guint i = 0; i < 2 * 64 * GMPROC_FAMILY_NOTES; i++)
    g_ptr_array_add (notes, gmproc_family_new_note ());
}

static void
drop_note (gpointer note)
{
  gmproc_family_drop_note (note);
}

/* A page that is claimed, and says nothing of the claimer yet but what an earlier process has left
 * there, stays with the claimer as long as it lives. */
static void
test_claimed (void)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (drop_note);
  g_autoptr (GmprocBarrier) barrier = new_barrier ();
  g_autoptr (GmprocEvent) ready = party_new_signal ();
  g_autoptr (GmprocEvent) go = party_new_signal ();
  Party *party =
      party_start (PARTY_PROCESS, be_party,
                   g_variant_new ("(hhh)", gmproc_barrier_get_handle (barrier),
                                  gmproc_event_get_handle (ready), gmproc_event_get_handle (go)));
  Search search = { .pid = party_get_pid (party) };

  party_wait (ready);
  gmproc_family_visit (find_process, &search);
  g_assert_nonnull (search.presence);
  search.presence->birth = 1; /* as of a process that was long ago */
  search.presence->has_ended = 1;
  search.presence->pid = -search.pid;
  make_sweep (notes);
  g_assert_cmpint (search.presence->pid, ==, -search.pid);

  party_kill (party);
  make_sweep (notes);
  g_assert_cmpint (search.presence->pid, !=, -search.pid);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/family/left-parties", test_left_parties);
  gmproc_test_add ("/family/killed-parties", test_killed_parties);
  gmproc_test_add ("/family/terminated-parties", test_terminated_parties);
  gmproc_test_add ("/family/claimed", test_claimed);
  return g_test_run ();
}
