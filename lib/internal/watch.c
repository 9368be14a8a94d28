/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "watch.h"

/* How long a thread without a waitpoint waits for the next one. */
#define IDLE_TIME (G_TIME_SPAN_SECOND)

typedef struct
{
  GmprocWaitpoint *waitpoint;
  GHashTable *sources; /* GSource → what add was given */
} Watcher;

/* All of this under the mutex. */
static GMutex mutex;
static GCond has_work;       /* a watcher lies in `orphans` */
static GCond has_left;       /* a thread has left a waitpoint */
static GHashTable *watchers; /* GmprocWaitpoint → Watcher, its value; made with the first */
static GQueue orphans = G_QUEUE_INIT; /* watchers that no thread has taken yet */
static guint n_idle;                  /* threads that wait for one of these */

static void
watcher_free (gpointer data)
{
  Watcher *self = data;

  g_hash_table_unref (self->sources);
  g_free (self);
}

/* Makes those ready that wait for another word than NOW. */
static void
fire_locked (Watcher *self, guint32 now)
{
  GHashTableIter iter;
  gpointer source, prepared;

  g_hash_table_iter_init (&iter, self->sources);
  while (g_hash_table_iter_next (&iter, &source, &prepared))
    {
      if (GPOINTER_TO_UINT (prepared) == now)
        continue;
      g_source_set_ready_time (source, 0);
      g_hash_table_iter_remove (&iter);
    }
}

/* Until nobody is left who watches SELF's waitpoint. */
static void
serve_locked (Watcher *self)
{
  for (;;)
    {
      guint32 now = gmproc_port_word_load (&self->waitpoint->word);

      fire_locked (self, now);
      if (g_hash_table_size (self->sources) == 0)
        break;

      /* Whoever adds a source meanwhile has been given this same word, or one that comes after it
       * and at which this sleep ends. */
      g_mutex_unlock (&mutex);
      (void) gmproc_port_word_wait (&self->waitpoint->word, now, GMPROC_PORT_FOREVER);
      g_mutex_lock (&mutex);
    }

  g_hash_table_remove (watchers, self->waitpoint);
  g_cond_broadcast (&has_left);
}

static gpointer
run_thread (G_GNUC_UNUSED gpointer data)
{
  gboolean is_needed = TRUE;

  g_mutex_lock (&mutex);
  while (is_needed)
    {
      Watcher *watcher = g_queue_pop_head (&orphans);
      gint64 end = g_get_monotonic_time () + IDLE_TIME;

      if (watcher != NULL)
        {
          serve_locked (watcher);
          continue;
        }

      n_idle++;
      while (is_needed && g_queue_is_empty (&orphans))
        is_needed = g_cond_wait_until (&has_work, &mutex, end);
      n_idle--;
      is_needed = !g_queue_is_empty (&orphans);
    }
  g_mutex_unlock (&mutex);
  return NULL;
}

/* FALSE when there is none. */
static gboolean
find_thread_locked (void)
{
  g_autoptr (GError) error = NULL;
  GThread *thread;

  if (n_idle > g_queue_get_length (&orphans))
    {
      g_cond_signal (&has_work);
      return TRUE;
    }

  thread = gmproc_port_thread_new ("gmproc-watch", run_thread, NULL, &error);
  if (thread == NULL)
    {
      g_debug ("No thread to watch shared memory: %s", error->message);
      return FALSE;
    }
  g_thread_unref (thread);
  return TRUE;
}

static Watcher *
get_watcher_locked (GmprocWaitpoint *waitpoint)
{
  Watcher *watcher;

  if (watchers == NULL)
    watchers = g_hash_table_new_full (NULL, NULL, NULL, watcher_free);

  watcher = g_hash_table_lookup (watchers, waitpoint);
  if (watcher != NULL)
    return watcher;
  if (!find_thread_locked ())
    return NULL;

  watcher = g_new0 (Watcher, 1);
  watcher->waitpoint = waitpoint;
  watcher->sources = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (watchers, waitpoint, watcher);
  g_queue_push_tail (&orphans, watcher);
  return watcher;
}

gboolean
gmproc_watch_add (GmprocWaitpoint *waitpoint, GSource *source, guint32 prepared)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  Watcher *watcher;

  /* A thread may have seen the word that came after PREPARED, and sleep on it already. */
  if (gmproc_port_word_load (&waitpoint->word) != prepared)
    {
      g_source_set_ready_time (source, 0);
      return TRUE;
    }

  watcher = get_watcher_locked (waitpoint);
  if (watcher == NULL)
    return FALSE;
  g_hash_table_insert (watcher->sources, source, GUINT_TO_POINTER (prepared));
  return TRUE;
}

void
gmproc_watch_remove (GmprocWaitpoint *waitpoint, GSource *source)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  Watcher *watcher = watchers != NULL ? g_hash_table_lookup (watchers, waitpoint) : NULL;

  if (watcher == NULL)
    return;
  g_hash_table_remove (watcher->sources, source);
  if (g_hash_table_size (watcher->sources) != 0)
    return;

  /* The others who sleep on the word look at their state once more, and sleep on. */
  if (g_queue_remove (&orphans, watcher))
    g_hash_table_remove (watchers, waitpoint);
  else
    gmproc_port_word_advance (&waitpoint->word);
  while (g_hash_table_lookup (watchers, waitpoint) == watcher
         && g_hash_table_size (watcher->sources) == 0)
    g_cond_wait (&has_left, &mutex);
}
