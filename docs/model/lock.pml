/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * How a lock passes on (lib/port/lock-posix.c), with processes that are killed: a robust mutex as
 * the C library and Linux make it, out of one word and a list of those who sleep for it.
 *
 * The word has the owner, a mark that somebody may sleep, and a mark that the owner died. Each
 * process locks and unlocks ROUNDS times, and may die before any of its steps. What the system does
 * at a death depends on the word, on whether the process owned the lock, and on a note ("pending")
 * that it was about to lock or unlock.
 *
 * Wanted: at most one is inside; who comes after a dead owner is told; and when nobody can do
 * anything any more, nobody sleeps.
 *
 * The last does not hold of the mutex alone, and spin shows how it fails: the owner unlocks and
 * wakes a sleeper; before that one runs, a third process takes the free lock, and marks no sleepers
 * because it has not seen any; the woken one is killed, and the system does nothing about it,
 * because the lock has a living owner; the third unlocks and wakes nobody. A second sleeper sleeps
 * on beside a free lock. Built with -DSLICES a sleeper looks again now and then, as the port does,
 * and all claims hold.
 */

#ifndef PROCESSES
#define PROCESSES 4
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif

#define NOBODY 0

/* The word. A process's number is 1 or more. */
byte owner = NOBODY;
bit has_sleepers = 0;
bit owner_died = 0;

bool sleeps[PROCESSES + 1];
bool pending[PROCESSES + 1];
bool listed[PROCESSES + 1]; /* on the list of locks that the process owns */

/* Only for the claims. */
byte deaths = 0;
byte inside = NOBODY;
bool died_inside = false;
bool has_ended[PROCESSES + 1];

/* The system wakes one sleeper, any; sleepers come in no order that a claim could lean on. */
inline wake_one ()
{
  if
  :: sleeps[1] -> sleeps[1] = false
  :: sleeps[2] -> sleeps[2] = false
  :: sleeps[3] -> sleeps[3] = false
#if PROCESSES > 3
  :: sleeps[4] -> sleeps[4] = false
#endif
  :: else
  fi
}

inline die ()
{
  deaths++;
  sleeps[me] = false;
  if
  :: inside == me -> inside = NOBODY; died_inside = true
  :: else
  fi;
  if
  :: pending[me] && owner == NOBODY -> wake_one ()
  :: else ->
     if
     :: (pending[me] || listed[me]) && owner == me ->
        owner = NOBODY;
        owner_died = 1;
        if
        :: has_sleepers -> wake_one ()
        :: else
        fi
     :: else
     fi
  fi;
  pending[me] = false;
  goto gone
}

inline may_die ()
{
  if
  :: true
  :: atomic { deaths < DEATHS -> die () }
  fi
}

/* The compare-and-exchange is one step; what it compares was read before, so it may fail, which is
 * the same as reading again. */
inline lock ()
{
  pending[me] = true;
  assumed = 0;
  do
  :: may_die ();
     if
     :: atomic {
          owner == NOBODY && owner_died ->
          owner = me;
          owner_died = 0;
          has_sleepers = has_sleepers | assumed;
          was_told = true
        };
        break
     :: atomic {
          owner == NOBODY && !owner_died && !has_sleepers ->
          owner = me;
          has_sleepers = assumed;
          was_told = false
        };
        break
     :: atomic {
          owner != NOBODY ->
          has_sleepers = 1;
          seen = owner
        };
        assumed = 1;
        may_die ();
        atomic {
          if
          :: owner == seen && has_sleepers -> sleeps[me] = true
          :: else
          fi
        };
        if
        :: !sleeps[me]
        :: atomic { sleeps[me] && deaths < DEATHS -> die () }
#ifdef SLICES
        :: sleeps[me] -> sleeps[me] = false
#endif
        fi
     fi
  od;
  may_die ();
  listed[me] = true;
  may_die ();
  pending[me] = false;
  may_die ()
}

inline unlock ()
{
  pending[me] = true;
  may_die ();
  listed[me] = false;
  may_die ();
  atomic {
    must_wake = has_sleepers;
    owner = NOBODY;
    has_sleepers = 0
  };
  may_die ();
  if
  :: must_wake -> atomic { wake_one () }
  :: else
  fi;
  may_die ();
  pending[me] = false
}

proctype process (byte me)
{
  bit assumed;
  bit must_wake;
  byte seen;
  byte round = 0;
  bool was_told;

  do
  :: round < ROUNDS ->
     lock ();
     atomic {
       assert (inside == NOBODY);
       assert (!died_inside || was_told);
       inside = me;
       died_inside = false
     };
     may_die ();
     inside = NOBODY;
     unlock ();
     round++
  :: else -> break
  od;
gone:
  has_ended[me] = true
}

/* Whether a process can do nothing unless another one does something first. */
#define IS_QUIET(i) (has_ended[i] || sleeps[i])
#define HANGS(i) (!has_ended[i] && sleeps[i])

#if PROCESSES == 3
#define ALL_QUIET (IS_QUIET (1) && IS_QUIET (2) && IS_QUIET (3))
#define NOBODY_HANGS !(HANGS (1) || HANGS (2) || HANGS (3))
#else
#define ALL_QUIET (IS_QUIET (1) && IS_QUIET (2) && IS_QUIET (3) && IS_QUIET (4))
#define NOBODY_HANGS !(HANGS (1) || HANGS (2) || HANGS (3) || HANGS (4))
#endif

proctype judge ()
{
end_judge:
  atomic {
#ifdef SLICES
    ALL_QUIET && NOBODY_HANGS
#else
    ALL_QUIET -> assert (NOBODY_HANGS)
#endif
  }
}

init
{
  byte i = 1;

  atomic {
    do
    :: i <= PROCESSES -> run process (i); i++
    :: else -> break
    od;
    run judge ()
  }
}
