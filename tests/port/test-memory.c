/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "peer.h"
#include "../support.h"

#include <stdlib.h>
#include <string.h>

#define N_THREADS 4
#define N_PAGES 500

static gsize
page (void)
{
  return gmproc_port_memory_get_granularity ();
}

static void
test_new_block_is_zero_and_whole_pages (void)
{
  g_autoptr (GError) error = NULL;
  gintptr block;
  guint8 *bytes;
  gsize size;

  g_assert_true (gmproc_port_memory_new (1, 1, &block, &error));
  g_assert_no_error (error);
  g_assert_true (gmproc_port_memory_get_size (block, &size, &error));
  g_assert_cmpuint (size, >=, 1);
  g_assert_cmpuint (size % page (), ==, 0);

  bytes = peer_map (block, size);
  for (gsize i = 0; i < size; i++)
    g_assert_cmpuint (bytes[i], ==, 0);
  gmproc_port_memory_unmap ((gpointer *) &bytes, size);
  g_assert_null (bytes);
  gmproc_port_memory_unmap ((gpointer *) &bytes, size);
  gmproc_port_handle_close (&block);
}

static void
test_mappings_show_the_same_bytes (void)
{
  g_autoptr (GError) error = NULL;
  gintptr block;
  char *whole, *second;

  g_assert_true (gmproc_port_memory_new (2 * page (), 2 * page (), &block, &error));
  whole = peer_map (block, 2 * page ());
  second = gmproc_port_memory_map (block, page (), page (), &error);
  g_assert_no_error (error);

  whole[page ()] = 'a';
  g_assert_cmpint (second[0], ==, 'a');
  gmproc_port_memory_unmap ((gpointer *) &whole, 2 * page ());
  /* The block lives as long as one mapping, without its handle. */
  gmproc_port_handle_close (&block);
  g_assert_cmpint (second[0], ==, 'a');
  gmproc_port_memory_unmap ((gpointer *) &second, page ());
}

/* handles: the block, to grow; where to say so */
static int
grow_and_write (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  char *mapping;

  g_assert_true (gmproc_port_memory_grow (handles[0], 4 * page (), &error));
  mapping = peer_map (handles[0], 4 * page ());
  strcpy (mapping + 3 * page (), "from the child");
  peer_notify (handles[1]);
  return EXIT_SUCCESS;
}

