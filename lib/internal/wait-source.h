/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The source that makes a main loop wait for one of our objects. It is dispatched as long as the
 * object is ready, like a source for a descriptor.
 *
 * There are two kinds of objects. What is ready when a descriptor is has a child source for it.
 * Everything else is armed: before the loop sleeps, the source asks the object to make it ready
 * when there may be something new. The object does so by g_source_set_ready_time (source, 0), once
 * and from any thread; the source then looks whether the object is ready, and otherwise arms itself
 * again. So nothing is lost between the look and the sleep, and being told too often costs a look.
 *
 * Who owns what: the source holds its object. The object lists the source without a reference, from
 * arm until it has made the source ready, or disarm; the source disarms itself before it is gone.
 *
 * Threads: as a GSource.
 */
#pragma once

#include "monitor.h"

G_BEGIN_DECLS

typedef enum
{
  GMPROC_ARM_READY, /* there is something; nothing was listed */
  GMPROC_ARM_ARMED, /* the source will be made ready */
  GMPROC_ARM_BUSY   /* cannot tell now, and could not without waiting; ask again a little later */
} GmprocArm;

/* WHAT is a number that the class understands: what exactly the source waits for. None of these may
 * wait. */
typedef struct GmprocWaitSourceFuncs GmprocWaitSourceFuncs;
struct GmprocWaitSourceFuncs
{
  gboolean (*is_ready) (gpointer object, guint64 what);

  /* NULL for an object that a child source tells of. arm is given its own FUNCS. */
  GmprocArm (*arm) (const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what,
                    GSource *source);
  void (*disarm) (gpointer object, GSource *source);
};

/* The callback is a gboolean (*) (GObject *object, gpointer user_data). CHILD is taken over. */
GSource *gmproc_wait_source_new (const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what,
                                 GSource *child, GCancellable *cancellable);

/* Destroys a source of any kind, and drops the caller's reference; in the thread that runs its
 * context. First nobody is left who would make it ready: other threads do so without a reference,
 * which must not meet the end of the last one. */
void gmproc_wait_source_end (GSource *source);

/* A CHILD more that tells of the object; taken over. */
void gmproc_wait_source_add_child (GSource *source, GSource *child);

/* What arm and disarm are for an object whose state is under LOCK, and whose changes are told at
 * WAITPOINT. The is_ready of FUNCS is asked inside the lock too. */
GmprocArm gmproc_waitpoint_arm (GmprocWaitpoint *self, GmprocPortLock *lock,
                                const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what,
                                GSource *source);
void gmproc_waitpoint_disarm (GmprocWaitpoint *self, GSource *source);

/* The same for both parts of a monitor. */
GmprocArm gmproc_monitor_arm (GmprocMonitor *self, const GmprocWaitSourceFuncs *funcs,
                              gpointer object, guint64 what, GSource *source);
void gmproc_monitor_disarm (GmprocMonitor *self, GSource *source);

G_END_DECLS
