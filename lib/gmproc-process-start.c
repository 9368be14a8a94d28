/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * From an object to a process that runs.
 *
 * Start names what the child is to run, packs the arguments and the properties, collects the
 * handles of the objects that these name, and hands all of it to the system. It either does
 * everything or leaves nothing behind, and the object can be started again.
 *
 * The first half calls into the program (getters of a subclass) and is done by the caller's thread;
 * the second half takes the system's time, and an asynchronous start leaves it to a thread.
 *
 * Neither holds the object's lock, so that whoever asks the object something meanwhile has the
 * answer at once. What keeps two starts, a close and the setters from each other is `is_starting`.
 * Until the start has succeeded the object is one that was not started, and of the end of its child
 * it is told only when it holds the child (internal/child.h).
 */
#include "config.h"

#include "gmproc-process-private.h"

#include "gmproc-error.h"
#include "internal/command.h"
#include "internal/properties.h"
#include "internal/registry.h"
#include "internal/shareable.h"
#include "internal/trace.h"
#include "port/port.h"

/* How long another program may take to come to its gmproc_init(). */
#define DEFAULT_START_TIMEOUT (1 * G_TIME_SPAN_SECOND)

typedef struct
{
  GmprocProcess *process; /* a reference: the end of a child that is given up drops the list's */
  char *label;            /* the name, which may be changed while it is started */
  gboolean is_other;      /* another program, which is waited for */
  GMainContext *context;  /* for "exited" */
  GmprocParcel *parcel;
  GBytes *bootstrap;
  GmprocInbox *inbox; /* until a child has taken it */
} Start;

static void
start_free (Start *start)
{
  g_free (start->label);
  g_clear_pointer (&start->inbox, gmproc_inbox_free);
  g_clear_pointer (&start->bootstrap, g_bytes_unref);
  g_clear_pointer (&start->parcel, gmproc_parcel_free);
  g_clear_pointer (&start->context, g_main_context_unref);
  g_clear_object (&start->process);
  g_free (start);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Start, start_free)

/* -- what the child is told ---------------------------------------------------------------------
 */

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
  if (priv->role != GMPROC_ROLE_CHILD || priv->child != NULL || priv->is_closed
      || priv->is_starting)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE, "%s %s already", priv->name,
                   priv->is_closed     ? "was closed"
                   : priv->is_starting ? "is being started"
                                       : "was started");
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

  if (priv->target_name != NULL)
    {
      const GmprocTargetInfo *info = gmproc_registry_find_target (priv->target_name, error);

      if (info == NULL)
        return FALSE;
      bootstrap->target = (char *) info->name;
    }
  else if (priv->target != NULL || !is_overridden)
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
write_bootstrap (Start *start, GError **error)
{
  GmprocProcess *self = start->process;
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
                                .wants_hello = start->is_other };

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

  bytes = gmproc_bootstrap_write (&bootstrap, start->parcel, error);
  if (bytes == NULL)
    return NULL;
  gmproc_inbox_hold_pledges (inbox, gmproc_shareable_make_pledges (start->parcel));
  start->inbox = g_steal_pointer (&inbox);
  return g_steal_pointer (&bytes);
}

/* -- the start itself ---------------------------------------------------------------------------
 */

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
                        GCancellable *cancellable, GError **error)
{
  gint64 timeout = get_start_timeout ();
  gint64 deadline = g_get_monotonic_time () + timeout;
  gboolean has_ended;
  int exit_status = 0;

  if (gmproc_inbox_wait_for_hello (inbox, deadline, cancellable))
    return TRUE;

  has_ended = g_get_monotonic_time () < deadline;
  gmproc_child_give_up (child);
  (void) gmproc_child_has_exited (child, &exit_status);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (has_ended)
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED,
                 "%s ended with exit code %d and did not call gmproc_init() before: is it a "
                 "program with libgmproc?",
                 executable, exit_status);
  else
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED,
                 "%s did not call gmproc_init() within %" G_GINT64_FORMAT " ms: is it a program "
                 "with libgmproc?",
                 executable, timeout / G_TIME_SPAN_MILLISECOND);
  return FALSE;
}

