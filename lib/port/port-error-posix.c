/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "port-error.h"

void
gmproc_port_set_error (GError **error, int saved_errno, const char *call)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "%s: %s", call,
               g_strerror (saved_errno));
}
