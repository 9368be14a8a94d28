/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

GMPROC_AVAILABLE_IN_1_0
void gmproc_register_target (const char *name, GmprocTarget target);

GMPROC_AVAILABLE_IN_1_0
void gmproc_register_target_full (const char *name, GmprocTargetCallback target, gpointer user_data,
                                  GDestroyNotify destroy);

GMPROC_AVAILABLE_IN_1_0
void gmproc_register_function (const char *name, const char *in_type, const char *out_type,
                               GmprocFunction function);

GMPROC_AVAILABLE_IN_1_0
void gmproc_register_function_full (const char *name, const char *in_type, const char *out_type,
                                    GmprocFunctionCallback function, gpointer user_data,
                                    GDestroyNotify destroy);

/* Runs a registration when the program, or the module that holds it, is loaded. */
#define GMPROC_AT_LOAD_(name) static void __attribute__ ((constructor)) name (void)

/**
 * GMPROC_DEFINE_TARGET:
 * @name: the function's name, also the name it is found by in a child
 *
 * Defines a %GmprocTarget at file scope, and registers it when the program is loaded:
 *
 * |[<!-- language="C" -->
 * GMPROC_DEFINE_TARGET (hello)
 * {
 *   g_print ("hello, %s\n", g_variant_get_string (args, NULL));
 *   return 0;
 * }
 * ]|
 *
 * Since: 1.0
 */
#define GMPROC_DEFINE_TARGET(name)            \
  static int name (GVariant *args);           \
  GMPROC_AT_LOAD_ (gmproc_register_##name##_) \
  {                                           \
    gmproc_register_target (#name, name);     \
  }                                           \
  static int name (G_GNUC_UNUSED GVariant *args)

/**
 * GMPROC_DEFINE_FUNCTION:
 * @name: the function's name, also the name it is found by in a worker
 * @in_type: the GVariant type string of an item
 * @out_type: the GVariant type string of a result
 *
 * Defines a %GmprocFunction at file scope, and registers it when the program is loaded.
 *
 * Since: 1.0
 */
#define GMPROC_DEFINE_FUNCTION(name, in_type, out_type)            \
  static GVariant *name (GVariant *item, GError **error);          \
  GMPROC_AT_LOAD_ (gmproc_register_##name##_)                      \
  {                                                                \
    gmproc_register_function (#name, (in_type), (out_type), name); \
  }                                                                \
  static GVariant *name (G_GNUC_UNUSED GVariant *item, G_GNUC_UNUSED GError **error)

G_END_DECLS
