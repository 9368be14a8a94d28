/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a process runs: how it is found, what it is given, and how its end shows.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "port/death.h"
#include "support.h"

#define N_LARGE (64 * 1024 * 1024)

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (return_status)
{
  return g_variant_get_int32 (args);
}

GMPROC_DEFINE_TARGET (call_exit)
{
  exit (g_variant_get_int32 (args));
}

GMPROC_DEFINE_TARGET (call_abort)
{
  gmproc_test_abort ();
}

static GmprocConnection *
open_connection (gint32 handle)
{
  g_autoptr (GError) error = NULL;
  GmprocConnection *connection = gmproc_connection_from_handle (handle, &error);

  g_assert_no_error (error);
  return connection;
}

/* Sends back what it was given, and how it sees itself. */
GMPROC_DEFINE_TARGET (report)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  GmprocProcess *self = gmproc_process_get_current ();
  GmprocProcess *parent = gmproc_process_get_parent ();
  gint32 handle;

  g_assert_true (gmproc_process_is_alive (self));
  g_assert_cmpint (gmproc_process_get_exit_code (self), ==, G_MININT);
  g_assert_true (gmproc_process_get_args (self) == args);
  g_variant_get (args, "(hv)", &handle, &value);
  out = open_connection (handle);
  g_assert_true (gmproc_connection_send (
      out,
      g_variant_new ("(sxsxv)", gmproc_process_get_name (self), gmproc_process_get_pid (self),
                     gmproc_process_get_name (parent), gmproc_process_get_pid (parent), value),
      NULL, NULL));
  return EXIT_SUCCESS;
}

static void
assert_start_fails (GmprocProcess *process, int code, const char *named)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_process_start (process, &error));
  g_assert_error (error, GMPROC_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_cmpint (gmproc_process_get_pid (process), ==, 0);
  g_assert_null (gmproc_list_children ());
}

/* PR-02, PR-06: a name, the args and the ids arrive. VALUE may be floating. */
static void
check_report (const char *name, GVariant *value)
{
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GVariant) sent = g_variant_ref_sink (value);
  g_autoptr (GVariant) got = NULL;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  const char *own_name, *parent_name;
  gint64 pid, parent_pid;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process =
      gmproc_process_new (report, g_variant_new ("(hv)", gmproc_connection_get_handle (out), sent));
  if (name != NULL)
    gmproc_process_set_name (process, name);
  start (process);
  answer = gmproc_connection_receive (in, BOUND, NULL, &error);
  g_assert_no_error (error);
  join (process, 0);

  g_variant_get (answer, "(&sx&sxv)", &own_name, &pid, &parent_name, &parent_pid, &got);
  g_assert_cmpstr (own_name, ==, gmproc_process_get_name (process));
  g_assert_cmpint (pid, ==, gmproc_process_get_pid (process));
  g_assert_cmpstr (parent_name, ==, "MainProcess");
  g_assert_cmpint (parent_pid, ==, gmproc_process_get_pid (gmproc_process_get_current ()));
  g_assert_true (g_variant_equal (got, sent));
}

/* PR-03 */
static void
test_args (void)
{
  static const char *const texts[] = { "''",
                                       "@ay []",
                                       "true",
                                       "int64 -9223372036854775808",
                                       "1.5",
                                       "'text with “quotes” and\\nlines'",
                                       "[1, 2, 3]",
                                       "(@ms nothing, @ms just 'x', <<'deep'>>)",
                                       "{'key': <[(1, 'one'), (2, 'two')]>}",
                                       "@a{sv} {}",
                                       "()" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      GVariant *value = g_variant_parse (NULL, texts[i], NULL, NULL, &error);

      g_assert_no_error (error);
      check_report (NULL, value);
      g_variant_unref (value);
    }
}

static void
test_no_args (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);

  g_assert_null (gmproc_process_get_args (process));
  start (process);
  join (process, 0);
}

/* The sum of the bytes, so that a lost or a shifted one shows. */
GMPROC_DEFINE_TARGET (check_large)
{
  gsize n_bytes;
  const guint8 *bytes = g_variant_get_fixed_array (args, &n_bytes, 1);

  g_assert_cmpuint (n_bytes, ==, N_LARGE);
  for (gsize i = 0; i < n_bytes; i += 4093)
    g_assert_cmpuint (bytes[i], ==, i % 251);
  g_assert_cmpuint (bytes[n_bytes - 1], ==, (n_bytes - 1) % 251);
  return 5;
}

static void
test_large_args (void)
{
  g_autoptr (GmprocProcess) process = NULL;
  guint8 *bytes = g_malloc (N_LARGE);

  for (gsize i = 0; i < N_LARGE; i++)
    bytes[i] = i % 251;
  process =
      gmproc_process_new (check_large, g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes,
                                                                N_LARGE, TRUE, g_free, bytes));
  start (process);
  join (process, 5);
}

/* PR-02: a name may be any text; the system's own idea of a name is shorter. */
static void
test_names (void)
{
  g_autofree char *long_name = g_strnfill (10000, 'n');

  check_report ("", g_variant_new_int32 (1));
  check_report ("two\nlines\t", g_variant_new_int32 (1));
  check_report ("--gmproc-child=1", g_variant_new_int32 (1));
  check_report ("Prozeß “Ω” %s%n", g_variant_new_int32 (1));
  check_report (long_name, g_variant_new_int32 (1));
}

static void
check_exit_code (GmprocTarget target, int status, int exit_code)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (target, g_variant_new_int32 (status));

  start (process);
  join (process, exit_code);
}

