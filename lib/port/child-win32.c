/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Starting a child, and what the child does first.
 *
 * A handle that may be inherited would reach children that others start meanwhile, so what a child
 * is given is copied into it once it is there. It waits for that in receive, at a pipe whose
 * reading end it inherits. In the meantime this process copies the handles into it, and a section
 * that says which they are, and sends the number of the section through the pipe. If this process
 * is ended before that, the child finds the pipe at its end and ends too. Its argument vector is
 *
 *   EXECUTABLE --gmproc-child=NUMBER-OF-HANDLES:PIPE LABEL
 *
 * This side has a handle of the child, so the identifier is not given to another process before the
 * child is freed or was seen to end. The end is seen by the system's threads for waiting, each of
 * which waits for up to 63 objects.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "bootstrap-win32.h"
#include "job-win32.h"
#include "spawn-win32.h"
#include "status-win32.h"

#include <string.h>

#define MARK "--gmproc-child="
#define LABEL_SIZE 100   /* bytes of a label in the argument vector */
#define ENDING_TIME 1000 /* milliseconds */

struct GmprocPortChild
{
  gatomicrefcount ref_count; /* the caller's, and one of a watch until EXITED has returned */
  DWORD pid;
  char *executable; /* for messages */
  GMutex lock;
  gintptr process; /* under lock; GMPROC_PORT_NO_HANDLE once the child was seen to end */
  gboolean watched;
  HANDLE wait;           /* under lock; the system's record of the watch */
  GMainContext *context; /* of the watch */
  GmprocPortChildExited exited;
  gpointer user_data;
};

static void
child_unref (GmprocPortChild *child)
{
  if (!g_atomic_ref_count_dec (&child->ref_count))
    return;
  gmproc_port_handle_close (&child->process);
  g_clear_pointer (&child->context, g_main_context_unref);
  g_mutex_clear (&child->lock);
  g_free (child->executable);
  g_free (child);
}

static GmprocPortChild *
child_new (HANDLE process, DWORD pid, const char *executable)
{
  GmprocPortChild *child = g_new0 (GmprocPortChild, 1);

  g_atomic_ref_count_init (&child->ref_count);
  g_mutex_init (&child->lock);
  child->process = (gintptr) process;
  child->pid = pid;
  child->executable = g_strdup (executable);
  return child;
}

/* A label may be any text. What a list of processes shows is printable, and short enough for one
 * line. */
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

gboolean
gmproc_port_child_has_method (GmprocPortMethod method)
{
  return method == GMPROC_PORT_METHOD_SPAWN;
}

static gboolean
check_handle (gintptr handle, const char *what, GError **error)
{
  if (gmproc_port_handle_is_valid (handle))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "spawn: %s: handle 0x%" G_GINT64_MODIFIER "x is not open", what, (gint64) handle);
  return FALSE;
}

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
  if (options->n_handles > GMPROC_BOOTSTRAP_MAX_HANDLES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "spawn: a child can be given %d handles, not %u", GMPROC_BOOTSTRAP_MAX_HANDLES,
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
  if (options->working_directory != NULL
      && !g_file_test (options->working_directory, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "spawn: the working directory %s is no directory", options->working_directory);
      return FALSE;
    }
  return TRUE;
}

/* What was not given is nothing for the input, and the streams of this process that are there. */
static void
choose_streams (const GmprocPortChildOptions *options, gintptr *streams)
{
  static const DWORD names[GMPROC_PORT_N_STREAMS] = { STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
                                                      STD_ERROR_HANDLE };

  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    {
      gintptr own = i == 0 ? GMPROC_PORT_NO_HANDLE : (gintptr) GetStdHandle (names[i]);

      streams[i] = gmproc_port_handle_is_valid (own) ? own : GMPROC_PORT_NO_HANDLE;
      if (options->streams != NULL && options->streams[i] != GMPROC_PORT_NO_HANDLE)
        streams[i] = options->streams[i];
    }
}

/* The words are borrowed. */
static GPtrArray *
make_argv (const GmprocPortChildOptions *options, const char *mark, const char *label)
{
  GPtrArray *argv = g_ptr_array_new ();

  if (options->command == NULL)
    g_ptr_array_add (argv, (gpointer) options->executable);
  else
    for (const char *const *word = options->command; *word != NULL; word++)
      g_ptr_array_add (argv, (gpointer) *word);
  g_ptr_array_add (argv, (gpointer) mark);
  g_ptr_array_add (argv, (gpointer) label);
  g_ptr_array_add (argv, NULL);
  return argv;
}

