/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: reading and writing with a deadline and a
 * cancellable.
 *
 * The system is given the request first, and then the thread waits for its end. A request that is
 * taken back may have been met in that moment; then it counts, and nothing of it is lost.
 */
#pragma once

#include <gio/gio.h>
#include <windows.h>

G_BEGIN_DECLS

typedef enum
{
  GMPROC_OVERLAPPED_DONE,      /* met; *ret_count has the number of bytes */
  GMPROC_OVERLAPPED_FAILED,    /* *ret_code says why */
  GMPROC_OVERLAPPED_TIMED_OUT, /* taken back */
  GMPROC_OVERLAPPED_CANCELLED  /* taken back */
} GmprocOverlappedResult;

/* A request with this thread's event in it. A thread has one request at a time. */
OVERLAPPED gmproc_port_overlapped_new (void);

/* STARTED is what ReadFile() or WriteFile() gave, and *ret_code what GetLastError() said then. */
GmprocOverlappedResult gmproc_port_overlapped_finish (HANDLE file, OVERLAPPED *request,
                                                      gboolean started, gint64 deadline,
                                                      GCancellable *cancellable, DWORD *ret_count,
                                                      DWORD *ret_code);

/* Waits for OBJECT, as WaitForSingleObject() does; gives WAIT_OBJECT_0, WAIT_ABANDONED,
 * WAIT_TIMEOUT, WAIT_OBJECT_0 + 1 for a cancel, or WAIT_FAILED. */
DWORD gmproc_port_wait_for (HANDLE object, gint64 deadline, GCancellable *cancellable);

G_END_DECLS
