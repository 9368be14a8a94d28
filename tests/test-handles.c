/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Numbers that are the handle of no object, of one that is gone, of another class, or of another
 * process, of this family or not: for each class of which objects cross. A listener has no handle.
 */
#include <gmproc.h>

#include <stdlib.h>
#include <string.h>

#include "party.h"
#include "port/leaks.h"
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

/* The one handle of a system that GLib gives everywhere. */
static gpointer
new_descriptor (GError **error)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);

  return socket != NULL ? gmproc_descriptor_new (g_socket_get_fd (socket), error) : NULL;
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
    case 9:
      return new_descriptor (error);
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
} classes[] = { CLASS (array),         CLASS (barrier),    CLASS (condition), CLASS (connection),
                CLASS (event),         CLASS (lock),       CLASS (queue),     CLASS (semaphore),
                CLASS (shared_memory), CLASS (descriptor), CLASS (value) };

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

/* Each class's handle to each other class; the message names both. */
static void
test_other_class (void)
{
  for (guint i = 0; i < N_CLASSES; i++)
    {
      g_autoptr (GObject) object = new_object (i);

      for (guint k = 0; k < N_CLASSES; k++)
        {
          g_autoptr (GObject) other = new_object (k);
          g_autoptr (GError) error = NULL;

          if (k == i)
            continue;
          assert_refused (k, classes[i].get_handle (object));
          g_assert_null (classes[k].from_handle (classes[i].get_handle (object), &error));
          g_assert_nonnull (strstr (error->message, G_OBJECT_TYPE_NAME (object)));
          g_assert_nonnull (strstr (error->message, G_OBJECT_TYPE_NAME (other)));
        }
    }
}

GMPROC_DEFINE_TARGET (never)
{
  return EXIT_FAILURE;
}

/* PART of the message says what it is that does not go along. */
static void
assert_stays_here (gint32 handle, GQuark domain, int code, const char *part)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (never, g_variant_new ("(h)", handle));
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_process_start (process, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, part));
}

/* The handle of an object that is closed is still its, but it crosses to nobody. */
static void
test_closed (void)
{
  g_autoptr (GmprocConnection) connection = new_connection (NULL);
  g_autoptr (GmprocDescriptor) descriptor = new_descriptor (NULL);
  g_autoptr (GmprocConnection) same = NULL;

  g_assert_nonnull (connection);
  g_assert_nonnull (descriptor);
  gmproc_connection_close (connection);
  same = gmproc_connection_from_handle (gmproc_connection_get_handle (connection), NULL);
  g_assert_true (same == connection);
  assert_stays_here (gmproc_connection_get_handle (connection), G_IO_ERROR, G_IO_ERROR_CLOSED,
                     "connection");

  gmproc_test_leaks_close_stolen (gmproc_descriptor_steal (descriptor));
  assert_stays_here (gmproc_descriptor_get_handle (descriptor), GMPROC_ERROR,
                     GMPROC_ERROR_BAD_STATE, "descriptor");
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
  gmproc_test_add ("/handles/closed", test_closed);
  gmproc_test_add ("/handles/other-process", test_other_process);
  return g_test_run ();
}
