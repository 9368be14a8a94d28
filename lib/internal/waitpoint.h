/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting for a state in shared memory to change, without losing a wake-up to a SIGKILL.
 *
 * The state lies beside a lock. A waiter looks at the state inside the lock, and when it does not
 * like it calls prepare, leaves the lock and sleeps. Who changes the state does three things inside
 * the lock, in this order:
 *
 *     gmproc_waitpoint_wake (...);      wake, if anybody may be asleep
 *     state = changed;                  commit, by one store
 *     release the lock
 *
 * The order is what makes it safe. The woken block on the lock until the changer is through. If the
 * changer is killed before the commit, the lock passes on, the woken see the old state and sleep
 * again; if it is killed after the commit, they see the new one. Committing first and waking later
 * would leave sleepers behind when the changer dies in between.
 *
 * A killed waiter leaves `asleep` set, which costs the next changer one needless wake-up. A waiter
 * does not give up its claim to anything, because it has none: it holds nothing while it sleeps.
 *
 * Members of the place: `word` belongs to the port. `asleep` is written inside the lock only.
 */
#pragma once

#include "family.h"
#include "port/port.h"

G_BEGIN_DECLS

typedef struct
{
  GmprocPortWordPlace word;
  guint32 asleep;
  guint32 unused[3];
} GmprocWaitpointPlace;

typedef struct
{
  GmprocPortWord word;
  GmprocWaitpointPlace *place;
  const GmprocSubject *subject; /* what the waiters wait for, for others to see; or NULL */
  guint32 spin_time;            /* atomic: how long spinning has been worth it, in microseconds */
} GmprocWaitpoint;

gboolean gmproc_waitpoint_create (GmprocWaitpoint *self, GmprocWaitpointPlace *place,
                                  GError **error);
gboolean gmproc_waitpoint_attach (GmprocWaitpoint *self, GmprocWaitpointPlace *place,
                                  gintptr handle, GError **error);
void gmproc_waitpoint_detach (GmprocWaitpoint *self);

/* Inside the lock: announces a sleeper, and returns what to give to sleep. */
guint32 gmproc_waitpoint_prepare (GmprocWaitpoint *self);

/* Outside the lock. TRUE: look at the state again. FALSE: G_IO_ERROR_TIMED_OUT or
 * G_IO_ERROR_CANCELLED. Spins for some microseconds first where there is more than one processor,
 * because a wake-up across processors costs more than that; for fewer where that was in vain. */
gboolean gmproc_waitpoint_sleep (GmprocWaitpoint *self, guint32 prepared, gint64 deadline,
                                 GCancellable *cancellable, GError **error);

/* The same without spinning: for one who has slept already, or who would be in the way of those
 * that it waits for. */
gboolean gmproc_waitpoint_doze (GmprocWaitpoint *self, guint32 prepared, gint64 deadline,
                                GCancellable *cancellable, GError **error);

/* Inside the lock: wake and commit, where the commit is to add DELTA to STATE. Where the system
 * can, who is woken finds the commit made, and need not wait for the changer to leave the lock. */
void gmproc_waitpoint_wake_and_add (GmprocWaitpoint *self, guint32 *state, guint32 delta);

/* Outside the lock, by one who was woken, and so before the commit: gives the changer a moment to
 * make it. For a state that says by one load that it has changed; then the lock is not needed,
 * which all who were woken would ask for at the same time. */
gboolean gmproc_waitpoint_see_commit (gboolean (*is_made) (gpointer object, guint64 what),
                                      gpointer object, guint64 what);

/* For a counter in the state that waiters know by one load to have gone on: outside the lock, and
 * so without a line of woken ones before it. spin_on: TRUE when STATE is not SEEN any more.
 * sleep_on: FALSE if and only if the deadline passed. add: wake and commit, inside the lock; for
 * the others who wait, gmproc_waitpoint_wake() comes before it. Where the system has no single step
 * for it, a kill in the middle leaves who sleeps to the own deadline; so that is to come soon. */
gboolean gmproc_waitpoint_spin_on (GmprocWaitpoint *self, const guint32 *state, guint32 seen);
gboolean gmproc_waitpoint_sleep_on (GmprocWaitpoint *self, guint32 *state, guint32 seen,
                                    gint64 deadline);
void gmproc_waitpoint_add (GmprocWaitpoint *self, guint32 *state, guint32 delta);

/* For a state that is a lock itself, whose waiters cannot look inside of it: announce, then look,
 * and sleep if the lock is not free; release the lock, then wake. A wake-up is lost only with a
 * process that is killed between the two, so who waits looks for itself now and then. */
guint32 gmproc_waitpoint_announce (GmprocWaitpoint *self);
void gmproc_waitpoint_wake_those_announced (GmprocWaitpoint *self);

static inline void
gmproc_waitpoint_wake_announced (GmprocWaitpoint *self)
{
  if (G_UNLIKELY (__atomic_load_n (&self->place->asleep, __ATOMIC_SEQ_CST) != 0))
    gmproc_waitpoint_wake_those_announced (self);
}

/* Inside the lock, before the commit. As a rule nobody sleeps. */
void gmproc_waitpoint_wake_sleepers (GmprocWaitpoint *self);

static inline void
gmproc_waitpoint_wake (GmprocWaitpoint *self)
{
  if (G_UNLIKELY (self->place->asleep != 0))
    gmproc_waitpoint_wake_sleepers (self);
}

G_END_DECLS
