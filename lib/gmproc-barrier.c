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
 * The last party may have an action to run. Then all have arrived, and the round goes on until the
 * action has ended; it runs outside the lock, since nobody knows how long it takes. Who comes to a
 * round that is full waits for the next one. The action and the default timeout are no part of the
 * shared state: the action belongs to one object of one process, the timeout never changes.
 *
 * Deaths: every process that has waited at the barrier, or got it from another process, is a party
 * until it drops the barrier or ends in order (internal/parties.h). When one has died otherwise,
 * while it waited, before it came, or in its action, the round breaks, and the error names it: the
 * last one to arrive looks for dead ones before it ends the round, and who waits looks now and
 * then. A process that is stopped is not dead.
 *
 * Fairness: all who wait go on together; who runs first is up to the system.
 * Memory: what any party wrote before it arrived is seen by all when they have crossed.
 */
#include "config.h"

#include "gmproc-barrier.h"

#include "gmproc-error.h"
#include "internal/crash-point.h"
#include "internal/deadline.h"
#include "internal/guard.h"
#include "internal/monitor.h"
#include "internal/parties.h"
#include "internal/shareable.h"
#include "internal/spin.h"

/* How long a party waits before it looks for dead ones: at first, and at most. With many parties
 * each look takes longer, and each of them looks. */
#define FIRST_LOOK (10 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_BETWEEN_LOOKS (200 * G_TIME_SPAN_MILLISECOND)
#define PARTIES_FOR_A_LOOK (64)

struct _GmprocBarrier
{
  GObject parent_instance;

  GmprocMonitor monitor;
  GmprocBarrierAction action; /* NULL for none, and in every object that came from elsewhere */
  gpointer user_data;
  GDestroyNotify destroy;
  gint64 default_timeout;
  GmprocNote *party; /* written inside the barrier's lock; NULL when this process is no party yet */
};

/* In shared memory. `parties` is written before the barrier is handed out, the rest inside the
 * lock; `word` is read anywhere. */
typedef struct
{
  guint64 word;
  guint64 broken_rounds;
  guint32 parties;
  guint32 processes; /* the first one of the chain; see internal/parties.h */
} State;

G_STATIC_ASSERT (sizeof (State) <= GMPROC_MONITOR_STATE_SIZE);

/* word: round in the upper half; in the lower half arrived, and the flag. */
#define ROUND_SHIFT (32)
#define IS_BROKEN (G_GUINT64_CONSTANT (1) << 31)
#define ARRIVED_MASK (IS_BROKEN - 1)

/* In a message: the monitor, and the default timeout. */
#define FORMAT "(vx)"

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

/* -- the processes that belong to it --------------------------------------------------------- */

/* A barrier that came from another family has notes of that one, if any. */
static gboolean
has_parties (GmprocBarrier *self)
{
  return gmproc_slot_is_of_family (&self->monitor.slot);
}

static void
join_locked (GmprocBarrier *self)
{
  if (self->party == NULL && has_parties (self))
    self->party =
        gmproc_parties_join_locked (&get_state (self)->processes, &self->monitor.slot.subject);
}

static void
leave (GmprocBarrier *self)
{
  if (self->monitor.slot.place == NULL || !has_parties (self) || get_state (self)->processes == 0)
    return;

  gmproc_guard_enter_always (&self->monitor.lock);
  if (self->party != NULL)
    gmproc_parties_leave_locked (&get_state (self)->processes, self->party);
  gmproc_parties_tidy_locked (&get_state (self)->processes);
  gmproc_guard_leave (&self->monitor.lock);
}

/* How many threads of this process wait at the barrier. */
static void
count_waiting_locked (GmprocBarrier *self, int change)
{
  if (self->party != NULL)
    (void) __atomic_fetch_add (&self->party->thread, (guint32) change, __ATOMIC_RELAXED);
}

static gboolean
find_dead_locked (GmprocBarrier *self, GmprocFamilyMember *ret_dead)
{
  return has_parties (self)
         && gmproc_parties_find_dead_locked (&get_state (self)->processes, ret_dead);
}

