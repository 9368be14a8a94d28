/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "monitor.h"

#include "gmproc-error.h"

typedef struct
{
  guint64 kind; /* the slot's */
  GmprocPortLockPlace lock;
  GmprocWaitpointPlace waitpoint;
  guint64 state[GMPROC_MONITOR_STATE_SIZE / 8];
} Place;

G_STATIC_ASSERT (sizeof (Place) == sizeof (GmprocSlotPlace));

/* The slot, and the kernel's objects behind the lock and the word, where it has such. */
#define FORMAT "(" GMPROC_SLOT_FORMAT "ii)"

static Place *
get_place (GmprocMonitor *self)
{
  return (Place *) self->slot.place;
}

gconstpointer
gmproc_monitor_get_state_in (const GmprocSlotPlace *place)
{
  return ((const Place *) place)->state;
}

gboolean
gmproc_monitor_new (GmprocMonitor *self, guint32 kind, GError **error)
{
  if (!gmproc_slot_new (&self->slot, kind, error))
    return FALSE;

  self->state = get_place (self)->state;
  if (gmproc_port_lock_create (&self->lock, &get_place (self)->lock, error))
    {
      if (gmproc_waitpoint_create (&self->waitpoint, &get_place (self)->waitpoint, error))
        {
          self->waitpoint.subject = &self->slot.subject;
          return TRUE;
        }
      gmproc_port_lock_detach (&self->lock);
    }

  gmproc_slot_clear (&self->slot);
  return FALSE;
}

void
gmproc_monitor_clear (GmprocMonitor *self)
{
  if (self->slot.place == NULL)
    return;

  gmproc_waitpoint_detach (&self->waitpoint);
  gmproc_port_lock_detach (&self->lock);
  gmproc_slot_clear (&self->slot);
}

GVariant *
gmproc_monitor_export (GmprocMonitor *self, GmprocParcel *parcel)
{
  return g_variant_new ("(@" GMPROC_SLOT_FORMAT "ii)", gmproc_slot_export (&self->slot, parcel),
                        gmproc_parcel_add (parcel, self->lock.handle),
                        gmproc_parcel_add (parcel, self->waitpoint.word.handle));
}

static gboolean
attach (GmprocMonitor *self, gint32 lock_index, gint32 word_index, GmprocParcel *parcel,
        GError **error)
{
  gintptr handle;

  self->state = get_place (self)->state;
  if (!gmproc_parcel_take (parcel, lock_index, &handle, error)
      || !gmproc_port_lock_attach (&self->lock, &get_place (self)->lock, handle, error))
    return FALSE;

  if (gmproc_parcel_take (parcel, word_index, &handle, error)
      && gmproc_waitpoint_attach (&self->waitpoint, &get_place (self)->waitpoint, handle, error))
    {
      self->waitpoint.subject = &self->slot.subject;
      return TRUE;
    }
  gmproc_port_lock_detach (&self->lock);
  return FALSE;
}

gboolean
gmproc_monitor_import (GmprocMonitor *self, GVariant *exported, guint32 kind, GmprocParcel *parcel,
                       GError **error)
{
  g_autoptr (GVariant) slot = NULL;
  gint32 lock_index, word_index;

  if (!g_variant_is_of_type (exported, G_VARIANT_TYPE (FORMAT)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A synchronization object came as “%s” instead of “%s”",
                   g_variant_get_type_string (exported), FORMAT);
      return FALSE;
    }

  g_variant_get (exported, "(@" GMPROC_SLOT_FORMAT "ii)", &slot, &lock_index, &word_index);
  if (!gmproc_slot_import (&self->slot, slot, kind, parcel, error))
    return FALSE;
  if (attach (self, lock_index, word_index, parcel, error))
    return TRUE;

  gmproc_slot_clear (&self->slot);
  return FALSE;
}