/* Starts a child, which will wait at READER. */
static GmprocPortChild *
spawn (const GmprocPortChildOptions *options, HANDLE reader, GError **error)
{
  g_autofree char *shown_label = make_label (options->label);
  g_autofree char *mark = NULL;
  g_autoptr (GPtrArray) argv = NULL;
  GmprocSpawn spawn = { .executable = options->executable,
                        .envp = options->environment,
                        .directory = options->working_directory };
  HANDLE process;
  DWORD pid;
  gboolean success;

  if (!gmproc_port_spawn_make_inheritable (reader, &spawn.inherited, error))
    return NULL;
  mark =
      g_strdup_printf (MARK "%u:%" G_GINT64_FORMAT, options->n_handles, (gint64) spawn.inherited);
  argv = make_argv (options, mark, shown_label);
  spawn.argv = (const char *const *) argv->pdata;
  choose_streams (options, spawn.streams);
  success = gmproc_port_spawn (&spawn, &process, &pid, error);
  gmproc_port_handle_close (&spawn.inherited);
  return success ? child_new (process, pid, options->executable) : NULL;
}

/* The child ended while it was being started; instead of the error that this led to. */
static void
set_ended_error (GmprocPortChild *child, GError **error)
{
  DWORD status = 0;
  const char *reason;

  (void) GetExitCodeProcess ((HANDLE) child->process, &status);
  reason = gmproc_port_status_explain (status);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               "spawn: %s ended while it was being started, with status 0x%lx%s%s",
               child->executable, status, reason != NULL ? ": " : "", reason != NULL ? reason : "");
}

static gboolean
send_message (HANDLE writer, const GmprocBootstrapMessage *message, GError **error)
{
  DWORD count;

  if (WriteFile (writer, message, sizeof *message, &count, NULL) && count == sizeof *message)
    return TRUE;
  gmproc_port_set_error (error, (int) GetLastError (), "WriteFile(bootstrap)");
  return FALSE;
}

/* A process that ends refuses handles, and its own are closed, a little before the system says that
 * it has ended. So what its end can have led to waits for that. */
static gboolean
has_ended (GmprocPortChild *child, const GError *error)
{
  gboolean may_end = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)
                     || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);

  return WaitForSingleObject ((HANDLE) child->process, may_end ? ENDING_TIME : 0) == WAIT_OBJECT_0;
}

static gboolean
give (GmprocPortChild *child, const GmprocPortChildOptions *options, HANDLE writer, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GmprocBootstrapMessage message;

  if (options->ends_with_parent)
    gmproc_port_job_add ((HANDLE) child->process);
  if (gmproc_port_bootstrap_give ((HANDLE) child->process, options->bootstrap, options->handles,
                                  options->n_handles, &message, &local_error)
      && send_message (writer, &message, &local_error))
    return TRUE;

  if (has_ended (child, local_error))
    set_ended_error (child, error);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  /* It has run nothing of the program's yet. */
  (void) TerminateProcess ((HANDLE) child->process, GMPROC_STATUS_OF_SIGNAL (GMPROC_NUMBER_KILL));
  return FALSE;
}

GmprocPortChild *
gmproc_port_child_start (const GmprocPortChildOptions *options, GError **error)
{
  GmprocPortChild *child;
  HANDLE reader, writer;

  if (!check_options (options, error))
    return NULL;
  if (!CreatePipe (&reader, &writer, NULL, sizeof (GmprocBootstrapMessage)))
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreatePipe");
      return NULL;
    }
  child = spawn (options, reader, error);
  /* Now only the child has a reading end, so a write fails when the child is gone. */
  (void) CloseHandle (reader);
  if (child != NULL && !give (child, options, writer, error))
    g_clear_pointer (&child, child_unref);
  (void) CloseHandle (writer);
  return child;
}

void
gmproc_port_child_release (void)
{
  /* Nothing is kept between two starts. */
}

gint64
gmproc_port_child_get_pid (GmprocPortChild *child)
{
  return (gint64) child->pid;
}

/* Called when the child has ended, so it does not wait. */
static int
take_status (GmprocPortChild *child)
{
  DWORD status = 0;
  const char *reason;

  g_mutex_lock (&child->lock);
  if (!GetExitCodeProcess ((HANDLE) child->process, &status))
    g_warning ("GetExitCodeProcess: error %lu", GetLastError ());
  /* Its only call has attached the source that brought us here, so this waits for next to nothing.
   */
  (void) UnregisterWaitEx (child->wait, INVALID_HANDLE_VALUE);
  /* Before the others hear of the end, so that they find nothing left open. */
  gmproc_port_handle_close (&child->process);
  g_mutex_unlock (&child->lock);

  reason = gmproc_port_status_explain (status);
  if (reason != NULL)
    g_warning ("%s (process %lu) did not come to its main(): %s (status 0x%lx)", child->executable,
               child->pid, reason, status);
  return gmproc_port_status_translate (status);
}

