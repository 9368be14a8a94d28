/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Starting a child, and what the child does first.
 *
 * A handle that may be inherited would reach every child that any thread starts meanwhile, so none
 * is. GSubprocess starts the child, which waits for a message on its standard input. In the
 * meantime this process copies the handles into it, and a section that says which they are. The
 * child reads the message in receive; behind it its standard input is at its end. Its argument
 * vector is
 *
 *   EXECUTABLE --gmproc-child=NUMBER-OF-HANDLES LABEL
 *
 * The identifier of a process is not given to another one while a handle of it is open. GSubprocess
 * has one as long as it tells the identifier; so if it still tells it after OpenProcess(), that
 * call opened the child. From then on this side has a handle of its own.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "bootstrap-win32.h"
#include "status-win32.h"

#include <string.h>

#define MARK "--gmproc-child="
#define LABEL_SIZE 100 /* bytes of a label in the argument vector */
#define FIRST_STATUS_OF_SYSTEM 0x40000000
#define STATUS_UNKNOWN 255 /* no success, in any case */

#define NUMBER_INTERRUPT 2
#define NUMBER_ILLEGAL 4
#define NUMBER_TRAP 5
#define NUMBER_ABORT 6
#define NUMBER_ARITHMETIC 8
#define NUMBER_KILL 9
#define NUMBER_SEGMENT 11
#define NUMBER_TERMINATE 15

struct GmprocPortChild
{
  gatomicrefcount ref_count; /* the caller's, and one of a watch until EXITED has returned */
  GSubprocess *subprocess;   /* until the child was seen to end */
  gint64 pid;
  GMutex lock;
  gintptr process; /* under lock; GMPROC_PORT_NO_HANDLE once the child was seen to end */
  gboolean watched;
  GmprocPortChildExited exited;
  gpointer user_data;
};

/* One start at a time: GLib passes its pipes to its helper as descriptors of the C library, all of
 * which are passed on as they are at that moment, also those that another start opens or closes. */
static GMutex start_mutex;

static void
child_unref (GmprocPortChild *child)
{
  if (!g_atomic_ref_count_dec (&child->ref_count))
    return;
  gmproc_port_handle_close (&child->process);
  g_clear_object (&child->subprocess);
  g_mutex_clear (&child->lock);
  g_free (child);
}

/* A label may be any text. Here it has to survive a command line too, in which quotes and backslash
 * have a meaning, and an argument without a character would be dropped. */
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
      if (g_unichar_isprint (character) && character != '"' && character != '\\')
        g_string_append_unichar (result, character);
      else
        g_string_append_c (result, '?');
    }
  if (result->len == 0)
    g_string_append_c (result, '-');
  return g_string_free (result, FALSE);
}

gboolean
gmproc_port_child_has_method (GmprocPortMethod method)
{
  return method == GMPROC_PORT_METHOD_SPAWN;
}

/* Standard streams cannot be given: the bootstrap comes through one of them, and GLib hands them to
 * the child as descriptors of the C library, which our handles are not. */
static gboolean
check_supported (const GmprocPortChildOptions *options, GError **error)
{
  if (!gmproc_port_child_has_method (options->method))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "spawn: this system has no fork server");
      return FALSE;
    }
  for (int i = 0; options->streams != NULL && i < GMPROC_PORT_N_STREAMS; i++)
    if (options->streams[i] != GMPROC_PORT_NO_HANDLE)
      {
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                             "spawn: a child cannot be given standard streams on this system");
        return FALSE;
      }
  return TRUE;
}

static gboolean
check_options (const GmprocPortChildOptions *options, GError **error)
{
  if (!check_supported (options, error))
    return FALSE;
  if (options->n_handles > GMPROC_BOOTSTRAP_MAX_HANDLES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "spawn: a child can be given %d handles, not %u", GMPROC_BOOTSTRAP_MAX_HANDLES,
                   options->n_handles);
      return FALSE;
    }
  for (guint i = 0; i < options->n_handles; i++)
    if (!gmproc_port_handle_is_valid (options->handles[i]))
      {
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                     "spawn: handle 0x%" G_GINT64_MODIFIER "x is not open",
                     (gint64) options->handles[i]);
        return FALSE;
      }
  if (options->working_directory != NULL
      && !g_file_test (options->working_directory, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "spawn: the working directory %s is no directory", options->working_directory);
      return FALSE;
    }
  return TRUE;
}

/* GLib starts a child through a program of its own, and does not tell which of the two is missing.
 */
static void
set_start_error (const char *executable, const GError *start_error, GError **error)
{
  if (!g_file_test (executable, G_FILE_TEST_EXISTS))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "spawn: there is no program %s: %s",
                 executable, start_error->message);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "spawn: %s was not started by gspawn-win64-helper.exe, which belongs beside the "
                 "DLL of GLib: %s",
                 executable, start_error->message);
}

