/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * An object that belongs to another one and crosses with it, such as the lock of a value.
 */
#pragma once

#include "shareable.h"

G_BEGIN_DECLS

/* PART may be NULL where none is needed. The result is floating. */
GVariant *gmproc_part_export (gpointer part, GmprocParcel *parcel, GError **error);

/* A new reference, or NULL in *ret_part for none. GMPROC_ERROR_BAD_MESSAGE when the part is not
 * just of this class: TYPE is one without parts of the same class, so that a message cannot make
 * import call itself without end. */
gboolean gmproc_part_import (GVariant *exported, GType type, GmprocParcel *parcel,
                             gpointer *ret_part, GError **error);

#define GMPROC_PART_FORMAT "m" GMPROC_SHAREABLE_FORMAT

G_END_DECLS
