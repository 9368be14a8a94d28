/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the tests of the pool have in common: pools that are waited for, calls in threads, and
 * items that come to a meeting, so that a test knows which worker runs which item, and decides when
 * it goes on.
 */
#pragma once

#include <gmproc.h>

G_BEGIN_DECLS

#define CREW_BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */

/* Ends the program when its tests hang. Opens what is opened once. */
void crew_warm_up (void);

GmprocPool *crew_new (guint n_workers);

/* Closes the pool, joins it and drops it; no child is left. */
void crew_end (GmprocPool *pool);

/* Waits until all children have ended, and the library has forgotten them. */
void crew_settle (void);

/* The children of this process that run. */
guint crew_count (void);

/* The child of that id, or NULL if it does not run. */
GmprocProcess *crew_find (gint64 pid);

/* Waits until it has ended, and its pool was told. */
void crew_join (GmprocProcess *process);

/* SIGKILL, and waits for the end. */
void crew_kill (gint64 pid);

/* Lets others run for a time. No test is right or wrong because of how long it takes. */
void crew_pause (gint64 microseconds);

/* -- calls ------------------------------------------------------------------------------------- */

/* 0 … N-1 as "ax". */
GVariant *crew_numbers (gsize n);

/* Maps the square over N numbers, and checks the result. */
void crew_assert_works (GmprocPool *pool, gsize n);
extern const GmprocFunction crew_square; /* "x" → "x" */

/* gmproc_pool_map() in a thread of its own. */
typedef struct
{
  GThread *thread;
  GmprocPool *pool;
  GmprocFunction function;
  GVariant *items;
  GCancellable *cancellable;
  GVariant *result;
  GError *error;
} CrewCall;

void crew_call_start (CrewCall *self, GmprocPool *pool, GmprocFunction function, GVariant *items);
void crew_call_join (CrewCall *self);
void crew_call_clear (CrewCall *self);

/* -- meetings ---------------------------------------------------------------------------------- */

typedef struct
{
  GSocket *listener;
  guint16 port;
  GQueue early; /* visitors that have not said yet that they are here to stay */
} Meeting;

/* An item that has come, and does not go on before it is released. */
typedef struct
{
  GSocket *socket;
  gint64 number;
  gint64 pid;
} Visitor;

void meeting_open (Meeting *self);
void meeting_close (Meeting *self);
void meeting_accept (Meeting *self, Visitor *ret_visitor);

/* Numbers 0 … N-1 that come to the meeting: "a(qx)", for the two functions. */
GVariant *meeting_items (Meeting *self, gsize n);
extern const GmprocFunction meeting_visit;      /* the number again */
extern const GmprocFunction meeting_visit_long; /* 64 MiB of the number's last byte */
#define MEETING_LONG (64 * 1024 * 1024)

/* Comes to the meeting, and waits for the release. */
void meeting_come (guint16 port, gint64 number);

void visitor_release (Visitor *self);

/* Waits until the visitor's process has ended. */
void visitor_wait_gone (Visitor *self);

G_END_DECLS
