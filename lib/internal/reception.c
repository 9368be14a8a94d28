/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "reception.h"

#include "port/port.h"

#define MOST_ERRORS (16)

void
gmproc_reception_init (GmprocReception *self)
{
  *self = (GmprocReception){ .n_peers = 0 };
  self->stopping = g_cancellable_new ();
  g_mutex_init (&self->lock);
  g_queue_init (&self->streams);
  g_queue_init (&self->errors);
  g_queue_init (&self->sources);
}

gboolean
gmproc_reception_open (GmprocReception *self, GSocket *socket, GError **error)
{
  self->socket = socket;
  self->context = gmproc_port_new_context (error);
  return self->context != NULL;
}

void
gmproc_reception_clear (GmprocReception *self)
{
  gmproc_reception_stop (self);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->stopping);
  g_clear_object (&self->terms.own);
  g_clear_pointer (&self->terms.key, g_bytes_unref);
  g_mutex_clear (&self->lock);
}

/* -- what is there to take --------------------------------------------------------------------- */

static void
wake_sources_locked (GmprocReception *self)
{
  GSource *source;

  while ((source = g_queue_pop_head (&self->sources)) != NULL)
    g_source_set_ready_time (source, 0);
}

/* Takes ERROR. The first ones are kept: they tell more than a flood that follows them. */
static void
add_error_locked (GmprocReception *self, GError *error)
{
  if (self->errors.length < MOST_ERRORS)
    g_queue_push_tail (&self->errors, error);
  else
    g_error_free (error);
  wake_sources_locked (self);
}

/* What a peer was refused for. It must not look like an error of the call that takes it. */
static GError *
make_refusal (const GError *error, gint64 time)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_error_new (G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                        "A peer was not done with its greeting after %g s",
                        (double) time / G_TIME_SPAN_SECOND);
  if (error->domain == G_IO_ERROR)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "A peer was refused: %s",
                        error->message);
  return g_error_copy (error);
}

/* -- the thread -------------------------------------------------------------------------------- */

static void
on_greeted (G_GNUC_UNUSED GObject *object, GAsyncResult *result, gpointer user_data)
{
  GmprocReception *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) stream = gmproc_greeting_finish (result, &error);

  self->n_under_way--;
  g_mutex_lock (&self->lock);
  if (stream != NULL && !self->is_stopped)
    {
      g_queue_push_tail (&self->streams, g_steal_pointer (&stream));
      wake_sources_locked (self);
    }
  else if (error != NULL && !self->is_stopped)
    {
      add_error_locked (self, make_refusal (error, self->time));
    }
  g_mutex_unlock (&self->lock);
}

static void
greet (GmprocReception *self, GSocket *socket)
{
  GmprocGreetingTerms terms = self->terms;

  if (self->n_under_way >= self->n_peers)
    return;

  self->n_under_way++;
  terms.deadline = g_get_monotonic_time () + self->time;
  g_socket_set_blocking (socket, FALSE);
  gmproc_greeting_start (socket, NULL, &terms, self->stopping, on_greeted, self);
}

/* An error of the listening socket stays, for instance that there are no descriptors left. To try
 * again at once would keep a processor busy. */
static gboolean
has_to_pause (GmprocReception *self, GError *error)
{
  gboolean is_paused;

  g_mutex_lock (&self->lock);
  self->is_paused = error != NULL || self->streams.length >= self->n_peers;
  if (error != NULL)
    add_error_locked (self, g_error_copy (error));
  is_paused = self->is_paused;
  g_mutex_unlock (&self->lock);
  return is_paused;
}

static gboolean
on_peer (GSocket *listening, G_GNUC_UNUSED GIOCondition condition, gpointer user_data)
{
  GmprocReception *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = NULL;

  if (g_cancellable_is_cancelled (self->stopping))
    return G_SOURCE_REMOVE;
  if (has_to_pause (self, NULL))
    return G_SOURCE_REMOVE;
  socket = g_socket_accept (listening, NULL, &error);
  if (socket != NULL)
    greet (self, socket);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
           && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
           && has_to_pause (self, error))
    return G_SOURCE_REMOVE;
  return G_SOURCE_CONTINUE;
}

/* Those who are under way come first: they make room. */
static void
listen_on (GmprocReception *self)
{
  g_autoptr (GSource) source = g_socket_create_source (self->socket, G_IO_IN, NULL);

  g_source_set_priority (source, G_PRIORITY_LOW);
  g_source_set_callback (source, (GSourceFunc) (void *) on_peer, self, NULL);
  g_source_attach (source, self->context);
}

static gpointer
run (gpointer data)
{
  GmprocReception *self = data;

  g_main_context_push_thread_default (self->context);
  listen_on (self);
  while (!g_cancellable_is_cancelled (self->stopping) || self->n_under_way > 0)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

void
gmproc_reception_start (GmprocReception *self)
{
  GError *error = NULL;

  g_mutex_lock (&self->lock);
  if (self->thread == NULL && !self->is_stopped)
    {
      self->thread = g_thread_try_new ("gmproc-listener", run, self, &error);
      if (self->thread == NULL)
        add_error_locked (self, error);
    }
  g_mutex_unlock (&self->lock);
}

gboolean
gmproc_reception_is_started (GmprocReception *self)
{
  gboolean is_started;

  g_mutex_lock (&self->lock);
  is_started = self->thread != NULL;
  g_mutex_unlock (&self->lock);
  return is_started;
}

void
gmproc_reception_stop (GmprocReception *self)
{
  GThread *thread;

  g_mutex_lock (&self->lock);
  thread = self->is_stopped ? NULL : self->thread;
  self->is_stopped = TRUE;
  g_queue_clear_full (&self->streams, g_object_unref);
  g_queue_clear_full (&self->errors, (GDestroyNotify) g_error_free);
  wake_sources_locked (self);
  g_mutex_unlock (&self->lock);

  g_cancellable_cancel (self->stopping);
  if (thread == NULL)
    return;
  g_main_context_wakeup (self->context);
  g_thread_join (thread);
}

/* -- taking ------------------------------------------------------------------------------------ */

GIOStream *
gmproc_reception_take (GmprocReception *self, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->lock);
  GIOStream *stream = g_queue_pop_head (&self->streams);

  if (stream != NULL)
    ;
  else if (self->is_stopped)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The listener is closed");
  else if (self->errors.length > 0)
    g_propagate_error (error, g_queue_pop_head (&self->errors));
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         "Timed out: no peer has come to the listener");

  if (self->is_paused && !self->is_stopped)
    {
      self->is_paused = FALSE;
      listen_on (self);
    }
  return stream;
}

static gboolean
is_empty_locked (GmprocReception *self)
{
  return self->streams.length == 0 && self->errors.length == 0 && !self->is_stopped;
}

gboolean
gmproc_reception_is_empty (GmprocReception *self)
{
  gboolean is_empty;

  g_mutex_lock (&self->lock);
  is_empty = is_empty_locked (self);
  g_mutex_unlock (&self->lock);
  return is_empty;
}

gboolean
gmproc_reception_arm (GmprocReception *self, GSource *source)
{
  gboolean is_empty;

  g_mutex_lock (&self->lock);
  is_empty = is_empty_locked (self);
  if (is_empty)
    g_queue_push_tail (&self->sources, source);
  g_mutex_unlock (&self->lock);
  return is_empty;
}

void
gmproc_reception_disarm (GmprocReception *self, GSource *source)
{
  g_mutex_lock (&self->lock);
  g_queue_remove (&self->sources, source);
  g_mutex_unlock (&self->lock);
}
