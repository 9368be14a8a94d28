/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Pools whose workers are killed, and processes that are killed while they have a pool.
 *
 * A pool does not cross to another process, so the rounds of round.h do not fit. Here the parent
 * has the pool itself: one worker more than others that go on, of which one after the other dies.
 * After each death a map has either all results, each item having run once; or the error that names
 * an item and says how its worker died. The map after that has all results, by all workers.
 */
#pragma once

#include "ledger.h"
#include "round.h"

G_BEGIN_DECLS

#define POOL_WORKER (0)
#define POOL_SUBMITTER (1)

typedef struct
{
  GmprocPool *pool;
  Ledger *ledger;
  LedgerPlace *place;
  GRand *rand;
  guint n_maps; /* each has the next card of the ledger */
} PoolRound;

void pool_round_begin (PoolRound *self, GRand *rand, guint n_workers);
void pool_round_end (PoolRound *self);
gboolean pool_round_can_go_on (PoolRound *self);

/* Kills one worker at the NTH pass of POINT, or at any time if POINT is NULL. FALSE if it lived. */
gboolean pool_round_kill_worker (PoolRound *self, const char *point, guint nth);

/* The same with a process that has a pool of its own, whose workers must end with it. */
gboolean pool_round_kill_submitter (PoolRound *self, const char *point, guint nth);

/* For the report: which points there are. */
extern const Workload workload_pool;

G_END_DECLS
