/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Many items with one call of a GmprocQueue.
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define N_ITEMS 1000000
#define N_EMPTY (400 * 1000)
#define N_SIDE 4
#define GROUP 1000

static GmprocQueue *
new_queue (guint max_size)
{
  g_autoptr (GError) error = NULL;
  GmprocQueue *queue = gmproc_queue_new (max_size, &error);

  g_assert_no_error (error);
  return queue;
}

/* FIRST … FIRST + N - 1; floating. */
static GVariant *
make_numbers (gint64 first, gsize n)
{
  gint64 *numbers = g_new (gint64, n);

  for (gsize i = 0; i < n; i++)
    numbers[i] = first + (gint64) i;
  return g_variant_new_from_data (G_VARIANT_TYPE ("ax"), numbers, n * sizeof *numbers, TRUE, g_free,
                                  numbers);
}

static void
put_numbers (GmprocQueue *queue, gint64 first, gsize n)
{
  g_autoptr (GError) error = NULL;
  gsize n_put = 12345;

  gmproc_queue_put_many (queue, make_numbers (first, n), PARTY_BOUND, NULL, &n_put, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_put, ==, n);
}

static GVariant *
get_many (GmprocQueue *queue, gsize n_at_most)
{
  g_autoptr (GError) error = NULL;
  GVariant *items = gmproc_queue_get_many (queue, n_at_most, PARTY_BOUND, NULL, &error);

  g_assert_no_error (error);
  g_assert_false (g_variant_is_floating (items));
  return items;
}

static void
assert_numbers (GmprocQueue *queue, gint64 first, gsize n)
{
  for (gsize i = 0; i < n;)
    {
      g_autoptr (GVariant) items = get_many (queue, n - i);
      gsize n_numbers;
      const gint64 *numbers = g_variant_get_fixed_array (items, &n_numbers, sizeof *numbers);

      g_assert_true (g_variant_is_of_type (items, G_VARIANT_TYPE ("ax")));
      for (gsize j = 0; j < n_numbers; j++, i++)
        g_assert_cmpint (numbers[j], ==, first + (gint64) i);
    }
}

/* Arrays of all types come back as they were; each item also alone. */
static void
test_types (void)
{
  static const char *const texts[] = { "[1, 2]", "['a', '']",    "[('x', int64 7)]", "[<1>, <'x'>]",
                                       "[true]", "[b'xy', b'']", "[{'a': <1>}, {}]" };
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) items = g_variant_ref_sink (g_variant_new_parsed (texts[i]));
      g_autoptr (GVariant) back = NULL;

      g_assert_true (gmproc_queue_put_many (queue, items, 0, NULL, NULL, &error));
      g_assert_cmpuint (gmproc_queue_get_length (queue), ==, g_variant_n_children (items));
      back = get_many (queue, 100);
      g_assert_true (g_variant_equal (items, back));

      g_assert_true (gmproc_queue_put_many (queue, items, 0, NULL, NULL, &error));
      for (gsize j = 0; j < g_variant_n_children (items); j++)
        {
          g_autoptr (GVariant) item = g_variant_get_child_value (items, j);
          g_autoptr (GVariant) item_back = gmproc_queue_get (queue, 0, NULL, &error);

          g_assert_true (g_variant_equal (item, item_back));
        }
    }
  g_assert_true (gmproc_queue_is_empty (queue));
}

