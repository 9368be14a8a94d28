/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_START_METHOD (gmproc_start_method_get_type ())

/**
 * GmprocStartMethod:
 * @GMPROC_START_METHOD_DEFAULT: the default of this process
 * @GMPROC_START_METHOD_SPAWN: the program is run anew
 * @GMPROC_START_METHOD_FORKSERVER: a copy of a process that has just come to gmproc_init(). Faster,
 *   and in everything else the same. On Linux.
 *
 * How a process is started.
 *
 * Since: 1.0
 */
typedef enum
{
  GMPROC_START_METHOD_DEFAULT,
  GMPROC_START_METHOD_SPAWN,
  GMPROC_START_METHOD_FORKSERVER
} GmprocStartMethod;

GMPROC_AVAILABLE_IN_1_0
GType gmproc_start_method_get_type (void);

GMPROC_AVAILABLE_IN_1_0
const GmprocStartMethod *gmproc_get_start_methods (gsize *ret_n_methods);

GMPROC_AVAILABLE_IN_1_0
GmprocStartMethod gmproc_get_default_start_method (void);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_set_default_start_method (GmprocStartMethod method, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocStartMethod gmproc_process_get_start_method (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_set_start_method (GmprocProcess *self, GmprocStartMethod method);

G_END_DECLS
