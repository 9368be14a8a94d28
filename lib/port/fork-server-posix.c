/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The process's side of the fork server: starting it, asking it, and doing without it.
 *
 * One request at a time, under the lock. A server that ends, or is stopped, or does not answer in
 * time is killed and replaced; at a cancel it is killed. What became of the request is exact all
 * the same: once the server has ended, the shared place holds the id of the copy if there is one,
 * and if not, the request is made again. A copy is a child of this process, so its id stays its own
 * until we reap it.
 *
 * A copy is to be what a spawned child would be, so the request carries what this process has now,
 * and not what it had when the server was started. Session, user, group and privileges no process
 * can hand over; when they have changed, a new server is started.
 */
#include "config.h"

#include "fork-server-posix.h"

#include "fork-copy-posix.h"
#include "fork-message-posix.h"
#include "handle-posix.h"
#include "port-error.h"
#include "spawn-posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_TRIES 3
#define TIME_TO_ANSWER (30 * G_TIME_SPAN_SECOND)
#define MILLISECONDS_TO_END 1000
#define MILLISECONDS_TO_LOOK 50 /* how often a server that does not answer is looked at */

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

extern char **environ;

typedef struct
{
  pid_t process; /* whose it is: a program may have forked itself; 0: there is none */
  pid_t pid;
  gintptr pidfd;
  gintptr socket;
  GmprocForkPlace *place;
  GmprocBelonging belonging;
} Server;

/* What ends a wait for the server, beside the server. */
typedef struct
{
  gint64 deadline;
  GCancellable *cancellable; /* or NULL */
} Patience;

typedef enum
{
  ANSWERED,
  LOST,    /* it ended, or is stopped, or takes too long, or nobody wants the answer any more */
  REFUSED, /* with an error: it will take another request */
  FAILED   /* with an error: it has half of a request, or is not there */
} Outcome;

static GMutex mutex;
static Server server; /* under the mutex */

gboolean
gmproc_port_fork_server_is_supported (void)
{
  return gmproc_port_fork_copy_is_supported ();
}

static void
forget_server_locked (void)
{
  gpointer place = server.place;

  gmproc_port_memory_unmap (&place, sizeof *server.place);
  gmproc_port_handle_close (&server.socket);
  gmproc_port_handle_close (&server.pidfd);
  server.process = 0;
}

/* When it returns the server can make no copy any more. One that is another user's since this
 * process has changed its own cannot be killed; it ends by itself at the end of the socket, and is
 * not waited for without a bound. */
static void
end_server_locked (void)
{
  struct pollfd end = { (int) server.pidfd, POLLIN, 0 };
  gboolean is_killed = FALSE;

#ifdef SYS_pidfd_send_signal
  is_killed = syscall (SYS_pidfd_send_signal, (int) server.pidfd, SIGKILL, NULL, 0) == 0;
#endif
  (void) shutdown ((int) server.socket, SHUT_RDWR);
  while (poll (&end, 1, is_killed ? -1 : MILLISECONDS_TO_END) == -1 && errno == EINTR)
    ;
  /* Somebody who waits for any child may have reaped it. */
  while (waitpid (server.pid, NULL, WNOHANG) == -1 && errno == EINTR)
    ;
}

void
gmproc_port_fork_server_end (void)
{
  g_mutex_lock (&mutex);
  if (server.process == getpid ())
    {
      end_server_locked ();
      forget_server_locked ();
    }
  g_mutex_unlock (&mutex);
}

/* -- talking ----------------------------------------------------------------------------------- */

