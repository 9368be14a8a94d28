/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "inbox.h"

#include <string.h>

#include "codec.h"
#include "gmproc-error.h"
#include "log.h"
#include "port/port.h"
#include "report.h"
#include "shareable.h"

#define CHUNK_SIZE (64 * 1024)

/* More than a pipe holds on any system: who has read that much has read all that was in it. */
#define LARGEST_PIPE (1024 * 1024)

struct GmprocInbox
{
  guint32 number;

  /* Under the mutex. */
  GByteArray *report; /* as far as it has come */
  guint64 total;      /* its whole size; its kind is in `kind` */
  guint32 kind;
  GError *error;
  gboolean has_said_hello;
  gboolean is_finished;
  GPtrArray *pledges; /* until it has what they are for; NULL for none */
};

/* Everything that is read goes through here, one thread at a time. It is held while log records are
 * handed out, so it is not the mutex that others ask with. */
static GMutex reading;
static GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
static guint8 chunk[CHUNK_SIZE];
static GByteArray *unread; /* the beginning of a piece of which the rest has not come */

static GMutex mutex;
static GCond changed;
static GHashTable *inboxes; /* number → inbox, not owned */
static guint32 last_number;
static gintptr pipe_writer = GMPROC_PORT_NO_HANDLE;
static gintptr pipe_poller = GMPROC_PORT_NO_HANDLE;

/* -- one report -------------------------------------------------------------------------------- */

static GError *
error_from_body (GVariant *body)
{
  const char *domain, *message;
  gint32 code;

  if (!g_variant_is_of_type (body, G_VARIANT_TYPE (GMPROC_REPORT_ERROR_FORMAT)))
    return NULL;

  g_variant_get (body, "(&si&s)", &domain, &code, &message);
  return g_error_new_literal (*domain != '\0' ? g_quark_from_string (domain) : GMPROC_ERROR, code,
                              message);
}

/* Gives the log record in the report, or NULL. */
static GVariant *
take_report_locked (GmprocInbox *self)
{
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (g_steal_pointer (&self->report));
  g_autoptr (GVariant) body = NULL;
  GError *error;

  if (self->kind == GMPROC_REPORT_HELLO)
    {
      self->has_said_hello = TRUE;
      g_cond_broadcast (&changed);
      return NULL;
    }

  if (self->kind == GMPROC_REPORT_TAKEN)
    {
      g_clear_pointer (&self->pledges, g_ptr_array_unref);
      return NULL;
    }

  body = gmproc_codec_load (bytes, NULL);
  if (body == NULL)
    return NULL;
  if (self->kind == GMPROC_REPORT_LOG)
    return g_steal_pointer (&body);
  error = self->kind == GMPROC_REPORT_ERROR ? error_from_body (body) : NULL;
  if (error != NULL)
    {
      g_clear_error (&self->error);
      self->error = error;
    }
  return NULL;
}

/* FALSE when the piece cannot be the next one of its sender. */
static gboolean
add_piece_locked (GmprocInbox *self, const GmprocReportHead *head, const guint8 *body,
                  GVariant **ret_record)
{
  if (head->offset == 0)
    {
      g_clear_pointer (&self->report, g_byte_array_unref);
      self->report = g_byte_array_new ();
      self->kind = head->kind;
      self->total = head->total;
    }
  if (self->report == NULL || head->offset != self->report->len || head->kind != self->kind
      || head->total != self->total)
    return FALSE;

  g_byte_array_append (self->report, body, head->size);
  if (self->report->len == self->total)
    *ret_record = take_report_locked (self);
  return TRUE;
}

