/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the ten programs share: their options, the report of an error, and the check that a child
 * succeeded. A program defines PROGRAM, its name, before it includes this file. The functions are
 * inline, so that each program is still built from one source file.
 */
#pragma once

#include <gmproc.h>
#include <stdlib.h>

/* Long enough for a person, and it fits the 32 bits of g_usleep() on every system. */
#define OPTIONS_MAX_INTERVAL 3600.0

/* How long a child may take to start before it counts as failed, in microseconds. */
#define OPTIONS_PATIENCE (60 * G_USEC_PER_SEC)

/* The entry of every program that sleeps; SECONDS points to a double. */
#define OPTIONS_INTERVAL(seconds)                                                        \
  {                                                                                      \
    "interval", 0, 0, G_OPTION_ARG_DOUBLE, (seconds), "How long to sleep (1)", "SECONDS" \
  }

/* Prints one line on standard error, whatever line breaks the message has. */
static inline void
options_print_error (const char *message)
{
  g_autofree char *line = g_strdelimit (g_strdup (message), "\r\n", ' ');

  g_printerr ("%s: %s\n", PROGRAM, line);
}

static inline void G_GNUC_NORETURN G_GNUC_PRINTF (1, 2) options_refuse (const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  options_print_error (message);
  exit (EXIT_FAILURE);
}

/* Parses ENTRIES (NULL for none), --help and --version. Returns only if the program shall run. */
static inline void
options_parse (int *argc, char ***argv, const char *summary, const GOptionEntry *entries)
{
  gboolean version = FALSE;
  const GOptionEntry common[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and exit", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_set_prgname (PROGRAM);
  g_option_context_set_summary (context, summary);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, common, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    options_refuse ("%s", error->message);
  if (version)
    {
      g_print ("%s (libgmproc) %s\n", PROGRAM, GMPROC_VERSION_S);
      exit (EXIT_SUCCESS);
    }
  if (*argc > 1)
    options_refuse ("unexpected argument '%s'", (*argv)[1]);
}

static inline void
options_check_range (const char *option, gint64 value, gint64 minimum, gint64 maximum)
{
  if (value < minimum || value > maximum)
    options_refuse ("%s %" G_GINT64_FORMAT " is not between %" G_GINT64_FORMAT
                    " and %" G_GINT64_FORMAT,
                    option, value, minimum, maximum);
}

/* Returns an --interval of SECONDS in microseconds. */
static inline guint
options_get_pause (double seconds)
{
  /* Written so that a value that is not a number is refused as well. */
  if (!(seconds >= 0.0 && seconds <= OPTIONS_MAX_INTERVAL))
    options_refuse ("--interval %g is not between 0 and %g", seconds, OPTIONS_MAX_INTERVAL);
  return (guint) (seconds * G_USEC_PER_SEC);
}

/* Reports ERROR; returns the exit status of a process that ends because of it. */
static inline int
options_fail (const GError *error)
{
  options_print_error (error->message);
  return EXIT_FAILURE;
}

/* Waits for PROCESS to end. A child that did not succeed is an error as well. */
static inline gboolean
options_join (GmprocProcess *process, GError **error)
{
  int code;

  if (!gmproc_process_join (process, GMPROC_FOREVER, NULL, error))
    return FALSE;
  code = gmproc_process_get_exit_code (process);
  if (code == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s ended with exit code %d",
               gmproc_process_get_name (process), code);
  return FALSE;
}
