/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "internal/registry.h"

#include <string.h>

#include "../support.h"
#include "gmproc-error.h"
#include "gmproc-target.h"

#define N_THREADS 8
#define N_NAMES 200

static int
first_target (GVariant *args G_GNUC_UNUSED)
{
  return 1;
}

static int
second_target (GVariant *args G_GNUC_UNUSED)
{
  return 2;
}

static GVariant *
first_function (GVariant *item G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return NULL;
}

static GVariant *
second_function (GVariant *item G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return NULL;
}

static void
assert_not_registered (gconstpointer result, GError **error, const char *named)
{
  g_assert_null (result);
  g_assert_error (*error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED);
  g_assert_nonnull (strstr ((*error)->message, named));
  g_clear_error (error);
}

static void
test_target (void)
{
  g_autoptr (GError) error = NULL;

  assert_not_registered (gmproc_registry_name_target (first_target, &error), &error,
                         "DEFINE_TARGET");
  assert_not_registered (gmproc_registry_find_target ("first", &error), &error, "first");

  gmproc_registry_add_target ("first", first_target);
  gmproc_registry_add_target ("first", first_target);
  g_assert_cmpstr (gmproc_registry_name_target (first_target, &error), ==, "first");
  g_assert_true (gmproc_registry_find_target ("first", &error)->target == first_target);
  g_assert_no_error (error);
}

/* The name is copied: a plug-in may build it. */
static void
test_name_is_copied (void)
{
  g_autoptr (GError) error = NULL;
  char name[] = "a plug-in's";

  gmproc_registry_add_target (name, second_target);
  memset (name, 'x', strlen (name));
  g_assert_cmpstr (gmproc_registry_name_target (second_target, &error), ==, "a plug-in's");
  g_assert_true (gmproc_registry_find_target ("a plug-in's", &error)->target == second_target);
  assert_not_registered (gmproc_registry_find_target (name, &error), &error, "xxxx");
}

/* Neither of the two is found under a name that is given twice, in either direction. */
static void
test_ambiguous (void)
{
  g_autoptr (GError) error = NULL;

  gmproc_registry_add_function ("twin", "i", "s", first_function);
  gmproc_registry_add_function ("twin", "x", "x", second_function);
  assert_not_registered (gmproc_registry_find_function ("twin", &error), &error, "twin");
  assert_not_registered (gmproc_registry_describe_function (first_function, &error), &error,
                         "twin");
  assert_not_registered (gmproc_registry_describe_function (second_function, &error), &error,
                         "register");
}

static GVariant *
typed_function (GVariant *item G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return NULL;
}

static void
test_function_types (void)
{
  g_autoptr (GError) error = NULL;
  const GmprocFunctionInfo *info;

  gmproc_registry_add_function ("typed", "(is)", "a{sv}", typed_function);
  info = gmproc_registry_describe_function (typed_function, &error);
  g_assert_no_error (error);
  g_assert_true (info == gmproc_registry_find_function ("typed", &error));
  g_assert_cmpstr (info->name, ==, "typed");
  g_assert_true (info->function == typed_function);
  g_assert_true (g_variant_type_equal (info->in_type, "(is)"));
  g_assert_true (g_variant_type_equal (info->out_type, "a{sv}"));
}

static void
test_type (void)
{
  g_autoptr (GError) error = NULL;

  assert_not_registered (gmproc_registry_name_type (G_TYPE_OBJECT, &error), &error, "GObject");
  g_assert_true (gmproc_registry_find_type ("GObject", &error) == G_TYPE_INVALID);
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED);
  g_clear_error (&error);

  gmproc_registry_add_type ("GObject", g_object_get_type);
  g_assert_cmpstr (gmproc_registry_name_type (G_TYPE_OBJECT, &error), ==, "GObject");
  g_assert_true (gmproc_registry_find_type ("GObject", &error) == G_TYPE_OBJECT);
  g_assert_no_error (error);
}

/* What is one thing under a name is no other thing under it. */
static void
test_kinds_are_apart (void)
{
  g_autoptr (GError) error = NULL;

  gmproc_registry_add_target ("apart", first_target);
  assert_not_registered (gmproc_registry_find_function ("apart", &error), &error, "function");
  g_assert_true (gmproc_registry_find_type ("apart", &error) == G_TYPE_INVALID);
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED);
}

/* A definition that could never work is refused where it is made. */
static void
test_public_checks (void)
{
  static const char *const bad_types[] = { "", "z", "a", "*", "(i?)", "ii", "r" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad_types); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_expect_message ("gmproc", G_LOG_LEVEL_CRITICAL, "*is_definite (in_type)*");
      gmproc_register_function ("bad", bad_types[i], "i", first_function);
      g_test_expect_message ("gmproc", G_LOG_LEVEL_CRITICAL, "*is_definite (out_type)*");
      gmproc_register_function ("bad", "i", bad_types[i], first_function);
      g_test_assert_expected_messages ();
      assert_not_registered (gmproc_registry_find_function ("bad", &error), &error, "bad");
    }
}

static gpointer
register_many (gpointer data)
{
  for (int i = 0; i < N_NAMES; i++)
    {
      g_autofree char *name = g_strdup_printf ("many %d", i);
      g_autoptr (GError) error = NULL;

      gmproc_registry_add_target (name, first_target);
      g_assert_true (gmproc_registry_find_target (name, &error)->target == first_target);
    }
  return data;
}

static void
test_threads (void)
{
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("registrar", register_many, NULL);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);
  gmproc_test_add ("/registry/target", test_target);
  gmproc_test_add ("/registry/name-is-copied", test_name_is_copied);
  gmproc_test_add ("/registry/ambiguous", test_ambiguous);
  gmproc_test_add ("/registry/function-types", test_function_types);
  gmproc_test_add ("/registry/type", test_type);
  gmproc_test_add ("/registry/kinds-apart", test_kinds_are_apart);
  gmproc_test_add ("/registry/public-checks", test_public_checks);
  gmproc_test_add ("/registry/threads", test_threads);
  return g_test_run ();
}
