/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The process that we are, and its parent.
 *
 * Both are objects that are made once, by gmproc_init(), before the target or main() can start a
 * thread, and live as long as the process. Of the parent all is known that it told, and whether its
 * lifeline is broken.
 *
 * A daemon watches the lifeline in a thread of its own, and ends when it breaks.
 */
#include "config.h"

#include "gmproc-process-private.h"

#include <stdlib.h>

#include "gmproc-error.h"
#include "internal/family.h"
#include "internal/log.h"
#include "internal/properties.h"
#include "internal/registry.h"
#include "internal/trace.h"
#include "port/port.h"

/* What every system passes on whole. */
#define LARGEST_EXIT_STATUS (255)

static GmprocProcess *current; /* NULL until gmproc_init() */
static GmprocProcess *parent;
static gintptr parent_lifeline = GMPROC_PORT_NO_HANDLE;

/* What the next object is made for; a process that its constructor makes is a child again. */
static GmprocRole next_role = GMPROC_ROLE_CHILD;

/* As long as the current process's own object is being made; its class may make processes then. */
static const GmprocBootstrap *beginning;

void
gmproc_process_get_heritage (GmprocHeritage *ret)
{
  *ret = (GmprocHeritage){ .identity = NULL };
  if (current != NULL)
    {
      GmprocProcessPrivate *priv = gmproc_process_get_private (current);

      *ret = (GmprocHeritage){ priv->identity, priv->daemon, priv->setup.log_level };
    }
  else if (beginning != NULL)
    *ret = (GmprocHeritage){ beginning->identity, beginning->is_daemon, beginning->log_level };
}

GmprocRole
gmproc_process_take_role (void)
{
  GmprocRole role = next_role;

  next_role = GMPROC_ROLE_CHILD;
  return role;
}

static GmprocProcess *
make_role (GmprocRole role, GType type, GVariant *properties, const char *name,
           const char *identity, gint64 pid, GError **error)
{
  /* A class that makes a process when it is made does not get the role. */
  g_autoptr (GTypeClass) klass G_GNUC_UNUSED = g_type_class_ref (type);
  GObject *object;
  GmprocProcessPrivate *priv;

  next_role = role;
  object = gmproc_properties_unpack (type, properties, error);
  if (object == NULL)
    return NULL;

  priv = gmproc_process_get_private (GMPROC_PROCESS (object));
  g_free (priv->name);
  priv->name = g_strdup (name);
  priv->identity = g_strdup (identity);
  priv->pid = pid;
  return GMPROC_PROCESS (object);
}

/* Whoever sets GMPROC_LOG is a person who reads. */
static void
read_log_level (GmprocProcessPrivate *priv)
{
  const char *text = g_getenv ("GMPROC_LOG");
  g_autoptr (GError) error = NULL;

  if (!gmproc_log_parse_level (text, &priv->setup.log_level, &error))
    g_printerr ("GMPROC_LOG: %s\n", error->message);
  else if (priv->setup.log_level != 0)
    gmproc_log_show_names ();
}

void
gmproc_process_init_main (void)
{
  gmproc_family_found ("MainProcess");
  current = make_role (GMPROC_ROLE_CURRENT, GMPROC_TYPE_PROCESS, NULL, "MainProcess", NULL,
                       gmproc_port_self_get_pid (), NULL);
  read_log_level (gmproc_process_get_private (current));
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
start_watching (GError **error)
{
  GThread *thread = gmproc_port_thread_new ("gmproc-lifeline", watch_lifeline, NULL, error);

  if (thread == NULL)
    return FALSE;
  g_thread_unref (thread);
  return TRUE;
}

static gboolean
become_child (GmprocBootstrap *bootstrap, GError **error)
{
  GType type = GMPROC_TYPE_PROCESS;
  const GmprocTargetInfo *target = NULL;
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

  parent = make_role (GMPROC_ROLE_PARENT, GMPROC_TYPE_PROCESS, NULL, bootstrap->parent_name, NULL,
                      bootstrap->parent_pid, error);
  beginning = bootstrap;
  current = make_role (GMPROC_ROLE_CURRENT, type, bootstrap->properties, bootstrap->name,
                       bootstrap->identity, gmproc_port_self_get_pid (), error);
  beginning = NULL;
  if (current == NULL)
    return FALSE;

  priv = gmproc_process_get_private (current);
  priv->daemon = bootstrap->is_daemon;
  priv->setup.log_level = bootstrap->log_level;
  priv->args = g_steal_pointer (&bootstrap->args);
  priv->target_info = target;
  return TRUE;
}

/* FALSE: a daemon that could not see its parent's end, and does not start. */
static gboolean
tie_to_parent (GmprocBootstrap *bootstrap, GError **error)
{
  parent_lifeline = bootstrap->lifeline;
  if (!bootstrap->is_daemon)
    return TRUE;

  if (!start_watching (error))
    return FALSE;
  if (bootstrap->leash != GMPROC_PORT_NO_HANDLE)
    gmproc_port_leash_wear (bootstrap->leash);
  return TRUE;
}

int
gmproc_process_run_child (GmprocBootstrap *bootstrap)
{
  g_autoptr (GError) error = NULL;
  int status = EXIT_FAILURE;

  gmproc_port_self_set_title (bootstrap->name);
  gmproc_start_method_inherit (bootstrap->start_method);
  if (tie_to_parent (bootstrap, &error) && become_child (bootstrap, &error))
    {
      gint64 traced = gmproc_trace_begin ();

      if (bootstrap->log_level != 0)
        gmproc_log_send_to_parent (bootstrap->log_level, bootstrap->name);
      gmproc_trace_name_process (bootstrap->name);
      gmproc_trace_mark ("process", "begin", "parent", bootstrap->parent_pid);
      status = GMPROC_PROCESS_GET_CLASS (current)->run (current, &error);
      gmproc_trace_end (traced, "process", bootstrap->name, "status", status);
    }
  if (error == NULL && status >= 0 && status <= LARGEST_EXIT_STATUS)
    return status;

  if (error == NULL)
    g_set_error (&error, GMPROC_ERROR, GMPROC_ERROR_FAILED,
                 "The target returned %d, which is no exit status (0 to %d)", status,
                 LARGEST_EXIT_STATUS);
  return gmproc_process_tell_error (bootstrap->name, error);
}

gboolean
gmproc_process_parent_is_alive (void)
{
  return !gmproc_port_lifeline_is_broken (parent_lifeline);
}

GSource *
gmproc_process_watch_parent (void)
{
  return gmproc_port_lifeline_create_source (parent_lifeline);
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
