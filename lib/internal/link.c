/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "link.h"

#include "gmproc-error.h"
#include "trace.h"

/* What is allocated before any byte of a body came. Larger bodies double it as they arrive. */
#define FIRST_ALLOCATION (1024 * 1024)

#define MESSAGES_BETWEEN_TRIES (16)

static gboolean
attach (GmprocPortChannel *channel, gintptr *handle, GError **error)
{
  if (*handle == GMPROC_PORT_NO_HANDLE)
    return TRUE;
  if (!gmproc_port_channel_attach (channel, *handle, error))
    return FALSE;

  *handle = GMPROC_PORT_NO_HANDLE;
  return TRUE;
}

gboolean
gmproc_link_init (GmprocLink *self, gintptr in, gintptr out, GError **error)
{
  *self = (GmprocLink) GMPROC_LINK_INIT;
  if (attach (&self->in, &in, error) && attach (&self->out, &out, error))
    return TRUE;

  gmproc_port_handle_close (&in);
  gmproc_port_handle_close (&out);
  gmproc_link_clear (self);
  return FALSE;
}

void
gmproc_link_clear (GmprocLink *self)
{
  gmproc_port_channel_detach (&self->in);
  gmproc_port_channel_detach (&self->out);
  g_clear_pointer (&self->body, g_free);
  g_clear_pointer (&self->rest, g_bytes_unref);
}

/* -- sending ----------------------------------------------------------------------------------- */

/* Cuts the first COUNT bytes off the vectors. */
static void
consume (GOutputVector *vectors, gsize n_vectors, gsize count)
{
  for (gsize i = 0; i < n_vectors; i++)
    {
      gsize step = MIN (count, vectors[i].size);

      if (step == 0)
        continue; /* an empty one may be at NULL, where C does not even add 0 */
      vectors[i].buffer = (const guint8 *) vectors[i].buffer + step;
      vectors[i].size -= step;
      count -= step;
    }
}

/* Copies what the vectors still hold: the caller's memory is its own again after the call. */
static GBytes *
copy_rest (const GOutputVector *vectors, gsize n_vectors)
{
  GByteArray *rest = g_byte_array_new ();

  for (gsize i = 0; i < n_vectors; i++)
    g_byte_array_append (rest, vectors[i].buffer, vectors[i].size);
  return g_byte_array_free_to_bytes (rest);
}

/* On a cancel in the middle, self->rest is what did not go out. */
static gboolean
write_all (GmprocLink *self, GOutputVector *vectors, gsize n_vectors, GCancellable *cancellable,
           GError **error)
{
  gboolean has_begun = FALSE;
  gsize left = 0;

  for (gsize i = 0; i < n_vectors; i++)
    left += vectors[i].size;

  while (left > 0)
    {
      gssize count = gmproc_port_channel_write (&self->out, vectors, n_vectors, GMPROC_PORT_FOREVER,
                                                cancellable, error);

      if (count < 0)
        {
          if (has_begun)
            self->rest = copy_rest (vectors, n_vectors);
          return FALSE;
        }
      consume (vectors, n_vectors, count);
      left -= count;
      has_begun = TRUE;
    }

  return TRUE;
}

static gboolean
send_rest (GmprocLink *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) rest = g_steal_pointer (&self->rest);
  GOutputVector vector;

  vector.buffer = g_bytes_get_data (rest, &vector.size);
  if (write_all (self, &vector, 1, cancellable, error))
    return TRUE;

  if (self->rest == NULL)
    self->rest = g_steal_pointer (&rest);
  return FALSE;
}

