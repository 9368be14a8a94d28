/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Parties that wait for a condition, and a count of those that it let go.
 */
#pragma once

#include <gmproc.h>

#include "party.h"

G_BEGIN_DECLS

#define CROWD_ALL G_MAXUINT

typedef struct
{
  GmprocCondition *condition;
  GmprocSemaphore *asleep; /* one for each that is about to wait, and has the lock */
  GmprocSemaphore *woken;  /* one for each whose wait ended with a notification */
  GPtrArray *parties;
} Crowd;

Crowd *crowd_new (void);
void crowd_free (Crowd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Crowd, crowd_free)

/* The condition's lock, for a scope. */
GmprocLocker *crowd_lock (Crowd *self);

/* Adds one that waits once, and returns when it does. It belongs to the crowd, which joins it. */
Party *crowd_add (Crowd *self, PartyKind kind, gint64 timeout);

/* With the lock taken for it. */
void crowd_notify (Crowd *self, guint n);

/* Waits until N more have been let go; then no other one has been. */
void crowd_assert_woken (Crowd *self, guint n);

/* Waits for the end of all; N of them had been notified, the others had timed out. */
void crowd_join (Crowd *self, guint n);

/* The same without a check: how many of N more have been let go. For a test that has stopped some
 * parties, because a test must not fail before it continues them. */
guint crowd_count_woken (Crowd *self, guint n);

/* Take one out of the crowd: at its end, and whether it had been notified; or by killing it. */
gboolean crowd_join_one (Crowd *self, Party *party);
void crowd_kill (Crowd *self, Party *party);

/* The object that the handle in a tuple names; for targets. */
GmprocCondition *crowd_open_condition (GVariant *args, gsize index);
GmprocSemaphore *crowd_open_semaphore (GVariant *args, gsize index);

G_END_DECLS
