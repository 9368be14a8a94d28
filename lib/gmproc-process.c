/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocProcess: a process, seen from the one that made it, from itself, and from its children.
 *
 * The same class stands for three things, told apart by `role`:
 *
 *   CHILD    Made by gmproc_process_new(); initial → started → stopped. Owned by its users and,
 *            while the process runs, by the list of children (internal/child.h).
 *   CURRENT  The process that we are. One, made by gmproc_init(), never freed.
 *   PARENT   The process that started us, in a child. One, never freed. All that we know of it is
 *            what it sent, and whether its lifeline is broken.
 *
 * Threads: all functions may be called from any thread, except that the properties are to be set
 * before start by the thread that made the object. `child` is written once, by start, under the
 * object's lock.
 *
 * Deaths: a child that ends for any reason is seen by the reaper, and join returns. A parent that
 * ends for any reason is seen by its daemons through the lifeline, and each ends itself. An
 * ordinary child lives on.
 *
 * The "exited" signal: the reaper attaches a source to the context that was the thread default of
 * the one who called start. The source holds the object weakly, and the object destroys it in
 * dispose; a program that never runs that context leaks nothing.
 */
#include "config.h"

#include "gmproc-process-private.h"

#include <stdlib.h>

#include "gmproc-error.h"
#include "internal/child.h"
#include "internal/codec.h"
#include "internal/deadline.h"
#include "internal/properties.h"
#include "internal/registry.h"
#include "port/port.h"

/* What every system passes on whole. */
#define LARGEST_EXIT_STATUS (255)

typedef enum
{
  ROLE_CHILD,
  ROLE_CURRENT,
  ROLE_PARENT
} Role;

typedef struct
{
  Role role;
  char *name;
  char *identity; /* "2", or "2:1" in a child */
  gboolean daemon;
  GVariant *args;
  GPtrArray *carried; /* the objects that args names; from construction until start */
  GmprocTarget target;
  gint64 pid;

  GMutex mutex;
  GmprocChild *child;           /* under the mutex; NULL until started */
  GMainContext *exited_context; /* set before the child can exit */
  GSource *exited_source;       /* under the mutex */

  /* Set before start, see gmproc_process_set_exit_notify(). */
  void (*exit_notify) (gpointer);
  gpointer exit_data;
  GDestroyNotify exit_destroy;
} GmprocProcessPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (GmprocProcess, gmproc_process, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_NAME,
  PROP_DAEMON,
  PROP_ARGS,
  PROP_PID,
  PROP_EXIT_CODE,
  PROP_ALIVE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];
static guint exited_signal;

static GmprocProcess *current; /* NULL until gmproc_init() */
static GmprocProcess *parent;
static gintptr parent_lifeline = GMPROC_PORT_NO_HANDLE;

static inline GmprocProcessPrivate *
get_private (GmprocProcess *self)
{
  return gmproc_process_get_instance_private (self);
}

static GmprocChild *
get_child (GmprocProcess *self)
{
  GmprocProcessPrivate *priv = get_private (self);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&priv->mutex);

  return priv->child;
}

/* -- class ----------------------------------------------------------------------------------- */

static int
gmproc_process_real_run (GmprocProcess *self, GError **error)
{
  GmprocProcessPrivate *priv = get_private (self);

  if (priv->target != NULL)
    return priv->target (priv->args);

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED,
               "%s has no target, and %s does not override run", priv->name,
               G_OBJECT_TYPE_NAME (self));
  return EXIT_FAILURE;
}

