/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * gmproc_dump(): who holds what, and who waits for it, while everybody else hangs.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "support.h"

/* Waits for MARK in the dump, since a party may be on its way. Only a hang takes that long. */
static char *
dump_with (GmprocDumpFormat format, const char *mark)
{
  gint64 deadline = g_get_monotonic_time () + PARTY_BOUND;

  for (;;)
    {
      g_autofree char *text = gmproc_dump_to_string (format);

      if (strstr (text, mark) != NULL)
        return g_steal_pointer (&text);
      if (g_get_monotonic_time () > deadline)
        g_error ("“%s” is not in this dump:\n%s", mark, text);
      party_pause (G_TIME_SPAN_MILLISECOND);
    }
}

/* Whether TEXT has all of these, a part of it each, one after the other. */
static void
assert_in_order (const char *text, const char *first, ...)
{
  va_list parts;
  const char *at = text;

  va_start (parts, first);
  for (const char *part = first; part != NULL; part = va_arg (parts, const char *))
    {
      const char *found = strstr (at, part);

      if (found == NULL)
        g_error ("“%s” is not where it should be in this dump:\n%s", part, text);
      at = found + strlen (part);
    }
  va_end (parts);
}

/* How often PART is in the paragraph that TEXT begins. */
static guint
count_in_paragraph (const char *text, const char *part)
{
  const char *end = strstr (text, "\n\n");
  guint n = 0;

  for (const char *at = text; (at = strstr (at, part)) != NULL && (end == NULL || at < end); at++)
    n++;
  return n;
}

/* Makes a lock and holds it, and waits for ever at the barrier. Nobody else has that lock. */
GMPROC_DEFINE_TARGET (hold_own_lock)
{
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLock) lock = gmproc_lock_new_recursive (&error);

  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    g_assert_true (gmproc_lock_acquire (lock, 0, NULL, NULL));
  (void) gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, NULL);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (wait_for_lock)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);
  g_autoptr (GError) error = NULL;

  gmproc_lock_acquire (lock, PARTY_BOUND, NULL, &error);
  g_assert_no_error (error);
  gmproc_lock_release (lock, &error);
  return EXIT_SUCCESS;
}

GMPROC_DEFINE_TARGET (wait_for_item)
{
  g_autoptr (GmprocQueue) queue = party_open_queue (args, 0);
  g_autoptr (GVariant) item = gmproc_queue_get (queue, PARTY_BOUND, NULL, NULL);

  return item != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A lock that this process holds, and one that waits for it. */
static void
test_lock (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocLock) lock = gmproc_lock_new (&error);
  g_autofree char *self = g_strdup_printf ("held by MainProcess, process %" G_GINT64_FORMAT,
                                           gmproc_process_get_pid (gmproc_process_get_current ()));
  g_autofree char *text = NULL;
  g_autofree char *free_text = NULL;
  Party *waiter;

  g_assert_no_error (error);
  gmproc_lock_acquire (lock, 0, NULL, &error);
  g_assert_no_error (error);
  waiter = party_start (kind, wait_for_lock, g_variant_new ("(h)", gmproc_lock_get_handle (lock)));
  text = dump_with (GMPROC_DUMP_TEXT, "waited for by ");
  assert_in_order (text, "lock ", ": acquired", self, "waited for by ",
                   kind == PARTY_THREAD ? "MainProcess" : "Process-", ", thread ", " s\n",
                   "shared by", NULL);
  gmproc_lock_release (lock, &error);
  g_assert_no_error (error);
  g_assert_cmpint (party_join (waiter), ==, EXIT_SUCCESS);

  free_text = dump_with (GMPROC_DUMP_TEXT, "lock ");
  assert_in_order (free_text, "1 processes, ", "lock ", ": free\n", "shared by", NULL);
  g_assert_null (strstr (free_text, "waited for"));
}
PARTY_TEST (test_lock)

