/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows how to end a process, and the state of a process at each step of its life. The child prints
 * a number every interval, and is terminated after the third.
 *
 * You should see: the state "before" and "running", three numbers of the ten, the states
 * "terminated" and "joined", and the exit code.
 */
#define PROGRAM "killing_processes"

#include <gmproc.h>

#include "options.h"

/* Waits for a message of the other side and drops it. */
static gboolean
wait_for_word (GmprocConnection *connection, GError **error)
{
  g_autoptr (GVariant) word = gmproc_connection_receive (connection, GMPROC_FOREVER, NULL, error);

  return word != NULL;
}

/* args: the connection to the parent, the pause. The parent allows each number before it is
 * printed, and hears when it has been: neither side has to guess how fast the other is. */
GMPROC_DEFINE_TARGET (print_numbers)
{
  g_autoptr (GmprocConnection) parent = NULL;
  g_autoptr (GError) error = NULL;
  gint32 handle;
  guint pause;

  g_variant_get (args, "(hu)", &handle, &pause);
  parent = gmproc_connection_from_handle (handle, &error);
  if (parent == NULL)
    return options_fail (error);
  for (int i = 0; i < 10; i++)
    {
      if (!wait_for_word (parent, &error))
        return options_fail (error);
      g_print ("--> %d\n", i);
      if (!gmproc_connection_send (parent, g_variant_new_int32 (i), NULL, &error))
        return options_fail (error);
      g_usleep (pause);
    }
  return 0;
}

static void
print_state (const char *step, GmprocProcess *process)
{
  g_autofree char *state = gmproc_process_to_string (process);

  g_print ("%s: %s alive: %s\n", step, state, gmproc_process_is_alive (process) ? "yes" : "no");
}

static gboolean
show_life (guint pause, GError **error)
{
  g_autoptr (GmprocConnection) ours = NULL, theirs = NULL;
  g_autoptr (GmprocProcess) process = NULL;

  if (!gmproc_pipe_new (TRUE, &ours, &theirs, error))
    return FALSE;
  process = gmproc_process_new (
      print_numbers, g_variant_new ("(hu)", gmproc_connection_get_handle (theirs), pause));
  print_state ("before", process);
  if (!gmproc_process_start (process, error))
    return FALSE;
  gmproc_connection_close (theirs);
  print_state ("running", process);

  for (int i = 0; i < 3; i++)
    if (!gmproc_connection_send (ours, g_variant_new_int32 (i), NULL, error)
        || !wait_for_word (ours, error))
      return FALSE;
  if (!gmproc_process_terminate (process, error))
    return FALSE;
  print_state ("terminated", process);

  if (!gmproc_process_join (process, GMPROC_FOREVER, NULL, error))
    return FALSE;
  print_state ("joined", process);
  g_print ("exit code: %d\n", gmproc_process_get_exit_code (process));
  return TRUE;
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  double interval = 1.0;
  const GOptionEntry entries[] = { OPTIONS_INTERVAL (&interval), G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "Starts a process, terminates it, and shows its state.", entries);
  return show_life (options_get_pause (interval), &error) ? 0 : options_fail (error);
}
