/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Many items with one call. They lie in the queue like any others, so one side may use these calls
 * and the other one not.
 *
 * The items of one call become visible in groups, each by one store, so a process that is killed in
 * between has put, or taken, some whole groups. A group ends where the queue is full, or large
 * enough that others should get a turn: no lock is held for more than a few microseconds.
 */
#include "config.h"

#include "gmproc-queue-private.h"

#include "internal/deadline.h"
#include "internal/ring-transfer.h"

/* What is put under one lock. */
#define GROUP_ITEMS (256)
#define GROUP_BYTES (64 * 1024)

gboolean
gmproc_queue_batch_open (GmprocQueueBatch *self, GVariant *values, GError **error)
{
  *self = (GmprocQueueBatch){ .values = values };
  if (!gmproc_codec_check_message (values, error))
    {
      g_clear_pointer (&self->values, g_variant_unref);
      return FALSE;
    }

  gmproc_bundle_open (&self->bundle, values);
  self->n_items = self->bundle.n_items;
  return TRUE;
}

void
gmproc_queue_batch_open_bytes (GmprocQueueBatch *self, GBytes *const *bytes, gsize n_items)
{
  *self = (GmprocQueueBatch){ .bytes = g_new (GBytes *, n_items), .n_items = n_items };
  for (gsize i = 0; i < n_items; i++)
    self->bytes[i] = g_bytes_ref (bytes[i]);
}

void
gmproc_queue_batch_clear (GmprocQueueBatch *self)
{
  gmproc_bundle_clear (&self->bundle);
  g_clear_pointer (&self->values, g_variant_unref);
  for (gsize i = 0; self->bytes != NULL && i < self->n_items; i++)
    g_bytes_unref (self->bytes[i]);
  g_clear_pointer (&self->bytes, g_free);
}

/* Where item number INDEX lies, in *ret_n_vectors pieces; gives the sum of their sizes. */
static gsize
get_item (GmprocQueueBatch *self, gsize index, GOutputVector *vectors, gsize *ret_n_vectors)
{
  if (self->bytes == NULL)
    {
      *ret_n_vectors = GMPROC_BUNDLE_N_VECTORS;
      return gmproc_bundle_get (&self->bundle, index, vectors);
    }
  *ret_n_vectors = 1;
  vectors[0].buffer = g_bytes_get_data (self->bytes[index], &vectors[0].size);
  return vectors[0].size;
}

/* Puts the next item as soon as there is room, and those behind it that then have room too. */
static gboolean
put_group (GmprocQueueBatch *self, GmprocQueue *queue, gint64 deadline, GCancellable *cancellable,
           GError **error)
{
  GmprocCodecKind kind = self->bytes != NULL ? GMPROC_CODEC_BYTES : GMPROC_CODEC_VARIANT;
  GOutputVector vectors[GMPROC_BUNDLE_N_VECTORS];
  GmprocRingMessage message, last;
  gsize n_vectors;
  gsize end = self->n_put + MIN (self->n_items - self->n_put, GROUP_ITEMS);
  gsize size = get_item (self, self->n_put, vectors, &n_vectors);
  gsize sum = size;
  gsize i = self->n_put + 1;

  if (!gmproc_buffer_begin_put (&queue->buffer, kind, size, deadline, cancellable, &last, error))
    return FALSE;
  gmproc_ring_fill (&last, vectors, n_vectors);

  for (; i < end && sum < GROUP_BYTES; i++)
    {
      size = get_item (self, i, vectors, &n_vectors);
      if (!gmproc_buffer_put_another (&queue->buffer, &last, kind, size, &message))
        break;
      gmproc_ring_fill (&message, vectors, n_vectors);
      last = message;
      sum += size;
    }

  gmproc_buffer_end_put (&queue->buffer, &last);
  self->n_put = i;
  return TRUE;
}

