/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows that a process has a name, its own or a default one that counts the processes created.
 * Two processes run the same function under different names.
 *
 * You should see: "starting named_process" and "starting Process-2", and after an interval
 * "exiting" for both; either process may be the first of a pair.
 */
#define PROGRAM "naming_processes"

#include <gmproc.h>

#include "options.h"

/* args: a barrier, the pause. */
GMPROC_DEFINE_TARGET (say_name)
{
  const char *name = gmproc_process_get_name (gmproc_process_get_current ());
  g_autoptr (GmprocBarrier) barrier = NULL;
  g_autoptr (GError) error = NULL;
  gint32 handle;
  guint pause;

  g_variant_get (args, "(hu)", &handle, &pause);
  barrier = gmproc_barrier_from_handle (handle, &error);
  if (barrier == NULL)
    return options_fail (error);
  g_print ("starting %s\n", name);
  /* Neither sleeps before both have started, so both start before either exits. */
  if (gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, &error) < 0)
    return options_fail (error);
  g_usleep (pause);
  g_print ("exiting %s\n", name);
  return 0;
}

static gboolean
run_both (guint pause, GError **error)
{
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (2, error);
  g_autoptr (GmprocProcess) named = NULL, unnamed = NULL;
  g_autoptr (GVariant) args = NULL;

  if (barrier == NULL)
    return FALSE;
  args = g_variant_ref_sink (g_variant_new ("(hu)", gmproc_barrier_get_handle (barrier), pause));
  named = gmproc_process_new (say_name, args);
  gmproc_process_set_name (named, "named_process");
  unnamed = gmproc_process_new (say_name, args);
  if (!gmproc_process_start (named, error) || !gmproc_process_start (unnamed, error))
    {
      /* One that did start must not wait for one that did not. */
      gmproc_barrier_abort (barrier);
      return FALSE;
    }
  return options_join (named, error) && options_join (unnamed, error);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  double interval = 1.0;
  const GOptionEntry entries[] = { OPTIONS_INTERVAL (&interval), G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "Runs a named process and one with its default name.", entries);
  return run_both (options_get_pause (interval), &error) ? 0 : options_fail (error);
}
