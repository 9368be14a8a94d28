/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Objects in the copies of a process: of one that the program forks by itself, and of the fork
 * server, which has run what comes before gmproc_init(). A copy has the objects of the process, and
 * what either of them makes later is its own.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "party.h"
#include "support.h"

#define N_OBJECTS 20
#define N_SIBLINGS 2
#define N_MANY 600 /* more than a block holds */

/* Made before gmproc_init(), in every process of this program and once in the fork server. */
static GmprocLock *early_lock;
static GmprocValue *early_value;

static GmprocValue *
new_value (gint32 number)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_int32 (number));
  g_autoptr (GError) error = NULL;
  GmprocValue *value = gmproc_value_new ("i", variant, &error);

  g_assert_no_error (error);
  return value;
}

static gint32
read_value (GmprocValue *value)
{
  g_autoptr (GVariant) variant = gmproc_value_get (value);

  return g_variant_get_int32 (variant);
}

/* -- a copy that takes turns with the process -------------------------------------------------- */

typedef struct
{
  pid_t pid;
  int in;
  int out;
} Copy;

static void
give_turn (const Copy *copy)
{
  g_assert_cmpint (write (copy->out, "x", 1), ==, 1);
}

static void
take_turn (const Copy *copy)
{
  char byte;

  g_assert_cmpint (read (copy->in, &byte, 1), ==, 1);
}

/* TRUE in the copy. */
static gboolean
fork_copy (Copy *copy)
{
  int down[2], up[2];

  g_assert_cmpint (pipe (down), ==, 0);
  g_assert_cmpint (pipe (up), ==, 0);
  copy->pid = fork ();
  g_assert_cmpint (copy->pid, >=, 0);
  copy->in = copy->pid == 0 ? down[0] : up[0];
  copy->out = copy->pid == 0 ? up[1] : down[1];
  (void) close (copy->pid == 0 ? down[1] : down[0]);
  (void) close (copy->pid == 0 ? up[0] : up[1]);
  return copy->pid == 0;
}

/* The copy ends here. */
static void
join_copy (Copy *copy)
{
  int status = -1;

  if (copy->pid == 0)
    _exit (EXIT_SUCCESS);
  g_assert_cmpint (waitpid (copy->pid, &status, 0), ==, copy->pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, EXIT_SUCCESS);
  (void) close (copy->in);
  (void) close (copy->out);
}

/* SP-10: what both make after the fork is not the same lock and the same number. */
static void
test_new_objects (void)
{
  g_autoptr (GmprocLock) before = party_new_lock ();
  g_autoptr (GmprocLock) lock = NULL;
  g_autoptr (GmprocValue) value = NULL;
  Copy copy;

  if (fork_copy (&copy))
    take_turn (&copy);
  lock = party_new_lock ();
  value = new_value (copy.pid);
  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  give_turn (&copy);
  take_turn (&copy);
  g_assert_cmpint (read_value (value), ==, copy.pid);
  party_release (lock);
  party_acquire (before);
  party_release (before);
  if (copy.pid != 0)
    give_turn (&copy);
  join_copy (&copy);
}

static void
drop_and_make (GmprocLock *lock, GmprocValue *value, const Copy *copy)
{
  GmprocValue *made[N_OBJECTS];

  g_object_unref (lock);
  g_object_unref (value);
  for (gint32 i = 0; i < N_OBJECTS; i++)
    made[i] = new_value (i);
  give_turn (copy);
  take_turn (copy);
  for (gint32 i = 0; i < N_OBJECTS; i++)
    {
      g_assert_cmpint (read_value (made[i]), ==, i);
      g_object_unref (made[i]);
    }
}

static void
keep_and_make (GmprocLock *lock, GmprocValue *value, const Copy *copy)
{
  GmprocValue *made[N_OBJECTS];

  take_turn (copy);
  for (gint32 i = 0; i < N_OBJECTS; i++)
    made[i] = new_value (-i);
  g_assert_cmpint (read_value (value), ==, 1000);
  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  party_release (lock);
  give_turn (copy);
  for (gint32 i = 0; i < N_OBJECTS; i++)
    {
      g_assert_cmpint (read_value (made[i]), ==, -i);
      g_object_unref (made[i]);
    }
  g_object_unref (lock);
  g_object_unref (value);
}

/* SP-10: who drops an object leaves the other one's as it is, whatever it makes then. */
static void
check_dropped (gboolean is_dropped_by_copy)
{
  g_autoptr (GmprocValue) keeper G_GNUC_UNUSED = new_value (1);
  GmprocLock *lock = party_new_lock ();
  GmprocValue *value = new_value (1000);
  Copy copy;

  if (fork_copy (&copy) == is_dropped_by_copy)
    drop_and_make (lock, value, &copy);
  else
    keep_and_make (lock, value, &copy);
  join_copy (&copy);
}

