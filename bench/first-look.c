/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */

/* First look: a few kinds of work done by this library, by bare system calls (the raw limit) and by
 * CPython's multiprocessing, in one run.
 *
 * Each measurement is a process of its own, so that nothing that one of them leaves behind (a warm
 * cache, a thread, a changed affinity) helps or hurts the next. The program starts itself for that,
 * with --measure, or the Python peer beside it, and reads one number from its standard output: the
 * seconds that the work took. The rounds are interleaved, because the speed of a shared machine
 * drifts: a ratio of two figures means something only when both were taken at the same time. */

#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* Where the peer's script is, unless the environment (make bench sets it) or --peer says. */
#define DEFAULT_PEER "bench/peer_cpython.py"
/* A measurement that takes longer than this, in seconds, is hung. */
#define TIME_LIMIT 120

typedef enum
{
  OURS,
  RAW,
  CPYTHON,
  N_SIDES
} Side;

typedef enum
{
  FREE,   /* the system places the processes, and a wake-up may cross to a sleeping processor */
  PINNED, /* all of them on one processor */
  N_REGIMES
} Regime;

static const char *const side_names[N_SIDES] = { "ours", "raw", "cpython" };
static const char *const regime_names[N_REGIMES] = { "free", "pinned" };

/* The work items */

typedef enum
{
  TIMES_RAW, /* the target is a multiple of what the raw limit takes */
  ABSOLUTE   /* the target is a figure in the item's unit */
} TargetKind;

typedef struct
{
  const char *name;
  const char *unit;
  gboolean is_rate; /* more is better: operations a second, not seconds an operation */
  double scale;     /* from seconds, or from operations a second, to the unit */
  Measure ours;
  Measure raw;         /* NULL: the work has no raw limit */
  const char *cpython; /* the same work's name in the peer */
  gint64 counts[N_SIDES];
  TargetKind target_kind;
  double target;
} Item;

/* The counts make a measurement last some tenths of a second; the targets are the design's. */
static const Item items[] = {
  { .name = "start-join",
    .unit = "ms",
    .scale = 1e3,
    .ours = our_start_join,
    .raw = raw_start_join,
    .cpython = "start-join",
    .counts = { 50, 100, 8 },
    .target_kind = TIMES_RAW,
    .target = 1.3 },
  { .name = "pipe",
    .unit = "us",
    .scale = 1e6,
    .ours = our_pipe,
    .raw = raw_pipe,
    .cpython = "pipe",
    .counts = { 10000, 10000, 5000 },
    .target_kind = TIMES_RAW,
    .target = 1.3 },
  { .name = "pool-map",
    .unit = "s",
    .scale = 1e6, /* the unit is the whole map of 10^6 integers, not one of them */
    .ours = our_pool_map,
    .cpython = "pool-map",
    .counts = { 1000000, 0, 1000000 },
    .target_kind = ABSOLUTE,
    .target = 0.04 },
  { .name = "pool-map-array",
    .unit = "s",
    .scale = 1e6,
    .ours = our_pool_map_array,
    .cpython = "pool-map",
    .counts = { 1000000, 0, 1000000 },
    .target_kind = ABSOLUTE,
    .target = 0.04 },
};

#define N_ITEMS G_N_ELEMENTS (items)

/* With --quick a measurement is this many times shorter. */
#define QUICK_DIVISOR 10

static double
to_unit (const Item *item, double seconds, gint64 count)
{
  return item->scale * (item->is_rate ? count / seconds : seconds / count);
}

static const Item *
find_item (const char *name)
{
  for (gsize i = 0; i < N_ITEMS; i++)
    if (g_str_equal (items[i].name, name))
      return &items[i];
  return NULL;
}

/* The driver: starts the measurements and collects their figures */

typedef struct
{
  int rounds;
  gboolean quick;
  char *csv;
  char *only;
  char *python;
  char *peer;
  char *measure; /* in a measurement: the side */
  gint64 count;  /* in a measurement: the operations */
  gint64 workers;
} Options;

typedef struct
{
  const Options *options;
  char *self;
  char *taskset;        /* NULL: nothing here pins a process, the regime is left out */
  char *python_version; /* NULL: no CPython here, the side is left out */
  FILE *csv;            /* NULL: not asked for */
  gboolean failed;
  GArray *figures[N_ITEMS][N_REGIMES][N_SIDES]; /* of double, in the item's unit */
} Run;

