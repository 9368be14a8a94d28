/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_LOCK (gmproc_lock_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocLock, gmproc_lock, GMPROC, LOCK, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocLock *gmproc_lock_new (GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocLock *gmproc_lock_new_recursive (GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_lock_acquire (GmprocLock *self, gint64 timeout, GCancellable *cancellable,
                              GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_lock_acquire_async (GmprocLock *self, gint64 timeout, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_lock_acquire_finish (GmprocLock *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_lock_release (GmprocLock *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_lock_was_abandoned (GmprocLock *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_lock_is_recursive (GmprocLock *self);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_lock_get_handle (GmprocLock *self);

GMPROC_AVAILABLE_IN_1_0
GmprocLock *gmproc_lock_from_handle (gint32 handle, GError **error);

/**
 * GmprocLocker: (skip)
 *
 * A lock that is held as long as a scope lasts, like #GMutexLocker:
 *
 * |[<!-- language="C" -->
 *   g_autoptr (GmprocLocker) locker = gmproc_locker_new (lock, &error);
 * ]|
 *
 * Since: 1.0
 */
typedef struct _GmprocLocker GmprocLocker;

GMPROC_AVAILABLE_IN_1_0
GmprocLocker *gmproc_locker_new (GmprocLock *lock, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_locker_free (GmprocLocker *locker);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocLocker, gmproc_locker_free)

G_END_DECLS
