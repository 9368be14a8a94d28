/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The raw limit of a pool's round trip: a number through one pipe to a process that sleeps, and its
 * square back through another one.
 */
#include "bench.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARM_UP 1000

static gboolean
take (int fd, gint64 *number)
{
  return read (fd, number, sizeof *number) == sizeof *number;
}

static gboolean
put (int fd, gint64 number)
{
  return write (fd, &number, sizeof number) == sizeof number;
}

/* Until the other side closes its end. */
static G_NORETURN void
answer (int in, int out)
{
  gint64 number;

  while (take (in, &number) && put (out, number * number))
    ;
  _exit (EXIT_SUCCESS);
}

static gboolean
ask (int out, int in, gint64 count, GError **error)
{
  for (gint64 i = 0; i < count; i++)
    {
      gint64 number = i;

      if (!put (out, number) || !take (in, &number))
        return bench_fail_errno (error, "a pipe");
      if (number != i * i)
        return bench_fail_check (error, "a square");
    }
  return TRUE;
}

static double
measure_apply (const BenchJob *job, GError **error)
{
  int there[2], back[2];
  gint64 begin;
  pid_t pid;
  gboolean is_well;
  double seconds;

  if (pipe (there) < 0 || pipe (back) < 0 || (pid = fork ()) < 0)
    return bench_fail_errno (error, "pipe, fork") - 1;
  if (pid == 0)
    {
      close (there[1]);
      answer (there[0], back[1]);
    }
  is_well = ask (there[1], back[0], WARM_UP, error);
  begin = g_get_monotonic_time ();
  is_well = is_well && ask (there[1], back[0], job->count, error);
  seconds = bench_seconds_since (begin);
  close (there[1]);
  waitpid (pid, NULL, 0);
  return is_well ? seconds * 1e6 / job->count : -1;
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = {
    { "pool-apply", "us", measure_apply, 20 * 1000 },
    { NULL, NULL, NULL, 0 },
  };

  return bench_main (argc, argv, "raw", works);
}
