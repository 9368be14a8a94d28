/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "trace.h"

#include <string.h>

#include "port/port.h"

/* FILE, and for the descendants of whoever began it, the same again: they append. */
#define VARIABLE "GMPROC_TRACE"
#define VARIABLE_OF_FAMILY "GMPROC_TRACE_FAMILY"

#define RECORD_SIZE (512)
#define LONGEST_NAME (160) /* bytes of a name that are written */

gboolean gmproc_trace_is_on_;

static gintptr journal = GMPROC_PORT_NO_HANDLE;
static int n_threads; /* atomic */
static __thread int thread_number;

static int
get_thread_number (void)
{
  if (thread_number == 0)
    thread_number = g_atomic_int_add (&n_threads, 1) + 1;
  return thread_number;
}

/* The variable for the family stays set for programs that this one starts by other means: they add
 * to the file and do not begin it again. */
void
gmproc_trace_init (gboolean is_first)
{
  const char *path = g_getenv (VARIABLE);
  gboolean is_new;
  g_autoptr (GError) error = NULL;

  if (path == NULL || *path == '\0' || gmproc_trace_is_on_)
    return;

  is_new = is_first && g_strcmp0 (g_getenv (VARIABLE_OF_FAMILY), path) != 0;
  if (!gmproc_port_journal_open (path, is_new, &journal, &error))
    {
      g_printerr ("%s: %s\n", VARIABLE, error->message);
      return;
    }
  if (is_new)
    {
      g_setenv (VARIABLE_OF_FAMILY, path, TRUE);
      gmproc_port_journal_append (journal, "[\n", 2);
    }
  get_thread_number ();
  gmproc_trace_is_on_ = TRUE;
}

/* As the inside of a JSON string, cut to fit. Anything that is not plain ASCII becomes '?': names
 * of functions and processes rarely are anything else. */
static void
escape (char *to, gsize size, const char *from)
{
  gsize length = 0;

  for (; *from != '\0' && length + 3 < size; from++)
    {
      if (*from == '"' || *from == '\\')
        to[length++] = '\\';
      to[length++] = g_ascii_isprint (*from) ? *from : '?';
    }
  to[length] = '\0';
}

/* One append of one record. */
static void
append (const char *record, int length)
{
  if (length > 0 && length < RECORD_SIZE)
    gmproc_port_journal_append (journal, record, (gsize) length);
}

void
gmproc_trace_write (gint64 began, const char *category, const char *name, const char *key,
                    gint64 value)
{
  gint64 now = g_get_monotonic_time ();
  char record[RECORD_SIZE], escaped[LONGEST_NAME], times[64], arguments[96] = "";

  escape (escaped, sizeof escaped, name);
  if (began != 0)
    g_snprintf (times, sizeof times,
                "\"ph\":\"X\",\"ts\":%" G_GINT64_FORMAT ",\"dur\":%" G_GINT64_FORMAT, began,
                now - began);
  else
    g_snprintf (times, sizeof times, "\"ph\":\"i\",\"s\":\"t\",\"ts\":%" G_GINT64_FORMAT, now);
  if (key != NULL)
    g_snprintf (arguments, sizeof arguments, ",\"args\":{\"%s\":%" G_GINT64_FORMAT "}", key, value);
  append (record, g_snprintf (record, sizeof record,
                              "{%s,\"pid\":%" G_GINT64_FORMAT
                              ",\"tid\":%d,\"cat\":\"%s\",\"name\":\"%s\"%s},\n",
                              times, gmproc_port_self_get_pid (), get_thread_number (), category,
                              escaped, arguments));
}

void
gmproc_trace_name_process (const char *name)
{
  char record[RECORD_SIZE], escaped[LONGEST_NAME];

  if (!gmproc_trace_is_on ())
    return;
  escape (escaped, sizeof escaped, name);
  append (record,
          g_snprintf (record, sizeof record,
                      "{\"ph\":\"M\",\"pid\":%" G_GINT64_FORMAT
                      ",\"tid\":%d,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}},\n",
                      gmproc_port_self_get_pid (), get_thread_number (), escaped));
}
