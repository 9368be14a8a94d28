/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_POOL_OPTIONS (gmproc_pool_options_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocPoolOptions, gmproc_pool_options, GMPROC, POOL_OPTIONS, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocPoolOptions *gmproc_pool_options_new (void);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_options_set_priority (GmprocPoolOptions *self, int priority);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_options_set_chunk_size (GmprocPoolOptions *self, guint chunk_size);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_options_set_max_retries (GmprocPoolOptions *self, guint max_retries);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_options_set_item_timeout (GmprocPoolOptions *self, gint64 item_timeout);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_options_set_read_ahead (GmprocPoolOptions *self, guint read_ahead);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_options_set_fail_fast (GmprocPoolOptions *self, gboolean fail_fast);

G_END_DECLS
