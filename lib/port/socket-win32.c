/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The Unix sockets of this system take no handles along, so none arrive either.
 */
#include "config.h"

#include "port.h"

#include <windows.h>

/* A socket's file is a reparse point, which must not be followed. */
gboolean
gmproc_port_socket_find_file (const char *path, GmprocPortFileId *ret)
{
  g_autofree gunichar2 *wide = g_utf8_to_utf16 (path, -1, NULL, NULL, NULL);
  BY_HANDLE_FILE_INFORMATION information;
  gboolean is_known;
  HANDLE file;

  if (wide == NULL)
    return FALSE;
  file = CreateFileW ((const wchar_t *) wide, FILE_READ_ATTRIBUTES,
                      FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                      FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
  if (file == INVALID_HANDLE_VALUE)
    return FALSE;
  is_known = GetFileInformationByHandle (file, &information)
             && (information.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
  (void) CloseHandle (file);
  if (is_known)
    *ret = (GmprocPortFileId){ information.dwVolumeSerialNumber,
                               (guint64) information.nFileIndexHigh << 32
                                   | information.nFileIndexLow };
  return is_known;
}

gboolean
gmproc_port_socket_carries_handles (GSocket *socket)
{
  (void) socket;
  return FALSE;
}

gssize
gmproc_port_socket_send (GSocket *socket, const GOutputVector *vectors, gsize n_vectors,
                         const gintptr *handles, guint n_handles, GError **error)
{
  (void) handles;
  g_return_val_if_fail (n_handles == 0, -1);

  return g_socket_send_message (socket, NULL, (GOutputVector *) vectors, (gint) n_vectors, NULL, 0,
                                0, NULL, error);
}

gssize
gmproc_port_socket_receive (GSocket *socket, gpointer buffer, gsize size,
                            GmprocPortArrivals *arrivals, GError **error)
{
  (void) arrivals;
  return g_socket_receive (socket, buffer, size, NULL, error);
}

void
gmproc_port_arrivals_clear (GmprocPortArrivals *arrivals)
{
  *arrivals = (GmprocPortArrivals){ NULL, 0, FALSE };
}
