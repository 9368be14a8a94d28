/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of the lock share with each other, and what a condition does with its lock.
 *
 *   gmproc-lock.c        the class, and the calls
 *   gmproc-lock-async.c  main loops, and the asynchronous call
 *
 * A condition gives its lock up as a whole while it waits, and has it back afterwards as often as
 * before.
 */
#pragma once

#include "gmproc-lock.h"
#include "gmproc-waitable.h"
#include "internal/monitor.h"
#include "internal/wait-source.h"

G_BEGIN_DECLS

struct _GmprocLock
{
  GObject parent_instance;

  GmprocMonitor monitor;
};

/* In shared memory. is_recursive is written before the lock is handed out, the rest by the owner;
 * who looks on from outside reads numbers that may be old. */
typedef struct
{
  guint8 is_recursive;
  guint8
      was_abandoned; /* of the owner before: FALSE, TRUE, or PENDING for one nobody was told of */
  guint16 unused;
  guint32 depth;
  guint32 owner_since; /* atomic; in GMPROC_LOCK_SINCE_UNIT of the monotonic clock, which wraps */
  guint32 unused_too;
  guint64 owner; /* atomic; the mark of its thread, 0 when the lock was released */
} GmprocLockState;

#define GMPROC_LOCK_ABANDONED_PENDING (2)
#define GMPROC_LOCK_SINCE_UNIT (8192) /* microseconds, to divide by a shift; wraps after a year */

/* GMPROC_ERROR_BAD_STATE when the calling thread does not own the lock. */
gboolean gmproc_lock_check_owner (GmprocLock *self, GError **error);

/* By the owner. How often it had acquired the lock. */
guint gmproc_lock_release_all (GmprocLock *self);

/* Waits for ever. DEPTH is what release_all gave. */
void gmproc_lock_acquire_again (GmprocLock *self, guint depth);

/* The same, or FALSE when it would have to wait. */
gboolean gmproc_lock_try_again (GmprocLock *self, guint depth);

/* Whether an acquire would not wait. It is not taken. */
gboolean gmproc_lock_is_free (GmprocLock *self);

/* What arm and disarm are in a source that waits for the lock; see wait-source.h. */
GmprocArm gmproc_lock_arm (GmprocLock *self, GSource *source);
void gmproc_lock_disarm (GmprocLock *self, GSource *source);

void gmproc_lock_waitable_init (GmprocWaitableInterface *iface);

G_END_DECLS
