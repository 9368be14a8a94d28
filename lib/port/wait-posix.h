/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the POSIX bodies: waiting for one descriptor with a deadline and a
 * cancellable.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Until one of EVENTS of poll(), or a hang-up, is there. G_IO_ERROR_TIMED_OUT,
 * G_IO_ERROR_CANCELLED, each only when there is nothing else to tell. */
gboolean gmproc_port_wait_for_fd (int fd, short events, gint64 deadline, GCancellable *cancellable,
                                  GError **error);

G_END_DECLS
