/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A stream of bytes through shared memory, from exactly one writer to exactly one reader.
 *
 * Two positions, each written by one side only, so there is no lock that a dead process could hold.
 * Neither call waits: each moves what it can, and how the sides wait for each other is up to their
 * owner. A message may be longer than the stream; it goes through in pieces.
 *
 * The other side may be killed at any moment; what it had committed is there, and nothing else. The
 * positions come from another process and are checked against the capacity.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* In shared memory. */
typedef struct
{
  guint64 written; /* by the writer */
  guint64 unused_1[7];
  guint64 read; /* by the reader */
  guint64 unused_2[7];
} GmprocStreamPlace;

typedef struct
{
  GmprocStreamPlace *place;
  guint8 *data;
  gsize capacity; /* a power of two */
} GmprocStream;

/* The bytes that could be moved, 0 to SIZE. */
gsize gmproc_stream_write (GmprocStream *self, gconstpointer data, gsize size);
gsize gmproc_stream_read (GmprocStream *self, gpointer buffer, gsize size);

gboolean gmproc_stream_has_data (GmprocStream *self);
gboolean gmproc_stream_has_room (GmprocStream *self);

G_END_DECLS
