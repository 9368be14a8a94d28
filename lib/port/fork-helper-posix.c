/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The server's side of the fork server: a loop in the only thread of a process that has done
 * nothing yet but to load, and what a copy does to become the child that was asked for.
 *
 * The server ends when the process that started it is gone, which it sees twice: the socket is at
 * its end, and the lifeline breaks, also when a forked copy of that process keeps the socket open.
 * It answers that process alone, by the id that the kernel adds to each request. Anything else that
 * comes through the socket ends it: a request that is not whole, or a sender that is another one.
 * The process starts a new server then.
 *
 * The signals of a terminal are blocked, since what they end or stop is for the process to decide.
 * A copy has no signal blocked.
 *
 * Between two requests nothing is allocated that stays, so the copies are all alike.
 */
#include "config.h"

#include "fork-server-posix.h"

#include "fork-copy-posix.h"
#include "fork-message-posix.h"
#include "port-error.h"
#include "spawn-posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_FD GMPROC_SPAWN_FIRST_DESCRIPTOR
#define LIFELINE_FD (SOCKET_FD + 1)
#define PLACE_FD (SOCKET_FD + 2)
#define THREADS_FOLDER "/proc/self/task"

extern char **environ;

typedef struct
{
  pid_t process; /* the one that is served */
  GmprocForkPlace *place;
  GmprocInheritance own;
} Server;

/* What was asked for, with the descriptors, which are ours. */
typedef struct
{
  GmprocForkRequest fields;
  gintptr *descriptors;
  guint n_descriptors;
  char *strings; /* environment_size and label_size bytes, and a nul byte */
} Request;

static void
request_clear (Request *request)
{
  for (guint i = 0; i < request->n_descriptors; i++)
    gmproc_port_handle_close (&request->descriptors[i]);
  g_clear_pointer (&request->descriptors, g_free);
  g_clear_pointer (&request->strings, g_free);
  request->n_descriptors = 0;
}

/* -- a copy becomes the child ------------------------------------------------------------------ */

static void
apply_environment (const Request *request)
{
  GPtrArray *variables = g_ptr_array_new ();
  char *at = request->strings;
  char *end = at + request->fields.environment_size;

  for (; at < end; at += strlen (at) + 1)
    g_ptr_array_add (variables, at);
  g_ptr_array_add (variables, NULL);
  environ = (char **) g_ptr_array_free (variables, FALSE);
}

/* What ps shows: the two arguments of the server become those of a child. */
static void
overwrite_arguments (char **arguments, const Request *request)
{
  char *first = arguments[0];
  gsize room = strlen (first) + 1 + strlen (arguments[1]);
  g_autofree char *text = g_strdup_printf ("--gmproc-child=%u %s", request->fields.n_handles,
                                           request->strings + request->fields.environment_size);

  if (arguments[1] != first + strlen (first) + 1)
    return; /* they do not lie one behind the other */
  memset (first, '\0', room);
  memcpy (first, text, MIN (strlen (text), room));
}

static gboolean
apply_descriptors (Request *request, GError **error)
{
  guint next = 2;

  if (fchdir ((int) request->descriptors[1]) == -1)
    {
      gmproc_port_set_error (error, errno, "fchdir");
      return FALSE;
    }
  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    {
      if (request->fields.has_stream[i] == 0)
        {
          if (i != STDIN_FILENO)
            (void) close (i); /* as it is in the process that asked */
          continue;
        }
      if (dup2 ((int) request->descriptors[next], i) == -1)
        {
          gmproc_port_set_error (error, errno, "dup2");
          return FALSE;
        }
      gmproc_port_handle_close (&request->descriptors[next++]);
    }
  gmproc_port_handle_close (&request->descriptors[1]);
  return TRUE;
}

