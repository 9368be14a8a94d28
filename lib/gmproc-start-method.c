/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The start method of a process: its own, or the default. The default is what the program has set,
 * or else what GMPROC_START_METHOD says, or else spawn. It is looked at when a process is started,
 * and nothing but setting it settles it.
 *
 * A child has its parent's default, as if it had the environment variable.
 */
#include "config.h"

#include "gmproc-start-method.h"

#include "gmproc-error.h"
#include "gmproc-process-private.h"
#include "port/port.h"

#define VARIABLE "GMPROC_START_METHOD"

static int own_default = GMPROC_START_METHOD_DEFAULT; /* atomic; set once, or not at all */
static GmprocStartMethod inherited_default; /* from the parent; written by gmproc_init() */

GType
gmproc_start_method_get_type (void)
{
  static const GEnumValue values[] = {
    { GMPROC_START_METHOD_DEFAULT, "GMPROC_START_METHOD_DEFAULT", "default" },
    { GMPROC_START_METHOD_SPAWN, "GMPROC_START_METHOD_SPAWN", "spawn" },
    { GMPROC_START_METHOD_FORKSERVER, "GMPROC_START_METHOD_FORKSERVER", "forkserver" },
    { 0, NULL, NULL }
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GmprocStartMethod", values));
  return type;
}

static gboolean
is_supported (GmprocStartMethod method)
{
  return method == GMPROC_START_METHOD_SPAWN
         || (method == GMPROC_START_METHOD_FORKSERVER
             && gmproc_port_child_has_method (GMPROC_PORT_METHOD_FORKSERVER));
}

static gboolean
check_supported (GmprocStartMethod method, GError **error)
{
  if (is_supported (method))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "This system cannot start processes by the method “%s”",
               method == GMPROC_START_METHOD_FORKSERVER ? "forkserver" : "default");
  return FALSE;
}

/* DEFAULT without an error where the variable is not set, or empty. */
static gboolean
read_variable (GmprocStartMethod *ret_method, GError **error)
{
  const char *text = g_getenv (VARIABLE);

  if (text == NULL || *text == '\0')
    *ret_method = GMPROC_START_METHOD_DEFAULT;
  else if (g_str_equal (text, "spawn"))
    *ret_method = GMPROC_START_METHOD_SPAWN;
  else if (g_str_equal (text, "forkserver"))
    *ret_method = GMPROC_START_METHOD_FORKSERVER;
  else
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   VARIABLE " is “%s”, which is no start method; “spawn” and “forkserver” are",
                   text);
      return FALSE;
    }
  return TRUE;
}

static gboolean
find_default (GmprocStartMethod *ret_method, GError **error)
{
  *ret_method = g_atomic_int_get (&own_default);
  if (*ret_method == GMPROC_START_METHOD_DEFAULT)
    *ret_method = inherited_default;
  if (*ret_method == GMPROC_START_METHOD_DEFAULT && !read_variable (ret_method, error))
    return FALSE;
  if (*ret_method == GMPROC_START_METHOD_DEFAULT)
    *ret_method = GMPROC_START_METHOD_SPAWN;
  return TRUE;
}

gboolean
gmproc_start_method_find (GmprocProcess *process, GmprocPortMethod *ret_method, GError **error)
{
  GmprocStartMethod method = gmproc_process_get_private (process)->start_method;

  if (method == GMPROC_START_METHOD_DEFAULT && !find_default (&method, error))
    return FALSE;
  if (!check_supported (method, error))
    return FALSE;
  *ret_method = method == GMPROC_START_METHOD_FORKSERVER ? GMPROC_PORT_METHOD_FORKSERVER
                                                         : GMPROC_PORT_METHOD_SPAWN;
  return TRUE;
}

GmprocStartMethod
gmproc_start_method_get_to_inherit (void)
{
  GmprocStartMethod method = g_atomic_int_get (&own_default);

  return method != GMPROC_START_METHOD_DEFAULT ? method : inherited_default;
}

