/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_VALUE (gmproc_value_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocValue, gmproc_value, GMPROC, VALUE, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocValue *gmproc_value_new (const char *type, GVariant *initial, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocValue *gmproc_value_new_locked (const char *type, GVariant *initial, GmprocLock *lock,
                                      GError **error);

GMPROC_AVAILABLE_IN_1_0
const GVariantType *gmproc_value_get_number_type (GmprocValue *self);

GMPROC_AVAILABLE_IN_1_0
GmprocLock *gmproc_value_get_lock (GmprocValue *self);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_value_get (GmprocValue *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_value_set (GmprocValue *self, GVariant *number, GError **error);

GMPROC_AVAILABLE_IN_1_0
gint64 gmproc_value_get_int64 (GmprocValue *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_value_set_int64 (GmprocValue *self, gint64 number, GError **error);

GMPROC_AVAILABLE_IN_1_0
gint64 gmproc_value_add_int64 (GmprocValue *self, gint64 amount, GError **error);

GMPROC_AVAILABLE_IN_1_0
gint64 gmproc_value_compare_exchange_int64 (GmprocValue *self, gint64 expected, gint64 number,
                                            GError **error);

GMPROC_AVAILABLE_IN_1_0
guint64 gmproc_value_get_uint64 (GmprocValue *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_value_set_uint64 (GmprocValue *self, guint64 number, GError **error);

GMPROC_AVAILABLE_IN_1_0
guint64 gmproc_value_add_uint64 (GmprocValue *self, guint64 amount, GError **error);

GMPROC_AVAILABLE_IN_1_0
guint64 gmproc_value_compare_exchange_uint64 (GmprocValue *self, guint64 expected, guint64 number,
                                              GError **error);

GMPROC_AVAILABLE_IN_1_0
double gmproc_value_get_double (GmprocValue *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_value_set_double (GmprocValue *self, double number, GError **error);

GMPROC_AVAILABLE_IN_1_0
double gmproc_value_add_double (GmprocValue *self, double amount, GError **error);

GMPROC_AVAILABLE_IN_1_0
double gmproc_value_compare_exchange_double (GmprocValue *self, double expected, double number,
                                             GError **error);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_value_get_handle (GmprocValue *self);

GMPROC_AVAILABLE_IN_1_0
GmprocValue *gmproc_value_from_handle (gint32 handle, GError **error);

G_END_DECLS
