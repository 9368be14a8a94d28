/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What each thread has is an event, made with its first request and closed when it ends. The
 * system sets it when the request is met, also when a call was able to meet it at once.
 */
#include "config.h"

#include "port.h"
#include "overlapped-win32.h"

/* The longest wait of one call of the system; the caller then looks at the clock again. */
#define LONGEST_WAIT (24 * 60 * 60 * 1000) /* milliseconds */

static void
close_event (gpointer event)
{
  (void) CloseHandle (event);
}

static GPrivate own_event = G_PRIVATE_INIT (close_event);

OVERLAPPED
gmproc_port_overlapped_new (void)
{
  OVERLAPPED request = { 0 };
  HANDLE event = g_private_get (&own_event);

  if (event == NULL)
    {
      event = CreateEventW (NULL, TRUE, FALSE, NULL);
      if (event == NULL)
        g_error ("CreateEvent: error %lu", GetLastError ());
      g_private_set (&own_event, event);
    }
  request.hEvent = event;
  return request;
}

static DWORD
get_timeout (gint64 deadline)
{
  gint64 remaining;

  if (deadline == GMPROC_PORT_FOREVER)
    return INFINITE;
  remaining = MAX (deadline, 0) - g_get_monotonic_time ();
  return (DWORD) CLAMP ((remaining + 999) / 1000, 0, LONGEST_WAIT);
}

static DWORD
wait_until (const HANDLE *objects, DWORD n_objects, gint64 deadline)
{
  DWORD result;

  /* The system's clock for waits is coarser than the one that the deadline is of. */
  do
    result = WaitForMultipleObjects (n_objects, objects, FALSE, get_timeout (deadline));
  while (result == WAIT_TIMEOUT && g_get_monotonic_time () < deadline);

  return result;
}

DWORD
gmproc_port_wait_for (HANDLE object, gint64 deadline, GCancellable *cancellable)
{
  HANDLE objects[2] = { object, NULL };
  GPollFD cancel_fd;
  DWORD result;

  if (cancellable == NULL || !g_cancellable_make_pollfd (cancellable, &cancel_fd))
    return wait_until (objects, 1, deadline);

  objects[1] = (HANDLE) (gintptr) cancel_fd.fd;
  result = wait_until (objects, 2, deadline);
  g_cancellable_release_fd (cancellable);
  return result;
}

GmprocOverlappedResult
gmproc_port_overlapped_finish (HANDLE file, OVERLAPPED *request, gboolean started, gint64 deadline,
                               GCancellable *cancellable, DWORD *ret_count, DWORD *ret_code)
{
  GmprocOverlappedResult result = GMPROC_OVERLAPPED_DONE;

  if (!started && *ret_code != ERROR_IO_PENDING)
    return GMPROC_OVERLAPPED_FAILED;
  if (!started)
    {
      DWORD wait_result = gmproc_port_wait_for (request->hEvent, deadline, cancellable);

      if (wait_result == WAIT_TIMEOUT)
        result = GMPROC_OVERLAPPED_TIMED_OUT;
      else if (wait_result == WAIT_OBJECT_0 + 1)
        result = GMPROC_OVERLAPPED_CANCELLED;
      /* It fails when the request was met in the meantime, which the next call tells too. */
      if (result != GMPROC_OVERLAPPED_DONE)
        (void) CancelIoEx (file, request);
    }
  /* The request lies on the caller's stack, so this waits until the system lets go of it. */
  if (GetOverlappedResult (file, request, ret_count, TRUE))
    return GMPROC_OVERLAPPED_DONE;

  *ret_code = GetLastError ();
  if (*ret_code == ERROR_OPERATION_ABORTED && result != GMPROC_OVERLAPPED_DONE)
    return result;
  return GMPROC_OVERLAPPED_FAILED;
}
