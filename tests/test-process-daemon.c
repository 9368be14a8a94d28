/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Families: what a process knows of its parent, and what becomes of the children when it ends. The
 * parent that ends is a process in the middle, between this program and the children.
 *
 * That a process is gone is seen by a pipe that it holds open: the end of the stream comes when the
 * last holder is gone.
 */
#include <gmproc.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "port/death.h"
#include "support.h"

#define SOON (1 * G_TIME_SPAN_SECOND)
#define SHORT (100 * G_TIME_SPAN_MILLISECOND)

/* The ends that a family needs: one to hear from everybody, one to hear from the ordinary child,
 * one to speak to it. What the children hold is kept until they have it. */
typedef struct
{
  GmprocConnection *from_all;
  GmprocConnection *from_ordinary;
  GmprocConnection *to_ordinary;
  GmprocProcess *middle;
} Family;

static void
family_start (Family *self, GmprocTarget target)
{
  g_autoptr (GmprocConnection) all = NULL;
  g_autoptr (GmprocConnection) ordinary = NULL;
  g_autoptr (GmprocConnection) orders = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &self->from_all, &all, NULL));
  g_assert_true (gmproc_pipe_new (FALSE, &self->from_ordinary, &ordinary, NULL));
  g_assert_true (gmproc_pipe_new (FALSE, &orders, &self->to_ordinary, NULL));
  self->middle =
      gmproc_process_new (target, g_variant_new ("(hhh)", gmproc_connection_get_handle (all),
                                                 gmproc_connection_get_handle (ordinary),
                                                 gmproc_connection_get_handle (orders)));
  start (self->middle);
}

static void
family_clear (Family *self)
{
  g_object_unref (self->from_all);
  g_object_unref (self->from_ordinary);
  g_object_unref (self->to_ordinary);
  g_object_unref (self->middle);
}

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

static G_NORETURN void
wait_for_ever (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_main_loop_run (loop);
  g_assert_not_reached ();
}

/* -- children ---------------------------------------------------------------------------------- */

/* (out, word): says the word and stays, holding the end. */
GMPROC_DEFINE_TARGET (stay)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  const char *word;

  g_variant_get_child (args, 1, "&s", &word);
  say (out, word);
  wait_for_ever ();
}

static void
start_staying (GmprocTarget target, GmprocConnection *out, const char *word, gboolean daemon)
{
  g_autoptr (GmprocProcess) process =
      gmproc_process_new (target, g_variant_new ("(hs)", gmproc_connection_get_handle (out), word));

  gmproc_process_set_daemon (process, daemon);
  start (process);
}

/* (out, word): a daemon that has a daemon. */
GMPROC_DEFINE_TARGET (stay_with_daemon)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);

  g_assert_true (gmproc_process_get_daemon (gmproc_process_get_current ()));
  start_staying (stay, out, "grandchild", TRUE);
  wait_for_ever ();
}

/* (out, in): answers each word with the same, until the words end. */
GMPROC_DEFINE_TARGET (answer)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  g_autoptr (GmprocConnection) in = open_handle (args, 1);
  g_autoptr (GVariant) word = NULL;

  say (out, "ordinary");
  while ((word = gmproc_connection_receive (in, GMPROC_FOREVER, NULL, NULL)) != NULL)
    {
      say (out, g_variant_get_string (word, NULL));
      g_clear_pointer (&word, g_variant_unref);
    }
  return EXIT_SUCCESS;
}

/* Takes over both ends, as a process does that hands them on. */
static void
start_answering (GVariant *args)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 1);
  g_autoptr (GmprocConnection) in = open_handle (args, 2);
  g_autoptr (GmprocProcess) process =
      gmproc_process_new (answer, g_variant_new ("(hh)", gmproc_connection_get_handle (out),
                                                 gmproc_connection_get_handle (in)));

  g_assert_false (gmproc_process_get_daemon (process));
  start (process);
}

/* -- the parent is killed ---------------------------------------------------------------------- */

static gpointer
start_daemon (gpointer out)
{
  start_staying (stay_with_daemon, out, "", TRUE);
  return NULL;
}

GMPROC_DEFINE_TARGET (be_killed)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);

  g_thread_join (g_thread_new ("starter", start_daemon, out));
  start_answering (args);
  wait_for_ever ();
}

/* GM-06, GM-07: the daemon and its daemon go, although the thread that started the first one was
 * long gone before; the ordinary child stays. */
static void
test_parent_killed (void)
{
  Family family;

  family_start (&family, be_killed);
  hear (family.from_all, "grandchild");
  hear (family.from_ordinary, "ordinary");

  g_assert_true (gmproc_process_kill (family.middle, NULL));
  hear_end (family.from_all, SOON);
  join (family.middle, -9);
  say (family.to_ordinary, "still here");
  hear (family.from_ordinary, "still here");

  gmproc_connection_close (family.to_ordinary);
  hear_end (family.from_ordinary, BOUND);
  family_clear (&family);
}