static gint64
count_of (const Run *run, const Item *item, Side side)
{
  gint64 count = item->counts[side];

  return run->options->quick ? MAX (count / QUICK_DIVISOR, 1) : count;
}

/* Runs a program and returns its standard output, one short line, without the end of line.
 *
 * It is read when the program has ended, and not up to the end of file: what is short fits into the
 * pipe, and a child that a failed measurement left behind would hold the pipe open. */
static char *
output_of (const char *const *argv, GError **error)
{
  g_autoptr (GSubprocess) process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, error);
  char line[256];
  gssize size;

  if (process == NULL || !g_subprocess_wait_check (process, NULL, error))
    return NULL;
  size =
      g_input_stream_read (g_subprocess_get_stdout_pipe (process), line, sizeof line, NULL, error);
  return size < 0 ? NULL : g_strchomp (g_strndup (line, size));
}

/* The command of one measurement: [taskset -c 0] (this program | python peer) --option=value … */
static GStrv
measurement_argv (const Run *run, const Item *item, Regime regime, Side side)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  if (regime == PINNED)
    {
      g_ptr_array_add (argv, g_strdup (run->taskset));
      g_ptr_array_add (argv, g_strdup ("-c"));
      g_ptr_array_add (argv, g_strdup ("0"));
    }
  if (side == CPYTHON)
    {
      g_ptr_array_add (argv, g_strdup (run->options->python));
      g_ptr_array_add (argv, g_strdup (run->options->peer));
    }
  else
    {
      g_ptr_array_add (argv, g_strdup (run->self));
      g_ptr_array_add (argv, g_strdup_printf ("--measure=%s", side_names[side]));
    }
  g_ptr_array_add (argv,
                   g_strdup_printf ("--only=%s", side == CPYTHON ? item->cpython : item->name));
  g_ptr_array_add (argv, g_strdup_printf ("--count=%" G_GINT64_FORMAT, count_of (run, item, side)));
  g_ptr_array_add (argv, g_strdup_printf ("--workers=%" G_GINT64_FORMAT, run->options->workers));
  g_ptr_array_add (argv, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&argv), FALSE);
}

static void
take_figure (Run *run, gsize index, Regime regime, Side side, int round)
{
  const Item *item = &items[index];
  g_auto (GStrv) argv = measurement_argv (run, item, regime, side);
  g_autoptr (GError) error = NULL;
  g_autofree char *output = output_of ((const char *const *) argv, &error);
  char *end = NULL;
  double seconds = output == NULL ? 0 : g_ascii_strtod (output, &end);
  double figure;

  if (output == NULL || seconds <= 0 || *end != '\0')
    {
      g_printerr ("%s, %s, %s: %s\n", item->name, regime_names[regime], side_names[side],
                  error != NULL ? error->message : "no figure came back");
      run->failed = TRUE;
      return;
    }
  figure = to_unit (item, seconds, count_of (run, item, side));
  g_array_append_val (run->figures[index][regime][side], figure);
  if (run->csv != NULL)
    fprintf (run->csv, "%s,%s,%s,%d,%.6g,%s\n", item->name, regime_names[regime], side_names[side],
             round, figure, item->unit);
}

static gboolean
is_wanted (const Run *run, const Item *item, Regime regime, Side side)
{
  if (run->options->only != NULL && !g_str_equal (run->options->only, item->name))
    return FALSE;
  if (regime == PINNED && run->taskset == NULL)
    return FALSE;
  return side == CPYTHON ? run->python_version != NULL : side == OURS || item->raw != NULL;
}

static void
take_all_figures (Run *run)
{
  for (int round = 1; round <= run->options->rounds; round++)
    for (gsize index = 0; index < N_ITEMS; index++)
      for (Regime regime = 0; regime < N_REGIMES; regime++)
        for (Side side = 0; side < N_SIDES; side++)
          if (is_wanted (run, &items[index], regime, side))
            take_figure (run, index, regime, side, round);
}

/* The table */

