/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of the condition share.
 *
 *   gmproc-condition.c        the class, its state, and the calls
 *   gmproc-condition-async.c  the asynchronous call
 */
#pragma once

#include "gmproc-condition.h"
#include "gmproc-lock-private.h"
#include "internal/monitor.h"

G_BEGIN_DECLS

struct _GmprocCondition
{
  GObject parent_instance;

  GmprocMonitor monitor;
  GmprocLock *lock; /* the user's */
};

/* Each half wraps on its own. */
typedef struct
{
  guint32 number;
  guint32 count;
} GmprocConditionTally;

/* In shared memory. Read and written inside the own lock. */
typedef struct
{
  guint64 crowd; /* a GmprocConditionTally: general releases, waiters since */
  guint64 given; /* a GmprocConditionTally: notifications, permits left */
} GmprocConditionState;

G_STATIC_ASSERT (sizeof (GmprocConditionState) <= GMPROC_MONITOR_STATE_SIZE);

/* What a waiter found when it came. */
typedef struct
{
  guint32 release;
  guint32 notification;
} GmprocConditionTicket;

static inline GmprocConditionState *
gmproc_condition_get_state (GmprocCondition *self)
{
  return self->monitor.state;
}

static inline GmprocConditionTally
gmproc_condition_load (const guint64 *word)
{
  guint64 value = __atomic_load_n (word, __ATOMIC_ACQUIRE);

  return (GmprocConditionTally){ value >> 32, (guint32) value };
}

/* -- inside the own lock --------------------------------------------------------------------- */

GmprocConditionTicket gmproc_condition_come_locked (GmprocCondition *self);

/* Whether the holder of TICKET may go; then its permit is taken. */
gboolean gmproc_condition_go_locked (GmprocCondition *self, GmprocConditionTicket ticket);

/* The same question, without taking anything; also outside. */
gboolean gmproc_condition_may_go (GmprocCondition *self, GmprocConditionTicket ticket);

/* By a waiter that may not go. */
void gmproc_condition_give_up_locked (GmprocCondition *self);

G_END_DECLS
