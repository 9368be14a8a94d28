/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A queue whose producers and consumers are killed at moments that nobody chose.
 *
 * Each producer reports every put that has returned, and each consumer every item that it got, on a
 * pipe of its own, which outlives it. From the reports follows what may be missing: an item that a
 * consumer took and could not report any more, one for each consumer that was killed.
 *
 * GMPROC_TEST_ROUNDS says how many rounds to play instead of what fits into some seconds.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "party.h"
#include "support.h"

#define DEFAULT_TIME (3 * G_TIME_SPAN_SECOND)
#define MAX_SIDE 3 /* producers, and consumers */
#define MAX_PUTS 3000
#define MAX_BODY (200 * 1024)

typedef struct
{
  guint32 producer;
  guint32 number;
  guint32 seed;
  guint32 size; /* of the body that follows */
} Head;

typedef struct
{
  guint32 producer;
  guint32 number;
} Report;

/* Most items are small, some are as large as the ring is at first, and a few are larger. */
static guint32
choose_size (GRand *rand)
{
  gint32 dice = g_rand_int_range (rand, 0, 100);
  gint32 limit = dice < 60 ? 64 : dice < 95 ? 4096 : MAX_BODY;

  return (guint32) g_rand_int_range (rand, 0, limit);
}

static guint8
get_byte (const Head *head, guint32 index)
{
  return (guint8) ((head->seed >> (index % 4 * 8)) + index * 13 + (index >> 10) + head->number);
}

static GBytes *
make_item (const Head *head)
{
  gsize size = sizeof *head + head->size;
  guint8 *data = g_malloc (size);

  memcpy (data, head, sizeof *head);
  for (guint32 i = 0; i < head->size; i++)
    data[sizeof *head + i] = get_byte (head, i);
  return g_bytes_new_take (data, size);
}

static void
check_item (GBytes *item, Head *ret_head)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (item, &size);

  g_assert_cmpuint (size, >=, sizeof *ret_head);
  memcpy (ret_head, data, sizeof *ret_head);
  g_assert_cmpuint (size, ==, sizeof *ret_head + ret_head->size);
  for (guint32 i = 0; i < ret_head->size; i++)
    if (data[sizeof *ret_head + i] != get_byte (ret_head, i))
      g_error ("item %u of producer %u is torn at byte %u of %u", ret_head->number,
               ret_head->producer, i, ret_head->size);
}

static void
send_report (GmprocConnection *connection, guint32 producer, guint32 number)
{
  Report report = { producer, number };
  g_autoptr (GBytes) bytes = g_bytes_new (&report, sizeof report);
  g_autoptr (GError) error = NULL;

  gmproc_connection_send_bytes (connection, bytes, NULL, &error);
  g_assert_no_error (error);
}

GMPROC_DEFINE_TARGET (produce)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocEvent) stop = party_open_event (args, 1);
  g_autoptr (GmprocConnection) reports = open_handle (args, 2);
  g_autoptr (GRand) rand = NULL;
  Head head = { 0 };
  guint32 seed;

  g_variant_get_child (args, 3, "u", &head.producer);
  g_variant_get_child (args, 4, "u", &seed);
  rand = g_rand_new_with_seed (seed);
  while (head.number < MAX_PUTS && !gmproc_event_is_set (stop))
    {
      g_autoptr (GBytes) item = NULL;
      g_autoptr (GError) error = NULL;

      head.seed = g_rand_int (rand);
      head.size = choose_size (rand);
      item = make_item (&head);
      gmproc_queue_put_bytes (queue, item, PARTY_BOUND, NULL, &error);
      g_assert_no_error (error);
      send_report (reports, head.producer, head.number);
      head.number++;
    }
  party_wait (stop); /* it can be killed until then */
  gmproc_connection_close (reports);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (consume)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GmprocConnection) reports = open_handle (args, 2);
  g_autoptr (GError) error = NULL;
  GBytes *item;

  while ((item = gmproc_queue_get_bytes (queue, PARTY_BOUND, NULL, &error)) != NULL)
    {
      Head head;

      check_item (item, &head);
      g_bytes_unref (item);
      send_report (reports, head.producer, head.number);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  gmproc_connection_close (reports);
  return EXIT_SUCCESS;
}

