/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What only Windows has: jobs, consoles, DLLs that are not found, standard streams that are
 * handles, a command line that is one string, and waits for up to 64 objects.
 */
#include "config.h"

#include "death.h"
#include "peer.h"
#include "../support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define INTERRUPTED (-2)
#define N_FAMILY 3
#define UNKNOWN 255
#define PATIENCE (60 * 1000) /* milliseconds; only a hang takes that long */

/* -- jobs -------------------------------------------------------------------------------------- */

/* handles of each of them: the first is where to say that it is up, and the last is where to wait
 * for "go on"; those between are for its own child. */
static int
idle (const gintptr *handles, guint n_handles)
{
  peer_notify (handles[0]);
  peer_wait (handles[n_handles - 1]);
  return EXIT_SUCCESS;
}

/* Says a second time that it is up, when it was told to go on. */
static int
answer (const gintptr *handles, guint n_handles)
{
  idle (handles, n_handles);
  peer_notify (handles[0]);
  return EXIT_SUCCESS;
}

static GmprocPortChild *
start_daemon (const char *mode, const gintptr *handles, guint n_handles)
{
  return peer_start_with (mode, (GmprocPortChildOptions){ .handles = handles,
                                                          .n_handles = n_handles,
                                                          .ends_with_parent = TRUE });
}

/* Its daemon cannot see that this process ends. */
static int
stop_daemon (const gintptr *handles, guint n_handles)
{
  GmprocPortChild *daemon = start_daemon ("idle", handles + 1, n_handles - 1);

  if (!gmproc_test_stop (gmproc_port_child_get_pid (daemon)))
    return EXIT_FAILURE;
  return idle (handles, n_handles);
}

static int
start_two (const gintptr *handles, guint n_handles)
{
  gmproc_port_child_free (start_daemon ("start-ordinary", handles + 1, n_handles - 1));
  return idle (handles, n_handles);
}

static int
start_ordinary (const gintptr *handles, guint n_handles)
{
  gmproc_port_child_free (peer_start ("answer", handles + 1, n_handles - 1));
  return idle (handles, n_handles);
}

static int
start_nested (const gintptr *handles, guint n_handles)
{
  gmproc_port_child_free (start_daemon ("idle", handles + 1, n_handles - 1));
  return idle (handles, n_handles);
}

static int
start_nest (const gintptr *handles, guint n_handles)
{
  gmproc_port_child_free (start_daemon ("start-nested", handles + 1, n_handles - 1));
  return idle (handles, n_handles);
}

typedef struct
{
  gintptr readers[N_FAMILY], writers[N_FAMILY]; /* by which each says that it is up */
  gintptr go_reader, go_writer;
  GmprocPortChild *first;
} Family;

/* The first of the family runs MODE. Afterwards only its members can write. */
static void
family_start (Family *family, const char *mode)
{
  gintptr given[N_FAMILY + 1];

  for (int i = 0; i < N_FAMILY; i++)
    {
      peer_new_pipe (&family->readers[i], &family->writers[i]);
      given[i] = family->writers[i];
    }
  peer_new_pipe (&family->go_reader, &family->go_writer);
  given[N_FAMILY] = family->go_reader;
  family->first = peer_start (mode, given, N_FAMILY + 1);
  for (int i = 0; i < N_FAMILY; i++)
    gmproc_port_handle_close (&family->writers[i]);
}

static void
family_end (Family *family)
{
  for (int i = 0; i < N_FAMILY; i++)
    gmproc_port_handle_close (&family->readers[i]);
  gmproc_port_handle_close (&family->go_reader);
  gmproc_port_handle_close (&family->go_writer);
}

/* The end of the stream: whoever had the other end is gone. */
static void
assert_end (gintptr reader)
{
  GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
  g_autoptr (GError) error = NULL;
  char byte;

  gmproc_port_channel_attach (&channel, reader, &error);
  g_assert_no_error (error);
  g_assert_cmpint (
      gmproc_port_channel_read (&channel, &byte, 1, peer_far_deadline (), NULL, &error), ==, 0);
  g_assert_no_error (error);
}

