/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "mappings.h"

#include "port/port.h"

/* Takes the view over; NULL makes none. */
static GmprocMapping *
mapping_new (gpointer address, gsize size)
{
  GmprocMapping *mapping;

  if (address == NULL)
    return NULL;

  mapping = g_new0 (GmprocMapping, 1);
  g_atomic_ref_count_init (&mapping->n_refs);
  mapping->address = address;
  mapping->size = size;
  return mapping;
}

void
gmproc_mapping_unref (gpointer data)
{
  GmprocMapping *mapping = data;

  if (!g_atomic_ref_count_dec (&mapping->n_refs))
    return;
  gmproc_port_memory_unmap (&mapping->address, mapping->size);
  g_free (mapping);
}

void
gmproc_mappings_init (GmprocMappings *self)
{
  *self = (GmprocMappings){ .data = NULL };
  g_mutex_init (&self->mutex);
}

void
gmproc_mappings_clear (GmprocMappings *self)
{
  g_clear_pointer (&self->data, gmproc_mapping_unref);
  g_clear_pointer (&self->view, gmproc_mapping_unref);
  g_clear_pointer (&self->earlier, g_ptr_array_unref);
  g_mutex_clear (&self->mutex);
}

static void
replace_data_locked (GmprocMappings *self, GmprocMapping *mapping)
{
  if (self->data != NULL && self->earlier == NULL)
    self->earlier = g_ptr_array_new_with_free_func (gmproc_mapping_unref);
  if (self->data != NULL)
    g_ptr_array_add (self->earlier, self->data);
  self->data = mapping;
}

gboolean
gmproc_mappings_get_data (GmprocMappings *self, gintptr memory, gsize size, gpointer *ret_address,
                          gsize *ret_size, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (self->data == NULL || self->data->size < size)
    {
      GmprocMapping *mapping = mapping_new (gmproc_port_memory_map (memory, 0, size, error), size);

      if (mapping == NULL)
        return FALSE;
      replace_data_locked (self, mapping);
    }

  *ret_address = self->data->address;
  *ret_size = self->data->size;
  return TRUE;
}

GmprocMapping *
gmproc_mappings_ref_view (GmprocMappings *self, gintptr memory, gsize size, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (self->view == NULL || self->view->size < size)
    {
      GmprocMapping *mapping =
          mapping_new (gmproc_port_memory_map_to_read (memory, 0, size, error), size);

      if (mapping == NULL)
        return NULL;
      g_clear_pointer (&self->view, gmproc_mapping_unref);
      self->view = mapping;
    }

  g_atomic_ref_count_inc (&self->view->n_refs);
  return self->view;
}
