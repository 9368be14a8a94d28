/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocSharedMemory with a name: who finds it, what a name may be, and what is left of it when its
 * owner ends or is killed.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "port/death.h"
#include "support.h"

#define ODD_SIZE 5001 /* no whole number of pages */
#define LONGEST_NAME 64
#define N_OPENERS 4
#define N_ROUNDS 20
#define N_OPENS 200

/* Another run of this test may be going on. */
static char *
new_name (const char *suffix)
{
  g_autofree char *id = g_uuid_string_random ();

  return g_strdup_printf ("%.13s%s", id, suffix);
}

static GmprocSharedMemory *
new_named (const char *name, gsize size)
{
  g_autoptr (GError) error = NULL;
  GmprocSharedMemory *block = gmproc_shared_memory_new_named (name, size, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (gmproc_shared_memory_get_name (block), ==, name);
  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, size);
  return block;
}

static GmprocSharedMemory *
open_named (const char *name)
{
  g_autoptr (GError) error = NULL;
  GmprocSharedMemory *block = gmproc_shared_memory_open_named (name, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (gmproc_shared_memory_get_name (block), ==, name);
  return block;
}

static char *
get_data (GmprocSharedMemory *block)
{
  g_autoptr (GError) error = NULL;
  char *data = gmproc_shared_memory_get_data (block, NULL, &error);

  g_assert_no_error (error);
  return data;
}

/* The message names the value. */
static void
assert_new_refused (const char *name, gsize size, gint code, const char *named)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_shared_memory_new_named (name, size, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
}

static void
assert_open_refused (const char *name, gint code, const char *named)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_shared_memory_open_named (name, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
}

static void
assert_gone (const char *name)
{
  assert_open_refused (name, G_IO_ERROR_NOT_FOUND, name);
}

static void
assert_remove_refused (GmprocSharedMemory *block, gint code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_shared_memory_remove_name (block, &error));
  g_assert_error (error, G_IO_ERROR, code);
}

static GmprocSharedMemory *
open_argument (GVariant *args, gsize index)
{
  const char *name;

  g_variant_get_child (args, index, "&s", &name);
  return open_named (name);
}

static void
run_child (GmprocTarget target, const char *name, int exit_code)
{
  g_assert_cmpint (party_join (party_start (PARTY_PROCESS, target, g_variant_new ("(s)", name))),
                   ==, exit_code);
}

/* SH-09: the same bytes and size, an existing and a missing name. */
static void
test_basics (void)
{
  g_autofree char *name = new_name ("");
  g_autoptr (GmprocSharedMemory) block = NULL;
  g_autoptr (GmprocSharedMemory) other = NULL;

  assert_gone (name);
  block = new_named (name, ODD_SIZE);
  other = open_named (name);
  g_assert_true (other != block);
  g_assert_cmpuint (gmproc_shared_memory_get_size (other), ==, ODD_SIZE);
  g_assert_cmpuint (gmproc_shared_memory_get_maximum (other), ==, ODD_SIZE);
  g_assert_false (gmproc_shared_memory_is_read_only (other));
  g_assert_cmpint (get_data (other)[0], ==, 0);
  strcpy (get_data (block) + ODD_SIZE - 4, "end");
  g_assert_cmpstr (get_data (other) + ODD_SIZE - 4, ==, "end");

  assert_new_refused (name, 1, G_IO_ERROR_EXISTS, name);
  g_assert_cmpstr (get_data (block) + ODD_SIZE - 4, ==, "end");
  g_clear_object (&block);
  assert_gone (name);
  block = new_named (name, 1); /* OTHER is no obstacle, and another block */
  g_assert_cmpint (get_data (block)[0], ==, 0);
  g_assert_cmpstr (get_data (other) + ODD_SIZE - 4, ==, "end");
}

/* SH-09: a size that cannot be leaves no name behind. */
static void
test_bad_sizes (void)
{
  g_autofree char *name = new_name ("");

  assert_new_refused (name, 0, G_IO_ERROR_INVALID_ARGUMENT, "0 bytes");
  assert_new_refused (name, (gsize) -1, G_IO_ERROR_NO_SPACE, "bytes");
  assert_new_refused (name, G_MAXSIZE / 2, G_IO_ERROR_NO_SPACE, "bytes");
  assert_gone (name);
}

