/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_POOL_ITERATOR (gmproc_pool_iterator_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocPoolIterator, gmproc_pool_iterator, GMPROC, POOL_ITERATOR, GObject)

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_iterator_next (GmprocPoolIterator *self, GVariant **ret_result, gint64 timeout,
                                    GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_iterator_next_async (GmprocPoolIterator *self, gint64 timeout,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_iterator_next_finish (GmprocPoolIterator *self, GVariant **ret_result,
                                           GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
gsize gmproc_pool_iterator_get_index (GmprocPoolIterator *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_iterator_is_at_end (GmprocPoolIterator *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_iterator_cancel_item (GmprocPoolIterator *self, gsize index);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_iterator_run_async (GmprocPoolIterator *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_iterator_run_finish (GmprocPoolIterator *self, GAsyncResult *result,
                                          GError **error);

G_END_DECLS