static void
gmproc_barrier_finalize (GObject *object)
{
  GmprocBarrier *self = GMPROC_BARRIER (object);

  leave (self);
  gmproc_monitor_clear (&self->monitor);
  if (self->destroy != NULL)
    self->destroy (self->user_data);

  G_OBJECT_CLASS (gmproc_barrier_parent_class)->finalize (object);
}

static void
gmproc_barrier_class_init (GmprocBarrierClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_barrier_finalize;
}

static void
gmproc_barrier_init (GmprocBarrier *self)
{
  self->default_timeout = GMPROC_FOREVER;
}

static GVariant *
gmproc_barrier_export_to (GmprocShareable *shareable, GmprocParcel *parcel,
                          G_GNUC_UNUSED GError **error)
{
  GmprocBarrier *self = GMPROC_BARRIER (shareable);

  return g_variant_new (FORMAT, gmproc_monitor_export (&self->monitor, parcel),
                        self->default_timeout);
}

static GmprocShareable *
gmproc_barrier_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocBarrier) self = g_object_new (GMPROC_TYPE_BARRIER, NULL);
  g_autoptr (GVariant) monitor = NULL;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE (FORMAT)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A barrier came as “%s” instead of “%s”", g_variant_get_type_string (parameters),
                   FORMAT);
      return NULL;
    }

  /* A timeout that is none is refused by the first wait. */
  g_variant_get (parameters, FORMAT, &monitor, &self->default_timeout);
  if (!gmproc_monitor_import (&self->monitor, monitor, KIND, parcel, error))
    return NULL;

  /* Who got the barrier is waited for, and must not die unnoticed before it comes. */
  gmproc_guard_enter_always (&self->monitor.lock);
  join_locked (self);
  gmproc_guard_leave (&self->monitor.lock);
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

  GMPROC_CRASH_POINT ("barrier-end-wake");
  gmproc_waitpoint_wake (&self->monitor.waitpoint);
  GMPROC_CRASH_POINT ("barrier-end-woken");
  if (was_broken)
    state->broken_rounds |= bit;
  else
    state->broken_rounds &= ~bit;
  GMPROC_CRASH_POINT ("barrier-end-noted");
  commit_locked (self, (guint64) (round + 1) << ROUND_SHIFT | (stays_broken ? IS_BROKEN : 0));
  GMPROC_CRASH_POINT ("barrier-end-committed");
}

/* How a round was, or is, broken. */
typedef struct
{
  gboolean is_broken;
  gboolean has_dead;
  GmprocFamilyMember dead;
} Damage;

static void
note_damage_locked (GmprocBarrier *self, gboolean is_broken, Damage *ret_damage)
{
  ret_damage->is_broken = is_broken;
  ret_damage->has_dead = is_broken && find_dead_locked (self, &ret_damage->dead);
}

static gboolean
set_broken_error (const Damage *damage, GError **error)
{
  if (damage->has_dead)
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN,
                 "The barrier is broken: %s (process %" G_GINT64_FORMAT ") has died",
                 damage->dead.name, damage->dead.pid);
  else
    g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BARRIER_BROKEN,
                         "The barrier is broken: a party gave up, or it was aborted or reset");
  return FALSE;
}

typedef enum
{
  ARRIVAL_FAILED,  /* with an error, before the lock or the round was free */
  ARRIVAL_REFUSED, /* with an error: the barrier is broken */
  ARRIVAL_EARLY,   /* the round is full, and its action runs: not arrived yet */
  ARRIVAL_WAITS,
  ARRIVAL_ACTS,   /* as the last one, which has to end the round after its action */
  ARRIVAL_CROSSES /* as the last one, which has ended the round */
} Arrival;

