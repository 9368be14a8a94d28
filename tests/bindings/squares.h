/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A library of somebody else's, with a function for pools in it. A script that loads its typelib
 * has it, and so have the workers.
 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

gint64 squares_get (gint64 number);

G_END_DECLS
