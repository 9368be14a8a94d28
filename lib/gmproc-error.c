/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "gmproc-error.h"

/**
 * gmproc_error_quark:
 *
 * The number of the error domain %GMPROC_ERROR.
 *
 * Returns: the quark
 * Since: 1.0
 */
/* The first argument becomes the name as it is written. */
/* clang-format off */
G_DEFINE_QUARK (gmproc-error-quark, gmproc_error)
/* clang-format on */
