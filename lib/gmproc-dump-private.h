/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What an object says about its state to those who look at it from outside. The state is a copy of
 * what is in shared memory, perhaps in the middle of a change.
 */
#pragma once

#include <gio/gio.h>

#include "internal/arena.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 owner_pid; /* 0 for nobody */
  gint64 owner_since;
  GString *text; /* "2 of 3 have arrived"; empty for nothing */
  GString *json; /* "\"arrived\": 2, \"parties\": 3"; empty for nothing */
} GmprocDescription;

void gmproc_barrier_describe (const GmprocSlotPlace *place, GmprocDescription *ret);
void gmproc_condition_describe (const GmprocSlotPlace *place, GmprocDescription *ret);
void gmproc_event_describe (const GmprocSlotPlace *place, GmprocDescription *ret);
void gmproc_lock_describe (const GmprocSlotPlace *place, GmprocDescription *ret);
void gmproc_queue_describe (const GmprocSlotPlace *place, GmprocDescription *ret);
void gmproc_semaphore_describe (const GmprocSlotPlace *place, GmprocDescription *ret);
void gmproc_shared_memory_describe (const GmprocSlotPlace *place, GmprocDescription *ret);

G_END_DECLS
