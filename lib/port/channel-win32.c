/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A channel is a named pipe for bytes, because the system has no other pipe that can be waited for
 * with a deadline. Nobody can use the name: it cannot be guessed, there is only one instance, which
 * is connected at once, and nobody but the same user may open it.
 *
 * The reading end is the server's, so that it still has what was written when the writer is gone.
 *
 * A request to read can be taken back without loss. One to write can be, if none of its bytes was
 * read. The system completes it as soon as what is unread fits in its buffer; so a request of at
 * most half the buffer is complete when the first of its bytes is read, and what is still pending
 * was not touched. A call that may be taken back writes no more than that at once.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "overlapped-win32.h"
#include "security-win32.h"

#include <bcrypt.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_SIZE (64 * 1024)
#define LARGEST_PART (BUFFER_SIZE / 2)
#define LARGEST_REQUEST (1024 * 1024)
#define LARGEST_ATOMIC 4096
#define NAME_LENGTH 64

static gboolean
make_name (wchar_t *name, GError **error)
{
  guint32 random[4];

  if (BCryptGenRandom (NULL, (UCHAR *) random, sizeof random, BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                           "BCryptGenRandom: the system has no random numbers");
      return FALSE;
    }
  (void) swprintf (name, NAME_LENGTH, L"\\\\.\\pipe\\gmproc-%08x%08x%08x%08x", random[0], random[1],
                   random[2], random[3]);
  return TRUE;
}

gboolean
gmproc_port_channel_new_pipe (gintptr *ret_reader, gintptr *ret_writer, GError **error)
{
  SECURITY_ATTRIBUTES attributes = { sizeof attributes, NULL, FALSE };
  HANDLE reader = INVALID_HANDLE_VALUE, writer = INVALID_HANDLE_VALUE;
  wchar_t name[NAME_LENGTH];

  attributes.lpSecurityDescriptor = gmproc_port_security_new_owner_only (error);
  if (attributes.lpSecurityDescriptor == NULL || !make_name (name, error))
    goto out;
  reader = CreateNamedPipeW (
      name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
      PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, BUFFER_SIZE,
      BUFFER_SIZE, 0, &attributes);
  if (reader == INVALID_HANDLE_VALUE)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateNamedPipe");
      goto out;
    }
  writer = CreateFileW (name, GENERIC_WRITE | FILE_READ_ATTRIBUTES, 0, NULL, OPEN_EXISTING,
                        FILE_FLAG_OVERLAPPED, NULL);
  if (writer == INVALID_HANDLE_VALUE)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateFile(pipe)");
      (void) CloseHandle (reader);
      goto out;
    }
  *ret_reader = (gintptr) reader;
  *ret_writer = (gintptr) writer;

out:
  (void) LocalFree (attributes.lpSecurityDescriptor);
  return writer != INVALID_HANDLE_VALUE;
}

/* A request of this size is met whole or not at all, see above, and requests do not mix. */
gsize
gmproc_port_channel_get_atomic_size (void)
{
  return LARGEST_ATOMIC;
}

gboolean
gmproc_port_channel_attach (GmprocPortChannel *channel, gintptr handle, GError **error)
{
  if (!gmproc_port_handle_is_valid (handle))
    {
      gmproc_port_set_error (error, ERROR_INVALID_HANDLE, "GetHandleInformation");
      return FALSE;
    }
  if (GetFileType ((HANDLE) handle) != FILE_TYPE_PIPE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "GetFileType: handle 0x%" G_GINT64_MODIFIER "x is no pipe", (gint64) handle);
      return FALSE;
    }
  *channel = (GmprocPortChannel){ .handle = handle };
  return TRUE;
}

void
gmproc_port_channel_detach (GmprocPortChannel *channel)
{
  gmproc_port_handle_close (&channel->handle);
  channel->expect_wait = FALSE;
}

static gboolean
is_end (DWORD code)
{
  return code == ERROR_BROKEN_PIPE || code == ERROR_NO_DATA || code == ERROR_PIPE_NOT_CONNECTED;
}