/* -- one party as the test sees it ------------------------------------------------------------- */

typedef struct
{
  Party *party;
  GmprocConnection *reader;
  GmprocConnection *writer; /* closed, unless the party is a thread */
  GThread *collector;
  GArray *reports; /* Report; written by the collector until it is joined */
  gboolean is_killed;
} Player;

static gpointer
collect (gpointer data)
{
  Player *player = data;
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  while ((bytes = gmproc_connection_receive_bytes (player->reader, 2 * PARTY_BOUND, NULL, &error))
         != NULL)
    {
      g_assert_cmpuint (g_bytes_get_size (bytes), ==, sizeof (Report));
      g_array_append_vals (player->reports, g_bytes_get_data (bytes, NULL), 1);
      g_bytes_unref (bytes);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  return NULL;
}

static void
player_start (Player *self, PartyKind kind, GmprocTarget target, GmprocQueue *queue,
              GmprocEvent *stop, guint32 number)
{
  g_autoptr (GError) error = NULL;
  GVariant *args;

  gmproc_pipe_new (FALSE, &self->reader, &self->writer, &error);
  g_assert_no_error (error);
  args = g_variant_new ("(hhhuu)", gmproc_queue_get_handle (queue), gmproc_event_get_handle (stop),
                        gmproc_connection_get_handle (self->writer), number, g_test_rand_int ());
  self->reports = g_array_new (FALSE, FALSE, sizeof (Report));
  self->is_killed = FALSE;
  self->party = party_start (kind, target, args);
  if (kind == PARTY_PROCESS)
    gmproc_connection_close (self->writer);
  self->collector = g_thread_new ("collect", collect, self);
}

static void
player_kill (Player *self)
{
  self->is_killed = TRUE;
  party_kill (g_steal_pointer (&self->party));
}

/* Waits for its end, if it was not killed, and for its last report. */
static void
player_join (Player *self)
{
  if (self->party != NULL)
    g_assert_cmpint (party_join (g_steal_pointer (&self->party)), ==, EXIT_SUCCESS);
  g_clear_pointer (&self->collector, g_thread_join);
}

static void
player_clear (Player *self)
{
  g_clear_object (&self->reader);
  g_clear_object (&self->writer);
  g_array_unref (self->reports);
}

/* -- one round --------------------------------------------------------------------------------- */

typedef struct
{
  GmprocQueue *queue;
  GmprocEvent *stop;
  Player producers[MAX_SIDE];
  Player consumers[MAX_SIDE + 1]; /* the last one is a thread here, which nobody kills */
  guint n_producers;
  guint n_consumers;
  guint n_consumers_killed;
  GHashTable *got[MAX_SIDE]; /* numbers */
  gint64 last[MAX_SIDE];     /* the highest number that was reported by a consumer */
} Round;

/* A moment of a random length; mostly in the middle of somebody's put or get. */
static void
wait_for_bad_luck (void)
{
  if (g_test_rand_bit ())
    party_pause (g_test_rand_int_range (0, 5000));
  else
    for (gint32 i = g_test_rand_int_range (0, 100000); i > 0; i--)
      __atomic_signal_fence (__ATOMIC_SEQ_CST);
}

static void
round_start (Round *self, guint max_size)
{
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->queue = gmproc_queue_new (max_size, &error);
  g_assert_no_error (error);
  self->stop = party_new_signal ();
  self->n_producers = (guint) g_test_rand_int_range (1, MAX_SIDE + 1);
  self->n_consumers = (guint) g_test_rand_int_range (1, MAX_SIDE + 1);
  for (guint i = 0; i < self->n_producers; i++)
    {
      self->got[i] = g_hash_table_new (NULL, NULL);
      self->last[i] = -1;
      player_start (&self->producers[i], PARTY_PROCESS, produce, self->queue, self->stop, i);
    }
  for (guint i = 0; i < self->n_consumers; i++)
    player_start (&self->consumers[i], PARTY_PROCESS, consume, self->queue, self->stop, i);
}

/* Each with even odds, or a consumer in any case. */
static void
kill_some (Round *self, gboolean all_consumers)
{
  guint first = (guint) g_test_rand_int_range (0, 2 * MAX_SIDE);

  for (guint i = 0; i < 2 * MAX_SIDE; i++)
    {
      guint which = (first + i) % (2 * MAX_SIDE);
      gboolean is_consumer = which >= MAX_SIDE;
      guint index = which % MAX_SIDE;

      if (index >= (is_consumer ? self->n_consumers : self->n_producers)
          || (!(is_consumer && all_consumers) && g_test_rand_bit ()))
        continue;
      wait_for_bad_luck ();
      player_kill (is_consumer ? &self->consumers[index] : &self->producers[index]);
      self->n_consumers_killed += is_consumer;
    }
}

static void
note (Round *self, guint32 producer, guint32 number)
{
  g_assert_cmpuint (producer, <, self->n_producers);
  if (!g_hash_table_add (self->got[producer], GUINT_TO_POINTER (number)))
    g_error ("item %u of producer %u came twice", number, producer);
}

/* What a consumer got of each producer came in the order in which it was put. */
static void
check_consumer (Round *self, Player *consumer)
{
  gint64 last[MAX_SIDE] = { -1, -1, -1 };

  for (guint i = 0; i < consumer->reports->len; i++)
    {
      const Report *report = &g_array_index (consumer->reports, Report, i);

      note (self, report->producer, report->number);
      g_assert_cmpint (report->number, >, last[report->producer]);
      last[report->producer] = report->number;
      self->last[report->producer] = MAX (self->last[report->producer], report->number);
    }
}

/* Nobody runs any more. What is left comes after all that was taken, and is as much as was said. */
static void
drain (Round *self)
{
  guint length = gmproc_queue_get_length (self->queue);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < length; i++)
    {
      g_autoptr (GBytes) item = gmproc_queue_get_bytes (self->queue, 0, NULL, &error);
      Head head;

      g_assert_no_error (error);
      check_item (item, &head);
      note (self, head.producer, head.number);
      g_assert_cmpint (head.number, >, self->last[head.producer]);
      self->last[head.producer] = head.number;
      g_assert_cmpuint (gmproc_queue_get_length (self->queue), ==, length - i - 1);
    }
  g_assert_true (gmproc_queue_is_empty (self->queue));
  g_assert_null (gmproc_queue_get_bytes (self->queue, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* Every put that returned arrived, but for what a killed consumer had in its hands. */
static void
check_sums (Round *self)
{
  guint n_missing = 0;

  for (guint i = 0; i < self->n_producers; i++)
    {
      Player *producer = &self->producers[i];
      guint32 n_put = producer->reports->len;

      for (guint32 number = 0; number < n_put; number++)
        {
          g_assert_cmpuint (g_array_index (producer->reports, Report, number).number, ==, number);
          n_missing += !g_hash_table_contains (self->got[i], GUINT_TO_POINTER (number));
        }
      /* The last put of a killed producer may have been done and not reported. */
      g_assert_cmpint (self->last[i], <, (gint64) n_put + producer->is_killed);
    }
  g_assert_cmpuint (n_missing, <=, self->n_consumers_killed);
}

static void
round_clear (Round *self)
{
  for (guint i = 0; i < self->n_producers; i++)
    {
      player_clear (&self->producers[i]);
      g_hash_table_unref (self->got[i]);
    }
  for (guint i = 0; i < self->n_consumers; i++)
    player_clear (&self->consumers[i]);
  g_object_unref (self->queue);
  g_object_unref (self->stop);
}

static void
play (void)
{
  static const guint max_sizes[] = { 0, 1, 2, 10 };
  guint max_size = max_sizes[g_test_rand_int_range (0, G_N_ELEMENTS (max_sizes))];
  gboolean leaves_items = max_size == 0 && g_test_rand_bit ();
  Round round;

  round_start (&round, max_size);
  kill_some (&round, leaves_items);
  if (!leaves_items)
    player_start (&round.consumers[round.n_consumers++], PARTY_THREAD, consume, round.queue,
                  round.stop, 0);
  gmproc_event_set (round.stop);
  for (guint i = 0; i < round.n_producers; i++)
    player_join (&round.producers[i]);
  gmproc_queue_close (round.queue);
  for (guint i = 0; i < round.n_consumers; i++)
    {
      player_join (&round.consumers[i]);
      check_consumer (&round, &round.consumers[i]);
    }
  drain (&round);
  check_sums (&round);
  round_clear (&round);
}

/* GM-03. */
static void
test_random_kills (void)
{
  const char *rounds = g_getenv ("GMPROC_TEST_ROUNDS");
  guint64 n_rounds = rounds != NULL ? g_ascii_strtoull (rounds, NULL, 10) : 0;
  gint64 end = g_get_monotonic_time () + DEFAULT_TIME;
  guint64 n = 0;

  while (rounds != NULL ? n < n_rounds : g_get_monotonic_time () < end)
    {
      play ();
      n++;
    }
  g_test_message ("%" G_GUINT64_FORMAT " rounds", n);
}

#define N_CYCLES gmproc_test_scale (250)
#define QUEUES_A_CYCLE 4

/* Makes each of its queues larger, and waits to be killed while it takes from the last one. */
GMPROC_DEFINE_TARGET (use_and_hang)
{
  g_autoptr (GBytes) item = g_bytes_new_take (g_malloc0 (MAX_BODY), MAX_BODY);
  g_autoptr (GmprocEvent) ready = party_open_event (args, QUEUES_A_CYCLE);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < QUEUES_A_CYCLE; i++)
    {
      g_autoptr (GmprocQueue) queue = party_open_queue (args, i);

      gmproc_queue_put_bytes (queue, item, 0, NULL, &error);
      g_assert_no_error (error);
      if (i < QUEUES_A_CYCLE - 1)
        continue;
      gmproc_event_set (ready);
      for (;;)
        g_bytes_unref (gmproc_queue_get_bytes (queue, PARTY_BOUND, NULL, NULL));
    }
  return EXIT_SUCCESS;
}

/* GM-14: 1000 queues of processes that are killed leave nothing behind; the check around each test
 * sees every handle, and a queue has a name nowhere. */
static void
test_cycles (void)
{
  for (guint i = 0; i < N_CYCLES; i++)
    {
      g_autoptr (GmprocEvent) ready = party_new_signal ();
      GmprocQueue *queues[QUEUES_A_CYCLE];
      Party *party;

      for (guint j = 0; j < QUEUES_A_CYCLE; j++)
        {
          g_autoptr (GError) error = NULL;

          queues[j] = gmproc_queue_new (0, &error);
          g_assert_no_error (error);
        }
      party = party_start (
          PARTY_PROCESS, use_and_hang,
          g_variant_new ("(hhhhh)", gmproc_queue_get_handle (queues[0]),
                         gmproc_queue_get_handle (queues[1]), gmproc_queue_get_handle (queues[2]),
                         gmproc_queue_get_handle (queues[3]), gmproc_event_get_handle (ready)));
      party_wait (ready);
      party_kill (party);
      for (guint j = 0; j < QUEUES_A_CYCLE; j++)
        {
          g_assert_cmpuint (gmproc_queue_get_length (queues[j]), <=, 1);
          g_object_unref (queues[j]);
        }
    }
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/queue/random-kills", test_random_kills);
  gmproc_test_add ("/queue/cycles", test_cycles);
  return g_test_run ();
}
