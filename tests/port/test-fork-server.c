/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The process that makes copies of itself: what its copies have of the one that asks, whom it
 * answers, and what happens when something happens to it.
 */
#include "config.h"

#include "leaks.h"
#include "peer.h"
#include "../support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK "--gmproc-fork-server"
#define N_REPLACEMENTS 10

/* Each test ends without a server, which would look like a child left behind. */

static GmprocPortChildOptions
forked (void)
{
  return (GmprocPortChildOptions){ .method = GMPROC_PORT_METHOD_FORKSERVER };
}

static int
run (const char *mode)
{
  return peer_join (peer_start_with (mode, forked ()));
}

static int
exit_8 (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  return 8;
}

static gboolean
is_server (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "cmdline", NULL);
  g_autofree char *text = NULL;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, NULL))
    return FALSE;
  return size > strlen (text) + 1 && g_str_has_prefix (text + strlen (text) + 1, MARK);
}

/* One of the processes in the kernel's list of a thread's children. */
static pid_t
find_server_in (const char *path)
{
  g_autofree char *children = NULL;
  g_auto (GStrv) pids = NULL;

  if (!g_file_get_contents (path, &children, NULL, NULL))
    return 0;
  pids = g_strsplit (g_strstrip (children), " ", 0);
  for (guint i = 0; pids[i] != NULL; i++)
    if (is_server (pids[i]))
      return (pid_t) g_ascii_strtoll (pids[i], NULL, 10);
  return 0;
}

