/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocQueue between threads and between processes, where nobody is killed.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "support.h"

#define N_ITEMS 1000000
#define N_ITEMS_SLOW 20000
#define N_PROBES 2000
#define SLOW_PROBE (40 * G_TIME_SPAN_MILLISECOND) /* 20 µs an item; 10⁶ of them take too long */
#define N_SIDE 4
#define MAX_SIDE 8
#define LARGE (64 * 1024 * 1024)

static GmprocQueue *
new_queue (guint max_size)
{
  g_autoptr (GError) error = NULL;
  GmprocQueue *queue = gmproc_queue_new (max_size, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (gmproc_queue_get_max_size (queue), ==, max_size);
  return queue;
}

static void
put (GmprocQueue *queue, guint32 number)
{
  g_autoptr (GError) error = NULL;

  gmproc_queue_put (queue, g_variant_new_uint32 (number), PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

static guint32
get (GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) item = gmproc_queue_get (queue, PARTY_BOUND, NULL, &error);

  g_assert_no_error (error);
  return g_variant_get_uint32 (item);
}

static void
assert_length (GmprocQueue *queue, guint length)
{
  guint max_size = gmproc_queue_get_max_size (queue);

  g_assert_cmpuint (gmproc_queue_get_length (queue), ==, length);
  g_assert_true (gmproc_queue_is_empty (queue) == (length == 0));
  g_assert_true (gmproc_queue_is_full (queue) == (max_size > 0 && length == max_size));
}

static void
assert_put_fails (GmprocQueue *queue, gint64 timeout, GCancellable *cancellable, int code)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_false (gmproc_queue_put (queue, g_variant_new_uint32 (0), timeout, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_clear_error (&error);
  if (code == G_IO_ERROR_TIMED_OUT)
    g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeout);
  g_assert_false (gmproc_queue_put_bytes (queue, bytes, timeout, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, code);
}

static void
assert_get_fails (GmprocQueue *queue, gint64 timeout, GCancellable *cancellable, int code)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();

  g_assert_null (gmproc_queue_get (queue, timeout, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_clear_error (&error);
  if (code == G_IO_ERROR_TIMED_OUT)
    g_assert_cmpint (g_get_monotonic_time () - begin, >=, timeout);
  g_assert_null (gmproc_queue_get_bytes (queue, timeout, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, code);
}

/* QU-01, QU-02, QU-04, QU-06, QU-10: a put or get that cannot be done fails at once, or after its
 * timeout and no sooner; length, empty and full are exact after each. */
static void
test_bound (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (3);

  for (guint round = 0; round < 3; round++)
    {
      assert_length (queue, 0);
      assert_get_fails (queue, 0, NULL, G_IO_ERROR_TIMED_OUT);
      assert_get_fails (queue, PARTY_SHORT, NULL, G_IO_ERROR_TIMED_OUT);
      for (guint i = 0; i < 3; i++)
        {
          put (queue, i);
          assert_length (queue, i + 1);
        }
      assert_put_fails (queue, 0, NULL, G_IO_ERROR_TIMED_OUT);
      assert_put_fails (queue, PARTY_SHORT, NULL, G_IO_ERROR_TIMED_OUT);
      for (guint i = 0; i < 3; i++)
        {
          assert_length (queue, 3 - i);
          g_assert_cmpuint (get (queue), ==, i);
        }
    }
  assert_put_fails (queue, -7, NULL, G_IO_ERROR_INVALID_ARGUMENT);
  assert_get_fails (queue, -7, NULL, G_IO_ERROR_INVALID_ARGUMENT);
  assert_length (queue, 0);
}

/* Values come back as they were put, and as bytes where that is asked for. */
static void
test_contents (void)
{
  static const char *const texts[] = { "()", "''", "{'a': <1>, 'b': <[(1.5, 'x')]>}", "@as []",
                                       "(true, byte 0x07, -1, uint64 18446744073709551615)" };
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (texts[i]));
      g_autoptr (GVariant) back = NULL;

      gmproc_queue_put (queue, value, 0, NULL, &error);
      g_assert_no_error (error);
      back = gmproc_queue_get (queue, 0, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (g_variant_equal (value, back));
      g_assert_false (g_variant_is_floating (back));
    }
}

static void
test_bytes (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GError) error = NULL;

  for (gsize size = 0; size < 20; size++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new ("0123456789abcdefghij", size);
      g_autoptr (GBytes) back = NULL;
      g_autoptr (GVariant) value = NULL;
      gsize value_size;

      g_assert_true (gmproc_queue_put_bytes (queue, bytes, 0, NULL, &error));
      g_assert_true (gmproc_queue_put_bytes (queue, bytes, 0, NULL, &error));
      back = gmproc_queue_get_bytes (queue, 0, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (g_bytes_equal (bytes, back));
      value = gmproc_queue_get (queue, 0, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (g_variant_get_type_string (value), ==, "ay");
      (void) g_variant_get_fixed_array (value, &value_size, 1);
      g_assert_cmpuint (value_size, ==, size);
    }
  assert_length (queue, 0);
}

static void
assert_taken_into (GmprocQueue *queue, const char *contents, gsize size)
{
  g_autoptr (GError) error = NULL;
  guint8 buffer[8] = { 0 };
  gsize ret_size = 99;

  g_assert_true (gmproc_queue_get_into (queue, buffer, size, &ret_size, 0, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, ret_size, contents, size);
}

/* QU-01, QU-02: out of memory of the caller's and into it, the same items as bytes; one that is too
 * long for the buffer stays the first one, and the buffer as it was. */
static void
test_data (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (3);
  g_autoptr (GBytes) whole = NULL;
  g_autoptr (GError) error = NULL;
  guint8 data[5] = "12345", buffer[4] = "abc";
  gsize size = 99;

  g_assert_false (gmproc_queue_get_into (queue, buffer, sizeof buffer, &size, 0, NULL, NULL));
  g_assert_cmpuint (size, ==, 0);
  g_assert_true (gmproc_queue_put_data (queue, data, sizeof data, 0, NULL, &error));
  g_assert_true (gmproc_queue_put_data (queue, NULL, 0, 0, NULL, &error));
  data[0] = 'x'; /* it is the caller's again */
  g_assert_true (gmproc_queue_put_data (queue, data, 1, 0, NULL, &error));
  g_assert_no_error (error);
  assert_length (queue, 3);
  g_assert_false (gmproc_queue_put_data (queue, data, 1, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);

  g_assert_false (gmproc_queue_get_into (queue, buffer, sizeof buffer, &size, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_clear_error (&error);
  g_assert_cmpuint (size, ==, 5);
  g_assert_cmpstr ((const char *) buffer, ==, "abc");
  assert_length (queue, 3);

  whole = gmproc_queue_get_bytes (queue, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (whole, NULL), g_bytes_get_size (whole), "12345", 5);
  assert_taken_into (queue, "", 0);
  assert_taken_into (queue, "x", 1);
  g_assert_false (gmproc_queue_get_into (queue, buffer, sizeof buffer, &size, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* A value that is got as bytes begins with its data. */
static void
test_bytes_of_value (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GBytes) bytes = NULL;
  guint32 number;

  put (queue, 0x12345678);
  bytes = gmproc_queue_get_bytes (queue, 0, NULL, NULL);
  g_assert_nonnull (bytes);
  g_assert_cmpuint (g_bytes_get_size (bytes), >=, sizeof number);
  memcpy (&number, g_bytes_get_data (bytes, NULL), sizeof number);
  g_assert_cmpuint (number, ==, 0x12345678);
}

/* QU-07, QU-08: an item that cannot be put changes nothing. */
static void
test_handles_refused (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  gint32 handle = gmproc_queue_get_handle (queue);
  GVariant *items[] = { g_variant_new_handle (handle), g_variant_new ("(sh)", "x", handle),
                        g_variant_new_variant (g_variant_new_handle (handle)),
                        g_variant_new_parsed ("[<'x'>, <(1, handle 7)>]") };

  put (queue, 1);
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (gmproc_queue_put (queue, items[i], 0, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      assert_length (queue, 1 + i);
      put (queue, 2 + i);
    }
  for (guint i = 0; i < 1 + G_N_ELEMENTS (items); i++)
    g_assert_cmpuint (get (queue), ==, 1 + i);
}

/* QU-07, QU-08: GLib makes values that are deeper than it reads. */
static void
test_nested (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);

  for (guint n_levels = 110; n_levels < 140; n_levels++)
    for (guint kind = 0; kind < 3; kind++)
      {
        g_autoptr (GError) error = NULL;
        g_autoptr (GVariant) got = NULL;
        g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_string ("x"));

        for (guint i = 0; i < n_levels; i++)
          {
            g_autoptr (GVariant) inner = value;

            value = kind == 0   ? g_variant_new_variant (inner)
                    : kind == 1 ? g_variant_new_tuple (&inner, 1)
                                : g_variant_new_maybe (NULL, inner);
            g_variant_ref_sink (value);
          }
        put (queue, 1);
        g_assert_true (gmproc_queue_put (queue, value, 0, NULL, &error) == (n_levels <= 120));
        if (n_levels > 120)
          g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE);
        put (queue, 2);
        g_assert_cmpuint (get (queue), ==, 1);
        if (n_levels <= 120)
          {
            got = gmproc_queue_get (queue, 0, NULL, NULL);
            g_assert_true (got != NULL && g_variant_equal (got, value));
          }
        g_assert_cmpuint (get (queue), ==, 2);
      }
}

/* A wide type is not a deep one. */
static void
test_wide (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_autoptr (GString) text = g_string_new ("(");
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) got = NULL;

  for (guint i = 0; i < 100; i++)
    g_string_append (text, "@a(ay) [], @m(i) nothing, ");
  g_string_append (text, "1)");
  value = g_variant_parse (NULL, text->str, NULL, NULL, NULL);
  g_assert_nonnull (value);
  g_assert_true (gmproc_queue_put (queue, value, 0, NULL, NULL));
  got = gmproc_queue_get (queue, 0, NULL, NULL);
  g_assert_true (got != NULL && g_variant_equal (got, value));
}

/* QU-09, QU-10: closed is an error, for put at once and for get when it is empty; a second close is
 * none. How many items wait can be asked as before. */
static void
test_close (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (3);

  put (queue, 1);
  put (queue, 2);
  gmproc_queue_close (queue);
  gmproc_queue_close (queue);
  assert_put_fails (queue, 0, NULL, G_IO_ERROR_CLOSED);
  assert_put_fails (queue, GMPROC_FOREVER, NULL, G_IO_ERROR_CLOSED);
  assert_length (queue, 2);
  g_assert_cmpuint (get (queue), ==, 1);
  g_assert_cmpuint (get (queue), ==, 2);
  assert_get_fails (queue, 0, NULL, G_IO_ERROR_CLOSED);
  assert_get_fails (queue, GMPROC_FOREVER, NULL, G_IO_ERROR_CLOSED);
  assert_length (queue, 0);
}

/* -- producers and consumers ------------------------------------------------------------------- */

/* Puts (id, 0) … (id, n - 1). */
GMPROC_DEFINE_TARGET (produce)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  guint32 id, n;

  g_variant_get_child (args, 1, "u", &id);
  g_variant_get_child (args, 2, "u", &n);
  for (guint32 i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;

      gmproc_queue_put (queue, g_variant_new ("(uu)", id, i), PARTY_BOUND, NULL, &error);
      g_assert_no_error (error);
    }
  return EXIT_SUCCESS;
}

/* Takes until the end, and puts how many, and their sum. */
GMPROC_DEFINE_TARGET (consume)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocQueue) results = party_open_queue (args, 1);
  g_autoptr (GError) error = NULL;
  gint64 last[MAX_SIDE] = { -1, -1, -1, -1, -1, -1, -1, -1 };
  guint64 count = 0, sum = 0;
  GVariant *item;

  while ((item = gmproc_queue_get (queue, PARTY_BOUND, NULL, &error)) != NULL)
    {
      guint32 id, number;

      g_variant_get (item, "(uu)", &id, &number);
      g_variant_unref (item);
      g_assert_cmpint (number, >, last[id]);
      last[id] = number;
      count++;
      sum += number;
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  gmproc_queue_put (results, g_variant_new ("(tt)", count, sum), PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  return EXIT_SUCCESS;
}

static Party *
start_producer (PartyKind kind, GmprocQueue *queue, guint32 id, guint32 n)
{
  return party_start (kind, produce,
                      g_variant_new ("(huu)", gmproc_queue_get_handle (queue), id, n));
}

static Party *
start_consumer (PartyKind kind, GmprocQueue *queue, GmprocQueue *results)
{
  return party_start (
      kind, consume,
      g_variant_new ("(hh)", gmproc_queue_get_handle (queue), gmproc_queue_get_handle (results)));
}

static void
join_all (Party **parties, guint n)
{
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
}

/* GM-11: everything arrives once, in the order of each producer. */
static void
check_counts (PartyKind kind, guint max_size, guint n_producers, guint n_consumers, guint32 n)
{
  g_autoptr (GmprocQueue) queue = new_queue (max_size);
  g_autoptr (GmprocQueue) results = new_queue (0);
  Party *producers[MAX_SIDE];
  Party *consumers[MAX_SIDE];
  guint64 count = 0, sum = 0;

  n = gmproc_test_scale (n);
  for (guint i = 0; i < n_consumers; i++)
    consumers[i] = start_consumer (kind, queue, results);
  for (guint i = 0; i < n_producers; i++)
    producers[i] = start_producer (kind, queue, i, n);
  join_all (producers, n_producers);
  gmproc_queue_close (queue);
  join_all (consumers, n_consumers);

  assert_length (queue, 0);
  assert_length (results, n_consumers);
  for (guint i = 0; i < n_consumers; i++)
    {
      g_autoptr (GVariant) result = gmproc_queue_get (results, 0, NULL, NULL);
      guint64 more_count, more_sum;

      g_variant_get (result, "(tt)", &more_count, &more_sum);
      count += more_count;
      sum += more_sum;
    }
  g_assert_cmpuint (count, ==, (guint64) n_producers * n);
  g_assert_cmpuint (sum, ==, (guint64) n_producers * n * (n - 1) / 2);
}

/* A system in which each lock is a call of the system does with fewer items. */
static guint32
choose_n_items (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  gint64 begin = g_get_monotonic_time ();

  for (guint64 i = 0; i < N_PROBES; i++)
    {
      put (queue, i);
      g_assert_cmpuint (get (queue), ==, i);
    }
  return g_get_monotonic_time () - begin < SLOW_PROBE ? N_ITEMS : N_ITEMS_SLOW;
}

static void
test_counts (PartyKind kind)
{
  guint32 n_items = choose_n_items ();

  check_counts (kind, 0, 1, 1, n_items);
  check_counts (kind, 0, 1, N_SIDE, n_items);
  check_counts (kind, 0, N_SIDE, 1, n_items / N_SIDE);
  check_counts (kind, 0, N_SIDE, N_SIDE, n_items / N_SIDE);
}
PARTY_TEST (test_counts)

/* In a queue of one each put and get has to wake somebody, and nobody may be forgotten. */
static void
test_wake_chains (PartyKind kind)
{
  check_counts (kind, 1, 1, 1, 2000);
  check_counts (kind, 1, MAX_SIDE, 1, 200);
  check_counts (kind, 1, 1, MAX_SIDE, 1000);
  check_counts (kind, 1, MAX_SIDE, MAX_SIDE, 200);
  check_counts (kind, 2, N_SIDE, MAX_SIDE, 500);
}
PARTY_TEST (test_wake_chains)

/* QU-03, GM-04: a producer may end before anybody takes what it put. */
static void
test_join_first (PartyKind kind)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);

  for (guint32 id = 0; id < N_SIDE; id++)
    {
      Party *party = start_producer (kind, queue, id, 1000);

      join_all (&party, 1);
      assert_length (queue, (id + 1) * 1000);
    }
  for (guint32 i = 0; i < N_SIDE * 1000; i++)
    {
      g_autoptr (GVariant) item = gmproc_queue_get (queue, 0, NULL, NULL);
      guint32 id, number;

      g_variant_get (item, "(uu)", &id, &number);
      g_assert_cmpuint (id, ==, i / 1000);
      g_assert_cmpuint (number, ==, i % 1000);
    }
  assert_length (queue, 0);
}
PARTY_TEST (test_join_first)

/* Every byte tells where it is. */
static GBytes *
make_bytes (gsize size)
{
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i + (i >> 8) + (i >> 16) + size);
  return g_bytes_new_take (data, size);
}

GMPROC_DEFINE_TARGET (put_sizes)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GError) error = NULL;

  for (gsize size = 1; size <= LARGE; size *= 4)
    {
      g_autoptr (GBytes) bytes = make_bytes (size);

      gmproc_queue_put_bytes (queue, bytes, 0, NULL, &error);
      g_assert_no_error (error);
    }
  return EXIT_SUCCESS;
}

/* GM-04: the same with items of 1 byte to 64 MiB. */
static void
test_join_first_sizes (PartyKind kind)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  Party *party =
      party_start (kind, put_sizes, g_variant_new ("(h)", gmproc_queue_get_handle (queue)));

  join_all (&party, 1);
  for (gsize size = 1; size <= LARGE; size *= 4)
    {
      g_autoptr (GBytes) bytes = make_bytes (size);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) back = gmproc_queue_get_bytes (queue, 0, NULL, &error);

      g_assert_no_error (error);
      g_assert_true (g_bytes_equal (bytes, back));
    }
  assert_length (queue, 0);
}
PARTY_TEST (test_join_first_sizes)

