/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocArray: numbers of every type, as a C array and one by one, seen by several processes.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "port/death.h"
#include "support.h"

#define LENGTH 1000
#define N_PARTIES 4
#define N_ROUNDS 500

/* The types, with an array of each and what the child makes of its second number. */
typedef struct
{
  const char *type;
  const char *items;
  const char *childs;
} Sample;

static const Sample samples[] = {
  { "b", "[false, true, true]", "false" },
  { "y", "[0x01, 0x80, 0xff]", "0x07" },
  { "n", "[-32768, 0, 32767]", "-1" },
  { "q", "[0, 1, 65535]", "65534" },
  { "i", "[-2147483648, 0, 2147483647]", "-5" },
  { "u", "[0, 1, 4294967295]", "4294967294" },
  { "x", "[-9223372036854775808, 0, 9223372036854775807]", "-1" },
  { "t", "[0, 1, 18446744073709551615]", "18446744073709551614" },
  { "d", "[0.5, -1e300, 1e-300]", "0.1" },
};

static GVariant *
parse_array (const Sample *sample)
{
  g_autofree char *type = g_strconcat ("a", sample->type, NULL);
  g_autoptr (GError) error = NULL;
  GVariant *items = g_variant_parse (G_VARIANT_TYPE (type), sample->items, NULL, NULL, &error);

  g_assert_no_error (error);
  return items;
}

static GVariant *
parse_number (const Sample *sample)
{
  g_autoptr (GError) error = NULL;
  GVariant *number =
      g_variant_parse (G_VARIANT_TYPE (sample->type), sample->childs, NULL, NULL, &error);

  g_assert_no_error (error);
  return number;
}

static GmprocArray *
new_array (const char *type, gsize length)
{
  g_autoptr (GError) error = NULL;
  GmprocArray *array = gmproc_array_new (type, length, &error);

  g_assert_no_error (error);
  return array;
}

static GmprocArray *
open_array (GVariant *args, gsize index)
{
  g_autoptr (GError) error = NULL;
  GmprocArray *array;
  gint32 handle;

  g_variant_get_child (args, index, "h", &handle);
  array = gmproc_array_from_handle (handle, &error);
  g_assert_no_error (error);
  return array;
}

static void
run_child (GmprocTarget target, GVariant *args, int exit_code)
{
  g_assert_cmpint (party_join (party_start (PARTY_PROCESS, target, args)), ==, exit_code);
}

static void
assert_items (GmprocArray *array, gsize first, gsize length, GVariant *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) items = gmproc_array_get_slice (array, first, length, &error);

  g_assert_no_error (error);
  g_assert_true (g_variant_is_normal_form (items));
  g_assert_true (g_variant_equal (items, expected));
}

/* The index of a sample, the array. */
GMPROC_DEFINE_TARGET (set_second)
{
  g_autoptr (GmprocArray) array = open_array (args, 1);
  g_autoptr (GVariant) items = NULL;
  g_autoptr (GVariant) number = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  g_variant_get_child (args, 0, "u", &i);
  items = parse_array (&samples[i]);
  number = parse_number (&samples[i]);
  g_assert_cmpstr (g_variant_type_peek_string (gmproc_array_get_number_type (array)), ==,
                   samples[i].type);
  g_assert_cmpuint (gmproc_array_get_length (array), ==, 3);
  assert_items (array, 0, 3, items);
  gmproc_array_set (array, 1, number, &error);
  g_assert_no_error (error);
  return EXIT_SUCCESS;
}

