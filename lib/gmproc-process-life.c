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
#include "internal/trace.h"
#include "port/port.h"

/* How long another program may take to come to its gmproc_init(). */
#define DEFAULT_START_TIMEOUT (1 * G_TIME_SPAN_SECOND)

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

  gmproc_trace_mark ("process", priv->name, "exit-code", gmproc_process_get_exit_code (self));
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
  if (priv->role != GMPROC_ROLE_CHILD || priv->child != NULL || priv->is_closed)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE, "%s was %s already", priv->name,
                   priv->is_closed ? "closed" : "started");
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

static gboolean
is_other_program (const GmprocProcessPrivate *priv)
{
  g_autofree char *own_path = NULL;

  if (priv->setup.executable == NULL)
    return FALSE;
  own_path = gmproc_port_self_get_path (NULL);
  return g_strcmp0 (priv->setup.executable, own_path) != 0;
}

static GBytes *
write_bootstrap (GmprocProcess *self, GmprocParcel *parcel, GmprocInbox **ret_inbox, GError **error)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GmprocInbox) inbox = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GmprocTies ties;
  /* The members are borrowed, so this one is not freed. */
  GmprocBootstrap bootstrap = { .parent_pid = gmproc_port_self_get_pid (),
                                .parent_name = (char *) gmproc_process_get_name (
                                    gmproc_process_get_current ()),
                                .name = priv->name,
                                .identity = priv->identity,
                                .is_daemon = priv->daemon,
                                .start_method = gmproc_start_method_get_to_inherit (),
                                .args = priv->args,
                                .log_level = priv->setup.log_level,
                                .wants_hello = is_other_program (priv) };

  if (!gmproc_setup_check (&priv->setup, error) || !describe_target (self, &bootstrap, error))
    return NULL;
  properties = gmproc_properties_pack (G_OBJECT (self), GMPROC_TYPE_PROCESS, error);
  if (properties == NULL)
    return NULL;
  bootstrap.properties = properties;
  if (!gmproc_child_get_ties (&ties, error))
    return NULL;
  inbox = gmproc_inbox_new ();
  bootstrap.number = gmproc_inbox_get_number (inbox);
  bootstrap.lifeline = ties.lifeline;
  bootstrap.leash = priv->daemon ? ties.leash : GMPROC_PORT_NO_HANDLE;
  bootstrap.reports = ties.reports;

  bytes = gmproc_bootstrap_write (&bootstrap, parcel, error);
  if (bytes != NULL)
    *ret_inbox = g_steal_pointer (&inbox);
  return g_steal_pointer (&bytes);
}

/* Another program may know nothing of gmproc_init(), which only it can tell. */
static gint64
get_start_timeout (void)
{
  const char *text = g_getenv ("GMPROC_START_TIMEOUT");
  guint64 milliseconds;

  if (text != NULL && g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT, &milliseconds, NULL))
    return (gint64) milliseconds * G_TIME_SPAN_MILLISECOND;
  return DEFAULT_START_TIMEOUT;
}

/* FALSE: it has ended, or was ended, and was reaped. */
static gboolean
wait_until_it_is_there (GmprocChild *child, GmprocInbox *inbox, const char *executable,
                        GError **error)
{
  gint64 timeout = get_start_timeout ();
  gint64 now = g_get_monotonic_time ();
  int exit_status = 0;

  if (gmproc_inbox_wait_for_hello (inbox, now + timeout))
    return TRUE;

  if (g_get_monotonic_time () - now >= timeout)
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED,
                 "%s did not call gmproc_init() within %" G_GINT64_FORMAT " ms: is it a program "
                 "with libgmproc?",
                 executable, timeout / G_TIME_SPAN_MILLISECOND);
  gmproc_child_kill (child);
  (void) gmproc_child_wait (child, GMPROC_PORT_FOREVER, NULL, NULL);
  (void) gmproc_child_has_exited (child, &exit_status);
  if (error != NULL && *error == NULL)
    g_set_error (
        error, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED,
        "%s ended with exit code %d and did not call gmproc_init() before: is it a program "
        "with libgmproc?",
        executable, exit_status);
  return FALSE;
}

