/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Which processes the family has now, which objects they share, and who waits for what.
 *
 * All of it is read from the notes (family.h) and from the objects' memory, without a lock and
 * without anybody's help. So it works while the others hang, and costs them nothing; and it is no
 * picture of one moment: what changes meanwhile may be seen before or after.
 */
#pragma once

#include "arena.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 pid;
  gint64 parent_pid; /* 0 in the main program */
  gint64 since;      /* of the monotonic clock, like all times here */
  char name[GMPROC_FAMILY_NAME_SIZE];
} GmprocCensusProcess;

typedef struct
{
  guint process; /* its index */
  guint32 thread;
  gint64 since;
} GmprocCensusWaiter;

typedef struct
{
  GmprocSubject subject; /* kind 0: its memory could not be read */
  GmprocSlotPlace place; /* a copy; of an object that has no slot what stands for one */
  GArray *processes;     /* indexes of those that have it */
  GArray *waiters;
} GmprocCensusObject;

typedef struct
{
  GArray *processes;
  GPtrArray *objects;
} GmprocCensus;

GmprocCensus *gmproc_census_take (void);
void gmproc_census_free (GmprocCensus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocCensus, gmproc_census_free)

/* Who had the number AT that time, which may be noted early by what get_rough_time and the notes of
 * a lock are inexact by. NULL for a process that is not, or no more, of the family: also when one
 * of the family was given the number later. */
const GmprocCensusProcess *gmproc_census_find_process (const GmprocCensus *self, gint64 pid,
                                                       gint64 at);

G_END_DECLS
