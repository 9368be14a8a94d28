/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the fork server: a copy of the process that is its sibling.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Whether the system can do it for the calling process. */
gboolean gmproc_port_fork_copy_is_supported (void);

/* 0 in the copy; its id, or -1 with errno, in the caller. The kernel writes the id to *RET_PID
 * before the copy runs. The caller has one thread. */
pid_t gmproc_port_fork_copy (pid_t *ret_pid);

G_END_DECLS