/* What comes from nobody's number is from a child that was forgotten, and goes. */
static gboolean
take_piece (const GmprocReportHead *head, const guint8 *body)
{
  g_autoptr (GVariant) record = NULL;
  GmprocInbox *self;
  gboolean is_good = TRUE;

  g_mutex_lock (&mutex);
  self = g_hash_table_lookup (inboxes, GUINT_TO_POINTER (head->sender));
  if (self != NULL)
    is_good = add_piece_locked (self, head, body, &record);
  g_mutex_unlock (&mutex);

  if (record != NULL)
    gmproc_log_deliver (record);
  return is_good;
}

/* -- the pipe ---------------------------------------------------------------------------------- */

/* A piece is appended to what fits in a GByteArray, whatever its head says of the whole. */
static gboolean
check_head (const GmprocReportHead *head)
{
  return head->zero == 0 && head->total <= G_MAXUINT && head->offset <= head->total
         && head->size <= head->total - head->offset
         && sizeof *head + head->size <= gmproc_port_channel_get_atomic_size ();
}

/* FALSE when what is there is no report. */
static gboolean
take_pieces_reading (void)
{
  gsize at = 0;

  while (unread->len - at >= sizeof (GmprocReportHead))
    {
      GmprocReportHead head;

      memcpy (&head, unread->data + at, sizeof head);
      if (!check_head (&head))
        return FALSE;
      if (unread->len - at < sizeof head + head.size)
        break;
      if (!take_piece (&head, unread->data + at + sizeof head))
        return FALSE;
      at += sizeof head + head.size;
    }
  g_byte_array_remove_range (unread, 0, (guint) at);
  return TRUE;
}

/* One look. Gives the number of bytes that came, 0 when there are none now or the pipe is given up.
 */
static gsize
read_some_reading (void)
{
  gssize n_read;

  if (channel.handle == GMPROC_PORT_NO_HANDLE)
    return 0;
  n_read = gmproc_port_channel_read (&channel, chunk, sizeof chunk, 0, NULL, NULL);
  if (n_read <= 0)
    return 0;

  g_byte_array_append (unread, chunk, (guint) n_read);
  if (take_pieces_reading ())
    return (gsize) n_read;

  gmproc_port_channel_detach (&channel);
  g_warning ("What children report is damaged; errors and log records of children do not arrive "
             "any more");
  return 0;
}

/* Polls through a handle of its own, as the one that is read may be closed meanwhile. */
static gpointer
run_reader (G_GNUC_UNUSED gpointer data)
{
  GmprocPortChannel poller;
  gboolean goes_on = gmproc_port_channel_attach (&poller, pipe_poller, NULL);

  while (goes_on && gmproc_port_channel_poll (&poller, GMPROC_PORT_FOREVER, NULL, NULL))
    {
      g_mutex_lock (&reading);
      (void) read_some_reading ();
      goes_on = channel.handle != GMPROC_PORT_NO_HANDLE;
      g_mutex_unlock (&reading);
    }
  if (goes_on)
    gmproc_port_channel_detach (&poller);
  return NULL;
}

/* The thread starts last, so that it finds everything. */
static gboolean
open_pipe_locked (GError **error)
{
  gintptr reader;
  GThread *thread;

  if (!gmproc_port_channel_new_pipe (&reader, &pipe_writer, error))
    return FALSE;
  if (!gmproc_port_channel_attach (&channel, reader, error))
    {
      gmproc_port_handle_close (&reader);
      gmproc_port_handle_close (&pipe_writer);
      return FALSE;
    }
  inboxes = g_hash_table_new (NULL, NULL);
  unread = g_byte_array_new ();
  thread = gmproc_port_handle_duplicate (reader, &pipe_poller, error)
               ? gmproc_port_thread_new ("gmproc-inbox", run_reader, NULL, error)
               : NULL;
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return TRUE;
    }

  gmproc_port_handle_close (&pipe_poller);
  gmproc_port_channel_detach (&channel);
  gmproc_port_handle_close (&pipe_writer);
  g_clear_pointer (&inboxes, g_hash_table_unref);
  g_clear_pointer (&unread, g_byte_array_unref);
  return FALSE;
}

