/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a condition does with its lock: it gives the lock up as a whole while it waits, and has it
 * back afterwards as often as before.
 */
#pragma once

#include "gmproc-lock.h"

G_BEGIN_DECLS

/* GMPROC_ERROR_BAD_STATE when the calling thread does not own the lock. */
gboolean gmproc_lock_check_owner (GmprocLock *self, GError **error);

/* By the owner. How often it had acquired the lock. */
guint gmproc_lock_release_all (GmprocLock *self);

/* Waits for ever. DEPTH is what release_all gave. */
void gmproc_lock_acquire_again (GmprocLock *self, guint depth);

G_END_DECLS
