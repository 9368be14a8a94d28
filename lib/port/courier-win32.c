/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Who may open a process may copy a handle out of it, and the processes of one family are one
 * user's. So the sender makes copies in itself, and the ticket says where they are; the receiver
 * copies them and sends a receipt, upon which the sender closes its own. A process is named by its
 * id and the time it began at: the id alone may be another's by now. A sender that ends before the
 * receiver has its copies takes them along, and the message that named them gets an error.
 *
 * What nobody takes must not stay in the sender. A courier is a lifeline in each direction: its
 * handle is the kept end of one and the given end of the other, so each side sees when all that
 * hold the other one are gone.
 *
 * A sender that has sent handles has a route for each of its couriers: the shipments that are on
 * their way, a copy of the given end, and a pipe for receipts. It outlives the courier as long as
 * something is on its way. A thread serves all routes of the process, and sleeps until there is a
 * receipt, or an end. Then it closes
 *
 *   - at a receipt, what was sent before it too: the messages of a route arrive in their order, so
 *     those were received, or their messages never came;
 *   - at the end of the other side, everything.
 *
 * Only the sender closes what is in it, so nobody is in doubt about a number when somebody dies: a
 * receiver that is killed before its receipt leaves the copies to the next receipt or to its
 * side's end, and with a sender the system closes all. A receiver whose receipt finds no room, as
 * the sender is stopped, drops it; the next one says the same.
 *
 * In one process, sender and receiver need no copies and no receipt.
 *
 * Locks: MUTEX guards the shipments and the states of the routes. What a source asks the system for
 * belongs to the thread alone.
 */
#include "config.h"

#include "port.h"
#include "handle-win32.h"
#include "overlapped-win32.h"
#include "pipe-win32.h"
#include "port-error.h"
#include "presence-win32.h"

#include <string.h>

#define N_RECEIPTS 64 /* of one read */

typedef struct
{
  guint64 process_id;
  guint64 began_at;
  guint64 receipts; /* in that process */
  guint64 id;
  guint64 n_handles;
} TicketHead;

typedef struct Route Route;

typedef struct
{
  guint64 id; /* of this process's; they grow along a route */
  Route *route;
  guint n_handles;
  gintptr handles[];
} Shipment;

struct Route
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
close_all (gintptr *handles, guint n_handles)
{
  for (guint i = 0; i < n_handles; i++)
    gmproc_port_handle_close (&handles[i]);
}

/* Closes those up to LAST, an id. */
static void
release_locked (Route *route, guint64 last)
{
  Shipment *shipment;

  while ((shipment = g_queue_peek_head (&route->shipments)) != NULL && shipment->id <= last)
    {
      (void) g_queue_pop_head (&route->shipments);
      g_hash_table_remove (on_their_way, &shipment->id);
      close_all (shipment->handles, shipment->n_handles);
      g_free (shipment);
    }
}

/* Of this route, or of no one: a receipt is not trusted. */
static void
release_received (Route *route, guint64 id)
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
is_through_locked (Route *route)
{
  return route->is_over || (!route->is_attached && g_queue_is_empty (&route->shipments));
}

static void
route_free (Route *route)
{
  (void) CloseHandle (route->receipts);
  g_free (route);
}

/* -- the source of a route --------------------------------------------------------------------- */

typedef struct
{
  OVERLAPPED request; /* with an event of its own, which the loop polls */
  GPollFD event_fd;
  HANDLE pipe;
  gboolean is_asked;
  gboolean is_refused;
} Ear;

typedef struct
{
  GSource parent;

  Route *route;
  Ear end; /* of the other side */
  Ear receipts;
  char byte;
  guint64 ids[N_RECEIPTS];
} RouteSource;

static void
ask (Ear *ear, gpointer buffer, DWORD size)
{
  if (ear->is_asked)
    return;
  ear->is_refused = !ReadFile (ear->pipe, buffer, size, NULL, &ear->request)
                    && GetLastError () != ERROR_IO_PENDING;
  ear->is_asked = TRUE;
}

static gboolean
is_met (Ear *ear)
{
  return ear->is_asked && (ear->is_refused || HasOverlappedIoCompleted (&ear->request));
}

/* The bytes that came, or -1 at the end. */
static gssize
take (Ear *ear)
{
  DWORD count;

  ear->is_asked = FALSE;
  if (ear->is_refused || !GetOverlappedResult (ear->pipe, &ear->request, &count, TRUE))
    return -1;
  return (gssize) count;
}

static gboolean
route_source_prepare (GSource *source, int *timeout)
{
  RouteSource *self = (RouteSource *) source;

  *timeout = -1;
  ask (&self->end, &self->byte, sizeof self->byte);
  ask (&self->receipts, self->ids, sizeof self->ids);
  return is_met (&self->end) || is_met (&self->receipts);
}

