/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Log records of GLib on their way from a child to its parent.
 *
 * In a child that was asked to, the library is the log writer: a record that is important enough
 * becomes a report, all fields as they are, with two more: GMPROC_PROCESS_NAME and GMPROC_PID. The
 * parent hands the record to its own log. If that is a child too, its writer sends it on, and what
 * names the process is there already. So it ends in the writer of the first process that does not
 * send on: the program's own, or GLib's.
 *
 * A record that cannot be sent, because the parent is gone, is written as it would have been.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define GMPROC_LOG_FORMAT "(ua(sbay))" /* level; name, whether it is text, value, of each field */

/* "error" to "debug", as a GLogLevelFlags; 0 for "" and NULL. */
gboolean gmproc_log_parse_level (const char *text, GLogLevelFlags *ret_level, GError **error);

/* Main program: records of children are for a person to read, so their text is to say whose they
 * are. */
void gmproc_log_show_names (void);

/* Child: sends records from LEVEL upwards to the parent. NAME is copied. Once in a process. */
void gmproc_log_send_to_parent (GLogLevelFlags level, const char *name);

/* Parent: RECORD came from a child and is not trusted. */
void gmproc_log_deliver (GVariant *record);

G_END_DECLS
