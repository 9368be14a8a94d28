/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "crew.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM_BOUND (15 * G_TIME_SPAN_MINUTE)
#define SOCKET_BOUND (60) /* seconds */
#define MOST_VISITORS 400 /* at once, two connections each */

/* -- pools ------------------------------------------------------------------------------------- */

void
crew_pause (gint64 microseconds)
{
  gint64 end = g_get_monotonic_time () + microseconds;
  GMutex mutex;
  GCond never;

  g_mutex_init (&mutex);
  g_cond_init (&never);
  g_mutex_lock (&mutex);
  while (g_cond_wait_until (&never, &mutex, end))
    ;
  g_mutex_unlock (&mutex);
  g_cond_clear (&never);
  g_mutex_clear (&mutex);
}

static gpointer
run_watchdog (G_GNUC_UNUSED gpointer data)
{
  crew_pause (PROGRAM_BOUND);
  g_error ("A test hangs");
  return NULL;
}

GMPROC_DEFINE_TARGET (crew_do_nothing)
{
  return EXIT_SUCCESS;
}

void
crew_join (GmprocProcess *process)
{
  g_autoptr (GError) error = NULL;

  gmproc_process_join (process, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
}

/* The reaper reports the ends one after the other. When it has reported this one, it is through
 * with those before. */
static void
flush_reaper (void)
{
  g_autoptr (GmprocProcess) process = gmproc_process_new (crew_do_nothing, NULL);
  g_autoptr (GError) error = NULL;

  gmproc_process_start (process, &error);
  g_assert_no_error (error);
  crew_join (process);
}

void
crew_warm_up (void)
{
  Meeting meeting;

  g_thread_unref (g_thread_new ("watchdog", run_watchdog, NULL));
  meeting_open (&meeting);
  meeting_close (&meeting);
  crew_end (crew_new (1));
}

GmprocPool *
crew_new (guint n_workers)
{
  g_autoptr (GError) error = NULL;
  GmprocPool *pool = gmproc_pool_new (n_workers, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (gmproc_pool_get_n_workers (pool), ==, n_workers);
  return pool;
}

void
crew_end (GmprocPool *pool)
{
  g_autoptr (GError) error = NULL;

  gmproc_pool_close (pool);
  gmproc_pool_join (pool, CREW_BOUND, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (crew_count (), ==, 0);
  g_object_unref (pool);
  crew_settle ();
}

void
crew_settle (void)
{
  g_autolist (GmprocProcess) children = gmproc_list_children ();

  for (GList *link = children; link != NULL; link = link->next)
    crew_join (link->data);
  flush_reaper ();
}

guint
crew_count (void)
{
  g_autolist (GmprocProcess) children = gmproc_list_children ();

  return g_list_length (children);
}

GmprocProcess *
crew_find (gint64 pid)
{
  g_autolist (GmprocProcess) children = gmproc_list_children ();

  for (GList *link = children; link != NULL; link = link->next)
    if (gmproc_process_get_pid (link->data) == pid)
      return g_object_ref (link->data);
  return NULL;
}

void
crew_kill (gint64 pid)
{
  g_autoptr (GmprocProcess) process = crew_find (pid);

  if (process == NULL)
    return; /* the pool itself was quicker */
  gmproc_process_kill (process, NULL);
  crew_join (process);
}

/* -- calls ------------------------------------------------------------------------------------- */

GVariant *
crew_numbers (gsize n)
{
  g_autofree gint64 *numbers = g_new (gint64, n + 1);

  for (gsize i = 0; i < n; i++)
    numbers[i] = i;
  return g_variant_new_fixed_array (G_VARIANT_TYPE_INT64, numbers, n, sizeof *numbers);
}

GMPROC_DEFINE_FUNCTION (square_for_crew, "x", "x")
{
  gint64 number = g_variant_get_int64 (item);

  return g_variant_new_int64 (number * number);
}

const GmprocFunction crew_square = square_for_crew;

void
crew_assert_works (GmprocPool *pool, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) squares =
      gmproc_pool_map (pool, crew_square, crew_numbers (n), NULL, &error);
  const gint64 *values;
  gsize n_values;

  g_assert_no_error (error);
  values = g_variant_get_fixed_array (squares, &n_values, sizeof *values);
  g_assert_cmpuint (n_values, ==, n);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpint (values[i], ==, (gint64) (i * i));
}

static gpointer
run_call (gpointer data)
{
  CrewCall *self = data;

  self->result =
      gmproc_pool_map (self->pool, self->function, self->items, self->cancellable, &self->error);
  return NULL;
}

void
crew_call_start (CrewCall *self, GmprocPool *pool, GmprocFunction function, GVariant *items)
{
  *self = (CrewCall){ .pool = g_object_ref (pool),
                      .function = function,
                      .items = g_variant_ref_sink (items),
                      .cancellable = g_cancellable_new () };
  self->thread = g_thread_new ("call", run_call, self);
}

void
crew_call_join (CrewCall *self)
{
  g_thread_join (g_steal_pointer (&self->thread));
  g_assert_true ((self->result == NULL) != (self->error == NULL));
}

void
crew_call_clear (CrewCall *self)
{
  g_assert_null (self->thread);
  g_clear_object (&self->pool);
  g_clear_pointer (&self->items, g_variant_unref);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->result, g_variant_unref);
  g_clear_error (&self->error);
}

/* -- meetings ----------------------------------------------------------------------------------
 *
 * A visitor says over a connection who it is, and then over another one that it has done so: the
 * first connection is to end with its process. In Wine 8 it stays open for ever when the process is
 * ended between the moment in which its words are here and the one in which its send() returns.
 */
typedef struct
{
  gint64 number;
  gint64 pid;
  gint64 has_come; /* on the second connection */
} Words;

static GSocket *
new_socket (void)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);

  g_assert_no_error (error);
  g_socket_set_timeout (socket, SOCKET_BOUND);
  return socket;
}