gboolean
gmproc_inbox_get_pipe (gintptr *ret_handle, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  if (pipe_writer == GMPROC_PORT_NO_HANDLE && !open_pipe_locked (error))
    return FALSE;
  *ret_handle = pipe_writer;
  return TRUE;
}

/* -- a child's --------------------------------------------------------------------------------- */

GmprocInbox *
gmproc_inbox_new (void)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  GmprocInbox *self = g_new0 (GmprocInbox, 1);

  /* After 2^32 children, numbers of those that still run are passed over. */
  do
    self->number = ++last_number;
  while (g_hash_table_contains (inboxes, GUINT_TO_POINTER (self->number)));
  g_hash_table_insert (inboxes, GUINT_TO_POINTER (self->number), self);
  return self;
}

static void
forget_locked (GmprocInbox *self)
{
  if (self->is_finished)
    return;

  g_hash_table_remove (inboxes, GUINT_TO_POINTER (self->number));
  g_clear_pointer (&self->report, g_byte_array_unref);
  self->is_finished = TRUE;
  g_cond_broadcast (&changed);
}

void
gmproc_inbox_free (GmprocInbox *self)
{
  g_mutex_lock (&mutex);
  forget_locked (self);
  g_mutex_unlock (&mutex);

  g_clear_error (&self->error);
  g_clear_pointer (&self->pledges, g_ptr_array_unref);
  g_free (self);
}

guint32
gmproc_inbox_get_number (GmprocInbox *self)
{
  return self->number;
}

void
gmproc_inbox_finish (GmprocInbox *self)
{
  gsize n_read, n_total = 0;

  /* Others may go on writing as fast as it is read. */
  g_mutex_lock (&reading);
  do
    n_total += n_read = read_some_reading ();
  while (n_read > 0 && n_total < LARGEST_PIPE);
  g_mutex_unlock (&reading);

  g_mutex_lock (&mutex);
  forget_locked (self);
  g_mutex_unlock (&mutex);
}

const GError *
gmproc_inbox_get_error (GmprocInbox *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  return self->is_finished ? self->error : NULL;
}

void
gmproc_inbox_hold_pledges (GmprocInbox *self, GPtrArray *pledges)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  self->pledges = pledges;
}

/* A pipe that is given up for damage leaves all of them, and says nothing about who has what. */
void
gmproc_inbox_end_pledges (GmprocInbox *self, gboolean was_killed)
{
  g_autoptr (GPtrArray) pledges = NULL;
  gboolean is_read;

  g_mutex_lock (&mutex);
  pledges = g_steal_pointer (&self->pledges);
  g_mutex_unlock (&mutex);
  if (pledges == NULL || !was_killed)
    return;

  g_mutex_lock (&reading);
  is_read = channel.handle != GMPROC_PORT_NO_HANDLE;
  g_mutex_unlock (&reading);
  if (is_read)
    gmproc_shareable_forfeit (pledges);
}

static void
wake_for_cancel (G_GNUC_UNUSED GCancellable *cancellable, G_GNUC_UNUSED gpointer user_data)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);

  g_cond_broadcast (&changed);
}

gboolean
gmproc_inbox_wait_for_hello (GmprocInbox *self, gint64 deadline, GCancellable *cancellable)
{
  gulong connection = 0;
  gboolean has_said_hello;

  if (cancellable != NULL)
    connection = g_cancellable_connect (cancellable, G_CALLBACK (wake_for_cancel), NULL, NULL);
  g_mutex_lock (&mutex);
  while (!self->has_said_hello && !self->is_finished && !g_cancellable_is_cancelled (cancellable))
    if (!g_cond_wait_until (&changed, &mutex, deadline))
      break;
  has_said_hello = self->has_said_hello;
  g_mutex_unlock (&mutex);
  g_cancellable_disconnect (cancellable, connection);
  return has_said_hello;
}