/* Starts a daemon and is gone, by no way that runs anything, before the daemon can be up. */
GMPROC_DEFINE_TARGET (start_and_vanish)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);

  start_staying (stay, out, "", TRUE);
  gmproc_test_kill_self ();
}

/* GM-06: the parent dies first. */
static void
test_parent_killed_early (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) word = NULL;
  Family family;

  family_start (&family, start_and_vanish);
  join (family.middle, -9);

  /* The daemon may still get to its word, but no further. */
  word = gmproc_connection_receive (family.from_all, SOON, NULL, &error);
  if (word != NULL)
    hear_end (family.from_all, SOON);
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  family_clear (&family);
}

/* -- the parent returns ------------------------------------------------------------------------ */

GMPROC_DEFINE_TARGET (return_with_ordinary)
{
  start_answering (args);
  return 7;
}

/* The exit rule: the parent is not gone before its ordinary child is. */
static void
test_ordinary_is_joined (void)
{
  g_autoptr (GError) error = NULL;
  Family family;

  family_start (&family, return_with_ordinary);
  hear (family.from_ordinary, "ordinary");
  g_assert_false (gmproc_process_join (family.middle, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  gmproc_connection_close (family.to_ordinary);
  join (family.middle, 7);
  hear_end (family.from_ordinary, SOON);
  family_clear (&family);
}

static volatile sig_atomic_t is_terminated;

static void
on_terminate (int number G_GNUC_UNUSED)
{
  is_terminated = TRUE;
}

/* (out, word): says something before it obeys. */
GMPROC_DEFINE_TARGET (stay_until_terminated)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  const char *word;

  signal (SIGTERM, on_terminate);
  g_variant_get_child (args, 1, "&s", &word);
  say (out, word);
  while (!is_terminated)
    g_usleep (G_TIME_SPAN_MILLISECOND);
  say (out, "terminated");
  return EXIT_SUCCESS;
}

/* (out, word): does not obey. */
GMPROC_DEFINE_TARGET (stay_stubbornly)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);

  signal (SIGTERM, SIG_IGN);
  say (out, "stubborn");
  wait_for_ever ();
}

/* The middle one returns when it is told that its daemon is up. */
static int
return_with_daemon (GVariant *args, GmprocTarget target)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  g_autoptr (GmprocConnection) in = open_handle (args, 2);

  start_staying (target, out, "up", TRUE);
  hear (in, "return");
  return 7;
}

GMPROC_DEFINE_TARGET (return_with_obedient)
{
  return return_with_daemon (args, stay_until_terminated);
}

GMPROC_DEFINE_TARGET (return_with_stubborn)
{
  return return_with_daemon (args, stay_stubbornly);
}

/* The exit rule: a daemon is terminated, and the parent waits until it has obeyed. */
static void
test_daemon_is_terminated (void)
{
  Family family;

  if (!gmproc_test_can_catch_termination ())
    {
      g_test_skip ("a process of this system cannot catch its termination");
      return;
    }
  family_start (&family, return_with_obedient);
  hear (family.from_all, "up");
  say (family.to_ordinary, "return");
  hear (family.from_all, "terminated");
  join (family.middle, 7);
  hear_end (family.from_all, SOON);
  family_clear (&family);
}

/* The exit rule: one that does not obey is killed after a while. */
static void
test_stubborn_daemon_is_killed (void)
{
  Family family;

  if (!gmproc_test_can_catch_termination ())
    {
      g_test_skip ("a process of this system cannot catch its termination");
      return;
    }
  family_start (&family, return_with_stubborn);
  hear (family.from_all, "stubborn");
  say (family.to_ordinary, "return");
  join (family.middle, 7);
  hear_end (family.from_all, SOON);
  family_clear (&family);
}

/* -- what a child knows of its parent ---------------------------------------------------------- */

/* (out, ...): waits for the end of its parent, which ends nothing here but a question. */
GMPROC_DEFINE_TARGET (watch_parent)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  GmprocProcess *parent = gmproc_process_get_parent ();
  g_autofree char *string = NULL;

  g_assert_true (gmproc_process_is_alive (parent));
  g_assert_cmpstr (gmproc_process_get_name (parent), ==, "the one in the middle");
  say (out, "watching");
  while (gmproc_process_is_alive (parent))
    g_thread_yield ();
  string = gmproc_process_to_string (parent);
  g_assert_cmpstr (string, ==, "<the one in the middle stopped>");
  say (out, "alone");
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (be_watched)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);

  gmproc_process_set_name (gmproc_process_get_current (), "the one in the middle");
  start_staying (watch_parent, out, "", FALSE);
  wait_for_ever ();
}

/* PR-06, PR-07: of three, the one in the middle is killed. */
static void
test_parent_seen_dead (void)
{
  Family family;

  family_start (&family, be_watched);
  hear (family.from_all, "watching");
  g_assert_true (gmproc_process_kill (family.middle, NULL));
  hear (family.from_all, "alone");
  hear_end (family.from_all, BOUND);
  join (family.middle, -9);
  family_clear (&family);
}

