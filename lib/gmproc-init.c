/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Start-up: the one place where a process learns whether it is the main program or a child.
 *
 *   ordinary start      the current process is MainProcess, and main() goes on.
 *   started by us       the bootstrap is read, the target runs, and the process exits with its
 *                       status: main() goes no further.
 *   damaged bootstrap   one line on standard error and exit status 1; never main(), which would
 *                       start the whole program a second time.
 *
 * In all of them the rule at exit is registered first, so that it runs after the program's own exit
 * handlers: daemons end, the others are joined.
 */
#include "config.h"

#include "gmproc-init.h"

#include <stdlib.h>

#include "gmproc-array.h"
#include "gmproc-barrier.h"
#include "gmproc-condition.h"
#include "gmproc-connection.h"
#include "gmproc-descriptor.h"
#include "gmproc-event.h"
#include "gmproc-lock.h"
#include "gmproc-process-private.h"
#include "gmproc-queue.h"
#include "gmproc-semaphore.h"
#include "gmproc-shared-memory.h"
#include "gmproc-value.h"
#include "internal/child.h"
#include "internal/command.h"
#include "internal/family.h"
#include "internal/shareable.h"
#include "internal/trace.h"
#include "internal/worker-link.h"
#include "port/port.h"

/* A child finds the classes of the objects that it gets by name. */
static void
ensure_shareable_types (void)
{
  g_type_ensure (GMPROC_TYPE_ARRAY);
  g_type_ensure (GMPROC_TYPE_BARRIER);
  g_type_ensure (GMPROC_TYPE_CONDITION);
  g_type_ensure (GMPROC_TYPE_CONNECTION);
  g_type_ensure (GMPROC_TYPE_DESCRIPTOR);
  g_type_ensure (GMPROC_TYPE_EVENT);
  g_type_ensure (GMPROC_TYPE_LOCK);
  g_type_ensure (GMPROC_TYPE_QUEUE);
  g_type_ensure (GMPROC_TYPE_SEMAPHORE);
  g_type_ensure (GMPROC_TYPE_SHARED_MEMORY);
  g_type_ensure (GMPROC_TYPE_VALUE);
  g_type_ensure (GMPROC_TYPE_BELL);
  g_type_ensure (GMPROC_TYPE_WORKER_LINK);
}

/* What any copy would do first is done once. */
static void
prepare_for_copies (void)
{
  ensure_shareable_types ();
  (void) g_type_class_ref (GMPROC_TYPE_PROCESS);
}

/* NULL without an error in the main program. */
static GmprocBootstrap *
receive_bootstrap (int *argc, char ***argv, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GmprocParcel) parcel = NULL;
  g_autofree gintptr *handles = NULL;
  guint n_handles;

  gmproc_shareable_set_ensure_types (ensure_shareable_types);
  /* Before receive, as the fork server's copies have from there what was done until then. */
  if (gmproc_port_child_is_copied (*argc, *argv))
    prepare_for_copies ();
  if (!gmproc_port_child_receive (argc, argv, &bytes, &handles, &n_handles, error))
    return NULL;

  parcel = gmproc_parcel_new_received (handles, n_handles);
  return gmproc_bootstrap_read (bytes, parcel, error);
}

/* What is the same for every start. NULL without an error in the main program. */
static GmprocBootstrap *
begin (int *argc, char ***argv, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GmprocBootstrap *bootstrap = NULL;

  /* The one that is registered first runs last. */
  if (gmproc_port_self_at_exit (gmproc_family_leave, &local_error)
      && gmproc_port_self_at_exit (gmproc_child_end_all, &local_error))
    bootstrap = receive_bootstrap (argc, argv, &local_error);
  if (local_error == NULL)
    gmproc_trace_init (bootstrap == NULL);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return bootstrap;
}

/* The exit status. */
static int
tell_error (const GError *error)
{
  const char *name = g_get_prgname ();

  return gmproc_process_tell_error (name != NULL ? name : "gmproc", error);
}

