/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The bounded buffer between many producers and many consumers: a ring of messages, with the locks
 * and the waiting around it.
 *
 * Five locks, all in the shared memory:
 *
 *   W   the one who writes            held for the copy of one message
 *   R   the one who reads             held for the copy of one message
 *   the producers' turn               held by the one producer that sleeps because the ring is full
 *   the consumers' turn               held by the one consumer that sleeps because it is empty
 *   F   the one who finishes          held for one addition; never together with another one
 *
 * Where R and W are both needed (a new capacity, close) R is taken first. A turn is taken before
 * either.
 *
 * Three waitpoints: `items` is under W, because it is writers who wake readers, and `room` is under
 * R; `finished` is under F. So whoever wants to sleep looks once more under the lock of those who
 * would wake it; from then on none of them can change the state without seeing that somebody
 * sleeps.
 *
 * One sleeper per side is woken at a time, with one system call; when it has what it wanted it
 * gives its turn to the next, who looks for itself. Nobody is woken who is not asleep. Whoever
 * lines up for a turn also looks by itself now and then, because the sleeper may be stopped.
 *
 * When a process is killed
 *   while it waits for a turn, W or R   nothing of it is in the state;
 *   asleep                              its turn passes on; one needless wake-up;
 *   inside W before the commit          the message is not there, the next one overwrites it;
 *   inside W after the commit           the message is there;
 *   inside R before the commit          the message is still there, the next reader gets it;
 *   inside R after the commit           it was taken by a process that died;
 *   while growing                       the old capacity stands, and nothing in it was touched;
 *   while finishing                     the message is finished, or it is not.
 * Of several messages that are put, or taken, at once the same holds for all of them together.
 * Each time the lock passes to the next one that asks for it.
 */
#pragma once

#include "guard.h"
#include "parcel.h"
#include "ring.h"
#include "waitpoint.h"

G_BEGIN_DECLS

typedef struct GmprocBufferPlace GmprocBufferPlace;

/* Of this process: whether looking again before a sleep is of use. Guesses, so a race does not
 * matter. */
typedef struct
{
  gint64 last_sleep; /* atomic: when the last sleep began */
  guint32 in_vain;   /* atomic: how many in a row began long after the one before */
} GmprocBufferLooks;

typedef struct
{
  gintptr memory;
  GmprocBufferPlace *place;
  GmprocRing ring;
  GmprocPortLock write_lock;
  GmprocPortLock read_lock;
  GmprocPortLock producers_turn;
  GmprocPortLock consumers_turn;
  GmprocPortLock finish_lock;
  GmprocWaitpoint items;
  GmprocWaitpoint room;
  GmprocWaitpoint finished;
  GmprocBufferLooks looks_for_items;
  GmprocBufferLooks looks_for_room;
  GmprocSubject subject; /* for notes about the queue */
  GmprocNote *note;      /* that this process has it; or NULL */
} GmprocBuffer;

/* MAX_LENGTH messages, 0 for no bound. clear accepts a buffer that is all zeros but for a memory of
 * GMPROC_PORT_NO_HANDLE. */
gboolean gmproc_buffer_new (GmprocBuffer *self, guint max_length, GError **error);
void gmproc_buffer_clear (GmprocBuffer *self);

GVariant *gmproc_buffer_export (GmprocBuffer *self, GmprocParcel *parcel);
gboolean gmproc_buffer_import (GmprocBuffer *self, GVariant *exported, GmprocParcel *parcel,
                               GError **error);

/* begin waits until there is room for a message of SIZE bytes, or a message to take. TRUE: the
 * caller copies it, and calls end, with nothing in between that could block.
 * Errors: G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED, G_IO_ERROR_CLOSED (for a consumer once the
 * buffer is empty), G_IO_ERROR_MESSAGE_TOO_LARGE, GMPROC_ERROR_BAD_MESSAGE. */
gboolean gmproc_buffer_begin_put (GmprocBuffer *self, guint8 kind, gsize size, gint64 deadline,
                                  GCancellable *cancellable, GmprocRingMessage *ret_message,
                                  GError **error);
void gmproc_buffer_end_put (GmprocBuffer *self, const GmprocRingMessage *message);
gboolean gmproc_buffer_begin_take (GmprocBuffer *self, gint64 deadline, GCancellable *cancellable,
                                   GmprocRingMessage *ret_message, GError **error);
void gmproc_buffer_end_take (GmprocBuffer *self, const GmprocRingMessage *message);
void gmproc_buffer_abort_take (GmprocBuffer *self); /* in place of end: the messages stay */

/* Between begin and end: one more message behind BEFORE, which is filled, or copied, already. end
 * is given the last one, and all of them are put, or taken, by the same store. FALSE: no more now,
 * for whatever reason; a call of its own would say which. */
gboolean gmproc_buffer_put_another (GmprocBuffer *self, const GmprocRingMessage *before,
                                    guint8 kind, gsize size, GmprocRingMessage *ret_message);
gboolean gmproc_buffer_take_another (GmprocBuffer *self, const GmprocRingMessage *before,
                                     GmprocRingMessage *ret_message);

/* Whether begin need not wait; for both also gmproc_buffer_is_closed() is an answer. */
gboolean gmproc_buffer_has_room (GmprocBuffer *self);
gboolean gmproc_buffer_has_items (GmprocBuffer *self);

/* A message that was taken has been dealt with: GMPROC_ERROR_BAD_STATE when all have. await waits
 * until that is so for all that were put. Errors: G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CANCELLED. */
gboolean gmproc_buffer_finish_one (GmprocBuffer *self, GError **error);
gboolean gmproc_buffer_await_finished (GmprocBuffer *self, gint64 deadline,
                                       GCancellable *cancellable, GError **error);
guint gmproc_buffer_count_unfinished (GmprocBuffer *self);

/* No more messages can be put, by any process. */
void gmproc_buffer_close (GmprocBuffer *self);
gboolean gmproc_buffer_is_closed (GmprocBuffer *self);
gboolean gmproc_buffer_refuse_closed (GmprocBuffer *self, GError **error);

guint gmproc_buffer_get_length (GmprocBuffer *self);
guint gmproc_buffer_get_max_length (GmprocBuffer *self); /* 0: no bound */

/* For those who look at a queue from outside, and cannot write: MAPPING is the first part of the
 * memory of what may be one, of the size of a place. FALSE if it is not the one with that ID. */
typedef struct
{
  guint32 kind; /* as in the place of a slot */
  guint32 is_read;
  guint32 length;
  guint32 max_length;
  guint32 n_unfinished;
  guint32 n_finished;
  guint32 is_closed;
} GmprocBufferState;

gsize gmproc_buffer_get_place_size (void);
gboolean gmproc_buffer_read_state (gpointer mapping, guint64 id, GmprocBufferState *ret);

G_END_DECLS
