/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "link.h"

#include <string.h>

#include "gmproc-error.h"
#include "trace.h"

/* What is allocated before any byte of a body came, which takes no memory before it is written to.
 * Larger bodies double it as they arrive. */
#define FIRST_ALLOCATION (4 * 1024 * 1024)

#define MESSAGES_BETWEEN_TRIES (16)

/* A body from this size on, a page, is worth a copy that is fast (body.h). */
#define PADDED_FROM (4096)

#define MOST_PADDING (2 * GMPROC_BODY_LINE) /* behind a body */

G_STATIC_ASSERT (sizeof (GmprocLinkBlock) == GMPROC_LINK_BLOCK_SIZE);
G_STATIC_ASSERT (GMPROC_LINK_BLOCK_SIZE > GMPROC_BODY_LINE);

/* The bytes before the body of a long message. */
static gsize
get_lead (guint64 size)
{
  return size >= PADDED_FROM ? GMPROC_BODY_LINE : sizeof (GmprocLinkHeader);
}

/* The bytes of the body of a long message, and of the zeros behind it. */
static gsize
get_padded_size (guint64 size)
{
  return size >= PADDED_FROM ? (gsize) (gmproc_body_get_padded_size (size) - GMPROC_BODY_LINE)
                             : (gsize) size;
}