static Arrival
arrive_locked (GmprocBarrier *self, guint64 word, Damage *ret_damage)
{
  guint arrived = word & ARRIVED_MASK;
  gboolean is_last = arrived + 1 == get_state (self)->parties;
  Arrival arrival = ARRIVAL_CROSSES;

  join_locked (self);
  note_damage_locked (self, (word & IS_BROKEN) != 0, ret_damage);
  if (ret_damage->is_broken)
    return ARRIVAL_REFUSED;
  if (arrived == get_state (self)->parties)
    return ARRIVAL_EARLY;
  if (is_last && find_dead_locked (self, &ret_damage->dead))
    {
      ret_damage->is_broken = ret_damage->has_dead = TRUE;
      end_round_locked (self, word, TRUE, TRUE);
      return ARRIVAL_REFUSED;
    }

  GMPROC_CRASH_POINT ("barrier-arrive-commit");
  if (is_last && self->action == NULL)
    end_round_locked (self, word, FALSE, FALSE);
  else
    {
      count_waiting_locked (self, 1);
      commit_locked (self, word + 1);
      arrival = is_last ? ARRIVAL_ACTS : ARRIVAL_WAITS;
    }
  GMPROC_CRASH_POINT ("barrier-arrived");
  return arrival;
}

/* -- waiting --------------------------------------------------------------------------------- */

/* Whether ROUND is over; then *ret_damage says how it ended. */
static gboolean
is_over_locked (GmprocBarrier *self, guint32 round, Damage *ret_damage)
{
  if (get_round (load_word (self)) == round)
    return FALSE;

  note_damage_locked (self, (get_state (self)->broken_rounds >> round % 64 & 1) != 0, ret_damage);
  return TRUE;
}

/* The caller has arrived and will not wait any longer. TRUE when the round was crossed meanwhile
 * after all; otherwise nobody can cross it any more. */
static gboolean
give_up (GmprocBarrier *self, guint32 round, GError *reason, GError **error)
{
  Damage damage = { .is_broken = TRUE };
  gboolean is_over;

  GMPROC_CRASH_POINT ("barrier-give-up");
  gmproc_guard_enter_always (&self->monitor.lock);
  is_over = is_over_locked (self, round, &damage);
  if (!is_over)
    end_round_locked (self, load_word (self), TRUE, TRUE);
  count_waiting_locked (self, -1);
  gmproc_guard_leave (&self->monitor.lock);

  if (!damage.is_broken)
    {
      g_error_free (reason);
      return TRUE;
    }
  g_propagate_error (error, reason);
  return FALSE;
}

/* When somebody has died the round of WORD ends. */
static gboolean
end_for_dead_locked (GmprocBarrier *self, Damage *ret_damage)
{
  if (!find_dead_locked (self, &ret_damage->dead))
    return FALSE;
  ret_damage->is_broken = ret_damage->has_dead = TRUE;
  end_round_locked (self, load_word (self), TRUE, TRUE);
  return TRUE;
}

/* For one wait: when to look for dead parties. */
typedef struct
{
  gint64 pause;
  gint64 longest_pause;
  gboolean may_spin;
  gboolean is_due;
} Looks;

/* Who spins while the last party has no processor keeps it from arriving. */
static void
looks_init (Looks *looks, GmprocBarrier *self)
{
  guint parties = get_state (self)->parties;

  looks->pause = FIRST_LOOK;
  looks->longest_pause = LONGEST_BETWEEN_LOOKS * (1 + (gint64) (parties / PARTIES_FOR_A_LOOK));
  looks->may_spin = parties <= gmproc_spin_get_n_processors ();
  looks->is_due = FALSE;
}

/* Sleeps once; TRUE also when it is time to look for dead parties. */
static gboolean
sleep_or_look (GmprocBarrier *self, Looks *looks, guint32 prepared, gint64 deadline,
               GCancellable *cancellable, GError **error)
{
  gint64 until = MIN (deadline, g_get_monotonic_time () + looks->pause);
  gboolean may_spin = looks->may_spin;
  GError *reason = NULL;

  looks->may_spin = FALSE;
  looks->is_due = FALSE;
  if (may_spin
          ? gmproc_waitpoint_sleep (&self->monitor.waitpoint, prepared, until, cancellable, &reason)
          : gmproc_waitpoint_doze (&self->monitor.waitpoint, prepared, until, cancellable, &reason))
    return TRUE;

  if (until < deadline && g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_error_free (reason);
      looks->pause = MIN (2 * looks->pause, looks->longest_pause);
      looks->is_due = TRUE;
      return TRUE;
    }
  g_propagate_error (error, reason);
  return FALSE;
}