/* The server of this process; it must have one. */
static pid_t
find_server (void)
{
  GDir *threads = g_dir_open ("/proc/self/task", 0, NULL);
  const char *thread;
  pid_t pid = 0;

  g_assert_nonnull (threads);
  while (pid == 0 && (thread = g_dir_read_name (threads)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", thread, "children", NULL);

      pid = find_server_in (path);
    }
  g_dir_close (threads);
  g_assert_cmpint (pid, >, 0);
  return pid;
}

/* -- what a copy is ---------------------------------------------------------------------------- */

static int
tell_parent (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  pid_t *parent = peer_map (handles[0], sizeof *parent);

  *parent = getppid ();
  return EXIT_SUCCESS;
}

/* It is a child of the process that asked, as a spawned one is. */
static void
test_copy_is_our_child (void)
{
  GmprocPortChildOptions options = forked ();
  gintptr block;
  pid_t *parent = peer_new_block (sizeof *parent, &block);

  options.handles = &block;
  options.n_handles = 1;
  g_assert_cmpint (peer_join (peer_start_with ("tell-parent", options)), ==, EXIT_SUCCESS);
  g_assert_cmpint (*parent, ==, getpid ());
  gmproc_port_memory_unmap ((gpointer *) &parent, sizeof *parent);
  gmproc_port_handle_close (&block);
  gmproc_port_child_release ();
}

/* A mutex must take the copy for what it is, or the next owner is not told of its death. */
static int
die_with_lock (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocPortLockPlace *place = peer_map (handles[0], sizeof *place);
  GmprocPortLock lock;

  g_assert_true (gmproc_port_lock_attach (&lock, place, GMPROC_PORT_NO_HANDLE, NULL));
  g_assert_cmpint (gmproc_port_lock_acquire (&lock, GMPROC_PORT_FOREVER, NULL), ==,
                   GMPROC_PORT_LOCK_ACQUIRED);
  gmproc_port_self_kill ();
}

static void
test_lock_of_a_dead_copy_is_abandoned (void)
{
  GmprocPortChildOptions options = forked ();
  gintptr block;
  GmprocPortLockPlace *place = peer_new_block (sizeof *place, &block);
  GmprocPortLock lock;

  g_assert_true (gmproc_port_lock_create (&lock, place, NULL));
  options.handles = &block;
  options.n_handles = 1;
  g_assert_cmpint (peer_join (peer_start_with ("die-with-lock", options)), ==, -SIGKILL);
  g_assert_cmpint (gmproc_port_lock_acquire (&lock, peer_far_deadline (), NULL), ==,
                   GMPROC_PORT_LOCK_ABANDONED);
  g_assert_true (gmproc_port_lock_release (&lock));
  gmproc_port_lock_detach (&lock);
  gmproc_port_memory_unmap ((gpointer *) &place, sizeof *place);
  gmproc_port_handle_close (&block);
  gmproc_port_child_release ();
}

typedef struct
{
  mode_t file_mask;
  int nice;
  gboolean ignores_usr1;
  rlim_t core_limit;
} Circumstances;

static void
read_circumstances (Circumstances *self)
{
  struct sigaction action;
  struct rlimit limit;

  self->file_mask = umask (0);
  (void) umask (self->file_mask);
  self->nice = getpriority (PRIO_PROCESS, 0);
  g_assert_cmpint (sigaction (SIGUSR1, NULL, &action), ==, 0);
  self->ignores_usr1 = action.sa_handler == SIG_IGN;
  g_assert_cmpint (getrlimit (RLIMIT_CORE, &limit), ==, 0);
  self->core_limit = limit.rlim_cur;
}

static int
tell_circumstances (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  read_circumstances (peer_map (handles[0], sizeof (Circumstances)));
  return EXIT_SUCCESS;
}

/* handles: for the answer. In a process of its own, which cannot take back what it gives up. */
static int
change_and_start (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  const struct rlimit no_core = { 0, 0 };
  GmprocPortChildOptions options = forked ();
  Circumstances *seen = peer_map (handles[0], sizeof *seen);
  Circumstances own;

  options.handles = handles;
  options.n_handles = 1;
  g_assert_cmpint (run ("exit 8"), ==, 8); /* the server has what was before */
  (void) umask (0137);
  g_assert_cmpint (setpriority (PRIO_PROCESS, 0, getpriority (PRIO_PROCESS, 0) + 1), ==, 0);
  g_assert_true (signal (SIGUSR1, SIG_IGN) != SIG_ERR);
  g_assert_cmpint (setrlimit (RLIMIT_CORE, &no_core), ==, 0);
  read_circumstances (&own);
  memset (seen, 0xff, sizeof *seen);
  g_assert_cmpint (peer_join (peer_start_with ("tell-circumstances", options)), ==, EXIT_SUCCESS);
  g_assert_cmpint (seen->file_mask, ==, 0137);
  g_assert_cmpint (seen->nice, ==, own.nice);
  g_assert_true (seen->ignores_usr1);
  g_assert_cmpuint (seen->core_limit, ==, 0);
  gmproc_port_child_release ();
  return EXIT_SUCCESS;
}

/* A copy has what the process has that asks, as it is then. */
static void
test_circumstances_are_those_of_the_request (void)
{
  gintptr block;
  Circumstances *seen = peer_new_block (sizeof *seen, &block);

  g_assert_cmpint (peer_join (peer_start ("change", &block, 1)), ==, EXIT_SUCCESS);
  gmproc_port_memory_unmap ((gpointer *) &seen, sizeof *seen);
  gmproc_port_handle_close (&block);
  gmproc_port_child_release ();
}

/* -- the server's death ------------------------------------------------------------------------ */

/* handles: where to say that it is up; a pipe on which it is told to go on */
static int
idle (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  peer_notify (handles[0]);
  peer_wait (handles[1]);
  return 7;
}

/* SP-06: it is replaced without a word, and a child that runs is not disturbed: its exit status is
 * the right one. */
static void
test_killed_server_is_replaced (void)
{
  GmprocPortChildOptions options = forked ();
  gintptr up_reader, up_writer, go_reader, go_writer;
  GmprocPortChild *child;

  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&go_reader, &go_writer);
  options.handles = (const gintptr[]){ up_writer, go_reader };
  options.n_handles = 2;
  child = peer_start_with ("idle", options);
  peer_wait (up_reader);

  for (int i = 0; i < N_REPLACEMENTS; i++)
    {
      pid_t before = find_server ();

      g_assert_cmpint (kill (before, SIGKILL), ==, 0);
      g_assert_cmpint (run ("exit 8"), ==, 8);
      g_assert_cmpint (find_server (), !=, before);
    }
  peer_notify (go_writer);
  g_assert_cmpint (peer_join (child), ==, 7);

  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&go_reader);
  gmproc_port_handle_close (&go_writer);
  gmproc_port_child_release ();
}

