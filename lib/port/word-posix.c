/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting for a counter in shared memory: a futex on Linux, _umtx_op() on FreeBSD, and elsewhere
 * short sleeps.
 *
 * A waiter counts itself, and then the system compares the counter and sleeps in one step. An
 * advance changes the counter, and then looks for waiters. Both do so in one total order, so one
 * of the two sees the other: either the sleep does not begin, or the wake-up call is made.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"

#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#if defined(HAVE_LINUX_FUTEX_H)
#include <linux/futex.h>
#include <sys/syscall.h>
#elif defined(HAVE_SYS_UMTX_H)
#include <sys/types.h>
#include <sys/umtx.h>
#endif

/* An advance that finds a waiter wakes all of them: they wait for the same counter. */
#define ALL_WAITERS INT_MAX

gboolean
gmproc_port_word_create (GmprocPortWord *word, GmprocPortWordPlace *place,
                         GError **error G_GNUC_UNUSED)
{
  place->count = 0;
  place->waiters = 0;
  word->place = place;
  word->handle = GMPROC_PORT_NO_HANDLE;
  return TRUE;
}

gboolean
gmproc_port_word_attach (GmprocPortWord *word, GmprocPortWordPlace *place, gintptr handle,
                         GError **error G_GNUC_UNUSED)
{
  gmproc_port_handle_close (&handle); /* no word of this system has one */
  word->place = place;
  word->handle = GMPROC_PORT_NO_HANDLE;
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

#if defined(HAVE_LINUX_FUTEX_H) || defined(HAVE_SYS_UMTX_H)
static struct timespec
to_timespec (gint64 deadline)
{
  struct timespec time;

  deadline = MAX (deadline, 0); /* all that lies before the clock's start is over */
  time.tv_sec = deadline / G_USEC_PER_SEC;
  time.tv_nsec = deadline % G_USEC_PER_SEC * 1000;
  return time;
}
#endif

#if defined(HAVE_LINUX_FUTEX_H)
/* On a 32-bit system the old call reads 32-bit times, whatever the C library uses. */
#if defined(SYS_futex_time64) && (!defined(SYS_futex) || __SIZEOF_LONG__ == 4)
#define FUTEX_CALL SYS_futex_time64
#else
#define FUTEX_CALL SYS_futex
#endif

/* FALSE if and only if the deadline passed. Not PRIVATE: the others are other processes. */
static gboolean
system_wait (guint32 *count, guint32 expected, gint64 deadline)
{
  struct timespec time = to_timespec (deadline);
  const struct timespec *until = deadline == GMPROC_PORT_FOREVER ? NULL : &time;

  /* WAIT_BITSET, because it takes a point of the monotonic clock and not a length of time. */
  return syscall (FUTEX_CALL, count, FUTEX_WAIT_BITSET, expected, until, NULL,
                  FUTEX_BITSET_MATCH_ANY)
             == 0
         || errno != ETIMEDOUT;
}

static void
system_wake (guint32 *count)
{
  (void) syscall (FUTEX_CALL, count, FUTEX_WAKE, ALL_WAITERS, NULL, NULL, 0);
}

#elif defined(HAVE_SYS_UMTX_H)

static gboolean
system_wait (guint32 *count, guint32 expected, gint64 deadline)
{
  struct _umtx_time until = { to_timespec (deadline), UMTX_ABSTIME, CLOCK_MONOTONIC };
  gboolean forever = deadline == GMPROC_PORT_FOREVER;

  return _umtx_op (count, UMTX_OP_WAIT_UINT, expected,
                   forever ? NULL : (void *) (guintptr) sizeof until, forever ? NULL : &until)
             == 0
         || errno != ETIMEDOUT;
}

static void
system_wake (guint32 *count)
{
  (void) _umtx_op (count, UMTX_OP_WAKE, ALL_WAITERS, NULL, NULL);
}

#else

#define FIRST_PAUSE (50 * 1000)     /* nanoseconds */
#define LONGEST_PAUSE (1000 * 1000) /* nanoseconds: how late a waiter may see the change */

static gboolean
system_wait (guint32 *count, guint32 expected, gint64 deadline)
{
  struct timespec pause = { 0, FIRST_PAUSE };

  while (__atomic_load_n (count, __ATOMIC_ACQUIRE) == expected)
    {
      if (deadline != GMPROC_PORT_FOREVER && g_get_monotonic_time () >= deadline)
        return FALSE;
      (void) nanosleep (&pause, NULL);
      pause.tv_nsec = MIN (pause.tv_nsec * 2, LONGEST_PAUSE);
    }
  return TRUE;
}

static void
system_wake (guint32 *count G_GNUC_UNUSED)
{
}
#endif

gboolean
gmproc_port_word_wait (GmprocPortWord *word, guint32 expected, gint64 deadline)
{
  GmprocPortWordPlace *place = word->place;
  gboolean in_time;

  /* A waiter that is killed in between stays counted, which costs wake-up calls and no more. */
  (void) __atomic_fetch_add (&place->waiters, 1, __ATOMIC_SEQ_CST);
  in_time = system_wait (&place->count, expected, deadline);
  (void) __atomic_fetch_sub (&place->waiters, 1, __ATOMIC_SEQ_CST);
  return in_time;
}

void
gmproc_port_word_advance (GmprocPortWord *word)
{
  (void) __atomic_fetch_add (&word->place->count, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n (&word->place->waiters, __ATOMIC_SEQ_CST) != 0)
    system_wake (&word->place->count);
}

#if defined(HAVE_LINUX_FUTEX_H)
/* FALSE when the system refuses, as a filter of system calls may. */
static gboolean
system_wake_and_add (guint32 *count, guint32 *state, guint32 delta)
{
  const struct timespec *none_of_state = NULL; /* how many to wake there, in place of a time */
  guint32 operation = FUTEX_OP (FUTEX_OP_ADD, delta, FUTEX_OP_CMP_EQ, 0);

  return syscall (FUTEX_CALL, count, FUTEX_WAKE_OP, ALL_WAITERS, none_of_state, state, operation)
         != -1;
}
#else
static gboolean
system_wake_and_add (guint32 *count G_GNUC_UNUSED, guint32 *state G_GNUC_UNUSED,
                     guint32 delta G_GNUC_UNUSED)
{
  return FALSE;
}
#endif

/* The count goes first: from then on nobody begins to sleep who would miss the rest. */
void
gmproc_port_word_advance_and_add (GmprocPortWord *word, guint32 *state, guint32 delta)
{
  GmprocPortWordPlace *place = word->place;

  (void) __atomic_fetch_add (&place->count, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n (&place->waiters, __ATOMIC_SEQ_CST) != 0)
    {
      if (system_wake_and_add (&place->count, state, delta))
        return;
      system_wake (&place->count);
    }
  (void) __atomic_fetch_add (state, delta, __ATOMIC_RELEASE);
}

#if defined(HAVE_LINUX_FUTEX_H)
gboolean
gmproc_port_word_wait_state (G_GNUC_UNUSED GmprocPortWord *word, guint32 *state, guint32 expected,
                             gint64 deadline)
{
  return system_wait (state, expected, deadline);
}

/* The state itself is what they sleep on, so the system changes it and wakes them in one step. */
void
gmproc_port_word_add_state (G_GNUC_UNUSED GmprocPortWord *word, guint32 *state, guint32 delta)
{
  if (system_wake_and_add (state, state, delta))
    return;
  (void) __atomic_fetch_add (state, delta, __ATOMIC_SEQ_CST);
  system_wake (state);
}
#else
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
#endif
