/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a start and its join cost beside what the system asks for: posix_spawn() and wait of this
 * same program, which ends in the first line of main, and fork() and wait. The rounds of all four
 * are interleaved, and the best of each counts. Then what many starts leave behind, what a family
 * costs that only waits, and what the last of many live children costs.
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
#define N_BEFORE 200 /* starts after which nothing grows any more */
#define N_MORE 1000
#define IDLE_TIME (10 * G_TIME_SPAN_SECOND)

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

/* -- what the system shows of a process -------------------------------------------------------- */

/* The number behind FIELD in a file of /proc, -1 when there is none. */
static long
read_number (const char *path, const char *field)
{
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return -1;
  at = strstr (text, field);
  return at != NULL ? strtol (at + strlen (field), NULL, 10) : -1;
}

static long
read_private_kib (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/smaps_rollup", pid);

  return read_number (path, "Private_Dirty:");
}

static int
count_entries (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  int n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  g_clear_pointer (&dir, g_dir_close);
  return n;
}

/* The main thread's, which started all of them, the fork server among them. */
static char **
list_children (void)
{
  g_autofree char *text = NULL;

  check (g_file_get_contents ("/proc/thread-self/children", &text, NULL, NULL), NULL);
  return g_strsplit (g_strstrip (text), " ", -1);
}

typedef struct
{
  long n_threads;
  long n_switches;  /* how often a thread has gone to sleep, or was made to wait */
  long nanoseconds; /* of a processor */
} Use;

/* Of all threads of a process; but not of our main thread, which looks. */
static void
add_use (Use *use, const char *pid)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%s/task", pid);
  g_autofree char *own = g_strdup_printf ("%d", (int) getpid ());
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *thread;

  while (dir != NULL && (thread = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *status = g_strdup_printf ("%s/%s/status", folder, thread);
      g_autofree char *times = g_strdup_printf ("%s/%s/schedstat", folder, thread);

      if (strcmp (thread, own) == 0)
        continue;
      use->n_threads++;
      use->n_switches += read_number (status, "\nvoluntary_ctxt_switches:")
                         + read_number (status, "nonvoluntary_ctxt_switches:");
      use->nanoseconds += read_number (times, "");
    }
  g_clear_pointer (&dir, g_dir_close);
}

static Use
read_use_of_family (void)
{
  g_auto (GStrv) children = list_children ();
  g_autofree char *own = g_strdup_printf ("%d", (int) getpid ());
  Use use = { 0, 0, 0 };

  add_use (&use, own);
  for (char **pid = children; *pid != NULL; pid++)
    add_use (&use, *pid);
  return use;
}

/* -- a family that waits ----------------------------------------------------------------------- */

/* One ordinary child and one daemon by each method, the fork server, and the threads here. */
static void
idle (void)
{
  g_autoptr (GPtrArray) processes = g_ptr_array_new_with_free_func (g_object_unref);
  static const GmprocStartMethod methods[] = { GMPROC_START_METHOD_SPAWN,
                                               GMPROC_START_METHOD_FORKSERVER };
  Use before, after;

  for (guint i = 0; i < 4; i++)
    {
      GmprocProcess *process = gmproc_process_new (sleep_until_killed, NULL);
      GError *error = NULL;

      gmproc_process_set_start_method (process, methods[i / 2]);
      gmproc_process_set_daemon (process, i % 2 == 1);
      check (gmproc_process_start (process, &error), error);
      g_ptr_array_add (processes, process);
    }
  g_usleep (G_TIME_SPAN_SECOND); /* until they have come to their targets */
  before = read_use_of_family ();
  g_usleep (IDLE_TIME);
  after = read_use_of_family ();
  g_print ("idle: %ld threads of a family with four children went to sleep %ld times in %d s and "
           "took %ld ns of a processor\n",
           after.n_threads, after.n_switches - before.n_switches,
           (int) (IDLE_TIME / G_TIME_SPAN_SECOND), after.nanoseconds - before.nanoseconds);
  for (guint i = 0; i < processes->len; i++)
    check (gmproc_process_kill (processes->pdata[i], NULL), NULL);
  for (guint i = 0; i < processes->len; i++)
    check (gmproc_process_join (processes->pdata[i], GMPROC_FOREVER, NULL, NULL), NULL);
}

/* -- what starts leave ------------------------------------------------------------------------- */

static void
growth (const char *name, GmprocStartMethod method)
{
  long before, after;
  int n_open, n_children;

  for (int i = 0; i < N_BEFORE; i++)
    run_ours (method);
  before = read_number ("/proc/self/status", "VmRSS:");
  n_open = count_entries ("/proc/self/fd");
  n_children = (int) g_strv_length (list_children ());
  for (int i = 0; i < N_MORE; i++)
    run_ours (method);
  after = read_number ("/proc/self/status", "VmRSS:");
  g_print ("%-10s after %d starts and after %d more: %ld and %ld KiB in use, %d more descriptors, "
           "%d more children\n",
           name, N_BEFORE, N_MORE, before, after, count_entries ("/proc/self/fd") - n_open,
           (int) g_strv_length (list_children ()) - n_children);
}

/* -- a crowd ----------------------------------------------------------------------------------- */

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
  growth ("spawn", GMPROC_START_METHOD_SPAWN);
  growth ("forkserver", GMPROC_START_METHOD_FORKSERVER);
  idle ();
  crowd ("spawn", GMPROC_START_METHOD_SPAWN);
  crowd ("forkserver", GMPROC_START_METHOD_FORKSERVER);
  return EXIT_SUCCESS;
}
