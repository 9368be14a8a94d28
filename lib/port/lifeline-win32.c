/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A lifeline is a pipe into which nothing is ever written. The kernel closes the end that is kept
 * when its process is gone, however that happened, and then reading at the given end fails. A
 * handle of the process itself would tell the same, but the one who made the lifeline could not end
 * it before its own end.
 */
#include "config.h"

#include "port.h"
#include "overlapped-win32.h"

gboolean
gmproc_port_lifeline_new (gintptr *ret_keep, gintptr *ret_give, GError **error)
{
  return gmproc_port_channel_new_pipe (ret_give, ret_keep, error);
}

void
gmproc_port_lifeline_wait (gintptr given)
{
  GmprocOverlappedResult result;

  /* A byte that somebody wrote by mistake is no end. */
  do
    {
      OVERLAPPED request = gmproc_port_overlapped_new ();
      DWORD count, code;
      gboolean started;
      char byte;

      started = ReadFile ((HANDLE) given, &byte, 1, NULL, &request);
      code = GetLastError ();
      result = gmproc_port_overlapped_finish ((HANDLE) given, &request, started,
                                              GMPROC_PORT_FOREVER, NULL, &count, &code);
    }
  while (result == GMPROC_OVERLAPPED_DONE);
}

gboolean
gmproc_port_lifeline_is_broken (gintptr given)
{
  return !PeekNamedPipe ((HANDLE) given, NULL, 0, NULL, NULL, NULL);
}