static void
gmproc_process_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GmprocProcess *self = GMPROC_PROCESS (object);
  GmprocProcessPrivate *priv = get_private (self);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, priv->name);
      break;
    case PROP_DAEMON:
      g_value_set_boolean (value, priv->daemon);
      break;
    case PROP_ARGS:
      g_value_set_variant (value, priv->args);
      break;
    case PROP_PID:
      g_value_set_int64 (value, gmproc_process_get_pid (self));
      break;
    case PROP_EXIT_CODE:
      g_value_set_int (value, gmproc_process_get_exit_code (self));
      break;
    case PROP_ALIVE:
      g_value_set_boolean (value, gmproc_process_is_alive (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
gmproc_process_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GmprocProcess *self = GMPROC_PROCESS (object);
  GmprocProcessPrivate *priv = get_private (self);

  switch (prop_id)
    {
    case PROP_NAME:
      if (g_value_get_string (value) != NULL)
        gmproc_process_set_name (self, g_value_get_string (value));
      break;
    case PROP_DAEMON:
      gmproc_process_set_daemon (self, g_value_get_boolean (value));
      break;
    case PROP_ARGS:
      priv->args = g_value_dup_variant (value);
      if (priv->args != NULL && gmproc_codec_may_hold_handles (priv->args))
        priv->carried = gmproc_codec_list_objects (priv->args);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
gmproc_process_constructed (GObject *object)
{
  static int n_made;
  GmprocProcessPrivate *priv = get_private (GMPROC_PROCESS (object));

  G_OBJECT_CLASS (gmproc_process_parent_class)->constructed (object);

  /* The current process and the parent get their identity afterwards. */
  if (current != NULL)
    {
      const char *prefix = get_private (current)->identity;
      int number = g_atomic_int_add (&n_made, 1) + 1;

      priv->identity = prefix != NULL ? g_strdup_printf ("%s:%d", prefix, number)
                                      : g_strdup_printf ("%d", number);
    }
  if (priv->name == NULL)
    {
      gboolean is_plain = G_OBJECT_TYPE (object) == GMPROC_TYPE_PROCESS;

      priv->name = g_strdup_printf ("%s-%s", is_plain ? "Process" : G_OBJECT_TYPE_NAME (object),
                                    priv->identity != NULL ? priv->identity : "0");
    }
}

static void
gmproc_process_dispose (GObject *object)
{
  GmprocProcessPrivate *priv = get_private (GMPROC_PROCESS (object));

  g_mutex_lock (&priv->mutex);
  if (priv->exited_source != NULL)
    g_source_destroy (priv->exited_source);
  g_clear_pointer (&priv->exited_source, g_source_unref);
  g_mutex_unlock (&priv->mutex);

  G_OBJECT_CLASS (gmproc_process_parent_class)->dispose (object);
}

static void
gmproc_process_finalize (GObject *object)
{
  GmprocProcessPrivate *priv = get_private (GMPROC_PROCESS (object));

  g_free (priv->name);
  g_free (priv->identity);
  g_clear_pointer (&priv->args, g_variant_unref);
  g_clear_pointer (&priv->carried, g_ptr_array_unref);
  g_clear_pointer (&priv->child, gmproc_child_unref);
  g_clear_pointer (&priv->exited_context, g_main_context_unref);
  if (priv->exit_destroy != NULL)
    priv->exit_destroy (priv->exit_data);
  g_mutex_clear (&priv->mutex);

  G_OBJECT_CLASS (gmproc_process_parent_class)->finalize (object);
}

static void
gmproc_process_class_init (GmprocProcessClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = gmproc_process_get_property;
  object_class->set_property = gmproc_process_set_property;
  object_class->constructed = gmproc_process_constructed;
  object_class->dispose = gmproc_process_dispose;
  object_class->finalize = gmproc_process_finalize;
  klass->run = gmproc_process_real_run;

  /**
   * GmprocProcess:name:
   *
   * What messages, ps and a debugger call the process. It need not be unique. By default
   * `Process-N`, or the name of the subclass and `-N`, where N counts the processes made here.
   *
   * Since: 1.0
   */
  props[PROP_NAME] =
      g_param_spec_string ("name", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * GmprocProcess:daemon:
   *
   * Whether the process ends with the one that started it. By default what the current process is.
   * Can be set until the process is started.
   *
   * Since: 1.0
   */
  props[PROP_DAEMON] =
      g_param_spec_boolean ("daemon", NULL, NULL, FALSE,
                            G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * GmprocProcess:args:
   *
   * What the target gets. Objects that it names by their handles are kept until the start.
   *
   * Since: 1.0
   */
  props[PROP_ARGS] =
      g_param_spec_variant ("args", NULL, NULL, G_VARIANT_TYPE_ANY, NULL,
                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * GmprocProcess:pid:
   *
   * The id of the process, 0 before it is started.
   *
   * Since: 1.0
   */
  props[PROP_PID] = g_param_spec_int64 ("pid", NULL, NULL, 0, G_MAXINT64, 0,
                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * GmprocProcess:exit-code:
   *
   * See gmproc_process_get_exit_code().
   *
   * Since: 1.0
   */
  props[PROP_EXIT_CODE] = g_param_spec_int ("exit-code", NULL, NULL, G_MININT, G_MAXINT, G_MININT,
                                            G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * GmprocProcess:alive:
   *
   * See gmproc_process_is_alive().
   *
   * Since: 1.0
   */
  props[PROP_ALIVE] =
      g_param_spec_boolean ("alive", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * GmprocProcess::exited:
   * @self: the process
   * @exit_code: as from gmproc_process_get_exit_code()
   *
   * The process has ended. Emitted once, by the main context that was the thread default of the
   * caller of gmproc_process_start().
   *
   * Since: 1.0
   */
  exited_signal = g_signal_new ("exited", GMPROC_TYPE_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, G_TYPE_INT);
}

static void
gmproc_process_init (GmprocProcess *self)
{
  GmprocProcessPrivate *priv = get_private (self);

  g_mutex_init (&priv->mutex);
  priv->daemon = current != NULL && get_private (current)->daemon;
}

/* -- start ----------------------------------------------------------------------------------- */

static void
weak_ref_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static gboolean
emit_exited (gpointer user_data)
{
  g_autoptr (GmprocProcess) self = g_weak_ref_get (user_data);

  if (self != NULL)
    g_signal_emit (self, exited_signal, 0, gmproc_process_get_exit_code (self));
  return G_SOURCE_REMOVE;
}

/* In the reaper; the list of children holds a reference on us. */
static void
on_exited (gpointer user_data)
{
  GmprocProcess *self = user_data;
  GmprocProcessPrivate *priv = get_private (self);
  GWeakRef *weak = g_new0 (GWeakRef, 1);
  GSource *source = g_idle_source_new ();

  g_weak_ref_init (weak, self);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, emit_exited, weak, weak_ref_free);
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
  GmprocProcessPrivate *priv = get_private (self);

  priv->exit_notify = notify;
  priv->exit_data = user_data;
  priv->exit_destroy = destroy;
}

static gboolean
check_can_start (GmprocProcess *self, GError **error)
{
  GmprocProcessPrivate *priv = get_private (self);

  if (current == NULL)
    {
      g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_NOT_INITIALIZED,
                           "gmproc_init() was not called at the start of main(): a child could "
                           "not become its target and would run main() again");
      return FALSE;
    }
  if (priv->role != ROLE_CHILD || priv->child != NULL)
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
  GmprocProcessPrivate *priv = get_private (self);
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
  GmprocProcessPrivate *priv = get_private (self);
  g_autoptr (GVariant) properties = NULL;
  /* The members are borrowed, so this one is not freed. */
  GmprocBootstrap bootstrap = { .parent_pid = gmproc_port_self_get_pid (),
                                .parent_name = get_private (current)->name,
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
start_locked (GmprocProcess *self, GError **error)
{
  GmprocProcessPrivate *priv = get_private (self);
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GBytes) bootstrap = NULL;
  g_autofree char *executable = NULL;
  GmprocChildOptions options;

  if (!check_can_start (self, error))
    return FALSE;
  executable = gmproc_port_self_get_path (error);
  if (executable == NULL)
    return FALSE;
  bootstrap = write_bootstrap (self, parcel, error);
  if (bootstrap == NULL)
    return FALSE;

  options = (GmprocChildOptions){ .executable = executable,
                                  .label = priv->name,
                                  .bootstrap = bootstrap,
                                  .is_daemon = priv->daemon,
                                  .owner = G_OBJECT (self),
                                  .exited = on_exited,
                                  .user_data = self };
  options.handles = gmproc_parcel_get_handles (parcel, &options.n_handles);
  priv->exited_context = g_main_context_ref_thread_default ();
  priv->child = gmproc_child_start (&options, error);
  if (priv->child == NULL)
    {
      g_clear_pointer (&priv->exited_context, g_main_context_unref);
      return FALSE;
    }
  return TRUE;
}

/* -- the process that we are ----------------------------------------------------------------- */

static GmprocProcess *
make_role (Role role, GType type, GVariant *properties, const char *name, const char *identity,
           gint64 pid, GError **error)
{
  GObject *object = gmproc_properties_unpack (type, properties, error);
  GmprocProcessPrivate *priv;

  if (object == NULL)
    return NULL;

  priv = get_private (GMPROC_PROCESS (object));
  priv->role = role;
  g_free (priv->name);
  priv->name = g_strdup (name);
  g_free (priv->identity);
  priv->identity = g_strdup (identity);
  priv->pid = pid;
  return GMPROC_PROCESS (object);
}

void
gmproc_process_init_main (void)
{
  current = make_role (ROLE_CURRENT, GMPROC_TYPE_PROCESS, NULL, "MainProcess", NULL,
                       gmproc_port_self_get_pid (), NULL);
}

/* The lifeline breaks when the parent is gone, however it went and whichever of its threads started
 * us. Nothing of this process is run or flushed any more: that may block, and has nobody to serve.
 */
static gpointer
watch_lifeline (G_GNUC_UNUSED gpointer data)
{
  gmproc_port_lifeline_wait (parent_lifeline);
  gmproc_port_self_end (EXIT_FAILURE);
}

static gboolean
become_child (GmprocBootstrap *bootstrap, GError **error)
{
  GType type = GMPROC_TYPE_PROCESS;
  GmprocTarget target = NULL;
  GmprocProcessPrivate *priv;

  if (bootstrap->type != NULL)
    type = gmproc_registry_find_type (bootstrap->type, error);
  if (type == G_TYPE_INVALID)
    return FALSE;
  if (bootstrap->target != NULL)
    {
      target = gmproc_registry_find_target (bootstrap->target, error);
      if (target == NULL)
        return FALSE;
    }

  parent = make_role (ROLE_PARENT, GMPROC_TYPE_PROCESS, NULL, bootstrap->parent_name, NULL,
                      bootstrap->parent_pid, error);
  current = make_role (ROLE_CURRENT, type, bootstrap->properties, bootstrap->name,
                       bootstrap->identity, gmproc_port_self_get_pid (), error);
  if (current == NULL)
    return FALSE;

  priv = get_private (current);
  priv->daemon = bootstrap->is_daemon;
  priv->args = g_steal_pointer (&bootstrap->args);
  priv->target = target;
  return TRUE;
}

int
gmproc_process_run_child (GmprocBootstrap *bootstrap)
{
  g_autoptr (GError) error = NULL;
  int status = EXIT_FAILURE;

  gmproc_port_self_set_title (bootstrap->name);
  parent_lifeline = bootstrap->lifeline;
  bootstrap->lifeline = GMPROC_PORT_NO_HANDLE;
  if (bootstrap->is_daemon)
    g_thread_unref (g_thread_new ("gmproc-lifeline", watch_lifeline, NULL));

  if (become_child (bootstrap, &error))
    status = GMPROC_PROCESS_GET_CLASS (current)->run (current, &error);
  if (error == NULL && status >= 0 && status <= LARGEST_EXIT_STATUS)
    return status;

  if (error == NULL)
    g_set_error (&error, GMPROC_ERROR, GMPROC_ERROR_FAILED,
                 "The target returned %d, which is no exit status (0 to %d)", status,
                 LARGEST_EXIT_STATUS);
  g_printerr ("%s: %s\n", bootstrap->name, error->message);
  return EXIT_FAILURE;
}

/* -- public ---------------------------------------------------------------------------------- */

/**
 * gmproc_process_new:
 * @target: (scope forever): a function made with GMPROC_DEFINE_TARGET()
 * @args: (nullable): what to give to it; sunk if floating. Objects go as their handles.
 *
 * Makes a process that will run @target. It does not start it, and does not check @target yet.
 *
 * The class is what `multiprocessing.Process` is in Python.
 *
 * Returns: (transfer full): a new process
 * Since: 1.0
 */
GmprocProcess *
gmproc_process_new (GmprocTarget target, GVariant *args)
{
  g_autoptr (GVariant) sunk = args != NULL ? g_variant_ref_sink (args) : NULL;
  GmprocProcess *self = g_object_new (GMPROC_TYPE_PROCESS, "args", sunk, NULL);

  get_private (self)->target = target;
  return self;
}

/**
 * gmproc_process_start:
 * @self: a process that was not started
 * @error: return location
 *
 * Starts the process: this program is run again, and becomes its target in gmproc_init(). Returns
 * when the process exists; it may not have come to its target yet. A process can be started once.
 *
 * The objects that the args and the properties name are handed over, and this object lets go of
 * them: the child has its own.
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
  g_autoptr (GPtrArray) carried = NULL;
  gboolean started;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  priv = get_private (self);
  g_mutex_lock (&priv->mutex);
  started = start_locked (self, error);
  if (started)
    carried = g_steal_pointer (&priv->carried);
  g_mutex_unlock (&priv->mutex);

  if (started)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PID]);
  return started;
}

/* The child behind SELF, or NULL with an error that says why nothing can be done to it. */
static GmprocChild *
get_started_child (GmprocProcess *self, const char *what, GError **error)
{
  GmprocChild *child = get_child (self);

  if (child == NULL)
    g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE, "Cannot %s %s: %s", what,
                 get_private (self)->name,
                 get_private (self)->role == ROLE_CHILD ? "it was not started"
                                                        : "it is no child of this process");
  return child;
}

/**
 * gmproc_process_join:
 * @self: a child of this process
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits until the process has ended. Needs no main loop; any number of threads may wait.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED; %GMPROC_ERROR_BAD_STATE if it was not
 * started or is no child of this process.
 *
 * Returns: whether it has ended
 * Since: 1.0
 */
gboolean
gmproc_process_join (GmprocProcess *self, gint64 timeout, GCancellable *cancellable, GError **error)
{
  g_autoptr (GmprocProcess) guard = NULL;
  GmprocChild *child;
  gint64 deadline;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error))
    return FALSE;
  child = get_started_child (self, "join", error);
  if (child == NULL)
    return FALSE;

  /* The list of children may hold the last reference, and the wait ends with a sweep of it. */
  guard = g_object_ref (self);
  return gmproc_child_wait (child, deadline, cancellable, error);
}

static gboolean
send_signal (GmprocProcess *self, const char *what, void (*send) (GmprocChild *), GError **error)
{
  GmprocChild *child = get_started_child (self, what, error);

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

/**
 * gmproc_process_is_alive:
 * @self: a process
 *
 * Whether the process was started and has not ended. Works for the current process and its parent
 * too.
 *
 * Returns: whether it runs
 * Since: 1.0
 */
gboolean
gmproc_process_is_alive (GmprocProcess *self)
{
  GmprocChild *child;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  switch (get_private (self)->role)
    {
    case ROLE_CURRENT:
      return TRUE;
    case ROLE_PARENT:
      return !gmproc_port_lifeline_is_broken (parent_lifeline);
    case ROLE_CHILD:
    default:
      child = get_child (self);
      return child != NULL && !gmproc_child_has_exited (child, NULL);
    }
}

/**
 * gmproc_process_get_exit_code:
 * @self: a process
 *
 * How the process ended: its exit status, or -N if signal N ended it.
 *
 * Returns: the exit code, or %G_MININT as long as there is none
 * Since: 1.0
 */
int
gmproc_process_get_exit_code (GmprocProcess *self)
{
  GmprocChild *child;
  int exit_code = G_MININT;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), G_MININT);

  child = get_child (self);
  if (child != NULL)
    gmproc_child_has_exited (child, &exit_code);
  return exit_code;
}

/**
 * gmproc_process_get_pid:
 * @self: a process
 *
 * The id that the system gave to the process. After the process has ended the system may give it
 * to another one.
 *
 * Returns: the id, or 0 before it is started
 * Since: 1.0
 */
gint64
gmproc_process_get_pid (GmprocProcess *self)
{
  GmprocChild *child;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), 0);

  child = get_child (self);
  return child != NULL ? gmproc_child_get_pid (child) : get_private (self)->pid;
}

/**
 * gmproc_process_get_name:
 * @self: a process
 *
 * Returns: (transfer none): its name
 * Since: 1.0
 */
const char *
gmproc_process_get_name (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return get_private (self)->name;
}

/**
 * gmproc_process_set_name:
 * @self: a process
 * @name: any UTF-8 string; copied
 *
 * Names the process. The child has the name that was set when it was started.
 *
 * Since: 1.0
 */
void
gmproc_process_set_name (GmprocProcess *self, const char *name)
{
  GmprocProcessPrivate *priv;

  g_return_if_fail (GMPROC_IS_PROCESS (self));
  g_return_if_fail (name != NULL && g_utf8_validate (name, -1, NULL));

  priv = get_private (self);
  if (g_strcmp0 (priv->name, name) == 0)
    return;

  g_free (priv->name);
  priv->name = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NAME]);
}

