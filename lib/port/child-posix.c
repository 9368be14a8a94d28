/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Starting a child, and what the child does first.
 *
 * The child's descriptors are the three standard streams, then the bootstrap block, then the
 * handles, one after the other. Its argument vector is
 *
 *   EXECUTABLE --gmproc-child=NUMBER-OF-HANDLES LABEL
 *
 * with the words of the command in place of EXECUTABLE where there is one.
 *
 * It is not a GSubprocess, which forgets the process id of a child that ends while it is being
 * started, which is no rare case, and offers no other way to learn it.
 *
 * States of a child: running; ended but not reaped, when its id cannot belong to another process;
 * reaped. The step from the second to the third, and sending a signal, exclude each other by
 * GmprocPortChild.lock; so a signal never hits a process that got the same id later.
 *
 * The end of a child is seen through a pidfd. On a system without them a thread waits for it
 * without reaping; on one that has them and has none left, the start fails. Neither touches
 * SIGCHLD, which belongs to the program.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "fork-message-posix.h"
#include "fork-server-posix.h"
#include "memory-posix.h"
#include "spawn-posix.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK "--gmproc-child="
#define BOOTSTRAP_FD GMPROC_SPAWN_FIRST_DESCRIPTOR
#define FIRST_HANDLE_FD (BOOTSTRAP_FD + 1)
#define MAX_HANDLES GMPROC_FORK_MAX_HANDLES
#define LABEL_SIZE GMPROC_FORK_MAX_LABEL /* bytes of a label in the argument vector */
#define STATUS_UNKNOWN 255 /* when somebody else reaped the child: no success, in any case */

struct GmprocPortChild
{
  gatomicrefcount ref_count; /* the caller's, and one of a watch until EXITED has returned */
  pid_t pid;
  gintptr pidfd; /* GMPROC_PORT_NO_HANDLE where the system has none, and after the reaping */
  GMutex lock;
  gboolean reaped; /* under lock */
  gboolean watched;
  GMainContext *context; /* of the watch */
  GmprocPortChildExited exited;
  gpointer user_data;
};

static void
child_unref (GmprocPortChild *child)
{
  if (!g_atomic_ref_count_dec (&child->ref_count))
    return;
  /* One that ended and that nobody watched would stay in the process table. */
  if (!child->reaped)
    (void) waitpid (child->pid, NULL, WNOHANG);
  gmproc_port_handle_close (&child->pidfd);
  g_clear_pointer (&child->context, g_main_context_unref);
  g_mutex_clear (&child->lock);
  g_free (child);
}

/* FALSE: there are pidfds, and none was left for this child. Nobody has reaped it yet, so the id is
 * still its own. A system or a sandbox that has no pidfds, and a child that is gone already because
 * the program ignores SIGCHLD, only mean a thread. */
static gboolean
open_pidfd (pid_t pid, gintptr *ret_pidfd, GError **error)
{
  *ret_pidfd = GMPROC_PORT_NO_HANDLE;
#ifdef SYS_pidfd_open
  *ret_pidfd = (gintptr) syscall (SYS_pidfd_open, pid, 0);
  if (*ret_pidfd == -1 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
    {
      gmproc_port_set_error (error, errno, "pidfd_open");
      return FALSE;
    }
#else
  (void) pid;
  (void) error;
#endif
  return TRUE;
}

/* A thread in place of a pidfd might be what there is none of either, and that would be found out
 * when it is too late to say so: after the start. */
static GmprocPortChild *
child_new (pid_t pid, GError **error)
{
  gintptr pidfd;
  GmprocPortChild *child;

  if (!open_pidfd (pid, &pidfd, error))
    {
      (void) kill (pid, SIGKILL);
      while (waitpid (pid, NULL, 0) == -1 && errno == EINTR)
        ;
      return NULL;
    }

  child = g_new0 (GmprocPortChild, 1);
  g_atomic_ref_count_init (&child->ref_count);
  g_mutex_init (&child->lock);
  child->pid = pid;
  child->pidfd = pidfd;
  return child;
}

/* A label may be any text. What ps shows is printable, and short enough for one line. */
static char *
make_label (const char *label)
{
  g_autofree char *valid = g_utf8_make_valid (label, strnlen (label, 2 * LABEL_SIZE));
  GString *result = g_string_sized_new (LABEL_SIZE);

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);
      gsize length = (gsize) (g_utf8_next_char (at) - at);

      if (result->len + length > LABEL_SIZE)
        break;
      if (g_unichar_isprint (character))
        g_string_append_unichar (result, character);
      else
        g_string_append_c (result, '?');
    }
  return g_string_free (result, FALSE);
}

