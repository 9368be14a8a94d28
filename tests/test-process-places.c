/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Places from which one does not expect a start, and what a child may do itself.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "support.h"

#define N_THREADS 16
#define N_ITEMS 100

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

static void
run (GmprocTarget target)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (target, NULL);

  start (process);
  join (process, EXIT_SUCCESS);
}

/* -- before gmproc_init() ---------------------------------------------------------------------- */

static int early_code = -1; /* of the error of a start from a constructor */

/* As the constructor of a library, in every process of this program. */
static void __attribute__ ((constructor)) start_at_load (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GError) error = NULL;

  if (!gmproc_process_start (process, &error) && error->domain == GMPROC_ERROR)
    early_code = error->code;
}

/* PR-29: an error; a process that started itself over and over would be here many times. */
static void
test_constructor (void)
{
  g_assert_cmpint (early_code, ==, GMPROC_ERROR_NOT_INITIALIZED);
}

/* -- class_init and targets -------------------------------------------------------------------- */

#define TEST_TYPE_STARTER (test_starter_get_type ())
G_DECLARE_FINAL_TYPE (TestStarter, test_starter, TEST, STARTER, GmprocProcess)

struct _TestStarter
{
  GmprocProcess parent_instance;
};

GMPROC_DEFINE_PROCESS_TYPE (TestStarter, test_starter)

static GmprocProcess *helper; /* that the last object of the class made */

/* PR-01, PR-04: neither the class nor the object that makes a process changes who this one is, and
 * what they make is a child of this process like any other. */
static int
test_starter_run (GmprocProcess *process, GError **error G_GNUC_UNUSED)
{
  g_assert_true (gmproc_process_get_current () == process);
  g_assert_true (gmproc_process_is_alive (process));
  g_assert_true (gmproc_process_get_daemon (process));
  g_assert_true (gmproc_process_get_daemon (helper));
  g_assert_nonnull (strchr (gmproc_process_get_name (helper), ':'));
  return 5;
}

/* Runs in the child too, before that is a process of its own name. */
static void
test_starter_class_init (TestStarterClass *klass)
{
  g_autoptr (GmprocProcess) unused G_GNUC_UNUSED = gmproc_process_new (do_nothing, NULL);

  GMPROC_PROCESS_CLASS (klass)->run = test_starter_run;
  if (gmproc_process_get_parent () == NULL && gmproc_process_get_current () != NULL)
    run (do_nothing);
}

static void
test_starter_init (TestStarter *self G_GNUC_UNUSED)
{
  g_autoptr (GmprocProcess) made = gmproc_process_new (do_nothing, NULL);

  g_set_object (&helper, made);
}

static void
test_class_init (void)
{
  g_autoptr (GmprocProcess) process = g_object_new (TEST_TYPE_STARTER, NULL);

  gmproc_process_set_daemon (process, TRUE);
  start (process);
  join (process, 5);
}

GMPROC_DEFINE_TARGET (start_from_target)
{
  run (do_nothing);
  return EXIT_SUCCESS;
}

static void
test_target (void)
{
  run (start_from_target);
}

static gpointer
run_in_thread (gpointer data G_GNUC_UNUSED)
{
  run (start_from_target);
  return NULL;
}

/* At once, in a process that has started nothing before. */
GMPROC_DEFINE_TARGET (start_from_threads)
{
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("starter", run_in_thread, NULL);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  return EXIT_SUCCESS;
}

static void
test_threads (void)
{
  run (start_from_threads);
}

/* -- what a child does ------------------------------------------------------------------------- */

GMPROC_DEFINE_FUNCTION (add_one, "i", "i")
{
  return g_variant_new_int32 (g_variant_get_int32 (item) + 1);
}

GMPROC_DEFINE_TARGET (use_pool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocPool) pool = gmproc_pool_new (2, &error);
  GVariantBuilder builder;
  g_autoptr (GVariant) results = NULL;

  g_assert_no_error (error);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("ai"));
  for (int i = 0; i < N_ITEMS; i++)
    g_variant_builder_add (&builder, "i", i);
  results = gmproc_pool_map (pool, add_one, g_variant_builder_end (&builder), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (results), ==, N_ITEMS);
  for (int i = 0; i < N_ITEMS; i++)
    {
      gint32 result;

      g_variant_get_child (results, (gsize) i, "i", &result);
      g_assert_cmpint (result, ==, i + 1);
    }
  gmproc_pool_close (pool);
  g_assert_true (gmproc_pool_join (pool, BOUND, NULL, NULL));
  return EXIT_SUCCESS;
}

/* PR-28 */
static void
test_pool_in_child (void)
{
  run (use_pool);
}

static gpointer
run_for_ever (gpointer data)
{
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);

  g_async_queue_push (data, loop);
  g_main_loop_run (loop);
  return NULL;
}

/* Returns while a thread of its own runs. */
GMPROC_DEFINE_TARGET (leave_thread)
{
  GAsyncQueue *begun = g_async_queue_new ();

  g_thread_unref (g_thread_new ("lasting", run_for_ever, begun));
  (void) g_async_queue_pop (begun);
  return 6;
}

/* PR-21: a process ends when its target returns, as a program does when main() returns; a thread
 * that is to finish is joined by the target. */
static void
test_lasting_thread (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (leave_thread, NULL);

  start (process);
  join (process, 6);
}

/* PR-35: two processes that were made of the same arguments, or of none, share nothing. */
static void
test_nothing_shared (void)
{
  g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new_int32 (1));
  g_autoptr (GmprocProcess) first = gmproc_process_new (do_nothing, args);
  g_autoptr (GmprocProcess) second = gmproc_process_new (do_nothing, args);
  g_autoptr (GmprocProcess) third = gmproc_process_new (do_nothing, NULL);
  const char *environment[] = { "A=1", NULL };

  gmproc_process_set_environment (first, environment);
  gmproc_process_set_name (first, "first");
  g_assert_true (gmproc_process_close (first, NULL));
  g_assert_null (gmproc_process_get_environment (second));
  g_assert_cmpstr (gmproc_process_get_name (second), !=, "first");
  g_assert_cmpint (g_variant_get_int32 (gmproc_process_get_args (second)), ==, 1);
  g_assert_null (gmproc_process_get_args (third));
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/process-places/constructor", test_constructor);
  gmproc_test_add ("/process-places/class-init", test_class_init);
  gmproc_test_add ("/process-places/target", test_target);
  gmproc_test_add ("/process-places/threads", test_threads);
  gmproc_test_add ("/process-places/pool-in-child", test_pool_in_child);
  gmproc_test_add ("/process-places/lasting-thread", test_lasting_thread);
  gmproc_test_add ("/process-places/nothing-shared", test_nothing_shared);
  return g_test_run ();
}
