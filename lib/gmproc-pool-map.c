/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * map, map_array, map_full, map_collect and apply, each blocking and asynchronous. What they do is
 * in gmproc-pool-call.c.
 */
#include "config.h"

#include "gmproc-pool-call.h"

G_DEFINE_BOXED_TYPE (GmprocPoolOutcome, gmproc_pool_outcome, gmproc_pool_outcome_copy,
                     gmproc_pool_outcome_free)

static void
free_variant (gpointer value)
{
  g_variant_unref (value);
}

static void
free_array (gpointer array)
{
  g_ptr_array_unref (array);
}

#define OPERATION(name, free)                                                                    \
  static const GmprocAsync name##_operation = { .tag = gmproc_pool_##name##_async,               \
                                                .attempt = gmproc_pool_call_attempt,             \
                                                .create_source = gmproc_pool_call_create_source, \
                                                .free_result = free }
OPERATION (map, free_variant);
OPERATION (map_array, free_variant);
OPERATION (map_full, free_variant);
OPERATION (map_collect, free_array);
OPERATION (apply, free_variant);

/* -- public ------------------------------------------------------------------------------------ */

/**
 * gmproc_pool_map:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION()
 * @items: an array of what @function takes; sunk if floating
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Runs @function for every item, spread over the workers, and waits for all results, like
 * `Pool.map`; with tuples as items like `Pool.starmap`. The first error ends the call; items that
 * were not begun are not run. gmproc_pool_map_collect() gives what became of every item instead.
 *
 * Any number of threads may call the pool at once.
 *
 * Errors: what @function returned, in its domain, with the item's number put before the message;
 * %GMPROC_ERROR_WORKER_DIED with the item, the process and the signal; %GMPROC_ERROR_NOT_REGISTERED
 * for a function without a name; %GMPROC_ERROR_BAD_TYPE for items or results of another type than
 * declared; %G_IO_ERROR_TIMED_OUT for an item that took longer than %GmprocPool:item-timeout;
 * %G_IO_ERROR_CLOSED after gmproc_pool_close(); %G_IO_ERROR_CANCELLED. A cancel ends the workers
 * that run an item of the call, and no others.
 *
 * Returns: (transfer full) (nullable): an array of the results, in the order of the items
 * Since: 1.0
 */
GVariant *
gmproc_pool_map (GmprocPool *self, GmprocFunction function, GVariant *items,
                 GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (items != NULL, NULL);

  return gmproc_pool_call_run (self, GMPROC_POOL_CALL_MAP, function, items, NULL, cancellable,
                               error);
}

/**
 * gmproc_pool_map_async:
 * @self: a pool
 * @function: (scope forever): as for gmproc_pool_map()
 * @items: as for gmproc_pool_map()
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * As gmproc_pool_map(), without blocking. The callback runs in the main context that is the
 * caller's thread default; the context has to run, for the pool has no thread of its own.
 *
 * Since: 1.0
 */
void
gmproc_pool_map_async (GmprocPool *self, GmprocFunction function, GVariant *items,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_POOL (self));
  g_return_if_fail (items != NULL);

  gmproc_pool_call_run_async (&map_operation, self, GMPROC_POOL_CALL_MAP, function, items, NULL,
                              cancellable, callback, user_data);
}

/**
 * gmproc_pool_map_finish:
 * @self: a pool
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_pool_map().
 *
 * Returns: (transfer full) (nullable): as gmproc_pool_map()
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_finish (GmprocPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);

  return gmproc_async_finish (&map_operation, self, result, error);
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
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (items != NULL, NULL);

  return gmproc_pool_call_run (self, GMPROC_POOL_CALL_ARRAY, function, items, NULL, cancellable,
                               error);
}

/**
 * gmproc_pool_map_array_async:
 * @self: a pool
 * @function: (scope forever): as for gmproc_pool_map_array()
 * @items: as for gmproc_pool_map_array()
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * As gmproc_pool_map_array(), without blocking. The callback runs in the main context that is the
 * caller's thread default; the context has to run, for the pool has no thread of its own.
 *
 * Since: 1.0
 */
void
gmproc_pool_map_array_async (GmprocPool *self, GmprocFunction function, GVariant *items,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_POOL (self));
  g_return_if_fail (items != NULL);

  gmproc_pool_call_run_async (&map_array_operation, self, GMPROC_POOL_CALL_ARRAY, function, items,
                              NULL, cancellable, callback, user_data);
}

/**
 * gmproc_pool_map_array_finish:
 * @self: a pool
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_pool_map_array().
 *
 * Returns: (transfer full) (nullable): as gmproc_pool_map_array()
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_array_finish (GmprocPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);

  return gmproc_async_finish (&map_array_operation, self, result, error);
}

/**
 * gmproc_pool_map_full:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION()
 * @items: an array of what @function takes; sunk if floating
 * @options: (nullable): what this call does otherwise than the pool
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * As gmproc_pool_map(), with options for this one call: its priority among others, the size of a
 * chunk, retries, and the time that an item may take.
 *
 * Returns: (transfer full) (nullable): an array of the results, in the order of the items
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_full (GmprocPool *self, GmprocFunction function, GVariant *items,
                      GmprocPoolOptions *options, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (items != NULL, NULL);
  g_return_val_if_fail (options == NULL || GMPROC_IS_POOL_OPTIONS (options), NULL);

  return gmproc_pool_call_run (self, GMPROC_POOL_CALL_MAP, function, items, options, cancellable,
                               error);
}

/**
 * gmproc_pool_map_full_async:
 * @self: a pool
 * @function: (scope forever): as for gmproc_pool_map_full()
 * @items: as for gmproc_pool_map_full()
 * @options: (nullable): what this call does otherwise than the pool
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * As gmproc_pool_map_full(), without blocking. The callback runs in the main context that is the
 * caller's thread default; the context has to run, for the pool has no thread of its own.
 *
 * Since: 1.0
 */
