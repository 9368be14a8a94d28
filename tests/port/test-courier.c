/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Handles beside messages, and tickets without handles and handles without tickets.
 */
#include "config.h"

#include "port/port.h"

#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "peer.h"

typedef struct
{
  GmprocPortCourier out;
  GmprocPortCourier in;
} Couriers;

static void
couriers_init (Couriers *self)
{
  gintptr first, second;

  g_assert_true (gmproc_port_courier_new_pair (&first, &second, NULL));
  g_assert_true (gmproc_port_courier_attach (&self->out, first, NULL));
  g_assert_true (gmproc_port_courier_attach (&self->in, second, NULL));
}

static void
couriers_clear (Couriers *self)
{
  gmproc_port_courier_detach (&self->out);
  gmproc_port_courier_detach (&self->in);
}

/* The ticket of one handle, which the courier has copied. */
static GBytes *
send_one (Couriers *self)
{
  g_autoptr (GError) error = NULL;
  GBytes *ticket = NULL;
  gintptr pipe[2];

  g_assert_true (gmproc_port_channel_new_pipe (&pipe[0], &pipe[1], NULL));
  gmproc_port_courier_send (&self->out, pipe, 1, &ticket, 0, NULL, &error);
  g_assert_no_error (error);
  gmproc_port_handle_close (&pipe[0]);
  gmproc_port_handle_close (&pipe[1]);
  return ticket;
}

static void
receive_one (Couriers *self, GBytes *ticket)
{
  g_autoptr (GError) error = NULL;
  g_autofree gintptr *handles = NULL;
  guint n_handles = 0;

  gmproc_port_courier_receive (&self->in, ticket, &handles, &n_handles, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_handles, ==, 1);
  g_assert_true (gmproc_port_handle_is_valid (handles[0]));
  gmproc_port_handle_close (&handles[0]);
}

static void
receive_none (Couriers *self, GBytes *ticket)
{
  g_autoptr (GError) error = NULL;
  gintptr *handles = NULL;
  guint n_handles = 0;

  g_assert_false (gmproc_port_courier_receive (&self->in, ticket, &handles, &n_handles, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* PI-07: an error at once, for a ticket that was used, is cut, or was never given. */
static void
test_missing (void)
{
  Couriers couriers;
  g_autoptr (GBytes) ticket = NULL;
  g_autoptr (GBytes) cut = NULL;
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) other = NULL;

  couriers_init (&couriers);
  ticket = send_one (&couriers);
  cut = g_bytes_new_from_bytes (ticket, 0, g_bytes_get_size (ticket) - 1);
  receive_none (&couriers, cut);
  receive_none (&couriers, nothing);
  receive_one (&couriers, ticket);
  receive_none (&couriers, ticket);
  other = send_one (&couriers);
  receive_one (&couriers, other);
  couriers_clear (&couriers);
}

/* What was sent by one who died before the message is passed over, and closed: the check around
 * each test counts the handles. */
static void
test_orphans (void)
{
  Couriers couriers;
  g_autoptr (GBytes) ticket = NULL;

  couriers_init (&couriers);
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (GBytes) lost G_GNUC_UNUSED = send_one (&couriers);
    }
  ticket = send_one (&couriers);
  receive_one (&couriers, ticket);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (GBytes) lost G_GNUC_UNUSED = send_one (&couriers);
    }
  couriers_clear (&couriers);
}

/* -- another process --------------------------------------------------------------------------- */

#define LARGEST_TICKET 512

/* A message with one handle, the writing end of a pipe, whose reading end the caller keeps. */
static GBytes *
send_writer (Couriers *self, gintptr *ret_reader)
{
  g_autoptr (GError) error = NULL;
  GBytes *ticket = NULL;
  gintptr writer;

  peer_new_pipe (ret_reader, &writer);
  gmproc_port_courier_send (&self->out, &writer, 1, &ticket, 0, NULL, &error);
  g_assert_no_error (error);
  gmproc_port_handle_close (&writer);
  return ticket;
}

static void
pass_ticket (gintptr writer, GBytes *ticket)
{
  GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
  GOutputVector vector;

  vector.buffer = g_bytes_get_data (ticket, &vector.size);
  g_assert_cmpuint (vector.size, <=, LARGEST_TICKET);
  g_assert_true (gmproc_port_channel_attach (&channel, writer, NULL));
  g_assert_cmpint (
      gmproc_port_channel_write (&channel, &vector, 1, peer_far_deadline (), NULL, NULL), ==,
      vector.size);
}

