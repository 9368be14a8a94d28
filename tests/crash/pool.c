/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal/crash-point.h"
#include "internal/shareable.h"

#define ITEM_TYPE "(uusu)" /* card, number, and the point that its worker is killed at, if any */
#define N_ITEMS (48)
#define MOST_MAPS (24) /* in which a worker that was told to comes to its point */
#define LONGEST_RANDOM_LIFE (2000)
#define WORKERS_OF_A_SUBMITTER (2)
#define MAPS_OF_A_SUBMITTER (400)
#define POLL_INTERVAL (50) /* microseconds */

/* -- in a worker ------------------------------------------------------------------------------- */

static Ledger *own_ledger;
static GmprocConnection *own_connection;

static gpointer
open_handle (gint32 handle, GType type)
{
  g_autoptr (GError) error = NULL;
  gpointer object = gmproc_shareable_from_handle (handle, type, &error);

  g_assert_no_error (error);
  return object;
}

GMPROC_DEFINE_FUNCTION (pool_begin, "h", "()")
{
  own_ledger = open_handle (g_variant_get_handle (item), LEDGER_TYPE);
  return g_variant_new ("()");
}

/* The worker has the end of a pipe as long as it lives. */
GMPROC_DEFINE_FUNCTION (pool_hold, "h", "()")
{
  own_connection = open_handle (g_variant_get_handle (item), GMPROC_TYPE_CONNECTION);
  return g_variant_new ("()");
}

static guint32
get_result (guint32 number)
{
  return number * 7 + 1;
}

GMPROC_DEFINE_FUNCTION (pool_item, ITEM_TYPE, "u")
{
  guint32 card, number, nth;
  const char *point;

  g_variant_get (item, "(uu&su)", &card, &number, &point, &nth);
  if (own_ledger != NULL)
    {
      LedgerPlace *place = ledger_get_place (own_ledger);

      (void) __atomic_fetch_add (&place->taken[card][number], 1, __ATOMIC_SEQ_CST);
      if (*point != '\0')
        __atomic_store_n (&place->pair[0],
                          (guint64) gmproc_process_get_pid (gmproc_process_get_current ()),
                          __ATOMIC_SEQ_CST);
    }
  if (*point != '\0')
    g_assert_true (gmproc_crash_point_arm (point, nth));
  return g_variant_new_uint32 (get_result (number));
}

/* -- in the parent: maps ----------------------------------------------------------------------- */

static GVariant *
make_items (guint card, const char *point, guint nth, guint armed)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a" ITEM_TYPE));
  for (guint i = 0; i < N_ITEMS; i++)
    g_variant_builder_add (&builder, ITEM_TYPE, card, i, i == armed && point != NULL ? point : "",
                           nth);
  return g_variant_builder_end (&builder);
}

static void
check_results (PoolRound *self, GVariant *results, const gint8 *n_ran)
{
  if (g_variant_n_children (results) != N_ITEMS)
    {
      ledger_report (self->place, FINDING_LOSS, "of %d results %u came", N_ITEMS,
                     (guint) g_variant_n_children (results));
      return;
    }
  for (guint i = 0; i < N_ITEMS; i++)
    {
      guint32 result;

      g_variant_get_child (results, i, "u", &result);
      if (result != get_result (i))
        ledger_report (self->place, FINDING_TEAR, "item %u has the result %u", i, result);
      if (n_ran[i] == 0)
        ledger_report (self->place, FINDING_STATE, "item %u has a result and did not run", i);
    }
}

/* The message of an error says which item it was, and how its process ended. */
static void
check_error (PoolRound *self, const GError *error)
{
  guint number;

  if (!g_error_matches (error, GMPROC_ERROR, GMPROC_ERROR_WORKER_DIED)
      || sscanf (error->message, "pool_item, item %u: ", &number) != 1 || number >= N_ITEMS
      || strstr (error->message, "signal 9") == NULL)
    ledger_report (self->place, FINDING_STATE, "map: %s", error->message);
}