/* QU-03: items of this process and of others, whose processes are gone when they are taken. */
static void
test_producers (PartyKind kind)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  Party *parties[N_SIDE];
  guint32 next[N_SIDE + 1] = { 0 };

  for (guint32 id = 0; id < N_SIDE; id++)
    parties[id] = start_producer (kind, queue, id, 1000);
  for (guint32 i = 0; i < 1000; i++)
    {
      g_autoptr (GError) error = NULL;

      gmproc_queue_put (queue, g_variant_new ("(uu)", N_SIDE, i), PARTY_BOUND, NULL, &error);
      g_assert_no_error (error);
    }
  join_all (parties, N_SIDE);
  assert_length (queue, (N_SIDE + 1) * 1000);
  while (!gmproc_queue_is_empty (queue))
    {
      g_autoptr (GVariant) item = gmproc_queue_get (queue, 0, NULL, NULL);
      guint32 id, number;

      g_variant_get (item, "(uu)", &id, &number);
      g_assert_cmpuint (number, ==, next[id]++);
    }
  for (guint32 id = 0; id <= N_SIDE; id++)
    g_assert_cmpuint (next[id], ==, 1000);
}
PARTY_TEST (test_producers)

/* QU-11: before main, and before gmproc_init(); and from class_init. */
static guint32 got_at_load;
static guint32 got_in_class_init;

