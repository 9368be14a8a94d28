/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Kills processes while others work with them, at every step of every lock, wait and commit, and at
 * any time in between; and looks what becomes of the others.
 *
 * GMPROC_CRASH_MODE says how often: "quick", which is what happens without it, or "nightly".
 * GMPROC_CRASH_ONLY is the beginning of the names of points: no others are tried.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "internal/crash-point.h"
#include "pool.h"
#include "round.h"

#define MOST_POINTS (120)
#define MOST_NTH (4) /* a victim is killed when it passes a point the first time, … the fourth */

static const Workload *const workloads[] = { &workload_queue,       &workload_bounded_queue,
                                             &workload_queue_close, &workload_event,
                                             &workload_barrier,     &workload_lock,
                                             &workload_semaphore,   &workload_condition,
                                             &workload_pool };

#define N_WORKLOADS (G_N_ELEMENTS (workloads))

static guint kills[N_WORKLOADS][MOST_POINTS];
static guint random_kills[N_WORKLOADS];
static guint findings[N_FINDINGS];

/* -- the parent itself may hang ------------------------------------------------------------------
 */

static GMutex watch_mutex;
static GCond watch_cond;
static gint64 last_progress; /* under the mutex; 0 ends the watch */

static gpointer
watch (G_GNUC_UNUSED gpointer data)
{
  gint64 allowed = 8 * get_bound ();

  g_mutex_lock (&watch_mutex);
  while (last_progress != 0)
    if (!g_cond_wait_until (&watch_cond, &watch_mutex, last_progress + allowed)
        && g_get_monotonic_time () >= last_progress + allowed)
      g_error ("hang: the parent itself came to no end");
  g_mutex_unlock (&watch_mutex);
  return NULL;
}

static void
note_progress (gint64 now)
{
  g_mutex_lock (&watch_mutex);
  last_progress = now;
  g_cond_signal (&watch_cond);
  g_mutex_unlock (&watch_mutex);
}

/* -- how often ----------------------------------------------------------------------------------
 */

static gboolean
is_nightly (void)
{
  const char *mode = g_getenv ("GMPROC_CRASH_MODE");

  if (mode == NULL || *mode == '\0' || strcmp (mode, "quick") == 0)
    return FALSE;
  if (strcmp (mode, "nightly") != 0)
    g_error ("GMPROC_CRASH_MODE is “%s”, which is neither quick nor nightly", mode);
  return TRUE;
}

static guint
get_kills_at_a_point (void)
{
  return is_nightly () ? 100 : 2;
}

/* A round has one victim where that changes the object for good, and the survivors take longer to
 * start than the victim to die. */
static guint
get_random_kills (const Workload *workload)
{
  if (workload->most_kills == 1)
    return is_nightly () ? 500 : 20;
  return is_nightly () ? 2000 : 120;
}

/* -- what happened ------------------------------------------------------------------------------
 */

static guint
get_index (const Workload *workload)
{
  guint i = 0;

  while (workloads[i] != workload)
    i++;
  return i;
}

/* FALSE, and the test has failed, when a round of WORKLOAD found something. */
static gboolean
look_at_findings (const Workload *workload, LedgerPlace *place)
{
  if (!ledger_has_findings (place))
    return TRUE;

  for (guint i = 0; i < N_FINDINGS; i++)
    {
      findings[i] += (guint) place->findings[i];
      if (place->findings[i] != 0)
        g_test_message ("%s: %d", ledger_name_finding (i), place->findings[i]);
    }
  g_test_fail_printf ("%s: %s", workload->name, place->text);
  return FALSE;
}

static gboolean
end_round (Round *round)
{
  g_autoptr (Ledger) ledger = g_object_ref (round->ledger);
  const Workload *workload = round->workload;
  gboolean is_good;

  round_end (round);
  is_good = look_at_findings (workload, ledger_get_place (ledger));
  note_progress (g_get_monotonic_time ());
  return is_good;
}

static void
begin_round (Round *round, const Workload *workload, GRand *rand, guint number)
{
  note_progress (g_get_monotonic_time ());
  round_begin (round, workload, rand, number, (number + number / MOST_SURVIVORS) % N_ROLES);
}

/* -- at every point ------------------------------------------------------------------------------
 */

typedef struct
{
  const char *name;
  guint index;
  guint n_killed;
  guint n_attempts;
} Pending;

static gboolean
can_come_to (const Workload *workload, const char *point)
{
  const char *only = g_getenv ("GMPROC_CRASH_ONLY");

  if (only != NULL && !g_str_has_prefix (point, only))
    return FALSE;
  for (guint i = 0; workload->points[i] != NULL; i++)
    if (g_str_has_prefix (point, workload->points[i]))
      return TRUE;
  return FALSE;
}

static GArray *
list_points (const Workload *workload)
{
  const char *const *names = gmproc_crash_point_list ();
  GArray *pending = g_array_new (FALSE, FALSE, sizeof (Pending));

  for (guint i = 0; names[i] != NULL; i++)
    {
      Pending point = { names[i], i, 0, 0 };

      g_assert_cmpuint (i, <, MOST_POINTS);
      if (can_come_to (workload, names[i]))
        g_array_append_val (pending, point);
    }
  return pending;
}

