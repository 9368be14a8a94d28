/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: what tells a process from a later one with the same
 * number.
 */
#pragma once

#include <glib.h>
#include <windows.h>

G_BEGIN_DECLS

/* The time at which PROCESS was made; 0 when the system does not tell. */
guint64 gmproc_port_presence_read_birth (HANDLE process);

G_END_DECLS
