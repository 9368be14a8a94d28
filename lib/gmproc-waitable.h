/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_WAITABLE (gmproc_waitable_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (GmprocWaitable, gmproc_waitable, GMPROC, WAITABLE, GObject)

/**
 * GmprocWaitableInterface:
 * @create_source: see gmproc_waitable_create_source()
 * @is_ready: see gmproc_waitable_is_ready()
 *
 * What an object has that can be waited for.
 *
 * Since: 1.0
 */
struct _GmprocWaitableInterface
{
  /*< private >*/
  GTypeInterface parent_interface;

  /*< public >*/
  GSource *(*create_source) (GmprocWaitable *self, GCancellable *cancellable, GError **error);
  gboolean (*is_ready) (GmprocWaitable *self);

  /*< private >*/
  gpointer reserved[6];
};

/**
 * GmprocWaitableFunc:
 * @object: what is ready
 * @user_data: what was given to g_source_set_callback()
 *
 * The callback of a source made by gmproc_waitable_create_source().
 *
 * Returns: %G_SOURCE_CONTINUE to go on waiting, or %G_SOURCE_REMOVE
 * Since: 1.0
 */
typedef gboolean (*GmprocWaitableFunc) (GmprocWaitable *object, gpointer user_data);

/**
 * GmprocSourceFactory:
 * @user_data: what was given to gmproc_waitable_new_for_sources()
 *
 * Makes a source that is dispatched when something is ready. It is asked for a new one each time
 * that somebody begins to wait. The source needs no callback.
 *
 * Returns: (transfer full): a source that is attached to no context
 * Since: 1.0
 */
typedef GSource *(*GmprocSourceFactory) (gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
GSource *gmproc_waitable_create_source (GmprocWaitable *self, GCancellable *cancellable,
                                        GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_waitable_is_ready (GmprocWaitable *self);

GMPROC_AVAILABLE_IN_1_0
GmprocWaitable *gmproc_waitable_new_for_sources (GmprocSourceFactory factory, gpointer user_data,
                                                 GDestroyNotify destroy);

GMPROC_AVAILABLE_IN_1_0
GPtrArray *gmproc_wait (GmprocWaitable **objects, guint n_objects, gint64 timeout,
                        GCancellable *cancellable, GError **error);

G_END_DECLS
