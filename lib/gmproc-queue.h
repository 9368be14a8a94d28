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
GVariant *gmproc_queue_get (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
                            GError **error);

GMPROC_AVAILABLE_IN_1_0
GBytes *gmproc_queue_get_bytes (GmprocQueue *self, gint64 timeout, GCancellable *cancellable,
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
gint32 gmproc_queue_get_handle (GmprocQueue *self);

GMPROC_AVAILABLE_IN_1_0
GmprocQueue *gmproc_queue_from_handle (gint32 handle, GError **error);

G_END_DECLS
