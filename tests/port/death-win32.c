/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A process ends with a status here. The statuses are those that the system itself gives.
 */
#include "config.h"

#include "death.h"

#include <stdlib.h>
#include <windows.h>

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

gboolean
gmproc_test_can_catch_termination (void)
{
  return FALSE;
}

int
gmproc_test_try_to_shrink (void)
{
  return -1;
}
