/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a peer sends over a connection, from the bytes to the values: the link, the codec, a message
 * with objects, the bundle of a queue, and what a child reports.
 *
 * The first byte of an input says how the rest, the stream, comes: the lower six bits how many
 * bytes at once, 0 for all; bit 6 that every other read times out; bit 7 that messages are received
 * into a buffer. A message with objects finds one handle beside it, index 0: a pipe.
 */
#include "config.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gmproc-error.h"
#include "gmproc-init.h"
#include "internal/bundle.h"
#include "internal/envelope.h"
#include "internal/link.h"
#include "internal/log.h"
#include "internal/shareable.h"
#include "port/port.h"

/* The buffer to receive into; longer messages are received in the other way. */
#define ROOM (1024)
#define LARGEST (64 * 1024 * 1024)

const char fuzz_corpus[] = "decoder";
guint fuzz_n_accepted;
guint fuzz_n_refused;

static gintptr handles[2] = { GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE };

/* -- a channel whose bytes are here ------------------------------------------------------------ */

/* There is one link at a time. */
static struct
{
  const guint8 *data;
  gsize size;
  gsize step;
  gboolean times_out; /* every other read */
  gboolean is_late;   /* this one */
} stream;

static gssize
stream_read (G_GNUC_UNUSED GmprocChannel *channel, gpointer buffer, gsize size,
             G_GNUC_UNUSED gint64 deadline, G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  gsize n = MIN (size, stream.size);

  stream.is_late = stream.times_out && !stream.is_late;
  if (stream.is_late)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Too late");
      return -1;
    }
  if (stream.step > 0)
    n = MIN (n, stream.step);
  memcpy (buffer, stream.data, n);
  stream.data += n;
  stream.size -= n;
  return (gssize) n;
}

static void
stream_detach (G_GNUC_UNUSED GmprocChannel *channel)
{
}

static const GmprocChannelKind stream_kind = { .read = stream_read, .detach = stream_detach };

/* -- the messages ------------------------------------------------------------------------------ */

/* A value is what it says it is, or there is an error that says why not. */
static void
judge (GVariant *value, const GError *error)
{
  g_assert_true ((value == NULL) == (error != NULL));
  if (value == NULL)
    {
      g_assert_true (g_error_matches (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE)
                     || error->domain == G_IO_ERROR);
      fuzz_n_refused++;
      return;
    }
  g_assert_true (g_variant_is_normal_form (value));
  g_assert_false (g_variant_is_floating (value));
  fuzz_n_accepted++;
}

/* As a queue of values gives it to get_many, in two pieces of its ring. */
static void
add_to_bundle (GmprocBundleReader *reader, GmprocCodecKind kind, guint8 *body, gsize size)
{
  GmprocRingMessage message = { .kind = (guint8) kind, .size = size };

  message.parts[0] = body;
  message.part_sizes[0] = size / 2;
  message.parts[1] = body + size / 2;
  message.part_sizes[1] = size - size / 2;
  (void) gmproc_bundle_reader_add (reader, &message);
}

static void
drop_objects (GVariant *value)
{
  g_autoptr (GPtrArray) objects = gmproc_codec_list_objects (value);

  g_assert_cmpuint (objects->len, <, G_MAXUINT);
}

static GVariant *
open_envelope (GVariant *body, GError **error)
{
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  GVariant *value;

  for (guint i = 0; i < G_N_ELEMENTS (handles); i++)
    (void) gmproc_parcel_add (parcel, handles[i]);
  value = gmproc_envelope_open_with (body, parcel, error);
  if (value != NULL)
    drop_objects (value);
  return value;
}

/* Takes BODY. */
static void
take_body (GmprocCodecKind kind, gpointer body, gsize size, GDestroyNotify free_body)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  if (kind == GMPROC_CODEC_ENVELOPE)
    {
      g_autoptr (GVariant) whole =
          gmproc_codec_take_message (GMPROC_CODEC_VARIANT, body, size, free_body, &error);

      if (whole != NULL)
        value = open_envelope (whole, &error);
    }
  else
    value = gmproc_codec_take_message (kind, body, size, free_body, &error);
  judge (value, error);
  if (value != NULL)
    gmproc_log_deliver (value);
}

