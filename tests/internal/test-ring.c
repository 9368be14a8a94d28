/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The ring by one thread: every alignment, growing and shrinking, positions that wrap around, and
 * damaged shared memory.
 */
#include "config.h"

#include "internal/ring-transfer.h"

#include <string.h>

#include "../support.h"
#include "gmproc-error.h"
#include "port/port.h"

#define FIRST ((gsize) GMPROC_RING_FIRST_CAPACITY)
#define UNIT 8
#define KIND 'K'

typedef struct
{
  GmprocRingPlace place;
  GmprocRing ring;
  gintptr memory;
  guint64 n_put;
  guint64 n_taken;
} Fixture;

static void
fixture_open (Fixture *self)
{
  gsize offset = gmproc_port_memory_get_granularity ();
  g_autoptr (GError) error = NULL;

  memset (self, 0, sizeof *self);
  gmproc_port_memory_new (offset + gmproc_ring_get_first_size (),
                          offset + gmproc_ring_get_last_size (), &self->memory, &error);
  g_assert_no_error (error);
  gmproc_ring_init (&self->ring, &self->place, self->memory, offset);
}

static void
fixture_close (Fixture *self)
{
  gmproc_ring_clear (&self->ring);
  gmproc_port_handle_close (&self->memory);
}

/* All that came before lies at COUNT messages and POSITION units. */
static void
fixture_move (Fixture *self, guint32 count, guint32 position)
{
  guint64 word = (guint64) count << 32 | position;

  self->place.head = self->place.tail = word;
  self->place.seen_head = self->place.seen_tail = word;
}

/* What message NUMBER has at INDEX. */
static guint8
get_byte (guint64 number, gsize index)
{
  return (guint8) (number * 31 + index * 7 + (index >> 8));
}

/* FALSE when it is full. */
static gboolean
try_put (Fixture *self, gsize size)
{
  g_autofree guint8 *body = g_malloc (size + 1);
  g_autoptr (GError) error = NULL;
  GOutputVector vector;
  GmprocRingMessage message;
  gboolean is_full;

  for (gsize i = 0; i < size; i++)
    body[i] = get_byte (self->n_put, i);
  if (!gmproc_ring_begin_put (&self->ring, gmproc_ring_get_tail (&self->ring), KIND, size, &message,
                              &is_full, &error))
    {
      g_assert_no_error (error);
      g_assert_true (is_full);
      return FALSE;
    }
  g_assert_cmpuint (message.part_sizes[0] + message.part_sizes[1], ==, size);
  vector = (GOutputVector){ body, size };
  gmproc_ring_fill (&message, &vector, 1);
  gmproc_ring_commit_put (&self->ring, &message);
  self->n_put++;
  return TRUE;
}

static void
put (Fixture *self, gsize size)
{
  if (!try_put (self, size))
    {
      g_autoptr (GError) error = NULL;

      gmproc_ring_grow (&self->ring, size, &error);
      g_assert_no_error (error);
      g_assert_true (try_put (self, size));
    }
}

