/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "crowd.h"

#include <stdlib.h>

#define TIMED_OUT 21 /* an exit status */

#define DEFINE_OPEN(Type, type)                            \
  Type *crowd_open_##type (GVariant *args, gsize index)    \
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

DEFINE_OPEN (GmprocCondition, condition)
DEFINE_OPEN (GmprocSemaphore, semaphore)

Crowd *
crowd_new (void)
{
  Crowd *self = g_new0 (Crowd, 1);
  g_autoptr (GError) error = NULL;

  self->condition = gmproc_condition_new (NULL, &error);
  g_assert_no_error (error);
  self->asleep = gmproc_semaphore_new (0, &error);
  g_assert_no_error (error);
  self->woken = gmproc_semaphore_new (0, &error);
  g_assert_no_error (error);
  self->parties = g_ptr_array_new ();
  return self;
}

void
crowd_free (Crowd *self)
{
  g_assert_cmpuint (self->parties->len, ==, 0);

  g_ptr_array_unref (self->parties);
  g_object_unref (self->condition);
  g_object_unref (self->asleep);
  g_object_unref (self->woken);
  g_free (self);
}

GmprocLocker *
crowd_lock (Crowd *self)
{
  g_autoptr (GError) error = NULL;
  GmprocLocker *locker = gmproc_locker_new (gmproc_condition_get_lock (self->condition), &error);

  g_assert_no_error (error);
  return locker;
}

GMPROC_DEFINE_TARGET (crowd_wait_once)
{
  g_autoptr (GmprocCondition) condition = crowd_open_condition (args, 0);
  g_autoptr (GmprocSemaphore) asleep = crowd_open_semaphore (args, 1);
  g_autoptr (GmprocSemaphore) woken = crowd_open_semaphore (args, 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLocker) locker G_GNUC_UNUSED =
      gmproc_locker_new (gmproc_condition_get_lock (condition), &error);
  gboolean was_notified;
  gint64 timeout;

  g_assert_no_error (error);
  g_variant_get_child (args, 3, "x", &timeout);
  gmproc_semaphore_release (asleep, &error);
  g_assert_no_error (error);

  was_notified = gmproc_condition_wait (condition, timeout, NULL, &error);
  g_assert_true (was_notified == (error == NULL));
  if (!was_notified)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      return TIMED_OUT;
    }
  gmproc_semaphore_release (woken, &error);
  g_assert_no_error (error);
  return EXIT_SUCCESS;
}

Party *
crowd_add (Crowd *self, PartyKind kind, gint64 timeout)
{
  g_autoptr (GmprocLocker) locker = NULL;
  g_autoptr (GError) error = NULL;
  Party *party =
      party_start (kind, crowd_wait_once,
                   g_variant_new ("(hhhx)", gmproc_condition_get_handle (self->condition),
                                  gmproc_semaphore_get_handle (self->asleep),
                                  gmproc_semaphore_get_handle (self->woken), timeout));

  g_ptr_array_add (self->parties, party);
  gmproc_semaphore_acquire (self->asleep, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);

  /* It had the lock when it said so, and gives it up by waiting. */
  locker = crowd_lock (self);
  return party;
}

void
crowd_notify (Crowd *self, guint n)
{
  g_autoptr (GmprocLocker) locker G_GNUC_UNUSED = crowd_lock (self);
  g_autoptr (GError) error = NULL;
  gboolean has_worked = n == CROWD_ALL ? gmproc_condition_notify_all (self->condition, &error)
                        : n == 1       ? gmproc_condition_notify (self->condition, &error)
                                       : gmproc_condition_notify_n (self->condition, n, &error);

  g_assert_no_error (error);
  g_assert_true (has_worked);
}

guint
crowd_count_woken (Crowd *self, guint n)
{
  guint n_woken = 0;

  while (n_woken < n && gmproc_semaphore_acquire (self->woken, PARTY_BOUND, NULL, NULL))
    n_woken++;
  return n_woken;
}

void
crowd_assert_woken (Crowd *self, guint n)
{
  g_assert_cmpuint (crowd_count_woken (self, n), ==, n);
  party_pause (PARTY_SHORT);
  g_assert_cmpuint (gmproc_semaphore_get_value (self->woken), ==, 0);
}

static gboolean
join (Party *party)
{
  int exit_status = party_join (party);

  g_assert_true (exit_status == EXIT_SUCCESS || exit_status == TIMED_OUT);
  return exit_status == EXIT_SUCCESS;
}

void
crowd_join (Crowd *self, guint n)
{
  guint n_notified = 0;

  for (guint i = 0; i < self->parties->len; i++)
    n_notified += join (g_ptr_array_index (self->parties, i));
  g_ptr_array_set_size (self->parties, 0);
  g_assert_cmpuint (n_notified, ==, n);
}

gboolean
crowd_join_one (Crowd *self, Party *party)
{
  g_assert_true (g_ptr_array_remove (self->parties, party));
  return join (party);
}

void
crowd_kill (Crowd *self, Party *party)
{
  g_assert_true (g_ptr_array_remove (self->parties, party));
  party_kill (party);
}
