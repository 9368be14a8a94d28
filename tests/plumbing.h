/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the tests of connections share: pipes, messages that show a lost byte, and children at the
 * other end. Everything here fails the test when something goes wrong.
 */
#pragma once

#include <gmproc.h>

G_BEGIN_DECLS

#define BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */
#define SHORT (50 * G_TIME_SPAN_MILLISECOND)
#define LARGE (16 * 1024 * 1024) /* more than any pipe holds */

typedef struct
{
  GmprocConnection *first;
  GmprocConnection *second;
} Pipe;

void pipe_init (Pipe *self, gboolean duplex);
void pipe_clear (Pipe *self);

/* COUNT bytes that are different at neighbouring places, so that a lost one shows. */
GBytes *make_bytes (gsize count, guint8 first);

void send_bytes (GmprocConnection *out, GBytes *message);
void receive_bytes (GmprocConnection *in, GBytes *expected);
void receive_end (GmprocConnection *in);
GmprocConnection *open_handle (gint32 handle);

GmprocProcess *start (GmprocTarget target, GVariant *args);
void join (GmprocProcess *process, int exit_code);

/* Gives the second end away, as the handle that is the target's argument. */
GmprocProcess *start_with_second (Pipe *pipe, GmprocTarget target);

/* The same, with a child that sends everything back until the end. */
GmprocProcess *start_echo (Pipe *pipe);

/* A call in a thread. */
typedef struct
{
  GmprocConnection *connection;
  GBytes *message;
  GCancellable *cancellable;
  GAsyncQueue *begun; /* or NULL */
  GError *error;
} Call;

gpointer run_send (gpointer call);
gpointer run_receive (gpointer call);

void warm_up (void);

G_END_DECLS
