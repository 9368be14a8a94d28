/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The steps: connect_socket (client) → meet → wait for the first byte (server with TLS), encrypt →
 * shake_hands. At most one source waits for the peer. Each source holds a reference of the task,
 * and all run in its context.
 */
#include "config.h"

#include "greeting.h"

#include "handshake.h"
#include "port/port.h"

/* A Unix socket whose queue is full tells nobody when there is room again. */
#define TIME_BETWEEN_TRIES (5 * G_TIME_SPAN_MILLISECOND)

#define HAS_LEFT "The peer left before it had shown that it has the key"

typedef struct
{
  GSocket *socket;
  GSocketAddress *address;
  GmprocGreetingTerms terms;
  GIOStream *stream;
  GmprocHandshake handshake;
  GSource *waiting;       /* for the peer */
  GSource *timer;         /* the deadline; or NULL */
  GSource *cancelled;     /* or NULL */
  GCancellable *encrypts; /* while TLS has its handshake, which has to end before this one */
  GError *early;          /* why that was cancelled */
} Greeting;

static void
greeting_free (gpointer data)
{
  Greeting *self = data;

  gmproc_handshake_clear (&self->handshake);
  g_clear_error (&self->early);
  g_clear_object (&self->encrypts);
  g_clear_object (&self->stream);
  g_clear_object (&self->socket);
  g_clear_object (&self->address);
  g_clear_object (&self->terms.own);
  g_clear_object (&self->terms.server);
  g_clear_object (&self->terms.authorities);
  g_clear_pointer (&self->terms.key, g_bytes_unref);
  g_free (self);
}

/* -- waiting and ending ------------------------------------------------------------------------ */

static void
source_clear (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
stop_waiting (Greeting *self)
{
  source_clear (&self->waiting);
  source_clear (&self->timer);
  source_clear (&self->cancelled);
}

/* Takes ERROR. */
static void
fail (GTask *task, GError *error)
{
  stop_waiting (g_task_get_task_data (task));
  g_task_return_error (task, error);
}

static void
succeed (GTask *task)
{
  Greeting *self = g_task_get_task_data (task);

  stop_waiting (self);
  g_task_return_pointer (task, g_steal_pointer (&self->stream), g_object_unref);
}

static GSource *
attach (GSource *source, GSourceFunc callback, GTask *task)
{
  g_source_set_callback (source, callback, g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
  return source;
}

/* Takes SOURCE. */
static void
wait_for (GTask *task, GSource *source, GSourceFunc callback)
{
  Greeting *self = g_task_get_task_data (task);

  source_clear (&self->waiting);
  self->waiting = attach (source, callback, task);
}

static void
wait_for_socket (GTask *task, GIOCondition condition, GSocketSourceFunc callback)
{
  Greeting *self = g_task_get_task_data (task);

  wait_for (task, g_socket_create_source (self->socket, condition, NULL),
            (GSourceFunc) (void *) callback);
}

/* Takes ERROR. The handshake of TLS says so itself when it is over. */
static void
end_early (GTask *task, GError *error)
{
  Greeting *self = g_task_get_task_data (task);

  if (self->encrypts == NULL)
    {
      fail (task, error);
      return;
    }
  stop_waiting (self);
  self->early = error;
  g_cancellable_cancel (self->encrypts);
}

static gboolean
on_deadline (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  end_early (task, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                        "The time for the call is over"));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  GError *error = NULL;

  if (!g_cancellable_set_error_if_cancelled (cancellable, &error))
    return G_SOURCE_CONTINUE;
  end_early (task, error);
  return G_SOURCE_REMOVE;
}

/* -- the key ----------------------------------------------------------------------------------- */

static void go_on_shaking (GTask *task);

static gboolean
on_stream (G_GNUC_UNUSED GObject *stream, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  go_on_shaking (task);
  return G_SOURCE_REMOVE;
}

/* Takes ERROR, of a call that does not block, and SOURCE, for when to make it again. A peer that is
 * gone has left before it had proved anything, whichever way it went. */
static void
wait_or_fail (GTask *task, GError *error, GSource *source)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_error_free (error);
      wait_for (task, source, (GSourceFunc) (void *) on_stream);
      return;
    }
  g_source_unref (source);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    {
      g_error_free (error);
      error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, HAS_LEFT);
    }
  fail (task, error);
}

