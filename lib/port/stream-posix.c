/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The descriptors that become the standard streams of a child.
 */
#include "config.h"

#include "port.h"
#include "handle-posix.h"
#include "port-error.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <unistd.h>

#define NOTHING "/dev/null"

static gboolean
make_pipe (gintptr *ret_reader, gintptr *ret_writer, GError **error)
{
  int fds[2];

  if (!gmproc_port_pipe (fds, error))
    return FALSE;
  if (!gmproc_port_handle_take (fds[0], ret_reader, error))
    {
      (void) close (fds[1]);
      return FALSE;
    }
  if (gmproc_port_handle_take (fds[1], ret_writer, error))
    return TRUE;
  gmproc_port_handle_close (ret_reader);
  return FALSE;
}

/* Programs expect that their standard streams block, which a channel's may not. */
gboolean
gmproc_port_stream_new_pipe (int number, gintptr *ret_given, gintptr *ret_kept, GError **error)
{
  return number == STDIN_FILENO ? make_pipe (ret_given, ret_kept, error)
                                : make_pipe (ret_kept, ret_given, error);
}

gpointer
gmproc_port_stream_wrap (int number, gintptr kept)
{
  if (number == STDIN_FILENO)
    return g_unix_output_stream_new ((int) kept, TRUE);
  return g_unix_input_stream_new ((int) kept, TRUE);
}

gboolean
gmproc_port_stream_open_empty (gintptr *ret_handle, GError **error)
{
  int fd = open (NOTHING, O_RDWR | O_CLOEXEC);

  if (fd != -1)
    return gmproc_port_handle_take (fd, ret_handle, error);
  gmproc_port_set_error (error, errno, "open(" NOTHING ")");
  return FALSE;
}

gintptr
gmproc_port_stream_get_own_input (void)
{
  return gmproc_port_handle_is_inherited (STDIN_FILENO) ? STDIN_FILENO : GMPROC_PORT_NO_HANDLE;
}