static int
compare_figures (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

/* 0: there is none. */
static double
median (GArray *figures)
{
  guint n = figures->len;

  if (n == 0)
    return 0;
  g_array_sort (figures, compare_figures);
  return (g_array_index (figures, double, n / 2) + g_array_index (figures, double, (n - 1) / 2))
         / 2;
}

/* A cell of the table; a value of 0 or less is one that is not there. */
static const char *
cell (char *buffer, gsize size, double value, const char *suffix)
{
  if (value > 0)
    g_snprintf (buffer, size, "%.3g%s", value, suffix);
  else
    g_strlcpy (buffer, "-", size);
  return buffer;
}

/* How far ours is from the target, as a part of the target: 0.5 is missed by half. */
static double
shortfall (const Item *item, double ours, double target)
{
  return item->is_rate ? 1 - ours / target : ours / target - 1;
}

static char *
verdict (const Item *item, double ours, double target)
{
  double missing;

  if (ours <= 0 || target <= 0)
    return g_strdup ("no figure");
  missing = 100 * shortfall (item, ours, target);
  return g_strdup_printf ("%s by %.0f %%", missing <= 0 ? "met" : "missed", ABS (missing));
}

static void
print_row (Run *run, gsize index, Regime regime)
{
  const Item *item = &items[index];
  double ours = median (run->figures[index][regime][OURS]);
  double raw = median (run->figures[index][regime][RAW]);
  double python = median (run->figures[index][regime][CPYTHON]);
  double target = item->target_kind == TIMES_RAW ? item->target * raw : item->target;
  double speed_up = ours > 0 && python > 0 ? (item->is_rate ? ours / python : python / ours) : 0;
  g_autofree char *result = verdict (item, ours, target);
  char cells[6][16];

  g_print ("%-15s %-7s %-4s %8s %8s", item->name, regime_names[regime], item->unit,
           cell (cells[0], sizeof cells[0], ours, ""), cell (cells[1], sizeof cells[1], raw, ""));
  if (run->python_version != NULL)
    g_print (" %8s", cell (cells[2], sizeof cells[2], python, ""));
  g_print (" %9s", cell (cells[3], sizeof cells[3], raw > 0 ? ours / raw : 0, ""));
  if (run->python_version != NULL)
    g_print (" %10s", cell (cells[4], sizeof cells[4], speed_up, " x"));
  g_print (" %8s  %s\n", cell (cells[5], sizeof cells[5], target, ""), result);
}

static void
print_table (Run *run)
{
  gboolean python = run->python_version != NULL;

  g_print ("rounds: %d%s, medians; workers: %" G_GINT64_FORMAT "; %s%s%s\n\n", run->options->rounds,
           run->options->quick ? ", quick" : "", run->options->workers,
           python ? "CPython " : "no CPython found (", python ? run->python_version : "python3",
           python ? "" : "): its columns are left out");
  if (run->taskset == NULL)
    g_print ("no taskset found: the pinned regime is left out\n\n");
  g_print ("%-15s %-7s %-4s %8s %8s", "work", "regime", "unit", "ours", "raw");
  if (python)
    g_print (" %8s", "CPython");
  g_print (" %9s", "ours/raw");
  if (python)
    g_print (" %10s", "to CPython");
  g_print (" %8s  %s\n", "target", "result");
  for (gsize index = 0; index < N_ITEMS; index++)
    for (Regime regime = 0; regime < N_REGIMES; regime++)
      if (is_wanted (run, &items[index], regime, OURS))
        print_row (run, index, regime);
}

/* Start-up */

/* One figure, on standard output. */
static int
run_measurement (const Options *options, const char *self)
{
  g_autoptr (GError) error = NULL;
  Job job = { options->count, options->workers, self };
  const Item *item = options->only == NULL ? NULL : find_item (options->only);
  Measure measure = NULL;
  double seconds;

  if (item != NULL && g_str_equal (options->measure, side_names[OURS]))
    measure = item->ours;
  else if (item != NULL && g_str_equal (options->measure, side_names[RAW]))
    measure = item->raw;
  if (measure == NULL || job.count <= 0 || job.workers <= 0)
    {
      g_printerr ("there is no such measurement\n");
      return 2;
    }
  /* What hangs is ended by SIGALRM, and the driver says so. */
  alarm (TIME_LIMIT);
  seconds = measure (&job, &error);
  if (seconds < 0)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_print ("%.9f\n", seconds);
  return 0;
}

static char *
find_python_version (const char *python)
{
  const char *argv[] = { python, "-c",
                         "import multiprocessing, platform; print(platform.python_version())",
                         NULL };
  g_autoptr (GError) error = NULL;
  char *version = output_of (argv, &error);

  if (version == NULL)
    g_printerr ("%s: %s\n", python, error->message);
  return version;
}

static gboolean
open_csv (Run *run, GError **error)
{
  if (run->options->csv == NULL)
    return TRUE;
  run->csv = g_fopen (run->options->csv, "we");
  if (run->csv == NULL)
    return fail_errno (error, run->options->csv);
  fputs ("work,regime,side,round,figure,unit\n", run->csv);
  return TRUE;
}

static gboolean
close_csv (Run *run, GError **error)
{
  gboolean failed;

  if (run->csv == NULL)
    return TRUE;
  failed = ferror (run->csv) != 0;
  if (fclose (run->csv) != 0 || failed)
    return fail_errno (error, run->options->csv);
  return TRUE;
}

static int
run_driver (const Options *options, const char *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *taskset = g_find_program_in_path ("taskset");
  g_autofree char *python_version = find_python_version (options->python);
  Run run = {
    .options = options, .self = (char *) self, .taskset = taskset, .python_version = python_version
  };
  GArray **cells = &run.figures[0][0][0];

  for (gsize i = 0; i < N_ITEMS * N_REGIMES * N_SIDES; i++)
    cells[i] = g_array_new (FALSE, FALSE, sizeof (double));
  if (open_csv (&run, &error))
    {
      take_all_figures (&run);
      print_table (&run);
      close_csv (&run, &error);
    }
  for (gsize i = 0; i < N_ITEMS * N_REGIMES * N_SIDES; i++)
    g_array_unref (cells[i]);
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return error != NULL || run.failed;
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "rounds", 0, 0, G_OPTION_ARG_INT, &options->rounds, "Measure N times", "N" },
    { "quick", 0, 0, G_OPTION_ARG_NONE, &options->quick, "Ten times less work", NULL },
    { "csv", 0, 0, G_OPTION_ARG_FILENAME, &options->csv, "Write every figure to FILE", "FILE" },
    { "only", 0, 0, G_OPTION_ARG_STRING, &options->only, "Only the work NAME", "NAME" },
    { "python", 0, 0, G_OPTION_ARG_FILENAME, &options->python, "The CPython to use", "PROGRAM" },
    { "peer", 0, 0, G_OPTION_ARG_FILENAME, &options->peer, "The peer's script", "FILE" },
    { "workers", 0, 0, G_OPTION_ARG_INT64, &options->workers, "Workers in a pool", "N" },
    { "measure", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->measure, NULL, NULL },
    { "count", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT64, &options->count, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  const char *from_environment = g_getenv ("PEER_CPYTHON");
  g_autoptr (GOptionContext) context = g_option_context_new ("- compare with CPython");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (options->python == NULL)
    options->python = g_strdup ("python3");
  if (options->peer == NULL)
    options->peer = g_strdup (from_environment != NULL ? from_environment : DEFAULT_PEER);
  if (*argc > 1)
    return fail_check (error, "arguments that are no options");
  if (options->rounds < 1 || options->workers < 1)
    return fail_check (error, "--rounds and --workers take a number from 1");
  if (options->only != NULL && find_item (options->only) == NULL)
    return fail_check (error, "--only: no work has this name");
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *self = NULL;
  Options options = { .rounds = 5, .workers = g_get_num_processors () };
  int status;

  /* Before everything: the raw limit of a start is a program that is loaded and does nothing. */
  if (argc == 2 && g_str_equal (argv[1], EXIT_AT_ONCE))
    return 0;
  gmproc_init (&argc, &argv);

  self = g_find_program_in_path (argv[0]);
  if (!parse_options (&options, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      status = 2;
    }
  else if (options.measure != NULL)
    status = run_measurement (&options, self);
  else
    status = run_driver (&options, self);
  g_free (options.csv);
  g_free (options.only);
  g_free (options.python);
  g_free (options.peer);
  g_free (options.measure);
  return status;
}
