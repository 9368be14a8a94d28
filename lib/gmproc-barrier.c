/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocBarrier: a point that a number of parties cross together.
 *
 * The barrier goes through rounds. A round ends when the last party arrives, or when it breaks: a
 * party gives up, or somebody aborts or resets. The state is one word: the round's number, how many
 * have arrived in it, whether one of them may be asleep, and whether the barrier is broken.
 *
 * All but the last arrive by one compare and exchange, without the lock. They sleep on the round's
 * number itself, after they have set the bit for that in the same way, and find by one load that
 * the number has gone on. So those who are woken do not line up for a lock, and who wakes them may
 * run again when it likes. A round ends inside the lock: with nobody asleep, by a compare and
 * exchange, which fails when somebody sets the bit; with the bit set, by one step that adds 1 to
 * the number and wakes (port.h, add_state). Whoever waits with a cancellable or in a main loop
 * sleeps on the waitpoint, as waitpoint.h says, and is woken before the round's end.
 *
 * A round that breaks takes two steps when somebody is asleep: the flag, then the number. Who is
 * killed in between leaves a round with the flag set in which others have arrived. That round
 * breaks when one of them looks, which is within a fraction of a second.
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
 * then. A process that is stopped is not dead. For a child that dies before it has the barrier its
 * parent breaks it (make_pledge).
 *
 * Fairness: all who wait go on together; who runs first is up to the system.
 * Memory: what any party wrote before it arrived is seen by all when they have crossed.
 */
#include "config.h"

#include "gmproc-barrier-private.h"

#include "gmproc-dump-private.h"
#include "gmproc-error.h"
#include "internal/deadline.h"
#include "internal/guard.h"
#include "internal/kind.h"
#include "internal/shareable.h"

/* In a message: the monitor, and the default timeout. */
#define FORMAT "(vx)"

#define KIND GMPROC_KIND_BARRIER

static void gmproc_barrier_shareable_init (GmprocShareableInterface *iface);

/**
 * GmprocBarrier:
 *
 * A place at which a number of parties wait for each other. When one of them is killed, the barrier
 * breaks for the others. In Python it is `multiprocessing.Barrier`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocBarrier, gmproc_barrier, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE,
                                                gmproc_barrier_shareable_init))

static void
gmproc_barrier_finalize (GObject *object)
{
  GmprocBarrier *self = GMPROC_BARRIER (object);

  /* A pledge may be dropped in the reaper, which must not wait for a lock. */
  if (!self->is_pledge)
    gmproc_barrier_leave (self);
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
  gmproc_barrier_join_locked (self);
  gmproc_guard_leave (&self->monitor.lock);
  return (GmprocShareable *) g_steal_pointer (&self);
}

static GmprocShareable *
gmproc_barrier_make_pledge (GmprocShareable *shareable)
{
  GmprocBarrier *self = GMPROC_BARRIER (shareable);
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GVariant) monitor =
      g_variant_ref_sink (gmproc_monitor_export (&self->monitor, parcel));
  g_autoptr (GmprocBarrier) pledge = g_object_new (GMPROC_TYPE_BARRIER, NULL);

  pledge->is_pledge = TRUE;
  if (!gmproc_monitor_import (&pledge->monitor, monitor, KIND, parcel, NULL))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&pledge);
}

/* A child that was killed before it had the barrier is in no chain, where it would be missed. When
 * another process is stopped inside the lock the barrier stays as it is. */
static void
gmproc_barrier_forfeit (GmprocShareable *shareable)
{
  GmprocBarrier *pledge = GMPROC_BARRIER (shareable);

  if (!gmproc_guard_enter (&pledge->monitor.lock, g_get_monotonic_time (), NULL, NULL))
    return;
  gmproc_barrier_end_round_locked (pledge, TRUE, TRUE);
  gmproc_guard_leave (&pledge->monitor.lock);
}

static void
gmproc_barrier_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_barrier_export_to;
  iface->import_from = gmproc_barrier_import_from;
  iface->make_pledge = gmproc_barrier_make_pledge;
  iface->forfeit = gmproc_barrier_forfeit;
}

/* -- public ---------------------------------------------------------------------------------- */

