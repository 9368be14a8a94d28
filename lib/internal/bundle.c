/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "bundle.h"

#include <string.h>

#include "gmproc-error.h"
#include "ring-transfer.h"

#define FIRST_ALLOCATION (1024)
#define FULL (1024 * 1024)

/* -- out --------------------------------------------------------------------------------------- */

void
gmproc_bundle_open (GmprocBundle *self, GVariant *items)
{
  const GVariantType *type = g_variant_type_element (g_variant_get_type (items));

  *self = (GmprocBundle){ .items = items, .n_items = g_variant_n_children (items) };
  self->trailer_size = 1 + g_variant_type_get_string_length (type);
  self->trailer = g_malloc0 (self->trailer_size);
  memcpy (self->trailer + 1, g_variant_type_peek_string (type), self->trailer_size - 1);
  self->item_size = gmproc_codec_get_fixed_size (type);
  if (self->item_size > 0)
    self->data = g_variant_get_data (items);
}

void
gmproc_bundle_clear (GmprocBundle *self)
{
  g_clear_pointer (&self->child, g_variant_unref);
  g_clear_pointer (&self->trailer, g_free);
}

gsize
gmproc_bundle_get (GmprocBundle *self, gsize index, GOutputVector *vectors)
{
  if (self->item_size > 0)
    vectors[0] = (GOutputVector){ self->data + index * self->item_size, self->item_size };
  else
    {
      g_clear_pointer (&self->child, g_variant_unref);
      self->child = g_variant_get_child_value (self->items, index);
      vectors[0] =
          (GOutputVector){ g_variant_get_data (self->child), g_variant_get_size (self->child) };
    }
  vectors[1] = (GOutputVector){ self->trailer, self->trailer_size };
  return vectors[0].size + self->trailer_size;
}

/* -- in ---------------------------------------------------------------------------------------- */

void
gmproc_bundle_reader_init (GmprocBundleReader *self, gboolean is_split)
{
  *self = (GmprocBundleReader){ .is_split = is_split, .alignment = 1 };
}

void
gmproc_bundle_reader_clear (GmprocBundleReader *self)
{
  g_clear_pointer (&self->data, g_free);
  g_clear_pointer (&self->ends, g_array_unref);
}

/* FALSE when there is no such memory. */
static gboolean
reserve (GmprocBundleReader *self, gsize size)
{
  gsize wanted = MAX (2 * self->allocated, FIRST_ALLOCATION);
  guint8 *data;

  if (size <= self->allocated)
    return TRUE;
  wanted = MAX (wanted, size);
  data = g_try_realloc (self->data, wanted);
  if (data == NULL)
    return FALSE;
  self->data = data;
  self->allocated = wanted;
  return TRUE;
}

/* A zero byte and what follows it, which is a type string; that of the first message is
 * everybody's. A type string of more than the trailer's room makes a bundle of one. */
static gboolean
read_trailer (GmprocBundleReader *self, const GmprocRingMessage *message)
{
  char end[sizeof self->trailer];
  gsize size = MIN (message->size, sizeof self->trailer - 1);
  const char *type = end + size;

  gmproc_ring_peek (message, message->size - size, end, size);
  end[size] = '\0';
  while (type > end && type[-1] != '\0')
    type--;
  if (type == end || !g_variant_type_string_is_valid (type)
      || !g_variant_type_is_definite (G_VARIANT_TYPE (type)))
    return FALSE;

  self->trailer_size = (gsize) (end + size - type) + 1;
  memcpy (self->trailer, type - 1, self->trailer_size + 1);
  self->item_size = gmproc_codec_get_fixed_size (G_VARIANT_TYPE (type));
  self->alignment = gmproc_codec_get_alignment (G_VARIANT_TYPE (type));
  return TRUE;
}

static gboolean
is_of_type (GmprocBundleReader *self, const GmprocRingMessage *message)
{
  char end[sizeof self->trailer];

  if (message->kind != self->kind || message->size < self->trailer_size)
    return FALSE;
  if (self->trailer_size == 0)
    return TRUE;
  if (message->part_sizes[1] == 0)
    return memcmp (message->parts[0] + message->size - self->trailer_size, self->trailer,
                   self->trailer_size)
           == 0;
  gmproc_ring_peek (message, message->size - self->trailer_size, end, self->trailer_size);
  return memcmp (end, self->trailer, self->trailer_size) == 0;
}

static gboolean
belongs_here (GmprocBundleReader *self, const GmprocRingMessage *message)
{
  if (self->is_split)
    return TRUE;
  if (self->n_items == 0)
    {
      self->kind = message->kind;
      if (message->kind != GMPROC_CODEC_BYTES
          && (message->kind != GMPROC_CODEC_VARIANT || !read_trailer (self, message)))
        return FALSE;
    }
  return is_of_type (self, message)
         && (self->item_size == 0 || message->size == self->item_size + self->trailer_size);
}

