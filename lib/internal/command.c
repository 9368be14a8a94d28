/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The system knows the whole command line, `python3 -X dev script.py one two`; the script knows its
 * part, `script.py one two`. What is left when the arguments are taken off the end of the first is
 * the command: the interpreter, its options, and the script.
 *
 * The name of the interpreter is kept as it was written, because one that lies in an environment of
 * its own (Python's venv) finds it by that name. Names of files that are relative are made
 * absolute: the program may change its folder before it starts a process.
 */
#include "config.h"

#include "command.h"

#include <string.h>

#include "gmproc-error.h"
#include "port/port.h"

static char **command; /* NULL: the program file alone */
static char *problem;  /* or NULL */

static void
make_absolute (char **word)
{
  g_autofree char *absolute = NULL;

  if (g_path_is_absolute (*word) || !g_file_test (*word, G_FILE_TEST_EXISTS))
    return;
  absolute = g_canonicalize_filename (*word, NULL);
  g_free (*word);
  *word = g_steal_pointer (&absolute);
}

static gboolean
ends_with (char **words, guint n_words, const char *const *end, guint n_end)
{
  if (n_end >= n_words)
    return FALSE;
  for (guint i = 0; i < n_end; i++)
    if (strcmp (words[n_words - n_end + i], end[i]) != 0)
      return FALSE;
  return TRUE;
}

/* How many WORDS the command has; 0 with the problem set. */
static guint
count_words (char **words, const char *const *script)
{
  guint n_words = g_strv_length (words);
  guint n_script = g_strv_length ((char **) script);
  g_autofree char *line = g_strjoinv (" ", words);

  if (n_script == 0 || !ends_with (words, n_words, script + 1, n_script - 1))
    {
      problem = g_strdup_printf ("“%s” does not end with the arguments that gmproc_init() was "
                                 "given",
                                 line);
      return 0;
    }

  n_words -= n_script - 1;
  if ((n_words == 1 && strcmp (script[0], words[0]) != 0)
      || (n_words > 1 && strcmp (words[n_words - 1], "-") == 0))
    {
      problem = g_strdup_printf ("“%s” names no script, and what was read from a standard input "
                                 "cannot be read again",
                                 line);
      return 0;
    }
  return n_words;
}

void
gmproc_command_learn (const char *const *script)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = gmproc_port_self_get_arguments (&error);
  guint n_words;

  if (words == NULL)
    {
      problem = g_strdup (error->message);
      return;
    }
  n_words = count_words (words, script);
  if (n_words <= 1)
    return;

  for (guint i = n_words; words[i] != NULL; i++)
    g_clear_pointer (&words[i], g_free);
  if (strchr (words[0], G_DIR_SEPARATOR) != NULL)
    make_absolute (&words[0]);
  if (strcmp (words[n_words - 1], script[0]) == 0)
    make_absolute (&words[n_words - 1]);
  command = g_steal_pointer (&words);
}

gboolean
gmproc_command_get (const char *const **ret_words, GError **error)
{
  *ret_words = (const char *const *) command;
  if (problem == NULL)
    return TRUE;

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED,
               "It is not known how this program can be started again: %s", problem);
  return FALSE;
}
