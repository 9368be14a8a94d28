/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The bounded buffer between producers and consumers (lib/internal/buffer.h), with processes that
 * are killed.
 *
 * There are two locks, W for who puts and R for who takes, and a turn for each side, which its one
 * sleeper holds. What is hard: a consumer is woken by producers, who hold W and not R. So it looks
 * once more under W before it sleeps; and a producer looks under R. Each process may die before any
 * of its steps, as often as DEATHS says.
 *
 * A word is a count and a position (ring.h). Where somebody may sleep, a commit plans the word, adds
 * to the count in the step that wakes, and lets the position follow; who takes the lock next after a
 * death settles what is left of it. A message has one unit or two, so a plan that was dropped may
 * have another position than the message that comes in its place.
 *
 * Wanted: when nobody can do anything any more, no living consumer sleeps while there are items, no
 * living producer sleeps while there is room, and nobody sleeps when the buffer is closed. There
 * are never more items than there is room for, and none is lost or taken twice: what was committed
 * and not taken is there. Whoever looks at a count finds the position that belongs to it.
 *
 * Built with -DOWN_LOCK each side looks under its own lock before it sleeps; with -DCOMMIT_FIRST the
 * commits come before the wake-ups; with -DUNSETTLED nobody settles what a dead process left, and
 * with -DUNPLANNED who looks at the other side's word does not look at its plan. All must give a
 * counter-example; the first one without any death. With -DADD=2 the system wakes and adds in two
 * steps.
 */

#ifndef ADD
#define ADD 1
#endif

#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef CONSUMERS
#define CONSUMERS 1
#endif
#ifndef CLOSERS
#define CLOSERS 0
#endif
#ifndef PUTS
#define PUTS 1 /* of each producer */
#endif
#ifndef TAKES
#define TAKES 2 /* of each consumer */
#endif
#ifndef ROOM
#define ROOM 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

#define PROCESSES 4 /* at most; who is not there has ended */
#define NOBODY 255

/* The locks. */
#define W 0
#define R 1
#define PRODUCERS_TURN 2
#define CONSUMERS_TURN 3
byte owner[4];

/* The waitpoints, each with its word: `items` is under W, `room` under R. */
#define ITEMS 0
#define FREE 1
bit asleep[2];
byte count[2];
byte counted[2];

#define NOWHERE 2
byte sleeps_at[PROCESSES];
byte waits_for[PROCESSES]; /* a turn that another one holds, or NOBODY */

#define HEAD 0
#define TAIL 1
byte number[2]; /* the count of a word */
byte position[2];
byte planned_number[2]; /* 0 for no plan */
byte planned_position[2];
bit is_closed = 0;
#define LENGTH (number[TAIL] - number[HEAD])

/* Only for the claims. */
byte deaths = 0;
byte committed = 0;
byte taken = 0;
#define MOST_MESSAGES 6
byte ends_at[MOST_MESSAGES + 1]; /* the position after so many messages */
bool has_ended[PROCESSES];

inline free_if_mine (lock)
{
  if
  :: owner[lock] == me -> owner[lock] = NOBODY
  :: else
  fi
}

/* All that the system does about a death is one step for the others. */
inline die ()
{
  deaths++;
  free_if_mine (W);
  free_if_mine (R);
  free_if_mine (PRODUCERS_TURN);
  free_if_mine (CONSUMERS_TURN);
  sleeps_at[me] = NOWHERE;
  waits_for[me] = NOBODY;
  goto gone
}

inline may_die ()
{
  if
  :: true
  :: atomic { deaths < DEATHS -> die () }
  fi
}

inline enter (lock)
{
  may_die ();
  atomic { owner[lock] == NOBODY -> owner[lock] = me };
  may_die ()
}

/* A turn may be held for long, so its wait is one in which a process may be killed. */
inline take_turn (lock)
{
  may_die ();
  waits_for[me] = lock;
end_in_line:
  if
  :: atomic { owner[lock] == NOBODY -> owner[lock] = me; waits_for[me] = NOBODY }
  :: atomic { owner[lock] != NOBODY && deaths < DEATHS -> die () }
  fi;
  may_die ()
}

inline leave (lock)
{
  may_die ();
  assert (owner[lock] == me);
  owner[lock] = NOBODY;
  may_die ()
}

