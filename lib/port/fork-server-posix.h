/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for child-posix.c: the start method that copies a process.
 *
 * The server is this program, started by gmproc_port_spawn(). It comes to main() and to receive
 * with all that is done at load, and there it waits for requests instead of going on. Each process
 * that starts others in this way has a server of its own. It has one thread, whatever the program
 * does, so copying it is safe.
 *
 * A copy is made as a child of the process that asks, not of the server (CLONE_PARENT). So who asks
 * is told of its end, reaps it and reads its exit status as of any other child, and the server's
 * death takes nothing away. This needs Linux and glibc.
 */
#pragma once

#include "port.h"

#include <sys/types.h>

G_BEGIN_DECLS

gboolean gmproc_port_fork_server_is_supported (void);

/* Makes a child that gets BLOCK as its bootstrap. Starts the server if there is none, replaces one
 * that was killed or stopped. The child is made once or, with an error, not at all. */
gboolean gmproc_port_fork_server_start (const GmprocPortChildOptions *options, const char *label,
                                        gintptr block, pid_t *ret_pid, GError **error);

/* Ends the server of this process, if there is one. */
void gmproc_port_fork_server_end (void);

/* In the server, with its two arguments after the program's name, which a copy overwrites. Returns
 * in the copies only, each with what its start was given; FALSE if it is no server's start. */
gboolean gmproc_port_fork_server_serve (char **arguments, gintptr *ret_block, gintptr **ret_handles,
                                        guint *ret_n_handles, GError **error);

G_END_DECLS
