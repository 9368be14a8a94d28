/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Much of everything: many items, a large one, many threads.
 */
#include "config.h"

#include "crew.h"
#include "support.h"

#include <string.h>

#define LARGE (256 * 1024 * 1024)
#define MANY (10 * 1000 * 1000)
#define N_THREADS (16)
#define CALLS_OF_A_THREAD (300)

GMPROC_DEFINE_FUNCTION (measure, "ay", "t")
{
  return g_variant_new_uint64 (g_variant_get_size (item));
}

GMPROC_DEFINE_FUNCTION (count_bytes, "ay", "ay")
{
  return g_variant_ref (item);
}

static gpointer
storm (gpointer pool)
{
  for (gint64 i = 0; i < CALLS_OF_A_THREAD; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) square =
          gmproc_pool_apply (pool, crew_square, g_variant_new_int64 (i), NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (g_variant_get_int64 (square), ==, i * i);
    }
  return NULL;
}

/* CR-08 */
static void
test_storm_of_calls (void)
{
  GmprocPool *pool = crew_new (3);
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("storm", storm, pool);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  crew_end (pool);
}

/* An item that is two thousand times as long as the stream that it goes through. */
static void
test_large_item (void)
{
  GmprocPool *pool = crew_new (1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) size = NULL;
  gpointer data = g_malloc0 (LARGE);

  size = gmproc_pool_apply (
      pool, measure,
      g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, LARGE, TRUE, g_free, data), NULL,
      &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_get_uint64 (size), ==, LARGE);

  crew_end (pool);
}

static void
test_many_items (void)
{
  GmprocPool *pool = crew_new (2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = NULL;
  gpointer data = g_malloc0 (MANY);

  memset (data, 7, MANY);
  result = gmproc_pool_map_array (
      pool, count_bytes,
      g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, data, MANY, TRUE, g_free, data), NULL,
      &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_get_size (result), ==, MANY);
  for (gsize i = 0; i < MANY; i++)
    g_assert_cmpuint (((const guint8 *) g_variant_get_data (result))[i], ==, 7);

  crew_end (pool);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (crew_warm_up);
  gmproc_test_add ("/pool-storm/storm-of-calls", test_storm_of_calls);
  gmproc_test_add ("/pool-storm/large-item", test_large_item);
  gmproc_test_add ("/pool-storm/many-items", test_many_items);
  return g_test_run ();
}
