/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocSharedMemory: what several processes see in one block, how it grows, and what is left of it
 * when processes end or are killed.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "port/death.h"
#include "port/leaks.h"
#include "support.h"

#define ODD_SIZE 5001 /* no whole number of pages */
#define LARGE (300 * 1000)
#define N_GROWERS 4
#define N_STEPS 100
#define SHARE 5000 /* more than a page */
#define STEP (N_GROWERS * SHARE)

static GmprocSharedMemory *
new_block (gsize size)
{
  g_autoptr (GError) error = NULL;
  GmprocSharedMemory *block = gmproc_shared_memory_new (size, &error);

  g_assert_no_error (error);
  return block;
}

static GmprocSharedMemory *
new_growable (gsize size, gsize maximum)
{
  g_autoptr (GError) error = NULL;
  GmprocSharedMemory *block = gmproc_shared_memory_new_growable (size, maximum, &error);

  g_assert_no_error (error);
  return block;
}

static gpointer
get_data (GmprocSharedMemory *block)
{
  g_autoptr (GError) error = NULL;
  gpointer data;
  gsize size;

  data = gmproc_shared_memory_get_data (block, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, >=, 1);
  return data;
}

static GBytes *
get_bytes (GmprocSharedMemory *block, gsize offset, gsize size)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = gmproc_shared_memory_get_bytes (block, offset, size, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, size);
  return bytes;
}

static void
grow (GmprocSharedMemory *block, gsize size)
{
  g_autoptr (GError) error = NULL;

  gmproc_shared_memory_grow (block, size, &error);
  g_assert_no_error (error);
}

static GmprocSharedMemory *
open_block (gint32 handle)
{
  g_autoptr (GError) error = NULL;
  GmprocSharedMemory *block = gmproc_shared_memory_from_handle (handle, &error);

  g_assert_no_error (error);
  return block;
}

static GmprocSharedMemory *
open_argument (GVariant *args, gsize index)
{
  gint32 handle;

  g_variant_get_child (args, index, "h", &handle);
  return open_block (handle);
}

/* Runs a target with the block as its one argument. */
static void
run_child (GmprocTarget target, GmprocSharedMemory *block, int exit_code)
{
  GVariant *args = g_variant_new ("(h)", gmproc_shared_memory_get_handle (block));

  g_assert_cmpint (party_join (party_start (PARTY_PROCESS, target, args)), ==, exit_code);
}

static void
assert_all (const guint8 *data, gsize size, guint8 expected)
{
  for (gsize i = 0; i < size; i++)
    g_assert_cmpuint (data[i], ==, expected);
}

/* SH-09, as far as it speaks of sizes; SH-03: zeros also in memory that was used before. */
static void
test_new (void)
{
  for (guint round = 0; round < 3; round++)
    {
      g_autoptr (GmprocSharedMemory) block = new_block (ODD_SIZE);
      gsize size = 0;
      guint8 *data = gmproc_shared_memory_get_data (block, &size, NULL);

      g_assert_cmpuint (size, ==, ODD_SIZE);
      g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, ODD_SIZE);
      g_assert_cmpuint (gmproc_shared_memory_get_maximum (block), ==, ODD_SIZE);
      g_assert_false (gmproc_shared_memory_is_read_only (block));
      assert_all (data, size, 0);
      memset (data, 0xff, size);
      g_assert_true (gmproc_shared_memory_get_data (block, NULL, NULL) == data);
    }
}

