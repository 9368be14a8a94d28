/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The threads that watch words of shared memory for main loops.
 */
#include "config.h"

#include "internal/watch.h"

#include "../port/peer.h"
#include "../support.h"

#define N_SOURCES (50)
#define N_ROUNDS (2000)
#define N_LATE (200)

typedef struct
{
  gintptr block;
  GmprocWaitpointPlace *place;
  GmprocWaitpoint waitpoint;
  GMainContext *context;
} Fixture;

static void
fixture_open (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  self->place = peer_new_block (sizeof *self->place, &self->block);
  gmproc_waitpoint_create (&self->waitpoint, self->place, &error);
  g_assert_no_error (error);
  self->context = g_main_context_new ();
}

/* The memory is gone after this, so a thread that still looked at it would crash. */
static void
fixture_close (Fixture *self)
{
  g_main_context_unref (self->context);
  gmproc_waitpoint_detach (&self->waitpoint);
  gmproc_port_memory_unmap ((gpointer *) &self->place, sizeof *self->place);
  gmproc_port_handle_close (&self->block);
}

static gboolean
dispatch (GSource *source, G_GNUC_UNUSED GSourceFunc callback, gpointer user_data)
{
  (*(guint *) user_data)++;
  g_source_set_ready_time (source, -1);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs funcs = { .dispatch = dispatch };

static gboolean
unused (G_GNUC_UNUSED gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static GSource *
new_source (Fixture *self, guint *count)
{
  GSource *source = g_source_new (&funcs, sizeof (GSource));

  g_source_set_callback (source, unused, count, NULL);
  g_source_attach (source, self->context);
  return source;
}

static void
end_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static void
change (Fixture *self)
{
  gmproc_port_word_advance (&self->waitpoint.word);
}

static void
iterate_until (Fixture *self, const guint *count, guint n)
{
  while (*count < n)
    g_main_context_iteration (self->context, TRUE);
  g_assert_cmpuint (*count, ==, n);
}

/* Each source once for each add; a change that came before the add counts as well. */
static void
test_once (void)
{
  Fixture fixture;
  guint count = 0;
  guint32 prepared;
  GSource *source;

  fixture_open (&fixture);
  source = new_source (&fixture, &count);

  prepared = gmproc_port_word_load (&fixture.waitpoint.word);
  g_assert_true (gmproc_watch_add (&fixture.waitpoint, source, prepared));
  change (&fixture);
  iterate_until (&fixture, &count, 1);

  g_assert_true (gmproc_watch_add (&fixture.waitpoint, source, prepared));
  iterate_until (&fixture, &count, 2);

  gmproc_watch_remove (&fixture.waitpoint, source);
  end_source (source);
  fixture_close (&fixture);
}

static void
test_many_sources (void)
{
  Fixture fixture;
  GSource *sources[N_SOURCES];
  guint counts[N_SOURCES] = { 0 };
  guint32 prepared;

  fixture_open (&fixture);
  prepared = gmproc_port_word_load (&fixture.waitpoint.word);
  for (guint i = 0; i < N_SOURCES; i++)
    {
      sources[i] = new_source (&fixture, &counts[i]);
      g_assert_true (gmproc_watch_add (&fixture.waitpoint, sources[i], prepared));
    }
  gmproc_watch_remove (&fixture.waitpoint, sources[0]);
  change (&fixture);
  for (guint i = 1; i < N_SOURCES; i++)
    iterate_until (&fixture, &counts[i], 1);
  g_assert_cmpuint (counts[0], ==, 0);

  for (guint i = 0; i < N_SOURCES; i++)
    end_source (sources[i]);
  fixture_close (&fixture);
}

/* When remove has returned, nobody looks at the memory: every round has its own. */
static void
test_removed_at_once (void)
{
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      Fixture fixture;
      guint count = 0;
      GSource *source;

      fixture_open (&fixture);
      source = new_source (&fixture, &count);
      g_assert_true (gmproc_watch_add (&fixture.waitpoint, source,
                                       gmproc_port_word_load (&fixture.waitpoint.word)));
      if (round % 2 == 0)
        change (&fixture);
      gmproc_watch_remove (&fixture.waitpoint, source);
      end_source (source);
      fixture_close (&fixture);
    }
}

/* A word that is not current any more, added while the thread sleeps on the one after it. */
static void
test_late_add (void)
{
  for (guint i = 0; i < N_LATE; i++)
    {
      Fixture fixture;
      guint asleep_count = 0, late_count = 0;
      GSource *asleep, *late;
      guint32 old;

      fixture_open (&fixture);
      asleep = new_source (&fixture, &asleep_count);
      late = new_source (&fixture, &late_count);
      old = gmproc_port_word_load (&fixture.waitpoint.word);
      change (&fixture);
      g_assert_true (gmproc_watch_add (&fixture.waitpoint, asleep,
                                       gmproc_port_word_load (&fixture.waitpoint.word)));
      g_usleep (i); /* the thread is somewhere on its way to sleep */
      g_assert_true (gmproc_watch_add (&fixture.waitpoint, late, old));
      iterate_until (&fixture, &late_count, 1);
      g_assert_cmpuint (asleep_count, ==, 0);
      gmproc_watch_remove (&fixture.waitpoint, asleep);
      gmproc_watch_remove (&fixture.waitpoint, late);
      end_source (asleep);
      end_source (late);
      fixture_close (&fixture);
    }
}

typedef struct
{
  Fixture *fixture;
  gint should_end; /* atomic */
} Changer;

static gpointer
change_all_the_time (gpointer data)
{
  Changer *self = data;

  while (!g_atomic_int_get (&self->should_end))
    change (self->fixture);
  return NULL;
}

/* Every add is answered, however the changes fall. */
static void
test_none_lost (void)
{
  Fixture fixture;
  Changer changer = { &fixture, FALSE };
  GThread *thread;
  GSource *source;
  guint count = 0;

  fixture_open (&fixture);
  source = new_source (&fixture, &count);
  thread = g_thread_new ("changer", change_all_the_time, &changer);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_assert_true (gmproc_watch_add (&fixture.waitpoint, source,
                                       gmproc_port_word_load (&fixture.waitpoint.word)));
      iterate_until (&fixture, &count, i + 1);
    }
  g_atomic_int_set (&changer.should_end, TRUE);
  g_thread_join (thread);
  gmproc_watch_remove (&fixture.waitpoint, source);
  end_source (source);
  fixture_close (&fixture);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);

  gmproc_test_add ("/watch/once", test_once);
  gmproc_test_add ("/watch/many-sources", test_many_sources);
  gmproc_test_add ("/watch/removed-at-once", test_removed_at_once);
  gmproc_test_add ("/watch/late-add", test_late_add);
  gmproc_test_add ("/watch/none-lost", test_none_lost);
  return g_test_run ();
}
