/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Many messages as one array, and back, without an allocation for each of them.
 *
 * Out: the children of an array are read where they lie. In: the bodies of messages are appended to
 * one buffer, which is laid out as GVariant lays out an array of them: each child at a multiple of
 * its type's alignment, and behind the last one, unless all are of one size, where each ends. So
 * the buffer becomes the array as it is.
 */
#pragma once

#include <gio/gio.h>

#include "codec.h"
#include "ring.h"

G_BEGIN_DECLS

/* -- out --------------------------------------------------------------------------------------- */

typedef struct
{
  GVariant *items; /* borrowed */
  gsize n_items;
  char *trailer; /* of each item's message: a zero byte and the type string, without an end */
  gsize trailer_size;
  const guint8 *data; /* all items, when they are of one size; or NULL */
  gsize item_size;
  GVariant *child; /* the one that get has opened last, when they are not */
} GmprocBundle;

/* ITEMS is an array, and stays the caller's until clear. */
void gmproc_bundle_open (GmprocBundle *self, GVariant *items);
void gmproc_bundle_clear (GmprocBundle *self);

/* GMPROC_BUNDLE_N_VECTORS vectors that live until the next get, and the sum of their sizes. */
#define GMPROC_BUNDLE_N_VECTORS (2)
gsize gmproc_bundle_get (GmprocBundle *self, gsize index, GOutputVector *vectors);

/* -- in ---------------------------------------------------------------------------------------- */

typedef struct
{
  guint8 kind;
  gboolean is_split;  /* GmprocBundleReader is for bodies as they are, and not for values */
  char trailer[65];   /* a zero byte, the type string and an end; empty for bytes */
  gsize trailer_size; /* without the end */
  gsize alignment;    /* of an item */
  gsize item_size;    /* of all, or 0 */
  guint8 *data;
  gsize size;
  gsize allocated;
  GArray *ends; /* gsize, the ends of the items; unused for items of one size */
  gsize n_items;
} GmprocBundleReader;

/* IS_SPLIT: for take_bytes; otherwise for take_values. */
void gmproc_bundle_reader_init (GmprocBundleReader *self, gboolean is_split);
void gmproc_bundle_reader_clear (GmprocBundleReader *self);

typedef enum
{
  GMPROC_BUNDLE_ADDED,
  GMPROC_BUNDLE_OTHER,    /* of another type than the first; or no message, or with a long type */
  GMPROC_BUNDLE_NO_MEMORY /* for so large a message */
} GmprocBundleResult;

/* Copies a message in. If it does not, nothing has changed. */
GmprocBundleResult gmproc_bundle_reader_add (GmprocBundleReader *self,
                                             const GmprocRingMessage *message);

/* Whether it is to take no more than it has, so that whoever fills it lets others in: at about 1
 * MiB, of which items of no bytes are a part too. */
gboolean gmproc_bundle_reader_is_full (const GmprocBundleReader *self);

/* All values as an array; not floating. What is not in normal form is left out: NULL with
 * GMPROC_ERROR_BAD_MESSAGE when nothing else came. */
GVariant *gmproc_bundle_reader_take_values (GmprocBundleReader *self, GError **error);

/* Of GBytes; they share one buffer. */
GPtrArray *gmproc_bundle_reader_take_bytes (GmprocBundleReader *self);

G_END_DECLS
