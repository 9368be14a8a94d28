/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocPool: worker processes that run a function over many items.
 *
 * The pool shares no lock with its workers: each has a link of its own (internal/worker-link.h),
 * and the pool's process decides who does what. There is no thread for that. Of the threads that
 * wait for a result one is the leader: it reads what came from all workers, for all calls, hands
 * out new chunks, and sleeps on the bell that every worker rings. The others wait for it; when the
 * leader's own call is over, one of them takes its place.
 *
 * States: RUNNING → CLOSED (no new calls; workers end when the calls are over) → the workers are
 * gone. TERMINATED comes from either, and fails the calls that are under way.
 *
 * Deaths: a dead worker costs the item that it ran; the call gets GMPROC_ERROR_WORKER_DIED with the
 * item, the process and the signal. What it had not begun goes to others, and a new worker takes
 * its place. Workers that die again and again before they begin anything are not replaced for ever:
 * the calls fail. When the pool's own process dies, its workers end themselves.
 *
 * All members are under the mutex, but what is said otherwise.
 */
#include "config.h"

#include "gmproc-pool.h"

#include "gmproc-error.h"
#include "gmproc-init.h"
#include "gmproc-pool-worker.h"
#include "internal/codec.h"
#include "internal/deadline.h"
#include "internal/job.h"
#include "internal/registry.h"
#include "port/port.h"

/* In a row, before the pool gives up. */
#define MAX_USELESS_WORKERS (3)

typedef enum
{
  STATE_RUNNING,
  STATE_CLOSED,
  STATE_TERMINATED
} State;

struct _GmprocPool
{
  GObject parent_instance;

  guint n_workers;  /* fixed at construction */
  guint chunk_size; /* 0: chosen for each call */
  GmprocBell *bell; /* fixed at construction; rung by the workers, and to fetch the leader */

  GMutex mutex;
  GCond changed; /* the leader has left, a call is over, or somebody was cancelled */
  State state;
  gboolean has_leader;
  GPtrArray *workers; /* GmprocPoolWorker */
  GQueue jobs;        /* GmprocJob, borrowed from the calls; the oldest first */
  guint n_useless;    /* workers that ended before they began an item, in a row */
};

enum
{
  PROP_0,
  PROP_CHUNK_SIZE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_TYPE (GmprocPool, gmproc_pool, G_TYPE_OBJECT)

static void
gmproc_pool_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GmprocPool *self = GMPROC_POOL (object);

  if (prop_id != PROP_CHUNK_SIZE)
    {
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      return;
    }
  g_mutex_lock (&self->mutex);
  g_value_set_uint (value, self->chunk_size);
  g_mutex_unlock (&self->mutex);
}

static void
gmproc_pool_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GmprocPool *self = GMPROC_POOL (object);

  if (prop_id != PROP_CHUNK_SIZE)
    {
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      return;
    }
  g_mutex_lock (&self->mutex);
  self->chunk_size = g_value_get_uint (value);
  g_mutex_unlock (&self->mutex);
}

/* Does not wait: the processes are reaped in the background. */
static void
gmproc_pool_dispose (GObject *object)
{
  GmprocPool *self = GMPROC_POOL (object);

  if (self->workers != NULL && self->state == STATE_RUNNING)
    gmproc_pool_terminate (self);

  G_OBJECT_CLASS (gmproc_pool_parent_class)->dispose (object);
}

static void
gmproc_pool_finalize (GObject *object)
{
  GmprocPool *self = GMPROC_POOL (object);

  g_clear_pointer (&self->workers, g_ptr_array_unref);
  g_clear_object (&self->bell);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (gmproc_pool_parent_class)->finalize (object);
}

static void
gmproc_pool_class_init (GmprocPoolClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = gmproc_pool_get_property;
  object_class->set_property = gmproc_pool_set_property;
  object_class->dispose = gmproc_pool_dispose;
  object_class->finalize = gmproc_pool_finalize;

  /**
   * GmprocPool:chunk-size:
   *
   * How many items a worker gets at once, or 0 to choose for each call.
   *
   * Since: 1.0
   */
  props[PROP_CHUNK_SIZE] = g_param_spec_uint ("chunk-size", NULL, NULL, 0, G_MAXUINT, 0,
                                              G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gmproc_pool_init (GmprocPool *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  g_queue_init (&self->jobs);
}

/* -- workers ----------------------------------------------------------------------------------- */

static gboolean
start_workers (GmprocPool *self, GError **error)
{
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) gmproc_pool_worker_free);
  for (guint i = 0; i < self->n_workers; i++)
    {
      GmprocPoolWorker *worker = gmproc_pool_worker_new (self->bell, error);

      if (worker == NULL)
        return FALSE;
      g_ptr_array_add (self->workers, worker);
      if (!gmproc_pool_worker_start (worker, error))
        return FALSE;
    }
  return TRUE;
}

