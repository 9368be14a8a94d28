/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The calls of a pool that give all results at once, blocking and asynchronous.
 *
 * Both kinds are the same job. The thread of a blocking call waits in gmproc_pool_step_locked(), as
 * the leader or behind it. An asynchronous call has no thread; its source does the leader's work
 * whenever there is none, each time that a worker has rung.
 */
#include "config.h"

#include "gmproc-pool-call.h"

#include "gmproc-error.h"
#include "internal/codec.h"
#include "internal/registry.h"
#include "internal/trace.h"
#include "internal/wait-source.h"
#include "port/port.h"

typedef struct GmprocPoolCall Call;

/* A call that is under way, or could not begin. */
struct GmprocPoolCall
{
  GmprocPoolCallKind kind;
  GmprocPool *pool; /* borrowed: the caller or the task holds it */
  GmprocJob *job;
  GError *error; /* why it did not begin */
  gboolean is_added;
  GmprocPoolProgress progress;
  gint64 traced;
};

/* -- before and after -------------------------------------------------------------------------- */

static gboolean
check_items (const GmprocFunctionInfo *function, GVariant *items, GmprocPoolCallKind kind,
             GError **error)
{
  g_autoptr (GVariantType) type = NULL;

  type = kind == GMPROC_POOL_CALL_ARRAY || kind == GMPROC_POOL_CALL_APPLY
             ? g_variant_type_copy (function->in_type)
             : g_variant_type_new_array (function->in_type);
  if (!g_variant_is_of_type (items, type))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "The items for %s are of type “%s” instead of “%.*s”", function->name,
                   g_variant_get_type_string (items), (int) g_variant_type_get_string_length (type),
                   g_variant_type_peek_string (type));
      return FALSE;
    }
  if (kind == GMPROC_POOL_CALL_ARRAY
      && (!g_variant_type_is_array (function->in_type)
          || !g_variant_type_is_array (function->out_type)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "%s does not make an array of an array", function->name);
      return FALSE;
    }
  return gmproc_codec_check_message (items, error);
}

/* ITEMS are not floating. */
static gboolean
make_job (Call *self, GmprocFunction function, GVariant *items, GmprocPoolOptions *options,
          GError **error)
{
  const GmprocFunctionInfo *info = gmproc_registry_describe_function (function, error);
  GmprocPoolCallOptions resolved = { 0 };

  if (info == NULL || !check_items (info, items, self->kind, error))
    return FALSE;

  g_mutex_lock (&self->pool->mutex);
  gmproc_pool_options_resolve_locked (options, self->pool, &resolved);
  g_mutex_unlock (&self->pool->mutex);
  resolved.job.kind = self->kind == GMPROC_POOL_CALL_COLLECT ? GMPROC_JOB_COLLECT : GMPROC_JOB_MAP;
  resolved.job.is_only = self->kind == GMPROC_POOL_CALL_APPLY;
  resolved.job.mode =
      self->kind == GMPROC_POOL_CALL_ARRAY ? GMPROC_WORKER_WHOLE : GMPROC_WORKER_EACH;
  self->job = gmproc_job_new (info, &resolved.job, items);
  return TRUE;
}

static Call *
call_new (GmprocPool *pool, GmprocPoolCallKind kind, GmprocFunction function, GVariant *items,
          GmprocPoolOptions *options, GCancellable *cancellable)
{
  Call *self = g_new0 (Call, 1);
  g_autoptr (GVariant) sunk = g_variant_ref_sink (items);

  self->kind = kind;
  self->pool = pool;
  self->traced = gmproc_trace_begin ();
  if (g_cancellable_set_error_if_cancelled (cancellable, &self->error)
      || !make_job (self, function, sunk, options, &self->error))
    return self;

  gmproc_pool_progress_init (&self->progress, pool);
  g_mutex_lock (&pool->mutex);
  self->is_added = gmproc_pool_add_job_locked (pool, self->job, &self->error);
  g_mutex_unlock (&pool->mutex);
  return self;
}

/* The call is over, or fails with ERROR (taken). */
static void
end_locked (Call *self, GError *error)
{
  gboolean is_cancelled = error != NULL;

  /* What was done until now counts. */
  if (error != NULL)
    {
      gmproc_pool_receive_locked (self->pool);
      gmproc_job_fail (self->job, error);
    }
  gmproc_pool_remove_job_locked (self->pool, self->job, is_cancelled);
  self->is_added = FALSE;
  gmproc_pool_progress_report_locked (&self->progress, self->pool, self->job, TRUE);
}

