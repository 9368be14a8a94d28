/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

/**
 * GmprocPoolSourceFunc:
 * @user_data: what was given to gmproc_pool_source_new()
 * @error: where to put an error
 *
 * Makes the next item.
 *
 * Returns: (transfer full) (nullable): the item, floating or not; %NULL without an error at the end
 * Since: 1.0
 */
typedef GVariant *(*GmprocPoolSourceFunc) (gpointer user_data, GError **error);

/**
 * GmprocPoolObjectFunc:
 * @object: (type GObject): an object of the list
 * @user_data: what was given to gmproc_pool_source_new_for_list()
 * @error: where to put an error
 *
 * Makes an item of an object.
 *
 * Returns: (transfer full) (nullable): the item, floating or not, or %NULL with @error set
 * Since: 1.0
 */
typedef GVariant *(*GmprocPoolObjectFunc) (gpointer object, gpointer user_data, GError **error);

#define GMPROC_TYPE_POOL_SOURCE (gmproc_pool_source_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocPoolSource, gmproc_pool_source, GMPROC, POOL_SOURCE, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocPoolSource *gmproc_pool_source_new (GmprocPoolSourceFunc function, gpointer user_data,
                                          GDestroyNotify destroy);

GMPROC_AVAILABLE_IN_1_0
GmprocPoolSource *gmproc_pool_source_new_for_array (GVariant *items);

GMPROC_AVAILABLE_IN_1_0
GmprocPoolSource *gmproc_pool_source_new_for_list (GListModel *list, GmprocPoolObjectFunc function,
                                                   gpointer user_data, GDestroyNotify destroy);

G_END_DECLS
