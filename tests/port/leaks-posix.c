/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "leaks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct GmprocTestLeaks
{
  GHashTable *handles; /* number -> what it refers to */
  GHashTable *children;
};

/* The system's list of our own descriptors. It holds the one that reads the list too, which is
 * closed again when the links are looked at, and drops out because its link is gone. */
static GHashTable *
list_handles (void)
{
  const char *folder =
      g_file_test ("/proc/self/fd", G_FILE_TEST_IS_DIR) ? "/proc/self/fd" : "/dev/fd";
  GHashTable *handles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_dir_close (dir);

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
      char *target = g_file_read_link (path, NULL);

      if (target != NULL)
        g_hash_table_insert (handles, g_strdup (names->pdata[i]), target);
      else if (access (path, F_OK) == 0)
        g_hash_table_insert (handles, g_strdup (names->pdata[i]), g_strdup ("open"));
    }
  return handles;
}

/* Adds the ids from the kernel's lists, one a thread; FALSE where it keeps none. */
static gboolean
add_listed_children (GHashTable *children)
{
  GDir *dir = g_dir_open ("/proc/self/task", 0, NULL);
  gboolean listed = FALSE;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "children", NULL);
      g_autofree char *text = NULL;
      g_auto (GStrv) ids = NULL;

      if (!g_file_get_contents (path, &text, NULL, NULL))
        continue;
      listed = TRUE;
      ids = g_strsplit (g_strstrip (text), " ", 0);
      for (guint i = 0; ids[i] != NULL && *ids[i] != '\0'; i++)
        g_hash_table_add (children, g_strdup (ids[i]));
    }
  g_clear_pointer (&dir, g_dir_close);
  return listed;
}

static GHashTable *
list_children (void)
{
  GHashTable *children = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  siginfo_t info;

  if (add_listed_children (children))
    return children;
  /* Without the lists the system only tells whether there is any child, and names one that has
   * ended. */
  memset (&info, 0, sizeof info);
  if (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
    g_hash_table_add (children, info.si_pid != 0 ? g_strdup_printf ("%d (ended)", (int) info.si_pid)
                                                 : g_strdup ("running"));
  return children;
}

GmprocTestLeaks *
gmproc_test_leaks_snapshot (void)
{
  GmprocTestLeaks *leaks = g_new (GmprocTestLeaks, 1);

  leaks->handles = list_handles ();
  leaks->children = list_children ();
  return leaks;
}

void
gmproc_test_leaks_free (GmprocTestLeaks *leaks)
{
  g_hash_table_unref (leaks->handles);
  g_hash_table_unref (leaks->children);
  g_free (leaks);
}

guint
gmproc_test_leaks_count_handles (GmprocTestLeaks *leaks)
{
  return g_hash_table_size (leaks->handles);
}

char *
gmproc_test_leaks_compare (GmprocTestLeaks *before)
{
  GmprocTestLeaks *now = gmproc_test_leaks_snapshot ();
  g_autoptr (GString) text = g_string_new (NULL);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, now->handles);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (g_strcmp0 (value, g_hash_table_lookup (before->handles, key)) != 0)
      g_string_append_printf (text, "handle %s is %s; ", (char *) key, (char *) value);
  g_hash_table_iter_init (&iter, now->children);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (!g_hash_table_contains (before->children, key))
      g_string_append_printf (text, "child %s; ", (char *) key);

  gmproc_test_leaks_free (now);
  return text->len > 0 ? g_strdup (text->str) : NULL;
}

void
gmproc_test_leaks_forgive_process (void)
{
}

int
gmproc_test_leaks_open_inheritable (void)
{
  int fds[2];
  int copy;

  g_assert_cmpint (pipe (fds), ==, 0);
  copy = dup (fds[0]); /* dup() clears the mark */
  g_assert_cmpint (copy, !=, -1);
  g_assert_cmpint (close (fds[0]), ==, 0);
  g_assert_cmpint (close (fds[1]), ==, 0);
  return copy;
}

void
gmproc_test_leaks_close_inheritable (int fd)
{
  g_assert_cmpint (close (fd), ==, 0);
}

void
gmproc_test_leaks_close_stolen (gintptr descriptor)
{
  g_assert_cmpint (close ((int) descriptor), ==, 0);
}
