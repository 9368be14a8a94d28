/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocConnection in a main loop. A source has a child source for the channel; and the connection
 * lists it, because two things are not seen at the channel: that the end was closed here, and that
 * the next message has been read already, for a buffer that was too short.
 */
#include "config.h"

#include "gmproc-connection-private.h"

#include "gmproc-waitable.h"
#include "internal/wait-source.h"

/* What a source waits for. */
enum
{
  TO_RECEIVE,
  TO_SEND
};

/* Whoever has the turn is about to take what there is. */
static gboolean
has_something (GmprocConnection *self)
{
  gboolean is_there;

  if (!gmproc_turn_try (&self->receiver))
    return FALSE;
  is_there = self->link.in.kind == NULL || gmproc_link_poll (&self->link, 0, NULL, NULL);
  gmproc_connection_leave (self, &self->receiver);
  return is_there;
}

/* To send: the call finds out. */
static gboolean
is_ready (gpointer object, guint64 what)
{
  GmprocConnection *self = object;

  return what == TO_SEND || !self->is_readable || gmproc_connection_is_closed (self)
         || has_something (self);
}

static gboolean
has_message (GmprocConnection *self)
{
  gboolean is_there;

  if (!gmproc_turn_try (&self->receiver))
    return FALSE;
  is_there = gmproc_link_has_message (&self->link);
  gmproc_connection_leave (self, &self->receiver);
  return is_there;
}

static void
disarm (gpointer object, GSource *source)
{
  GmprocConnection *self = object;

  g_mutex_lock (&self->closing);
  g_queue_remove (&self->sources, source);
  g_mutex_unlock (&self->closing);
}

/* Listed before the look for a message: whoever has the turn meanwhile and leaves a message wakes
 * those who are listed after giving the turn back. */
static GmprocArm
arm (G_GNUC_UNUSED const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what,
     GSource *source)
{
  GmprocConnection *self = object;

  if (what == TO_SEND ? !self->is_writable : !self->is_readable)
    return GMPROC_ARM_READY;

  g_mutex_lock (&self->closing);
  g_queue_push_tail (&self->sources, source);
  g_mutex_unlock (&self->closing);
  if (!gmproc_connection_is_closed (self) && (what == TO_SEND || !has_message (self)))
    return GMPROC_ARM_ARMED;
  disarm (self, source);
  return GMPROC_ARM_READY;
}

static const GmprocWaitSourceFuncs funcs = { is_ready, arm, disarm };

void
gmproc_connection_wake_sources (GmprocConnection *self)
{
  GSource *source;

  g_mutex_lock (&self->closing);
  while ((source = g_queue_pop_head (&self->sources)) != NULL)
    g_source_set_ready_time (source, 0);
  g_mutex_unlock (&self->closing);
}

/* NULL when the channel is closed. */
static GSource *
create_child (GmprocConnection *self, GmprocChannel *channel, GIOCondition condition)
{
  GSource *child = NULL;

  g_mutex_lock (&self->closing);
  if (channel->kind != NULL)
    child = gmproc_channel_create_source (channel, condition);
  g_mutex_unlock (&self->closing);
  return child;
}

static GSource *
create_courier_child (GmprocConnection *self)
{
  GSource *child = NULL;

  g_mutex_lock (&self->closing);
  if (self->courier.handle != GMPROC_PORT_NO_HANDLE)
    child = gmproc_port_courier_create_source (&self->courier);
  g_mutex_unlock (&self->closing);
  return child;
}

GSource *
gmproc_connection_create_receive_source (GmprocConnection *self, GCancellable *cancellable)
{
  return gmproc_wait_source_new (&funcs, self, TO_RECEIVE,
                                 create_child (self, &self->link.in, G_IO_IN), cancellable);
}

GSource *
gmproc_connection_create_send_source (GmprocConnection *self, GCancellable *cancellable)
{
  return gmproc_wait_source_new (&funcs, self, TO_SEND, NULL, cancellable);
}

GSource *
gmproc_connection_create_room_source (GmprocConnection *self, GmprocObstacle obstacle)
{
  return obstacle == GMPROC_OBSTACLE_COURIER ? create_courier_child (self)
                                             : create_child (self, &self->link.out, G_IO_OUT);
}

/**
 * gmproc_connection_create_source:
 * @self: an end that receives
 * @cancellable: (nullable): makes the source ready as well when it is cancelled
 * @error: return location
 *
 * Makes a source that is dispatched as long as there is something to receive, or the other end is
 * closed. It is that of gmproc_waitable_create_source(), which every class has that can be waited
 * for.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED for an end that only sends.
 *
 * Returns: (transfer full) (nullable): a source, whose callback is a #GmprocWaitableFunc
 * Since: 1.0
 */
GSource *
gmproc_connection_create_source (GmprocConnection *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (self->is_readable)
    return gmproc_connection_create_receive_source (self, cancellable);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "This end of the connection does not receive");
  return NULL;
}

static GSource *
waitable_create_source (GmprocWaitable *waitable, GCancellable *cancellable, GError **error)
{
  return gmproc_connection_create_source (GMPROC_CONNECTION (waitable), cancellable, error);
}

static gboolean
waitable_is_ready (GmprocWaitable *waitable)
{
  GmprocConnection *self = GMPROC_CONNECTION (waitable);

  return self->is_readable && is_ready (self, TO_RECEIVE);
}

void
gmproc_connection_waitable_init (GmprocWaitableInterface *iface)
{
  iface->create_source = waitable_create_source;
  iface->is_ready = waitable_is_ready;
}
