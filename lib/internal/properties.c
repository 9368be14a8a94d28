/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "properties.h"

#include "gmproc-error.h"
#include "shareable.h"

/* -- one value: to a GVariant and back --------------------------------------------------------- */

/* GVariant has no place for other text, and a GValue takes any. */
static gboolean
is_text (const char *string)
{
  return string == NULL || g_utf8_validate (string, -1, NULL);
}

static gboolean
are_texts (const char *const *strings)
{
  while (strings != NULL && *strings != NULL)
    if (!is_text (*strings++))
      return FALSE;
  return TRUE;
}

/* NULL without an error for a value that cannot travel. */
static GVariant *
value_to_variant (const GValue *value)
{
  const char *const *strings;
  GVariant *inner;

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_BOOLEAN:
      return g_variant_new_boolean (g_value_get_boolean (value));
    case G_TYPE_CHAR:
      return g_variant_new_int32 (g_value_get_schar (value));
    case G_TYPE_UCHAR:
      return g_variant_new_uint32 (g_value_get_uchar (value));
    case G_TYPE_INT:
      return g_variant_new_int32 (g_value_get_int (value));
    case G_TYPE_UINT:
      return g_variant_new_uint32 (g_value_get_uint (value));
    case G_TYPE_LONG:
      return g_variant_new_int64 (g_value_get_long (value));
    case G_TYPE_ULONG:
      return g_variant_new_uint64 (g_value_get_ulong (value));
    case G_TYPE_INT64:
      return g_variant_new_int64 (g_value_get_int64 (value));
    case G_TYPE_UINT64:
      return g_variant_new_uint64 (g_value_get_uint64 (value));
    case G_TYPE_FLOAT:
      return g_variant_new_double (g_value_get_float (value));
    case G_TYPE_DOUBLE:
      return g_variant_new_double (g_value_get_double (value));
    case G_TYPE_ENUM:
      return g_variant_new_int32 (g_value_get_enum (value));
    case G_TYPE_FLAGS:
      return g_variant_new_uint32 (g_value_get_flags (value));
    case G_TYPE_STRING:
      if (!is_text (g_value_get_string (value)))
        return NULL;
      return g_variant_new ("ms", g_value_get_string (value));
    case G_TYPE_VARIANT:
      inner = g_value_get_variant (value);
      return g_variant_new ("mv", inner);
    case G_TYPE_BOXED:
      if (!G_VALUE_HOLDS (value, G_TYPE_STRV))
        return NULL;
      strings = g_value_get_boxed (value);
      if (!are_texts (strings))
        return NULL;
      return g_variant_new ("m^as", strings);
    case G_TYPE_INTERFACE:
    case G_TYPE_OBJECT:
      if (!G_VALUE_HOLDS_OBJECT (value)) /* an interface of something else */
        return NULL;
      if (g_value_get_object (value) == NULL)
        return g_variant_new_maybe (G_VARIANT_TYPE_HANDLE, NULL);
      if (!GMPROC_IS_SHAREABLE (g_value_get_object (value)))
        return NULL;
      return g_variant_new ("mh", TRUE, gmproc_shareable_get_handle (g_value_get_object (value)));
    default:
      return NULL;
    }
}

static gboolean
object_from_variant (GVariant *variant, GValue *value, GError **error)
{
  g_autoptr (GVariant) handle = g_variant_get_maybe (variant);
  gpointer object;

  if (handle == NULL)
    return TRUE;

  object =
      gmproc_shareable_from_handle (g_variant_get_handle (handle), G_VALUE_TYPE (value), error);
  if (object == NULL)
    return FALSE;
  g_value_take_object (value, object);
  return TRUE;
}