static gboolean
check_handle (gintptr handle, const char *what, GError **error)
{
  if (gmproc_port_handle_is_valid (handle))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "spawn: %s: descriptor %" G_GINT64_FORMAT " is not open", what, (gint64) handle);
  return FALSE;
}

static gboolean
check_directory (const char *path, GError **error)
{
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "spawn: the working directory %s is no directory", path);
  else if (access (path, X_OK) == -1)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 "spawn: the working directory %s: %s", path, g_strerror (errno));
  else
    return TRUE;
  return FALSE;
}

/* What the child would find out between fork() and exec(), where it can hardly say why. */
static gboolean
check_options (const GmprocPortChildOptions *options, GError **error)
{
  static const char *const names[GMPROC_PORT_N_STREAMS] = { "standard input", "standard output",
                                                            "standard error" };

  if (!gmproc_port_child_has_method (options->method))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "spawn: this system has no fork server");
      return FALSE;
    }
  if (options->n_handles > MAX_HANDLES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "spawn: a child can be given %d handles, not %u", MAX_HANDLES,
                   options->n_handles);
      return FALSE;
    }
  for (guint i = 0; i < options->n_handles; i++)
    if (!check_handle (options->handles[i], "handles", error))
      return FALSE;
  for (int i = 0; options->streams != NULL && i < GMPROC_PORT_N_STREAMS; i++)
    if (options->streams[i] != GMPROC_PORT_NO_HANDLE
        && !check_handle (options->streams[i], names[i], error))
      return FALSE;
  return options->working_directory == NULL || check_directory (options->working_directory, error);
}

gboolean
gmproc_port_child_has_method (GmprocPortMethod method)
{
  return method == GMPROC_PORT_METHOD_SPAWN || gmproc_port_fork_server_is_supported ();
}

/* A path that says where it begins is the caller's, also when the child begins elsewhere. */
static char *
make_path (const GmprocPortChildOptions *options)
{
  if (options->working_directory == NULL)
    return g_strdup (options->executable);
  return g_canonicalize_filename (options->executable, NULL);
}

static gboolean
spawn (const GmprocPortChildOptions *options, const char *label, gintptr block, pid_t *ret_pid,
       GError **error)
{
  g_autofree char *path = make_path (options);
  g_autofree char *mark = g_strdup_printf (MARK "%u", options->n_handles);
  g_autoptr (GPtrArray) argv = gmproc_port_spawn_make_argv (options->command, path, mark, label);
  g_autofree gintptr *descriptors = g_new (gintptr, (gsize) options->n_handles + 1);
  GmprocSpawn plan = { .path = path,
                       .argv = (const char *const *) argv->pdata,
                       .environment = options->environment,
                       .working_directory = options->working_directory,
                       .streams = options->streams,
                       .descriptors = descriptors,
                       .n_descriptors = (gsize) options->n_handles + 1 };

  descriptors[0] = block;
  for (guint i = 0; i < options->n_handles; i++)
    descriptors[i + 1] = options->handles[i];
  return gmproc_port_spawn (&plan, ret_pid, error);
}

/* A copy of this program can be no other one. */
static gboolean
is_own_program (const char *executable)
{
  g_autofree char *own = gmproc_port_self_get_path (NULL);

  return g_strcmp0 (executable, own) == 0;
}

GmprocPortChild *
gmproc_port_child_start (const GmprocPortChildOptions *options, GError **error)
{
  gintptr block = GMPROC_PORT_NO_HANDLE;
  g_autofree char *label = make_label (options->label);
  GmprocPortChild *child = NULL;
  gboolean success;
  pid_t pid;

  if (!check_options (options, error)
      || !gmproc_port_memory_new_constant (options->bootstrap, &block, error))
    goto out;
  if (options->method == GMPROC_PORT_METHOD_FORKSERVER && is_own_program (options->executable))
    success = gmproc_port_fork_server_start (options, label, block, &pid, error);
  else
    success = spawn (options, label, block, &pid, error);
  /* Before it, so that the last descriptor is the pidfd's: a child that runs is seldom ended again
   * for want of one. */
  gmproc_port_handle_close (&block);
  if (success)
    child = child_new (pid, error);

out:
  gmproc_port_handle_close (&block);
  return child;
}

