/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The sending half of GmprocConnection, without blocking: the blocking calls with a timeout of 0,
 * made again when there is room. What was called first is sent first. Only the first one waits for
 * room; the others wait until they are the first one, so a reader does not wake all of them.
 */
#include "config.h"

#include "gmproc-connection-private.h"

#include "internal/async.h"
#include "internal/wait-source.h"

/* A message until it is sent. It keeps its place among the asynchronous sends of the connection. */
typedef struct
{
  GmprocConnection *connection; /* referenced */
  GVariant *value;              /* what the vectors are of, or NULL */
  GBytes *bytes;                /* as well */
  GOutputVector vectors[GMPROC_CODEC_N_VECTORS];
  GOutputVector *many; /* instead of those, or NULL */
  GmprocOutgoing outgoing;
  GError *error;   /* the message cannot be sent at all */
  GSource *source; /* borrowed; set under closing */
  GSource *room;   /* a child of the source, referenced, or NULL; it tells of room behind... */
  GmprocObstacle watched; /* ...this */
} Pending;

static Pending *
pending_new (GmprocConnection *self)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->connection = g_object_ref (self);
  g_mutex_lock (&self->closing);
  g_queue_push_tail (&self->sending, pending);
  g_mutex_unlock (&self->closing);
  return pending;
}

static void
wake_first_locked (GmprocConnection *self)
{
  Pending *first = g_queue_peek_head (&self->sending);

  if (first != NULL && first->source != NULL)
    g_source_set_ready_time (first->source, 0);
}

/* Another sender was in the turn when the first of those who wait tried. */
void
gmproc_connection_wake_first_sender (GmprocConnection *self)
{
  g_mutex_lock (&self->closing);
  wake_first_locked (self);
  g_mutex_unlock (&self->closing);
}

static void
pending_leave_queue (Pending *pending)
{
  GmprocConnection *self = pending->connection;

  g_mutex_lock (&self->closing);
  if (g_queue_remove (&self->sending, pending))
    wake_first_locked (self);
  g_mutex_unlock (&self->closing);
}

static void
pending_free (gpointer data)
{
  Pending *pending = data;

  pending_leave_queue (pending);
  g_clear_pointer (&pending->value, g_variant_unref);
  g_clear_pointer (&pending->bytes, g_bytes_unref);
  g_clear_pointer (&pending->outgoing.envelope, gmproc_envelope_free);
  g_clear_pointer (&pending->room, g_source_unref);
  g_clear_error (&pending->error);
  g_free (pending->many);
  g_object_unref (pending->connection);
  g_free (pending);
}

static gboolean
is_first (Pending *pending)
{
  GmprocConnection *self = pending->connection;
  gboolean first;

  g_mutex_lock (&self->closing);
  first = g_queue_peek_head (&self->sending) == pending;
  g_mutex_unlock (&self->closing);
  return first;
}

static gboolean
attempt_first (GmprocConnection *self, Pending *pending, GCancellable *cancellable, GError **error)
{
  if (pending->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&pending->error));
      return FALSE;
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (is_first (pending))
    return gmproc_connection_send_message (self, &pending->outgoing, 0, cancellable, error);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                       "Another message is to be sent before");
  return FALSE;
}

static void
drop_room (Pending *pending)
{
  if (pending->room == NULL)
    return;
  g_source_remove_child_source (pending->source, pending->room);
  g_clear_pointer (&pending->room, g_source_unref);
}

/* Makes the source wait for what the last attempt met. Where that was another thread, which wakes
 * the first one when it is through, room would only be a reason to try in vain again and again. */
static void
watch_obstacle (Pending *pending)
{
  GmprocObstacle obstacle = pending->outgoing.obstacle;

  if (pending->watched == obstacle)
    return;
  drop_room (pending);
  pending->watched = obstacle;
  if (obstacle == GMPROC_OBSTACLE_NONE)
    return;
  pending->room = gmproc_connection_create_room_source (pending->connection, obstacle);
  if (pending->room != NULL)
    gmproc_wait_source_add_child (pending->source, g_source_ref (pending->room));
  else
    g_source_set_ready_time (pending->source, 0);
}

