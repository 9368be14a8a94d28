/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "squares.h"

#include <gmproc.h>

GMPROC_DEFINE_FUNCTION (square_in_c, "x", "x")
{
  return g_variant_new_int64 (squares_get (g_variant_get_int64 (item)));
}

/**
 * squares_get:
 * @number: a number
 *
 * Returns: its square
 */
gint64
squares_get (gint64 number)
{
  return number * number;
}