/* RESULT is neither DONE, nor the end of the stream. */
static void
set_result_error (GError **error, GmprocOverlappedResult result, DWORD code, const char *call)
{
  if (result == GMPROC_OVERLAPPED_TIMED_OUT)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s: the time for the call is over",
                 call);
  else if (result == GMPROC_OVERLAPPED_CANCELLED)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: the call was cancelled", call);
  else
    gmproc_port_set_error (error, (int) code, call);
}

static GmprocOverlappedResult
read_some (GmprocPortChannel *channel, gpointer buffer, gsize size, gint64 deadline,
           GCancellable *cancellable, DWORD *ret_count, DWORD *ret_code)
{
  HANDLE pipe = (HANDLE) channel->handle;
  OVERLAPPED request = gmproc_port_overlapped_new ();
  gboolean started = ReadFile (pipe, buffer, (DWORD) MIN (size, LARGEST_REQUEST), NULL, &request);

  *ret_code = GetLastError ();
  channel->expect_wait = !started;
  return gmproc_port_overlapped_finish (pipe, &request, started, deadline, cancellable, ret_count,
                                        ret_code);
}

gssize
gmproc_port_channel_read (GmprocPortChannel *channel, gpointer buffer, gsize size, gint64 deadline,
                          GCancellable *cancellable, GError **error)
{
  GmprocOverlappedResult result;
  DWORD count, code;

  g_return_val_if_fail (size > 0, -1);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  /* An empty write of somebody else's would be met by nothing, which is no end. */
  do
    result = read_some (channel, buffer, size, deadline, cancellable, &count, &code);
  while (result == GMPROC_OVERLAPPED_DONE && count == 0);

  if (result == GMPROC_OVERLAPPED_DONE)
    return (gssize) count;
  if (result == GMPROC_OVERLAPPED_FAILED && is_end (code))
    return 0;
  set_result_error (error, result, code, "ReadFile");
  return -1;
}

/* A request for no bytes is met when there are some, and takes none. */
gboolean
gmproc_port_channel_poll (GmprocPortChannel *channel, gint64 deadline, GCancellable *cancellable,
                          GError **error)
{
  GmprocOverlappedResult result;
  DWORD count, code;
  char nothing;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  result = read_some (channel, &nothing, 0, deadline, cancellable, &count, &code);
  if (result == GMPROC_OVERLAPPED_DONE || (result == GMPROC_OVERLAPPED_FAILED && is_end (code)))
    return TRUE;
  set_result_error (error, result, code, "ReadFile");
  return FALSE;
}

/* What one request is to write: a part of the first vector, or many small ones gathered in PART,
 * which has LARGEST_PART bytes. */
static gconstpointer
gather (const GOutputVector *vectors, gsize n_vectors, gsize largest, char *part, gsize *ret_size)
{
  gsize size = 0;

  if (n_vectors == 1 || vectors[0].size >= LARGEST_PART)
    {
      *ret_size = MIN (vectors[0].size, largest);
      return vectors[0].buffer;
    }
  for (gsize i = 0; i < n_vectors && size < LARGEST_PART; i++)
    {
      gsize n = MIN (vectors[i].size, LARGEST_PART - size);

      if (n > 0)
        memcpy (part + size, vectors[i].buffer, n);
      size += n;
    }
  *ret_size = size;
  return part;
}