gboolean
gmproc_queue_batch_put (GmprocQueueBatch *self, GmprocQueue *queue, gint64 timeout,
                        GCancellable *cancellable, GError **error)
{
  gint64 deadline;

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error))
    return FALSE;
  /* Also of no items, although nothing could be put wrong. */
  if (self->n_items == 0)
    return !g_cancellable_set_error_if_cancelled (cancellable, error)
           && gmproc_buffer_refuse_closed (&queue->buffer, error);
  while (self->n_put < self->n_items)
    if (g_cancellable_set_error_if_cancelled (cancellable, error)
        || !put_group (self, queue, deadline, cancellable, error))
      return FALSE;
  return TRUE;
}

/**
 * gmproc_queue_put_many:
 * @self: a queue
 * @items: an array of any type; sunk if floating
 * @timeout: microseconds to wait while the queue is full, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @ret_n_put: (out) (optional): how many items are in the queue, also at an error
 * @error: return location
 *
 * Puts every child of an array as an item of its own, in this order. That is faster than a call for
 * each of them, above all when they are of a fixed size, like in an `ax` or an `a(tttt)`.
 *
 * When the timeout passes, or @cancellable fires, or the queue is closed, before all items had
 * room, the first @ret_n_put of them are in the queue and stay there, and the others are not. The
 * items of other producers may come in between. An empty array is no error, unless the queue is
 * closed.
 *
 * Errors: as gmproc_queue_put(). An item that cannot be put is seen before the first one is put.
 *
 * Returns: whether all items are in the queue
 * Since: 1.0
 */
gboolean
gmproc_queue_put_many (GmprocQueue *self, GVariant *items, gint64 timeout,
                       GCancellable *cancellable, gsize *ret_n_put, GError **error)
{
  GmprocQueueBatch batch;
  gboolean is_put;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);
  g_return_val_if_fail (items != NULL, FALSE);
  g_return_val_if_fail (g_variant_is_of_type (items, G_VARIANT_TYPE_ARRAY), FALSE);

  is_put = gmproc_queue_batch_open (&batch, g_variant_ref_sink (items), error)
           && gmproc_queue_batch_put (&batch, self, timeout, cancellable, error);
  if (ret_n_put != NULL)
    *ret_n_put = batch.n_put;
  gmproc_queue_batch_clear (&batch);
  return is_put;
}

/**
 * gmproc_queue_put_many_bytes:
 * @self: a queue
 * @items: (array length=n_items): the bytes of each item
 * @n_items: how many
 * @timeout: microseconds to wait while the queue is full, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @ret_n_put: (out) (optional): how many items are in the queue, also at an error
 * @error: return location
 *
 * Like gmproc_queue_put_many(), for items that are no GVariants.
 *
 * Returns: whether all items are in the queue
 * Since: 1.0
 */
gboolean
gmproc_queue_put_many_bytes (GmprocQueue *self, GBytes *const *items, gsize n_items, gint64 timeout,
                             GCancellable *cancellable, gsize *ret_n_put, GError **error)
{
  GmprocQueueBatch batch;
  gboolean is_put;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);
  g_return_val_if_fail (items != NULL || n_items == 0, FALSE);

  gmproc_queue_batch_open_bytes (&batch, items, n_items);
  is_put = gmproc_queue_batch_put (&batch, self, timeout, cancellable, error);
  if (ret_n_put != NULL)
    *ret_n_put = batch.n_put;
  gmproc_queue_batch_clear (&batch);
  return is_put;
}

/* -- taking ------------------------------------------------------------------------------------ */

/* Takes MESSAGE, which begin gave, and those behind it that belong to the same bundle. OTHER: it
 * was not taken yet. */
static GmprocBundleResult
take_group (GmprocQueue *self, GmprocRingMessage *message, GmprocBundleReader *reader,
            gsize n_at_most)
{
  GmprocBundleResult result = gmproc_bundle_reader_add (reader, message);
  GmprocRingMessage last = *message;
  gboolean goes_on = result == GMPROC_BUNDLE_ADDED;

  if (!goes_on)
    return result;

  while (goes_on && reader->n_items < n_at_most && !gmproc_bundle_reader_is_full (reader))
    {
      goes_on = gmproc_buffer_take_another (&self->buffer, &last, message)
                && gmproc_bundle_reader_add (reader, message) == GMPROC_BUNDLE_ADDED;
      if (goes_on)
        last = *message;
    }
  gmproc_buffer_end_take (&self->buffer, &last);
  return result;
}

