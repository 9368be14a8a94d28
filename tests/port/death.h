/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * How a process of a test ends badly, stops, or does harm, and what of that a system knows. The
 * bodies are per system.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The exit codes, on every system. */
#define GMPROC_TEST_ABORTED (-6)
#define GMPROC_TEST_KILLED (-9)
#define GMPROC_TEST_FAULTED (-11)

/* Nothing of the program runs any more, and no core is left. A debugger or a sanitizer that would
 * make something else of it is kept out. */
G_NORETURN void gmproc_test_kill_self (void);
G_NORETURN void gmproc_test_abort (void);

/* From here on a fault ends this process so. fault does it. */
void gmproc_test_prepare_for_fault (void);
G_NORETURN void gmproc_test_fault (void);

/* Whether a process can do something else than end when it is terminated. */
gboolean gmproc_test_can_catch_termination (void);

/* Whether what several processes append to one file at once stays in one piece. */
gboolean gmproc_test_can_append_at_once (void);

/* Whether a name in the system is answered for by the process that published it. */
gboolean gmproc_test_can_stop_a_name (void);

/* When it returns, no thread of that process runs any more, until continue. FALSE where that
 * cannot be done. */
gboolean gmproc_test_stop (gint64 pid);
void gmproc_test_continue (gint64 pid);

/* Tries to make all blocks of shared memory of this process smaller, and gives their number; -1
 * where the system has no such call. Fails the test when one could be made smaller. */
int gmproc_test_try_to_shrink (void);

/* From here on the calling thread, and processes that it starts, are refused a pidfd as if there
 * were no descriptor left. FALSE where the system has none, or cannot do that. */
gboolean gmproc_test_forbid_pidfds (void);

G_END_DECLS
