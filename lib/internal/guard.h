/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A short critical section over a place in shared memory.
 *
 * Who may be inside: one thread of one process. What happens when it dies there: the next one gets
 * in. Every state that a guard protects is changed by one store, made last (see waitpoint.h), so
 * there is nothing to repair, and enter does not tell an abandoned lock from a free one.
 *
 * A process that is stopped (SIGSTOP, a debugger) inside is not dead, and holds the others up as
 * long as their own deadlines allow. A section takes well under a microsecond, so a call that only
 * tries still waits up to GMPROC_GUARD_GRACE for it; otherwise two neighbours who try at the same
 * moment would tell their callers that an object is busy that is not.
 */
#pragma once

#include "port/port.h"

G_BEGIN_DECLS

#define GMPROC_GUARD_GRACE (100 * G_TIME_SPAN_MILLISECOND)

/* Errors: G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED. */
gboolean gmproc_guard_enter (GmprocPortLock *lock, gint64 deadline, GCancellable *cancellable,
                             GError **error);

/* For main loops: spins for a moment, and never waits. */
gboolean gmproc_guard_try (GmprocPortLock *lock);

/* For calls that cannot fail: waits as long as it takes. */
void gmproc_guard_enter_always (GmprocPortLock *lock);

/* The same lock as a turn: held while its owner sleeps, so that of many who wait for the same thing
 * one sleeps on it and the others line up behind. The deadline is kept to the letter. */
gboolean gmproc_guard_take_turn (GmprocPortLock *lock, gint64 deadline, GCancellable *cancellable,
                                 GError **error);

void gmproc_guard_leave (GmprocPortLock *lock);

G_END_DECLS