inline wake_all (waitpoint)
{
  d_step {
    i = 0;
    do
    :: i < PROCESSES ->
       if
       :: sleeps_at[i] == waitpoint -> sleeps_at[i] = NOWHERE
       :: else
       fi;
       i++
    :: else -> break
    od;
    i = 0
  }
}

inline wake (waitpoint)
{
  if
  :: !asleep[waitpoint]
  :: else ->
     may_die ();
     count[waitpoint]++;
     may_die ();
     if
     :: counted[waitpoint] != 0 -> wake_all (waitpoint)
     :: else
     fi;
     may_die ();
     asleep[waitpoint] = 0
  fi;
  may_die ()
}

/* Sleeps until CONDITION. OF_CHANGERS is the lock of those who can make it so. */
inline wait_until (condition, turn, of_changers, waitpoint)
{
  take_turn (turn);
  do
  :: enter (of_changers);
     if
     :: condition || is_closed -> leave (of_changers); break
     :: else
     fi;
     asleep[waitpoint] = 1;
     may_die ();
     prepared = count[waitpoint];
     leave (of_changers);

     counted[waitpoint]++;
     may_die ();
     atomic {
       if
       :: count[waitpoint] == prepared -> sleeps_at[me] = waitpoint
       :: else
       fi
     };
  end_asleep:
     if
     :: sleeps_at[me] == NOWHERE
     :: atomic { sleeps_at[me] != NOWHERE && deaths < DEATHS -> die () }
     fi;
     counted[waitpoint]--;
     prepared = 0;
     may_die ();
     if
     :: condition -> break
     :: else
     fi
  od;
  leave (turn)
}

#ifdef OWN_LOCK
#define LOCK_OF_TAKERS W
#define LOCK_OF_PUTTERS R
#else
#define LOCK_OF_TAKERS R
#define LOCK_OF_PUTTERS W
#endif

/* Under the lock of WORD. */
inline settle (word)
{
  if
  :: planned_number[word] != 0 ->
     if
     :: planned_number[word] == number[word] -> position[word] = planned_position[word]
     :: else
     fi;
     may_die ();
     atomic { planned_number[word] = 0; planned_position[word] = 0 };
     may_die ()
  :: else
  fi
}

inline settle_after_death (word)
{
#ifndef UNSETTLED
  settle (word);
  assert (position[word] == ends_at[number[word]])
#else
  skip
#endif
}

/* The other side's word. */
inline load_whole (word)
{
  do
  :: atomic { seen_number = number[word]; seen_position = position[word] };
     atomic {
       if
#ifndef UNPLANNED
       :: planned_number[word] == seen_number -> plan = planned_position[word]
#endif
       :: else -> plan = NOBODY
       fi
     };
     atomic {
       if
       :: number[word] == seen_number && position[word] == seen_position ->
          if
          :: plan != NOBODY && seen_number != 0 -> seen_position = plan
          :: else
          fi;
          assert (seen_position == ends_at[seen_number]);
          seen_number = 0;
          seen_position = 0;
          plan = 0;
          break
       :: else
       fi
     }
  od
}

/* The count goes on: from here on others see it. */
inline go_on (word, size)
{
  number[word]++;
  if
  :: word == TAIL ->
     ends_at[number[TAIL]] = position[TAIL] + size;
     committed++;
     assert (LENGTH <= ROOM)
  :: else ->
     taken++;
     assert (number[HEAD] <= number[TAIL])
  fi
}

inline commit_at_once (word, size)
{
  atomic { go_on (word, size); position[word] = position[word] + size };
  may_die ()
}

/* Inside the lock: wakes and commits. The word is read before anybody can see the new one. */
inline commit (word, waitpoint, size)
{
#ifdef COMMIT_FIRST
  commit_at_once (word, size);
  wake (waitpoint)
#else
  if
  :: !asleep[waitpoint] -> commit_at_once (word, size)
  :: else ->
     atomic {
       planned_number[word] = number[word] + 1;
       planned_position[word] = position[word] + size
     };
     may_die ();
     count[waitpoint]++;
     may_die ();
     if
#if ADD == 2
     :: counted[waitpoint] != 0 -> wake_all (waitpoint); may_die (); atomic { go_on (word, size) }
#else
     :: counted[waitpoint] != 0 -> atomic { wake_all (waitpoint); go_on (word, size) }
#endif
     :: else -> atomic { go_on (word, size) }
     fi;
     may_die ();
     asleep[waitpoint] = 0;
     may_die ();
     settle (word)
  fi
#endif
}

