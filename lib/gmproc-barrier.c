/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocBarrier: a point that a number of parties cross together.
 *
 * The barrier goes through rounds. A round ends when the last party arrives, or when it breaks: a
 * party gives up, or somebody aborts or resets. The state is one word: the round's number, how many
 * have arrived in it, and whether the barrier is broken. It changes by one store inside the lock,
 * after the wake-up (waitpoint.h).
 *
 * A waiter knows its round by the number. When the number has gone on, `broken_rounds` has one bit
 * for each of the last 64 rounds, from which the waiter learns how its own ended; it is written
 * before the word, and means nothing before the word says that the round is over.
 *
 * Deaths: a party that dies while it waits still counts as arrived in that round; one that dies
 * before it arrives holds the others up until their timeout, an abort or a reset.
 */
#include "config.h"

#include "gmproc-barrier.h"

#include "gmproc-error.h"
#include "internal/deadline.h"
#include "internal/guard.h"
#include "internal/monitor.h"
#include "internal/shareable.h"

struct _GmprocBarrier
{
  GObject parent_instance;

  GmprocMonitor monitor;
};

/* In shared memory. `parties` is written before the barrier is handed out, the rest inside the
 * lock; `word` is read anywhere. */
typedef struct
{
  guint64 word;
  guint64 broken_rounds;
  guint32 parties;
} State;

G_STATIC_ASSERT (sizeof (State) <= GMPROC_MONITOR_STATE_SIZE);

/* word: round in the upper half; in the lower half arrived, and the flag. */
#define ROUND_SHIFT (32)
#define IS_BROKEN (G_GUINT64_CONSTANT (1) << 31)
#define ARRIVED_MASK (IS_BROKEN - 1)

#define KIND (0x42415252) /* BARR */

static void gmproc_barrier_shareable_init (GmprocShareableInterface *iface);

G_DEFINE_TYPE_WITH_CODE (GmprocBarrier, gmproc_barrier, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE,
                                                gmproc_barrier_shareable_init))

static State *
get_state (GmprocBarrier *self)
{
  return self->monitor.state;
}

static guint64
load_word (GmprocBarrier *self)
{
  return __atomic_load_n (&get_state (self)->word, __ATOMIC_ACQUIRE);
}

static guint32
get_round (guint64 word)
{
  return word >> ROUND_SHIFT;
}

static void
gmproc_barrier_finalize (GObject *object)
{
  gmproc_monitor_clear (&GMPROC_BARRIER (object)->monitor);

  G_OBJECT_CLASS (gmproc_barrier_parent_class)->finalize (object);
}

static void
gmproc_barrier_class_init (GmprocBarrierClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_barrier_finalize;
}

static void
gmproc_barrier_init (G_GNUC_UNUSED GmprocBarrier *self)
{
}

static GVariant *
gmproc_barrier_export_to (GmprocShareable *shareable, GmprocParcel *parcel,
                          G_GNUC_UNUSED GError **error)
{
  return gmproc_monitor_export (&GMPROC_BARRIER (shareable)->monitor, parcel);
}

static GmprocShareable *
gmproc_barrier_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocBarrier) self = g_object_new (GMPROC_TYPE_BARRIER, NULL);

  if (!gmproc_monitor_import (&self->monitor, parameters, KIND, parcel, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_barrier_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_barrier_export_to;
  iface->import_from = gmproc_barrier_import_from;
}

/* -- changes, inside the lock ---------------------------------------------------------------- */

static void
commit_locked (GmprocBarrier *self, guint64 word)
{
  __atomic_store_n (&get_state (self)->word, word, __ATOMIC_RELEASE);
}

/* Ends the round that WORD is of. STAYS_BROKEN: the rounds after it fail too, until a reset. */
static void
end_round_locked (GmprocBarrier *self, guint64 word, gboolean was_broken, gboolean stays_broken)
{
  guint32 round = get_round (word);
  guint64 bit = G_GUINT64_CONSTANT (1) << round % 64;
  State *state = get_state (self);

  gmproc_waitpoint_wake (&self->monitor.waitpoint);
  if (was_broken)
    state->broken_rounds |= bit;
  else
    state->broken_rounds &= ~bit;
  commit_locked (self, (guint64) (round + 1) << ROUND_SHIFT | (stays_broken ? IS_BROKEN : 0));
}

static gboolean
set_broken_error (GError **error)
{
  g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN,
                       "The barrier is broken: a party gave up, or it was aborted or reset");
  return FALSE;
}

