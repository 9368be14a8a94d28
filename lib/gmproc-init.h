/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

GMPROC_AVAILABLE_IN_1_0
void gmproc_init (int *argc, char ***argv);

GMPROC_AVAILABLE_IN_1_0
int gmproc_init_for_binding (const char *const *arguments);

GMPROC_AVAILABLE_IN_1_0
guint gmproc_get_n_processors (void);

G_END_DECLS
