/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What one measurement is, and the kinds of work that are measured.
 */
#pragma once

#include <gmproc.h>

G_BEGIN_DECLS

#define WARM_UP_TRIPS 200
#define WARM_UP_STARTS 2

/* The program ends in the first line of main: what a start costs at least. */
#define EXIT_AT_ONCE "--exit-at-once"

/* What one measurement is asked to do. */
typedef struct
{
  gint64 count;     /* operations that are timed */
  gint64 workers;   /* processes in a pool */
  const char *self; /* this program, an absolute path */
} Job;

/* Does the work, checks its results, and returns the seconds that it took; negative on error. */
typedef double (*Measure) (const Job *job, GError **error);

/* The raw limit: bare system calls. */
double raw_start_join (const Job *job, GError **error);
double raw_pipe (const Job *job, GError **error);

/* The library. */
double our_start_join (const Job *job, GError **error);
double our_pipe (const Job *job, GError **error);
double our_pool_map (const Job *job, GError **error);
double our_pool_map_array (const Job *job, GError **error);

/* For both: FALSE with an error, from errno or of a result that is wrong. */
gboolean fail_errno (GError **error, const char *what);
gboolean fail_check (GError **error, const char *what);
double seconds_since (gint64 begin);

G_END_DECLS
