/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Messages out of and into memory of the caller's.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "plumbing.h"
#include "support.h"

#define N_PIECES 4097 /* of 1 MiB */

/* PI-04: parts of a buffer, up to its end and empty ones; what is not inside it is refused. */
static void
test_ranges (void)
{
  static const guint8 buffer[] = "0123456789";
  static const gsize good[][2] = { { 0, 10 }, { 3, 4 }, { 9, 1 }, { 10, 0 }, { 0, 0 } };
  static const gsize bad[][2] = {
    { 0, 11 }, { 11, 0 }, { 5, 6 }, { G_MAXSIZE, 2 }, { 1, G_MAXSIZE }
  };
  g_autoptr (GError) error = NULL;
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GBytes) expected = g_bytes_new_static (buffer + good[i][0], good[i][1]);

      g_assert_true (gmproc_connection_send_range (pipe.second, buffer, 10, good[i][0], good[i][1],
                                                   NULL, NULL));
      receive_bytes (pipe.first, expected);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_false (gmproc_connection_send_range (pipe.second, buffer, 10, bad[i][0], bad[i][1],
                                                    NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  g_assert_false (gmproc_connection_poll (pipe.first, 0, NULL, NULL));
  pipe_clear (&pipe);
}

/* PI-04: the pieces of one message, few and many, short and long. */
static void
test_pieces (void)
{
  static const gsize counts[] = { 0, 1, 2, 20, 3000 };
  GOutputVector pieces[3000];
  g_autoptr (GBytes) whole = make_bytes (3000 * 30, 7);
  const guint8 *data = g_bytes_get_data (whole, NULL);
  const GOutputVector too_much[2] = { { data, G_MAXSSIZE }, { data, 1 } };
  g_autoptr (GError) error = NULL;
  Pipe pipe;

  pipe_init (&pipe, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr (GBytes) expected = NULL;
      gsize size = 0;
      GmprocProcess *process = start_echo (&pipe);

      for (gsize j = 0; j < counts[i]; j++)
        {
          pieces[j] = (GOutputVector){ data + size, j % 3 == 1 ? 0 : j % 30 };
          size += pieces[j].size;
        }
      expected = g_bytes_new_static (data, size);
      g_assert_true (gmproc_connection_send_buffers (pipe.first, pieces, counts[i], NULL, &error));
      receive_bytes (pipe.first, expected);
      pipe_clear (&pipe);
      join (process, EXIT_SUCCESS);
      pipe_init (&pipe, TRUE);
    }
  g_assert_false (gmproc_connection_send_buffers (pipe.first, too_much, 2, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  pipe_clear (&pipe);
}

static void
check_into (GmprocConnection *in, gsize offset, GBytes *expected)
{
  guint8 buffer[1000];
  g_autoptr (GError) error = NULL;
  gsize size;

  memset (buffer, 0xee, sizeof buffer);
  g_assert_true (gmproc_connection_receive_into (in, buffer, sizeof buffer, offset, &size, BOUND,
                                                 NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (buffer + offset, size, g_bytes_get_data (expected, NULL),
                   g_bytes_get_size (expected));
  for (gsize i = 0; i < sizeof buffer; i++)
    if (i < offset || i >= offset + size)
      g_assert_cmpuint (buffer[i], ==, 0xee);
}

/* PI-01: into the caller's buffer, at an offset; nothing beside the message is touched. */
static void
test_receive_into (void)
{
  static const gsize sizes[] = { 0, 1, 112, 113, 900 };
  g_autoptr (GError) error = NULL;
  guint8 byte;
  gsize size = 7;
  Pipe pipe;

  pipe_init (&pipe, FALSE);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) message = make_bytes (sizes[i], 9);

      send_bytes (pipe.second, message);
      check_into (pipe.first, 0, message);
      send_bytes (pipe.second, message);
      check_into (pipe.first, 1000 - sizes[i], message);
    }
  g_assert_false (gmproc_connection_receive_into (pipe.first, &byte, 1, 2, &size, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (
      gmproc_connection_receive_into (pipe.first, &byte, 1, 0, &size, SHORT, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  pipe_clear (&pipe);
}

/* PI-01: a buffer that is too short costs nothing of the message, whatever takes it then. */
static void
test_buffer_too_short (void)
{
  static const gsize sizes[] = { 1, 100, 113, LARGE };
  guint8 *buffer = g_malloc (LARGE);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) message = make_bytes (sizes[i], 4);
      g_autoptr (GError) error = NULL;
      GThread *sender;
      gsize size = 0;
      Pipe pipe;
      Call call;

      pipe_init (&pipe, FALSE);
      call = (Call){ pipe.second, message, NULL, NULL, NULL };
      sender = g_thread_new ("sender", run_send, &call);
      g_assert_false (gmproc_connection_receive_into (pipe.first, buffer, sizes[i] - 1, 0, &size,
                                                      BOUND, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
      g_assert_cmpuint (size, ==, sizes[i]);
      g_assert_true (gmproc_connection_poll (pipe.first, BOUND, NULL, NULL));
      if (i % 2 == 0)
        receive_bytes (pipe.first, message);
      else
        g_assert_true (gmproc_connection_receive_into (pipe.first, buffer, LARGE, 0, &size, BOUND,
                                                       NULL, NULL));
      g_thread_join (sender);
      g_assert_no_error (call.error);
      if (i % 2 == 1)
        g_assert_cmpmem (buffer, size, g_bytes_get_data (message, NULL), sizes[i]);
      pipe_clear (&pipe);
    }
  g_free (buffer);
}

#define PIECE (1024 * 1024)
#define STEP (1021 * 1024)                            /* between two bytes that are not 0 */
#define NEEDED_MEMORY (G_GUINT64_CONSTANT (12) << 30) /* what a realloc() may take that copies */

static gpointer
send_pieces (gpointer data)
{
  Call *call = data;
  gsize size;
  gconstpointer piece = g_bytes_get_data (call->message, &size);
  GOutputVector *pieces = g_new (GOutputVector, N_PIECES);

  for (gsize i = 0; i < N_PIECES; i++)
    pieces[i] = (GOutputVector){ piece, size };
  gmproc_connection_send_buffers (call->connection, pieces, N_PIECES, NULL, &call->error);
  g_free (pieces);
  return NULL;
}

/* GM-18: a message of more than 4 GiB, so also one of more than 2 GiB. */
static void
test_huge (void)
{
  g_autoptr (GBytes) piece = make_bytes (PIECE, 3);
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *data;
  gsize size;
  GThread *sender;
  Pipe pipe;
  Call call;

  if (!g_test_slow ())
    {
      g_test_skip ("it takes 5 GiB of memory and half a minute; -m slow runs it");
      return;
    }
  pipe_init (&pipe, FALSE);
  call = (Call){ pipe.second, piece, NULL, NULL, NULL };
  sender = g_thread_new ("sender", send_pieces, &call);
  got = gmproc_connection_receive_bytes (pipe.first, GMPROC_FOREVER, NULL, &error);
  g_assert_no_error (error);
  g_thread_join (sender);
  g_assert_no_error (call.error);
  data = g_bytes_get_data (got, &size);
  g_assert_cmpuint (size, ==, (gsize) N_PIECES * PIECE);
  for (gsize i = 0; i < N_PIECES; i++)
    g_assert_cmpint (memcmp (data + i * PIECE, g_bytes_get_data (piece, NULL), PIECE), ==, 0);
  pipe_clear (&pipe);
}

/* What the system could give, in bytes; 0 where that is not known. */
static guint64
get_available_memory (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return 0;
  line = strstr (text, "MemAvailable:");
  return line != NULL ? 1024 * g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) : 0;
}

/* GM-18: one piece of memory of more than 4 GiB. Most of it was never written to, so it costs the
 * sender nothing. */
static void
test_huge_range (void)
{
  gsize size = (gsize) N_PIECES * PIECE;
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *data;
  guint8 *buffer;
  GThread *sender;
  Pipe pipe;
  Call call;

  if (gmproc_test_scale (100) < 100)
    {
      g_test_skip ("four gigabytes take too long where everything does (GMPROC_TEST_SCALE)");
      return;
    }
  if (get_available_memory () < NEEDED_MEMORY)
    {
      g_test_skip ("there are no 12 GiB of memory, as far as is known");
      return;
    }
  buffer = g_malloc0 (size);
  for (gsize i = 0; i < size; i += STEP)
    buffer[i] = (guint8) (i / STEP);
  message = g_bytes_new_take (buffer, size);
  pipe_init (&pipe, FALSE);
  call = (Call){ pipe.second, message, NULL, NULL, NULL };
  sender = g_thread_new ("sender", run_send, &call);
  got = gmproc_connection_receive_bytes (pipe.first, GMPROC_FOREVER, NULL, &error);
  g_assert_no_error (error);
  g_thread_join (sender);
  g_assert_no_error (call.error);
  g_assert_cmpuint (g_bytes_get_size (got), ==, size);
  data = g_bytes_get_data (got, NULL);
  for (gsize i = 0; i < size; i += STEP)
    g_assert_cmpuint (data[i], ==, (guint8) (i / STEP));
  pipe_clear (&pipe);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/connection/PI-04/ranges", test_ranges);
  gmproc_test_add ("/connection/PI-04/pieces", test_pieces);
  gmproc_test_add ("/connection/PI-01/into", test_receive_into);
  gmproc_test_add ("/connection/PI-01/too-short", test_buffer_too_short);
  gmproc_test_add ("/connection/GM-18/huge", test_huge);
  gmproc_test_add ("/connection/GM-18/huge-range", test_huge_range);
  return g_test_run ();
}
