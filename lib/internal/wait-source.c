/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "wait-source.h"

#include "guard.h"
#include "watch.h"

/* How long a source lets pass before it asks a busy object again. */
#define BUSY_TIME (1 * G_TIME_SPAN_MILLISECOND)

typedef gboolean (*Callback) (GObject *object, gpointer user_data);

typedef struct
{
  GSource parent;

  const GmprocWaitSourceFuncs *funcs;
  GObject *object;
  guint64 what;
  GCancellable *cancellable;
  gboolean is_armed; /* or waits before it asks a busy object again */
} WaitSource;

static gboolean
is_ready (WaitSource *self)
{
  return self->funcs->is_ready (self->object, self->what)
         || g_cancellable_is_cancelled (self->cancellable);
}

static gboolean
wait_source_prepare (GSource *source, int *timeout)
{
  WaitSource *self = (WaitSource *) source;

  *timeout = -1;
  if (self->is_armed || self->funcs->arm == NULL)
    return FALSE;

  switch (self->funcs->arm (self->funcs, self->object, self->what, source))
    {
    case GMPROC_ARM_READY:
      return TRUE;
    case GMPROC_ARM_BUSY:
      g_source_set_ready_time (source, g_get_monotonic_time () + BUSY_TIME);
      break;
    case GMPROC_ARM_ARMED:
    default:
      break;
    }
  self->is_armed = TRUE;
  return FALSE;
}

static gboolean
wait_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  WaitSource *self = (WaitSource *) source;

  /* Before the look: what changes after it arms the source again. */
  if (self->is_armed)
    {
      self->funcs->disarm (self->object, source);
      g_source_set_ready_time (source, -1);
      self->is_armed = FALSE;
    }

  if (callback == NULL)
    {
      g_warning ("A source for a %s was dispatched without a callback",
                 G_OBJECT_TYPE_NAME (self->object));
      return G_SOURCE_REMOVE;
    }
  if (!is_ready (self))
    return G_SOURCE_CONTINUE;
  return ((Callback) (void *) callback) (self->object, user_data);
}

/* The last reference is gone already, and GLib says so to a thread that makes the source ready just
 * now: see gmproc_wait_source_end(). */
static void
wait_source_finalize (GSource *source)
{
  WaitSource *self = (WaitSource *) source;

  if (self->is_armed)
    self->funcs->disarm (self->object, source);
  g_object_unref (self->object);
  g_clear_object (&self->cancellable);
}

/* For bindings, which set closures and no functions. */
static gboolean
call_closure (GObject *object, gpointer user_data)
{
  GClosure *closure = user_data;
  GValue result = G_VALUE_INIT;
  GValue argument = G_VALUE_INIT;
  gboolean goes_on;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_value_init (&argument, G_TYPE_OBJECT);
  g_value_set_object (&argument, object);
  g_closure_invoke (closure, &result, 1, &argument, NULL);
  goes_on = g_value_get_boolean (&result);
  g_value_unset (&argument);
  g_value_unset (&result);
  return goes_on;
}

static GSourceFuncs wait_source_funcs = {
  .prepare = wait_source_prepare,
  .dispatch = wait_source_dispatch,
  .finalize = wait_source_finalize,
  .closure_callback = (GSourceFunc) (void *) call_closure,
};

void
gmproc_wait_source_add_child (GSource *source, GSource *child)
{
  g_source_set_dummy_callback (child);
  g_source_add_child_source (source, child);
  g_source_unref (child);
}

GSource *
gmproc_wait_source_new (const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what,
                        GSource *child, GCancellable *cancellable)
{
  GSource *source = g_source_new (&wait_source_funcs, sizeof (WaitSource));
  WaitSource *self = (WaitSource *) source;

  g_source_set_name (source, G_OBJECT_TYPE_NAME (object));
  self->funcs = funcs;
  self->object = g_object_ref (object);
  self->what = what;
  if (child != NULL)
    gmproc_wait_source_add_child (source, child);
  if (cancellable != NULL)
    {
      self->cancellable = g_object_ref (cancellable);
      gmproc_wait_source_add_child (source, g_cancellable_source_new (cancellable));
    }
  return source;
}

void
gmproc_wait_source_end (GSource *source)
{
  WaitSource *self = (WaitSource *) source;

  if (source->source_funcs == &wait_source_funcs && self->is_armed)
    {
      self->funcs->disarm (self->object, source);
      self->is_armed = FALSE;
    }
  g_source_destroy (source);
  g_source_unref (source);
}

GmprocArm
gmproc_waitpoint_arm (GmprocWaitpoint *self, GmprocPortLock *lock,
                      const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what,
                      GSource *source)
{
  gboolean ready;
  guint32 prepared = 0;

  if (funcs->is_ready (object, what))
    return GMPROC_ARM_READY;
  if (!gmproc_guard_try (lock))
    return GMPROC_ARM_BUSY;
  ready = funcs->is_ready (object, what);
  if (!ready)
    prepared = gmproc_waitpoint_prepare (self);
  gmproc_guard_leave (lock);

  if (ready)
    return GMPROC_ARM_READY;
  return gmproc_watch_add (self, source, prepared) ? GMPROC_ARM_ARMED : GMPROC_ARM_BUSY;
}

void
gmproc_waitpoint_disarm (GmprocWaitpoint *self, GSource *source)
{
  gmproc_watch_remove (self, source);
}

GmprocArm
gmproc_monitor_arm (GmprocMonitor *self, const GmprocWaitSourceFuncs *funcs, gpointer object,
                    guint64 what, GSource *source)
{
  return gmproc_waitpoint_arm (&self->waitpoint, &self->lock, funcs, object, what, source);
}

void
gmproc_monitor_disarm (GmprocMonitor *self, GSource *source)
{
  gmproc_waitpoint_disarm (&self->waitpoint, source);
}
