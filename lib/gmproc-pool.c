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
 * A callback of the program (a source of items, a handler of "progress") is never called with the
 * mutex held, so it may call the pool.
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

#include "gmproc-init.h"

#include "port/port.h"

enum
{
  PROP_0,
  PROP_WORKERS,
  PROP_CHUNK_SIZE,
  PROP_MAX_RETRIES,
  PROP_ITEM_TIMEOUT,
  PROP_READ_AHEAD,
  PROP_MAX_TASKS_PER_WORKER,
  PROP_MAX_MEMORY,
  PROP_IDLE_TIME,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

enum
{
  SIGNAL_PROGRESS,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/**
 * GmprocPool:
 *
 * Worker processes that run a function over many items. A worker that is killed costs the item that
 * it ran. In Python it is `multiprocessing.Pool`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE (GmprocPool, gmproc_pool, G_TYPE_OBJECT)

static gboolean
get_property_locked (GmprocPool *self, guint prop_id, GValue *value)
{
  switch (prop_id)
    {
    case PROP_WORKERS:
      g_value_set_uint (value, self->n_workers);
      return TRUE;
    case PROP_CHUNK_SIZE:
      g_value_set_uint (value, self->chunk_size);
      return TRUE;
    case PROP_MAX_RETRIES:
      g_value_set_uint (value, self->max_retries);
      return TRUE;
    case PROP_ITEM_TIMEOUT:
      g_value_set_int64 (value, self->item_timeout);
      return TRUE;
    case PROP_READ_AHEAD:
      g_value_set_uint (value, self->read_ahead);
      return TRUE;
    case PROP_MAX_TASKS_PER_WORKER:
      g_value_set_uint64 (value, self->settings.max_tasks);
      return TRUE;
    case PROP_MAX_MEMORY:
      g_value_set_uint64 (value, self->settings.max_memory);
      return TRUE;
    case PROP_IDLE_TIME:
      g_value_set_int64 (value, self->settings.idle_time);
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
set_property_locked (GmprocPool *self, guint prop_id, const GValue *value)
{
  switch (prop_id)
    {
    case PROP_WORKERS:
      self->n_workers = g_value_get_uint (value);
      if (self->n_workers == 0)
        self->n_workers = gmproc_get_n_processors ();
      return TRUE;
    case PROP_CHUNK_SIZE:
      self->chunk_size = g_value_get_uint (value);
      return TRUE;
    case PROP_MAX_RETRIES:
      self->max_retries = g_value_get_uint (value);
      return TRUE;
    case PROP_ITEM_TIMEOUT:
      self->item_timeout = g_value_get_int64 (value);
      return TRUE;
    case PROP_READ_AHEAD:
      self->read_ahead = g_value_get_uint (value);
      return TRUE;
    case PROP_MAX_TASKS_PER_WORKER:
      self->settings.max_tasks = g_value_get_uint64 (value);
      return TRUE;
    case PROP_MAX_MEMORY:
      self->settings.max_memory = g_value_get_uint64 (value);
      return TRUE;
    case PROP_IDLE_TIME:
      self->settings.idle_time = g_value_get_int64 (value);
      return TRUE;
    default:
      return FALSE;
    }
}

static void
gmproc_pool_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GmprocPool *self = GMPROC_POOL (object);
  gboolean is_known;

  g_mutex_lock (&self->mutex);
  is_known = get_property_locked (self, prop_id, value);
  g_mutex_unlock (&self->mutex);
  if (!is_known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
gmproc_pool_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GmprocPool *self = GMPROC_POOL (object);
  gboolean is_known;

  g_mutex_lock (&self->mutex);
  is_known = set_property_locked (self, prop_id, value);
  g_mutex_unlock (&self->mutex);
  if (!is_known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

/* Does not wait: the processes are reaped in the background. A closed pool that nobody joined may
 * have workers that are still busy with the items of a cancelled call, and do not know of the end.
 */
static void
gmproc_pool_dispose (GObject *object)
{
  GmprocPool *self = GMPROC_POOL (object);

  if (self->state != GMPROC_POOL_TERMINATED)
    for (guint i = 0; i < self->workers->len; i++)
      gmproc_pool_worker_abandon (g_ptr_array_index (self->workers, i));

  G_OBJECT_CLASS (gmproc_pool_parent_class)->dispose (object);
}

static void
gmproc_pool_finalize (GObject *object)
{
  GmprocPool *self = GMPROC_POOL (object);

  g_clear_pointer (&self->workers, g_ptr_array_unref);
  g_clear_object (&self->bell);
  g_clear_pointer (&self->initializer_argument, g_variant_unref);
  g_clear_pointer (&self->finalizer_argument, g_variant_unref);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (gmproc_pool_parent_class)->finalize (object);
}

#define READWRITE (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)

/* What holds for a call that does not say otherwise. */
static void
install_defaults_of_calls (void)
{
  /**
   * GmprocPool:chunk-size:
   *
   * How many items a worker gets at once, or 0 to choose as the items turn out: so many that
   * handing them out costs little, and so few that no worker is left with much more than the
   * others.
   *
   * Since: 1.0
   */
  props[PROP_CHUNK_SIZE] = g_param_spec_uint ("chunk-size", NULL, NULL, 0, G_MAXUINT, 0, READWRITE);
  /**
   * GmprocPool:max-retries:
   *
   * How often an item is run again whose worker died over it. An error that the function returns,
   * and an item that took too long, are not tried again.
   *
   * Since: 1.0
   */
  props[PROP_MAX_RETRIES] =
      g_param_spec_uint ("max-retries", NULL, NULL, 0, G_MAXUINT - 1, 0, READWRITE);
  /**
   * GmprocPool:item-timeout:
   *
   * Microseconds that one item may take, or 0 for any time. Then its worker is killed, the item
   * ends with %G_IO_ERROR_TIMED_OUT, and another worker takes the place. For
   * gmproc_pool_map_array() it is the time of a slice.
   *
   * Since: 1.0
   */
  props[PROP_ITEM_TIMEOUT] =
      g_param_spec_int64 ("item-timeout", NULL, NULL, 0, G_MAXINT64, 0, READWRITE);
  /**
   * GmprocPool:read-ahead:
   *
   * How many items gmproc_pool_imap() takes from its source before their results are fetched, or 0
   * to choose: 64 for each worker.
   *
   * Since: 1.0
   */
  props[PROP_READ_AHEAD] = g_param_spec_uint ("read-ahead", NULL, NULL, 0, G_MAXUINT, 0, READWRITE);
}

/* What a worker is told when it is started. */
static void
install_settings_of_workers (void)
{
  /**
   * GmprocPool:max-tasks-per-worker:
   *
   * After how many items a worker ends, to be replaced by a new process; 0 for never. Of workers
   * that are started after it was set.
   *
   * Since: 1.0
   */
  props[PROP_MAX_TASKS_PER_WORKER] =
      g_param_spec_uint64 ("max-tasks-per-worker", NULL, NULL, 0, G_MAXUINT64, 0, READWRITE);
  /**
   * GmprocPool:max-memory:
   *
   * How many bytes of memory a worker may have in use after an item. One that has more ends, to be
   * replaced by a new process; 0 for any number. Of workers that are started after it was set.
   *
   * Since: 1.0
   */
  props[PROP_MAX_MEMORY] =
      g_param_spec_uint64 ("max-memory", NULL, NULL, 0, G_MAXUINT64, 0, READWRITE);
  /**
   * GmprocPool:idle-time:
   *
   * Microseconds after which a worker that gets nothing to do ends, or -1 for never. A new one is
   * started when it is needed. Of workers that are started after it was set.
   *
   * Since: 1.0
   */
  props[PROP_IDLE_TIME] =
      g_param_spec_int64 ("idle-time", NULL, NULL, -1, G_MAXINT64, -1, READWRITE);
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
   * GmprocPool:workers:
   *
   * How many processes there may be; 0 stands for gmproc_get_n_processors(). See
   * gmproc_pool_resize().
   *
   * Since: 1.0
   */
  props[PROP_WORKERS] =
      g_param_spec_uint ("workers", NULL, NULL, 0, G_MAXINT, 0, READWRITE | G_PARAM_CONSTRUCT_ONLY);
  install_defaults_of_calls ();
  install_settings_of_workers ();
  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * GmprocPool::progress:
   * @self: the pool
   * @done: items of the call that gave a result
   * @failed: items of it that gave an error
   * @total: items that it has, or as far as it is known that there are 0
   * @rate: items a second, since it began
   *
   * How far a call has come: about ten times a second while it runs, and at its end. The thread
   * that waits for the call emits it, or the main context that an asynchronous one was made in. A
   * handler may call the pool.
   *
   * Since: 1.0
   */
  signals[SIGNAL_PROGRESS] =
      g_signal_new ("progress", GMPROC_TYPE_POOL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 4, G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_DOUBLE);
}

static void
gmproc_pool_init (GmprocPool *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  g_queue_init (&self->jobs);
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) gmproc_pool_worker_free);
  self->settings.idle_time = -1;
  self->next_look = GMPROC_PORT_FOREVER;
}