GMPROC_DEFINE_TARGET (wait_at_barrier)
{
  g_autoptr (GmprocBarrier) barrier = party_open_barrier (args, 0);

  (void) gmproc_barrier_wait (barrier, GMPROC_FOREVER, NULL, NULL);
  return EXIT_SUCCESS;
}

/* Who waits at a barrier looks for dead parties now and then, and waits as long as before. */
static void
test_since (PartyKind kind)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (2, &error);
  double seconds = 0;
  Party *party;

  g_assert_no_error (error);
  party = party_start (kind, wait_at_barrier,
                       g_variant_new ("(h)", gmproc_barrier_get_handle (barrier)));
  while (seconds < 0.7)
    {
      g_autofree char *text = dump_with (GMPROC_DUMP_TEXT, "waited for by ");
      const char *at = strstr (strstr (text, "waited for by "), ", for ");
      double now = g_ascii_strtod (at + strlen (", for "), NULL);

      g_assert_cmpfloat (now, >=, seconds);
      seconds = now;
      party_pause (10 * G_TIME_SPAN_MILLISECOND);
    }
  gmproc_barrier_abort (barrier);
  g_assert_cmpint (party_join (party), ==, EXIT_SUCCESS);
}
PARTY_TEST (test_since)

/* The one who holds a lock is stopped, and only it has the lock. */
static void
test_stopped_holder (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (2, &error);
  g_autofree char *before = NULL;
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;
  g_autofree char *owner = NULL;
  Party *holder;

  g_assert_no_error (error);
  holder = party_start (PARTY_PROCESS, hold_own_lock,
                        g_variant_new ("(h)", gmproc_barrier_get_handle (barrier)));
  before = dump_with (GMPROC_DUMP_TEXT, "waited for by ");
  if (party_stop (holder))
    {
      owner = g_strdup_printf ("\"owner\": {\"pid\": %" G_GINT64_FORMAT ", \"name\": \"Process-",
                               party_get_pid (holder));
      text = gmproc_dump_to_string (GMPROC_DUMP_TEXT);
      json = gmproc_dump_to_string (GMPROC_DUMP_JSON);
      party_continue (holder);
      assert_in_order (text, "2 processes, ", "barrier ", "1 of 2 have arrived\n",
                       "waited for by Process-", NULL);
      assert_in_order (text, "lock ", ": recursive, acquired\n", "held by Process-", NULL);
      assert_in_order (json, "\"kind\": \"lock\"",
                       "\"recursive\": true, \"held\": true, \"depth\": 3", owner,
                       "\"alive\": true, \"seconds\": ", NULL);
    }
  gmproc_barrier_abort (barrier);
  g_assert_cmpint (party_join (holder), ==, EXIT_SUCCESS);
}

/* Who is dead waits for nothing, and is not of the family; what it held is said to be held by it.
 */
static void
test_dead (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocCondition) condition G_GNUC_UNUSED = gmproc_condition_new (NULL, &error);
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, &error);
  g_autofree char *with_waiter = NULL;
  g_autofree char *without = NULL;
  Party *waiter;

  g_assert_no_error (error);
  waiter = party_start (PARTY_PROCESS, wait_for_item,
                        g_variant_new ("(h)", gmproc_queue_get_handle (queue)));
  with_waiter = dump_with (GMPROC_DUMP_TEXT, "waited for by ");
  assert_in_order (with_waiter, "2 processes, ", "queue ", "waited for by Process-", "shared by",
                   NULL);
  party_kill (waiter);
  without = gmproc_dump_to_string (GMPROC_DUMP_TEXT);
  assert_in_order (without, "1 processes, ", "condition ", NULL);
  g_assert_null (strstr (without, "waited for by "));
  g_assert_nonnull (strstr (without, "queue "));
}

/* Has a queue and shared memory that nobody else has, a queue and memory that others have too, and
 * waits for ever for room. */
