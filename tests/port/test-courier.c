/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Handles beside messages, and tickets without handles and handles without tickets.
 */
#include "config.h"

#include "port/port.h"

#include <string.h>

#include "../support.h"

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

/* Whether the handles travel by a way of their own, and do not wait at their sender's. */
static gboolean
has_own_way (Couriers *self)
{
  return self->out.handle != GMPROC_PORT_NO_HANDLE;
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
  if (has_own_way (&couriers))
    receive_none (&couriers, ticket); /* elsewhere its number may be another handle's by now */
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
  if (!has_own_way (&couriers))
    {
      couriers_clear (&couriers);
      g_test_skip ("the handles stay with their sender until it ends");
      return;
    }
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

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);
  gmproc_test_add ("/courier/PI-07/missing", test_missing);
  gmproc_test_add ("/courier/orphans", test_orphans);
  return g_test_run ();
}
