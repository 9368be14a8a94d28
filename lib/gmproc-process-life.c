/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The life of a child: from an object to a process that runs, to its end.
 *
 * Start names what the child is to run, packs the arguments and the properties, collects the
 * handles of the objects that these name, and hands all of it to the system. It either does
 * everything or leaves nothing behind, and the object can be started again.
 *
 * When the process has ended, the reaper attaches a source to the context that was the thread
 * default of the one who called start; it emits "exited". If a handler is connected the source
 * keeps the object until it has; otherwise it holds the object weakly, and the object destroys it
 * in dispose, so that a program that never runs that context leaks nothing.
 */
#include "config.h"

#include "gmproc-process-private.h"

#include "gmproc-error.h"
#include "internal/properties.h"
#include "internal/registry.h"
#include "port/port.h"

/* -- the news of its end ----------------------------------------------------------------------- */

typedef struct
{
  GWeakRef process;
  GmprocProcess *kept; /* a reference, if somebody waits for the signal */
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
    g_signal_emit_by_name (self, "exited", gmproc_process_get_exit_code (self));
  return G_SOURCE_REMOVE;
}

/* In the reaper; the list of children holds a reference on us. */
static void
on_exited (gpointer user_data)
{
  GmprocProcess *self = user_data;
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  guint signal_id = g_signal_lookup ("exited", GMPROC_TYPE_PROCESS);
  News *news = g_new0 (News, 1);
  GSource *source = g_idle_source_new ();

  g_weak_ref_init (&news->process, self);
  if (g_signal_has_handler_pending (self, signal_id, 0, TRUE))
    news->kept = g_object_ref (self);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, emit_exited, news, news_free);
  g_source_set_static_name (source, "GmprocProcess::exited");

  g_mutex_lock (&priv->mutex);
  priv->exited_source = source;
  g_source_attach (source, priv->exited_context);
  g_mutex_unlock (&priv->mutex);

  if (priv->exit_notify != NULL)
    priv->exit_notify (priv->exit_data);
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

/* -- start ------------------------------------------------------------------------------------- */

static gboolean
check_can_start_locked (GmprocProcess *self, GError **error)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);

  if (gmproc_process_get_current () == NULL)
    {
      g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED,
                           "gmproc_init() was not called at the start of main(): a child could "
                           "not become its target and would run main() again");
      return FALSE;
    }
  if (priv->role != GMPROC_ROLE_CHILD || priv->child != NULL)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE, "%s was started already",
                   priv->name);
      return FALSE;
    }
  if (gmproc_port_self_is_privileged ())
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                           "A program that runs with more rights than its user (set-user-ID) "
                           "cannot start processes of itself");
      return FALSE;
    }
  return TRUE;
}

/* What the child is to run, by name; the strings are borrowed. */
static gboolean
describe_target (GmprocProcess *self, GmprocBootstrap *bootstrap, GError **error)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  gboolean is_overridden = GMPROC_PROCESS_GET_CLASS (self)->run != gmproc_process_real_run;

  if (priv->target != NULL || !is_overridden)
    {
      bootstrap->target = (char *) gmproc_registry_name_target (priv->target, error);
      if (bootstrap->target == NULL)
        return FALSE;
    }
  if (G_OBJECT_TYPE (self) != GMPROC_TYPE_PROCESS)
    {
      bootstrap->type = (char *) gmproc_registry_name_type (G_OBJECT_TYPE (self), error);
      if (bootstrap->type == NULL)
        return FALSE;
    }
  return TRUE;
}

static GBytes *
write_bootstrap (GmprocProcess *self, GmprocParcel *parcel, GError **error)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_autoptr (GVariant) properties = NULL;
  /* The members are borrowed, so this one is not freed. */
  GmprocBootstrap bootstrap = { .parent_pid = gmproc_port_self_get_pid (),
                                .parent_name = (char *) gmproc_process_get_name (
                                    gmproc_process_get_current ()),
                                .name = priv->name,
                                .identity = priv->identity,
                                .is_daemon = priv->daemon,
                                .args = priv->args };

  if (!describe_target (self, &bootstrap, error))
    return NULL;
  properties = gmproc_properties_pack (G_OBJECT (self), GMPROC_TYPE_PROCESS, error);
  if (properties == NULL)
    return NULL;
  bootstrap.properties = properties;
  if (!gmproc_child_get_lifeline (&bootstrap.lifeline, error))
    return NULL;

  return gmproc_bootstrap_write (&bootstrap, parcel, error);
}

static gboolean
start_locked (GmprocProcess *self, GBytes *bootstrap, GmprocParcel *parcel, GError **error)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_autofree char *executable = NULL;
  GmprocChildOptions options;

  /* Another thread may have started it since it was asked first. */
  if (!check_can_start_locked (self, error))
    return FALSE;
  executable = gmproc_port_self_get_path (error);
  if (executable == NULL)
    return FALSE;

  options = (GmprocChildOptions){ .port = { .executable = executable,
                                            .label = priv->name,
                                            .bootstrap = bootstrap,
                                            .ends_with_parent = priv->daemon },
                                  .is_daemon = priv->daemon,
                                  .owner = G_OBJECT (self),
                                  .exited = on_exited,
                                  .user_data = self };
  options.port.handles = gmproc_parcel_get_handles (parcel, &options.port.n_handles);
  priv->exited_context = g_main_context_ref_thread_default ();
  priv->child = gmproc_child_start (&options, error);
  if (priv->child == NULL)
    {
      g_clear_pointer (&priv->exited_context, g_main_context_unref);
      return FALSE;
    }
  return TRUE;
}

/**
 * gmproc_process_start:
 * @self: a process that was not started
 * @error: return location
 *
 * Starts the process: this program is run again, and becomes its target in gmproc_init(). Returns
 * when the process exists; it may not have come to its target yet. A process can be started once.
 *
 * The child gets objects of its own for those that the args and the properties name. What was kept
 * for the args alone is dropped; what a property of a subclass holds stays until the subclass lets
 * go.
 *
 * Errors: %GMPROC_ERROR_NOT_INITIALIZED without gmproc_init(); %GMPROC_ERROR_NOT_REGISTERED for a
 * target or type without a name; %GMPROC_ERROR_BAD_STATE if it was started before, or while this
 * process ends; %GMPROC_ERROR_BAD_HANDLE for a handle in the args that is nobody's;
 * %GMPROC_ERROR_BAD_TYPE for a property that cannot travel; what the system says if it cannot start
 * a process. After an error nothing was started, and it can be tried again.
 *
 * Returns: whether it was started
 * Since: 1.0
 */
gboolean
gmproc_process_start (GmprocProcess *self, GError **error)
{
  GmprocProcessPrivate *priv;
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GBytes) bootstrap = NULL;
  g_autoptr (GPtrArray) carried = NULL;
  gboolean can_start, started;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  priv = gmproc_process_get_private (self);
  g_mutex_lock (&priv->mutex);
  can_start = check_can_start_locked (self, error);
  g_mutex_unlock (&priv->mutex);
  if (!can_start)
    return FALSE;

  /* Without the mutex: this calls the getters of a subclass, which may ask for the process id. */
  bootstrap = write_bootstrap (self, parcel, error);
  if (bootstrap == NULL)
    return FALSE;

  g_mutex_lock (&priv->mutex);
  started = start_locked (self, bootstrap, parcel, error);
  if (started)
    carried = g_steal_pointer (&priv->carried);
  g_mutex_unlock (&priv->mutex);

  if (started)
    g_object_notify (G_OBJECT (self), "pid");
  return started;
}

/* -- signals ------------------------------------------------------------------------------------
 */

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