static void
take (Fixture *self, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *body = NULL;
  GmprocRingMessage message;

  g_assert_true (gmproc_ring_has_message (&self->ring, gmproc_ring_get_head (&self->ring)));
  gmproc_ring_begin_take (&self->ring, gmproc_ring_get_head (&self->ring), &message, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (message.kind, ==, KIND);
  g_assert_cmpuint (message.size, ==, size);
  body = g_malloc (size + 1);
  gmproc_ring_extract (&message, body);
  for (gsize i = 0; i < size; i++)
    if (body[i] != get_byte (self->n_taken, i))
      g_error ("byte %zu of message %" G_GUINT64_FORMAT " is wrong", i, self->n_taken);
  gmproc_ring_commit_take (&self->ring, &message);
  self->n_taken++;
}

static void
test_sizes (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  g_assert_false (gmproc_ring_has_message (&fixture.ring, gmproc_ring_get_head (&fixture.ring)));
  for (gsize size = 0; size < 100; size++)
    {
      put (&fixture, size);
      put (&fixture, size);
      g_assert_cmpuint (gmproc_ring_get_length (&fixture.ring), ==, 2);
      take (&fixture, size);
      take (&fixture, size);
      g_assert_false (
          gmproc_ring_has_message (&fixture.ring, gmproc_ring_get_head (&fixture.ring)));
    }
  fixture_close (&fixture);
}

/* The largest message that fits takes the whole ring, and no more; it may begin anywhere. */
static void
test_exactly_full (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  for (guint i = 0; i < 20; i++)
    {
      put (&fixture, i * 1000);
      take (&fixture, i * 1000);
      g_assert_false (try_put (&fixture, FIRST - UNIT + 1));
      g_assert_true (try_put (&fixture, FIRST - UNIT));
      g_assert_false (try_put (&fixture, 0));
      take (&fixture, FIRST - UNIT);
    }
  g_assert_cmpuint (fixture.place.level, ==, 0);
  fixture_close (&fixture);
}

/* Messages of all sizes go over the end of the ring at each place in it. */
static void
test_over_the_end (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  for (gsize before = 0; before < 64; before += UNIT)
    for (gsize size = 0; size < 80; size++)
      {
        fixture_move (&fixture, 0, (guint32) ((FIRST - before) / UNIT));
        put (&fixture, size);
        put (&fixture, 3);
        take (&fixture, size);
        take (&fixture, 3);
      }
  fixture_close (&fixture);
}

static void
test_bound (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  fixture_move (&fixture, G_MAXUINT32 - 1, 0);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (gmproc_ring_is_below (&fixture.ring, gmproc_ring_get_tail (&fixture.ring), 3));
      put (&fixture, 1);
    }
  g_assert_false (gmproc_ring_is_below (&fixture.ring, gmproc_ring_get_tail (&fixture.ring), 3));
  g_assert_true (gmproc_ring_is_below (&fixture.ring, gmproc_ring_get_tail (&fixture.ring), 0));
  g_assert_true (
      gmproc_ring_is_below (&fixture.ring, gmproc_ring_get_tail (&fixture.ring), G_MAXUINT));
  g_assert_cmpuint (gmproc_ring_get_length (&fixture.ring), ==, 3);
  take (&fixture, 1);
  g_assert_true (gmproc_ring_is_below (&fixture.ring, gmproc_ring_get_tail (&fixture.ring), 3));
  fixture_close (&fixture);
}

/* Both halves of a word pass 2³² while messages wait, and while the ring grows. */
static void
test_words_wrap_around (void)
{
  static const guint32 distances[] = { 0, 1, 2, 7, 100, 1000, 8191 };

  for (guint i = 0; i < G_N_ELEMENTS (distances); i++)
    {
      gsize sizes[200];
      Fixture fixture;

      fixture_open (&fixture);
      fixture_move (&fixture, (guint32) -100, -distances[i]);
      for (guint j = 0; j < G_N_ELEMENTS (sizes); j++)
        {
          sizes[j] = (gsize) g_test_rand_int_range (0, 3000);
          put (&fixture, sizes[j]);
          g_assert_cmpuint (gmproc_ring_get_length (&fixture.ring), ==, j + 1);
        }
      g_assert_cmpuint (fixture.place.level, >, 0);
      for (guint j = 0; j < G_N_ELEMENTS (sizes); j++)
        take (&fixture, sizes[j]);
      g_assert_cmpuint (gmproc_ring_get_length (&fixture.ring), ==, 0);
      g_assert_false (
          gmproc_ring_has_message (&fixture.ring, gmproc_ring_get_head (&fixture.ring)));
      fixture_close (&fixture);
    }
}

