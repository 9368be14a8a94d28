/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Numbers that are the handle of no object, of one that is gone, of another class, or of another
 * process: for each class of which objects cross.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "support.h"

typedef gint32 (*GetHandle) (gpointer object);
typedef gpointer (*FromHandle) (gint32 handle, GError **error);

static gpointer
new_condition (GError **error)
{
  g_autoptr (GmprocLock) lock = gmproc_lock_new (error);

  return lock != NULL ? gmproc_condition_new (lock, error) : NULL;
}

static gpointer
new_connection (GError **error)
{
  GmprocConnection *one;
  g_autoptr (GmprocConnection) other = NULL;

  return gmproc_pipe_new (TRUE, &one, &other, error) ? one : NULL;
}

static gpointer
make (guint class_number, GError **error)
{
  switch (class_number)
    {
    case 0:
      return gmproc_array_new ("i", 3, error);
    case 1:
      return gmproc_barrier_new (2, error);
    case 2:
      return new_condition (error);
    case 3:
      return new_connection (error);
    case 4:
      return gmproc_event_new (error);
    case 5:
      return gmproc_lock_new (error);
    case 6:
      return gmproc_queue_new (0, error);
    case 7:
      return gmproc_semaphore_new (1, error);
    case 8:
      return gmproc_shared_memory_new (1, error);
    default:
      return gmproc_value_new ("i", NULL, error);
    }
}

#define CLASS(name)                                                                  \
  {                                                                                  \
    (GetHandle) gmproc_##name##_get_handle, (FromHandle) gmproc_##name##_from_handle \
  }

static const struct
{
  GetHandle get_handle;
  FromHandle from_handle;
} classes[] = { CLASS (array),         CLASS (barrier), CLASS (condition), CLASS (connection),
                CLASS (event),         CLASS (lock),    CLASS (queue),     CLASS (semaphore),
                CLASS (shared_memory), CLASS (value) };

#define N_CLASSES G_N_ELEMENTS (classes)

static gpointer
new_object (guint class_number)
{
  g_autoptr (GError) error = NULL;
  gpointer object = make (class_number, &error);

  g_assert_no_error (error);
  return object;
}

/* The message names the number. */
static void
assert_refused (guint class_number, gint32 handle)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *named = g_strdup_printf ("%" G_GINT32_FORMAT, handle);

  g_assert_null (classes[class_number].from_handle (handle, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE);
  g_assert_nonnull (strstr (error->message, named));
}

static void
test_nobody (void)
{
  static const gint32 numbers[] = { 0, -1, 1, G_MAXINT32, G_MININT32 };

  for (guint i = 0; i < N_CLASSES; i++)
    for (guint k = 0; k < G_N_ELEMENTS (numbers); k++)
      assert_refused (i, numbers[k]);
}

static void
test_gone (void)
{
  for (guint i = 0; i < N_CLASSES; i++)
    {
      gpointer object = new_object (i);
      gint32 handle = classes[i].get_handle (object);
      gpointer same = classes[i].from_handle (handle, NULL);

      g_assert_true (same == object);
      g_object_unref (same);
      g_object_unref (object);
      assert_refused (i, handle);
    }
}

/* Each class's handle to each other class. */
static void
test_other_class (void)
{
  for (guint i = 0; i < N_CLASSES; i++)
    {
      g_autoptr (GObject) object = new_object (i);

      for (guint k = 0; k < N_CLASSES; k++)
        if (k != i)
          assert_refused (k, classes[i].get_handle (object));
    }
}

/* What is written as an `i`, and not as an `h`, is another process's number and no handle here. */
GMPROC_DEFINE_TARGET (refuse_number)
{
  guint class_number;
  gint32 number;

  g_variant_get (args, "(ui)", &class_number, &number);
  assert_refused (class_number, number);
  return EXIT_SUCCESS;
}

static void
test_other_process (void)
{
  for (guint i = 0; i < N_CLASSES; i++)
    {
      g_autoptr (GObject) object = new_object (i);
      GVariant *args = g_variant_new ("(ui)", i, classes[i].get_handle (object));

      g_assert_cmpint (party_join (party_start (PARTY_PROCESS, refuse_number, args)), ==,
                       EXIT_SUCCESS);
    }
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (party_warm_up);

  gmproc_test_add ("/handles/nobody", test_nobody);
  gmproc_test_add ("/handles/gone", test_gone);
  gmproc_test_add ("/handles/other-class", test_other_class);
  gmproc_test_add ("/handles/other-process", test_other_process);
  return g_test_run ();
}
