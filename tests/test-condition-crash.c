/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocCondition when one that waits or notifies is killed or stopped.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "crowd.h"
#include "party.h"
#include "support.h"

#define N_KILLS gmproc_test_scale (15)
#define N_EATERS 2
#define N_THINGS 20

/* GM-02: a waiter that is killed takes no notification with it. */
static void
test_waiter_killed (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();

  for (guint place = 0; place < 3; place++)
    {
      Party *victims[2];

      for (guint i = 0; i < 3; i++)
        {
          Party *party = crowd_add (crowd, i == place ? kind : PARTY_PROCESS, GMPROC_FOREVER);

          if (i != place)
            victims[i - (i > place)] = party;
        }
      for (guint i = 0; i < G_N_ELEMENTS (victims); i++)
        crowd_kill (crowd, victims[i]);
      crowd_notify (crowd, 1);
      crowd_assert_woken (crowd, 1);
      crowd_join (crowd, 1);
    }

  /* A general release forgets the dead: after it each notification lets go exactly one. */
  crowd_notify (crowd, CROWD_ALL);
  for (guint i = 0; i < 3; i++)
    crowd_add (crowd, kind, GMPROC_FOREVER);
  for (guint i = 0; i < 3; i++)
    {
      crowd_notify (crowd, 1);
      crowd_assert_woken (crowd, 1);
    }
  crowd_join (crowd, 3);
}
PARTY_TEST (test_waiter_killed)

/* The dead are notified, and then somebody who came later waits for a notification. */
static void
test_dead_notified (PartyKind kind)
{
  for (guint n_dead = 1; n_dead <= 3; n_dead++)
    {
      g_autoptr (Crowd) crowd = crowd_new ();
      Party *victims[3];

      for (guint i = 0; i < n_dead; i++)
        victims[i] = crowd_add (crowd, PARTY_PROCESS, GMPROC_FOREVER);
      for (guint i = 0; i < n_dead; i++)
        crowd_kill (crowd, victims[i]);
      crowd_notify (crowd, 1);

      crowd_add (crowd, kind, GMPROC_FOREVER);
      crowd_assert_woken (crowd, 0);
      crowd_notify (crowd, 1);
      crowd_assert_woken (crowd, 1);
      crowd_join (crowd, 1);
    }
}
PARTY_TEST (test_dead_notified)

/* Where a system cannot stop a process, these are some that wait as usual. */
static void
start_stopped (Crowd *crowd, Party **parties, guint n)
{
  for (guint i = 0; i < n; i++)
    parties[i] = crowd_add (crowd, PARTY_PROCESS, GMPROC_FOREVER);
  for (guint i = 0; i < n; i++)
    (void) party_stop (parties[i]);
}

/* What is meant for those who are stopped waits for them: nobody who comes later takes it. */
static void
test_late_comer (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();
  Party *stopped[3];
  gboolean has_stolen;

  start_stopped (crowd, stopped, G_N_ELEMENTS (stopped));
  crowd_notify (crowd, 1);
  has_stolen = crowd_join_one (crowd, crowd_add (crowd, kind, PARTY_SHORT));
  for (guint i = 0; i < G_N_ELEMENTS (stopped); i++)
    party_continue (stopped[i]);
  g_assert_false (has_stolen);
  crowd_assert_woken (crowd, 1);
  crowd_notify (crowd, CROWD_ALL);
  crowd_join (crowd, G_N_ELEMENTS (stopped));
}
PARTY_TEST (test_late_comer)

/* One who is notified and stopped holds up nobody, and has its notification when it goes on. */
static void
test_waiter_stopped (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();
  Party *stopped[1];
  guint n_woken;

  start_stopped (crowd, stopped, 1);
  crowd_notify (crowd, 1);
  crowd_add (crowd, kind, GMPROC_FOREVER);
  crowd_add (crowd, kind, GMPROC_FOREVER);
  crowd_notify (crowd, 1);
  n_woken = crowd_count_woken (crowd, 1);
  crowd_notify (crowd, 1);
  n_woken += crowd_count_woken (crowd, 1);
  party_continue (stopped[0]);
  g_assert_cmpuint (n_woken, ==, 2);
  crowd_assert_woken (crowd, 1);
  crowd_join (crowd, 3);
}
PARTY_TEST (test_waiter_stopped)

