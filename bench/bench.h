/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the programs that measure have in common: how the driver (bench/run) asks for a figure, and
 * how it is given.
 *
 *     AREA-PEER --list                   the names of the works, one a line
 *     AREA-PEER WORK [NAME=VALUE …]      measures once, and prints WORK PEER FIGURE UNIT
 *
 * The parameters are whole numbers. Two of them are for every work: `count`, the operations that
 * are timed, and `quick`, by which the program's own count is divided.
 *
 * Exit status: 0 with a figure, 77 when this peer cannot do the work with these parameters, and
 * anything else, with a line on standard error, when it failed or gave a wrong result.
 *
 * One program measures one thing and ends, so that nothing that a measurement leaves behind (a warm
 * cache, a thread, a changed affinity) helps or hurts the next.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A measurement that takes longer than this, in seconds, is hung, and is killed. */
#define BENCH_TIME_LIMIT (120)
#define BENCH_NOT_SUPPORTED (77)

typedef struct
{
  gint64 count;     /* operations that are timed */
  const char *self; /* this program, an absolute path */
  GHashTable *parameters;
} BenchJob;

/* Does the work, checks its results, and returns the figure in the unit of the work; negative with
 * an error. G_IO_ERROR_NOT_SUPPORTED: exit status 77. */
typedef double (*BenchMeasure) (const BenchJob *job, GError **error);

typedef struct
{
  const char *name;
  const char *unit;
  BenchMeasure measure;
  gint64 count; /* if the driver names none; some tenths of a second */
} BenchWork;

/* WORKS end with one without a name. What main() returns. */
int bench_main (int argc, char **argv, const char *peer, const BenchWork *works);

/* The parameter NAME, or what to take without it. */
gint64 bench_get (const BenchJob *job, const char *name, gint64 otherwise);

/* FALSE with an error: from errno, of a result that is wrong, of a work that cannot be done. */
gboolean bench_fail_errno (GError **error, const char *what);
gboolean bench_fail_check (GError **error, const char *what);
gboolean bench_fail_support (GError **error, const char *what);

/* BEGIN is of g_get_monotonic_time(). */
double bench_seconds_since (gint64 begin);
double bench_millions_a_second (gint64 count, double seconds);

/* Of the monotonic clock, which all processes share. */
gint64 bench_now_ns (void);

/* Sorts the numbers. */
double bench_median (double *numbers, gsize n);

/* Resident memory of this process, in bytes, shared pages included. */
gint64 bench_get_memory (GError **error);

G_END_DECLS