static gboolean
wait_for_round (GmprocBarrier *self, guint32 round, guint32 prepared, gint64 deadline,
                GCancellable *cancellable, GError **error)
{
  Damage damage = { 0 };
  gboolean is_over = FALSE;
  Looks looks;

  looks_init (&looks, self);
  while (!is_over)
    {
      GError *reason = NULL;

      if (!sleep_or_look (self, &looks, prepared, deadline, cancellable, &reason))
        return give_up (self, round, reason, error);

      GMPROC_CRASH_POINT ("barrier-wait-slept");
      gmproc_guard_enter_always (&self->monitor.lock);
      is_over = is_over_locked (self, round, &damage)
                || (looks.is_due && end_for_dead_locked (self, &damage));
      if (is_over)
        count_waiting_locked (self, -1);
      else
        prepared = gmproc_waitpoint_prepare (&self->monitor.waitpoint);
      gmproc_guard_leave (&self->monitor.lock);
    }

  return damage.is_broken ? set_broken_error (&damage, error) : TRUE;
}

/* By the last party of ROUND, which goes on only if nobody gave up meanwhile. */
static gboolean
act (GmprocBarrier *self, guint32 round, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean has_worked = self->action (self->user_data, &reason);
  Damage damage = { 0 };

  gmproc_guard_enter_always (&self->monitor.lock);
  if (!is_over_locked (self, round, &damage))
    end_round_locked (self, load_word (self), !has_worked, !has_worked);
  count_waiting_locked (self, -1);
  gmproc_guard_leave (&self->monitor.lock);

  if (has_worked)
    return damage.is_broken ? set_broken_error (&damage, error) : TRUE;
  if (reason == NULL)
    g_set_error_literal (&reason, GMPROC_ERROR, GMPROC_ERROR_FAILED,
                         "The barrier's action failed and did not say why");
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
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
  return gmproc_barrier_new_full (parties, NULL, NULL, NULL, GMPROC_FOREVER, error);
}

/**
 * gmproc_barrier_new_full:
 * @parties: how many cross together, at least 1
 * @action: (nullable) (scope notified) (closure user_data) (destroy destroy): what the last party
 *   to arrive does before it lets the others go on
 * @user_data: for @action
 * @destroy: (nullable): called with @user_data when the barrier is gone, and when this call fails
 * @default_timeout: the timeout of waits that are given none, or %GMPROC_FOREVER
 * @error: return location
 *
 * Makes a barrier with an action and a default timeout, like `multiprocessing.Barrier` with all its
 * arguments.
 *
 * The action is a function of this process and does not cross: it runs, once a round, when the last
 * one to arrive is a thread of this process that waits with this very object. When the last one is
 * another process, nothing runs. So let this process arrive last, or have the action done by the
 * one that got index 0. The action must not wait at the barrier. Others may give up, abort or reset
 * while it runs; the barrier breaks as usual then. The default timeout crosses.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for 0 parties or more than 2³¹ - 1, and for a timeout that
 * is none; what the system says when it has no shared memory.
 *
 * Returns: (transfer full) (nullable): a new barrier
 * Since: 1.0
 */
GmprocBarrier *
gmproc_barrier_new_full (guint parties, GmprocBarrierAction action, gpointer user_data,
                         GDestroyNotify destroy, gint64 default_timeout, GError **error)
{
  g_autoptr (GmprocBarrier) self = g_object_new (GMPROC_TYPE_BARRIER, NULL);
  gint64 deadline;

  self->action = action;
  self->user_data = user_data;
  self->destroy = destroy;
  self->default_timeout = default_timeout;

  if (parties == 0 || parties > ARRIVED_MASK)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "A barrier cannot have %u parties", parties);
      return NULL;
    }
  if (!gmproc_deadline_from_timeout (default_timeout, &deadline, error)
      || !gmproc_monitor_new (&self->monitor, KIND, error))
    return NULL;
  get_state (self)->parties = parties;
  return g_steal_pointer (&self);
}

