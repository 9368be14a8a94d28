/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The properties of a process subclass on their way to the child.
 *
 * What a subclass adds to its base class and what is both readable and writable travels: booleans,
 * numbers, strings, enumerations and flags, GVariants, string arrays, and objects that can cross. A
 * property of another type is refused by name, rather than left behind in silence.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* An a{sv}, not floating, of the properties that OBJECT's class and its parents below BASE define.
 * GMPROC_ERROR_BAD_TYPE names one that cannot travel. */
GVariant *gmproc_properties_pack (GObject *object, GType base, GError **error);

/* A new object of TYPE with PROPERTIES (a{sv} or NULL) set. */
GObject *gmproc_properties_unpack (GType type, GVariant *properties, GError **error);

G_END_DECLS