static gboolean
attach (GmprocChannel *channel, gintptr *handle, GError **error)
{
  if (*handle == GMPROC_PORT_NO_HANDLE)
    return TRUE;
  if (!gmproc_channel_attach_pipe (channel, *handle, error))
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
gmproc_link_init_stream (GmprocLink *self, GIOStream *stream)
{
  *self = (GmprocLink) GMPROC_LINK_INIT;
  gmproc_channel_attach_stream (&self->in, stream);
  gmproc_channel_attach_stream (&self->out, stream);
}

void
gmproc_link_clear (GmprocLink *self)
{
  gmproc_channel_detach (&self->in);
  gmproc_channel_detach (&self->out);
  g_clear_pointer (&self->body, gmproc_body_free);
  g_clear_error (&self->in_error);
  g_clear_pointer (&self->rest, g_bytes_unref);
  g_clear_error (&self->out_error);
}

/* An error after which the same call may go on where it stopped. */
static gboolean
is_pause (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* TRUE if LASTING is set, and then a copy of it is the caller's error. */
static gboolean
set_lasting_error (const GError *lasting, GError **error)
{
  if (G_LIKELY (lasting == NULL))
    return FALSE;
  g_propagate_error (error, g_error_copy (lasting));
  return TRUE;
}

/* -- sending ----------------------------------------------------------------------------------- */

/* Cuts the first COUNT bytes off the vectors, and the vectors that are empty then. */
static void
consume (GOutputVector **vectors, gsize *n_vectors, gsize count)
{
  for (; *n_vectors > 0 && count >= (*vectors)->size; (*vectors)++, (*n_vectors)--)
    count -= (*vectors)->size;
  if (count == 0)
    return;

  (*vectors)->buffer = (const guint8 *) (*vectors)->buffer + count;
  (*vectors)->size -= count;
}

/* Copies what the vectors still hold, as the caller's memory is its own again after the call; NULL
 * when there is no memory for it. */
static GBytes *
try_to_copy (const GOutputVector *vectors, gsize n_vectors, gsize size)
{
  guint8 *rest = g_try_malloc (size);
  gsize filled = 0;

  if (rest == NULL)
    return NULL;
  for (gsize i = 0; i < n_vectors; i++)
    {
      if (vectors[i].size > 0)
        memcpy (rest + filled, vectors[i].buffer, vectors[i].size);
      filled += vectors[i].size;
    }
  return g_bytes_new_take (rest, size);
}

/* Of the SIZE bytes of a message that did not go out all. Nothing can follow the part that did but
 * the rest of it, so where that is not kept the link does not send any more. */
static void
keep_rest (GmprocLink *self, const GOutputVector *vectors, gsize n_vectors, gsize size,
           const GError *why)
{
  if (is_pause (why))
    self->rest = try_to_copy (vectors, n_vectors, size);
  if (self->rest == NULL)
    self->out_error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                   "A message broke off with %" G_GSIZE_FORMAT
                                   " bytes to go, and nothing can be sent after it: %s",
                                   size, is_pause (why) ? "no memory for the rest" : why->message);
}

/* Sends the SIZE bytes as far as it can, and returns how many it could not. */
static gsize
write_some (GmprocLink *self, GOutputVector **vectors, gsize *n_vectors, gsize size,
            gint64 deadline, GCancellable *cancellable, GError **error)
{
  while (size > 0)
    {
      gssize count =
          gmproc_channel_write (&self->out, *vectors, *n_vectors, deadline, cancellable, error);

      if (count < 0)
        return size;
      consume (vectors, n_vectors, (gsize) count);
      size -= (gsize) count;
    }
  return 0;
}

/* A whole message. When it ends early in the middle, self->rest is what did not go out. */
static gboolean
write_all (GmprocLink *self, GOutputVector *vectors, gsize n_vectors, gsize size, gint64 deadline,
           GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  gsize left = write_some (self, &vectors, &n_vectors, size, deadline, cancellable, &local);

  if (left == 0)
    return TRUE;
  if (left < size || self->out.kind->repeats_writes)
    keep_rest (self, vectors, n_vectors, left, local);
  if (is_pause (local) && set_lasting_error (self->out_error, error))
    return FALSE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
gmproc_link_flush (GmprocLink *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) rest = NULL;
  GOutputVector whole, *vector = &whole;
  gsize left, n_vectors = 1;

  if (set_lasting_error (self->out_error, error))
    return FALSE;
  if (G_LIKELY (self->rest == NULL))
    return TRUE;

  rest = g_steal_pointer (&self->rest);
  whole.buffer = g_bytes_get_data (rest, &whole.size);
  left = write_some (self, &vector, &n_vectors, whole.size, deadline, cancellable, error);
  if (left > 0) /* however often that happens, nothing is copied again */
    self->rest = g_bytes_new_from_bytes (rest, g_bytes_get_size (rest) - left, left);
  return left == 0;
}

static gboolean
send_block (GmprocLink *self, const GmprocLinkHeader *header, const GOutputVector *body,
            gsize n_vectors, gint64 deadline, GCancellable *cancellable, GError **error)
{
  GmprocLinkBlock block = { *header, { 0 } };
  GOutputVector vector = { &block, sizeof block };
  guint8 *end = block.body;

  for (gsize i = 0; i < n_vectors; i++)
    {
      if (body[i].size > 0)
        memcpy (end, body[i].buffer, body[i].size);
      end += body[i].size;
    }
  return write_all (self, &vector, 1, sizeof block, deadline, cancellable, error);
}

static gboolean
send_long (GmprocLink *self, const GmprocLinkHeader *header, const GOutputVector *body,
           gsize n_vectors, gint64 deadline, GCancellable *cancellable, GError **error)
{
  static const guint8 zeros[MOST_PADDING];
  gsize padded_size = get_padded_size (header->size);
  gsize lead = get_lead (header->size);
  guint8 head[GMPROC_BODY_LINE] = { 0 };
  GOutputVector some[8];
  g_autofree GOutputVector *many = NULL;
  GOutputVector *vectors = some;

  if (n_vectors + 2 > G_N_ELEMENTS (some))
    vectors = many = g_new (GOutputVector, n_vectors + 2);
  memcpy (head, header, sizeof *header);
  vectors[0] = (GOutputVector){ head, lead };
  memcpy (vectors + 1, body, n_vectors * sizeof *body);
  vectors[n_vectors + 1] = (GOutputVector){ zeros, padded_size - header->size };
  return write_all (self, vectors, n_vectors + 2, lead + padded_size, deadline, cancellable, error);
}

gboolean
gmproc_link_send (GmprocLink *self, GmprocCodecKind kind, const GOutputVector *body,
                  gsize n_vectors, gint64 deadline, GCancellable *cancellable, GError **error)
{
  GmprocLinkHeader header = { .kind = kind };

  for (gsize i = 0; i < n_vectors; i++)
    header.size += body[i].size;

  if (!gmproc_link_flush (self, deadline, cancellable, error))
    return FALSE;
  gmproc_trace_mark ("message", "send", "bytes", header.size);
  if (header.size <= sizeof ((GmprocLinkBlock *) NULL)->body)
    return send_block (self, &header, body, n_vectors, deadline, cancellable, error);
  return send_long (self, &header, body, n_vectors, deadline, cancellable, error);
}

/* -- receiving --------------------------------------------------------------------------------- */

static gboolean
check_header (GmprocLink *self, GError **error)
{
  const GmprocLinkHeader *header = &self->block.header;

  if ((header->kind != GMPROC_CODEC_BYTES && header->kind != GMPROC_CODEC_VARIANT
       && header->kind != GMPROC_CODEC_ENVELOPE)
      || header->zero != 0 || header->size > G_MAXSSIZE)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The stream is no sequence of messages: kind 0x%x, size %" G_GUINT64_FORMAT,
                   header->kind, header->size);
      return FALSE;
    }
  if (header->size > self->max_size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "The message has %" G_GUINT64_FORMAT
                   " bytes, and the limit is %" G_GUINT64_FORMAT,
                   header->size, self->max_size);
      return FALSE;
    }
  return TRUE;
}

