/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * On this system the number is one of GetLastError().
 */
#include "config.h"

#include "port-error.h"

#include <windows.h>

static GIOErrorEnum
translate (int code)
{
  switch (code)
    {
    case ERROR_COMMITMENT_LIMIT:
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_NO_SYSTEM_RESOURCES:
    case ERROR_OUTOFMEMORY:
      return G_IO_ERROR_NO_SPACE;
    case ERROR_NOT_ENOUGH_QUOTA:
    case ERROR_TOO_MANY_OPEN_FILES:
      return G_IO_ERROR_TOO_MANY_OPEN_FILES;
    case ERROR_INVALID_HANDLE:
    case ERROR_INVALID_PARAMETER:
      return G_IO_ERROR_INVALID_ARGUMENT;
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_PATHNAME:
    case ERROR_FILE_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_PATH_NOT_FOUND:
      return G_IO_ERROR_NOT_FOUND;
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA:
      return G_IO_ERROR_BROKEN_PIPE;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
      return G_IO_ERROR_PERMISSION_DENIED;
    case ERROR_FILENAME_EXCED_RANGE:
      return G_IO_ERROR_FILENAME_TOO_LONG;
    default:
      return g_io_error_from_win32_error (code);
    }
}

void
gmproc_port_set_error (GError **error, int saved_errno, const char *call)
{
  g_autofree char *text = g_win32_error_message (saved_errno);

  /* The system has no text for some numbers, and other systems that run its programs for more. */
  if (text == NULL || *text == '\0')
    g_set_error (error, G_IO_ERROR, translate (saved_errno), "%s: error %d", call, saved_errno);
  else
    g_set_error (error, G_IO_ERROR, translate (saved_errno), "%s: %s", call, text);
}
