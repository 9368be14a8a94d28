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
 * A sender keeps what it sent on a route (route-win32.h) until a receipt or that end closes it. A
 * receiver whose receipt finds no room, as the sender is stopped, drops it; the next one says the
 * same.
 *
 * In one process, sender and receiver need no copies and no receipt.
 */
#include "config.h"

#include "port.h"
#include "handle-win32.h"
#include "overlapped-win32.h"
#include "port-error.h"
#include "presence-win32.h"
#include "route-win32.h"

#include <string.h>

typedef struct
{
  guint64 process_id;
  guint64 began_at;
  guint64 receipts; /* in that process */
  guint64 id;
  guint64 n_handles;
} TicketHead;

static void
close_all (gintptr *handles, guint n_handles)
{
  for (guint i = 0; i < n_handles; i++)
    gmproc_port_handle_close (&handles[i]);
}

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
  g_clear_pointer ((GmprocRoute **) &courier->system, gmproc_port_route_leave);
  gmproc_port_handle_close (&courier->handle);
}

static GmprocRoute *
open_route (GmprocPortCourier *courier, GError **error)
{
  HANDLE parts[GMPROC_HANDLE_PARTS], end;

  if (gmproc_port_handle_split (courier->handle, parts) != 2)
    parts[1] = NULL;
  if (DuplicateHandle (GetCurrentProcess (), parts[1], GetCurrentProcess (), &end, 0, FALSE,
                       DUPLICATE_SAME_ACCESS))
    return gmproc_port_route_new (end, error);
  gmproc_port_set_error (error, (int) GetLastError (), "DuplicateHandle(courier)");
  return NULL;
}

gboolean
gmproc_port_courier_send (GmprocPortCourier *courier, const gintptr *handles, guint n_handles,
                          GBytes **ret_ticket, G_GNUC_UNUSED gint64 deadline,
                          G_GNUC_UNUSED GCancellable *cancellable, GError **error)
{
  TicketHead head = { .process_id = GetCurrentProcessId (), .n_handles = n_handles };
  g_autoptr (GByteArray) ticket = g_byte_array_new ();
  gintptr copies[GMPROC_PORT_COURIER_MAX];

  g_return_val_if_fail (n_handles <= GMPROC_PORT_COURIER_MAX, FALSE);

  if (n_handles > 0)
    {
      if (courier->system == NULL)
        courier->system = open_route (courier, error);
      if (courier->system == NULL
          || !gmproc_port_route_ship (courier->system, handles, n_handles, copies, &head.id, error))
        return FALSE;
      g_byte_array_append (ticket, (const guint8 *) copies, n_handles * (guint) sizeof *copies);
      head.began_at = gmproc_port_presence_read_birth (GetCurrentProcess ());
      head.receipts = (guint64) (gintptr) gmproc_port_route_get_receipts (courier->system);
    }
  g_byte_array_prepend (ticket, (const guint8 *) &head, sizeof head);
  *ret_ticket = g_byte_array_free_to_bytes (g_steal_pointer (&ticket));
  return TRUE;
}

/* A send never waits. */
GSource *
gmproc_port_courier_create_source (G_GNUC_UNUSED GmprocPortCourier *courier)
{
  return g_idle_source_new ();
}

/* -- receiving --------------------------------------------------------------------------------- */

/* A sender in this process. */
static gboolean
take_own (const TicketHead *head, gintptr *handles, GError **error)
{
  if (gmproc_port_route_take (head->id, handles, (guint) head->n_handles))
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