/* FALSE when a worker died of an item. */
static gboolean
map (PoolRound *self, const char *point, guint nth)
{
  guint card = self->n_maps++;
  guint armed = (guint) g_rand_int_range (self->rand, 0, N_ITEMS);
  const gint8 *n_ran = self->place->taken[card];
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) results = NULL;

  results =
      gmproc_pool_map (self->pool, pool_item, make_items (card, point, nth, armed), NULL, &error);
  if (results != NULL)
    check_results (self, results, n_ran);
  else
    check_error (self, error);
  for (guint i = 0; i < N_ITEMS; i++)
    if (n_ran[i] > 1)
      ledger_report (self->place, FINDING_DUPLICATE, "item %u ran %d times", i, n_ran[i]);
  return results != NULL;
}

static guint
count_workers (void)
{
  g_autolist (GmprocProcess) children = gmproc_list_children ();

  return g_list_length (children);
}

static gboolean
is_worker (gint64 pid)
{
  g_autolist (GmprocProcess) children = gmproc_list_children ();

  for (GList *link = children; link != NULL; link = link->next)
    if (gmproc_process_get_pid (link->data) == pid)
      return TRUE;
  return FALSE;
}

/* Nobody is armed or dying any more: all results, and as many workers as there should be. The pool
 * makes up for a dead one only when it is needed, unless it is told to start all. */
static void
settle (PoolRound *self, const char *where)
{
  gint64 deadline = g_get_monotonic_time () + get_bound ();

  while (pool_round_can_go_on (self) && !map (self, NULL, 0))
    ;
  if (!gmproc_pool_start (self->pool, NULL))
    ledger_report (self->place, FINDING_STATE, "after a death at %s no worker starts", where);
  while (count_workers () != gmproc_pool_get_n_workers (self->pool))
    {
      if (g_get_monotonic_time () > deadline)
        {
          ledger_report (self->place, FINDING_LOSS, "after a death at %s %u workers are left of %u",
                         where, count_workers (), gmproc_pool_get_n_workers (self->pool));
          return;
        }
      g_usleep (POLL_INTERVAL);
    }
}

/* -- workers ----------------------------------------------------------------------------------- */

static gboolean
kill_armed (PoolRound *self, const char *point, guint nth)
{
  gint64 pid;

  __atomic_store_n (&self->place->pair[0], 0, __ATOMIC_SEQ_CST);
  (void) map (self, point, nth);
  pid = (gint64) __atomic_load_n (&self->place->pair[0], __ATOMIC_SEQ_CST);
  for (guint i = 0; pid != 0 && is_worker (pid) && i < MOST_MAPS && pool_round_can_go_on (self);
       i++)
    (void) map (self, NULL, 0);
  return pid != 0 && !is_worker (pid);
}

static gpointer
kill_later (gpointer user_data)
{
  PoolRound *self = user_data;
  g_autolist (GmprocProcess) children = gmproc_list_children ();
  gint64 moment =
      g_get_monotonic_time () + (gint64) __atomic_load_n (&self->place->pair[1], __ATOMIC_SEQ_CST);

  while (g_get_monotonic_time () < moment)
    g_thread_yield ();
  if (children == NULL)
    return NULL;
  return GINT_TO_POINTER (gmproc_process_kill (
      g_list_nth_data (children, (guint) moment % g_list_length (children)), NULL));
}

static gboolean
kill_any (PoolRound *self)
{
  GThread *killer;

  self->place->pair[1] = (guint64) g_rand_int_range (self->rand, 0, LONGEST_RANDOM_LIFE);
  killer = g_thread_new ("killer", kill_later, self);
  (void) map (self, NULL, 0);
  return GPOINTER_TO_INT (g_thread_join (killer));
}

gboolean
pool_round_kill_worker (PoolRound *self, const char *point, guint nth)
{
  gboolean was_killed = point != NULL ? kill_armed (self, point, nth) : kill_any (self);

  settle (self, point != NULL ? point : "no given point");
  return was_killed;
}

/* -- submitters -------------------------------------------------------------------------------- */

