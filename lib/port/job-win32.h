/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: the job of this process's daemons, which the system
 * ends when this process is gone.
 *
 * Only this process has a handle of the job, so the last one is closed with it, however it ended.
 * What a daemon starts is not in the job: its own daemons are in a job of its own, and its ordinary
 * children live on. A job of somebody else's that this process runs in stays around all of them.
 *
 * A daemon sees the end of its parent by the lifeline too. The job ends one that cannot look: whose
 * threads were suspended, or that hangs in its start.
 */
#pragma once

#include <gio/gio.h>
#include <windows.h>

G_BEGIN_DECLS

/* Before PROCESS runs anything of the program's. */
void gmproc_port_job_add (HANDLE process);

G_END_DECLS
