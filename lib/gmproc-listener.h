/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_LISTENER (gmproc_listener_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocListener, gmproc_listener, GMPROC, LISTENER, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocListener *gmproc_listener_new (GSocketAddress *address, GBytes *key, GError **error);

GMPROC_AVAILABLE_IN_1_0
GSocketAddress *gmproc_listener_get_address (GmprocListener *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_listener_set_tls_certificate (GmprocListener *self, GTlsCertificate *certificate,
                                              GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_listener_set_peer_limits (GmprocListener *self, guint n_peers, gint64 time);

GMPROC_AVAILABLE_IN_1_0
GmprocConnection *gmproc_listener_accept (GmprocListener *self, gint64 timeout,
                                          GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_listener_accept_async (GmprocListener *self, gint64 timeout, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GmprocConnection *gmproc_listener_accept_finish (GmprocListener *self, GAsyncResult *result,
                                                 GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_listener_close (GmprocListener *self);

GMPROC_AVAILABLE_IN_1_0
GmprocConnection *gmproc_connect (GSocketAddress *address, GBytes *key, gint64 timeout,
                                  GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connect_async (GSocketAddress *address, GBytes *key, gint64 timeout,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GmprocConnection *gmproc_connect_finish (GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocConnection *gmproc_connect_tls (GSocketAddress *address, GSocketConnectable *server,
                                      GTlsDatabase *authorities, GBytes *key, gint64 timeout,
                                      GCancellable *cancellable, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_connect_tls_async (GSocketAddress *address, GSocketConnectable *server,
                               GTlsDatabase *authorities, GBytes *key, gint64 timeout,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GmprocConnection *gmproc_connect_tls_finish (GAsyncResult *result, GError **error);

G_END_DECLS
