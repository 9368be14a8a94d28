/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Waiting for a state in shared memory (lib/internal/waitpoint.h), with processes that are killed.
 *
 * Waiters take one item each, and sleep while there is none. Changers put one item each. Any
 * process may die before any of its steps, as often as DEATHS says. A lock whose owner dies is free
 * again (lock.pml looks into that); a sleeper that dies is no sleeper any more, but stays counted.
 *
 * Wanted: when nobody can do anything any more, no living waiter sleeps while there is an item, no
 * living process waits for the lock, and no item that was committed is gone without a taker.
 *
 * Built with -DADD the commit is a part of the wake-up, as in gmproc_waitpoint_wake_and_add(): the
 * state only grows, as that of an event or a barrier does, nobody takes anything, and who is woken
 * looks at the state without the lock. The system wakes and adds in one step; with -DADD=2, for
 * those that cannot, in two.
 *
 * Built with -DCOMMIT_FIRST the changer commits before it wakes, and with -DASLEEP_FIRST it forgets
 * the sleepers before it wakes them. Both must give a counter-example.
 */

#ifndef WAITERS
#define WAITERS 2
#endif
#ifndef CHANGERS
#define CHANGERS 2
#endif
#ifndef DEATHS
#define DEATHS 2
#endif

#ifndef ADD
#define ADD 0
#endif

#if WAITERS + CHANGERS == 4
#define PROCESSES 4
#else
#define PROCESSES 5
#endif
#define NOBODY 255

/* The state, the lock beside it and the waitpoint. */
byte items = 0;
byte owner = NOBODY;
bit asleep = 0;
byte count = 0;   /* the word's */
byte counted = 0; /* the word's waiters */
bool sleeps[PROCESSES]; /* the system's list of those who wait for the word */

/* Only for the claims. */
byte deaths = 0;
byte committed = 0;
byte taken = 0;
bool has_ended[PROCESSES];

/* Before each step. All that the system does about a death is one step for the others. */
inline die ()
{
  deaths++;
  if
  :: owner == me -> owner = NOBODY
  :: else
  fi;
  sleeps[me] = false;
  goto gone
}

inline may_die ()
{
  if
  :: true
  :: atomic { deaths < DEATHS -> die () }
  fi
}

inline enter ()
{
  may_die ();
  atomic { owner == NOBODY -> owner = me };
  may_die ()
}

inline leave ()
{
  may_die ();
  assert (owner == me);
  owner = NOBODY;
  may_die ()
}

inline wake_sleepers ()
{
  d_step {
    i = 0;
    do
    :: i < PROCESSES -> sleeps[i] = false; i++
    :: else -> break
    od
  }
}

/* gmproc_port_word_advance(): the counter first, then whoever sleeps. */
inline advance ()
{
  count++;
  may_die ();
  if
  :: counted != 0 -> may_die (); wake_sleepers ()
  :: else
  fi;
  may_die ()
}

inline wake ()
{
  if
  :: asleep == 0
  :: else ->
#ifdef ASLEEP_FIRST
     asleep = 0;
     may_die ();
     advance ()
#else
     may_die ();
     advance ();
     asleep = 0
#endif
  fi;
  may_die ()
}

inline commit (new_items)
{
  atomic {
    items = new_items;
    committed++
  };
  may_die ()
}

/* gmproc_port_word_advance_and_add() */
inline advance_and_add ()
{
  count++;
  may_die ();
  if
#if ADD == 2
  :: counted != 0 -> may_die (); wake_sleepers (); may_die (); commit (items + 1)
#else
  :: counted != 0 -> may_die (); atomic { wake_sleepers (); items++; committed++ }
#endif
  :: else -> commit (items + 1)
  fi;
  may_die ()
}

inline wake_and_add ()
{
  if
  :: asleep == 0 -> commit (items + 1)
  :: else ->
     may_die ();
     advance_and_add ();
     asleep = 0
  fi;
  may_die ()
}

proctype changer (byte me)
{
  byte i;

  enter ();
#ifdef COMMIT_FIRST
  commit (items + 1);
  wake ();
#elif ADD
  wake_and_add ();
#else
  wake ();
  commit (items + 1);
#endif
  leave ();
gone:
  has_ended[me] = true
}

proctype waiter (byte me)
{
  byte prepared;

  do
  :: enter ();
     if
     :: items > 0 ->
        may_die ();
#if !ADD
        atomic {
          items--;
          taken++
        };
#endif
        leave ();
        break
     :: else
     fi;

     asleep = 1;
     may_die ();
     prepared = count;
     leave ();

     /* gmproc_port_word_wait(): counted first; then the system compares and sleeps in one step. A
      * waiter that spins and sees the change does not come here at all, which is the same as one
      * that finds the counter changed. */
     counted++;
     may_die ();
     atomic {
       if
       :: count == prepared -> sleeps[me] = true
       :: else
       fi
     };
end_asleep:
     if
     :: !sleeps[me]
     :: atomic { sleeps[me] && deaths < DEATHS -> die () }
     fi;
     may_die ();
     counted--;
     may_die ()
#if ADD
     ;
     if
     :: items > 0 -> break /* gmproc_waitpoint_see_commit() */
     :: true
     fi
#endif
  od;
gone:
  has_ended[me] = true
}

/* Whether a process can do nothing unless another one does something first. That nobody waits for
 * the lock for ever is what spin itself looks for: such an end would be no end_ state. */
#define IS_QUIET(i) (has_ended[i] || sleeps[i])
#define HANGS(i) (!has_ended[i] && sleeps[i] && items > 0)

#if PROCESSES == 4
#define ALL_QUIET (IS_QUIET (0) && IS_QUIET (1) && IS_QUIET (2) && IS_QUIET (3))
#define NOBODY_HANGS !(HANGS (0) || HANGS (1) || HANGS (2) || HANGS (3))
#else
#define ALL_QUIET \
  (IS_QUIET (0) && IS_QUIET (1) && IS_QUIET (2) && IS_QUIET (3) && IS_QUIET (4))
#define NOBODY_HANGS !(HANGS (0) || HANGS (1) || HANGS (2) || HANGS (3) || HANGS (4))
#endif

proctype judge ()
{
end_judge:
  atomic {
    ALL_QUIET ->
    assert (NOBODY_HANGS);
    assert (items == committed - taken)
  }
}

init
{
  byte i = 0;

  atomic {
    do
    :: i < WAITERS -> run waiter (i); i++
    :: i >= WAITERS && i < PROCESSES -> run changer (i); i++
    :: else -> break
    od;
    run judge ()
  }
}
