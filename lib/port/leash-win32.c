/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A job does it here, into which the parent puts the child (ends_with_parent of the child's
 * options), so there is nothing that the child would have to wear.
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
