/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The standard streams of a process.
 *
 * A mode is kept until the start, which opens what the mode asks for, and undoes it if the process
 * cannot be started. After the start this process holds its own ends of pipes and nothing else.
 */
#include "config.h"

#include "gmproc-process-private.h"

GType
gmproc_stream_mode_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { GMPROC_STREAM_MODE_INHERIT, "GMPROC_STREAM_MODE_INHERIT", "inherit" },
    { GMPROC_STREAM_MODE_EMPTY, "GMPROC_STREAM_MODE_EMPTY", "empty" },
    { GMPROC_STREAM_MODE_PIPE, "GMPROC_STREAM_MODE_PIPE", "pipe" },
    { GMPROC_STREAM_MODE_HANDLE, "GMPROC_STREAM_MODE_HANDLE", "handle" },
    { 0, NULL, NULL }
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GmprocStreamMode", values));
  return type;
}

static GmprocSetup *
get_setup (GmprocProcess *self)
{
  return &gmproc_process_get_private (self)->setup;
}

/* -- at the start ------------------------------------------------------------------------------ */

static gboolean
open_stream (const GmprocSetup *self, GmprocStandardStream stream, GmprocOpenStreams *opened,
             GError **error)
{
  switch (self->modes[stream])
    {
    case GMPROC_STREAM_MODE_PIPE:
      if (!gmproc_port_stream_new_pipe (stream, &opened->handles[stream], &opened->kept[stream],
                                        error))
        return FALSE;
      break;
    case GMPROC_STREAM_MODE_EMPTY:
      /* For the standard input this is what a child has anyway. */
      if (stream == GMPROC_STANDARD_INPUT)
        return TRUE;
      if (!gmproc_port_stream_open_empty (&opened->handles[stream], error))
        return FALSE;
      break;
    case GMPROC_STREAM_MODE_HANDLE:
      opened->streams[stream] = self->given[stream];
      return TRUE;
    case GMPROC_STREAM_MODE_INHERIT:
    default:
      /* Here it is the other way round. */
      if (stream == GMPROC_STANDARD_INPUT)
        opened->streams[stream] = gmproc_port_stream_get_own_input ();
      return TRUE;
    }
  opened->streams[stream] = opened->handles[stream];
  return TRUE;
}

gboolean
gmproc_setup_open_streams (const GmprocSetup *self, GmprocOpenStreams *opened, GError **error)
{
  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    if (!open_stream (self, (GmprocStandardStream) i, opened, error))
      return FALSE;
  return TRUE;
}

void
gmproc_setup_take_streams (GmprocSetup *self, GmprocOpenStreams *opened)
{
  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    {
      self->kept[i] = opened->kept[i];
      opened->kept[i] = GMPROC_PORT_NO_HANDLE;
      gmproc_port_handle_close (&self->given[i]);
    }
}

void
gmproc_open_streams_clear (GmprocOpenStreams *self)
{
  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    {
      gmproc_port_handle_close (&self->handles[i]);
      gmproc_port_handle_close (&self->kept[i]);
    }
}

/* -- public ------------------------------------------------------------------------------------ */

static void
set_stream (GmprocProcess *self, GmprocStandardStream stream, GmprocStreamMode mode, gintptr handle)
{
  static const char *const names[] = { "standard-input", "standard-output", "standard-error" };
  GmprocSetup *setup = get_setup (self);

  gmproc_port_handle_close (&setup->given[stream]);
  setup->given[stream] = handle;
  if (setup->modes[stream] == mode)
    return;
  setup->modes[stream] = mode;
  g_object_notify (G_OBJECT (self), names[stream]);
}

/**
 * gmproc_process_set_stream_mode:
 * @self: a process that was not started
 * @stream: which standard stream
 * @mode: what it is to be; not %GMPROC_STREAM_MODE_HANDLE
 *
 * Chooses a standard stream of the process. Without a call the standard input is empty, and the
 * others are those of this process.
 *
 * Since: 1.0
 */
void
gmproc_process_set_stream_mode (GmprocProcess *self, GmprocStandardStream stream,
                                GmprocStreamMode mode)
{
  g_return_if_fail (GMPROC_IS_PROCESS (self));
  g_return_if_fail (gmproc_process_can_be_set_up (self));
  g_return_if_fail (stream <= GMPROC_STANDARD_ERROR);
  g_return_if_fail (mode < GMPROC_STREAM_MODE_HANDLE);

  set_stream (self, stream, mode, GMPROC_PORT_NO_HANDLE);
}

/**
 * gmproc_process_take_stream_handle:
 * @self: a process that was not started
 * @stream: which standard stream
 * @handle: a file descriptor, on Windows a HANDLE
 *
 * Gives the process an open file, socket or pipe as a standard stream. The process object owns
 * @handle from now on, and closes it when the process was started. For two streams that are to be
 * the same, give a duplicate. If it is not open, gmproc_process_start() fails with
 * %G_IO_ERROR_INVALID_ARGUMENT.
 *
 * Since: 1.0
 */
void
gmproc_process_take_stream_handle (GmprocProcess *self, GmprocStandardStream stream, gint64 handle)
{
  g_return_if_fail (GMPROC_IS_PROCESS (self));
  g_return_if_fail (gmproc_process_can_be_set_up (self));
  g_return_if_fail (stream <= GMPROC_STANDARD_ERROR);
  g_return_if_fail (handle != GMPROC_PORT_NO_HANDLE);

  set_stream (self, stream, GMPROC_STREAM_MODE_HANDLE, (gintptr) handle);
}

static gpointer
get_pipe (GmprocProcess *self, GmprocStandardStream stream)
{
  GmprocSetup *setup = get_setup (self);

  if (setup->kept[stream] != GMPROC_PORT_NO_HANDLE)
    {
      setup->pipes[stream] = gmproc_port_stream_wrap (stream, setup->kept[stream]);
      setup->kept[stream] = GMPROC_PORT_NO_HANDLE;
    }
  return setup->pipes[stream];
}

/**
 * gmproc_process_get_stdin_pipe:
 * @self: a process that was started, with %GMPROC_STREAM_MODE_PIPE for its standard input
 *
 * As g_subprocess_get_stdin_pipe(). Closing it is the end of the process's input.
 *
 * Returns: (transfer none) (nullable): where to write to
 * Since: 1.0
 */
GOutputStream *
gmproc_process_get_stdin_pipe (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return get_pipe (self, GMPROC_STANDARD_INPUT);
}

/**
 * gmproc_process_get_stdout_pipe:
 * @self: a process that was started, with %GMPROC_STREAM_MODE_PIPE for its standard output
 *
 * As g_subprocess_get_stdout_pipe(). It is at its end when the process, and everybody to whom that
 * gave its standard output, has closed it.
 *
 * Returns: (transfer none) (nullable): where to read from
 * Since: 1.0
 */
GInputStream *
gmproc_process_get_stdout_pipe (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return get_pipe (self, GMPROC_STANDARD_OUTPUT);
}

/**
 * gmproc_process_get_stderr_pipe:
 * @self: a process that was started, with %GMPROC_STREAM_MODE_PIPE for its standard error
 *
 * As gmproc_process_get_stdout_pipe().
 *
 * Returns: (transfer none) (nullable): where to read from
 * Since: 1.0
 */
GInputStream *
gmproc_process_get_stderr_pipe (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return get_pipe (self, GMPROC_STANDARD_ERROR);
}