/* SH-03: from data; what the child writes is seen. */
static void
test_types (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autoptr (GVariant) items = parse_array (&samples[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (GmprocArray) array = gmproc_array_new_from_variant (items, &error);
      g_autoptr (GVariant) number = NULL;
      g_autoptr (GVariant) expected = parse_number (&samples[i]);
      g_autoptr (GVariant) first = g_variant_get_child_value (items, 0);
      g_autoptr (GVariant) unchanged = NULL;

      g_assert_no_error (error);
      assert_items (array, 0, 3, items);
      run_child (set_second, g_variant_new ("(uh)", i, gmproc_array_get_handle (array)),
                 EXIT_SUCCESS);
      number = gmproc_array_get (array, 1, &error);
      g_assert_no_error (error);
      g_assert_true (g_variant_equal (number, expected));
      unchanged = gmproc_array_get (array, 0, &error);
      g_assert_no_error (error);
      g_assert_true (g_variant_equal (unchanged, first));
    }
}

/* SH-03: zeros, also where other numbers were before. */
static void
test_from_size (void)
{
  for (guint round = 0; round < 3; round++)
    {
      g_autoptr (GmprocArray) array = new_array ("i", LENGTH);
      gsize length = 0;
      gint32 *numbers = gmproc_array_get_data (array, &length);

      g_assert_cmpuint (length, ==, LENGTH);
      for (gsize i = 0; i < length; i++)
        {
          g_assert_cmpint (numbers[i], ==, 0);
          numbers[i] = -1;
        }
    }
}

GMPROC_DEFINE_TARGET (sum)
{
  g_autoptr (GmprocArray) array = open_array (args, 0);
  gsize length;
  double *numbers = gmproc_array_get_data (array, &length);
  double total = 0;

  for (gsize i = 0; i + 1 < length; i++)
    total += numbers[i];
  numbers[length - 1] = total;
  return EXIT_SUCCESS;
}

static void
test_c_array (void)
{
  g_autofree double *numbers = g_new0 (double, LENGTH);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocArray) array = NULL;
  double *shared;

  for (guint i = 0; i < LENGTH - 1; i++)
    numbers[i] = i;
  array = gmproc_array_new_from_data ("d", numbers, LENGTH, &error);
  g_assert_no_error (error);
  shared = gmproc_array_get_data (array, NULL);
  g_assert_cmpmem (shared, LENGTH * sizeof *shared, numbers, LENGTH * sizeof *numbers);
  run_child (sum, g_variant_new ("(h)", gmproc_array_get_handle (array)), EXIT_SUCCESS);
  g_assert_cmpfloat (shared[LENGTH - 1], ==, (LENGTH - 1) * (LENGTH - 2) / 2);
  g_assert_cmpfloat (numbers[LENGTH - 1], ==, 0);
}

