/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "codec.h"

#include <string.h>

#include "gmproc-error.h"
#include "shareable.h"

gsize
gmproc_codec_get_item_size (const GVariantType *type)
{
  switch (*g_variant_type_peek_string (type))
    {
    case 'b':
    case 'y':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'i':
    case 'u':
      return 4;
    case 'x':
    case 't':
    case 'd':
      return 8;
    default:
      return 0;
    }
}

gboolean
gmproc_codec_is_number (const GVariantType *type)
{
  return gmproc_codec_get_item_size (type) > 0 && *g_variant_type_peek_string (type) != 'b';
}

/* The characters of a type say enough: no basic type is inside another one. */
gsize
gmproc_codec_get_alignment (const GVariantType *type)
{
  const char *string = g_variant_type_peek_string (type);
  gsize length = g_variant_type_get_string_length (type);
  gsize alignment = 1;

  for (gsize i = 0; i < length; i++)
    switch (string[i])
      {
      case 'x':
      case 't':
      case 'd':
      case 'v':
        return 8;
      case 'i':
      case 'u':
      case 'h':
        alignment = 4;
        break;
      case 'n':
      case 'q':
        alignment = MAX (alignment, 2);
        break;
      default:
        break;
      }
  return alignment;
}

/* GLib gives a value of a fixed size that size, even when it is made of nothing. */
gsize
gmproc_codec_get_fixed_size (const GVariantType *type)
{
  gsize size = gmproc_codec_get_item_size (type);
  const char *string = g_variant_type_peek_string (type);
  gsize length = g_variant_type_get_string_length (type);
  g_autoptr (GVariant) value = NULL;

  if (size > 0)
    return size;
  for (gsize i = 0; i < length; i++)
    if (strchr ("sogvam", string[i]) != NULL)
      return 0;
  value = g_variant_ref_sink (g_variant_new_from_data (type, NULL, 0, FALSE, NULL, NULL));
  return g_variant_get_size (value);
}

/* Numbers of any value, and no padding between them that would have to be zero. */
gboolean
gmproc_codec_is_plain (const GVariantType *type)
{
  const char *string = g_variant_type_peek_string (type);
  gsize length = g_variant_type_get_string_length (type);
  gsize sum = 0;

  for (gsize i = 0; i < length; i++)
    {
      if (strchr ("ynqiuxtd(){}", string[i]) == NULL)
        return FALSE;
      if (strchr ("(){}", string[i]) == NULL)
        sum += gmproc_codec_get_item_size ((const GVariantType *) (string + i));
    }
  return sum > 0 && sum == gmproc_codec_get_fixed_size (type);
}

/* -- out --------------------------------------------------------------------------------------- */

gsize
gmproc_codec_get_size (GVariant *value)
{
  return g_variant_get_size (value) + 1 + strlen (g_variant_get_type_string (value));
}

void
gmproc_codec_get_vectors (GVariant *value, GOutputVector *vectors)
{
  const char *type = g_variant_get_type_string (value);

  vectors[0] = (GOutputVector){ g_variant_get_data (value), g_variant_get_size (value) };
  vectors[1] = (GOutputVector){ "", 1 };
  vectors[2] = (GOutputVector){ type, strlen (type) };
}

/* Each question to a GVariant takes its lock, so as few are asked as there can be. G_VARIANT_TYPE()
 * would check each time that the string is a type's. */
gboolean
gmproc_codec_get_number_vectors (GVariant *value, GOutputVector *vectors)
{
  const GVariantType *type = g_variant_get_type (value);

  if (!gmproc_codec_is_number (type))
    return FALSE;

  vectors[0] = (GOutputVector){ g_variant_get_data (value), gmproc_codec_get_item_size (type) };
  vectors[1] = (GOutputVector){ "", 1 };
  vectors[2] = (GOutputVector){ type, 1 };
  return vectors[0].buffer != NULL;
}

void
gmproc_codec_store (GVariant *value, gpointer buffer)
{
  const char *type = g_variant_get_type_string (value);
  gsize size = g_variant_get_size (value);
  char *end = (char *) buffer + size;

  g_variant_store (value, buffer);
  *end = '\0';
  memcpy (end + 1, type, strlen (type));
}

