/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_DESCRIPTOR (gmproc_descriptor_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocDescriptor, gmproc_descriptor, GMPROC, DESCRIPTOR, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocDescriptor *gmproc_descriptor_new (gintptr descriptor, GError **error);

GMPROC_AVAILABLE_IN_1_0
gintptr gmproc_descriptor_get (GmprocDescriptor *self);

GMPROC_AVAILABLE_IN_1_0
gintptr gmproc_descriptor_steal (GmprocDescriptor *self);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_descriptor_get_handle (GmprocDescriptor *self);

GMPROC_AVAILABLE_IN_1_0
GmprocDescriptor *gmproc_descriptor_from_handle (gint32 handle, GError **error);

G_END_DECLS
