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
#include "internal/family.h"
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

/* NULL without an error in the main program. */
static GmprocBootstrap *
receive_bootstrap (int *argc, char ***argv, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GmprocParcel) parcel = NULL;
  g_autofree gintptr *handles = NULL;
  guint n_handles;

  /* Before receive, as the fork server's copies have from there what was done until then. */
  ensure_shareable_types ();
  g_type_ensure (GMPROC_TYPE_PROCESS);
  if (!gmproc_port_child_receive (argc, argv, &bytes, &handles, &n_handles, error))
    return NULL;

  parcel = gmproc_parcel_new_received (handles, n_handles);
  return gmproc_bootstrap_read (bytes, parcel, error);
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

  /* The one that is registered first runs last. */
  if (gmproc_port_self_at_exit (gmproc_family_leave, &error)
      && gmproc_port_self_at_exit (gmproc_child_end_all, &error))
    bootstrap = receive_bootstrap (argc, argv, &error);
  if (error != NULL)
    {
      const char *name = g_get_prgname ();

      exit (gmproc_process_tell_error (name != NULL ? name : "gmproc", error));
    }
  gmproc_trace_init (bootstrap == NULL);
  if (bootstrap != NULL)
    run_and_exit (bootstrap);

  gmproc_process_init_main ();
  gmproc_trace_name_process (gmproc_process_get_name (gmproc_process_get_current ()));
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
