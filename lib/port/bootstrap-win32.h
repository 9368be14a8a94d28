/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: the block that a child is given.
 *
 * It is a section with a header, the numbers of the handles as the child knows them, and the bytes.
 * The child learns of it by a short message through a pipe, which is never full.
 */
#pragma once

#include <gio/gio.h>
#include <windows.h>

G_BEGIN_DECLS

#define GMPROC_BOOTSTRAP_MAX_HANDLES 65536

/* The message: all that goes through the pipe. */
typedef struct
{
  guint64 magic;
  gint64 block; /* the child's handle of the section */
} GmprocBootstrapMessage;

/* Gives HANDLES and BOOTSTRAP to PROCESS, which lives and does not run on before it got the
 * message. Without a success nothing is left behind but what dies with that process. */
gboolean gmproc_port_bootstrap_give (HANDLE process, GBytes *bootstrap, const gintptr *handles,
                                     guint n_handles, GmprocBootstrapMessage *ret_message,
                                     GError **error);

/* In the child: what the parent gave. N_HANDLES is how many the child was told of. */
gboolean gmproc_port_bootstrap_take (const GmprocBootstrapMessage *message, guint n_handles,
                                     GBytes **ret_bootstrap, gintptr **ret_handles, GError **error);

G_END_DECLS
