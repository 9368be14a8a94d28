/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * PR-38: how an interpreter is started again. What is learned is learned once, so each case is a
 * process of its own, and plays the interpreter: its command line is `PROGRAM -p CASE …`.
 */
#include "config.h"

#include "internal/command.h"

#include <string.h>

#include "../support.h"
#include "gmproc-error.h"
#include "port/port.h"

/* The words of our command line from NUMBER on, with NAME in place of the first. */
static char **
make_script (const char *name, guint first)
{
  g_auto (GStrv) words = gmproc_port_self_get_arguments (NULL);
  g_autoptr (GPtrArray) script = g_ptr_array_new ();

  g_assert_cmpuint (g_strv_length (words), >, first);
  g_ptr_array_add (script, g_strdup (name));
  for (guint i = first + 1; words[i] != NULL; i++)
    g_ptr_array_add (script, g_strdup (words[i]));
  g_ptr_array_add (script, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&script), FALSE);
}

static void
test_interpreter (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = gmproc_port_self_get_arguments (NULL);
  g_auto (GStrv) script = make_script ("script", 1);
  const char *const *command;

  if (!g_test_subprocess ())
    {
      gmproc_test_trap ();
      g_test_trap_assert_passed ();
      return;
    }
  gmproc_command_learn ((const char *const *) script);
  g_assert_true (gmproc_command_get (&command, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length ((char **) command), ==, 2);
  g_assert_cmpstr (command[1], ==, words[1]);
}

/* A compiled program needs no words. */
static void
test_compiled (void)
{
  g_auto (GStrv) words = gmproc_port_self_get_arguments (NULL);
  const char *const *command;

  if (!g_test_subprocess ())
    {
      gmproc_test_trap ();
      g_test_trap_assert_passed ();
      return;
    }
  gmproc_command_learn ((const char *const *) words);
  g_assert_true (gmproc_command_get (&command, NULL));
  g_assert_null (command);
}

static void
assert_unknown (const char *const *script, const char *reason)
{
  g_autoptr (GError) error = NULL;
  const char *const *command;

  gmproc_command_learn (script);
  g_assert_false (gmproc_command_get (&command, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED);
  g_assert_nonnull (strstr (error->message, reason));
}

static void
test_no_script (void)
{
  g_auto (GStrv) script = make_script ("", 0);

  if (!g_test_subprocess ())
    {
      gmproc_test_trap ();
      g_test_trap_assert_passed ();
      return;
    }
  assert_unknown ((const char *const *) script, "names no script");
}

static void
test_other_arguments (void)
{
  if (!g_test_subprocess ())
    {
      gmproc_test_trap ();
      g_test_trap_assert_passed ();
      return;
    }
  assert_unknown ((const char *const[]){ "script", "no argument of this process", NULL },
                  "does not end with");
}

static void
test_no_arguments (void)
{
  if (!g_test_subprocess ())
    {
      gmproc_test_trap ();
      g_test_trap_assert_passed ();
      return;
    }
  assert_unknown ((const char *const[]){ NULL }, "does not end with");
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);
  gmproc_test_add ("/command/interpreter", test_interpreter);
  gmproc_test_add ("/command/compiled", test_compiled);
  gmproc_test_add ("/command/no-script", test_no_script);
  gmproc_test_add ("/command/other-arguments", test_other_arguments);
  gmproc_test_add ("/command/no-arguments", test_no_arguments);
  return g_test_run ();
}