/* Starts the process, and if it is another program waits until it is there. */
static GmprocChild *
start_child (Start *start, const GmprocChildOptions *options, GCancellable *cancellable,
             GError **error)
{
  GmprocChild *child = gmproc_child_start (options, error);

  if (child == NULL)
    return NULL;
  start->inbox = NULL; /* the child's now */
  if (!start->is_other
      || wait_until_it_is_there (child, options->inbox, options->port.executable, cancellable,
                                 error))
    return child;
  gmproc_child_unref (child);
  return NULL;
}

/* What of the process is read here does not change while it is being started. */
static GmprocChild *
start_process (Start *start, GCancellable *cancellable, GError **error)
{
  GmprocProcess *self = start->process;
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_auto (GmprocOpenStreams) opened = GMPROC_OPEN_STREAMS_INIT;
  g_autofree char *own_path = NULL;
  GmprocChildOptions options;
  GmprocChild *child;
  gint64 traced;

  own_path = gmproc_port_self_get_path (error);
  if (own_path == NULL)
    return NULL;

  options = (GmprocChildOptions){
    .port = { .executable = priv->setup.executable != NULL ? priv->setup.executable : own_path,
              .label = start->label,
              .bootstrap = start->bootstrap,
              .environment = (const char *const *) priv->setup.environment,
              .working_directory = priv->setup.working_directory,
              .ends_with_parent = priv->daemon,
              .streams = opened.streams,
              .cancellable = cancellable },
    .is_daemon = priv->daemon,
    .inbox = start->inbox,
    .owner = G_OBJECT (self),
    .exited = gmproc_process_on_exited,
    .user_data = self
  };
  if (!gmproc_start_method_find (self, &options.port.method, error)
      || (!start->is_other && !gmproc_command_get (&options.port.command, error))
      || !gmproc_setup_open_streams (&priv->setup, &opened, error))
    return NULL;
  options.port.handles = gmproc_parcel_get_handles (start->parcel, &options.port.n_handles);
  traced = gmproc_trace_begin ();
  child = start_child (start, &options, cancellable, error);
  gmproc_trace_end (traced, "process", "start", "pid",
                    child != NULL ? gmproc_child_get_pid (child) : 0);
  if (child != NULL)
    gmproc_setup_take_streams (&priv->setup, &opened);
  return child;
}

/* With what came of it: CHILD may be NULL. Its end is told only when the object holds it. */
static void
end_starting (GmprocProcess *self, GmprocChild *child, GMainContext *exited_context)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_autoptr (GPtrArray) carried = NULL;

  g_mutex_lock (&priv->mutex);
  priv->is_starting = FALSE;
  if (child != NULL)
    {
      priv->child = child;
      priv->exited_context = g_main_context_ref (exited_context);
      carried = g_steal_pointer (&priv->carried);
    }
  g_mutex_unlock (&priv->mutex);

  if (child != NULL)
    gmproc_child_end_trial (child);
}

/* All that the caller's thread has to do, and nothing that takes the system's time. */
static Start *
start_new (GmprocProcess *self, GError **error)
{
  g_autoptr (Start) start = NULL;
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&priv->mutex);

  if (!check_can_start_locked (self, error))
    return NULL;
  priv->is_starting = TRUE;
  g_clear_pointer (&locker, g_mutex_locker_free);

  start = g_new0 (Start, 1);
  start->process = g_object_ref (self);
  start->label = g_strdup (priv->name);
  start->is_other = is_other_program (priv);
  start->context = g_main_context_ref_thread_default ();
  start->parcel = gmproc_parcel_new ();
  /* Without the mutex: this calls the getters of a subclass, which may ask for the process id. */
  start->bootstrap = write_bootstrap (start, error);
  if (start->bootstrap != NULL)
    return g_steal_pointer (&start);
  end_starting (self, NULL, NULL);
  return NULL;
}

