/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The pipe below a link; the stream is in stream-channel.c.
 */
#include "config.h"

#include "channel.h"

static gssize
pipe_read (GmprocChannel *self, gpointer buffer, gsize size, gint64 deadline,
           GCancellable *cancellable, GError **error)
{
  gssize count;

  self->port.expect_wait = self->expect_wait;
  count = gmproc_port_channel_read (&self->port, buffer, size, deadline, cancellable, error);
  self->expect_wait = self->port.expect_wait;
  return count;
}

static gssize
pipe_write (GmprocChannel *self, const GOutputVector *vectors, gsize n_vectors, gint64 deadline,
            GCancellable *cancellable, GError **error)
{
  return gmproc_port_channel_write (&self->port, vectors, n_vectors, deadline, cancellable, error);
}

static gboolean
pipe_poll (GmprocChannel *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  return gmproc_port_channel_poll (&self->port, deadline, cancellable, error);
}

static GSource *
pipe_create_source (GmprocChannel *self, GIOCondition condition)
{
  return gmproc_port_channel_create_source (&self->port, condition);
}

static void
pipe_detach (GmprocChannel *self)
{
  gmproc_port_channel_detach (&self->port);
}

static const GmprocChannelKind pipe_kind = { pipe_read,          pipe_write,  pipe_poll,
                                             pipe_create_source, pipe_detach, FALSE };

gboolean
gmproc_channel_attach_pipe (GmprocChannel *self, gintptr handle, GError **error)
{
  *self = (GmprocChannel) GMPROC_CHANNEL_INIT;
  if (!gmproc_port_channel_attach (&self->port, handle, error))
    return FALSE;

  self->kind = &pipe_kind;
  return TRUE;
}

void
gmproc_channel_detach (GmprocChannel *self)
{
  if (self->kind != NULL)
    self->kind->detach (self);
  self->kind = NULL;
}