GBytes *
gmproc_codec_to_bytes (GVariant *value)
{
  gsize size = gmproc_codec_get_size (value);
  gpointer buffer = g_malloc (size);

  gmproc_codec_store (value, buffer);
  return g_bytes_new_take (buffer, size);
}

/* -- in ---------------------------------------------------------------------------------------- */

/* The type string at the end of a message is short as a rule; a longer one is allocated. */
typedef struct
{
  char small[32];
  char *large;
} TypeString;

/* GLib makes a number at less cost than a value of bytes that it is given. A number needs no
 * further check, whatever its bytes. Not floating without the lock that g_variant_ref_sink() takes:
 * nobody else has it yet. */
GVariant *
gmproc_codec_new_number (gconstpointer message, gsize size)
{
  const char *bytes = message; /* NULL when there are none */
  union
  {
    guint8 y;
    gint16 n;
    guint16 q;
    gint32 i;
    guint32 u;
    gint64 x;
    guint64 t;
    double d;
  } number;

  if (size < 3 || bytes[size - 2] != '\0'
      || gmproc_codec_get_item_size ((const GVariantType *) (bytes + size - 1)) != size - 2)
    return NULL;

  memcpy (&number, message, size - 2);
  switch (bytes[size - 1])
    {
    case 'y':
      return g_variant_take_ref (g_variant_new_byte (number.y));
    case 'n':
      return g_variant_take_ref (g_variant_new_int16 (number.n));
    case 'q':
      return g_variant_take_ref (g_variant_new_uint16 (number.q));
    case 'i':
      return g_variant_take_ref (g_variant_new_int32 (number.i));
    case 'u':
      return g_variant_take_ref (g_variant_new_uint32 (number.u));
    case 'x':
      return g_variant_take_ref (g_variant_new_int64 (number.x));
    case 't':
      return g_variant_take_ref (g_variant_new_uint64 (number.t));
    case 'd':
      return g_variant_take_ref (g_variant_new_double (number.d));
    default: /* a boolean, of whose bytes not all are one */
      return NULL;
    }
}

/* What the message's end says its type is, and the size of what is before; NULL for no message. */
static const GVariantType *
find_type (const char *message, gsize size, TypeString *string, gsize *ret_data_size)
{
  gsize start = size;
  char *copy = string->small;

  while (start > 0 && message[start - 1] != '\0')
    start--;
  if (start == 0)
    return NULL;

  if (size - start >= sizeof string->small)
    copy = string->large = g_malloc (size - start + 1);
  memcpy (copy, message + start, size - start);
  copy[size - start] = '\0';
  *ret_data_size = start - 1;
  return g_variant_type_string_is_valid (copy) && g_variant_type_is_definite (G_VARIANT_TYPE (copy))
             ? G_VARIANT_TYPE (copy)
             : NULL;
}

/* Whether bytes of this type and size need not be looked at: a number, or an array of what is
 * plain. GLib would look at each element of an array. */
static gboolean
is_plain_data (const GVariantType *type, gsize size)
{
  const GVariantType *element;

  if (gmproc_codec_is_number (type))
    return size == gmproc_codec_get_item_size (type);
  if (!g_variant_type_is_array (type))
    return FALSE;
  element = g_variant_type_element (type);
  return gmproc_codec_is_plain (element) && size % gmproc_codec_get_fixed_size (element) == 0;
}

static GVariant *
set_malformed_error (gsize size, GError **error)
{
  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "A message of %" G_GSIZE_FORMAT " bytes is no serialized GVariant in normal form",
               size);
  return NULL;
}

/* Takes VALUE, floating, out of a message of SIZE. */
static GVariant *
check_value (GVariant *value, gsize size, GError **error)
{
  g_variant_ref_sink (value);
  if (g_variant_is_normal_form (value)) /* known already, if it was said to be */
    return value;

  g_variant_unref (value);
  return set_malformed_error (size, error);
}

GVariant *
gmproc_codec_load (GBytes *bytes, GError **error)
{
  TypeString string = { .large = NULL };
  gsize size, data_size;
  const char *message = g_bytes_get_data (bytes, &size);
  const GVariantType *type = find_type (message, size, &string, &data_size);
  GVariant *value = NULL;

  if (type != NULL)
    {
      g_autoptr (GBytes) data = g_bytes_new_from_bytes (bytes, 0, data_size);

      value = check_value (g_variant_new_from_bytes (type, data, is_plain_data (type, data_size)),
                           size, error);
    }
  else
    set_malformed_error (size, error);
  g_free (string.large);
  return value;
}