/* Kills the first of the family. */
static void
family_kill (Family *family)
{
  gmproc_port_child_signal (family->first, GMPROC_PORT_SIGNAL_KILL);
  g_assert_cmpint (peer_join (family->first), ==, GMPROC_TEST_KILLED);
}

/* GM-06: a lifeline is of no use to a daemon none of whose threads runs. */
static void
test_stopped_daemon_ends (void)
{
  Family family;

  family_start (&family, "stop-daemon");
  peer_wait (family.readers[0]);
  family_kill (&family);
  assert_end (family.readers[N_FAMILY - 1]); /* which the daemon has too */
  family_end (&family);
}

/* PR-34 */
static void
test_ordinary_child_of_a_daemon_lives_on (void)
{
  Family family;

  family_start (&family, "start-two");
  for (int i = 0; i < N_FAMILY; i++)
    peer_wait (family.readers[i]);
  family_kill (&family);
  assert_end (family.readers[1]); /* of which the last one has no copy */
  peer_notify (family.go_writer);
  peer_wait (family.readers[2]);
  assert_end (family.readers[2]);
  family_end (&family);
}

static void
test_daemons_of_daemons_end (void)
{
  Family family;

  family_start (&family, "start-nest");
  for (int i = 0; i < N_FAMILY; i++)
    peer_wait (family.readers[i]);
  family_kill (&family);
  for (int i = 0; i < N_FAMILY; i++)
    assert_end (family.readers[i]);
  family_end (&family);
}

/* -- errors ------------------------------------------------------------------------------------ */

/* Without a PATH the DLLs of GLib are not found. That shows when the child runs, which may be
 * before its start is through, or later. */
static void
test_missing_dll_is_named (void)
{
  g_autofree char *path = gmproc_port_self_get_path (NULL);
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "PATH", "C:\\nowhere", TRUE);
  g_autoptr (GBytes) bootstrap = g_bytes_new_static ("idle", sizeof "idle");
  g_autoptr (GError) error = NULL;
  GmprocPortChild *child = gmproc_port_child_start (
      &(GmprocPortChildOptions){ .executable = path,
                                 .label = "x",
                                 .bootstrap = bootstrap,
                                 .environment = (const char *const *) environment },
      &error);

  if (child == NULL)
    {
      g_assert_nonnull (strstr (error->message, path));
      g_assert_nonnull (strstr (error->message, "DLL"));
      g_assert_nonnull (strstr (error->message, "0xc0000135"));
      return;
    }
  g_test_expect_message ("gmproc", G_LOG_LEVEL_WARNING, "*test-win32.exe*DLL*0xc0000135*");
  g_assert_cmpint (peer_join (child), ==, UNKNOWN);
  g_test_assert_expected_messages ();
}

/* handles: a place for its error mode */
static int
tell_error_mode (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  UINT *place = peer_map (handles[0], sizeof *place);

  *place = GetErrorMode ();
  return EXIT_SUCCESS;
}

/* No window keeps a child that fails, whatever the program wants for itself. */
static void
test_child_fails_without_a_window (void)
{
  const UINT quiet = SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX;
  UINT before = SetErrorMode (SEM_NOOPENFILEERRORBOX);
  gintptr block;
  UINT *place = peer_new_block (sizeof *place, &block);

  g_assert_cmpint (peer_join (peer_start ("error-mode", &block, 1)), ==, EXIT_SUCCESS);
  g_assert_cmpuint (SetErrorMode (before), ==, SEM_NOOPENFILEERRORBOX);
  if ((*place & SEM_NOOPENFILEERRORBOX) != 0)
    g_assert_cmpuint (*place & quiet, ==, quiet);
  else
    g_test_skip ("this system's children do not have the error mode of their parent");
  gmproc_port_memory_unmap ((gpointer *) &place, sizeof *place);
  gmproc_port_handle_close (&block);
}

static void
test_bad_handle_is_named (void)
{
  g_autofree char *path = gmproc_port_self_get_path (NULL);
  g_autoptr (GBytes) bootstrap = g_bytes_new_static ("idle", sizeof "idle");
  g_autoptr (GError) error = NULL;
  const gintptr closed = 0x7654;

  g_assert_null (gmproc_port_child_start (&(GmprocPortChildOptions){ .executable = path,
                                                                     .label = "x",
                                                                     .bootstrap = bootstrap,
                                                                     .handles = &closed,
                                                                     .n_handles = 1 },
                                          &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "0x7654"));
}