/* -- kills at random ------------------------------------------------------------------------- */

/* Things are made, and eaten by those who wait for them. */
typedef struct
{
  GmprocCondition *made;
  GmprocCondition *eaten; /* with the same lock: all of them are */
  GmprocSemaphore *things;
  GmprocSemaphore *closed; /* more than 0: no more things will come */
} Table;

static GVariant *
table_to_args (const Table *self)
{
  return g_variant_new (
      "(hhhh)", gmproc_condition_get_handle (self->made), gmproc_condition_get_handle (self->eaten),
      gmproc_semaphore_get_handle (self->things), gmproc_semaphore_get_handle (self->closed));
}

static void
table_from_args (Table *self, GVariant *args)
{
  self->made = crowd_open_condition (args, 0);
  self->eaten = crowd_open_condition (args, 1);
  self->things = crowd_open_semaphore (args, 2);
  self->closed = crowd_open_semaphore (args, 3);
}

static void
table_init (Table *self)
{
  g_autoptr (GError) error = NULL;

  self->made = gmproc_condition_new (NULL, &error);
  g_assert_no_error (error);
  self->eaten = gmproc_condition_new (gmproc_condition_get_lock (self->made), &error);
  g_assert_no_error (error);
  self->things = gmproc_semaphore_new (0, &error);
  g_assert_no_error (error);
  self->closed = gmproc_semaphore_new (0, &error);
  g_assert_no_error (error);
}

static void
table_clear (Table *self)
{
  g_object_unref (self->made);
  g_object_unref (self->eaten);
  g_object_unref (self->things);
  g_object_unref (self->closed);
}

static GmprocLocker *
table_lock (Table *self)
{
  g_autoptr (GError) error = NULL;
  GmprocLocker *locker = gmproc_locker_new (gmproc_condition_get_lock (self->made), &error);

  g_assert_no_error (error);
  return locker;
}

static gboolean
is_set_or_closed (gpointer user_data)
{
  Table *self = user_data;

  return gmproc_semaphore_get_value (self->things) > 0
         || gmproc_semaphore_get_value (self->closed) > 0;
}

static gboolean
is_empty (gpointer user_data)
{
  Table *self = user_data;

  return gmproc_semaphore_get_value (self->things) == 0;
}

GMPROC_DEFINE_TARGET (eat)
{
  Table table;
  gboolean is_hungry = TRUE;

  table_from_args (&table, args);
  while (is_hungry)
    {
      g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = table_lock (&table);
      g_autoptr (GError) error = NULL;

      gmproc_condition_wait_for (table.made, is_set_or_closed, &table, PARTY_BOUND, NULL, &error);
      g_assert_no_error (error);
      is_hungry = gmproc_semaphore_acquire (table.things, 0, NULL, NULL);
      if (is_hungry && is_empty (&table))
        g_assert_true (gmproc_condition_notify_all (table.eaten, NULL));
    }
  table_clear (&table);
  return EXIT_SUCCESS;
}

static void
make_thing (Table *self)
{
  g_autoptr (GError) error = NULL;

  gmproc_semaphore_release (self->things, &error);
  g_assert_no_error (error);
  gmproc_condition_notify (self->made, &error);
  g_assert_no_error (error);
}

/* Waits a little, notifies, and is killed while it does so. */
GMPROC_DEFINE_TARGET (disturb)
{
  g_autoptr (GmprocEvent) begins = party_open_event (args, 4);
  Table table;

  table_from_args (&table, args);
  gmproc_event_set (begins);
  while (gmproc_semaphore_get_value (table.closed) == 0)
    {
      g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = table_lock (&table);
      g_autoptr (GError) error = NULL;

      if (!gmproc_condition_wait (table.made, g_random_int_range (0, 100), NULL, &error))
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      make_thing (&table);
    }
  table_clear (&table);
  return EXIT_SUCCESS;
}

