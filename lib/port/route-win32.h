/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: what this process has sent through a courier, and
 * keeps open until it was received.
 *
 * A sender that has sent handles has a route for each of its couriers: the shipments that are on
 * their way, a copy of the end that tells whether anybody is left to receive, and a pipe for
 * receipts. It outlives the courier as long as something is on its way. A thread serves all routes
 * of the process, and sleeps until there is a receipt, or an end. Then it closes
 *
 *   - at a receipt, what was sent before it too: the messages of a route arrive in their order, so
 *     those were received, or their messages never came;
 *   - at the end of the other side, everything.
 *
 * Only the sender closes what is in it, so nobody is in doubt about a number when somebody dies: a
 * receiver that is killed before its receipt leaves the copies to the next receipt or to its
 * side's end, and with a sender the system closes all.
 *
 * Any thread may call these; the caller keeps two calls for one route apart.
 */
#pragma once

#include <gio/gio.h>
#include <windows.h>

G_BEGIN_DECLS

typedef struct GmprocRoute GmprocRoute;

/* Takes END over, a given end of a lifeline, also when it fails. */
GmprocRoute *gmproc_port_route_new (HANDLE end, GError **error);

/* What is on its way goes on. */
void gmproc_port_route_leave (GmprocRoute *self);

/* In this process: where receivers write the ids of what they received to, 64 bits each. */
HANDLE gmproc_port_route_get_receipts (GmprocRoute *self);

/* Copies HANDLES into COPIES, which are open until they were received. G_IO_ERROR_CLOSED when
 * nobody is left who could receive them. */
gboolean gmproc_port_route_ship (GmprocRoute *self, const gintptr *handles, guint n_handles,
                                 gintptr *copies, guint64 *ret_id, GError **error);

/* By a receiver in the same process: the copies are the caller's now. FALSE when they are not
 * there. */
gboolean gmproc_port_route_take (guint64 id, gintptr *handles, guint n_handles);

G_END_DECLS
