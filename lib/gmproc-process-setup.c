/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a process is started with, beside its target and arguments: the program, the environment,
 * the working directory, and which log records it sends home. (Its standard
 * streams are in gmproc-process-streams.c.)
 *
 * All of it can be set until the start, by the thread that made the object, and has no effect
 * afterwards. What is wrong with a value is told by start, which names it.
 */
#include "config.h"

#include "gmproc-process-private.h"

#include <string.h>

#include "gmproc-error.h"
#include "port/port.h"

/* Ids of properties; those of gmproc-process.c are smaller. */
enum
{
  PROP_EXECUTABLE = GMPROC_PROCESS_FIRST_SETUP_PROPERTY,
  PROP_ENVIRONMENT,
  PROP_WORKING_DIRECTORY,
  PROP_STANDARD_INPUT,
  PROP_STANDARD_OUTPUT,
  PROP_STANDARD_ERROR,
  PROP_LOG_LEVEL
};

static GmprocSetup *
get_setup (GmprocProcess *self)
{
  return &gmproc_process_get_private (self)->setup;
}

gboolean
gmproc_process_can_be_set_up (GmprocProcess *self)
{
  GmprocProcessPrivate *priv = gmproc_process_get_private (self);
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&priv->mutex);

  return priv->role == GMPROC_ROLE_CHILD && priv->child == NULL && !priv->is_starting;
}

void
gmproc_setup_init (GmprocSetup *self, GLogLevelFlags log_level)
{
  self->log_level = log_level;
  self->modes[GMPROC_STANDARD_INPUT] = GMPROC_STREAM_MODE_EMPTY;
  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    self->given[i] = self->kept[i] = GMPROC_PORT_NO_HANDLE;
}

void
gmproc_setup_clear (GmprocSetup *self)
{
  g_clear_pointer (&self->executable, g_free);
  g_clear_pointer (&self->environment, g_strfreev);
  g_clear_pointer (&self->working_directory, g_free);
  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    {
      gmproc_port_handle_close (&self->given[i]);
      gmproc_port_handle_close (&self->kept[i]);
      g_clear_object (&self->pipes[i]);
    }
}

/* -- at the start ------------------------------------------------------------------------------ */

gboolean
gmproc_setup_check (const GmprocSetup *self, GError **error)
{
  for (char **entry = self->environment; entry != NULL && *entry != NULL; entry++)
    {
      const char *equals = strchr (*entry, '=');

      if (equals == NULL || equals == *entry)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       "“%s” in the environment is not of the form NAME=VALUE", *entry);
          return FALSE;
        }
    }
  return TRUE;
}

/* -- properties -------------------------------------------------------------------------------- */

void
gmproc_process_get_setup_property (GmprocProcess *self, guint prop_id, GValue *value,
                                   GParamSpec *pspec)
{
  GmprocSetup *setup = get_setup (self);

  switch (prop_id)
    {
    case PROP_EXECUTABLE:
      g_value_set_string (value, setup->executable);
      break;
    case PROP_ENVIRONMENT:
      g_value_set_boxed (value, setup->environment);
      break;
    case PROP_WORKING_DIRECTORY:
      g_value_set_string (value, setup->working_directory);
      break;
    case PROP_STANDARD_INPUT:
    case PROP_STANDARD_OUTPUT:
    case PROP_STANDARD_ERROR:
      g_value_set_enum (value, setup->modes[prop_id - PROP_STANDARD_INPUT]);
      break;
    case PROP_LOG_LEVEL:
      g_value_set_uint (value, setup->log_level);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, prop_id, pspec);
    }
}

void
gmproc_process_set_setup_property (GmprocProcess *self, guint prop_id, const GValue *value,
                                   GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_EXECUTABLE:
      gmproc_process_set_executable (self, g_value_get_string (value));
      break;
    case PROP_ENVIRONMENT:
      gmproc_process_set_environment (self, g_value_get_boxed (value));
      break;
    case PROP_WORKING_DIRECTORY:
      gmproc_process_set_working_directory (self, g_value_get_string (value));
      break;
    case PROP_STANDARD_INPUT:
    case PROP_STANDARD_OUTPUT:
    case PROP_STANDARD_ERROR:
      gmproc_process_set_stream_mode (self, (GmprocStandardStream) (prop_id - PROP_STANDARD_INPUT),
                                      g_value_get_enum (value));
      break;
    case PROP_LOG_LEVEL:
      gmproc_process_set_log_level (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (self, prop_id, pspec);
    }
}

