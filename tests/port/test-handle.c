/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "peer.h"
#include "../support.h"

static void
test_copy_is_the_same_object (void)
{
  g_autoptr (GError) error = NULL;
  gintptr reader, writer, copy = GMPROC_PORT_NO_HANDLE;

  peer_new_pipe (&reader, &writer);
  g_assert_true (gmproc_port_handle_duplicate (writer, &copy, &error));
  g_assert_no_error (error);
  g_assert_cmpint (copy, !=, writer);

  /* The copy goes on when the first one is closed. */
  gmproc_port_handle_close (&writer);
  peer_notify (copy);
  peer_wait (reader);

  gmproc_port_handle_close (&copy);
  gmproc_port_handle_close (&reader);
}

static void
test_validity_follows_opening_and_closing (void)
{
  gintptr reader, writer, number;

  g_assert_false (gmproc_port_handle_is_valid (GMPROC_PORT_NO_HANDLE));
  peer_new_pipe (&reader, &writer);
  number = reader;
  g_assert_true (gmproc_port_handle_is_valid (number));
  gmproc_port_handle_close (&reader);
  g_assert_false (gmproc_port_handle_is_valid (number));
  gmproc_port_handle_close (&writer);
}

static void
test_close_leaves_the_empty_value_and_accepts_it (void)
{
  gintptr reader, writer;

  peer_new_pipe (&reader, &writer);
  gmproc_port_handle_close (&reader);
  g_assert_cmpint (reader, ==, GMPROC_PORT_NO_HANDLE);
  gmproc_port_handle_close (&reader);
  g_assert_cmpint (reader, ==, GMPROC_PORT_NO_HANDLE);
  gmproc_port_handle_close (&writer);
}

static void
test_no_copy_of_a_closed_handle (void)
{
  g_autoptr (GError) error = NULL;
  gintptr reader, writer, number, copy = GMPROC_PORT_NO_HANDLE;

  peer_new_pipe (&reader, &writer);
  number = reader;
  gmproc_port_handle_close (&reader);
  g_assert_false (gmproc_port_handle_duplicate (number, &copy, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
  g_assert_cmpint (copy, ==, GMPROC_PORT_NO_HANDLE);
  gmproc_port_handle_close (&writer);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/handle/copy", test_copy_is_the_same_object);
  gmproc_test_add ("/port/handle/valid", test_validity_follows_opening_and_closing);
  gmproc_test_add ("/port/handle/close", test_close_leaves_the_empty_value_and_accepts_it);
  gmproc_test_add ("/port/handle/closed", test_no_copy_of_a_closed_handle);
  return g_test_run ();
}
