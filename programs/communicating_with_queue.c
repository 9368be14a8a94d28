/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows a producer and a consumer, two subclasses of GmprocProcess, that share a queue.
 *
 * You should see: "producer-1: put 137, size 1" and "consumer-2: got 137" for ten random numbers,
 * each got once and in the order put, and "the queue is empty" as the last line.
 */
#define PROGRAM "communicating_with_queue"

#include <gmproc.h>

#include "options.h"

/* Defines a subclass of GmprocProcess that differs from it in what it runs, and in nothing else. */
#define DEFINE_RUNNER(TypeName, type_name, run_function)      \
  typedef GmprocProcess TypeName;                             \
  typedef GmprocProcessClass TypeName##Class;                 \
  GType type_name##_get_type (void);                          \
  GMPROC_DEFINE_PROCESS_TYPE (TypeName, type_name)            \
  static void type_name##_init (G_GNUC_UNUSED TypeName *self) \
  {                                                           \
  }                                                           \
  static void type_name##_class_init (TypeName##Class *class) \
  {                                                           \
    class->run = run_function;                                \
  }

static int
produce (GmprocProcess *self, GError **error)
{
  g_autoptr (GmprocQueue) queue = NULL;
  g_autoptr (GRand) rand = NULL;
  guint pause, items, seed;
  gint32 handle;

  g_variant_get (gmproc_process_get_args (self), "(huuu)", &handle, &pause, &items, &seed);
  queue = gmproc_queue_from_handle (handle, error);
  if (queue == NULL)
    return 1;
  rand = g_rand_new_with_seed (seed);
  for (guint i = 0; i < items; i++, g_usleep (pause))
    {
      int number = g_rand_int_range (rand, 0, 257);
      if (!gmproc_queue_put (queue, g_variant_new_int32 (number), GMPROC_FOREVER, NULL, error))
        return 1;
      g_print ("%s: put %d, size %u\n", gmproc_process_get_name (self), number,
               gmproc_queue_get_length (queue));
    }
  gmproc_queue_close (queue);
  return 0;
}

static int
consume (GmprocProcess *self, GError **error)
{
  g_autoptr (GmprocQueue) queue = NULL;
  g_autoptr (GError) end = NULL;
  gint32 handle;
  guint pause;

  g_variant_get (gmproc_process_get_args (self), "(hu)", &handle, &pause);
  queue = gmproc_queue_from_handle (handle, error);
  if (queue == NULL)
    return 1;
  for (;;)
    {
      g_usleep (pause);
      g_autoptr (GVariant) item = gmproc_queue_get (queue, GMPROC_FOREVER, NULL, &end);
      if (item == NULL)
        break;
      g_print ("%s: got %d\n", gmproc_process_get_name (self), g_variant_get_int32 (item));
    }
  if (!g_error_matches (end, G_IO_ERROR, G_IO_ERROR_CLOSED))
    {
      g_propagate_error (error, g_steal_pointer (&end));
      return 1;
    }
  g_print ("the queue is empty\n");
  return 0;
}

DEFINE_RUNNER (Producer, producer, produce)
DEFINE_RUNNER (Consumer, consumer, consume)

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  int items = 10;
  gint64 seed = g_random_int ();
  double interval = 1.0;
  const GOptionEntry entries[] = {
    { "items", 0, 0, G_OPTION_ARG_INT, &items, "How many numbers to put (10)", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Seed of the random numbers (random)", "S" },
    OPTIONS_INTERVAL (&interval),
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "A producer and a consumer share a queue.", entries);
  options_check_range ("--items", items, 0, 1000000);
  options_check_range ("--seed", seed, 0, G_MAXUINT32);
  guint pause = options_get_pause (interval);
  g_autoptr (GmprocQueue) queue = gmproc_queue_new (0, &error);
  if (queue == NULL)
    return options_fail (error);
  gint32 handle = gmproc_queue_get_handle (queue);
  g_autoptr (GmprocProcess) producer =
      g_object_new (producer_get_type (), "name", "producer-1", "args",
                    g_variant_new ("(huuu)", handle, pause, items, (guint) seed), NULL);
  g_autoptr (GmprocProcess) consumer =
      g_object_new (consumer_get_type (), "name", "consumer-2", "args",
                    g_variant_new ("(hu)", handle, pause), NULL);
  if (!gmproc_process_start (producer, &error) || !gmproc_process_start (consumer, &error)
      || !options_join (producer, &error) || !options_join (consumer, &error))
    return options_fail (error);
  return 0;
}