static void
set_ended_error (const char *executable, GSubprocess *subprocess, GError **error)
{
  (void) g_subprocess_wait (subprocess, NULL, NULL);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               "spawn: %s ended while it was being started, with status 0x%x; this is what a DLL "
               "that is not found leads to",
               executable, (guint) g_subprocess_get_status (subprocess));
}

/* A handle of the process itself; see the head of this file. */
static gboolean
open_process (GmprocPortChild *child, const char *executable, GError **error)
{
  const char *identifier = g_subprocess_get_identifier (child->subprocess);
  HANDLE process;
  DWORD code;

  if (identifier == NULL)
    {
      set_ended_error (executable, child->subprocess, error);
      return FALSE;
    }
  child->pid = g_ascii_strtoll (identifier, NULL, 10);
  process = OpenProcess (SYNCHRONIZE | PROCESS_DUP_HANDLE | PROCESS_TERMINATE
                             | PROCESS_QUERY_LIMITED_INFORMATION,
                         FALSE, (DWORD) child->pid);
  code = GetLastError ();
  if (process != NULL)
    child->process = (gintptr) process;
  if (g_subprocess_get_identifier (child->subprocess) == NULL)
    {
      set_ended_error (executable, child->subprocess, error);
      return FALSE;
    }
  if (process == NULL)
    gmproc_port_set_error (error, (int) code, "OpenProcess");
  return process != NULL;
}

static gboolean
send_message (GSubprocess *subprocess, const GmprocBootstrapMessage *message, GError **error)
{
  GOutputStream *input = g_subprocess_get_stdin_pipe (subprocess);
  g_autoptr (GError) local_error = NULL;

  if (g_output_stream_write_all (input, message, sizeof *message, NULL, NULL, &local_error)
      && g_output_stream_close (input, NULL, &local_error))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "standard input of the child: %s",
               local_error->message);
  return FALSE;
}

static gboolean
give (GmprocPortChild *child, const GmprocPortChildOptions *options, GError **error)
{
  GmprocBootstrapMessage message;

  if (!open_process (child, options->executable, error))
    return FALSE;
  if (gmproc_port_bootstrap_give ((HANDLE) child->process, options->bootstrap, options->handles,
                                  options->n_handles, &message, error)
      && send_message (child->subprocess, &message, error))
    return TRUE;
  /* It has run nothing of the program's yet. */
  (void) TerminateProcess ((HANDLE) child->process, GMPROC_STATUS_OF_SIGNAL (NUMBER_KILL));
  (void) g_subprocess_wait (child->subprocess, NULL, NULL);
  return FALSE;
}

static GSubprocess *
start_subprocess (const GmprocPortChildOptions *options, GError **error)
{
  g_autofree char *mark = g_strdup_printf (MARK "%u", options->n_handles);
  g_autofree char *shown_label = make_label (options->label);
  const char *argv[] = { options->executable, mark, shown_label, NULL };
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE);

  if (options->environment != NULL)
    g_subprocess_launcher_set_environ (launcher, (char **) options->environment);
  if (options->working_directory != NULL)
    g_subprocess_launcher_set_cwd (launcher, options->working_directory);
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

GmprocPortChild *
gmproc_port_child_start (const GmprocPortChildOptions *options, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GSubprocess) subprocess = NULL;
  g_autoptr (GMutexLocker) locker = NULL;
  GmprocPortChild *child;

  if (!check_options (options, error))
    return NULL;
  locker = g_mutex_locker_new (&start_mutex);
  subprocess = start_subprocess (options, &local_error);
  if (subprocess == NULL)
    {
      set_start_error (options->executable, local_error, error);
      return NULL;
    }
  child = g_new0 (GmprocPortChild, 1);
  g_atomic_ref_count_init (&child->ref_count);
  g_mutex_init (&child->lock);
  child->process = GMPROC_PORT_NO_HANDLE;
  child->subprocess = g_steal_pointer (&subprocess);
  if (give (child, options, error))
    return child;

  child_unref (child);
  return NULL;
}

gint64
gmproc_port_child_get_pid (GmprocPortChild *child)
{
  return child->pid;
}

