/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: a pipe for bytes, and bytes that mean nothing.
 */
#pragma once

#include <gio/gio.h>
#include <windows.h>

G_BEGIN_DECLS

#define GMPROC_PIPE_BUFFER_SIZE (64 * 1024)

/* The ends of a new pipe, for overlapped requests; the caller owns both. HAS_WAY_BACK: the writer
 * can read as well what the reader writes, some bytes at a time. */
gboolean gmproc_port_pipe_new (gboolean has_way_back, HANDLE *ret_reader, HANDLE *ret_writer,
                               GError **error);

/* Writes N bytes that mean nothing, and never waits. FALSE when not all of them went out: the pipe
 * takes no more, so it has a byte for whoever asks, or nobody is left to read. */
gboolean gmproc_port_pipe_write_tokens (HANDLE pipe, guint32 n);

G_END_DECLS
