/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_SHARED_MEMORY (gmproc_shared_memory_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocSharedMemory, gmproc_shared_memory, GMPROC, SHARED_MEMORY, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocSharedMemory *gmproc_shared_memory_new (gsize size, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocSharedMemory *gmproc_shared_memory_new_growable (gsize size, gsize maximum, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocSharedMemory *gmproc_shared_memory_new_from_bytes (GBytes *bytes, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocSharedMemory *gmproc_shared_memory_new_named (const char *name, gsize size, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocSharedMemory *gmproc_shared_memory_open_named (const char *name, GError **error);

GMPROC_AVAILABLE_IN_1_0
const char *gmproc_shared_memory_get_name (GmprocSharedMemory *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_shared_memory_remove_name (GmprocSharedMemory *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocSharedMemory *gmproc_shared_memory_to_read_only (GmprocSharedMemory *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gsize gmproc_shared_memory_get_size (GmprocSharedMemory *self);

GMPROC_AVAILABLE_IN_1_0
gsize gmproc_shared_memory_get_maximum (GmprocSharedMemory *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_shared_memory_is_read_only (GmprocSharedMemory *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_shared_memory_grow (GmprocSharedMemory *self, gsize size, GError **error);

GMPROC_AVAILABLE_IN_1_0
gpointer gmproc_shared_memory_get_data (GmprocSharedMemory *self, gsize *size, GError **error);

GMPROC_AVAILABLE_IN_1_0
GBytes *gmproc_shared_memory_get_bytes (GmprocSharedMemory *self, gsize offset, gsize size,
                                        GError **error);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_shared_memory_get_handle (GmprocSharedMemory *self);

GMPROC_AVAILABLE_IN_1_0
GmprocSharedMemory *gmproc_shared_memory_from_handle (gint32 handle, GError **error);

G_END_DECLS
