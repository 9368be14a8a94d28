/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What every pair of `_async` and `_finish` is made of.
 *
 * An asynchronous call is its blocking one with a timeout of 0, made again whenever the object's
 * source says that it may work now, until it does something else than time out, or the deadline has
 * passed. All of this happens in the main context that was the thread's default when the call was
 * made. No thread waits for anything, so any number of calls may be under way, and what belongs to
 * a thread (a lock) belongs to the one that runs the context.
 *
 * A cancel is seen at once. A call that has taken something already is not cancelled any more.
 *
 * Calls that take from, or put into, the same end of an object stand in a line, so that none
 * overtakes another: only the first one tries, and when it is over, for whatever reason, the next
 * one does, in its own context.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Part of an object, which the calls in it keep alive. */
typedef struct
{
  GMutex lock;
  GQueue calls; /* under lock */
} GmprocAsyncLine;

void gmproc_async_line_init (GmprocAsyncLine *self);
void gmproc_async_line_clear (GmprocAsyncLine *self);

typedef struct
{
  gpointer tag; /* the public function */

  /* Does it, or fails with G_IO_ERROR_TIMED_OUT as long as it would have to wait. DATA is what run
   * was given. IS_LAST: the deadline has passed, so the caller gets the error whatever it is. On
   * TRUE *ret_result is what finish gives, and not NULL. */
  gboolean (*attempt) (gpointer object, gpointer data, gboolean is_last, gpointer *ret_result,
                       GCancellable *cancellable, GError **error);

  /* A source of wait-source.h: when it may be worth trying again. */
  GSource *(*create_source) (gpointer object, gpointer data, GCancellable *cancellable);

  /* Where calls wait for each other; NULL where they may overtake each other. */
  GmprocAsyncLine *(*get_line) (gpointer object);

  /* For a result that nobody fetched; NULL for one that needs none. */
  GDestroyNotify free_result;
} GmprocAsync;

/* OPERATION is static. DATA is freed when the call is over; errors of TIMEOUT go to the callback.
 */
void gmproc_async_run (const GmprocAsync *operation, gpointer object, gint64 timeout,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data,
                       gpointer data, GDestroyNotify free_data);

/* The result, or NULL with an error. */
gpointer gmproc_async_finish (const GmprocAsync *operation, gpointer object, GAsyncResult *result,
                              GError **error);

/* What run was given as DATA, or NULL for a result of another operation. */
gpointer gmproc_async_get_data (const GmprocAsync *operation, gpointer object,
                                GAsyncResult *result);

/* For calls that say only whether they worked. */
#define GMPROC_ASYNC_DONE (GINT_TO_POINTER (TRUE))

G_END_DECLS