/**
 * gmproc_barrier_new:
 * @parties: how many cross together, at least 1
 * @error: return location
 *
 * Makes a barrier, like `multiprocessing.Barrier`.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for 0 parties or more than 2²³ - 1; what the system says
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
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for 0 parties or more than 2²³ - 1, and for a timeout that
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

  if (parties == 0 || parties > GMPROC_BARRIER_MOST_PARTIES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "A barrier cannot have %u parties", parties);
      return NULL;
    }
  if (!gmproc_deadline_from_timeout (default_timeout, &deadline, error)
      || !gmproc_monitor_new (&self->monitor, KIND, error))
    return NULL;
  gmproc_barrier_get_state (self)->parties = parties;
  return g_steal_pointer (&self);
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
 * it had arrived or not; who waits learns of it within a fraction of a second. A child that is
 * killed before it has taken the barrier over from its args breaks it when its parent, which has to
 * live, reaps it; then the message names nobody. Who is killed before it has received the barrier
 * through a queue or a connection is not missed. In Python everybody else waits for ever.
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

  g_return_val_if_fail (GMPROC_IS_BARRIER (self), -1);

  if (timeout == GMPROC_FOREVER)
    timeout = self->default_timeout;
  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;

  switch (gmproc_barrier_arrive (self, deadline, cancellable, &word, error))
    {
    case GMPROC_BARRIER_CROSSES:
      has_crossed = TRUE;
      break;
    case GMPROC_BARRIER_ACTS:
      has_crossed = gmproc_barrier_act (self, gmproc_barrier_get_round (word), error);
      break;
    case GMPROC_BARRIER_WAITS:
      has_crossed = gmproc_barrier_wait_for_round (self, gmproc_barrier_get_round (word), deadline,
                                                   cancellable, error);
      break;
    case GMPROC_BARRIER_REFUSED:
    case GMPROC_BARRIER_FAILED:
    default:
      has_crossed = FALSE;
    }
  return has_crossed ? (int) gmproc_barrier_get_arrived (word) : -1;
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
  gmproc_barrier_end_round_locked (self, TRUE, TRUE);
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
  if (gmproc_barrier_has_parties (self))
    gmproc_parties_forget_dead_locked (&gmproc_barrier_get_state (self)->processes,
                                       &self->monitor.slot.subject);
  gmproc_barrier_end_round_locked (self, TRUE, FALSE);
  gmproc_guard_leave (&self->monitor.lock);
}

/**
 * gmproc_barrier_get_parties:
 * @self: a barrier
 *
 * How many parties the barrier is for.
 *
 * Returns: how many cross together
 * Since: 1.0
 */
guint
gmproc_barrier_get_parties (GmprocBarrier *self)
{
  g_return_val_if_fail (GMPROC_IS_BARRIER (self), 0);

  return gmproc_barrier_get_state (self)->parties;
}

/**
 * gmproc_barrier_get_n_waiting:
 * @self: a barrier
 *
 * How many parties wait at this moment.
 *
 * Returns: how many have arrived in the round that is under way
 * Since: 1.0
 */
guint
gmproc_barrier_get_n_waiting (GmprocBarrier *self)
{
  g_return_val_if_fail (GMPROC_IS_BARRIER (self), 0);

  return gmproc_barrier_get_arrived (gmproc_barrier_load_word (self));
}

/**
 * gmproc_barrier_is_broken:
 * @self: a barrier
 *
 * Whether waiting fails until a reset.
 *
 * Returns: whether nobody can cross before a reset
 * Since: 1.0
 */
gboolean
gmproc_barrier_is_broken (GmprocBarrier *self)
{
  g_return_val_if_fail (GMPROC_IS_BARRIER (self), FALSE);

  return (gmproc_barrier_load_word (self) & GMPROC_BARRIER_IS_BROKEN) != 0;
}

void
gmproc_barrier_describe (const GmprocSlotPlace *place, GmprocDescription *ret)
{
  const GmprocBarrierState *state = gmproc_monitor_get_state_in (place);
  guint arrived = gmproc_barrier_get_arrived (state->word);
  gboolean is_broken = (state->word & GMPROC_BARRIER_IS_BROKEN) != 0;

  g_string_append_printf (ret->text, "%u of %u have arrived%s", arrived, state->parties,
                          is_broken ? ", broken" : "");
  g_string_append_printf (ret->json, "\"arrived\": %u, \"parties\": %u, \"broken\": %s", arrived,
                          state->parties, is_broken ? "true" : "false");
}

/**
 * gmproc_barrier_get_handle:
 * @self: a barrier
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
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