/* The next one's turn comes with the result, and not when the task is freed. */
static gboolean
try_to_send (gpointer object, gpointer data, gboolean is_last, gpointer *ret_result,
             GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;

  *ret_result = GMPROC_ASYNC_DONE;
  if (attempt_first (object, data, cancellable, &local))
    {
      pending_leave_queue (data);
      return TRUE;
    }

  if (is_last || !g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    pending_leave_queue (data);
  else if (((Pending *) data)->source != NULL)
    watch_obstacle (data);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static GSource *
create_source (gpointer object, gpointer data, GCancellable *cancellable)
{
  GmprocConnection *self = object;
  GSource *source = gmproc_connection_create_send_source (self, cancellable);
  Pending *pending = data;

  g_mutex_lock (&self->closing);
  pending->source = source;
  g_mutex_unlock (&self->closing);
  watch_obstacle (pending);
  /* Who was to wake it until now found no source. */
  if (pending->outgoing.obstacle == GMPROC_OBSTACLE_NONE && is_first (pending))
    g_source_set_ready_time (source, 0);
  return source;
}

static const GmprocAsync send_async = { .tag = gmproc_connection_send_async,
                                        .attempt = try_to_send,
                                        .create_source = create_source };

/**
 * gmproc_connection_send_async:
 * @self: an end that sends
 * @message: any value; sunk if floating
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when the message is in the pipe, or at an
 *   error
 * @user_data: for @callback
 *
 * Sends one message without blocking, also when the pipe is full. Asynchronous sends of one
 * connection keep their order. The callback runs in the main context that is the caller's thread
 * default, which does the sending: it has to run until then.
 *
 * Since: 1.0
 */
void
gmproc_connection_send_async (GmprocConnection *self, GVariant *message, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  Pending *pending;

  g_return_if_fail (GMPROC_IS_CONNECTION (self));
  g_return_if_fail (message != NULL);

  pending = pending_new (self);
  pending->value = g_variant_ref_sink (message);
  (void) gmproc_connection_prepare (self, pending->value, pending->vectors, &pending->outgoing,
                                    &pending->error);
  gmproc_async_run (&send_async, self, GMPROC_FOREVER, cancellable, callback, user_data, pending,
                    pending_free);
}

/**
 * gmproc_connection_send_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connection_send().
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send_finish (GmprocConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);

  return gmproc_async_finish (&send_async, self, result, error) != NULL;
}

static const GmprocAsync send_bytes_async = { .tag = gmproc_connection_send_bytes_async,
                                              .attempt = try_to_send,
                                              .create_source = create_source };

/**
 * gmproc_connection_send_bytes_async:
 * @self: an end that sends
 * @message: the bytes of one message; may be empty
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when the message is in the pipe, or at an
 *   error
 * @user_data: for @callback
 *
 * Like gmproc_connection_send_async(), for gmproc_connection_send_bytes().
 *
 * Since: 1.0
 */
void
gmproc_connection_send_bytes_async (GmprocConnection *self, GBytes *message,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  Pending *pending;

  g_return_if_fail (GMPROC_IS_CONNECTION (self));
  g_return_if_fail (message != NULL);

  pending = pending_new (self);
  pending->bytes = g_bytes_ref (message);
  pending->vectors[0].buffer = g_bytes_get_data (message, &pending->vectors[0].size);
  pending->outgoing =
      (GmprocOutgoing){ .kind = GMPROC_CODEC_BYTES, .body = pending->vectors, .n_vectors = 1 };
  gmproc_async_run (&send_bytes_async, self, GMPROC_FOREVER, cancellable, callback, user_data,
                    pending, pending_free);
}

/**
 * gmproc_connection_send_bytes_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connection_send_bytes().
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send_bytes_finish (GmprocConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);

  return gmproc_async_finish (&send_bytes_async, self, result, error) != NULL;
}

/* -- memory of the caller's -------------------------------------------------------------------- */

/* Takes the vectors, an array, and ERROR, which says why they cannot be sent. */
static void
send_vectors (const GmprocAsync *operation, GmprocConnection *self, GOutputVector *vectors,
              gsize n_vectors, GError *error, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer user_data)
{
  Pending *pending = pending_new (self);

  pending->many = vectors;
  pending->error = error;
  pending->outgoing =
      (GmprocOutgoing){ .kind = GMPROC_CODEC_BYTES, .body = vectors, .n_vectors = n_vectors };
  gmproc_async_run (operation, self, GMPROC_FOREVER, cancellable, callback, user_data, pending,
                    pending_free);
}

static const GmprocAsync send_range_async = { .tag = gmproc_connection_send_range_async,
                                              .attempt = try_to_send,
                                              .create_source = create_source };

/**
 * gmproc_connection_send_range_async:
 * @self: an end that sends
 * @buffer: (array length=buffer_size): memory of the caller's, which stays as it is until @callback
 *   is called
 * @buffer_size: its size in bytes
 * @offset: where in it the message begins
 * @size: the size of the message in bytes; may be 0
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when the message is in the pipe, or at an
 *   error
 * @user_data: for @callback
 *
 * Like gmproc_connection_send_async(), for gmproc_connection_send_range().
 *
 * Since: 1.0
 */
void
gmproc_connection_send_range_async (GmprocConnection *self, const guint8 *buffer, gsize buffer_size,
                                    gsize offset, gsize size, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  GOutputVector *vector;
  GError *error = NULL;

  g_return_if_fail (GMPROC_IS_CONNECTION (self));
  g_return_if_fail (buffer != NULL || buffer_size == 0);

  vector = g_new0 (GOutputVector, 1);
  if (gmproc_connection_check_range (buffer_size, offset, size, &error) && size > 0)
    *vector = (GOutputVector){ buffer + offset, size };
  send_vectors (&send_range_async, self, vector, 1, error, cancellable, callback, user_data);
}

/**
 * gmproc_connection_send_range_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connection_send_range().
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send_range_finish (GmprocConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);

  return gmproc_async_finish (&send_range_async, self, result, error) != NULL;
}

static const GmprocAsync send_buffers_async = { .tag = gmproc_connection_send_buffers_async,
                                                .attempt = try_to_send,
                                                .create_source = create_source };

/**
 * gmproc_connection_send_buffers_async:
 * @self: an end that sends
 * @buffers: (array length=n_buffers): the pieces of one message, in order; each may be empty. The
 *   array is copied, and what it points to stays as it is until @callback is called.
 * @n_buffers: their number; 0 for an empty message
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when the message is in the pipe, or at an
 *   error
 * @user_data: for @callback
 *
 * Like gmproc_connection_send_async(), for gmproc_connection_send_buffers().
 *
 * Since: 1.0
 */
void
gmproc_connection_send_buffers_async (GmprocConnection *self, const GOutputVector *buffers,
                                      gsize n_buffers, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data)
{
  GError *error = NULL;

  g_return_if_fail (GMPROC_IS_CONNECTION (self));
  g_return_if_fail (buffers != NULL || n_buffers == 0);

  (void) gmproc_connection_check_total (buffers, n_buffers, &error);
  send_vectors (&send_buffers_async, self, g_memdup2 (buffers, n_buffers * sizeof *buffers),
                n_buffers, error, cancellable, callback, user_data);
}

/**
 * gmproc_connection_send_buffers_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_connection_send_buffers().
 *
 * Returns: whether the whole message is in the pipe
 * Since: 1.0
 */
gboolean
gmproc_connection_send_buffers_finish (GmprocConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_CONNECTION (self), FALSE);

  return gmproc_async_finish (&send_buffers_async, self, result, error) != NULL;
}