/* -- progress ---------------------------------------------------------------------------------- */

#define PROGRESS_INTERVAL (G_TIME_SPAN_SECOND / 10)

void
gmproc_pool_progress_init (GmprocPoolProgress *self, GmprocPool *pool)
{
  self->is_wanted = g_signal_has_handler_pending (pool, signals[SIGNAL_PROGRESS], 0, FALSE);
  self->began = self->is_wanted ? g_get_monotonic_time () : 0;
  self->next = self->began + PROGRESS_INTERVAL;
  self->reported = 0;
}

void
gmproc_pool_progress_report_locked (GmprocPoolProgress *self, GmprocPool *pool, GmprocJob *job,
                                    gboolean is_last)
{
  gsize n_settled = job->n_done + job->n_failed;
  gint64 now;

  if (!self->is_wanted || (n_settled == self->reported && !is_last))
    return;
  now = g_get_monotonic_time ();
  if (now < self->next && !is_last)
    return;

  self->next = now + PROGRESS_INTERVAL;
  self->reported = n_settled;
  self->is_wanted = !is_last;
  g_mutex_unlock (&pool->mutex);
  g_signal_emit (pool, signals[SIGNAL_PROGRESS], 0, (guint64) job->n_done, (guint64) job->n_failed,
                 (guint64) (job->is_complete ? job->n_items : 0),
                 n_settled * 1e6 / MAX (now - self->began, 1));
  g_mutex_lock (&pool->mutex);
}
