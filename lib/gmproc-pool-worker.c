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
#include "port/port.h"

/* What the reaper tells: shared with it, because it may come when the worker is gone. */
struct GmprocPoolNotice
{
  gatomicrefcount references;
  GmprocBell *pool_bell;
  gboolean has_ended; /* atomic */
};

/* -- the worker's side ------------------------------------------------------------------------- */

/* The link, two bells; max-tasks, max-memory, idle time; initializer and finalizer: a name, which
 * may be empty, and the argument. */
#define ARGUMENTS_TYPE "(hhhttxsvsv)"

static gboolean
find_function (const char *name, const GmprocFunctionInfo **ret_function, GError **error)
{
  *ret_function = *name != '\0' ? gmproc_registry_find_function (name, error) : NULL;
  return *name == '\0' || *ret_function != NULL;
}

static int
run_worker (GVariant *args, GError **error)
{
  g_autoptr (GmprocWorkerLink) link = NULL;
  g_autoptr (GmprocBell) bell = NULL;
  g_autoptr (GmprocBell) pool_bell = NULL;
  g_autoptr (GVariant) initializer_argument = NULL;
  g_autoptr (GVariant) finalizer_argument = NULL;
  GmprocWorkerSettings settings = { 0 };
  const char *initializer, *finalizer;
  gint32 handles[3];

  g_variant_get (args, "(hhhttx&sv&sv)", &handles[0], &handles[1], &handles[2], &settings.max_tasks,
                 &settings.max_memory, &settings.idle_time, &initializer, &initializer_argument,
                 &finalizer, &finalizer_argument);
  settings.initializer_argument = initializer_argument;
  settings.finalizer_argument = finalizer_argument;
  link = gmproc_shareable_from_handle (handles[0], GMPROC_TYPE_WORKER_LINK, error);
  if (link != NULL)
    bell = gmproc_shareable_from_handle (handles[1], GMPROC_TYPE_BELL, error);
  if (bell != NULL)
    pool_bell = gmproc_shareable_from_handle (handles[2], GMPROC_TYPE_BELL, error);
  if (pool_bell == NULL || !find_function (initializer, &settings.initializer, error)
      || !find_function (finalizer, &settings.finalizer, error))
    return -1;

  return gmproc_worker_run (link, bell, pool_bell, &settings);
}

GMPROC_DEFINE_TARGET (gmproc_pool_worker_main)
{
  g_autoptr (GError) error = NULL;
  int exit_status = run_worker (args, &error);

  if (error == NULL)
    return exit_status;
  g_printerr ("%s: %s\n", gmproc_process_get_name (gmproc_process_get_current ()), error->message);
  return EXIT_FAILURE;
}

/* -- the pool's side --------------------------------------------------------------------------- */

static GmprocPoolNotice *
notice_new (GmprocBell *pool_bell)
{
  GmprocPoolNotice *notice = g_new0 (GmprocPoolNotice, 1);

  g_atomic_ref_count_init (&notice->references);
  notice->pool_bell = g_object_ref (pool_bell);
  return notice;
}

static void
notice_unref (gpointer data)
{
  GmprocPoolNotice *notice = data;

  if (!g_atomic_ref_count_dec (&notice->references))
    return;
  g_object_unref (notice->pool_bell);
  g_free (notice);
}

/* In the reaper. */
static void
on_ended (gpointer user_data)
{
  GmprocPoolNotice *notice = user_data;

  g_atomic_int_set (&notice->has_ended, TRUE);
  gmproc_bell_ring (notice->pool_bell);
}

GmprocPoolWorker *
gmproc_pool_worker_new (GmprocBell *pool_bell, const GmprocWorkerSettings *settings, GError **error)
{
  GmprocBell *bell = gmproc_bell_new (error);
  GmprocPoolWorker *self;

  if (bell == NULL)
    return NULL;

  self = g_new0 (GmprocPoolWorker, 1);
  self->pool_bell = g_object_ref (pool_bell);
  self->bell = bell;
  self->settings = settings;
  g_queue_init (&self->chunks);
  return self;
}

static void
drop_process (GmprocPoolWorker *self)
{
  gmproc_pool_worker_drop_messages (self);
  g_clear_error (&self->condemned);
  g_clear_object (&self->process);
  g_clear_object (&self->link);
  g_clear_pointer (&self->notice, notice_unref);
  self->function = NULL;
  self->has_begun = self->is_quitting = FALSE;
  self->load = 0;
}

void
gmproc_pool_worker_free (GmprocPoolWorker *self)
{
  GmprocChunk *chunk;

  while ((chunk = g_queue_pop_head (&self->chunks)) != NULL)
    gmproc_chunk_free (chunk);
  drop_process (self);
  g_clear_pointer (&self->head, g_byte_array_unref);
  g_clear_error (&self->unable);
  g_object_unref (self->bell);
  g_object_unref (self->pool_bell);
  g_free (self);
}

static gint32
get_handle (gpointer object)
{
  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (object));
}

static GVariant *
make_arguments (GmprocPoolWorker *self, GmprocWorkerLink *link)
{
  const GmprocWorkerSettings *settings = self->settings;
  GVariant *nothing = g_variant_new ("()");
  g_autoptr (GVariant) held G_GNUC_UNUSED = g_variant_ref_sink (nothing);

  return g_variant_new (ARGUMENTS_TYPE, get_handle (link), get_handle (self->bell),
                        get_handle (self->pool_bell), settings->max_tasks, settings->max_memory,
                        settings->idle_time,
                        settings->initializer != NULL ? settings->initializer->name : "",
                        settings->initializer != NULL ? settings->initializer_argument : nothing,
                        settings->finalizer != NULL ? settings->finalizer->name : "",
                        settings->finalizer != NULL ? settings->finalizer_argument : nothing);
}

