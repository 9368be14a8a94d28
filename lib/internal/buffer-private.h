/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of the buffer share:
 *
 *   buffer.c           making it, and passing it to another process
 *   buffer-transfer.c  messages in and out, and waiting for them
 *   buffer-finish.c    messages that whoever took them is through with
 */
#pragma once

#include "buffer.h"

G_BEGIN_DECLS

/* In shared memory. Groups that different processors write are cache lines apart. */
struct GmprocBufferPlace
{
  guint64 magic;
  guint32 max_length;
  guint32 is_closed; /* written inside R and W */
  guint64 id;        /* random: by which notes name the queue */
  guint64 unused[5];
  GmprocRingPlace ring;
  GmprocPortLockPlace write_lock;
  GmprocWaitpointPlace items;
  guint64 unused_too[4];
  GmprocPortLockPlace read_lock;
  GmprocWaitpointPlace room;
  guint64 unused_either[4];
  GmprocPortLockPlace producers_turn;
  GmprocPortLockPlace consumers_turn;
  GmprocPortLockPlace finish_lock;
  GmprocWaitpointPlace finished;
  guint32 n_finished; /* written inside the finish lock; wraps around */
};

G_END_DECLS
