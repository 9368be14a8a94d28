/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Numbers of GVariant's basic types, as values and arrays keep them in shared memory.
 *
 * A type is one of the characters b y n q i u x t d. Between memory and a GVariant a number is 64
 * bits: a signed integer extended by its sign, an unsigned one or a boolean by zeros, a double as
 * its own bits. Of bits that came from memory which others write, everything above the width of
 * the type is dropped, so there are none that are not a number.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  GMPROC_NUMBER_NONE, /* the character is no type */
  GMPROC_NUMBER_SIGNED,
  GMPROC_NUMBER_UNSIGNED,
  GMPROC_NUMBER_BOOLEAN,
  GMPROC_NUMBER_DOUBLE
} GmprocNumberClass;

/* GMPROC_ERROR_BAD_TYPE when the string is not one of the characters. */
gboolean gmproc_number_check_type (const char *type, GError **error);
GmprocNumberClass gmproc_number_get_class (char type);

/* In bytes; that of a boolean is 1, as inside a GVariant. */
gsize gmproc_number_get_size (char type);

/* What BITS are as a number of the type. */
guint64 gmproc_number_extend (char type, guint64 bits);

/* A place of the type's size and alignment; no other process sees half of a write. */
guint64 gmproc_number_load (char type, gconstpointer place);
void gmproc_number_store (char type, gpointer place, guint64 bits);

/* The GVariant is floating. from_variant: GMPROC_ERROR_BAD_TYPE for one of another type. */
GVariant *gmproc_number_to_variant (char type, guint64 bits);
gboolean gmproc_number_from_variant (char type, GVariant *variant, guint64 *ret_bits,
                                     GError **error);

G_END_DECLS
