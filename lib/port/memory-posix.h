/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the POSIX bodies: a block whose contents never change again.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A new block with the contents of BYTES, which no process can change or resize; it is exactly
 * as long as BYTES. Making it never waits for a reader, unlike filling a pipe. */
gboolean gmproc_port_memory_new_constant (GBytes *bytes, gintptr *ret_handle, GError **error);

/* The contents of such a block; an error when HANDLE is anything else. */
GBytes *gmproc_port_memory_read_constant (gintptr handle, GError **error);

G_END_DECLS
