/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The children of this process: starting, waiting, reaping, and the rule at exit.
 *
 * Any thread starts, waits and signals.
 *
 * The reaper is one thread of this process with a main context of its own, made with the first
 * child. It alone learns that a child ended, so the program needs no main loop, and tells everybody
 * who waits.
 *
 * The list holds a reference on every child that runs, and through it one on the child's owner (the
 * public object), so that dropping the last reference to a running process does not lose it. A
 * child that has ended is taken from the list by the next call of an ordinary thread, never by the
 * reaper: the owner's finalizer runs in a thread that the program knows.
 *
 * From its start a child is on trial, until its owner holds it and has ended the trial, or has
 * given it up. It may end meanwhile; then the reaper tells of the end when the trial is over, so
 * nobody has to be kept waiting for the owner. No lock is held while a child is started: a question
 * about another one has its answer at once.
 *
 * What happens when a process dies: children that are daemons hold the give end of this process's
 * lifeline and end themselves. Ordinary ones live on.
 */
#pragma once

#include "port/port.h"

#include "inbox.h"

G_BEGIN_DECLS

typedef struct GmprocChild GmprocChild;

/* Runs in the reaper, once, when has_exited is true already and the trial has ended, and before
 * anybody's wait ends. */
typedef void (*GmprocChildExited) (gpointer user_data);

typedef struct
{
  GmprocPortChildOptions port;
  gboolean is_daemon;
  GmprocInbox *inbox; /* the child takes it over when it is started */
  GObject *owner;     /* gets a reference while the child runs */
  GmprocChildExited exited;
  gpointer user_data; /* valid as long as the owner lives */
} GmprocChildOptions;

/* What ties every child to this process, made with the first one: the give ends of the lifeline and
 * of the leash, and the pipe for reports. Borrowed. */
typedef struct
{
  gintptr lifeline;
  gintptr leash; /* GMPROC_PORT_NO_HANDLE where the system has none */
  gintptr reports;
} GmprocTies;

gboolean gmproc_child_get_ties (GmprocTies *ret_ties, GError **error);

/* A reference for the caller; NULL with an error of the system, or GMPROC_ERROR_BAD_STATE once the
 * exit rule has begun. */
GmprocChild *gmproc_child_start (const GmprocChildOptions *options, GError **error);
void gmproc_child_unref (GmprocChild *self);

/* One of the two for every child. end_trial: the owner has the child, and may be told of its end
 * from now on, also if that was before. give_up: kills it, and waits until it is reaped; `exited`
 * does not run. */
void gmproc_child_end_trial (GmprocChild *self);
void gmproc_child_give_up (GmprocChild *self);

/* What it failed with, or NULL; known when it has exited. Borrowed. */
const GError *gmproc_child_get_error (GmprocChild *self);

/* By the one who is told that it has exited; see inbox.h. */
void gmproc_child_end_pledges (GmprocChild *self);

gint64 gmproc_child_get_pid (GmprocChild *self);
gboolean gmproc_child_has_exited (GmprocChild *self, int *ret_exit_status);
gboolean gmproc_child_wait (GmprocChild *self, gint64 deadline, GCancellable *cancellable,
                            GError **error);

/* Whether a wait would end now. */
gboolean gmproc_child_is_over (GmprocChild *self);

/* Makes SOURCE ready, by its ready time, once a wait would end; FALSE if it would end now, and
 * nothing is listed then. unwatch forgets the source, if it is listed. */
gboolean gmproc_child_watch (GmprocChild *self, GSource *source);
void gmproc_child_unwatch (GmprocChild *self, GSource *source);

void gmproc_child_interrupt (GmprocChild *self);
void gmproc_child_terminate (GmprocChild *self);
void gmproc_child_kill (GmprocChild *self);

/* The owners of the children that run and are not on trial, newest last: (transfer full). */
GList *gmproc_child_list_owners (void);

/* The rule at exit: daemons are terminated, and killed if that does not end them; the others are
 * waited for. Nothing can be started any more. Does nothing in a process that the program forked.
 */
void gmproc_child_end_all (void);

G_END_DECLS