/* SH-09: removing a name a second time is an error; SH-14: only the owner may. */
static void
test_remove (void)
{
  g_autofree char *name = new_name ("");
  g_autoptr (GmprocSharedMemory) block = new_named (name, ODD_SIZE);
  g_autoptr (GmprocSharedMemory) other = open_named (name);
  g_autoptr (GmprocSharedMemory) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocSharedMemory) nameless = gmproc_shared_memory_new (1, &error);

  g_assert_no_error (error);
  g_assert_null (gmproc_shared_memory_get_name (nameless));
  assert_remove_refused (nameless, G_IO_ERROR_PERMISSION_DENIED);
  assert_remove_refused (other, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_object (&other);
  other = open_named (name);

  g_assert_true (gmproc_shared_memory_remove_name (block, &error));
  g_assert_no_error (error);
  assert_gone (name);
  assert_remove_refused (block, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpstr (gmproc_shared_memory_get_name (block), ==, name);
  strcpy (get_data (block), "still shared");
  g_assert_cmpstr (get_data (other), ==, "still shared");

  again = new_named (name, 1);
  g_clear_object (&block); /* has no name any more to take away */
  g_clear_object (&other);
  other = open_named (name);
  g_assert_cmpuint (gmproc_shared_memory_get_size (other), ==, 1);
}

/* SH-10. A zero byte is the end of a string, so it cannot be in a name. */
static void
test_bad_names (void)
{
  g_autofree char *too_long = g_strnfill (LONGEST_NAME + 1, 'n');
  g_autofree char *far_too_long = g_strnfill (100 * 1000, 'n');
  const struct
  {
    const char *name, *named;
  } cases[] = {
    { "", "empty" },      { "a/b", "“a/b”" },         { "/a", "“/a”" },
    { "a\\b", "“a\\b”" }, { "\xff\xfe", "UTF-8" },    { "\xc3", "UTF-8" },
    { too_long, "65" },   { far_too_long, "100000" }, { "../up", "“../up”" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      assert_new_refused (cases[i].name, 1, G_IO_ERROR_INVALID_ARGUMENT, cases[i].named);
      assert_open_refused (cases[i].name, G_IO_ERROR_INVALID_ARGUMENT, cases[i].named);
    }
}

/* SH-17: each works, and none is taken for another one. */
static void
test_odd_names (void)
{
  static const char *const suffixes[] = { "",     ":", "::",   "a:b",  "\n", "a\nb", "\r\n", " ",
                                          " end", ".", "..",   "%s%n", "*",  "'\"",  "\x01", "\x7f",
                                          "ü€",   "𝄞", "=x;y", "a\tb", "|",  "$HOME" };
  GmprocSharedMemory *blocks[G_N_ELEMENTS (suffixes)];

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat ("odd", suffixes[i], NULL);

      assert_gone (name);
      blocks[i] = new_named (name, i + 1);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat ("odd", suffixes[i], NULL);
      g_autoptr (GmprocSharedMemory) other = open_named (name);

      g_assert_cmpuint (gmproc_shared_memory_get_size (other), ==, i + 1);
      g_object_unref (blocks[i]);
      assert_gone (name);
    }
}

static void
test_longest_name (void)
{
  g_autofree char *fill = g_strnfill (LONGEST_NAME, 'n');
  g_autofree char *full = new_name (fill);
  g_autoptr (GmprocSharedMemory) block = NULL;
  g_autoptr (GmprocSharedMemory) other = NULL;

  full[LONGEST_NAME] = '\0';
  block = new_named (full, 1);
  other = open_named (full);
  full[LONGEST_NAME - 1] = '\0';
  assert_gone (full);
}

/* The block by its name and by its handle. */
GMPROC_DEFINE_TARGET (answer)
{
  g_autoptr (GmprocSharedMemory) by_name = open_argument (args, 0);
  g_autoptr (GmprocSharedMemory) by_handle = NULL;
  g_autoptr (GError) error = NULL;
  gint32 handle;

  g_variant_get_child (args, 1, "h", &handle);
  by_handle = gmproc_shared_memory_from_handle (handle, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (get_data (by_name), ==, "a question");
  g_assert_null (gmproc_shared_memory_get_name (by_handle));
  assert_remove_refused (by_handle, G_IO_ERROR_PERMISSION_DENIED);
  strcpy (get_data (by_handle), "an answer");
  g_assert_cmpstr (get_data (by_name), ==, "an answer");
  return EXIT_SUCCESS;
}

/* SH-11. */
static void
test_across_processes (void)
{
  g_autofree char *name = new_name ("");
  g_autoptr (GmprocSharedMemory) block = new_named (name, ODD_SIZE);
  GVariant *args = g_variant_new ("(sh)", name, gmproc_shared_memory_get_handle (block));

  strcpy (get_data (block), "a question");
  g_assert_cmpint (party_join (party_start (PARTY_PROCESS, answer, args)), ==, EXIT_SUCCESS);
  g_assert_cmpstr (get_data (block), ==, "an answer");
}

/* Has the block, whose name and object are gone where it came from. */
GMPROC_DEFINE_TARGET (look_at_nameless)
{
  g_autoptr (GmprocSharedMemory) block = NULL;
  g_autoptr (GError) error = NULL;
  const char *name;
  gint32 handle;

  g_variant_get (args, "(&sh)", &name, &handle);
  assert_gone (name);
  block = gmproc_shared_memory_from_handle (handle, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (get_data (block), ==, "without a name");
  return EXIT_SUCCESS;
}

/* SH-12. */
static void
test_dead_object (void)
{
  g_autofree char *name = new_name ("");
  GmprocSharedMemory *block = new_named (name, ODD_SIZE);
  gint32 handle = gmproc_shared_memory_get_handle (block);
  g_autoptr (GError) error = NULL;

  strcpy (get_data (block), "without a name");
  g_assert_true (gmproc_shared_memory_remove_name (block, NULL));
  g_assert_cmpint (party_join (party_start (PARTY_PROCESS, look_at_nameless,
                                            g_variant_new ("(sh)", name, handle))),
                   ==, EXIT_SUCCESS);

  g_object_unref (block);
  assert_gone (name);
  g_assert_null (gmproc_shared_memory_from_handle (handle, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
}

/* Owns a name until it is told to end, or killed; then the object is not freed. */
GMPROC_DEFINE_TARGET (own)
{
  g_autoptr (GmprocEvent) is_there = party_open_event (args, 1);
  g_autoptr (GmprocEvent) go_on = party_open_event (args, 2);
  const char *name;
  GmprocSharedMemory *block;

  g_variant_get_child (args, 0, "&s", &name);
  block = new_named (name, ODD_SIZE);
  strcpy (get_data (block), "of the owner");
  gmproc_event_set (is_there);
  party_wait (go_on);
  return EXIT_SUCCESS;
}

static void
end_owner (gboolean is_killed)
{
  g_autofree char *name = new_name (":\n");
  g_autoptr (GmprocEvent) is_there = party_new_signal ();
  g_autoptr (GmprocEvent) go_on = party_new_signal ();
  Party *owner = party_start (PARTY_PROCESS, own,
                              g_variant_new ("(shh)", name, gmproc_event_get_handle (is_there),
                                             gmproc_event_get_handle (go_on)));
  g_autoptr (GmprocSharedMemory) block = NULL;
  g_autoptr (GmprocSharedMemory) again = NULL;
  g_autoptr (GmprocSharedMemory) other = NULL;

  party_wait (is_there);
  block = open_named (name);
  assert_new_refused (name, 1, G_IO_ERROR_EXISTS, name);
  if (is_killed)
    party_kill (owner);
  else
    {
      gmproc_event_set (go_on);
      g_assert_cmpint (party_join (owner), ==, EXIT_SUCCESS);
    }

  assert_gone (name);
  g_assert_cmpstr (get_data (block), ==, "of the owner");
  again = new_named (name, 1);
  other = open_named (name);
  g_assert_cmpuint (gmproc_shared_memory_get_size (other), ==, 1);
  strcpy (get_data (block), "kept");
  g_assert_cmpint (get_data (again)[0], ==, 0);
}

/* SH-13: nobody cleans up after the owner, and nothing is left. */
static void
test_owner_killed (void)
{
  for (guint i = 0; i < 5; i++)
    end_owner (TRUE);
}

static void
test_owner_exits (void)
{
  end_owner (FALSE);
}

GMPROC_DEFINE_TARGET (look_and_end)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);

  g_assert_cmpstr (get_data (block), ==, "a question");
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (look_and_die)
{
  g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);

  g_assert_cmpstr (get_data (block), ==, "a question");
  gmproc_test_kill_self ();
}

/* Opens without an end, and is killed somewhere in there. */
GMPROC_DEFINE_TARGET (open_for_ever)
{
  g_autoptr (GmprocEvent) is_there = party_open_event (args, 1);

  while (TRUE)
    {
      g_autoptr (GmprocSharedMemory) block G_GNUC_UNUSED = open_argument (args, 0);

      gmproc_event_set (is_there);
    }
  return EXIT_FAILURE;
}

/* SH-14: who opened the block takes nothing with it, however it ends. */
static void
test_user_ends (void)
{
  g_autofree char *name = new_name ("");
  g_autoptr (GmprocSharedMemory) block = new_named (name, ODD_SIZE);

  strcpy (get_data (block), "a question");
  run_child (look_and_end, name, EXIT_SUCCESS);
  run_child (look_and_die, name, GMPROC_TEST_KILLED);
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (GmprocEvent) is_there = party_new_signal ();
      Party *user = party_start (PARTY_PROCESS, open_for_ever,
                                 g_variant_new ("(sh)", name, gmproc_event_get_handle (is_there)));

      party_wait (is_there);
      party_kill (user);
    }
  run_child (look_and_end, name, EXIT_SUCCESS);
  assert_new_refused (name, 1, G_IO_ERROR_EXISTS, name);
}

static void
meet (GmprocBarrier *barrier)
{
  g_autoptr (GError) error = NULL;

  gmproc_barrier_wait (barrier, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

/* All want the same name at once; in each round one gets it, and the others find it. */
GMPROC_DEFINE_TARGET (compete)
{
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 1);
  g_autoptr (GmprocValue) wins = NULL;
  g_autoptr (GError) error = NULL;
  const char *name;
  gint32 handle;

  g_variant_get_child (args, 0, "&s", &name);
  g_variant_get_child (args, 2, "h", &handle);
  wins = gmproc_value_from_handle (handle, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (GmprocSharedMemory) block = NULL;
      g_autoptr (GmprocSharedMemory) other = NULL;

      meet (barrier);
      block = gmproc_shared_memory_new_named (name, ODD_SIZE, &error);
      if (block != NULL)
        gmproc_value_add_int64 (wins, 1, NULL);
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
      g_clear_error (&error);
      meet (barrier);
      g_assert_cmpint (gmproc_value_get_int64 (wins, NULL), ==, i + 1);
      other = open_named (name);
      meet (barrier);
      g_clear_object (&block);
    }
  return EXIT_SUCCESS;
}

static void
test_race (PartyKind kind)
{
  g_autofree char *name = new_name ("");
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (N_OPENERS, &error);
  g_autoptr (GmprocValue) wins = NULL;
  Party *parties[N_OPENERS];

  g_assert_no_error (error);
  wins = gmproc_value_new ("x", NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < N_OPENERS; i++)
    parties[i] = party_start (kind, compete,
                              g_variant_new ("(shh)", name, gmproc_barrier_get_handle (barrier),
                                             gmproc_value_get_handle (wins)));
  for (guint i = 0; i < N_OPENERS; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
  assert_gone (name);
}
PARTY_TEST (test_race)

GMPROC_DEFINE_TARGET (open_often)
{
  for (guint i = 0; i < N_OPENS; i++)
    {
      g_autoptr (GmprocSharedMemory) block = open_argument (args, 0);

      __atomic_fetch_add ((guint32 *) get_data (block), 1, __ATOMIC_RELAXED);
    }
  return EXIT_SUCCESS;
}

static void
test_many (PartyKind kind)
{
  g_autofree char *name = new_name ("");
  g_autoptr (GmprocSharedMemory) block = new_named (name, ODD_SIZE);
  Party *parties[N_OPENERS];

  for (guint i = 0; i < N_OPENERS; i++)
    parties[i] = party_start (kind, open_often, g_variant_new ("(s)", name));
  for (guint i = 0; i < N_OPENERS; i++)
    g_assert_cmpint (party_join (parties[i]), ==, EXIT_SUCCESS);
  g_assert_cmpuint (*(guint32 *) get_data (block), ==, N_OPENERS * N_OPENS);
}
PARTY_TEST (test_many)

static gboolean
has_names (void)
{
  g_autofree char *name = new_name ("");
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocSharedMemory) block G_GNUC_UNUSED =
      gmproc_shared_memory_new_named (name, 1, &error);

  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/shared-memory-named/bad-names", test_bad_names);
  if (!has_names ())
    {
      g_test_message ("this system has no names that end with their process");
      return g_test_run ();
    }
  gmproc_test_add ("/shared-memory-named/basics", test_basics);
  gmproc_test_add ("/shared-memory-named/bad-sizes", test_bad_sizes);
  gmproc_test_add ("/shared-memory-named/remove", test_remove);
  gmproc_test_add ("/shared-memory-named/odd-names", test_odd_names);
  gmproc_test_add ("/shared-memory-named/longest-name", test_longest_name);
  gmproc_test_add ("/shared-memory-named/across-processes", test_across_processes);
  gmproc_test_add ("/shared-memory-named/dead-object", test_dead_object);
  gmproc_test_add ("/shared-memory-named/owner-killed", test_owner_killed);
  gmproc_test_add ("/shared-memory-named/owner-exits", test_owner_exits);
  gmproc_test_add ("/shared-memory-named/user-ends", test_user_ends);
  PARTY_ADD ("/shared-memory-named/race", test_race);
  PARTY_ADD ("/shared-memory-named/many", test_many);
  return g_test_run ();
}
