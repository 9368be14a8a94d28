/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "bootstrap.h"

#include "codec.h"
#include "family.h"
#include "gmproc-error.h"
#include "port/port.h"
#include "shareable.h"

/* Counted up whenever the format changes: parent and child are the same program, but its file may
 * have been replaced while the parent runs. */
#define FORMAT_VERSION (2)

/* version; parent's pid and name; name, identity, daemon; target, type; args, properties; lifeline,
 * family; the objects that handles in args and properties name. */
#define FIELDS "uxsssbmsmsmvmvii"
#define TYPE "(" FIELDS "a" GMPROC_SHAREABLE_FORMAT ")"
#define FORMAT "(" FIELDS "@a" GMPROC_SHAREABLE_FORMAT ")"

static gboolean
pack_optional (GVariant *value, GPtrArray *objects, GmprocParcel *parcel, GVariant **ret_packed,
               GError **error)
{
  *ret_packed = NULL;
  if (value != NULL)
    *ret_packed = gmproc_codec_pack (value, objects, parcel, error);
  return value == NULL || *ret_packed != NULL;
}

GBytes *
gmproc_bootstrap_write (const GmprocBootstrap *self, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GPtrArray) objects = NULL;
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GVariant) whole = NULL;
  GVariant *list;

  objects = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  if (!pack_optional (self->args, objects, parcel, &args, error)
      || !pack_optional (self->properties, objects, parcel, &properties, error))
    return NULL;

  list = g_variant_new_array (G_VARIANT_TYPE (GMPROC_SHAREABLE_FORMAT),
                              (GVariant *const *) objects->pdata, objects->len);
  whole = g_variant_ref_sink (
      g_variant_new (FORMAT, FORMAT_VERSION, self->parent_pid, self->parent_name, self->name,
                     self->identity, self->is_daemon, self->target, self->type, args, properties,
                     gmproc_parcel_add (parcel, self->lifeline),
                     gmproc_parcel_add (parcel, gmproc_family_get_memory ()), list));
  return gmproc_codec_to_bytes (whole);
}

/* Imports every object; the array holds their local numbers, by index. */
static GArray *
import_objects (GVariant *list, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GArray) handles = g_array_new (FALSE, FALSE, sizeof (gint32));
  gsize n_objects = g_variant_n_children (list);

  for (gsize i = 0; i < n_objects; i++)
    {
      g_autoptr (GVariant) exported = g_variant_get_child_value (list, i);
      g_autoptr (GmprocShareable) object = gmproc_shareable_import (exported, parcel, error);
      gint32 handle;

      if (object == NULL)
        return NULL;
      handle = gmproc_shareable_adopt (object);
      g_array_append_val (handles, handle);
    }

  return g_steal_pointer (&handles);
}

static gboolean
unpack_optional (GVariant **value, GArray *handles, GError **error)
{
  g_autoptr (GVariant) packed = g_steal_pointer (value);

  if (packed == NULL)
    return TRUE;

  *value =
      gmproc_codec_unpack (packed, (const gint32 *) (gpointer) handles->data, handles->len, error);
  return *value != NULL;
}

/* Before there are objects, which have notes there. */
static gboolean
join_family (GmprocBootstrap *self, gint32 index, GmprocParcel *parcel, GError **error)
{
  gintptr memory;

  if (!gmproc_parcel_take (parcel, index, &memory, error))
    return FALSE;
  gmproc_family_join (memory, self->name, self->parent_pid);
  return TRUE;
}

GmprocBootstrap *
gmproc_bootstrap_read (GBytes *bytes, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocBootstrap) self = g_new0 (GmprocBootstrap, 1);
  g_autoptr (GVariant) whole = gmproc_codec_load (bytes, error);
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GArray) handles = NULL;
  guint32 version;
  gint32 lifeline, family;

  self->lifeline = GMPROC_PORT_NO_HANDLE;
  if (whole == NULL)
    return NULL;
  if (!g_variant_is_of_type (whole, G_VARIANT_TYPE (TYPE)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The parent's message is of type “%s”; was the program replaced by another "
                   "version while its parent runs?",
                   g_variant_get_type_string (whole));
      return NULL;
    }

  g_variant_get (whole, FORMAT, &version, &self->parent_pid, &self->parent_name, &self->name,
                 &self->identity, &self->is_daemon, &self->target, &self->type, &self->args,
                 &self->properties, &lifeline, &family, &list);
  if (version != FORMAT_VERSION)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The parent speaks version %u of the start protocol, this program version %u",
                   version, FORMAT_VERSION);
      return NULL;
    }

  if (!join_family (self, family, parcel, error))
    return NULL;
  handles = import_objects (list, parcel, error);
  if (handles == NULL || !unpack_optional (&self->args, handles, error)
      || !unpack_optional (&self->properties, handles, error)
      || !gmproc_parcel_take (parcel, lifeline, &self->lifeline, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
gmproc_bootstrap_free (GmprocBootstrap *self)
{
  g_free (self->parent_name);
  g_free (self->name);
  g_free (self->identity);
  g_free (self->target);
  g_free (self->type);
  g_clear_pointer (&self->args, g_variant_unref);
  g_clear_pointer (&self->properties, g_variant_unref);
  gmproc_port_handle_close (&self->lifeline);
  g_free (self);
}
