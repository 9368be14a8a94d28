/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the tests of processes share: a start, a join, and words between relatives. Everything here
 * fails the test when something goes wrong.
 */
#pragma once

#include <gmproc.h>

G_BEGIN_DECLS

#define BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */

void start (GmprocProcess *process);
void join (GmprocProcess *process, int exit_code);

/* Starts and joins one process, so that what is opened once is no leak of the first test. */
void warm_up (void);

/* The connection that the handle in a tuple names; for targets. */
GmprocConnection *open_handle (GVariant *args, gsize index);

/* One word, and the end of all words. */
void say (GmprocConnection *out, const char *word);
void hear (GmprocConnection *in, const char *word);
void hear_end (GmprocConnection *in, gint64 timeout);

G_END_DECLS
