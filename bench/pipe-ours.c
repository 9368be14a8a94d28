/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The works of a pipe, by GmprocConnection.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define WARM_UP (500)
#define SMALL (8)

/* How messages of one way are sent and received. */
typedef enum
{
  AS_BYTES,
  AS_BUFFER,
  AS_VARIANT
} Form;

static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (EXIT_FAILURE);
}

static GmprocProcess *
start (GmprocTarget target, GVariant *args)
{
  GmprocProcess *process = gmproc_process_new (target, args);
  g_autoptr (GError) error = NULL;

  gmproc_process_set_daemon (process, TRUE);
  gmproc_process_start (process, &error);
  check (error);
  return process;
}

static gboolean
join (GmprocProcess *process, GError **error)
{
  g_autoptr (GmprocProcess) owned = process;

  if (!gmproc_process_join (process, GMPROC_FOREVER, NULL, error))
    return FALSE;
  return gmproc_process_get_exit_code (process) == EXIT_SUCCESS
         || bench_fail_check (error, "a process failed");
}

static GmprocConnection *
open_connection (GVariant *args)
{
  g_autoptr (GError) error = NULL;
  GmprocConnection *connection;
  gint32 handle;

  g_variant_get_child (args, 0, "h", &handle);
  connection = gmproc_connection_from_handle (handle, &error);
  check (error);
  return connection;
}

/* -- there and back ---------------------------------------------------------------------------- */

static gint64
receive_number (GmprocConnection *connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = gmproc_connection_receive (connection, GMPROC_FOREVER, NULL, &error);

  check (error);
  return g_variant_get_int64 (value);
}

static void
send_number (GmprocConnection *connection, gint64 number)
{
  g_autoptr (GError) error = NULL;

  gmproc_connection_send (connection, g_variant_new_int64 (number), NULL, &error);
  check (error);
}

static void
receive_small (GmprocConnection *connection, guint8 *buffer)
{
  g_autoptr (GError) error = NULL;
  gsize size = 0;

  gmproc_connection_receive_into (connection, buffer, SMALL, 0, &size, GMPROC_FOREVER, NULL,
                                  &error);
  check (error);
  if (size != SMALL)
    exit (EXIT_FAILURE);
}

static void
send_small (GmprocConnection *connection, const guint8 *buffer)
{
  g_autoptr (GError) error = NULL;

  gmproc_connection_send_range (connection, buffer, SMALL, 0, SMALL, NULL, &error);
  check (error);
}

GMPROC_DEFINE_TARGET (answer)
{
  g_autoptr (GmprocConnection) connection = open_connection (args);
  guint8 buffer[SMALL];
  gboolean as_variant;
  gint64 count;

  g_variant_get (args, "(hxb)", NULL, &count, &as_variant);
  for (gint64 i = 0; i < count; i++)
    if (as_variant)
      send_number (connection, receive_number (connection));
    else
      {
        receive_small (connection, buffer);
        send_small (connection, buffer);
      }
  return EXIT_SUCCESS;
}

static gboolean
travel (GmprocConnection *connection, gboolean as_variant, gint64 count, GError **error)
{
  for (gint64 i = 0; i < count; i++)
    {
      gint64 back = -1;

      if (as_variant)
        {
          send_number (connection, i);
          back = receive_number (connection);
        }
      else
        {
          send_small (connection, (const guint8 *) &i);
          receive_small (connection, (guint8 *) &back);
        }
      if (back != i)
        return bench_fail_check (error, "another number came back");
    }
  return TRUE;
}

static double
measure_trips (const BenchJob *job, gboolean as_variant, GError **error)
{
  g_autoptr (GmprocConnection) here = NULL;
  g_autoptr (GmprocConnection) there = NULL;
  GmprocProcess *other;
  gint64 begin, end;

  if (!gmproc_pipe_new (TRUE, &here, &there, error))
    return -1;
  other = start (answer, g_variant_new ("(hxb)", gmproc_connection_get_handle (there),
                                        WARM_UP + job->count, as_variant));
  gmproc_connection_close (there);
  if (!travel (here, as_variant, WARM_UP, error))
    return -1;
  begin = bench_now_ns ();
  if (!travel (here, as_variant, job->count, error))
    return -1;
  end = bench_now_ns ();
  return join (other, error) ? (double) (end - begin) / (double) job->count / 1000 : -1;
}

static double
measure_round_trip (const BenchJob *job, GError **error)
{
  return measure_trips (job, FALSE, error);
}

static double
measure_round_trip_variant (const BenchJob *job, GError **error)
{
  return measure_trips (job, TRUE, error);
}

