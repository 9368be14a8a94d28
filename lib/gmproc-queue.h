/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_QUEUE (gmproc_queue_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocQueue, gmproc_queue, GMPROC, QUEUE, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocQueue *gmproc_queue_new (guint max_size, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_put (GmprocQueue *self, GVariant *item, gint64 timeout,
                           GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_put_bytes (GmprocQueue *self, GBytes *item, gint64 timeout,
                                 GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_put_data (GmprocQueue *self, const guint8 *data, gsize size, gint64 timeout,
                                GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_queue_get (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                            GError **error);

GMPROC_AVAILABLE_IN_1_0
GBytes *gmproc_queue_get_bytes (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                                GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_get_into (GmprocQueue *self, guint8 *buffer, gsize buffer_size,
                                gsize *ret_size, gint64 timeout, GCancellable *cancellable,
                                GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_put_many (GmprocQueue *self, GVariant *items, gint64 timeout,
                                GCancellable *cancellable, gsize *ret_n_put, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_put_many_bytes (GmprocQueue *self, GBytes *const *items, gsize n_items,
                                      gint64 timeout, GCancellable *cancellable, gsize *ret_n_put,
                                      GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_queue_get_many (GmprocQueue *self, gsize n_at_most, gint64 timeout,
                                 GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
GPtrArray *gmproc_queue_get_many_bytes (GmprocQueue *self, gsize n_at_most, gint64 timeout,
                                        GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_task_done (GmprocQueue *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_join (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                            GError **error);

GMPROC_AVAILABLE_IN_1_0
guint gmproc_queue_get_length (GmprocQueue *self);

GMPROC_AVAILABLE_IN_1_0
guint gmproc_queue_get_max_size (GmprocQueue *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_is_empty (GmprocQueue *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_is_full (GmprocQueue *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_close (GmprocQueue *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_put_async (GmprocQueue *self, GVariant *item, gint64 timeout,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_put_finish (GmprocQueue *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_put_bytes_async (GmprocQueue *self, GBytes *item, gint64 timeout,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_put_bytes_finish (GmprocQueue *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_get_async (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_queue_get_finish (GmprocQueue *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_get_bytes_async (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GBytes *gmproc_queue_get_bytes_finish (GmprocQueue *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_put_many_async (GmprocQueue *self, GVariant *items, gint64 timeout,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_put_many_finish (GmprocQueue *self, GAsyncResult *result, gsize *ret_n_put,
                                       GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_get_many_async (GmprocQueue *self, gsize n_at_most, gint64 timeout,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_queue_get_many_finish (GmprocQueue *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_put_many_bytes_async (GmprocQueue *self, GBytes *const *items, gsize n_items,
                                        gint64 timeout, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_put_many_bytes_finish (GmprocQueue *self, GAsyncResult *result,
                                             gsize *ret_n_put, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_get_many_bytes_async (GmprocQueue *self, gsize n_at_most, gint64 timeout,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GPtrArray *gmproc_queue_get_many_bytes_finish (GmprocQueue *self, GAsyncResult *result,
                                               GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_queue_join_async (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_queue_join_finish (GmprocQueue *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
GSource *gmproc_queue_create_put_source (GmprocQueue *self, GCancellable *cancellable);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_queue_get_handle (GmprocQueue *self);

GMPROC_AVAILABLE_IN_1_0
GmprocQueue *gmproc_queue_from_handle (gint32 handle, GError **error);

G_END_DECLS
