/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files of GmprocListener and gmproc_connect() share: the class and its settings
 * (gmproc-listener.c), accepting (-accept.c) and connecting (gmproc-connect.c).
 */
#pragma once

#include "gmproc-connection.h"
#include "gmproc-listener.h"
#include "gmproc-waitable.h"
#include "internal/reception.h"
#include "port/port.h"

G_BEGIN_DECLS

struct _GmprocListener
{
  GObject parent_instance;

  GSocket *socket;
  GSocketAddress *address;
  char *path; /* of the socket's file, absolute, or NULL */
  GmprocPortFileId file;
  GmprocReception reception;
  gboolean is_closed; /* atomic */
};

/* The class's part of GmprocWaitable. */
void gmproc_listener_waitable_init (GmprocWaitableInterface *iface);

/* A socket of ADDRESS's family that does not block; gmproc-connect.c, as what follows. */
GSocket *gmproc_stranger_socket_new (GSocketAddress *address, GError **error);

/* Whether there is TLS, and ADDRESS is one for it. */
gboolean gmproc_stranger_can_encrypt (GSocketAddress *address, GError **error);

/* Takes STREAM, which was greeted. */
GmprocConnection *gmproc_stranger_connection_new (GIOStream *stream);

G_END_DECLS