void
gmproc_port_child_release (void)
{
  gmproc_port_fork_server_end ();
}

gint64
gmproc_port_child_get_pid (GmprocPortChild *child)
{
  return child->pid;
}

/* Takes the child out of the process table. Called when it has ended, so it does not wait. */
static int
reap (GmprocPortChild *child)
{
  int status = 0;
  pid_t result;

  g_mutex_lock (&child->lock);
  do
    result = waitpid (child->pid, &status, 0);
  while (result == -1 && errno == EINTR);
  child->reaped = TRUE;
  /* Before the others hear of the end, so that they find nothing left open. The source that polled
   * it ends with this call and does not poll again. */
  gmproc_port_handle_close (&child->pidfd);
  g_mutex_unlock (&child->lock);

  if (result == -1)
    {
      g_warning ("waitpid: %s: the exit status of process %d is lost, because the program ignores "
                 "SIGCHLD or waits for children that are not its own",
                 g_strerror (errno), (int) child->pid);
      return STATUS_UNKNOWN;
    }
  return WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
}

static gboolean
on_ended (gpointer data)
{
  GmprocPortChild *child = data;

  child->exited (child, reap (child), child->user_data);
  return G_SOURCE_REMOVE; /* drops the watch's reference */
}

static void
attach_watch (GmprocPortChild *child, GSource *source, GSourceFunc callback)
{
  g_source_set_static_name (source, "[gmproc] child");
  g_source_set_callback (source, callback, child, (GDestroyNotify) child_unref);
  g_source_attach (source, child->context);
  g_source_unref (source);
}

#ifdef SYS_pidfd_open
static gboolean
on_pidfd_ready (int fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
  return on_ended (data);
}
#endif

/* Waits for one child, where the system has nothing that a main context could poll. WNOWAIT
 * leaves the child in the process table, and its id with it. */
static gpointer
wait_in_thread (gpointer data)
{
  GmprocPortChild *child = data;
  GSource *source = g_idle_source_new ();
  siginfo_t info;

  while (waitid (P_PID, (id_t) child->pid, &info, WEXITED | WNOWAIT) == -1 && errno == EINTR)
    ;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  attach_watch (child, source, on_ended);
  return NULL;
}

static void
start_waiting (GmprocPortChild *child)
{
  g_autoptr (GError) error = NULL;
  GThread *thread = gmproc_port_thread_new ("gmproc-wait", wait_in_thread, child, &error);

  /* As g_thread_new() does. */
  if (thread == NULL)
    g_error ("%s", error->message);
  g_thread_unref (thread);
}

void
gmproc_port_child_watch (GmprocPortChild *child, GmprocPortChildExited exited, gpointer user_data)
{
  g_return_if_fail (!child->watched);

  child->watched = TRUE;
  child->exited = exited;
  child->user_data = user_data;
  child->context = g_main_context_ref_thread_default ();
  g_atomic_ref_count_inc (&child->ref_count); /* until EXITED has returned */
#ifdef SYS_pidfd_open
  if (child->pidfd != GMPROC_PORT_NO_HANDLE)
    {
      attach_watch (child, g_unix_fd_source_new ((int) child->pidfd, G_IO_IN),
                    G_SOURCE_FUNC (on_pidfd_ready));
      return;
    }
#endif
  start_waiting (child);
}

/* By the pidfd where there is one. It names this process whatever becomes of the number, which
 * somebody else may have set free: a program that ignores SIGCHLD or waits for any child. */
static void
send_signal (GmprocPortChild *child, int number)
{
#ifdef SYS_pidfd_send_signal
  if (child->pidfd != GMPROC_PORT_NO_HANDLE)
    {
      (void) syscall (SYS_pidfd_send_signal, (int) child->pidfd, number, NULL, 0);
      return;
    }
#endif
  (void) kill (child->pid, number);
}