/* SH-03. */
static void
test_slices (void)
{
  g_autoptr (GmprocArray) array = new_array ("q", 10);
  g_autoptr (GVariant) middle = g_variant_ref_sink (g_variant_new_parsed ("[@q 3, 4, 5]"));
  g_autoptr (GVariant) around = g_variant_ref_sink (g_variant_new_parsed ("[@q 0, 3, 4, 5, 0]"));
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new_parsed ("@aq []"));
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_array_set_slice (array, 3, middle, &error));
  g_assert_true (gmproc_array_set_slice (array, 10, nothing, &error));
  g_assert_no_error (error);
  assert_items (array, 2, 5, around);
  assert_items (array, 10, 0, nothing);
  g_assert_false (gmproc_array_set_slice (array, 8, middle, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (gmproc_array_set_slice (array, 0, g_variant_new_parsed ("[@u 1]"), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  g_clear_error (&error);
  g_assert_false (gmproc_array_set_slice (array, 0, g_variant_new_uint16 (1), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  assert_items (array, 2, 5, around);
}

static void
assert_outside (GmprocArray *array, gsize first, gsize length)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_array_get_slice (array, first, length, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_bounds (void)
{
  g_autoptr (GmprocArray) array = new_array ("x", 10);
  g_autoptr (GError) error = NULL;

  assert_outside (array, 0, 11);
  assert_outside (array, 10, 1);
  assert_outside (array, 11, 0);
  assert_outside (array, G_MAXSIZE, 2);
  assert_outside (array, 2, G_MAXSIZE);
  g_assert_null (gmproc_array_get (array, 10, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "10"));
  g_clear_error (&error);
  g_assert_null (gmproc_array_get (array, G_MAXSIZE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (gmproc_array_set (array, 10, g_variant_new_int64 (1), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (gmproc_array_set (array, 9, g_variant_new_int32 (1), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  g_clear_error (&error);
  g_assert_true (gmproc_array_set (array, 9, g_variant_new_int64 (-1), &error));
  g_assert_cmpint (((gint64 *) gmproc_array_get_data (array, NULL))[9], ==, -1);
}

/* SH-04, and sizes that cannot be. */
static void
test_refused (void)
{
  static const char *const types[] = { "", "z", "s", "h", "ii", "ai" };
  static const char *const not_numbers[] = { "['a']", "5", "('a', 1)", "[[1]]", "{'a': 1}" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_assert_null (gmproc_array_new (types[i], 5, &error));
      g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
      g_assert_nonnull (strstr (error->message, types[i]));
      g_clear_error (&error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (not_numbers); i++)
    {
      g_assert_null (gmproc_array_new_from_variant (g_variant_new_parsed (not_numbers[i]), &error));
      g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
      g_clear_error (&error);
    }
  g_assert_null (gmproc_array_new ("i", 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gmproc_array_new_from_variant (g_variant_new_parsed ("@ai []"), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gmproc_array_new ("y", G_MAXSIZE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&error);
  /* So many that the number of bytes, with 64 bits, is 8 again. */
  g_assert_null (gmproc_array_new ("d", G_MAXSIZE / 8 + 2, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

/* Adds one to every number, which takes the lock to be right. */
GMPROC_DEFINE_TARGET (add_to_all)
{
  g_autoptr (GmprocArray) array = open_array (args, 0);
  gsize length;
  volatile gint32 *numbers = gmproc_array_get_data (array, &length);
  g_autoptr (GError) error = NULL;

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      gmproc_lock_acquire (gmproc_array_get_lock (array), PARTY_BOUND, NULL, &error);
      g_assert_no_error (error);
      for (gsize i = 0; i < length; i++)
        numbers[i]++;
      gmproc_lock_release (gmproc_array_get_lock (array), &error);
      g_assert_no_error (error);
    }
  return EXIT_SUCCESS;
}

static void
check_lock (PartyKind kind, GmprocArray *array)
{
  const gint32 *numbers = gmproc_array_get_data (array, NULL);
  Party *parties[N_PARTIES];

  for (guint i = 0; i < N_PARTIES; i++)
    parties[i] =
        party_start (kind, add_to_all, g_variant_new ("(h)", gmproc_array_get_handle (array)));
  for (guint i = 0; i < N_PARTIES; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
  for (gsize i = 0; i < gmproc_array_get_length (array); i++)
    g_assert_cmpint (numbers[i], ==, N_PARTIES * N_ROUNDS);
}

/* SH-02. */
static void
test_locks (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLock) lock = gmproc_lock_new (&error);
  g_autoptr (GmprocArray) own = gmproc_array_new_locked ("i", 50, NULL, &error);
  g_autoptr (GmprocArray) given = gmproc_array_new_locked ("i", 50, lock, &error);
  g_autoptr (GmprocArray) none = new_array ("i", 50);

  g_assert_no_error (error);
  g_assert_null (gmproc_array_get_lock (none));
  g_assert_true (gmproc_array_get_lock (given) == lock);
  g_assert_true (gmproc_lock_is_recursive (gmproc_array_get_lock (own)));
  check_lock (kind, own);
  check_lock (kind, given);
}
PARTY_TEST (test_locks)

/* SH-02: what is no lock is a mistake of the program, and refused as GLib refuses those. */
static void
test_bad_lock (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GError) error = NULL;

  g_test_expect_message ("gmproc", G_LOG_LEVEL_CRITICAL, "*GMPROC_IS_LOCK*");
  g_assert_null (gmproc_array_new_locked ("i", 5, (GmprocLock *) event, &error));
  g_test_assert_expected_messages ();
}

/* Dies while it holds the lock, in the middle of a change. */
GMPROC_DEFINE_TARGET (die_inside)
{
  g_autoptr (GmprocArray) array = open_array (args, 0);

  g_assert_true (gmproc_lock_acquire (gmproc_array_get_lock (array), PARTY_BOUND, NULL, NULL));
  ((gint32 *) gmproc_array_get_data (array, NULL))[0] = 5;
  gmproc_test_kill_self ();
}

static void
test_user_killed (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocArray) array = gmproc_array_new_locked ("i", 2, NULL, &error);

  g_assert_no_error (error);
  run_child (die_inside, g_variant_new ("(h)", gmproc_array_get_handle (array)),
             GMPROC_TEST_KILLED);
  gmproc_lock_acquire (gmproc_array_get_lock (array), PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (gmproc_lock_was_abandoned (gmproc_array_get_lock (array)));
  g_assert_cmpint (((gint32 *) gmproc_array_get_data (array, NULL))[0], ==, 5);
  g_assert_true (gmproc_lock_release (gmproc_array_get_lock (array), &error));
}

/* Another process may write bytes that are no boolean. */
static void
test_odd_booleans (void)
{
  g_autoptr (GmprocArray) array = new_array ("b", 2);
  g_autoptr (GVariant) expected = g_variant_ref_sink (g_variant_new_parsed ("[false, true]"));

  ((guint8 *) gmproc_array_get_data (array, NULL))[1] = 0x82;
  assert_items (array, 0, 2, expected);
}

static void
test_other_class (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_array_from_handle (gmproc_event_get_handle (event), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/array/types", test_types);
  gmproc_test_add ("/array/from-size", test_from_size);
  gmproc_test_add ("/array/c-array", test_c_array);
  gmproc_test_add ("/array/slices", test_slices);
  gmproc_test_add ("/array/bounds", test_bounds);
  gmproc_test_add ("/array/refused", test_refused);
  PARTY_ADD ("/array/locks", test_locks);
  gmproc_test_add ("/array/bad-lock", test_bad_lock);
  gmproc_test_add ("/array/user-killed", test_user_killed);
  gmproc_test_add ("/array/odd-booleans", test_odd_booleans);
  gmproc_test_add ("/array/other-class", test_other_class);
  return g_test_run ();
}
