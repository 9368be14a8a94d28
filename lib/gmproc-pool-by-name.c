/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The calls of a pool for functions that have a name and no address: those that a language binding
 * registers. Each finds the function and makes the call of the same name.
 */
#include "config.h"

#include "gmproc-pool.h"

#include "internal/registry.h"

/* NULL with GMPROC_ERROR_NOT_REGISTERED. */
static GmprocFunction
find (const char *name, GError **error)
{
  const GmprocFunctionInfo *info = gmproc_registry_find_function (name, error);

  return info != NULL ? info->function : NULL;
}

/* A floating value that is given to a call is sunk, also when the call fails. */
static void
drop (GVariant *value)
{
  g_variant_unref (g_variant_ref_sink (value));
}

/**
 * gmproc_pool_map_by_name: (rename-to gmproc_pool_map)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: an array of what the function takes; sunk if floating
 * @cancellable: (nullable): a cancellable
 * @error: return location
 *
 * gmproc_pool_map() for a function that is known by its name, in C or in another language.
 *
 * Errors: those of gmproc_pool_map(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that name.
 *
 * Returns: (transfer full): an array of the results, in the order of the items
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_by_name (GmprocPool *self, const char *function, GVariant *items,
                         GCancellable *cancellable, GError **error)
{
  GmprocFunction found;

  g_return_val_if_fail (function != NULL && items != NULL, NULL);

  found = find (function, error);
  if (found != NULL)
    return gmproc_pool_map (self, found, items, cancellable, error);
  drop (items);
  return NULL;
}

/**
 * gmproc_pool_map_array_by_name: (rename-to gmproc_pool_map_array)
 * @self: a pool
 * @function: the name that the function was registered with
 * @items: an array; sunk if floating
 * @cancellable: (nullable): a cancellable
 * @error: return location
 *
 * gmproc_pool_map_array() for a function that is known by its name, in C or in another language.
 *
 * Errors: those of gmproc_pool_map_array(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that name.
 *
 * Returns: (transfer full): an array of the results, in the order of the items
 * Since: 1.0
 */
GVariant *
gmproc_pool_map_array_by_name (GmprocPool *self, const char *function, GVariant *items,
                               GCancellable *cancellable, GError **error)
{
  GmprocFunction found;

  g_return_val_if_fail (function != NULL && items != NULL, NULL);

  found = find (function, error);
  if (found != NULL)
    return gmproc_pool_map_array (self, found, items, cancellable, error);
  drop (items);
  return NULL;
}

/**
 * gmproc_pool_apply_by_name: (rename-to gmproc_pool_apply)
 * @self: a pool
 * @function: the name that the function was registered with
 * @item: what to give to it; sunk if floating
 * @cancellable: (nullable): a cancellable
 * @error: return location
 *
 * gmproc_pool_apply() for a function that is known by its name, in C or in another language.
 *
 * Errors: those of gmproc_pool_apply(); %GMPROC_ERROR_NOT_REGISTERED if nothing has that name.
 *
 * Returns: (transfer full): the result
 * Since: 1.0
 */
GVariant *
gmproc_pool_apply_by_name (GmprocPool *self, const char *function, GVariant *item,
                           GCancellable *cancellable, GError **error)
{
  GmprocFunction found;

  g_return_val_if_fail (function != NULL && item != NULL, NULL);

  found = find (function, error);
  if (found != NULL)
    return gmproc_pool_apply (self, found, item, cancellable, error);
  drop (item);
  return NULL;
}
