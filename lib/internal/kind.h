/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The classes of objects in shared memory, as the places of their states name them.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  GMPROC_KIND_BARRIER = 0x42415252,
  GMPROC_KIND_BELL = 0x42454c4c,
  GMPROC_KIND_CONDITION = 0x434f4e44,
  GMPROC_KIND_EVENT = 0x4556454e,
  GMPROC_KIND_LOCK = 0x4c4f434b,
  GMPROC_KIND_QUEUE = 0x51554555,
  GMPROC_KIND_SEMAPHORE = 0x53454d41,
  GMPROC_KIND_SHARED_MEMORY = 0x53484d45,
  GMPROC_KIND_VALUE = 0x56414c55
};

G_END_DECLS