/* SP-06: Ctrl-C on the terminal is for the process, not for its server. */
static void
test_interrupted_server_goes_on (void)
{
  pid_t before;

  g_assert_cmpint (run ("exit 8"), ==, 8);
  before = find_server ();
  g_assert_cmpint (kill (before, SIGINT), ==, 0);
  g_assert_cmpint (run ("exit 8"), ==, 8);
  g_assert_cmpint (find_server (), ==, before);
  gmproc_port_child_release ();
}

static void
test_stopped_server_is_replaced (void)
{
  pid_t before;

  g_assert_cmpint (run ("exit 8"), ==, 8);
  before = find_server ();
  g_assert_cmpint (kill (before, SIGSTOP), ==, 0);
  g_assert_cmpint (run ("exit 8"), ==, 8);
  g_assert_cmpint (find_server (), !=, before);
  gmproc_port_child_release ();
}

static gpointer
kill_servers (gpointer data)
{
  int *go_on = data;

  while (g_atomic_int_get (go_on))
    {
      GDir *threads = g_dir_open ("/proc/self/task", 0, NULL);
      const char *thread;

      while ((thread = g_dir_read_name (threads)) != NULL)
        {
          g_autofree char *path = g_build_filename ("/proc/self/task", thread, "children", NULL);
          pid_t pid = find_server_in (path);

          if (pid != 0)
            (void) kill (pid, SIGKILL);
        }
      g_dir_close (threads);
      g_usleep (G_USEC_PER_SEC / 200); /* gives some requests time to be answered */
    }
  return NULL;
}

/* handles: write ends */
static int
count_itself (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  peer_notify (handles[0]);
  return 8;
}

/* Killed at any step of a request: each start that succeeds has made one child, which runs once,
 * and each that does not has made none. */
static void
test_killed_at_any_time (void)
{
  int go_on = TRUE, n_started = 0, n_done = 0, n_heard = 0;
  GThread *killer = g_thread_new ("killer", kill_servers, &go_on);
  g_autofree char *path = gmproc_port_self_get_path (NULL);
  g_autoptr (GBytes) bootstrap = g_bytes_new_static ("count", sizeof "count");
  gintptr reader, writer;
  char byte;

  peer_new_pipe (&reader, &writer);
  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GError) error = NULL;
      GmprocPortChildOptions options = { .method = GMPROC_PORT_METHOD_FORKSERVER,
                                         .executable = path,
                                         .label = "count",
                                         .bootstrap = bootstrap,
                                         .handles = &writer,
                                         .n_handles = 1 };
      GmprocPortChild *child = gmproc_port_child_start (&options, &error);
      int exit_status;

      if (child == NULL)
        continue; /* three servers in a row were killed too early */
      n_started++;
      /* A copy looks like the server for its first moment, and may be hit for it. */
      exit_status = peer_join (child);
      g_assert_true (exit_status == 8 || exit_status == -SIGKILL);
      n_done += exit_status == 8;
    }
  g_atomic_int_set (&go_on, FALSE);
  g_thread_join (killer);
  g_test_message ("%d of 100 done", n_done);
  gmproc_port_handle_close (&writer);
  while (read ((int) reader, &byte, 1) == 1)
    n_heard++;
  g_assert_cmpint (n_heard, >=, n_done);
  g_assert_cmpint (n_heard, <=, n_started);
  gmproc_port_handle_close (&reader);
  g_assert_cmpint (run ("exit 8"), ==, 8);
  gmproc_port_child_release ();
}

