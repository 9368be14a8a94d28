/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "part.h"

#include "gmproc-error.h"

GVariant *
gmproc_part_export (gpointer part, GmprocParcel *parcel, GError **error)
{
  GVariant *exported = NULL;

  if (part != NULL)
    {
      exported = gmproc_shareable_export (part, parcel, error);
      if (exported == NULL)
        return NULL;
    }
  return g_variant_new_maybe (G_VARIANT_TYPE (GMPROC_SHAREABLE_FORMAT), exported);
}

gboolean
gmproc_part_import (GVariant *exported, GType type, GmprocParcel *parcel, gpointer *ret_part,
                    GError **error)
{
  g_autoptr (GVariant) part = g_variant_get_maybe (exported);
  const char *type_name;

  *ret_part = NULL;
  if (part == NULL)
    return TRUE;

  g_variant_get_child (part, 0, "&s", &type_name);
  if (g_strcmp0 (type_name, g_type_name (type)) == 0)
    {
      *ret_part = gmproc_shareable_import (part, parcel, error);
      return *ret_part != NULL;
    }

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "An object came with a part of class “%s” instead of “%s”", type_name,
               g_type_name (type));
  return FALSE;
}
