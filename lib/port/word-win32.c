/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting for a counter in shared memory, where the system cannot compare and sleep in one step
 * for more than one process. What stands in is a pipe of bytes that mean nothing: a waiter asks
 * for one byte, and an advance writes one for every waiter. The handle is the pair of its ends.
 *
 * A waiter   (1) counts itself, (2) has the system queue its request, (3) looks at the count, and
 *            only when that is the expected one (4) sleeps until the request is met.
 * An advance (a) changes the count, (b) reads the number of waiters, and when there is one and no
 *            byte lies in the pipe (c) writes as many bytes as there are waiters.
 *
 * No wake-up is lost. Let a waiter have seen the old count in (3). Then its request was queued, and
 * it was counted, before (a). Either (c) is skipped because a byte lies in the pipe: then no
 * request is queued at that moment, since the system never keeps a byte from a request, so this
 * one was met. Or at least as many bytes are written as there are requests that were queued
 * before (a), because each of these has a waiter who is counted. The system meets requests in the
 * order in which they came.
 *
 * For the same reason none is stolen: who comes after the change is queued behind all those who
 * wait for it. A semaphore does not have this property. There the sleep itself is what queues, and
 * whoever comes between a waiter's look and its sleep takes what was meant for it.
 *
 * A waiter that is killed stays counted, and the system forgets its request. So an advance may
 * write bytes that nobody waits for. A later waiter takes them, sees that the count is still the
 * expected one, and asks again. There are never more of them than there were waiters, because
 * nothing is written while one is left. An advance whose process is killed before (c) leaves the
 * waiters counted, and the next one wakes them.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "handle-win32.h"
#include "overlapped-win32.h"
#include "pipe-win32.h"

gboolean
gmproc_port_word_create (GmprocPortWord *word, GmprocPortWordPlace *place, GError **error)
{
  gintptr reader, writer, pair;
  HANDLE ends[GMPROC_HANDLE_PARTS];

  if (!gmproc_port_pipe_new (FALSE, &ends[0], &ends[1], error))
    return FALSE;
  reader = (gintptr) ends[0];
  writer = (gintptr) ends[1];
  if (!gmproc_port_handle_join (&reader, &writer, &pair, error))
    return FALSE;
  place->count = 0;
  place->waiters = 0;
  word->place = place;
  word->handle = pair;
  return TRUE;
}

gboolean
gmproc_port_word_attach (GmprocPortWord *word, GmprocPortWordPlace *place, gintptr handle,
                         GError **error)
{
  HANDLE ends[GMPROC_HANDLE_PARTS];

  if (gmproc_port_handle_split (handle, ends) != 2 || GetFileType (ends[0]) != FILE_TYPE_PIPE
      || GetFileType (ends[1]) != FILE_TYPE_PIPE)
    {
      gmproc_port_handle_close (&handle);
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "GetFileType: the handle is not one of a word in shared memory");
      return FALSE;
    }
  word->place = place;
  word->handle = handle;
  return TRUE;
}

void
gmproc_port_word_detach (GmprocPortWord *word)
{
  word->place = NULL;
  gmproc_port_handle_close (&word->handle);
}

guint32
gmproc_port_word_load (const GmprocPortWord *word)
{
  return __atomic_load_n (&word->place->count, __ATOMIC_ACQUIRE);
}

/* Steps (2) to (4). FALSE if and only if the deadline passed. */
static gboolean
wait_for_byte (GmprocPortWord *word, HANDLE reader, guint32 expected, gint64 deadline)
{
  OVERLAPPED request = gmproc_port_overlapped_new ();
  DWORD count, code;
  gboolean started;
  char byte;

  started = ReadFile (reader, &byte, 1, NULL, &request);
  code = GetLastError ();
  if (!started && __atomic_load_n (&word->place->count, __ATOMIC_SEQ_CST) != expected)
    {
      (void) gmproc_port_overlapped_finish (reader, &request, started, 0, NULL, &count, &code);
      return TRUE;
    }
  switch (gmproc_port_overlapped_finish (reader, &request, started, deadline, NULL, &count, &code))
    {
    case GMPROC_OVERLAPPED_TIMED_OUT:
      return FALSE;
    case GMPROC_OVERLAPPED_FAILED:
      /* Every process has both ends, so this is a handle that somebody closed. Going on would make
       * every caller a busy loop. */
      g_error ("ReadFile: error %lu while waiting for a word in shared memory", code);
    default:
      return TRUE;
    }
}

gboolean
gmproc_port_word_wait (GmprocPortWord *word, guint32 expected, gint64 deadline)
{
  HANDLE ends[GMPROC_HANDLE_PARTS];
  gboolean in_time;

  (void) gmproc_port_handle_split (word->handle, ends);
  (void) __atomic_fetch_add (&word->place->waiters, 1, __ATOMIC_SEQ_CST);
  do
    in_time = wait_for_byte (word, ends[0], expected, deadline);
  while (in_time && __atomic_load_n (&word->place->count, __ATOMIC_SEQ_CST) == expected);
  (void) __atomic_fetch_sub (&word->place->waiters, 1, __ATOMIC_SEQ_CST);
  return in_time;
}

void
gmproc_port_word_advance (GmprocPortWord *word)
{
  HANDLE ends[GMPROC_HANDLE_PARTS];
  guint32 n_waiters;
  DWORD n_available;

  (void) __atomic_fetch_add (&word->place->count, 1, __ATOMIC_SEQ_CST);
  n_waiters = __atomic_load_n (&word->place->waiters, __ATOMIC_SEQ_CST);
  if (n_waiters == 0)
    return;

  (void) gmproc_port_handle_split (word->handle, ends);
  if (!PeekNamedPipe (ends[0], NULL, 0, NULL, &n_available, NULL) || n_available == 0)
    (void) gmproc_port_pipe_write_tokens (ends[1], n_waiters);
}

void
gmproc_port_word_advance_and_add (GmprocPortWord *word, guint32 *state, guint32 delta)
{
  gmproc_port_word_advance (word);
  (void) __atomic_fetch_add (state, delta, __ATOMIC_RELEASE);
}

/* The word is read before the state: whoever changes the state advances the word afterwards. */
gboolean
gmproc_port_word_wait_state (GmprocPortWord *word, guint32 *state, guint32 expected,
                             gint64 deadline)
{
  guint32 count = gmproc_port_word_load (word);

  if (__atomic_load_n (state, __ATOMIC_SEQ_CST) != expected)
    return TRUE;
  return gmproc_port_word_wait (word, count, deadline);
}

void
gmproc_port_word_add_state (GmprocPortWord *word, guint32 *state, guint32 delta)
{
  (void) __atomic_fetch_add (state, delta, __ATOMIC_SEQ_CST);
  gmproc_port_word_advance (word);
}