/* VALUE is initialized to the property's type, VARIANT checked to be what that type gives. */
static gboolean
value_from_variant (GVariant *variant, GValue *value, GError **error)
{
  char *string;
  GVariant *inner;

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, g_variant_get_boolean (variant));
      break;
    case G_TYPE_CHAR:
      g_value_set_schar (value, g_variant_get_int32 (variant));
      break;
    case G_TYPE_UCHAR:
      g_value_set_uchar (value, g_variant_get_uint32 (variant));
      break;
    case G_TYPE_INT:
      g_value_set_int (value, g_variant_get_int32 (variant));
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, g_variant_get_uint32 (variant));
      break;
    case G_TYPE_LONG:
      g_value_set_long (value, g_variant_get_int64 (variant));
      break;
    case G_TYPE_ULONG:
      g_value_set_ulong (value, g_variant_get_uint64 (variant));
      break;
    case G_TYPE_INT64:
      g_value_set_int64 (value, g_variant_get_int64 (variant));
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, g_variant_get_uint64 (variant));
      break;
    case G_TYPE_FLOAT:
      g_value_set_float (value, g_variant_get_double (variant));
      break;
    case G_TYPE_DOUBLE:
      g_value_set_double (value, g_variant_get_double (variant));
      break;
    case G_TYPE_ENUM:
      g_value_set_enum (value, g_variant_get_int32 (variant));
      break;
    case G_TYPE_FLAGS:
      g_value_set_flags (value, g_variant_get_uint32 (variant));
      break;
    case G_TYPE_STRING:
      g_variant_get (variant, "ms", &string);
      g_value_take_string (value, string);
      break;
    case G_TYPE_VARIANT:
      g_variant_get (variant, "mv", &inner);
      g_value_take_variant (value, inner);
      break;
    case G_TYPE_BOXED:
      inner = g_variant_get_maybe (variant);
      g_value_take_boxed (value, inner != NULL ? g_variant_dup_strv (inner, NULL) : NULL);
      g_clear_pointer (&inner, g_variant_unref);
      break;
    default:
      return object_from_variant (variant, value, error);
    }
  return TRUE;
}

/* -- all of an object's ------------------------------------------------------------------------ */

static gboolean
travels (const GParamSpec *pspec, GType base)
{
  return (pspec->flags & G_PARAM_READWRITE) == G_PARAM_READWRITE
         && !g_type_is_a (base, pspec->owner_type);
}

GVariant *
gmproc_properties_pack (GObject *object, GType base, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autofree GParamSpec **pspecs = NULL;
  guint n_pspecs;

  pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (object), &n_pspecs);
  for (guint i = 0; i < n_pspecs; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      GVariant *variant;

      if (!travels (pspecs[i], base))
        continue;

      g_value_init (&value, pspecs[i]->value_type);
      g_object_get_property (object, pspecs[i]->name, &value);
      variant = value_to_variant (&value);
      if (variant == NULL)
        {
          g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                       "Property “%s” of %s has a value of type %s that cannot travel to another "
                       "process",
                       pspecs[i]->name, G_OBJECT_TYPE_NAME (object), G_VALUE_TYPE_NAME (&value));
          return NULL;
        }
      g_variant_builder_add (&builder, "{sv}", pspecs[i]->name, variant);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The type of GVariant that a property of this type travels as. */
static const GVariantType *
get_variant_type (GType type, const GValue *empty, GVariant **ret_sample)
{
  if (g_type_is_a (type, G_TYPE_OBJECT) || G_TYPE_IS_INTERFACE (type))
    return G_VARIANT_TYPE ("mh");

  *ret_sample = value_to_variant (empty);
  return *ret_sample != NULL ? g_variant_get_type (*ret_sample) : NULL;
}

static gboolean
unpack_property (GObjectClass *klass, const char *name, GVariant *variant, GValue *value,
                 GError **error)
{
  g_autoptr (GVariant) sample = NULL;
  GParamSpec *pspec = g_object_class_find_property (klass, name);
  const GVariantType *type = NULL;

  if (pspec != NULL)
    {
      g_value_init (value, pspec->value_type);
      type = get_variant_type (pspec->value_type, value, &sample);
    }
  if (type == NULL || !g_variant_is_of_type (variant, type))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The parent sent property “%s” of %s as “%s”, which is not what this program's "
                   "class has",
                   name, G_OBJECT_CLASS_NAME (klass), g_variant_get_type_string (variant));
      return FALSE;
    }

  return value_from_variant (variant, value, error);
}

GObject *
gmproc_properties_unpack (GType type, GVariant *properties, GError **error)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (type);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GArray) values = g_array_new (FALSE, TRUE, sizeof (GValue));
  gsize n_properties = properties != NULL ? g_variant_n_children (properties) : 0;

  g_array_set_clear_func (values, (GDestroyNotify) g_value_unset);
  g_array_set_size (values, n_properties);
  for (gsize i = 0; i < n_properties; i++)
    {
      g_autoptr (GVariant) variant = NULL;
      const char *name;

      g_variant_get_child (properties, i, "{&sv}", &name, &variant);
      g_ptr_array_add (names, (gpointer) name);
      if (!unpack_property (G_OBJECT_CLASS (klass), name, variant,
                            &g_array_index (values, GValue, i), error))
        return NULL;
    }

  return g_object_new_with_properties (type, n_properties, (const char **) names->pdata,
                                       (const GValue *) (gpointer) values->data);
}