static void
test_none (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (1);
  g_autoptr (GError) error = NULL;

  put_numbers (queue, 0, 0);
  g_assert_true (gmproc_queue_put_many_bytes (queue, NULL, 0, 0, NULL, NULL, &error));
  g_assert_true (gmproc_queue_is_empty (queue));
  g_assert_null (gmproc_queue_get_many (queue, 10, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_null (gmproc_queue_get_many_bytes (queue, 10, PARTY_SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* What one call gives ends where the type does, and where it was asked to. */
static void
test_ends (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("abc", 3);
  g_autoptr (GVariant) strings = NULL;
  g_autoptr (GVariant) raw = NULL;
  g_autoptr (GError) error = NULL;

  put_numbers (queue, 0, 5);
  gmproc_queue_put (queue, g_variant_new_string ("x"), 0, NULL, &error);
  gmproc_queue_put_bytes (queue, bytes, 0, NULL, &error);
  gmproc_queue_put_bytes (queue, bytes, 0, NULL, &error);
  put_numbers (queue, 5, 1);
  g_assert_no_error (error);

  assert_numbers (queue, 0, 2);
  assert_numbers (queue, 2, 3);
  strings = get_many (queue, 100);
  g_assert_cmpstr (g_variant_get_type_string (strings), ==, "as");
  raw = get_many (queue, 100);
  g_assert_cmpstr (g_variant_get_type_string (raw), ==, "aay");
  g_assert_cmpuint (g_variant_n_children (raw), ==, 2);
  g_assert_cmpuint (gmproc_queue_get_length (queue), ==, 1);
  assert_numbers (queue, 5, 1);
}

static void
test_bytes (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GError) error = NULL;
  GBytes *items[300];
  gsize n_put = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autofree char *text = g_strnfill (i * 7 % 300, 'a' + (char) (i % 26));

      items[i] = g_bytes_new (text, i * 7 % 300);
    }
  gmproc_queue_put_many_bytes (queue, items, G_N_ELEMENTS (items), 0, NULL, &n_put, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_put, ==, G_N_ELEMENTS (items));

  for (gsize i = 0; i < G_N_ELEMENTS (items);)
    {
      g_autoptr (GPtrArray) back = gmproc_queue_get_many_bytes (queue, 70, 0, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (back->len, <=, 70);
      for (gsize j = 0; j < back->len; j++, i++)
        g_assert_true (g_bytes_equal (back->pdata[j], items[i]));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (items); i++)
    g_bytes_unref (items[i]);
}

/* A type string that is longer than what many items are compared by, and an item of 3 MiB. */
static void
test_unusual (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autofree char *type = g_strdup_printf ("(%0100d)", 0);
  g_autofree guint8 *zeros = g_malloc0 (3 * 1024 * 1024);
  g_autoptr (GBytes) large = g_bytes_new_static (zeros, 3 * 1024 * 1024);
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GVariant) back = NULL;
  g_autoptr (GVariant) child = NULL;
  g_autoptr (GVariant) large_back = NULL;
  g_autoptr (GError) error = NULL;

  for (char *c = type; *c != '\0'; c++)
    *c = *c == '0' ? 'y' : *c;
  item = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE (type), zeros, 100, TRUE, NULL, NULL));
  for (guint i = 0; i < 2; i++)
    gmproc_queue_put (queue, item, 0, NULL, &error);
  gmproc_queue_put_bytes (queue, large, 0, NULL, &error);
  g_assert_no_error (error);

  back = get_many (queue, 100);
  child = g_variant_get_child_value (back, 0);
  g_assert_true (g_variant_equal (child, item));
  g_assert_cmpuint (g_variant_n_children (back) + gmproc_queue_get_length (queue), ==, 3);
  while (gmproc_queue_get_length (queue) > 1)
    g_variant_unref (gmproc_queue_get (queue, 0, NULL, NULL));
  large_back = get_many (queue, 100);
  g_assert_cmpuint (g_variant_n_children (large_back), ==, 1);
  g_assert_cmpuint (g_variant_get_size (large_back), >, 3 * 1024 * 1024);
}

/* QU-07, QU-08: one item that cannot travel, and none is put. */
static void
test_refused (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  gint32 handle = gmproc_queue_get_handle (queue);
  static const guint8 bad_flags[] = { 1, 0, 2 };
  g_autoptr (GError) error = NULL;
  gsize n_put = 1;

  g_assert_false (gmproc_queue_put_many (queue, g_variant_new_parsed ("[<1>, <%h>]", handle), 0,
                                         NULL, &n_put, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_cmpuint (n_put, ==, 0);
  g_clear_error (&error);

  g_assert_false (
      gmproc_queue_put_many (queue,
                             g_variant_new_from_data (G_VARIANT_TYPE ("ab"), bad_flags,
                                                      sizeof bad_flags, FALSE, NULL, NULL),
                             0, NULL, &n_put, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
  g_assert_true (gmproc_queue_is_empty (queue));
  put_numbers (queue, 1, 3);
  assert_numbers (queue, 1, 3);
}

/* QU-01: those that have room are put, and counted. */
static void
test_bound (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (300);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();
  gsize n_put = 0;

  g_assert_false (
      gmproc_queue_put_many (queue, make_numbers (0, 1000), PARTY_SHORT, NULL, &n_put, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, PARTY_SHORT);
  g_assert_cmpuint (n_put, ==, 300);
  g_assert_true (gmproc_queue_is_full (queue));
  g_clear_error (&error);
  assert_numbers (queue, 0, 200);

  g_cancellable_cancel (cancellable);
  g_assert_false (
      gmproc_queue_put_many (queue, make_numbers (0, 1000), 0, cancellable, &n_put, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (n_put, ==, 0);
  g_clear_error (&error);

  g_assert_false (gmproc_queue_put_many (queue, make_numbers (300, 201), 0, NULL, &n_put, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpuint (n_put, ==, 200);
  g_clear_error (&error);
  assert_numbers (queue, 200, 300);
  g_assert_false (gmproc_queue_put_many (queue, make_numbers (0, 1), -5, NULL, &n_put, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

GMPROC_DEFINE_TARGET (close_when_full)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);

  while (!gmproc_queue_is_full (queue))
    party_pause (1000);
  gmproc_queue_close (queue);
  return EXIT_SUCCESS;
}

/* QU-09: somebody closes the queue in the middle of a call. */
static void
test_close (PartyKind kind)
{
  g_autoptr (GmprocQueue) queue = new_queue (10);
  g_autoptr (GError) error = NULL;
  Party *party =
      party_start (kind, close_when_full, g_variant_new ("(h)", gmproc_queue_get_handle (queue)));
  gsize n_put = 0;

  g_assert_false (
      gmproc_queue_put_many (queue, make_numbers (0, 100), PARTY_BOUND, NULL, &n_put, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (n_put, ==, 10);
  g_clear_error (&error);
  assert_numbers (queue, 0, 10);
  g_assert_null (gmproc_queue_get_many (queue, 10, PARTY_BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_close)

/* -- producers and consumers ------------------------------------------------------------------- */

/* Puts id * N_ITEMS + (0 … n - 1), in groups. */
GMPROC_DEFINE_TARGET (produce)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  gint64 first;
  guint32 n;

  g_variant_get_child (args, 1, "x", &first);
  g_variant_get_child (args, 2, "u", &n);
  for (guint32 i = 0; i < n; i += GROUP)
    put_numbers (queue, first + i, MIN (GROUP, n - i));
  return EXIT_SUCCESS;
}

/* Takes until the end, and puts how many, and their sum. */
GMPROC_DEFINE_TARGET (consume)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocQueue) results = party_open_queue (args, 1);
  g_autoptr (GError) error = NULL;
  gint64 last[N_SIDE] = { -1, -1, -1, -1 };
  guint64 count = 0, sum = 0;
  GVariant *items;

  while ((items = gmproc_queue_get_many (queue, GROUP, PARTY_BOUND, NULL, &error)) != NULL)
    {
      gsize n;
      const gint64 *numbers = g_variant_get_fixed_array (items, &n, sizeof *numbers);

      for (gsize i = 0; i < n; i++)
        {
          g_assert_cmpint (numbers[i], >, last[numbers[i] / N_ITEMS]);
          last[numbers[i] / N_ITEMS] = numbers[i];
          sum += (guint64) (numbers[i] % N_ITEMS);
        }
      count += n;
      g_variant_unref (items);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  gmproc_queue_put (results, g_variant_new ("(tt)", count, sum), PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  return EXIT_SUCCESS;
}

static void
check_sums (GmprocQueue *results, guint n_producers, guint n_consumers, guint64 n)
{
  guint64 count = 0, sum = 0;

  for (guint i = 0; i < n_consumers; i++)
    {
      g_autoptr (GVariant) result = gmproc_queue_get (results, 0, NULL, NULL);
      guint64 more_count, more_sum;

      g_variant_get (result, "(tt)", &more_count, &more_sum);
      count += more_count;
      sum += more_sum;
    }
  g_assert_cmpuint (count, ==, n_producers * n);
  g_assert_cmpuint (sum, ==, n_producers * (n * (n - 1) / 2));
}

/* Items of no bytes count too, so that nobody takes without end what others go on to put. */
static void
test_empty_items (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autofree GBytes **items = g_new (GBytes *, N_EMPTY);
  g_autoptr (GError) error = NULL;
  gsize n_put, n_got = 0;

  for (gsize i = 0; i < N_EMPTY; i++)
    items[i] = empty;
  g_assert_true (
      gmproc_queue_put_many_bytes (queue, items, N_EMPTY, GMPROC_FOREVER, NULL, &n_put, &error));
  while (n_got < N_EMPTY)
    {
      g_autoptr (GPtrArray) some =
          gmproc_queue_get_many_bytes (queue, G_MAXSIZE, PARTY_BOUND, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (some->len, <=, N_EMPTY / 2);
      for (guint i = 0; i < some->len; i++)
        g_assert_cmpuint (g_bytes_get_size (some->pdata[i]), ==, 0);
      n_got += some->len;
    }
  g_assert_cmpuint (n_got, ==, N_EMPTY);
}

/* GM-11: 10^6 items, everything arrives once, in the order of each producer. */
static void
check_counts (PartyKind kind, guint max_size, guint n_producers, guint n_consumers)
{
  g_autoptr (GmprocQueue) queue = new_queue (max_size);
  g_autoptr (GmprocQueue) results = new_queue (0);
  guint32 n = N_ITEMS / n_producers;
  Party *producers[N_SIDE];
  Party *consumers[N_SIDE];
  gint64 begin;

  for (guint i = 0; i < n_consumers; i++)
    consumers[i] = party_start (
        kind, consume,
        g_variant_new ("(hh)", gmproc_queue_get_handle (queue), gmproc_queue_get_handle (results)));
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < n_producers; i++)
    producers[i] = party_start (
        kind, produce,
        g_variant_new ("(hxu)", gmproc_queue_get_handle (queue), (gint64) i * N_ITEMS, n));
  for (guint i = 0; i < n_producers; i++)
    g_assert_cmpint (party_join (producers[i]), ==, EXIT_SUCCESS);
  gmproc_queue_close (queue);
  for (guint i = 0; i < n_consumers; i++)
    g_assert_cmpint (party_join (consumers[i]), ==, EXIT_SUCCESS);
  g_test_message ("%u to %u, bound %u: %.1f M/s, with the start of the producers", n_producers,
                  n_consumers, max_size, N_ITEMS / (double) (g_get_monotonic_time () - begin));
  check_sums (results, n_producers, n_consumers, n);
}

static void
test_counts (PartyKind kind)
{
  check_counts (kind, 0, 1, 1);
  check_counts (kind, 0, 1, N_SIDE);
  check_counts (kind, 0, N_SIDE, 1);
  check_counts (kind, 0, N_SIDE, N_SIDE);
  check_counts (kind, 700, N_SIDE, N_SIDE);
}
PARTY_TEST (test_counts)

/* QU-09, GM-16: none to put is no reason to say that all is well. */
static void
test_none_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, &error);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  gsize n_put = 7;

  g_assert_no_error (error);
  g_cancellable_cancel (cancelled);
  g_assert_false (
      gmproc_queue_put_many (queue, g_variant_new ("ai", NULL), 0, cancelled, &n_put, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (n_put, ==, 0);
  g_clear_error (&error);
  g_assert_true (
      gmproc_queue_put_many (queue, g_variant_new ("ai", NULL), 0, NULL, &n_put, &error));
  g_assert_no_error (error);
  gmproc_queue_close (queue);
  g_assert_false (gmproc_queue_put_many_bytes (queue, NULL, 0, 0, NULL, &n_put, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/queue/many/types", test_types);
  gmproc_test_add ("/queue/many/none", test_none);
  gmproc_test_add ("/queue/many/ends", test_ends);
  gmproc_test_add ("/queue/many/bytes", test_bytes);
  gmproc_test_add ("/queue/many/unusual", test_unusual);
  gmproc_test_add ("/queue/many/refused", test_refused);
  gmproc_test_add ("/queue/many/bound", test_bound);
  gmproc_test_add ("/queue/many/empty-items", test_empty_items);
  gmproc_test_add ("/queue/many/QU-09/none", test_none_refused);
  PARTY_ADD ("/queue/many/close", test_close);
  PARTY_ADD ("/queue/many/counts", test_counts);
  return g_test_run ();
}
