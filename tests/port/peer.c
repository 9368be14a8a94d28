/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "peer.h"

#include <stdlib.h>
#include <string.h>

#define FAR (60 * G_TIME_SPAN_SECOND)
#define WARM_UP_MODE "warm-up"

static PeerStart own_start;

static const Peer *
find_peer (const Peer *peers, const char *mode)
{
  for (; peers->mode != NULL; peers++)
    if (g_strcmp0 (peers->mode, mode) == 0)
      return peers;
  return NULL;
}

void
peer_main (int *argc, char ***argv, const Peer *peers)
{
  g_autofree gintptr *handles = NULL;
  g_autoptr (GError) error = NULL;
  const Peer *peer;
  const char *mode;
  guint n_handles;
  int exit_status;

  if (!gmproc_port_child_receive (argc, argv, &own_start.bootstrap, &handles, &n_handles, &error))
    {
      if (error != NULL)
        g_error ("%s", error->message);
      return;
    }
  own_start.argc = *argc;
  own_start.argv = *argv;
  mode = g_bytes_get_size (own_start.bootstrap) > 0 ? g_bytes_get_data (own_start.bootstrap, NULL)
                                                    : "";
  peer = find_peer (peers, mode);
  if (peer == NULL && strcmp (mode, WARM_UP_MODE) != 0)
    g_error ("no such mode: %s", mode);
  exit_status = peer == NULL ? EXIT_SUCCESS : peer->body (handles, n_handles);
  g_clear_pointer (&own_start.bootstrap, g_bytes_unref);
  g_clear_pointer (&handles, g_free);
  exit (exit_status);
}

const PeerStart *
peer_get_start (void)
{
  return &own_start;
}

/* The tests of children run with each method, as the library's users would choose it. */
GmprocPortMethod
peer_get_method (void)
{
  gboolean is_forkserver = g_strcmp0 (g_getenv ("GMPROC_START_METHOD"), "forkserver") == 0;

  return is_forkserver ? GMPROC_PORT_METHOD_FORKSERVER : GMPROC_PORT_METHOD_SPAWN;
}

GmprocPortChild *
peer_start (const char *mode, const gintptr *handles, guint n_handles)
{
  return peer_start_with (mode,
                          (GmprocPortChildOptions){ .handles = handles, .n_handles = n_handles });
}

GmprocPortChild *
peer_start_with (const char *mode, GmprocPortChildOptions options)
{
  g_autoptr (GBytes) bootstrap = g_bytes_new (mode, strlen (mode) + 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = gmproc_port_self_get_path (&error);
  GmprocPortChild *peer;

  g_assert_no_error (error);
  if (options.method == GMPROC_PORT_METHOD_SPAWN)
    options.method = peer_get_method ();
  options.executable = path;
  options.label = mode;
  options.bootstrap = bootstrap;
  peer = gmproc_port_child_start (&options, &error);
  g_assert_no_error (error);
  g_assert_nonnull (peer);
  return peer;
}

typedef struct
{
  gboolean ended;
  int exit_status;
} Ending;

static void
on_exited (GmprocPortChild *child G_GNUC_UNUSED, int exit_status, gpointer user_data)
{
  Ending *ending = user_data;

  g_assert_false (ending->ended);
  ending->ended = TRUE;
  ending->exit_status = exit_status;
}

int
peer_join (GmprocPortChild *peer)
{
  Ending ending = { FALSE, 0 };

  gmproc_port_child_watch (peer, on_exited, &ending);
  while (!ending.ended)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  gmproc_port_child_free (peer);
  return ending.exit_status;
}

void
peer_notify (gintptr writer)
{
  GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
  GOutputVector vector = { "!", 1 };
  g_autoptr (GError) error = NULL;
  gssize n_written;

  gmproc_port_channel_attach (&channel, writer, &error);
  g_assert_no_error (error);
  n_written = gmproc_port_channel_write (&channel, &vector, 1, peer_far_deadline (), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n_written, ==, 1);
}

void
peer_wait (gintptr reader)
{
  GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
  g_autoptr (GError) error = NULL;
  gssize n_read;
  char byte;

  gmproc_port_channel_attach (&channel, reader, &error);
  g_assert_no_error (error);
  n_read = gmproc_port_channel_read (&channel, &byte, 1, peer_far_deadline (), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n_read, ==, 1);
}

gpointer
peer_map (gintptr handle, gsize size)
{
  g_autoptr (GError) error = NULL;
  gpointer mapping = gmproc_port_memory_map (handle, 0, size, &error);

  g_assert_no_error (error);
  return mapping;
}

gpointer
peer_new_block (gsize size, gintptr *ret_handle)
{
  g_autoptr (GError) error = NULL;

  gmproc_port_memory_new (size, size, ret_handle, &error);
  g_assert_no_error (error);
  return peer_map (*ret_handle, size);
}

void
peer_new_pipe (gintptr *ret_reader, gintptr *ret_writer)
{
  g_autoptr (GError) error = NULL;

  gmproc_port_channel_new_pipe (ret_reader, ret_writer, &error);
  g_assert_no_error (error);
}

void
peer_warm_up (void)
{
  g_assert_cmpint (peer_join (peer_start (WARM_UP_MODE, NULL, 0)), ==, EXIT_SUCCESS);
}

void
peer_assert_name (const char *name, guint64 note)
{
  g_autoptr (GError) error = NULL;
  guint64 found_note;
  gintptr found;

  gmproc_port_name_look_up (name, peer_far_deadline (), &found, &found_note, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (found_note, ==, note);
  gmproc_port_handle_close (&found);
}

gint64
peer_far_deadline (void)
{
  return g_get_monotonic_time () + FAR;
}