/* The server ends when its process is killed. */
static void
test_server_ends_with_its_process (void)
{
  gintptr block;
  pid_t *server = peer_new_block (sizeof *server, &block);
  GmprocPortChild *owner = peer_start ("own-a-server", &block, 1);

  g_assert_cmpint (peer_join (owner), ==, -SIGKILL);
  g_assert_cmpint (*server, >, 0);
  /* Nobody of us may wait for it, so it is looked for until it is gone. */
  for (gint64 deadline = peer_far_deadline (); kill (*server, 0) == 0;)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) *server);
      g_autofree char *stat = NULL;

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (g_file_get_contents (path, &stat, NULL, NULL) && strstr (stat, ") Z ") != NULL)
        break; /* it has ended, and whoever inherited it has not looked yet */
      g_usleep (1000);
    }
  gmproc_port_memory_unmap ((gpointer *) &server, sizeof *server);
  gmproc_port_handle_close (&block);
  gmproc_port_child_release ();
}

/* handles: for the id of its server */
static int
own_a_server (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  pid_t *server = peer_map (handles[0], sizeof *server);

  g_assert_cmpint (run ("exit 8"), ==, 8);
  *server = find_server ();
  gmproc_port_self_kill ();
}

/* -- strangers --------------------------------------------------------------------------------- */

static int
find_socket (void)
{
  struct stat status;

  for (int fd = 3; fd < 1024; fd++)
    if (fstat (fd, &status) == 0 && S_ISSOCK (status.st_mode))
      return fd;
  return -1;
}

/* SP-07: there is nothing that another process could open; and one that has the socket, because our
 * process forked itself, is refused: the server ends rather than read on. */
static void
test_stranger_is_refused (void)
{
  g_autofree char *path = NULL;
  char garbage[4096] = "";
  pid_t before, copy;
  int status;

  g_assert_cmpint (run ("exit 8"), ==, 8);
  before = find_server ();
  path = g_strdup_printf ("/proc/%d/fd/3", (int) before);
  g_assert_cmpint (open (path, O_RDWR), ==, -1);
  g_assert_cmpint (errno, ==, ENXIO);

  copy = fork ();
  if (copy == 0)
    {
      int fd = find_socket ();
      char byte;

      if (fd == -1 || send (fd, garbage, sizeof garbage, MSG_NOSIGNAL) != sizeof garbage)
        _exit (1);
      _exit (recv (fd, &byte, 1, 0) <= 0 ? 42 : 2); /* its end, or a reset */
    }
  g_assert_cmpint (waitpid (copy, &status, 0), ==, copy);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 42);

  g_assert_cmpint (run ("exit 8"), ==, 8);
  g_assert_cmpint (find_server (), !=, before);
  gmproc_port_child_release ();
}

/* -- limits ------------------------------------------------------------------------------------ */

static void
try_with_limit (GmprocPortMethod method, rlim_t limit)
{
  GmprocTestLeaks *before = gmproc_test_leaks_snapshot ();
  g_autofree char *path = gmproc_port_self_get_path (NULL);
  g_autoptr (GBytes) bootstrap = g_bytes_new_static ("exit 8", sizeof "exit 8");
  GmprocPortChildOptions options = {
    .method = method, .executable = path, .label = "x", .bootstrap = bootstrap
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *leaked = NULL;
  struct rlimit old, low;
  GmprocPortChild *child;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  low = old;
  low.rlim_cur = limit;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  child = gmproc_port_child_start (&options, &error);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);

  if (child == NULL)
    {
      g_assert_nonnull (error);
      g_assert_true (error->domain == G_IO_ERROR);
    }
  else
    (void) peer_join (child); /* it may have found too few descriptors itself */
  gmproc_port_child_release ();
  leaked = gmproc_test_leaks_compare (before);
  gmproc_test_leaks_free (before);
  g_assert_cmpstr (leaked, ==, NULL);
}