/* The caller's index; the last one ends the round. -1 with an error. */
static int
arrive_locked (GmprocBarrier *self, guint64 word, GError **error)
{
  int index = word & ARRIVED_MASK;

  if ((word & IS_BROKEN) != 0)
    {
      set_broken_error (error);
      return -1;
    }

  if ((guint) index + 1 == get_state (self)->parties)
    end_round_locked (self, word, FALSE, FALSE);
  else
    commit_locked (self, word + 1);
  return index;
}

/* -- waiting --------------------------------------------------------------------------------- */

/* Whether ROUND is over; then *ret_was_broken says how it ended. */
static gboolean
is_over_locked (GmprocBarrier *self, guint32 round, gboolean *ret_was_broken)
{
  if (get_round (load_word (self)) == round)
    return FALSE;

  *ret_was_broken = (get_state (self)->broken_rounds >> round % 64 & 1) != 0;
  return TRUE;
}

/* The caller has arrived and will not wait any longer. TRUE when the round was crossed meanwhile
 * after all; otherwise nobody can cross it any more. */
static gboolean
give_up (GmprocBarrier *self, guint32 round, GError *reason, GError **error)
{
  gboolean was_broken = TRUE;
  gboolean is_over;

  gmproc_guard_enter_always (&self->monitor.lock);
  is_over = is_over_locked (self, round, &was_broken);
  if (!is_over)
    end_round_locked (self, load_word (self), TRUE, TRUE);
  gmproc_guard_leave (&self->monitor.lock);

  if (!was_broken)
    {
      g_error_free (reason);
      return TRUE;
    }
  g_propagate_error (error, reason);
  return FALSE;
}

static gboolean
wait_for_round (GmprocBarrier *self, guint32 round, guint32 prepared, gint64 deadline,
                GCancellable *cancellable, GError **error)
{
  gboolean was_broken = FALSE;
  gboolean is_over = FALSE;

  while (!is_over)
    {
      GError *reason = NULL;

      if (!gmproc_waitpoint_sleep (&self->monitor.waitpoint, prepared, deadline, cancellable,
                                   &reason))
        return give_up (self, round, reason, error);

      gmproc_guard_enter_always (&self->monitor.lock);
      is_over = is_over_locked (self, round, &was_broken);
      if (!is_over)
        prepared = gmproc_waitpoint_prepare (&self->monitor.waitpoint);
      gmproc_guard_leave (&self->monitor.lock);
    }

  return was_broken ? set_broken_error (error) : TRUE;
}

/* -- public ---------------------------------------------------------------------------------- */

/**
 * gmproc_barrier_new:
 * @parties: how many cross together, at least 1
 * @error: return location
 *
 * Makes a barrier, like `multiprocessing.Barrier`.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for 0 parties or more than 2³¹ - 1; what the system says
 * when it has no shared memory.
 *
 * Returns: (transfer full) (nullable): a new barrier
 * Since: 1.0
 */
GmprocBarrier *
gmproc_barrier_new (guint parties, GError **error)
{
  g_autoptr (GmprocBarrier) self = NULL;

  if (parties == 0 || parties > ARRIVED_MASK)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "A barrier cannot have %u parties", parties);
      return NULL;
    }

  self = g_object_new (GMPROC_TYPE_BARRIER, NULL);
  if (!gmproc_monitor_new (&self->monitor, KIND, error))
    return NULL;
  get_state (self)->parties = parties;
  return g_steal_pointer (&self);
}

