/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "envelope.h"

#include "codec.h"
#include "gmproc-error.h"
#include "shareable.h"

#include <string.h>

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
gmproc_envelope_new (GVariant *message, gboolean is_for_stranger, GError **error)
{
  g_autoptr (GmprocEnvelope) self = g_new0 (GmprocEnvelope, 1);
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  self->parcel = gmproc_parcel_new ();
  gmproc_parcel_set_is_strange (self->parcel, is_for_stranger);
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

static GVariant *
make_body (GmprocEnvelope *self, GBytes *ticket)
{
  return g_variant_ref_sink (
      g_variant_new (FORMAT, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, ticket, TRUE),
                     g_variant_new_variant (self->value), self->objects));
}

GVariant *
gmproc_envelope_attach (GmprocEnvelope *self, const gintptr **ret_handles, guint *ret_n_handles)
{
  g_autoptr (GBytes) ticket = NULL;
  guint64 number;

  *ret_handles = gmproc_parcel_get_handles (self->parcel, ret_n_handles);
  number = *ret_n_handles;
  ticket = g_bytes_new (&number, sizeof number);
  return make_body (self, ticket);
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
  return make_body (self, ticket);
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

/* *ret_objects: their handles, on success. */
static GVariant *
open_with (GVariant *body, GmprocParcel *parcel, GArray **ret_objects, GError **error)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GArray) handles = NULL;
  GVariant *unpacked;

  g_variant_get (body, "(@ayv@a" GMPROC_SHAREABLE_FORMAT ")", NULL, &value, &list);
  handles = gmproc_shareable_import_all (list, parcel, error);
  if (handles == NULL)
    return NULL;
  unpacked =
      gmproc_codec_unpack (value, (const gint32 *) (gpointer) handles->data, handles->len, error);
  if (unpacked != NULL)
    *ret_objects = g_steal_pointer (&handles);
  else
    for (guint i = 0; i < handles->len; i++)
      gmproc_shareable_abandon (g_array_index (handles, gint32, i));
  return unpacked;
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

/* An object of a stranger's is a descriptor, so there cannot be more objects than came. */
static gboolean
check_arrivals (GVariant *body, const GmprocPortArrivals *arrivals, GError **error)
{
  g_autoptr (GVariant) ticket = g_variant_get_child_value (body, 0);
  g_autoptr (GVariant) list = g_variant_get_child_value (body, 2);
  guint64 n_sent;

  if (g_variant_get_size (ticket) != sizeof n_sent)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The number of a message's descriptors has %" G_GSIZE_FORMAT " bytes",
                   g_variant_get_size (ticket));
      return FALSE;
    }
  memcpy (&n_sent, g_variant_get_data (ticket), sizeof n_sent);
  if (arrivals->is_cut)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                 "Of %" G_GUINT64_FORMAT " descriptors that came with the message, this process "
                 "had room for %u",
                 n_sent, arrivals->n_handles);
  else if (arrivals->n_handles != n_sent || g_variant_n_children (list) > n_sent)
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                 "The message says that %" G_GUINT64_FORMAT
                 " descriptors came with it for %" G_GSIZE_FORMAT " objects, and %u did",
                 n_sent, g_variant_n_children (list), arrivals->n_handles);
  else
    return TRUE;
  return FALSE;
}

GVariant *
gmproc_envelope_open_strange (GVariant *body, GmprocPortArrivals *arrivals, GArray **ret_objects,
                              GError **error)
{
  g_autoptr (GmprocParcel) parcel =
      gmproc_parcel_new_received (arrivals->handles, arrivals->n_handles);
  GVariant *value = NULL;

  gmproc_parcel_set_is_strange (parcel, TRUE);
  if (check_type (body, error) && check_arrivals (body, arrivals, error))
    value = open_with (body, parcel, ret_objects, error);
  arrivals->n_handles = 0; /* they are the parcel's */
  gmproc_port_arrivals_clear (arrivals);
  return value;
}

GVariant *
gmproc_envelope_open_with (GVariant *body, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GArray) objects G_GNUC_UNUSED = NULL;

  return check_type (body, error) ? open_with (body, parcel, &objects, error) : NULL;
}
