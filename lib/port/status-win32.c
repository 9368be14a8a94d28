/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "status-win32.h"

#include <windows.h>

#define FIRST_STATUS_OF_SYSTEM 0x40000000
#define STATUS_UNKNOWN 255 /* no success, in any case */

/* Not in every windows.h, and ntstatus.h does not go together with it. */
#define NO_SUCH_DLL 0xC0000135
#define NO_SUCH_ENTRY_POINT 0xC0000139
#define NO_SUCH_ORDINAL 0xC0000138
#define DLL_FAILED 0xC0000142
#define NO_IMAGE 0xC000007B

#define NUMBER_ILLEGAL 4
#define NUMBER_TRAP 5
#define NUMBER_ABORT 6
#define NUMBER_ARITHMETIC 8
#define NUMBER_SEGMENT 11

/* What other systems call the reasons for which this one ends a program. */
int
gmproc_port_status_translate (guint32 status)
{
  switch (status)
    {
    case GMPROC_STATUS_OF_SIGNAL (GMPROC_NUMBER_INTERRUPT):
    case GMPROC_STATUS_OF_SIGNAL (GMPROC_NUMBER_KILL):
    case GMPROC_STATUS_OF_SIGNAL (GMPROC_NUMBER_TERMINATE):
      return -(int) (status & 0xff);
    case STATUS_CONTROL_C_EXIT:
      return -GMPROC_NUMBER_INTERRUPT;
    case STATUS_ILLEGAL_INSTRUCTION:
    case STATUS_PRIVILEGED_INSTRUCTION:
      return -NUMBER_ILLEGAL;
    case STATUS_BREAKPOINT:
      return -NUMBER_TRAP;
    case STATUS_ASSERTION_FAILURE:
    case STATUS_HEAP_CORRUPTION:
    case STATUS_STACK_BUFFER_OVERRUN:
      return -NUMBER_ABORT;
    case STATUS_FLOAT_DIVIDE_BY_ZERO:
    case STATUS_FLOAT_INVALID_OPERATION:
    case STATUS_FLOAT_OVERFLOW:
    case STATUS_INTEGER_DIVIDE_BY_ZERO:
    case STATUS_INTEGER_OVERFLOW:
      return -NUMBER_ARITHMETIC;
    case STATUS_ACCESS_VIOLATION:
    case STATUS_IN_PAGE_ERROR:
    case STATUS_STACK_OVERFLOW:
      return -NUMBER_SEGMENT;
    default:
      /* exit() gives eight bits, as on other systems. */
      if (status < FIRST_STATUS_OF_SYSTEM)
        return (int) (status & 0xff);
      g_debug ("a process ended with status 0x%x, for which other systems have no word", status);
      return STATUS_UNKNOWN;
    }
}

const char *
gmproc_port_status_explain (guint32 status)
{
  switch (status)
    {
    case NO_SUCH_DLL:
      return "a DLL that it needs was not found";
    case NO_SUCH_ENTRY_POINT:
    case NO_SUCH_ORDINAL:
      return "a DLL that it needs is of another version";
    case DLL_FAILED:
      return "a DLL that it needs could not start";
    case NO_IMAGE:
      return "a DLL that it needs is damaged, or for another kind of processor";
    default:
      return NULL;
    }
}