static void
assert_refused (gsize size, gsize maximum, gint code)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *named = g_strdup_printf ("%" G_GSIZE_FORMAT " bytes", size);

  g_assert_null (maximum == 0 ? gmproc_shared_memory_new (size, &error)
                              : gmproc_shared_memory_new_growable (size, maximum, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
}

static void
test_bad_sizes (void)
{
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_autoptr (GError) error = NULL;

  assert_refused (0, 0, G_IO_ERROR_INVALID_ARGUMENT);
  assert_refused (0, 10, G_IO_ERROR_INVALID_ARGUMENT);
  assert_refused (10, 9, G_IO_ERROR_INVALID_ARGUMENT);
  assert_refused (G_MAXSIZE, 0, G_IO_ERROR_NO_SPACE);
  assert_refused (G_MAXSIZE / 2, 0, G_IO_ERROR_NO_SPACE);
  assert_refused (G_MAXSIZE / 2 + 1, G_MAXSIZE, G_IO_ERROR_NO_SPACE);
  if (sizeof (gsize) == 8)
    assert_refused ((gsize) 1 << 45, 0, G_IO_ERROR_NO_SPACE);

  g_assert_null (gmproc_shared_memory_new_growable (10, G_MAXSIZE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_assert_null (gmproc_shared_memory_new_from_bytes (nothing, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

GMPROC_DEFINE_TARGET (answer)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);
  char *data = get_data (block);

  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, ODD_SIZE);
  g_assert_cmpstr (data, ==, "a question");
  g_assert_cmpstr (data + ODD_SIZE - 4, ==, "end");
  strcpy (data, "an answer");
  return EXIT_SUCCESS;
}

/* SH-11. */
static void
test_across_processes (void)
{
  g_autoptr (GmprocSharedMemory) block = new_block (ODD_SIZE);
  char *data = get_data (block);

  strcpy (data + ODD_SIZE - 4, "end");
  for (guint i = 0; i < 2; i++)
    {
      strcpy (data, "a question");
      run_child (answer, block, EXIT_SUCCESS);
      g_assert_cmpstr (data, ==, "an answer");
    }
}

typedef struct
{
  gint16 number;
  double fraction;
  char text[13];
  guint64 large;
  guint8 flags[3];
} Mixed;

static const Mixed mixed = { -7, 0.25, "hello", G_MAXUINT64 - 1, { 1, 2, 3 } };

GMPROC_DEFINE_TARGET (double_members)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);
  Mixed *many = get_data (block);

  for (gsize i = 0; i < gmproc_shared_memory_get_size (block) / sizeof (Mixed); i++)
    {
      many[i].number *= 2;
      many[i].fraction *= 2;
      many[i].large *= 2;
      g_assert_cmpstr (many[i].text, ==, "hello");
      strcat (many[i].text, " all");
      for (guint k = 0; k < G_N_ELEMENTS (many[i].flags); k++)
        many[i].flags[k] *= 2;
    }
  return EXIT_SUCCESS;
}

/* SH-05. */
static void
test_structs (void)
{
  g_autoptr (GmprocSharedMemory) block = new_block (10 * sizeof (Mixed));
  Mixed *many = get_data (block);

  for (guint i = 0; i < 10; i++)
    many[i] = mixed;
  run_child (double_members, block, EXIT_SUCCESS);
  for (guint i = 0; i < 10; i++)
    {
      g_assert_cmpint (many[i].number, ==, -14);
      g_assert_cmpfloat (many[i].fraction, ==, 0.5);
      g_assert_cmpuint (many[i].large, ==, G_MAXUINT64 - 3);
      g_assert_cmpstr (many[i].text, ==, "hello all");
      g_assert_cmpuint (many[i].flags[2], ==, 6);
    }
}

/* SH-06. */
static void
test_copy (void)
{
  g_autoptr (GmprocSharedMemory) block = new_block (sizeof (Mixed));
  g_autoptr (GmprocSharedMemory) copy = NULL;
  g_autoptr (GBytes) contents = get_bytes (block, 0, sizeof (Mixed));
  g_autoptr (GError) error = NULL;

  memcpy (get_data (block), &mixed, sizeof mixed);
  copy = gmproc_shared_memory_new_from_bytes (contents, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gmproc_shared_memory_get_size (copy), ==, sizeof (Mixed));
  run_child (double_members, block, EXIT_SUCCESS);
  g_assert_cmpmem (get_data (copy), sizeof (Mixed), &mixed, sizeof mixed);
  g_assert_cmpint (((Mixed *) get_data (block))->number, ==, -14);
}

/* Has the block of a process that is no more. */
GMPROC_DEFINE_TARGET (survive)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);
  g_autoptr (GmprocEvent) is_there = party_open_event (args, 1);
  g_autoptr (GmprocEvent) go_on = party_open_event (args, 2);
  g_autoptr (GmprocEvent) is_right = party_open_event (args, 3);

  gmproc_event_set (is_there);
  party_wait (go_on);
  g_assert_cmpstr (get_data (block), ==, "a question");
  run_child (answer, block, EXIT_SUCCESS);
  g_assert_cmpstr (get_data (block), ==, "an answer");
  gmproc_event_set (is_right);
  return EXIT_SUCCESS;
}

/* Makes a block, gives it to a process of its own, and stays until it is killed. */
GMPROC_DEFINE_TARGET (create)
{
  g_autoptr (GmprocEvent) is_there = party_open_event (args, 0);
  g_autoptr (GmprocEvent) go_on = party_open_event (args, 1);
  g_autoptr (GmprocEvent) is_right = party_open_event (args, 2);
  g_autoptr (GmprocEvent) never = party_new_signal ();
  g_autoptr (GmprocSharedMemory) block = new_block (ODD_SIZE);

  strcpy (get_data (block), "a question");
  strcpy ((char *) get_data (block) + ODD_SIZE - 4, "end");
  party_start (PARTY_PROCESS, survive,
               g_variant_new ("(hhhh)", gmproc_shared_memory_get_handle (block),
                              gmproc_event_get_handle (is_there), gmproc_event_get_handle (go_on),
                              gmproc_event_get_handle (is_right)));
  party_wait (never);
  return EXIT_FAILURE;
}

