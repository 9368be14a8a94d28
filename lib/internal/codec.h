/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GVariants as bytes, and the handles inside them.
 *
 * On the wire a value is what GVariant itself stores for a variant that holds it: the value's data,
 * a zero byte, and its type string without an end. So the type travels with the value, and a reader
 * can check both before it looks at them.
 *
 * An `h` in a message names an object. Locally it is a number of the handle table (shareable.h); in
 * a message on its way it is an index into the list of objects that the message brings. pack goes
 * from the first to the second, unpack back; both are the identity where a type has no `h` or `v`.
 */
#pragma once

#include <gio/gio.h>

#include "parcel.h"

G_BEGIN_DECLS

/* What a message on its way is: it is said beside the bytes. */
typedef enum
{
  GMPROC_CODEC_BYTES = 'B',
  GMPROC_CODEC_VARIANT = 'V',
  GMPROC_CODEC_ENVELOPE = 'E' /* a GVariant with objects, of envelope.h */
} GmprocCodecKind;

/* The bytes that one value of a basic type of fixed size takes, 0 for other types. */
gsize gmproc_codec_get_item_size (const GVariantType *type);

/* Whether any bytes of the right number are a value in normal form. */
gboolean gmproc_codec_is_number (const GVariantType *type);

/* How a type lies in memory: the bytes that each value of it takes, or 0 when they differ; what its
 * place is a multiple of; whether any bytes of the right number are a value in normal form. */
gsize gmproc_codec_get_fixed_size (const GVariantType *type);
gsize gmproc_codec_get_alignment (const GVariantType *type);
gboolean gmproc_codec_is_plain (const GVariantType *type);

/* How deep arrays, tuples and variants of a message may lie inside each other. GLib reads 128
 * levels; some are for what a message is packed in. */
#define GMPROC_CODEC_MAX_LEVELS (120)

/* Out: the bytes of a value, in three vectors that live as long as the value does, or stored. */
#define GMPROC_CODEC_N_VECTORS (3)

/* The vectors of a number, which cost less than those of a value at large, and which may be sent as
 * they are. FALSE: it is no number, or it was made of bytes that are none. */
gboolean gmproc_codec_get_number_vectors (GVariant *value, GOutputVector *vectors);

gsize gmproc_codec_get_size (GVariant *value);
void gmproc_codec_get_vectors (GVariant *value, GOutputVector *vectors);
void gmproc_codec_store (GVariant *value, gpointer buffer);
GBytes *gmproc_codec_to_bytes (GVariant *value);

/* In: a value in normal form, not floating, or GMPROC_ERROR_BAD_MESSAGE. load keeps a reference on
 * BYTES; take_message owns DATA, which FREE_DATA ends, and gives bytes as an `ay`. */
GVariant *gmproc_codec_load (GBytes *bytes, GError **error);
GVariant *gmproc_codec_take_message (GmprocCodecKind kind, gpointer data, gsize size,
                                     GDestroyNotify free_data, GError **error);

/* The number that a message of kind GMPROC_CODEC_VARIANT is, not floating; NULL for any other
 * value, and for what is none. */
#define GMPROC_CODEC_LONGEST_NUMBER (10) /* the bytes of its message */
GVariant *gmproc_codec_new_number (gconstpointer message, gsize size);

/* Whether the value may hold handles: its type has an `h`, or a `v` that may hide one. */
gboolean gmproc_codec_may_hold_handles (GVariant *value);

/* Whether VALUE can be sent as it is: GMPROC_ERROR_BAD_TYPE when it is not in normal form, which
 * every receiver would refuse, G_IO_ERROR_NOT_SUPPORTED when there is a handle in it. */
gboolean gmproc_codec_check_message (GVariant *value, GError **error);

/* Whether there is a handle in VALUE. */
gboolean gmproc_codec_has_handles (GVariant *value);

/* Handles. OBJECTS collects GMPROC_SHAREABLE_FORMAT values on the way out, HANDLES are the local
 * numbers by index on the way in. The result is not floating. pack too refuses what is not in
 * normal form. */
GVariant *gmproc_codec_pack (GVariant *value, GPtrArray *objects, GmprocParcel *parcel,
                             GError **error);
GVariant *gmproc_codec_unpack (GVariant *value, const gint32 *handles, guint n_handles,
                               GError **error);

/* The objects that the handles inside VALUE name, as far as they live. */
GPtrArray *gmproc_codec_list_objects (GVariant *value);

G_END_DECLS
