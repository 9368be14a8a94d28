/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Linux gives a control group a share of the processors' time. A container on a machine of 64
 * processors often has the time of two, and then 64 workers do not run faster than two but stand in
 * each other's way. GLib counts the processors and the affinity, not that.
 *
 * Both versions of control groups are in use, also at the same time. A group is bound by its own
 * quota and by those of the groups around it, as far up as the mount shows them.
 *
 * Other systems have no such files, and no quota.
 */
#include "config.h"

#include "port.h"

#include <string.h>

/* Fields of a line of mountinfo: "ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS [TAG...] - TYPE SOURCE
 * SUPER-OPTIONS". */
#define FIELD_ROOT 3
#define FIELD_PLACE 4

/* One hierarchy of groups. */
typedef struct
{
  gboolean is_second; /* version 2 */
  char *group;        /* this process's, as /proc/self/cgroup has it */
  char *mount_root;   /* the group that is seen at `place` */
  char *place;
} Hierarchy;

static void
hierarchy_clear (Hierarchy *self)
{
  g_free (self->group);
  g_free (self->mount_root);
  g_free (self->place);
}

static char **
read_lines (const char *root, const char *path)
{
  g_autofree char *full_path = g_strconcat (root, path, NULL);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (full_path, &text, NULL, NULL))
    return g_new0 (char *, 1);
  return g_strsplit (text, "\n", -1);
}

static gboolean
has_word (const char *list, const char *word)
{
  g_auto (GStrv) words = g_strsplit (list, ",", -1);

  return g_strv_contains ((const char *const *) words, word);
}

/* Lines are "NUMBER:CONTROLLERS:GROUP"; version 2 has number 0 and no controllers. */
static gboolean
find_group (const char *root, Hierarchy *self)
{
  g_auto (GStrv) lines = read_lines (root, "/proc/self/cgroup");

  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) fields = g_strsplit (*line, ":", 3);

      if (g_strv_length (fields) == 3
          && (self->is_second ? g_str_equal (*fields, "0") && *fields[1] == '\0'
                              : has_word (fields[1], "cpu")))
        {
          self->group = g_strdup (fields[2]);
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
find_mount (const char *root, Hierarchy *self)
{
  g_auto (GStrv) lines = read_lines (root, "/proc/self/mountinfo");

  for (char **line = lines; *line != NULL; line++)
    {
      const char *rest = strstr (*line, " - ");
      g_auto (GStrv) fields = g_strsplit (*line, " ", -1);
      g_auto (GStrv) source = g_strsplit (rest != NULL ? rest + strlen (" - ") : "", " ", -1);

      if (g_strv_length (fields) <= FIELD_PLACE || g_strv_length (source) < 3)
        continue;
      if (self->is_second ? !g_str_equal (source[0], "cgroup2")
                          : !g_str_equal (source[0], "cgroup") || !has_word (source[2], "cpu"))
        continue;
      self->mount_root = g_strcompress (fields[FIELD_ROOT]);
      self->place = g_strcompress (fields[FIELD_PLACE]);
      return TRUE;
    }
  return FALSE;
}

static gint64
read_number (const char *folder, const char *file)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_ascii_strtoll (text, NULL, 10) : 0;
}

/* Microseconds of processor time in a period; 0 where nothing is said. */
static void
read_quota (const Hierarchy *self, const char *folder, gint64 *ret_quota, gint64 *ret_period)
{
  g_autofree char *path = g_build_filename (folder, "cpu.max", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;

  *ret_quota = *ret_period = 0;
  if (!self->is_second)
    {
      *ret_quota = read_number (folder, "cpu.cfs_quota_us");
      *ret_period = read_number (folder, "cpu.cfs_period_us");
      return;
    }
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  words = g_strsplit (text, " ", 2);
  if (g_strv_length (words) == 2)
    {
      *ret_quota = g_ascii_strtoll (words[0], NULL, 10); /* 0 for "max" */
      *ret_period = g_ascii_strtoll (words[1], NULL, 10);
    }
}

/* The smallest of the quotas of FOLDER and of those around it down to LENGTH bytes of its name, in
 * processors; 0 for none. */
static guint
find_smallest (const Hierarchy *self, char *folder, gsize length)
{
  guint smallest = 0;

  for (;;)
    {
      gint64 quota, period;
      char *last;

      read_quota (self, folder, &quota, &period);
      if (quota > 0 && period > 0)
        {
          gint64 count = MIN ((quota - 1) / period + 1, G_MAXINT);

          smallest = smallest == 0 ? (guint) count : MIN (smallest, (guint) count);
        }
      last = strrchr (folder + length, '/');
      if (last == NULL)
        return smallest;
      *last = '\0';
    }
}

static guint
get_quota (const char *root, gboolean is_second)
{
  Hierarchy self = { .is_second = is_second };
  guint quota = 0;

  if (find_group (root, &self) && find_mount (root, &self))
    {
      g_autofree char *top = g_strconcat (root, self.place, NULL);
      g_autofree char *folder = NULL;
      const char *below = self.group;
      gsize length = g_str_equal (self.mount_root, "/") ? 0 : strlen (self.mount_root);

      /* A group that is not below what is mounted here shows as "..", or not at all. */
      if (strncmp (below, self.mount_root, length) != 0 || strstr (below, "..") != NULL)
        below = "";
      else
        below += length;
      folder = g_strconcat (top, g_str_equal (below, "/") ? "" : below, NULL);
      quota = find_smallest (&self, folder, strlen (top));
    }
  hierarchy_clear (&self);
  return quota;
}

guint
gmproc_port_quota_get (const char *root)
{
  guint first = get_quota (root != NULL ? root : "", FALSE);
  guint second = get_quota (root != NULL ? root : "", TRUE);

  return first == 0 || second == 0 ? MAX (first, second) : MIN (first, second);
}
