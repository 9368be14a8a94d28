/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the files fuzz-*.c have in common: each is a target of libFuzzer, and with replay.c a test
 * that gives it the files of its corpus one after the other.
 *
 * A target says what became of an input, so that the test can tell an input that is still refused
 * from one that has become good. For libFuzzer that is of no interest.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The folder below tests/fuzz/corpus. */
extern const char fuzz_corpus[];

/* Of the last input: what was taken from it, and what was refused. */
extern guint fuzz_n_accepted;
extern guint fuzz_n_refused;

int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

G_END_DECLS