static gboolean
route_source_check (GSource *source)
{
  RouteSource *self = (RouteSource *) source;

  return is_met (&self->end) || is_met (&self->receipts);
}

/* The courier looks at the route's source under the lock, so it does not use one that has gone. */
static gboolean
route_source_dispatch (GSource *source, G_GNUC_UNUSED GSourceFunc callback,
                       G_GNUC_UNUSED gpointer user_data)
{
  RouteSource *self = (RouteSource *) source;
  Route *route = self->route;
  gboolean is_over = FALSE, is_through, is_attached;

  g_source_set_ready_time (source, -1);
  if (is_met (&self->receipts))
    {
      gssize size = take (&self->receipts);

      for (gsize i = 0; size > 0 && i < (gsize) size / sizeof *self->ids; i++)
        release_received (route, self->ids[i]);
    }
  /* A byte that somebody wrote by mistake is no end. */
  if (is_met (&self->end))
    is_over = take (&self->end) < 0;

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

/* The request lies in the source, so this waits until the system lets go of it. */
static void
ear_clear (Ear *ear)
{
  DWORD count;

  if (ear->is_asked && !ear->is_refused && CancelIoEx (ear->pipe, &ear->request))
    (void) GetOverlappedResult (ear->pipe, &ear->request, &count, TRUE);
  if (ear->request.hEvent != NULL)
    (void) CloseHandle (ear->request.hEvent);
  if (ear->pipe != NULL)
    (void) CloseHandle (ear->pipe);
}

static void
route_source_finalize (GSource *source)
{
  RouteSource *self = (RouteSource *) source;

  ear_clear (&self->end);
  ear_clear (&self->receipts);
}

static GSourceFuncs route_source_funcs = {
  .prepare = route_source_prepare,
  .check = route_source_check,
  .dispatch = route_source_dispatch,
  .finalize = route_source_finalize,
};

/* Takes PIPE over. */
static gboolean
ear_init (Ear *ear, GSource *source, HANDLE pipe, GError **error)
{
  ear->pipe = pipe;
  ear->request.hEvent = CreateEventW (NULL, TRUE, FALSE, NULL);
  if (ear->request.hEvent == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateEvent");
      return FALSE;
    }
  ear->event_fd = (GPollFD){ (gintptr) ear->request.hEvent, G_IO_IN, 0 };
  g_source_add_poll (source, &ear->event_fd);
  return TRUE;
}

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

static HANDLE
get_watch (GmprocPortCourier *courier)
{
  HANDLE parts[GMPROC_HANDLE_PARTS];

  return gmproc_port_handle_split (courier->handle, parts) == 2 ? parts[1] : NULL;
}

static gboolean
copy_watch (GmprocPortCourier *courier, HANDLE *ret_copy, GError **error)
{
  if (DuplicateHandle (GetCurrentProcess (), get_watch (courier), GetCurrentProcess (), ret_copy, 0,
                       FALSE, DUPLICATE_SAME_ACCESS))
    return TRUE;
  gmproc_port_set_error (error, (int) GetLastError (), "DuplicateHandle(courier)");
  return FALSE;
}

static Route *
route_new (GmprocPortCourier *courier, GError **error)
{
  HANDLE end, reader, writer;
  GSource *source;
  RouteSource *self;
  Route *route;

  if (!start_to_serve (error) || !copy_watch (courier, &end, error))
    return NULL;
  if (!gmproc_port_pipe_new (FALSE, &reader, &writer, error))
    {
      (void) CloseHandle (end);
      return NULL;
    }
  source = g_source_new (&route_source_funcs, sizeof (RouteSource));
  self = (RouteSource *) source;
  self->end.pipe = end;
  self->receipts.pipe = reader;
  if (!ear_init (&self->end, source, end, error)
      || !ear_init (&self->receipts, source, reader, error))
    {
      g_source_unref (source);
      (void) CloseHandle (writer);
      return NULL;
    }

  route = g_new0 (Route, 1);
  g_queue_init (&route->shipments);
  route->receipts = writer;
  route->is_attached = TRUE;
  self->route = route;
  g_source_set_static_name (source, "[gmproc] courier");
  route->source = source;
  g_source_attach (source, context);
  g_source_unref (source); /* the context's, until it is through */
  return route;
}

/* -- the contract ------------------------------------------------------------------------------ */

gboolean
gmproc_port_courier_new_pair (gintptr *ret_first, gintptr *ret_second, GError **error)
{
  gintptr kept[2], given[2];

  if (!gmproc_port_lifeline_new (&kept[0], &given[0], error))
    return FALSE;
  if (!gmproc_port_lifeline_new (&kept[1], &given[1], error))
    {
      close_all (kept, 1);
      close_all (given, 1);
      return FALSE;
    }
  if (!gmproc_port_handle_join (&kept[0], &given[1], ret_first, error))
    {
      gmproc_port_handle_close (&kept[1]);
      gmproc_port_handle_close (&given[0]);
      return FALSE;
    }
  if (gmproc_port_handle_join (&kept[1], &given[0], ret_second, error))
    return TRUE;

  gmproc_port_handle_close (ret_first);
  return FALSE;
}

gboolean
gmproc_port_courier_attach (GmprocPortCourier *courier, gintptr handle, GError **error)
{
  HANDLE parts[GMPROC_HANDLE_PARTS];

  *courier = (GmprocPortCourier) GMPROC_PORT_COURIER_INIT;
  if (gmproc_port_handle_split (handle, parts) != 2 || GetFileType (parts[0]) != FILE_TYPE_PIPE
      || GetFileType (parts[1]) != FILE_TYPE_PIPE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "GetFileType: handle 0x%" G_GINT64_MODIFIER "x is no courier's",
                   (gint64) handle);
      return FALSE;
    }
  courier->handle = handle;
  return TRUE;
}

