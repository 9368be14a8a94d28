/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "peer.h"
#include "../support.h"

#include <stdlib.h>

/* handles: the end to watch; where to say that the wait is over */
static int
watch_lifeline (const gintptr *handles, guint n_handles)
{
  g_assert_cmpuint (n_handles, ==, 2);
  gmproc_port_lifeline_wait (handles[0]);
  g_assert_true (gmproc_port_lifeline_is_broken (handles[0]));
  peer_notify (handles[1]);
  return EXIT_SUCCESS;
}

/* handles: for the grandchild to say that its wait is over; for this one to say that it runs.
 * Ends only when it is killed, or when the test is. */
static int
keep_lifeline (const gintptr *handles, guint n_handles)
{
  gintptr keep, give;
  gintptr given[2];

  g_assert_cmpuint (n_handles, ==, 3);
  g_assert_true (gmproc_port_lifeline_new (&keep, &give, NULL));
  given[0] = give;
  given[1] = handles[0];
  (void) peer_start ("watch", given, 2);
  peer_notify (handles[1]);
  peer_wait (handles[2]);
  return EXIT_FAILURE;
}

/* PR-07, GM-06: the grandchild learns that the middle process was killed. */
static void
test_killed_keeper (void)
{
  gintptr over_reader, over_writer, up_reader, up_writer, never_reader, never_writer;
  gintptr given[3];
  GmprocPortChild *middle;

  peer_new_pipe (&over_reader, &over_writer);
  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&never_reader, &never_writer);
  given[0] = over_writer;
  given[1] = up_writer;
  given[2] = never_reader;

  middle = peer_start ("keep", given, 3);
  peer_wait (up_reader);
  gmproc_port_child_signal (middle, GMPROC_PORT_SIGNAL_KILL);
  g_assert_cmpint (peer_join (middle), ==, -9);
  peer_wait (over_reader);

  gmproc_port_handle_close (&over_reader);
  gmproc_port_handle_close (&over_writer);
  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&never_reader);
  gmproc_port_handle_close (&never_writer);
}

static void
test_broken_when_closed (void)
{
  g_autoptr (GError) error = NULL;
  gintptr keep, give, copy;

  g_assert_true (gmproc_port_lifeline_new (&keep, &give, &error));
  g_assert_no_error (error);
  g_assert_true (gmproc_port_handle_duplicate (give, &copy, &error));
  g_assert_false (gmproc_port_lifeline_is_broken (give));
  g_assert_false (gmproc_port_lifeline_is_broken (copy));

  gmproc_port_handle_close (&keep);
  g_assert_true (gmproc_port_lifeline_is_broken (give));
  g_assert_true (gmproc_port_lifeline_is_broken (copy));
  gmproc_port_lifeline_wait (give);

  gmproc_port_handle_close (&give);
  gmproc_port_handle_close (&copy);
}

typedef struct
{
  gintptr keep;
  gintptr give;
} Lifeline;

static gpointer
make_lifeline (gpointer data)
{
  Lifeline *lifeline = data;

  g_assert_true (gmproc_port_lifeline_new (&lifeline->keep, &lifeline->give, NULL));
  return NULL;
}

/* GM-07: what a thread made does not end with the thread. */
static void
test_thread_that_made_it_ends (void)
{
  Lifeline lifeline;

  g_thread_join (g_thread_new ("maker", make_lifeline, &lifeline));
  g_assert_false (gmproc_port_lifeline_is_broken (lifeline.give));
  gmproc_port_handle_close (&lifeline.keep);
  g_assert_true (gmproc_port_lifeline_is_broken (lifeline.give));
  gmproc_port_handle_close (&lifeline.give);
}

/* A child of the keeper's that knows nothing of the lifeline must not hold it open. */
static void
test_other_child_does_not_keep_it (void)
{
  gintptr never_reader, never_writer, keep, give;
  GmprocPortChild *child;

  peer_new_pipe (&never_reader, &never_writer);
  g_assert_true (gmproc_port_lifeline_new (&keep, &give, NULL));
  child = peer_start ("idle", &never_reader, 1);
  gmproc_port_handle_close (&keep);
  gmproc_port_lifeline_wait (give);

  peer_notify (never_writer);
  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  gmproc_port_handle_close (&give);
  gmproc_port_handle_close (&never_reader);
  gmproc_port_handle_close (&never_writer);
}

static int
idle (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  peer_wait (handles[0]);
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = {
    { "watch", watch_lifeline }, { "keep", keep_lifeline }, { "idle", idle }, { NULL, NULL }
  };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/lifeline/closed", test_broken_when_closed);
  gmproc_test_add ("/port/lifeline/killed", test_killed_keeper);
  gmproc_test_add ("/port/lifeline/thread", test_thread_that_made_it_ends);
  gmproc_test_add ("/port/lifeline/other-child", test_other_child_does_not_keep_it);
  return g_test_run ();
}
