/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Locks: MUTEX guards the shipments and the states of the routes. What a source asks the system for
 * belongs to the thread that serves alone.
 */
#include "config.h"

#include "port.h"
#include "ear-win32.h"
#include "pipe-win32.h"
#include "port-error.h"
#include "route-win32.h"

#include <string.h>

#define N_RECEIPTS 64 /* of one read */

typedef struct
{
  guint64 id; /* of this process's; they grow along a route */
  GmprocRoute *route;
  guint n_handles;
  gintptr handles[];
} Shipment;

struct GmprocRoute
{
  GQueue shipments; /* by id */
  HANDLE receipts;  /* where receivers write to */
  GSource *source;  /* NULL when there is nothing to wait for any more */
  gboolean is_attached;
  gboolean is_over; /* nobody is left to receive */
};

static GMutex mutex;
static GHashTable *on_their_way; /* id -> Shipment */
static GMainContext *context;    /* of the thread; NULL until the first route */
static guint64 last_id;

/* -- shipments --------------------------------------------------------------------------------- */

static void
shipment_free (Shipment *shipment)
{
  for (guint i = 0; i < shipment->n_handles; i++)
    gmproc_port_handle_close (&shipment->handles[i]);
  g_free (shipment);
}

/* Closes those up to LAST, an id. */
static void
release_locked (GmprocRoute *route, guint64 last)
{
  Shipment *shipment;

  while ((shipment = g_queue_peek_head (&route->shipments)) != NULL && shipment->id <= last)
    {
      (void) g_queue_pop_head (&route->shipments);
      g_hash_table_remove (on_their_way, &shipment->id);
      shipment_free (shipment);
    }
}

/* Of this route, or of no one: a receipt is not trusted. */
static void
release_received (GmprocRoute *route, guint64 id)
{
  Shipment *shipment;

  g_mutex_lock (&mutex);
  shipment = g_hash_table_lookup (on_their_way, &id);
  if (shipment != NULL && shipment->route == route)
    release_locked (route, id);
  g_mutex_unlock (&mutex);
}

/* FALSE when there is still something to wait for. */
static gboolean
is_through_locked (GmprocRoute *route)
{
  return route->is_over || (!route->is_attached && g_queue_is_empty (&route->shipments));
}

static void
route_free (GmprocRoute *route)
{
  (void) CloseHandle (route->receipts);
  g_free (route);
}

/* -- the source of a route --------------------------------------------------------------------- */

typedef struct
{
  GSource parent;

  GmprocRoute *route;
  HANDLE pipes[2];
  GmprocEar *end; /* of the other side */
  GmprocEar *receipts;
} RouteSource;

static gboolean
is_met (RouteSource *self)
{
  return gmproc_port_ear_is_met (self->end) || gmproc_port_ear_is_met (self->receipts);
}

static gboolean
route_source_prepare (GSource *source, int *timeout)
{
  RouteSource *self = (RouteSource *) source;

  *timeout = -1;
  gmproc_port_ear_ask (self->end);
  gmproc_port_ear_ask (self->receipts);
  return is_met (self);
}

static gboolean
route_source_check (GSource *source)
{
  return is_met ((RouteSource *) source);
}

static void
take_receipts (RouteSource *self)
{
  gconstpointer data;
  gssize size = gmproc_port_ear_take (self->receipts, &data);
  const guint64 *ids = data;

  for (gsize i = 0; size > 0 && i < (gsize) size / sizeof *ids; i++)
    release_received (self->route, ids[i]);
}