/* -- where a program lies ------------------------------------------------------------------------
 */

#define FOLDER "with a blank, grün 日本 😀"
#define PROGRAM "a program.exe"

static int
succeed (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  return EXIT_SUCCESS;
}

/* It knows where it lies, and can start itself from there. */
static int
start_own (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  const char *expected = g_bytes_get_data (peer_get_start ()->bootstrap, NULL);
  g_autofree char *path = gmproc_port_self_get_path (NULL);

  g_assert_cmpstr (path, ==, expected + sizeof "start-own");
  return peer_join (peer_start ("succeed", NULL, 0));
}

static void
copy_self (const char *copy)
{
  g_autofree char *path = gmproc_port_self_get_path (NULL);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  g_file_set_contents (copy, contents, (gssize) size, &error);
  g_assert_no_error (error);
}

static GmprocPortChild *
start_at (const char *path, GError **error)
{
  g_autoptr (GByteArray) contents = g_byte_array_new ();
  g_autoptr (GBytes) bootstrap = NULL;

  g_byte_array_append (contents, (const guint8 *) "start-own", sizeof "start-own");
  g_byte_array_append (contents, (const guint8 *) path, (guint) strlen (path) + 1);
  bootstrap = g_byte_array_free_to_bytes (g_steal_pointer (&contents));
  return gmproc_port_child_start (
      &(GmprocPortChildOptions){ .executable = path, .label = "x", .bootstrap = bootstrap }, error);
}

/* PR-05: blanks and characters of other code pages in the path; and a program that is not there is
 * named by such a path. */