void
gmproc_pool_map_full_async (GmprocPool *self, GmprocFunction function, GVariant *items,
                            GmprocPoolOptions *options, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_POOL (self));
  g_return_if_fail (items != NULL);
  g_return_if_fail (options == NULL || GMPROC_IS_POOL_OPTIONS (options));

  gmproc_pool_call_run_async (&map_full_operation, self, GMPROC_POOL_CALL_MAP, function, items,
                              options, cancellable, callback, user_data);
}

/**
 * gmproc_pool_map_full_finish:
 * @self: a pool
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_pool_map_full().
 *
 * Returns: (transfer full) (nullable): as gmproc_pool_map_full()
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_full_finish (GmprocPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);

  return gmproc_async_finish (&map_full_operation, self, result, error);
}

/**
 * gmproc_pool_map_collect:
 * @self: a pool
 * @function: (scope forever): a function made with GMPROC_DEFINE_FUNCTION()
 * @items: an array of what @function takes; sunk if floating
 * @options: (nullable): what this call does otherwise than the pool
 * @cancellable: (nullable): to stop from another thread
 * @error: return location
 *
 * Runs @function for every item, whatever becomes of the others, and gives for each a result or an
 * error. When the call is cancelled, or the pool terminated, those that were done keep their
 * results, and the others get that error.
 *
 * Errors: only of a call that did not begin: %GMPROC_ERROR_NOT_REGISTERED, %GMPROC_ERROR_BAD_TYPE,
 * %G_IO_ERROR_CLOSED, %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (nullable) (element-type GmprocPoolOutcome): the outcomes, in the order
 *   of the items
 * Since: 1.0
 */
GPtrArray *
gmproc_pool_map_collect (GmprocPool *self, GmprocFunction function, GVariant *items,
                         GmprocPoolOptions *options, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (items != NULL, NULL);
  g_return_val_if_fail (options == NULL || GMPROC_IS_POOL_OPTIONS (options), NULL);

  return gmproc_pool_call_run (self, GMPROC_POOL_CALL_COLLECT, function, items, options,
                               cancellable, error);
}

/**
 * gmproc_pool_map_collect_async:
 * @self: a pool
 * @function: (scope forever): as for gmproc_pool_map_collect()
 * @items: as for gmproc_pool_map_collect()
 * @options: (nullable): what this call does otherwise than the pool
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * As gmproc_pool_map_collect(), without blocking. The callback runs in the main context that is the
 * caller's thread default; the context has to run, for the pool has no thread of its own.
 *
 * Since: 1.0
 */
void
gmproc_pool_map_collect_async (GmprocPool *self, GmprocFunction function, GVariant *items,
                               GmprocPoolOptions *options, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_POOL (self));
  g_return_if_fail (items != NULL);
  g_return_if_fail (options == NULL || GMPROC_IS_POOL_OPTIONS (options));

  gmproc_pool_call_run_async (&map_collect_operation, self, GMPROC_POOL_CALL_COLLECT, function,
                              items, options, cancellable, callback, user_data);
}

/**
 * gmproc_pool_map_collect_finish:
 * @self: a pool
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_pool_map_collect().
 *
 * Returns: (transfer full) (nullable) (element-type GmprocPoolOutcome): as
 * gmproc_pool_map_collect() Since: 1.0
 */
GPtrArray *
gmproc_pool_map_collect_finish (GmprocPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);

  return gmproc_async_finish (&map_collect_operation, self, result, error);
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
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);
  g_return_val_if_fail (item != NULL, NULL);

  return gmproc_pool_call_run (self, GMPROC_POOL_CALL_APPLY, function, item, NULL, cancellable,
                               error);
}

/**
 * gmproc_pool_apply_async:
 * @self: a pool
 * @function: (scope forever): as for gmproc_pool_apply()
 * @item: as for gmproc_pool_apply()
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * As gmproc_pool_apply(), without blocking. The callback runs in the main context that is the
 * caller's thread default; the context has to run, for the pool has no thread of its own.
 *
 * Since: 1.0
 */
void
gmproc_pool_apply_async (GmprocPool *self, GmprocFunction function, GVariant *item,
                         GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_POOL (self));
  g_return_if_fail (item != NULL);

  gmproc_pool_call_run_async (&apply_operation, self, GMPROC_POOL_CALL_APPLY, function, item, NULL,
                              cancellable, callback, user_data);
}

/**
 * gmproc_pool_apply_finish:
 * @self: a pool
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_pool_apply().
 *
 * Returns: (transfer full) (nullable): as gmproc_pool_apply()
 * Since: 1.0
 */
GVariant *
gmproc_pool_apply_finish (GmprocPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);

  return gmproc_async_finish (&apply_operation, self, result, error);
}

/**
 * gmproc_pool_outcome_copy:
 * @self: an outcome
 *
 * A second outcome with the same contents.
 *
 * Returns: (transfer full): a copy
 * Since: 1.0
 */
GmprocPoolOutcome *
gmproc_pool_outcome_copy (const GmprocPoolOutcome *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (GmprocPoolOutcome *) gmproc_outcome_copy ((const GmprocOutcome *) self);
}

/**
 * gmproc_pool_outcome_free:
 * @self: (transfer full) (nullable): an outcome
 *
 * Frees it, with the value and the error in it.
 *
 * Since: 1.0
 */
void
gmproc_pool_outcome_free (GmprocPoolOutcome *self)
{
  gmproc_outcome_free ((GmprocOutcome *) self);
}
