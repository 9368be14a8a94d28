/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a process knows about itself.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "status-win32.h"

#include <windows.h>

#define LONGEST_PATH 32768 /* characters, with the one at the end */

typedef HRESULT (WINAPI *SetThreadDescriptionFunc) (HANDLE thread, const wchar_t *description);

char *
gmproc_port_self_get_path (GError **error)
{
  g_autofree wchar_t *path = g_new (wchar_t, LONGEST_PATH);
  g_autoptr (GError) local_error = NULL;
  DWORD length = GetModuleFileNameW (NULL, path, LONGEST_PATH);
  char *result;

  if (length == 0 || length == LONGEST_PATH)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "GetModuleFileName");
      return NULL;
    }
  /* The system keeps a running program from being removed. It can be renamed, and then this is
   * the name that it had at the start. */
  result = g_utf16_to_utf8 ((const gunichar2 *) path, (glong) length, NULL, NULL, &local_error);
  if (result == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "GetModuleFileName: %s",
                 local_error->message);
  return result;
}

gint64
gmproc_port_self_get_pid (void)
{
  return (gint64) GetCurrentProcessId ();
}

/* No file of this system gives a program more rights than those of the process that starts it.
 * More rights come from a consent that the user gives to a service; the program that it then starts
 * has neither the standard input nor the handles of the one that asked. */
gboolean
gmproc_port_self_is_privileged (void)
{
  return FALSE;
}

void
gmproc_port_self_set_title (const char *title)
{
  HMODULE kernel = GetModuleHandleW (L"kernel32.dll");
  g_autofree char *valid = g_utf8_make_valid (title, -1);
  g_autofree gunichar2 *wide = g_utf8_to_utf16 (valid, -1, NULL, NULL, NULL);
  SetThreadDescriptionFunc set_description = NULL;

  /* Windows 10 1607 and later have it. */
  if (kernel != NULL)
    set_description = (SetThreadDescriptionFunc) (void (*) (void)) GetProcAddress (
        kernel, "SetThreadDescription");
  if (set_description != NULL && wide != NULL)
    (void) set_description (GetCurrentThread (), (const wchar_t *) wide);
}

void
gmproc_port_self_end (int exit_status)
{
  (void) TerminateProcess (GetCurrentProcess (), (UINT) exit_status);
  abort (); /* not reached: a process may always end itself */
}

void
gmproc_port_self_kill (void)
{
  gmproc_port_self_end ((int) GMPROC_STATUS_OF_SIGNAL (9));
}
