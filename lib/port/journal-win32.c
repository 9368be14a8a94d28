/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A file that several processes append to.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"

#include <windows.h>

/* With the right to append and none to write elsewhere the system itself moves to the end. */
gboolean
gmproc_port_journal_open (const char *path, gboolean is_new, gintptr *ret_handle, GError **error)
{
  g_autofree gunichar2 *wide = g_utf8_to_utf16 (path, -1, NULL, NULL, error);
  HANDLE handle;

  if (wide == NULL)
    return FALSE;
  handle = CreateFileW ((const wchar_t *) wide, FILE_APPEND_DATA | SYNCHRONIZE,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                        is_new ? CREATE_ALWAYS : OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
  if (handle == INVALID_HANDLE_VALUE)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateFile");
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  *ret_handle = (gintptr) handle;
  return TRUE;
}

void
gmproc_port_journal_append (gintptr handle, gconstpointer record, gsize size)
{
  DWORD written;

  (void) WriteFile ((HANDLE) handle, record, (DWORD) size, &written, NULL);
}
