/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The calls of a pool for functions that have a name and no address: those that a language binding
 * registers. Each makes the call of the same name, which finds the function.
 */
#include "config.h"

#include "gmproc-pool.h"

#include "internal/registry.h"

/**
 * gmproc_pool_map_by_name: (rename-to gmproc_pool_map)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: as for gmproc_pool_map(); sunk if floating
 * @cancellable: (nullable): to cancel the call
 * @error: return location
 *
 * gmproc_pool_map() for a function that is known by its name.
 *
 * Errors: those of gmproc_pool_map(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that name.
 *
 * Returns: (transfer full): as gmproc_pool_map()
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_by_name (GmprocPool *self, const char *function, GVariant *items,
                         GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (function != NULL, NULL);

  return gmproc_pool_map (self, gmproc_registry_get_function (function), items, cancellable, error);
}

/**
 * gmproc_pool_map_by_name_async: (rename-to gmproc_pool_map_async)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: as for gmproc_pool_map_async(); sunk if floating
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * gmproc_pool_map_async() for a function that is known by its name.
 *
 * The callback calls gmproc_pool_map_finish().
 *
 * Since: 1.0
 */
void
gmproc_pool_map_by_name_async (GmprocPool *self, const char *function, GVariant *items,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (function != NULL);

  gmproc_pool_map_async (self, gmproc_registry_get_function (function), items, cancellable,
                         callback, user_data);
}

/**
 * gmproc_pool_map_array_by_name: (rename-to gmproc_pool_map_array)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: as for gmproc_pool_map_array(); sunk if floating
 * @cancellable: (nullable): to cancel the call
 * @error: return location
 *
 * gmproc_pool_map_array() for a function that is known by its name.
 *
 * Errors: those of gmproc_pool_map_array(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that name.
 *
 * Returns: (transfer full): as gmproc_pool_map_array()
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_array_by_name (GmprocPool *self, const char *function, GVariant *items,
                               GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (function != NULL, NULL);

  return gmproc_pool_map_array (self, gmproc_registry_get_function (function), items, cancellable,
                                error);
}

/**
 * gmproc_pool_map_array_by_name_async: (rename-to gmproc_pool_map_array_async)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: as for gmproc_pool_map_array_async(); sunk if floating
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * gmproc_pool_map_array_async() for a function that is known by its name.
 *
 * The callback calls gmproc_pool_map_array_finish().
 *
 * Since: 1.0
 */
void
gmproc_pool_map_array_by_name_async (GmprocPool *self, const char *function, GVariant *items,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (function != NULL);

  gmproc_pool_map_array_async (self, gmproc_registry_get_function (function), items, cancellable,
                               callback, user_data);
}

/**
 * gmproc_pool_map_full_by_name: (rename-to gmproc_pool_map_full)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: as for gmproc_pool_map_full(); sunk if floating
 * @options: (nullable): what this call does otherwise than the pool
 * @cancellable: (nullable): to cancel the call
 * @error: return location
 *
 * gmproc_pool_map_full() for a function that is known by its name.
 *
 * Errors: those of gmproc_pool_map_full(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that name.
 *
 * Returns: (transfer full): as gmproc_pool_map_full()
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_full_by_name (GmprocPool *self, const char *function, GVariant *items,
                              GmprocPoolOptions *options, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (function != NULL, NULL);

  return gmproc_pool_map_full (self, gmproc_registry_get_function (function), items, options,
                               cancellable, error);
}

/**
 * gmproc_pool_map_full_by_name_async: (rename-to gmproc_pool_map_full_async)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: as for gmproc_pool_map_full_async(); sunk if floating
 * @options: (nullable): what this call does otherwise than the pool
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * gmproc_pool_map_full_async() for a function that is known by its name.
 *
 * The callback calls gmproc_pool_map_full_finish().
 *
 * Since: 1.0
 */
void
gmproc_pool_map_full_by_name_async (GmprocPool *self, const char *function, GVariant *items,
                                    GmprocPoolOptions *options, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (function != NULL);

  gmproc_pool_map_full_async (self, gmproc_registry_get_function (function), items, options,
                              cancellable, callback, user_data);
}

/**
 * gmproc_pool_map_collect_by_name: (rename-to gmproc_pool_map_collect)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: as for gmproc_pool_map_collect(); sunk if floating
 * @options: (nullable): what this call does otherwise than the pool
 * @cancellable: (nullable): to cancel the call
 * @error: return location
 *
 * gmproc_pool_map_collect() for a function that is known by its name.
 *
 * Errors: those of gmproc_pool_map_collect(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that
 * name.
 *
 * Returns: (transfer full) (nullable) (element-type GmprocPoolOutcome): the outcomes, in the order
 *   of the items
 * Since: 1.0
 */
GPtrArray *
gmproc_pool_map_collect_by_name (GmprocPool *self, const char *function, GVariant *items,
                                 GmprocPoolOptions *options, GCancellable *cancellable,
                                 GError **error)
{
  g_return_val_if_fail (function != NULL, NULL);

  return gmproc_pool_map_collect (self, gmproc_registry_get_function (function), items, options,
                                  cancellable, error);
}

