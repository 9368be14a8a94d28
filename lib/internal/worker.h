/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a pool's worker does, and the messages between it and the pool.
 *
 * A task is a GmprocWorkerTask, the function's name without an end, and the input: a serialized
 * array, or one serialized item when the task has only one. The results come item by item, in their
 * order: a GmprocWorkerResult and the output, a serialized value or an error. Both go through the
 * streams of a link, in pieces where they are longer than the stream.
 *
 * A result is in the stream before the worker begins the next item, so a worker that is killed
 * costs the item that it ran, and none that it had finished.
 *
 * The worker ends of itself, between two items, when it has run as many as it may, when it has
 * become too large, or when nothing came for a while. Whatever it was given and had not begun is
 * still the pool's.
 */
#pragma once

#include "registry.h"
#include "worker-link.h"

G_BEGIN_DECLS

typedef enum
{
  GMPROC_WORKER_EACH,  /* call the function with each item of the input */
  GMPROC_WORKER_WHOLE, /* call it once with the whole input, an array */
  GMPROC_WORKER_QUIT
} GmprocWorkerMode;

typedef enum
{
  GMPROC_WORKER_TIMED = 1 << 0,    /* the pool wants to know when an item began */
  GMPROC_WORKER_FAIL_FAST = 1 << 1 /* an error ends the task */
} GmprocWorkerTaskFlags;

typedef struct
{
  guint32 mode;
  guint32 flags;
  guint32 serial;    /* of the chunk; never 0 */
  guint32 n_items;   /* at most GMPROC_WORKER_LINK_MAX_NUMBER */
  guint32 name_size; /* 0: the function of the task before */
  guint32 unused;
  guint64 first; /* the number of its first item in the call; for the trace */
  guint64 size;  /* of the input */
} GmprocWorkerTask;

typedef enum
{
  GMPROC_WORKER_IS_ERROR = 1 << 0,  /* the output is a GMPROC_WORKER_ERROR_TYPE */
  GMPROC_WORKER_IS_LAST = 1 << 1,   /* no more results of this task */
  GMPROC_WORKER_IS_UNABLE = 1 << 2, /* no result, but why the worker could not begin: an error */
} GmprocWorkerResultFlags;

typedef struct
{
  guint32 serial;
  guint32 flags;
  guint32 item;    /* its place in the chunk */
  guint32 elapsed; /* microseconds since the task began, in the last result */
  guint64 size;    /* of the output */
} GmprocWorkerResult;

#define GMPROC_WORKER_ERROR_TYPE "(sis)" /* domain, code, message */

/* What a worker is told at its start. */
typedef struct
{
  guint64 max_tasks;  /* items after which it ends; 0: any number */
  guint64 max_memory; /* bytes above which it ends; 0: any */
  gint64 idle_time;   /* microseconds without work after which it ends; negative: never */
  const GmprocFunctionInfo *initializer; /* or NULL */
  GVariant *initializer_argument;
  const GmprocFunctionInfo *finalizer; /* or NULL */
  GVariant *finalizer_argument;
} GmprocWorkerSettings;

/* Runs tasks until the one that says QUIT, or until its time has come. Returns an exit status. */
int gmproc_worker_run (GmprocWorkerLink *link, GmprocBell *bell, GmprocBell *pool_bell,
                       const GmprocWorkerSettings *settings);

/* Values out of serialized data, not floating. NULL with GMPROC_ERROR_BAD_MESSAGE when the data is
 * not in normal form or, for an array, not of N_ITEMS items. */
GVariant *gmproc_worker_load (const GVariantType *type, GBytes *bytes, GError **error);
GVariant *gmproc_worker_load_array (const GVariantType *type, GBytes *bytes, gsize n_items,
                                    GError **error);

G_END_DECLS
