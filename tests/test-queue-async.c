/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A GmprocQueue in a main loop: its asynchronous calls and its sources (GM-16).
 */
#include <gmproc.h>

#include <stdlib.h>

#include "party.h"
#include "support.h"

#define N_CALLS 100

static GmprocQueue *
new_queue (guint max_size)
{
  g_autoptr (GError) error = NULL;
  GmprocQueue *queue = gmproc_queue_new (max_size, &error);

  g_assert_no_error (error);
  return queue;
}

static void
put (GmprocQueue *queue, gint64 number)
{
  g_autoptr (GError) error = NULL;

  gmproc_queue_put (queue, g_variant_new_int64 (number), PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
}

static gint64
get (GmprocQueue *queue)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) item = gmproc_queue_get (queue, PARTY_BOUND, NULL, &error);

  g_assert_no_error (error);
  return g_variant_get_int64 (item);
}

/* -- calls ------------------------------------------------------------------------------------- */

typedef enum
{
  PUT,
  PUT_BYTES,
  PUT_MANY,
  PUT_MANY_BYTES,
  GET,
  GET_BYTES,
  GET_MANY,
  GET_MANY_BYTES,
  JOIN,
  N_CALL_KINDS
} CallKind;

typedef struct
{
  CallKind kind;
  gboolean is_over;
  gboolean worked;
  gint64 number; /* that came */
  gsize n;       /* items that were put, or came */
  GError *error;
} Call;

static void
call_clear (Call *self)
{
  g_clear_error (&self->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Call, call_clear)

static void
note_array (Call *self, GVariant *items)
{
  self->worked = items != NULL;
  if (items == NULL)
    return;
  self->n = g_variant_n_children (items);
  g_variant_get_child (items, 0, "x", &self->number);
  g_variant_unref (items);
}

static void
note_bytes_array (Call *self, GPtrArray *items)
{
  self->worked = items != NULL;
  if (items == NULL)
    return;
  self->n = items->len;
  self->number = *(const gint64 *) g_bytes_get_data (items->pdata[0], NULL);
  g_ptr_array_unref (items);
}

static void
finish_get (Call *self, GmprocQueue *queue, GAsyncResult *result)
{
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (self->kind == GET)
    item = gmproc_queue_get_finish (queue, result, &self->error);
  else
    bytes = gmproc_queue_get_bytes_finish (queue, result, &self->error);
  if (item != NULL)
    self->number = g_variant_get_int64 (item);
  if (bytes != NULL)
    self->number = *(const gint64 *) g_bytes_get_data (bytes, NULL);
  self->worked = item != NULL || bytes != NULL;
}

static void
on_call (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GmprocQueue *queue = GMPROC_QUEUE (object);
  Call *self = user_data;

  g_assert_false (self->is_over);
  self->is_over = TRUE;
  switch (self->kind)
    {
    case PUT:
      self->worked = gmproc_queue_put_finish (queue, result, &self->error);
      break;
    case PUT_BYTES:
      self->worked = gmproc_queue_put_bytes_finish (queue, result, &self->error);
      break;
    case PUT_MANY:
      self->worked = gmproc_queue_put_many_finish (queue, result, &self->n, &self->error);
      break;
    case PUT_MANY_BYTES:
      self->worked = gmproc_queue_put_many_bytes_finish (queue, result, &self->n, &self->error);
      break;
    case GET:
    case GET_BYTES:
      finish_get (self, queue, result);
      break;
    case GET_MANY:
      note_array (self, gmproc_queue_get_many_finish (queue, result, &self->error));
      break;
    case GET_MANY_BYTES:
      note_bytes_array (self, gmproc_queue_get_many_bytes_finish (queue, result, &self->error));
      break;
    case JOIN:
    case N_CALL_KINDS:
    default:
      self->worked = gmproc_queue_join_finish (queue, result, &self->error);
    }
}

/* Puts 7, and in case of many 8 too. */
static void
call_put (Call *self, GmprocQueue *queue, gint64 timeout, GCancellable *cancellable)
{
  const gint64 numbers[] = { 7, 8 };
  g_autoptr (GBytes) bytes = g_bytes_new (&numbers[0], sizeof numbers[0]);
  g_autoptr (GBytes) more = g_bytes_new (&numbers[1], sizeof numbers[1]);
  GBytes *items[] = { bytes, more };

  if (self->kind == PUT)
    gmproc_queue_put_async (queue, g_variant_new_int64 (7), timeout, cancellable, on_call, self);
  else if (self->kind == PUT_BYTES)
    gmproc_queue_put_bytes_async (queue, bytes, timeout, cancellable, on_call, self);
  else if (self->kind == PUT_MANY)
    gmproc_queue_put_many_async (queue, g_variant_new_parsed ("@ax [7, 8]"), timeout, cancellable,
                                 on_call, self);
  else
    gmproc_queue_put_many_bytes_async (queue, items, G_N_ELEMENTS (items), timeout, cancellable,
                                       on_call, self);
}

static void
call (Call *self, CallKind kind, GmprocQueue *queue, gint64 timeout, GCancellable *cancellable)
{
  *self = (Call){ .kind = kind, .number = -1 };
  switch (kind)
    {
    case GET:
      gmproc_queue_get_async (queue, timeout, cancellable, on_call, self);
      break;
    case GET_BYTES:
      gmproc_queue_get_bytes_async (queue, timeout, cancellable, on_call, self);
      break;
    case GET_MANY:
      gmproc_queue_get_many_async (queue, 10, timeout, cancellable, on_call, self);
      break;
    case GET_MANY_BYTES:
      gmproc_queue_get_many_bytes_async (queue, 10, timeout, cancellable, on_call, self);
      break;
    case JOIN:
      gmproc_queue_join_async (queue, timeout, cancellable, on_call, self);
      break;
    case PUT:
    case PUT_BYTES:
    case PUT_MANY:
    case PUT_MANY_BYTES:
    case N_CALL_KINDS:
    default:
      call_put (self, queue, timeout, cancellable);
    }
  g_assert_false (self->is_over);
}

static void
run_until_over (Call *self)
{
  while (!self->is_over)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (self->worked == (self->error == NULL));
}

/* A queue in which a call of this kind has to wait: empty, full, or with an item that is not done.
 */
static GmprocQueue *
new_busy_queue (CallKind kind)
{
  GmprocQueue *queue = new_queue (2);

  if (kind < GET || kind == JOIN)
    put (queue, 1);
  if (kind < GET)
    put (queue, 2);
  return queue;
}

/* Makes a call of this kind possible. */
GMPROC_DEFINE_TARGET (relieve)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GError) error = NULL;
  guint32 kind;

  g_variant_get_child (args, 1, "u", &kind);
  if (kind >= GET && kind != JOIN)
    put (queue, 9);
  else
    {
      (void) get (queue);
      if (kind == PUT_MANY || kind == PUT_MANY_BYTES)
        (void) get (queue);
      gmproc_queue_task_done (queue, &error);
      g_assert_no_error (error);
    }
  return EXIT_SUCCESS;
}