/* With each number of free descriptors that can be too small: an error, or a child, and nothing is
 * left behind. */
static void
test_descriptor_limit (void)
{
  gmproc_port_child_release ();
  for (rlim_t limit = 3; limit < 24; limit++)
    {
      try_with_limit (GMPROC_PORT_METHOD_SPAWN, limit);
      try_with_limit (GMPROC_PORT_METHOD_FORKSERVER, limit);
    }
  g_assert_cmpint (run ("exit 8"), ==, 8);
  gmproc_port_child_release ();
}

/* As a user who has reached the number of processes that he may have. */
static int
start_without_processes (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  const struct rlimit none = { 0, 0 };
  g_autofree char *path = gmproc_port_self_get_path (NULL);
  g_autoptr (GBytes) bootstrap = g_bytes_new_static ("exit 8", sizeof "exit 8");

  g_assert_cmpint (run ("exit 8"), ==, 8);
  if (geteuid () == 0 && setuid (65534) == -1)
    return 77;
  g_assert_cmpint (setrlimit (RLIMIT_NPROC, &none), ==, 0);
  for (int method = GMPROC_PORT_METHOD_SPAWN; method <= GMPROC_PORT_METHOD_FORKSERVER; method++)
    {
      GmprocPortChildOptions options = { .method = (GmprocPortMethod) method,
                                         .executable = path,
                                         .label = "x",
                                         .bootstrap = bootstrap };
      g_autoptr (GError) error = NULL;

      g_assert_null (gmproc_port_child_start (&options, &error));
      g_assert_nonnull (error);
      g_assert_true (error->domain == G_IO_ERROR);
    }
  gmproc_port_child_release ();
  return EXIT_SUCCESS;
}

static void
test_process_limit (void)
{
  int status = peer_join (peer_start ("no-processes", NULL, 0));

  if (status == 77)
    g_test_skip ("a root that may not become another user has no such limit");
  else
    g_assert_cmpint (status, ==, EXIT_SUCCESS);
  gmproc_port_child_release ();
}

static void
warm_up (void)
{
  peer_warm_up ();
  gmproc_port_child_release ();
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "exit 8", exit_8 },
                                { "tell-parent", tell_parent },
                                { "die-with-lock", die_with_lock },
                                { "tell-circumstances", tell_circumstances },
                                { "change", change_and_start },
                                { "idle", idle },
                                { "count", count_itself },
                                { "own-a-server", own_a_server },
                                { "no-processes", start_without_processes },
                                { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  if (!gmproc_port_child_has_method (GMPROC_PORT_METHOD_FORKSERVER))
    {
      g_print ("1..0 # SKIP this system has no fork server\n");
      return EXIT_SUCCESS;
    }
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/port/fork-server/child", test_copy_is_our_child);
  gmproc_test_add ("/port/fork-server/lock", test_lock_of_a_dead_copy_is_abandoned);
  gmproc_test_add ("/port/fork-server/circumstances", test_circumstances_are_those_of_the_request);
  gmproc_test_add ("/port/fork-server/killed", test_killed_server_is_replaced);
  gmproc_test_add ("/port/fork-server/interrupted", test_interrupted_server_goes_on);
  gmproc_test_add ("/port/fork-server/stopped", test_stopped_server_is_replaced);
  gmproc_test_add ("/port/fork-server/killed-at-any-time", test_killed_at_any_time);
  gmproc_test_add ("/port/fork-server/ends", test_server_ends_with_its_process);
  gmproc_test_add ("/port/fork-server/stranger", test_stranger_is_refused);
  gmproc_test_add ("/port/fork-server/descriptors", test_descriptor_limit);
  gmproc_test_add ("/port/fork-server/processes", test_process_limit);
  return g_test_run ();
}