static gboolean
on_ended (gpointer data)
{
  GmprocPortChild *child = data;

  child->exited (child, take_status (child), child->user_data);
  return G_SOURCE_REMOVE; /* drops the watch's reference */
}

/* In a thread of the system's, once. */
static VOID CALLBACK
on_process_signalled (PVOID data, BOOLEAN timed_out G_GNUC_UNUSED)
{
  GmprocPortChild *child = data;
  GSource *source = g_idle_source_new ();

  g_source_set_static_name (source, "[gmproc] child");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_ended, child, (GDestroyNotify) child_unref);
  g_source_attach (source, child->context);
  g_source_unref (source);
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
  g_mutex_lock (&child->lock);
  if (!RegisterWaitForSingleObject (&child->wait, (HANDLE) child->process, on_process_signalled,
                                    child, INFINITE, WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD))
    g_error ("RegisterWaitForSingleObject: error %lu",
             GetLastError ()); /* as g_thread_new() does */
  g_mutex_unlock (&child->lock);
}

void
gmproc_port_child_signal (GmprocPortChild *child, GmprocPortSignal signal)
{
  static const guint numbers[] = {
    [GMPROC_PORT_SIGNAL_INTERRUPT] = GMPROC_NUMBER_INTERRUPT,
    [GMPROC_PORT_SIGNAL_TERMINATE] = GMPROC_NUMBER_TERMINATE,
    [GMPROC_PORT_SIGNAL_KILL] = GMPROC_NUMBER_KILL,
  };

  if (signal == GMPROC_PORT_SIGNAL_CONTINUE)
    return;

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
receive_message (gintptr *pipe, GmprocBootstrapMessage *message, GError **error)
{
  gsize n_read = 0;
  DWORD count = 1;

  /* Only a pipe is read: a terminal would wait for the user. */
  if (!gmproc_port_handle_is_valid (*pipe) || GetFileType ((HANDLE) *pipe) != FILE_TYPE_PIPE)
    count = 0;
  while (n_read < sizeof *message && count > 0)
    {
      if (!ReadFile ((HANDLE) *pipe, (char *) message + n_read, (DWORD) (sizeof *message - n_read),
                     &count, NULL))
        count = 0;
      n_read += count;
    }
  if (n_read < sizeof *message)
    {
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          "damaged bootstrap: nothing came from a parent through handle 0x%" G_GINT64_MODIFIER "x",
          (gint64) *pipe);
      return FALSE;
    }
  gmproc_port_handle_close (pipe);
  return TRUE;
}

/* NUMBER-OF-HANDLES:PIPE */
static gboolean
parse_mark (const char *mark, guint *ret_n_handles, gintptr *ret_pipe)
{
  g_auto (GStrv) parts = g_strsplit (mark + strlen (MARK), ":", 2);
  guint64 n_handles, pipe;

  if (g_strv_length (parts) != 2
      || !g_ascii_string_to_unsigned (parts[0], 10, 0, GMPROC_BOOTSTRAP_MAX_HANDLES, &n_handles,
                                      NULL)
      || !g_ascii_string_to_unsigned (parts[1], 10, 1, G_MAXUINT32, &pipe, NULL))
    return FALSE;
  *ret_n_handles = (guint) n_handles;
  *ret_pipe = (gintptr) pipe;
  return TRUE;
}

gboolean
gmproc_port_child_is_copied (G_GNUC_UNUSED int argc, G_GNUC_UNUSED char **argv)
{
  return FALSE;
}

gboolean
gmproc_port_child_receive (int *argc, char ***argv, GBytes **ret_bootstrap, gintptr **ret_handles,
                           guint *ret_n_handles, GError **error)
{
  GmprocBootstrapMessage message;
  char **arguments = *argv;
  guint n_handles;
  gintptr pipe;

  if (*argc < 2 || !g_str_has_prefix (arguments[1], MARK) || gmproc_port_self_is_privileged ())
    return FALSE;
  if (*argc < 3 || !parse_mark (arguments[1], &n_handles, &pipe))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "damaged argument: %s",
                   arguments[1]);
      return FALSE;
    }
  if (!receive_message (&pipe, &message, error)
      || !gmproc_port_bootstrap_take (&message, n_handles, ret_bootstrap, ret_handles, error))
    return FALSE;

  *ret_n_handles = n_handles;
  for (int i = 1; i + 2 <= *argc; i++)
    arguments[i] = arguments[i + 2]; /* the last one moved is the NULL at the end */
  *argc -= 2;
  return TRUE;
}