/* SH-13: nothing depends on who made the block. */
static void
test_creator_killed (void)
{
  g_autoptr (GmprocEvent) is_there = party_new_signal ();
  g_autoptr (GmprocEvent) go_on = party_new_signal ();
  g_autoptr (GmprocEvent) is_right = party_new_signal ();
  Party *creator = party_start (PARTY_PROCESS, create,
                                g_variant_new ("(hhh)", gmproc_event_get_handle (is_there),
                                               gmproc_event_get_handle (go_on),
                                               gmproc_event_get_handle (is_right)));

  party_wait (is_there);
  party_kill (creator);
  gmproc_event_set (go_on);
  party_wait (is_right);
}

GMPROC_DEFINE_TARGET (look_and_die)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);

  g_assert_cmpstr (get_data (block), ==, "a question");
  gmproc_test_kill_self ();
}

/* The memory ends here: its handle is closed, and its number is nobody's. */
GMPROC_DEFINE_TARGET (drop)
{
  GmprocSharedMemory *block = open_argument (args, 0);
  g_autoptr (GError) error = NULL;
  GmprocTestLeaks *with_block = gmproc_test_leaks_snapshot ();
  GmprocTestLeaks *without;
  gint32 handle;

  g_object_unref (block);
  without = gmproc_test_leaks_snapshot ();
  g_assert_cmpuint (gmproc_test_leaks_count_handles (without), ==,
                    gmproc_test_leaks_count_handles (with_block) - 1);
  gmproc_test_leaks_free (with_block);
  gmproc_test_leaks_free (without);

  g_variant_get_child (args, 0, "h", &handle);
  g_assert_null (gmproc_shared_memory_from_handle (handle, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
  return EXIT_SUCCESS;
}

/* SH-14: who was given the block takes nothing with it, however it ends. */
static void
test_user_ends (void)
{
  g_autoptr (GmprocSharedMemory) block = new_block (ODD_SIZE);

  strcpy (get_data (block), "a question");
  strcpy ((char *) get_data (block) + ODD_SIZE - 4, "end");
  run_child (look_and_die, block, GMPROC_TEST_KILLED);
  run_child (drop, block, EXIT_SUCCESS);
  run_child (answer, block, EXIT_SUCCESS);
  g_assert_cmpstr (get_data (block), ==, "an answer");
}

GMPROC_DEFINE_TARGET (grow_in_child)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);
  g_autoptr (GmprocEvent) child_grew = party_open_event (args, 1);
  g_autoptr (GmprocEvent) parent_grew = party_open_event (args, 2);
  char *before = get_data (block);
  char *data;

  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, ODD_SIZE);
  grow (block, 2 * ODD_SIZE);
  strcpy ((char *) get_data (block) + ODD_SIZE, "by the child");
  gmproc_event_set (child_grew);

  party_wait (parent_grew);
  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, LARGE);
  data = get_data (block);
  g_assert_cmpstr (data + LARGE - 20, ==, "by the parent");
  strcpy (before, "still here");
  g_assert_cmpstr (data, ==, "still here");
  return EXIT_SUCCESS;
}

static void
test_grow (void)
{
  g_autoptr (GmprocSharedMemory) block = new_growable (ODD_SIZE, LARGE);
  g_autoptr (GmprocEvent) child_grew = party_new_signal ();
  g_autoptr (GmprocEvent) parent_grew = party_new_signal ();
  char *before = get_data (block);
  char *data;
  Party *child;

  g_assert_cmpuint (gmproc_shared_memory_get_maximum (block), ==, LARGE);
  child = party_start (PARTY_PROCESS, grow_in_child,
                       g_variant_new ("(hhh)", gmproc_shared_memory_get_handle (block),
                                      gmproc_event_get_handle (child_grew),
                                      gmproc_event_get_handle (parent_grew)));
  party_wait (child_grew);
  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, 2 * ODD_SIZE);
  g_assert_cmpstr ((char *) get_data (block) + ODD_SIZE, ==, "by the child");

  grow (block, 1); /* never smaller */
  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, 2 * ODD_SIZE);
  grow (block, LARGE);
  data = get_data (block);
  assert_all ((guint8 *) data + 2 * ODD_SIZE, LARGE - 2 * ODD_SIZE, 0);
  strcpy (data + LARGE - 20, "by the parent");
  gmproc_event_set (parent_grew);
  g_assert_cmpint (party_join (child), ==, EXIT_SUCCESS);
  g_assert_cmpstr (before, ==, "still here");
}

