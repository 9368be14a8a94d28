/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What is the same on every system: the mark of a thread.
 */
#include "config.h"

#include "port.h"

__thread guint64 gmproc_port_self_thread_mark;

/* Not of GLib's random numbers: a copy of the process would get the same ones. */
guint64
gmproc_port_self_make_thread_mark (void)
{
  g_autoptr (GError) error = NULL;
  guint32 random;

  if (!gmproc_port_random_fill (&random, sizeof random, &error))
    g_error ("%s", error->message);
  gmproc_port_self_thread_mark = (guint64) random << 32 | (guint32) gmproc_port_self_get_pid ();
  return gmproc_port_self_thread_mark;
}
