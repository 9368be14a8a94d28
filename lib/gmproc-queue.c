/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocQueue: items from any number of producers to any number of consumers, in threads and
 * processes.
 *
 * The items lie in shared memory (internal/buffer.h says how, and what happens when a process is
 * killed at any step). There is no feeder thread and nothing is kept back in the process that puts:
 * when put has returned, the item is there for everybody, whatever becomes of its producer. So a
 * process may be joined before the queue is drained, and the length is exact.
 *
 * Who owns what: each process that has the queue holds one descriptor and a mapping. The memory
 * ends with the last of them. An empty queue takes 68 KiB; it grows as items wait, and gives the
 * memory back when it is empty again.
 *
 * Order: the items of one producer come in the order in which it put them.
 * Threads: all functions may be called from any thread.
 */
#include "config.h"

#include "gmproc-queue-private.h"

#include "gmproc-dump-private.h"
#include "internal/codec.h"
#include "internal/deadline.h"
#include "internal/ring-transfer.h"
#include "internal/shareable.h"

#define SMALL_ITEM (64)

static void gmproc_queue_shareable_init (GmprocShareableInterface *iface);

/**
 * GmprocQueue:
 *
 * A queue between any number of processes. An item is in it when the call that put it has returned,
 * and its length is exact. In Python it is `multiprocessing.Queue`, or `JoinableQueue`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocQueue, gmproc_queue, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE, gmproc_queue_shareable_init)
                             G_IMPLEMENT_INTERFACE (GMPROC_TYPE_WAITABLE,
                                                    gmproc_queue_waitable_init))

static void
gmproc_queue_finalize (GObject *object)
{
  GmprocQueue *self = GMPROC_QUEUE (object);

  gmproc_async_line_clear (&self->putting);
  gmproc_async_line_clear (&self->getting);
  gmproc_buffer_clear (&self->buffer);

  G_OBJECT_CLASS (gmproc_queue_parent_class)->finalize (object);
}

static void
gmproc_queue_class_init (GmprocQueueClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_queue_finalize;
}

static void
gmproc_queue_init (GmprocQueue *self)
{
  self->buffer.memory = GMPROC_PORT_NO_HANDLE;
  gmproc_async_line_init (&self->putting);
  gmproc_async_line_init (&self->getting);
}

static GVariant *
gmproc_queue_export_to (GmprocShareable *shareable, GmprocParcel *parcel,
                        G_GNUC_UNUSED GError **error)
{
  return gmproc_buffer_export (&GMPROC_QUEUE (shareable)->buffer, parcel);
}

static GmprocShareable *
gmproc_queue_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocQueue) self = g_object_new (GMPROC_TYPE_QUEUE, NULL);

  if (!gmproc_buffer_import (&self->buffer, parameters, parcel, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_queue_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_queue_export_to;
  iface->import_from = gmproc_queue_import_from;
}

/* -- messages in and out ----------------------------------------------------------------------- */

/* For ever and without a cancellable, as most calls come, costs no calls. */
static inline gboolean
begin (gint64 timeout, GCancellable *cancellable, gint64 *ret_deadline, GError **error)
{
  if (timeout == GMPROC_FOREVER && cancellable == NULL)
    {
      *ret_deadline = GMPROC_PORT_FOREVER;
      return TRUE;
    }
  return gmproc_deadline_from_timeout (timeout, ret_deadline, error)
         && !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static inline gboolean
put (GmprocQueue *self, GmprocCodecKind kind, const GOutputVector *vectors, gsize n_vectors,
     gint64 timeout, GCancellable *cancellable, GError **error)
{
  GmprocRingMessage message;
  gint64 deadline;
  gsize size = 0;

  for (gsize i = 0; i < n_vectors; i++)
    size += vectors[i].size;

  if (!begin (timeout, cancellable, &deadline, error)
      || !gmproc_buffer_begin_put (&self->buffer, kind, size, deadline, cancellable, &message,
                                   error))
    return FALSE;

  gmproc_ring_fill (&message, vectors, n_vectors);
  gmproc_buffer_end_put (&self->buffer, &message);
  return TRUE;
}

/* What is small is copied out before there is memory for it, so that others wait for less. */
gboolean
gmproc_queue_take_message (GmprocQueue *self, const GmprocRingMessage *message, gpointer *ret_data,
                           GError **error)
{
  guint8 small[SMALL_ITEM];

  if (message->size <= sizeof small)
    {
      gmproc_ring_extract (message, small);
      gmproc_buffer_end_take (&self->buffer, message);
      *ret_data = g_malloc (MAX (message->size, 1));
      gmproc_ring_copy (*ret_data, small, message->size);
      return TRUE;
    }

  *ret_data = g_try_malloc (message->size);
  if (*ret_data == NULL)
    {
      gmproc_buffer_abort_take (&self->buffer);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "No memory for an item of %" G_GSIZE_FORMAT " bytes, which stays in the queue",
                   message->size);
      return FALSE;
    }

  gmproc_ring_extract (message, *ret_data);
  gmproc_buffer_end_take (&self->buffer, message);
  return TRUE;
}