GVariant *
gmproc_codec_take_message (GmprocCodecKind kind, gpointer data, gsize size,
                           GDestroyNotify free_data, GError **error)
{
  TypeString string = { .large = NULL };
  const GVariantType *type;
  GVariant *value = NULL;
  gsize data_size;

  if (kind == GMPROC_CODEC_BYTES)
    return g_variant_ref_sink (
        g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, size, TRUE, free_data, data));

  value = gmproc_codec_new_number (data, size);
  if (value != NULL)
    {
      free_data (data);
      return value;
    }

  type = find_type (data, size, &string, &data_size);
  if (type != NULL)
    value = check_value (g_variant_new_from_data (type, data, data_size,
                                                  is_plain_data (type, data_size), free_data, data),
                         size, error);
  else
    {
      set_malformed_error (size, error);
      free_data (data);
    }
  g_free (string.large);
  return value;
}

gboolean
gmproc_codec_may_hold_handles (GVariant *value)
{
  return strpbrk (g_variant_get_type_string (value), "hv") != NULL;
}

/* -- handles --------------------------------------------------------------------------------- */

/* What to put in the place of one handle; FALSE with an error to stop. */
typedef gboolean (*MapHandle) (gint32 handle, gint32 *ret_handle, gpointer user_data,
                               GError **error);

static GVariant *map_value (GVariant *value, MapHandle map, gpointer user_data, GError **error);

static GVariant *
map_container (GVariant *value, MapHandle map, gpointer user_data, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (g_variant_get_type (value));
  gsize n_children = g_variant_n_children (value);

  for (gsize i = 0; i < n_children; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);
      g_autoptr (GVariant) mapped = map_value (child, map, user_data, error);

      if (mapped == NULL)
        return NULL;
      g_variant_builder_add_value (&builder, mapped);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static GVariant *
map_value (GVariant *value, MapHandle map, gpointer user_data, GError **error)
{
  gint32 handle;

  if (!gmproc_codec_may_hold_handles (value))
    return g_variant_ref (value);

  if (g_variant_is_container (value))
    return map_container (value, map, user_data, error);

  if (!map (g_variant_get_handle (value), &handle, user_data, error))
    return NULL;
  return g_variant_ref_sink (g_variant_new_handle (handle));
}

/* What is behind the type at STRING; NULL when that has more levels. GLib's own functions for types
 * are made for those that it reads. */
static const char *
pass_type (const char *string, guint n_levels)
{
  char first = *string++;

  if (strchr ("am({", first) == NULL)
    return string;
  if (n_levels == 0)
    return NULL;
  if (first == 'a' || first == 'm')
    return pass_type (string, n_levels - 1);
  while (string != NULL && *string != ')' && *string != '}')
    string = pass_type (string, n_levels - 1);
  return string != NULL ? string + 1 : NULL;
}

/* A type has at most as many levels as characters, unless there is a variant in it. */
static gboolean
has_at_most_levels (GVariant *value, guint n_levels)
{
  const char *type = g_variant_get_type_string (value);
  gsize n_children;

  if (strchr (type, 'v') == NULL)
    return strlen (type) <= n_levels || pass_type (type, n_levels) != NULL;
  if (n_levels == 0)
    return FALSE;

  n_children = g_variant_n_children (value);
  for (gsize i = 0; i < n_children; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (!has_at_most_levels (child, n_levels - 1))
        return FALSE;
    }
  return TRUE;
}

/* A value that was made here is in normal form, and costs nothing to ask. One that was made of
 * somebody's bytes may not be. GLib takes no bytes of a value that is deeper than 128 levels, but
 * it makes one. */
static gboolean
check_normal (GVariant *value, GError **error)
{
  if (!has_at_most_levels (value, GMPROC_CODEC_MAX_LEVELS))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "A value of type “%s” that is nested more than %d levels deep cannot be sent",
                   g_variant_get_type_string (value), GMPROC_CODEC_MAX_LEVELS);
      return FALSE;
    }
  if (g_variant_is_normal_form (value))
    return TRUE;

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
               "A value of type “%s” that is not in normal form cannot be sent; "
               "g_variant_get_normal_form() makes one that is",
               g_variant_get_type_string (value));
  return FALSE;
}