/* The rest, which any thread may do. A cancel that came before it leaves nothing behind either. */
static gboolean
start_carry_out (Start *start, GCancellable *cancellable, GError **error)
{
  GmprocChild *child = NULL;

  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    child = start_process (start, cancellable, error);
  end_starting (start->process, child, start->context);
  return child != NULL;
}

/* -- public -------------------------------------------------------------------------------------
 */

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
 * target or type without a name; %GMPROC_ERROR_BAD_STATE if it was started before or is just being
 * started, or while this process ends; %GMPROC_ERROR_BAD_HANDLE for a handle in the args that is
 * nobody's; %GMPROC_ERROR_BAD_TYPE for a property that cannot travel; %G_IO_ERROR_NOT_FOUND or
 * %G_IO_ERROR_PERMISSION_DENIED for a program that is not there or is none, see
 * gmproc_process_set_executable() for one that is not a program of this library;
 * %G_IO_ERROR_INVALID_ARGUMENT for an environment that is none, or if `GMPROC_START_METHOD` names
 * no start method; %G_IO_ERROR_NOT_SUPPORTED for a start method that the system has not;
 * %G_IO_ERROR_TOO_MANY_OPEN_FILES if the handles are more than the limit; what the system says if
 * it cannot start a process. After an error nothing was started, and it can be tried again.
 *
 * Returns: whether it was started
 * Since: 1.0
 */
gboolean
gmproc_process_start (GmprocProcess *self, GError **error)
{
  g_autoptr (Start) start = NULL;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  start = start_new (self, error);
  if (start == NULL || !start_carry_out (start, NULL, error))
    return FALSE;

  g_object_notify (G_OBJECT (self), "pid");
  return TRUE;
}

static void
start_in_thread (GTask *task, G_GNUC_UNUSED gpointer object, gpointer data,
                 GCancellable *cancellable)
{
  GError *error = NULL;

  if (start_carry_out (data, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* In the caller's context: the news is for those who live there. DATA is the caller's task. */
static void
on_started (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      gmproc_process_let_exited_go (GMPROC_PROCESS (object));
      g_task_return_error (task, error);
      return;
    }
  g_object_notify (object, "pid");
  g_task_return_boolean (task, TRUE);
  gmproc_process_let_exited_go (GMPROC_PROCESS (object));
}

/**
 * gmproc_process_start_async:
 * @self: a process that was not started
 * @cancellable: (nullable): to give the start up
 * @callback: (scope async) (closure user_data): called when the process exists, or at an error
 * @user_data: for @callback
 *
 * Starts the process without waiting for the system. What it is started with is taken before this
 * returns, as gmproc_process_start() would. The callback and #GmprocProcess::exited run in the main
 * context that is the caller's thread default, in this order.
 *
 * No other call waits for the start either. Until the process exists and is sure to be a program of
 * this library, the object is one that was not started: it is not alive, has no id and is in no
 * list; joining it, waiting for it, signalling it, closing it and starting it again are
 * %GMPROC_ERROR_BAD_STATE. That may be over shortly before the callback.
 *
 * What gives a start up is @cancellable. A cancel that comes before the process exists, or while it
 * is not sure that it is a program of this library, leaves nothing behind. One that comes later has
 * no effect.
 *
 * Since: 1.0
 */
void
gmproc_process_start_async (GmprocProcess *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  g_autoptr (GTask) work = NULL;
  Start *start;
  GError *error = NULL;

  g_return_if_fail (GMPROC_IS_PROCESS (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, gmproc_process_start_async);
  g_task_set_check_cancellable (task, FALSE); /* the process may exist all the same */
  start = start_new (self, &error);
  if (start == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  gmproc_process_hold_exited (self);
  work = g_task_new (self, cancellable, on_started, task);
  g_task_set_check_cancellable (work, FALSE);
  g_task_set_task_data (work, start, (GDestroyNotify) start_free);
  g_task_run_in_thread (work, start_in_thread);
}

/**
 * gmproc_process_start_finish:
 * @self: a process
 * @result: what the callback was given
 * @error: return location
 *
 * Errors: as gmproc_process_start(); %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether it was started
 * Since: 1.0
 */
gboolean
gmproc_process_start_finish (GmprocProcess *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
