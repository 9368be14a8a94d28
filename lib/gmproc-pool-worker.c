/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "gmproc-pool-worker.h"

#include <stdlib.h>
#include <string.h>

#include "gmproc-error.h"
#include "gmproc-target.h"
#include "internal/shareable.h"
#include "internal/worker.h"

/* What the reaper tells: shared with it, because it may come when the worker is gone. */
typedef struct
{
  gatomicrefcount references;
  GmprocBell *pool_bell;
  gboolean has_ended; /* atomic */
} Notice;

struct GmprocPoolWorker
{
  GmprocBell *pool_bell;
  GmprocBell *bell;
  GmprocProcess *process; /* NULL before the first start, and when a start failed */
  GmprocWorkerLink *link;
  Notice *notice;
  gboolean has_begun; /* an item, in this process */
  gboolean is_quitting;

  guint32 last_serial;
  GQueue chunks; /* GmprocChunk: the one that runs first */

  /* The message that is being sent: its head, and the input. */
  GByteArray *head;
  GBytes *input;
  gsize sent;

  /* The result that is being received. */
  GmprocWorkerResult result;
  gsize result_received;
  guint8 *output;
  gsize output_received;
};

/* -- the process ------------------------------------------------------------------------------- */

/* In the worker's process. */
GMPROC_DEFINE_TARGET (gmproc_pool_worker_main)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocWorkerLink) link = NULL;
  g_autoptr (GmprocBell) bell = NULL;
  g_autoptr (GmprocBell) pool_bell = NULL;
  gint32 handles[3];

  g_variant_get (args, "(hhh)", &handles[0], &handles[1], &handles[2]);
  link = gmproc_shareable_from_handle (handles[0], GMPROC_TYPE_WORKER_LINK, &error);
  if (link != NULL)
    bell = gmproc_shareable_from_handle (handles[1], GMPROC_TYPE_BELL, &error);
  if (bell != NULL)
    pool_bell = gmproc_shareable_from_handle (handles[2], GMPROC_TYPE_BELL, &error);
  if (pool_bell != NULL)
    return gmproc_worker_run (link, bell, pool_bell);

  g_printerr ("%s: %s\n", gmproc_process_get_name (gmproc_process_get_current ()), error->message);
  return EXIT_FAILURE;
}

static Notice *
notice_new (GmprocBell *pool_bell)
{
  Notice *notice = g_new0 (Notice, 1);

  g_atomic_ref_count_init (&notice->references);
  notice->pool_bell = g_object_ref (pool_bell);
  return notice;
}

static void
notice_unref (gpointer data)
{
  Notice *notice = data;

  if (!g_atomic_ref_count_dec (&notice->references))
    return;
  g_object_unref (notice->pool_bell);
  g_free (notice);
}

/* In the reaper. */
static void
on_ended (gpointer user_data)
{
  Notice *notice = user_data;

  g_atomic_int_set (&notice->has_ended, TRUE);
  gmproc_bell_ring (notice->pool_bell);
}

GmprocPoolWorker *
gmproc_pool_worker_new (GmprocBell *pool_bell, GError **error)
{
  GmprocBell *bell = gmproc_bell_new (error);
  GmprocPoolWorker *self;

  if (bell == NULL)
    return NULL;

  self = g_new0 (GmprocPoolWorker, 1);
  self->pool_bell = g_object_ref (pool_bell);
  self->bell = bell;
  g_queue_init (&self->chunks);
  return self;
}

static void
drop_messages (GmprocPoolWorker *self)
{
  g_clear_pointer (&self->head, g_byte_array_unref);
  g_clear_pointer (&self->input, g_bytes_unref);
  g_clear_pointer (&self->output, g_free);
  self->result_received = 0;
}

static void
drop_process (GmprocPoolWorker *self)
{
  drop_messages (self);
  g_clear_object (&self->process);
  g_clear_object (&self->link);
  g_clear_pointer (&self->notice, notice_unref);
}

void
gmproc_pool_worker_free (GmprocPoolWorker *self)
{
  GmprocChunk *chunk;

  while ((chunk = g_queue_pop_head (&self->chunks)) != NULL)
    gmproc_chunk_free (chunk);
  drop_process (self);
  g_object_unref (self->bell);
  g_object_unref (self->pool_bell);
  g_free (self);
}

static gint32
get_handle (gpointer object)
{
  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (object));
}

