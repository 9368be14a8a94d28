/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The others that a test of a shared object needs: threads of this process, or other processes.
 * Both run the same target with the same args, so that one test body serves for both.
 */
#pragma once

#include <gmproc.h>

G_BEGIN_DECLS

#define PARTY_BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */
#define PARTY_SHORT (30 * G_TIME_SPAN_MILLISECOND)

typedef enum
{
  PARTY_THREAD,
  PARTY_PROCESS
} PartyKind;

typedef struct Party Party;

/* Sinks ARGS. */
Party *party_start (PartyKind kind, GmprocTarget target, GVariant *args);

/* Waits for its end, frees it, and gives its exit status. Fails the test after PARTY_BOUND. */
int party_join (Party *party);

/* Processes only: SIGKILL; the end is waited for. */
void party_kill (Party *party);

/* Processes only. */
gint64 party_get_pid (Party *party);

/* Processes only: no thread of it runs any more, until continue. FALSE where that cannot be done.
 */
gboolean party_stop (Party *party);
void party_continue (Party *party);

/* Starts and joins one process, so that what is opened once is no leak of the first test. */
void party_warm_up (void);

/* Lets others run for about a time. No test is right or wrong because of how long it takes. */
void party_pause (gint64 microseconds);

/* The object that the handle in a tuple names; for targets. */
GmprocEvent *party_open_event (GVariant *args, gsize index);
GmprocLock *party_open_lock (GVariant *args, gsize index);
GmprocQueue *party_open_queue (GVariant *args, gsize index);
GmprocBarrier *party_open_barrier (GVariant *args, gsize index);
GmprocConnection *party_open_connection (GVariant *args, gsize index);

/* An event as a signal between parties: wait fails the test after PARTY_BOUND. */
GmprocEvent *party_new_signal (void);
void party_wait (GmprocEvent *signal);

/* Locks whose calls may not fail. */
GmprocLock *party_new_lock (void);
void party_acquire (GmprocLock *lock);
void party_release (GmprocLock *lock);

/* Defines test functions NAME_threads and NAME_processes, and adds them. */
#define PARTY_TEST(name)              \
  static void name##_threads (void)   \
  {                                   \
    name (PARTY_THREAD);              \
  }                                   \
  static void name##_processes (void) \
  {                                   \
    name (PARTY_PROCESS);             \
  }

#define PARTY_ADD(path, name)                              \
  G_STMT_START                                             \
  {                                                        \
    gmproc_test_add (path "/threads", name##_threads);     \
    gmproc_test_add (path "/processes", name##_processes); \
  }                                                        \
  G_STMT_END

G_END_DECLS
