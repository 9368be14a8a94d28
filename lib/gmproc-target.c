/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Registration of what can run in another process. A child is the same program at other addresses,
 * so a target crosses as a name. The macros of the header register at load; the functions here are
 * for plug-ins, which load later, and for language bindings.
 */
#include "config.h"

#include "gmproc-target.h"

#include "gmproc-process.h"

#include "internal/registry.h"

/**
 * gmproc_register_target: (skip)
 * @name: the name by which a child finds @target; copied
 * @target: a function of this program
 *
 * Makes @target known, so that gmproc_process_new() can take it. The same call has to be made in
 * the child before gmproc_init(). A name given to two different functions makes both unusable.
 *
 * May be called from any thread, also before main().
 *
 * Since: 1.0
 */
void
gmproc_register_target (const char *name, GmprocTarget target)
{
  g_return_if_fail (name != NULL && *name != '\0');
  g_return_if_fail (target != NULL);

  gmproc_registry_add_target (name, target);
}

/**
 * gmproc_register_target_full: (rename-to gmproc_register_target)
 * @name: the name by which a child finds @target; copied
 * @target: (scope notified) (closure user_data) (destroy destroy): what the process is to run
 * @user_data: what @target is given
 * @destroy: (nullable): how to free @user_data
 *
 * Makes a target known that has data of its own: a function of a language binding. A process that
 * runs it is made by gmproc_process_new_by_name().
 *
 * The same call has to be made in the child before gmproc_init(). What was registered stays until
 * the process ends. A name given twice makes both unusable, and the second @user_data is freed.
 *
 * May be called from any thread, also before main().
 *
 * Since: 1.0
 */
void
gmproc_register_target_full (const char *name, GmprocTargetCallback target, gpointer user_data,
                             GDestroyNotify destroy)
{
  g_return_if_fail (name != NULL && *name != '\0');
  g_return_if_fail (target != NULL);

  gmproc_registry_add_target_callback (name, target, user_data, destroy);
}

static gboolean
is_definite (const char *type)
{
  return type != NULL && g_variant_type_string_is_valid (type)
         && g_variant_type_is_definite (G_VARIANT_TYPE (type));
}

/**
 * gmproc_register_function: (skip)
 * @name: the name by which a worker finds @function; copied
 * @in_type: the GVariant type string of one item; a definite type
 * @out_type: the GVariant type string of one result; a definite type
 * @function: a function of this program
 *
 * Makes @function known, so that a %GmprocPool can run it. Items and results of another type are
 * refused.
 *
 * May be called from any thread, also before main().
 *
 * Since: 1.0
 */
void
gmproc_register_function (const char *name, const char *in_type, const char *out_type,
                          GmprocFunction function)
{
  g_return_if_fail (name != NULL && *name != '\0');
  g_return_if_fail (is_definite (in_type));
  g_return_if_fail (is_definite (out_type));
  g_return_if_fail (function != NULL);

  gmproc_registry_add_function (name, in_type, out_type, function);
}

/**
 * gmproc_register_function_full: (rename-to gmproc_register_function)
 * @name: the name by which a worker finds @function; copied
 * @in_type: the GVariant type string of one item; a definite type
 * @out_type: the GVariant type string of one result; a definite type
 * @function: (scope notified) (closure user_data) (destroy destroy): what a pool is to run
 * @user_data: what @function is given
 * @destroy: (nullable): how to free @user_data
 *
 * Makes a function known that has data of its own: a function of a language binding. A pool runs it
 * by gmproc_pool_map_by_name() and the others that take a name. Otherwise like
 * gmproc_register_function() and gmproc_register_target_full().
 *
 * May be called from any thread, also before main().
 *
 * Since: 1.0
 */
void
gmproc_register_function_full (const char *name, const char *in_type, const char *out_type,
                               GmprocFunctionCallback function, gpointer user_data,
                               GDestroyNotify destroy)
{
  g_return_if_fail (name != NULL && *name != '\0');
  g_return_if_fail (is_definite (in_type));
  g_return_if_fail (is_definite (out_type));
  g_return_if_fail (function != NULL);

  gmproc_registry_add_function_callback (name, in_type, out_type, function, user_data, destroy);
}

/**
 * gmproc_register_process_type: (skip)
 * @name: the name of the type, as in g_type_name()
 * @get_type: the function that returns it
 *
 * Makes a subclass of %GmprocProcess known to children. GMPROC_DEFINE_PROCESS_TYPE() calls it.
 *
 * May be called from any thread, also before main().
 *
 * Since: 1.0
 */
void
gmproc_register_process_type (const char *name, GType (*get_type) (void))
{
  g_return_if_fail (name != NULL && *name != '\0');
  g_return_if_fail (get_type != NULL);

  gmproc_registry_add_type (name, get_type);
}

/**
 * gmproc_register_process_gtype: (rename-to gmproc_register_process_type)
 * @type: a subclass of %GmprocProcess
 *
 * Makes a subclass known to children that was not made with GMPROC_DEFINE_PROCESS_TYPE(): a class
 * of a language binding. The same call has to be made in the child before gmproc_init(), and the
 * type has to have the same name there.
 *
 * Since: 1.0
 */
void
gmproc_register_process_gtype (GType type)
{
  g_return_if_fail (g_type_is_a (type, GMPROC_TYPE_PROCESS));

  gmproc_registry_add_gtype (type);
}
