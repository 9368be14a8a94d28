/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the tests of connections in a main loop share: what has become of asynchronous calls.
 */
#pragma once

#include <gmproc.h>

G_BEGIN_DECLS

/* Runs the default context until *COUNT is WANTED; a watchdog bounds a hang, and says WHAT did not
 * come. */
void run_until (const int *count, int wanted, const char *what);

typedef struct
{
  int n_done;
  int n_failed;
  GPtrArray *messages; /* GBytes */
  GError *error;       /* the last one */
} Results;

void results_init (Results *self);
void results_clear (Results *self);

/* Takes ERROR, if there is one. */
void results_note_error (Results *self, GError *error);

/* Callbacks of send_bytes_async, send_async and receive_bytes_async; the data are the Results. */
void on_sent (GObject *object, GAsyncResult *result, gpointer results);
void on_value_sent (GObject *object, GAsyncResult *result, gpointer results);
void on_received (GObject *object, GAsyncResult *result, gpointer results);

G_END_DECLS
