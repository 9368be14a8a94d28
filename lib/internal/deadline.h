/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * One deadline bounds a whole public call, whatever the call has to wait for on its way. It is
 * taken once from the caller's timeout, on the monotonic clock, so that a wall clock that is set
 * back or forward has no effect.
 */
#pragma once

#include "gmproc-types.h"
#include "port/port.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* TIMEOUT is GMPROC_FOREVER or a number of microseconds, 0 or more; 0 gives a deadline in the past,
 * which makes every wait a mere try. Anything else is G_IO_ERROR_INVALID_ARGUMENT. */
gboolean gmproc_deadline_from_length (gint64 timeout, gint64 *ret_deadline, GError **error);

static inline gboolean
gmproc_deadline_from_timeout (gint64 timeout, gint64 *ret_deadline, GError **error)
{
  if (timeout != GMPROC_FOREVER)
    return gmproc_deadline_from_length (timeout, ret_deadline, error);
  *ret_deadline = GMPROC_PORT_FOREVER;
  return TRUE;
}

gboolean gmproc_deadline_has_passed (gint64 deadline);

G_END_DECLS
