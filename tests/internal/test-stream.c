/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gmproc-init.h"
#include "gmproc-process.h"
#include "gmproc-target.h"
#include "internal/shareable.h"
#include "internal/worker-link.h"

#include "../support.h"

#define CAPACITY 64
#define BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */
#define LONG (4 * 1024 * 1024)

typedef struct
{
  GmprocStreamPlace place;
  guint8 data[CAPACITY];
  GmprocStream stream;
} Fixture;

/* The stream begins at a position, as it is after that many bytes. */
static void
fixture_init (Fixture *self, guint64 position)
{
  memset (self, 0, sizeof *self);
  self->place.written = self->place.read = position;
  self->stream = (GmprocStream){ &self->place, self->data, CAPACITY };
}

/* What the stream of bytes has at an index; its period fits no power of two. */
static guint8
pattern (guint64 index)
{
  return (guint8) (index % 251);
}

static void
fill (guint8 *bytes, gsize size, guint64 first)
{
  for (gsize i = 0; i < size; i++)
    bytes[i] = pattern (first + i);
}

static void
assert_pattern (const guint8 *bytes, gsize size, guint64 first)
{
  for (gsize i = 0; i < size; i++)
    if (bytes[i] != pattern (first + i))
      g_error ("byte %" G_GUINT64_FORMAT " of the stream is wrong", first + i);
}

static void
test_empty_and_full (void)
{
  guint8 bytes[2 * CAPACITY];
  Fixture fixture;

  fixture_init (&fixture, 0);
  fill (bytes, sizeof bytes, 0);
  g_assert_false (gmproc_stream_has_data (&fixture.stream));
  g_assert_true (gmproc_stream_has_room (&fixture.stream));
  g_assert_cmpuint (gmproc_stream_read (&fixture.stream, bytes, sizeof bytes), ==, 0);
  g_assert_cmpuint (gmproc_stream_write (&fixture.stream, bytes, 0), ==, 0);

  g_assert_cmpuint (gmproc_stream_write (&fixture.stream, bytes, sizeof bytes), ==, CAPACITY);
  g_assert_true (gmproc_stream_has_data (&fixture.stream));
  g_assert_false (gmproc_stream_has_room (&fixture.stream));
  g_assert_cmpuint (gmproc_stream_write (&fixture.stream, bytes, 1), ==, 0);
  g_assert_cmpuint (gmproc_stream_read (&fixture.stream, bytes, 0), ==, 0);

  memset (bytes, 0, sizeof bytes);
  g_assert_cmpuint (gmproc_stream_read (&fixture.stream, bytes, 1), ==, 1);
  g_assert_true (gmproc_stream_has_room (&fixture.stream));
  g_assert_cmpuint (gmproc_stream_read (&fixture.stream, bytes + 1, sizeof bytes), ==,
                    CAPACITY - 1);
  assert_pattern (bytes, CAPACITY, 0);
  g_assert_false (gmproc_stream_has_data (&fixture.stream));
}

/* Pieces of every length begin at every place, also where the positions overflow. */
static void
test_around_the_end (void)
{
  static const guint64 starts[] = { 0, 1, CAPACITY - 1, G_MAXUINT64 - 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      guint64 n_written = 0, n_read = 0;
      guint8 bytes[CAPACITY];
      Fixture fixture;

      fixture_init (&fixture, starts[i]);
      for (gsize round = 0; round < 20 * CAPACITY; round++)
        {
          gsize size = round * 7 % (CAPACITY + 1);

          fill (bytes, size, n_written);
          n_written += gmproc_stream_write (&fixture.stream, bytes, size);
          size = gmproc_stream_read (&fixture.stream, bytes, round * 5 % (CAPACITY + 1));
          assert_pattern (bytes, size, n_read);
          n_read += size;
          g_assert_cmpuint (n_written - n_read, <=, CAPACITY);
        }
      g_assert_cmpuint (n_read, >, 10 * CAPACITY);
    }
}

/* Positions that another process has damaged: nothing outside the data is touched, and no byte
 * comes that was not written. */
