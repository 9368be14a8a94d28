/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the POSIX bodies: running a program that gets given descriptors and no
 * others.
 */
#pragma once

#include "port.h"

#include <sys/types.h>

G_BEGIN_DECLS

/* The first descriptor after the standard streams. */
#define GMPROC_SPAWN_FIRST_DESCRIPTOR 3

typedef struct
{
  const char *path; /* of the program */
  const char *const *argv;
  const char *const *environment; /* NULL: the caller's */
  const char *working_directory;  /* NULL: the caller's */
  const gintptr *streams;         /* as in GmprocPortChildOptions */
  const gintptr *descriptors;     /* become FIRST_DESCRIPTOR and those behind it */
  gsize n_descriptors;
} GmprocSpawn;

/* COMMAND, or PATH alone if there is none; then MARK and LABEL. The words are borrowed. */
GPtrArray *gmproc_port_spawn_make_argv (const char *const *command, const char *path,
                                        const char *mark, const char *label);

/* The caller reaps the process. */
gboolean gmproc_port_spawn (const GmprocSpawn *self, pid_t *ret_pid, GError **error);

G_END_DECLS