/* Somebody has stopped it (SIGSTOP), and it may stay so. */
static gboolean
is_stopped (void)
{
  siginfo_t info;

  memset (&info, 0, sizeof info);
  return waitid (P_PID, (id_t) server.pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0
         && info.si_pid == server.pid;
}

/* FALSE when it will not come to that. */
static gboolean
wait_for_server (short events, const Patience *patience)
{
  struct pollfd fds[2] = { { (int) server.socket, events, 0 }, { (int) server.pidfd, POLLIN, 0 } };

  while (g_get_monotonic_time () < patience->deadline
         && !g_cancellable_is_cancelled (patience->cancellable))
    {
      int n_ready = poll (fds, G_N_ELEMENTS (fds), MILLISECONDS_TO_LOOK);

      if (n_ready > 0 && fds[0].revents != 0)
        return TRUE;
      if (n_ready > 0 || (n_ready == 0 && is_stopped ()))
        return FALSE;
    }
  return FALSE;
}

static Outcome
write_all (gconstpointer data, gsize size, const gintptr *handles, guint n_handles,
           const Patience *patience, GError **error)
{
  const char *at = data;

  while (size > 0)
    {
      gssize n_written = gmproc_port_fork_write ((int) server.socket, at, size, handles, n_handles);

      if (n_written >= 0)
        {
          at += n_written;
          size -= (gsize) n_written;
          n_handles = 0;
        }
      else if (errno == EPIPE || errno == ECONNRESET
               || (errno == EAGAIN && !wait_for_server (POLLOUT, patience)))
        return LOST;
      else if (errno != EAGAIN)
        {
          /* A request that is not whole ends the server, so a new one is needed in any case. */
          gmproc_port_set_error (error, errno, "fork server: sendmsg");
          return FAILED;
        }
    }
  return ANSWERED;
}

static Outcome
read_reply (const Patience *patience, GError **error)
{
  gintptr no_handles[GMPROC_FORK_MAX_DESCRIPTORS];
  GmprocForkReply reply;
  guint n_handles;
  pid_t sender;

  if (!wait_for_server (POLLIN, patience)
      || gmproc_port_fork_read ((int) server.socket, &reply, sizeof reply, no_handles, &n_handles,
                                &sender)
             != sizeof reply)
    return LOST;
  if (reply.is_threaded)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                         "fork server: something in this program starts threads before "
                         "gmproc_init(), so it cannot be copied");
  else if (reply.error_number != 0)
    gmproc_port_set_error (error, reply.error_number, "fork server: clone");
  else
    return ANSWERED;
  return REFUSED;
}

/* -- starting it ------------------------------------------------------------------------------- */

static gboolean
new_sockets (gintptr *sockets, GError **error)
{
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
    {
      gmproc_port_set_error (error, errno, "socketpair");
      return FALSE;
    }
  if (!gmproc_port_handle_take (fds[0], &sockets[0], error))
    {
      (void) close (fds[1]);
      return FALSE;
    }
  return gmproc_port_handle_take (fds[1], &sockets[1], error);
}

/* The second argument is as long as any label, which a copy writes in its place. */
static gboolean
run_server (const GmprocPortChildOptions *options, const gintptr *descriptors, pid_t *ret_pid,
            GError **error)
{
  g_autofree char *room = g_strdup_printf ("%-*s", GMPROC_FORK_MAX_LABEL, "makes copies of itself");
  g_autoptr (GPtrArray) argv =
      gmproc_port_spawn_make_argv (options->command, options->executable, GMPROC_FORK_MARK, room);
  GmprocSpawn plan = { .path = options->executable,
                       .argv = (const char *const *) argv->pdata,
                       .descriptors = descriptors,
                       .n_descriptors = 3 };

  return gmproc_port_spawn (&plan, ret_pid, error);
}

static gintptr
open_pidfd (pid_t pid)
{
#ifdef SYS_pidfd_open
  return (gintptr) syscall (SYS_pidfd_open, pid, 0);
#else
  (void) pid;
  errno = ENOSYS;
  return GMPROC_PORT_NO_HANDLE;
#endif
}

