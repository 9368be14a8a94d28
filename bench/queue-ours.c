/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The works of a queue, by this library: producers and consumers are processes, and the end of the
 * stream is the queue's own.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define MOST_SIDE (64)
#define NUMBER_BITS (40)
#define NUMBER_MASK ((G_GUINT64_CONSTANT (1) << NUMBER_BITS) - 1)
#define LATENCY_PAUSE (400)      /* microseconds, after which the other side sleeps for sure */
#define BYTES_OF_SIZES (1 << 28) /* that a measurement of a message's size passes at most */
#define LARGE (1 << 16)          /* from here on not too many messages may wait */
#define WAITING_BYTES (1 << 28)
#define EMPTY_QUEUES (64)

/* How items go in and out. */
typedef enum
{
  FORM_VARIANT,
  FORM_BYTES,     /* a GBytes for each */
  FORM_DATA,      /* from and into memory of the caller's, as the peers have it */
  FORM_RECORDS,   /* many with a call: an array of records of eight numbers, 64 bytes each */
  FORM_MANY_BYTES /* many with a call: a GBytes for each */
} Form;

#define RECORD "(tttttttt)"
#define RECORD_SIZE (64)
#define GROUP (512) /* items of a call */

typedef struct
{
  GmprocQueue *queue;
  GmprocQueue *reports; /* one from each that is ready; one from each consumer at its end */
  GmprocEvent *go;
  guint32 index;
  guint32 form;
  gboolean is_latency;
  gint64 count;
  gsize size;
} Role;

#define ROLE_FORMAT "(hhhuubxt)"

static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (EXIT_FAILURE);
}

static void
role_open (Role *self, GVariant *args)
{
  g_autoptr (GError) error = NULL;
  gint32 queue, reports, go;
  guint64 size;

  g_variant_get (args, ROLE_FORMAT, &queue, &reports, &go, &self->index, &self->form,
                 &self->is_latency, &self->count, &size);
  self->size = size;
  self->queue = gmproc_queue_from_handle (queue, &error);
  check (error);
  self->reports = gmproc_queue_from_handle (reports, &error);
  check (error);
  self->go = gmproc_event_from_handle (go, &error);
  check (error);

  gmproc_queue_put (self->reports, g_variant_new_boolean (TRUE), 0, NULL, &error);
  check (error);
  gmproc_event_wait (self->go, GMPROC_FOREVER, NULL, &error);
  check (error);
}

static void
role_close (Role *self)
{
  g_object_unref (self->queue);
  g_object_unref (self->reports);
  g_object_unref (self->go);
}

static void
put_number (Role *self, guint64 number, guint64 *buffer)
{
  g_autoptr (GError) error = NULL;

  if (self->form == FORM_VARIANT)
    gmproc_queue_put (self->queue, g_variant_new_int64 ((gint64) number), GMPROC_FOREVER, NULL,
                      &error);
  else if (self->form == FORM_DATA)
    {
      buffer[0] = number;
      gmproc_queue_put_data (self->queue, (const guint8 *) buffer, self->size, GMPROC_FOREVER, NULL,
                             &error);
    }
  else
    {
      g_autoptr (GBytes) bytes = NULL;

      buffer[0] = number;
      bytes = self->size > LARGE ? g_bytes_new_static (buffer, self->size)
                                 : g_bytes_new (buffer, self->size);
      gmproc_queue_put_bytes (self->queue, bytes, GMPROC_FOREVER, NULL, &error);
    }
  check (error);
}

/* Puts the numbers FIRST … FIRST + N - 1, each at the start of an item. */
static void
put_records (Role *self, guint64 first, gsize n)
{
  guint64 *records = g_malloc0 (n * RECORD_SIZE);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < n; i++)
    records[i * RECORD_SIZE / sizeof *records] = first + i;
  gmproc_queue_put_many (self->queue,
                         g_variant_new_from_data (G_VARIANT_TYPE ("a" RECORD), records,
                                                  n * RECORD_SIZE, TRUE, g_free, records),
                         GMPROC_FOREVER, NULL, NULL, &error);
  check (error);
}

