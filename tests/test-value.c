/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocValue: every type of number, seen and changed by several processes at once.
 */
#include <gmproc.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "port/leaks.h"
#include "support.h"

#define N_PARTIES 4
#define N_ADDITIONS 100000
#define N_LOCKED 1000
#define N_VALUES 3000

/* A type, a number that the parent gives it, and one that the child does. */
typedef struct
{
  const char *type;
  const char *parents;
  const char *childs;
} Sample;

static const Sample samples[] = {
  { "b", "true", "false" },
  { "y", "0x00", "0xff" },
  { "n", "-32768", "32767" },
  { "q", "0", "65535" },
  { "i", "-2147483648", "2147483647" },
  { "u", "7", "4294967295" },
  { "x", "-9223372036854775808", "9223372036854775807" },
  { "t", "1", "18446744073709551615" },
  { "d", "-0.5", "1e300" },
};

static GVariant *
parse (const char *type, const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *number = g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, &error);

  g_assert_no_error (error);
  return number;
}

static GmprocValue *
new_value (const char *type)
{
  g_autoptr (GError) error = NULL;
  GmprocValue *value = gmproc_value_new (type, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static GmprocValue *
open_value (GVariant *args, gsize index)
{
  g_autoptr (GError) error = NULL;
  GmprocValue *value;
  gint32 handle;

  g_variant_get_child (args, index, "h", &handle);
  value = gmproc_value_from_handle (handle, &error);
  g_assert_no_error (error);
  return value;
}

static void
run (PartyKind kind, GmprocTarget target, GVariant *args)
{
  g_assert_cmpint (party_join (party_start (kind, target, args)), ==, EXIT_SUCCESS);
}

static void
assert_number (GmprocValue *value, const Sample *sample, const char *text)
{
  g_autoptr (GVariant) number = gmproc_value_get (value);
  g_autoptr (GVariant) expected = parse (sample->type, text);

  g_assert_true (g_variant_is_of_type (number, gmproc_value_get_number_type (value)));
  g_assert_true (g_variant_equal (number, expected));
}

static void
assert_bad_type (GError **error, const char *named)
{
  g_assert_error (*error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  g_assert_nonnull (strstr ((*error)->message, named));
  g_clear_error (error);
}

/* The index of a sample, the value. */
GMPROC_DEFINE_TARGET (set_sample)
{
  g_autoptr (GmprocValue) value = open_value (args, 1);
  g_autoptr (GVariant) number = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  g_variant_get_child (args, 0, "u", &i);
  g_assert_cmpstr (g_variant_type_peek_string (gmproc_value_get_number_type (value)), ==,
                   samples[i].type);
  assert_number (value, &samples[i], samples[i].parents);
  number = parse (samples[i].type, samples[i].childs);
  gmproc_value_set (value, number, &error);
  g_assert_no_error (error);
  return EXIT_SUCCESS;
}

static void
check_sample (PartyKind kind, guint i, gboolean is_locked)
{
  g_autoptr (GVariant) initial = parse (samples[i].type, samples[i].parents);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocValue) value =
      is_locked ? gmproc_value_new_locked (samples[i].type, initial, NULL, &error)
                : gmproc_value_new (samples[i].type, initial, &error);

  g_assert_no_error (error);
  assert_number (value, &samples[i], samples[i].parents);
  run (kind, set_sample, g_variant_new ("(uh)", i, gmproc_value_get_handle (value)));
  assert_number (value, &samples[i], samples[i].childs);
}

/* SH-01. */
static void
test_types (PartyKind kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      check_sample (kind, i, FALSE);
      check_sample (kind, i, TRUE);
    }
}
PARTY_TEST (test_types)

/* SH-04. */
static void
test_bad_types (void)
{
  static const char *const types[] = { "", "z", "s", "h", "v", "ii", "(i)", "ai", "?", "I", "é" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *named = g_strdup_printf ("“%s”", types[i]);

      g_assert_null (gmproc_value_new (types[i], NULL, &error));
      assert_bad_type (&error, named);
      g_assert_null (gmproc_value_new_locked (types[i], NULL, NULL, &error));
      assert_bad_type (&error, named);
    }
  g_assert_null (gmproc_value_new ("i", g_variant_new_uint32 (1), &error));
  assert_bad_type (&error, "“u”");
}

static void
test_starts_at_zero (void)
{
  for (guint round = 0; round < 2; round++) /* also in a place that was used before */
    for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
      {
        g_autoptr (GmprocValue) value = new_value (samples[i].type);
        g_autoptr (GVariant) number = gmproc_value_get (value);
        g_autoptr (GVariant) zero = parse (samples[i].type, i == 0 ? "false" : "0");
        g_autoptr (GVariant) other = parse (samples[i].type, samples[i].childs);

        g_assert_true (g_variant_equal (number, zero));
        g_assert_true (gmproc_value_set (value, other, NULL));
      }
}

static void
test_signed (void)
{
  g_autoptr (GmprocValue) value = new_value ("n");
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_value_set_int64 (value, -5, &error));
  g_assert_cmpint (gmproc_value_add_int64 (value, 7, &error), ==, -5);
  g_assert_cmpint (gmproc_value_get_int64 (value, &error), ==, 2);
  g_assert_cmpint (gmproc_value_compare_exchange_int64 (value, 1, 9, &error), ==, 2);
  g_assert_cmpint (gmproc_value_get_int64 (value, &error), ==, 2);
  g_assert_cmpint (gmproc_value_compare_exchange_int64 (value, 2, -9, &error), ==, 2);
  g_assert_cmpint (gmproc_value_get_int64 (value, &error), ==, -9);
  g_assert_no_error (error);

  /* It wraps at its own width, and works on after that. */
  g_assert_cmpint (gmproc_value_add_int64 (value, G_MININT16, &error), ==, -9);
  g_assert_cmpint (gmproc_value_compare_exchange_int64 (value, G_MAXINT16 - 8, 3, &error), ==,
                   G_MAXINT16 - 8);
  g_assert_cmpint (gmproc_value_get_int64 (value, &error), ==, 3);
  g_assert_no_error (error);

  g_assert_false (gmproc_value_set_int64 (value, G_MAXINT16 + 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "32768"));
  g_clear_error (&error);
  g_assert_cmpint (gmproc_value_compare_exchange_int64 (value, 3, G_MININT16 - 1, &error), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpint (gmproc_value_get_int64 (value, NULL), ==, 3);
}

static void
test_unsigned (void)
{
  g_autoptr (GmprocValue) value = new_value ("y");
  g_autoptr (GmprocValue) large = new_value ("t");
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_value_set_uint64 (value, 250, &error));
  g_assert_cmpuint (gmproc_value_add_uint64 (value, 10, &error), ==, 250);
  g_assert_cmpuint (gmproc_value_get_uint64 (value, &error), ==, 4);
  g_assert_cmpuint (gmproc_value_add_uint64 (value, G_MAXUINT8, &error), ==, 4);
  g_assert_cmpuint (gmproc_value_compare_exchange_uint64 (value, 3, 255, &error), ==, 3);
  g_assert_cmpuint (gmproc_value_compare_exchange_uint64 (value, 256 + 255, 1, &error), ==, 255);
  g_assert_cmpuint (gmproc_value_get_uint64 (value, &error), ==, 255);
  g_assert_cmpuint (gmproc_value_add_uint64 (large, G_MAXUINT64, &error), ==, 0);
  g_assert_cmpuint (gmproc_value_add_uint64 (large, 2, &error), ==, G_MAXUINT64);
  g_assert_cmpuint (gmproc_value_get_uint64 (large, &error), ==, 1);
  g_assert_no_error (error);

  g_assert_false (gmproc_value_set_uint64 (value, 256, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (gmproc_value_get_uint64 (value, NULL), ==, 255);
}

static void
test_boolean (void)
{
  g_autoptr (GmprocValue) value = new_value ("b");
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (gmproc_value_compare_exchange_uint64 (value, 0, 1, &error), ==, 0);
  g_assert_cmpuint (gmproc_value_compare_exchange_uint64 (value, 0, 1, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpuint (gmproc_value_add_uint64 (value, 1, &error), ==, 0);
  assert_bad_type (&error, "“b”");
  g_assert_false (gmproc_value_set_uint64 (value, 2, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (gmproc_value_get_uint64 (value, NULL), ==, 1);
}

static void
test_double (void)
{
  g_autoptr (GmprocValue) value = new_value ("d");
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_value_set_double (value, 1.5, &error));
  g_assert_cmpfloat (gmproc_value_add_double (value, -2, &error), ==, 1.5);
  g_assert_cmpfloat (gmproc_value_get_double (value, &error), ==, -0.5);
  g_assert_cmpfloat (gmproc_value_compare_exchange_double (value, 0.5, 7, &error), ==, -0.5);
  g_assert_cmpfloat (gmproc_value_compare_exchange_double (value, -0.5, NAN, &error), ==, -0.5);
  g_assert_true (isnan (gmproc_value_add_double (value, 1, &error)));
  g_assert_true (isnan (gmproc_value_compare_exchange_double (value, NAN, 7, &error)));
  g_assert_cmpfloat (gmproc_value_get_double (value, &error), ==, 7);
  g_assert_no_error (error);
}

/* Each class of calls refuses the types of the others, and changes nothing. */
static void
test_wrong_calls (void)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autoptr (GVariant) initial = parse (samples[i].type, samples[i].childs);
      g_autoptr (GmprocValue) value = gmproc_value_new (samples[i].type, initial, NULL);
      g_autofree char *named = g_strdup_printf ("“%s”", samples[i].type);

      if (strchr ("nix", samples[i].type[0]) == NULL)
        {
          g_assert_cmpint (gmproc_value_get_int64 (value, &error), ==, 0);
          assert_bad_type (&error, named);
          g_assert_false (gmproc_value_set_int64 (value, 0, &error));
          assert_bad_type (&error, named);
          g_assert_cmpint (gmproc_value_add_int64 (value, 1, &error), ==, 0);
          assert_bad_type (&error, named);
          g_assert_cmpint (gmproc_value_compare_exchange_int64 (value, 1, 0, &error), ==, 0);
          assert_bad_type (&error, named);
        }
      if (strchr ("byqut", samples[i].type[0]) == NULL)
        {
          g_assert_cmpuint (gmproc_value_get_uint64 (value, &error), ==, 0);
          assert_bad_type (&error, named);
          g_assert_false (gmproc_value_set_uint64 (value, 0, &error));
          assert_bad_type (&error, named);
          g_assert_cmpuint (gmproc_value_add_uint64 (value, 1, &error), ==, 0);
          assert_bad_type (&error, named);
          g_assert_cmpuint (gmproc_value_compare_exchange_uint64 (value, 1, 0, &error), ==, 0);
          assert_bad_type (&error, named);
        }
      if (samples[i].type[0] != 'd')
        {
          g_assert_cmpfloat (gmproc_value_get_double (value, &error), ==, 0);
          assert_bad_type (&error, named);
          g_assert_false (gmproc_value_set_double (value, 0, &error));
          assert_bad_type (&error, named);
          g_assert_cmpfloat (gmproc_value_add_double (value, 1, &error), ==, 0);
          assert_bad_type (&error, named);
          g_assert_cmpfloat (gmproc_value_compare_exchange_double (value, 1, 0, &error), ==, 0);
          assert_bad_type (&error, named);
        }
      g_assert_false (gmproc_value_set (value, g_variant_new_string ("text"), &error));
      assert_bad_type (&error, "“s”");
      assert_number (value, &samples[i], samples[i].childs);
    }
}

/* One value for each class of calls, and one that is narrow, so that it wraps often. All begin
 * together. */
GMPROC_DEFINE_TARGET (add_often)
{
  g_autoptr (GmprocValue) whole = open_value (args, 0);
  g_autoptr (GmprocValue) count = open_value (args, 1);
  g_autoptr (GmprocValue) fraction = open_value (args, 2);
  g_autoptr (GmprocValue) narrow = open_value (args, 3);
  g_autoptr (GmprocBarrier) start = party_open_barrier (args, 4);
  g_autoptr (GError) error = NULL;

  gmproc_barrier_wait (start, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N_ADDITIONS; i++)
    {
      gmproc_value_add_int64 (whole, -3, &error);
      gmproc_value_add_uint64 (count, 1, &error);
      gmproc_value_add_double (fraction, 0.5, &error);
      gmproc_value_add_uint64 (narrow, 7, &error);
    }
  g_assert_no_error (error);
  return EXIT_SUCCESS;
}

/* No addition is lost. */
static void
test_additions (PartyKind kind)
{
  const guint64 n_all = (guint64) N_PARTIES * N_ADDITIONS;
  g_autoptr (GmprocValue) whole = new_value ("x");
  g_autoptr (GmprocValue) count = new_value ("u");
  g_autoptr (GmprocValue) fraction = new_value ("d");
  g_autoptr (GmprocValue) narrow = new_value ("y");
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBarrier) start = gmproc_barrier_new (N_PARTIES, &error);
  Party *parties[N_PARTIES];

  g_assert_no_error (error);
  for (guint i = 0; i < N_PARTIES; i++)
    parties[i] = party_start (
        kind, add_often,
        g_variant_new ("(hhhhh)", gmproc_value_get_handle (whole), gmproc_value_get_handle (count),
                       gmproc_value_get_handle (fraction), gmproc_value_get_handle (narrow),
                       gmproc_barrier_get_handle (start)));
  for (guint i = 0; i < N_PARTIES; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);

  g_assert_cmpint (gmproc_value_get_int64 (whole, NULL), ==, -3 * (gint64) n_all);
  g_assert_cmpuint (gmproc_value_get_uint64 (count, NULL), ==, n_all);
  g_assert_cmpfloat (gmproc_value_get_double (fraction, NULL), ==, 0.5 * (double) n_all);
  g_assert_cmpuint (gmproc_value_get_uint64 (narrow, NULL), ==, 7 * n_all % 256);
}
PARTY_TEST (test_additions)

/* Adds by a read and a write, which only the lock makes one. */
GMPROC_DEFINE_TARGET (add_locked)
{
  g_autoptr (GmprocValue) value = open_value (args, 0);
  GmprocLock *lock = gmproc_value_get_lock (value);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_LOCKED; i++)
    {
      gmproc_lock_acquire (lock, PARTY_BOUND, NULL, &error);
      g_assert_no_error (error);
      gmproc_value_set_int64 (value, gmproc_value_get_int64 (value, &error) + 1, &error);
      gmproc_lock_release (lock, &error);
      g_assert_no_error (error);
    }
  return EXIT_SUCCESS;
}

static void
check_lock (PartyKind kind, GmprocValue *value)
{
  Party *parties[N_PARTIES];

  for (guint i = 0; i < N_PARTIES; i++)
    parties[i] =
        party_start (kind, add_locked, g_variant_new ("(h)", gmproc_value_get_handle (value)));
  for (guint i = 0; i < N_PARTIES; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
  g_assert_cmpint (gmproc_value_get_int64 (value, NULL), ==, N_PARTIES * N_LOCKED);
}

/* SH-02: a lock of its own, a given one, none. */
static void
test_locks (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLock) lock = gmproc_lock_new (&error);
  g_autoptr (GmprocValue) own = gmproc_value_new_locked ("i", NULL, NULL, &error);
  g_autoptr (GmprocValue) given = gmproc_value_new_locked ("i", NULL, lock, &error);
  g_autoptr (GmprocValue) none = new_value ("i");

  g_assert_no_error (error);
  g_assert_null (gmproc_value_get_lock (none));
  g_assert_true (gmproc_value_get_lock (given) == lock);
  g_assert_true (gmproc_lock_is_recursive (gmproc_value_get_lock (own)));
  check_lock (kind, own);
  check_lock (kind, given);
}
PARTY_TEST (test_locks)

/* The lock that the parent holds by its own name is the one that came with the value. */
GMPROC_DEFINE_TARGET (find_busy)
{
  g_autoptr (GmprocValue) value = open_value (args, 0);
  g_autoptr (GmprocLock) lock = party_open_lock (args, 1);
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_lock_acquire (gmproc_value_get_lock (value), 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_false (gmproc_lock_acquire (lock, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (gmproc_value_set_int64 (value, 5, NULL)); /* does not take it */
  return EXIT_SUCCESS;
}

static void
test_given_lock_is_the_same (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLock) lock = gmproc_lock_new (&error);
  g_autoptr (GmprocValue) value = gmproc_value_new_locked ("i", NULL, lock, &error);

  gmproc_lock_acquire (lock, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  run (PARTY_PROCESS, find_busy,
       g_variant_new ("(hh)", gmproc_value_get_handle (value), gmproc_lock_get_handle (lock)));
  gmproc_lock_release (lock, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gmproc_value_get_int64 (value, NULL), ==, 5);
}

/* SH-02: what is no lock is a mistake of the program, and refused as GLib refuses those. */
static void
test_bad_lock (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GError) error = NULL;

  g_test_expect_message ("gmproc", G_LOG_LEVEL_CRITICAL, "*GMPROC_IS_LOCK*");
  g_assert_null (gmproc_value_new_locked ("i", NULL, (GmprocLock *) event, &error));
  g_test_assert_expected_messages ();
}

static void
test_costs_no_handle (void)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func (g_object_unref);
  GmprocTestLeaks *before = gmproc_test_leaks_snapshot ();
  GmprocTestLeaks *after;

  for (guint i = 0; i < N_VALUES; i++)
    {
      g_ptr_array_add (values, new_value ("t"));
      gmproc_value_set_uint64 (values->pdata[i], i, NULL);
    }
  for (guint i = 0; i < N_VALUES; i++)
    g_assert_cmpuint (gmproc_value_get_uint64 (values->pdata[i], NULL), ==, i);

  after = gmproc_test_leaks_snapshot ();
  g_assert_cmpuint (gmproc_test_leaks_count_handles (after), <=,
                    gmproc_test_leaks_count_handles (before) + N_VALUES / 400);
  gmproc_test_leaks_free (before);
  gmproc_test_leaks_free (after);
}

static void
test_other_class (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_value_from_handle (gmproc_event_get_handle (event), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  PARTY_ADD ("/value/types", test_types);
  gmproc_test_add ("/value/bad-types", test_bad_types);
  gmproc_test_add ("/value/starts-at-zero", test_starts_at_zero);
  gmproc_test_add ("/value/signed", test_signed);
  gmproc_test_add ("/value/unsigned", test_unsigned);
  gmproc_test_add ("/value/boolean", test_boolean);
  gmproc_test_add ("/value/double", test_double);
  gmproc_test_add ("/value/wrong-calls", test_wrong_calls);
  PARTY_ADD ("/value/additions", test_additions);
  PARTY_ADD ("/value/locks", test_locks);
  gmproc_test_add ("/value/given-lock-is-the-same", test_given_lock_is_the_same);
  gmproc_test_add ("/value/bad-lock", test_bad_lock);
  gmproc_test_add ("/value/costs-no-handle", test_costs_no_handle);
  gmproc_test_add ("/value/other-class", test_other_class);
  return g_test_run ();
}