static void
fail_jobs_locked (GmprocPool *self, const GError *error)
{
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    gmproc_job_fail (link->data, g_error_copy (error));
}

/* A worker has no process, but is needed. */
static void
start_again_locked (GmprocPool *self, GmprocPoolWorker *worker)
{
  g_autoptr (GError) error = NULL;

  if (self->n_useless >= MAX_USELESS_WORKERS)
    g_set_error (&error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED,
                 "%u workers in a row ended before they began an item", self->n_useless);
  else
    gmproc_pool_worker_start (worker, &error);

  if (error != NULL)
    fail_jobs_locked (self, error);
}

static GmprocChunk *
next_chunk_locked (gpointer data)
{
  GmprocPool *self = data;

  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    {
      GmprocChunk *chunk = gmproc_job_take_chunk (link->data);

      if (chunk != NULL)
        return chunk;
    }
  return NULL;
}

/* Once around all workers. TRUE if anything changed, so that it is worth to look again. */
static gboolean
pump_locked (GmprocPool *self)
{
  gboolean has_changed = FALSE;

  for (guint i = 0; i < self->workers->len; i++)
    {
      GmprocPoolWorker *worker = g_ptr_array_index (self->workers, i);
      gboolean was_useless;

      if (gmproc_pool_worker_check_end (worker, &was_useless))
        {
          self->n_useless = was_useless ? self->n_useless + 1 : 0;
          has_changed = TRUE;
        }
      if (gmproc_pool_worker_get_process (worker) == NULL && self->jobs.length > 0
          && self->state != STATE_TERMINATED)
        {
          start_again_locked (self, worker);
          has_changed = TRUE;
        }
      has_changed |= gmproc_pool_worker_pump (worker, next_chunk_locked, self);
      if (self->state == STATE_CLOSED && self->jobs.length == 0)
        gmproc_pool_worker_quit (worker);
    }
  return has_changed;
}

/* -- waiting ----------------------------------------------------------------------------------- */

static void
wake_for_cancel (G_GNUC_UNUSED GCancellable *cancellable, gpointer user_data)
{
  GmprocPool *self = user_data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static gboolean
lead_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  guint32 prepared = gmproc_bell_prepare (self->bell);
  gboolean goes_on = TRUE;

  if (pump_locked (self))
    return TRUE;

  self->has_leader = TRUE;
  g_mutex_unlock (&self->mutex);
  goes_on = gmproc_bell_sleep (self->bell, prepared, deadline, cancellable, error);
  g_mutex_lock (&self->mutex);
  self->has_leader = FALSE;
  g_cond_broadcast (&self->changed);
  return goes_on;
}

/* Waits for something to change, as the leader if there is none. FALSE at the deadline or on a
 * cancel. */
static gboolean
step_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!self->has_leader)
    return lead_locked (self, deadline, cancellable, error);

  if (deadline == GMPROC_PORT_FOREVER)
    g_cond_wait (&self->changed, &self->mutex);
  else if (!g_cond_wait_until (&self->changed, &self->mutex, deadline))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Timed out");
      return FALSE;
    }
  return TRUE;
}

/* Somebody has changed what the leader should know. */
static void
look_again_locked (GmprocPool *self)
{
  if (self->has_leader)
    gmproc_bell_ring (self->bell);
  else
    pump_locked (self);
  g_cond_broadcast (&self->changed);
}

/* -- calls ------------------------------------------------------------------------------------- */

static gboolean
check_is_running_locked (GmprocPool *self, GError **error)
{
  if (self->state == STATE_RUNNING)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The pool is %s",
               self->state == STATE_CLOSED ? "closed" : "terminated");
  return FALSE;
}

/* Chunks that a worker has when the call is cancelled are run to their end, and what comes of them
 * is dropped. */