static void
test_waits (PartyKind party_kind)
{
  for (CallKind kind = 0; kind < N_CALL_KINDS; kind++)
    {
      g_autoptr (GmprocQueue) queue = new_busy_queue (kind);
      g_auto (Call) waiting = { 0 };
      g_auto (Call) trying = { 0 };
      Party *party;

      call (&trying, kind, queue, 0, NULL);
      run_until_over (&trying);
      g_assert_error (trying.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

      call (&waiting, kind, queue, PARTY_BOUND, NULL);
      g_main_context_iteration (NULL, FALSE);
      g_assert_false (waiting.is_over);
      party = party_start (party_kind, relieve,
                           g_variant_new ("(hu)", gmproc_queue_get_handle (queue), kind));
      run_until_over (&waiting);
      g_assert_no_error (waiting.error);
      if (kind >= GET && kind != JOIN)
        g_assert_cmpint (waiting.number, ==, 9);
      g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
    }
}
PARTY_TEST (test_waits)

/* What need not wait does not. */
static void
test_at_once (void)
{
  for (CallKind kind = 0; kind < N_CALL_KINDS; kind++)
    {
      g_autoptr (GmprocQueue) queue = new_queue (2);
      g_auto (Call) self = { 0 };

      if (kind >= GET && kind != JOIN)
        put (queue, 5);
      call (&self, kind, queue, 0, NULL);
      run_until_over (&self);
      g_assert_no_error (self.error);
      if (kind == PUT_MANY || kind == PUT_MANY_BYTES)
        g_assert_cmpuint (self.n, ==, 2);
      if (kind == GET_MANY || kind == GET_MANY_BYTES)
        g_assert_cmpuint (self.n, ==, 1);
    }
}

static gpointer
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancel_and_timeout (void)
{
  for (CallKind kind = 0; kind < N_CALL_KINDS; kind++)
    {
      g_autoptr (GmprocQueue) queue = new_busy_queue (kind);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (Call) cancelled = { 0 };
      g_auto (Call) late = { 0 };
      g_auto (Call) bad = { 0 };
      gint64 begin = g_get_monotonic_time ();
      guint length = gmproc_queue_get_length (queue);
      GThread *thread;

      call (&late, kind, queue, PARTY_SHORT, NULL);
      call (&bad, kind, queue, -3, NULL);
      call (&cancelled, kind, queue, GMPROC_FOREVER, cancellable);
      thread = g_thread_new ("cancel", cancel, cancellable);
      run_until_over (&cancelled);
      g_thread_join (thread);
      g_assert_error (cancelled.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      run_until_over (&bad);
      g_assert_error (bad.error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      run_until_over (&late);
      g_assert_error (late.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpint (g_get_monotonic_time () - begin, >=, PARTY_SHORT);
      g_assert_cmpuint (gmproc_queue_get_length (queue), ==, length);
    }
}

/* Closing ends all that wait to get or put. */
static void
test_close (void)
{
  for (CallKind kind = 0; kind < JOIN; kind++)
    {
      g_autoptr (GmprocQueue) queue = new_busy_queue (kind);
      g_auto (Call) self = { 0 };

      call (&self, kind, queue, GMPROC_FOREVER, NULL);
      gmproc_queue_close (queue);
      run_until_over (&self);
      g_assert_error (self.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
    }
}

/* Of many some have room: they are put, counted, and not put again. */
static void
test_some_of_many (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (3);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Call) refused = { .kind = PUT_MANY };
  g_auto (Call) first = { 0 };
  g_auto (Call) second = { 0 };

  put (queue, 1);
  call (&first, PUT_MANY, queue, GMPROC_FOREVER, NULL);
  call (&second, PUT_MANY, queue, GMPROC_FOREVER, cancellable);
  run_until_over (&first);
  g_assert_cmpuint (first.n, ==, 2);
  g_assert_cmpint (get (queue), ==, 1);
  while (!gmproc_queue_is_full (queue))
    g_main_context_iteration (NULL, TRUE);
  g_cancellable_cancel (cancellable);
  run_until_over (&second);
  g_assert_error (second.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (second.n, ==, 1);
  g_assert_cmpint (get (queue), ==, 7);
  g_assert_cmpint (get (queue), ==, 8);
  g_assert_cmpint (get (queue), ==, 7);
  g_assert_true (gmproc_queue_is_empty (queue));

  gmproc_queue_put_many_async (queue,
                               g_variant_new_parsed ("[%h]", gmproc_queue_get_handle (queue)), 0,
                               NULL, on_call, &refused);
  run_until_over (&refused);
  g_assert_error (refused.error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

/* Puts 0 … n - 1. */
GMPROC_DEFINE_TARGET (produce)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);

  for (gint64 i = 0; i < N_CALLS; i++)
    put (queue, i);
  return EXIT_SUCCESS;
}

/* Each of many calls gets one item, and each item goes to one of them. */
static void
test_many_calls (PartyKind kind)
{
  g_autoptr (GmprocQueue) queue = new_queue (3);
  g_autofree Call *calls = g_new0 (Call, N_CALLS);
  gboolean seen[N_CALLS] = { FALSE };
  Party *party;

  for (guint i = 0; i < N_CALLS; i++)
    call (&calls[i], GET, queue, PARTY_BOUND, NULL);
  party = party_start (kind, produce, g_variant_new ("(h)", gmproc_queue_get_handle (queue)));
  for (guint i = 0; i < N_CALLS; i++)
    {
      run_until_over (&calls[i]);
      g_assert_no_error (calls[i].error);
      g_assert_false (seen[calls[i].number]);
      seen[calls[i].number] = TRUE;
    }
  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_many_calls)

/* -- sources ----------------------------------------------------------------------------------- */

static gboolean
count (G_GNUC_UNUSED GmprocWaitable *object, gpointer user_data)
{
  guint *n = user_data;

  (*n)++;
  return G_SOURCE_CONTINUE;
}

static GSource *
attach (GSource *source, guint *n)
{
  g_source_set_callback (source, G_SOURCE_FUNC (count), n, NULL);
  g_source_attach (source, NULL);
  return source;
}

static void
settle (void)
{
  for (guint i = 0; i < 5; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
run_until_more (const guint *n)
{
  guint before = *n;

  while (*n == before)
    g_main_context_iteration (NULL, TRUE);
}

/* Both are dispatched as long as they are ready, and not when they are not. */
static void
test_sources (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (1);
  g_autoptr (GError) error = NULL;
  guint n_gets = 0, n_puts = 0;
  g_autoptr (GSource) get_source =
      attach (gmproc_waitable_create_source (GMPROC_WAITABLE (queue), NULL, &error), &n_gets);
  g_autoptr (GSource) put_source = attach (gmproc_queue_create_put_source (queue, NULL), &n_puts);

  g_assert_no_error (error);
  run_until_more (&n_puts);
  run_until_more (&n_puts);
  g_assert_cmpuint (n_gets, ==, 0);
  g_assert_false (gmproc_waitable_is_ready (GMPROC_WAITABLE (queue)));

  put (queue, 1);
  settle ();
  n_puts = n_gets = 0;
  run_until_more (&n_gets);
  run_until_more (&n_gets);
  g_assert_cmpuint (n_puts, ==, 0);
  g_assert_true (gmproc_waitable_is_ready (GMPROC_WAITABLE (queue)));

  (void) get (queue);
  settle ();
  n_gets = 0;
  run_until_more (&n_puts);
  g_assert_cmpuint (n_gets, ==, 0);
  gmproc_queue_close (queue);
  run_until_more (&n_gets);
  run_until_more (&n_puts);
  g_source_destroy (get_source);
  g_source_destroy (put_source);
}

/* gmproc_wait() with queues. */
static void
test_wait (PartyKind kind)
{
  g_autoptr (GmprocQueue) idle = new_queue (0);
  g_autoptr (GmprocQueue) queue = new_queue (0);
  GmprocWaitable *objects[] = { GMPROC_WAITABLE (idle), GMPROC_WAITABLE (queue) };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) none = gmproc_wait (objects, 2, PARTY_SHORT, NULL, &error);
  g_autoptr (GPtrArray) ready = NULL;
  Party *party;

  g_assert_true (none == NULL || none->len == 0);
  g_clear_error (&error);
  party = party_start (kind, produce, g_variant_new ("(h)", gmproc_queue_get_handle (queue)));
  ready = gmproc_wait (objects, 2, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ready->len, ==, 1);
  g_assert_true (ready->pdata[0] == queue);
  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_wait)

/* The main context and the first GTask open what they keep. */
static void
warm_up (void)
{
  g_autoptr (GTask) task G_GNUC_UNUSED = g_task_new (NULL, NULL, NULL, NULL);

  party_warm_up ();
  g_main_context_iteration (NULL, FALSE);
}

/* -- order ------------------------------------------------------------------------------------- */

static void
put_later (GmprocQueue *queue, gint64 number, Call *call, GCancellable *cancellable, gint64 timeout)
{
  *call = (Call){ .kind = PUT };
  gmproc_queue_put_async (queue, g_variant_new_int64 (number), timeout, cancellable, on_call, call);
}

/* QU-03: a later call does not overtake one that waits, whatever their forms; one that is
 * cancelled, or only tries, leaves the line. */
static void
test_order (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Call) first = { 0 }, cancelled = { 0 }, trying = { 0 }, many = { 0 }, last = { 0 };

  put (queue, 0);
  put_later (queue, 1, &first, NULL, PARTY_BOUND);
  put_later (queue, 2, &cancelled, cancellable, PARTY_BOUND);
  put_later (queue, 3, &trying, NULL, 0);
  call (&many, PUT_MANY, queue, PARTY_BOUND, NULL);
  run_until_over (&trying);
  g_assert_error (trying.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  /* There is room now, but it is the first one's. */
  g_assert_cmpint (get (queue), ==, 0);
  put_later (queue, 9, &last, NULL, PARTY_BOUND);
  g_assert_false (last.is_over);
  g_cancellable_cancel (cancellable);
  run_until_over (&cancelled);
  g_assert_error (cancelled.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  run_until_over (&first);
  g_assert_no_error (first.error);
  g_assert_cmpint (get (queue), ==, 1);
  while (gmproc_queue_is_empty (queue))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (get (queue), ==, 7);
  run_until_over (&many);
  g_assert_cmpint (get (queue), ==, 8);
  run_until_over (&last);
  g_assert_cmpint (get (queue), ==, 9);
}

static void
test_order_of_gets (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (0);
  g_auto (Call) first = { 0 }, second = { 0 };

  call (&first, GET, queue, PARTY_BOUND, NULL);
  put (queue, 1);
  put (queue, 2);
  call (&second, GET_BYTES, queue, PARTY_BOUND, NULL);
  run_until_over (&second);
  g_assert_true (first.is_over);
  g_assert_cmpint (first.number, ==, 1);
  g_assert_cmpint (second.number, ==, 2);
}

static gpointer
take_all (gpointer data)
{
  for (gint64 i = 0; i < 20 * N_CALLS; i++)
    g_assert_cmpint (get (data), ==, i);
  return NULL;
}

/* QU-03: many at once, into a queue that is nearly always full. */
static void
test_order_of_many (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (4);
  g_autofree Call *calls = g_new0 (Call, 20 * N_CALLS);
  GThread *consumer = g_thread_new ("consumer", take_all, queue);

  for (gint64 i = 0; i < 20 * N_CALLS; i++)
    {
      put_later (queue, i, &calls[i], NULL, PARTY_BOUND);
      g_main_context_iteration (NULL, FALSE);
    }
  for (guint i = 0; i < 20 * N_CALLS; i++)
    {
      run_until_over (&calls[i]);
      g_assert_no_error (calls[i].error);
    }
  g_thread_join (consumer);
}

typedef struct
{
  GmprocQueue *queue;
  gint64 first;
  Call *calls;
} Producer;

static gpointer
put_hundred (gpointer data)
{
  Producer *self = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autofree Call *calls = g_new0 (Call, N_CALLS);

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < N_CALLS; i++)
    put_later (self->queue, self->first + i, &calls[i], NULL, PARTY_BOUND);
  for (guint i = 0; i < N_CALLS; i++)
    while (!calls[i].is_over)
      g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static gpointer
put_from_here (gpointer data)
{
  Producer *self = data;

  for (guint i = 0; i < 20 * N_CALLS; i++)
    put_later (self->queue, i, &self->calls[i], NULL, PARTY_BOUND);
  return NULL;
}

/* A thread without a context of its own: its calls end in the main program's, which runs meanwhile.
 */
static void
test_other_thread (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (4);
  g_autofree Call *calls = g_new0 (Call, 20 * N_CALLS);
  Producer producer = { queue, 0, calls };
  GThread *consumer = g_thread_new ("consumer", take_all, queue);
  GThread *thread = g_thread_new ("producer", put_from_here, &producer);
  guint n_over = 0;

  while (n_over < 20 * N_CALLS)
    {
      while (n_over < 20 * N_CALLS && g_atomic_int_get (&calls[n_over].is_over))
        g_assert_no_error (calls[n_over++].error);
      if (n_over < 20 * N_CALLS)
        g_main_context_iteration (NULL, TRUE);
    }
  g_thread_join (thread);
  g_thread_join (consumer);
}

/* Two threads with a context each stand in one line. */
static void
test_order_of_threads (void)
{
  g_autoptr (GmprocQueue) queue = new_queue (1);
  Producer producers[] = { { queue, 0, NULL }, { queue, 1000, NULL } };
  gint64 next[] = { 0, 1000 };
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("producer", put_hundred, &producers[i]);
  for (guint i = 0; i < 2 * N_CALLS; i++)
    {
      gint64 number = get (queue);

      g_assert_cmpint (number, ==, next[number >= 1000]++);
    }
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);

  PARTY_ADD ("/queue/async/waits", test_waits);
  gmproc_test_add ("/queue/async/at-once", test_at_once);
  gmproc_test_add ("/queue/async/cancel-and-timeout", test_cancel_and_timeout);
  gmproc_test_add ("/queue/async/close", test_close);
  gmproc_test_add ("/queue/async/some-of-many", test_some_of_many);
  PARTY_ADD ("/queue/async/many-calls", test_many_calls);
  gmproc_test_add ("/queue/async/sources", test_sources);
  PARTY_ADD ("/queue/async/wait", test_wait);
  gmproc_test_add ("/queue/async/QU-03/order", test_order);
  gmproc_test_add ("/queue/async/QU-03/gets", test_order_of_gets);
  gmproc_test_add ("/queue/async/QU-03/many", test_order_of_many);
  gmproc_test_add ("/queue/async/QU-03/threads", test_order_of_threads);
  gmproc_test_add ("/queue/async/QU-03/other-thread", test_other_thread);
  return g_test_run ();
}
