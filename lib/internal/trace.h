/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A timeline of what all processes of a family do, for people: with GMPROC_TRACE=FILE in the
 * environment every one of them appends to that file, in the array form of the trace event format
 * that Chrome and Perfetto show. docs/trace.md says what is in it.
 *
 * A record is one append, so records of several processes do not mix and a process that is killed
 * leaves no half of one. The array has no end, which the format allows.
 *
 * Without the variable, what is traced costs the test of one word.
 *
 * Threads: any. A record names the thread by a number that is its own in its process.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Written once, at the start. */
extern gboolean gmproc_trace_is_on_;

static inline gboolean
gmproc_trace_is_on (void)
{
  return G_UNLIKELY (gmproc_trace_is_on_);
}

/* At the start of a process, before it has threads. The first of the family begins the file. */
void gmproc_trace_init (gboolean is_first);

/* This process is now known by NAME. */
void gmproc_trace_name_process (const char *name);

/* Something that takes a time: 0 when there is no trace, otherwise when it began. end writes it.
 * KEY may be NULL. */
static inline gint64
gmproc_trace_begin (void)
{
  return gmproc_trace_is_on () ? g_get_monotonic_time () : 0;
}

void gmproc_trace_write (gint64 began, const char *category, const char *name, const char *key,
                         gint64 value);

static inline void
gmproc_trace_end (gint64 began, const char *category, const char *name, const char *key,
                  gint64 value)
{
  if (G_UNLIKELY (began != 0))
    gmproc_trace_write (began, category, name, key, value);
}

/* Something that takes no time. */
static inline void
gmproc_trace_mark (const char *category, const char *name, const char *key, gint64 value)
{
  if (gmproc_trace_is_on ())
    gmproc_trace_write (0, category, name, key, value);
}

G_END_DECLS