void
gmproc_start_method_inherit (guint32 method)
{
  if (method <= GMPROC_START_METHOD_FORKSERVER)
    inherited_default = (GmprocStartMethod) method;
}

/* -- public ---------------------------------------------------------------------------------- */

/**
 * gmproc_get_start_methods:
 * @ret_n_methods: (out): how many there are
 *
 * The start methods that this system has. The first is the one that is used when nobody says
 * anything. On Windows it is the only one.
 *
 * In Python it is `multiprocessing.get_all_start_methods()`.
 *
 * Returns: (transfer none) (array length=ret_n_methods): the methods
 * Since: 1.0
 */
const GmprocStartMethod *
gmproc_get_start_methods (gsize *ret_n_methods)
{
  static const GmprocStartMethod methods[] = { GMPROC_START_METHOD_SPAWN,
                                               GMPROC_START_METHOD_FORKSERVER };

  g_return_val_if_fail (ret_n_methods != NULL, NULL);

  *ret_n_methods = is_supported (GMPROC_START_METHOD_FORKSERVER) ? 2 : 1;
  return methods;
}

/**
 * gmproc_get_default_start_method:
 *
 * How a process is started that does not say it itself: what gmproc_set_default_start_method() has
 * set here, or in the process that started this one; or else what `GMPROC_START_METHOD` in the
 * environment says, `spawn` or `forkserver`; or else spawn. Asking settles nothing.
 *
 * Returns: the method, or %GMPROC_START_METHOD_DEFAULT if `GMPROC_START_METHOD` says something
 * else; starting a process is an error then Since: 1.0
 */
GmprocStartMethod
gmproc_get_default_start_method (void)
{
  GmprocStartMethod method;

  return find_default (&method, NULL) ? method : GMPROC_START_METHOD_DEFAULT;
}

/**
 * gmproc_set_default_start_method:
 * @method: %GMPROC_START_METHOD_SPAWN or %GMPROC_START_METHOD_FORKSERVER
 * @error: return location
 *
 * Sets how processes are started from here that do not say it themselves, and those that they start
 * in turn. It goes before `GMPROC_START_METHOD`, and can be done once in a process.
 *
 * In Python it is `multiprocessing.set_start_method()`.
 *
 * Errors: %GMPROC_ERROR_BAD_STATE if it was set before; %G_IO_ERROR_NOT_SUPPORTED for a method that
 * the system has not.
 *
 * Returns: whether it is set
 * Since: 1.0
 */
gboolean
gmproc_set_default_start_method (GmprocStartMethod method, GError **error)
{
  g_return_val_if_fail (
      method == GMPROC_START_METHOD_SPAWN || method == GMPROC_START_METHOD_FORKSERVER, FALSE);

  if (!check_supported (method, error))
    return FALSE;
  if (g_atomic_int_compare_and_exchange (&own_default, GMPROC_START_METHOD_DEFAULT, (int) method))
    return TRUE;
  g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                       "The default start method was set already");
  return FALSE;
}

/**
 * gmproc_process_get_start_method:
 * @self: a process
 *
 * How the process is started.
 *
 * Returns: how the process is started
 * Since: 1.0
 */
GmprocStartMethod
gmproc_process_get_start_method (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), GMPROC_START_METHOD_DEFAULT);

  return gmproc_process_get_private (self)->start_method;
}

/**
 * gmproc_process_set_start_method:
 * @self: a process that was not started
 * @method: a method
 *
 * Sets how the process is started. A method that the system has not is an error of start.
 *
 * Since: 1.0
 */
void
gmproc_process_set_start_method (GmprocProcess *self, GmprocStartMethod method)
{
  GmprocProcessPrivate *priv;

  g_return_if_fail (GMPROC_IS_PROCESS (self));
  g_return_if_fail (method <= GMPROC_START_METHOD_FORKSERVER);
  priv = gmproc_process_get_private (self);
  g_return_if_fail (gmproc_process_can_be_set_up (self));

  if (priv->start_method == method)
    return;
  priv->start_method = method;
  g_object_notify (G_OBJECT (self), "start-method");
}
