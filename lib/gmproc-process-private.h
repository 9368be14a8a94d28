/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of the process class share with each other, with gmproc_init() and with the pool.
 *
 *   gmproc-process.c        the class, and what can be asked of any process
 *   gmproc-process-life.c   start, signals, and the news of the end
 *   gmproc-process-wait.c   waiting for the end
 *   gmproc-process-self.c   the process that we are, and its parent
 */
#pragma once

#include "gmproc-process.h"
#include "gmproc-waitable.h"
#include "internal/bootstrap.h"
#include "internal/child.h"

G_BEGIN_DECLS

typedef enum
{
  GMPROC_ROLE_CHILD,
  GMPROC_ROLE_CURRENT,
  GMPROC_ROLE_PARENT
} GmprocRole;

typedef struct
{
  GmprocRole role;
  char *name;
  char *identity; /* "2", or "2:1" in a child */
  gboolean daemon;
  GVariant *args;
  GPtrArray *carried; /* the objects that args names; from construction until start */
  GmprocTarget target;
  gint64 pid;

  GMutex mutex;
  GmprocChild *child;           /* under the mutex; NULL until started */
  GMainContext *exited_context; /* set before the child can exit */
  GSource *exited_source;       /* under the mutex */

  /* Set before start, see gmproc_process_set_exit_notify(). */
  void (*exit_notify) (gpointer);
  gpointer exit_data;
  GDestroyNotify exit_destroy;
} GmprocProcessPrivate;

GmprocProcessPrivate *gmproc_process_get_private (GmprocProcess *self);

/* Borrowed; NULL until it is started. */
GmprocChild *gmproc_process_get_child (GmprocProcess *self);

/* Borrowed; NULL with an error that says that nobody can do WHAT to it. */
GmprocChild *gmproc_process_get_started_child (GmprocProcess *self, const char *what,
                                               GError **error);

void gmproc_process_waitable_init (GmprocWaitableInterface *iface);

/* The vfunc of the class itself. */
int gmproc_process_real_run (GmprocProcess *self, GError **error);

/* What the object that is being made stands for; asked once for each. */
GmprocRole gmproc_process_take_role (void);

/* Whether the parent has not ended. */
gboolean gmproc_process_parent_is_alive (void);

/* A source without a callback, dispatched when it has. */
GSource *gmproc_process_watch_parent (void);

/* In the main program: from now on processes can be started. */
void gmproc_process_init_main (void);

/* In a child: makes the current process and its parent from what the parent sent, and runs it.
 * Returns the exit status. */
int gmproc_process_run_child (GmprocBootstrap *bootstrap);

/* Before start: NOTIFY runs in the reaper's thread when the process has ended. Ours as long as the
 * process object lives, then DESTROY. */
void gmproc_process_set_exit_notify (GmprocProcess *self, void (*notify) (gpointer),
                                     gpointer user_data, GDestroyNotify destroy);

G_END_DECLS
