/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* -- for the works ----------------------------------------------------------------------------- */

gint64
bench_get (const BenchJob *job, const char *name, gint64 otherwise)
{
  const gint64 *value = g_hash_table_lookup (job->parameters, name);

  return value != NULL ? *value : otherwise;
}

gboolean
bench_fail_errno (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", what, g_strerror (code));
  return FALSE;
}

gboolean
bench_fail_check (GError **error, const char *what)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, what);
  return FALSE;
}

gboolean
bench_fail_support (GError **error, const char *what)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, what);
  return FALSE;
}

double
bench_seconds_since (gint64 begin)
{
  return (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
}

double
bench_millions_a_second (gint64 count, double seconds)
{
  return count / seconds / 1e6;
}

gint64
bench_now_ns (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (gint64) time.tv_sec * 1000000000 + time.tv_nsec;
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

double
bench_median (double *numbers, gsize n)
{
  qsort (numbers, n, sizeof *numbers, compare);
  return (numbers[n / 2] + numbers[(n - 1) / 2]) / 2;
}

gint64
bench_get_memory (GError **error)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL))
    return bench_fail_support (error, "no /proc/self/status here") - 1;
  line = strstr (text, "VmRSS:");
  if (line == NULL)
    return bench_fail_check (error, "no VmRSS in /proc/self/status") - 1;
  return 1024 * g_ascii_strtoll (line + strlen ("VmRSS:"), NULL, 10);
}

/* -- for the driver ---------------------------------------------------------------------------- */

static const BenchWork *
find_work (const BenchWork *works, const char *name)
{
  for (; works->name != NULL; works++)
    if (g_str_equal (works->name, name))
      return works;
  return NULL;
}

static gboolean
parse_parameter (const char *argument, GHashTable *parameters)
{
  const char *equals = strchr (argument, '=');
  g_autofree gint64 *value = g_new (gint64, 1);

  if (equals == NULL || !g_ascii_string_to_signed (equals + 1, 10, 0, G_MAXINT64, value, NULL))
    return FALSE;
  g_hash_table_replace (parameters, g_strndup (argument, (gsize) (equals - argument)),
                        g_steal_pointer (&value));
  return TRUE;
}

static int
measure (const BenchWork *work, const char *peer, BenchJob *job)
{
  g_autoptr (GError) error = NULL;
  double figure;

  job->count =
      bench_get (job, "count", MAX (work->count / MAX (bench_get (job, "quick", 1), 1), 1));
  (void) alarm (BENCH_TIME_LIMIT);
  figure = work->measure (job, &error);
  if (figure >= 0)
    {
      printf ("%s %s %.6g %s\n", work->name, peer, figure, work->unit);
      return EXIT_SUCCESS;
    }

  g_printerr ("%s, %s: %s\n", work->name, peer, error->message);
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ? BENCH_NOT_SUPPORTED
                                                                       : EXIT_FAILURE;
}

int
bench_main (int argc, char **argv, const char *peer, const BenchWork *works)
{
  g_autoptr (GHashTable) parameters =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *self = g_find_program_in_path (argv[0]);
  BenchJob job = { .self = self, .parameters = parameters };
  const BenchWork *work = argc > 1 ? find_work (works, argv[1]) : NULL;

  if (argc == 2 && g_str_equal (argv[1], "--list"))
    {
      for (work = works; work->name != NULL; work++)
        puts (work->name);
      return EXIT_SUCCESS;
    }
  for (int i = 2; i < argc; i++)
    if (!parse_parameter (argv[i], parameters))
      work = NULL;
  if (work == NULL)
    {
      g_printerr ("usage: %s --list | WORK [NAME=NUMBER …]\n", argv[0]);
      return EXIT_FAILURE;
    }
  return measure (work, peer, &job);
}
