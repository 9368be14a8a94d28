/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a pool tells about itself.
 */
#include "config.h"

#include "gmproc-pool-private.h"

#include "port/port.h"

static void
add_worker (GVariantBuilder *workers, GmprocPoolWorker *worker)
{
  gint64 pid = worker->process != NULL ? gmproc_process_get_pid (worker->process) : 0;

  g_variant_builder_open (workers, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (workers, "{sv}", "pid", g_variant_new_int64 (pid));
  g_variant_builder_add (workers, "{sv}", "items", g_variant_new_uint64 (worker->n_items));
  g_variant_builder_add (workers, "{sv}", "busy-time", g_variant_new_uint64 (worker->busy_time));
  g_variant_builder_add (workers, "{sv}", "restarts",
                         g_variant_new_uint32 (worker->n_starts > 0 ? worker->n_starts - 1 : 0));
  g_variant_builder_add (workers, "{sv}", "chunks", g_variant_new_uint32 (worker->chunks.length));
  g_variant_builder_add (workers, "{sv}", "memory",
                         g_variant_new_uint64 (pid != 0 ? gmproc_port_self_get_memory (pid) : 0));
  g_variant_builder_close (workers);
}

/**
 * gmproc_pool_get_stats:
 * @self: a pool
 *
 * Tells what the pool has done, as a dictionary:
 *
 * - `calls` (`u`): calls that are under way
 * - `waiting` (`t`): items of them that no worker has
 * - `workers` (`aa{sv}`): for each place of a worker `pid` (`x`; 0 when there is no process),
 * `items`
 *   (`t`; those it has run, a slice counting as one), `busy-time` (`t`; microseconds in chunks that
 * it has run), `restarts` (`u`), `chunks` (`u`; those it has), and `memory` (`t`; bytes in use, 0
 *   where the system does not tell)
 *
 * Returns: (transfer full): an `a{sv}`
 * Since: 1.0
 */
GVariant *
gmproc_pool_get_stats (GmprocPool *self)
{
  GVariantBuilder builder, workers;
  guint64 n_waiting = 0;

  g_return_val_if_fail (GMPROC_IS_POOL (self), NULL);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&workers, G_VARIANT_TYPE ("aa{sv}"));
  g_mutex_lock (&self->mutex);
  for (GList *link = self->jobs.head; link != NULL; link = link->next)
    n_waiting += gmproc_job_count_waiting (link->data);
  for (guint i = 0; i < self->workers->len; i++)
    add_worker (&workers, g_ptr_array_index (self->workers, i));
  g_variant_builder_add (&builder, "{sv}", "calls", g_variant_new_uint32 (self->jobs.length));
  g_mutex_unlock (&self->mutex);
  g_variant_builder_add (&builder, "{sv}", "waiting", g_variant_new_uint64 (n_waiting));
  g_variant_builder_add (&builder, "{sv}", "workers", g_variant_builder_end (&workers));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}
