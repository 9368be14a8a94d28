/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The other process of a port test: the test program itself, started again in a named mode.
 */
#pragma once

#include "port/port.h"

G_BEGIN_DECLS

/* What a mode does with the handles it was given. Gives the exit status. */
typedef int (*PeerBody) (const gintptr *handles, guint n_handles);

typedef struct
{
  const char *mode;
  PeerBody body;
} Peer;

/* The first statement of main(). In a peer it runs the mode and does not return. PEERS ends with
 * a mode NULL. The mode is the string at the start of the bootstrap, or "" for an empty one. */
void peer_main (int *argc, char ***argv, const Peer *peers);

/* In a peer: what it was started with, and the arguments that were left. */
typedef struct
{
  GBytes *bootstrap;
  int argc;
  char **argv;
} PeerStart;

const PeerStart *peer_get_start (void);

/* How peers are started: what GMPROC_START_METHOD says. */
GmprocPortMethod peer_get_method (void);

/* Starts a peer; gives its handles as copies. */
GmprocPortChild *peer_start (const char *mode, const gintptr *handles, guint n_handles);

/* The same with other options; what it runs is filled in. */
GmprocPortChild *peer_start_with (const char *mode, GmprocPortChildOptions options);

/* Waits for its end, frees it, and gives its exit status. */
int peer_join (GmprocPortChild *peer);

/* A signal from one process to another: a byte through a pipe. wait takes the end for a failure
 * of the test, because the other process must have died. */
void peer_notify (gintptr writer);
void peer_wait (gintptr reader);

/* A mapping of the whole of a block; and a new block that is mapped. */
gpointer peer_map (gintptr handle, gsize size);
gpointer peer_new_block (gsize size, gintptr *ret_handle);

void peer_new_pipe (gintptr *ret_reader, gintptr *ret_writer);

/* What a program does once and keeps: the main context, and the first start of a child. */
void peer_warm_up (void);

/* Whoever published the name answers, and its note is NOTE. */
void peer_assert_name (const char *name, guint64 note);

/* A point of time so far away that only a hang reaches it. */
gint64 peer_far_deadline (void);

G_END_DECLS