/* What a process that has ended knew makes no difference. */
inline forget ()
{
  d_step {
    i = 0;
    prepared = 0;
    seen_number = 0;
    seen_position = 0;
    plan = 0;
    size = 0;
    n = 0;
    has_ended[me] = true
  }
}

proctype producer (byte me)
{
  byte i;
  byte prepared;
  byte seen_number;
  byte seen_position;
  byte plan;
  byte size;
  byte n = 0;

  do
  :: n == PUTS || is_closed -> break
  :: n < PUTS ->
     enter (W);
     settle_after_death (TAIL);
     load_whole (HEAD);
     if
     :: is_closed -> leave (W)
     :: !is_closed && LENGTH < ROOM ->
        if
        :: size = 1
        :: size = 2
        fi;
        commit (TAIL, ITEMS, size);
        size = 0;
        n++;
        leave (W)
     :: else ->
        leave (W);
        wait_until (LENGTH < ROOM, PRODUCERS_TURN, LOCK_OF_TAKERS, FREE)
     fi
  od;
gone:
  forget ()
}

proctype consumer (byte me)
{
  byte i;
  byte prepared;
  byte seen_number;
  byte seen_position;
  byte plan;
  byte size;
  byte n = 0;

  do
  :: n == TAKES || (is_closed && LENGTH == 0) -> break
  :: n < TAKES ->
     enter (R);
     settle_after_death (HEAD);
     load_whole (TAIL);
     if
     :: LENGTH > 0 ->
        size = ends_at[number[HEAD] + 1] - ends_at[number[HEAD]];
        commit (HEAD, FREE, size);
        size = 0;
        n++;
        leave (R)
     :: else ->
        leave (R);
        wait_until (LENGTH > 0, CONSUMERS_TURN, LOCK_OF_PUTTERS, ITEMS)
     fi
  od;
gone:
  forget ()
}

proctype closer (byte me)
{
  byte i;

  enter (R);
  enter (W);
  wake (ITEMS);
  wake (FREE);
  is_closed = 1;
  leave (W);
  leave (R);
gone:
  has_ended[me] = true
}

/* Whether a process can do nothing unless another one does something first; and whether it should
 * be able to. Who waits for a turn depends on the one who has it. */
#define IS_QUIET(i) (has_ended[i] || sleeps_at[i] != NOWHERE || WAITS (i))
#define WAITS(i) (waits_for[i] != NOBODY && owner[waits_for[i] & 3] != NOBODY)
#define HANGS(i) \
  (!has_ended[i] \
   && ((sleeps_at[i] == ITEMS && (LENGTH > 0 || is_closed)) \
       || (sleeps_at[i] == FREE && (LENGTH < ROOM || is_closed))))

proctype judge ()
{
end_judge:
  atomic {
    /* That nobody waits for W or R for ever is what spin itself looks for. */
    (IS_QUIET (0) && IS_QUIET (1) && IS_QUIET (2) && IS_QUIET (3)) ->
    assert (!(HANGS (0) || HANGS (1) || HANGS (2) || HANGS (3)));
    assert (LENGTH == committed - taken);
    assert (owner[W] == NOBODY && owner[R] == NOBODY)
  }
}

init
{
  byte i = 0;

  atomic {
    do
    :: i < PROCESSES ->
       owner[i] = NOBODY;
       sleeps_at[i] = NOWHERE;
       waits_for[i] = NOBODY;
       if
       :: i < PRODUCERS -> run producer (i)
       :: i >= PRODUCERS && i < PRODUCERS + CONSUMERS -> run consumer (i)
       :: i >= PRODUCERS + CONSUMERS && i < PRODUCERS + CONSUMERS + CLOSERS -> run closer (i)
       :: else -> has_ended[i] = true
       fi;
       i++
    :: else -> break
    od;
    run judge ()
  }
}
