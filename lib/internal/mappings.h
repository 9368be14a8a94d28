/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The views that one process has of a block of shared memory that may grow.
 *
 * Each view begins at the begin of the block. One to read and write is made again when the block
 * has grown past it; the earlier ones stay until clear, because pointers into them were given out.
 * One to read only is counted by those who hold it, and lives as long as the last of them.
 *
 * Threads: any.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  gatomicrefcount n_refs;
  gpointer address;
  gsize size;
} GmprocMapping;

typedef struct
{
  GMutex mutex;
  GmprocMapping *data; /* these three under the mutex; each may be NULL */
  GmprocMapping *view;
  GPtrArray *earlier; /* what data was before the block grew */
} GmprocMappings;

void gmproc_mappings_init (GmprocMappings *self);
void gmproc_mappings_clear (GmprocMappings *self);

/* At least SIZE bytes of the block MEMORY. Errors: the port's. */
gboolean gmproc_mappings_get_data (GmprocMappings *self, gintptr memory, gsize size,
                                   gpointer *ret_address, gsize *ret_size, GError **error);
GmprocMapping *gmproc_mappings_ref_view (GmprocMappings *self, gintptr memory, gsize size,
                                         GError **error);
void gmproc_mapping_unref (gpointer mapping);

G_END_DECLS
