/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Items that take a given time, the same for every peer.
 */
#pragma once

#include <gio/gio.h>
#include <string.h>

G_BEGIN_DECLS

/* All items of one measurement, in microseconds of work. */
#define POOL_ITEMS_TIME (200 * 1000)

/* Rounds of a chain of multiplications that take about a microsecond on a processor of 3 GHz. */
#define POOL_ITEMS_ROUNDS (750)

/* Works for about that long. Not by the clock, which goes on while the processor is with somebody
 * else: how much work an item is must not depend on what else the machine does. */
static inline gint64
pool_item_work (gint64 microseconds)
{
  volatile guint64 sink;
  guint64 state = 1;

  for (gint64 i = 0; i < microseconds * POOL_ITEMS_ROUNDS; i++)
    state = state * 6364136223846793005u + 1442695040888963407u;
  sink = state;
  (void) sink;
  return microseconds;
}

/* Items of TIME microseconds each; with SPREAD, of TIME in the middle of a range of so many times
 * the smallest, evenly over the orders of magnitude, in an order that looks random. */
static inline GVariant *
pool_items_make (gint64 time, gint64 spread, gint64 *ret_total)
{
  GVariantBuilder builder;
  guint32 state = 1;

  *ret_total = 0;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("ax"));
  while (*ret_total < POOL_ITEMS_TIME)
    {
      gint64 item = time;

      for (gint64 range = 10; range <= spread; range *= 10)
        {
          state = state * 1664525u + 1013904223u;
          item = (state >> 24) % 3 == 0 ? item * 3 : (state >> 24) % 3 == 1 ? item : item / 3;
        }
      item = MAX (item, 1);
      g_variant_builder_add (&builder, "x", item);
      *ret_total += item;
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* What a process takes of the memory, with its share of what it has in common with others, in
 * bytes; 0 where the system does not tell. */
static inline double
pool_items_get_share (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/smaps_rollup", pid);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (line = strstr (text, "\nPss:")) == NULL)
    return 0;
  return g_ascii_strtod (line + strlen ("\nPss:"), NULL) * 1024;
}

/* Of all workers; STATS is taken. FALSE when the system does not tell. */
static inline gboolean
pool_items_sum_memory (GVariant *stats, double *ret_memory)
{
  g_autoptr (GVariant) held = stats;
  g_autoptr (GVariant) workers =
      g_variant_lookup_value (held, "workers", G_VARIANT_TYPE ("aa{sv}"));

  *ret_memory = 0;
  for (gsize i = 0; i < g_variant_n_children (workers); i++)
    {
      g_autoptr (GVariant) worker = g_variant_get_child_value (workers, i);
      gint64 pid = 0;

      g_variant_lookup (worker, "pid", "x", &pid);
      *ret_memory += pool_items_get_share (pid);
    }
  return *ret_memory > 0;
}

G_END_DECLS
