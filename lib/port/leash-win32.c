/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Processes of this system cannot be stopped, except by a debugger, so there is nothing to add to a
 * lifeline.
 */
#include "config.h"

#include "port.h"

gboolean
gmproc_port_leash_new (gintptr *ret_keep, gintptr *ret_give, G_GNUC_UNUSED GError **error)
{
  *ret_keep = *ret_give = GMPROC_PORT_NO_HANDLE;
  return TRUE;
}

void
gmproc_port_leash_wear (G_GNUC_UNUSED gintptr given)
{
}
