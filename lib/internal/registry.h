/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Names of the functions and types that a child can be told to run.
 *
 * A child runs the same program at other addresses, so what crosses is a name. Registration runs
 * from constructors, before main and before any other thread; later ones (plug-ins, bindings) may
 * come from any thread. Entries are never removed. A name that was given to two different things is
 * kept, but refused when it is used: which of the two a child would run is anybody's guess.
 */
#pragma once

#include "gmproc-types.h"

G_BEGIN_DECLS

/* What has a callback is known in this process by its name alone: its function is the address of a
 * place of its own, good for the look-up by address, and never called. */
typedef struct
{
  const char *name;
  GmprocTarget target;
  GmprocTargetCallback callback; /* or NULL */
  gpointer user_data;
} GmprocTargetInfo;

typedef struct
{
  const char *name;
  GmprocFunction function;
  GmprocFunctionCallback callback; /* or NULL */
  gpointer user_data;
  const GVariantType *in_type;
  const GVariantType *out_type;
} GmprocFunctionInfo;

typedef GType (*GmprocGetType) (void);

/* The strings are copied. */
void gmproc_registry_add_target (const char *name, GmprocTarget target);
void gmproc_registry_add_type (const char *name, GmprocGetType get_type);
void gmproc_registry_add_function (const char *name, const char *in_type, const char *out_type,
                                   GmprocFunction function);

/* The same for a callback. Takes USER_DATA, and destroys it only if the name is another's. */
void gmproc_registry_add_target_callback (const char *name, GmprocTargetCallback callback,
                                          gpointer user_data, GDestroyNotify destroy);
void gmproc_registry_add_function_callback (const char *name, const char *in_type,
                                            const char *out_type, GmprocFunctionCallback callback,
                                            gpointer user_data, GDestroyNotify destroy);

/* A type that exists already. */
void gmproc_registry_add_gtype (GType type);

/* In the parent, from the thing to its name; in the child, back. NULL with
 * GMPROC_ERROR_NOT_REGISTERED, naming what is missing. What is returned lives for ever. */
const char *gmproc_registry_name_target (GmprocTarget target, GError **error);
const char *gmproc_registry_name_type (GType type, GError **error);
const GmprocFunctionInfo *gmproc_registry_describe_function (GmprocFunction function,
                                                             GError **error);

/* What stands for the function of that name where a call takes a function. When there is none, the
 * call fails with an error that names it. */
GmprocFunction gmproc_registry_get_function (const char *name);

const GmprocTargetInfo *gmproc_registry_find_target (const char *name, GError **error);
GType gmproc_registry_find_type (const char *name, GError **error); /* G_TYPE_INVALID on error */
const GmprocFunctionInfo *gmproc_registry_find_function (const char *name, GError **error);

/* Runs it, as the target of a process or for one item of a pool. */
int gmproc_target_info_run (const GmprocTargetInfo *self, GVariant *args, GError **error);
GVariant *gmproc_function_info_run (const GmprocFunctionInfo *self, GVariant *item, GError **error);

G_END_DECLS
