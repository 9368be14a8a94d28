/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What travels beside a message: operating-system handles, and the objects that they belong to.
 *
 * The sender adds handles; a parcel borrows them, and holds a reference on each object whose
 * handles it borrows until the message is on its way. The receiver makes a parcel of the handles
 * that arrived and owns them; an object that is made from them takes duplicates, so what nobody
 * takes is closed with the parcel. A handle is named by its index, -1 for none.
 *
 * Used by one thread at a time.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct GmprocParcel GmprocParcel;

GmprocParcel *gmproc_parcel_new (void);
GmprocParcel *gmproc_parcel_new_received (const gintptr *handles, guint n_handles);

/* Whether the other side is no relative: then only what such a one may have, or bring, is in it. */
void gmproc_parcel_set_is_strange (GmprocParcel *self, gboolean is_strange);
gboolean gmproc_parcel_is_strange (GmprocParcel *self);
void gmproc_parcel_free (GmprocParcel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocParcel, gmproc_parcel_free)

/* Sender. The same handle added twice has one index. */
gint32 gmproc_parcel_add (GmprocParcel *self, gintptr handle);
gint32 gmproc_parcel_give (GmprocParcel *self, gintptr handle); /* the parcel owns it from now on */
void gmproc_parcel_keep (GmprocParcel *self, gpointer object);
const gintptr *gmproc_parcel_get_handles (GmprocParcel *self, guint *ret_n_handles);
const GPtrArray *gmproc_parcel_get_objects (GmprocParcel *self); /* those that are kept */

/* Receiver: a duplicate that the caller owns. GMPROC_ERROR_BAD_MESSAGE for an index that is not
 * there. */
gboolean gmproc_parcel_take (GmprocParcel *self, gint32 index, gintptr *ret_handle, GError **error);

/* Receiver: whether an object came for which a parent holds a pledge (shareable.h). */
void gmproc_parcel_set_is_pledged (GmprocParcel *self);
gboolean gmproc_parcel_is_pledged (GmprocParcel *self);

G_END_DECLS
