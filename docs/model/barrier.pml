/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The rounds of a barrier (lib/gmproc-barrier-round.c), with parties that are killed.
 *
 * Each of PARTIES processes crosses ROUNDS times, or until the barrier is broken. All but the last of
 * a round arrive by one compare and exchange, without the lock, and sleep on the round's number; the
 * last one ends the round inside the lock. A process may die before any of its steps. With ABORTER
 * one more process, which is no party, breaks the barrier once; with GIVE_UP who waits may give up.
 *
 * Wanted: who returns from a round has crossed it if and only if it was crossed, that is, all
 * parties have arrived and none of them was dead when the last one looked; and when nobody can do
 * anything any more, nobody sleeps, whoever died.
 *
 * A sleeper looks now and then for dead parties. It may do so at any time here, but only when the
 * look would find something: one that finds nothing changes nothing.
 */

#ifndef PARTIES
#define PARTIES 3
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif

#ifdef ABORTER
#define PROCESSES (PARTIES + 1)
#else
#define PROCESSES PARTIES
#endif
#define NOBODY 0

/* The word. What is below the number is of the round that has the tag. */
byte round = 0;
bit is_broken = 0;
byte tag = 0;
bit is_asleep = 0;
byte n_arrived = 0;

bit was_broken[ROUNDS + 4]; /* broken_rounds */

byte owner = NOBODY; /* of the lock; a dead owner's lock is free */
bool sleeps[PARTIES + 2];

/* Only for the claims and the looks. */
byte deaths = 0;
byte dead_parties = 0;
bool has_ended[PARTIES + 2];
mtype = { UNDER_WAY, CROSSED, BROKEN };
mtype outcome[ROUNDS + 4] = UNDER_WAY;

#define IS_ASLEEP (tag == round && is_asleep)
#define ARRIVED (tag == round -> n_arrived : 0)

#ifdef NO_HALF_BROKEN /* who looks does not mind a flag that somebody set and did not live to use */
#define FINDS_DAMAGE (dead_parties > 0)
#else
#define FINDS_DAMAGE (dead_parties > 0 || is_broken)
#endif
#ifdef NO_LOOKS
#define LOOK_HELPS false
#else
#define LOOK_HELPS FINDS_DAMAGE
#endif

inline die ()
{
  deaths++;
  sleeps[me] = false;
  if
  :: me <= PARTIES -> dead_parties++
  :: else
  fi;
  if
  :: owner == me -> owner = NOBODY
  :: else
  fi;
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
  atomic { owner = NOBODY }
}

inline wake_all ()
{
  sleeps[1] = false;
  sleeps[2] = false;
  sleeps[3] = false;
#if PARTIES > 3
  sleeps[4] = false;
#endif
}

/* The first one with the lock decides what became of a round; it counts when the number goes on. */
inline go_on (breaks)
{
  assert (outcome[round] == UNDER_WAY);
  outcome[round] = (breaks -> BROKEN : CROSSED);
  round++
}

inline note_end (breaks)
{
  was_broken[ending] = breaks
}

/* Inside the lock. Broken rounds stay broken. */
inline end_round (breaks)
{
  ending = round;
#ifndef NOTE_LATE
  note_end (breaks);
  may_die ();
#endif
#ifdef END_BLINDLY /* by a load and a store instead of a compare and exchange */
  saw_asleep = IS_ASLEEP;
  may_die ();
#endif
  atomic {
#ifndef END_BLINDLY
    saw_asleep = IS_ASLEEP;
#endif
    if
    :: !saw_asleep ->
       go_on (breaks);
       is_broken = breaks;
       tag = round;
       is_asleep = 0;
       n_arrived = 0
    :: else -> is_broken = breaks
    fi
  };
  may_die ();
  if
  :: saw_asleep ->
#ifdef TWO_STEPS /* where the system has no call that changes a number and wakes in one step */
     atomic { go_on (breaks) };
     may_die ();
     atomic { wake_all () }
#else
     atomic { go_on (breaks); wake_all () }
#endif
  :: else
  fi;
#ifdef NOTE_LATE
  may_die ();
  note_end (breaks);
#endif
  may_die ()
}

