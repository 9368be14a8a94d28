/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_POOL (gmproc_pool_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocPool, gmproc_pool, GMPROC, POOL, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocPool *gmproc_pool_new (guint workers, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map (GmprocPool *self, GmprocFunction function, GVariant *items,
                           GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_array (GmprocPool *self, GmprocFunction function, GVariant *items,
                                 GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_apply (GmprocPool *self, GmprocFunction function, GVariant *item,
                             GCancellable *cancellable, GError **error);

/* The same for a function that is known by its name. */
GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_by_name (GmprocPool *self, const char *function, GVariant *items,
                                   GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_array_by_name (GmprocPool *self, const char *function, GVariant *items,
                                         GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_apply_by_name (GmprocPool *self, const char *function, GVariant *item,
                                     GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
guint gmproc_pool_get_n_workers (GmprocPool *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_close (GmprocPool *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_terminate (GmprocPool *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_join (GmprocPool *self, gint64 timeout, GCancellable *cancellable,
                           GError **error);

G_END_DECLS