gboolean
gmproc_link_send (GmprocLink *self, GmprocCodecKind kind, const GOutputVector *body,
                  gsize n_vectors, GCancellable *cancellable, GError **error)
{
  GmprocLinkHeader header = { .kind = kind };
  GOutputVector vectors[1 + GMPROC_CODEC_N_VECTORS] = { { &header, sizeof header } };

  g_assert (n_vectors <= GMPROC_CODEC_N_VECTORS);
  for (gsize i = 0; i < n_vectors; i++)
    {
      vectors[1 + i] = body[i];
      header.size += body[i].size;
    }

  if (self->rest != NULL && !send_rest (self, cancellable, error))
    return FALSE;
  gmproc_trace_mark ("message", "send", "bytes", header.size);
  return write_all (self, vectors, 1 + n_vectors, cancellable, error);
}

/* -- receiving --------------------------------------------------------------------------------- */

static gboolean
check_header (const GmprocLinkHeader *header, GError **error)
{
  if ((header->kind == GMPROC_CODEC_BYTES || header->kind == GMPROC_CODEC_VARIANT)
      && header->zero == 0 && header->size <= G_MAXSSIZE)
    return TRUE;

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "The stream is no sequence of messages: kind 0x%x, size %" G_GUINT64_FORMAT,
               header->kind, header->size);
  return FALSE;
}

/* Fills BUFFER up to SIZE; *filled survives a call that ends early. */
static gboolean
fill (GmprocLink *self, gpointer buffer, gsize size, gsize *filled, gint64 deadline,
      GCancellable *cancellable, GError **error)
{
  while (*filled < size)
    {
      gssize count = gmproc_port_channel_read (&self->in, (guint8 *) buffer + *filled,
                                               size - *filled, deadline, cancellable, error);

      if (count < 0)
        return FALSE;
      if (count == 0)
        {
          if (self->header_filled == 0)
            g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The other end is closed");
          else
            g_set_error (
                error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                "The other end was closed in the middle of a message, after %" G_GSIZE_FORMAT
                " bytes of its head and body",
                self->header_filled + self->body_filled);
          return FALSE;
        }
      *filled += count;
    }
  return TRUE;
}

static gboolean
allocate_body (GmprocLink *self, GError **error)
{
  gsize wanted = MAX (FIRST_ALLOCATION, 2 * self->body_filled);
  guint8 *body;

  if (self->body_filled < self->body_allocated || self->body_allocated == self->header.size)
    return TRUE;

  wanted = MIN (wanted, self->header.size);
  body = g_try_realloc (self->body, wanted);
  if (body == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "No memory for a message of %" G_GUINT64_FORMAT " bytes", self->header.size);
      return FALSE;
    }
  self->body = body;
  self->body_allocated = wanted;
  return TRUE;
}

/* Most receivers either wait for each message or find the next one there. Who waited for the last
 * one is asked to wait first, which saves a read that finds nothing; now and then it reads first,
 * to find out whether that has changed. The body comes with its head, so it is not waited for. */
static gboolean
receive_header (GmprocLink *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  gboolean filled;

  self->in.expect_wait = self->n_expected % MESSAGES_BETWEEN_TRIES != 0;
  filled = fill (self, &self->header, sizeof self->header, &self->header_filled, deadline,
                 cancellable, error);
  self->n_expected = self->in.expect_wait ? self->n_expected + 1 : 0;
  self->in.expect_wait = FALSE;
  return filled && check_header (&self->header, error);
}

gboolean
gmproc_link_receive (GmprocLink *self, gint64 deadline, GCancellable *cancellable,
                     GmprocCodecKind *ret_kind, gpointer *ret_body, gsize *ret_size, GError **error)
{
  if (!receive_header (self, deadline, cancellable, error))
    return FALSE;

  while (self->body_filled < self->header.size)
    if (!allocate_body (self, error)
        || !fill (self, self->body, self->body_allocated, &self->body_filled, deadline, cancellable,
                  error))
      return FALSE;

  *ret_kind = self->header.kind;
  *ret_body = g_steal_pointer (&self->body);
  *ret_size = self->body_filled;
  gmproc_trace_mark ("message", "receive", "bytes", self->body_filled);
  self->header_filled = 0;
  self->body_allocated = 0;
  self->body_filled = 0;
  return TRUE;
}
