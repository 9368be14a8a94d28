/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Targets and functions that are known by their names and have data of their own, as those of a
 * language binding; here they are registered from C.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "support.h"

#define BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */

static int
add_to_status (GVariant *args, gpointer user_data, G_GNUC_UNUSED GError **error)
{
  return g_variant_get_int32 (args) + GPOINTER_TO_INT (user_data);
}

static int
fail (G_GNUC_UNUSED GVariant *args, G_GNUC_UNUSED gpointer user_data, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "too busy for this");
  return EXIT_SUCCESS;
}

static GVariant *
scale (GVariant *item, gpointer user_data, GError **error)
{
  gint64 number = g_variant_get_int64 (item);

  if (number >= 0)
    return g_variant_new_int64 (number * GPOINTER_TO_INT (user_data));
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "a negative number");
  return NULL;
}

GMPROC_DEFINE_TARGET (return_four)
{
  return 4;
}

GMPROC_DEFINE_FUNCTION (negate, "x", "x")
{
  return g_variant_new_int64 (-g_variant_get_int64 (item));
}

static int
run (const char *target, GVariant *args)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocProcess) process = gmproc_process_new_by_name (target, args);

  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  gmproc_process_join (process, BOUND, NULL, &error);
  g_assert_no_error (error);
  return gmproc_process_get_exit_code (process);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError **ret_error = user_data;

  g_assert_null (gmproc_pool_map_finish (GMPROC_POOL (source), result, ret_error));
  g_assert_nonnull (*ret_error);
}

/* The first one makes what the main context and the library keep. */
static void
map_later (GmprocPool *pool, GVariant *items, GError **error)
{
  gmproc_pool_map_by_name_async (pool, "nobody", items, NULL, on_done, error);
  while (*error == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
warm_up (void)
{
  g_autoptr (GmprocPool) pool = NULL;
  g_autoptr (GError) error = NULL;

  crew_warm_up ();
  pool = crew_new (1);
  map_later (pool, g_variant_new_parsed ("[int64 1]"), &error);
  crew_end (g_steal_pointer (&pool));
}

static void
test_target (void)
{
  g_assert_cmpint (run ("add to status", g_variant_new_int32 (5)), ==, 105);
  g_assert_cmpint (run ("fail", NULL), ==, EXIT_FAILURE);
  g_assert_cmpint (run ("return_four", NULL), ==, 4);
}

static void
assert_names (GError **error, int code, const char *named)
{
  g_assert_error (*error, GMPROC_ERROR, code);
  g_assert_nonnull (strstr ((*error)->message, named));
  g_clear_error (error);
}

static void
test_unknown_target (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocProcess) process = gmproc_process_new_by_name ("nobody", NULL);

  g_assert_false (gmproc_process_start (process, &error));
  assert_names (&error, GMPROC_ERROR_NOT_REGISTERED, "nobody");
}

static void
test_function (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocPool) pool = gmproc_pool_new (2, &error);
  g_autoptr (GVariant) scaled = NULL;
  g_autoptr (GVariant) negated = NULL;
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  scaled = gmproc_pool_map_by_name (pool, "scale", g_variant_new_parsed ("[int64 1, 2, 3]"), NULL,
                                    &error);
  g_assert_no_error (error);
  text = g_variant_print (scaled, FALSE);
  g_assert_cmpstr (text, ==, "[10, 20, 30]");

  negated = gmproc_pool_apply_by_name (pool, "negate", g_variant_new_int64 (7), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (negated), ==, -7);

  g_assert_null (gmproc_pool_apply_by_name (pool, "scale", g_variant_new_int64 (-1), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  crew_end (g_steal_pointer (&pool));
}

/* By every kind of call; one that was asked for too early works once it is registered. */
static void
test_unknown_function (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocPool) pool = gmproc_pool_new (1, NULL);
  GVariant *items = g_variant_ref_sink (g_variant_new_parsed ("[int64 1]"));

  g_assert_null (gmproc_pool_map_by_name (pool, "nobody", items, NULL, &error));
  assert_names (&error, GMPROC_ERROR_NOT_REGISTERED, "nobody");

  map_later (pool, items, &error);
  assert_names (&error, GMPROC_ERROR_NOT_REGISTERED, "nobody");
  g_variant_unref (items);

  g_assert_false (gmproc_pool_set_initializer_by_name (pool, "nobody", NULL, &error));
  assert_names (&error, GMPROC_ERROR_NOT_REGISTERED, "nobody");
  crew_end (g_steal_pointer (&pool));
}

static void
count (gpointer user_data)
{
  ++*(int *) user_data;
}

/* A name that was given twice is nobody's, and what the second one brought is freed. */
static void
test_name_given_twice (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocProcess) process = gmproc_process_new_by_name ("twice", NULL);
  int n_freed = 0;

  gmproc_register_target_full ("twice", fail, NULL, NULL);
  gmproc_register_target_full ("twice", fail, &n_freed, count);
  g_assert_cmpint (n_freed, ==, 1);
  g_assert_false (gmproc_process_start (process, &error));
  assert_names (&error, GMPROC_ERROR_NOT_REGISTERED, "twice");
}

int
main (int argc, char **argv)
{
  int status;

  gmproc_register_target_full ("add to status", add_to_status, GINT_TO_POINTER (100), NULL);
  gmproc_register_target_full ("fail", fail, NULL, NULL);
  gmproc_register_function_full ("scale", "x", "x", scale, GINT_TO_POINTER (10), NULL);
  status = gmproc_init_for_binding ((const char *const *) argv);
  if (status >= 0)
    return status;

  g_assert_cmpint (gmproc_init_for_binding ((const char *const *) argv), ==, -1);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/by-name/target", test_target);
  gmproc_test_add ("/by-name/unknown-target", test_unknown_target);
  gmproc_test_add ("/by-name/function", test_function);
  gmproc_test_add ("/by-name/unknown-function", test_unknown_function);
  gmproc_test_add ("/by-name/name-given-twice", test_name_given_twice);
  return g_test_run ();
}
