/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for whoever copies the process without fork().
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In the copy: what it knows of itself was true of the other process. */
void gmproc_port_self_forget (void);

G_END_DECLS
