/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Whom a name is for: what another user can find, take or read, where a socket has the name.
 */
#include "config.h"

#include "peer.h"
#include "../support.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTE 7
#define NOBODY 65534
#define TAKEN "-taken"
#define SMALL 24
#define SHORT (50 * G_TIME_SPAN_MILLISECOND)

/* A block that has a name in it, for peers to read; no other run of this test has the same. */
static char *
new_block (gintptr *ret_block)
{
  g_autofree char *id = g_uuid_string_random ();

  return strncpy (peer_new_block (1, ret_block), id, 13);
}

/* The address of a name of the privileged user. */
static socklen_t
fill_address (struct sockaddr_un *address, const char *name)
{
  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  return (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1
                      + (gsize) g_snprintf (address->sun_path + 1, sizeof address->sun_path - 1,
                                            "gmproc-memory-0-%s", name));
}

static void
assert_refused (const char *name, gint code)
{
  g_autoptr (GError) error = NULL;
  gintptr found;
  guint64 note;

  g_assert_false (gmproc_port_name_look_up (name, peer_far_deadline (), &found, &note, &error));
  g_assert_error (error, G_IO_ERROR, code);
}

/* handles: the block; where to say that it has taken a name; what ends it. Another user, who does
 * not find the name, gets nothing from the socket, and takes a name before its user does. */
static int
be_nobody (const gintptr *handles, guint n_handles)
{
  const char *name = peer_map (handles[0], 1);
  g_autofree char *taken = g_strconcat (name, TAKEN, NULL);
  struct sockaddr_un address;
  socklen_t length;
  char byte;
  int fd;

  g_assert_cmpuint (n_handles, ==, 3);
  g_assert_cmpint (setgid (NOBODY), ==, 0);
  g_assert_cmpint (setuid (NOBODY), ==, 0);
  assert_refused (name, G_IO_ERROR_NOT_FOUND);

  fd = socket (AF_UNIX, SOCK_STREAM, 0);
  length = fill_address (&address, name);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (read (fd, &byte, 1), ==, 0);
  close (fd);

  fd = socket (AF_UNIX, SOCK_STREAM, 0);
  length = fill_address (&address, taken);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (listen (fd, 1), ==, 0);
  peer_notify (handles[1]);
  peer_wait (handles[2]);
  return EXIT_SUCCESS;
}

static void
test_other_user (void)
{
  gintptr block, up_reader, up_writer, end_reader, end_writer;
  char *name = new_block (&block);
  g_autoptr (GError) error = NULL;
  GmprocPortName *published = gmproc_port_name_publish (name, block, NOTE, &error);
  g_autofree char *taken = g_strconcat (name, TAKEN, NULL);
  GmprocPortChild *other;

  g_assert_no_error (error);
  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&end_reader, &end_writer);
  other = peer_start ("be-nobody", (gintptr[]){ block, up_writer, end_reader }, 3);
  peer_wait (up_reader);
  assert_refused (taken, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_null (gmproc_port_name_publish (taken, block, NOTE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  peer_notify (end_writer);
  g_assert_cmpint (peer_join (other), ==, EXIT_SUCCESS);

  gmproc_port_name_withdraw (&published);
  gmproc_port_memory_unmap ((gpointer *) &name, 1);
  gmproc_port_handle_close (&block);
  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&end_reader);
  gmproc_port_handle_close (&end_writer);
}

/* A copy that the program forks drops its copy of the object; the publisher still has the name. */
static void
test_forked_copy_takes_nothing (void)
{
  gintptr block, found;
  char *name = new_block (&block);
  g_autoptr (GError) error = NULL;
  GmprocPortName *published = gmproc_port_name_publish (name, block, NOTE, &error);
  int status;
  guint64 note;
  pid_t copy;

  g_assert_no_error (error);
  copy = fork ();
  if (copy == 0)
    {
      gmproc_port_name_withdraw (&published);
      _exit (EXIT_SUCCESS);
    }
  g_assert_cmpint (waitpid (copy, &status, 0), ==, copy);
  g_assert_cmpint (status, ==, 0);
  gmproc_port_name_look_up (name, peer_far_deadline (), &found, &note, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (note, ==, NOTE);

  gmproc_port_handle_close (&found);
  gmproc_port_name_withdraw (&published);
  gmproc_port_memory_unmap ((gpointer *) &name, 1);
  gmproc_port_handle_close (&block);
}

static void
limit_descriptors (rlim_t number)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = number;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
}

static void
fill_descriptors (void)
{
  while (dup (STDERR_FILENO) != -1)
    ;
  g_assert_cmpint (errno, ==, EMFILE);
}

/* handles: the block. A process that has no descriptor left answers again when it has one. */
static int
run_out (const gintptr *handles, guint n_handles)
{
  g_autoptr (GError) error = NULL;
  char *name = peer_map (handles[0], 1);
  GmprocPortName *published;
  gintptr found;
  guint64 note;

  g_assert_cmpuint (n_handles, ==, 1);
  published = gmproc_port_name_publish (name, handles[0], NOTE, &error);
  g_assert_no_error (error);
  limit_descriptors (SMALL);
  fill_descriptors ();
  assert_refused (name, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  /* One for the socket that asks, and none for the one that answers, or else for what it sends. */
  limit_descriptors (SMALL + 1);
  g_assert_false (
      gmproc_port_name_look_up (name, g_get_monotonic_time () + SHORT, &found, &note, NULL));
  limit_descriptors (2 * SMALL);
  peer_assert_name (name, NOTE);
  gmproc_port_name_withdraw (&published);
  return EXIT_SUCCESS;
}

static void
test_no_room (void)
{
  gintptr block;
  char *name = new_block (&block);

  g_assert_cmpint (peer_join (peer_start ("run-out", &block, 1)), ==, EXIT_SUCCESS);
  gmproc_port_memory_unmap ((gpointer *) &name, 1);
  gmproc_port_handle_close (&block);
}

static gboolean
has_names (void)
{
  g_autoptr (GError) error = NULL;
  GmprocPortName *none = gmproc_port_name_publish ("users-probe", GMPROC_PORT_NO_HANDLE, 0, &error);

  g_assert_null (none);
  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "be-nobody", be_nobody },
                                { "run-out", run_out },
                                { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  if (has_names ())
    {
      gmproc_test_add ("/port/name/forked-copy", test_forked_copy_takes_nothing);
      gmproc_test_add ("/port/name/no-room", test_no_room);
    }
  if (has_names () && geteuid () == 0)
    gmproc_test_add ("/port/name/other-user", test_other_user);
  return g_test_run ();
}
