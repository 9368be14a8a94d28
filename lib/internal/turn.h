/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Turns between the threads of one process: like a GMutex, but taking it ends at a deadline or a
 * cancel, so that it may be held over a call that blocks. Where nobody waits, it is one atomic
 * operation each.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GMutex mutex;
  GCond given;
  int state; /* atomic; of turn.c */
} GmprocTurn;

void gmproc_turn_init (GmprocTurn *self);
void gmproc_turn_clear (GmprocTurn *self);
gboolean gmproc_turn_try (GmprocTurn *self);

/* Errors: G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED. */
gboolean gmproc_turn_take (GmprocTurn *self, gint64 deadline, GCancellable *cancellable,
                           GError **error);
void gmproc_turn_give (GmprocTurn *self);

G_END_DECLS
