/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "support.h"
#include "port/leaks.h"

#include <signal.h>

typedef void (*TestBody) (void);

typedef struct
{
  TestBody body;
} Test;

static TestBody pending_warm_up; /* NULL when it has run */
static gint64 patience;          /* before what is left is a leak, in microseconds */

void
gmproc_test_init (int *argc, char ***argv)
{
  /* A shell starts what it runs in the background with the signal ignored, and so would be every
   * child of ours that is to be ended by it. */
  (void) signal (SIGINT, SIG_DFL);
  g_test_init (argc, argv, NULL);
}

void
gmproc_test_set_patience (gint64 time)
{
  patience = time;
}

void
gmproc_test_set_warm_up (void (*warm_up) (void))
{
  pending_warm_up = warm_up;
}

guint
gmproc_test_scale (guint usual)
{
  const char *text = g_getenv ("GMPROC_TEST_SCALE");
  guint64 percent;

  if (text == NULL)
    return usual;
  if (!g_ascii_string_to_unsigned (text, 10, 1, 100, &percent, NULL))
    g_error ("GMPROC_TEST_SCALE is “%s”, and not a number from 1 to 100", text);
  return MAX (1, (guint) (usual * percent / 100));
}

static char *
find_leaks (GmprocTestLeaks *before)
{
  gint64 deadline = g_get_monotonic_time () + patience;
  char *leaked;

  while ((leaked = gmproc_test_leaks_compare (before)) != NULL
         && g_get_monotonic_time () < deadline)
    {
      g_free (leaked);
      g_usleep (G_TIME_SPAN_MILLISECOND);
    }
  return leaked;
}

static void
run_test (gconstpointer data)
{
  const Test *test = data;
  TestBody warm_up = g_steal_pointer (&pending_warm_up);
  GmprocTestLeaks *before;
  g_autofree char *leaked = NULL;

  if (warm_up != NULL)
    warm_up ();

  before = gmproc_test_leaks_snapshot ();
  test->body ();
  leaked = find_leaks (before);
  gmproc_test_leaks_free (before);

  if (leaked != NULL)
    g_test_fail_printf ("left behind: %s", leaked);
}

void
gmproc_test_unify_lines (char *text)
{
  char *to = text;

  for (const char *from = text; *from != '\0'; from++)
    if (from[0] != '\r' || from[1] != '\n')
      *to++ = *from;
  *to = '\0';
}

void
gmproc_test_trap (void)
{
  g_test_trap_subprocess (NULL, 0, 0);
  gmproc_test_leaks_forgive_process ();
}

void
gmproc_test_add (const char *path, void (*body) (void))
{
  Test *test = g_new (Test, 1);

  test->body = body;
  g_test_add_data_func_full (path, test, run_test, g_free);
}
