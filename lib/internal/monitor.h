/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What every synchronization object is made of: a lock, a waitpoint and a few bytes of state, in
 * one slot of shared memory. The object's class keeps to the order that waitpoint.h asks for, and
 * then a SIGKILL of any process at any step leaves the state whole and nobody asleep for ever.
 */
#pragma once

#include "arena.h"
#include "waitpoint.h"

G_BEGIN_DECLS

/* Written by the class; each member says so itself. */
#define GMPROC_MONITOR_STATE_SIZE (24)

typedef struct
{
  GmprocSlot slot;
  GmprocPortLock lock;
  GmprocWaitpoint waitpoint;
  gpointer state; /* in the slot: GMPROC_MONITOR_STATE_SIZE bytes, zeros at first */
} GmprocMonitor;

/* The state in a slot that holds a monitor, to look into. */
gconstpointer gmproc_monitor_get_state_in (const GmprocSlotPlace *place);

/* KIND tells the classes apart. clear accepts a monitor that is all zeros. */
gboolean gmproc_monitor_new (GmprocMonitor *self, guint32 kind, GError **error);
void gmproc_monitor_clear (GmprocMonitor *self);

GVariant *gmproc_monitor_export (GmprocMonitor *self, GmprocParcel *parcel);
gboolean gmproc_monitor_import (GmprocMonitor *self, GVariant *exported, guint32 kind,
                                GmprocParcel *parcel, GError **error);

G_END_DECLS
