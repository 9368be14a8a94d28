/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the fork server: what a process has from the one that starts it, apart
 * from descriptors, environment and working directory, and what may change while a process runs.
 */
#pragma once

#include <glib.h>
#include <sys/resource.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define GMPROC_INHERITANCE_N_LIMITS 16
#define GMPROC_INHERITANCE_N_CPU_WORDS 16 /* of 64 processors each */

/* Travels from one process to another of the same program. */
typedef struct
{
  guint32 file_mask;
  gint32 nice;
  pid_t process_group;
  guint64 ignored_signals; /* bit N - 1 for signal N */
  struct rlimit limits[GMPROC_INHERITANCE_N_LIMITS];
  guint32 n_cpu_bytes; /* 0 when it is not known */
  guint64 cpus[GMPROC_INHERITANCE_N_CPU_WORDS];
} GmprocInheritance;

/* That of the calling thread now. */
void gmproc_port_inheritance_read (GmprocInheritance *self);

/* Makes SELF what the calling process has, which is PRESENT. What the system refuses stays: a
 * process may give up more than it can take back. */
void gmproc_port_inheritance_apply (const GmprocInheritance *self,
                                    const GmprocInheritance *present);

/* What no process can hand to another one that runs already: session, user, group, privileges. */
typedef struct
{
  pid_t session;
  uid_t user;
  gid_t group;
  int no_new_privileges;
} GmprocBelonging;

void gmproc_port_belonging_read (GmprocBelonging *self);
gboolean gmproc_port_belonging_equal (const GmprocBelonging *a, const GmprocBelonging *b);

G_END_DECLS