static void
kill_one_that_disturbs (Table *self)
{
  g_autoptr (GmprocEvent) begins = party_new_signal ();
  Party *victim = party_start (PARTY_PROCESS, disturb,
                               g_variant_new ("(hhhhh)", gmproc_condition_get_handle (self->made),
                                              gmproc_condition_get_handle (self->eaten),
                                              gmproc_semaphore_get_handle (self->things),
                                              gmproc_semaphore_get_handle (self->closed),
                                              gmproc_event_get_handle (begins)));

  party_wait (begins);
  party_pause (g_test_rand_int_range (0, 2000));
  party_kill (victim);
}

/* The eaters finish what is there; they are woken by the notification before it. */
static void
wait_until_eaten (Table *self)
{
  g_autoptr (GError) error = NULL;

  gmproc_condition_wait_for (self->eaten, is_empty, self, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

/* GM-02: after each kill one notification for each thing is enough, with everybody asleep before.
 */
static void
test_killed_at_random (PartyKind kind)
{
  Party *eaters[N_EATERS];
  Table table;

  table_init (&table);
  for (guint i = 0; i < N_EATERS; i++)
    eaters[i] = party_start (kind, eat, table_to_args (&table));

  for (guint i = 0; i < N_KILLS; i++)
    {
      g_autoptr (GmprocLocker) locker = NULL;

      kill_one_that_disturbs (&table);
      locker = table_lock (&table);
      /* The dead one may have made a thing and not come to say so. */
      g_assert_true (gmproc_condition_notify_all (table.made, NULL));
      wait_until_eaten (&table);
      for (guint j = 0; j < N_THINGS; j++)
        {
          make_thing (&table);
          wait_until_eaten (&table);
        }
    }

  {
    g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = table_lock (&table);

    g_assert_true (gmproc_semaphore_release (table.closed, NULL));
    g_assert_true (gmproc_condition_notify_all (table.made, NULL));
  }
  for (guint i = 0; i < N_EATERS; i++)
    g_assert_cmpint (party_join (eaters[i]), ==, EXIT_SUCCESS);
  table_clear (&table);
}
PARTY_TEST (test_killed_at_random)

/* The owner of the lock dies while others wait: they go on when they are notified, and the one who
 * notifies is told. */
GMPROC_DEFINE_TARGET (die_with_the_lock)
{
  g_autoptr (GmprocCondition) condition = crowd_open_condition (args, 0);
  g_autoptr (GError) error = NULL;

  gmproc_lock_acquire (gmproc_condition_get_lock (condition), PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  return EXIT_SUCCESS;
}

static void
test_lock_abandoned (PartyKind kind)
{
  g_autoptr (Crowd) crowd = crowd_new ();
  Party *owner;

  crowd_add (crowd, kind, GMPROC_FOREVER);
  owner = party_start (PARTY_PROCESS, die_with_the_lock,
                       g_variant_new ("(h)", gmproc_condition_get_handle (crowd->condition)));
  g_assert_cmpint (party_join (owner), ==, EXIT_SUCCESS);
  {
    g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = crowd_lock (crowd);

    g_assert_true (gmproc_lock_was_abandoned (gmproc_condition_get_lock (crowd->condition)));
  }
  crowd_notify (crowd, 1);
  crowd_assert_woken (crowd, 1);
  crowd_join (crowd, 1);
}
PARTY_TEST (test_lock_abandoned)

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  PARTY_ADD ("/condition/waiter-killed", test_waiter_killed);
  PARTY_ADD ("/condition/dead-notified", test_dead_notified);
  PARTY_ADD ("/condition/late-comer", test_late_comer);
  PARTY_ADD ("/condition/waiter-stopped", test_waiter_stopped);
  PARTY_ADD ("/condition/killed-at-random", test_killed_at_random);
  PARTY_ADD ("/condition/lock-abandoned", test_lock_abandoned);
  return g_test_run ();
}