static void
test_grow_refused (void)
{
  g_autoptr (GmprocSharedMemory) fixed = new_block (ODD_SIZE);
  g_autoptr (GmprocSharedMemory) block = new_growable (ODD_SIZE, LARGE);
  g_autoptr (GmprocSharedMemory) endless = new_growable (ODD_SIZE, G_MAXSIZE / 4);
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_shared_memory_grow (fixed, ODD_SIZE + 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_assert_false (gmproc_shared_memory_grow (block, LARGE + 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "300001"));
  g_clear_error (&error);
  g_assert_false (gmproc_shared_memory_grow (endless, G_MAXSIZE / 4, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpuint (gmproc_shared_memory_get_size (endless), ==, ODD_SIZE);
  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, ODD_SIZE);
  grow (fixed, ODD_SIZE);
}

static void
meet (GmprocBarrier *barrier)
{
  g_autoptr (GError) error = NULL;

  gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

/* In each step every party grows the block to another size, and marks the end of that. However the
 * calls meet, the block has the largest of the sizes afterwards. */
GMPROC_DEFINE_TARGET (grow_and_mark)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 1);
  guint number;

  g_variant_get_child (args, 2, "u", &number);
  for (gsize i = 0; i < N_STEPS; i++)
    {
      gsize size = i * STEP + (number + 1) * SHARE;

      meet (barrier);
      grow (block, size);
      g_assert_cmpuint (gmproc_shared_memory_get_size (block), >=, size);
      ((guint8 *) get_data (block))[size - 1] = (guint8) (i + 1);
      meet (barrier);
      g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, (i + 1) * STEP);
    }
  return EXIT_SUCCESS;
}

static void
test_grow_race (PartyKind kind)
{
  g_autoptr (GmprocSharedMemory) block = new_growable (1, N_STEPS * STEP);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (N_GROWERS, &error);
  Party *parties[N_GROWERS];
  const guint8 *data;

  g_assert_no_error (error);
  for (guint i = 0; i < N_GROWERS; i++)
    parties[i] = party_start (kind, grow_and_mark,
                              g_variant_new ("(hhu)", gmproc_shared_memory_get_handle (block),
                                             gmproc_barrier_get_handle (barrier), i));
  for (guint i = 0; i < N_GROWERS; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);

  data = get_data (block);
  for (gsize end = SHARE; end <= N_STEPS * STEP; end += SHARE)
    g_assert_cmpuint (data[end - 1], ==, (end - 1) / STEP + 1);
}
PARTY_TEST (test_grow_race)