/* PR-01, PR-06: the main program. */
static void
test_main_process (void)
{
  GmprocProcess *current = gmproc_process_get_current ();
  g_autofree char *string = gmproc_process_to_string (current);

  g_assert_true (gmproc_process_is_alive (current));
  g_assert_false (gmproc_process_get_daemon (current));
  g_assert_cmpint (gmproc_process_get_exit_code (current), ==, G_MININT);
  g_assert_cmpint (gmproc_process_get_pid (current), >, 0);
  g_assert_cmpstr (string, ==, "<MainProcess started>");
  g_assert_null (gmproc_process_get_parent ());
  g_assert_null (gmproc_process_get_args (current));
}

/* (out): what a new process is, made in a process of either kind. */
GMPROC_DEFINE_TARGET (tell_default)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  g_autofree char *string = gmproc_process_to_string (process);

  say (out, string);
  return EXIT_SUCCESS;
}

static void
check_default (gboolean daemon, const char *expected)
{
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  g_autofree char *string = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process =
      gmproc_process_new (tell_default, g_variant_new ("(h)", gmproc_connection_get_handle (out)));
  gmproc_process_set_daemon (process, !daemon);
  gmproc_process_set_daemon (process, daemon);
  start (process);
  string = g_strdup_printf (expected, gmproc_process_get_name (process) + strlen ("Process-"));
  hear (in, string);
  join (process, 0);
}

/* PR-04: a process is by default what its maker is; names grow with the generations. */
static void
test_daemon_default (void)
{
  check_default (FALSE, "<Process-%s:1 initial>");
  check_default (TRUE, "<Process-%s:1 initial daemon>");
}

/* -- generations ------------------------------------------------------------------------------- */

/* (out, depth, path): a tree, each level joined by the one above before it tells of itself. */
GMPROC_DEFINE_TARGET (grow)
{
  g_autoptr (GmprocConnection) out = open_handle (args, 0);
  const char *path;
  gint32 depth;

  g_variant_get_child (args, 1, "i", &depth);
  g_variant_get_child (args, 2, "&s", &path);
  say (out, path);
  for (int i = 0; i < 2 && depth > 0; i++)
    {
      g_autofree char *below = g_strdup_printf ("%s%d", path, i);
      g_autoptr (GmprocProcess) process = gmproc_process_new (
          grow, g_variant_new ("(his)", gmproc_connection_get_handle (out), depth - 1, below));

      start (process);
      join (process, EXIT_SUCCESS);
    }
  return EXIT_SUCCESS;
}

/* PR-15, SP-04: children that start children, and hand on what they were given. */
static void
test_recursion (void)
{
  static const char *const order[] = { "r", "r0", "r00", "r01", "r1", "r10", "r11" };
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GmprocProcess) process = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process = gmproc_process_new (
      grow, g_variant_new ("(his)", gmproc_connection_get_handle (out), 2, "r"));
  start (process);
  g_clear_object (&out);
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    hear (in, order[i]);
  hear_end (in, BOUND);
  join (process, EXIT_SUCCESS);
}

/* (queue): puts into what it was given. */
GMPROC_DEFINE_TARGET (put_one)
{
  g_autoptr (GmprocQueue) queue = NULL;
  g_autoptr (GError) error = NULL;
  gint32 handle;

  g_variant_get_child (args, 0, "h", &handle);
  queue = gmproc_queue_from_handle (handle, &error);
  g_assert_no_error (error);
  g_assert_true (gmproc_queue_put (queue, g_variant_new_int32 (42), BOUND, NULL, NULL));
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (make_queue)
{
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, NULL);
  g_autoptr (GmprocProcess) process =
      gmproc_process_new (put_one, g_variant_new ("(h)", gmproc_queue_get_handle (queue)));
  g_autoptr (GVariant) item = NULL;

  start (process);
  item = gmproc_queue_get (queue, BOUND, NULL, NULL);
  g_assert_cmpint (g_variant_get_int32 (item), ==, 42);
  join (process, EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

/* PR-27 */
static void
test_queue_made_by_a_child (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (make_queue, NULL);

  start (process);
  join (process, EXIT_SUCCESS);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/daemon/parent-killed", test_parent_killed);
  gmproc_test_add ("/daemon/parent-killed-early", test_parent_killed_early);
  gmproc_test_add ("/daemon/ordinary-joined", test_ordinary_is_joined);
  gmproc_test_add ("/daemon/terminated", test_daemon_is_terminated);
  gmproc_test_add ("/daemon/stubborn", test_stubborn_daemon_is_killed);
  gmproc_test_add ("/daemon/parent-seen-dead", test_parent_seen_dead);
  gmproc_test_add ("/daemon/main-process", test_main_process);
  gmproc_test_add ("/daemon/default", test_daemon_default);
  gmproc_test_add ("/daemon/recursion", test_recursion);
  gmproc_test_add ("/daemon/queue", test_queue_made_by_a_child);
  return g_test_run ();
}