gboolean
gmproc_pool_worker_start (GmprocPoolWorker *self, GError **error)
{
  g_autoptr (GmprocWorkerLink) link = gmproc_worker_link_new (error);
  g_autoptr (GmprocProcess) process = NULL;
  g_autofree char *name = NULL;
  Notice *notice;

  drop_process (self);
  if (link == NULL)
    return FALSE;

  process = gmproc_process_new (gmproc_pool_worker_main,
                                g_variant_new ("(hhh)", get_handle (link), get_handle (self->bell),
                                               get_handle (self->pool_bell)));
  name = g_strdup_printf ("Pool%s", gmproc_process_get_name (process));
  gmproc_process_set_name (process, name);
  gmproc_process_set_daemon (process, TRUE);

  notice = notice_new (self->pool_bell);
  g_atomic_ref_count_inc (&notice->references);
  gmproc_process_set_exit_notify (process, on_ended, notice, notice_unref);
  if (!gmproc_process_start (process, error))
    {
      notice_unref (notice);
      return FALSE;
    }

  self->notice = notice;
  self->process = g_steal_pointer (&process);
  self->link = g_steal_pointer (&link);
  self->has_begun = FALSE;
  return TRUE;
}

GmprocProcess *
gmproc_pool_worker_get_process (GmprocPoolWorker *self)
{
  return self->process;
}

/* -- sending ----------------------------------------------------------------------------------- */

static void
prepare_task (GmprocPoolWorker *self, GmprocWorkerTask *task, const char *name, GBytes *input)
{
  task->name_size = strlen (name);
  task->size = g_bytes_get_size (input);
  self->head = g_byte_array_new ();
  g_byte_array_append (self->head, (const guint8 *) task, sizeof *task);
  g_byte_array_append (self->head, (const guint8 *) name, task->name_size);
  self->input = input;
  self->sent = 0;
}

/* The part of the message at self->sent; FALSE at its end. */
static gboolean
get_unsent (GmprocPoolWorker *self, const guint8 **ret_data, gsize *ret_size)
{
  gsize input_size;
  const guint8 *input = g_bytes_get_data (self->input, &input_size);

  if (self->sent < self->head->len)
    {
      *ret_data = self->head->data + self->sent;
      *ret_size = self->head->len - self->sent;
      return TRUE;
    }

  *ret_size = input_size - (self->sent - self->head->len);
  *ret_data = *ret_size > 0 ? input + (input_size - *ret_size) : NULL;
  return *ret_size > 0;
}

static gsize
write_some (GmprocPoolWorker *self)
{
  const guint8 *data;
  gsize size, count, total = 0;

  while (get_unsent (self, &data, &size)
         && (count = gmproc_stream_write (&self->link->tasks, data, size)) > 0)
    {
      self->sent += count;
      total += count;
    }
  return total;
}

/* TRUE if anything went out. Afterwards there is no message, or the worker knows that we wait. */
static gboolean
send_some (GmprocPoolWorker *self)
{
  gsize total = write_some (self);
  const guint8 *data;
  gsize size;

  if (get_unsent (self, &data, &size))
    {
      gmproc_worker_link_set_waits_for_room (self->link, TRUE);
      total += write_some (self);
    }
  if (!get_unsent (self, &data, &size))
    {
      gmproc_worker_link_set_waits_for_room (self->link, FALSE);
      g_clear_pointer (&self->head, g_byte_array_unref);
      g_clear_pointer (&self->input, g_bytes_unref);
    }

  if (total > 0)
    gmproc_bell_ring (self->bell);
  return total > 0;
}

static gboolean
give_chunk (GmprocPoolWorker *self, GmprocPoolNextChunk next, gpointer pool)
{
  GmprocChunk *chunk = next (pool);
  GmprocWorkerTask task;

  if (chunk == NULL)
    return FALSE;

  self->last_serial = MAX (self->last_serial + 1, 1);
  chunk->serial = self->last_serial;
  task = (GmprocWorkerTask){ .mode = chunk->job->mode,
                             .serial = chunk->serial,
                             .n_items = chunk->n_items };
  g_queue_push_tail (&self->chunks, chunk);
  prepare_task (self, &task, chunk->job->function->name, gmproc_chunk_get_input (chunk));
  return TRUE;
}

gboolean
gmproc_pool_worker_give (GmprocPoolWorker *self, guint max_chunks, GmprocPoolNextChunk next,
                         gpointer pool)
{
  gboolean has_moved = FALSE;

  if (self->process == NULL)
    return FALSE;

  while (TRUE)
    {
      if (self->head != NULL)
        has_moved |= send_some (self);
      if (self->head != NULL || self->is_quitting || self->chunks.length >= max_chunks
          || !give_chunk (self, next, pool))
        return has_moved;
    }
}

void
gmproc_pool_worker_quit (GmprocPoolWorker *self)
{
  GmprocWorkerTask task = { .mode = GMPROC_WORKER_QUIT };

  if (self->is_quitting || self->process == NULL || self->chunks.length > 0)
    return;

  self->is_quitting = TRUE;
  prepare_task (self, &task, "", g_bytes_new (NULL, 0));
  send_some (self);
}

