/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows where a daemon process is cut off. As in run_background_processes, a daemon and an ordinary
 * process run the same function, but they sleep an interval after every number, and the main
 * process ends two and a half intervals after both have started.
 *
 * You should see: "starting background_process" and its numbers 0, 1 and 2, and no further;
 * "starting no_background_process", its numbers, 5 to 9, and "exiting no_background_process". The
 * line "exiting background_process" never comes.
 */
#define PROGRAM "derom"

#include <gmproc.h>

#include "options.h"

/* args: an event to set when it has started and after its third number, an event to wait for before
 * the first, its first number, the pause. */
GMPROC_DEFINE_TARGET (count_five)
{
  const char *name = gmproc_process_get_name (gmproc_process_get_current ());
  g_autoptr (GmprocEvent) reached = NULL;
  g_autoptr (GmprocEvent) go = NULL;
  g_autoptr (GError) error = NULL;
  gint32 reached_handle, go_handle;
  guint first, pause;

  g_variant_get (args, "(hhuu)", &reached_handle, &go_handle, &first, &pause);
  reached = gmproc_event_from_handle (reached_handle, &error);
  if (reached != NULL)
    go = gmproc_event_from_handle (go_handle, &error);
  if (go == NULL)
    return options_fail (error);

  g_print ("starting %s\n", name);
  gmproc_event_set (reached);
  if (!gmproc_event_wait (go, GMPROC_FOREVER, NULL, &error))
    return options_fail (error);
  for (guint i = 0; i < 5; i++, g_usleep (pause))
    {
      g_print ("---> %u\n", first + i);
      if (i == 2)
        gmproc_event_set (reached);
    }
  g_print ("exiting %s\n", name);
  return 0;
}

/* Starts a process, and waits until it says that it has started. */
static gboolean
start_process (const char *name, gboolean daemon, GVariant *args, GmprocEvent *reached,
               GError **error)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (count_five, args);

  gmproc_process_set_name (process, name);
  gmproc_process_set_daemon (process, daemon);
  gmproc_event_clear (reached);
  return gmproc_process_start (process, error)
         && gmproc_event_wait (reached, OPTIONS_PATIENCE, NULL, error);
}

static gboolean
run_until_half (guint pause, GError **error)
{
  g_autoptr (GmprocEvent) reached = gmproc_event_new (error);
  g_autoptr (GmprocEvent) go = reached != NULL ? gmproc_event_new (error) : NULL;
  gint32 h1, h2;
  gboolean ok;

  if (go == NULL)
    return FALSE;
  h1 = gmproc_event_get_handle (reached);
  h2 = gmproc_event_get_handle (go);
  ok = start_process ("background_process", TRUE, g_variant_new ("(hhuu)", h1, h2, 0, pause),
                      reached, error)
       && start_process ("no_background_process", FALSE, g_variant_new ("(hhuu)", h1, h2, 5, pause),
                         reached, error);
  gmproc_event_clear (reached);
  gmproc_event_set (go);
  if (!ok)
    return FALSE;
  /* Two intervals of the daemon and half of one of ours: two clocks would drift apart. */
  if (!gmproc_event_wait (reached, GMPROC_FOREVER, NULL, error))
    return FALSE;
  g_usleep (pause / 2);
  return TRUE;
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  double interval = 1.0;
  const GOptionEntry entries[] = { OPTIONS_INTERVAL (&interval), G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "Cuts a daemon process off in the middle of its work.", entries);
  if (!run_until_half (options_get_pause (interval), &error))
    return options_fail (error);
  /* Here the library terminates the daemons, and waits for the other processes. */
  return 0;
}