/* -- one way ----------------------------------------------------------------------------------- */

static void
send_one (GmprocConnection *connection, Form form, guint8 *buffer, gsize size)
{
  g_autoptr (GError) error = NULL;

  if (form == AS_VARIANT)
    gmproc_connection_send (
        connection,
        g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, buffer, size, TRUE, NULL, NULL), NULL,
        &error);
  else
    gmproc_connection_send_range (connection, buffer, size, 0, size, NULL, &error);
  check (error);
}

/* The number of a message is at its beginning and at its end. */
static void
mark (guint8 *buffer, gsize size, gint64 number)
{
  memcpy (buffer, &number, sizeof number);
  memcpy (buffer + size - sizeof number, &number, sizeof number);
}

static gboolean
is_marked (const guint8 *data, gsize size, gint64 number)
{
  return memcmp (data, &number, sizeof number) == 0
         && memcmp (data + size - sizeof number, &number, sizeof number) == 0;
}

GMPROC_DEFINE_TARGET (send_all)
{
  g_autoptr (GmprocConnection) connection = open_connection (args);
  g_autofree guint8 *buffer = NULL;
  gint64 count, size;
  gint32 form;

  g_variant_get (args, "(hxxi)", NULL, &count, &size, &form);
  buffer = g_malloc0 ((gsize) size);
  for (gint64 i = 0; i < count; i++)
    {
      mark (buffer, (gsize) size, i);
      send_one (connection, (Form) form, buffer, (gsize) size);
    }
  return EXIT_SUCCESS;
}

static gboolean
receive_one (GmprocConnection *connection, Form form, guint8 *buffer, gsize size, gint64 number,
             GError **error)
{
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *data = buffer;
  gsize came = 0;

  if (form == AS_VARIANT)
    {
      value = gmproc_connection_receive (connection, GMPROC_FOREVER, NULL, error);
      data = value != NULL ? g_variant_get_fixed_array (value, &came, 1) : NULL;
    }
  else if (form == AS_BYTES)
    {
      bytes = gmproc_connection_receive_bytes (connection, GMPROC_FOREVER, NULL, error);
      data = bytes != NULL ? g_bytes_get_data (bytes, &came) : NULL;
    }
  else if (!gmproc_connection_receive_into (connection, buffer, size, 0, &came, GMPROC_FOREVER,
                                            NULL, error))
    return FALSE;

  if (data == NULL)
    return FALSE;
  return (came == size && is_marked (data, size, number))
         || bench_fail_check (error, "another message came");
}

/* The clock starts with the first message, when the sender is there. */
static double
measure_one_way (const BenchJob *job, Form form, GError **error)
{
  gsize size = (gsize) MAX (bench_get (job, "size", 1 << 20), 8);
  g_autofree guint8 *buffer = g_malloc0 (size);
  g_autoptr (GmprocConnection) here = NULL;
  g_autoptr (GmprocConnection) there = NULL;
  GmprocProcess *other;
  gint64 begin = 0, end;

  if (!gmproc_pipe_new (FALSE, &here, &there, error))
    return -1;
  other = start (send_all, g_variant_new ("(hxxi)", gmproc_connection_get_handle (there),
                                          job->count + 1, (gint64) size, (gint32) form));
  gmproc_connection_close (there);
  for (gint64 i = 0; i <= job->count; i++)
    {
      if (!receive_one (here, form, buffer, size, i, error))
        return -1;
      if (i == 0)
        begin = bench_now_ns ();
    }
  end = bench_now_ns ();
  return join (other, error) ? (double) job->count * (double) size / (double) (end - begin) : -1;
}

static double
measure_bytes (const BenchJob *job, GError **error)
{
  return measure_one_way (job, AS_BYTES, error);
}

static double
measure_buffer (const BenchJob *job, GError **error)
{
  return measure_one_way (job, AS_BUFFER, error);
}

static double
measure_variant (const BenchJob *job, GError **error)
{
  return measure_one_way (job, AS_VARIANT, error);
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = {
    { "pipe-round-trip", "us", measure_round_trip, 20000 },
    { "pipe-round-trip-variant", "us", measure_round_trip_variant, 20000 },
    { "pipe-bytes", "GB/s", measure_bytes, 500 },
    { "pipe-buffer", "GB/s", measure_buffer, 500 },
    { "pipe-variant", "GB/s", measure_variant, 500 },
    { NULL, NULL, NULL, 0 },
  };

  gmproc_init (&argc, &argv);
  return bench_main (argc, argv, "ours", works);
}
