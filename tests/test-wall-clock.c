/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GM-12: the wall clock is set forward and back while calls wait, and they end when they should.
 *
 * Setting the clock of the machine would hurt everybody else on it. So this program has functions
 * of its own in place of those that read the clock, and what they tell of the wall clock jumps by
 * hours each time. A wait that believed it would end at once, or never.
 */
#include <gmproc.h>

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

#define JUMP (5 * 60 * 60) /* seconds */
#define TIMEOUT (60 * G_TIME_SPAN_MILLISECOND)
#define LONG (30 * G_TIME_SPAN_SECOND) /* only a wait on the wrong clock takes that long */

static int n_wall_looks; /* atomic */

static gint64
get_jump (void)
{
  return g_atomic_int_add (&n_wall_looks, 1) % 2 == 0 ? JUMP : -JUMP;
}

int
clock_gettime (clockid_t clock, struct timespec *time)
{
  int result = (int) syscall (SYS_clock_gettime, clock, time);

  if (result == 0 && clock == CLOCK_REALTIME)
    time->tv_sec += get_jump ();
  return result;
}

int
gettimeofday (struct timeval *restrict time, G_GNUC_UNUSED void *restrict zone)
{
  struct timespec now;
  int result = clock_gettime (CLOCK_REALTIME, &now);

  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return result;
}

gint64
g_get_real_time (void)
{
  struct timeval now;

  (void) gettimeofday (&now, NULL);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_usec;
}

/* -- the waits --------------------------------------------------------------------------------- */

typedef struct
{
  GmprocLock *lock;
  GmprocSemaphore *semaphore;
  GmprocCondition *condition;
  GmprocEvent *event;
  GmprocBarrier *barrier;
  GmprocQueue *queue;
  GmprocConnection *in;
  GmprocConnection *out;
  GCancellable *cancellable; /* never cancelled; a wait with one may take another way */
} Objects;

typedef gboolean (*Wait) (Objects *objects, GCancellable *cancellable, GError **error);

static gboolean
wait_for_semaphore (Objects *objects, GCancellable *cancellable, GError **error)
{
  return gmproc_semaphore_acquire (objects->semaphore, TIMEOUT, cancellable, error);
}

static gboolean
wait_for_condition (Objects *objects, GCancellable *cancellable, GError **error)
{
  GmprocLock *lock = gmproc_condition_get_lock (objects->condition);
  gboolean was_notified;

  g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  was_notified = gmproc_condition_wait (objects->condition, TIMEOUT, cancellable, error);
  g_assert_true (gmproc_lock_release (lock, NULL));
  return was_notified;
}

static gboolean
wait_for_event (Objects *objects, GCancellable *cancellable, GError **error)
{
  return gmproc_event_wait (objects->event, TIMEOUT, cancellable, error);
}

static gboolean
wait_at_barrier (Objects *objects, GCancellable *cancellable, GError **error)
{
  gmproc_barrier_reset (objects->barrier);
  return gmproc_barrier_wait (objects->barrier, TIMEOUT, cancellable, error) != -1;
}

static gboolean
wait_for_item (Objects *objects, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) item = gmproc_queue_get (objects->queue, TIMEOUT, cancellable, error);

  return item != NULL;
}

static gboolean
wait_for_message (Objects *objects, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) message =
      gmproc_connection_receive (objects->in, TIMEOUT, cancellable, error);

  return message != NULL;
}

/* The owner has to be another thread than the one that waits. */
static gpointer
wait_in_thread (gpointer data)
{
  Objects *objects = data;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      gint64 begin = g_get_monotonic_time ();

      g_assert_false (gmproc_lock_acquire (objects->lock, TIMEOUT,
                                           i == 0 ? NULL : objects->cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_clear_error (&error);
      g_assert_cmpint (g_get_monotonic_time () - begin, >=, TIMEOUT);
      g_assert_cmpint (g_get_monotonic_time () - begin, <, LONG);
    }
  return NULL;
}

static void
objects_init (Objects *self)
{
  g_autoptr (GError) error = NULL;

  self->lock = gmproc_lock_new (&error);
  g_assert_no_error (error);
  self->semaphore = gmproc_semaphore_new (0, &error);
  g_assert_no_error (error);
  self->condition = gmproc_condition_new (NULL, &error);
  g_assert_no_error (error);
  self->event = gmproc_event_new (&error);
  g_assert_no_error (error);
  self->barrier = gmproc_barrier_new (2, &error);
  g_assert_no_error (error);
  self->queue = gmproc_queue_new (0, &error);
  g_assert_no_error (error);
  gmproc_pipe_new (FALSE, &self->in, &self->out, &error);
  g_assert_no_error (error);
  self->cancellable = g_cancellable_new ();
}

static void
objects_clear (Objects *self)
{
  g_object_unref (self->lock);
  g_object_unref (self->semaphore);
  g_object_unref (self->condition);
  g_object_unref (self->event);
  g_object_unref (self->barrier);
  g_object_unref (self->queue);
  g_object_unref (self->in);
  g_object_unref (self->out);
  g_object_unref (self->cancellable);
}

static void
test_waits (void)
{
  static const Wait waits[] = { wait_for_semaphore, wait_for_condition, wait_for_event,
                                wait_at_barrier,    wait_for_item,      wait_for_message };
  Objects objects;

  objects_init (&objects);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (waits); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 begin = g_get_monotonic_time ();
      gint64 took;

      g_assert_false (waits[i / 2](&objects, i % 2 == 0 ? NULL : objects.cancellable, &error));
      took = g_get_monotonic_time () - begin;
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpint (took, >=, TIMEOUT);
      g_assert_cmpint (took, <, LONG);
    }
  objects_clear (&objects);
}

static void
test_lock (void)
{
  Objects objects;

  objects_init (&objects);
  g_assert_true (gmproc_lock_acquire (objects.lock, 0, NULL, NULL));
  (void) g_thread_join (g_thread_new ("wait", wait_in_thread, &objects));
  g_assert_true (gmproc_lock_release (objects.lock, NULL));
  objects_clear (&objects);
}

/* Otherwise the two above would prove nothing. */
static void
test_clock_jumps (void)
{
  gint64 first = g_get_real_time ();
  gint64 second = g_get_real_time ();

  g_assert_cmpint (ABS (second - first), >, (gint64) JUMP * G_USEC_PER_SEC);
}

static void
warm_up (void)
{
  Objects objects;

  objects_init (&objects);
  objects_clear (&objects);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);

  gmproc_test_add ("/wall-clock/jumps", test_clock_jumps);
  gmproc_test_add ("/wall-clock/waits", test_waits);
  gmproc_test_add ("/wall-clock/lock", test_lock);
  return g_test_run ();
}
