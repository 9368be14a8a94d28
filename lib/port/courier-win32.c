/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Handles need no way of their own here: who may open a process may take a handle out of it, and
 * the processes of one family are one user's. The sender makes copies in itself, and the ticket
 * says where they are; the receiver takes them out, which closes them there. So a sender that ends
 * before the receiver has taken them takes them along, and the message that named them gets an
 * error.
 *
 * A process is named by its id and the time it began at: the id alone may be another's by now.
 */
#include "config.h"

#include "port.h"
#include "handle-win32.h"
#include "port-error.h"

#include <string.h>

typedef struct
{
  guint64 process_id;
  guint64 began_at;
  guint64 n_handles;
} TicketHead;

static guint64
get_begin (HANDLE process)
{
  FILETIME creation, end, kernel, user;

  if (!GetProcessTimes (process, &creation, &end, &kernel, &user))
    return 0;
  return (guint64) creation.dwHighDateTime << 32 | creation.dwLowDateTime;
}

gboolean
gmproc_port_courier_new_pair (gintptr *ret_first, gintptr *ret_second, GError **error)
{
  (void) error;
  *ret_first = *ret_second = GMPROC_PORT_NO_HANDLE;
  return TRUE;
}

gboolean
gmproc_port_courier_attach (GmprocPortCourier *courier, gintptr handle, GError **error)
{
  *courier = (GmprocPortCourier) GMPROC_PORT_COURIER_INIT;
  if (handle == GMPROC_PORT_NO_HANDLE)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "A courier came with a handle, and has none on this system");
  return FALSE;
}

void
gmproc_port_courier_detach (GmprocPortCourier *courier)
{
  *courier = (GmprocPortCourier) GMPROC_PORT_COURIER_INIT;
}

gboolean
gmproc_port_courier_send (GmprocPortCourier *courier, const gintptr *handles, guint n_handles,
                          GBytes **ret_ticket, gint64 deadline, GCancellable *cancellable,
                          GError **error)
{
  TicketHead head = { GetCurrentProcessId (), get_begin (GetCurrentProcess ()), n_handles };
  g_autoptr (GByteArray) ticket = g_byte_array_new ();

  (void) courier;
  (void) deadline;
  (void) cancellable;
  g_return_val_if_fail (n_handles <= GMPROC_PORT_COURIER_MAX, FALSE);

  g_byte_array_append (ticket, (const guint8 *) &head, sizeof head);
  for (guint i = 0; i < n_handles; i++)
    {
      gintptr copy;

      if (!gmproc_port_handle_duplicate (handles[i], &copy, error))
        {
          gintptr *copies = (gintptr *) (gpointer) (ticket->data + sizeof head);

          for (guint j = 0; j < i; j++)
            gmproc_port_handle_close (&copies[j]);
          return FALSE;
        }
      g_byte_array_append (ticket, (const guint8 *) &copy, sizeof copy);
    }
  *ret_ticket = g_byte_array_free_to_bytes (g_steal_pointer (&ticket));
  return TRUE;
}

/* -- receiving --------------------------------------------------------------------------------- */

static HANDLE
open_sender (const TicketHead *head, GError **error)
{
  HANDLE process = OpenProcess (PROCESS_DUP_HANDLE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE,
                                (DWORD) head->process_id);

  if (process != NULL && get_begin (process) == head->began_at)
    return process;
  if (process != NULL)
    (void) CloseHandle (process);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "The process %" G_GUINT64_FORMAT ", which has the message's handles, has ended",
               head->process_id);
  return NULL;
}

/* Takes the parts of HANDLE out of PROCESS. */
static gboolean
take_out (HANDLE process, gintptr handle, gintptr *ret_handle, GError **error)
{
  HANDLE parts[GMPROC_HANDLE_PARTS];
  gintptr copies[GMPROC_HANDLE_PARTS] = { GMPROC_PORT_NO_HANDLE, GMPROC_PORT_NO_HANDLE };
  guint n_parts = gmproc_port_handle_split (handle, parts);
  gboolean taken = n_parts > 0;

  for (guint i = 0; i < n_parts; i++)
    {
      HANDLE copy = NULL;

      if (DuplicateHandle (process, parts[i], GetCurrentProcess (), &copy, 0, FALSE,
                           DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE))
        copies[i] = (gintptr) copy;
      else
        taken = FALSE;
    }
  if (taken && n_parts == 1)
    *ret_handle = copies[0];
  if (taken && n_parts == 1)
    return TRUE;
  if (taken)
    return gmproc_port_handle_join (&copies[0], &copies[1], ret_handle, error);

  for (guint i = 0; i < GMPROC_HANDLE_PARTS; i++)
    gmproc_port_handle_close (&copies[i]);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "The handle 0x%" G_GINT64_MODIFIER "x that the message names is not there",
               (gint64) handle);
  return FALSE;
}

static gboolean
take_all (HANDLE process, const gintptr *named, gintptr *handles, guint n_handles, GError **error)
{
  gboolean all_taken = TRUE;

  for (guint i = 0; i < n_handles; i++)
    {
      handles[i] = GMPROC_PORT_NO_HANDLE;
      if (!take_out (process, named[i], &handles[i], all_taken ? error : NULL))
        all_taken = FALSE;
    }
  if (!all_taken)
    for (guint i = 0; i < n_handles; i++)
      gmproc_port_handle_close (&handles[i]);
  return all_taken;
}

gboolean
gmproc_port_courier_receive (GmprocPortCourier *courier, GBytes *ticket, gintptr **ret_handles,
                             guint *ret_n_handles, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (ticket, &size);
  gintptr named[GMPROC_PORT_COURIER_MAX];
  TicketHead head = { 0, 0, 0 };
  gintptr *handles;
  HANDLE process;
  gboolean taken;

  (void) courier;
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
  process = open_sender (&head, error);
  if (process == NULL)
    return FALSE;
  handles = g_new (gintptr, head.n_handles);
  taken = take_all (process, named, handles, (guint) head.n_handles, error);
  (void) CloseHandle (process);
  if (!taken)
    {
      g_free (handles);
      return FALSE;
    }
  *ret_handles = handles;
  *ret_n_handles = (guint) head.n_handles;
  return TRUE;
}