/* What the bundle could not take: an item with a long type, one that is damaged, or too large. */
static GVariant *
take_alone (GmprocQueue *self, const GmprocRingMessage *message, GError **error)
{
  g_autoptr (GVariant) item = NULL;
  gpointer data;

  if (!gmproc_queue_take_message (self, message, &data, error))
    return NULL;
  item = gmproc_codec_take_message (message->kind, data, message->size, g_free, error);
  return item == NULL ? NULL : g_variant_ref_sink (g_variant_new_array (NULL, &item, 1));
}

static gboolean
begin_take (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
            GmprocRingMessage *ret_message, GError **error)
{
  gint64 deadline;

  return gmproc_deadline_from_timeout (timeout, &deadline, error)
         && !g_cancellable_set_error_if_cancelled (cancellable, error)
         && gmproc_buffer_begin_take (&self->buffer, deadline, cancellable, ret_message, error);
}

/**
 * gmproc_queue_get_many:
 * @self: a queue
 * @n_at_most: the largest number of items to take, 1 or more
 * @timeout: microseconds to wait while the queue is empty, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Takes the first items out of the queue. When there is one, the call does not wait for more: it
 * takes those that are there, as long as they are of the type of the first one, and until they are
 * about 1 MiB together. So the result is an array of that type, like what was given to
 * gmproc_queue_put_many(). Items that were put as bytes make an `aay`.
 *
 * All of them are taken by one step: a process that is killed during the call has taken all or
 * nothing.
 *
 * Errors: as gmproc_queue_get(). An item that is damaged is dropped; it is an error only when no
 * other one was taken.
 *
 * Returns: (transfer full) (nullable): an array of one item or more, in normal form, or %NULL with
 *   @error set
 * Since: 1.0
 */
GVariant *
gmproc_queue_get_many (GmprocQueue *self, gsize n_at_most, gint64 timeout,
                       GCancellable *cancellable, GError **error)
{
  GmprocBundleReader reader;
  GmprocRingMessage message;
  GVariant *items;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), NULL);
  g_return_val_if_fail (n_at_most > 0, NULL);

  if (!begin_take (self, timeout, cancellable, &message, error))
    return NULL;
  gmproc_bundle_reader_init (&reader, FALSE);
  if (take_group (self, &message, &reader, n_at_most) == GMPROC_BUNDLE_ADDED)
    items = gmproc_bundle_reader_take_values (&reader, error);
  else
    items = take_alone (self, &message, error);
  gmproc_bundle_reader_clear (&reader);
  return items;
}

/**
 * gmproc_queue_get_many_bytes:
 * @self: a queue
 * @n_at_most: the largest number of items to take, 1 or more
 * @timeout: microseconds to wait while the queue is empty, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_queue_get_many(), but takes items of any type. Of one that was put as a GVariant the
 * bytes are those that gmproc_queue_get_bytes() gives. They share their memory: it is freed with
 * the last of them.
 *
 * Returns: (transfer full) (nullable) (element-type GBytes): one item or more, or %NULL with @error
 *   set
 * Since: 1.0
 */
GPtrArray *
gmproc_queue_get_many_bytes (GmprocQueue *self, gsize n_at_most, gint64 timeout,
                             GCancellable *cancellable, GError **error)
{
  GmprocBundleReader reader;
  GmprocRingMessage message;
  GPtrArray *items = NULL;
  gpointer data;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), NULL);
  g_return_val_if_fail (n_at_most > 0, NULL);

  if (!begin_take (self, timeout, cancellable, &message, error))
    return NULL;
  gmproc_bundle_reader_init (&reader, TRUE);
  if (take_group (self, &message, &reader, n_at_most) == GMPROC_BUNDLE_ADDED)
    items = gmproc_bundle_reader_take_bytes (&reader);
  else if (gmproc_queue_take_message (self, &message, &data, error))
    {
      items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
      g_ptr_array_add (items, g_bytes_new_take (data, message.size));
    }
  gmproc_bundle_reader_clear (&reader);
  return items;
}