/* Runs the server and makes it ours. It may not have come to its main(). */
static gboolean
launch_locked (const GmprocPortChildOptions *options, GError **error)
{
  gintptr sockets[2] = { GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE };
  gintptr keep = GMPROC_PORT_NO_HANDLE, give = GMPROC_PORT_NO_HANDLE;
  gintptr block = GMPROC_PORT_NO_HANDLE;
  gpointer place = NULL;
  gboolean success = FALSE;
  pid_t pid;

  if (!new_sockets (sockets, error) || !gmproc_port_lifeline_new (&keep, &give, error)
      || !gmproc_port_memory_new (sizeof *server.place, sizeof *server.place, &block, error))
    goto out;
  place = gmproc_port_memory_map (block, 0, sizeof *server.place, error);
  if (place == NULL
      || !run_server (options, (const gintptr[]){ sockets[1], give, block }, &pid, error))
    goto out;

  server.pidfd = open_pidfd (pid);
  if (server.pidfd == GMPROC_PORT_NO_HANDLE)
    {
      gmproc_port_set_error (error, errno, "pidfd_open");
      (void) kill (pid, SIGKILL);
      (void) waitpid (pid, NULL, 0);
      goto out;
    }
  server.process = getpid ();
  server.pid = pid;
  server.socket = sockets[0];
  server.place = place;
  gmproc_port_belonging_read (&server.belonging);
  sockets[0] = GMPROC_PORT_NO_HANDLE;
  place = NULL;
  success = TRUE;

out:
  gmproc_port_memory_unmap (&place, sizeof *server.place);
  gmproc_port_handle_close (&sockets[0]);
  gmproc_port_handle_close (&sockets[1]);
  gmproc_port_handle_close (&keep);
  gmproc_port_handle_close (&give);
  gmproc_port_handle_close (&block);
  return success;
}

/* Whether the server that is there can be asked. */
static gboolean
is_usable_locked (void)
{
  struct pollfd end = { (int) server.pidfd, POLLIN, 0 };
  GmprocBelonging belonging;

  gmproc_port_belonging_read (&belonging);
  return gmproc_port_belonging_equal (&belonging, &server.belonging) && poll (&end, 1, 0) == 0;
}

static Outcome
ensure_server_locked (const GmprocPortChildOptions *options, const Patience *patience,
                      GError **error)
{
  /* A copy that the program made of itself has the server of its original, which it leaves alone.
   */
  if (server.process != 0 && server.process != getpid ())
    forget_server_locked ();
  if (server.process != 0 && is_usable_locked ())
    return ANSWERED;
  if (server.process != 0)
    {
      end_server_locked ();
      forget_server_locked ();
    }
  if (!launch_locked (options, error))
    return FAILED;
  return read_reply (patience, error);
}

/* -- a request --------------------------------------------------------------------------------- */

typedef struct
{
  GmprocForkRequest fields;
  gintptr *descriptors; /* borrowed, but for the directory */
  guint n_descriptors;
  gintptr directory;
  GByteArray *bytes; /* the fields, the environment, the label */
} Request;

static void
request_clear (Request *request)
{
  gmproc_port_handle_close (&request->directory);
  g_clear_pointer (&request->descriptors, g_free);
  g_clear_pointer (&request->bytes, g_byte_array_unref);
}

static gboolean
open_directory (const char *path, gintptr *ret_handle, GError **error)
{
  int fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (fd != -1)
    return gmproc_port_handle_take (fd, ret_handle, error);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "fork server: the working directory %s: %s", path, g_strerror (errno));
  return FALSE;
}

static void
add_streams (Request *request, const GmprocPortChildOptions *options)
{
  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    {
      gintptr stream = options->streams != NULL ? options->streams[i] : GMPROC_PORT_NO_HANDLE;

      /* The server's own input is the empty one. A program that closed a stream may have something
       * else there, which no child is to see. */
      if (stream == GMPROC_PORT_NO_HANDLE && i != STDIN_FILENO
          && gmproc_port_handle_is_inherited (i))
        stream = i;
      if (stream == GMPROC_PORT_NO_HANDLE)
        continue;
      request->fields.has_stream[i] = 1;
      request->descriptors[request->n_descriptors++] = stream;
    }
}

