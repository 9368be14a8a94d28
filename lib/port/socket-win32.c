/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The Unix sockets of this system take no handles along, so none arrive either.
 */
#include "config.h"

#include "port.h"

gboolean
gmproc_port_socket_carries_handles (GSocket *socket)
{
  (void) socket;
  return FALSE;
}

gssize
gmproc_port_socket_send (GSocket *socket, const GOutputVector *vectors, gsize n_vectors,
                         const gintptr *handles, guint n_handles, GError **error)
{
  (void) handles;
  g_return_val_if_fail (n_handles == 0, -1);

  return g_socket_send_message (socket, NULL, (GOutputVector *) vectors, (gint) n_vectors, NULL, 0,
                                0, NULL, error);
}

gssize
gmproc_port_socket_receive (GSocket *socket, gpointer buffer, gsize size,
                            GmprocPortArrivals *arrivals, GError **error)
{
  (void) arrivals;
  return g_socket_receive (socket, buffer, size, NULL, error);
}

void
gmproc_port_arrivals_clear (GmprocPortArrivals *arrivals)
{
  *arrivals = (GmprocPortArrivals){ NULL, 0, FALSE };
}
