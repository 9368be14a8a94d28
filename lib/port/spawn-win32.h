/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: making a process.
 *
 * CreateProcess() is told by a list which handles the new process inherits: its standard streams,
 * and one more by which it is given the rest. Each is an inheritable copy that lives during the
 * call. So starts in several threads do not get in each other's way; and what a start of somebody
 * else's, without such a list, can pick up in that moment are these copies and no other handle.
 */
#pragma once

#include "port.h"

#include <windows.h>

G_BEGIN_DECLS

typedef struct
{
  const char *executable;
  const char *const *argv;                /* any text; the child's C library takes it apart again */
  const char *const *envp;                /* NULL: this process's environment */
  const char *directory;                  /* NULL: this process's working directory */
  gintptr streams[GMPROC_PORT_N_STREAMS]; /* input, output, error; GMPROC_PORT_NO_HANDLE: nothing */
  gintptr inherited; /* inheritable already; has the same number in the child */
} GmprocSpawn;

/* An inheritable copy of HANDLE, which the caller closes as soon as the child is started. */
gboolean gmproc_port_spawn_make_inheritable (HANDLE handle, gintptr *ret_copy, GError **error);

/* The caller owns *ret_process. */
gboolean gmproc_port_spawn (const GmprocSpawn *spawn, HANDLE *ret_process, DWORD *ret_pid,
                            GError **error);

G_END_DECLS
