/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "round.h"

#include <stdlib.h>

#include "internal/crash-point.h"
#include "internal/shareable.h"

#define ARGS_FORMAT "(hhhhuusu)"
#define BOUND (20 * G_TIME_SPAN_SECOND)
#define KILLED (-9)        /* also where the system knows no signals */
#define POLL_INTERVAL (50) /* microseconds */
#define CONFIRMATION (10 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_RANDOM_LIFE (2000) /* microseconds */
#define STEPS_OF_A_VICTIM (4000)
#define LIFE_OF_A_VICTIM (400 * G_TIME_SPAN_MILLISECOND)

gint64
get_bound (void)
{
  const char *text = g_getenv ("GMPROC_CRASH_BOUND"); /* seconds */

  return text == NULL ? BOUND : g_ascii_strtoll (text, NULL, 10) * G_TIME_SPAN_SECOND;
}

/* -- in every process of a round --------------------------------------------------------------- */

static gpointer
open_handle (gint32 handle, GType type)
{
  g_autoptr (GError) error = NULL;
  gpointer object = gmproc_shareable_from_handle (handle, type, &error);

  g_assert_no_error (error);
  return object;
}

void
actor_open (Actor *self, GVariant *args)
{
  g_autofree char *point = NULL;
  gint32 ledger;
  gint32 go[N_ROLES];
  guint32 count;

  *self = (Actor){ 0 };
  g_variant_get (args, ARGS_FORMAT, &ledger, &self->object, &go[0], &go[1], &self->index,
                 &self->role, &point, &count);
  self->ledger = open_handle (ledger, LEDGER_TYPE);
  self->place = ledger_get_place (self->ledger);
  self->card = &self->place->cards[self->index];
  for (guint i = 0; i < N_ROLES; i++)
    self->go[i] = open_handle (go[i], GMPROC_TYPE_EVENT);
  self->n_steps = STEPS_OF_A_VICTIM;
  self->deadline = g_get_monotonic_time () + LIFE_OF_A_VICTIM;

  __atomic_store_n (&self->card->is_running, 1, __ATOMIC_RELEASE);
  if (*point != '\0')
    g_assert_true (gmproc_crash_point_arm (point, count));
}

void
actor_clear (Actor *self)
{
  for (guint i = 0; i < N_ROLES; i++)
    g_clear_object (&self->go[i]);
  g_clear_object (&self->ledger);
}

gboolean
actor_goes_on (Actor *self)
{
  /* The parent counts the generation before it clears the event, so who sees the event cleared sees
   * the generation as well. It may set and clear the event before we come to wait, hence the short
   * wait: the new generation has to be confirmed too. */
  while (!gmproc_event_is_set (self->go[self->role]))
    {
      __atomic_store_n (&self->card->paused_at,
                        __atomic_load_n (&self->place->generation, __ATOMIC_SEQ_CST),
                        __ATOMIC_SEQ_CST);
      (void) gmproc_event_wait (self->go[self->role], CONFIRMATION, NULL, NULL);
    }
  return __atomic_load_n (&self->place->must_stop, __ATOMIC_ACQUIRE) == 0;
}

gboolean
actor_has_steps (Actor *self)
{
  return self->n_steps-- > 0 && g_get_monotonic_time () < self->deadline;
}

/* -- in the parent ----------------------------------------------------------------------------- */

static GmprocProcess *
start (Round *self, GmprocTarget target, guint role, const char *point, guint count)
{
  GVariant *args =
      g_variant_new (ARGS_FORMAT, gmproc_shareable_get_handle (GMPROC_SHAREABLE (self->ledger)),
                     gmproc_shareable_get_handle (GMPROC_SHAREABLE (self->object)),
                     gmproc_event_get_handle (self->go[0]), gmproc_event_get_handle (self->go[1]),
                     self->n_cards++, role, point != NULL ? point : "", count);
  GmprocProcess *process = gmproc_process_new (target, args);
  g_autoptr (GError) error = NULL;

  gmproc_process_set_daemon (process, TRUE); /* a parent that gives up leaves nobody behind */
  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  return process;
}

gboolean
round_await (Round *self, RoundCondition condition, const char *what)
{
  gint64 deadline = g_get_monotonic_time () + get_bound ();

  while (!condition (self))
    {
      if (g_get_monotonic_time () > deadline && !condition (self))
        {
          ledger_report (self->place, FINDING_HANG, "%s", what);
          return FALSE;
        }
      g_usleep (POLL_INTERVAL);
    }
  return TRUE;
}

guint
round_get_role (Round *self, guint card)
{
  return self->workload->get_role (card - 1, self->victim_role);
}

guint
round_count_role (Round *self, guint role)
{
  guint n = 0;

  for (guint i = 1; i <= self->n_survivors; i++)
    n += round_get_role (self, i) == role;
  return n;
}

void
round_pause (Round *self, guint role)
{
  (void) __atomic_add_fetch (&self->place->generation, 1, __ATOMIC_SEQ_CST);
  gmproc_event_clear (self->go[role]);
}

gboolean
round_is_paused (Round *self, guint role)
{
  for (guint i = 1; i <= self->n_survivors; i++)
    if (round_get_role (self, i) == role
        && __atomic_load_n (&self->place->cards[i].paused_at, __ATOMIC_SEQ_CST)
               != self->place->generation)
      return FALSE;
  return TRUE;
}

void
round_go_on (Round *self, guint role)
{
  gmproc_event_set (self->go[role]);
}

static gboolean
all_run (Round *self)
{
  for (guint i = 1; i < self->n_cards; i++)
    if (__atomic_load_n (&self->place->cards[i].is_running, __ATOMIC_ACQUIRE) == 0)
      return FALSE;
  return TRUE;
}

