/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

#define GMPROC_TYPE_PROCESS (gmproc_process_get_type ())

GMPROC_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (GmprocProcess, gmproc_process, GMPROC, PROCESS, GObject)

/**
 * GmprocProcessClass:
 * @run: what the process does, in the child. It returns the exit status, or sets @error, which
 *   is printed on standard error and gives exit status 1. The default runs the target that was
 *   given to gmproc_process_new().
 *
 * The class of a process.
 *
 * Since: 1.0
 */
struct _GmprocProcessClass
{
  /*< private >*/
  GObjectClass parent_class;

  /*< public >*/
  int (*run) (GmprocProcess *self, GError **error);

  /*< private >*/
  gpointer reserved[11];
};

/**
 * GMPROC_DEFINE_PROCESS_TYPE:
 * @TypeName: the name of the type, in camel case
 * @type_name: the prefix of its functions
 *
 * Like G_DEFINE_TYPE() for a subclass of %GmprocProcess, and registers the type when the program
 * is loaded, so that a child finds it.
 *
 * Since: 1.0
 */
#define GMPROC_DEFINE_PROCESS_TYPE(TypeName, type_name)                 \
  G_DEFINE_TYPE (TypeName, type_name, GMPROC_TYPE_PROCESS)              \
  static void __attribute__ ((constructor)) type_name##_at_load_ (void) \
  {                                                                     \
    gmproc_register_process_type (#TypeName, type_name##_get_type);     \
  }

GMPROC_AVAILABLE_IN_1_0
void gmproc_register_process_type (const char *name, GType (*get_type) (void));

GMPROC_AVAILABLE_IN_1_0
void gmproc_register_process_gtype (GType type);

GMPROC_AVAILABLE_IN_1_0
GmprocProcess *gmproc_process_new (GmprocTarget target, GVariant *args);

GMPROC_AVAILABLE_IN_1_0
GmprocProcess *gmproc_process_new_by_name (const char *target, GVariant *args);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_start (GmprocProcess *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_start_async (GmprocProcess *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_start_finish (GmprocProcess *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_join (GmprocProcess *self, gint64 timeout, GCancellable *cancellable,
                              GError **error);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_join_async (GmprocProcess *self, gint64 timeout, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_join_finish (GmprocProcess *self, GAsyncResult *result, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_terminate (GmprocProcess *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_kill (GmprocProcess *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_interrupt (GmprocProcess *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_is_alive (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
int gmproc_process_get_exit_code (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
gint64 gmproc_process_get_pid (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
const char *gmproc_process_get_name (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_set_name (GmprocProcess *self, const char *name);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_get_daemon (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_set_daemon (GmprocProcess *self, gboolean daemon);

GMPROC_AVAILABLE_IN_1_0
GVariant *gmproc_process_get_args (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
const char *gmproc_process_get_executable (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_set_executable (GmprocProcess *self, const char *path);

GMPROC_AVAILABLE_IN_1_0
const char *const *gmproc_process_get_environment (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_set_environment (GmprocProcess *self, const char *const *environment);

GMPROC_AVAILABLE_IN_1_0
const char *gmproc_process_get_working_directory (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_set_working_directory (GmprocProcess *self, const char *path);

GMPROC_AVAILABLE_IN_1_0
GLogLevelFlags gmproc_process_get_log_level (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_set_log_level (GmprocProcess *self, GLogLevelFlags level);

GMPROC_AVAILABLE_IN_1_0
const GError *gmproc_process_get_error (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
gboolean gmproc_process_close (GmprocProcess *self, GError **error);

GMPROC_AVAILABLE_IN_1_0
char *gmproc_process_to_string (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
GmprocProcess *gmproc_process_get_current (void);

GMPROC_AVAILABLE_IN_1_0
GmprocProcess *gmproc_process_get_parent (void);

GMPROC_AVAILABLE_IN_1_0
GList *gmproc_list_children (void);

GMPROC_AVAILABLE_IN_1_0
int gmproc_fail (GError *error);

G_END_DECLS
