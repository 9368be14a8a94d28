/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What became of one item of a pool's call: a value, or an error and the process it came from.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gsize index;
  GVariant *value; /* not floating; or NULL */
  GError *error;   /* or NULL */
  gint64 pid;      /* of the worker, for an error; 0 when none had the item */
  int exit_code;   /* of a worker that ended over the item, as of a process; otherwise 0 */
} GmprocOutcome;

GmprocOutcome *gmproc_outcome_new (gsize index, GVariant *value, GError *error);
GmprocOutcome *gmproc_outcome_copy (const GmprocOutcome *self);
void gmproc_outcome_free (GmprocOutcome *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocOutcome, gmproc_outcome_free)

G_END_DECLS
