/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_CONNECTION (gmproc_connection_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocConnection, gmproc_connection, GMPROC, CONNECTION, GObject)

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_pipe_new (gboolean duplex, GmprocConnection **first, GmprocConnection **second,
                          GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_send (GmprocConnection *self, GVariant *message,
                                 GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_send_bytes (GmprocConnection *self, GBytes *message,
                                       GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_send_range (GmprocConnection *self, const guint8 *buffer,
                                       gsize buffer_size, gsize offset, gsize size,
                                       GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_send_buffers (GmprocConnection *self, const GOutputVector *buffers,
                                         gsize n_buffers, GCancellable *cancellable,
                                         GError **error);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_connection_receive (GmprocConnection *self, gint64 timeout,
                                     GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
GBytes *gmproc_connection_receive_bytes (GmprocConnection *self, gint64 timeout,
                                         GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_receive_into (GmprocConnection *self, guint8 *buffer, gsize buffer_size,
                                         gsize offset, gsize *ret_size, gint64 timeout,
                                         GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connection_send_async (GmprocConnection *self, GVariant *message,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_send_finish (GmprocConnection *self, GAsyncResult *result,
                                        GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connection_send_bytes_async (GmprocConnection *self, GBytes *message,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_send_bytes_finish (GmprocConnection *self, GAsyncResult *result,
                                              GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connection_send_range_async (GmprocConnection *self, const guint8 *buffer,
                                         gsize buffer_size, gsize offset, gsize size,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_send_range_finish (GmprocConnection *self, GAsyncResult *result,
                                              GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connection_send_buffers_async (GmprocConnection *self, const GOutputVector *buffers,
                                           gsize n_buffers, GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_send_buffers_finish (GmprocConnection *self, GAsyncResult *result,
                                                GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connection_receive_async (GmprocConnection *self, gint64 timeout,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_connection_receive_finish (GmprocConnection *self, GAsyncResult *result,
                                            GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connection_receive_bytes_async (GmprocConnection *self, gint64 timeout,
                                            GCancellable *cancellable, GAsyncReadyCallback callback,
                                            gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GBytes *gmproc_connection_receive_bytes_finish (GmprocConnection *self, GAsyncResult *result,
                                                GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connection_receive_into_async (GmprocConnection *self, guint8 *buffer,
                                           gsize buffer_size, gsize offset, gint64 timeout,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_receive_into_finish (GmprocConnection *self, GAsyncResult *result,
                                                gsize *ret_size, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_poll (GmprocConnection *self, gint64 timeout, GCancellable *cancellable,
                                 GError **error);

GMPROC_AVAILABLE_IN_1_0
GSource *gmproc_connection_create_source (GmprocConnection *self, GCancellable *cancellable,
                                          GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_is_readable (GmprocConnection *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_is_writable (GmprocConnection *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connection_close (GmprocConnection *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_connection_is_closed (GmprocConnection *self);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_connection_get_handle (GmprocConnection *self);

GMPROC_AVAILABLE_IN_1_0
GmprocConnection *gmproc_connection_from_handle (gint32 handle, GError **error);

G_END_DECLS