/* What is on its way goes on. */
void
gmproc_port_courier_detach (GmprocPortCourier *courier)
{
  Route *route = g_steal_pointer (&courier->system);

  gmproc_port_handle_close (&courier->handle);
  if (route == NULL)
    return;

  g_mutex_lock (&mutex);
  route->is_attached = FALSE;
  if (route->source != NULL)
    {
      g_source_set_ready_time (route->source, 0);
      route = NULL; /* it is the source's now */
    }
  g_mutex_unlock (&mutex);
  g_clear_pointer (&route, route_free);
}

/* Takes the copies over. */
static gboolean
ship (Route *route, Shipment *shipment, guint64 *ret_id, GError **error)
{
  gboolean is_shipped;

  g_mutex_lock (&mutex);
  is_shipped = !route->is_over;
  if (is_shipped)
    {
      *ret_id = shipment->id = ++last_id;
      shipment->route = route;
      g_queue_push_tail (&route->shipments, shipment);
      g_hash_table_insert (on_their_way, &shipment->id, shipment);
    }
  g_mutex_unlock (&mutex);
  if (is_shipped)
    return TRUE;

  close_all (shipment->handles, shipment->n_handles);
  g_free (shipment);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Nobody is left to receive handles");
  return FALSE;
}

static Shipment *
shipment_new (const gintptr *handles, guint n_handles, GError **error)
{
  Shipment *shipment = g_malloc0 (sizeof *shipment + n_handles * sizeof *handles);

  for (; shipment->n_handles < n_handles; shipment->n_handles++)
    if (!gmproc_port_handle_duplicate (handles[shipment->n_handles],
                                       &shipment->handles[shipment->n_handles], error))
      {
        close_all (shipment->handles, shipment->n_handles);
        g_free (shipment);
        return NULL;
      }
  return shipment;
}

gboolean
gmproc_port_courier_send (GmprocPortCourier *courier, const gintptr *handles, guint n_handles,
                          GBytes **ret_ticket, G_GNUC_UNUSED gint64 deadline,
                          G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  TicketHead head = { .process_id = GetCurrentProcessId (), .n_handles = n_handles };
  g_autoptr (GByteArray) ticket = g_byte_array_new ();
  Shipment *shipment = NULL;
  Route *route;

  g_return_val_if_fail (n_handles <= GMPROC_PORT_COURIER_MAX, FALSE);

  if (n_handles > 0)
    {
      if (courier->system == NULL)
        courier->system = route_new (courier, error);
      route = courier->system;
      shipment = route != NULL ? shipment_new (handles, n_handles, error) : NULL;
      if (shipment == NULL)
        return FALSE;
      g_byte_array_append (ticket, (const guint8 *) shipment->handles,
                           n_handles * (guint) sizeof *handles);
      if (!ship (route, shipment, &head.id, error))
        return FALSE;
      head.began_at = gmproc_port_presence_read_birth (GetCurrentProcess ());
      head.receipts = (guint64) (gintptr) route->receipts;
    }
  g_byte_array_prepend (ticket, (const guint8 *) &head, sizeof head);
  *ret_ticket = g_byte_array_free_to_bytes (g_steal_pointer (&ticket));
  return TRUE;
}

/* -- receiving --------------------------------------------------------------------------------- */

/* A sender in this process. */
static gboolean
take_own (const TicketHead *head, gintptr *handles, GError **error)
{
  gboolean is_there;
  Shipment *shipment;
  Route *route;

  g_mutex_lock (&mutex);
  shipment = on_their_way != NULL ? g_hash_table_lookup (on_their_way, &head->id) : NULL;
  is_there = shipment != NULL && shipment->n_handles == head->n_handles;
  if (is_there)
    {
      memcpy (handles, shipment->handles, shipment->n_handles * sizeof *handles);
      shipment->n_handles = 0;
      route = shipment->route;
      release_locked (route, head->id);
      if (is_through_locked (route) && route->source != NULL)
        g_source_set_ready_time (route->source, 0);
    }
  g_mutex_unlock (&mutex);
  if (is_there)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       "The handles that the message names are not there");
  return FALSE;
}