void
gmproc_port_child_signal (GmprocPortChild *child, GmprocPortSignal signal)
{
  static const int numbers[] = {
    [GMPROC_PORT_SIGNAL_INTERRUPT] = SIGINT,
    [GMPROC_PORT_SIGNAL_TERMINATE] = SIGTERM,
    [GMPROC_PORT_SIGNAL_KILL] = SIGKILL,
    [GMPROC_PORT_SIGNAL_CONTINUE] = SIGCONT,
  };

  g_mutex_lock (&child->lock);
  if (!child->reaped)
    send_signal (child, numbers[signal]);
  g_mutex_unlock (&child->lock);
}

void
gmproc_port_child_free (GmprocPortChild *child)
{
  if (child != NULL)
    child_unref (child);
}

/* Marks what the child was given, so that its own children do not get it, and gathers it. */
static gintptr *
take_handles (guint n_handles, GError **error)
{
  g_autofree gintptr *handles = g_new (gintptr, (gsize) n_handles + 1);

  for (guint i = 0; i < n_handles; i++)
    {
      handles[i] = FIRST_HANDLE_FD + (gintptr) i;
      if (fcntl ((int) handles[i], F_SETFD, FD_CLOEXEC) == -1)
        {
          gmproc_port_set_error (error, errno, "fcntl(F_SETFD)");
          return NULL;
        }
    }
  return g_steal_pointer (&handles);
}

/* What this process was started with by spawn(); FALSE if it is damaged. */
static gboolean
receive_spawned (const char *mark, GBytes **ret_bootstrap, gintptr **ret_handles,
                 guint *ret_n_handles, GError **error)
{
  gintptr block = BOOTSTRAP_FD;
  guint64 n_handles;

  if (mark == NULL || !g_ascii_string_to_unsigned (mark, 10, 0, MAX_HANDLES, &n_handles, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "damaged argument: " MARK "%s",
                   mark != NULL ? mark : "");
      return FALSE;
    }
  *ret_bootstrap = gmproc_port_memory_read_constant (block, error);
  if (*ret_bootstrap == NULL)
    return FALSE;
  *ret_handles = take_handles ((guint) n_handles, error);
  if (*ret_handles == NULL)
    {
      g_clear_pointer (ret_bootstrap, g_bytes_unref);
      return FALSE;
    }
  gmproc_port_handle_close (&block);
  *ret_n_handles = (guint) n_handles;
  return TRUE;
}

/* In the fork server this returns in its copies only. */
static gboolean
receive_copied (char **arguments, GBytes **ret_bootstrap, gintptr **ret_handles,
                guint *ret_n_handles, GError **error)
{
  gintptr block;

  if (!gmproc_port_fork_server_serve (arguments, &block, ret_handles, ret_n_handles, error))
    return FALSE;
  *ret_bootstrap = gmproc_port_memory_read_constant (block, error);
  gmproc_port_handle_close (&block);
  if (*ret_bootstrap == NULL)
    g_clear_pointer (ret_handles, g_free);
  return *ret_bootstrap != NULL;
}

static gboolean
has_fork_mark (int argc, char **argv)
{
  return argc == 3 && g_str_equal (argv[1], GMPROC_FORK_MARK);
}

gboolean
gmproc_port_child_is_copied (int argc, char **argv)
{
  return has_fork_mark (argc, argv) && !gmproc_port_self_is_privileged ();
}

gboolean
gmproc_port_child_receive (int *argc, char ***argv, GBytes **ret_bootstrap, gintptr **ret_handles,
                           guint *ret_n_handles, GError **error)
{
  char **arguments = *argv;
  sigset_t no_signals;
  gboolean is_spawned, success;

  if (*argc < 2 || gmproc_port_self_is_privileged ())
    return FALSE;
  is_spawned = g_str_has_prefix (arguments[1], MARK);
  if (!is_spawned && !has_fork_mark (*argc, arguments))
    return FALSE;

  if (is_spawned)
    success = receive_spawned (*argc > 2 ? arguments[1] + strlen (MARK) : NULL, ret_bootstrap,
                               ret_handles, ret_n_handles, error);
  else
    success = receive_copied (arguments + 1, ret_bootstrap, ret_handles, ret_n_handles, error);
  if (!success)
    return FALSE;

  /* The mask is that of the thread that started us, which may block what should end us. */
  (void) sigemptyset (&no_signals);
  (void) pthread_sigmask (SIG_SETMASK, &no_signals, NULL);

  for (int i = 1; i + 2 <= *argc; i++)
    arguments[i] = arguments[i + 2]; /* the last one moved is the NULL at the end */
  *argc -= 2;
  return TRUE;
}