/* FALSE when it waits, or has failed. */
static gboolean
send_answer (GTask *task)
{
  Greeting *self = g_task_get_task_data (task);
  GmprocHandshake *handshake = &self->handshake;
  GPollableOutputStream *out =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->stream));

  while (handshake->n_sent < handshake->n_out)
    {
      GError *error = NULL;
      gssize count = g_pollable_output_stream_write_nonblocking (
          out, handshake->out + handshake->n_sent, handshake->n_out - handshake->n_sent, NULL,
          &error);

      if (count < 0)
        {
          wait_or_fail (task, error, g_pollable_output_stream_create_source (out, NULL));
          return FALSE;
        }
      handshake->n_sent += (gsize) count;
    }
  handshake->n_out = handshake->n_sent = 0;
  return TRUE;
}

/* Takes ERROR, which the peer is told of if that is possible now. */
static void
refuse (GTask *task, GError *error)
{
  Greeting *self = g_task_get_task_data (task);
  GmprocHandshake *handshake = &self->handshake;

  if (handshake->n_out > 0)
    (void) g_pollable_output_stream_write_nonblocking (
        G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->stream)), handshake->out,
        handshake->n_out, NULL, NULL);
  fail (task, error);
}

static void
go_on_shaking (GTask *task)
{
  Greeting *self = g_task_get_task_data (task);
  GPollableInputStream *in = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->stream));
  guint8 data[GMPROC_HANDSHAKE_HELLO_SIZE];
  GError *error = NULL;

  while (send_answer (task))
    {
      gssize count;

      if (self->handshake.is_done)
        {
          succeed (task);
          return;
        }
      count = g_pollable_input_stream_read_nonblocking (
          in, data, gmproc_handshake_get_wanted (&self->handshake), NULL, &error);
      if (count < 0)
        {
          wait_or_fail (task, error, g_pollable_input_stream_create_source (in, NULL));
          return;
        }
      if (count == 0)
        g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, HAS_LEFT);
      else
        (void) gmproc_handshake_feed (&self->handshake, data, (gsize) count, &error);
      if (error != NULL)
        {
          refuse (task, error);
          return;
        }
    }
}

static void
shake_hands (GTask *task)
{
  Greeting *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (self->terms.key == NULL)
    succeed (task);
  else if (!gmproc_handshake_init (&self->handshake, self->terms.is_server, self->terms.key,
                                   &error))
    fail (task, error);
  else
    go_on_shaking (task);
}

/* -- TLS --------------------------------------------------------------------------------------- */

static GIOStream *
tls_new (Greeting *self, GError **error)
{
  GIOStream *stream;

  if (self->terms.is_server)
    return g_tls_server_connection_new (self->stream, self->terms.own, error);

  stream = g_tls_client_connection_new (self->stream, self->terms.server, error);
  if (stream != NULL && self->terms.authorities != NULL)
    g_tls_connection_set_database (G_TLS_CONNECTION (stream), self->terms.authorities);
  return stream;
}

static void
on_encrypted (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Greeting *self = g_task_get_task_data (task);
  GError *error = NULL;

  (void) g_tls_connection_handshake_finish (G_TLS_CONNECTION (object), result, &error);
  g_clear_object (&self->encrypts);
  if (self->early != NULL)
    {
      g_clear_error (&error);
      fail (task, g_steal_pointer (&self->early));
    }
  else if (error != NULL)
    fail (task, error);
  else
    shake_hands (task);
}

static void
encrypt (GTask *task)
{
  Greeting *self = g_task_get_task_data (task);
  GError *error = NULL;
  GIOStream *stream = tls_new (self, &error);

  if (stream == NULL)
    {
      fail (task, error);
      return;
    }
  g_object_unref (self->stream);
  self->stream = stream;
  self->encrypts = g_cancellable_new ();
  g_tls_connection_handshake_async (G_TLS_CONNECTION (stream), G_PRIORITY_DEFAULT, self->encrypts,
                                    on_encrypted, g_object_ref (task));
}