static GSocketAddress *
get_address (guint16 port)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);

  return g_inet_socket_address_new (loopback, port);
}

void
meeting_open (Meeting *self)
{
  g_autoptr (GSocketAddress) any = get_address (0);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  g_queue_init (&self->early);
  self->listener = new_socket ();
  g_socket_set_listen_backlog (self->listener, MOST_VISITORS);
  g_socket_bind (self->listener, any, FALSE, &error);
  g_assert_no_error (error);
  g_socket_listen (self->listener, &error);
  g_assert_no_error (error);
  address = g_socket_get_local_address (self->listener, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

static void
free_visitor (gpointer data)
{
  Visitor *visitor = data;

  visitor_release (visitor);
  g_free (visitor);
}

void
meeting_close (Meeting *self)
{
  g_clear_object (&self->listener);
  g_queue_clear_full (&self->early, free_visitor);
}

/* The whole of it, or no more than the other side sends before its end. */
static gsize
receive_all (GSocket *socket, gpointer buffer, gsize size)
{
  gsize received = 0;

  while (received < size)
    {
      gssize count =
          g_socket_receive (socket, (char *) buffer + received, size - received, NULL, NULL);

      if (count <= 0)
        break;
      received += count;
    }
  return received;
}

static Visitor *
take_early (Meeting *self, const Words *words)
{
  for (GList *link = self->early.head; link != NULL; link = link->next)
    {
      Visitor *visitor = link->data;

      if (visitor->number == words->number && visitor->pid == words->pid)
        {
          g_queue_delete_link (&self->early, link);
          return visitor;
        }
    }
  g_assert_not_reached ();
}

void
meeting_accept (Meeting *self, Visitor *ret_visitor)
{
  g_autofree Visitor *visitor = NULL;

  while (visitor == NULL)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocket) socket = g_socket_accept (self->listener, NULL, &error);
      Words words;

      g_assert_no_error (error);
      g_socket_set_timeout (socket, SOCKET_BOUND);
      g_assert_cmpuint (receive_all (socket, &words, sizeof words), ==, sizeof words);
      if (words.has_come)
        visitor = take_early (self, &words);
      else
        g_queue_push_tail (&self->early, g_memdup2 (&(Visitor){ .socket = g_steal_pointer (&socket),
                                                                .number = words.number,
                                                                .pid = words.pid },
                                                    sizeof (Visitor)));
    }
  *ret_visitor = *visitor;
}

GVariant *
meeting_items (Meeting *self, gsize n)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(qx)"));
  for (gsize i = 0; i < n; i++)
    g_variant_builder_add (&builder, "(qx)", self->port, (gint64) i);
  return g_variant_builder_end (&builder);
}

static GSocket *
say (guint16 port, const Words *words, GError **error)
{
  g_autoptr (GSocketAddress) address = get_address (port);
  g_autoptr (GSocket) socket = new_socket ();
  gssize count;

  if (!g_socket_connect (socket, address, NULL, error))
    return NULL;
  count = g_socket_send (socket, (const char *) words, sizeof *words, NULL, error);
  if (count < 0)
    return NULL;
  g_assert_cmpint (count, ==, sizeof *words);
  return g_steal_pointer (&socket);
}

void
meeting_come (guint16 port, gint64 number)
{
  Words words = { number, gmproc_process_get_pid (gmproc_process_get_current ()), FALSE };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = say (port, &words, &error);
  g_autoptr (GSocket) second = NULL;
  char byte;

  g_assert_no_error (error);
  words.has_come = TRUE;
  second = say (port, &words, NULL); /* fails when the meeting is over */
  g_clear_object (&second);
  g_assert_cmpuint (receive_all (socket, &byte, 1), ==, 0);
}

GMPROC_DEFINE_FUNCTION (visit_meeting, "(qx)", "x")
{
  guint16 port;
  gint64 number;

  g_variant_get (item, "(qx)", &port, &number);
  meeting_come (port, number);
  return g_variant_new_int64 (number);
}

GMPROC_DEFINE_FUNCTION (visit_meeting_long, "(qx)", "ay")
{
  guint16 port;
  gint64 number;
  guint8 *bytes;

  g_variant_get (item, "(qx)", &port, &number);
  bytes = g_malloc (MEETING_LONG);
  memset (bytes, (guint8) number, MEETING_LONG);
  meeting_come (port, number);
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, MEETING_LONG, TRUE, g_free,
                                  bytes);
}

const GmprocFunction meeting_visit = visit_meeting;
const GmprocFunction meeting_visit_long = visit_meeting_long;

void
visitor_release (Visitor *self)
{
  g_clear_object (&self->socket);
}

void
visitor_wait_gone (Visitor *self)
{
  g_autoptr (GError) error = NULL;
  char byte;
  gssize count = g_socket_receive (self->socket, &byte, 1, NULL, &error);

  if (error != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  else
    g_assert_cmpint (count, ==, 0);
  g_clear_object (&self->socket);
}