#define FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

void
gmproc_process_install_setup_properties (GObjectClass *object_class)
{
  /**
   * GmprocProcess:executable: (type filename)
   *
   * See gmproc_process_set_executable().
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_EXECUTABLE,
                                   g_param_spec_string ("executable", NULL, NULL, NULL, FLAGS));

  /**
   * GmprocProcess:environment:
   *
   * See gmproc_process_set_environment().
   *
   * Since: 1.0
   */
  g_object_class_install_property (
      object_class, PROP_ENVIRONMENT,
      g_param_spec_boxed ("environment", NULL, NULL, G_TYPE_STRV, FLAGS));

  /**
   * GmprocProcess:working-directory: (type filename)
   *
   * See gmproc_process_set_working_directory().
   *
   * Since: 1.0
   */
  g_object_class_install_property (
      object_class, PROP_WORKING_DIRECTORY,
      g_param_spec_string ("working-directory", NULL, NULL, NULL, FLAGS));

  /**
   * GmprocProcess:standard-input:
   *
   * What the process reads as its standard input; by default nothing. See
   * gmproc_process_set_stream_mode().
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_STANDARD_INPUT,
                                   g_param_spec_enum ("standard-input", NULL, NULL,
                                                      GMPROC_TYPE_STREAM_MODE,
                                                      GMPROC_STREAM_MODE_EMPTY, FLAGS));

  /**
   * GmprocProcess:standard-output:
   *
   * Where the standard output of the process goes; by default where that of this process goes. See
   * gmproc_process_set_stream_mode().
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_STANDARD_OUTPUT,
                                   g_param_spec_enum ("standard-output", NULL, NULL,
                                                      GMPROC_TYPE_STREAM_MODE,
                                                      GMPROC_STREAM_MODE_INHERIT, FLAGS));

  /**
   * GmprocProcess:standard-error:
   *
   * Like #GmprocProcess:standard-output, for the standard error.
   *
   * Since: 1.0
   */
  g_object_class_install_property (object_class, PROP_STANDARD_ERROR,
                                   g_param_spec_enum ("standard-error", NULL, NULL,
                                                      GMPROC_TYPE_STREAM_MODE,
                                                      GMPROC_STREAM_MODE_INHERIT, FLAGS));

  /**
   * GmprocProcess:log-level:
   *
   * A GLogLevelFlags, or 0. See gmproc_process_set_log_level().
   *
   * Since: 1.0
   */
  g_object_class_install_property (
      object_class, PROP_LOG_LEVEL,
      g_param_spec_uint ("log-level", NULL, NULL, 0, G_MAXUINT, 0, FLAGS));
}

/* -- public ------------------------------------------------------------------------------------ */

/**
 * gmproc_process_get_executable:
 * @self: a process
 *
 * The program that the process runs.
 *
 * Returns: (transfer none) (nullable) (type filename): the program that was set, or %NULL
 * Since: 1.0
 */
const char *
gmproc_process_get_executable (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return get_setup (self)->executable;
}

/**
 * gmproc_process_set_executable:
 * @self: a process that was not started
 * @path: (nullable) (type filename): a program, or %NULL for this one; copied
 *
 * Has the process run another program. It is found by its path alone; a relative one is taken from
 * the working directory of this process now. It has to be linked with this library, call
 * gmproc_init() first in its main(), and define a target of the same name.
 *
 * Whether it does so is known only when it was started. Therefore gmproc_process_start() waits for
 * it to come to gmproc_init(), and ends it and fails with %GMPROC_ERROR_NOT_INITIALIZED if it has
 * not within a second, or ends before. The variable `GMPROC_START_TIMEOUT` holds another number of
 * milliseconds, for a program that is started below a debugger or valgrind. (For this program
 * itself nobody waits.)
 *
 * In Python this is `multiprocessing.set_executable()`.
 *
 * Since: 1.0
 */
void
gmproc_process_set_executable (GmprocProcess *self, const char *path)
{
  g_autofree char *full_path = path != NULL ? g_canonicalize_filename (path, NULL) : NULL;

  g_return_if_fail (GMPROC_IS_PROCESS (self));
  g_return_if_fail (gmproc_process_can_be_set_up (self));

  if (g_strcmp0 (get_setup (self)->executable, full_path) == 0)
    return;
  g_free (get_setup (self)->executable);
  get_setup (self)->executable = g_steal_pointer (&full_path);
  g_object_notify (G_OBJECT (self), "executable");
}

