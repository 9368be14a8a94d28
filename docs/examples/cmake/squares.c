/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include <gmproc.h>

GMPROC_DEFINE_FUNCTION (square, "x", "x")
{
  gint64 number = g_variant_get_int64 (item);

  return g_variant_new_int64 (number * number);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  gmproc_init (&argc, &argv);

  g_autoptr (GmprocPool) pool = gmproc_pool_new (2, &error);
  g_autoptr (GVariant) squares = NULL;
  g_autofree char *text = NULL;

  if (pool != NULL)
    squares =
        gmproc_pool_map (pool, square, g_variant_new_parsed ("[int64 1, 2, 3]"), NULL, &error);
  if (squares == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  text = g_variant_print (squares, FALSE);
  g_print ("%s\n", text);
  return 0;
}