/* TRUE in `waits` when the caller has arrived, in `mine`. */
inline try_to_arrive ()
{
  may_die ();
  atomic {
    waits = !is_broken && ARRIVED + 1 < PARTIES;
    if
    :: waits ->
       mine = round;
       n_arrived = ARRIVED + 1;
       is_asleep = IS_ASLEEP;
       tag = round
    :: else
    fi
  }
}

proctype party (byte me)
{
  byte n = 0;
  byte mine;
  byte ending;
  bit saw_asleep;
  bool waits;
  bool has_crossed;
  bool looks;

  do
  :: n < ROUNDS ->
     n++;
     has_crossed = false;
     try_to_arrive ();
     if
     :: !waits ->
        enter ();
        try_to_arrive ();
        if
        :: waits
        :: else ->
           if
           :: is_broken -> skip
           :: !is_broken && dead_parties > 0 -> end_round (1)
           :: !is_broken && dead_parties == 0 ->
              assert (ARRIVED == PARTIES - 1);
              mine = round;
              end_round (0);
              has_crossed = true
           fi
        fi;
        leave ()
     :: else
     fi;

     looks = false;
     do
     :: waits && round == mine && !looks ->
        may_die ();
        atomic {
          if
          :: round == mine -> is_asleep = 1; n_arrived = ARRIVED; tag = round
          :: else
          fi
        };
        may_die ();
        atomic {
          if
          :: round == mine -> sleeps[me] = true
          :: else
          fi
        };
        if
        :: !sleeps[me]
        :: atomic { sleeps[me] && LOOK_HELPS -> sleeps[me] = false; looks = true }
        :: atomic { sleeps[me] && deaths < DEATHS -> die () }
#ifdef GIVE_UP
        :: atomic { sleeps[me] -> sleeps[me] = false; looks = true }
#endif
        fi
     :: waits && round != mine && !was_broken[mine] ->
        has_crossed = true;
        break
     :: waits && (looks || (round != mine && was_broken[mine])) ->
        enter ();
        if
        :: round != mine -> has_crossed = !was_broken[mine]
        :: else -> end_round (1)
        fi;
        leave ();
        break
     :: !waits -> break
     od;

     atomic {
       if
       :: has_crossed -> assert (outcome[mine] == CROSSED)
       :: !has_crossed && waits -> assert (outcome[mine] == BROKEN); break
       :: else -> break
       fi
     }
  :: else -> break
  od;
gone:
  has_ended[me] = true
}

#ifdef ABORTER
proctype aborter (byte me)
{
  byte ending;
  bit saw_asleep;

  enter ();
  end_round (1);
  leave ();
gone:
  has_ended[me] = true
}
#endif

/* Whether a process can do nothing unless another one does something first. */
#define IS_QUIET(i) (has_ended[i] || (sleeps[i] && !LOOK_HELPS))

#if PARTIES == 3
#define PARTIES_QUIET (IS_QUIET (1) && IS_QUIET (2) && IS_QUIET (3))
#define NOBODY_HANGS !(sleeps[1] || sleeps[2] || sleeps[3])
#else
#define PARTIES_QUIET (IS_QUIET (1) && IS_QUIET (2) && IS_QUIET (3) && IS_QUIET (4))
#define NOBODY_HANGS !(sleeps[1] || sleeps[2] || sleeps[3] || sleeps[4])
#endif
#ifdef ABORTER
#define ALL_QUIET (PARTIES_QUIET && has_ended[PARTIES + 1])
#else
#define ALL_QUIET PARTIES_QUIET
#endif

/* A party that has seen the barrier broken comes to no later round, which nobody waits for then. */
proctype judge ()
{
end_judge:
  atomic { ALL_QUIET -> assert (NOBODY_HANGS) }
}

init
{
  byte i = 1;

  atomic {
    do
    :: i <= PARTIES -> run party (i); i++
    :: else -> break
    od;
#ifdef ABORTER
    run aborter (PARTIES + 1);
#endif
    run judge ()
  }
}
