/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * PR-13: the quota of a control group, read from folders that a test has made.
 */
#include "config.h"

#include "port/port.h"
#include "../support.h"

#include <glib/gstdio.h>

#define MOUNT_V2 "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNT_V1                                                                \
  "20 1 8:1 / / rw - ext4 /dev/root rw\n"                                       \
  "31 20 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" \
  "32 20 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"

static char *root;

static void
put (const char *path, const char *text)
{
  g_autofree char *full_path = g_build_filename (root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (full_path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (full_path, text, -1, NULL));
}

static void
remove_tree (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR))
        remove_tree (child);
      else
        g_assert_cmpint (g_remove (child), ==, 0);
    }
  if (dir != NULL)
    g_dir_close (dir);
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

static void
begin (const char *group, const char *mounts)
{
  root = g_dir_make_tmp ("gmproc-XXXXXX", NULL);
  put ("proc/self/cgroup", group);
  put ("proc/self/mountinfo", mounts);
}

static void
end (guint expected)
{
  guint quota = gmproc_port_quota_get (root);

  remove_tree (root);
  g_clear_pointer (&root, g_free);
  g_assert_cmpuint (quota, ==, expected);
}

static void
check_v2 (const char *text, guint expected)
{
  begin ("0::/user/app\n", MOUNT_V2);
  put ("sys/fs/cgroup/user/app/cpu.max", text);
  end (expected);
}

static void
test_second (void)
{
  check_v2 ("200000 100000\n", 2);
  check_v2 ("150000 100000\n", 2); /* a part counts */
  check_v2 ("1000 100000\n", 1);
  check_v2 ("max 100000\n", 0);
  check_v2 ("", 0);
  check_v2 ("nonsense\n", 0);
  check_v2 ("100000 0\n", 0);
  check_v2 ("-5 100000\n", 0);
  check_v2 ("9223372036854775807 1\n", G_MAXINT);
}

/* The groups around it bind it too, up to the one that is mounted. */
static void
test_second_around (void)
{
  begin ("0::/user/app/part\n", MOUNT_V2);
  put ("sys/fs/cgroup/user/app/part/cpu.max", "800000 100000\n");
  put ("sys/fs/cgroup/user/app/cpu.max", "max 100000\n");
  put ("sys/fs/cgroup/user/cpu.max", "300000 100000\n");
  end (3);

  begin ("0::/\n", MOUNT_V2);
  put ("sys/fs/cgroup/cpu.max", "400000 100000\n");
  end (4);
}

/* In a container: what is mounted is the group itself, under its name outside, or under none. */
static void
test_second_container (void)
{
  begin ("0::/box/1\n", "30 20 0:26 /box/1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  put ("sys/fs/cgroup/cpu.max", "200000 100000\n");
  end (2);

  begin ("0::/../..\n", MOUNT_V2);
  put ("sys/fs/cgroup/cpu.max", "200000 100000\n");
  end (2);

  begin ("0::/app\n", "30 20 0:26 / /a\\040place rw - cgroup2 cgroup2 rw\n");
  put ("a place/app/cpu.max", "500000 100000\n");
  end (5);
}

static void
check_v1 (const char *quota, const char *period, guint expected)
{
  begin ("5:cpuset:/other\n4:cpu,cpuacct:/app\n", MOUNT_V1);
  put ("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", quota);
  put ("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us", period);
  end (expected);
}

static void
test_first (void)
{
  check_v1 ("250000\n", "100000\n", 3);
  check_v1 ("50000\n", "50000\n", 1);
  check_v1 ("-1\n", "100000\n", 0);
  check_v1 ("100000\n", "", 0);
}

/* Both versions at once: the smaller one binds. */
static void
test_both (void)
{
  begin ("4:cpu,cpuacct:/app\n0::/app\n", MOUNT_V1 MOUNT_V2);
  put ("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "700000\n");
  put ("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us", "100000\n");
  put ("sys/fs/cgroup/app/cpu.max", "600000 100000\n");
  end (6);
}

static void
test_none (void)
{
  begin ("", "");
  end (0);
  begin ("nonsense\n::::\n0::\n", "x\n - cgroup2\n30 20 0:26 / /sys/fs/cgroup\n");
  end (0);
  g_assert_cmpuint (gmproc_port_quota_get ("/not/there"), ==, 0);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);
  gmproc_test_add ("/port/quota/none", test_none);
  gmproc_test_add ("/port/quota/second", test_second);
  gmproc_test_add ("/port/quota/second-around", test_second_around);
  gmproc_test_add ("/port/quota/second-container", test_second_container);
  gmproc_test_add ("/port/quota/first", test_first);
  gmproc_test_add ("/port/quota/both", test_both);
  return g_test_run ();
}