/* The ring grows with its messages at each alignment to the old and the new capacity. */
static void
test_growth_at_each_place (void)
{
  for (gsize start = 0; start < 4 * FIRST; start += 4093 * UNIT)
    for (guint n_before = 0; n_before < 4; n_before++)
      {
        Fixture fixture;

        fixture_open (&fixture);
        fixture_move (&fixture, 0, (guint32) (start / UNIT));
        for (guint i = 0; i < n_before; i++)
          put (&fixture, FIRST / 3 - 100);
        put (&fixture, FIRST + 1 + start);
        put (&fixture, 5);
        for (guint i = 0; i < n_before; i++)
          take (&fixture, FIRST / 3 - 100);
        put (&fixture, 3 * FIRST);
        take (&fixture, FIRST + 1 + start);
        take (&fixture, 5);
        take (&fixture, 3 * FIRST);
        fixture_close (&fixture);
      }
}

static void
test_random (void)
{
  g_autoptr (GQueue) sizes = g_queue_new ();
  Fixture fixture;

  fixture_open (&fixture);
  fixture_move (&fixture, (guint32) g_test_rand_int (), (guint32) g_test_rand_int ());
  for (guint i = 0; i < 5000; i++)
    {
      gboolean grows = i / 500 % 2 == 0;

      if (g_queue_is_empty (sizes) || g_test_rand_int_range (0, 10) < (grows ? 6 : 3))
        {
          gint size = g_test_rand_int_range (0, g_test_rand_bit () ? 100 : 50000);

          put (&fixture, (gsize) size);
          g_queue_push_tail (sizes, GINT_TO_POINTER (size));
        }
      else
        take (&fixture, (gsize) GPOINTER_TO_INT (g_queue_pop_head (sizes)));
      g_assert_cmpuint (gmproc_ring_get_length (&fixture.ring), ==, g_queue_get_length (sizes));
      gmproc_ring_shrink (&fixture.ring); /* does nothing unless it is large and empty */
    }
  while (!g_queue_is_empty (sizes))
    take (&fixture, (gsize) GPOINTER_TO_INT (g_queue_pop_head (sizes)));
  fixture_close (&fixture);
}

/* A process of the other side has its own mapping, and finds what the first one grew. */
static void
test_two_views (void)
{
  Fixture fixture, other;

  fixture_open (&fixture);
  memset (&other, 0, sizeof other);
  gmproc_ring_init (&other.ring, &fixture.place, fixture.memory, fixture.ring.offset);
  for (gsize size = 1; size < 40 * FIRST; size = size * 3 + 1)
    {
      put (&fixture, size);
      put (&fixture, 1);
      take (&other, size);
      take (&other, 1);
      gmproc_ring_shrink (&other.ring);
    }
  gmproc_ring_clear (&other.ring);
  fixture_close (&fixture);
}

/* After a burst the ring is as small as before. What the memory reads that was given back is the
 * system's to say; the next messages do not care. */
static void
test_shrink (void)
{
  gsize large = 64 * FIRST;
  Fixture fixture;

  fixture_open (&fixture);
  put (&fixture, large);
  g_assert_false (gmproc_ring_is_worth_shrinking (&fixture.ring));
  gmproc_ring_shrink (&fixture.ring);
  take (&fixture, large);
  g_assert_true (gmproc_ring_is_worth_shrinking (&fixture.ring));
  gmproc_ring_shrink (&fixture.ring);
  g_assert_cmpuint (fixture.place.level, ==, 0);
  g_assert_false (gmproc_ring_is_worth_shrinking (&fixture.ring));
  put (&fixture, 1000);
  put (&fixture, large);
  take (&fixture, 1000);
  take (&fixture, large);
  fixture_close (&fixture);
}