static void
call_free (gpointer data)
{
  Call *self = data;

  if (self->is_added)
    {
      g_mutex_lock (&self->pool->mutex);
      end_locked (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Nobody waits"));
      g_mutex_unlock (&self->pool->mutex);
    }
  if (self->job != NULL)
    gmproc_trace_end (self->traced, "call", self->job->function->name, "items", self->job->n_items);
  g_clear_pointer (&self->job, gmproc_job_unref);
  g_clear_error (&self->error);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

/* A GVariant, or a GPtrArray of a call that collects. */
static gpointer
get_result (Call *self, GError **error)
{
  if (self->error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->error));
      return NULL;
    }
  if (self->kind == GMPROC_POOL_CALL_COLLECT)
    return gmproc_job_get_outcomes (self->job);
  if (self->kind == GMPROC_POOL_CALL_APPLY)
    return gmproc_job_get_only_result (self->job, error);
  return gmproc_job_get_result (self->job, error);
}

/* -- blocking ---------------------------------------------------------------------------------- */

static void
wait_locked (Call *self, GCancellable *cancellable)
{
  GError *reason = NULL;

  while (!gmproc_job_is_over (self->job)
         && gmproc_pool_step_locked (self->pool, GMPROC_PORT_FOREVER, cancellable, &reason))
    gmproc_pool_progress_report_locked (&self->progress, self->pool, self->job, FALSE);
  end_locked (self, reason);
}

gpointer
gmproc_pool_call_run (GmprocPool *pool, GmprocPoolCallKind kind, GmprocFunction function,
                      GVariant *items, GmprocPoolOptions *options, GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GmprocPool) held G_GNUC_UNUSED = g_object_ref (pool);
  g_autoptr (Call) call = call_new (pool, kind, function, items, options, cancellable);
  gulong connection = 0;

  if (call->is_added)
    {
      if (cancellable != NULL)
        connection = g_cancellable_connect (cancellable, G_CALLBACK (gmproc_pool_wake_for_cancel),
                                            pool, NULL);
      g_mutex_lock (&pool->mutex);
      wait_locked (call, cancellable);
      g_mutex_unlock (&pool->mutex);
      g_cancellable_disconnect (cancellable, connection);
    }
  return get_result (call, error);
}

/* -- asynchronous ------------------------------------------------------------------------------ */

gboolean
gmproc_pool_call_attempt (G_GNUC_UNUSED gpointer object, gpointer data,
                          G_GNUC_UNUSED gboolean is_last, gpointer *ret_result,
                          GCancellable *cancellable, GError **error)
{
  Call *self = data;
  GError *cancelled = NULL;
  gboolean is_over = !self->is_added;

  if (self->is_added)
    {
      g_mutex_lock (&self->pool->mutex);
      g_cancellable_set_error_if_cancelled (cancellable, &cancelled);
      if (cancelled == NULL)
        gmproc_pool_pump_locked (self->pool);
      is_over = cancelled != NULL || gmproc_job_is_over (self->job);
      if (is_over)
        end_locked (self, cancelled);
      else
        gmproc_pool_progress_report_locked (&self->progress, self->pool, self->job, FALSE);
      g_mutex_unlock (&self->pool->mutex);
    }
  if (!is_over)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The call is under way");
      return FALSE;
    }
  *ret_result = get_result (self, error);
  return *ret_result != NULL;
}

static gboolean
is_over_locked (gpointer job)
{
  return gmproc_job_is_over (job);
}

/* WHAT is the address of the job. Every ring of a worker is worth a look, so the source is always
 * ready when it was told. */
static gboolean
is_ready (G_GNUC_UNUSED gpointer object, G_GNUC_UNUSED guint64 what)
{
  return TRUE;
}

static GmprocArm
arm (G_GNUC_UNUSED const GmprocWaitSourceFuncs *funcs, gpointer object, guint64 what,
     GSource *source)
{
  GmprocJob *job = GSIZE_TO_POINTER (what);

  return gmproc_pool_arm (object, job, is_over_locked, job, source) ? GMPROC_ARM_ARMED
                                                                    : GMPROC_ARM_READY;
}

static void
disarm (gpointer object, GSource *source)
{
  gmproc_pool_disarm (object, source);
}

static const GmprocWaitSourceFuncs call_funcs = { is_ready, arm, disarm };

GSource *
gmproc_pool_call_create_source (gpointer object, gpointer data, GCancellable *cancellable)
{
  Call *self = data;

  return gmproc_wait_source_new (&call_funcs, object, GPOINTER_TO_SIZE (self->job), NULL,
                                 cancellable);
}

void
gmproc_pool_call_run_async (const GmprocAsync *operation, GmprocPool *pool, GmprocPoolCallKind kind,
                            GmprocFunction function, GVariant *items, GmprocPoolOptions *options,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  gmproc_async_run (operation, pool, GMPROC_FOREVER, cancellable, callback, user_data,
                    call_new (pool, kind, function, items, options, cancellable), call_free);
}
