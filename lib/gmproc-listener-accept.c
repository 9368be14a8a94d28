/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocListener: its peers. The reception has greeted who can be accepted here.
 */
#include "config.h"

#include "gmproc-listener-private.h"

#include "internal/async.h"
#include "internal/deadline.h"
#include "internal/wait-source.h"

static GmprocConnection *
try_to_accept (GmprocListener *self, GCancellable *cancellable, GError **error)
{
  GIOStream *stream;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  gmproc_reception_start (&self->reception);
  stream = gmproc_reception_take (&self->reception, error);
  return stream != NULL ? gmproc_stranger_connection_new (stream) : NULL;
}

/* -- waiting ----------------------------------------------------------------------------------- */

static gboolean
is_ready (gpointer object, G_GNUC_UNUSED guint64 what)
{
  GmprocListener *self = object;

  gmproc_reception_start (&self->reception);
  return !gmproc_reception_is_empty (&self->reception);
}

static GmprocArm
arm (G_GNUC_UNUSED const GmprocWaitSourceFuncs *funcs, gpointer object, G_GNUC_UNUSED guint64 what,
     GSource *source)
{
  GmprocListener *self = object;

  gmproc_reception_start (&self->reception);
  return gmproc_reception_arm (&self->reception, source) ? GMPROC_ARM_ARMED : GMPROC_ARM_READY;
}

static void
disarm (gpointer object, GSource *source)
{
  gmproc_reception_disarm (&((GmprocListener *) object)->reception, source);
}

static const GmprocWaitSourceFuncs funcs = { is_ready, arm, disarm };

static GSource *
waitable_create_source (GmprocWaitable *waitable, GCancellable *cancellable,
                        G_GNUC_UNUSED GError **error)
{
  return gmproc_wait_source_new (&funcs, waitable, 0, NULL, cancellable);
}

static gboolean
waitable_is_ready (GmprocWaitable *waitable)
{
  return is_ready (waitable, 0);
}

void
gmproc_listener_waitable_init (GmprocWaitableInterface *iface)
{
  iface->create_source = waitable_create_source;
  iface->is_ready = waitable_is_ready;
}

/* Until it is worth a try, or the deadline has passed. */
static gboolean
wait_for_peer (GmprocListener *self, gint64 deadline, GCancellable *cancellable, GError **error)
{
  GmprocWaitable *object = GMPROC_WAITABLE (self);
  gint64 timeout = GMPROC_FOREVER;
  g_autoptr (GError) local = NULL;
  g_autoptr (GPtrArray) ready = NULL;

  if (deadline != GMPROC_PORT_FOREVER)
    timeout = MAX (deadline - g_get_monotonic_time (), 0);
  ready = gmproc_wait (&object, 1, timeout, cancellable, &local);
  if (ready != NULL || g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/**
 * gmproc_listener_accept:
 * @self: a listener
 * @timeout: microseconds, 0 to take who has been let in already, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits for the next peer that has shown that it may come in. Peers do so at the same time, in a
 * thread of the listener's, so a slow one holds up neither another nor this call; it is bounded by
 * gmproc_listener_set_peer_limits(). After an error that concerns a peer the next call goes on with
 * the next one. Peers that were let in come before errors, of which the oldest sixteen are kept.
 *
 * Errors: %G_IO_ERROR_PERMISSION_DENIED for a peer without the key, of another user, or that was
 * not done in its time; #GTlsError for one that does not speak TLS; %G_IO_ERROR_TIMED_OUT;
 * %G_IO_ERROR_CANCELLED; %G_IO_ERROR_CLOSED; what the system says, for instance
 * %G_IO_ERROR_TOO_MANY_OPEN_FILES.
 *
 * Returns: (transfer full) (nullable): a duplex connection, over which no objects go but, at a Unix
 *   socket, descriptors; its messages have at most 64 MiB
 * Since: 1.0
 */
GmprocConnection *
gmproc_listener_accept (GmprocListener *self, gint64 timeout, GCancellable *cancellable,
                        GError **error)
{
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_LISTENER (self), NULL);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error))
    return NULL;
  for (;;)
    {
      g_autoptr (GError) local = NULL;
      gboolean is_last = gmproc_deadline_has_passed (deadline);
      GmprocConnection *connection = try_to_accept (self, cancellable, &local);

      if (connection != NULL)
        return connection;
      if (is_last || !g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      if (!wait_for_peer (self, deadline, cancellable, error))
        return NULL;
    }
}

/* -- asynchronously ---------------------------------------------------------------------------- */

static gboolean
attempt (gpointer object, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED gboolean is_last,
         gpointer *ret_result, GCancellable *cancellable, GError **error)
{
  *ret_result = try_to_accept (object, cancellable, error);
  return *ret_result != NULL;
}

static GSource *
create_source (gpointer object, G_GNUC_UNUSED gpointer data, GCancellable *cancellable)
{
  return waitable_create_source (object, cancellable, NULL);
}

static const GmprocAsync accept_operation = { .tag = gmproc_listener_accept_async,
                                              .attempt = attempt,
                                              .create_source = create_source,
                                              .free_result = g_object_unref };

/**
 * gmproc_listener_accept_async:
 * @self: a listener
 * @timeout: as for gmproc_listener_accept()
 * @cancellable: (nullable): to stop waiting
 * @callback: (scope async) (closure user_data): called when a peer was accepted, or on an error
 * @user_data: for @callback
 *
 * Like gmproc_listener_accept(), without a thread that waits.
 *
 * Since: 1.0
 */
void
gmproc_listener_accept_async (GmprocListener *self, gint64 timeout, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (GMPROC_IS_LISTENER (self));

  gmproc_async_run (&accept_operation, self, timeout, cancellable, callback, user_data, NULL, NULL);
}

/**
 * gmproc_listener_accept_finish:
 * @self: a listener
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_listener_accept().
 *
 * Returns: (transfer full) (nullable): a connection, as from gmproc_listener_accept()
 * Since: 1.0
 */
GmprocConnection *
gmproc_listener_accept_finish (GmprocListener *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_LISTENER (self), NULL);

  return gmproc_async_finish (&accept_operation, self, result, error);
}
