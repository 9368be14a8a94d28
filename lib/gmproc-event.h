/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_EVENT (gmproc_event_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocEvent, gmproc_event, GMPROC, EVENT, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocEvent *gmproc_event_new (GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_event_is_set (GmprocEvent *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_event_set (GmprocEvent *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_event_clear (GmprocEvent *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_event_wait (GmprocEvent *self, gint64 timeout, GCancellable *cancellable,
                            GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_event_wait_async (GmprocEvent *self, gint64 timeout, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_event_wait_finish (GmprocEvent *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_event_get_handle (GmprocEvent *self);

GMPROC_AVAILABLE_IN_1_0
GmprocEvent *gmproc_event_from_handle (gint32 handle, GError **error);

G_END_DECLS
