/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract, for the Windows bodies: the exit status that stands for a signal. A process
 * is ended here by another one with a number, and that is its exit status. No program ends itself
 * with one of these: they have the bit that the system leaves to others, and its bits for an error.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GMPROC_STATUS_BASE 0xE0670000
#define GMPROC_STATUS_OF_SIGNAL(number) (GMPROC_STATUS_BASE | (number))

#define GMPROC_NUMBER_INTERRUPT 2
#define GMPROC_NUMBER_KILL 9
#define GMPROC_NUMBER_TERMINATE 15

/* What the contract calls the exit status, for what the system calls so. */
int gmproc_port_status_translate (guint32 status);

/* Why a process with this status never came to its main(), or NULL. */
const char *gmproc_port_status_explain (guint32 status);

G_END_DECLS