static gboolean
become_child (Server *server, Request *request, char **arguments, gintptr *ret_block,
              gintptr **ret_handles, guint *ret_n_handles, GError **error)
{
  guint n_handles = request->fields.n_handles;
  gpointer place = server->place;

  (void) close (SOCKET_FD);
  (void) close (LIFELINE_FD);
  gmproc_port_memory_unmap (&place, sizeof *server->place);
  if (!apply_descriptors (request, error))
    return FALSE;
  gmproc_port_inheritance_apply (&request->fields.inheritance, &server->own);
  overwrite_arguments (arguments, request);
  apply_environment (request);

  *ret_block = request->descriptors[0];
  *ret_n_handles = n_handles;
  *ret_handles = g_new (gintptr, (gsize) n_handles + 1);
  for (guint i = 0; i < n_handles; i++)
    (*ret_handles)[i] = request->descriptors[request->n_descriptors - n_handles + i];
  g_clear_pointer (&request->descriptors, g_free);
  request->strings = NULL; /* the environment, for the rest of this process's life */
  return TRUE;
}

/* -- the server -------------------------------------------------------------------------------- */

static void
check (gboolean is_as_it_must_be)
{
  if (!is_as_it_must_be)
    _exit (EXIT_FAILURE);
}

static void
read_all (char *data, gsize size)
{
  while (size > 0)
    {
      gssize n_read = read (SOCKET_FD, data, size);

      if (n_read == -1 && errno == EINTR)
        continue;
      check (n_read > 0);
      data += n_read;
      size -= (gsize) n_read;
    }
}

/* One portion of descriptors; DATA comes with it. FALSE when there was no room for them. */
static gboolean
read_portion (const Server *server, Request *request, gpointer data, gsize size)
{
  gintptr portion[GMPROC_FORK_MAX_DESCRIPTORS];
  gsize n_present = request->n_descriptors;
  pid_t sender;
  guint n_more;
  gssize n_read = gmproc_port_fork_read (SOCKET_FD, data, size, portion, &n_more, &sender);

  if (n_read == 0)
    _exit (EXIT_SUCCESS); /* nobody is left to ask */
  if (n_read == -1 && errno == EMFILE)
    return FALSE;
  check (n_read > 0 && sender == server->process);
  read_all ((char *) data + n_read, size - (gsize) n_read);

  request->descriptors = g_renew (gintptr, request->descriptors, n_present + n_more);
  memcpy (request->descriptors + n_present, portion, n_more * sizeof *portion);
  request->n_descriptors += n_more;
  return TRUE;
}

static gboolean
read_request (const Server *server, Request *request)
{
  guint n_descriptors;
  gsize size;

  memset (request, 0, sizeof *request);
  if (!read_portion (server, request, &request->fields, sizeof request->fields))
    return FALSE;
  check (request->fields.magic == GMPROC_FORK_MAGIC
         && request->fields.n_handles <= GMPROC_FORK_MAX_HANDLES
         && request->fields.environment_size <= GMPROC_FORK_MAX_ENVIRONMENT
         && request->fields.label_size <= GMPROC_FORK_MAX_LABEL);

  n_descriptors = gmproc_port_fork_count_descriptors (&request->fields);
  while (request->n_descriptors < n_descriptors)
    {
      char byte;

      if (!read_portion (server, request, &byte, sizeof byte))
        return FALSE;
    }
  check (request->n_descriptors == n_descriptors);

  size = (gsize) request->fields.environment_size + request->fields.label_size;
  request->strings = g_malloc0 (size + 1);
  read_all (request->strings, size);
  check (request->fields.environment_size == 0
         || request->strings[request->fields.environment_size - 1] == '\0');
  return TRUE;
}

static void
reply (int error_number, gboolean is_threaded)
{
  GmprocForkReply answer = { .error_number = error_number, .is_threaded = is_threaded };

  check (gmproc_port_fork_write (SOCKET_FD, &answer, sizeof answer, NULL, 0) == sizeof answer);
}