static void
put_many_bytes (Role *self, guint64 first, gsize n)
{
  guint8 record[RECORD_SIZE] = { 0 };
  g_autoptr (GError) error = NULL;
  GBytes *items[GROUP];

  for (gsize i = 0; i < n; i++)
    {
      guint64 number = first + i;

      memcpy (record, &number, sizeof number);
      items[i] = g_bytes_new (record, sizeof record);
    }
  gmproc_queue_put_many_bytes (self->queue, items, n, GMPROC_FOREVER, NULL, NULL, &error);
  for (gsize i = 0; i < n; i++)
    g_bytes_unref (items[i]);
  check (error);
}

GMPROC_DEFINE_TARGET (produce_many)
{
  Role self;

  role_open (&self, args);
  for (gint64 i = 0; i < self.count; i += GROUP)
    {
      guint64 first = (guint64) self.index << NUMBER_BITS | (guint64) i;
      gsize n = (gsize) MIN (GROUP, self.count - i);

      if (self.form == FORM_RECORDS)
        put_records (&self, first, n);
      else
        put_many_bytes (&self, first, n);
    }
  role_close (&self);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (produce)
{
  g_autofree guint64 *buffer = NULL;
  Role self;

  role_open (&self, args);
  buffer = g_malloc0 (MAX (self.size, sizeof *buffer));
  for (gint64 i = 0; i < self.count; i++)
    {
      if (self.is_latency)
        g_usleep (LATENCY_PAUSE);
      put_number (&self,
                  self.is_latency ? (guint64) bench_now_ns ()
                                  : (guint64) self.index << NUMBER_BITS | (guint64) i,
                  buffer);
    }
  role_close (&self);
  return EXIT_SUCCESS;
}

/* FALSE at the end of the stream. */
static gboolean
get_number (Role *self, guint64 *buffer, guint64 *ret_number)
{
  g_autoptr (GError) error = NULL;

  if (self->form == FORM_VARIANT)
    {
      g_autoptr (GVariant) item = gmproc_queue_get (self->queue, GMPROC_FOREVER, NULL, &error);

      if (item != NULL)
        *ret_number = (guint64) g_variant_get_int64 (item);
    }
  else if (self->form == FORM_DATA)
    {
      gsize size = 0;

      if (gmproc_queue_get_into (self->queue, (guint8 *) buffer, self->size, &size, GMPROC_FOREVER,
                                 NULL, &error)
          && size != self->size)
        g_error ("a message has another size");
      *ret_number = buffer[0];
    }
  else
    {
      g_autoptr (GBytes) item = gmproc_queue_get_bytes (self->queue, GMPROC_FOREVER, NULL, &error);

      if (item != NULL && g_bytes_get_size (item) != self->size)
        g_error ("a message has another size");
      if (item != NULL)
        memcpy (ret_number, g_bytes_get_data (item, NULL), sizeof *ret_number);
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return FALSE;
  check (error);
  return TRUE;
}

static void
check_order (guint64 *next, guint64 number)
{
  guint64 producer = number >> NUMBER_BITS;

  if (producer >= MOST_SIDE || (number & NUMBER_MASK) < next[producer])
    g_error ("a message is out of order");
  next[producer] = (number & NUMBER_MASK) + 1;
}

/* How many came; 0 at the end of the stream. */
static gint64
take_records (Role *self, guint64 *next)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) items =
      gmproc_queue_get_many (self->queue, GROUP, GMPROC_FOREVER, NULL, &error);
  const guint64 *records;
  gsize n;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return 0;
  check (error);
  records = g_variant_get_fixed_array (items, &n, RECORD_SIZE);
  for (gsize i = 0; i < n; i++)
    check_order (next, records[i * RECORD_SIZE / sizeof *records]);
  return (gint64) n;
}

