/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of the process class share with each other, with gmproc_init() and with the pool.
 *
 *   gmproc-process.c        the class and its properties
 *   gmproc-process-state.c  what can be asked of any process
 *   gmproc-process-start.c  from an object to a process that runs
 *   gmproc-process-life.c   signals, the news of the end, and close
 *   gmproc-process-wait.c   waiting for the end
 *   gmproc-process-error.c  what a process failed with
 *   gmproc-process-setup.c  what a process is started with, beside its arguments
 *   gmproc-process-streams.c its standard streams
 *   gmproc-process-self.c   the process that we are, and its parent
 *   gmproc-start-method.c   how a process is started
 */
#pragma once

#include "gmproc-process-streams.h"
#include "gmproc-process.h"
#include "gmproc-start-method.h"
#include "gmproc-waitable.h"
#include "internal/bootstrap.h"
#include "internal/child.h"
#include "internal/registry.h"
#include "port/port.h"

G_BEGIN_DECLS

typedef enum
{
  GMPROC_ROLE_CHILD,
  GMPROC_ROLE_CURRENT,
  GMPROC_ROLE_PARENT
} GmprocRole;

/* What a process is started with, beside its arguments; all of it optional. */
typedef struct
{
  char *executable; /* a full path */
  char **environment;
  char *working_directory;
  GLogLevelFlags log_level; /* of the log records that it sends to its parent */
  GmprocStreamMode modes[GMPROC_PORT_N_STREAMS];
  gintptr given[GMPROC_PORT_N_STREAMS];  /* with GMPROC_STREAM_MODE_HANDLE, until the start */
  gintptr kept[GMPROC_PORT_N_STREAMS];   /* our ends of pipes, after the start */
  gpointer pipes[GMPROC_PORT_N_STREAMS]; /* what is made of them when somebody asks */
} GmprocSetup;

/* Streams on their way to a child. */
typedef struct
{
  gintptr streams[GMPROC_PORT_N_STREAMS]; /* what the child gets; borrowed */
  gintptr handles[GMPROC_PORT_N_STREAMS]; /* what was opened for it; owned */
  gintptr kept[GMPROC_PORT_N_STREAMS];    /* our ends of pipes; owned */
} GmprocOpenStreams;

typedef struct
{
  GmprocRole role;
  char *name;
  char *identity; /* "2", or "2:1" in a child */
  gboolean daemon;
  GmprocStartMethod start_method;
  GVariant *args;
  GPtrArray *carried;  /* the objects that args names; from construction until start */
  GmprocTarget target; /* or NULL; so is the next */
  char *target_name;
  const GmprocTargetInfo *target_info; /* of the current process, if it has a target */
  gint64 pid;
  GmprocSetup setup; /* not changed after the start */

  GMutex mutex;
  gboolean is_closed;           /* under the mutex */
  gboolean is_starting;         /* under the mutex; its setup does not change */
  GmprocChild *child;           /* under the mutex; NULL until started */
  GMainContext *exited_context; /* under the mutex; set with the child */
  GSource *exited_source;       /* under the mutex */
  gboolean start_is_untold;     /* under the mutex: start_async is to call back before "exited" */

  /* Set before start, see gmproc_process_set_exit_notify(). */
  void (*exit_notify) (gpointer);
  gpointer exit_data;
  GDestroyNotify exit_destroy;
} GmprocProcessPrivate;

GmprocProcessPrivate *gmproc_process_get_private (GmprocProcess *self);

/* Borrowed; NULL until it is started, so also while it is being started. */
GmprocChild *gmproc_process_get_child (GmprocProcess *self);

gboolean gmproc_process_is_closed (GmprocProcess *self);

/* Borrowed; NULL with an error that says that nobody can do WHAT to it. */
GmprocChild *gmproc_process_get_started_child (GmprocProcess *self, const char *what,
                                               GError **error);

void gmproc_process_waitable_init (GmprocWaitableInterface *iface);

/* The vfunc of the class itself. */
int gmproc_process_real_run (GmprocProcess *self, GError **error);

/* What the object that is being made stands for; asked once for each. */
GmprocRole gmproc_process_take_role (void);

/* What the children of this process get from it, unless they are told otherwise. */
typedef struct
{
  const char *identity; /* NULL in the main program */
  gboolean is_daemon;
  GLogLevelFlags log_level;
} GmprocHeritage;

void gmproc_process_get_heritage (GmprocHeritage *ret);

/* In the reaper: the news of its end. */
void gmproc_process_on_exited (gpointer process);

/* Between the two the news of the end is held back, so that it comes after that of the start. */
void gmproc_process_hold_exited (GmprocProcess *self);
void gmproc_process_let_exited_go (GmprocProcess *self);

/* Whether the parent has not ended. */
gboolean gmproc_process_parent_is_alive (void);

/* A source without a callback, dispatched when it has. */
GSource *gmproc_process_watch_parent (void);

/* In the main program: from now on processes can be started. */
void gmproc_process_init_main (void);

#define GMPROC_NO_STREAMS                                               \
  {                                                                     \
    GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE \
  }

#define GMPROC_OPEN_STREAMS_INIT                            \
  {                                                         \
    GMPROC_NO_STREAMS, GMPROC_NO_STREAMS, GMPROC_NO_STREAMS \
  }

/* gmproc-process-setup.c and gmproc-process-streams.c. open makes what the modes ask for, and after
 * an error too has to be cleared; take is for after the start. */
void gmproc_setup_init (GmprocSetup *self, GLogLevelFlags log_level);
void gmproc_setup_clear (GmprocSetup *self);
gboolean gmproc_setup_check (const GmprocSetup *self, GError **error);
gboolean gmproc_setup_open_streams (const GmprocSetup *self, GmprocOpenStreams *opened,
                                    GError **error);
void gmproc_setup_take_streams (GmprocSetup *self, GmprocOpenStreams *opened);
void gmproc_open_streams_clear (GmprocOpenStreams *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GmprocOpenStreams, gmproc_open_streams_clear)

/* Whether it is a child that was not started, so that what is set has an effect. */
gboolean gmproc_process_can_be_set_up (GmprocProcess *self);

/* The properties of the setup. */
#define GMPROC_PROCESS_FIRST_SETUP_PROPERTY (100)
void gmproc_process_install_setup_properties (GObjectClass *object_class);
void gmproc_process_get_setup_property (GmprocProcess *self, guint prop_id, GValue *value,
                                        GParamSpec *pspec);
void gmproc_process_set_setup_property (GmprocProcess *self, guint prop_id, const GValue *value,
                                        GParamSpec *pspec);

/* Writes "NAME: MESSAGE" to standard error, and tells the parent. Returns EXIT_FAILURE. */
int gmproc_process_tell_error (const char *name, const GError *error);

/* In a child: makes the current process and its parent from what the parent sent, and runs it.
 * Returns the exit status. */
int gmproc_process_run_child (GmprocBootstrap *bootstrap);

/* How PROCESS is to be started. */
gboolean gmproc_start_method_find (GmprocProcess *process, GmprocPortMethod *ret_method,
                                   GError **error);

/* The default that goes to a child, and in the child. */
GmprocStartMethod gmproc_start_method_get_to_inherit (void);
void gmproc_start_method_inherit (guint32 method);

/* Before start: NOTIFY runs in the reaper's thread when the process has ended. Ours as long as the
 * process object lives, then DESTROY. */
void gmproc_process_set_exit_notify (GmprocProcess *self, void (*notify) (gpointer),
                                     gpointer user_data, GDestroyNotify destroy);

G_END_DECLS
