/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The handles that become the standard streams of a child. They are plain ones, because the C
 * library of the child cannot use those that are made for overlapped requests.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"

#include <gio/gwin32inputstream.h>
#include <gio/gwin32outputstream.h>
#include <windows.h>

gboolean
gmproc_port_stream_new_pipe (int number, gintptr *ret_given, gintptr *ret_kept, GError **error)
{
  HANDLE reader, writer;

  if (!CreatePipe (&reader, &writer, NULL, 0))
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreatePipe");
      return FALSE;
    }
  *ret_given = (gintptr) (number == 0 ? reader : writer);
  *ret_kept = (gintptr) (number == 0 ? writer : reader);
  return TRUE;
}

gpointer
gmproc_port_stream_wrap (int number, gintptr kept)
{
  if (number == 0)
    return g_win32_output_stream_new ((HANDLE) kept, TRUE);
  return g_win32_input_stream_new ((HANDLE) kept, TRUE);
}

gboolean
gmproc_port_stream_open_empty (gintptr *ret_handle, GError **error)
{
  HANDLE handle = CreateFileW (L"NUL", GENERIC_READ | GENERIC_WRITE,
                               FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);

  if (handle != INVALID_HANDLE_VALUE)
    {
      *ret_handle = (gintptr) handle;
      return TRUE;
    }
  gmproc_port_set_error (error, (int) GetLastError (), "CreateFile(NUL)");
  return FALSE;
}

gintptr
gmproc_port_stream_get_own_input (void)
{
  HANDLE handle = GetStdHandle (STD_INPUT_HANDLE);

  return handle == NULL || handle == INVALID_HANDLE_VALUE ? GMPROC_PORT_NO_HANDLE
                                                          : (gintptr) handle;
}
