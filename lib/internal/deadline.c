/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "deadline.h"

gboolean
gmproc_deadline_from_length (gint64 timeout, gint64 *ret_deadline, GError **error)
{
  gint64 now;

  if (timeout < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Timeout %" G_GINT64_FORMAT " is neither GMPROC_FOREVER nor a number of "
                   "microseconds",
                   timeout);
      return FALSE;
    }
  if (timeout == 0)
    {
      *ret_deadline = 0;
      return TRUE;
    }

  now = g_get_monotonic_time ();
  *ret_deadline = timeout < GMPROC_PORT_FOREVER - now ? now + timeout : GMPROC_PORT_FOREVER;
  return TRUE;
}

gboolean
gmproc_deadline_has_passed (gint64 deadline)
{
  if (deadline == GMPROC_PORT_FOREVER)
    return FALSE;

  return deadline == 0 || g_get_monotonic_time () >= deadline;
}