static void
test_damaged_positions (void)
{
  guint8 bytes[4 * CAPACITY] = { 0 };
  Fixture fixture;

  fixture_init (&fixture, 0);
  fixture.place.written = CAPACITY + 1;
  g_assert_false (gmproc_stream_has_data (&fixture.stream));
  g_assert_cmpuint (gmproc_stream_read (&fixture.stream, bytes, sizeof bytes), ==, 0);

  fixture_init (&fixture, 0);
  fixture.place.read = 5;
  g_assert_false (gmproc_stream_has_data (&fixture.stream));
  g_assert_cmpuint (gmproc_stream_read (&fixture.stream, bytes, sizeof bytes), ==, 0);
  g_assert_cmpuint (gmproc_stream_write (&fixture.stream, bytes, sizeof bytes), <=, CAPACITY);
}

/* -- two sides --------------------------------------------------------------------------------- */

static gpointer
write_long (gpointer data)
{
  GmprocStream *stream = data;
  g_autofree guint8 *bytes = g_malloc (LONG);
  gsize n_written = 0;

  fill (bytes, LONG, 0);
  while (n_written < LONG)
    {
      gsize size = MIN (n_written % 97 + 1, LONG - n_written);
      gsize count = gmproc_stream_write (stream, bytes + n_written, size);

      g_assert_cmpuint (count, <=, size);
      n_written += count;
      if (count == 0)
        g_thread_yield ();
    }
  return NULL;
}

static void
test_two_threads (void)
{
  GThread *thread;
  Fixture fixture;
  gsize n_read = 0;

  fixture_init (&fixture, 0);
  thread = g_thread_new ("writer", write_long, &fixture.stream);
  while (n_read < LONG)
    {
      guint8 bytes[CAPACITY];
      gsize size = n_read % CAPACITY + 1;
      gsize count = gmproc_stream_read (&fixture.stream, bytes, size);

      g_assert_cmpuint (count, <=, size);
      assert_pattern (bytes, count, n_read);
      n_read += count;
      if (count == 0)
        g_thread_yield ();
    }
  g_thread_join (thread);
  g_assert_false (gmproc_stream_has_data (&fixture.stream));
}

/* Writes for ever, in pieces. */
GMPROC_DEFINE_TARGET (write_until_killed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocWorkerLink) link = NULL;
  guint8 bytes[5000];
  guint64 n_written = 0;
  gint32 handle;

  g_variant_get (args, "h", &handle);
  link = gmproc_shareable_from_handle (handle, GMPROC_TYPE_WORKER_LINK, &error);
  g_assert_no_error (error);
  while (n_written < G_MAXUINT64)
    {
      fill (bytes, sizeof bytes, n_written);
      n_written += gmproc_stream_write (&link->results, bytes, n_written % sizeof bytes + 1);
    }
  return EXIT_FAILURE;
}

static gsize
read_some (GmprocWorkerLink *link, guint64 *n_read)
{
  guint8 bytes[7000];
  gsize count = gmproc_stream_read (&link->results, bytes, sizeof bytes);

  g_assert_cmpuint (count, <=, sizeof bytes);
  assert_pattern (bytes, count, *n_read);
  *n_read += count;
  return count;
}

/* All that was committed is whole. */
static void
test_killed_writer (void)
{
  for (guint round = 0; round < 30; round++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GmprocWorkerLink) link = gmproc_worker_link_new (&error);
      g_autoptr (GmprocProcess) process = NULL;
      guint64 n_read = 0;

      g_assert_no_error (error);
      process = gmproc_process_new (
          write_until_killed,
          g_variant_new_handle (gmproc_shareable_get_handle (GMPROC_SHAREABLE (link))));
      gmproc_process_set_daemon (process, TRUE);
      gmproc_process_start (process, &error);
      g_assert_no_error (error);
      while (n_read < round * 50000 + 1)
        if (read_some (link, &n_read) == 0)
          g_thread_yield ();
      gmproc_process_kill (process, &error);
      g_assert_no_error (error);
      gmproc_process_join (process, BOUND, NULL, &error);
      g_assert_no_error (error);
      while (read_some (link, &n_read) > 0)
        ;
      g_assert_false (gmproc_stream_has_data (&link->results));
    }
}