/* Goes on when a read was late. FALSE when nothing can come any more. */
static gboolean
receive_head (GmprocLink *link, GmprocCodecKind *ret_kind, gsize *ret_size)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;

      if (gmproc_link_receive_head (link, 0, NULL, ret_kind, ret_size, &error))
        return TRUE;
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        continue;
      /* The end between two messages is none of the peer's faults. */
      if (link->block_filled > 0)
        fuzz_n_refused++;
      return FALSE;
    }
}

static gboolean
receive_body (GmprocLink *link, gboolean is_into, gsize room, gpointer *ret_body)
{
  *ret_body = is_into ? g_malloc (MAX (room, 1)) : NULL;
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      GmprocCodecKind kind;
      gsize size;

      if (is_into ? gmproc_link_receive_into (link, *ret_body, 0, NULL, &error)
                  : gmproc_link_receive (link, 0, NULL, &kind, ret_body, &size, &error))
        return TRUE;
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        continue;
      if (is_into)
        g_free (*ret_body);
      fuzz_n_refused++;
      return FALSE;
    }
}

static void
receive_all (GmprocLink *link, gboolean prefers_into, GmprocBundleReader *reader)
{
  GmprocCodecKind kind;
  gpointer body;
  gsize size;

  while (receive_head (link, &kind, &size))
    {
      gboolean is_into = prefers_into && size <= ROOM;

      if (!receive_body (link, is_into, size, &body))
        break;
      add_to_bundle (reader, kind, body, size);
      take_body (kind, body, size, is_into ? g_free : gmproc_body_free);
    }
}

/* -- the target -------------------------------------------------------------------------------- */

static GLogWriterOutput
drop_log (G_GNUC_UNUSED GLogLevelFlags level, G_GNUC_UNUSED const GLogField *fields,
          G_GNUC_UNUSED gsize n_fields, G_GNUC_UNUSED gpointer user_data)
{
  return G_LOG_WRITER_HANDLED;
}

/* What GLib says of a call with bad arguments. */
static void
stop_at_complaint (const char *domain, G_GNUC_UNUSED GLogLevelFlags level, const char *message,
                   G_GNUC_UNUSED gpointer user_data)
{
  g_printerr ("%s: %s\n", domain, message);
  abort ();
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;
  gintptr writer;

  gmproc_init (argc, argv);
  /* What an input makes the log deliver goes; what GLib says of a call with bad arguments counts.
   */
  /* Log records that an input makes up do not come through GLib's older functions. */
  g_log_set_writer_func (drop_log, NULL, NULL);
  g_log_set_default_handler (stop_at_complaint, NULL);
  gmproc_port_channel_new_pipe (&handles[0], &writer, &error);
  g_assert_no_error (error);
  gmproc_port_handle_close (&writer);
  gmproc_port_memory_new (4096, 4096, &handles[1], &error);
  g_assert_no_error (error);
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  GmprocLink link = GMPROC_LINK_INIT;
  GmprocBundleReader reader;

  fuzz_n_accepted = fuzz_n_refused = 0;
  if (size == 0)
    return 0;

  memset (&stream, 0, sizeof stream);
  stream.data = data + 1;
  stream.size = size - 1;
  stream.step = data[0] & 0x3F;
  stream.times_out = (data[0] & 0x40) != 0;
  link.in.kind = &stream_kind;
  link.max_size = LARGEST;

  gmproc_bundle_reader_init (&reader, FALSE);
  receive_all (&link, (data[0] & 0x80) != 0, &reader);
  if (reader.n_items > 0)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) items = gmproc_bundle_reader_take_values (&reader, &error);

      g_assert_true ((items == NULL) == (error != NULL));
      g_assert_true (items == NULL || g_variant_is_normal_form (items));
    }
  gmproc_bundle_reader_clear (&reader);
  gmproc_link_clear (&link);
  return 0;
}
