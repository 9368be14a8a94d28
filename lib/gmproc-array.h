/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_ARRAY (gmproc_array_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocArray, gmproc_array, GMPROC, ARRAY, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocArray *gmproc_array_new (const char *type, gsize length, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocArray *gmproc_array_new_locked (const char *type, gsize length, GmprocLock *lock,
                                      GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocArray *gmproc_array_new_from_data (const char *type, gconstpointer data, gsize length,
                                         GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocArray *gmproc_array_new_from_variant (GVariant *items, GError **error);

GMPROC_AVAILABLE_IN_1_0
const GVariantType *gmproc_array_get_number_type (GmprocArray *self);

GMPROC_AVAILABLE_IN_1_0
GmprocLock *gmproc_array_get_lock (GmprocArray *self);

GMPROC_AVAILABLE_IN_1_0
gsize gmproc_array_get_length (GmprocArray *self);

GMPROC_AVAILABLE_IN_1_0
gpointer gmproc_array_get_data (GmprocArray *self, gsize *length);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_array_get (GmprocArray *self, gsize index, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_array_set (GmprocArray *self, gsize index, GVariant *number, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_array_get_slice (GmprocArray *self, gsize first, gsize length, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_array_set_slice (GmprocArray *self, gsize first, GVariant *items, GError **error);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_array_get_handle (GmprocArray *self);

GMPROC_AVAILABLE_IN_1_0
GmprocArray *gmproc_array_from_handle (gint32 handle, GError **error);

G_END_DECLS
