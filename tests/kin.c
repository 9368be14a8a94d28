/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "kin.h"

#include <stdlib.h>

GMPROC_DEFINE_TARGET (kin_nothing)
{
  return EXIT_SUCCESS;
}

void
start (GmprocProcess *process)
{
  g_autoptr (GError) error = NULL;

  gmproc_process_start (process, &error);
  g_assert_no_error (error);
}

void
join (GmprocProcess *process, int exit_code)
{
  g_autoptr (GError) error = NULL;

  gmproc_process_join (process, BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gmproc_process_get_exit_code (process), ==, exit_code);
}

void
warm_up (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (kin_nothing, NULL);

  start (process);
  join (process, EXIT_SUCCESS);
}

GmprocConnection *
open_handle (GVariant *args, gsize index)
{
  g_autoptr (GError) error = NULL;
  GmprocConnection *connection;
  gint32 handle;

  g_variant_get_child (args, index, "h", &handle);
  connection = gmproc_connection_from_handle (handle, &error);
  g_assert_no_error (error);
  return connection;
}

void
say (GmprocConnection *out, const char *word)
{
  g_autoptr (GError) error = NULL;

  gmproc_connection_send (out, g_variant_new_string (word), NULL, &error);
  g_assert_no_error (error);
}

void
hear (GmprocConnection *in, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) heard = gmproc_connection_receive (in, BOUND, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (heard, NULL), ==, word);
}

void
hear_end (GmprocConnection *in, gint64 timeout)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_connection_receive (in, timeout, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}