/**
 * gmproc_barrier_wait:
 * @self: a barrier
 * @timeout: microseconds, 0 to cross only as the last one, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Arrives at the barrier, and waits until all parties have. A party that gives up breaks the
 * barrier: the others cannot be complete any more.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT and %G_IO_ERROR_CANCELLED for the party that gives up;
 * %GMPROC_ERROR_BARRIER_BROKEN for the others, and until gmproc_barrier_reset().
 *
 * Returns: the number of parties that had arrived before, 0 for exactly one of them; -1 on error
 * Since: 1.0
 */
int
gmproc_barrier_wait (GmprocBarrier *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  guint64 word;
  guint32 prepared = 0;
  gint64 deadline;
  gboolean must_wait;
  int index;

  g_return_val_if_fail (GMPROC_IS_BARRIER (self), -1);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error)
      || !gmproc_guard_enter (&self->monitor.lock, deadline, cancellable, error))
    return -1;
  word = load_word (self);
  index = arrive_locked (self, word, error);
  must_wait = index != -1 && (guint) index + 1 < get_state (self)->parties;
  if (must_wait)
    prepared = gmproc_waitpoint_prepare (&self->monitor.waitpoint);
  gmproc_guard_leave (&self->monitor.lock);

  if (!must_wait)
    return index;
  return wait_for_round (self, get_round (word), prepared, deadline, cancellable, error) ? index
                                                                                         : -1;
}

/**
 * gmproc_barrier_abort:
 * @self: a barrier
 *
 * Breaks the barrier: everybody who waits and everybody who comes gets
 * %GMPROC_ERROR_BARRIER_BROKEN, until gmproc_barrier_reset().
 *
 * Since: 1.0
 */
void
gmproc_barrier_abort (GmprocBarrier *self)
{
  g_return_if_fail (GMPROC_IS_BARRIER (self));

  gmproc_guard_enter_always (&self->monitor.lock);
  end_round_locked (self, load_word (self), TRUE, TRUE);
  gmproc_guard_leave (&self->monitor.lock);
}

/**
 * gmproc_barrier_reset:
 * @self: a barrier
 *
 * Makes the barrier new: who waits gets %GMPROC_ERROR_BARRIER_BROKEN, who comes begins a round.
 *
 * Since: 1.0
 */
void
gmproc_barrier_reset (GmprocBarrier *self)
{
  g_return_if_fail (GMPROC_IS_BARRIER (self));

  gmproc_guard_enter_always (&self->monitor.lock);
  end_round_locked (self, load_word (self), TRUE, FALSE);
  gmproc_guard_leave (&self->monitor.lock);
}

/**
 * gmproc_barrier_get_parties:
 * @self: a barrier
 *
 * Returns: how many cross together
 * Since: 1.0
 */
guint
gmproc_barrier_get_parties (GmprocBarrier *self)
{
  g_return_val_if_fail (GMPROC_IS_BARRIER (self), 0);

  return get_state (self)->parties;
}

/**
 * gmproc_barrier_get_n_waiting:
 * @self: a barrier
 *
 * Returns: how many have arrived in the round that is under way
 * Since: 1.0
 */
guint
gmproc_barrier_get_n_waiting (GmprocBarrier *self)
{
  g_return_val_if_fail (GMPROC_IS_BARRIER (self), 0);

  return load_word (self) & ARRIVED_MASK;
}

/**
 * gmproc_barrier_is_broken:
 * @self: a barrier
 *
 * Returns: whether nobody can cross before a reset
 * Since: 1.0
 */
gboolean
gmproc_barrier_is_broken (GmprocBarrier *self)
{
  g_return_val_if_fail (GMPROC_IS_BARRIER (self), FALSE);

  return (load_word (self) & IS_BROKEN) != 0;
}

/**
 * gmproc_barrier_get_handle:
 * @self: a barrier
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_barrier_get_handle (GmprocBarrier *self)
{
  g_return_val_if_fail (GMPROC_IS_BARRIER (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_barrier_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the barrier
 * Since: 1.0
 */
GmprocBarrier *
gmproc_barrier_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_BARRIER, error);
}
