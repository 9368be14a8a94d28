/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shared memory is a section of the paging file. It has no name, and the system knows no way to
 * make it smaller. It is as large as its maximum from the start, of which only addresses are
 * reserved; a page counts as memory when a process commits it, which happens when it is mapped.
 *
 * The first granule is not part of the block. It has the block's present size, which only grows,
 * and which the system does not keep for a section. A process that writes nonsense there makes
 * others' calls fail, and nothing else: the system checks each mapping against the section.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"

#include <string.h>
#include <windows.h>

#define MAGIC G_GUINT64_CONSTANT (0x676d70726f630101) /* "gmproc", layout 1 */

/* The system needs some bytes for every page that could ever be, so a block that may grow without
 * bounds in practice is held to this. Growing further is G_IO_ERROR_NO_SPACE. */
#define LARGEST_GROWTH (G_GUINT64_CONSTANT (1) << 30)

typedef struct
{
  guint64 magic;
  guint64 size; /* atomic */
  guint64 maximum;
} Header;

gsize
gmproc_port_memory_get_granularity (void)
{
  static gsize granularity;

  if (g_once_init_enter (&granularity))
    {
      SYSTEM_INFO info;

      GetSystemInfo (&info);
      g_once_init_leave (&granularity, info.dwAllocationGranularity);
    }
  return granularity;
}

/* FALSE for a size that leaves no room for the header. */
static gboolean
round_to_granules (gsize *size, GError **error)
{
  gsize granule = gmproc_port_memory_get_granularity ();

  if (*size > G_MAXSSIZE - 2 * granule)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "CreateFileMapping: no system has %" G_GSIZE_FORMAT " bytes", *size);
      return FALSE;
    }
  *size = (*size + granule - 1) / granule * granule;
  return TRUE;
}

/* What a mapping is for: to read and write, or only to read. */
typedef struct
{
  DWORD access;
  DWORD protection;
} Use;

static const Use to_write = { FILE_MAP_READ | FILE_MAP_WRITE, PAGE_READWRITE };
static const Use to_read = { FILE_MAP_READ, PAGE_READONLY };

/* A mapping whose pages can be used. */
static gpointer
map_committed (gintptr handle, guint64 offset, gsize size, const Use *use, GError **error)
{
  gpointer mapping =
      MapViewOfFile ((HANDLE) handle, use->access, (DWORD) (offset >> 32), (DWORD) offset, size);

  if (mapping == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "MapViewOfFile");
      return NULL;
    }
  if (VirtualAlloc (mapping, size, MEM_COMMIT, use->protection) == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "VirtualAlloc(MEM_COMMIT)");
      (void) UnmapViewOfFile (mapping);
      return NULL;
    }
  return mapping;
}

/* Ended with UnmapViewOfFile(). */
static Header *
map_header (gintptr handle, const Use *use, GError **error)
{
  Header *header;

  if (!gmproc_port_handle_is_valid (handle))
    {
      gmproc_port_set_error (error, ERROR_INVALID_HANDLE, "MapViewOfFile");
      return NULL;
    }
  header = map_committed (handle, 0, sizeof *header, use, error);
  if (header == NULL || header->magic == MAGIC)
    return header;

  (void) UnmapViewOfFile (header);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "MapViewOfFile: the handle is not one of a block of memory");
  return NULL;
}

gboolean
gmproc_port_memory_new (gsize size, gsize maximum, gintptr *ret_handle, GError **error)
{
  gintptr section = GMPROC_PORT_NO_HANDLE;
  Header *header = NULL;
  HANDLE made;
  guint64 whole;

  g_return_val_if_fail (size > 0 && maximum >= size, FALSE);

  if (!round_to_granules (&size, error) || !round_to_granules (&maximum, error))
    return FALSE;
  maximum = MAX (size, MIN (maximum, LARGEST_GROWTH));
  whole = gmproc_port_memory_get_granularity () + (guint64) maximum;
  made = CreateFileMappingW (INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE,
                             (DWORD) (whole >> 32), (DWORD) whole, NULL);
  if (made == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateFileMapping");
      return FALSE;
    }
  section = (gintptr) made;
  header = map_committed (section, 0, sizeof *header, &to_write, error);
  if (header == NULL)
    {
      gmproc_port_handle_close (&section);
      return FALSE;
    }
  *header = (Header){ MAGIC, size, maximum };
  (void) UnmapViewOfFile (header);
  *ret_handle = section;
  return TRUE;
}

