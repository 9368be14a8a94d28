/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Descriptors beside the bytes of a Unix socket's message (SCM_RIGHTS).
 */
#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

#include "port.h"

G_BEGIN_DECLS

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

/* Room for GMPROC_PORT_COURIER_MAX of them. */
typedef union
{
  struct cmsghdr header;
  char bytes[CMSG_SPACE (sizeof (int) * GMPROC_PORT_COURIER_MAX)];
} GmprocPortRights;

/* Out: MESSAGE borrows RIGHTS, which borrow the handles. */
void gmproc_port_rights_fill (struct msghdr *message, GmprocPortRights *rights,
                              const gintptr *handles, guint n_handles);

/* In: what a received message brought is added to HANDLES, which have room for
 * GMPROC_PORT_COURIER_MAX; what is beyond is closed. FALSE when any were lost, there or on their
 * way into this process. */
gboolean gmproc_port_rights_take (struct msghdr *message, gintptr *handles, guint *n_handles);

G_END_DECLS