static void
test_dropped_by_copy (void)
{
  check_dropped (TRUE);
}

static void
test_dropped_by_process (void)
{
  check_dropped (FALSE);
}

/* -- a copy of a party ------------------------------------------------------------------------- */

/* (barrier, ready): leaves the barrier to a copy that drops it and ends; then waits for ever. */
GMPROC_DEFINE_TARGET (copy_drops_barrier)
{
  GmprocBarrier *barrier = party_open_barrier (args, 0);
  g_autoptr (GmprocEvent) ready = party_open_event (args, 1);
  g_autoptr (GmprocEvent) never = party_new_signal ();
  Copy copy;

  if (fork_copy (&copy))
    g_object_unref (barrier);
  join_copy (&copy);
  gmproc_event_set (ready);
  party_wait (never);
  return EXIT_SUCCESS;
}

/* GM-02: the process whose copy has dropped the barrier is a party as before, and is missed. */
static void
test_party (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (2, &error);
  g_autoptr (GmprocEvent) ready = party_new_signal ();
  Party *party;

  g_assert_no_error (error);
  party = party_start (
      PARTY_PROCESS, copy_drops_barrier,
      g_variant_new ("(hh)", gmproc_barrier_get_handle (barrier), gmproc_event_get_handle (ready)));
  party_wait (ready);
  party_kill (party);
  g_assert_cmpint (gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, &error), ==, -1);
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN);
}

/* -- the fork server --------------------------------------------------------------------------- */

/* (number, pipe, go): makes more than a block holds, and sends the last one. */
GMPROC_DEFINE_TARGET (make_many)
{
  g_autoptr (GmprocConnection) connection = party_open_connection (args, 1);
  g_autoptr (GmprocEvent) go = party_open_event (args, 2);
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GmprocLock) lock = party_new_lock ();
  g_autoptr (GError) error = NULL;
  gint32 number;

  g_variant_get_child (args, 0, "i", &number);
  g_clear_object (&early_value);
  party_acquire (lock);
  for (guint i = 0; i < N_MANY; i++)
    g_ptr_array_add (values, new_value (number));
  gmproc_connection_send (
      connection, g_variant_new ("(h)", gmproc_value_get_handle (values->pdata[N_MANY - 1])), NULL,
      &error);
  g_assert_no_error (error);
  party_wait (go);

  for (guint i = 0; i < N_MANY; i++)
    g_assert_cmpint (read_value (values->pdata[i]), ==, number);
  party_release (lock);
  party_acquire (early_lock);
  party_release (early_lock);
  return EXIT_SUCCESS;
}

/* SP-10: what one copy makes is not what its sibling makes, and nobody takes one for the other. */
static void
test_siblings (void)
{
  g_autoptr (GmprocEvent) go = party_new_signal ();
  g_autoptr (GError) error = NULL;
  GmprocValue *values[N_SIBLINGS];
  Party *siblings[N_SIBLINGS];

  for (gint32 i = 0; i < N_SIBLINGS; i++)
    {
      g_autoptr (GmprocConnection) own = NULL, given = NULL;
      g_autoptr (GVariant) message = NULL;
      gint32 handle;

      g_assert_true (gmproc_pipe_new (TRUE, &own, &given, NULL));
      siblings[i] = party_start (PARTY_PROCESS, make_many,
                                 g_variant_new ("(ihh)", i, gmproc_connection_get_handle (given),
                                                gmproc_event_get_handle (go)));
      gmproc_connection_close (given);
      message = gmproc_connection_receive (own, PARTY_BOUND, NULL, &error);
      g_assert_no_error (error);
      g_variant_get (message, "(h)", &handle);
      values[i] = gmproc_value_from_handle (handle, &error);
      g_assert_no_error (error);
    }
  gmproc_event_set (go);
  for (gint32 i = 0; i < N_SIBLINGS; i++)
    {
      g_assert_cmpint (read_value (values[i]), ==, i);
      g_assert_cmpint (party_join (siblings[i]), ==, EXIT_SUCCESS);
      g_object_unref (values[i]);
    }
}

int
main (int argc, char **argv)
{
  /* The random numbers of GLib go on from here in every copy. */
  (void) g_random_int ();
  early_lock = party_new_lock ();
  early_value = new_value (-1);
  (void) gmproc_set_default_start_method (GMPROC_START_METHOD_FORKSERVER, NULL);
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/fork/new-objects", test_new_objects);
  gmproc_test_add ("/fork/dropped-by-copy", test_dropped_by_copy);
  gmproc_test_add ("/fork/dropped-by-process", test_dropped_by_process);
  gmproc_test_add ("/fork/party", test_party);
  gmproc_test_add ("/fork/siblings", test_siblings);
  return g_test_run ();
}