/* Waits until nobody has the writing end any more. */
static void
wait_for_end (gintptr reader)
{
  GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_true (gmproc_port_channel_attach (&channel, reader, NULL));
  g_assert_cmpint (
      gmproc_port_channel_read (&channel, &byte, 1, peer_far_deadline (), NULL, &error), ==, 0);
  g_assert_no_error (error);
  gmproc_port_channel_detach (&channel);
}

/* handles: the courier's end, where the ticket comes from, where to wait for "go on". */
static int
take_one (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
  Couriers couriers = { GMPROC_PORT_COURIER_INIT, GMPROC_PORT_COURIER_INIT };
  char buffer[LARGEST_TICKET];
  g_autoptr (GBytes) ticket = NULL;
  gssize size;

  g_assert_true (gmproc_port_courier_attach (&couriers.in, handles[0], NULL));
  g_assert_true (gmproc_port_channel_attach (&channel, handles[1], NULL));
  size =
      gmproc_port_channel_read (&channel, buffer, sizeof buffer, peer_far_deadline (), NULL, NULL);
  g_assert_cmpint (size, >, 0);
  ticket = g_bytes_new (buffer, (gsize) size);
  receive_one (&couriers, ticket);
  peer_wait (handles[2]);
  return EXIT_SUCCESS;
}

/* handles: the courier's end, and where to say that it is here. Takes nothing, and is killed. */
static int
take_nothing (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  peer_notify (handles[1]);
  peer_wait (handles[2]);
  return EXIT_SUCCESS;
}

/* What another process took and closed is open nowhere, also what was sent before without a
 * message, while both processes live and the courier is there. */
static void
test_taken_elsewhere (void)
{
  gintptr given[3], ticket_writer, go_on, lost_reader, reader;
  g_autoptr (GBytes) lost = NULL;
  g_autoptr (GBytes) ticket = NULL;
  GmprocPortChild *child;
  Couriers couriers;

  couriers_init (&couriers);
  given[0] = couriers.in.handle;
  peer_new_pipe (&given[1], &ticket_writer);
  peer_new_pipe (&given[2], &go_on);
  child = peer_start ("take-one", given, 3);
  lost = send_writer (&couriers, &lost_reader);
  ticket = send_writer (&couriers, &reader);
  pass_ticket (ticket_writer, ticket);
  wait_for_end (reader);
  wait_for_end (lost_reader);
  peer_notify (go_on);
  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
  gmproc_port_handle_close (&given[1]);
  gmproc_port_handle_close (&given[2]);
  gmproc_port_handle_close (&ticket_writer);
  gmproc_port_handle_close (&go_on);
  couriers_clear (&couriers);
}

/* What was sent to a process that is killed before it takes it is open nowhere. */
static void
test_killed_receiver (void)
{
  gintptr given[3], up, go_on, reader;
  g_autoptr (GBytes) ticket = NULL;
  GmprocPortChild *child;
  Couriers couriers;

  couriers_init (&couriers);
  given[0] = couriers.in.handle;
  peer_new_pipe (&up, &given[1]);
  peer_new_pipe (&given[2], &go_on);
  child = peer_start ("take-nothing", given, 3);
  gmproc_port_courier_detach (&couriers.in);
  peer_wait (up);
  ticket = send_writer (&couriers, &reader);
  gmproc_port_child_signal (child, GMPROC_PORT_SIGNAL_KILL);
  wait_for_end (reader);
  g_assert_cmpint (peer_join (child), ==, -9);
  gmproc_port_handle_close (&given[1]);
  gmproc_port_handle_close (&given[2]);
  gmproc_port_handle_close (&up);
  gmproc_port_handle_close (&go_on);
  couriers_clear (&couriers);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "take-one", take_one },
                                { "take-nothing", take_nothing },
                                { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/courier/PI-07/missing", test_missing);
  gmproc_test_add ("/courier/orphans", test_orphans);
  gmproc_test_add ("/courier/taken-elsewhere", test_taken_elsewhere);
  gmproc_test_add ("/courier/killed-receiver", test_killed_receiver);
  return g_test_run ();
}