/**
 * gmproc_process_get_environment:
 * @self: a process
 *
 * The environment that the process is started with.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1) (element-type filename): the
 *   environment that was set, or %NULL
 * Since: 1.0
 */
const char *const *
gmproc_process_get_environment (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return (const char *const *) get_setup (self)->environment;
}

/**
 * gmproc_process_set_environment:
 * @self: a process that was not started
 * @environment: (nullable) (array zero-terminated=1) (element-type filename): strings of the form
 *   `NAME=VALUE`, as from g_get_environ(), or %NULL for what this process has at the start; copied
 *
 * The whole environment of the process.
 *
 * Since: 1.0
 */
void
gmproc_process_set_environment (GmprocProcess *self, const char *const *environment)
{
  char **copy;

  g_return_if_fail (GMPROC_IS_PROCESS (self));
  g_return_if_fail (gmproc_process_can_be_set_up (self));

  copy = g_strdupv ((char **) environment);
  g_strfreev (get_setup (self)->environment);
  get_setup (self)->environment = copy;
  g_object_notify (G_OBJECT (self), "environment");
}

/**
 * gmproc_process_get_working_directory:
 * @self: a process
 *
 * The folder that the process is started in.
 *
 * Returns: (transfer none) (nullable) (type filename): the directory that was set, or %NULL
 * Since: 1.0
 */
const char *
gmproc_process_get_working_directory (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return get_setup (self)->working_directory;
}

/**
 * gmproc_process_set_working_directory:
 * @self: a process that was not started
 * @path: (nullable) (type filename): a directory, or %NULL for that of this process at the start;
 *   copied
 *
 * Where the process begins. If there is no such directory gmproc_process_start() fails with
 * %G_IO_ERROR_NOT_FOUND.
 *
 * Since: 1.0
 */
void
gmproc_process_set_working_directory (GmprocProcess *self, const char *path)
{
  g_autofree char *copy = g_strdup (path);

  g_return_if_fail (GMPROC_IS_PROCESS (self));
  g_return_if_fail (gmproc_process_can_be_set_up (self));

  if (g_strcmp0 (get_setup (self)->working_directory, copy) == 0)
    return;
  g_free (get_setup (self)->working_directory);
  get_setup (self)->working_directory = g_steal_pointer (&copy);
  g_object_notify (G_OBJECT (self), "working-directory");
}

/**
 * gmproc_process_get_log_level:
 * @self: a process
 *
 * Which of its GLib log records the process sends to its parent, instead of writing them to its
 * standard error. See gmproc_process_set_log_level().
 *
 * Returns: the least important level that the process sends to its parent, or 0
 * Since: 1.0
 */
GLogLevelFlags
gmproc_process_get_log_level (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), 0);

  return get_setup (self)->log_level;
}

/**
 * gmproc_process_set_log_level:
 * @self: a process that was not started, or the current one
 * @level: one of GLogLevelFlags without a flag, or 0
 *
 * Has the process send its GLib log records of this importance and above to its parent, instead of
 * writing them to its standard error. Here each comes to the log of this process, through
 * g_log_structured_array(), with all its fields and two more: `GMPROC_PROCESS_NAME` and
 * `GMPROC_PID`. The records of a process come in order, and all that it wrote have come when
 * gmproc_process_join() returns. What is fatal there is not fatal here: an error becomes a critical
 * message.
 *
 * The default is what the current process has, so what is set for the current process holds for all
 * that it starts from then on, and for theirs. For the main program it is what the variable
 * `GMPROC_LOG` says: error, critical, warning, message, info or debug. If that is set, the text of
 * each record begins with the name and the id of its process, because it is a person who reads it.
 *
 * In such a process the log writer (g_log_set_writer_func()) is the library's, and must not be set.
 * In this one a log writer is called in a thread of the library, and must not wait for a process.
 *
 * In Python this is what `multiprocessing.get_logger()` and a queue handler are for.
 *
 * Since: 1.0
 */
void
gmproc_process_set_log_level (GmprocProcess *self, GLogLevelFlags level)
{
  g_return_if_fail (GMPROC_IS_PROCESS (self));
  g_return_if_fail (gmproc_process_can_be_set_up (self)
                    || gmproc_process_get_private (self)->role == GMPROC_ROLE_CURRENT);
  g_return_if_fail ((level & ~G_LOG_LEVEL_MASK) == 0);

  if (get_setup (self)->log_level == level)
    return;
  get_setup (self)->log_level = level;
  g_object_notify (G_OBJECT (self), "log-level");
}