static gint64
take_many_bytes (Role *self, guint64 *next)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items =
      gmproc_queue_get_many_bytes (self->queue, GROUP, GMPROC_FOREVER, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return 0;
  check (error);
  for (guint i = 0; i < items->len; i++)
    {
      guint64 number;

      memcpy (&number, g_bytes_get_data (items->pdata[i], NULL), sizeof number);
      check_order (next, number);
    }
  return items->len;
}

static void
report (Role *self, gint64 count, double median)
{
  g_autoptr (GError) error = NULL;

  gmproc_queue_put (self->reports, g_variant_new ("(xd)", count, median), 0, NULL, &error);
  check (error);
}

GMPROC_DEFINE_TARGET (consume_many)
{
  guint64 next[MOST_SIDE] = { 0 };
  gint64 count = 0, n;
  Role self;

  role_open (&self, args);
  do
    {
      n = self.form == FORM_RECORDS ? take_records (&self, next) : take_many_bytes (&self, next);
      count += n;
    }
  while (n > 0);
  report (&self, count, 0);
  role_close (&self);
  return EXIT_SUCCESS;
}

/* Reports how many came, and the median of what they took on the way. */
GMPROC_DEFINE_TARGET (consume)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (double));
  g_autofree guint64 *buffer = NULL;
  guint64 next[MOST_SIDE] = { 0 };
  gint64 count = 0;
  guint64 number = 0;
  Role self;

  role_open (&self, args);
  buffer = g_malloc0 (MAX (self.size, sizeof *buffer));
  for (; get_number (&self, buffer, &number); count++)
    if (self.is_latency)
      {
        double sample = (double) (bench_now_ns () - (gint64) number);

        g_array_append_val (samples, sample);
      }
    else
      check_order (next, number);
  report (&self, count,
          samples->len == 0 ? 0 : bench_median ((double *) (gpointer) samples->data, samples->len));
  role_close (&self);
  return EXIT_SUCCESS;
}

/* -- in the parent ----------------------------------------------------------------------------- */

typedef struct
{
  Role role; /* what all have in common */
  gint64 n_producers;
  gint64 n_consumers;
  GmprocProcess *processes[2 * MOST_SIDE]; /* producers first */
  double median;
} Crew;

static gboolean
start_one (Crew *self, gint64 i, GError **error)
{
  gboolean is_producer = i < self->n_producers;
  const Role *role = &self->role;
  GVariant *args = g_variant_new (
      ROLE_FORMAT, gmproc_queue_get_handle (role->queue), gmproc_queue_get_handle (role->reports),
      gmproc_event_get_handle (role->go), (guint32) (is_producer ? i : i - self->n_producers),
      role->form, role->is_latency, role->count, (guint64) role->size);

  if (role->form < FORM_RECORDS)
    self->processes[i] = gmproc_process_new (is_producer ? produce : consume, args);
  else
    self->processes[i] = gmproc_process_new (is_producer ? produce_many : consume_many, args);
  gmproc_process_set_daemon (self->processes[i], TRUE);
  return gmproc_process_start (self->processes[i], error);
}

static gboolean
start_all (Crew *self, guint max_size, GError **error)
{
  if (self->n_producers > MOST_SIDE || self->n_consumers > MOST_SIDE)
    return bench_fail_support (error, "not with so many");
  self->role.queue = gmproc_queue_new (max_size, error);
  if (self->role.queue == NULL)
    return FALSE;
  self->role.reports = gmproc_queue_new (0, error);
  if (self->role.reports == NULL)
    return FALSE;
  self->role.go = gmproc_event_new (error);
  if (self->role.go == NULL)
    return FALSE;

  for (gint64 i = 0; i < self->n_producers + self->n_consumers; i++)
    if (!start_one (self, i, error))
      return FALSE;
  for (gint64 i = 0; i < self->n_producers + self->n_consumers; i++)
    {
      g_autoptr (GVariant) ready =
          gmproc_queue_get (self->role.reports, GMPROC_FOREVER, NULL, error);

      if (ready == NULL)
        return FALSE;
    }
  return TRUE;
}

