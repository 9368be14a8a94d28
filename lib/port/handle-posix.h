/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Every descriptor that is made here goes through this: it gets a number that is none of a standard
 * stream, even when the program closed one, because a later printf() would write into it. Takes FD,
 * also when it fails. */
gboolean gmproc_port_handle_take (int fd, gintptr *ret_handle, GError **error);

/* Whether a program that is started gets this descriptor of the process by itself. */
gboolean gmproc_port_handle_is_inherited (int fd);

/* As pipe(), with descriptors that no child inherits. */
gboolean gmproc_port_pipe (int *fds, GError **error);

/* Whether GLib finds the descriptors now that it needs to be woken: without them it ends the
 * program. Another thread can still take the last ones. */
gboolean gmproc_port_handle_check_room (GError **error);

G_END_DECLS
