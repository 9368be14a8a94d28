/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * How a process is started is chosen by a property, by a default and in the environment, and makes
 * no difference to anything else.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "port/leaks.h"
#include "support.h"

#define BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */
#define VARIABLE "GMPROC_START_METHOD"
#define DEPTH 4

static const GmprocStartMethod *methods;
static gsize n_methods;

static void
run_process (GmprocProcess *process, int exit_code)
{
  g_autoptr (GError) error = NULL;

  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  gmproc_process_join (process, BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gmproc_process_get_exit_code (process), ==, exit_code);
}

static void
run (GmprocTarget target, GVariant *args, GmprocStartMethod method, int exit_code)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (target, args);

  gmproc_process_set_start_method (process, method);
  run_process (process, exit_code);
}

/* The variable of the suite is out of the way while a test looks at its own. */
static char *
hide_variable (const char *value)
{
  char *before = g_strdup (g_getenv (VARIABLE));

  g_setenv (VARIABLE, value, TRUE);
  return before;
}

static void
restore_variable (char *before)
{
  if (before != NULL)
    g_setenv (VARIABLE, before, TRUE);
  else
    g_unsetenv (VARIABLE);
  g_free (before);
}

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

/* SP-02 */
static void
test_list_begins_with_the_default (void)
{
  char *before = hide_variable ("");

  g_assert_cmpint (methods[0], ==, gmproc_get_default_start_method ());
  g_assert_cmpint (methods[0], ==, GMPROC_START_METHOD_SPAWN);
  for (gsize i = 0; i < n_methods; i++)
    run (do_nothing, NULL, methods[i], EXIT_SUCCESS);
  restore_variable (before);
}

/* In a child, which has a default of its own to set. SP-05: it has passed gmproc_init(), and has
 * asked, and the default is still to be set. */
GMPROC_DEFINE_TARGET (set_default_twice)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (gmproc_get_default_start_method (), !=, GMPROC_START_METHOD_DEFAULT);
  gmproc_set_default_start_method (GMPROC_START_METHOD_SPAWN, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gmproc_get_default_start_method (), ==, GMPROC_START_METHOD_SPAWN);
  g_assert_false (gmproc_set_default_start_method (GMPROC_START_METHOD_SPAWN, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE);
  return EXIT_SUCCESS;
}

/* SP-01 */
static void
test_default_is_set_once (void)
{
  for (gsize i = 0; i < n_methods; i++)
    run (set_default_twice, NULL, methods[i], EXIT_SUCCESS);
}

GMPROC_DEFINE_TARGET (return_default)
{
  return (int) gmproc_get_default_start_method ();
}

GMPROC_DEFINE_TARGET (set_default_for_a_child)
{
  g_autoptr (GmprocProcess) child = gmproc_process_new (return_default, NULL);
  gint32 method = g_variant_get_int32 (args);

  g_assert_true (gmproc_set_default_start_method ((GmprocStartMethod) method, NULL));
  run_process (child, method);
  return EXIT_SUCCESS;
}

/* SP-01: what a program has set holds for its family, whatever the environment says. */
static void
test_default_goes_to_children (void)
{
  char *before = hide_variable ("spawn");

  for (gsize i = 0; i < n_methods; i++)
    run (set_default_for_a_child, g_variant_new_int32 ((gint32) methods[i]),
         GMPROC_START_METHOD_SPAWN, EXIT_SUCCESS);
  restore_variable (before);
}

static void
test_environment (void)
{
  static const char *const names[] = { NULL, "spawn", "forkserver" };

  for (gsize i = 0; i < n_methods; i++)
    {
      char *before = hide_variable (names[methods[i]]);

      g_assert_cmpint (gmproc_get_default_start_method (), ==, methods[i]);
      run (return_default, NULL, GMPROC_START_METHOD_DEFAULT, (int) methods[i]);
      restore_variable (before);
    }
}

static void
test_environment_names_no_method (void)
{
  static const char *const values[] = { "fork", "SPAWN", " spawn", "default", "0" };
  char *before = hide_variable ("");

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
      g_autofree char *quoted = g_strdup_printf ("“%s”", values[i]);
      g_autoptr (GError) error = NULL;

      g_setenv (VARIABLE, values[i], TRUE);
      g_assert_cmpint (gmproc_get_default_start_method (), ==, GMPROC_START_METHOD_DEFAULT);
      g_assert_false (gmproc_process_start (process, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, VARIABLE));
      g_assert_nonnull (strstr (error->message, quoted));

      /* One that says itself how it is started does not ask the environment. */
      gmproc_process_set_start_method (process, GMPROC_START_METHOD_SPAWN);
      run_process (process, EXIT_SUCCESS);
    }
  restore_variable (before);
}

