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

/* handles: for the grandchild to say that its wait is over; for this one to say that it runs; what
 * never becomes ready before it is killed. Another grandchild, which knows nothing of the lifeline
 * and lives on, must not hold it open. */
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
  (void) peer_start ("idle", &handles[2], 1);
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
  peer_notify (never_writer); /* to the grandchild that is idle */

  gmproc_port_handle_close (&over_reader);
  gmproc_port_handle_close (&over_writer);
  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&never_reader);
  gmproc_port_handle_close (&never_writer);
}

static void
test_whole_while_the_process_lives (void)
{
  g_autoptr (GError) error = NULL;
  gintptr keep, give, copy;

  g_assert_true (gmproc_port_lifeline_new (&keep, &give, &error));
  g_assert_no_error (error);
  g_assert_true (gmproc_port_handle_duplicate (give, &copy, &error));
  g_assert_false (gmproc_port_lifeline_is_broken (give));
  g_assert_false (gmproc_port_lifeline_is_broken (copy));

  gmproc_port_handle_close (&give);
  g_assert_false (gmproc_port_lifeline_is_broken (copy));

  gmproc_port_handle_close (&copy);
  gmproc_port_handle_close (&keep);
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
  gmproc_port_handle_close (&lifeline.give);
  gmproc_port_handle_close (&lifeline.keep);
}

static gboolean
set_over (GCancellable *none G_GNUC_UNUSED, gpointer is_over)
{
  *(gboolean *) is_over = TRUE;
  return G_SOURCE_CONTINUE;
}

static gpointer
look_once (gpointer context)
{
  g_main_context_iteration (context, FALSE);
  return NULL;
}

/* A loop may go on in another thread: the end of the one that looked is not the lifeline's. */
static void
test_thread_that_looked_ends (void)
{
  GMainContext *context = g_main_context_new ();
  gboolean is_over = FALSE;
  gintptr keep, give;
  GSource *source, *lifeline;

  g_assert_true (gmproc_port_lifeline_new (&keep, &give, NULL));
  lifeline = gmproc_port_lifeline_create_source (give);
  g_source_set_dummy_callback (lifeline);
  source = g_cancellable_source_new (NULL); /* ready with its child only */
  g_source_add_child_source (source, lifeline);
  g_source_unref (lifeline);
  g_source_set_callback (source, G_SOURCE_FUNC (set_over), &is_over, NULL);
  g_source_attach (source, context);
  g_thread_join (g_thread_new ("looker", look_once, context));
  for (guint i = 0; i < 3; i++)
    g_main_context_iteration (context, FALSE);
  g_assert_false (is_over);

  g_source_destroy (source);
  g_source_unref (source);
  g_main_context_unref (context);
  gmproc_port_handle_close (&give);
  gmproc_port_handle_close (&keep);
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
  gmproc_test_add ("/port/lifeline/whole-while-the-process-lives",
                   test_whole_while_the_process_lives);
  gmproc_test_add ("/port/lifeline/killed", test_killed_keeper);
  gmproc_test_add ("/port/lifeline/thread", test_thread_that_made_it_ends);
  gmproc_test_add ("/port/lifeline/thread-that-looked", test_thread_that_looked_ends);
  return g_test_run ();
}