static gboolean
on_first_byte (G_GNUC_UNUSED GSocket *socket, G_GNUC_UNUSED GIOCondition condition,
               gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  encrypt (task);
  return G_SOURCE_REMOVE;
}

/* -- the socket -------------------------------------------------------------------------------- */

static gboolean
check_user (GSocket *socket, GError **error)
{
  g_autoptr (GCredentials) own = NULL;
  g_autoptr (GCredentials) theirs = NULL;

  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    return TRUE;

  theirs = g_socket_get_credentials (socket, NULL);
  own = g_credentials_new ();
  /* Where the system tells nothing about a peer, the file's mode has to do. */
  if (theirs == NULL || g_credentials_is_same_user (own, theirs, NULL))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                       "The peer belongs to another user");
  return FALSE;
}

static void
meet (GTask *task)
{
  Greeting *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!check_user (self->socket, &error))
    {
      fail (task, error);
      return;
    }
  self->stream = G_IO_STREAM (g_socket_connection_factory_create_connection (self->socket));
  if (!self->terms.is_encrypted)
    shake_hands (task);
  else if (self->terms.is_server)
    wait_for_socket (task, G_IO_IN, on_first_byte);
  else
    encrypt (task);
}

static gboolean
on_connected (GSocket *socket, G_GNUC_UNUSED GIOCondition condition, gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  GError *error = NULL;

  if (g_socket_check_connect_result (socket, &error))
    meet (task);
  else
    fail (task, error);
  return G_SOURCE_REMOVE;
}

static void connect_socket (GTask *task);

static gboolean
on_next_try (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);

  connect_socket (task);
  return G_SOURCE_REMOVE;
}

static void
connect_socket (GTask *task)
{
  Greeting *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (g_socket_connect (self->socket, self->address, NULL, &error))
    {
      meet (task);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING))
    {
      g_error_free (error);
      wait_for_socket (task, G_IO_OUT, on_connected);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      GSource *source = g_timeout_source_new (0);

      g_error_free (error);
      g_source_set_ready_time (source, g_get_monotonic_time () + TIME_BETWEEN_TRIES);
      wait_for (task, source, on_next_try);
    }
  else
    {
      fail (task, error);
    }
}

/* -- the operation ----------------------------------------------------------------------------- */

static Greeting *
greeting_new (GSocket *socket, GSocketAddress *address, const GmprocGreetingTerms *terms)
{
  Greeting *self = g_new0 (Greeting, 1);

  self->socket = g_object_ref (socket);
  g_set_object (&self->address, address);
  self->terms = *terms;
  if (terms->key != NULL)
    g_bytes_ref (terms->key);
  if (terms->own != NULL)
    g_object_ref (terms->own);
  if (terms->server != NULL)
    g_object_ref (terms->server);
  if (terms->authorities != NULL)
    g_object_ref (terms->authorities);
  return self;
}

static void
bound (GTask *task)
{
  Greeting *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (self->terms.deadline != GMPROC_PORT_FOREVER)
    {
      /* A timeout source of GLib counts in milliseconds. */
      GSource *timer = g_timeout_source_new (0);

      g_source_set_ready_time (timer, self->terms.deadline);
      self->timer = attach (timer, on_deadline, task);
    }
  if (cancellable != NULL)
    self->cancelled =
        attach (g_cancellable_source_new (cancellable), (GSourceFunc) (void *) on_cancelled, task);
}

void
gmproc_greeting_start (GSocket *socket, GSocketAddress *address, const GmprocGreetingTerms *terms,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, gmproc_greeting_start);
  g_task_set_task_data (task, greeting_new (socket, address, terms), greeting_free);
  /* A cancel that comes after the greeting would drop the connection. */
  g_task_set_check_cancellable (task, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  bound (task);
  if (terms->is_server)
    meet (task);
  else
    connect_socket (task);
}

GIOStream *
gmproc_greeting_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, (gpointer) gmproc_greeting_start), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
