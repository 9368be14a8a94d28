/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The tasks that a pool's worker gets, and the results that come from it.
 */
#include "config.h"

#include "gmproc-pool-worker.h"

#include <string.h>

#include "internal/worker.h"

/* Work for so many microseconds lies in a worker's stream, so that the worker and the pool need not
 * wake each other for every chunk; and at most so many chunks. */
#define AHEAD_TIME (300.0)
#define AHEAD_CHUNKS (1024)

/* No chunk waits behind one that may take longer than this, in microseconds, or nobody knows how
 * long: another worker might be free sooner. */
#define LONGEST_WAIT (5000.0)

/* -- sending ----------------------------------------------------------------------------------- */

static void
end_message (GmprocPoolWorker *self)
{
  self->is_sending = FALSE;
  g_clear_pointer (&self->input_holder, g_variant_unref);
  g_clear_pointer (&self->input_job, gmproc_job_unref);
  self->input = NULL;
  self->input_size = 0;
}

void
gmproc_pool_worker_drop_messages (GmprocPoolWorker *self)
{
  end_message (self);
  if (self->output != self->small)
    g_free (self->output);
  self->output = NULL;
  self->result_received = 0;
}

static void
begin_message (GmprocPoolWorker *self, const GmprocWorkerTask *task, const char *name)
{
  if (self->head == NULL)
    self->head = g_byte_array_sized_new (GMPROC_POOL_SMALL);
  g_byte_array_set_size (self->head, 0);
  g_byte_array_append (self->head, (const guint8 *) task, sizeof *task);
  g_byte_array_append (self->head, (const guint8 *) name, task->name_size);
  self->is_sending = TRUE;
  self->sent = 0;
}

/* The part of the message at self->sent; FALSE at its end. */
static gboolean
get_unsent (GmprocPoolWorker *self, const guint8 **ret_data, gsize *ret_size)
{
  if (self->sent < self->head->len)
    {
      *ret_data = self->head->data + self->sent;
      *ret_size = self->head->len - self->sent;
      return TRUE;
    }

  *ret_size = self->input_size - (self->sent - self->head->len);
  if (*ret_size == 0)
    return FALSE; /* there may be no input at all */
  *ret_data = self->input + (self->input_size - *ret_size);
  return TRUE;
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
      gmproc_worker_link_set_waits_for_room (self->link, GMPROC_WORKER_LINK_TASKS, TRUE);
      total += write_some (self);
    }
  if (!get_unsent (self, &data, &size))
    {
      gmproc_worker_link_set_waits_for_room (self->link, GMPROC_WORKER_LINK_TASKS, FALSE);
      end_message (self);
    }
  return total > 0;
}

static guint32
get_flags (GmprocJob *job)
{
  return (job->options.item_timeout > 0 ? GMPROC_WORKER_TIMED : 0)
         | (job->options.kind == GMPROC_JOB_MAP ? GMPROC_WORKER_FAIL_FAST : 0);
}

static void
give_chunk (GmprocPoolWorker *self, GmprocChunk *chunk)
{
  GmprocJob *job = chunk->job;
  gboolean is_new = job->function != self->function;
  gconstpointer input;
  GmprocWorkerTask task = { .mode = job->options.mode,
                            .flags = get_flags (job),
                            .n_items = chunk->n_items,
                            .first = chunk->first };

  self->last_serial = MAX (self->last_serial + 1, 1);
  chunk->serial = task.serial = self->last_serial;
  task.name_size = is_new ? strlen (job->function->name) : 0;
  self->function = job->function;
  g_queue_push_tail (&self->chunks, chunk);
  self->load += chunk->estimate;

  gmproc_chunk_get_input (chunk, &input, &self->input_size, &self->input_holder);
  task.size = self->input_size;
  begin_message (self, &task, job->function->name);
  if (self->input_size <= GMPROC_POOL_SMALL)
    {
      if (self->input_size > 0)
        g_byte_array_append (self->head, input, self->input_size);
      self->input_size = 0;
      g_clear_pointer (&self->input_holder, g_variant_unref);
    }
  else
    {
      self->input = input;
      self->input_job = gmproc_job_ref (job);
    }
}

