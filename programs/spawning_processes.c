/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows processes that are started in a loop, each joined before the next one starts.
 *
 * You should see: "process 0", "process 1", "output of process 1: 0", "process 2" and so on:
 * process i prints i lines of output.
 */
#define PROGRAM "spawning_processes"

#include <gmproc.h>

#include "options.h"

/* args: the index of the process. */
GMPROC_DEFINE_TARGET (print_output)
{
  int index = g_variant_get_int32 (args);

  g_print ("process %d\n", index);
  for (int i = 0; i < index; i++)
    g_print ("output of process %d: %d\n", index, i);
  return 0;
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  int count = 6;
  const GOptionEntry entries[] = {
    { "count", 0, 0, G_OPTION_ARG_INT, &count, "How many processes to start (6)", "N" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "Starts processes one after the other.", entries);
  options_check_range ("--count", count, 0, 10000);
  for (int i = 0; i < count; i++)
    {
      g_autoptr (GmprocProcess) process =
          gmproc_process_new (print_output, g_variant_new_int32 (i));

      if (!gmproc_process_start (process, &error) || !options_join (process, &error))
        return options_fail (error);
    }
  return 0;
}
