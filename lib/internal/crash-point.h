/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Named places at which a test kills the process that passes them.
 *
 * A SIGKILL between two given instructions cannot be timed from outside. So each step of a lock, a
 * wait and a commit has a point, and a process that was told so ends itself there, in the same way
 * as a SIGKILL would end it. tests/crash/ does this at every point, while others work.
 *
 * All of it is there only in a build that was configured with --enable-crash-points. In any other
 * build a point is nothing, not even a comparison, and crash-point.c is not compiled.
 *
 * The list is the only one: a point that is not in it does not arm, and tests/crash/check-points
 * proves that each name of the list stands exactly once in the code.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* POINT (name): the file comes first in each name, then what the process is about to do, or has
 * just done. */
#define GMPROC_CRASH_POINTS(POINT)      \
  POINT ("guard-entered")               \
  POINT ("guard-leave")                 \
  POINT ("guard-left")                  \
  POINT ("waitpoint-prepare")           \
  POINT ("waitpoint-prepared")          \
  POINT ("waitpoint-sleep")             \
  POINT ("waitpoint-slept")             \
  POINT ("waitpoint-advance")           \
  POINT ("waitpoint-advanced")          \
  POINT ("waitpoint-woken")             \
  POINT ("commit-add")                  \
  POINT ("commit-added")                \
  POINT ("buffer-turn-taken")           \
  POINT ("buffer-turn-look")            \
  POINT ("buffer-turn-give")            \
  POINT ("buffer-commit-planned")       \
  POINT ("buffer-commit-counted")       \
  POINT ("buffer-put-begun")            \
  POINT ("buffer-put-another")          \
  POINT ("buffer-put-wake")             \
  POINT ("buffer-put-commit")           \
  POINT ("buffer-put-committed")        \
  POINT ("buffer-take-begun")           \
  POINT ("buffer-take-another")         \
  POINT ("buffer-take-wake")            \
  POINT ("buffer-take-commit")          \
  POINT ("buffer-take-committed")       \
  POINT ("buffer-grow-reader-locked")   \
  POINT ("buffer-grow-both-locked")     \
  POINT ("buffer-grow-done")            \
  POINT ("buffer-shrink-reader-locked") \
  POINT ("buffer-shrink-both-locked")   \
  POINT ("buffer-shrink-done")          \
  POINT ("buffer-close-reader-locked")  \
  POINT ("buffer-close-both-locked")    \
  POINT ("buffer-close-items-woken")    \
  POINT ("buffer-close-room-woken")     \
  POINT ("buffer-closed")               \
  POINT ("buffer-finish-wake")          \
  POINT ("buffer-finish-commit")        \
  POINT ("buffer-finished")             \
  POINT ("ring-put-sized")              \
  POINT ("ring-plan-settled")           \
  POINT ("ring-grow-memory")            \
  POINT ("ring-grow-copy")              \
  POINT ("ring-grow-copied")            \
  POINT ("ring-grow-level")             \
  POINT ("ring-shrink-level")           \
  POINT ("ring-shrink-discarded")       \
  POINT ("stream-write-commit")         \
  POINT ("stream-written")              \
  POINT ("stream-read-commit")          \
  POINT ("stream-read")                 \
  POINT ("link-advance")                \
  POINT ("link-advanced")               \
  POINT ("event-set-commit")            \
  POINT ("event-set-committed")         \
  POINT ("event-clear-commit")          \
  POINT ("event-clear-committed")       \
  POINT ("event-wait-prepared")         \
  POINT ("barrier-arrive-commit")       \
  POINT ("barrier-arrived")             \
  POINT ("barrier-end-wake")            \
  POINT ("barrier-end-woken")           \
  POINT ("barrier-end-noted")           \
  POINT ("barrier-end-flagged")         \
  POINT ("barrier-end-committed")       \
  POINT ("barrier-wait-announced")      \
  POINT ("barrier-wait-slept")          \
  POINT ("barrier-give-up")             \
  POINT ("parties-unlinked")            \
  POINT ("semaphore-acquire-commit")    \
  POINT ("semaphore-acquired")          \
  POINT ("semaphore-release-wake")      \
  POINT ("semaphore-release-commit")    \
  POINT ("semaphore-released")          \
  POINT ("condition-come")              \
  POINT ("condition-came")              \
  POINT ("condition-go")                \
  POINT ("condition-go-permit")         \
  POINT ("condition-gone")              \
  POINT ("condition-give-up")           \
  POINT ("condition-given-up")          \
  POINT ("condition-notify-wake")       \
  POINT ("condition-notify-commit")     \
  POINT ("condition-notified")          \
  POINT ("condition-notify-release")    \
  POINT ("condition-released")          \
  POINT ("lock-acquired")               \
  POINT ("lock-note-time")              \
  POINT ("lock-note-thread")            \
  POINT ("lock-noted")                  \
  POINT ("lock-again")                  \
  POINT ("lock-release-again")          \
  POINT ("lock-release")                \
  POINT ("lock-release-noted")          \
  POINT ("lock-released")

#ifdef ENABLE_CRASH_POINTS

#define GMPROC_CRASH_POINT(name) gmproc_crash_point_pass (name)

/* The COUNT-th time (1 or more) that any thread of this process passes NAME, the process is killed.
 * FALSE for a name that is not in the list. The environment can say the same before the process
 * starts: GMPROC_CRASH_AT=name:count. */
gboolean gmproc_crash_point_arm (const char *name, guint count);

/* NULL-terminated, in the order of the list. */
const char *const *gmproc_crash_point_list (void);

void gmproc_crash_point_pass (const char *name);

/* Orders that are wrong on purpose, to see that the tests find it; GMPROC_CRASH_BREAK names one:
 *
 *   commit-first       whoever changes a state wakes after the commit instead of before
 *   asleep-first       wake forgets the sleepers before it wakes them
 *   no-owner-dead      a lock whose owner died is not taken over
 *   no-abandoned       the next owner of a lock is not told that the last one died
 *   no-missing         a barrier does not look for dead parties
 *   level-first        a ring is made larger before its contents are where they belong
 *   put-first          a message is in the ring before its body
 *   take-first         a message is out of the ring before it was copied
 *   no-current         a pool's worker does not say which item it runs
 */
#define GMPROC_CRASH_BREAKS(name) G_UNLIKELY (gmproc_crash_point_breaks (name))
gboolean gmproc_crash_point_breaks (const char *name);

/* For commit-first: what is deferred inside a lock is done by the same thread before it leaves. */
void gmproc_crash_point_defer (void (*action) (gpointer), gpointer data);
void gmproc_crash_point_run_deferred (void);

#else

#define GMPROC_CRASH_POINT(name) ((void) 0)
#define GMPROC_CRASH_BREAKS(name) (FALSE)
#define gmproc_crash_point_defer(action, data) ((void) (action), (void) (data))
#define gmproc_crash_point_run_deferred() ((void) 0)

#endif

G_END_DECLS
