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

#include "gmproc-pool-private.h"

#include "gmproc-error.h"
#include "gmproc-init.h"
#include "internal/codec.h"
#include "internal/deadline.h"
#include "internal/registry.h"

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

static void
abandon_worker (gpointer worker, G_GNUC_UNUSED gpointer user_data)
{
  gmproc_pool_worker_abandon (worker);
}

/* Does not wait: the processes are reaped in the background. A closed pool that nobody joined may
 * have workers that are still busy with the items of a cancelled call, and do not know of the end.
 */
static void
gmproc_pool_dispose (GObject *object)
{
  GmprocPool *self = GMPROC_POOL (object);

  if (self->workers != NULL && self->state != GMPROC_POOL_TERMINATED)
    g_ptr_array_foreach (self->workers, abandon_worker, NULL);

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

/* -- calls ------------------------------------------------------------------------------------- */

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
  return gmproc_codec_check_message (items, error);
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
  return gmproc_pool_run_job (self, job, cancellable, error);
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
 * Errors: as gmproc_process_start(); then those that were started are told to end.
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
  if (self->bell == NULL || !gmproc_pool_start_workers (self, error))
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
  if (self->state == GMPROC_POOL_RUNNING)
    {
      self->state = GMPROC_POOL_CLOSED;
      gmproc_pool_look_again_locked (self);
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
  self->state = GMPROC_POOL_TERMINATED;
  gmproc_pool_fail_jobs_locked (self, error);
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
    connection =
        g_cancellable_connect (cancellable, G_CALLBACK (gmproc_pool_wake_for_cancel), self, NULL);
  g_mutex_lock (&self->mutex);
  joined = gmproc_pool_join_locked (self, deadline, cancellable, error);
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, connection);
  return joined;
}
