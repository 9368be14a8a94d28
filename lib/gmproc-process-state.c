/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a process is called and how it is: the questions that can be asked of a child, of the
 * process that we are, and of its parent alike. Nothing here waits.
 */
#include "config.h"

#include "gmproc-process-private.h"

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

  switch (gmproc_process_get_private (self)->role)
    {
    case GMPROC_ROLE_CURRENT:
      return TRUE;
    case GMPROC_ROLE_PARENT:
      return gmproc_process_parent_is_alive ();
    case GMPROC_ROLE_CHILD:
    default:
      child = gmproc_process_get_child (self);
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

  child = gmproc_process_get_child (self);
  if (child != NULL && !gmproc_process_is_closed (self))
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

  child = gmproc_process_get_child (self);
  return child != NULL ? gmproc_child_get_pid (child) : gmproc_process_get_private (self)->pid;
}

/**
 * gmproc_process_get_name:
 * @self: a process
 *
 * What messages, ps and a debugger call the process.
 *
 * Returns: (transfer none): its name
 * Since: 1.0
 */
const char *
gmproc_process_get_name (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return gmproc_process_get_private (self)->name;
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

  priv = gmproc_process_get_private (self);
  if (g_strcmp0 (priv->name, name) == 0)
    return;

  g_free (priv->name);
  priv->name = g_strdup (name);
  g_object_notify (G_OBJECT (self), "name");
}

/**
 * gmproc_process_get_daemon:
 * @self: a process
 *
 * Whether the process ends with the one that started it.
 *
 * Returns: whether the process ends with the one that started it
 * Since: 1.0
 */
gboolean
gmproc_process_get_daemon (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), FALSE);

  return gmproc_process_get_private (self)->daemon;
}

/**
 * gmproc_process_set_daemon:
 * @self: a process that was not started
 * @daemon: whether the process is to end with the one that starts it
 *
 * Decides whether the process ends with the one that starts it.
 *
 * Since: 1.0
 */
void
gmproc_process_set_daemon (GmprocProcess *self, gboolean daemon)
{
  GmprocProcessPrivate *priv;

  g_return_if_fail (GMPROC_IS_PROCESS (self));
  priv = gmproc_process_get_private (self);
  g_return_if_fail (gmproc_process_can_be_set_up (self));

  daemon = !!daemon;
  if (priv->daemon == daemon)
    return;

  priv->daemon = daemon;
  g_object_notify (G_OBJECT (self), "daemon");
}

/**
 * gmproc_process_get_args:
 * @self: a process
 *
 * What the target gets.
 *
 * Returns: (transfer none) (nullable): what the target gets
 * Since: 1.0
 */
GVariant *
gmproc_process_get_args (GmprocProcess *self)
{
  g_return_val_if_fail (GMPROC_IS_PROCESS (self), NULL);

  return gmproc_process_get_private (self)->args;
}

/**
 * gmproc_process_to_string:
 * @self: a process
 *
 * Describes the process for a person: `<Process-1 initial>`, `<Process-1 started>` or
 * `<Process-1 stopped exit code -15>` (or `<Process-1 closed>`), with ` daemon` before the end for
 * a daemon.
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

  priv = gmproc_process_get_private (self);
  if (gmproc_process_is_alive (self))
    state = g_strdup ("started");
  else if (priv->role == GMPROC_ROLE_PARENT)
    state = g_strdup ("stopped");
  else if (gmproc_process_is_closed (self))
    state = g_strdup ("closed");
  else if (gmproc_process_get_child (self) == NULL)
    state = g_strdup ("initial");
  else
    state = g_strdup_printf ("stopped exit code %d", gmproc_process_get_exit_code (self));

  return g_strdup_printf ("<%s %s%s>", priv->name, state, priv->daemon ? " daemon" : "");
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
