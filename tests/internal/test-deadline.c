/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GM-12: deadlines are points of the monotonic clock, so a wall clock that is set does nothing.
 */
#include "config.h"

#include "internal/deadline.h"

#include "../support.h"
#include "gmproc-types.h"
#include "port/port.h"

static gint64
get_deadline (gint64 timeout)
{
  g_autoptr (GError) error = NULL;
  gint64 deadline = -1;

  g_assert_true (gmproc_deadline_from_timeout (timeout, &deadline, &error));
  g_assert_no_error (error);
  return deadline;
}

static void
test_monotonic (void)
{
  static const gint64 timeouts[] = { 1, 1000, G_TIME_SPAN_DAY, 1000 * G_TIME_SPAN_DAY };

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      gint64 before = g_get_monotonic_time ();
      gint64 deadline = get_deadline (timeouts[i]);
      gint64 after = g_get_monotonic_time ();

      g_assert_cmpint (deadline, >=, before + timeouts[i]);
      g_assert_cmpint (deadline, <=, after + timeouts[i]);
    }
}

static void
test_special (void)
{
  g_assert_cmpint (get_deadline (GMPROC_FOREVER), ==, GMPROC_PORT_FOREVER);
  g_assert_cmpint (get_deadline (0), ==, 0);
  g_assert_cmpint (get_deadline (G_MAXINT64), ==, GMPROC_PORT_FOREVER);
  g_assert_cmpint (get_deadline (G_MAXINT64 - 1), ==, GMPROC_PORT_FOREVER);
}

static void
test_refused (void)
{
  static const gint64 timeouts[] = { -2, -7, G_MININT64 };

  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 deadline = 77;

      g_assert_false (gmproc_deadline_from_timeout (timeouts[i], &deadline, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpint (deadline, ==, 77);
    }
}

static void
test_passed (void)
{
  gint64 deadline = get_deadline (G_TIME_SPAN_MILLISECOND);

  g_assert_false (gmproc_deadline_has_passed (GMPROC_PORT_FOREVER));
  g_assert_false (gmproc_deadline_has_passed (get_deadline (G_TIME_SPAN_HOUR)));
  g_assert_true (gmproc_deadline_has_passed (0));
  while (!gmproc_deadline_has_passed (deadline))
    ;
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);

  gmproc_test_add ("/deadline/monotonic", test_monotonic);
  gmproc_test_add ("/deadline/special", test_special);
  gmproc_test_add ("/deadline/refused", test_refused);
  gmproc_test_add ("/deadline/passed", test_passed);
  return g_test_run ();
}