/* The main program goes on. */
static void
become_main (void)
{
  gmproc_process_init_main ();
  gmproc_trace_name_process (gmproc_process_get_name (gmproc_process_get_current ()));
}

/* Nothing that is freed here is freed by exit(), and a leak checker would tell of every child. */
static G_NORETURN void
run_and_exit (GmprocBootstrap *bootstrap)
{
  int status = gmproc_process_run_child (bootstrap);

  gmproc_bootstrap_free (bootstrap);
  exit (status);
}

/**
 * gmproc_init:
 * @argc: (inout): the address of main()'s argc
 * @argv: (inout) (array length=argc) (transfer none): the address of main()'s argv
 *
 * Prepares the program to start processes. It has to be the first statement of main(): in a child,
 * which is this same program started again, it runs what the child was started for and does not
 * return. Before it the program must not print, open or start anything that it does not want again
 * in every child.
 *
 * In the main program it returns with the arguments unchanged. A second call does nothing. A
 * program that runs with more rights than its user (set-user-ID) never becomes a child.
 *
 * At exit() of any process of the family, and when main() returns, its daemon children are
 * terminated and its other children are joined.
 *
 * In Python this is what `if __name__ == '__main__'` and `freeze_support()` are for.
 *
 * Since: 1.0
 */
void
gmproc_init (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;
  GmprocBootstrap *bootstrap = NULL;

  g_return_if_fail (argc != NULL && argv != NULL);
  if (gmproc_process_get_current () != NULL)
    return;

  bootstrap = begin (argc, argv, &error);
  if (error != NULL)
    exit (tell_error (error));
  if (bootstrap != NULL)
    run_and_exit (bootstrap);

  become_main ();
}

/**
 * gmproc_init_for_binding: (rename-to gmproc_init)
 * @arguments: (array zero-terminated=1): the name of the script, and what came behind it on the
 *   command line
 *
 * gmproc_init() for a program in another language, run by an interpreter or compiled. It does the
 * same, but in a child it returns when the target has run, so that the program ends in the way of
 * its language, which has its own buffers to write out. What the targets are has to be registered
 * before.
 *
 * A child of an interpreter is the same interpreter, with the same options, on the same script; the
 * arguments of the script are the main program's alone. When the command line of the process does
 * not end with @arguments, or names no script, gmproc_process_start() fails with
 * %GMPROC_ERROR_NOT_INITIALIZED.
 *
 * In Python the first lines of the main program are
 *
 * |[<!-- language="plain" -->
 * status = Gmproc.init(sys.argv)
 * if status >= 0:
 *     sys.exit(status)
 * ]|
 *
 * Returns: -1 in the main program; in a child the status with which it has to exit now
 * Since: 1.0
 */
int
gmproc_init_for_binding (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBootstrap) bootstrap = NULL;
  g_autofree char **argv = NULL; /* a copy of the array, which receive changes; not of the words */
  int argc;

  g_return_val_if_fail (arguments != NULL, -1);
  if (gmproc_process_get_current () != NULL)
    return -1;

  argc = (int) g_strv_length ((char **) arguments);
  argv = g_memdup2 (arguments, ((gsize) argc + 1) * sizeof *argv);
  gmproc_command_learn (arguments);
  bootstrap = begin (&argc, &argv, &error);
  if (error != NULL)
    return tell_error (error);
  if (bootstrap != NULL)
    return gmproc_process_run_child (bootstrap);

  become_main ();
  return -1;
}

/**
 * gmproc_get_n_processors:
 *
 * How many processors this process may use at once: those that its affinity allows, or fewer if
 * the system gives its control group (a container, for example) less time than they have. A part
 * of a processor counts as a whole one.
 *
 * Returns: the number, at least 1
 * Since: 1.0
 */
guint
gmproc_get_n_processors (void)
{
  guint n_processors = gmproc_port_self_get_n_processors ();
  guint n_granted = gmproc_port_quota_get (NULL);

  return n_granted != 0 ? MIN (n_granted, n_processors) : n_processors;
}
