/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "queue-crowd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_SIDE (64)
#define MOST_SAMPLES (4096)
#define NUMBER_BITS (40)
#define LOOK (500)               /* microseconds between two looks of the parent */
#define LATENCY_PAUSE (400)      /* microseconds, after which the other side sleeps for sure */
#define BYTES_OF_SIZES (1 << 28) /* that a measurement of a message's size passes at most */

/* Shared by the parent and the children; each line has one writer. */
typedef struct
{
  guint64 n_taken;
  guint64 is_wrong;
  guint64 unused[6];
} ConsumerCard;

typedef struct
{
  gint n_ready;
  gint go;
  ConsumerCard cards[MOST_SIDE];
  double samples[MOST_SAMPLES];
} Board;

typedef struct
{
  const CrowdPeer *peer;
  Board *board;
  gint64 n_producers;
  gint64 n_consumers;
  gint64 per_producer;
  gsize size;
  gboolean is_latency;
  gboolean is_variant; /* the number is a GVariant, at either end */
  pid_t producers[MOST_SIDE];
  pid_t consumers[MOST_SIDE];
} Crowd;

static const CrowdPeer *the_peer;

void
crowd_die (const char *what)
{
  fprintf (stderr, "%s: %s\n", what, strerror (errno));
  _exit (EXIT_FAILURE);
}

const char *
crowd_get_name (const char *prefix)
{
  static char *name;

  if (name == NULL)
    name = g_strdup_printf ("%sgmproc-bench-%d", prefix, (int) getpid ());
  return name;
}

/* -- in the children --------------------------------------------------------------------------- */

static void
wait_for_go (Crowd *self)
{
  g_atomic_int_inc (&self->board->n_ready);
  while (!g_atomic_int_get (&self->board->go))
    g_usleep (100);
}

/* What this library's callers do by a call: make a value, and let it go when it is serialised. */
static void
write_variant (guint64 *message, guint64 number)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_int64 ((gint64) number));

  g_variant_store (value, message);
}

static guint64
read_variant (const guint64 *message)
{
  g_autoptr (GBytes) bytes = g_bytes_new (message, sizeof *message);
  g_autoptr (GVariant) value =
      g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_INT64, bytes, FALSE));

  return (guint64) g_variant_get_int64 (value);
}

static void
produce (Crowd *self, gint64 index)
{
  g_autofree guint64 *message = g_malloc0 (MAX (self->size, sizeof *message));

  for (gint64 i = 0; i < self->per_producer; i++)
    {
      guint64 number = (guint64) index << NUMBER_BITS | (guint64) i;

      if (self->is_latency)
        {
          g_usleep (LATENCY_PAUSE);
          number = (guint64) bench_now_ns ();
        }
      if (self->is_variant)
        write_variant (message, number);
      else
        message[0] = number;
      self->peer->put (message, self->size);
    }
  if (self->peer->flush != NULL)
    self->peer->flush ();
  if (self->peer->end_producer != NULL)
    self->peer->end_producer ();
}

static void
consume (Crowd *self, gint64 index)
{
  ConsumerCard *card = &self->board->cards[index];
  g_autofree guint64 *message = g_malloc0 (MAX (self->size, sizeof *message));
  guint64 next[MOST_SIDE] = { 0 };

  for (guint64 n = 0;; n++)
    {
      guint64 value, number, producer;

      self->peer->get (message, self->size);
      value = self->is_variant ? read_variant (message) : message[0];
      number = value & ((G_GUINT64_CONSTANT (1) << NUMBER_BITS) - 1);
      producer = value >> NUMBER_BITS;
      if (self->is_latency)
        self->board->samples[n % MOST_SAMPLES] = (double) (bench_now_ns () - (gint64) value);
      else if (producer >= MOST_SIDE || number < next[producer])
        card->is_wrong = 1;
      else
        next[producer] = number + 1;
      __atomic_store_n (&card->n_taken, n + 1, __ATOMIC_RELEASE);
    }
}