static gboolean
join_all (Crew *self, gint64 begin, gint64 end, GError **error)
{
  for (gint64 i = begin; i < end; i++)
    {
      if (!gmproc_process_join (self->processes[i], GMPROC_FOREVER, NULL, error))
        return FALSE;
      if (gmproc_process_get_exit_code (self->processes[i]) != 0)
        return bench_fail_check (error, "a child failed");
    }
  return TRUE;
}

/* Waits for the consumers' reports. */
static gboolean
collect (Crew *self, GError **error)
{
  gint64 count = 0;

  for (gint64 i = 0; i < self->n_consumers; i++)
    {
      g_autoptr (GVariant) report =
          gmproc_queue_get (self->role.reports, GMPROC_FOREVER, NULL, error);
      gint64 more;

      if (report == NULL)
        return FALSE;
      g_variant_get (report, "(xd)", &more, &self->median);
      count += more;
    }
  return count == self->n_producers * self->role.count
         || bench_fail_check (error, "a message is missing");
}

static void
crew_clear (Crew *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->processes); i++)
    g_clear_object (&self->processes[i]);
  g_clear_object (&self->role.queue);
  g_clear_object (&self->role.reports);
  g_clear_object (&self->role.go);
}

/* Seconds, or negative with an error. */
static double
run (Crew *self, guint max_size, GError **error)
{
  double seconds = -1;

  if (start_all (self, max_size, error))
    {
      gint64 begin = g_get_monotonic_time ();

      gmproc_event_set (self->role.go);
      if (join_all (self, 0, self->n_producers, error))
        {
          gmproc_queue_close (self->role.queue);
          if (collect (self, error))
            seconds = bench_seconds_since (begin);
        }
      if (seconds >= 0
          && !join_all (self, self->n_producers, self->n_producers + self->n_consumers, error))
        seconds = -1;
    }
  crew_clear (self);
  return seconds;
}

static double
measure_crowd (const BenchJob *job, Form form, GError **error)
{
  Crew crew = { .n_producers = bench_get (job, "producers", 1),
                .n_consumers = bench_get (job, "consumers", 1),
                .role = { .form = form, .size = (gsize) bench_get (job, "size", 8) } };
  double seconds;

  crew.role.count = MAX (job->count / MAX (crew.n_producers, 1), 1);
  /* Room enough that nobody waits often, and not so much that new memory is what is measured. */
  seconds = run (&crew, (guint) bench_get (job, "room", form < FORM_RECORDS ? 0 : 8192), error);
  if (seconds < 0)
    return seconds;
  return bench_millions_a_second (crew.role.count * crew.n_producers, seconds);
}

static double
measure_variant (const BenchJob *job, GError **error)
{
  return measure_crowd (job, FORM_VARIANT, error);
}

static double
measure_data (const BenchJob *job, GError **error)
{
  return measure_crowd (job, FORM_DATA, error);
}

static double
measure_bytes (const BenchJob *job, GError **error)
{
  return measure_crowd (job, FORM_BYTES, error);
}

static double
measure_records (const BenchJob *job, GError **error)
{
  return measure_crowd (job, FORM_RECORDS, error);
}

static double
measure_many_bytes (const BenchJob *job, GError **error)
{
  return measure_crowd (job, FORM_MANY_BYTES, error);
}

static double
measure_size (const BenchJob *job, GError **error)
{
  gint64 size = bench_get (job, "size", 8);
  Crew crew = { .n_producers = 1,
                .n_consumers = 1,
                .role = { .form = FORM_DATA,
                          .size = (gsize) size,
                          .count = CLAMP (BYTES_OF_SIZES / size, 4, job->count) } };
  double seconds = run (&crew, size < LARGE ? 0 : (guint) MAX (WAITING_BYTES / size, 1), error);

  return seconds < 0 ? seconds : (double) (crew.role.count * size) / seconds / 1e9;
}

