/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "report.h"

#include "codec.h"
#include "port/port.h"

/* How often a writer that waits for a full pipe looks whether the parent lives. */
#define TIME_TO_LOOK (100 * G_TIME_SPAN_MILLISECOND)

static GMutex mutex;                             /* of the channel, and of the order of pieces */
static gintptr own_pipe = GMPROC_PORT_NO_HANDLE; /* until the first report; most have none */
static GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
static gintptr parent_lifeline = GMPROC_PORT_NO_HANDLE;
static guint32 own_number;
static gint64 own_pid; /* 0: there is nobody to report to */

void
gmproc_report_open (gintptr pipe, gintptr lifeline, guint32 sender)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  own_pipe = pipe;
  parent_lifeline = lifeline;
  own_number = sender;
  own_pid = gmproc_port_self_get_pid ();
}

/* FALSE when there is nobody to report to, or no more. */
static gboolean
open_channel_locked (void)
{
  if (own_pipe != GMPROC_PORT_NO_HANDLE)
    {
      if (!gmproc_port_channel_attach (&channel, own_pipe, NULL))
        gmproc_port_handle_close (&own_pipe);
      own_pipe = GMPROC_PORT_NO_HANDLE;
    }
  return channel.handle != GMPROC_PORT_NO_HANDLE;
}

static gboolean
write_piece_locked (const GmprocReportHead *head, const guint8 *body)
{
  GOutputVector vectors[] = { { head, sizeof *head }, { body, head->size } };

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      gssize n_written =
          gmproc_port_channel_write (&channel, vectors, G_N_ELEMENTS (vectors),
                                     g_get_monotonic_time () + TIME_TO_LOOK, NULL, &error);

      if (n_written != -1)
        return (gsize) n_written == sizeof *head + head->size;
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
          || gmproc_port_lifeline_is_broken (parent_lifeline))
        return FALSE;
    }
}

static gboolean
send_locked (GmprocReportKind kind, const guint8 *body, gsize size)
{
  gsize largest = gmproc_port_channel_get_atomic_size () - sizeof (GmprocReportHead);
  gsize offset = 0;

  do
    {
      GmprocReportHead head = {
        .sender = own_number,
        .kind = kind,
        .total = size,
        .offset = offset,
        .size = (guint32) MIN (size - offset, largest),
      };

      if (!write_piece_locked (&head, body + offset))
        return FALSE;
      offset += head.size;
    }
  while (offset < size);
  return TRUE;
}

gboolean
gmproc_report_send (GmprocReportKind kind, GVariant *body)
{
  g_autoptr (GVariant) owned = body != NULL ? g_variant_ref_sink (body) : NULL;
  g_autoptr (GBytes) bytes = NULL;
  gboolean was_sent;

  /* Before the mutex, which in a forked copy may be held by a thread that is not there. */
  if (own_pid == 0 || own_pid != gmproc_port_self_get_pid ())
    return FALSE;

  bytes = owned != NULL ? gmproc_codec_to_bytes (owned) : g_bytes_new_static ("", 0);
  g_mutex_lock (&mutex);
  was_sent = open_channel_locked ()
             && send_locked (kind, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  /* Nobody is there, or a piece is lost: what comes after could not be told from the rest. */
  if (!was_sent && channel.handle != GMPROC_PORT_NO_HANDLE)
    gmproc_port_channel_detach (&channel);
  g_mutex_unlock (&mutex);
  return was_sent;
}

void
gmproc_report_send_error (const GError *error)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1);

  (void) gmproc_report_send (GMPROC_REPORT_ERROR, g_variant_new (GMPROC_REPORT_ERROR_FORMAT,
                                                                 g_quark_to_string (error->domain),
                                                                 error->code, message));
}
