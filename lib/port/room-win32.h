/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: waiting until a pipe has room for a write.
 *
 * The pipe has a way back (pipe-win32.h), and beside it goes the handle of a section.
 */
#pragma once

#include <gio/gio.h>
#include <windows.h>

G_BEGIN_DECLS

/* A reader's view of the section, and what it has read since it told of it last. */
typedef struct GmprocRoom GmprocRoom;

gboolean gmproc_port_room_new_section (gintptr *ret_section, GError **error);

/* NULL when the system has no memory for it; GetLastError() says so. */
GmprocRoom *gmproc_port_room_open (HANDLE section);
void gmproc_port_room_close (GmprocRoom **room);

/* By a reader: COUNT bytes were read. PIPE is its end. */
void gmproc_port_room_note (GmprocRoom *room, HANDLE pipe, gsize count);

/* By a reader that found nothing and is about to wait. */
void gmproc_port_room_tell (GmprocRoom *room, HANDLE pipe);

/* A child source for one who writes, ready when it is worth to try. PIPE is the writing end. */
GSource *gmproc_port_room_create_source (HANDLE pipe, HANDLE section);

G_END_DECLS
