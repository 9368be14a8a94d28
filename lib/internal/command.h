/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * How this program is started again when its program file alone does not tell: for an interpreter,
 * the words of the command line up to the script. A compiled program needs none of it.
 *
 * What is learned is written once, at start-up, before there are threads.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* SCRIPT[0] is what the interpreter calls the program, and the rest is what came behind it on the
 * command line. A problem is kept for whoever wants to start a process. */
void gmproc_command_learn (const char *const *script);

/* *ret_words, borrowed, is NULL when the program file alone is the command. FALSE with
 * GMPROC_ERROR_NOT_INITIALIZED when there is no command that would lead back here. */
gboolean gmproc_command_get (const char *const **ret_words, GError **error);

G_END_DECLS
