/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A process ends with a status here. The statuses are those that the system itself gives.
 */
#include "config.h"

#include "death.h"

#include <stdlib.h>
#include <windows.h>

#include <tlhelp32.h>

#define STATUS_OF_KILL 0xE0670009 /* as the library ends another process */

G_NORETURN static void
end_with (DWORD status)
{
  (void) TerminateProcess (GetCurrentProcess (), status);
  abort (); /* not reached: a process may always end itself */
}

void
gmproc_test_kill_self (void)
{
  end_with (STATUS_OF_KILL);
}

/* abort() of one C library gives this, and 3 of the other. */
void
gmproc_test_abort (void)
{
  end_with (STATUS_STACK_BUFFER_OVERRUN);
}

/* Without the window that asks the user what to do. */
void
gmproc_test_prepare_for_fault (void)
{
  (void) SetErrorMode (SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
}

void
gmproc_test_fault (void)
{
  gmproc_test_prepare_for_fault ();
  *(volatile char *) NULL = 0;
  abort (); /* not reached: nothing is mapped there */
}

/* Wine asks for the length of the file first, and then writes there, in two calls of its system. */
gboolean
gmproc_test_can_append_at_once (void)
{
  return GetProcAddress (GetModuleHandleW (L"ntdll.dll"), "wine_get_version") == NULL;
}

/* A handle can be copied out of a process that does not run. */
gboolean
gmproc_test_can_stop_a_name (void)
{
  return FALSE;
}

gboolean
gmproc_test_can_catch_termination (void)
{
  return FALSE;
}

typedef DWORD (WINAPI *ThreadCall) (HANDLE thread);

/* Calls CALL for each thread of the process, and gives their number. */
static int
for_each_thread (gint64 pid, ThreadCall call)
{
  HANDLE list = CreateToolhelp32Snapshot (TH32CS_SNAPTHREAD, 0);
  THREADENTRY32 entry = { .dwSize = sizeof entry };
  int n_threads = 0;

  g_assert_true (list != INVALID_HANDLE_VALUE);
  for (BOOL is_one = Thread32First (list, &entry); is_one; is_one = Thread32Next (list, &entry))
    {
      HANDLE thread;

      if (entry.th32OwnerProcessID != (DWORD) pid)
        continue;
      thread = OpenThread (THREAD_SUSPEND_RESUME, FALSE, entry.th32ThreadID);
      if (thread == NULL)
        continue; /* it has ended in the meantime */
      n_threads += call (thread) != (DWORD) -1;
      (void) CloseHandle (thread);
    }
  (void) CloseHandle (list);
  return n_threads;
}

/* A thread that was not stopped yet may start another one, so this looks twice; what was stopped
 * twice is continued twice. */
gboolean
gmproc_test_stop (gint64 pid)
{
  return for_each_thread (pid, SuspendThread) > 0 && for_each_thread (pid, SuspendThread) > 0;
}

void
gmproc_test_continue (gint64 pid)
{
  (void) for_each_thread (pid, ResumeThread);
  g_assert_cmpint (for_each_thread (pid, ResumeThread), >, 0);
}

int
gmproc_test_try_to_shrink (void)
{
  return -1;
}

gboolean
gmproc_test_forbid_pidfds (void)
{
  return FALSE;
}