typedef struct
{
  GPtrArray *objects;  /* exported, by index */
  GHashTable *indexes; /* local number → index + 1 */
  GmprocParcel *parcel;
} Packing;

static gboolean
pack_handle (gint32 handle, gint32 *ret_handle, gpointer user_data, GError **error)
{
  Packing *packing = user_data;
  g_autoptr (GmprocShareable) object = NULL;
  gpointer known = g_hash_table_lookup (packing->indexes, GINT_TO_POINTER (handle));
  GVariant *exported;

  if (known != NULL)
    {
      *ret_handle = GPOINTER_TO_INT (known) - 1;
      return TRUE;
    }

  object = gmproc_shareable_from_handle (handle, GMPROC_TYPE_SHAREABLE, error);
  if (object == NULL)
    return FALSE;
  exported = gmproc_shareable_export (object, packing->parcel, error);
  if (exported == NULL)
    return FALSE;

  g_ptr_array_add (packing->objects, g_variant_ref_sink (exported));
  *ret_handle = packing->objects->len - 1;
  g_hash_table_insert (packing->indexes, GINT_TO_POINTER (handle),
                       GINT_TO_POINTER (*ret_handle + 1));
  return TRUE;
}

GVariant *
gmproc_codec_pack (GVariant *value, GPtrArray *objects, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GHashTable) indexes = g_hash_table_new (NULL, NULL);
  Packing packing = { .objects = objects, .indexes = indexes, .parcel = parcel };

  if (!check_normal (value, error))
    return NULL;
  return map_value (value, pack_handle, &packing, error);
}

typedef struct
{
  const gint32 *handles;
  guint n_handles;
} Unpacking;

static gboolean
unpack_handle (gint32 handle, gint32 *ret_handle, gpointer user_data, GError **error)
{
  Unpacking *unpacking = user_data;

  if (handle < 0 || (guint) handle >= unpacking->n_handles)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The message names object %d, but it brought %u", handle, unpacking->n_handles);
      return FALSE;
    }

  *ret_handle = unpacking->handles[handle];
  return TRUE;
}

GVariant *
gmproc_codec_unpack (GVariant *value, const gint32 *handles, guint n_handles, GError **error)
{
  Unpacking unpacking = { .handles = handles, .n_handles = n_handles };

  return map_value (value, unpack_handle, &unpacking, error);
}

/* Only looks: calls VISIT for each handle inside VALUE, until one call gives FALSE. */
static gboolean
visit_handles (GVariant *value, gboolean (*visit) (gint32, gpointer, GError **), gpointer user_data,
               GError **error)
{
  gsize n_children;

  if (!gmproc_codec_may_hold_handles (value))
    return TRUE;
  if (!g_variant_is_container (value))
    return visit (g_variant_get_handle (value), user_data, error);

  n_children = g_variant_n_children (value);
  for (gsize i = 0; i < n_children; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (!visit_handles (child, visit, user_data, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
collect_object (gint32 handle, gpointer user_data, G_GNUC_UNUSED GError **error)
{
  GObject *object = gmproc_shareable_from_handle (handle, GMPROC_TYPE_SHAREABLE, NULL);

  if (object != NULL)
    g_ptr_array_add (user_data, object);
  return TRUE;
}

GPtrArray *
gmproc_codec_list_objects (GVariant *value)
{
  GPtrArray *objects = g_ptr_array_new_with_free_func (g_object_unref);

  visit_handles (value, collect_object, objects, NULL);
  return objects;
}

static gboolean
stop_at_handle (G_GNUC_UNUSED gint32 handle, G_GNUC_UNUSED gpointer user_data,
                G_GNUC_UNUSED GError **error)
{
  return FALSE;
}

gboolean
gmproc_codec_has_handles (GVariant *value)
{
  return !visit_handles (value, stop_at_handle, NULL, NULL);
}

static gboolean
refuse_handle (gint32 handle, G_GNUC_UNUSED gpointer user_data, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "The message names the object with handle %d; objects travel in the args and the "
               "properties of a process, and over a duplex pipe",
               handle);
  return FALSE;
}

gboolean
gmproc_codec_check_message (GVariant *value, GError **error)
{
  return check_normal (value, error) && visit_handles (value, refuse_handle, NULL, error);
}