static void
on_notify (G_GNUC_UNUSED GObject *object, G_GNUC_UNUSED GParamSpec *pspec, gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
test_property (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  GmprocStartMethod method;
  guint n_notifies = 0;

  g_signal_connect (process, "notify::start-method", G_CALLBACK (on_notify), &n_notifies);
  g_object_get (process, "start-method", &method, NULL);
  g_assert_cmpint (method, ==, GMPROC_START_METHOD_DEFAULT);
  g_object_set (process, "start-method", GMPROC_START_METHOD_FORKSERVER, NULL);
  gmproc_process_set_start_method (process, GMPROC_START_METHOD_FORKSERVER);
  g_assert_cmpint (gmproc_process_get_start_method (process), ==, GMPROC_START_METHOD_FORKSERVER);
  g_assert_cmpuint (n_notifies, ==, 1);
}

/* On a system without a fork server. */
static void
test_method_that_the_system_has_not (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GError) error = NULL;

  if (n_methods == 2)
    {
      g_test_skip ("this system has all methods");
      return;
    }
  g_assert_false (gmproc_set_default_start_method (GMPROC_START_METHOD_FORKSERVER, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  gmproc_process_set_start_method (process, GMPROC_START_METHOD_FORKSERVER);
  g_assert_false (gmproc_process_start (process, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

/* Puts a number into the queue, in a turn. */
GMPROC_DEFINE_TARGET (put_in_turn)
{
  g_autoptr (GmprocQueue) queue = NULL;
  g_autoptr (GmprocLock) lock = NULL;
  gint32 queue_handle, lock_handle, number;

  g_variant_get (args, "(hhi)", &queue_handle, &lock_handle, &number);
  queue = gmproc_queue_from_handle (queue_handle, NULL);
  lock = gmproc_lock_from_handle (lock_handle, NULL);
  g_assert_true (gmproc_lock_acquire (lock, BOUND, NULL, NULL));
  g_assert_true (gmproc_queue_put (queue, g_variant_new_int32 (number), BOUND, NULL, NULL));
  g_assert_true (gmproc_lock_release (lock, NULL));
  return EXIT_SUCCESS;
}

/* SP-03: there is no object that works with one method only. */
static void
test_methods_share_objects (void)
{
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, NULL);
  g_autoptr (GmprocLock) lock = gmproc_lock_new (NULL);

  for (gint32 i = 0; i < 6; i++)
    {
      g_autoptr (GVariant) item = NULL;

      run (put_in_turn,
           g_variant_new ("(hhi)", gmproc_queue_get_handle (queue), gmproc_lock_get_handle (lock),
                          i),
           methods[(gsize) i % n_methods], EXIT_SUCCESS);
      item = gmproc_queue_get (queue, 0, NULL, NULL);
      g_assert_nonnull (item);
      g_assert_cmpint (g_variant_get_int32 (item), ==, i);
    }
}

/* Puts the number of its open handles, and starts the next one with the same queue. */
GMPROC_DEFINE_TARGET (nest)
{
  GmprocTestLeaks *leaks = gmproc_test_leaks_snapshot ();
  gint32 n_open = (gint32) gmproc_test_leaks_count_handles (leaks);
  g_autoptr (GmprocQueue) queue = NULL;
  gint32 handle, method, depth;

  gmproc_test_leaks_free (leaks);
  g_variant_get (args, "(hii)", &handle, &method, &depth);
  queue = gmproc_queue_from_handle (handle, NULL);
  g_assert_true (gmproc_queue_put (queue, g_variant_new_int32 (n_open), BOUND, NULL, NULL));
  if (depth > 1)
    run (nest, g_variant_new ("(hii)", gmproc_queue_get_handle (queue), method, depth - 1),
         (GmprocStartMethod) method, EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

/* SP-04: a child passes what it received on to its own; SP-09: and has no more than its parent. */
static void
test_nested (void)
{
  for (gsize i = 0; i < n_methods; i++)
    {
      g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, NULL);
      gint32 first = 0;

      run (nest,
           g_variant_new ("(hii)", gmproc_queue_get_handle (queue), (gint32) methods[i], DEPTH),
           methods[i], EXIT_SUCCESS);
      for (int depth = 0; depth < DEPTH; depth++)
        {
          g_autoptr (GVariant) item = gmproc_queue_get (queue, 0, NULL, NULL);

          g_assert_nonnull (item);
          if (depth == 0)
            first = g_variant_get_int32 (item);
          g_assert_cmpint (g_variant_get_int32 (item), ==, first);
        }
    }
}

static void
warm_up (void)
{
  for (gsize i = 0; i < n_methods; i++)
    run (do_nothing, NULL, methods[i], EXIT_SUCCESS);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  methods = gmproc_get_start_methods (&n_methods);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/start-method/list", test_list_begins_with_the_default);
  gmproc_test_add ("/start-method/default", test_default_is_set_once);
  gmproc_test_add ("/start-method/inherited", test_default_goes_to_children);
  gmproc_test_add ("/start-method/environment", test_environment);
  gmproc_test_add ("/start-method/bad-environment", test_environment_names_no_method);
  gmproc_test_add ("/start-method/property", test_property);
  gmproc_test_add ("/start-method/not-supported", test_method_that_the_system_has_not);
  gmproc_test_add ("/start-method/shared", test_methods_share_objects);
  gmproc_test_add ("/start-method/nested", test_nested);
  return g_test_run ();
}