static gboolean
run_job_locked (GmprocPool *self, GmprocJob *job, GCancellable *cancellable, GError **error)
{
  if (!check_is_running_locked (self, error))
    return FALSE;

  g_queue_push_tail (&self->jobs, job);
  if (self->has_leader)
    gmproc_bell_ring (self->bell);
  while (!gmproc_job_is_over (job))
    {
      GError *reason = NULL;

      if (!step_locked (self, GMPROC_PORT_FOREVER, cancellable, &reason))
        gmproc_job_fail (job, reason);
    }
  g_queue_remove (&self->jobs, job);

  if (self->state != STATE_RUNNING)
    look_again_locked (self);
  return TRUE;
}

static GVariant *
run_job (GmprocPool *self, GmprocJob *job, GCancellable *cancellable, GError **error)
{
  gulong connection = 0;
  gboolean is_over;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (cancellable != NULL)
    connection = g_cancellable_connect (cancellable, G_CALLBACK (wake_for_cancel), self, NULL);
  g_mutex_lock (&self->mutex);
  is_over = run_job_locked (self, job, cancellable, error);
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, connection);

  return is_over ? gmproc_job_get_result (job, error) : NULL;
}

static gboolean
check_items (const GmprocFunctionInfo *function, GVariant *items, GmprocWorkerMode mode,
             GError **error)
{
  g_autoptr (GVariantType) type = NULL;

  type = mode == GMPROC_WORKER_EACH ? g_variant_type_new_array (function->in_type)
                                    : g_variant_type_copy (function->in_type);
  if (!g_variant_is_of_type (items, type))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "The items for %s are of type “%s” instead of “%.*s”", function->name,
                   g_variant_get_type_string (items), (int) g_variant_type_get_string_length (type),
                   g_variant_type_peek_string (type));
      return FALSE;
    }
  if (mode == GMPROC_WORKER_WHOLE
      && (!g_variant_type_is_array (function->in_type)
          || !g_variant_type_is_array (function->out_type)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "%s does not make an array of an array", function->name);
      return FALSE;
    }
  return gmproc_codec_refuse_handles (items, error);
}

static GVariant *
map (GmprocPool *self, GmprocFunction function, GVariant *items, GmprocWorkerMode mode,
     GCancellable *cancellable, GError **error)
{
  const GmprocFunctionInfo *info = gmproc_registry_describe_function (function, error);
  g_autoptr (GmprocJob) job = NULL;
  guint chunk_size;

  if (info == NULL || !check_items (info, items, mode, error))
    return NULL;

  g_object_get (self, "chunk-size", &chunk_size, NULL);
  job = gmproc_job_new (info, mode, items, chunk_size, self->n_workers);
  return run_job (self, job, cancellable, error);
}

/* -- public ------------------------------------------------------------------------------------ */

/**
 * gmproc_pool_new:
 * @workers: how many processes, or 0 for gmproc_get_n_processors()
 * @error: return location
 *
 * Makes a pool, like `multiprocessing.Pool`, and starts its workers. They are daemons of this
 * process; they may have children, and pools, of their own.
 *
 * Errors: as gmproc_process_start(); then no worker is left.
 *
 * Returns: (transfer full) (nullable): a new pool
 * Since: 1.0
 */