/* What other systems call the reasons for which this one ends a program. */
static int
translate_status (guint32 status)
{
  switch (status)
    {
    case GMPROC_STATUS_OF_SIGNAL (NUMBER_INTERRUPT):
    case GMPROC_STATUS_OF_SIGNAL (NUMBER_KILL):
    case GMPROC_STATUS_OF_SIGNAL (NUMBER_TERMINATE):
      return -(int) (status & 0xff);
    case STATUS_CONTROL_C_EXIT:
      return -NUMBER_INTERRUPT;
    case STATUS_ILLEGAL_INSTRUCTION:
    case STATUS_PRIVILEGED_INSTRUCTION:
      return -NUMBER_ILLEGAL;
    case STATUS_BREAKPOINT:
      return -NUMBER_TRAP;
    case STATUS_ASSERTION_FAILURE:
    case STATUS_HEAP_CORRUPTION:
    case STATUS_STACK_BUFFER_OVERRUN:
      return -NUMBER_ABORT;
    case STATUS_FLOAT_DIVIDE_BY_ZERO:
    case STATUS_FLOAT_INVALID_OPERATION:
    case STATUS_FLOAT_OVERFLOW:
    case STATUS_INTEGER_DIVIDE_BY_ZERO:
    case STATUS_INTEGER_OVERFLOW:
      return -NUMBER_ARITHMETIC;
    case STATUS_ACCESS_VIOLATION:
    case STATUS_IN_PAGE_ERROR:
    case STATUS_STACK_OVERFLOW:
      return -NUMBER_SEGMENT;
    default:
      /* exit() gives eight bits, as on other systems. */
      if (status < FIRST_STATUS_OF_SYSTEM)
        return (int) (status & 0xff);
      g_debug ("a process ended with status 0x%x, for which other systems have no word", status);
      return STATUS_UNKNOWN;
    }
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  GSubprocess *subprocess = G_SUBPROCESS (source);
  GmprocPortChild *child = data;
  g_autoptr (GError) error = NULL;
  int exit_status = STATUS_UNKNOWN;

  if (g_subprocess_wait_finish (subprocess, result, &error))
    exit_status = translate_status ((guint32) g_subprocess_get_status (subprocess));
  else
    g_warning ("g_subprocess_wait: %s", error->message);

  /* Before the others hear of the end, so that they find nothing left open. */
  g_mutex_lock (&child->lock);
  gmproc_port_handle_close (&child->process);
  g_mutex_unlock (&child->lock);
  g_clear_object (&child->subprocess);

  child->exited (child, exit_status, child->user_data);
  child_unref (child); /* the watch's */
}

void
gmproc_port_child_watch (GmprocPortChild *child, GmprocPortChildExited exited, gpointer user_data)
{
  g_return_if_fail (!child->watched);

  child->watched = TRUE;
  child->exited = exited;
  child->user_data = user_data;
  g_atomic_ref_count_inc (&child->ref_count); /* until EXITED has returned */
  g_subprocess_wait_async (child->subprocess, NULL, on_ended, child);
}

void
gmproc_port_child_signal (GmprocPortChild *child, GmprocPortSignal signal)
{
  static const guint numbers[] = {
    [GMPROC_PORT_SIGNAL_INTERRUPT] = NUMBER_INTERRUPT,
    [GMPROC_PORT_SIGNAL_TERMINATE] = NUMBER_TERMINATE,
    [GMPROC_PORT_SIGNAL_KILL] = NUMBER_KILL,
  };

  /* It fails for a process that has ended, whose status stays as it is. */
  g_mutex_lock (&child->lock);
  if (child->process != GMPROC_PORT_NO_HANDLE)
    (void) TerminateProcess ((HANDLE) child->process, GMPROC_STATUS_OF_SIGNAL (numbers[signal]));
  g_mutex_unlock (&child->lock);
}

void
gmproc_port_child_free (GmprocPortChild *child)
{
  if (child != NULL)
    child_unref (child);
}

/* FALSE without a whole message, as when somebody gave the mark to the program by hand. */
static gboolean
receive_message (GmprocBootstrapMessage *message, GError **error)
{
  HANDLE input = GetStdHandle (STD_INPUT_HANDLE);
  gsize n_read = 0;
  DWORD count = 1;

  /* Only a parent's pipe is read: the terminal would wait for the user. */
  if (input == NULL || input == INVALID_HANDLE_VALUE || GetFileType (input) != FILE_TYPE_PIPE)
    count = 0;
  while (n_read < sizeof *message && count > 0)
    {
      if (!ReadFile (input, (char *) message + n_read, (DWORD) (sizeof *message - n_read), &count,
                     NULL))
        count = 0;
      n_read += count;
    }
  if (n_read == sizeof *message)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "damaged bootstrap: nothing came from a parent on the standard input");
  return FALSE;
}

gboolean
gmproc_port_child_receive (int *argc, char ***argv, GBytes **ret_bootstrap, gintptr **ret_handles,
                           guint *ret_n_handles, GError **error)
{
  GmprocBootstrapMessage message;
  char **arguments = *argv;
  guint64 n_handles;

  if (*argc < 2 || !g_str_has_prefix (arguments[1], MARK) || gmproc_port_self_is_privileged ())
    return FALSE;
  if (*argc < 3
      || !g_ascii_string_to_unsigned (arguments[1] + strlen (MARK), 10, 0,
                                      GMPROC_BOOTSTRAP_MAX_HANDLES, &n_handles, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "damaged argument: %s",
                   arguments[1]);
      return FALSE;
    }
  if (!receive_message (&message, error)
      || !gmproc_port_bootstrap_take (&message, (guint) n_handles, ret_bootstrap, ret_handles,
                                      error))
    return FALSE;

  *ret_n_handles = (guint) n_handles;
  for (int i = 1; i + 2 <= *argc; i++)
    arguments[i] = arguments[i + 2]; /* the last one moved is the NULL at the end */
  *argc -= 2;
  return TRUE;
}