GmprocBundleResult
gmproc_bundle_reader_add (GmprocBundleReader *self, const GmprocRingMessage *message)
{
  gsize start, size, end;

  if (!belongs_here (self, message))
    return GMPROC_BUNDLE_OTHER;

  start = (self->size + self->alignment - 1) & ~(self->alignment - 1);
  size = message->size - self->trailer_size;
  end = start + size;
  if (!reserve (self, MAX (end, 1)))
    return GMPROC_BUNDLE_NO_MEMORY;

  if (start > self->size)
    memset (self->data + self->size, 0, start - self->size);
  gmproc_ring_peek (message, 0, self->data + start, size);
  self->size = end;
  self->n_items++;
  if (self->item_size == 0)
    {
      if (self->ends == NULL)
        self->ends = g_array_new (FALSE, FALSE, sizeof (gsize));
      g_array_append_val (self->ends, end);
    }
  return GMPROC_BUNDLE_ADDED;
}

gboolean
gmproc_bundle_reader_is_full (const GmprocBundleReader *self)
{
  gsize n_ends = self->ends != NULL ? self->ends->len : 0;

  return self->size + n_ends * sizeof (gsize) >= FULL;
}

/* As many bytes for each as the last one of them needs, which stands behind them all. */
static gsize
get_offset_size (gsize size, gsize n_items)
{
  gsize offset_size = 1;

  while (offset_size < 8 && (guint64) (size + n_items * offset_size) >> (8 * offset_size) != 0)
    offset_size *= 2;
  return offset_size;
}

static void
append_ends (GmprocBundleReader *self)
{
  gsize offset_size = get_offset_size (self->size, self->n_items);
  guint8 *offsets;

  /* Less than the items themselves, so as little reason to fail as for any other small thing. */
  self->data = g_realloc (self->data, self->size + self->n_items * offset_size);
  offsets = self->data + self->size;
  for (gsize i = 0; i < self->n_items; i++)
    {
      guint64 end = GUINT64_TO_LE ((guint64) g_array_index (self->ends, gsize, i));

      memcpy (offsets + i * offset_size, &end, offset_size);
    }
  self->size += self->n_items * offset_size;
}

static GVariant *
set_malformed_error (gsize n_items, const char *type, GError **error)
{
  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "None of %" G_GSIZE_FORMAT " items of type “%s” is in normal form", n_items, type);
  return NULL;
}

/* Takes ITEMS. */
static GVariant *
keep_normal (GVariant *items, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (g_variant_get_type (items));
  gsize n_items = g_variant_n_children (items);
  gsize n_kept = 0;
  GVariant *kept;

  for (gsize i = 0; i < n_items; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (items, i);

      if (!g_variant_is_normal_form (child))
        continue;
      g_variant_builder_add_value (&builder, child);
      n_kept++;
    }
  if (n_kept == 0)
    kept = set_malformed_error (n_items, g_variant_get_type_string (items) + 1, error);
  else
    kept = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_variant_unref (items);
  return kept;
}

GVariant *
gmproc_bundle_reader_take_values (GmprocBundleReader *self, GError **error)
{
  const char *type = self->kind == GMPROC_CODEC_BYTES ? "ay" : self->trailer + 1;
  g_autofree char *array_type = g_strconcat ("a", type, NULL);
  gboolean is_trusted =
      self->kind == GMPROC_CODEC_BYTES || gmproc_codec_is_plain (G_VARIANT_TYPE (type));
  guint8 *data;
  GVariant *items;

  if (self->item_size == 0)
    append_ends (self);
  data = g_steal_pointer (&self->data);
  items = g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE (array_type), data,
                                                       self->size, is_trusted, g_free, data));
  if (is_trusted || g_variant_is_normal_form (items))
    return items;
  return keep_normal (items, error);
}

GPtrArray *
gmproc_bundle_reader_take_bytes (GmprocBundleReader *self)
{
  g_autoptr (GBytes) whole = g_bytes_new_take (g_steal_pointer (&self->data), self->size);
  GPtrArray *items = g_ptr_array_new_full ((guint) self->n_items, (GDestroyNotify) g_bytes_unref);
  gsize start = 0;

  for (gsize i = 0; i < self->n_items; i++)
    {
      gsize end = g_array_index (self->ends, gsize, i);

      g_ptr_array_add (items, g_bytes_new_from_bytes (whole, start, end - start));
      start = end;
    }
  return items;
}