/* How the caller arrived, in the round that *ret_word is of; sleeps as long as that is too early.
 * *ret_prepared is for those who wait. */
static Arrival
arrive (GmprocBarrier *self, gint64 deadline, GCancellable *cancellable, guint64 *ret_word,
        guint32 *ret_prepared, GError **error)
{
  Damage damage = { 0 };
  Arrival arrival;
  Looks looks;

  looks_init (&looks, self);
  do
    {
      if (!gmproc_guard_enter (&self->monitor.lock, deadline, cancellable, error))
        return ARRIVAL_FAILED;
      *ret_word = load_word (self);
      arrival = arrive_locked (self, *ret_word, &damage);
      if (arrival == ARRIVAL_EARLY && looks.is_due && end_for_dead_locked (self, &damage))
        arrival = ARRIVAL_REFUSED;
      if (arrival == ARRIVAL_EARLY || arrival == ARRIVAL_WAITS)
        *ret_prepared = gmproc_waitpoint_prepare (&self->monitor.waitpoint);
      gmproc_guard_leave (&self->monitor.lock);

      if (arrival == ARRIVAL_EARLY
          && !sleep_or_look (self, &looks, *ret_prepared, deadline, cancellable, error))
        return ARRIVAL_FAILED;
    }
  while (arrival == ARRIVAL_EARLY);

  if (arrival == ARRIVAL_REFUSED)
    (void) set_broken_error (&damage, error);
  return arrival;
}

/**
 * gmproc_barrier_wait:
 * @self: a barrier
 * @timeout: microseconds, 0 to cross only as the last one, or %GMPROC_FOREVER for the barrier's
 *   default timeout, which is none unless gmproc_barrier_new_full() was given one
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Arrives at the barrier, and waits until all parties have. A party that gives up breaks the
 * barrier: the others cannot be complete any more.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT and %G_IO_ERROR_CANCELLED for the party that gives up; what the
 * action says for the party that ran it; %GMPROC_ERROR_BARRIER_BROKEN for the others, and until
 * gmproc_barrier_reset(). When a party has died, its message names the process.
 *
 * A party is every process that has waited at the barrier or got it from another process, until it
 * drops the barrier or ends by exit(). When one is killed or crashes, the barrier breaks, whether
 * it had arrived or not; who waits learns of it within a fraction of a second. In Python everybody
 * else waits for ever.
 *
 * Returns: the number of parties that had arrived before, 0 for exactly one of them; -1 on error
 * Since: 1.0
 */
int
gmproc_barrier_wait (GmprocBarrier *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  gboolean has_crossed;
  gint64 deadline;
  guint64 word = 0;
  guint32 prepared = 0;

  g_return_val_if_fail (GMPROC_IS_BARRIER (self), -1);

  if (timeout == GMPROC_FOREVER)
    timeout = self->default_timeout;
  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;

  switch (arrive (self, deadline, cancellable, &word, &prepared, error))
    {
    case ARRIVAL_CROSSES:
      has_crossed = TRUE;
      break;
    case ARRIVAL_ACTS:
      has_crossed = act (self, get_round (word), error);
      break;
    case ARRIVAL_WAITS:
      has_crossed = wait_for_round (self, get_round (word), prepared, deadline, cancellable, error);
      break;
    case ARRIVAL_REFUSED:
    case ARRIVAL_FAILED:
    default:
      has_crossed = FALSE;
    }
  return has_crossed ? (int) (word & ARRIVED_MASK) : -1;
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
 * Makes the barrier new: who waits gets %GMPROC_ERROR_BARRIER_BROKEN, who comes begins a round. The
 * dead are no parties any more.
 *
 * Since: 1.0
 */
void
gmproc_barrier_reset (GmprocBarrier *self)
{
  g_return_if_fail (GMPROC_IS_BARRIER (self));

  gmproc_guard_enter_always (&self->monitor.lock);
  if (has_parties (self))
    gmproc_parties_forget_dead_locked (&get_state (self)->processes);
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
