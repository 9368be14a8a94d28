/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a parent tells a child about itself: one GVariant, written by start in the parent and read
 * by gmproc_init() in the child, with the handles beside it. The child does not trust it further
 * than that it is of the right type; names are looked up, handles are checked where they are used.
 */
#pragma once

#include <gio/gio.h>

#include "parcel.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 parent_pid;
  char *parent_name;
  char *name;
  char *identity; /* "2", and "2:1" for a child of that one: what default names end with */
  gboolean is_daemon;
  guint32 start_method; /* a GmprocStartMethod: the default for its own children */
  char *target;         /* a registered name, or NULL */
  char *type;           /* a registered name of a process type, or NULL */
  GVariant *args;       /* or NULL; with handles of this process */
  GVariant *properties; /* a{sv} or NULL; with handles of this process */
  guint32 number;       /* what the child puts on its reports */
  guint32 log_level;    /* of the log records that it sends to the parent; 0: none */
  gboolean wants_hello; /* the child is to report as soon as it can that it is there */
  gintptr lifeline;     /* the parent's give end: in the parent borrowed, in the child owned */
  gintptr leash;        /* like the lifeline; none for a child that is no daemon */
  gintptr reports;      /* in the parent borrowed; the child has opened it when it is read */
} GmprocBootstrap;

/* Parent: the bytes, and in PARCEL the handles, that go to the child. */
GBytes *gmproc_bootstrap_write (const GmprocBootstrap *self, GmprocParcel *parcel, GError **error);

/* Child. Reports can be sent from the moment on at which the rest is read; so what goes wrong with
 * the rest can be told. The objects that came along are in the handle table afterwards. */
GmprocBootstrap *gmproc_bootstrap_read (GBytes *bytes, GmprocParcel *parcel, GError **error);
void gmproc_bootstrap_free (GmprocBootstrap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocBootstrap, gmproc_bootstrap_free)

G_END_DECLS
