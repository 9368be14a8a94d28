/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The system makes a thread of its own for each event of a console, so none of ours is in the way.
 */
#include "config.h"

#include "port.h"

#include <windows.h>

GThread *
gmproc_port_thread_new (const char *name, GThreadFunc function, gpointer user_data, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GThread *thread = g_thread_try_new (name, function, user_data, &local_error);

  if (thread == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "CreateThread: %s", local_error->message);
  return thread;
}

guint32
gmproc_port_thread_get_id (void)
{
  return GetCurrentThreadId ();
}