/* The bytes of the message under way that have come, without the zeros behind a body. */
static gsize
count_arrived (GmprocLink *self)
{
  if (self->block_filled < sizeof self->block)
    return self->block_filled;
  return MAX (self->block_filled, get_lead (self->block.header.size) + self->body_filled);
}

/* Fills BUFFER up to SIZE; *filled survives a call that ends early. */
static gboolean
fill (GmprocLink *self, gpointer buffer, gsize size, gsize *filled, gint64 deadline,
      GCancellable *cancellable, GError **error)
{
  while (*filled < size)
    {
      gssize count = gmproc_channel_read (&self->in, (guint8 *) buffer + *filled, size - *filled,
                                          deadline, cancellable, error);

      if (count < 0)
        return FALSE;
      if (count == 0)
        {
          if (self->block_filled == 0)
            g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The other end is closed");
          else
            g_set_error (
                error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                "The other end was closed in the middle of a message, after %" G_GSIZE_FORMAT
                " bytes of its head and body",
                count_arrived (self));
          return FALSE;
        }
      *filled += (gsize) count;
    }
  return TRUE;
}

static gboolean
is_block (GmprocLink *self)
{
  return self->block.header.size <= sizeof self->block.body;
}

/* Most receivers either wait for each message or find the next one there. Who waited for the last
 * one is asked to wait first, which saves a read that finds nothing; now and then it reads first,
 * to find out whether that has changed. The body comes with its head, so it is not waited for. */
gboolean
gmproc_link_receive_head (GmprocLink *self, gint64 deadline, GCancellable *cancellable,
                          GmprocCodecKind *ret_kind, gsize *ret_size, GError **error)
{
  if (set_lasting_error (self->in_error, error))
    return FALSE;
  if (self->block_filled < sizeof self->block)
    {
      gboolean filled;

      self->in.expect_wait = self->n_expected % MESSAGES_BETWEEN_TRIES != 0;
      filled = fill (self, &self->block, sizeof self->block, &self->block_filled, deadline,
                     cancellable, error);
      self->n_expected = self->in.expect_wait ? self->n_expected + 1 : 0;
      self->in.expect_wait = FALSE;
      if (!filled)
        return FALSE;
    }

  if (!check_header (self, error))
    return FALSE;
  *ret_kind = self->block.header.kind;
  *ret_size = self->block.header.size;
  return TRUE;
}

static gboolean
allocate_body (GmprocLink *self, gsize wanted, GError **error)
{
  guint8 *body =
      gmproc_body_try_resize (self->body, MIN (self->body_filled, self->body_allocated), wanted);

  if (body == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "No memory for a message of %" G_GUINT64_FORMAT " bytes",
                   self->block.header.size);
      return FALSE;
    }
  self->body = body;
  self->body_allocated = wanted;
  return TRUE;
}

/* The part of a long body that came with its head. */
static void
begin_body (GmprocLink *self, gpointer buffer)
{
  gsize lead = get_lead (self->block.header.size);

  self->body_filled = sizeof self->block - lead;
  memcpy (buffer, (const guint8 *) &self->block + lead, self->body_filled);
}