GMPROC_DEFINE_TARGET (fill_own_queue)
{
  g_autoptr (GmprocQueue) shared_queue G_GNUC_UNUSED = party_open_queue (args, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocSharedMemory) shared_memory = NULL;
  g_autoptr (GmprocSharedMemory) view G_GNUC_UNUSED = NULL;
  g_autoptr (GmprocSharedMemory) memory G_GNUC_UNUSED = NULL;
  g_autoptr (GmprocQueue) queue = NULL;
  gint32 handle;

  g_variant_get_child (args, 1, "h", &handle);
  shared_memory = gmproc_shared_memory_from_handle (handle, &error);
  g_assert_no_error (error);
  view = gmproc_shared_memory_to_read_only (shared_memory, &error);
  g_assert_no_error (error);
  memory = gmproc_shared_memory_new (321, &error);
  g_assert_no_error (error);
  queue = gmproc_queue_new (2, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    (void) gmproc_queue_put_data (queue, (const guint8 *) "x", 1, i < 2 ? 0 : PARTY_BOUND, NULL,
                                  NULL);
  return EXIT_FAILURE; /* it is killed there */
}

/* What only a process has that is stopped is shown too, and how full it is. */
static void
test_stopped_producer (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, &error);
  g_autoptr (GmprocArray) array = gmproc_array_new ("x", 100, &error);
  g_autoptr (GmprocSharedMemory) memory = gmproc_shared_memory_new (123, &error);
  g_autofree char *full = NULL;
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;
  Party *producer;

  g_assert_no_error (error);
  for (guint i = 0; i < 5; i++)
    g_assert_true (gmproc_queue_put_data (queue, (const guint8 *) "x", 1, 0, NULL, NULL));
  g_bytes_unref (gmproc_queue_get_bytes (queue, 0, NULL, NULL));
  g_assert_true (gmproc_queue_task_done (queue, NULL));
  producer = party_start (PARTY_PROCESS, fill_own_queue,
                          g_variant_new ("(hh)", gmproc_queue_get_handle (queue),
                                         gmproc_shared_memory_get_handle (memory)));
  full = dump_with (GMPROC_DUMP_TEXT, "waited for by Process-");
  if (party_stop (producer))
    {
      gmproc_queue_close (queue);
      text = gmproc_dump_to_string (GMPROC_DUMP_TEXT);
      json = gmproc_dump_to_string (GMPROC_DUMP_JSON);
      assert_in_order (text, "queue ", ": length 2 of 2\n  waited for by Process-", NULL);
      assert_in_order (text, "queue ", ": length 4, 4 unfinished, closed\n  shared by", ", ", NULL);
      assert_in_order (text, "shared memory ", ": 800 bytes\n", NULL);
      assert_in_order (text, "shared memory ", ": 123 bytes\n  shared by", ", ", NULL);
      assert_in_order (text, "shared memory ", ": 321 bytes\n  shared by", NULL);
      assert_in_order (json, "\"kind\": \"queue\"",
                       "\"length\": 4, \"unfinished\": 4, \"closed\": true", NULL);
      assert_in_order (json, "\"length\": 2, \"bound\": 2, \"unfinished\": 2, \"closed\": false",
                       NULL);
      /* Once for each of the two processes, also where one has it twice. */
      g_assert_cmpuint (count_in_paragraph (strstr (text, ": 123 bytes\n"), ","), ==, 1);
      party_continue (producer);
    }
  party_kill (producer);
  g_clear_object (&array);
  g_clear_pointer (&text, g_free);
  text = gmproc_dump_to_string (GMPROC_DUMP_TEXT);
  g_assert_null (strstr (text, ": 800 bytes"));
  g_assert_null (strstr (text, ": 321 bytes"));
  g_assert_nonnull (strstr (text, ": 123 bytes"));
}

