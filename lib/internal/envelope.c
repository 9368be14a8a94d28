/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "envelope.h"

#include "codec.h"
#include "gmproc-error.h"
#include "shareable.h"

/* Ticket, value, objects. */
#define TYPE "(ayva" GMPROC_SHAREABLE_FORMAT ")"
#define FORMAT "(@ay@v@a" GMPROC_SHAREABLE_FORMAT ")"

struct GmprocEnvelope
{
  GVariant *value;
  GVariant *objects;
  GmprocParcel *parcel;
};

static gboolean
check_parcel (GmprocParcel *parcel, GError **error)
{
  guint n_handles;

  (void) gmproc_parcel_get_handles (parcel, &n_handles);
  if (n_handles <= GMPROC_PORT_COURIER_MAX)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "The objects in the message have %u handles, and one message takes at most %d",
               n_handles, GMPROC_PORT_COURIER_MAX);
  return FALSE;
}

GmprocEnvelope *
gmproc_envelope_new (GVariant *message, GError **error)
{
  g_autoptr (GmprocEnvelope) self = g_new0 (GmprocEnvelope, 1);
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  self->parcel = gmproc_parcel_new ();
  self->value = gmproc_codec_pack (message, objects, self->parcel, error);
  if (self->value == NULL || !check_parcel (self->parcel, error))
    return NULL;
  self->objects = g_variant_ref_sink (g_variant_new_array (
      G_VARIANT_TYPE (GMPROC_SHAREABLE_FORMAT), (GVariant *const *) objects->pdata, objects->len));
  return g_steal_pointer (&self);
}

void
gmproc_envelope_free (GmprocEnvelope *self)
{
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_pointer (&self->objects, g_variant_unref);
  g_clear_pointer (&self->parcel, gmproc_parcel_free);
  g_free (self);
}

GVariant *
gmproc_envelope_dispatch (GmprocEnvelope *self, GmprocPortCourier *courier, gint64 deadline,
                          GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) ticket = NULL;
  guint n_handles;
  const gintptr *handles = gmproc_parcel_get_handles (self->parcel, &n_handles);

  if (!gmproc_port_courier_send (courier, handles, n_handles, &ticket, deadline, cancellable,
                                 error))
    return NULL;
  return g_variant_ref_sink (
      g_variant_new (FORMAT, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, ticket, TRUE),
                     g_variant_new_variant (self->value), self->objects));
}

/* -- receiving --------------------------------------------------------------------------------- */

static GmprocParcel *
receive_parcel (GVariant *ticket, GmprocPortCourier *courier, GError **error)
{
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (ticket);
  g_autoptr (GError) local = NULL;
  g_autofree gintptr *handles = NULL;
  guint n_handles;

  if (gmproc_port_courier_receive (courier, bytes, &handles, &n_handles, &local))
    return gmproc_parcel_new_received (handles, n_handles);

  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE, local->message);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

/* Asks for objects that nobody else will ask for, which ends the table's hold on them. */
static void
drop_objects (GArray *handles)
{
  for (guint i = 0; i < handles->len; i++)
    {
      gpointer object = gmproc_shareable_from_handle (g_array_index (handles, gint32, i),
                                                      GMPROC_TYPE_SHAREABLE, NULL);

      g_clear_object (&object);
    }
}

static gboolean
check_type (GVariant *body, GError **error)
{
  if (g_variant_is_of_type (body, G_VARIANT_TYPE (TYPE)))
    return TRUE;

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "A message with objects came as “%s” instead of “%s”",
               g_variant_get_type_string (body), TYPE);
  return FALSE;
}

GVariant *
gmproc_envelope_open (GVariant *body, GmprocPortCourier *courier, GError **error)
{
  g_autoptr (GVariant) ticket = NULL;
  g_autoptr (GmprocParcel) parcel = NULL;

  if (!check_type (body, error))
    return NULL;
  ticket = g_variant_get_child_value (body, 0);
  parcel = receive_parcel (ticket, courier, error);
  return parcel != NULL ? gmproc_envelope_open_with (body, parcel, error) : NULL;
}

GVariant *
gmproc_envelope_open_with (GVariant *body, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GArray) handles = NULL;
  GVariant *unpacked;

  if (!check_type (body, error))
    return NULL;
  g_variant_get (body, "(@ayv@a" GMPROC_SHAREABLE_FORMAT ")", NULL, &value, &list);
  handles = gmproc_shareable_import_all (list, parcel, error);
  if (handles == NULL)
    return NULL;
  unpacked =
      gmproc_codec_unpack (value, (const gint32 *) (gpointer) handles->data, handles->len, error);
  if (unpacked == NULL)
    drop_objects (handles);
  return unpacked;
}
