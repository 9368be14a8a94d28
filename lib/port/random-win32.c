/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "port.h"

#include <windows.h>

#include <bcrypt.h>

gboolean
gmproc_port_random_fill (gpointer buffer, gsize size, GError **error)
{
  if (BCryptGenRandom (NULL, buffer, (ULONG) size, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                       "BCryptGenRandom: the system has no random numbers");
  return FALSE;
}
