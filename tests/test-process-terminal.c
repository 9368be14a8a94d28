/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GM-15: Ctrl-C. This program is run again on a terminal of its own, as the family of a shell's
 * foreground job; the test types the key. What the family writes is seen on the terminal, and its
 * end by a pipe that all of it hold.
 */
#define _GNU_SOURCE
#include <gmproc.h>

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "support.h"

#define BOUND_MS 60000 /* only a hang takes that long */
#define CTRL_C "\003"
#define HELD_FD 40 /* in the family: the end of the pipe that all of it hold */
#define N_PLAIN 2

static const char *own_path;

/* -- the family -------------------------------------------------------------------------------- */

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

static void
say_ready (void)
{
  g_print ("ready\n");
}

/* Has the end of the pipe, which it cannot inherit, from its parent. */
GMPROC_DEFINE_TARGET (wait_for_ever)
{
  say_ready ();
  for (;;)
    pause ();
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_FUNCTION (wait_in_pool, "i", "i")
{
  say_ready ();
  for (;;)
    pause ();
  return g_variant_ref (item);
}

static gpointer
run_pool (gpointer data G_GNUC_UNUSED)
{
  g_autoptr (GmprocPool) pool = gmproc_pool_new (1, NULL);
  g_autoptr (GVariant) result = NULL;

  result = gmproc_pool_apply (pool, wait_in_pool, g_variant_new_int32 (1), NULL, NULL);
  return NULL;
}

/* The standard input of each child is the pipe's end, so nobody is gone before it is. */
static void
start_waiting (gboolean daemon)
{
  GmprocProcess *process = gmproc_process_new (wait_for_ever, NULL);
  g_autoptr (GError) error = NULL;

  gmproc_process_set_daemon (process, daemon);
  gmproc_process_take_stream_handle (process, GMPROC_STANDARD_INPUT, dup (HELD_FD));
  gmproc_process_start (process, &error);
  g_assert_no_error (error);
}

static gboolean
on_interrupt (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

/* A parent that has no opinion on the key, or one that catches it to end in its own way. */
static int
run_family (gboolean catches)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  if (catches)
    (void) g_unix_signal_add (SIGINT, on_interrupt, loop);
  for (int i = 0; i < N_PLAIN; i++)
    start_waiting (i == 0);
  if (!catches)
    g_thread_unref (g_thread_new ("pool", run_pool, NULL));
  g_main_loop_run (loop);
  g_print ("bye\n");
  return EXIT_SUCCESS;
}

/* -- the terminal ------------------------------------------------------------------------------ */

typedef struct
{
  int terminal; /* the side of the one who types */
  int held;     /* at its end when the family is gone */
  pid_t pid;
} Session;

/* Only what may be called after fork(). */
static G_NORETURN void
become_family (const char *device, int held, const char *name)
{
  const char *const argv[] = { own_path, name, NULL };
  int fd;

  (void) setsid ();
  fd = open (device, O_RDWR);
  if (fd == -1 || ioctl (fd, TIOCSCTTY, 0) == -1 || dup2 (fd, 0) == -1 || dup2 (fd, 1) == -1
      || dup2 (fd, 2) == -1 || dup2 (held, HELD_FD) == -1)
    _exit (99);
  (void) close (fd);
  (void) execv (own_path, (char *const *) argv);
  _exit (98);
}

/* FALSE where there are no terminals to be had. */
static gboolean
session_begin (Session *self, const char *name)
{
  int fds[2];
  char *device;

  self->terminal = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (self->terminal == -1 || grantpt (self->terminal) == -1 || unlockpt (self->terminal) == -1)
    return FALSE;
  device = ptsname (self->terminal);
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  self->held = fds[0];
  self->pid = fork ();
  if (self->pid == 0)
    become_family (device, fds[1], name);
  g_assert_cmpint (self->pid, >, 0);
  g_assert_cmpint (close (fds[1]), ==, 0);
  return TRUE;
}

/* Reads what the terminal shows, until TEXT was seen so many times. */
static char *
session_read (Session *self, const char *text, int n_times)
{
  GString *seen = g_string_new (NULL);
  int n_seen = 0;

  while (n_seen < n_times)
    {
      GPollFD poll_fd = { self->terminal, G_IO_IN, 0 };
      char buffer[256];
      ssize_t n_read;

      g_assert_cmpint (g_poll (&poll_fd, 1, BOUND_MS), ==, 1);
      n_read = read (self->terminal, buffer, sizeof buffer);
      g_assert_cmpint (n_read, >, 0);
      g_string_append_len (seen, buffer, n_read);
      n_seen = 0;
      for (const char *at = seen->str; (at = strstr (at, text)) != NULL; at += strlen (text))
        n_seen++;
    }
  return g_string_free (seen, FALSE);
}

/* Gives what the terminal showed until nobody has it open any more. */
static char *
session_read_rest (Session *self)
{
  GString *seen = g_string_new (NULL);
  char buffer[256];
  ssize_t n_read;

  while ((n_read = read (self->terminal, buffer, sizeof buffer)) > 0)
    g_string_append_len (seen, buffer, n_read);
  if (n_read == -1)
    g_assert_cmpint (errno, ==, EIO);
  return g_string_free (seen, FALSE);
}

/* Waits until the family is gone, and gives how its first process ended. */
static int
session_end (Session *self)
{
  GPollFD poll_fd = { self->held, G_IO_IN, 0 };
  int wait_status;
  char byte;

  g_assert_cmpint (g_poll (&poll_fd, 1, BOUND_MS), ==, 1);
  g_assert_cmpint (read (self->held, &byte, 1), ==, 0);
  g_assert_cmpint (waitpid (self->pid, &wait_status, 0), ==, self->pid);
  return wait_status;
}

static void
session_clear (Session *self)
{
  (void) close (self->terminal);
  (void) close (self->held);
}

static gboolean
begin_or_skip (Session *self, const char *name)
{
  if (session_begin (self, name))
    return TRUE;
  g_test_skip ("no terminal can be opened here");
  return FALSE;
}

/* The terminal shows the key, unless it throws that away with what else was to be shown. */
static const char *
without_echo (char *shown)
{
  g_strstrip (shown);
  return g_str_has_prefix (shown, "^C") ? shown + strlen ("^C") : shown;
}

/* The key ends all of the family, and nothing but the key's own echo shows. */
static void
test_default (void)
{
  g_autofree char *begin = NULL, *rest = NULL;
  Session session;
  int wait_status;

  if (!begin_or_skip (&session, "family"))
    return;
  begin = session_read (&session, "ready", N_PLAIN + 1);
  g_assert_cmpint (write (session.terminal, CTRL_C, 1), ==, 1);
  wait_status = session_end (&session);
  rest = session_read_rest (&session);

  g_assert_true (WIFSIGNALED (wait_status));
  g_assert_cmpint (WTERMSIG (wait_status), ==, SIGINT);
  g_assert_cmpstr (without_echo (rest), ==, "");
  session_clear (&session);
}

/* A parent that catches it returns from main(), with its children gone. */
static void
test_caught (void)
{
  g_autofree char *begin = NULL, *rest = NULL;
  Session session;
  int wait_status;

  if (!begin_or_skip (&session, "catching-family"))
    return;
  begin = session_read (&session, "ready", N_PLAIN);
  g_assert_cmpint (write (session.terminal, CTRL_C, 1), ==, 1);
  wait_status = session_end (&session);
  rest = session_read_rest (&session);

  g_assert_true (WIFEXITED (wait_status));
  g_assert_cmpint (WEXITSTATUS (wait_status), ==, EXIT_SUCCESS);
  g_assert_cmpstr (without_echo (rest), ==, "bye");
  session_clear (&session);
}

static void
warm_up (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);

  g_assert_true (gmproc_process_start (process, NULL));
  g_assert_true (gmproc_process_join (process, GMPROC_FOREVER, NULL, NULL));
}

int
main (int argc, char **argv)
{
  own_path = argv[0];
  gmproc_init (&argc, &argv);
  if (argc == 2 && g_str_equal (argv[1], "family"))
    return run_family (FALSE);
  if (argc == 2 && g_str_equal (argv[1], "catching-family"))
    return run_family (TRUE);

  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/process-terminal/default", test_default);
  gmproc_test_add ("/process-terminal/caught", test_caught);
  return g_test_run ();
}
