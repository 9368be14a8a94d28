/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#include "gmproc-pool-source.h"

G_BEGIN_DECLS

/* FALSE with an error. *ret_item is not floating, or NULL at the end. */
gboolean gmproc_pool_source_next (GmprocPoolSource *self, GVariant **ret_item, GError **error);

G_END_DECLS
