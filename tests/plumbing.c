/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "plumbing.h"

#include <stdlib.h>

void
pipe_init (Pipe *self, gboolean duplex)
{
  g_autoptr (GError) error = NULL;

  gmproc_pipe_new (duplex, &self->first, &self->second, &error);
  g_assert_no_error (error);
}

void
pipe_clear (Pipe *self)
{
  g_clear_object (&self->first);
  g_clear_object (&self->second);
}

GBytes *
make_bytes (gsize count, guint8 first)
{
  guint8 *data = g_malloc (count);

  for (gsize i = 0; i < count; i++)
    data[i] = (guint8) ((first + i) % 251);
  return g_bytes_new_take (data, count);
}

void
send_bytes (GmprocConnection *out, GBytes *message)
{
  g_autoptr (GError) error = NULL;

  gmproc_connection_send_bytes (out, message, NULL, &error);
  g_assert_no_error (error);
}

void
receive_bytes (GmprocConnection *in, GBytes *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) message = gmproc_connection_receive_bytes (in, BOUND, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (message, expected));
}

void
receive_end (GmprocConnection *in)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_connection_receive (in, BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

GmprocConnection *
open_handle (gint32 handle)
{
  g_autoptr (GError) error = NULL;
  GmprocConnection *connection = gmproc_connection_from_handle (handle, &error);

  g_assert_no_error (error);
  return connection;
}

GmprocProcess *
start (GmprocTarget target, GVariant *args)
{
  GmprocProcess *process = gmproc_process_new (target, args);
  g_autoptr (GError) error = NULL;

  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  return process;
}

void
join (GmprocProcess *process, int exit_code)
{
  g_autoptr (GError) error = NULL;

  gmproc_process_join (process, BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gmproc_process_get_exit_code (process), ==, exit_code);
  g_object_unref (process);
}

GmprocProcess *
start_with_second (Pipe *pipe, GmprocTarget target)
{
  GmprocProcess *process =
      start (target, g_variant_new_handle (gmproc_connection_get_handle (pipe->second)));

  /* PI-03: the child has its own, up or not. */
  gmproc_connection_close (pipe->second);
  return process;
}

/* Sends everything back until the end. */
GMPROC_DEFINE_TARGET (echo)
{
  g_autoptr (GmprocConnection) peer = open_handle (g_variant_get_handle (args));
  g_autoptr (GBytes) message = NULL;

  while ((message = gmproc_connection_receive_bytes (peer, GMPROC_FOREVER, NULL, NULL)) != NULL)
    {
      g_assert_true (gmproc_connection_send_bytes (peer, message, NULL, NULL));
      g_clear_pointer (&message, g_bytes_unref);
    }
  return EXIT_SUCCESS;
}

GmprocProcess *
start_echo (Pipe *pipe)
{
  return start_with_second (pipe, echo);
}

gpointer
run_send (gpointer data)
{
  Call *call = data;

  gmproc_connection_send_bytes (call->connection, call->message, call->cancellable, &call->error);
  return NULL;
}

gpointer
run_receive (gpointer data)
{
  Call *call = data;

  if (call->begun != NULL)
    g_async_queue_push (call->begun, call);
  call->message =
      gmproc_connection_receive_bytes (call->connection, BOUND, call->cancellable, &call->error);
  return NULL;
}

void
warm_up (void)
{
  Pipe pipe;
  GmprocProcess *process;

  pipe_init (&pipe, TRUE);
  process = start_echo (&pipe);
  gmproc_connection_close (pipe.first);
  join (process, EXIT_SUCCESS);
  pipe_clear (&pipe);
}