/* The next one that a victim of this round's role may come to, from *AT on; or NULL. */
static Pending *
find_point (Round *round, GArray *pending, guint *at)
{
  for (guint i = 0; i < pending->len; i++)
    {
      Pending *point = &g_array_index (pending, Pending, (*at + i) % pending->len);

      if (round->workload->get_victim_role == NULL
          || round->workload->get_victim_role (point->name, point->n_attempts)
                 == round->victim_role)
        {
          *at = (*at + i + 1) % pending->len;
          return point;
        }
    }
  return NULL;
}

static guint
choose_nth (const Pending *point, GRand *rand)
{
  return point->n_attempts % 2 == 0 ? 1 : (guint) g_rand_int_range (rand, 1, MOST_NTH + 1);
}

/* What came of an attempt; takes the point off the list when that was often enough. */
static void
note_attempt (const Workload *workload, GArray *pending, Pending *point, gboolean was_killed)
{
  guint wanted = get_kills_at_a_point ();

  point->n_attempts++;
  if (was_killed)
    {
      point->n_killed++;
      kills[get_index (workload)][point->index]++;
    }
  if (point->n_attempts > 50 + 20 * wanted)
    {
      g_test_fail_printf ("%s: of %u victims %u came to the point %s", workload->name,
                          point->n_attempts, point->n_killed, point->name);
      point->n_killed = wanted;
    }
  if (point->n_killed >= wanted)
    g_array_remove_index (pending, (guint) (point - &g_array_index (pending, Pending, 0)));
}

static void
run_points (const Workload *workload)
{
  g_autoptr (GArray) pending = list_points (workload);
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  gboolean is_good = TRUE;
  guint at = 0;

  for (guint number = 0; is_good && pending->len > 0; number++)
    {
      guint n_kills = 0;
      Pending *point;
      Round round;

      begin_round (&round, workload, rand, number);
      while (round_can_go_on (&round, n_kills) && pending->len > 0
             && (point = find_point (&round, pending, &at)) != NULL)
        {
          note_attempt (workload, pending, point,
                        round_kill (&round, point->name, choose_nth (point, rand)));
          n_kills++;
        }
      is_good = end_round (&round);
    }
}

/* -- at any time --------------------------------------------------------------------------------
 */

static void
run_random (const Workload *workload)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  guint wanted = get_random_kills (workload);
  guint *n_killed = &random_kills[get_index (workload)];
  gboolean is_good = TRUE;

  for (guint number = 0; is_good && *n_killed < wanted; number++)
    {
      guint n_kills = 0;
      Round round;

      begin_round (&round, workload, rand, number);
      while (round_can_go_on (&round, n_kills) && *n_killed < wanted)
        {
          *n_killed += round_kill (&round, NULL, 0);
          n_kills++;
        }
      is_good = end_round (&round);
    }
}

/* -- pools -------------------------------------------------------------------------------------
 */

static gboolean
end_pool_round (PoolRound *round)
{
  g_autoptr (Ledger) ledger = g_object_ref (round->ledger);

  pool_round_end (round);
  note_progress (g_get_monotonic_time ());
  return look_at_findings (&workload_pool, ledger_get_place (ledger));
}

static gboolean
kill_of_pool (PoolRound *round, guint role, const char *point, guint nth)
{
  note_progress (g_get_monotonic_time ());
  return role == POOL_WORKER ? pool_round_kill_worker (round, point, nth)
                             : pool_round_kill_submitter (round, point, nth);
}

static void
test_points_pool (void)
{
  g_autoptr (GArray) pending = list_points (&workload_pool);
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  gboolean is_good = TRUE;
  guint at = 0;

  for (guint number = 0; is_good && pending->len > 0; number++)
    {
      PoolRound round;

      pool_round_begin (&round, rand, 1 + number % MOST_SURVIVORS);
      while (pool_round_can_go_on (&round) && pending->len > 0)
        {
          Pending *point = &g_array_index (pending, Pending, at++ % pending->len);
          guint role = workload_pool.get_victim_role (point->name, point->n_attempts);

          note_attempt (&workload_pool, pending, point,
                        kill_of_pool (&round, role, point->name, choose_nth (point, rand)));
        }
      is_good = end_pool_round (&round);
    }
}

static void
test_random_pool (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) g_test_rand_int ());
  guint *n_killed = &random_kills[get_index (&workload_pool)];
  gboolean is_good = TRUE;

  for (guint number = 0; is_good && *n_killed < get_random_kills (&workload_pool); number++)
    {
      PoolRound round;

      pool_round_begin (&round, rand, 1 + number % MOST_SURVIVORS);
      for (guint i = 0;
           pool_round_can_go_on (&round) && *n_killed < get_random_kills (&workload_pool); i++)
        *n_killed += kill_of_pool (&round, i % 4 == 3 ? POOL_SUBMITTER : POOL_WORKER, NULL, 0);
      is_good = end_pool_round (&round);
    }
}

/* -- the account itself --------------------------------------------------------------------------
 */