static void
test_any_path (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = g_dir_make_tmp ("gmproc-XXXXXX", &error);
  g_autofree char *folder = g_build_filename (root, FOLDER, NULL);
  g_autofree char *path = g_build_filename (folder, PROGRAM, NULL);
  GmprocPortChild *child;

  g_assert_no_error (error);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  copy_self (path);
  child = start_at (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);

  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_null (start_at (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_assert_cmpint (g_rmdir (root), ==, 0);
}

/* -- the command line -------------------------------------------------------------------------- */

/* Its label is what the bootstrap has behind the mode. */
static int
check_label (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  const char *expected = g_bytes_get_data (peer_get_start ()->bootstrap, NULL);
  g_auto (GStrv) arguments = g_win32_get_command_line ();

  return g_strv_length (arguments) == 3 && g_str_equal (arguments[2], expected + sizeof "label")
             ? EXIT_SUCCESS
             : EXIT_FAILURE;
}

static void
test_arguments_arrive_unchanged (void)
{
  static const char *const labels[] = { "",          " ",           "two words", "\"",
                                        "\\",        "\\\"",        "a\\\\",     "a\\b c",
                                        "\"a b\\\"", "grün 日本 😀", "%PATH%",    "'" };
  g_autofree char *path = gmproc_port_self_get_path (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      g_autofree char *contents = g_strdup_printf ("label %s", labels[i]);
      g_autoptr (GBytes) bootstrap = NULL;
      g_autoptr (GError) error = NULL;
      GmprocPortChild *child;

      contents[strlen ("label")] = '\0';
      bootstrap = g_bytes_new (contents, sizeof "label" + strlen (labels[i]) + 1);
      child = gmproc_port_child_start (&(GmprocPortChildOptions){ .executable = path,
                                                                  .label = labels[i],
                                                                  .bootstrap = bootstrap },
                                       &error);
      g_assert_no_error (error);
      g_assert_cmpint (peer_join (child), ==, EXIT_SUCCESS);
    }
}

/* -- standard streams -------------------------------------------------------------------------- */

static int
copy_input (const gintptr *handles G_GNUC_UNUSED, guint n_handles G_GNUC_UNUSED)
{
  char buffer[16];
  size_t n_read;

  (void) _setmode (_fileno (stdin), _O_BINARY);
  (void) _setmode (_fileno (stdout), _O_BINARY);
  n_read = fread (buffer, 1, sizeof buffer, stdin);
  fwrite (buffer, 1, n_read, stdout);
  fputs ("done", stderr);
  return (int) n_read;
}

typedef struct
{
  HANDLE reader, writer;
} Pipe;

static void
pipe_open (Pipe *pipe)
{
  g_assert_true (CreatePipe (&pipe->reader, &pipe->writer, NULL, 0));
}

/* All that comes until the last writer is gone. */
static void
assert_comes (Pipe *pipe, const char *expected)
{
  char buffer[64];
  DWORD length = 0, count;

  (void) CloseHandle (pipe->writer);
  while (ReadFile (pipe->reader, buffer + length, sizeof buffer - 1 - length, &count, NULL)
         && count > 0)
    length += count;
  buffer[length] = '\0';
  g_assert_cmpstr (buffer, ==, expected);
  (void) CloseHandle (pipe->reader);
}

static void
test_streams_are_those_given (void)
{
  Pipe input, output, errors;
  gintptr streams[GMPROC_PORT_N_STREAMS];
  GmprocPortChild *child;
  DWORD count;

  pipe_open (&input);
  pipe_open (&output);
  pipe_open (&errors);
  streams[0] = (gintptr) input.reader;
  streams[1] = (gintptr) output.writer;
  streams[2] = (gintptr) errors.writer;
  child = peer_start_with ("copy", (GmprocPortChildOptions){ .streams = streams });
  g_assert_true (WriteFile (input.writer, "\r\nhello", 7, &count, NULL));
  g_assert_true (CloseHandle (input.writer));
  g_assert_cmpint (peer_join (child), ==, 7);
  assert_comes (&output, "\r\nhello");
  assert_comes (&errors, "done");
  g_assert_true (CloseHandle (input.reader));
}

/* An empty input, and the same handle twice. */
static void
test_streams_have_defaults (void)
{
  Pipe output;
  gintptr streams[GMPROC_PORT_N_STREAMS];

  pipe_open (&output);
  streams[0] = GMPROC_PORT_NO_HANDLE;
  streams[1] = streams[2] = (gintptr) output.writer;
  g_assert_cmpint (
      peer_join (peer_start_with ("copy", (GmprocPortChildOptions){ .streams = streams })), ==, 0);
  assert_comes (&output, "done");
}

/* As idle does, however long the others take to come up. */
static int
idle_long (const gintptr *handles, guint n_handles G_GNUC_UNUSED)
{
  GmprocPortChannel channel = GMPROC_PORT_CHANNEL_INIT;
  char byte;

  peer_notify (handles[0]);
  g_assert_true (gmproc_port_channel_attach (&channel, handles[1], NULL));
  return gmproc_port_channel_read (&channel, &byte, 1, GMPROC_PORT_FOREVER, NULL, NULL) == 1
             ? EXIT_SUCCESS
             : EXIT_FAILURE;
}

/* -- many ----------------------------------------------------------------------------------------
 */

static void
count_exit (GmprocPortChild *child G_GNUC_UNUSED, int exit_status, gpointer n_ended)
{
  g_assert_cmpint (exit_status, ==, EXIT_SUCCESS);
  *(guint *) n_ended += 1;
}

/* GM-13: the system waits for 64 objects at most. */
static void
check_many (guint n_children)
{
  g_autofree GmprocPortChild **children = g_new (GmprocPortChild *, n_children);
  gintptr up_reader, up_writer, go_reader, go_writer, given[2];
  guint n_ended = 0;

  peer_new_pipe (&up_reader, &up_writer);
  peer_new_pipe (&go_reader, &go_writer);
  given[0] = up_writer;
  given[1] = go_reader;
  for (guint i = 0; i < n_children; i++)
    {
      children[i] = peer_start ("idle-long", given, 2);
      gmproc_port_child_watch (children[i], count_exit, &n_ended);
    }
  for (guint i = 0; i < n_children; i++)
    peer_wait (up_reader);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (n_ended, ==, 0);

  for (guint i = 0; i < n_children; i++)
    peer_notify (go_writer);
  while (n_ended < n_children)
    g_main_context_iteration (NULL, TRUE);

  for (guint i = 0; i < n_children; i++)
    gmproc_port_child_free (children[i]);
  gmproc_port_handle_close (&up_reader);
  gmproc_port_handle_close (&up_writer);
  gmproc_port_handle_close (&go_reader);
  gmproc_port_handle_close (&go_writer);
}

static void
test_128_children (void)
{
  check_many (128);
}

static void
test_512_children (void)
{
  check_many (gmproc_test_scale (512));
}

/* -- the console ---------------------------------------------------------------------------------
 */

#define NO_CONSOLE 77

/* Makes a console of its own, which its children share. */
static int
lead_family (const gintptr *handles, guint n_handles)
{
  gintptr up_reader, up_writer;

  (void) FreeConsole ();
  if (!AllocConsole ())
    return NO_CONSOLE;
  peer_new_pipe (&up_reader, &up_writer);
  for (guint i = 1; i + 1 < n_handles; i++)
    {
      const gintptr given[] = { up_writer, handles[i], handles[n_handles - 1] };

      gmproc_port_child_free (peer_start ("idle", given, G_N_ELEMENTS (given)));
      peer_wait (up_reader);
    }
  peer_notify (handles[0]);
  g_assert_true (GenerateConsoleCtrlEvent (CTRL_C_EVENT, 0));
  peer_wait (handles[n_handles - 1]);
  return EXIT_FAILURE;
}

/* PR-10: Ctrl-C ends every process of the family, and shows as what it is; but Wine ends a process
 * that does not handle it with 0, which this one would not give itself. */
static void
test_interrupt_ends_the_family (void)
{
  Family family;
  gint64 begin;
  int exit_status;

  family_start (&family, "lead-family");
  begin = g_get_monotonic_time ();
  exit_status = peer_join (family.first);
  if (exit_status != NO_CONSOLE)
    {
      g_assert_true (exit_status == INTERRUPTED || exit_status == EXIT_SUCCESS);
      peer_wait (family.readers[0]); /* so it had come that far */
      for (int i = 0; i < N_FAMILY; i++)
        assert_end (family.readers[i]);
      g_test_message ("a family was started and interrupted in %d ms",
                      (int) ((g_get_monotonic_time () - begin) / 1000));
    }
  else
    g_test_skip ("there is no console to be had");
  family_end (&family);
}

int
main (int argc, char **argv)
{
  static const Peer peers[] = { { "idle", idle },
                                { "idle-long", idle_long },
                                { "stop-daemon", stop_daemon },
                                { "answer", answer },
                                { "start-two", start_two },
                                { "start-ordinary", start_ordinary },
                                { "start-nest", start_nest },
                                { "start-nested", start_nested },
                                { "error-mode", tell_error_mode },
                                { "label", check_label },
                                { "copy", copy_input },
                                { "start-own", start_own },
                                { "succeed", succeed },
                                { "lead-family", lead_family },
                                { NULL, NULL } };

  peer_main (&argc, &argv, peers);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (peer_warm_up);
  gmproc_test_add ("/port/win32/stopped-daemon", test_stopped_daemon_ends);
  gmproc_test_add ("/port/win32/ordinary-of-daemon", test_ordinary_child_of_a_daemon_lives_on);
  gmproc_test_add ("/port/win32/daemon-of-daemon", test_daemons_of_daemons_end);
  gmproc_test_add ("/port/win32/missing-dll", test_missing_dll_is_named);
  gmproc_test_add ("/port/win32/no-window", test_child_fails_without_a_window);
  gmproc_test_add ("/port/win32/bad-handle", test_bad_handle_is_named);
  gmproc_test_add ("/port/win32/path", test_any_path);
  gmproc_test_add ("/port/win32/arguments", test_arguments_arrive_unchanged);
  gmproc_test_add ("/port/win32/streams", test_streams_are_those_given);
  gmproc_test_add ("/port/win32/default-streams", test_streams_have_defaults);
  gmproc_test_add ("/port/win32/interrupt", test_interrupt_ends_the_family);
  gmproc_test_add ("/port/win32/128-children", test_128_children);
  gmproc_test_add ("/port/win32/512-children", test_512_children);
  return g_test_run ();
}
