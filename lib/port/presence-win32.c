/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Whether a process lives: it is opened by its number, and the time at which it was made tells it
 * from a later one with the same number. That is quick enough, so keep has nothing to do.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "presence-win32.h"

guint64
gmproc_port_presence_read_birth (HANDLE process)
{
  FILETIME made, ended, kernel, user;

  if (!GetProcessTimes (process, &made, &ended, &kernel, &user))
    return 0;
  return (guint64) made.dwHighDateTime << 32 | made.dwLowDateTime;
}

void
gmproc_port_presence_announce (GmprocPortPresencePlace *place)
{
  place->is_kept = 0;
  place->has_ended = 0;
  place->birth = gmproc_port_presence_read_birth (GetCurrentProcess ());
  __atomic_store_n (&place->pid, gmproc_port_self_get_pid (), __ATOMIC_RELEASE);
}

gboolean
gmproc_port_presence_keep (GmprocPortPresencePlace *place, GError **error G_GNUC_UNUSED)
{
  __atomic_store_n (&place->is_kept, 1, __ATOMIC_RELEASE);
  return TRUE;
}

gboolean
gmproc_port_presence_has_ended (GmprocPortPresencePlace *place)
{
  gint64 pid = __atomic_load_n (&place->pid, __ATOMIC_ACQUIRE);
  gboolean has_ended;
  guint64 birth;
  HANDLE process;

  /* The mark is the id of the process that has ended: a place may be given to another process while
   * somebody looks, and a mark that comes too late says nothing about that one. */
  if (pid == 0 || __atomic_load_n (&place->has_ended, __ATOMIC_ACQUIRE) == (guint32) pid)
    return TRUE;

  process = OpenProcess (SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, (DWORD) pid);
  if (process == NULL)
    return GetLastError () == ERROR_INVALID_PARAMETER; /* no such process */
  birth = gmproc_port_presence_read_birth (process);
  has_ended = (place->birth != 0 && birth != 0 && birth != place->birth)
              || WaitForSingleObject (process, 0) == WAIT_OBJECT_0;
  (void) CloseHandle (process);
  if (has_ended)
    __atomic_store_n (&place->has_ended, (guint32) pid, __ATOMIC_RELEASE);
  return has_ended;
}

gpointer
gmproc_port_presence_map (const GmprocPortPresencePlace *place, gintptr handle, gsize size,
                          GError **error)
{
  HANDLE process = OpenProcess (PROCESS_DUP_HANDLE, FALSE, (DWORD) place->pid);
  gpointer mapping = NULL;
  HANDLE copy = NULL;
  gboolean is_copied;
  gintptr section;

  if (process == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "OpenProcess");
      return NULL;
    }
  is_copied = DuplicateHandle (process, (HANDLE) handle, GetCurrentProcess (), &copy,
                               FILE_MAP_READ | FILE_MAP_WRITE, FALSE, 0);
  if (!is_copied)
    gmproc_port_set_error (error, (int) GetLastError (), "DuplicateHandle");
  (void) CloseHandle (process);
  if (!is_copied)
    return NULL;

  section = (gintptr) copy;
  mapping = gmproc_port_memory_map_to_read (section, 0, size, error);
  gmproc_port_handle_close (&section);
  return mapping;
}