/* Its owner looks at the route's source under the lock, so it does not use one that has gone. */
static gboolean
route_source_dispatch (GSource *source, G_GNUC_UNUSED GSourceFunc callback,
                       G_GNUC_UNUSED gpointer user_data)
{
  RouteSource *self = (RouteSource *) source;
  GmprocRoute *route = self->route;
  gboolean is_over = FALSE, is_through, is_attached;

  g_source_set_ready_time (source, -1);
  if (gmproc_port_ear_is_met (self->receipts))
    take_receipts (self);
  /* A byte that somebody wrote by mistake is no end. */
  if (gmproc_port_ear_is_met (self->end))
    is_over = gmproc_port_ear_take (self->end, NULL) < 0;

  g_mutex_lock (&mutex);
  route->is_over |= is_over;
  if (route->is_over)
    release_locked (route, G_MAXUINT64);
  is_through = is_through_locked (route);
  is_attached = route->is_attached;
  if (is_through)
    route->source = NULL;
  g_mutex_unlock (&mutex);

  if (is_through && !is_attached)
    route_free (route);
  return is_through ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
route_source_finalize (GSource *source)
{
  RouteSource *self = (RouteSource *) source;

  g_clear_pointer (&self->end, gmproc_port_ear_free);
  g_clear_pointer (&self->receipts, gmproc_port_ear_free);
  for (gsize i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    (void) CloseHandle (self->pipes[i]);
}

static GSourceFuncs route_source_funcs = {
  .prepare = route_source_prepare,
  .check = route_source_check,
  .dispatch = route_source_dispatch,
  .finalize = route_source_finalize,
};

/* -- routes ------------------------------------------------------------------------------------ */

static gpointer
serve (gpointer data)
{
  GMainLoop *loop = g_main_loop_new (data, FALSE);

  g_main_loop_run (loop);
  return NULL;
}

static gboolean
start_to_serve (GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  GMainContext *new_context;
  GThread *thread;

  if (context != NULL)
    return TRUE;
  new_context = g_main_context_new ();
  thread = gmproc_port_thread_new ("gmproc-courier", serve, new_context, error);
  if (thread == NULL)
    {
      g_main_context_unref (new_context);
      return FALSE;
    }
  g_thread_unref (thread);
  on_their_way = g_hash_table_new (g_int64_hash, g_int64_equal);
  context = new_context;
  return TRUE;
}

GmprocRoute *
gmproc_port_route_new (HANDLE end, GError **error)
{
  HANDLE reader, writer;
  GSource *source;
  RouteSource *source_self;
  GmprocRoute *self;

  if (!start_to_serve (error) || !gmproc_port_pipe_new (FALSE, &reader, &writer, error))
    {
      (void) CloseHandle (end);
      return NULL;
    }
  source = g_source_new (&route_source_funcs, sizeof (RouteSource));
  source_self = (RouteSource *) source;
  source_self->pipes[0] = end;
  source_self->pipes[1] = reader;
  source_self->end = gmproc_port_ear_new (source, end, 1);
  source_self->receipts = gmproc_port_ear_new (source, reader, N_RECEIPTS * sizeof (guint64));
  if (source_self->end == NULL || source_self->receipts == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateEvent");
      g_source_unref (source);
      (void) CloseHandle (writer);
      return NULL;
    }

  self = g_new0 (GmprocRoute, 1);
  g_queue_init (&self->shipments);
  self->receipts = writer;
  self->is_attached = TRUE;
  source_self->route = self;
  g_source_set_static_name (source, "[gmproc] courier");
  self->source = source;
  g_source_attach (source, context);
  g_source_unref (source); /* the context's, until it is through */
  return self;
}

void
gmproc_port_route_leave (GmprocRoute *self)
{
  gboolean is_over;

  g_mutex_lock (&mutex);
  self->is_attached = FALSE;
  is_over = self->source == NULL;
  if (!is_over)
    g_source_set_ready_time (self->source, 0); /* the route is its own now */
  g_mutex_unlock (&mutex);
  if (is_over)
    route_free (self);
}

HANDLE
gmproc_port_route_get_receipts (GmprocRoute *self)
{
  return self->receipts;
}

static Shipment *
shipment_new (const gintptr *handles, guint n_handles, GError **error)
{
  Shipment *shipment = g_malloc0 (sizeof *shipment + n_handles * sizeof *handles);

  for (; shipment->n_handles < n_handles; shipment->n_handles++)
    if (!gmproc_port_handle_duplicate (handles[shipment->n_handles],
                                       &shipment->handles[shipment->n_handles], error))
      {
        shipment_free (shipment);
        return NULL;
      }
  return shipment;
}

gboolean
gmproc_port_route_ship (GmprocRoute *self, const gintptr *handles, guint n_handles, gintptr *copies,
                        guint64 *ret_id, GError **error)
{
  Shipment *shipment = shipment_new (handles, n_handles, error);
  gboolean is_shipped;

  if (shipment == NULL)
    return FALSE;
  memcpy (copies, shipment->handles, n_handles * sizeof *copies);

  g_mutex_lock (&mutex);
  is_shipped = !self->is_over;
  if (is_shipped)
    {
      *ret_id = shipment->id = ++last_id;
      shipment->route = self;
      g_queue_push_tail (&self->shipments, shipment);
      g_hash_table_insert (on_their_way, &shipment->id, shipment);
    }
  g_mutex_unlock (&mutex);
  if (is_shipped)
    return TRUE;

  shipment_free (shipment);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Nobody is left to receive handles");
  return FALSE;
}

gboolean
gmproc_port_route_take (guint64 id, gintptr *handles, guint n_handles)
{
  gboolean is_there;
  Shipment *shipment;
  GmprocRoute *route;

  g_mutex_lock (&mutex);
  shipment = on_their_way != NULL ? g_hash_table_lookup (on_their_way, &id) : NULL;
  is_there = shipment != NULL && shipment->n_handles == n_handles;
  if (is_there)
    {
      memcpy (handles, shipment->handles, n_handles * sizeof *handles);
      shipment->n_handles = 0;
      route = shipment->route;
      release_locked (route, id);
      if (is_through_locked (route) && route->source != NULL)
        g_source_set_ready_time (route->source, 0);
    }
  g_mutex_unlock (&mutex);
  return is_there;
}