static gboolean
wants_more (GmprocPoolWorker *self, gboolean is_ahead)
{
  guint n_chunks = self->chunks.length;

  if (n_chunks == 0)
    return TRUE;
  if (!is_ahead)
    return FALSE;
  return self->load > 0
         && ((n_chunks < 2 && self->load < LONGEST_WAIT)
             || (self->load < AHEAD_TIME && n_chunks < AHEAD_CHUNKS));
}

gboolean
gmproc_pool_worker_give (GmprocPoolWorker *self, gboolean is_ahead, GmprocPoolNextChunk next,
                         gpointer pool)
{
  gboolean has_moved = FALSE;
  GmprocChunk *chunk;

  if (self->process == NULL || self->condemned != NULL)
    return FALSE;

  while (TRUE)
    {
      if (self->is_sending)
        has_moved |= send_some (self);
      if (self->is_sending || self->is_quitting || self->is_leaving || !wants_more (self, is_ahead)
          || (chunk = next (pool)) == NULL)
        break;
      give_chunk (self, chunk);
    }
  if (has_moved)
    gmproc_bell_ring (self->bell);
  return has_moved;
}

void
gmproc_pool_worker_send_quit (GmprocPoolWorker *self)
{
  GmprocWorkerTask task = { .mode = GMPROC_WORKER_QUIT };

  begin_message (self, &task, "");
  send_some (self);
  gmproc_bell_ring (self->bell);
}

/* -- receiving --------------------------------------------------------------------------------- */

static GError *
load_error (gconstpointer data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GVariant) value = NULL;
  const char *domain, *message;
  int code;

  value = g_variant_ref_sink (
      g_variant_new_from_bytes (G_VARIANT_TYPE (GMPROC_WORKER_ERROR_TYPE), bytes, FALSE));
  g_variant_get (value, "(&si&s)", &domain, &code, &message);
  return g_error_new_literal (g_quark_from_string (domain), code, message);
}

/* A result that nobody waits for comes from a worker whose memory is damaged. Its process cannot be
 * trusted with anything any more. */
static gboolean
is_expected (GmprocPoolWorker *self, GmprocChunk *chunk)
{
  return chunk != NULL && chunk->serial == self->result.serial
         && chunk->n_settled == self->result.item && chunk->n_settled < chunk->n_items;
}

/* A whole result is there. BYTES holds it, or NULL. */
static void
settle_result (GmprocPoolWorker *self, gconstpointer data, GBytes *bytes)
{
  GmprocChunk *chunk = g_queue_peek_head (&self->chunks);
  const GmprocWorkerResult *result = &self->result;

  if (result->flags & GMPROC_WORKER_IS_UNABLE)
    {
      g_clear_error (&self->unable);
      self->unable = load_error (data, result->size);
      return;
    }
  self->has_begun = TRUE;
  if (!is_expected (self, chunk))
    {
      gmproc_process_kill (self->process, NULL);
      return;
    }

  self->n_items++;
  if (result->flags & GMPROC_WORKER_IS_ERROR)
    gmproc_chunk_settle_error (chunk, load_error (data, result->size),
                               gmproc_process_get_pid (self->process));
  else
    gmproc_chunk_settle (chunk, data, result->size, bytes);

  if (result->flags & GMPROC_WORKER_IS_LAST)
    {
      g_queue_pop_head (&self->chunks);
      self->load = self->chunks.length > 0 ? self->load - chunk->estimate : 0;
      self->busy_time += result->elapsed;
      gmproc_chunk_finish (chunk, result->elapsed);
    }
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
  self->output =
      self->result.size <= sizeof self->small ? self->small : g_try_malloc (self->result.size);
  if (self->output == NULL)
    {
      gmproc_process_kill (self->process, NULL);
      self->result_received = 0;
      return FALSE;
    }
  return TRUE;
}

static void
end_result (GmprocPoolWorker *self)
{
  guint8 *output = g_steal_pointer (&self->output);
  g_autoptr (GBytes) bytes = NULL;

  self->result_received = 0;
  if (output != self->small)
    bytes = g_bytes_new_take (output, self->result.size);
  settle_result (self, output, bytes);
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
      if (count < missing)
        break;
      end_result (self);
    }
  if (has_moved && gmproc_worker_link_get_waits_for_room (self->link, GMPROC_WORKER_LINK_RESULTS))
    gmproc_bell_ring (self->bell);
  return has_moved;
}
