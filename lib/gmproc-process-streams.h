/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#pragma once

#if !defined(GMPROC_H_INSIDE) && !defined(GMPROC_COMPILATION)
#error "Only <gmproc.h> can be included directly."
#endif

#include "gmproc-types.h"

G_BEGIN_DECLS

/**
 * GmprocStandardStream:
 * @GMPROC_STANDARD_INPUT: the standard input
 * @GMPROC_STANDARD_OUTPUT: the standard output
 * @GMPROC_STANDARD_ERROR: the standard error
 *
 * The standard streams of a process.
 *
 * Since: 1.0
 */
typedef enum
{
  GMPROC_STANDARD_INPUT,
  GMPROC_STANDARD_OUTPUT,
  GMPROC_STANDARD_ERROR
} GmprocStandardStream;

/**
 * GmprocStreamMode:
 * @GMPROC_STREAM_MODE_INHERIT: that of the process that starts it
 * @GMPROC_STREAM_MODE_EMPTY: nothing to read; what is written is lost
 * @GMPROC_STREAM_MODE_PIPE: a pipe to the process that starts it, see
 *   gmproc_process_get_stdin_pipe() and the like
 * @GMPROC_STREAM_MODE_HANDLE: what gmproc_process_take_stream_handle() was given
 *
 * What a standard stream of a process is.
 *
 * Since: 1.0
 */
typedef enum
{
  GMPROC_STREAM_MODE_INHERIT,
  GMPROC_STREAM_MODE_EMPTY,
  GMPROC_STREAM_MODE_PIPE,
  GMPROC_STREAM_MODE_HANDLE
} GmprocStreamMode;

#define GMPROC_TYPE_STREAM_MODE (gmproc_stream_mode_get_type ())

GMPROC_AVAILABLE_IN_1_0
GType gmproc_stream_mode_get_type (void);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_set_stream_mode (GmprocProcess *self, GmprocStandardStream stream,
                                     GmprocStreamMode mode);

GMPROC_AVAILABLE_IN_1_0
void gmproc_process_take_stream_handle (GmprocProcess *self, GmprocStandardStream stream,
                                        gint64 handle);

GMPROC_AVAILABLE_IN_1_0
GOutputStream *gmproc_process_get_stdin_pipe (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
GInputStream *gmproc_process_get_stdout_pipe (GmprocProcess *self);

GMPROC_AVAILABLE_IN_1_0
GInputStream *gmproc_process_get_stderr_pipe (GmprocProcess *self);

G_END_DECLS
