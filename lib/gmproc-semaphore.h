/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_SEMAPHORE (gmproc_semaphore_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GmprocSemaphore, gmproc_semaphore, GMPROC, SEMAPHORE, GObject)

GMPROC_AVAILABLE_IN_1_0
GmprocSemaphore *gmproc_semaphore_new (guint value, GError **error);

GMPROC_AVAILABLE_IN_1_0
GmprocSemaphore *gmproc_semaphore_new_bounded (guint value, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_semaphore_acquire (GmprocSemaphore *self, gint64 timeout, GCancellable *cancellable,
                                   GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_semaphore_acquire_async (GmprocSemaphore *self, gint64 timeout,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_semaphore_acquire_finish (GmprocSemaphore *self, GAsyncResult *result,
                                          GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_semaphore_release (GmprocSemaphore *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
guint gmproc_semaphore_get_value (GmprocSemaphore *self);

GMPROC_AVAILABLE_IN_1_0
gint32 gmproc_semaphore_get_handle (GmprocSemaphore *self);

GMPROC_AVAILABLE_IN_1_0
GmprocSemaphore *gmproc_semaphore_from_handle (gint32 handle, GError **error);

G_END_DECLS