GmprocPool *
gmproc_pool_new (guint workers, GError **error)
{
  g_autoptr (GmprocPool) self = g_object_new (GMPROC_TYPE_POOL, NULL);

  self->n_workers = workers > 0 ? workers : gmproc_get_n_processors ();
  self->bell = gmproc_bell_new (error);
  if (self->bell == NULL || !start_workers (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gmproc_pool_map:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION()
 * @items: an array of what @function takes; sunk if floating
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Runs @function for every item, spread over the workers, and waits for all results. The first
 * error ends the call; items that were not begun are not run.
 *
 * Any number of threads may call the pool at once.
 *
 * Errors: what @function returned, with the item's number put before the message;
 * %GMPROC_ERROR_WORKER_DIED with the item, the process and the signal; %GMPROC_ERROR_NOT_REGISTERED
 * for a function without a name; %GMPROC_ERROR_BAD_TYPE for items or results of another type than
 * declared; %G_IO_ERROR_CLOSED after gmproc_pool_close(); %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (nullable): an array of the results, in the order of the items
 * Since: 1.0
 */
GVariant *
gmproc_pool_map (GmprocPool *self, GmprocFunction function, GVariant *items,
                 GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (items != NULL, NULL);

  sunk = g_variant_ref_sink (items);
  return map (self, function, sunk, GMPROC_WORKER_EACH, cancellable, error);
}

/**
 * gmproc_pool_map_array:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION() that takes an array and
 *   returns an array
 * @items: an array of the type that @function takes; sunk if floating
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Like gmproc_pool_map(), but @function gets a slice of @items at a time, and returns the results
 * for it. For numbers this saves a boxed value for each, which takes longer than most arithmetic.
 * A worker that dies is reported with the first item of its slice.
 *
 * Returns: (transfer full) (nullable): the results of the slices, one after the other
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_array (GmprocPool *self, GmprocFunction function, GVariant *items,
                       GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;

  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (items != NULL, NULL);

  sunk = g_variant_ref_sink (items);
  return map (self, function, sunk, GMPROC_WORKER_WHOLE, cancellable, error);
}

/**
 * gmproc_pool_apply:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION()
 * @item: what to give to it; sunk if floating
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Runs @function once, in one of the workers, and waits for its result. Errors as for
 * gmproc_pool_map().
 *
 * Returns: (transfer full) (nullable): the result
 * Since: 1.0
 */
GVariant *
gmproc_pool_apply (GmprocPool *self, GmprocFunction function, GVariant *item,
                   GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) items = NULL;
  g_autoptr (GVariant) results = NULL;

  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (item != NULL, NULL);

  items = g_variant_ref_sink (g_variant_new_array (NULL, &item, 1));
  results = map (self, function, items, GMPROC_WORKER_EACH, cancellable, error);
  return results != NULL ? g_variant_get_child_value (results, 0) : NULL;
}

/**
 * gmproc_pool_get_n_workers:
 * @self: a pool
 *
 * Returns: how many workers it has
 * Since: 1.0
 */
guint
gmproc_pool_get_n_workers (GmprocPool *self)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), 0);

  return self->n_workers;
}

/**
 * gmproc_pool_close:
 * @self: a pool
 *
 * Takes no more calls. Those that are under way go on; then the workers end. Closing twice does
 * nothing.
 *
 * Since: 1.0
 */
void
gmproc_pool_close (GmprocPool *self)
{
  g_return_if_fail (GMPROC_IS_POOL (self));

  g_mutex_lock (&self->mutex);
  if (self->state == STATE_RUNNING)
    {
      self->state = STATE_CLOSED;
      look_again_locked (self);
    }
  g_mutex_unlock (&self->mutex);
}

/**
 * gmproc_pool_terminate:
 * @self: a pool
 *
 * Ends the workers at once. Calls that are under way fail with %G_IO_ERROR_CLOSED.
 *
 * Since: 1.0
 */
void
gmproc_pool_terminate (GmprocPool *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (GMPROC_IS_POOL (self));

  g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The pool was terminated");
  g_mutex_lock (&self->mutex);
  self->state = STATE_TERMINATED;
  fail_jobs_locked (self, error);
  for (guint i = 0; i < self->workers->len; i++)
    {
      GmprocPoolWorker *worker = g_ptr_array_index (self->workers, i);
      GmprocProcess *process = gmproc_pool_worker_get_process (worker);

      if (process != NULL)
        gmproc_process_terminate (process, NULL);
    }
  gmproc_bell_ring (self->bell);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static gboolean
has_process_locked (GmprocPool *self)
{
  for (guint i = 0; i < self->workers->len; i++)
    if (gmproc_pool_worker_get_process (g_ptr_array_index (self->workers, i)) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
join_locked (GmprocPool *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (self->state == STATE_RUNNING)
    {
      g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                           "The pool was neither closed nor terminated");
      return FALSE;
    }

  while (self->jobs.length > 0 || has_process_locked (self))
    if (!step_locked (self, deadline, cancellable, error))
      return FALSE;
  return TRUE;
}

/**
 * gmproc_pool_join:
 * @self: a pool that was closed or terminated
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits until all workers have ended.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE for a pool that was neither closed nor terminated;
 * %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether all have ended
 * Since: 1.0
 */
gboolean
gmproc_pool_join (GmprocPool *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  gulong connection = 0;
  gboolean joined;
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_POOL (self), FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error))
    return FALSE;

  if (cancellable != NULL)
    connection = g_cancellable_connect (cancellable, G_CALLBACK (wake_for_cancel), self, NULL);
  g_mutex_lock (&self->mutex);
  joined = join_locked (self, deadline, cancellable, error);
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, connection);
  return joined;
}
