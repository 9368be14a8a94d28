/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows the difference between a daemon process and an ordinary one. Both run the same function,
 * and the main process ends as soon as both have started. The daemon is terminated then, while the
 * ordinary process is waited for.
 *
 * You should see: "starting background_process" and its numbers, 0 to 4, "starting
 * no_background_process", its numbers, 5 to 9, and "exiting no_background_process". The line
 * "exiting background_process" never comes.
 */
#define PROGRAM "run_background_processes"

#include <gmproc.h>

#include "options.h"

/* args: an event to set when it has started, an event to wait for then, its first number, the
 * pause. */
GMPROC_DEFINE_TARGET (count_five)
{
  const char *name = gmproc_process_get_name (gmproc_process_get_current ());
  g_autoptr (GmprocEvent) started = NULL;
  g_autoptr (GmprocEvent) leave = NULL;
  g_autoptr (GError) error = NULL;
  gint32 started_handle, leave_handle;
  guint first, pause;

  g_variant_get (args, "(hhuu)", &started_handle, &leave_handle, &first, &pause);
  started = gmproc_event_from_handle (started_handle, &error);
  if (started != NULL)
    leave = gmproc_event_from_handle (leave_handle, &error);
  if (leave == NULL)
    return options_fail (error);

  g_print ("starting %s\n", name);
  for (guint i = first; i < first + 5; i++)
    g_print ("---> %u\n", i);
  gmproc_event_set (started);
  /* The sleep of the first begins only when the second has started, however long that takes. */
  if (!gmproc_event_wait (leave, GMPROC_FOREVER, NULL, &error))
    return options_fail (error);
  g_usleep (pause);
  g_print ("exiting %s\n", name);
  return 0;
}

/* Starts a process, and waits until it says that it has started. */
static gboolean
start_process (const char *name, gboolean daemon, GVariant *args, GmprocEvent *started,
               GError **error)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (count_five, args);

  gmproc_process_set_name (process, name);
  gmproc_process_set_daemon (process, daemon);
  gmproc_event_clear (started);
  return gmproc_process_start (process, error)
         && gmproc_event_wait (started, OPTIONS_PATIENCE, NULL, error);
}

static gboolean
start_both (guint pause, GError **error)
{
  g_autoptr (GmprocEvent) started = gmproc_event_new (error);
  g_autoptr (GmprocEvent) leave = started != NULL ? gmproc_event_new (error) : NULL;
  gint32 h1, h2;
  gboolean ok;

  if (leave == NULL)
    return FALSE;
  h1 = gmproc_event_get_handle (started);
  h2 = gmproc_event_get_handle (leave);
  ok = start_process ("background_process", TRUE, g_variant_new ("(hhuu)", h1, h2, 0, pause),
                      started, error)
       && start_process ("no_background_process", FALSE, g_variant_new ("(hhuu)", h1, h2, 5, pause),
                         started, error);
  gmproc_event_set (leave);
  return ok;
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  double interval = 1.0;
  const GOptionEntry entries[] = { OPTIONS_INTERVAL (&interval), G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "Runs a daemon process and an ordinary one.", entries);
  if (!start_both (options_get_pause (interval), &error))
    return options_fail (error);
  /* Here the library terminates the daemons, and waits for the other processes. */
  return 0;
}