/* A queue that gives an item twice, another process's or none at all would be seen. */
static void
test_ledger (void)
{
  g_autoptr (Ledger) ledger = ledger_new ();
  LedgerPlace *place = ledger_get_place (ledger);

  place->cards[1].n_begun = 2;
  ledger_take (place, 1, 0);
  ledger_take (place, 1, 1);
  g_assert_false (ledger_has_findings (place));

  ledger_take (place, 1, 1);
  g_assert_cmpint (place->findings[FINDING_DUPLICATE], ==, 1);
  ledger_take (place, 1, 2);
  g_assert_cmpint (place->findings[FINDING_STATE], ==, 1);
  ledger_take (place, LEDGER_CARDS, 0);
  g_assert_cmpint (place->findings[FINDING_TEAR], ==, 1);
}

/* -- all of it ----------------------------------------------------------------------------------
 */

#define DEFINE_TESTS(name)              \
  static void test_points_##name (void) \
  {                                     \
    run_points (&workload_##name);      \
  }                                     \
  static void test_random_##name (void) \
  {                                     \
    run_random (&workload_##name);      \
  }

DEFINE_TESTS (queue)
DEFINE_TESTS (bounded_queue)
DEFINE_TESTS (queue_close)
DEFINE_TESTS (event)
DEFINE_TESTS (barrier)
DEFINE_TESTS (lock)
DEFINE_TESTS (semaphore)
DEFINE_TESTS (condition)

static void
add_tests (void)
{
  gmproc_test_add ("/crash/ledger", test_ledger);
  gmproc_test_add ("/crash/points/queue", test_points_queue);
  gmproc_test_add ("/crash/points/bounded-queue", test_points_bounded_queue);
  gmproc_test_add ("/crash/points/queue-close", test_points_queue_close);
  gmproc_test_add ("/crash/points/event", test_points_event);
  gmproc_test_add ("/crash/points/barrier", test_points_barrier);
  gmproc_test_add ("/crash/points/lock", test_points_lock);
  gmproc_test_add ("/crash/points/semaphore", test_points_semaphore);
  gmproc_test_add ("/crash/points/condition", test_points_condition);
  gmproc_test_add ("/crash/points/pool", test_points_pool);
  gmproc_test_add ("/crash/random/queue", test_random_queue);
  gmproc_test_add ("/crash/random/bounded-queue", test_random_bounded_queue);
  gmproc_test_add ("/crash/random/queue-close", test_random_queue_close);
  gmproc_test_add ("/crash/random/event", test_random_event);
  gmproc_test_add ("/crash/random/barrier", test_random_barrier);
  gmproc_test_add ("/crash/random/lock", test_random_lock);
  gmproc_test_add ("/crash/random/semaphore", test_random_semaphore);
  gmproc_test_add ("/crash/random/condition", test_random_condition);
  gmproc_test_add ("/crash/random/pool", test_random_pool);
}

/* What is opened once in a process is no leak of the first test. */
static void
warm_up (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (0);
  PoolRound pool_round;
  Round round;

  begin_round (&round, &workload_lock, rand, 0);
  g_assert_true (end_round (&round));
  pool_round_begin (&pool_round, rand, 1);
  g_assert_true (end_pool_round (&pool_round));
}

static void
report_points (void)
{
  const char *const *names = gmproc_crash_point_list ();
  guint total = 0, total_random = 0;

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autoptr (GString) line = g_string_new (NULL);

      for (guint j = 0; j < N_WORKLOADS; j++)
        if (kills[j][i] > 0)
          {
            g_string_append_printf (line, "  %s %u", workloads[j]->name, kills[j][i]);
            total += kills[j][i];
          }
      if (line->len > 0)
        g_print ("# %-28s%s\n", names[i], line->str);
    }
  for (guint j = 0; j < N_WORKLOADS; j++)
    {
      if (random_kills[j] > 0)
        g_print ("# %-28s  %s %u\n", "at any time", workloads[j]->name, random_kills[j]);
      total_random += random_kills[j];
    }
  g_print ("# %u points, %u objects: %u kills at points, %u at any time\n",
           g_strv_length ((char **) names), (guint) N_WORKLOADS, total, total_random);
}

/* A test that fails does not end the program: the report comes last, and the other objects matter
 * too. */
static void
init_test (int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  char **all;

  for (int i = 0; i < argc; i++)
    g_ptr_array_add (args, argv[i]);
  g_ptr_array_add (args, (gpointer) "-k");
  g_ptr_array_add (args, NULL);
  all = (char **) args->pdata;
  argc++;
  gmproc_test_init (&argc, &all);
}

int
main (int argc, char **argv)
{
  GThread *watcher;
  int result;

  gmproc_init (&argc, &argv);
  init_test (argc, argv);
  gmproc_test_set_warm_up (warm_up);
  add_tests ();

  note_progress (g_get_monotonic_time ());
  watcher = g_thread_new ("watch", watch, NULL);
  result = g_test_run ();
  note_progress (0);
  (void) g_thread_join (watcher);

  report_points ();
  for (guint i = 0; i < N_FINDINGS; i++)
    g_print ("# %s: %u\n", ledger_name_finding (i), findings[i]);
  return result;
}
