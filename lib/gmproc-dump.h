/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

/**
 * GmprocDumpFormat:
 * @GMPROC_DUMP_TEXT: lines for people
 * @GMPROC_DUMP_JSON: one JSON object
 *
 * How gmproc_dump() writes.
 *
 * Since: 1.0
 */
typedef enum
{
  GMPROC_DUMP_TEXT,
  GMPROC_DUMP_JSON
} GmprocDumpFormat;

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_dump (GOutputStream *stream, GmprocDumpFormat format, GCancellable *cancellable,
                      GError **error);

GMPROC_AVAILABLE_IN_1_0
char *gmproc_dump_to_string (GmprocDumpFormat format);

G_END_DECLS
