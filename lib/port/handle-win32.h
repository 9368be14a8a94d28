/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: what is inside a handle.
 *
 * A handle is a HANDLE, or a pair of them: some objects of the library need two of the system's.
 * A HANDLE has no more than 32 bits that count, also where it is 64 bits wide, so that other
 * programs of 32 bits can use it. A pair has the second one in its upper half, which is zero in a
 * single handle.
 */
#pragma once

#include <gio/gio.h>
#include <windows.h>

G_BEGIN_DECLS

#define GMPROC_HANDLE_PARTS 2

/* Takes both over, also when it fails. */
gboolean gmproc_port_handle_join (gintptr *first, gintptr *second, gintptr *ret_pair,
                                  GError **error);

/* Gives the number of the HANDLEs in HANDLE: 0 for one that can be none, 1, or 2. */
guint gmproc_port_handle_split (gintptr handle, HANDLE parts[GMPROC_HANDLE_PARTS]);

/* A copy in another process, in which alone *ret_copy has a meaning. */
gboolean gmproc_port_handle_duplicate_into (HANDLE process, gintptr handle, gintptr *ret_copy,
                                            GError **error);

G_END_DECLS
