/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a process knows about itself.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "status-win32.h"

#include <stdlib.h>
#include <windows.h>
#include <psapi.h>
#ifdef _UCRT
#include <corecrt_startup.h>
#endif

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

char **
gmproc_port_self_get_arguments (G_GNUC_UNUSED GError **error)
{
  return g_win32_get_command_line ();
}

gint64
gmproc_port_self_get_pid (void)
{
  return (gint64) GetCurrentProcessId ();
}

gint64
gmproc_port_self_get_rough_time (void)
{
  /* The ticks of the system are cheaper, but have another zero point, which drifts; and a lock, for
   * which this is asked most, costs a call of the kernel here. */
  return g_get_monotonic_time ();
}

guint
gmproc_port_self_get_n_processors (void)
{
  return g_get_num_processors (); /* which looks at the affinity of the process here */
}

guint64
gmproc_port_self_get_memory (gint64 pid)
{
  HANDLE process = OpenProcess (PROCESS_QUERY_LIMITED_INFORMATION, FALSE, (DWORD) pid);
  PROCESS_MEMORY_COUNTERS counters = { .cb = sizeof counters };
  guint64 memory = 0;

  if (process == NULL)
    return 0;
  if (K32GetProcessMemoryInfo (process, &counters, sizeof counters))
    memory = counters.WorkingSetSize;
  CloseHandle (process);
  return memory;
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

typedef BOOLEAN (NTAPI *IsShutdownFunc) (void);

/* Whether the system has ended the other threads already. */
static gboolean
is_torn_down (void)
{
  HMODULE system = GetModuleHandleW (L"ntdll.dll");
  IsShutdownFunc is_shutdown = NULL;

  if (system != NULL)
    is_shutdown =
        (IsShutdownFunc) (void (*) (void)) GetProcAddress (system, "RtlDllShutdownInProgress");
  return is_shutdown != NULL && is_shutdown ();
}

/* Those that are registered, the last one first. They run in this order, each for one call of
 * run_last(). */
static GMutex exit_mutex;
static GSList *exit_functions; /* under the mutex */

/* A C library that is a DLL of the system's runs what exit() has not run when it is unloaded
 * itself, as when Ctrl-C ends the process; nobody is left then for whom a function could wait. */
static void __cdecl run_last (void)
{
  void (*function) (void) = NULL;

  if (is_torn_down ())
    return;
  g_mutex_lock (&exit_mutex);
  if (exit_functions != NULL)
    function = (void (*) (void)) exit_functions->data;
  exit_functions = g_slist_delete_link (exit_functions, exit_functions);
  g_mutex_unlock (&exit_mutex);
  if (function != NULL)
    function ();
}

static gboolean
register_run_last (void)
{
#ifdef _UCRT
  return _crt_atexit (run_last) == 0;
#else
  typedef int (*ExitFunc) (void);
  typedef ExitFunc (__cdecl * RegisterFunc) (ExitFunc function);
  HMODULE library = GetModuleHandleW (L"msvcrt.dll");
  RegisterFunc register_function = NULL;

  if (library != NULL)
    register_function = (RegisterFunc) (void (*) (void)) GetProcAddress (library, "_onexit");
  return register_function != NULL && register_function ((ExitFunc) run_last) != NULL;
#endif
}

/* In a DLL atexit() is for the DLL: what it registers runs when the DLL is unloaded, and at the end
 * of a process the system ends the other threads before that. So the function goes where that of an
 * executable would go, to the C library itself. */
gboolean
gmproc_port_self_at_exit (void (*function) (void), GError **error)
{
  gboolean success;

  g_mutex_lock (&exit_mutex);
  success = register_run_last ();
  if (success)
    exit_functions = g_slist_prepend (exit_functions, (gpointer) function);
  g_mutex_unlock (&exit_mutex);
  if (success)
    return TRUE;
  gmproc_port_set_error (error, ERROR_NOT_ENOUGH_MEMORY, "_onexit");
  return FALSE;
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
