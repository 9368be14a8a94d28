/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The life of a child: signals to it, the news of its end, and letting go of it.
 *
 * When the process has ended, the reaper attaches a source to the context that was the thread
 * default of the one who called start; it emits "exited". If a handler is connected the source
 * keeps the object until it has; otherwise it holds the object weakly, and the object destroys it
 * in dispose, so that a program that never runs that context leaks nothing.
 */
#include "config.h"

#include "gmproc-process-private.h"

#include "gmproc-error.h"
#include "internal/trace.h"

/* -- the news of its end ----------------------------------------------------------------------- */

typedef struct
{
  GWeakRef process;
  GmprocProcess *kept; /* a reference, if somebody waits for the signal */
  int exit_code;       /* the object may be closed before the context runs, and know none then */
} News;

static void
news_free (gpointer data)
{
  News *news = data;

  g_weak_ref_clear (&news->process);
  g_clear_object (&news->kept);
  g_free (news);
}

static gboolean
emit_exited (gpointer user_data)
{
  News *news = user_data;
  g_autoptr (GmprocProcess) self = g_weak_ref_get (&news->process);

  if (self != NULL)
    g_signal_emit_by_name (self, "exited", news->exit_code);
  return G_SOURCE_REMOVE;
}

/* The list of children holds a reference on us. */
void
gmproc_process_on_exited (gpointer user_data)
{
  GmprocProcess *self = user_data;
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  guint signal_id = g_signal_lookup ("exited", GMPROC_TYPE_PROCESS);
  GmprocChild *child = gmproc_process_get_child (self);
  News *news = g_new0 (News, 1);
  GSource *source = g_idle_source_new ();

  gmproc_child_end_pledges (child);
  /* Of the child, since the object can be closed as soon as that has ended. */
  (void) gmproc_child_has_exited (child, &news->exit_code);
  gmproc_trace_mark ("process", priv->name, "exit-code", news->exit_code);
  g_weak_ref_init (&news->process, self);
  if (g_signal_has_handler_pending (self, signal_id, 0, TRUE))
    news->kept = g_object_ref (self);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, emit_exited, news, news_free);
  g_source_set_static_name (source, "GmprocProcess::exited");

  g_mutex_lock (&priv->mutex);
  priv->exited_source = source;
  if (!priv->start_is_untold)
    g_source_attach (source, priv->exited_context);
  g_mutex_unlock (&priv->mutex);

  if (priv->exit_notify != NULL)
    priv->exit_notify (priv->exit_data);
}

void
gmproc_process_hold_exited (GmprocProcess *self)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);

  g_mutex_lock (&priv->mutex);
  priv->start_is_untold = TRUE;
  g_mutex_unlock (&priv->mutex);
}

void
gmproc_process_let_exited_go (GmprocProcess *self)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);

  g_mutex_lock (&priv->mutex);
  priv->start_is_untold = FALSE;
  if (priv->exited_source != NULL)
    g_source_attach (priv->exited_source, priv->exited_context);
  g_mutex_unlock (&priv->mutex);
}

void
gmproc_process_set_exit_notify (GmprocProcess *self, void (*notify) (gpointer), gpointer user_data,
                                GDestroyNotify destroy)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);

  priv->exit_notify = notify;
  priv->exit_data = user_data;
  priv->exit_destroy = destroy;
}

/* -- signals ----------------------------------------------------------------------------------- */

static gboolean
send_signal (GmprocProcess *self, const char *what, void (*send) (GmprocChild *), GError **error)
{
  GmprocChild *child = gmproc_process_get_started_child (self, what, error);

  if (child == NULL)
    return FALSE;
  send (child);
  return TRUE;
}

/**
 * gmproc_process_terminate:
 * @self: a child of this process
 * @error: return location
 *
 * Asks the process to end: SIGTERM, or on Windows its end at once with the same exit code, -15.
 * Its own exit handlers do not run, and its ordinary children live on. Does nothing to a process
 * that has ended.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE if it was not started or is no child of this process.
 *
 * Returns: whether it was asked, or had ended
 * Since: 1.0
 */
gboolean
gmproc_process_terminate (GmprocProcess *self, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  return send_signal (self, "terminate", gmproc_child_terminate, error);
}

/**
 * gmproc_process_kill:
 * @self: a child of this process
 * @error: return location
 *
 * Ends the process, whatever it does: SIGKILL, exit code -9. Otherwise like
 * gmproc_process_terminate().
 *
 * Returns: whether it was told, or had ended
 * Since: 1.0
 */
gboolean
gmproc_process_kill (GmprocProcess *self, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  return send_signal (self, "kill", gmproc_child_kill, error);
}

/**
 * gmproc_process_interrupt:
 * @self: a child of this process
 * @error: return location
 *
 * Sends the process what Ctrl-C sends: SIGINT, exit code -2 if it has no handler. Otherwise like
 * gmproc_process_terminate().
 *
 * Returns: whether it was told, or had ended
 * Since: 1.0
 */
gboolean
gmproc_process_interrupt (GmprocProcess *self, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  return send_signal (self, "interrupt", gmproc_child_interrupt, error);
}

/* -- close --------------------------------------------------------------------------------------
 */

/**
 * gmproc_process_close:
 * @self: a process that does not run
 * @error: return location
 *
 * Lets go of all that the object holds: its arguments, its ends of the standard streams, and what
 * was known of its end. Afterwards it cannot be started, joined or signalled, is not alive, and has
 * no exit code. Dropping the last reference does the same; this is for an object that others hold.
 * A second call does nothing.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE if it runs, or is no child of this process.
 *
 * Returns: whether it is closed
 * Since: 1.0
 */
gboolean
gmproc_process_close (GmprocProcess *self, GError **error)
{
  GmprocProcessPrivate *priv;
  g_autoptr (GPtrArray) carried = NULL;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = NULL;
  const char *why = NULL;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  priv = gmproc_process_get_private (self);
  locker = g_mutex_locker_new (&priv->mutex);
  if (priv->role != GMPROC_ROLE_CHILD)
    why = "it is no child of this process";
  else if (priv->is_starting)
    why = "it is being started";
  else if (priv->child != NULL && !gmproc_child_has_exited (priv->child, NULL))
    why = "it runs";
  if (why != NULL)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE, "Cannot close %s: %s", priv->name,
                   why);
      return FALSE;
    }

  /* The child itself stays, small as it is, for threads that are just asking it something. */
  priv->is_closed = TRUE;
  g_clear_pointer (&priv->args, g_variant_unref);
  carried = g_steal_pointer (&priv->carried);
  gmproc_setup_clear (&priv->setup);
  return TRUE;
}