static void
test_growth_is_seen_by_all (void)
{
  g_autoptr (GError) error = NULL;
  gintptr reader, given[2];
  GmprocPortChild *child;
  char *old, *new_part;
  gsize size;

  g_assert_true (gmproc_port_memory_new (page (), 8 * page (), &given[0], &error));
  old = peer_map (given[0], page ());
  strcpy (old, "from before");
  peer_new_pipe (&reader, &given[1]);
  child = peer_start ("grow", given, 2);
  peer_wait (reader);

  g_assert_true (gmproc_port_memory_get_size (given[0], &size, &error));
  g_assert_cmpuint (size, >=, 4 * page ());
  new_part = gmproc_port_memory_map (given[0], 3 * page (), page (), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (new_part, ==, "from the child");
  g_assert_cmpstr (old, ==, "from before");

  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  gmproc_port_memory_unmap ((gpointer *) &old, page ());
  gmproc_port_memory_unmap ((gpointer *) &new_part, page ());
  gmproc_port_handle_close (&given[0]);
  gmproc_port_handle_close (&given[1]);
  gmproc_port_handle_close (&reader);
}

typedef struct
{
  gintptr block;
  gsize n_pages;
} Growth;

static gpointer
grow_step_by_step (gpointer data)
{
  const Growth *growth = data;

  for (gsize i = 1; i <= growth->n_pages; i++)
    {
      g_autoptr (GError) error = NULL;
      gsize size;

      gmproc_port_memory_grow (growth->block, i * page (), &error);
      g_assert_no_error (error);
      g_assert_true (gmproc_port_memory_get_size (growth->block, &size, &error));
      g_assert_cmpuint (size, >=, i * page ());
    }
  return NULL;
}

/* Whoever comes second with a smaller size neither fails nor shrinks the block. */
static void
test_growing_races (void)
{
  GThread *threads[N_THREADS];
  Growth growth = { GMPROC_PORT_NO_HANDLE, N_PAGES };

  g_assert_true (gmproc_port_memory_new (page (), N_PAGES * page (), &growth.block, NULL));
  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("grow", grow_step_by_step, &growth);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  gmproc_port_handle_close (&growth.block);
}

static void
test_block_at_its_maximum_stays (void)
{
  g_autoptr (GError) error = NULL;
  gintptr block;

  g_assert_true (gmproc_port_memory_new (page (), page (), &block, NULL));
  g_assert_true (gmproc_port_memory_grow (block, page (), &error));
  g_assert_no_error (error);
  g_assert_false (gmproc_port_memory_grow (block, 2 * page (), &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
  gmproc_port_handle_close (&block);
}

static void
test_range_past_the_end_is_refused (void)
{
  gintptr block;

  g_assert_true (gmproc_port_memory_new (page (), page (), &block, NULL));
  for (int i = 0; i < 3; i++)
    {
      const gsize offsets[] = { 0, page (), page () };
      const gsize sizes[] = { 2 * page (), page (), G_MAXSIZE - page () + 1 };
      g_autoptr (GError) error = NULL;

      g_assert_null (gmproc_port_memory_map (block, offsets[i], sizes[i], &error));
      g_assert_nonnull (error);
      g_assert_true (error->domain == G_IO_ERROR);
    }
  gmproc_port_handle_close (&block);
}

static void
test_impossible_size_is_an_error (void)
{
  g_autoptr (GError) error = NULL;
  gintptr block = GMPROC_PORT_NO_HANDLE;

  g_assert_false (gmproc_port_memory_new (1, G_MAXSIZE, &block, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpint (block, ==, GMPROC_PORT_NO_HANDLE);
}

/* A handle from elsewhere is checked before it is used. */
static void
test_other_handles_are_no_blocks (void)
{
  gintptr reader, writer, number;
  gsize size;

  peer_new_pipe (&reader, &writer);
  number = reader;
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (gmproc_port_memory_get_size (number, &size, &error));
      g_assert_nonnull (error);
      g_assert_true (error->domain == G_IO_ERROR);
      gmproc_port_handle_close (&reader); /* and the second time it is not open at all */
    }
  gmproc_port_handle_close (&writer);
}

static void
test_discard_keeps_what_is_around (void)
{
  gintptr block;
  char *mapping;

  g_assert_true (gmproc_port_memory_new (4 * page (), 4 * page (), &block, NULL));
  mapping = peer_map (block, 4 * page ());
  memset (mapping, 'x', 4 * page ());
  /* Whole pages inside the range: the second and the third. */
  gmproc_port_memory_discard (mapping, page () - 1, 2 * page () + 2);
  g_assert_cmpint (mapping[page () - 1], ==, 'x');
  g_assert_cmpint (mapping[3 * page ()], ==, 'x');
  for (gsize i = page (); i < 3 * page (); i++)
    g_assert_true (mapping[i] == '\0' || mapping[i] == 'x');

  mapping[page ()] = 'y';
  g_assert_cmpint (mapping[page ()], ==, 'y');
  gmproc_port_memory_discard (mapping, 1, page () - 2); /* no whole page in it */
  g_assert_cmpint (mapping[2], ==, 'x');
  gmproc_port_memory_unmap ((gpointer *) &mapping, 4 * page ());
  gmproc_port_handle_close (&block);
}

/* Memory is taken where it is touched, so a large block costs nothing. */
static void
test_large_block (void)
{
  const gsize size = sizeof (gsize) == 8 ? (gsize) 1 << 36 : (gsize) 1 << 28;
  g_autoptr (GError) error = NULL;
  gintptr block;
  char *last;

  g_assert_true (gmproc_port_memory_new (size, size, &block, &error));
  g_assert_no_error (error);
  last = gmproc_port_memory_map (block, size - page (), page (), &error);
  g_assert_no_error (error);
  last[page () - 1] = 'z';
  gmproc_port_memory_unmap ((gpointer *) &last, page ());
  gmproc_port_handle_close (&block);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "grow", grow_and_write }, { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/memory/new", test_new_block_is_zero_and_whole_pages);
  gmproc_test_add ("/port/memory/mappings", test_mappings_show_the_same_bytes);
  gmproc_test_add ("/port/memory/grow", test_growth_is_seen_by_all);
  gmproc_test_add ("/port/memory/race", test_growing_races);
  gmproc_test_add ("/port/memory/maximum", test_block_at_its_maximum_stays);
  gmproc_test_add ("/port/memory/range", test_range_past_the_end_is_refused);
  gmproc_test_add ("/port/memory/impossible", test_impossible_size_is_an_error);
  gmproc_test_add ("/port/memory/no-block", test_other_handles_are_no_blocks);
  gmproc_test_add ("/port/memory/discard", test_discard_keeps_what_is_around);
  gmproc_test_add ("/port/memory/large", test_large_block);
  return g_test_run ();
}