/* PR-25: how an end shows. */
static void
test_exit_codes (void)
{
  check_exit_code (return_status, 0, 0);
  check_exit_code (return_status, 8, 8);
  check_exit_code (return_status, 255, 255);
  check_exit_code (call_exit, 0, 0);
  check_exit_code (call_exit, 3, 3);
  check_exit_code (call_abort, 0, GMPROC_TEST_ABORTED);
}

static int
unregistered (GVariant *args G_GNUC_UNUSED)
{
  return EXIT_SUCCESS;
}

static void
test_unregistered (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (unregistered, NULL);

  assert_start_fails (process, GMPROC_ERROR_NOT_REGISTERED, "GMPROC_DEFINE_TARGET");
}

static int
first_twin (GVariant *args G_GNUC_UNUSED)
{
  return 1;
}

static int
second_twin (GVariant *args G_GNUC_UNUSED)
{
  return 2;
}

/* A child could not know which of the two is meant, so neither can be started. */
static void
test_same_name_twice (void)
{
  g_autoptr (GmprocProcess) first = gmproc_process_new (first_twin, NULL);
  g_autoptr (GmprocProcess) second = gmproc_process_new (second_twin, NULL);

  gmproc_register_target ("twin", first_twin);
  gmproc_register_target ("twin", second_twin);
  assert_start_fails (first, GMPROC_ERROR_NOT_REGISTERED, "twin");
  assert_start_fails (second, GMPROC_ERROR_NOT_REGISTERED, "registered");
}

/* The same function again is no conflict: a plug-in may be loaded twice. */
static void
test_registered_again (void)
{
  gmproc_register_target ("do_nothing", do_nothing);
  warm_up ();
}

/* Known here, because it was registered after the start of main(), but not in the child. */
static void
test_registered_late (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (unregistered, NULL);

  if (g_test_subprocess ())
    {
      gmproc_register_target ("late", unregistered);
      start (process);
      join (process, EXIT_FAILURE);
      return;
    }
  gmproc_test_trap ();
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*No target is registered as*late*");
}

/* A number that names nothing fails the start, which can then be tried with better args. */
static void
test_bad_handle (void)
{
  g_autoptr (GmprocProcess) unknown =
      gmproc_process_new (do_nothing, g_variant_new_handle (1000000));
  g_autoptr (GmprocProcess) negative =
      gmproc_process_new (do_nothing, g_variant_new ("(v)", g_variant_new_handle (-1)));

  assert_start_fails (unknown, GMPROC_ERROR_BAD_HANDLE, "1000000");
  assert_start_fails (negative, GMPROC_ERROR_BAD_HANDLE, "-1");
  assert_start_fails (unknown, GMPROC_ERROR_BAD_HANDLE, "1000000");
}

static void
test_closed_object (void)
{
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  process =
      gmproc_process_new (do_nothing, g_variant_new_handle (gmproc_connection_get_handle (out)));
  gmproc_connection_close (out);
  g_assert_false (gmproc_process_start (process, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* PR-19: between the making and the start the process keeps its objects, and no longer. */
static void
test_objects_are_let_go (void)
{
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  GmprocConnection *out;
  gpointer weak;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  weak = out;
  g_object_add_weak_pointer (G_OBJECT (out), &weak);
  process =
      gmproc_process_new (do_nothing, g_variant_new_handle (gmproc_connection_get_handle (out)));
  g_object_unref (out);
  g_assert_nonnull (weak);
  start (process);
  g_assert_null (weak);

  /* The child never asks for it, so its end is the end of the stream. */
  g_assert_null (gmproc_connection_receive (in, BOUND, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  join (process, 0);
}

/* An object that is named twice is one object, and is not what it is not. */
GMPROC_DEFINE_TARGET (look_at_handles)
{
  g_autoptr (GmprocConnection) connection = NULL;
  g_autoptr (GmprocConnection) same = NULL;
  g_autoptr (GError) error = NULL;
  gint32 first, second;

  g_variant_get (args, "(hh)", &first, &second);
  g_assert_cmpint (first, ==, second);
  g_assert_null (gmproc_queue_from_handle (first, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
  g_clear_error (&error);
  connection = open_connection (first);
  same = open_connection (second);
  g_assert_true (connection == same);

  g_clear_object (&connection);
  g_clear_object (&same);
  g_assert_null (gmproc_connection_from_handle (first, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
  return EXIT_SUCCESS;
}

static void
test_handles (void)
{
  g_autoptr (GmprocConnection) in = NULL;
  g_autoptr (GmprocConnection) out = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  gint32 handle;

  g_assert_true (gmproc_pipe_new (FALSE, &in, &out, NULL));
  handle = gmproc_connection_get_handle (out);
  g_assert_cmpint (gmproc_connection_get_handle (out), ==, handle);
  process = gmproc_process_new (look_at_handles, g_variant_new ("(hh)", handle, handle));
  start (process);
  join (process, 0);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/target/args", test_args);
  gmproc_test_add ("/target/no-args", test_no_args);
  gmproc_test_add ("/target/large-args", test_large_args);
  gmproc_test_add ("/target/names", test_names);
  gmproc_test_add ("/target/exit-codes", test_exit_codes);
  gmproc_test_add ("/target/unregistered", test_unregistered);
  gmproc_test_add ("/target/same-name-twice", test_same_name_twice);
  gmproc_test_add ("/target/registered-again", test_registered_again);
  gmproc_test_add ("/target/registered-late", test_registered_late);
  gmproc_test_add ("/target/bad-handle", test_bad_handle);
  gmproc_test_add ("/target/closed-object", test_closed_object);
  gmproc_test_add ("/target/objects", test_objects_are_let_go);
  gmproc_test_add ("/target/handles", test_handles);
  return g_test_run ();
}
