/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_CONDITION (gmproc_condition_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocCondition, gmproc_condition, GMPROC, CONDITION, GObject)

/**
 * GmprocConditionPredicate:
 * @user_data: what was given to gmproc_condition_wait_for() or gmproc_condition_wait_for_async()
 *
 * Looks at what the condition's lock protects; the thread that asks owns the lock meanwhile.
 *
 * Returns: whether what is waited for is there
 * Since: 1.0
 */
typedef gboolean (*GmprocConditionPredicate) (gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GmprocCondition *gmproc_condition_new (GmprocLock *lock, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocLock *gmproc_condition_get_lock (GmprocCondition *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_condition_wait (GmprocCondition *self, gint64 timeout, GCancellable *cancellable,
                                GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_condition_wait_async (GmprocCondition *self, gint64 timeout, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_condition_wait_finish (GmprocCondition *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_condition_wait_for (GmprocCondition *self, GmprocConditionPredicate predicate,
                                    gpointer user_data, gint64 timeout, GCancellable *cancellable,
                                    GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_condition_wait_for_async (GmprocCondition *self, GmprocConditionPredicate predicate,
                                      gpointer predicate_data, GDestroyNotify destroy,
                                      gint64 timeout, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_condition_wait_for_finish (GmprocCondition *self, GAsyncResult *result,
                                           GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_condition_notify (GmprocCondition *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_condition_notify_n (GmprocCondition *self, guint n, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_condition_notify_all (GmprocCondition *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_condition_get_handle (GmprocCondition *self);

GMPROC_AVAILABLE_IN_1_0
GmprocCondition *gmproc_condition_from_handle (gint32 handle, GError **error);

G_END_DECLS
