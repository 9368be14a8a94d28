/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A handle is a HANDLE or a pair of them, as handle-win32.h says.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "handle-win32.h"

#define HALF_BITS 32
#define LOWER_HALF G_GUINT64_CONSTANT (0xffffffff)

G_STATIC_ASSERT (sizeof (gintptr) == 8);

guint
gmproc_port_handle_split (gintptr handle, HANDLE parts[GMPROC_HANDLE_PARTS])
{
  guint64 lower = (guint64) handle & LOWER_HALF;
  guint64 upper = (guint64) handle >> HALF_BITS;

  /* What is negative is no handle of ours: -1 stands for none, and the others are names that the
   * system has for the process and the thread itself. */
  if (handle <= 0 || lower == 0)
    return 0;
  parts[0] = (HANDLE) (gintptr) lower;
  parts[1] = (HANDLE) (gintptr) upper;
  return upper == 0 ? 1 : 2;
}

static gintptr
pack (HANDLE first, HANDLE second)
{
  return (gintptr) ((guint64) (gintptr) second << HALF_BITS | (guint64) (gintptr) first);
}

gboolean
gmproc_port_handle_join (gintptr *first, gintptr *second, gintptr *ret_pair, GError **error)
{
  if (*first > 0 && (guint64) *first <= LOWER_HALF && *second > 0 && *second <= G_MAXINT32)
    {
      *ret_pair = pack ((HANDLE) *first, (HANDLE) *second);
      *first = *second = GMPROC_PORT_NO_HANDLE;
      return TRUE;
    }
  gmproc_port_handle_close (first);
  gmproc_port_handle_close (second);
  gmproc_port_set_error (error, ERROR_TOO_MANY_OPEN_FILES, "pair of handles");
  return FALSE;
}

static void
close_in (HANDLE process, HANDLE handle)
{
  (void) DuplicateHandle (process, handle, NULL, NULL, 0, FALSE, DUPLICATE_CLOSE_SOURCE);
}

gboolean
gmproc_port_handle_duplicate_into (HANDLE process, gintptr handle, gintptr *ret_copy,
                                   GError **error)
{
  HANDLE parts[GMPROC_HANDLE_PARTS], copies[GMPROC_HANDLE_PARTS] = { NULL, NULL };
  guint n_parts = gmproc_port_handle_split (handle, parts);
  DWORD code = n_parts == 0 ? ERROR_INVALID_HANDLE : ERROR_SUCCESS;

  for (guint i = 0; i < n_parts && code == ERROR_SUCCESS; i++)
    if (!DuplicateHandle (GetCurrentProcess (), parts[i], process, &copies[i], 0, FALSE,
                          DUPLICATE_SAME_ACCESS))
      code = GetLastError ();

  if (code != ERROR_SUCCESS)
    {
      g_autofree char *call =
          g_strdup_printf ("DuplicateHandle(0x%" G_GINT64_MODIFIER "x)", (gint64) handle);

      if (copies[0] != NULL)
        close_in (process, copies[0]);
      gmproc_port_set_error (error, (int) code, call);
      return FALSE;
    }
  *ret_copy = pack (copies[0], copies[1]);
  return TRUE;
}

/* What GLib waits for is no descriptor. */
GMainContext *
gmproc_port_new_context (G_GNUC_UNUSED GError **error)
{
  return g_main_context_new ();
}

gboolean
gmproc_port_handle_duplicate (gintptr handle, gintptr *ret_copy, GError **error)
{
  return gmproc_port_handle_duplicate_into (GetCurrentProcess (), handle, ret_copy, error);
}

gboolean
gmproc_port_handle_is_valid (gintptr handle)
{
  HANDLE parts[GMPROC_HANDLE_PARTS];
  guint n_parts = gmproc_port_handle_split (handle, parts);
  DWORD flags;

  for (guint i = 0; i < n_parts; i++)
    if (!GetHandleInformation (parts[i], &flags))
      return FALSE;
  return n_parts > 0;
}

void
gmproc_port_handle_close (gintptr *handle)
{
  HANDLE parts[GMPROC_HANDLE_PARTS];
  guint n_parts = gmproc_port_handle_split (*handle, parts);
  DWORD saved_code = GetLastError ();

  for (guint i = 0; i < n_parts; i++)
    (void) CloseHandle (parts[i]);
  *handle = GMPROC_PORT_NO_HANDLE;
  SetLastError (saved_code);
}
