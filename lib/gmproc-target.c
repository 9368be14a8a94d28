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