static void
test_too_large (void)
{
  static const gsize sizes[] = { G_MAXSIZE, G_MAXSIZE - 7, G_MAXSIZE - 8, G_MAXSSIZE };
  Fixture fixture;

  fixture_open (&fixture);
  for (guint i = 0; i <= G_N_ELEMENTS (sizes); i++)
    {
      gsize size = i < G_N_ELEMENTS (sizes) ? sizes[i] : gmproc_ring_get_last_size () - UNIT + 1;
      g_autoptr (GError) error = NULL;
      GmprocRingMessage message;
      gboolean is_full;

      g_assert_false (gmproc_ring_begin_put (&fixture.ring, gmproc_ring_get_tail (&fixture.ring),
                                             KIND, size, &message, &is_full, &error));
      g_assert_no_error (error);
      g_assert_true (is_full);
      g_assert_false (gmproc_ring_grow (&fixture.ring, size, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
    }
  g_assert_cmpuint (fixture.place.level, ==, 0);
  put (&fixture, 1);
  take (&fixture, 1);
  fixture_close (&fixture);
}

static void
assert_put_fails (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  GmprocRingMessage message;
  gboolean is_full;

  g_assert_false (gmproc_ring_begin_put (&fixture->ring, gmproc_ring_get_tail (&fixture->ring),
                                         KIND, 1, &message, &is_full, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
  g_assert_false (is_full);
}

static void
assert_take_fails (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  GmprocRingMessage message;

  g_assert_true (gmproc_ring_has_message (&fixture->ring, gmproc_ring_get_head (&fixture->ring)));
  g_assert_false (gmproc_ring_begin_take (&fixture->ring, gmproc_ring_get_head (&fixture->ring),
                                          &message, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
}

static void
test_damaged_words (void)
{
  static const guint64 levels[] = { GMPROC_RING_LEVELS, 63, 64, G_MAXUINT64 };
  Fixture fixture;

  fixture_open (&fixture);
  put (&fixture, 10);
  fixture.place.tail = (guint64) 2 << 32 | (FIRST / UNIT + 1);
  fixture.place.seen_tail = 0;
  assert_put_fails (&fixture);
  assert_take_fails (&fixture);
  fixture.place.tail = (guint64) 1 << 32 | 0; /* a message that takes no place */
  fixture.place.seen_tail = 0;
  assert_take_fails (&fixture);
  fixture.place.tail = (guint64) 1 << 32 | 3;
  fixture.place.seen_tail = 0;
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    {
      fixture.place.level = levels[i];
      assert_put_fails (&fixture);
      assert_take_fails (&fixture);
    }
  fixture.place.level = GMPROC_RING_LEVELS - 1; /* that much memory is not there */
  {
    g_autoptr (GError) error = NULL;
    GmprocRingMessage message;

    g_assert_false (gmproc_ring_begin_take (&fixture.ring, gmproc_ring_get_head (&fixture.ring),
                                            &message, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  }
  fixture.place.level = 0;
  take (&fixture, 10);
  fixture_close (&fixture);
}

static void
test_damaged_frame (void)
{
  static const guint64 sizes[] = { 17, FIRST, G_MAXUINT32, (G_GUINT64_CONSTANT (1) << 56) - 1 };
  Fixture fixture;

  fixture_open (&fixture);
  put (&fixture, 10);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      memcpy (fixture.ring.levels[0], &sizes[i], sizeof sizes[i]);
      assert_take_fails (&fixture);
    }
  fixture_close (&fixture);
}

/* As a process leaves them that was killed before the position followed the count. */
static void
break_commit (guint64 *word, guint64 *plan, guint64 before)
{
  *plan = *word;
  *word = before;
  *gmproc_ring_word_get_count_place (word) += 1;
}

static void
test_count_without_position (void)
{
  Fixture fixture;
  guint64 before;

  fixture_open (&fixture);
  put (&fixture, 10);
  before = fixture.place.tail;
  put (&fixture, 30);
  break_commit (&fixture.place.tail, &fixture.place.planned_tail, before);
  g_assert_cmpuint (gmproc_ring_get_length (&fixture.ring), ==, 2);
  take (&fixture, 10);
  before = fixture.place.head;
  take (&fixture, 30);
  break_commit (&fixture.place.head, &fixture.place.planned_head, before);
  g_assert_cmpuint (gmproc_ring_get_length (&fixture.ring), ==, 0);
  g_assert_cmpuint (gmproc_ring_load_whole (&fixture.place.head, &fixture.place.planned_head), ==,
                    gmproc_ring_load_whole (&fixture.place.tail, &fixture.place.planned_tail));

  put (&fixture, 20);
  g_assert_cmpuint (fixture.place.planned_tail, ==, 0);
  take (&fixture, 20);
  g_assert_cmpuint (fixture.place.planned_head, ==, 0);
  g_assert_cmpuint (fixture.place.head, ==, fixture.place.tail);
  fixture_close (&fixture);
}

static void
test_plan_without_count (void)
{
  Fixture fixture;

  fixture_open (&fixture);
  put (&fixture, 10);
  fixture.place.planned_tail = gmproc_ring_word_step (fixture.place.tail, 1000);
  g_assert_cmpuint (gmproc_ring_get_length (&fixture.ring), ==, 1);
  g_assert_cmpuint (gmproc_ring_load_whole (&fixture.place.tail, &fixture.place.planned_tail), ==,
                    fixture.place.tail);
  put (&fixture, 20); /* where the dead process had planned another one */
  take (&fixture, 10);
  fixture.place.planned_head = gmproc_ring_word_step (fixture.place.head, 20);
  take (&fixture, 20);
  g_assert_cmpuint (fixture.place.planned_tail | fixture.place.planned_head, ==, 0);
  fixture_close (&fixture);
}

/* Whatever stands in the shared memory, no call reads or writes outside of it. */
static void
test_random_damage (void)
{
  gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  /* A system on which blocks of memory cost much does fewer. */
  for (guint i = 0; i < 500 || (i < 20000 && g_get_monotonic_time () < end); i++)
    {
      g_autoptr (GError) error = NULL;
      GmprocRingMessage message;
      gboolean is_full;
      Fixture fixture;
      guint64 *words[] = { &fixture.place.level,       &fixture.place.tail,
                           &fixture.place.seen_head,   &fixture.place.head,
                           &fixture.place.seen_tail,   &fixture.place.planned_tail,
                           &fixture.place.planned_head };

      fixture_open (&fixture);
      put (&fixture, 100);
      for (guint j = 0; j < G_N_ELEMENTS (words); j++)
        if (g_test_rand_int_range (0, 3) == 0)
          *words[j] ^= (guint64) g_test_rand_int () << g_test_rand_int_range (0, 34);
      if (gmproc_ring_begin_put (&fixture.ring, gmproc_ring_get_tail (&fixture.ring), KIND, 40,
                                 &message, &is_full, &error))
        memset (message.parts[0], 0xff, message.part_sizes[0]);
      g_clear_error (&error);
      if (gmproc_ring_has_message (&fixture.ring, gmproc_ring_get_head (&fixture.ring))
          && gmproc_ring_begin_take (&fixture.ring, gmproc_ring_get_head (&fixture.ring), &message,
                                     &error))
        {
          g_autofree guint8 *body = g_malloc (message.size + 1);

          gmproc_ring_extract (&message, body);
        }
      (void) gmproc_ring_is_worth_shrinking (&fixture.ring);
      fixture_close (&fixture);
    }
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);

  gmproc_test_add ("/ring/sizes", test_sizes);
  gmproc_test_add ("/ring/exactly-full", test_exactly_full);
  gmproc_test_add ("/ring/over-the-end", test_over_the_end);
  gmproc_test_add ("/ring/bound", test_bound);
  gmproc_test_add ("/ring/words-wrap-around", test_words_wrap_around);
  gmproc_test_add ("/ring/growth-at-each-place", test_growth_at_each_place);
  gmproc_test_add ("/ring/random", test_random);
  gmproc_test_add ("/ring/two-views", test_two_views);
  gmproc_test_add ("/ring/shrink", test_shrink);
  gmproc_test_add ("/ring/too-large", test_too_large);
  gmproc_test_add ("/ring/damaged-words", test_damaged_words);
  gmproc_test_add ("/ring/damaged-frame", test_damaged_frame);
  gmproc_test_add ("/ring/count-without-position", test_count_without_position);
  gmproc_test_add ("/ring/plan-without-count", test_plan_without_count);
  gmproc_test_add ("/ring/random-damage", test_random_damage);
  return g_test_run ();
}
