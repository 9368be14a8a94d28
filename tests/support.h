/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What every test program has in common: the TAP output of GLib's test framework, and a check
 * around each test that it leaves no open handle and no child behind.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The first statement of a test's main(), after what makes a child out of it. */
void gmproc_test_init (int *argc, char ***argv);

/* WARM_UP runs once before the first test. It makes GLib and the library open what they open
 * lazily and keep for good, which is no leak of the test that happens to be the first. */
void gmproc_test_set_warm_up (void (*warm_up) (void));

/* A thread of GLib's may hold a handle for a moment longer than the call for which it works, and
 * tells nobody when it lets go. A handle that is left after TIME, in microseconds, is still a leak.
 */
void gmproc_test_set_patience (gint64 time);

/* How often to do what a test does USUAL times: GMPROC_TEST_SCALE percent of it, and at least once.
 * It is for machines on which a step takes long; every step is still there. The processes of a test
 * get the same answer. */
guint gmproc_test_scale (guint usual);

/* Where a C library ends lines with CR LF, makes them end with LF, in place. */
void gmproc_test_unify_lines (char *text);

/* As g_test_trap_subprocess() for the test itself. GLib may keep a handle of that process. */
void gmproc_test_trap (void);

/* Registers BODY. It fails when a handle or a child is left that was not there before it. */
void gmproc_test_add (const char *path, void (*body) (void));

G_END_DECLS