static pid_t
start (Crowd *self, gboolean is_producer, gint64 index)
{
  void (*attach) (gint64) = is_producer ? self->peer->attach_producer : self->peer->attach_consumer;
  pid_t pid = fork ();

  if (pid != 0)
    return pid;

  /* A measurement that is given up leaves nobody behind. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (attach != NULL)
    attach (index);
  wait_for_go (self);
  if (is_producer)
    produce (self, index);
  else
    consume (self, index);
  _exit (EXIT_SUCCESS);
}

/* -- in the parent ----------------------------------------------------------------------------- */

static gboolean
has_ended_badly (pid_t *pid)
{
  int status;

  if (*pid <= 0 || waitpid (*pid, &status, WNOHANG) != *pid)
    return FALSE;
  *pid = 0;
  return !WIFEXITED (status) || WEXITSTATUS (status) != EXIT_SUCCESS;
}

static gboolean
check_children (Crowd *self, GError **error)
{
  for (gint64 i = 0; i < self->n_producers; i++)
    if (has_ended_badly (&self->producers[i]))
      return bench_fail_check (error, "a producer failed");
  for (gint64 i = 0; i < self->n_consumers; i++)
    if (has_ended_badly (&self->consumers[i]))
      return bench_fail_check (error, "a consumer failed");
  return TRUE;
}

static gint64
count_taken (Crowd *self)
{
  gint64 sum = 0;

  for (gint64 i = 0; i < self->n_consumers; i++)
    sum += (gint64) __atomic_load_n (&self->board->cards[i].n_taken, __ATOMIC_ACQUIRE);
  return sum;
}

static gboolean
await_ready (Crowd *self, gint64 n, GError **error)
{
  while (g_atomic_int_get (&self->board->n_ready) < n)
    {
      if (!check_children (self, error))
        return FALSE;
      g_usleep (LOOK);
    }
  return TRUE;
}

/* Consumers first: with some peers they are whom a producer connects to. */
static gboolean
start_all (Crowd *self, GError **error)
{
  for (gint64 i = 0; i < self->n_consumers; i++)
    self->consumers[i] = start (self, FALSE, i);
  if (!await_ready (self, self->n_consumers, error))
    return FALSE;
  for (gint64 i = 0; i < self->n_producers; i++)
    self->producers[i] = start (self, TRUE, i);
  return await_ready (self, self->n_consumers + self->n_producers, error);
}

/* Seconds, or negative with an error. */
static double
run (Crowd *self, GError **error)
{
  gint64 total = self->n_producers * self->per_producer;
  gint64 begin;
  double seconds;

  if (!start_all (self, error))
    return -1;
  begin = g_get_monotonic_time ();
  g_atomic_int_set (&self->board->go, TRUE);
  while (count_taken (self) < total)
    {
      if (!check_children (self, error))
        return -1;
      g_usleep (LOOK);
    }
  seconds = bench_seconds_since (begin);

  for (gint64 i = 0; i < self->n_consumers; i++)
    if (self->board->cards[i].is_wrong)
      return bench_fail_check (error, "a message is out of order or damaged") - 1;
  return seconds;
}

static void
end_children (Crowd *self)
{
  for (gint64 i = 0; i < 2 * MOST_SIDE; i++)
    {
      pid_t pid = i < MOST_SIDE ? self->producers[i] : self->consumers[i - MOST_SIDE];

      if (pid <= 0)
        continue;
      kill (pid, SIGKILL);
      waitpid (pid, NULL, 0);
    }
}

static double
measure (Crowd *self, GError **error)
{
  double seconds;

  if (self->n_producers > MOST_SIDE || self->n_consumers > MOST_SIDE
      || (self->peer->is_one && (self->n_producers > 1 || self->n_consumers > 1))
      || (self->peer->largest > 0 && self->size > self->peer->largest))
    return bench_fail_support (error, "not with so many, or so large messages") - 1;

  self->board =
      mmap (NULL, sizeof *self->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (self->board == MAP_FAILED)
    return bench_fail_errno (error, "mmap") - 1;
  self->peer->open (self->n_producers, self->n_consumers, self->size);
  seconds = run (self, error);
  end_children (self);
  if (self->peer->close != NULL)
    self->peer->close ();
  return seconds;
}

/* Millions a second, or negative with an error. */
static double
measure_rate (const BenchJob *job, Crowd *crowd, GError **error)
{
  double seconds;

  crowd->peer = the_peer;
  crowd->n_producers = bench_get (job, "producers", 1);
  crowd->n_consumers = bench_get (job, "consumers", 1);
  crowd->per_producer = MAX (job->count / crowd->n_producers, 1);
  seconds = measure (crowd, error);
  if (seconds < 0)
    return seconds;
  return bench_millions_a_second (crowd->per_producer * crowd->n_producers, seconds);
}

static double
measure_bytes (const BenchJob *job, GError **error)
{
  Crowd crowd = { .size = (gsize) bench_get (job, "size", 8) };

  return measure_rate (job, &crowd, error);
}

static double
measure_variant (const BenchJob *job, GError **error)
{
  Crowd crowd = { .size = sizeof (guint64), .is_variant = TRUE };

  return measure_rate (job, &crowd, error);
}

static double
measure_many (const BenchJob *job, GError **error)
{
  Crowd crowd = {
    .peer = the_peer, .n_producers = 1, .n_consumers = 1, .size = 64, .per_producer = job->count
  };
  double seconds;

  if (the_peer->flush == NULL)
    return bench_fail_support (error, "no call for many messages") - 1;
  seconds = measure (&crowd, error);
  return seconds < 0 ? seconds : bench_millions_a_second (job->count, seconds);
}

static double
measure_size (const BenchJob *job, GError **error)
{
  gint64 size = bench_get (job, "size", 8);
  gint64 count = CLAMP (BYTES_OF_SIZES / size, 4, job->count);
  Crowd crowd = { .peer = the_peer,
                  .n_producers = 1,
                  .n_consumers = 1,
                  .size = (gsize) size,
                  .per_producer = count };
  double seconds = measure (&crowd, error);

  return seconds < 0 ? seconds : (double) (count * size) / seconds / 1e9;
}

static double
measure_latency (const BenchJob *job, GError **error)
{
  gint64 count = MIN (job->count, MOST_SAMPLES);
  Crowd crowd = { .peer = the_peer,
                  .n_producers = 1,
                  .n_consumers = 1,
                  .size = sizeof (guint64),
                  .per_producer = count,
                  .is_latency = TRUE };

  if (measure (&crowd, error) < 0)
    return -1;
  return bench_median (crowd.board->samples, (gsize) count) / 1000;
}

int
crowd_main (int argc, char **argv, const CrowdPeer *peer)
{
  static const BenchWork works[] = { { "queue-variant", "M/s", measure_variant, 500000 },
                                     { "queue-bytes", "M/s", measure_bytes, 500000 },
                                     { "queue-many", "M/s", measure_many, 10000000 },
                                     { "queue-size", "GB/s", measure_size, 200000 },
                                     { "queue-latency", "us", measure_latency, 500 },
                                     { NULL, NULL, NULL, 0 } };

  the_peer = peer;
  return bench_main (argc, argv, peer->name, works);
}