static inline gboolean
begin_take (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
            GmprocRingMessage *ret_message, GError **error)
{
  gint64 deadline;

  return begin (timeout, cancellable, &deadline, error)
         && gmproc_buffer_begin_take (&self->buffer, deadline, cancellable, ret_message, error);
}

/* -- public ---------------------------------------------------------------------------------- */

/**
 * gmproc_queue_new:
 * @max_size: how many items may wait, or 0 for no bound
 * @error: return location
 *
 * Makes a queue, like `multiprocessing.Queue`. What Python's queue does with a thread in the
 * background, this one does in put.
 *
 * Errors: what the system says when it has no shared memory.
 *
 * Returns: (transfer full) (nullable): a new queue
 * Since: 1.0
 */
GmprocQueue *
gmproc_queue_new (guint max_size, GError **error)
{
  g_autoptr (GmprocQueue) self = g_object_new (GMPROC_TYPE_QUEUE, NULL);

  if (!gmproc_buffer_new (&self->buffer, max_size, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gmproc_queue_put:
 * @self: a queue
 * @item: any value without handles; sunk if floating
 * @timeout: microseconds to wait while the queue is full, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Puts an item at the end of the queue. When the call has returned, the item is there for every
 * process, even if this one is killed at once.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT when the queue stayed full; %G_IO_ERROR_CANCELLED;
 * %G_IO_ERROR_CLOSED; %G_IO_ERROR_NOT_SUPPORTED for an item with handles;
 * %GMPROC_ERROR_BAD_TYPE for one that is not in normal form, or nested more than 120 levels deep;
 * %G_IO_ERROR_MESSAGE_TOO_LARGE when it does not fit beside the items that wait (8 GiB in all, 128
 * MiB on a 32-bit system); what the system says when it has no memory.
 *
 * Returns: whether the item is in the queue
 * Since: 1.0
 */
gboolean
gmproc_queue_put (GmprocQueue *self, GVariant *item, gint64 timeout, GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (GVariant) sunk G_GNUC_UNUSED = NULL;
  GOutputVector vectors[GMPROC_CODEC_N_VECTORS];

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);
  g_return_val_if_fail (item != NULL, FALSE);

  /* One that does not float is kept by the caller. */
  if (g_variant_is_floating (item))
    sunk = g_variant_take_ref (item);
  if (!gmproc_codec_get_number_vectors (item, vectors))
    {
      if (!gmproc_codec_check_message (item, error))
        return FALSE;
      gmproc_codec_get_vectors (item, vectors);
    }
  return put (self, GMPROC_CODEC_VARIANT, vectors, G_N_ELEMENTS (vectors), timeout, cancellable,
              error);
}

/**
 * gmproc_queue_put_bytes:
 * @self: a queue
 * @item: the bytes of one item; may be empty
 * @timeout: microseconds to wait while the queue is full, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_queue_put(), for an item that is no GVariant.
 *
 * Returns: whether the item is in the queue
 * Since: 1.0
 */
gboolean
gmproc_queue_put_bytes (GmprocQueue *self, GBytes *item, gint64 timeout, GCancellable *cancellable,
                        GError **error)
{
  GOutputVector vector;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);
  g_return_val_if_fail (item != NULL, FALSE);

  vector.buffer = g_bytes_get_data (item, &vector.size);
  return put (self, GMPROC_CODEC_BYTES, &vector, 1, timeout, cancellable, error);
}

/**
 * gmproc_queue_put_data:
 * @self: a queue
 * @data: (array length=size) (nullable): the bytes of one item
 * @size: how many; may be 0
 * @timeout: microseconds to wait while the queue is full, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_queue_put_bytes(), out of the caller's memory, which is the caller's again when the
 * call has returned. The item is the same as one that was put as bytes. For small items this is the
 * fastest way in, because nothing is allocated; gmproc_queue_get_into() is the fastest way out.
 *
 * Returns: whether the item is in the queue
 * Since: 1.0
 */
gboolean
gmproc_queue_put_data (GmprocQueue *self, const guint8 *data, gsize size, gint64 timeout,
                       GCancellable *cancellable, GError **error)
{
  GOutputVector vector = { data, size };

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);
  g_return_val_if_fail (data != NULL || size == 0, FALSE);

  return put (self, GMPROC_CODEC_BYTES, &vector, 1, timeout, cancellable, error);
}

