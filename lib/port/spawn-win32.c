/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Why not GSubprocess: on Windows it starts each child through a program of GLib's, which has to be
 * shipped and takes as long as the child; it makes handles of children inheritable, so siblings
 * hold each other's; two starts at once may mix up their pipes; and an empty argument is lost.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "spawn-win32.h"

#include <string.h>

#define N_INHERITED (GMPROC_PORT_N_STREAMS + 1)
#define SYSTEM_ROOT "SystemRoot"

/* -- text ------------------------------------------------------------------------------------ */

static wchar_t *
to_wide (const char *text, const char *what, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  wchar_t *wide = (wchar_t *) g_utf8_to_utf16 (text, -1, NULL, NULL, &local_error);

  if (wide == NULL)
    {
      g_autofree char *shown = g_utf8_make_valid (text, -1);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "spawn: %s is not UTF-8: %s",
                   what, shown);
    }
  return wide;
}

/* In the form that the C libraries take apart again: a quote stands behind a backslash, and
 * backslashes count double if and only if a quote follows them. */
static void
append_argument (GString *line, const char *argument)
{
  gsize n_backslashes = 0;

  if (line->len > 0)
    g_string_append_c (line, ' ');
  g_string_append_c (line, '"');
  for (const char *at = argument; *at != '\0'; at++)
    {
      if (*at == '"')
        for (gsize i = 0; i <= n_backslashes; i++)
          g_string_append_c (line, '\\');
      n_backslashes = *at == '\\' ? n_backslashes + 1 : 0;
      g_string_append_c (line, *at);
    }
  for (gsize i = 0; i < n_backslashes; i++)
    g_string_append_c (line, '\\');
  g_string_append_c (line, '"');
}

static wchar_t *
make_command_line (const char *const *argv, GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (gsize i = 0; argv[i] != NULL; i++)
    append_argument (line, argv[i]);
  return to_wide (line->str, "the command line", error);
}

static int
compare_variables (gconstpointer first, gconstpointer second)
{
  const char *const *a = first;
  const char *const *b = second;

  return g_ascii_strcasecmp (*a, *b);
}

/* The form of the system: the strings in the order of their names, each with its end, and an empty
 * one. Without the variable for the system's own folder some of its DLLs do not work, so a child
 * always has it. */
static gboolean
make_environment (const char *const *envp, wchar_t **ret_block, GError **error)
{
  g_auto (GStrv) variables = NULL;
  g_autoptr (GArray) block = NULL;
  gsize n_variables;

  *ret_block = NULL;
  if (envp == NULL)
    return TRUE;
  variables = g_strdupv ((char **) envp);
  if (g_environ_getenv (variables, SYSTEM_ROOT) == NULL && g_getenv (SYSTEM_ROOT) != NULL)
    variables = g_environ_setenv (variables, SYSTEM_ROOT, g_getenv (SYSTEM_ROOT), TRUE);
  n_variables = g_strv_length (variables);
  qsort (variables, n_variables, sizeof *variables, compare_variables);

  block = g_array_new (TRUE, TRUE, sizeof (wchar_t));
  for (gsize i = 0; i < n_variables; i++)
    {
      g_autofree wchar_t *wide = to_wide (variables[i], "a variable of the environment", error);

      if (wide == NULL)
        return FALSE;
      if (*wide != L'\0') /* which would be the end */
        g_array_append_vals (block, wide, (guint) wcslen (wide) + 1);
    }
  if (block->len == 0)
    g_array_set_size (block, 1);
  *ret_block = (wchar_t *) (gpointer) g_array_free (g_steal_pointer (&block), FALSE);
  return TRUE;
}

/* -- handles --------------------------------------------------------------------------------- */

gboolean
gmproc_port_spawn_make_inheritable (HANDLE handle, gintptr *ret_copy, GError **error)
{
  HANDLE copy;

  if (!DuplicateHandle (GetCurrentProcess (), handle, GetCurrentProcess (), &copy, 0, TRUE,
                        DUPLICATE_SAME_ACCESS))
    {
      DWORD code = GetLastError ();
      g_autofree char *call =
          g_strdup_printf ("DuplicateHandle(0x%" G_GINT64_MODIFIER "x)", (gint64) (gintptr) handle);

      gmproc_port_set_error (error, (int) code, call);
      return FALSE;
    }
  *ret_copy = (gintptr) copy;
  return TRUE;
}

static gboolean
open_nothing (gintptr *ret_handle, GError **error)
{
  SECURITY_ATTRIBUTES attributes = { sizeof attributes, NULL, TRUE };
  HANDLE nothing =
      CreateFileW (L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                   &attributes, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);

  if (nothing == INVALID_HANDLE_VALUE)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateFile(NUL)");
      return FALSE;
    }
  *ret_handle = (gintptr) nothing;
  return TRUE;
}

static gboolean
make_streams (const GmprocSpawn *spawn, gintptr *streams, GError **error)
{
  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    if (spawn->streams[i] == GMPROC_PORT_NO_HANDLE
            ? !open_nothing (&streams[i], error)
            : !gmproc_port_spawn_make_inheritable ((HANDLE) spawn->streams[i], &streams[i], error))
      return FALSE;
  return TRUE;
}

