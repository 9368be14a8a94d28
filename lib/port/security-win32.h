/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: who may open what has a name.
 */
#pragma once

#include <gio/gio.h>
#include <windows.h>

G_BEGIN_DECLS

/* Full rights for the user that this process runs as, and for nobody else. Freed with LocalFree().
 */
PSECURITY_DESCRIPTOR gmproc_port_security_new_owner_only (GError **error);

G_END_DECLS