/* Starts the process, and if it is another program waits until it is there. */
static GmprocChild *
start_child (GmprocProcess *self, GmprocChildOptions *options, GmprocInbox **inbox, GError **error)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_auto (GmprocOpenStreams) opened = GMPROC_OPEN_STREAMS_INIT;
  GmprocInbox *borrowed = *inbox;
  GmprocChild *child;

  if (!gmproc_setup_open_streams (&priv->setup, &opened, error))
    return NULL;
  options->port.streams = opened.streams;
  child = gmproc_child_start (options, error);
  if (child == NULL)
    return NULL;

  *inbox = NULL;
  if (options->is_on_trial
      && !wait_until_it_is_there (child, borrowed, options->port.executable, error))
    {
      gmproc_child_unref (child);
      return NULL;
    }
  gmproc_setup_take_streams (&priv->setup, &opened);
  return child;
}

static gboolean
start_locked (GmprocProcess *self, GBytes *bootstrap, GmprocParcel *parcel, GmprocInbox **inbox,
              GError **error)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_autofree char *own_path = NULL;
  GmprocChildOptions options;
  gint64 traced;

  /* Another thread may have started it since it was asked first. */
  if (!check_can_start_locked (self, error))
    return FALSE;
  own_path = gmproc_port_self_get_path (error);
  if (own_path == NULL)
    return FALSE;

  options = (GmprocChildOptions){
    .port = { .executable = priv->setup.executable != NULL ? priv->setup.executable : own_path,
              .label = priv->name,
              .bootstrap = bootstrap,
              .environment = (const char *const *) priv->setup.environment,
              .working_directory = priv->setup.working_directory,
              .ends_with_parent = priv->daemon },
    .is_daemon = priv->daemon,
    .is_on_trial = is_other_program (priv),
    .inbox = *inbox,
    .owner = G_OBJECT (self),
    .exited = on_exited,
    .user_data = self
  };
  if (!gmproc_start_method_find (self, &options.port.method, error))
    return FALSE;
  options.port.handles = gmproc_parcel_get_handles (parcel, &options.port.n_handles);
  priv->exited_context = g_main_context_ref_thread_default ();
  traced = gmproc_trace_begin ();
  priv->child = start_child (self, &options, inbox, error);
  gmproc_trace_end (traced, "process", "start", "pid",
                    priv->child != NULL ? gmproc_child_get_pid (priv->child) : 0);
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
 * %GMPROC_ERROR_BAD_TYPE for a property that cannot travel; %G_IO_ERROR_NOT_FOUND or
 * %G_IO_ERROR_PERMISSION_DENIED for a program that is not there or is none, see
 * gmproc_process_set_executable() for one that is not a program of this library;
 * %G_IO_ERROR_INVALID_ARGUMENT for an environment that is none, or if `GMPROC_START_METHOD` names
 * no start method; %G_IO_ERROR_NOT_SUPPORTED for a start method that the system has not; what the
 * system says if it cannot start a process. After an error nothing was started, and it can be tried
 * again.
 *
 * Returns: whether it was started
 * Since: 1.0
 */
gboolean
gmproc_process_start (GmprocProcess *self, GError **error)
{
  GmprocProcessPrivate *priv;
  g_autoptr (GmprocProcess) guard = NULL;
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GBytes) bootstrap = NULL;
  g_autoptr (GmprocInbox) inbox = NULL;
  g_autoptr (GPtrArray) carried = NULL;
  gboolean can_start, started;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  /* The end of a child that is given up drops the reference of the list. */
  guard = g_object_ref (self);
  priv = gmproc_process_get_private (self);
  g_mutex_lock (&priv->mutex);
  can_start = check_can_start_locked (self, error);
  g_mutex_unlock (&priv->mutex);
  if (!can_start)
    return FALSE;

  /* Without the mutex: this calls the getters of a subclass, which may ask for the process id. */
  bootstrap = write_bootstrap (self, parcel, &inbox, error);
  if (bootstrap == NULL)
    return FALSE;

  g_mutex_lock (&priv->mutex);
  started = start_locked (self, bootstrap, parcel, &inbox, error);
  if (started)
    carried = g_steal_pointer (&priv->carried);
  g_mutex_unlock (&priv->mutex);

  if (!started)
    return FALSE;

  gmproc_child_end_trial (priv->child);
  g_object_notify (G_OBJECT (self), "pid");
  return TRUE;
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
