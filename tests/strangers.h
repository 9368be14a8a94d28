/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What the tests of listeners share: addresses, clients, and peers that do not behave.
 */
#pragma once

#include "errands.h"
#include "plumbing.h"

G_BEGIN_DECLS

typedef struct
{
  GSocketAddress *address;
  GBytes *key;
  GmprocConnection *connection;
  GError *error;
} Client;

/* A thread for a Client. */
gpointer run_client (gpointer client);

GmprocListener *listener_new (GSocketAddress *address, GBytes *key);

/* A free port of this machine. */
GSocketAddress *make_tcp_address (void);

/* Whether there are sockets of files; if not, the test is skipped. */
gboolean has_unix_sockets (void);

/* A folder that only this user can enter, with a socket's address in it. Where there are no such
 * sockets it is a free port, which the listener's address then has. */
GSocketAddress *make_address (char **ret_folder);

/* The folder is empty again. */
void remove_folder (char *folder);

/* Fails the test when no peer was refused in this way. */
void accept_refusal (GmprocListener *listener);

/* A client gets through to LISTENER, and a message too. */
void check_works (GmprocListener *listener, GBytes *key);

/* A peer without the library. */
GSocket *raw_connect (GSocketAddress *address);
void raw_send (GSocket *socket, gconstpointer data, gsize size);

/* Reads until SIZE bytes came, or the end; how many. */
gsize raw_receive (GSocket *socket, gpointer buffer, gsize size);

G_END_DECLS