static double
measure_latency (const BenchJob *job, GError **error)
{
  Crew crew = { .n_producers = 1,
                .n_consumers = 1,
                .role = { .form = FORM_DATA, .size = 8, .is_latency = TRUE, .count = job->count } };

  return run (&crew, 0, error) < 0 ? -1 : crew.median / 1000;
}

/* -- without other processes ------------------------------------------------------------------- */

static double
measure_depth (const BenchJob *job, GError **error)
{
  gint64 depth = bench_get (job, "depth", 1);
  gint64 rounds = MAX (job->count / depth, 1);
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, error);
  g_autoptr (GBytes) item = g_bytes_new_static ("8 bytes!", 8);
  gint64 begin = g_get_monotonic_time ();

  if (queue == NULL)
    return -1;
  for (gint64 round = 0; round < rounds; round++)
    {
      for (gint64 i = 0; i < depth; i++)
        if (!gmproc_queue_put_bytes (queue, item, 0, NULL, error))
          return -1;
      for (gint64 i = 0; i < depth; i++)
        {
          g_autoptr (GBytes) back = gmproc_queue_get_bytes (queue, 0, NULL, error);

          if (back == NULL)
            return -1;
        }
    }
  return bench_millions_a_second (rounds * depth, bench_seconds_since (begin));
}

static double
measure_memory_empty (G_GNUC_UNUSED const BenchJob *job, GError **error)
{
  g_autoptr (GmprocQueue) first = gmproc_queue_new (0, error);
  g_autoptr (GBytes) item = g_bytes_new_static ("8 bytes!", 8);
  g_autoptr (GPtrArray) queues = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 before = bench_get_memory (error);
  gint64 after;

  if (first == NULL || before < 0)
    return -1;
  for (guint i = 0; i < EMPTY_QUEUES; i++)
    {
      GmprocQueue *queue = gmproc_queue_new (0, error);
      g_autoptr (GBytes) back = NULL;

      if (queue == NULL)
        return -1;
      g_ptr_array_add (queues, queue);
      if (!gmproc_queue_put_bytes (queue, item, 0, NULL, error))
        return -1;
      back = gmproc_queue_get_bytes (queue, 0, NULL, error);
      if (back == NULL)
        return -1;
    }
  after = bench_get_memory (error);
  return after < 0 ? -1 : (double) (after - before) / EMPTY_QUEUES / 1024;
}

static double
measure_memory_waiting (const BenchJob *job, GError **error)
{
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, error);
  g_autoptr (GBytes) item = g_bytes_new_static ("8 bytes!", 8);
  gint64 before = bench_get_memory (error);
  gint64 after;

  if (queue == NULL || before < 0)
    return -1;
  for (gint64 i = 0; i < job->count; i++)
    if (!gmproc_queue_put_bytes (queue, item, 0, NULL, error))
      return -1;
  after = bench_get_memory (error);
  return after < 0 ? -1 : (double) (after - before) / (1024 * 1024) * 1e6 / (double) job->count;
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = { { "queue-variant", "M/s", measure_variant, 1000000 },
                                     { "queue-bytes", "M/s", measure_data, 4000000 },
                                     { "queue-gbytes", "M/s", measure_bytes, 2000000 },
                                     { "queue-many", "M/s", measure_records, 10000000 },
                                     { "queue-many-bytes", "M/s", measure_many_bytes, 5000000 },
                                     { "queue-size", "GB/s", measure_size, 1000000 },
                                     { "queue-latency", "us", measure_latency, 500 },
                                     { "queue-depth", "M/s", measure_depth, 1000000 },
                                     { "queue-memory-empty", "KiB", measure_memory_empty, 1 },
                                     { "queue-memory-waiting", "MiB", measure_memory_waiting,
                                       1000000 },
                                     { NULL, NULL, NULL, 0 } };

  gmproc_init (&argc, &argv);
  return bench_main (argc, argv, "ours", works);
}