static gboolean
request_init (Request *request, const GmprocPortChildOptions *options, const char *label,
              gintptr block, GError **error)
{
  const char *const *environment =
      options->environment != NULL ? options->environment : (const char *const *) environ;
  gsize environment_size;

  memset (request, 0, sizeof *request);
  request->directory = GMPROC_PORT_NO_HANDLE;
  if (!open_directory (options->working_directory != NULL ? options->working_directory : ".",
                       &request->directory, error))
    return FALSE;

  request->descriptors = g_new (gintptr, (gsize) options->n_handles + 2 + GMPROC_PORT_N_STREAMS);
  request->descriptors[request->n_descriptors++] = block;
  request->descriptors[request->n_descriptors++] = request->directory;
  add_streams (request, options);
  for (guint i = 0; i < options->n_handles; i++)
    request->descriptors[request->n_descriptors++] = options->handles[i];

  request->bytes = g_byte_array_sized_new (sizeof request->fields + 4096);
  g_byte_array_set_size (request->bytes, sizeof request->fields);
  for (; environment != NULL && *environment != NULL; environment++)
    g_byte_array_append (request->bytes, (const guint8 *) *environment,
                         (guint) strlen (*environment) + 1);
  environment_size = request->bytes->len - sizeof request->fields;
  if (environment_size > GMPROC_FORK_MAX_ENVIRONMENT)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "fork server: an environment of %" G_GSIZE_FORMAT " bytes is too large",
                   environment_size);
      return FALSE;
    }
  request->fields.magic = GMPROC_FORK_MAGIC;
  request->fields.n_handles = options->n_handles;
  request->fields.environment_size = (guint32) environment_size;
  request->fields.label_size = (guint32) strlen (label);
  gmproc_port_inheritance_read (&request->fields.inheritance);
  g_byte_array_append (request->bytes, (const guint8 *) label, (guint) strlen (label));
  memcpy (request->bytes->data, &request->fields, sizeof request->fields);
  return TRUE;
}

/* The strings go with the fields if all descriptors do. */
static Outcome
send_request (const Request *request, const Patience *patience, GError **error)
{
  guint n_sent = MIN (request->n_descriptors, GMPROC_FORK_MAX_DESCRIPTORS);
  gsize first = n_sent == request->n_descriptors ? request->bytes->len : sizeof request->fields;
  Outcome outcome =
      write_all (request->bytes->data, first, request->descriptors, n_sent, patience, error);

  while (outcome == ANSWERED && n_sent < request->n_descriptors)
    {
      guint n_more = MIN (request->n_descriptors - n_sent, GMPROC_FORK_MAX_DESCRIPTORS);

      outcome = write_all ("", 1, request->descriptors + n_sent, n_more, patience, error);
      n_sent += n_more;
    }
  if (outcome == ANSWERED)
    outcome = write_all (request->bytes->data + first, request->bytes->len - first, NULL, 0,
                         patience, error);
  return outcome;
}

/* One try with one server. */
static Outcome
ask_locked (const Request *request, const GmprocPortChildOptions *options, GError **error)
{
  const Patience patience = { g_get_monotonic_time () + TIME_TO_ANSWER, options->cancellable };
  Outcome outcome = ensure_server_locked (options, &patience, error);

  if (outcome != ANSWERED)
    return outcome;
  server.place->pid = 0;
  outcome = send_request (request, &patience, error);
  if (outcome == ANSWERED)
    outcome = read_reply (&patience, error);
  return outcome;
}

/* What an outcome means for the request: TRUE if there is a copy now. A server that is lost, or has
 * half of a request, is ended first. */
static gboolean
take_copy_locked (Outcome outcome, pid_t *ret_pid)
{
  gboolean is_over = outcome == LOST || outcome == FAILED;

  if (server.process != getpid ())
    return FALSE;
  if (is_over)
    end_server_locked ();
  *ret_pid = server.place->pid;
  if (is_over)
    forget_server_locked ();
  return *ret_pid != 0;
}

gboolean
gmproc_port_fork_server_start (const GmprocPortChildOptions *options, const char *label,
                               gintptr block, pid_t *ret_pid, GError **error)
{
  gboolean success = FALSE;
  Outcome outcome = LOST;
  Request request;

  g_mutex_lock (&mutex);
  if (!request_init (&request, options, label, block, error))
    goto out;
  for (int i = 0; i < N_TRIES && outcome == LOST && !success
                  && !g_cancellable_is_cancelled (options->cancellable);
       i++)
    {
      outcome = ask_locked (&request, options, error);
      success = take_copy_locked (outcome, ret_pid);
    }
  if (outcome == LOST && !success
      && !g_cancellable_set_error_if_cancelled (options->cancellable, error))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "fork server: %s, started %d times, ended or stopped without an answer; does it "
                 "come to gmproc_init()?",
                 options->executable, N_TRIES);

out:
  request_clear (&request);
  g_mutex_unlock (&mutex);
  return success;
}