/* -- the rest of the link ---------------------------------------------------------------------- */

/* One side is a worker, the other one its pool; here they are the same link. */
static void
test_current_item (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocWorkerLink) link = gmproc_worker_link_new (&error);
  guint32 serial, number;

  g_assert_no_error (error);
  g_assert_false (gmproc_worker_link_get_current (link, &serial, &number));
  g_assert_true (gmproc_worker_link_advance (link, G_MAXUINT32, GMPROC_WORKER_LINK_MAX_NUMBER - 1));
  g_assert_true (gmproc_worker_link_get_current (link, &serial, &number));
  g_assert_cmpuint (serial, ==, G_MAXUINT32);
  g_assert_cmpuint (number, ==, GMPROC_WORKER_LINK_MAX_NUMBER - 1);
  g_assert_true (gmproc_worker_link_advance (link, 0, 0));
  g_assert_false (gmproc_worker_link_get_current (link, &serial, &number));
}

/* A worker does not go on from a condemned item, and is not condemned over one that it has left. */
static void
test_condemned_item (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocWorkerLink) link = gmproc_worker_link_new (&error);
  guint32 serial, number;

  g_assert_no_error (error);
  g_assert_true (gmproc_worker_link_advance (link, 7, 0));
  g_assert_true (gmproc_worker_link_advance (link, 7, 1));
  g_assert_false (gmproc_worker_link_condemn (link, 7, 0));
  g_assert_true (gmproc_worker_link_condemn (link, 7, 1));
  g_assert_false (gmproc_worker_link_advance (link, 7, 2));
  g_assert_true (gmproc_worker_link_get_current (link, &serial, &number));
  g_assert_cmpuint (serial, ==, 7);
  g_assert_cmpuint (number, ==, 1);
}

static void
test_waits_for_room (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocWorkerLink) link = gmproc_worker_link_new (&error);

  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      GmprocWorkerLinkStream stream = i, other = 1 - i;

      g_assert_false (gmproc_worker_link_get_waits_for_room (link, stream));
      gmproc_worker_link_set_waits_for_room (link, stream, TRUE);
      g_assert_true (gmproc_worker_link_get_waits_for_room (link, stream));
      g_assert_false (gmproc_worker_link_get_waits_for_room (link, other));
      gmproc_worker_link_set_waits_for_room (link, stream, FALSE);
      g_assert_false (gmproc_worker_link_get_waits_for_room (link, stream));
    }
}

/* A ring between prepare and sleep is not lost; one from before does not count. */
static void
test_bell (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBell) bell = gmproc_bell_new (&error);
  guint32 prepared;

  g_assert_no_error (error);
  prepared = gmproc_bell_prepare (bell);
  gmproc_bell_ring (bell);
  g_assert_true (gmproc_bell_sleep (bell, prepared, g_get_monotonic_time () + BOUND, NULL, &error));
  g_assert_no_error (error);

  prepared = gmproc_bell_prepare (bell);
  g_assert_false (gmproc_bell_sleep (bell, prepared, g_get_monotonic_time () + 1000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

GMPROC_DEFINE_TARGET (do_nothing)
{
  return EXIT_SUCCESS;
}

static void
warm_up (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocProcess) process = gmproc_process_new (do_nothing, NULL);
  g_autoptr (GmprocBell) bell = gmproc_bell_new (&error);

  g_assert_no_error (error);
  gmproc_bell_ring (bell);
  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  gmproc_process_join (process, BOUND, NULL, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/stream/empty-and-full", test_empty_and_full);
  gmproc_test_add ("/stream/around-the-end", test_around_the_end);
  gmproc_test_add ("/stream/damaged-positions", test_damaged_positions);
  gmproc_test_add ("/stream/two-threads", test_two_threads);
  gmproc_test_add ("/stream/killed-writer", test_killed_writer);
  gmproc_test_add ("/stream/current-item", test_current_item);
  gmproc_test_add ("/worker-link/condemned-item", test_condemned_item);
  gmproc_test_add ("/worker-link/waits-for-room", test_waits_for_room);
  gmproc_test_add ("/stream/bell", test_bell);
  return g_test_run ();
}
