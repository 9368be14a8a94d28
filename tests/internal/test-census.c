/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Whom a dump names as the owner of a lock: the number of a process that is
 * gone may be another one's by then.
 */
#include "config.h"

#include "internal/census.h"

#include <string.h>

#include "../support.h"
#include "gmproc-dump.h"
#include "gmproc-init.h"
#include "gmproc-lock-private.h"

#define LONG_AGO (G_TIME_SPAN_HOUR / GMPROC_LOCK_SINCE_UNIT)

static void
assert_in_dump (GmprocDumpFormat format, const char *part)
{
  g_autofree char *text = gmproc_dump_to_string (format);

  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in this dump:\n%s", part, text);
}

/* GM-01: the owner is dead for long, and this process got its number. */
static void
test_number_given_again (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLock) lock = gmproc_lock_new (&error);
  GmprocLockState *state;

  g_assert_no_error (error);
  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, &error));
  assert_in_dump (GMPROC_DUMP_TEXT, "held by MainProcess, process ");
  assert_in_dump (GMPROC_DUMP_JSON, "\"name\": \"MainProcess\", \"alive\": true");

  state = lock->monitor.state;
  state->owner_since -= LONG_AGO;
  assert_in_dump (GMPROC_DUMP_TEXT, "held by a dead process, process ");
  assert_in_dump (GMPROC_DUMP_JSON, "\"alive\": false");

  state->owner_since += LONG_AGO;
  g_assert_true (gmproc_lock_release (lock, &error));
}

/* The time of an acquire is noted early, by the grain of two clocks, and the
 * process stays the owner of what it acquired in its first moment. */
static void
test_first_moment (void)
{
  g_autoptr (GmprocCensus) census = gmproc_census_take ();
  const GmprocCensusProcess *self = &g_array_index (census->processes, GmprocCensusProcess, 0);

  g_assert_true (gmproc_census_find_process (census, self->pid, self->since) == self);
  g_assert_true (gmproc_census_find_process (census, self->pid,
                                             self->since - 20 * G_TIME_SPAN_MILLISECOND
                                                 - GMPROC_LOCK_SINCE_UNIT)
                 == self);
  g_assert_null (gmproc_census_find_process (census, self->pid, self->since - G_TIME_SPAN_SECOND));
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_add ("/census/number-given-again", test_number_given_again);
  gmproc_test_add ("/census/first-moment", test_first_moment);
  return g_test_run ();
}