void
round_begin (Round *self, const Workload *workload, GRand *rand, guint number, guint victim_role)
{
  g_autoptr (GError) error = NULL;

  *self = (Round){ .workload = workload,
                   .rand = rand,
                   .number = number,
                   .victim_role = victim_role,
                   .n_survivors = 1 + number % MOST_SURVIVORS,
                   .n_cards = 1 };
  self->history = g_strdup ("");
  self->ledger = ledger_new ();
  self->place = ledger_get_place (self->ledger);
  self->place->is_hungry = g_rand_boolean (rand);
  for (guint i = 0; i < N_ROLES; i++)
    {
      self->go[i] = gmproc_event_new (&error);
      g_assert_no_error (error);
      gmproc_event_set (self->go[i]);
    }
  self->object = workload->make (self);

  for (guint i = 0; i < self->n_survivors; i++)
    self->survivors[i] =
        start (self, workload->survivor, workload->get_role (i, victim_role), NULL, 0);
  (void) round_await (self, all_run, "the survivors did not start");
}

/* Survivors end by themselves; who does not hangs. After a finding nobody waits for that any more.
 */
static void
join_survivors (Round *self)
{
  gboolean is_good = !ledger_has_findings (self->place);

  for (guint i = 0; i < self->n_survivors; i++)
    {
      GmprocProcess *survivor = self->survivors[i];

      if (!gmproc_process_join (survivor, is_good ? get_bound () : 0, NULL, NULL))
        {
          if (is_good)
            ledger_report (self->place, FINDING_HANG, "survivor %u did not end", i + 1);
          gmproc_process_kill (survivor, NULL);
          g_assert_true (gmproc_process_join (survivor, GMPROC_FOREVER, NULL, NULL));
        }
      else if (gmproc_process_get_exit_code (survivor) != EXIT_SUCCESS)
        ledger_report (self->place, FINDING_STATE, "survivor %u ended with %d", i + 1,
                       gmproc_process_get_exit_code (survivor));
      g_clear_object (&self->survivors[i]);
    }
}

/* When something was found: what everybody is doing, and how the victims ended. */
static void
describe (Round *self)
{
  g_test_message ("round %u, victim's role %u, killed:%s", self->number, self->victim_role,
                  self->history);
  for (guint i = 0; i <= self->n_survivors; i++)
    {
      const Card *card = &self->place->cards[i];

      g_test_message ("card %u: role %u, begun %" G_GUINT64_FORMAT ", done %" G_GUINT64_FORMAT
                      ", paused %u of %u%s",
                      i, i > 0 ? round_get_role (self, i) : 0, card->n_begun, card->n_done,
                      card->paused_at, self->place->generation, card->is_taking ? ", taking" : "");
    }
}

void
round_end (Round *self)
{
  if (!ledger_has_findings (self->place))
    self->workload->finish (self);
  if (ledger_has_findings (self->place))
    describe (self);
  join_survivors (self);
  if (!ledger_has_findings (self->place))
    self->workload->check (self);

  for (guint i = 0; i < N_ROLES; i++)
    g_clear_object (&self->go[i]);
  g_clear_pointer (&self->history, g_free);
  g_clear_object (&self->object);
  g_clear_object (&self->ledger);
}

gboolean
round_can_go_on (Round *self, guint n_kills)
{
  return n_kills < self->workload->most_kills && self->n_cards < LEDGER_CARDS
         && __atomic_load_n (&self->place->is_exhausted, __ATOMIC_RELAXED) == 0
         && !ledger_has_findings (self->place);
}

/* At any moment of its work, which takes some microseconds a step. */
static void
kill_at_random (Round *self, GmprocProcess *victim)
{
  gint64 moment;
  g_autoptr (GError) error = NULL;

  if (!round_await (self, all_run, "a victim did not start"))
    return;
  moment = g_get_monotonic_time () + g_rand_int_range (self->rand, 0, LONGEST_RANDOM_LIFE);
  while (g_get_monotonic_time () < moment)
    g_thread_yield ();
  gmproc_process_kill (victim, &error);
  g_assert_no_error (error);
}

static void
note_in_history (Round *self, const char *point)
{
  g_autofree char *before = self->history;

  self->history = g_strconcat (before, " ", point, NULL);
}

gboolean
join_victim (LedgerPlace *place, GmprocProcess *victim, const char *what, const char *where,
             gboolean *ret_was_killed)
{
  int exit_code;

  if (!gmproc_process_join (victim, get_bound (), NULL, NULL))
    {
      ledger_report (place, FINDING_HANG, "a %s of %s hangs", what, where);
      gmproc_process_kill (victim, NULL);
      g_assert_true (gmproc_process_join (victim, GMPROC_FOREVER, NULL, NULL));
      return FALSE;
    }

  exit_code = gmproc_process_get_exit_code (victim);
  if (exit_code != EXIT_SUCCESS && exit_code != KILLED)
    ledger_report (place, FINDING_STATE, "a %s of %s ended with %d", what, where, exit_code);
  *ret_was_killed = exit_code == KILLED;
  return TRUE;
}

gboolean
round_kill (Round *self, const char *point, guint count)
{
  const Workload *workload = self->workload;
  const char *where = point != NULL ? point : "no given point";
  guint card = self->n_cards;
  g_autoptr (GmprocProcess) victim =
      start (self, workload->victim, self->victim_role, point, count);
  gboolean was_killed;

  if (point == NULL)
    kill_at_random (self, victim);
  if (!join_victim (self->place, victim, "victim", where, &was_killed))
    return FALSE;

  note_in_history (self, was_killed ? where : "nowhere");
  if (!ledger_has_findings (self->place))
    workload->settle (self, card, was_killed && point != NULL ? point : "");
  return was_killed;
}
