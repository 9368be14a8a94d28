/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Sources for main loops that wait for a queue.
 *
 * What wakes them is what wakes sleepers: the waitpoint `items`, which writers advance inside their
 * lock, `room`, which readers do, and `finished`. The turns that sleepers take are not for sources:
 * all of them are made ready for the same item, and those that come too late go on waiting.
 */
#include "config.h"

#include "gmproc-queue-private.h"

static gboolean
is_ready (gpointer object, guint64 what)
{
  GmprocBuffer *buffer = &GMPROC_QUEUE (object)->buffer;

  switch ((GmprocQueueWait) what)
    {
    case GMPROC_QUEUE_WAIT_FOR_ITEMS:
      return gmproc_buffer_has_items (buffer) || gmproc_buffer_is_closed (buffer);
    case GMPROC_QUEUE_WAIT_FOR_ROOM:
      return gmproc_buffer_has_room (buffer) || gmproc_buffer_is_closed (buffer);
    case GMPROC_QUEUE_WAIT_FOR_JOIN:
    default:
      return gmproc_buffer_count_unfinished (buffer) == 0;
    }
}

static GmprocArm
arm (const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what, GSource *source)
{
  GmprocBuffer *buffer = &GMPROC_QUEUE (object)->buffer;

  switch ((GmprocQueueWait) what)
    {
    case GMPROC_QUEUE_WAIT_FOR_ITEMS:
      return gmproc_waitpoint_arm (&buffer->items, &buffer->write_lock, funcs, object, what,
                                   source);
    case GMPROC_QUEUE_WAIT_FOR_ROOM:
      return gmproc_waitpoint_arm (&buffer->room, &buffer->read_lock, funcs, object, what, source);
    case GMPROC_QUEUE_WAIT_FOR_JOIN:
    default:
      return gmproc_waitpoint_arm (&buffer->finished, &buffer->finish_lock, funcs, object, what,
                                   source);
    }
}

static void
disarm_items (gpointer object, GSource *source)
{
  gmproc_waitpoint_disarm (&GMPROC_QUEUE (object)->buffer.items, source);
}

static void
disarm_room (gpointer object, GSource *source)
{
  gmproc_waitpoint_disarm (&GMPROC_QUEUE (object)->buffer.room, source);
}

static void
disarm_join (gpointer object, GSource *source)
{
  gmproc_waitpoint_disarm (&GMPROC_QUEUE (object)->buffer.finished, source);
}

GSource *
gmproc_queue_source_new (GmprocQueue *self, GmprocQueueWait what, GCancellable *cancellable)
{
  static const GmprocWaitSourceFuncs funcs[] = {
    [GMPROC_QUEUE_WAIT_FOR_ITEMS] = { is_ready, arm, disarm_items },
    [GMPROC_QUEUE_WAIT_FOR_ROOM] = { is_ready, arm, disarm_room },
    [GMPROC_QUEUE_WAIT_FOR_JOIN] = { is_ready, arm, disarm_join },
  };

  return gmproc_wait_source_new (&funcs[what], self, what, NULL, cancellable);
}

static GSource *
create_source (GmprocWaitable *waitable, GCancellable *cancellable, G_GNUC_UNUSED GError **error)
{
  return gmproc_queue_source_new (GMPROC_QUEUE (waitable), GMPROC_QUEUE_WAIT_FOR_ITEMS,
                                  cancellable);
}

static gboolean
is_ready_to_get (GmprocWaitable *waitable)
{
  return is_ready (waitable, GMPROC_QUEUE_WAIT_FOR_ITEMS);
}

void
gmproc_queue_waitable_init (GmprocWaitableInterface *iface)
{
  iface->create_source = create_source;
  iface->is_ready = is_ready_to_get;
}

/**
 * gmproc_queue_create_put_source:
 * @self: a queue
 * @cancellable: (nullable): makes the source ready when it is cancelled
 *
 * Makes a source that is dispatched as long as the queue is not full, and when it is closed. Its
 * callback is a %GmprocWaitableFunc. The source of gmproc_waitable_create_source() is the one for
 * getting: it is dispatched as long as the queue is not empty, and when it is closed.
 *
 * Returns: (transfer full): a source that is attached to no context
 * Since: 1.0
 */
GSource *
gmproc_queue_create_put_source (GmprocQueue *self, GCancellable *cancellable)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), NULL);

  return gmproc_queue_source_new (self, GMPROC_QUEUE_WAIT_FOR_ROOM, cancellable);
}