/**
 * gmproc_pool_map_collect_by_name_async: (rename-to gmproc_pool_map_collect_async)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: as for gmproc_pool_map_collect_async(); sunk if floating
 * @options: (nullable): what this call does otherwise than the pool
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * gmproc_pool_map_collect_async() for a function that is known by its name.
 *
 * The callback calls gmproc_pool_map_collect_finish().
 *
 * Since: 1.0
 */
void
gmproc_pool_map_collect_by_name_async (GmprocPool *self, const char *function, GVariant *items,
                                       GmprocPoolOptions *options, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (function != NULL);

  gmproc_pool_map_collect_async (self, gmproc_registry_get_function (function), items, options,
                                 cancellable, callback, user_data);
}

/**
 * gmproc_pool_apply_by_name: (rename-to gmproc_pool_apply)
 * @self: a pool
 * @function: the name that the function was registered with
 * @item: as for gmproc_pool_apply(); sunk if floating
 * @cancellable: (nullable): to cancel the call
 * @error: return location
 *
 * gmproc_pool_apply() for a function that is known by its name.
 *
 * Errors: those of gmproc_pool_apply(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that name.
 *
 * Returns: (transfer full): as gmproc_pool_apply()
 * Since: 1.0
 */
GVariant *
gmproc_pool_apply_by_name (GmprocPool *self, const char *function, GVariant *item,
                           GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (function != NULL, NULL);

  return gmproc_pool_apply (self, gmproc_registry_get_function (function), item, cancellable,
                            error);
}

/**
 * gmproc_pool_apply_by_name_async: (rename-to gmproc_pool_apply_async)
 * @self: a pool
 * @function: the name that the function was registered with
 * @item: as for gmproc_pool_apply_async(); sunk if floating
 * @cancellable: (nullable): to cancel the call
 * @callback: (scope async) (closure user_data): called when the call is over
 * @user_data: for @callback
 *
 * gmproc_pool_apply_async() for a function that is known by its name.
 *
 * The callback calls gmproc_pool_apply_finish().
 *
 * Since: 1.0
 */
void
gmproc_pool_apply_by_name_async (GmprocPool *self, const char *function, GVariant *item,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (function != NULL);

  gmproc_pool_apply_async (self, gmproc_registry_get_function (function), item, cancellable,
                           callback, user_data);
}

/**
 * gmproc_pool_imap_by_name: (rename-to gmproc_pool_imap)
 * @self: a pool
 * @function: the name that the function was registered with
 * @source: where the items come from; used by this call only
 * @options: (nullable): what this call does otherwise than the pool
 * @error: return location
 *
 * gmproc_pool_imap() for a function that is known by its name.
 *
 * Errors: those of gmproc_pool_imap(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that name.
 *
 * Returns: (transfer full): the results to come
 * Since: 1.0
 */
GmprocPoolIterator *
gmproc_pool_imap_by_name (GmprocPool *self, const char *function, GmprocPoolSource *source,
                          GmprocPoolOptions *options, GError **error)
{
  g_return_val_if_fail (function != NULL, NULL);

  return gmproc_pool_imap (self, gmproc_registry_get_function (function), source, options, error);
}

/**
 * gmproc_pool_imap_unordered_by_name: (rename-to gmproc_pool_imap_unordered)
 * @self: a pool
 * @function: the name that the function was registered with
 * @source: where the items come from; used by this call only
 * @options: (nullable): what this call does otherwise than the pool
 * @error: return location
 *
 * gmproc_pool_imap_unordered() for a function that is known by its name.
 *
 * Errors: those of gmproc_pool_imap_unordered(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that
 * name.
 *
 * Returns: (transfer full): the results to come
 * Since: 1.0
 */
GmprocPoolIterator *
gmproc_pool_imap_unordered_by_name (GmprocPool *self, const char *function,
                                    GmprocPoolSource *source, GmprocPoolOptions *options,
                                    GError **error)
{
  g_return_val_if_fail (function != NULL, NULL);

  return gmproc_pool_imap_unordered (self, gmproc_registry_get_function (function), source, options,
                                     error);
}

/**
 * gmproc_pool_set_initializer_by_name: (rename-to gmproc_pool_set_initializer)
 * @self: a pool
 * @function: the name that the function was registered with
 * @argument: (nullable): as for gmproc_pool_set_initializer(); sunk if floating
 * @error: return location
 *
 * gmproc_pool_set_initializer() for a function that is known by its name.
 *
 * Errors: those of gmproc_pool_set_initializer(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that
 * name.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_pool_set_initializer_by_name (GmprocPool *self, const char *function, GVariant *argument,
                                     GError **error)
{
  g_return_val_if_fail (function != NULL, FALSE);

  return gmproc_pool_set_initializer (self, gmproc_registry_get_function (function), argument,
                                      error);
}

/**
 * gmproc_pool_set_finalizer_by_name: (rename-to gmproc_pool_set_finalizer)
 * @self: a pool
 * @function: the name that the function was registered with
 * @argument: (nullable): as for gmproc_pool_set_finalizer(); sunk if floating
 * @error: return location
 *
 * gmproc_pool_set_finalizer() for a function that is known by its name.
 *
 * Errors: those of gmproc_pool_set_finalizer(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that
 * name.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_pool_set_finalizer_by_name (GmprocPool *self, const char *function, GVariant *argument,
                                   GError **error)
{
  g_return_val_if_fail (function != NULL, FALSE);

  return gmproc_pool_set_finalizer (self, gmproc_registry_get_function (function), argument, error);
}
