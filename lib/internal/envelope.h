/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A message that names objects, on its way over a connection.
 *
 * Its body is a GVariant: the ticket for the handles, which a courier takes beside the message; the
 * value, in which each handle is an index; and the objects by index. The handles leave first, so
 * they are there when the message is, or never come.
 *
 * Between programs that are no relatives there is no courier. There the handles travel with the
 * first byte of the message, over a Unix socket, and the ticket is their number (guint64).
 */
#pragma once

#include <gio/gio.h>

#include "parcel.h"
#include "port/port.h"

G_BEGIN_DECLS

typedef struct GmprocEnvelope GmprocEnvelope;

/* Takes duplicates of what the objects in MESSAGE need. GMPROC_ERROR_BAD_HANDLE, G_IO_ERROR_
 * INVALID_ARGUMENT for more handles than a courier takes, GMPROC_ERROR_BAD_TYPE for a value that is
 * not in normal form, and what the objects say. IS_FOR_STRANGER: the receiver is no relative;
 * G_IO_ERROR_NOT_SUPPORTED for an object that cannot go to such a one. */
GmprocEnvelope *gmproc_envelope_new (GVariant *message, gboolean is_for_stranger, GError **error);
void gmproc_envelope_free (GmprocEnvelope *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GmprocEnvelope, gmproc_envelope_free)

/* Sends the handles off and gives the body that is to follow, not floating. Errors as
 * gmproc_port_courier_send(). */
GVariant *gmproc_envelope_dispatch (GmprocEnvelope *self, GmprocPortCourier *courier,
                                    gint64 deadline, GCancellable *cancellable, GError **error);

/* The body for a stranger, not floating. The handles, which are to leave with its message's first
 * byte, live as long as the envelope. */
GVariant *gmproc_envelope_attach (GmprocEnvelope *self, const gintptr **ret_handles,
                                  guint *ret_n_handles);

/* What a body brings, not floating. The body is not trusted: GMPROC_ERROR_BAD_MESSAGE, also when
 * its handles did not come. */
GVariant *gmproc_envelope_open (GVariant *body, GmprocPortCourier *courier, GError **error);

/* The same from a stranger, with what came beside the body, which is taken. *ret_objects: the
 * handles (gint32) of what was brought. G_IO_ERROR_TOO_MANY_OPEN_FILES when this process had no
 * room for all of it. */
GVariant *gmproc_envelope_open_strange (GVariant *body, GmprocPortArrivals *arrivals,
                                        GArray **ret_objects, GError **error);

/* The same with handles that have come already. */
GVariant *gmproc_envelope_open_with (GVariant *body, GmprocParcel *parcel, GError **error);

G_END_DECLS
