/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_BARRIER (gmproc_barrier_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocBarrier, gmproc_barrier, GMPROC, BARRIER, GObject)

/**
 * GmprocBarrierAction:
 * @user_data: what was given to gmproc_barrier_new_full()
 * @error: where to put an error
 *
 * What the last party does before the others go on.
 *
 * Returns: %FALSE with @error set to break the barrier
 * Since: 1.0
 */
typedef gboolean (*GmprocBarrierAction) (gpointer user_data, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocBarrier *gmproc_barrier_new (guint parties, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocBarrier *gmproc_barrier_new_full (guint parties, GmprocBarrierAction action,
                                        gpointer user_data, GDestroyNotify destroy,
                                        gint64 default_timeout, GError **error);

GMPROC_AVAILABLE_IN_1_0
int gmproc_barrier_wait (GmprocBarrier *self, gint64 timeout, GCancellable *cancellable,
                         GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_barrier_wait_async (GmprocBarrier *self, gint64 timeout, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
int gmproc_barrier_wait_finish (GmprocBarrier *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_barrier_abort (GmprocBarrier *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_barrier_reset (GmprocBarrier *self);

GMPROC_AVAILABLE_IN_1_0
guint gmproc_barrier_get_parties (GmprocBarrier *self);

GMPROC_AVAILABLE_IN_1_0
guint gmproc_barrier_get_n_waiting (GmprocBarrier *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_barrier_is_broken (GmprocBarrier *self);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_barrier_get_handle (GmprocBarrier *self);

GMPROC_AVAILABLE_IN_1_0
GmprocBarrier *gmproc_barrier_from_handle (gint32 handle, GError **error);

G_END_DECLS
