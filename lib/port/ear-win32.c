/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The system writes into the ear as long as it has the request. So the ear is allocated by itself,
 * and is left to the system when the request cannot be taken back: when the handle was closed
 * meanwhile, while another process has the same end.
 */
#include "config.h"

#include "ear-win32.h"

struct GmprocEar
{
  OVERLAPPED request; /* with an event of its own, which the loop polls */
  GPollFD event_fd;
  HANDLE pipe;
  gsize size;
  gboolean is_asked;
  gboolean is_refused; /* the end, or an error that a read tells */
  guint64 buffer[];
};

GmprocEar *
gmproc_port_ear_new (GSource *source, HANDLE pipe, gsize size)
{
  HANDLE event = CreateEventW (NULL, TRUE, FALSE, NULL);
  GmprocEar *self;

  if (event == NULL)
    return NULL;
  /* Also for nothing the system is given a place. */
  self = g_malloc0 (sizeof *self + MAX (size, 1));
  self->request.hEvent = event;
  self->event_fd = (GPollFD){ (gintptr) event, G_IO_IN, 0 };
  self->pipe = pipe;
  self->size = size;
  g_source_add_poll (source, &self->event_fd);
  return self;
}

void
gmproc_port_ear_free (GmprocEar *self)
{
  DWORD count;

  if (self->is_asked && !gmproc_port_ear_is_met (self) && CancelIoEx (self->pipe, &self->request))
    (void) GetOverlappedResult (self->pipe, &self->request, &count, TRUE);
  if (self->is_asked && !gmproc_port_ear_is_met (self))
    return;
  (void) CloseHandle (self->request.hEvent);
  g_free (self);
}

void
gmproc_port_ear_ask (GmprocEar *self)
{
  if (self->is_asked)
    return;
  self->is_refused = !ReadFile (self->pipe, self->buffer, (DWORD) self->size, NULL, &self->request)
                     && GetLastError () != ERROR_IO_PENDING;
  self->is_asked = TRUE;
}

gboolean
gmproc_port_ear_is_asked (GmprocEar *self)
{
  return self->is_asked;
}

gboolean
gmproc_port_ear_is_met (GmprocEar *self)
{
  return self->is_asked && (self->is_refused || HasOverlappedIoCompleted (&self->request));
}

gssize
gmproc_port_ear_take (GmprocEar *self, gconstpointer *ret_data)
{
  DWORD count;

  self->is_asked = FALSE;
  if (ret_data != NULL)
    *ret_data = self->buffer;
  if (self->is_refused)
    return -1;
  if (GetOverlappedResult (self->pipe, &self->request, &count, TRUE))
    return (gssize) count;
  /* The system takes back what a thread has asked for when that thread ends, and the loop may go on
   * in another one. */
  return GetLastError () == ERROR_OPERATION_ABORTED ? 0 : -1;
}