#define TEST_TYPE_EARLY (test_early_get_type ())
G_DECLARE_FINAL_TYPE (TestEarly, test_early, TEST, EARLY, GObject)

struct _TestEarly
{
  GObject parent_instance;
};

G_DEFINE_TYPE (TestEarly, test_early, G_TYPE_OBJECT)

static void
test_early_class_init (G_GNUC_UNUSED TestEarlyClass *klass)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);

  put (queue, 12);
  got_in_class_init = get (queue);
}

static void
test_early_init (G_GNUC_UNUSED TestEarly *self)
{
}

static void __attribute__ ((constructor)) use_at_load (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);

  put (queue, 11);
  got_at_load = get (queue);
}

static void
test_at_load (void)
{
  g_autoptr (TestEarly) early = g_object_new (TEST_TYPE_EARLY, NULL);

  g_assert_nonnull (early);
  g_assert_cmpuint (got_at_load, ==, 11);
  g_assert_cmpuint (got_in_class_init, ==, 12);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/queue/bound", test_bound);
  gmproc_test_add ("/queue/contents", test_contents);
  gmproc_test_add ("/queue/bytes", test_bytes);
  gmproc_test_add ("/queue/data", test_data);
  gmproc_test_add ("/queue/bytes-of-value", test_bytes_of_value);
  gmproc_test_add ("/queue/handles-refused", test_handles_refused);
  gmproc_test_add ("/queue/QU-07/nested", test_nested);
  gmproc_test_add ("/queue/QU-07/wide", test_wide);
  gmproc_test_add ("/queue/close", test_close);
  PARTY_ADD ("/queue/counts", test_counts);
  PARTY_ADD ("/queue/wake-chains", test_wake_chains);
  PARTY_ADD ("/queue/producers", test_producers);
  PARTY_ADD ("/queue/join-first", test_join_first);
  PARTY_ADD ("/queue/join-first-sizes", test_join_first_sizes);
  gmproc_test_add ("/queue/at-load", test_at_load);
  return g_test_run ();
}
