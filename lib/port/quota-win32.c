/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A job may bound the rate of its processors, but says it for the whole machine and to whoever
 * holds the job; so this system tells a process nothing that could be counted.
 */
#include "config.h"

#include "port.h"

guint
gmproc_port_quota_get (G_GNUC_UNUSED const char *root)
{
  return 0;
}
