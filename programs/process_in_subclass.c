/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows a subclass of GmprocProcess that overrides run. Ten instances are created, started and
 * joined, one after the other.
 *
 * You should see: "run called in MyProcess-1" to "run called in MyProcess-10".
 */
#define PROGRAM "process_in_subclass"

#include <gmproc.h>

#include "options.h"

#define MY_TYPE_PROCESS (my_process_get_type ())
G_DECLARE_FINAL_TYPE (MyProcess, my_process, MY, PROCESS, GmprocProcess)

struct _MyProcess
{
  GmprocProcess parent_instance;
};

/* In the place of G_DEFINE_TYPE: the child finds the type by its name. */
GMPROC_DEFINE_PROCESS_TYPE (MyProcess, my_process)

static int
my_process_run (GmprocProcess *self, G_GNUC_UNUSED GError **error)
{
  g_print ("run called in %s\n", gmproc_process_get_name (self));
  return 0;
}

static void
my_process_class_init (MyProcessClass *class)
{
  GMPROC_PROCESS_CLASS (class)->run = my_process_run;
}

static void
my_process_init (G_GNUC_UNUSED MyProcess *self)
{
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "Runs ten instances of a subclass of GmprocProcess.", NULL);
  for (int i = 0; i < 10; i++)
    {
      /* Without a name of its own it is called after its class. */
      g_autoptr (GmprocProcess) process = g_object_new (MY_TYPE_PROCESS, NULL);

      if (!gmproc_process_start (process, &error) || !options_join (process, &error))
        return options_fail (error);
    }
  return 0;
}
