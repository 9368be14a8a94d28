/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a process failed with.
 *
 * A process that fails says so in three ways: a line on standard error, for a person; its exit
 * status; and a report to its parent (internal/report.h), for the program. The last is sent before
 * the process ends, and the parent reads it before it tells anybody of the end.
 */
#include "config.h"

#include "gmproc-process-private.h"

#include <stdlib.h>

#include "internal/report.h"

int
gmproc_process_tell_error (const char *name, const GError *error)
{
  g_printerr ("%s: %s\n", name, error->message);
  gmproc_report_send_error (error);
  return EXIT_FAILURE;
}

/**
 * gmproc_fail:
 * @error: (transfer full): what went wrong
 *
 * For a target that fails. The message is written to standard error after the name of the process,
 * and the parent gets the error from gmproc_process_get_error() once the process has ended. What it
 * returns is to be the exit status:
 *
 * |[<!-- language="C" -->
 * GMPROC_DEFINE_TARGET (copy)
 * {
 *   GError *error = NULL;
 *
 *   if (!copy_everything (args, &error))
 *     return gmproc_fail (error);
 *   return 0;
 * }
 * ]|
 *
 * A subclass need not call it: what its `run` sets is told in the same way. Of several calls the
 * last counts. In the main program, which has no parent, the message is all.
 *
 * Python prints a traceback for an exception in a process, and gives exit code 1.
 *
 * Returns: the exit status of a process that failed, 1
 * Since: 1.0
 */
int
gmproc_fail (GError *error)
{
  g_autoptr (GError) owned = error;
  GmprocProcess *current = gmproc_process_get_current ();
  const char *name = current != NULL ? gmproc_process_get_name (current) : g_get_prgname ();

  g_return_val_if_fail (error != NULL, EXIT_FAILURE);

  return gmproc_process_tell_error (name != NULL ? name : "gmproc", owned);
}

/**
 * gmproc_process_get_error:
 * @self: a process
 *
 * What the process failed with: the error that its `run` set, or that its target gave to
 * gmproc_fail(), or that kept it from coming so far. Domain, code and message are those of the
 * error in the process. A process that a signal ended has none, unless it had failed before.
 *
 * It is known when the process has ended, and does not change any more.
 *
 * Returns: (transfer none) (nullable): the error; it lives as long as @self
 * Since: 1.0
 */
const GError *
gmproc_process_get_error (GmprocProcess *self)
{
  GmprocChild *child;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  child = gmproc_process_get_child (self);
  return child != NULL && !gmproc_process_is_closed (self) ? gmproc_child_get_error (child) : NULL;
}
