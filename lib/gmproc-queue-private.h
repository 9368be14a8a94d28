/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of the queue share:
 *
 *   gmproc-queue.c         the class, and one item at a time
 *   gmproc-queue-many.c    many items with one call
 *   gmproc-queue-source.c  sources for main loops
 *   gmproc-queue-async.c, gmproc-queue-many-async.c  asynchronous calls
 */
#pragma once

#include "gmproc-queue.h"
#include "gmproc-waitable.h"
#include "internal/async.h"
#include "internal/buffer.h"
#include "internal/bundle.h"
#include "internal/wait-source.h"

G_BEGIN_DECLS

struct _GmprocQueue
{
  GObject parent_instance;

  GmprocBuffer buffer;
  GmprocAsyncLine
      putting; /* the asynchronous calls of this process that put, whatever their form */
  GmprocAsyncLine getting;
};

GmprocAsyncLine *gmproc_queue_get_putting (gpointer self);
GmprocAsyncLine *gmproc_queue_get_getting (gpointer self);

/* After begin: copies the message out, and ends. G_IO_ERROR_NO_SPACE: it stays. */
gboolean gmproc_queue_take_message (GmprocQueue *self, const GmprocRingMessage *message,
                                    gpointer *ret_data, GError **error);

/* Items that are put one group after the other, as far as there is room. */
typedef struct
{
  GVariant *values; /* an array, or NULL; owned */
  GmprocBundle bundle;
  GBytes **bytes; /* owned; or NULL, when there are values */
  gsize n_items;
  gsize n_put;
} GmprocQueueBatch;

/* VALUES is a reference that is taken over, also at an error: as gmproc_codec_check_message(). */
gboolean gmproc_queue_batch_open (GmprocQueueBatch *self, GVariant *values, GError **error);
void gmproc_queue_batch_open_bytes (GmprocQueueBatch *self, GBytes *const *bytes, gsize n_items);
void gmproc_queue_batch_clear (GmprocQueueBatch *self);

/* Puts those that are left. At an error some of them may have been put. */
gboolean gmproc_queue_batch_put (GmprocQueueBatch *self, GmprocQueue *queue, gint64 timeout,
                                 GCancellable *cancellable, GError **error);

/* What a source waits for. */
typedef enum
{
  GMPROC_QUEUE_WAIT_FOR_ITEMS,
  GMPROC_QUEUE_WAIT_FOR_ROOM,
  GMPROC_QUEUE_WAIT_FOR_JOIN
} GmprocQueueWait;

GSource *gmproc_queue_source_new (GmprocQueue *self, GmprocQueueWait what,
                                  GCancellable *cancellable);

void gmproc_queue_waitable_init (GmprocWaitableInterface *iface);

G_END_DECLS
