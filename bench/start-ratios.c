/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a start and its join cost beside what the system asks for: posix_spawn() and wait of this
 * same program, which ends in the first line of main, and fork() and wait. The rounds of all four
 * are interleaved, and the best of each counts. Then what an idle child costs, and the last of
 * many.
 */
#include <gmproc.h>

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_AT_ONCE "--exit-at-once"
#define N_ROUNDS 15
#define N_STARTS 40
#define N_LIVE 1000
#define N_SAMPLE 20

extern char **environ;

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (sleep_until_killed)
{
  for (;;)
    (void) pause ();
  return EXIT_FAILURE;
}

static void
check (gboolean success, GError *error)
{
  if (!success)
    g_error ("%s", error != NULL ? error->message : g_strerror (errno));
}

static GmprocProcess *
start (GmprocTarget target, GmprocStartMethod method)
{
  GmprocProcess *process = gmproc_process_new (target, NULL);
  GError *error = NULL;

  gmproc_process_set_start_method (process, method);
  check (gmproc_process_start (process, &error), error);
  return process;
}

static void
run_ours (GmprocStartMethod method)
{
  g_autoptr (GmprocProcess) process = start (do_nothing, method);
  GError *error = NULL;

  check (gmproc_process_join (process, GMPROC_FOREVER, NULL, &error), error);
  check (gmproc_process_get_exit_code (process) == EXIT_SUCCESS, NULL);
}

static void
run_spawn (const char *self)
{
  const char *argv[] = { self, EXIT_AT_ONCE, NULL };
  pid_t pid;

  check (posix_spawn (&pid, self, NULL, NULL, (char **) argv, environ) == 0, NULL);
  check (waitpid (pid, NULL, 0) == pid, NULL);
}

static void
run_fork (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (EXIT_SUCCESS);
  check (pid != -1 && waitpid (pid, NULL, 0) == pid, NULL);
}

/* Microseconds for one. */
static double
measure (int work, const char *self)
{
  gint64 begin = g_get_monotonic_time ();

  for (int i = 0; i < N_STARTS; i++)
    switch (work)
      {
      case 0:
        run_spawn (self);
        break;
      case 1:
        run_ours (GMPROC_START_METHOD_SPAWN);
        break;
      case 2:
        run_fork ();
        break;
      default:
        run_ours (GMPROC_START_METHOD_FORKSERVER);
      }
  return (double) (g_get_monotonic_time () - begin) / N_STARTS;
}

static void
compare (const char *self)
{
  double best[4] = { 1e12, 1e12, 1e12, 1e12 };

  for (int round = 0; round < N_ROUNDS; round++)
    for (int work = 0; work < 4; work++)
      best[work] = MIN (best[work], measure (work, self));
  g_print ("posix_spawn and wait  %8.1f us\n", best[0]);
  g_print ("spawn, join           %8.1f us  %.2f times posix_spawn\n", best[1], best[1] / best[0]);
  g_print ("fork and wait         %8.1f us\n", best[2]);
  g_print ("forkserver, join      %8.1f us  %.2f times fork\n", best[3], best[3] / best[2]);
}

static long
read_private_kib (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/smaps_rollup", pid);
  g_autofree char *text = NULL;
  const char *field;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return -1;
  field = strstr (text, "Private_Dirty:");
  return field != NULL ? strtol (field + strlen ("Private_Dirty:"), NULL, 10) : -1;
}

/* Many that live at once: what the first and the last starts cost, and one of them while idle. */
static void
crowd (const char *name, GmprocStartMethod method)
{
  g_autoptr (GPtrArray) processes = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 first = G_MAXINT64, last = G_MAXINT64;

  for (int i = 0; i < N_LIVE; i++)
    {
      gint64 begin = g_get_monotonic_time ();
      gint64 taken;

      g_ptr_array_add (processes, start (sleep_until_killed, method));
      taken = g_get_monotonic_time () - begin;
      if (i > 0 && i <= N_SAMPLE)
        first = MIN (first, taken);
      if (i >= N_LIVE - N_SAMPLE)
        last = MIN (last, taken);
    }
  g_print ("%-10s start with few alive %" G_GINT64_FORMAT " us, with %d alive %" G_GINT64_FORMAT
           " us (%.2f times); an idle child has %ld KiB of its own\n",
           name, first, N_LIVE, last, (double) last / (double) first,
           read_private_kib (gmproc_process_get_pid (processes->pdata[0])));
  for (guint i = 0; i < processes->len; i++)
    (void) gmproc_process_kill (processes->pdata[i], NULL);
  for (guint i = 0; i < processes->len; i++)
    (void) gmproc_process_join (processes->pdata[i], GMPROC_FOREVER, NULL, NULL);
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  check (getrlimit (RLIMIT_NOFILE, &limit) == 0, NULL);
  limit.rlim_cur = limit.rlim_max;
  check (setrlimit (RLIMIT_NOFILE, &limit) == 0, NULL);
}

int
main (int argc, char **argv)
{
  g_autofree char *self = NULL;

  if (argc > 1 && strcmp (argv[1], EXIT_AT_ONCE) == 0)
    return EXIT_SUCCESS;
  gmproc_init (&argc, &argv);

  self = g_file_read_link ("/proc/self/exe", NULL);
  check (self != NULL, NULL);
  raise_descriptor_limit ();
  compare (self);
  crowd ("spawn", GMPROC_START_METHOD_SPAWN);
  crowd ("forkserver", GMPROC_START_METHOD_FORKSERVER);
  return EXIT_SUCCESS;
}
