/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows two processes that meet at a barrier, beside two that do not. Those at the barrier start
 * an interval apart, and pass it at the same time. A lock keeps the lines apart.
 *
 * You should see: the date and time for p1 and p2 "with barrier", which are the same but for less
 * than 50 ms on an idle machine, and for p3 and p4 "without barrier", which need not be.
 */
#define PROGRAM "processes_barrier"

#include <gmproc.h>

#include "options.h"

/* Prints the time at which it was called, when it is this process's turn. */
static gboolean
print_time (const char *what, gint32 lock_handle, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *text = g_date_time_format (now, "%F %T.%f");
  g_autoptr (GmprocLock) lock = gmproc_lock_from_handle (lock_handle, error);

  if (lock == NULL || !gmproc_lock_acquire (lock, GMPROC_FOREVER, NULL, error))
    return FALSE;
  g_print ("%s %s ----> %s\n", gmproc_process_get_name (gmproc_process_get_current ()), what, text);
  return gmproc_lock_release (lock, error);
}

/* args: the lock, the barrier. */
GMPROC_DEFINE_TARGET (with_barrier)
{
  g_autoptr (GmprocBarrier) barrier = NULL;
  g_autoptr (GError) error = NULL;
  gint32 lock_handle, barrier_handle;

  g_variant_get (args, "(hh)", &lock_handle, &barrier_handle);
  barrier = gmproc_barrier_from_handle (barrier_handle, &error);
  if (barrier == NULL || gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, &error) < 0
      || !print_time ("with barrier", lock_handle, &error))
    return options_fail (error);
  return 0;
}

/* args: the lock, and the barrier, which is left alone. */
GMPROC_DEFINE_TARGET (without_barrier)
{
  g_autoptr (GError) error = NULL;
  gint32 lock_handle;

  g_variant_get (args, "(hh)", &lock_handle, NULL);
  return print_time ("without barrier", lock_handle, &error) ? 0 : options_fail (error);
}

static gboolean
run_all (GmprocBarrier *barrier, GmprocLock *lock, guint pause, GError **error)
{
  const GmprocTarget targets[] = { with_barrier, with_barrier, without_barrier, without_barrier };
  g_autoptr (GVariant) args = g_variant_ref_sink (
      g_variant_new ("(hh)", gmproc_lock_get_handle (lock), gmproc_barrier_get_handle (barrier)));
  g_autoptr (GPtrArray) processes = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autofree char *name = g_strdup_printf ("p%u", i + 1);
      GmprocProcess *process = gmproc_process_new (targets[i], args);

      g_ptr_array_add (processes, process);
      gmproc_process_set_name (process, name);
      if (!gmproc_process_start (process, error))
        return FALSE;
      if (i == 0)
        g_usleep (pause);
    }
  for (guint i = 0; i < processes->len; i++)
    if (!options_join (processes->pdata[i], error))
      return FALSE;
  return TRUE;
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  double interval = 1.0;
  const GOptionEntry entries[] = { OPTIONS_INTERVAL (&interval), G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "Two processes meet at a barrier, two others do not.", entries);
  guint pause = options_get_pause (interval);

  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (2, &error);
  g_autoptr (GmprocLock) lock = barrier != NULL ? gmproc_lock_new (&error) : NULL;
  if (lock == NULL)
    return options_fail (error);
  if (run_all (barrier, lock, pause, &error))
    return 0;
  /* One that did start must not wait for one that did not. */
  gmproc_barrier_abort (barrier);
  return options_fail (error);
}
