/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocPoolOptions: what one call of a pool does otherwise than the pool's properties say.
 *
 * A plain holder of values. A call reads them when it begins; changing them later has no effect on
 * it. What was not set is taken from the pool.
 */
#include "config.h"

#include "gmproc-pool-private.h"

struct _GmprocPoolOptions
{
  GObject parent_instance;

  int priority;
  gint64 chunk_size; /* these four: -1 when not set */
  gint64 max_retries;
  gint64 item_timeout;
  gint64 read_ahead;
  gboolean fail_fast;
};

enum
{
  PROP_0,
  PROP_PRIORITY,
  PROP_CHUNK_SIZE,
  PROP_MAX_RETRIES,
  PROP_ITEM_TIMEOUT,
  PROP_READ_AHEAD,
  PROP_FAIL_FAST,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/**
 * GmprocPoolOptions:
 *
 * What one call of a pool does otherwise than the pool.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE (GmprocPoolOptions, gmproc_pool_options, G_TYPE_OBJECT)

static void
gmproc_pool_options_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GmprocPoolOptions *self = GMPROC_POOL_OPTIONS (object);

  switch (prop_id)
    {
    case PROP_PRIORITY:
      g_value_set_int (value, self->priority);
      break;
    case PROP_CHUNK_SIZE:
      g_value_set_int64 (value, self->chunk_size);
      break;
    case PROP_MAX_RETRIES:
      g_value_set_int64 (value, self->max_retries);
      break;
    case PROP_ITEM_TIMEOUT:
      g_value_set_int64 (value, self->item_timeout);
      break;
    case PROP_READ_AHEAD:
      g_value_set_int64 (value, self->read_ahead);
      break;
    case PROP_FAIL_FAST:
      g_value_set_boolean (value, self->fail_fast);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
gmproc_pool_options_set_property (GObject *object, guint prop_id, const GValue *value,
                                  GParamSpec *pspec)
{
  GmprocPoolOptions *self = GMPROC_POOL_OPTIONS (object);

  switch (prop_id)
    {
    case PROP_PRIORITY:
      self->priority = g_value_get_int (value);
      break;
    case PROP_CHUNK_SIZE:
      self->chunk_size = g_value_get_int64 (value);
      break;
    case PROP_MAX_RETRIES:
      self->max_retries = g_value_get_int64 (value);
      break;
    case PROP_ITEM_TIMEOUT:
      self->item_timeout = g_value_get_int64 (value);
      break;
    case PROP_READ_AHEAD:
      self->read_ahead = g_value_get_int64 (value);
      break;
    case PROP_FAIL_FAST:
      self->fail_fast = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static GParamSpec *
int64_spec (const char *name, gint64 maximum)
{
  return g_param_spec_int64 (name, NULL, NULL, -1, maximum, -1,
                             G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
}

static void
gmproc_pool_options_class_init (GmprocPoolOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = gmproc_pool_options_get_property;
  object_class->set_property = gmproc_pool_options_set_property;

  /**
   * GmprocPoolOptions:priority:
   *
   * Which call gets the next free worker: the lower goes first, as with GLib's sources, and among
   * equals the older. What runs already goes on.
   *
   * Since: 1.0
   */
  props[PROP_PRIORITY] = g_param_spec_int ("priority", NULL, NULL, G_MININT, G_MAXINT, 0,
                                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  /**
   * GmprocPoolOptions:chunk-size:
   *
   * As %GmprocPool:chunk-size; -1 for the pool's.
   *
   * Since: 1.0
   */
  props[PROP_CHUNK_SIZE] = int64_spec ("chunk-size", G_MAXUINT);
  /**
   * GmprocPoolOptions:max-retries:
   *
   * As %GmprocPool:max-retries; -1 for the pool's.
   *
   * Since: 1.0
   */
  props[PROP_MAX_RETRIES] = int64_spec ("max-retries", G_MAXUINT - 1);
  /**
   * GmprocPoolOptions:item-timeout:
   *
   * As %GmprocPool:item-timeout, in microseconds; -1 for the pool's.
   *
   * Since: 1.0
   */
  props[PROP_ITEM_TIMEOUT] = int64_spec ("item-timeout", G_MAXINT64);
  /**
   * GmprocPoolOptions:read-ahead:
   *
   * As %GmprocPool:read-ahead; -1 for the pool's.
   *
   * Since: 1.0
   */
  props[PROP_READ_AHEAD] = int64_spec ("read-ahead", G_MAXUINT);
  /**
   * GmprocPoolOptions:fail-fast:
   *
   * Whether gmproc_pool_imap() and gmproc_pool_imap_unordered() end with the first error. Otherwise
   * an item's error stands for the item, and the others go on.
   *
   * Since: 1.0
   */
  props[PROP_FAIL_FAST] = g_param_spec_boolean ("fail-fast", NULL, NULL, FALSE,
                                                G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
gmproc_pool_options_init (GmprocPoolOptions *self)
{
  self->chunk_size = self->max_retries = self->item_timeout = self->read_ahead = -1;
}

static gint64
choose (gint64 own, gint64 of_pool)
{
  return own >= 0 ? own : of_pool;
}

/* What holds for a call: SELF, or where it is NULL or says nothing, the pool. Under the pool's
 * mutex. */
void
gmproc_pool_options_resolve_locked (GmprocPoolOptions *self, GmprocPool *pool,
                                    GmprocPoolCallOptions *ret_options)
{
  GmprocPoolOptions none = {
    .chunk_size = -1, .max_retries = -1, .item_timeout = -1, .read_ahead = -1
  };

  if (self == NULL)
    self = &none;
  ret_options->job.priority = self->priority;
  ret_options->job.chunk_size = choose (self->chunk_size, pool->chunk_size);
  ret_options->job.max_retries = choose (self->max_retries, pool->max_retries);
  ret_options->job.item_timeout = choose (self->item_timeout, pool->item_timeout);
  ret_options->read_ahead = choose (self->read_ahead, pool->read_ahead);
  if (ret_options->read_ahead == 0)
    ret_options->read_ahead = MAX (GMPROC_POOL_READ_AHEAD * pool->n_workers,
                                   2 * pool->n_workers * ret_options->job.chunk_size);
  ret_options->fail_fast = self->fail_fast;
}

/* -- public ------------------------------------------------------------------------------------ */

/**
 * gmproc_pool_options_new:
 *
 * Makes options that say nothing yet. What is not set is as the pool's properties say.
 *
 * Returns: (transfer full): new options
 * Since: 1.0
 */
GmprocPoolOptions *
gmproc_pool_options_new (void)
{
  return g_object_new (GMPROC_TYPE_POOL_OPTIONS, NULL);
}

/**
 * gmproc_pool_options_set_priority:
 * @self: options
 * @priority: the lower goes first; 0 if not set
 *
 * Sets %GmprocPoolOptions:priority.
 *
 * Since: 1.0
 */
void
gmproc_pool_options_set_priority (GmprocPoolOptions *self, int priority)
{
  g_return_if_fail (GMPROC_IS_POOL_OPTIONS (self));

  g_object_set (self, "priority", priority, NULL);
}

/**
 * gmproc_pool_options_set_chunk_size:
 * @self: options
 * @chunk_size: how many items a worker gets at once, or 0 to choose as the items turn out
 *
 * Sets %GmprocPoolOptions:chunk-size.
 *
 * Since: 1.0
 */
void
gmproc_pool_options_set_chunk_size (GmprocPoolOptions *self, guint chunk_size)
{
  g_return_if_fail (GMPROC_IS_POOL_OPTIONS (self));

  g_object_set (self, "chunk-size", (gint64) chunk_size, NULL);
}

/**
 * gmproc_pool_options_set_max_retries:
 * @self: options
 * @max_retries: how often an item is run again whose worker died
 *
 * Sets %GmprocPoolOptions:max-retries.
 *
 * Since: 1.0
 */
void
gmproc_pool_options_set_max_retries (GmprocPoolOptions *self, guint max_retries)
{
  g_return_if_fail (GMPROC_IS_POOL_OPTIONS (self));

  g_object_set (self, "max-retries", (gint64) MIN (max_retries, G_MAXUINT - 1), NULL);
}

/**
 * gmproc_pool_options_set_item_timeout:
 * @self: options
 * @item_timeout: microseconds that an item may take, 0 for any time
 *
 * Sets %GmprocPoolOptions:item-timeout.
 *
 * Since: 1.0
 */
void
gmproc_pool_options_set_item_timeout (GmprocPoolOptions *self, gint64 item_timeout)
{
  g_return_if_fail (GMPROC_IS_POOL_OPTIONS (self));
  g_return_if_fail (item_timeout >= 0);

  g_object_set (self, "item-timeout", item_timeout, NULL);
}

/**
 * gmproc_pool_options_set_read_ahead:
 * @self: options
 * @read_ahead: how many items may be under way, 0 to choose
 *
 * Sets %GmprocPoolOptions:read-ahead.
 *
 * Since: 1.0
 */
void
gmproc_pool_options_set_read_ahead (GmprocPoolOptions *self, guint read_ahead)
{
  g_return_if_fail (GMPROC_IS_POOL_OPTIONS (self));

  g_object_set (self, "read-ahead", (gint64) read_ahead, NULL);
}

/**
 * gmproc_pool_options_set_fail_fast:
 * @self: options
 * @fail_fast: whether the first error ends the call
 *
 * Sets %GmprocPoolOptions:fail-fast.
 *
 * Since: 1.0
 */
void
gmproc_pool_options_set_fail_fast (GmprocPoolOptions *self, gboolean fail_fast)
{
  g_return_if_fail (GMPROC_IS_POOL_OPTIONS (self));

  g_object_set (self, "fail-fast", fail_fast, NULL);
}
