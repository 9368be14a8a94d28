/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A channel is a pipe (pipe-win32.h). Each end is a pair of handles: the second one is of the
 * memory by which a writer that waits for room is told of it (room-win32.h).
 *
 * A request to read can be taken back without loss. One to write can be, if none of its bytes was
 * read. The system completes it as soon as what is unread fits in its buffer; so a request of at
 * most half the buffer is complete when the first of its bytes is read, and what is still pending
 * was not touched. A call that may be taken back writes no more than that at once.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "ear-win32.h"
#include "handle-win32.h"
#include "overlapped-win32.h"
#include "pipe-win32.h"
#include "room-win32.h"

#include <string.h>

#define LARGEST_PART (GMPROC_PIPE_BUFFER_SIZE / 2)
#define LARGEST_REQUEST (1024 * 1024)
#define LARGEST_ATOMIC 4096

/* The end of the pipe in HANDLE, and the section beside it. */
static HANDLE
get_pipe (gintptr handle)
{
  HANDLE parts[GMPROC_HANDLE_PARTS];

  return gmproc_port_handle_split (handle, parts) > 0 ? parts[0] : INVALID_HANDLE_VALUE;
}

static HANDLE
get_section (gintptr handle)
{
  HANDLE parts[GMPROC_HANDLE_PARTS];

  return gmproc_port_handle_split (handle, parts) == 2 ? parts[1] : NULL;
}

gboolean
gmproc_port_channel_new_pipe (gintptr *ret_reader, gintptr *ret_writer, GError **error)
{
  gintptr section = GMPROC_PORT_NO_HANDLE, second_section = GMPROC_PORT_NO_HANDLE;
  gintptr reader, writer;
  HANDLE ends[2];

  if (!gmproc_port_room_new_section (&section, error)
      || !gmproc_port_handle_duplicate (section, &second_section, error)
      || !gmproc_port_pipe_new (TRUE, &ends[0], &ends[1], error))
    {
      gmproc_port_handle_close (&section);
      gmproc_port_handle_close (&second_section);
      return FALSE;
    }
  reader = (gintptr) ends[0];
  writer = (gintptr) ends[1];
  if (!gmproc_port_handle_join (&reader, &section, ret_reader, error))
    {
      gmproc_port_handle_close (&writer);
      gmproc_port_handle_close (&second_section);
      return FALSE;
    }
  if (!gmproc_port_handle_join (&writer, &second_section, ret_writer, error))
    {
      gmproc_port_handle_close (ret_reader);
      return FALSE;
    }
  return TRUE;
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
  if (get_section (handle) == NULL || GetFileType (get_pipe (handle)) != FILE_TYPE_PIPE)
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
  GmprocRoom *room = g_steal_pointer (&channel->system);

  gmproc_port_room_close (&room);
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
  HANDLE pipe = get_pipe (channel->handle);
  GmprocOverlappedResult result;
  OVERLAPPED request;
  gboolean started;

  /* Only who reads needs it. */
  if (channel->system == NULL)
    channel->system = gmproc_port_room_open (get_section (channel->handle));
  *ret_code = GetLastError ();
  if (channel->system == NULL)
    return GMPROC_OVERLAPPED_FAILED;

  request = gmproc_port_overlapped_new ();
  started = ReadFile (pipe, buffer, (DWORD) MIN (size, LARGEST_REQUEST), NULL, &request);
  *ret_code = GetLastError ();
  channel->expect_wait = !started;
  if (!started && *ret_code == ERROR_IO_PENDING)
    gmproc_port_room_tell (channel->system, pipe);
  result = gmproc_port_overlapped_finish (pipe, &request, started, deadline, cancellable, ret_count,
                                          ret_code);
  if (result == GMPROC_OVERLAPPED_DONE)
    gmproc_port_room_note (channel->system, pipe, *ret_count);
  return result;
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
  HANDLE pipe = get_pipe (channel->handle);
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
 * To wait for something to read is a request for no bytes, with an event of its own. To wait for
 * room is in room-win32.c.
 */

typedef struct
{
  GSource source;
  GmprocEar *ear;
} ChannelSource;

static gboolean
source_prepare (GSource *source, int *timeout)
{
  ChannelSource *self = (ChannelSource *) source;

  *timeout = -1;
  gmproc_port_ear_ask (self->ear);
  return gmproc_port_ear_is_met (self->ear);
}

static gboolean
source_check (GSource *source)
{
  return gmproc_port_ear_is_met (((ChannelSource *) source)->ear);
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  ChannelSource *self = (ChannelSource *) source;

  if (gmproc_port_ear_is_met (self->ear))
    (void) gmproc_port_ear_take (self->ear, NULL);
  return callback == NULL || callback (user_data);
}

static void
source_finalize (GSource *source)
{
  gmproc_port_ear_free (((ChannelSource *) source)->ear);
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

GSource *
gmproc_port_channel_create_source (GmprocPortChannel *channel, GIOCondition condition)
{
  GSource *source;
  ChannelSource *self;

  if ((condition & G_IO_OUT) != 0)
    return gmproc_port_room_create_source (get_pipe (channel->handle),
                                           get_section (channel->handle));

  source = g_source_new (&reading_functions, sizeof (ChannelSource));
  self = (ChannelSource *) source;
  self->ear = gmproc_port_ear_new (source, get_pipe (channel->handle), 0);
  if (self->ear == NULL)
    g_error ("CreateEvent: error %lu", GetLastError ());
  return source;
}