gboolean
gmproc_pool_worker_start (GmprocPoolWorker *self, GError **error)
{
  g_autoptr (GmprocWorkerLink) link = gmproc_worker_link_new (error);
  g_autoptr (GmprocProcess) process = NULL;
  g_autofree char *name = NULL;
  GmprocPoolNotice *notice;

  drop_process (self);
  if (link == NULL)
    return FALSE;

  process = gmproc_process_new (gmproc_pool_worker_main, make_arguments (self, link));
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
  self->n_starts++;
  return TRUE;
}

void
gmproc_pool_worker_quit (GmprocPoolWorker *self)
{
  if (self->is_quitting || self->process == NULL || self->chunks.length > 0 || self->is_sending)
    return;

  self->is_quitting = TRUE;
  gmproc_pool_worker_send_quit (self);
}

void
gmproc_pool_worker_abandon (GmprocPoolWorker *self)
{
  if (self->process != NULL && !self->is_quitting)
    gmproc_process_terminate (self->process, NULL);
}

/* -- the item that it runs --------------------------------------------------------------------- */

/* The chunk of the item that the worker runs now or ran when it ended, or NULL. Results that came
 * have been read. */
static GmprocChunk *
get_running (GmprocPoolWorker *self)
{
  GmprocChunk *chunk = g_queue_peek_head (&self->chunks);
  guint32 serial, number;

  if (chunk == NULL || !gmproc_worker_link_get_current (self->link, &serial, &number)
      || serial != chunk->serial || number != chunk->n_settled + 1)
    return NULL;
  return chunk;
}

gboolean
gmproc_pool_worker_condemn (GmprocPoolWorker *self, GError *reason)
{
  GmprocChunk *chunk;

  gmproc_pool_worker_receive (self);
  if (self->process == NULL || self->condemned != NULL || (chunk = get_running (self)) == NULL
      || !gmproc_worker_link_condemn (self->link, chunk->serial, chunk->n_settled + 1))
    {
      g_error_free (reason);
      return FALSE;
    }
  self->condemned = reason;
  gmproc_process_kill (self->process, NULL);
  return TRUE;
}

/* An item that was cancelled after this worker had got it. */
static void
check_doom (GmprocPoolWorker *self, GmprocChunk *running)
{
  if (gmproc_job_is_doomed (running->job, running->first + running->n_settled))
    gmproc_pool_worker_condemn (
        self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The item was cancelled"));
}

gint64
gmproc_pool_worker_check_time (GmprocPoolWorker *self)
{
  GmprocChunk *chunk = g_queue_peek_head (&self->chunks);
  GmprocChunk *running = NULL;
  gint64 timeout, began, now;

  if (chunk == NULL || self->process == NULL || self->condemned != NULL
      || (chunk->job->options.item_timeout == 0 && chunk->job->doomed == NULL))
    return GMPROC_PORT_FOREVER;

  running = get_running (self);
  if (running != NULL)
    check_doom (self, running);
  timeout = chunk->job->options.item_timeout;
  if (timeout == 0 || self->condemned != NULL)
    return GMPROC_PORT_FOREVER;

  now = g_get_monotonic_time ();
  if (running == NULL)
    return now + timeout;
  began = gmproc_worker_link_get_began (self->link);
  if (now - began < timeout)
    return began + timeout;
  gmproc_pool_worker_condemn (
      self, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         "Worker process %" G_GINT64_FORMAT " took longer than %g s",
                         gmproc_process_get_pid (self->process), timeout / 1e6));
  return self->condemned != NULL ? GMPROC_PORT_FOREVER : now + timeout;
}

/* -- its death --------------------------------------------------------------------------------- */

static GError *
make_death_error (gint64 pid, int exit_code)
{
  if (exit_code < 0)
    return g_error_new (GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED,
                        "Worker process %" G_GINT64_FORMAT " was ended by signal %d (%s)", pid,
                        -exit_code, g_strsignal (-exit_code));
  return g_error_new (GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED,
                      "Worker process %" G_GINT64_FORMAT " exited with status %d", pid, exit_code);
}

static void
settle_chunks (GmprocPoolWorker *self)
{
  int exit_code = gmproc_process_get_exit_code (self->process);
  gint64 pid = gmproc_process_get_pid (self->process);
  gboolean is_final = self->condemned != NULL;
  GmprocChunk *chunk = get_running (self);

  if (chunk != NULL)
    {
      GError *error =
          is_final ? g_steal_pointer (&self->condemned) : make_death_error (pid, exit_code);

      g_queue_pop_head (&self->chunks);
      gmproc_chunk_died (chunk, error, is_final, pid, exit_code);
    }
  while ((chunk = g_queue_pop_head (&self->chunks)) != NULL)
    gmproc_chunk_give_back (chunk);
}

gboolean
gmproc_pool_worker_check_end (GmprocPoolWorker *self, gboolean *ret_was_useless)
{
  guint32 serial, number;

  *ret_was_useless = FALSE;
  if (self->process == NULL || !g_atomic_int_get (&self->notice->has_ended))
    return FALSE;

  gmproc_pool_worker_receive (self);
  *ret_was_useless = !self->has_begun && !self->is_quitting && self->condemned == NULL
                     && !gmproc_worker_link_is_retired (self->link)
                     && !gmproc_worker_link_get_current (self->link, &serial, &number);
  settle_chunks (self);
  /* A moment at most; it takes the process off the list of children, which would keep the object,
   * and the bell with it, until this process starts or joins another one. */
  (void) gmproc_process_join (self->process, GMPROC_FOREVER, NULL, NULL);
  drop_process (self);
  return TRUE;
}
