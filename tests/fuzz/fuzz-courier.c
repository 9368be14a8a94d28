/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The ticket for the handles of a message, which a relative wrote, and what waits in the courier.
 *
 * The first byte of an input: the lower two bits how many handles leave before, the next two how
 * many parcels before that one nobody asks for. The second byte: by how much the ticket is longer,
 * or from 0x80 on shorter. A right ticket cannot be guessed, so the rest is what its bytes differ
 * in.
 */
#include "config.h"

#include "fuzz.h"

#include "port/port.h"

#include <string.h>

const char fuzz_corpus[] = "courier";
guint fuzz_n_accepted;
guint fuzz_n_refused;

static gintptr pipe_end = GMPROC_PORT_NO_HANDLE;
static GmprocPortCourier out, in;

int
LLVMFuzzerInitialize (G_GNUC_UNUSED int *argc, G_GNUC_UNUSED char ***argv)
{
  g_autoptr (GError) error = NULL;
  gintptr writer, first, second;

  gmproc_port_channel_new_pipe (&pipe_end, &writer, &error);
  g_assert_no_error (error);
  gmproc_port_handle_close (&writer);
  gmproc_port_courier_new_pair (&first, &second, &error);
  g_assert_no_error (error);
  gmproc_port_courier_attach (&out, first, &error);
  g_assert_no_error (error);
  gmproc_port_courier_attach (&in, second, &error);
  g_assert_no_error (error);
  return 0;
}

static GBytes *
send_parcel (guint n_handles)
{
  gintptr handles[3] = { pipe_end, pipe_end, pipe_end };
  g_autoptr (GError) error = NULL;
  GBytes *ticket = NULL;

  gmproc_port_courier_send (&out, handles, n_handles, &ticket, 0, NULL, &error);
  g_assert_no_error (error);
  return ticket;
}

static GBytes *
make_ticket (GBytes *right, gint8 longer, const guint8 *differences, gsize n_differences)
{
  gsize size = g_bytes_get_size (right);
  gsize new_size = (gsize) MAX ((gssize) size + longer, 0);
  guint8 *ticket = g_malloc0 (new_size + 1);

  memcpy (ticket, g_bytes_get_data (right, NULL), MIN (size, new_size));
  for (gsize i = 0; i < MIN (n_differences, new_size); i++)
    ticket[i] ^= differences[i];
  return g_bytes_new_take (ticket, new_size);
}

static gboolean
receive (GBytes *ticket)
{
  g_autoptr (GError) error = NULL;
  g_autofree gintptr *handles = NULL;
  guint n_handles = 0;
  gboolean received = gmproc_port_courier_receive (&in, ticket, &handles, &n_handles, &error);

  g_assert_true (received == (error == NULL));
  g_assert_true (received || error->domain == G_IO_ERROR);
  for (guint i = 0; i < n_handles; i++)
    {
      g_assert_true (gmproc_port_handle_is_valid (handles[i]));
      gmproc_port_handle_close (&handles[i]);
    }
  return received;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) right = NULL;
  g_autoptr (GBytes) ticket = NULL;
  g_autoptr (GBytes) last = NULL;

  fuzz_n_accepted = fuzz_n_refused = 0;
  if (size < 2)
    return 0;

  for (guint i = 0; i < (data[0] >> 2 & 3); i++)
    {
      g_autoptr (GBytes) lost G_GNUC_UNUSED = send_parcel (1);
    }
  right = send_parcel (data[0] & 3);
  ticket = make_ticket (right, (gint8) data[1], data + 2, size - 2);
  fuzz_n_accepted = receive (ticket);
  fuzz_n_refused = 1 - fuzz_n_accepted;

  /* Whatever that was, the next one's come; and they take away what is left. */
  last = send_parcel (1);
  g_assert_true (receive (last));
  return 0;
}
