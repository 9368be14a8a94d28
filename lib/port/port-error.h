/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The one place that turns an errno into a GError.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Fills ERROR in G_IO_ERROR with "CALL: what the system says". The caller reads errno right after
 * the call that failed, because anything in between may change it. */
void gmproc_port_set_error (GError **error, int saved_errno, const char *call);

G_END_DECLS
