/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "parcel.h"

#include "gmproc-error.h"
#include "port/port.h"

struct GmprocParcel
{
  GArray *handles;    /* gintptr */
  GArray *owned;      /* gintptr: those to close */
  GPtrArray *objects; /* referenced while their handles are borrowed */
  gboolean is_strange;
  gboolean is_pledged;
};

GmprocParcel *
gmproc_parcel_new (void)
{
  GmprocParcel *self = g_new0 (GmprocParcel, 1);

  self->handles = g_array_new (FALSE, FALSE, sizeof (gintptr));
  self->owned = g_array_new (FALSE, FALSE, sizeof (gintptr));
  self->objects = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

GmprocParcel *
gmproc_parcel_new_received (const gintptr *handles, guint n_handles)
{
  GmprocParcel *self = gmproc_parcel_new ();

  g_array_append_vals (self->handles, handles, n_handles);
  g_array_append_vals (self->owned, handles, n_handles);
  return self;
}

void
gmproc_parcel_set_is_strange (GmprocParcel *self, gboolean is_strange)
{
  self->is_strange = is_strange;
}

gboolean
gmproc_parcel_is_strange (GmprocParcel *self)
{
  return self->is_strange;
}

void
gmproc_parcel_free (GmprocParcel *self)
{
  for (guint i = 0; i < self->owned->len; i++)
    gmproc_port_handle_close (&g_array_index (self->owned, gintptr, i));
  g_array_unref (self->owned);
  g_array_unref (self->handles);
  g_ptr_array_unref (self->objects);
  g_free (self);
}

gint32
gmproc_parcel_add (GmprocParcel *self, gintptr handle)
{
  if (handle == GMPROC_PORT_NO_HANDLE)
    return -1;

  for (guint i = 0; i < self->handles->len; i++)
    if (g_array_index (self->handles, gintptr, i) == handle)
      return i;

  g_array_append_val (self->handles, handle);
  return self->handles->len - 1;
}

gint32
gmproc_parcel_give (GmprocParcel *self, gintptr handle)
{
  if (handle != GMPROC_PORT_NO_HANDLE)
    g_array_append_val (self->owned, handle);
  return gmproc_parcel_add (self, handle);
}

void
gmproc_parcel_keep (GmprocParcel *self, gpointer object)
{
  g_ptr_array_add (self->objects, g_object_ref (object));
}

const gintptr *
gmproc_parcel_get_handles (GmprocParcel *self, guint *ret_n_handles)
{
  *ret_n_handles = self->handles->len;
  return (const gintptr *) (gpointer) self->handles->data;
}

const GPtrArray *
gmproc_parcel_get_objects (GmprocParcel *self)
{
  return self->objects;
}

gboolean
gmproc_parcel_take (GmprocParcel *self, gint32 index, gintptr *ret_handle, GError **error)
{
  if (index == -1)
    {
      *ret_handle = GMPROC_PORT_NO_HANDLE;
      return TRUE;
    }
  if (index < 0 || (guint) index >= self->handles->len)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The message names attached handle %d, but it brought %u", index,
                   self->handles->len);
      return FALSE;
    }

  return gmproc_port_handle_duplicate (g_array_index (self->handles, gintptr, index), ret_handle,
                                       error);
}

void
gmproc_parcel_set_is_pledged (GmprocParcel *self)
{
  self->is_pledged = TRUE;
}

gboolean
gmproc_parcel_is_pledged (GmprocParcel *self)
{
  return self->is_pledged;
}
