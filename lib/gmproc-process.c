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
 */
#include "config.h"

#include "gmproc-process-private.h"

#include <stdlib.h>

#include "gmproc-error.h"
#include "internal/codec.h"
#include "port/port.h"

/**
 * GmprocProcess:
 *
 * A process, seen from the one that made it, from itself, and from its children. In Python it is
 * `multiprocessing.Process`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocProcess, gmproc_process, G_TYPE_OBJECT,
                         G_ADD_PRIVATE (GmprocProcess)
                             G_IMPLEMENT_INTERFACE (GMPROC_TYPE_WAITABLE,
                                                    gmproc_process_waitable_init))

enum
{
  PROP_0,
  PROP_NAME,
  PROP_DAEMON,
  PROP_START_METHOD,
  PROP_ARGS,
  PROP_PID,
  PROP_EXIT_CODE,
  PROP_ALIVE,
  PROP_ERROR,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

GmprocProcessPrivate *
gmproc_process_get_private (GmprocProcess *self)
{
  return gmproc_process_get_instance_private (self);
}

GmprocChild *
gmproc_process_get_child (GmprocProcess *self)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&priv->mutex);

  return priv->child;
}

gboolean
gmproc_process_is_closed (GmprocProcess *self)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&priv->mutex);

  return priv->is_closed;
}

/* -- class ----------------------------------------------------------------------------------- */

int
gmproc_process_real_run (GmprocProcess *self, GError **error)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);

  if (priv->target_info != NULL)
    return gmproc_target_info_run (priv->target_info, priv->args, error);

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED,
               "%s has no target, and %s does not override run", priv->name,
               G_OBJECT_TYPE_NAME (self));
  return EXIT_FAILURE;
}

static void
gmproc_process_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  GmprocProcess *self = GMPROC_PROCESS (object);
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, priv->name);
      break;
    case PROP_DAEMON:
      g_value_set_boolean (value, priv->daemon);
      break;
    case PROP_START_METHOD:
      g_value_set_enum (value, (int) priv->start_method);
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
    case PROP_ERROR:
      g_value_set_boxed (value, gmproc_process_get_error (self));
      break;
    default:
      gmproc_process_get_setup_property (self, prop_id, value, pspec);
    }
}

static void
gmproc_process_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  GmprocProcess *self = GMPROC_PROCESS (object);
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);

  switch (prop_id)
    {
    case PROP_NAME:
      if (g_value_get_string (value) != NULL)
        gmproc_process_set_name (self, g_value_get_string (value));
      break;
    case PROP_DAEMON:
      gmproc_process_set_daemon (self, g_value_get_boolean (value));
      break;
    case PROP_START_METHOD:
      gmproc_process_set_start_method (self, (GmprocStartMethod) g_value_get_enum (value));
      break;
    case PROP_ARGS:
      priv->args = g_value_dup_variant (value);
      if (priv->args != NULL && gmproc_codec_may_hold_handles (priv->args))
        priv->carried = gmproc_codec_list_objects (priv->args);
      break;
    default:
      gmproc_process_set_setup_property (self, prop_id, value, pspec);
    }
}

/* "2", or "2:1" in a child: the prefix says whose child it is. */
static char *
make_identity (void)
{
  static int n_made;
  GmprocHeritage heritage;
  int number = g_atomic_int_add (&n_made, 1) + 1;

  gmproc_process_get_heritage (&heritage);
  return heritage.identity != NULL ? g_strdup_printf ("%s:%d", heritage.identity, number)
                                   : g_strdup_printf ("%d", number);
}

static void
gmproc_process_constructed (GObject *object)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (GMPROC_PROCESS (object));
  gboolean is_plain = G_OBJECT_TYPE (object) == GMPROC_TYPE_PROCESS;

  G_OBJECT_CLASS (gmproc_process_parent_class)->constructed (object);

  /* This process and its parent are not counted, and get the names that they have. */
  if (priv->role != GMPROC_ROLE_CHILD)
    return;
  priv->identity = make_identity ();
  if (priv->name == NULL)
    priv->name = g_strdup_printf ("%s-%s", is_plain ? "Process" : G_OBJECT_TYPE_NAME (object),
                                  priv->identity);
}

static void
gmproc_process_dispose (GObject *object)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (GMPROC_PROCESS (object));

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
  GmprocProcessPrivate *priv = gmproc_process_get_private (GMPROC_PROCESS (object));

  g_free (priv->name);
  g_free (priv->identity);
  g_free (priv->target_name);
  g_clear_pointer (&priv->args, g_variant_unref);
  g_clear_pointer (&priv->carried, g_ptr_array_unref);
  gmproc_setup_clear (&priv->setup);
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
   * GmprocProcess:start-method:
   *
   * How the process is started. Can be set until then.
   *
   * Since: 1.0
   */
  props[PROP_START_METHOD] = g_param_spec_enum (
      "start-method", NULL, NULL, GMPROC_TYPE_START_METHOD, GMPROC_START_METHOD_DEFAULT,
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

  /**
   * GmprocProcess:error:
   *
   * See gmproc_process_get_error().
   *
   * Since: 1.0
   */
  props[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR,
                                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, props);
  gmproc_process_install_setup_properties (object_class);

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
  g_signal_new ("exited", GMPROC_TYPE_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                1, G_TYPE_INT);
}

static void
gmproc_process_init (GmprocProcess *self)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  GmprocHeritage heritage;

  gmproc_process_get_heritage (&heritage);
  g_mutex_init (&priv->mutex);
  priv->role = gmproc_process_take_role ();
  priv->daemon = heritage.is_daemon;
  gmproc_setup_init (&priv->setup, heritage.log_level);
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

  gmproc_process_get_private (self)->target = target;
  return self;
}

/**
 * gmproc_process_new_by_name: (rename-to gmproc_process_new)
 * @target: the name that the target was registered with
 * @args: (nullable): what to give to it; sunk if floating. Objects go as their handles.
 *
 * Makes a process that will run @target, like gmproc_process_new(), for targets that have no
 * address: those of gmproc_register_target_full(). It takes every other registered target too. It
 * does not start the process, and does not look for @target yet.
 *
 * Returns: (transfer full): a new process
 * Since: 1.0
 */
GmprocProcess *
gmproc_process_new_by_name (const char *target, GVariant *args)
{
  GmprocProcess *self = gmproc_process_new (NULL, args);

  g_return_val_if_fail (target != NULL, self);

  gmproc_process_get_private (self)->target_name = g_strdup (target);
  return self;
}
