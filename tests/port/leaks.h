/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a test may not leave behind: open handles and children. The bodies are per system.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct GmprocTestLeaks GmprocTestLeaks;

/* The open handles and the children of this process now. */
GmprocTestLeaks *gmproc_test_leaks_snapshot (void);
void gmproc_test_leaks_free (GmprocTestLeaks *leaks);

/* How many handles were open. */
guint gmproc_test_leaks_count_handles (GmprocTestLeaks *leaks);

/* Names what is there now and was not in BEFORE, for people to read; NULL when there is nothing.
 * A handle that was closed and opened again as something else counts as new. */
char *gmproc_test_leaks_compare (GmprocTestLeaks *before);

/* From here on one handle more of a process is no leak, where processes have handles. */
void gmproc_test_leaks_forgive_process (void);

/* A descriptor as careless code makes it: a child that inherits whatever is not marked would get
 * it. */
int gmproc_test_leaks_open_inheritable (void);
void gmproc_test_leaks_close_inheritable (int fd);

/* Closes what a GmprocDescriptor had, of whatever kind it is. */
void gmproc_test_leaks_close_stolen (gintptr descriptor);

G_END_DECLS