gssize
gmproc_port_channel_write (GmprocPortChannel *channel, const GOutputVector *vectors,
                           gsize n_vectors, gint64 deadline, GCancellable *cancellable,
                           GError **error)
{
  gboolean bounded = deadline != GMPROC_PORT_FOREVER || cancellable != NULL;
  HANDLE pipe = (HANDLE) channel->handle;
  GmprocOverlappedResult result;
  char part[LARGEST_PART];
  OVERLAPPED request;
  DWORD count, code;
  gconstpointer data;
  gboolean started;
  gsize size;

  while (n_vectors > 0 && vectors->size == 0)
    vectors++, n_vectors--;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  if (n_vectors == 0)
    return 0;

  data = gather (vectors, n_vectors, bounded ? LARGEST_PART : LARGEST_REQUEST, part, &size);
  request = gmproc_port_overlapped_new ();
  started = WriteFile (pipe, data, (DWORD) size, NULL, &request);
  code = GetLastError ();
  result =
      gmproc_port_overlapped_finish (pipe, &request, started, deadline, cancellable, &count, &code);
  if (result == GMPROC_OVERLAPPED_DONE)
    return (gssize) count;
  if (result == GMPROC_OVERLAPPED_FAILED && is_end (code))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "WriteFile: nobody is left to read");
  else
    set_result_error (error, result, code, "WriteFile");
  return -1;
}

/* -- source ------------------------------------------------------------------------------------
 * To wait for something to read is a request for no bytes, with an event of its own. The system
 * has nothing that tells of room for a write, so one who waits for that looks again after a while.
 */
#define LOOK_AGAIN (5 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  GSource source;
  HANDLE pipe;
  OVERLAPPED request;
  gboolean is_asked; /* the system has the request */
  char nothing;
  GPollFD event_fd;
} ChannelSource;

static gboolean
is_met (ChannelSource *self)
{
  return self->is_asked && WaitForSingleObject (self->request.hEvent, 0) == WAIT_OBJECT_0;
}

static gboolean
source_prepare (GSource *source, int *timeout)
{
  ChannelSource *self = (ChannelSource *) source;

  *timeout = -1;
  if (!self->is_asked)
    {
      (void) ResetEvent (self->request.hEvent);
      if (!ReadFile (self->pipe, &self->nothing, 0, NULL, &self->request)
          && GetLastError () != ERROR_IO_PENDING)
        (void) SetEvent (self->request.hEvent); /* the end, or an error that a read tells */
      self->is_asked = TRUE;
    }
  return is_met (self);
}

static gboolean
source_check (GSource *source)
{
  return is_met ((ChannelSource *) source);
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  ((ChannelSource *) source)->is_asked = FALSE;
  return callback == NULL || callback (user_data);
}

static void
source_finalize (GSource *source)
{
  ChannelSource *self = (ChannelSource *) source;
  DWORD count;

  if (self->is_asked && CancelIoEx (self->pipe, &self->request))
    (void) GetOverlappedResult (self->pipe, &self->request, &count, TRUE);
  (void) CloseHandle (self->request.hEvent);
}

/* What a child source of another one does: nothing, again and again. */
static gboolean
go_on (gpointer data)
{
  (void) data;
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs reading_functions = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
  .finalize = source_finalize,
  .closure_callback = go_on,
};

static gboolean
again_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_source_set_ready_time (source, g_get_monotonic_time () + LOOK_AGAIN);
  return callback == NULL || callback (user_data);
}

static GSourceFuncs again_functions = {
  .dispatch = again_dispatch,
  .closure_callback = go_on,
};

GSource *
gmproc_port_channel_create_source (GmprocPortChannel *channel, GIOCondition condition)
{
  GSource *source;
  ChannelSource *self;

  if ((condition & G_IO_OUT) != 0)
    {
      source = g_source_new (&again_functions, sizeof (GSource));
      g_source_set_ready_time (source, g_get_monotonic_time () + LOOK_AGAIN);
      return source;
    }

  source = g_source_new (&reading_functions, sizeof (ChannelSource));
  self = (ChannelSource *) source;
  self->pipe = (HANDLE) channel->handle;
  self->request.hEvent = CreateEventW (NULL, TRUE, FALSE, NULL);
  if (self->request.hEvent == NULL)
    g_error ("CreateEvent: error %lu", GetLastError ());
  self->event_fd = (GPollFD){ (gintptr) self->request.hEvent, G_IO_IN, 0 };
  g_source_add_poll (source, &self->event_fd);
  return source;
}