GMPROC_DEFINE_TARGET (pool_submitter)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocPool) pool = gmproc_pool_new_on_demand (WORKERS_OF_A_SUBMITTER);
  g_autoptr (GmprocConnection) held = NULL; /* an object is there as long as somebody has it */
  g_autofree char *point = NULL;
  gint32 handle;
  guint32 nth;

  g_variant_get (args, "(hsu)", &handle, &point, &nth);
  held = open_handle (handle, GMPROC_TYPE_CONNECTION);
  g_assert_true (
      gmproc_pool_set_initializer (pool, pool_hold, g_variant_new_handle (handle), &error));
  for (guint i = 0; i < MAPS_OF_A_SUBMITTER; i++)
    {
      g_autoptr (GVariant) results =
          gmproc_pool_map (pool, pool_item, make_items (0, NULL, 0, 0), NULL, &error);

      g_assert_no_error (error);
      g_assert_nonnull (results);
      /* Not before the workers are there: whether a start is whole is another test's. */
      if (i == 0 && *point != '\0')
        g_assert_true (gmproc_crash_point_arm (point, nth));
    }
  gmproc_pool_terminate (pool);
  g_assert_true (gmproc_pool_join (pool, GMPROC_FOREVER, NULL, NULL));
  return EXIT_SUCCESS;
}

/* Its workers have the other end, and nobody else has. */
static void
wait_for_orphans (PoolRound *self, GmprocConnection *reader, const char *where)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) nothing = gmproc_connection_receive (reader, get_bound (), NULL, &error);

  if (nothing != NULL || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    ledger_report (self->place, FINDING_HANG, "workers outlive a process that was killed at %s",
                   where);
}

gboolean
pool_round_kill_submitter (PoolRound *self, const char *point, guint nth)
{
  const char *where = point != NULL ? point : "no given point";
  g_autoptr (GmprocConnection) reader = NULL;
  g_autoptr (GmprocConnection) writer = NULL;
  g_autoptr (GmprocProcess) submitter = NULL;
  g_autoptr (GError) error = NULL;
  gboolean was_killed;

  g_assert_true (gmproc_pipe_new (FALSE, &reader, &writer, &error));
  submitter = gmproc_process_new (pool_submitter,
                                  g_variant_new ("(hsu)", gmproc_connection_get_handle (writer),
                                                 point != NULL ? point : "", nth));
  gmproc_process_start (submitter, &error);
  g_assert_no_error (error);
  g_clear_object (&writer);

  if (point == NULL)
    {
      g_usleep ((gulong) g_rand_int_range (self->rand, 0, 20 * LONGEST_RANDOM_LIFE));
      gmproc_process_kill (submitter, NULL);
    }
  if (!join_victim (self->place, submitter, "submitter", where, &was_killed))
    return FALSE;
  wait_for_orphans (self, reader, where);
  return was_killed;
}

/* -- rounds ------------------------------------------------------------------------------------ */

void
pool_round_begin (PoolRound *self, GRand *rand, guint n_workers)
{
  g_autoptr (GError) error = NULL;

  *self = (PoolRound){ .rand = rand };
  self->ledger = ledger_new ();
  self->place = ledger_get_place (self->ledger);
  self->pool = gmproc_pool_new_on_demand (n_workers);
  g_assert_true (gmproc_pool_set_initializer (
      self->pool, pool_begin,
      g_variant_new_handle (gmproc_shareable_get_handle (GMPROC_SHAREABLE (self->ledger))),
      &error));
  g_assert_true (gmproc_pool_start (self->pool, &error));
}

void
pool_round_end (PoolRound *self)
{
  gmproc_pool_close (self->pool);
  if (!gmproc_pool_join (self->pool, get_bound (), NULL, NULL))
    {
      ledger_report (self->place, FINDING_HANG, "a pool that was closed does not end");
      gmproc_pool_terminate (self->pool);
      g_assert_true (gmproc_pool_join (self->pool, GMPROC_FOREVER, NULL, NULL));
    }
  g_clear_object (&self->pool);
  g_clear_object (&self->ledger);
}

/* Enough cards for the maps of one death. */
gboolean
pool_round_can_go_on (PoolRound *self)
{
  return self->n_maps + 1 < LEDGER_CARDS && !ledger_has_findings (self->place);
}

static const char *const points[] = { "stream-", "link-", "waitpoint-sl", NULL };

/* Only a worker goes from one item to the next. */
static guint
get_victim_role (const char *point, guint attempt)
{
  return g_str_has_prefix (point, "link-") ? POOL_WORKER : attempt % N_ROLES;
}

const Workload workload_pool = {
  .name = "pool", .points = points, .most_kills = 1, .get_victim_role = get_victim_role
};