/**
 * gmproc_queue_get:
 * @self: a queue
 * @timeout: microseconds to wait while the queue is empty, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Takes the first item out of the queue. One that was put as bytes comes as an `ay`.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT when the queue stayed empty; %G_IO_ERROR_CANCELLED;
 * %G_IO_ERROR_CLOSED when it is closed and empty; %G_IO_ERROR_NO_SPACE when there is no memory for
 * the item, which stays; %GMPROC_ERROR_BAD_MESSAGE for an item that is
 * damaged, which is dropped.
 *
 * Returns: (transfer full) (nullable): the item, in normal form, or %NULL with @error set
 * Since: 1.0
 */
GVariant *
gmproc_queue_get (GmprocQueue *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  GmprocRingMessage message;
  guint8 small[GMPROC_CODEC_LONGEST_NUMBER];
  GVariant *number = NULL;
  gpointer data;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), NULL);

  if (!begin_take (self, timeout, cancellable, &message, error))
    return NULL;
  if (message.size > sizeof small)
    {
      if (!gmproc_queue_take_message (self, &message, &data, error))
        return NULL;
      return gmproc_codec_take_message (message.kind, data, message.size, g_free, error);
    }

  gmproc_ring_extract (&message, small);
  gmproc_buffer_end_take (&self->buffer, &message);
  if (message.kind == GMPROC_CODEC_VARIANT)
    number = gmproc_codec_new_number (small, message.size);
  if (number != NULL)
    return number;
  data = g_malloc (MAX (message.size, 1));
  gmproc_ring_copy (data, small, message.size);
  return gmproc_codec_take_message (message.kind, data, message.size, g_free, error);
}

/**
 * gmproc_queue_get_bytes:
 * @self: a queue
 * @timeout: microseconds to wait while the queue is empty, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_queue_get(). Of an item that was put as a GVariant these are the serialized bytes.
 *
 * Returns: (transfer full) (nullable): the item, or %NULL with @error set
 * Since: 1.0
 */
GBytes *
gmproc_queue_get_bytes (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                        GError **error)
{
  GmprocRingMessage message;
  gpointer data;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), NULL);

  if (!begin_take (self, timeout, cancellable, &message, error)
      || !gmproc_queue_take_message (self, &message, &data, error))
    return NULL;
  return g_bytes_new_take (data, message.size);
}

/**
 * gmproc_queue_get_into:
 * @self: a queue
 * @buffer: (array length=buffer_size): memory of the caller's
 * @buffer_size: its size in bytes
 * @ret_size: (out): the size of the item, also when the buffer is too short for it; 0 without one
 * @timeout: microseconds to wait while the queue is empty, 0 to try only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_queue_get_bytes(), into the caller's buffer. Nothing is allocated.
 *
 * Errors: as gmproc_queue_get_bytes(), without %G_IO_ERROR_NO_SPACE;
 * %G_IO_ERROR_MESSAGE_TOO_LARGE when the buffer is too short: the item stays the first one in the
 * queue, and can be taken in any way, by any process.
 *
 * Returns: whether an item was taken
 * Since: 1.0
 */
gboolean
gmproc_queue_get_into (GmprocQueue *self, guint8 *buffer, gsize buffer_size, gsize *ret_size,
                       gint64 timeout, GCancellable *cancellable, GError **error)
{
  GmprocRingMessage message;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);
  g_return_val_if_fail (buffer != NULL || buffer_size == 0, FALSE);
  g_return_val_if_fail (ret_size != NULL, FALSE);

  *ret_size = 0;
  if (!begin_take (self, timeout, cancellable, &message, error))
    return FALSE;
  *ret_size = message.size;
  if (message.size <= buffer_size)
    {
      gmproc_ring_extract (&message, buffer);
      gmproc_buffer_end_take (&self->buffer, &message);
      return TRUE;
    }

  gmproc_buffer_abort_take (&self->buffer);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
               "Buffer too short: the item has %" G_GSIZE_FORMAT
               " bytes, and there is room for %" G_GSIZE_FORMAT,
               message.size, buffer_size);
  return FALSE;
}

/**
 * gmproc_queue_get_length:
 * @self: a queue
 *
 * How many items wait. The number is exact at some moment during the call, on every system, and
 * counts an item as soon as its put has returned.
 *
 * Returns: the number of items
 * Since: 1.0
 */
