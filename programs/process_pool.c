/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows a pool of worker processes that maps a function over many items.
 *
 * You should see: "pool: [0, 1, 4, … 9801]", the squares of 0 to 99 on one line, and on a terminal
 * a progress bar before it.
 */
#define PROGRAM "process_pool"

#include <gmproc.h>
#include <stdio.h>

#include "options.h"

#define BAR_WIDTH 40

GMPROC_DEFINE_FUNCTION (square, "x", "x")
{
  gint64 n = g_variant_get_int64 (item);

  return g_variant_new_int64 (n * n);
}

/* The numbers from FIRST up to, and without, END. */
static GVariant *
numbers (int first, int end)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("ax"));
  for (int i = first; i < end; i++)
    g_variant_builder_add (&builder, "x", (gint64) i);
  return g_variant_builder_end (&builder);
}

/* The line is written over until all items are through. */
static void
draw_bar (G_GNUC_UNUSED GmprocPool *pool, guint64 done, guint64 failed, guint64 total, double rate,
          G_GNUC_UNUSED gpointer user_data)
{
  guint64 settled = done + failed;
  g_autofree char *bar = g_strnfill (total > 0 ? BAR_WIDTH * settled / total : 0, '#');

  g_printerr ("\r[%-*s] %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT ", %.0f/s%s", BAR_WIDTH, bar,
              settled, total, rate, settled == total ? "\n" : "");
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  int workers = 4, count = 100;
  const GOptionEntry entries[] = {
    { "workers", 0, 0, G_OPTION_ARG_INT, &workers, "How many workers, 0: one a processor (4)",
      "N" },
    { "count", 0, 0, G_OPTION_ARG_INT, &count, "How many numbers to square (100)", "N" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "Squares numbers in a pool of processes.", entries);
  options_check_range ("--workers", workers, 0, 256);
  options_check_range ("--count", count, 0, 1000000);

  g_autoptr (GVariant) squares = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GmprocPool) pool = gmproc_pool_new (workers, &error);
  if (pool == NULL)
    return options_fail (error);
  /* Whether a stream takes colours is whether it is a terminal, in the one way GLib offers. */
  if (g_log_writer_supports_color (fileno (stderr)))
    g_signal_connect (pool, "progress", G_CALLBACK (draw_bar), NULL);
  squares = gmproc_pool_map (pool, square, numbers (0, count), NULL, &error);
  if (squares == NULL)
    return options_fail (error);
  gmproc_pool_close (pool);
  if (!gmproc_pool_join (pool, GMPROC_FOREVER, NULL, &error))
    return options_fail (error);
  text = g_variant_print (squares, FALSE);
  g_print ("pool: %s\n", text);
  return 0;
}
