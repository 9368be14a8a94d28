/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Objects that can cross to another process, and the numbers by which a GVariant names them.
 *
 * A class that can cross implements GmprocShareable. In a message an object is an `h`: a number out
 * of this process's handle table, given once per object and never used again. The codec replaces it
 * on the way (codec.h).
 *
 * The table holds exported objects weakly: a number does not keep its object alive. An object that
 * arrived is held strongly until somebody asks for it the first time, because nobody could have
 * taken a reference before; from then on weakly as well, so that dropping the last reference to a
 * pipe's end closes it.
 *
 * Threads: all functions may be called from any thread.
 */
#pragma once

#include <gio/gio.h>

#include "parcel.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_SHAREABLE (gmproc_shareable_get_type ())
G_DECLARE_INTERFACE (GmprocShareable, gmproc_shareable, GMPROC, SHAREABLE, GObject)

struct _GmprocShareableInterface
{
  GTypeInterface parent_interface;

  /* What import needs, as any GVariant; adds handles to the parcel. The caller keeps the object. */
  GVariant *(*export_to) (GmprocShareable *self, GmprocParcel *parcel, GError **error);

  /* The object on the other side. PARAMETERS came from another process and is not trusted. */
  GmprocShareable *(*import_from) (GVariant *parameters, GmprocParcel *parcel, GError **error);

  /* Whether it can also come from, and go to, a program that is no relative: nothing about it has
   * to be believed. What lives in shared memory cannot, as a stranger could write anything there.
   */
  gboolean is_for_strangers;

  /* Where others count on the process that gets the object: a second object for the same thing, or
   * NULL. A parent holds it until its child says that it has the object; from then on the object
   * itself sees what becomes of the child. Both NULL in other classes. */
  GmprocShareable *(*make_pledge) (GmprocShareable *self);

  /* Of a pledge: the child was killed before it had the object. Runs in the reaper, which must not
   * be held up. */
  void (*forfeit) (GmprocShareable *pledge);
};

/* The object's number here. */
gint32 gmproc_shareable_get_handle (GmprocShareable *self);

/* As above, for an object that just arrived: the table keeps it until it is asked for. */
gint32 gmproc_shareable_adopt (GmprocShareable *self);

/* A reference. GMPROC_ERROR_BAD_HANDLE when the number is nobody's or of another class. TYPE may be
 * GMPROC_TYPE_SHAREABLE. */
gpointer gmproc_shareable_from_handle (gint32 handle, GType type, GError **error);

/* Ends the table's hold on an object that arrived, if nobody has asked for it. */
void gmproc_shareable_abandon (gint32 handle);

/* Both sides of a message: an exported object is (class name, parameters). */
GVariant *gmproc_shareable_export (GmprocShareable *self, GmprocParcel *parcel, GError **error);
GmprocShareable *gmproc_shareable_import (GVariant *exported, GmprocParcel *parcel, GError **error);

/* ENSURE registers the classes that can cross. It is called when an object of an unknown one comes,
 * since most processes get objects of few classes, or none. Before there is a second thread. */
void gmproc_shareable_set_ensure_types (void (*ensure) (void));

/* All of an array of such; the result has their local numbers, by index. */
GArray *gmproc_shareable_import_all (GVariant *list, GmprocParcel *parcel, GError **error);

/* For what is in a parcel that goes to a child; NULL when nothing in it needs any. */
GPtrArray *gmproc_shareable_make_pledges (GmprocParcel *parcel);
void gmproc_shareable_forfeit (GPtrArray *pledges);

#define GMPROC_SHAREABLE_FORMAT "(sv)"

G_END_DECLS