void
gmproc_pool_worker_abandon (GmprocPoolWorker *self)
{
  if (self->process != NULL && !self->is_quitting)
    gmproc_process_terminate (self->process, NULL);
}

/* -- receiving --------------------------------------------------------------------------------- */

static void
fail_chunk (GmprocChunk *chunk, guint32 failed_item, GBytes *bytes)
{
  g_autoptr (GVariant) value = NULL;
  const char *domain, *message;
  GError *error;
  int code;

  value = g_variant_ref_sink (
      g_variant_new_from_bytes (G_VARIANT_TYPE (GMPROC_WORKER_ERROR_TYPE), bytes, FALSE));
  g_variant_get (value, "(&si&s)", &domain, &code, &message);
  error = g_error_new_literal (g_quark_from_string (domain), code, message);
  gmproc_chunk_fail (chunk, failed_item, error);
}

/* A whole result is there. */
static void
settle_result (GmprocPoolWorker *self)
{
  GmprocChunk *chunk = g_queue_peek_head (&self->chunks);
  g_autoptr (GBytes) output = NULL;

  output = g_bytes_new_take (g_steal_pointer (&self->output), self->result.size);
  self->result_received = 0;
  self->has_begun = TRUE;

  /* A serial number that is not expected comes from a worker whose memory is damaged. Its process
   * cannot be trusted with anything any more. */
  if (chunk == NULL || chunk->serial != self->result.serial)
    {
      gmproc_process_kill (self->process, NULL);
      return;
    }

  g_queue_pop_head (&self->chunks);
  if (self->result.is_error)
    fail_chunk (chunk, self->result.failed_item, output);
  else
    gmproc_chunk_finish (chunk, output);
}

static gboolean
receive_head (GmprocPoolWorker *self)
{
  gsize missing = sizeof self->result - self->result_received;
  gsize count = gmproc_stream_read (&self->link->results,
                                    (guint8 *) &self->result + self->result_received, missing);

  self->result_received += count;
  if (count < missing)
    return FALSE;

  self->output_received = 0;
  self->output = g_try_malloc (MAX (self->result.size, 1));
  if (self->output == NULL)
    {
      gmproc_process_kill (self->process, NULL);
      self->result_received = 0;
      return FALSE;
    }
  return TRUE;
}

gboolean
gmproc_pool_worker_receive (GmprocPoolWorker *self)
{
  gboolean has_moved = FALSE;

  if (self->process == NULL)
    return FALSE;

  while (self->output != NULL || receive_head (self))
    {
      gsize missing = self->result.size - self->output_received;
      gsize count =
          gmproc_stream_read (&self->link->results, self->output + self->output_received, missing);

      has_moved = TRUE;
      self->output_received += count;
      /* The worker may wait for room, for the rest of this result or for the next. */
      if (count > 0)
        gmproc_bell_ring (self->bell);
      if (count < missing)
        return has_moved;
      settle_result (self);
    }
  return has_moved;
}

/* -- its death --------------------------------------------------------------------------------- */

static GError *
make_death_error (GmprocPoolWorker *self)
{
  int exit_code = gmproc_process_get_exit_code (self->process);
  gint64 pid = gmproc_process_get_pid (self->process);

  if (exit_code < 0)
    return g_error_new (GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED,
                        "Worker process %" G_GINT64_FORMAT " was ended by signal %d (%s)", pid,
                        -exit_code, g_strsignal (-exit_code));
  return g_error_new (GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED,
                      "Worker process %" G_GINT64_FORMAT " exited with status %d", pid, exit_code);
}

gboolean
gmproc_pool_worker_check_end (GmprocPoolWorker *self, gboolean *ret_was_useless)
{
  guint32 serial, number;
  GmprocChunk *chunk;

  *ret_was_useless = FALSE;
  if (self->process == NULL || !g_atomic_int_get (&self->notice->has_ended))
    return FALSE;

  gmproc_pool_worker_receive (self);
  chunk = g_queue_peek_head (&self->chunks);
  if (gmproc_worker_link_get_current (self->link, &serial, &number))
    self->has_begun = TRUE;
  if (chunk != NULL && self->has_begun && serial == chunk->serial && number > 0
      && number <= chunk->n_items)
    gmproc_chunk_fail (g_queue_pop_head (&self->chunks), number - 1, make_death_error (self));
  while ((chunk = g_queue_pop_head (&self->chunks)) != NULL)
    gmproc_chunk_return (chunk);

  *ret_was_useless = !self->has_begun;
  drop_process (self);
  return TRUE;
}
