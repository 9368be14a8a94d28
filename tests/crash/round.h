/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Rounds: some processes that work on one object, and others that are killed while they do.
 *
 * The parent makes the object, starts one to eight survivors, and then one victim after the other.
 * After each death it lets the survivors come to rest and looks whether everybody could. That is
 * what finds a lost wake-up: as long as others work, their wake-ups would hide it. At the end of
 * the round the survivors stop, and what they wrote in the ledger must fit together.
 *
 * Nobody waits longer than the bound for anything; who does has found a hang. A process that cannot
 * even end by then, or a parent that hangs itself, ends the program.
 */
#pragma once

#include <gmproc.h>

#include "ledger.h"

G_BEGIN_DECLS

#define MOST_SURVIVORS (8)
#define N_ROLES (2)

/* -- in every process of a round --------------------------------------------------------------- */

typedef struct
{
  Ledger *ledger;
  LedgerPlace *place;
  Card *card;
  guint32 index; /* of the card */
  guint32 role;
  gint32 object; /* the handle of what is under test */
  GmprocEvent *go[N_ROLES];
  guint32 n_steps; /* that are left to a victim */
  guint32 n_calls; /* for those who do one thing and another in turn */
  gint64 deadline; /* of a victim */
} Actor;

/* Arms the crash point that the arguments name. Cleared with actor_clear(). */
void actor_open (Actor *self, GVariant *args);
void actor_clear (Actor *self);

/* Survivors: pauses when the parent says so. FALSE when it is time to stop. */
gboolean actor_goes_on (Actor *self);

/* Victims that nobody killed end by themselves. */
gboolean actor_has_steps (Actor *self);

/* How long anybody waits for anything before that is a hang: microseconds. */
gint64 get_bound (void);

/* -- in the parent ----------------------------------------------------------------------------- */

/* Joins a victim, which is killed or ends by itself; anything else is reported, with WHAT it is and
 * WHERE it was to die. *ret_was_killed: which of both. FALSE when it hung; then it is gone too. */
gboolean join_victim (LedgerPlace *place, GmprocProcess *victim, const char *what,
                      const char *where, gboolean *ret_was_killed);

typedef struct Round Round;

typedef struct
{
  const char *name;
  const char *const *points; /* prefixes of the points that it can come to, NULL-terminated */
  guint most_kills;          /* in one round */
  GmprocTarget survivor;
  GmprocTarget victim;

  GObject *(*make) (Round *round);                             /* what is under test */
  guint (*get_role) (guint survivor, guint victim_role);       /* of a survivor */
  guint (*get_victim_role) (const char *point, guint attempt); /* for a point, or NULL */
  void (*settle) (Round *round, guint card, const char *point);
  void (*finish) (Round *round); /* lets the survivors end */
  void (*check) (Round *round);  /* when they have */
} Workload;

struct Round
{
  const Workload *workload;
  GRand *rand;
  guint number;
  guint victim_role;
  GObject *object;
  Ledger *ledger;
  LedgerPlace *place;
  GmprocEvent *go[N_ROLES];
  GmprocProcess *survivors[MOST_SURVIVORS];
  guint n_survivors; /* their cards are 1 … n_survivors */
  guint n_cards;
  char *history;  /* where the victims were killed */
  guint n_unsure; /* items that a killed taker may have had */
  guint n_stops;  /* items that say to a taker that there are no more */
};

/* Starts the survivors; clear ends them if they still run, and frees everything. */
void round_begin (Round *self, const Workload *workload, GRand *rand, guint number,
                  guint victim_role);
void round_end (Round *self);

gboolean round_can_go_on (Round *self, guint n_kills);

/* One victim that is killed at POINT, or from outside if POINT is NULL. Then the survivors come to
 * rest. FALSE if it ended without being killed. */
gboolean round_kill (Round *self, const char *point, guint count);

/* Waits until CONDITION holds for the round; reports a hang, with WHAT, if it does not. */
typedef gboolean (*RoundCondition) (Round *round);
gboolean round_await (Round *self, RoundCondition condition, const char *what);

/* Lets the survivors of a role pause, and go on again. */
void round_pause (Round *self, guint role);
gboolean round_is_paused (Round *self, guint role);
void round_go_on (Round *self, guint role);
guint round_get_role (Round *self, guint card);
guint round_count_role (Round *self, guint role);

extern const Workload workload_queue;
extern const Workload workload_bounded_queue;
extern const Workload workload_queue_close;
extern const Workload workload_event;
extern const Workload workload_barrier;
extern const Workload workload_lock;
extern const Workload workload_semaphore;
extern const Workload workload_condition;

G_END_DECLS
