/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A folder cannot be locked here. A file beside PATH that nobody shares does it; the system deletes
 * it with its handle, also when the process is killed.
 */
#include "config.h"

#include "port.h"

#include <windows.h>

#include "port-error.h"

/* Nobody is told when the file can be opened; it is held for microseconds. */
#define TIME_BETWEEN_TRIES (1 * G_TIME_SPAN_MILLISECOND)

gboolean
gmproc_port_gate_enter (const char *path, gint64 deadline, gintptr *ret_handle, GError **error)
{
  g_autofree char *name = g_strconcat (path, ".lock", NULL);
  g_autofree gunichar2 *wide = g_utf8_to_utf16 (name, -1, NULL, NULL, error);

  if (wide == NULL)
    return FALSE;
  for (;;)
    {
      HANDLE handle = CreateFileW ((const wchar_t *) wide, GENERIC_WRITE, 0, NULL, OPEN_ALWAYS,
                                   FILE_ATTRIBUTE_NORMAL | FILE_FLAG_DELETE_ON_CLOSE, NULL);
      DWORD code = GetLastError ();

      if (handle != INVALID_HANDLE_VALUE)
        {
          *ret_handle = (gintptr) handle;
          return TRUE;
        }
      /* A file that is being deleted denies the access for a moment. */
      if (code != ERROR_SHARING_VIOLATION && code != ERROR_ACCESS_DENIED)
        {
          gmproc_port_set_error (error, (int) code, "CreateFile");
          return FALSE;
        }
      if (g_get_monotonic_time () >= deadline)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                       "The file %s is held by another process", name);
          return FALSE;
        }
      g_usleep (TIME_BETWEEN_TRIES);
    }
}
