/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "crash-point.h"

#include <string.h>

#include "port/port.h"

#define LARGEST_COUNT (G_MAXINT)
#define MOST_DEFERRED (2) /* close wakes at two waitpoints */

#define NAME_OF(name) name,

static const char *const all_names[] = { GMPROC_CRASH_POINTS (NAME_OF) NULL };

static const char *armed; /* one of all_names, or NULL; atomic */
static int remaining;     /* passes up to the kill; atomic */
static const char *break_name;

typedef struct
{
  void (*action) (gpointer);
  gpointer data;
} Deferred;

static __thread Deferred deferred[MOST_DEFERRED];
static __thread guint n_deferred;

const char *const *
gmproc_crash_point_list (void)
{
  return all_names;
}

gboolean
gmproc_crash_point_arm (const char *name, guint count)
{
  for (guint i = 0; all_names[i] != NULL; i++)
    if (strcmp (all_names[i], name) == 0 && count >= 1 && count <= LARGEST_COUNT)
      {
        g_atomic_int_set (&remaining, (int) count);
        g_atomic_pointer_set (&armed, all_names[i]);
        return TRUE;
      }
  return FALSE;
}

static const char *const break_names[] = {
  "commit-first", "asleep-first", "no-owner-dead", "no-abandoned", "no-missing",
  "level-first",  "put-first",    "take-first",    "no-current",   NULL
};

/* A mistake in the environment would make a test that kills nobody, so it is fatal. At load, before
 * there are threads. */
static void __attribute__ ((constructor)) read_environment (void)
{
  const char *at = g_getenv ("GMPROC_CRASH_AT");
  g_auto (GStrv) words = NULL;
  guint64 count;

  break_name = g_getenv ("GMPROC_CRASH_BREAK");
  if (break_name != NULL && !g_strv_contains (break_names, break_name))
    g_error ("GMPROC_CRASH_BREAK is “%s”, which is not in the list", break_name);
  if (at == NULL)
    return;

  words = g_strsplit (at, ":", 2);
  if (g_strv_length (words) != 2
      || !g_ascii_string_to_unsigned (words[1], 10, 1, LARGEST_COUNT, &count, NULL)
      || !gmproc_crash_point_arm (words[0], (guint) count))
    g_error ("GMPROC_CRASH_AT is “%s”, which is no name:count", at);
}

void
gmproc_crash_point_pass (const char *name)
{
  const char *at = g_atomic_pointer_get (&armed);

  if (at != NULL && strcmp (at, name) == 0 && g_atomic_int_dec_and_test (&remaining))
    gmproc_port_self_kill ();
}

gboolean
gmproc_crash_point_breaks (const char *name)
{
  return break_name != NULL && strcmp (break_name, name) == 0;
}

void
gmproc_crash_point_defer (void (*action) (gpointer), gpointer data)
{
  g_assert (n_deferred < MOST_DEFERRED);

  deferred[n_deferred++] = (Deferred){ action, data };
}

void
gmproc_crash_point_run_deferred (void)
{
  while (n_deferred > 0)
    {
      n_deferred--;
      deferred[n_deferred].action (deferred[n_deferred].data);
    }
}