gboolean
gmproc_port_memory_grow (gintptr handle, gsize size, GError **error)
{
  Header *header;
  guint64 present;
  gboolean fits;

  if (!round_to_granules (&size, error))
    return FALSE;
  header = map_header (handle, &to_write, error);
  if (header == NULL)
    return FALSE;

  present = __atomic_load_n (&header->size, __ATOMIC_ACQUIRE);
  fits = size <= header->maximum;
  while (fits && present < size
         && !__atomic_compare_exchange_n (&header->size, &present, size, FALSE, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE))
    ;
  if (!fits)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "CreateFileMapping: the block can have %" G_GUINT64_FORMAT
                 " bytes, and not %" G_GSIZE_FORMAT,
                 header->maximum, size);
  (void) UnmapViewOfFile (header);
  return fits;
}

gboolean
gmproc_port_memory_get_size (gintptr handle, gsize *ret_size, GError **error)
{
  Header *header = map_header (handle, &to_read, error);

  if (header == NULL)
    return FALSE;
  *ret_size = (gsize) __atomic_load_n (&header->size, __ATOMIC_ACQUIRE);
  (void) UnmapViewOfFile (header);
  return TRUE;
}

static gpointer
map_block (gintptr handle, gsize offset, gsize size, const Use *use, GError **error)
{
  gsize present;

  if (!gmproc_port_memory_get_size (handle, &present, error))
    return NULL;
  if (size > present || offset > present - size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "MapViewOfFile: the block has only %" G_GSIZE_FORMAT " bytes", present);
      return NULL;
    }
  return map_committed (handle, gmproc_port_memory_get_granularity () + (guint64) offset, size, use,
                        error);
}

gpointer
gmproc_port_memory_map (gintptr handle, gsize offset, gsize size, GError **error)
{
  return map_block (handle, offset, size, &to_write, error);
}

gpointer
gmproc_port_memory_map_to_read (gintptr handle, gsize offset, gsize size, GError **error)
{
  return map_block (handle, offset, size, &to_read, error);
}

gboolean
gmproc_port_memory_restrict (gintptr handle, gintptr *ret_handle, GError **error)
{
  HANDLE copy;

  if (!gmproc_port_handle_is_valid (handle)
      || !DuplicateHandle (GetCurrentProcess (), (HANDLE) handle, GetCurrentProcess (), &copy,
                           SECTION_MAP_READ | SECTION_QUERY, FALSE, 0))
    {
      gmproc_port_set_error (error, (int) GetLastError (), "DuplicateHandle");
      return FALSE;
    }
  *ret_handle = (gintptr) copy;
  return TRUE;
}

void
gmproc_port_memory_unmap (gpointer *mapping, gsize size G_GNUC_UNUSED)
{
  if (*mapping != NULL && !UnmapViewOfFile (*mapping))
    g_critical ("UnmapViewOfFile: error %lu", GetLastError ());
  *mapping = NULL;
}

/* The system may forget the contents of pages that were reset, but it need not. Nothing is written
 * to them, which would take memory for those that nobody has touched. They stay committed: those of
 * a section cannot be given back. */
void
gmproc_port_memory_discard (gpointer mapping, gsize offset, gsize size)
{
  gsize granule = gmproc_port_memory_get_granularity ();
  gsize first = (offset + granule - 1) / granule * granule;
  gsize end = (offset + size) / granule * granule;

  if (first >= end)
    return;
  (void) VirtualAlloc ((char *) mapping + first, end - first, MEM_RESET, PAGE_READWRITE);
}

guint64
gmproc_port_memory_get_total (void)
{
  MEMORYSTATUSEX status = { .dwLength = sizeof status };

  return GlobalMemoryStatusEx (&status) ? status.ullTotalPageFile : 0;
}
