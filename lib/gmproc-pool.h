/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-pool-iterator.h"
#include "gmproc-pool-options.h"
#include "gmproc-pool-source.h"
#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_POOL (gmproc_pool_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocPool, gmproc_pool, GMPROC, POOL, GObject)

/**
 * GmprocPoolOutcome:
 * @index: the number of the item
 * @value: (nullable): its result, or %NULL
 * @error: (nullable): its error, if there is no result
 * @pid: the process that the error comes from; 0 when no worker had the item
 * @exit_code: how that process ended over the item, as gmproc_process_get_exit_code(); otherwise 0
 *
 * What became of one item.
 *
 * Since: 1.0
 */
typedef struct
{
  gsize index;
  GVariant *value;
  GError *error;
  gint64 pid;
  int exit_code;
} GmprocPoolOutcome;

#define GMPROC_TYPE_POOL_OUTCOME (gmproc_pool_outcome_get_type ())

GMPROC_AVAILABLE_IN_1_0
GType gmproc_pool_outcome_get_type (void);

GMPROC_AVAILABLE_IN_1_0
GmprocPoolOutcome *gmproc_pool_outcome_copy (const GmprocPoolOutcome *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_outcome_free (GmprocPoolOutcome *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocPoolOutcome, gmproc_pool_outcome_free)

/* -- calls */

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map (GmprocPool *self, GmprocFunction function, GVariant *items,
                           GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_map_async (GmprocPool *self, GmprocFunction function, GVariant *items,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_finish (GmprocPool *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_array (GmprocPool *self, GmprocFunction function, GVariant *items,
                                 GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_map_array_async (GmprocPool *self, GmprocFunction function, GVariant *items,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_array_finish (GmprocPool *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_full (GmprocPool *self, GmprocFunction function, GVariant *items,
                                GmprocPoolOptions *options, GCancellable *cancellable,
                                GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_map_full_async (GmprocPool *self, GmprocFunction function, GVariant *items,
                                 GmprocPoolOptions *options, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_full_finish (GmprocPool *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
GPtrArray *gmproc_pool_map_collect (GmprocPool *self, GmprocFunction function, GVariant *items,
                                    GmprocPoolOptions *options, GCancellable *cancellable,
                                    GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_map_collect_async (GmprocPool *self, GmprocFunction function, GVariant *items,
                                    GmprocPoolOptions *options, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GPtrArray *gmproc_pool_map_collect_finish (GmprocPool *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_apply (GmprocPool *self, GmprocFunction function, GVariant *item,
                             GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_apply_async (GmprocPool *self, GmprocFunction function, GVariant *item,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_apply_finish (GmprocPool *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocPoolIterator *gmproc_pool_imap (GmprocPool *self, GmprocFunction function,
                                      GmprocPoolSource *source, GmprocPoolOptions *options,
                                      GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocPoolIterator *gmproc_pool_imap_unordered (GmprocPool *self, GmprocFunction function,
                                                GmprocPoolSource *source,
                                                GmprocPoolOptions *options, GError **error);

/* -- life */

GMPROC_AVAILABLE_IN_1_0
GmprocPool *gmproc_pool_new (guint workers, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocPool *gmproc_pool_new_on_demand (guint workers);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_start (GmprocPool *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_set_initializer (GmprocPool *self, GmprocFunction function, GVariant *argument,
                                      GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_set_finalizer (GmprocPool *self, GmprocFunction function, GVariant *argument,
                                    GError **error);

GMPROC_AVAILABLE_IN_1_0
guint gmproc_pool_get_n_workers (GmprocPool *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_resize (GmprocPool *self, guint workers, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_get_stats (GmprocPool *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_close (GmprocPool *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_terminate (GmprocPool *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_join (GmprocPool *self, gint64 timeout, GCancellable *cancellable,
                           GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_join_async (GmprocPool *self, gint64 timeout, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_join_finish (GmprocPool *self, GAsyncResult *result, GError **error);

/* -- the same for functions that are known by their names, of a language binding for example */

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_by_name (GmprocPool *self, const char *function, GVariant *items,
                                   GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_map_by_name_async (GmprocPool *self, const char *function, GVariant *items,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_array_by_name (GmprocPool *self, const char *function, GVariant *items,
                                         GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_map_array_by_name_async (GmprocPool *self, const char *function, GVariant *items,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_map_full_by_name (GmprocPool *self, const char *function, GVariant *items,
                                        GmprocPoolOptions *options, GCancellable *cancellable,
                                        GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_map_full_by_name_async (GmprocPool *self, const char *function, GVariant *items,
                                         GmprocPoolOptions *options, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GPtrArray *gmproc_pool_map_collect_by_name (GmprocPool *self, const char *function, GVariant *items,
                                            GmprocPoolOptions *options, GCancellable *cancellable,
                                            GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_map_collect_by_name_async (GmprocPool *self, const char *function, GVariant *items,
                                            GmprocPoolOptions *options, GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_pool_apply_by_name (GmprocPool *self, const char *function, GVariant *item,
                                     GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_pool_apply_by_name_async (GmprocPool *self, const char *function, GVariant *item,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GmprocPoolIterator *gmproc_pool_imap_by_name (GmprocPool *self, const char *function,
                                              GmprocPoolSource *source, GmprocPoolOptions *options,
                                              GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocPoolIterator *gmproc_pool_imap_unordered_by_name (GmprocPool *self, const char *function,
                                                        GmprocPoolSource *source,
                                                        GmprocPoolOptions *options, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_set_initializer_by_name (GmprocPool *self, const char *function,
                                              GVariant *argument, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pool_set_finalizer_by_name (GmprocPool *self, const char *function,
                                            GVariant *argument, GError **error);

G_END_DECLS