/* Sleeps until there is a request. */
static void
wait_for_request (void)
{
  struct pollfd fds[2] = { { SOCKET_FD, POLLIN, 0 }, { LIFELINE_FD, POLLIN, 0 } };
  int n_ready;

  do
    n_ready = poll (fds, G_N_ELEMENTS (fds), -1);
  while (n_ready == -1 && errno == EINTR);
  if (n_ready == -1 || fds[1].revents != 0)
    _exit (EXIT_SUCCESS);
}

/* How many processes a user may have is looked at when the copy is made, and it is the limit of the
 * process that asks that counts. */
static void
take_process_limit (Server *server, const GmprocInheritance *asked)
{
#ifdef RLIMIT_NPROC
  struct rlimit limit = server->own.limits[RLIMIT_NPROC];

  if (limit.rlim_cur == asked->limits[RLIMIT_NPROC].rlim_cur)
    return;
  limit.rlim_cur = MIN (asked->limits[RLIMIT_NPROC].rlim_cur, limit.rlim_max);
  if (setrlimit (RLIMIT_NPROC, &limit) == 0)
    server->own.limits[RLIMIT_NPROC] = limit;
#endif
}

/* The kernel counts the threads as folders. */
static gboolean
is_threaded (void)
{
  struct stat status;

  return stat (THREADS_FOLDER, &status) == 0 && status.st_nlink > 3;
}

/* Room for the descriptors of any request, whatever this process was started with. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      (void) setrlimit (RLIMIT_NOFILE, &limit);
    }
}

static void
block_terminal_signals (void)
{
  static const int numbers[] = { SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU };
  sigset_t signals;

  (void) sigemptyset (&signals);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    (void) sigaddset (&signals, numbers[i]);
  (void) pthread_sigmask (SIG_SETMASK, &signals, NULL);
}

static gboolean
is_socket (int fd)
{
  struct stat status;

  return fstat (fd, &status) == 0 && S_ISSOCK (status.st_mode);
}

/* It keeps nothing of what it was started with: neither the folder nor the output, which somebody
 * may wait to be closed. */
static void
server_init (Server *server)
{
  const int yes = 1;
  gintptr place = PLACE_FD;

  server->process = getppid ();
  server->place = gmproc_port_memory_map (place, 0, sizeof *server->place, NULL);
  check (server->place != NULL);
  gmproc_port_handle_close (&place);
  for (int fd = SOCKET_FD; fd <= LIFELINE_FD; fd++)
    check (fcntl (fd, F_SETFD, FD_CLOEXEC) != -1);
#ifdef SO_PASSCRED
  check (setsockopt (SOCKET_FD, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) == 0);
#endif
  block_terminal_signals ();
  raise_descriptor_limit ();
  (void) dup2 (STDIN_FILENO, STDOUT_FILENO);
  (void) dup2 (STDIN_FILENO, STDERR_FILENO);
  check (chdir ("/") == 0);
  gmproc_port_inheritance_read (&server->own);
}

gboolean
gmproc_port_fork_server_serve (char **arguments, gintptr *ret_block, gintptr **ret_handles,
                               guint *ret_n_handles, GError **error)
{
  Server server;

  if (!is_socket (SOCKET_FD))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "damaged argument: %s is for the library's own use", arguments[0]);
      return FALSE;
    }
  server_init (&server);
  if (is_threaded () || !gmproc_port_fork_copy_is_supported ())
    {
      reply (ENOSYS, is_threaded ());
      _exit (EXIT_FAILURE);
    }
  reply (0, FALSE);

  for (;;)
    {
      Request request;
      pid_t pid;

      wait_for_request ();
      if (!read_request (&server, &request))
        {
          reply (EMFILE, FALSE);
          _exit (EXIT_FAILURE); /* the rest of the request is still to come */
        }
      take_process_limit (&server, &request.fields.inheritance);
      pid = gmproc_port_fork_copy (&server.place->pid);
      if (pid == 0)
        return become_child (&server, &request, arguments, ret_block, ret_handles, ret_n_handles,
                             error);
      reply (pid == -1 ? errno : 0, FALSE);
      request_clear (&request);
    }
}