guint
gmproc_queue_get_length (GmprocQueue *self)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), 0);

  return gmproc_buffer_get_length (&self->buffer);
}

/**
 * gmproc_queue_get_max_size:
 * @self: a queue
 *
 * How many items the queue takes.
 *
 * Returns: how many items may wait, or 0 for no bound
 * Since: 1.0
 */
guint
gmproc_queue_get_max_size (GmprocQueue *self)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), 0);

  return gmproc_buffer_get_max_length (&self->buffer);
}

/**
 * gmproc_queue_is_empty:
 * @self: a queue
 *
 * Whether there is nothing to get at this moment.
 *
 * Returns: whether no item waits; exact as gmproc_queue_get_length() is
 * Since: 1.0
 */
gboolean
gmproc_queue_is_empty (GmprocQueue *self)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), TRUE);

  return gmproc_queue_get_length (self) == 0;
}

/**
 * gmproc_queue_is_full:
 * @self: a queue
 *
 * Whether a put would wait at this moment.
 *
 * Returns: whether as many items wait as may wait; exact as gmproc_queue_get_length() is
 * Since: 1.0
 */
gboolean
gmproc_queue_is_full (GmprocQueue *self)
{
  guint max_size;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);

  max_size = gmproc_queue_get_max_size (self);
  return max_size != 0 && gmproc_queue_get_length (self) >= max_size;
}

/**
 * gmproc_queue_close:
 * @self: a queue
 *
 * Ends the queue for every process: nothing can be put any more, and who takes gets
 * %G_IO_ERROR_CLOSED as soon as the items that wait are taken. Closing twice does nothing.
 *
 * In Python closing a queue only says that this process puts no more; there is no end that a
 * consumer could see.
 *
 * Since: 1.0
 */
void
gmproc_queue_close (GmprocQueue *self)
{
  g_return_if_fail (GMPROC_IS_QUEUE (self));

  gmproc_buffer_close (&self->buffer);
}

/**
 * gmproc_queue_task_done:
 * @self: a queue
 * @error: return location
 *
 * Says that one item that was taken out of the queue has been dealt with, like Python's
 * `JoinableQueue.task_done()`. It does not matter which item, and who took it: when a consumer was
 * killed while it worked on an item, another process may say so in its stead, and otherwise
 * gmproc_queue_join() waits in vain.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE when as many items are done as were taken.
 *
 * Returns: whether it was counted
 * Since: 1.0
 */
gboolean
gmproc_queue_task_done (GmprocQueue *self, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);

  return gmproc_buffer_finish_one (&self->buffer, error);
}

/**
 * gmproc_queue_join:
 * @self: a queue
 * @timeout: microseconds to wait, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits until for every item that was put gmproc_queue_task_done() was called. In a queue that
 * nothing was put into that is so from the beginning. The count is of fewer than 2³² items that are
 * not done.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether all are done
 * Since: 1.0
 */
gboolean
gmproc_queue_join (GmprocQueue *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_QUEUE (self), FALSE);

  return gmproc_deadline_from_timeout (timeout, &deadline, error)
         && !g_cancellable_set_error_if_cancelled (cancellable, error)
         && gmproc_buffer_await_finished (&self->buffer, deadline, cancellable, error);
}

/* Of a queue whose memory could not be read only the kind is known. */
void
gmproc_queue_describe (const GmprocSlotPlace *place, GmprocDescription *ret)
{
  const GmprocBufferState *state = (const GmprocBufferState *) place;

  if (!state->is_read)
    return;
  g_string_append_printf (ret->text, "length %u", state->length);
  g_string_append_printf (ret->json, "\"length\": %u", state->length);
  if (state->max_length != 0)
    {
      g_string_append_printf (ret->text, " of %u", state->max_length);
      g_string_append_printf (ret->json, ", \"bound\": %u", state->max_length);
    }
  /* A program that never says that an item is done does not count them. */
  if (state->n_finished != 0)
    g_string_append_printf (ret->text, ", %u unfinished", state->n_unfinished);
  if (state->is_closed)
    g_string_append (ret->text, ", closed");
  g_string_append_printf (ret->json, ", \"unfinished\": %u, \"closed\": %s", state->n_unfinished,
                          state->is_closed ? "true" : "false");
}

/**
 * gmproc_queue_get_handle:
 * @self: a queue
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_queue_get_handle (GmprocQueue *self)
{
  g_return_val_if_fail (GMPROC_IS_QUEUE (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_queue_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the queue
 * Since: 1.0
 */
GmprocQueue *
gmproc_queue_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_QUEUE, error);
}