static void
test_bytes (void)
{
  GmprocSharedMemory *block = new_growable (ODD_SIZE, LARGE);
  g_autoptr (GBytes) part = get_bytes (block, 100, 10);
  g_autoptr (GBytes) whole = get_bytes (block, 0, ODD_SIZE);
  g_autoptr (GBytes) nothing = get_bytes (block, ODD_SIZE, 0);
  g_autoptr (GBytes) last = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (g_bytes_get_size (nothing), ==, 0);
  strcpy ((char *) get_data (block) + 100, "seen at once");
  g_assert_cmpmem (g_bytes_get_data (part, NULL), 10, "seen at on", 10);
  g_assert_true ((const char *) g_bytes_get_data (whole, NULL) + 100
                 == (const char *) g_bytes_get_data (part, NULL));

  g_assert_null (gmproc_shared_memory_get_bytes (block, 1, ODD_SIZE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gmproc_shared_memory_get_bytes (block, G_MAXSIZE, 2, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gmproc_shared_memory_get_bytes (block, 2, G_MAXSIZE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);

  grow (block, LARGE);
  last = get_bytes (block, LARGE - 10, 10);
  strcpy ((char *) get_data (block) + LARGE - 10, "the last");
  g_object_unref (block);
  g_assert_cmpmem (g_bytes_get_data (part, NULL), 10, "seen at on", 10);
  g_assert_cmpstr (g_bytes_get_data (last, NULL), ==, "the last");
}

/* Ends by the fault, also where a sanitizer would catch it. */
GMPROC_DEFINE_TARGET (write_to_bytes)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);
  g_autoptr (GBytes) bytes = get_bytes (block, 0, ODD_SIZE);

  gmproc_test_prepare_for_fault ();
  *(volatile char *) g_bytes_get_data (bytes, NULL) = 'x';
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (read_only)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);
  g_autoptr (GBytes) bytes = get_bytes (block, 0, ODD_SIZE);
  g_autoptr (GmprocSharedMemory) again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_shared_memory_is_read_only (block));
  g_assert_cmpstr (g_bytes_get_data (bytes, NULL), ==, "look");
  g_assert_null (gmproc_shared_memory_get_data (block, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY);
  g_clear_error (&error);
  g_assert_false (gmproc_shared_memory_grow (block, LARGE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY);
  g_clear_error (&error);

  again = gmproc_shared_memory_to_read_only (block, &error);
  g_assert_no_error (error);
  g_assert_true (gmproc_shared_memory_is_read_only (again));
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (pass_on)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);

  run_child (read_only, block, EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

static void
test_read_only (void)
{
  g_autoptr (GmprocSharedMemory) block = new_growable (ODD_SIZE, LARGE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocSharedMemory) view = gmproc_shared_memory_to_read_only (block, &error);
  g_autoptr (GBytes) end = NULL;

  g_assert_no_error (error);
  strcpy (get_data (block), "look");
  run_child (read_only, view, EXIT_SUCCESS);
  run_child (pass_on, view, EXIT_SUCCESS);
  run_child (write_to_bytes, view, GMPROC_TEST_FAULTED);
  run_child (write_to_bytes, block, GMPROC_TEST_FAULTED);

  g_assert_false (gmproc_shared_memory_is_read_only (block));
  grow (block, LARGE);
  strcpy ((char *) get_data (block) + LARGE - 4, "end");
  g_assert_cmpuint (gmproc_shared_memory_get_size (view), ==, LARGE);
  end = get_bytes (view, LARGE - 4, 4);
  g_assert_cmpstr (g_bytes_get_data (end, NULL), ==, "end");
}

/* Tries to take the memory away from whoever maps it, by every descriptor of such memory. */
GMPROC_DEFINE_TARGET (try_to_shrink)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);

  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, LARGE);
  g_assert_cmpint (gmproc_test_try_to_shrink (), >=, 1);
  return EXIT_SUCCESS;
}

static void
test_shrinking_refused (void)
{
  g_autoptr (GmprocSharedMemory) fixed = new_block (LARGE);
  g_autoptr (GmprocSharedMemory) growable = new_growable (LARGE, 2 * LARGE);
  g_autoptr (GBytes) bytes = get_bytes (fixed, 0, LARGE);

  if (gmproc_test_try_to_shrink () == -1)
    {
      g_test_skip ("this system has no call that makes such memory smaller, or does not list it");
      return;
    }
  run_child (try_to_shrink, fixed, EXIT_SUCCESS);
  run_child (try_to_shrink, growable, EXIT_SUCCESS);
  assert_all (get_data (fixed), LARGE, 0);
  assert_all (get_data (growable), LARGE, 0);
  assert_all (g_bytes_get_data (bytes, NULL), LARGE, 0);
}

static void
test_other_class (void)
{
  g_autoptr (GmprocEvent) event = party_new_signal ();
  g_autoptr (GmprocSharedMemory) block = new_block (1);
  g_autoptr (GmprocSharedMemory) same = open_block (gmproc_shared_memory_get_handle (block));
  g_autoptr (GError) error = NULL;

  g_assert_true (same == block);
  g_assert_null (gmproc_shared_memory_from_handle (gmproc_event_get_handle (event), &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/shared-memory/new", test_new);
  gmproc_test_add ("/shared-memory/bad-sizes", test_bad_sizes);
  gmproc_test_add ("/shared-memory/across-processes", test_across_processes);
  gmproc_test_add ("/shared-memory/structs", test_structs);
  gmproc_test_add ("/shared-memory/copy", test_copy);
  gmproc_test_add ("/shared-memory/creator-killed", test_creator_killed);
  gmproc_test_add ("/shared-memory/user-ends", test_user_ends);
  gmproc_test_add ("/shared-memory/grow", test_grow);
  gmproc_test_add ("/shared-memory/grow-refused", test_grow_refused);
  PARTY_ADD ("/shared-memory/grow-race", test_grow_race);
  gmproc_test_add ("/shared-memory/bytes", test_bytes);
  gmproc_test_add ("/shared-memory/read-only", test_read_only);
  gmproc_test_add ("/shared-memory/shrinking-refused", test_shrinking_refused);
  gmproc_test_add ("/shared-memory/other-class", test_other_class);
  return g_test_run ();
}