static HANDLE
open_sender (const TicketHead *head, GError **error)
{
  HANDLE process = OpenProcess (PROCESS_DUP_HANDLE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE,
                                (DWORD) head->process_id);

  if (process != NULL && gmproc_port_presence_read_birth (process) == head->began_at)
    return process;
  if (process != NULL)
    (void) CloseHandle (process);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "The process %" G_GUINT64_FORMAT ", which has the message's handles, has ended",
               head->process_id);
  return NULL;
}

static gboolean
copy_part (HANDLE process, HANDLE part, gintptr *ret_copy)
{
  HANDLE copy;

  *ret_copy = GMPROC_PORT_NO_HANDLE;
  if (!DuplicateHandle (process, part, GetCurrentProcess (), &copy, 0, FALSE,
                        DUPLICATE_SAME_ACCESS))
    return FALSE;
  *ret_copy = (gintptr) copy;
  return TRUE;
}

/* Copies the parts of HANDLE out of PROCESS. */
static gboolean
copy_out (HANDLE process, gintptr handle, gintptr *ret_handle, GError **error)
{
  HANDLE parts[GMPROC_HANDLE_PARTS];
  gintptr copies[GMPROC_HANDLE_PARTS] = { GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE };
  guint n_parts = gmproc_port_handle_split (handle, parts);

  if (n_parts > 0 && copy_part (process, parts[0], &copies[0])
      && (n_parts == 1 || copy_part (process, parts[1], &copies[1])))
    {
      if (n_parts == 2)
        return gmproc_port_handle_join (&copies[0], &copies[1], ret_handle, error);
      *ret_handle = copies[0];
      return TRUE;
    }
  close_all (copies, GMPROC_HANDLE_PARTS);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "The handle 0x%" G_GINT64_MODIFIER "x that the message names is not there",
               (gint64) handle);
  return FALSE;
}

/* From now on the sender may close what it has. */
static void
send_receipt (HANDLE process, const TicketHead *head)
{
  OVERLAPPED request;
  gintptr receipts;
  DWORD count, code;
  gboolean started;

  if (!copy_part (process, (HANDLE) (gintptr) head->receipts, &receipts))
    return;
  if (GetFileType ((HANDLE) receipts) == FILE_TYPE_PIPE)
    {
      request = gmproc_port_overlapped_new ();
      started = WriteFile ((HANDLE) receipts, &head->id, sizeof head->id, NULL, &request);
      code = GetLastError ();
      (void) gmproc_port_overlapped_finish ((HANDLE) receipts, &request, started, 0, NULL, &count,
                                            &code);
    }
  gmproc_port_handle_close (&receipts);
}

static gboolean
take_from_other (const TicketHead *head, const gintptr *named, gintptr *handles, GError **error)
{
  HANDLE process = open_sender (head, error);
  guint n_taken = 0;
  gboolean all_taken;

  if (process == NULL)
    return FALSE;
  while (n_taken < head->n_handles && copy_out (process, named[n_taken], &handles[n_taken], error))
    n_taken++;
  all_taken = n_taken == head->n_handles;
  if (!all_taken)
    close_all (handles, n_taken);
  send_receipt (process, head);
  (void) CloseHandle (process);
  return all_taken;
}

gboolean
gmproc_port_courier_receive (G_GNUC_UNUSED GmprocPortCourier *courier, GBytes *ticket,
                             gintptr **ret_handles, guint *ret_n_handles, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (ticket, &size);
  gintptr named[GMPROC_PORT_COURIER_MAX];
  g_autofree gintptr *handles = NULL;
  TicketHead head = { 0 };

  if (size >= sizeof head)
    memcpy (&head, data, sizeof head);
  if (size < sizeof head || head.n_handles > GMPROC_PORT_COURIER_MAX
      || size != sizeof head + head.n_handles * sizeof (gintptr))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "The message's ticket for handles has %" G_GSIZE_FORMAT " bytes", size);
      return FALSE;
    }
  *ret_handles = NULL;
  *ret_n_handles = 0;
  if (head.n_handles == 0)
    return TRUE;

  memcpy (named, data + sizeof head, size - sizeof head);
  handles = g_new (gintptr, head.n_handles);
  if (head.process_id == GetCurrentProcessId () ? !take_own (&head, handles, error)
                                                : !take_from_other (&head, named, handles, error))
    return FALSE;
  *ret_handles = g_steal_pointer (&handles);
  *ret_n_handles = (guint) head.n_handles;
  return TRUE;
}
