/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What gmproc_init() tells the process class about the process that it runs in.
 */
#pragma once

#include "gmproc-process.h"
#include "internal/bootstrap.h"

G_BEGIN_DECLS

/* In the main program: from now on processes can be started. */
void gmproc_process_init_main (void);

/* In a child: makes the current process and its parent from what the parent sent, and runs it.
 * Returns the exit status. */
int gmproc_process_run_child (GmprocBootstrap *bootstrap);

/* Before start: NOTIFY runs in the reaper's thread when the process has ended. Ours as long as the
 * process object lives, then DESTROY. */
void gmproc_process_set_exit_notify (GmprocProcess *self, void (*notify) (gpointer),
                                     gpointer user_data, GDestroyNotify destroy);

G_END_DECLS