/* A body of more than a block, into memory of the link's own. */
static gboolean
receive_long (GmprocLink *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  gsize size = get_padded_size (self->block.header.size);

  if (self->body_filled == 0)
    {
      if (!allocate_body (self, MIN (size, FIRST_ALLOCATION), error))
        return FALSE;
      begin_body (self, self->body);
    }

  while (self->body_filled < size)
    {
      gsize wanted = MIN (size, 2 * self->body_filled);

      if (self->body_filled == self->body_allocated && !allocate_body (self, wanted, error))
        return FALSE;
      if (!fill (self, self->body, self->body_allocated, &self->body_filled, deadline, cancellable,
                 error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_block (GmprocLink *self, GError **error)
{
  gsize size = self->block.header.size;

  if (!allocate_body (self, size, error))
    return FALSE;
  memcpy (self->body, self->block.body, size);
  return TRUE;
}

static void
end_message (GmprocLink *self)
{
  gmproc_trace_mark ("message", "receive", "bytes", self->block.header.size);
  self->block_filled = 0;
  self->body_allocated = 0;
  self->body_filled = 0;
}

gboolean
gmproc_link_receive (GmprocLink *self, gint64 deadline, GCancellable *cancellable,
                     GmprocCodecKind *ret_kind, gpointer *ret_body, gsize *ret_size, GError **error)
{
  if (!gmproc_link_receive_head (self, deadline, cancellable, ret_kind, ret_size, error))
    return FALSE;
  if (!(is_block (self) ? copy_block (self, error)
                        : receive_long (self, deadline, cancellable, error)))
    return FALSE;

  *ret_body = g_steal_pointer (&self->body);
  end_message (self);
  return TRUE;
}

/* The zeros behind a body that is in the caller's memory, which has no room for them. */
static gboolean
skip_padding (GmprocLink *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  gsize size = self->block.header.size;
  gsize skipped = self->body_filled - size;
  guint8 zeros[MOST_PADDING];
  gboolean filled =
      fill (self, zeros, get_padded_size (size) - size, &skipped, deadline, cancellable, error);

  self->body_filled = size + skipped;
  return filled;
}

/* What has come of a message moves out of the caller's memory into the link's own. Where that is
 * not possible, or of no use, the link does not receive any more. */
static void
keep_part (GmprocLink *self, const guint8 *buffer, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (is_pause (*error) && allocate_body (self, self->body_filled, &local))
    {
      memcpy (self->body, buffer, MIN (self->body_filled, self->block.header.size));
      return;
    }
  if (local != NULL)
    {
      g_clear_error (error);
      *error = g_steal_pointer (&local);
    }
  self->in_error = g_error_copy (*error);
}

/* A body of more than a block. A call that ended early has left its part in the link's memory,
 * where the rest follows; so there are two copies of it at most, however often that happens. */
static gboolean
receive_long_into (GmprocLink *self, guint8 *buffer, gint64 deadline, GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GError) local = NULL;
  gsize size = self->block.header.size;

  if (self->body != NULL)
    {
      if (!receive_long (self, deadline, cancellable, error))
        return FALSE;
      memcpy (buffer, self->body, size);
      return TRUE;
    }

  begin_body (self, buffer);
  if (fill (self, buffer, size, &self->body_filled, deadline, cancellable, &local)
      && skip_padding (self, deadline, cancellable, &local))
    return TRUE;
  keep_part (self, buffer, &local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
gmproc_link_receive_into (GmprocLink *self, gpointer buffer, gint64 deadline,
                          GCancellable *cancellable, GError **error)
{
  GmprocCodecKind kind;
  gsize size;

  if (!gmproc_link_receive_head (self, deadline, cancellable, &kind, &size, error))
    return FALSE;
  if (!is_block (self) && !receive_long_into (self, buffer, deadline, cancellable, error))
    return FALSE;

  if (is_block (self) && size > 0)
    memcpy (buffer, self->block.body, size);
  g_clear_pointer (&self->body, gmproc_body_free);
  end_message (self);
  return TRUE;
}

gboolean
gmproc_link_has_message (GmprocLink *self)
{
  if (G_UNLIKELY (self->in_error != NULL))
    return TRUE;
  if (self->block_filled < sizeof self->block)
    return FALSE;
  return is_block (self) || self->body_filled == get_padded_size (self->block.header.size)
         || !check_header (self, NULL);
}

gboolean
gmproc_link_poll (GmprocLink *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return gmproc_link_has_message (self)
         || gmproc_channel_poll (&self->in, deadline, cancellable, error);
}
