/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Beside the contract: what a process and its fork server say to each other, over a pair of sockets
 * without a name.
 *
 *   server   GmprocForkReply when it is ready
 *   process  GmprocForkRequest, the environment, the label; with them the descriptors, in portions
 *            of MAX_DESCRIPTORS: the first beside the request, and a byte for each other one
 *   server   GmprocForkReply; the new process's id is in the shared GmprocForkPlace already
 */
#pragma once

#include "inheritance-posix.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define GMPROC_FORK_MARK "--gmproc-fork-server"
#define GMPROC_FORK_MAGIC 0x676d6673u
#define GMPROC_FORK_MAX_DESCRIPTORS 253 /* with one message; the kernel takes no more */
#define GMPROC_FORK_MAX_HANDLES 65536
#define GMPROC_FORK_MAX_ENVIRONMENT (64 * 1024 * 1024)
#define GMPROC_FORK_MAX_LABEL 100

/* The descriptors, in this order: bootstrap, working directory, the streams that are there,
 * handles. */
typedef struct
{
  guint32 magic;
  guint32 has_stream[3];
  guint32 n_handles;
  guint32 environment_size; /* of strings that end with a nul byte each */
  guint32 label_size;
  GmprocInheritance inheritance;
} GmprocForkRequest;

typedef struct
{
  gint32 error_number; /* 0: done */
  gint32 is_threaded;  /* the program starts threads before gmproc_init(), so it cannot be copied */
} GmprocForkReply;

/* In memory that both map. The kernel writes the id before the new process, and the server's next
 * instruction, can run. So after the server's death it tells exactly whether there is one. */
typedef struct
{
  pid_t pid;
} GmprocForkPlace;

guint gmproc_port_fork_count_descriptors (const GmprocForkRequest *request);

/* Each is one call of the system; -1 with errno. Writing raises no signal and does not wait. */
gssize gmproc_port_fork_write (int socket, gconstpointer data, gsize size, const gintptr *handles,
                               guint n_handles);

/* Up to MAX_DESCRIPTORS come with it, which are the caller's. *RET_SENDER is the id of the process
 * that wrote, if the socket was told to tell. EMFILE when not all could be received. */
gssize gmproc_port_fork_read (int socket, gpointer data, gsize size, gintptr *handles,
                              guint *ret_n_handles, pid_t *ret_sender);

G_END_DECLS