/**
 * gmproc_process_get_daemon:
 * @self: a process
 *
 * Returns: whether the process ends with the one that started it
 * Since: 1.0
 */
gboolean
gmproc_process_get_daemon (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  return get_private (self)->daemon;
}

/**
 * gmproc_process_set_daemon:
 * @self: a process that was not started
 * @daemon: whether the process is to end with the one that starts it
 *
 * Since: 1.0
 */
void
gmproc_process_set_daemon (GmprocProcess *self, gboolean daemon)
{
  GmprocProcessPrivate *priv;

  g_return_if_fail (GMPROC_IS_PROCESS (self));
  priv = get_private (self);
  g_return_if_fail (priv->role == ROLE_CHILD && get_child (self) == NULL);

  daemon = !!daemon;
  if (priv->daemon == daemon)
    return;

  priv->daemon = daemon;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DAEMON]);
}

/**
 * gmproc_process_get_args:
 * @self: a process
 *
 * Returns: (transfer none) (nullable): what the target gets
 * Since: 1.0
 */
GVariant *
gmproc_process_get_args (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return get_private (self)->args;
}

/**
 * gmproc_process_to_string:
 * @self: a process
 *
 * Describes the process for a person: `<Process-1 initial>`, `<Process-1 started>` or
 * `<Process-1 stopped exit code -15>`, with ` daemon` before the end for a daemon.
 *
 * Returns: (transfer full): a string
 * Since: 1.0
 */