/* Freed with free_attributes(). HANDLES has to live as long. */
static LPPROC_THREAD_ATTRIBUTE_LIST
make_attributes (HANDLE *handles, GError **error)
{
  LPPROC_THREAD_ATTRIBUTE_LIST attributes;
  SIZE_T size = 0;

  (void) InitializeProcThreadAttributeList (NULL, 1, 0, &size);
  attributes = g_malloc0 (size);
  if (!InitializeProcThreadAttributeList (attributes, 1, 0, &size))
    {
      gmproc_port_set_error (error, (int) GetLastError (), "InitializeProcThreadAttributeList");
      g_free (attributes);
      return NULL;
    }
  if (!UpdateProcThreadAttribute (attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
                                  N_INHERITED * sizeof *handles, NULL, NULL))
    {
      gmproc_port_set_error (error, (int) GetLastError (), "UpdateProcThreadAttribute");
      DeleteProcThreadAttributeList (attributes);
      g_free (attributes);
      return NULL;
    }
  return attributes;
}

static void
free_attributes (LPPROC_THREAD_ATTRIBUTE_LIST attributes)
{
  if (attributes == NULL)
    return;
  DeleteProcThreadAttributeList (attributes);
  g_free (attributes);
}

/* -- the call -------------------------------------------------------------------------------- */

static void
set_create_error (const GmprocSpawn *spawn, DWORD code, GError **error)
{
  g_autofree char *call = NULL;

  /* The system's word for a working directory that is none. */
  if (code == ERROR_DIRECTORY)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "spawn: there is no working directory %s", spawn->directory);
      return;
    }
  call = g_strdup_printf ("spawn: CreateProcess(%s)", spawn->executable);
  gmproc_port_set_error (error, (int) code, call);
}

/* A program without a console has children without one: else each would open a window. */
static DWORD
get_flags (void)
{
  DWORD flags = EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT;
  DWORD member;

  return GetConsoleProcessList (&member, 1) == 0 ? flags | DETACHED_PROCESS : flags;
}

typedef struct
{
  wchar_t *executable, *line, *environment, *directory;
} Texts;

static gboolean
make_texts (const GmprocSpawn *spawn, Texts *texts, GError **error)
{
  texts->executable = to_wide (spawn->executable, "the path of the program", error);
  if (texts->executable == NULL)
    return FALSE;
  texts->line = make_command_line (spawn->argv, error);
  if (texts->line == NULL || !make_environment (spawn->envp, &texts->environment, error))
    return FALSE;
  if (spawn->directory != NULL)
    texts->directory = to_wide (spawn->directory, "the working directory", error);
  return spawn->directory == NULL || texts->directory != NULL;
}

static void
free_texts (Texts *texts)
{
  g_free (texts->executable);
  g_free (texts->line);
  g_free (texts->environment);
  g_free (texts->directory);
}

/* A child has the error mode that its parent has when it is made. In the system's own mode a DLL
 * that is missing, or the end of a console in the middle of a start, opens a window and keeps the
 * child until somebody closes it, and a crash waits for the system's report; so nobody would hear
 * of the end.
 *
 * The mode is the whole process's, and the program's own choice, so it is put back; that of a
 * thread alone is not inherited. Starts take turns, or else one would keep the mode of another.
 * What other threads do meanwhile fails without a window too. */
static gboolean
create_quietly (const Texts *texts, STARTUPINFOW *startup, PROCESS_INFORMATION *ret_process)
{
  static GMutex mutex;
  gboolean success;
  DWORD code;
  UINT mode;

  g_mutex_lock (&mutex);
  mode = GetErrorMode ();
  (void) SetErrorMode (mode | SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
  success = CreateProcessW (texts->executable, texts->line, NULL, NULL, TRUE, get_flags (),
                            texts->environment, texts->directory, startup, ret_process);
  code = GetLastError ();
  (void) SetErrorMode (mode);
  g_mutex_unlock (&mutex);
  if (!success)
    SetLastError (code);
  return success;
}

static gboolean
create (const GmprocSpawn *spawn, Texts *texts, gintptr *streams, PROCESS_INFORMATION *ret_process,
        GError **error)
{
  HANDLE handles[N_INHERITED] = { (HANDLE) streams[0], (HANDLE) streams[1], (HANDLE) streams[2],
                                  (HANDLE) spawn->inherited };
  STARTUPINFOEXW startup = { 0 };
  gboolean success;

  startup.StartupInfo.cb = sizeof startup;
  startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  startup.StartupInfo.hStdInput = handles[0];
  startup.StartupInfo.hStdOutput = handles[1];
  startup.StartupInfo.hStdError = handles[2];
  startup.lpAttributeList = make_attributes (handles, error);
  if (startup.lpAttributeList == NULL)
    return FALSE;
  success = create_quietly (texts, &startup.StartupInfo, ret_process);
  if (!success)
    set_create_error (spawn, GetLastError (), error);
  free_attributes (startup.lpAttributeList);
  return success;
}

gboolean
gmproc_port_spawn (const GmprocSpawn *spawn, HANDLE *ret_process, DWORD *ret_pid, GError **error)
{
  gintptr streams[GMPROC_PORT_N_STREAMS] = { GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE,
                                             GMPROC_PORT_NO_HANDLE };
  PROCESS_INFORMATION process;
  Texts texts = { NULL, NULL, NULL, NULL };
  gboolean success = make_texts (spawn, &texts, error) && make_streams (spawn, streams, error)
                     && create (spawn, &texts, streams, &process, error);

  for (int i = 0; i < GMPROC_PORT_N_STREAMS; i++)
    gmproc_port_handle_close (&streams[i]);
  free_texts (&texts);
  if (!success)
    return FALSE;
  (void) CloseHandle (process.hThread);
  *ret_process = process.hProcess;
  *ret_pid = process.dwProcessId;
  return TRUE;
}
