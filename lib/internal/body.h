/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Where the body of a long message lies, in a stream and in memory, so that the system copies fast.
 *
 * A pipe is a row of pages, and each is copied by itself. On some processors a copy goes four to
 * five times as slowly where the target lies up to 31 bytes further on in its page than the source
 * in its own: the processor takes what it just wrote for what it is to read. (AMD's EPYC was
 * measured; docs/wire-format.md has the figures.) Memory of malloc() is often 16 bytes behind the
 * start of a page, and mapped memory at the start. So
 *
 *   - a body begins a line of 64 bytes in the stream and in memory that is allocated here, and
 *   - what a message with its padding takes is whole lines, but not one line more than whole pages:
 *     then it would move memory of malloc()'s into those 31 bytes.
 *
 * Plain functions of memory that belongs to the caller.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define GMPROC_BODY_LINE (64) /* bytes */

/* The bytes of a message whose body begins its second line. */
guint64 gmproc_body_get_padded_size (guint64 body_size);

/* Makes BODY, or a new one for NULL, SIZE bytes long, and keeps its first KEPT bytes. NULL when
 * there is no memory; BODY is as before then. */
gpointer gmproc_body_try_resize (gpointer body, gsize kept, gsize size);

/* Also of NULL. */
void gmproc_body_free (gpointer body);

G_END_DECLS