char *
gmproc_process_to_string (GmprocProcess *self)
{
  g_autofree char *state = NULL;
  GmprocProcessPrivate *priv;

  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  priv = get_private (self);
  if (gmproc_process_is_alive (self))
    state = g_strdup ("started");
  else if (priv->role == ROLE_PARENT)
    state = g_strdup ("stopped");
  else if (get_child (self) == NULL)
    state = g_strdup ("initial");
  else
    state = g_strdup_printf ("stopped exit code %d", gmproc_process_get_exit_code (self));

  return g_strdup_printf ("<%s %s%s>", priv->name, state, priv->daemon ? " daemon" : "");
}

/**
 * gmproc_process_get_current:
 *
 * The process that the caller runs in. In the main program it is named `MainProcess`.
 *
 * Returns: (transfer none) (nullable): the process, or %NULL before gmproc_init()
 * Since: 1.0
 */
GmprocProcess *
gmproc_process_get_current (void)
{
  return current;
}

/**
 * gmproc_process_get_parent:
 *
 * The process that started this one. It can be asked for its name and id, and whether it is alive.
 *
 * Returns: (transfer none) (nullable): the parent, or %NULL in the main program
 * Since: 1.0
 */
GmprocProcess *
gmproc_process_get_parent (void)
{
  return parent;
}

/**
 * gmproc_list_children:
 *
 * The children of this process that run, in the order in which they were started.
 *
 * Returns: (transfer full) (element-type GmprocProcess): the children
 * Since: 1.0
 */
GList *
gmproc_list_children (void)
{
  return gmproc_child_list_owners ();
}