/* Every kind, also what is written to a stream. */
static void
test_kinds (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocEvent) event = gmproc_event_new (&error);
  g_autoptr (GmprocSemaphore) semaphore = gmproc_semaphore_new_bounded (3, &error);
  g_autoptr (GmprocValue) value G_GNUC_UNUSED = gmproc_value_new ("x", NULL, &error);
  g_autoptr (GmprocSharedMemory) memory G_GNUC_UNUSED =
      gmproc_shared_memory_new_growable (100, 200, &error);
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *json = NULL;

  g_assert_no_error (error);
  gmproc_event_set (event);
  g_assert_true (gmproc_semaphore_acquire (semaphore, 0, NULL, NULL));
  gmproc_dump (stream, GMPROC_DUMP_JSON, NULL, &error);
  g_assert_no_error (error);
  g_output_stream_close (stream, NULL, NULL);
  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (stream));
  json = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  assert_in_order (json, "{\n", "\"processes\": [", "\"name\": \"MainProcess\"", "\"objects\": [",
                   NULL);
  g_assert_nonnull (strstr (json, "\"kind\": \"event\""));
  g_assert_nonnull (strstr (json, "\"set\": true"));
  g_assert_nonnull (strstr (json, "\"count\": 2, \"bound\": 3"));
  g_assert_nonnull (strstr (json, "\"kind\": \"value\""));
  g_assert_nonnull (strstr (json, "\"size\": 100, \"maximum\": 200"));

  /* What is gone is not in the dump any more. */
  g_clear_object (&event);
  g_clear_pointer (&json, g_free);
  json = gmproc_dump_to_string (GMPROC_DUMP_JSON);
  g_assert_null (strstr (json, "\"kind\": \"event\""));
}

/* Holds a lock and belongs to a barrier, until it is killed. */
GMPROC_DEFINE_TARGET (hold_until_killed)
{
  g_autoptr (GmprocLock) lock = party_open_lock (args, 0);
  g_autoptr (GmprocBarrier) barrier G_GNUC_UNUSED = party_open_barrier (args, 1);
  g_autoptr (GmprocEvent) ready = party_open_event (args, 2);
  g_autoptr (GmprocEvent) never = party_new_signal ();

  g_assert_true (gmproc_lock_acquire (lock, PARTY_BOUND, NULL, NULL));
  gmproc_event_set (ready);
  party_wait (never);
  return EXIT_SUCCESS;
}

/* GM-14: what killed processes leave is used again, and the check around the test sees handles and
 * children that are left. A thousand with -m slow. */
static void
test_many_killed (void)
{
  guint n = g_test_slow () ? 1000 : 100;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GmprocLock) lock = gmproc_lock_new (&error);
      g_autoptr (GmprocBarrier) barrier = gmproc_barrier_new (2, &error);
      g_autoptr (GmprocEvent) ready = party_new_signal ();
      g_autofree char *text = NULL;
      Party *killed;

      g_assert_no_error (error);
      killed = party_start (PARTY_PROCESS, hold_until_killed,
                            g_variant_new ("(hhh)", gmproc_lock_get_handle (lock),
                                           gmproc_barrier_get_handle (barrier),
                                           gmproc_event_get_handle (ready)));
      party_wait (ready);
      party_kill (killed);
      g_assert_true (gmproc_lock_acquire (lock, PARTY_BOUND, NULL, NULL));
      g_assert_true (gmproc_lock_was_abandoned (lock));
      g_assert_true (gmproc_lock_release (lock, NULL));
      gmproc_barrier_reset (barrier);
      text = gmproc_dump_to_string (GMPROC_DUMP_TEXT);
      g_assert_true (g_str_has_prefix (text, "1 processes, 3 shared objects\n"));
    }
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  PARTY_ADD ("/dump/lock", test_lock);
  PARTY_ADD ("/dump/since", test_since);
  gmproc_test_add ("/dump/stopped-holder", test_stopped_holder);
  gmproc_test_add ("/dump/dead", test_dead);
  gmproc_test_add ("/dump/stopped-producer", test_stopped_producer);
  gmproc_test_add ("/dump/kinds", test_kinds);
  gmproc_test_add ("/dump/many-killed", test_many_killed);
  return g_test_run ();
}
