/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of the barrier share.
 *
 *   gmproc-barrier.c        the class, crossing to other processes, and the calls
 *   gmproc-barrier-round.c  how a round begins, goes on and ends
 *   gmproc-barrier-async.c  the asynchronous call
 */
#pragma once

#include "gmproc-barrier.h"
#include "internal/monitor.h"
#include "internal/parties.h"

G_BEGIN_DECLS

struct _GmprocBarrier
{
  GObject parent_instance;

  GmprocMonitor monitor;
  GmprocBarrierAction action; /* NULL for none, and in every object that came from elsewhere */
  gpointer user_data;
  GDestroyNotify destroy;
  gint64 default_timeout;
  GmprocNote *party; /* atomic, written inside the lock; NULL when this process is no party yet */
  gint32 saved_by_yields; /* atomic: microseconds; negative when they have cost more */
  gboolean is_pledge;     /* no party, and nobody's but the library's; see make_pledge */
};

/* In shared memory. `parties` is written before the barrier is handed out, `broken_rounds` and
 * `processes` inside the lock. `word` is read and changed anywhere; a round ends inside the lock.
 */
typedef struct
{
  guint64 word;
  guint64 broken_rounds;
  guint32 parties;
  guint32 processes; /* the first one of the chain; see internal/parties.h */
} GmprocBarrierState;

G_STATIC_ASSERT (sizeof (GmprocBarrierState) <= GMPROC_MONITOR_STATE_SIZE);

/* word: the round in the upper half; in the lower half a flag, the round's last seven bits, and of
 * the round that has these bits: whether somebody may be asleep, and how many have arrived. So a
 * round ends by adding 1 to the upper half, which the port can do together with the wake-up. */
#define GMPROC_BARRIER_ROUND_SHIFT (32)
#define GMPROC_BARRIER_IS_BROKEN (G_GUINT64_CONSTANT (1) << 31)
#define GMPROC_BARRIER_IS_ASLEEP (G_GUINT64_CONSTANT (1) << 30)
#define GMPROC_BARRIER_TAG_SHIFT (23)
#define GMPROC_BARRIER_TAG (0x7f)
#define GMPROC_BARRIER_MOST_PARTIES ((1 << GMPROC_BARRIER_TAG_SHIFT) - 1)

static inline GmprocBarrierState *
gmproc_barrier_get_state (GmprocBarrier *self)
{
  return self->monitor.state;
}

static inline guint64
gmproc_barrier_load_word (GmprocBarrier *self)
{
  return __atomic_load_n (&gmproc_barrier_get_state (self)->word, __ATOMIC_ACQUIRE);
}

static inline guint32
gmproc_barrier_get_round (guint64 word)
{
  return word >> GMPROC_BARRIER_ROUND_SHIFT;
}

/* Whether anything has been written about the round. */
static inline gboolean
gmproc_barrier_is_of_round (guint64 word)
{
  return (word >> GMPROC_BARRIER_TAG_SHIFT & GMPROC_BARRIER_TAG)
         == (gmproc_barrier_get_round (word) & GMPROC_BARRIER_TAG);
}

static inline guint
gmproc_barrier_get_arrived (guint64 word)
{
  return gmproc_barrier_is_of_round (word) ? word & GMPROC_BARRIER_MOST_PARTIES : 0;
}

static inline gboolean
gmproc_barrier_is_asleep (guint64 word)
{
  return gmproc_barrier_is_of_round (word) && (word & GMPROC_BARRIER_IS_ASLEEP) != 0;
}

static inline guint64
gmproc_barrier_make_word (guint32 round, gboolean is_broken, guint arrived)
{
  return (guint64) round << GMPROC_BARRIER_ROUND_SHIFT | (is_broken ? GMPROC_BARRIER_IS_BROKEN : 0)
         | (round & GMPROC_BARRIER_TAG) << GMPROC_BARRIER_TAG_SHIFT | arrived;
}

/* How a round was, or is, broken. */
typedef struct
{
  gboolean is_broken;
  gboolean has_dead;
  GmprocFamilyMember dead;
} GmprocBarrierDamage;

typedef enum
{
  GMPROC_BARRIER_FAILED,  /* with an error, before the lock or the round was free */
  GMPROC_BARRIER_REFUSED, /* with an error: the barrier is broken */
  GMPROC_BARRIER_EARLY,   /* the round is full, and its action runs: not arrived yet */
  GMPROC_BARRIER_WAITS,
  GMPROC_BARRIER_ACTS,   /* as the last one, which has to end the round after its action */
  GMPROC_BARRIER_CROSSES /* as the last one, which has ended the round */
} GmprocBarrierArrival;

/* For one wait: when to look for dead parties. */
typedef struct
{
  gint64 pause;
  gint64 longest_pause;
  gboolean is_first; /* nothing was waited for yet */
  gboolean is_due;
  gboolean is_noted; /* that this thread waits, and since when */
} GmprocBarrierLooks;

void gmproc_barrier_looks_init (GmprocBarrierLooks *looks, GmprocBarrier *self);

/* -- inside the lock ------------------------------------------------------------------------- */

gboolean gmproc_barrier_has_parties (GmprocBarrier *self);
void gmproc_barrier_join_locked (GmprocBarrier *self);
void gmproc_barrier_count_waiting (GmprocBarrier *self, int change);

/* Ends the round under way. STAYS_BROKEN: the rounds after it fail too, until a reset. */
void gmproc_barrier_end_round_locked (GmprocBarrier *self, gboolean was_broken,
                                      gboolean stays_broken);

/* Whether ROUND is over; then *ret_damage says how it ended. */
gboolean gmproc_barrier_is_over_locked (GmprocBarrier *self, guint32 round,
                                        GmprocBarrierDamage *ret_damage);

/* When somebody has died the round under way ends; for those who have arrived in it. */
gboolean gmproc_barrier_end_for_dead_locked (GmprocBarrier *self, GmprocBarrierDamage *ret_damage);

/* -- outside --------------------------------------------------------------------------------- */

void gmproc_barrier_leave (GmprocBarrier *self);
gboolean gmproc_barrier_set_broken_error (const GmprocBarrierDamage *damage, GError **error);

/* How the caller arrived, in the round that *ret_word is of; sleeps as long as that is too early.
 */
GmprocBarrierArrival gmproc_barrier_arrive (GmprocBarrier *self, gint64 deadline,
                                            GCancellable *cancellable, guint64 *ret_word,
                                            GError **error);

/* By one who has arrived. */
gboolean gmproc_barrier_wait_for_round (GmprocBarrier *self, guint32 round, gint64 deadline,
                                        GCancellable *cancellable, GError **error);

/* By one who has arrived and will not wait any longer. TRUE when the round was crossed meanwhile
 * after all; otherwise nobody can cross it any more, and REASON is the error. */
gboolean gmproc_barrier_give_up (GmprocBarrier *self, guint32 round, GError *reason,
                                 GError **error);

/* By the last party of ROUND, which goes on only if nobody gave up meanwhile. */
gboolean gmproc_barrier_act (GmprocBarrier *self, guint32 round, GError **error);

G_END_DECLS
