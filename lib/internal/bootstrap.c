/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "bootstrap.h"

#include "codec.h"
#include "family.h"
#include "gmproc-error.h"
#include "port/port.h"
#include "report.h"
#include "shareable.h"

/* Counted up whenever the format changes: parent and child are the same program, but its file may
 * have been replaced while the parent runs. */
#define FORMAT_VERSION (3)

/* version; parent's pid and name; name, identity, daemon, start method; target, type; args,
 * properties; number, log level, hello; lifeline, leash, reports, family; the objects that handles
 * in args and properties name. */
#define FIELDS "uxsssbumsmsmvmvuubiiii"
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
  whole = g_variant_ref_sink (g_variant_new (
      FORMAT, FORMAT_VERSION, self->parent_pid, self->parent_name, self->name, self->identity,
      self->is_daemon, self->start_method, self->target, self->type, args, properties, self->number,
      self->log_level, self->wants_hello, gmproc_parcel_add (parcel, self->lifeline),
      gmproc_parcel_add (parcel, self->leash), gmproc_parcel_add (parcel, self->reports),
      gmproc_parcel_add (parcel, gmproc_family_get_memory ()), list));
  return gmproc_codec_to_bytes (whole);
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

/* TIES are indices of the lifeline, the leash and the pipe for reports. The lifeline stays open as
 * long as the process lives. */
static gboolean
open_ties (GmprocBootstrap *self, const gint32 *indices, GmprocParcel *parcel, GError **error)
{
  if (!gmproc_parcel_take (parcel, indices[0], &self->lifeline, error)
      || !gmproc_parcel_take (parcel, indices[1], &self->leash, error)
      || !gmproc_parcel_take (parcel, indices[2], &self->reports, error))
    return FALSE;

  gmproc_report_open (self->reports, self->lifeline, self->number);
  if (self->wants_hello)
    (void) gmproc_report_send (GMPROC_REPORT_HELLO, NULL);
  return TRUE;
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
  gint32 ties[3], family;

  self->lifeline = self->leash = self->reports = GMPROC_PORT_NO_HANDLE;
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
                 &self->identity, &self->is_daemon, &self->start_method, &self->target, &self->type,
                 &self->args, &self->properties, &self->number, &self->log_level,
                 &self->wants_hello, &ties[0], &ties[1], &ties[2], &family, &list);
  if (version != FORMAT_VERSION)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The parent speaks version %u of the start protocol, this program version %u",
                   version, FORMAT_VERSION);
      return NULL;
    }

  if (!open_ties (self, ties, parcel, error) || !join_family (self, family, parcel, error))
    return NULL;
  handles = gmproc_shareable_import_all (list, parcel, error);
  if (handles == NULL || !unpack_optional (&self->args, handles, error)
      || !unpack_optional (&self->properties, handles, error))
    return NULL;

  if (gmproc_parcel_is_pledged (parcel))
    (void) gmproc_report_send (GMPROC_REPORT_TAKEN, NULL);
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
  gmproc_port_handle_close (&self->leash); /* the lifeline is needed until the end */
  g_free (self);
}
