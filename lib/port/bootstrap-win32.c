/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The parent writes the block while the child waits for its message, so nobody reads and writes it
 * at the same time. What the child reads it checks all the same.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "bootstrap-win32.h"
#include "handle-win32.h"

#include <string.h>

#define MAGIC G_GUINT64_CONSTANT (0x676d70726f620101) /* "gmprob", layout 1 */

typedef struct
{
  guint64 magic;
  guint64 n_handles;
  guint64 n_bytes;
  gint64 handles[]; /* and behind them the bytes */
} Block;

static gsize
get_size (gsize n_handles, gsize n_bytes)
{
  return sizeof (Block) + n_handles * sizeof (gint64) + n_bytes;
}

static Block *
make_block (gsize size, gintptr *ret_section, GError **error)
{
  HANDLE section = CreateFileMappingW (INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE,
                                       (DWORD) ((guint64) size >> 32), (DWORD) size, NULL);
  Block *block;

  if (section == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateFileMapping");
      return NULL;
    }
  block = MapViewOfFile (section, FILE_MAP_WRITE, 0, 0, size);
  if (block == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "MapViewOfFile");
      (void) CloseHandle (section);
      return NULL;
    }
  *ret_section = (gintptr) section;
  return block;
}

gboolean
gmproc_port_bootstrap_give (HANDLE process, GBytes *bootstrap, const gintptr *handles,
                            guint n_handles, GmprocBootstrapMessage *ret_message, GError **error)
{
  gintptr section = GMPROC_PORT_NO_HANDLE, copy;
  gboolean success = FALSE;
  gsize n_bytes;
  const char *bytes = g_bytes_get_data (bootstrap, &n_bytes);
  Block *block = make_block (get_size (n_handles, n_bytes), &section, error);

  if (block == NULL)
    return FALSE;
  *block = (Block){ .magic = MAGIC, .n_handles = n_handles, .n_bytes = n_bytes };
  if (n_bytes > 0)
    memcpy (&block->handles[n_handles], bytes, n_bytes);
  for (guint i = 0; i < n_handles; i++)
    {
      if (!gmproc_port_handle_duplicate_into (process, handles[i], &copy, error))
        goto out;
      block->handles[i] = copy;
    }
  if (!gmproc_port_handle_duplicate_into (process, section, &copy, error))
    goto out;
  *ret_message = (GmprocBootstrapMessage){ .magic = MAGIC, .block = copy };
  success = TRUE;

out:
  (void) UnmapViewOfFile (block);
  gmproc_port_handle_close (&section);
  return success;
}

static void
set_damaged_error (GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "damaged bootstrap: %s", what);
}

/* Whether a block of SIZE bytes is whole, so that everything below may be read. */
static gboolean
check_block (const Block *block, gsize size, guint n_handles, GError **error)
{
  if (size < sizeof *block || block->magic != MAGIC)
    set_damaged_error (error, "the block is not one of ours");
  else if (block->n_handles != n_handles || block->n_bytes > size
           || get_size (n_handles, (gsize) block->n_bytes) > size)
    set_damaged_error (error, "the block does not hold what it says");
  else
    return TRUE;
  return FALSE;
}

static gintptr *
take_handles (const Block *block, guint n_handles, GError **error)
{
  g_autofree gintptr *handles = g_new (gintptr, (gsize) n_handles + 1);

  for (guint i = 0; i < n_handles; i++)
    {
      handles[i] = (gintptr) block->handles[i];
      if (!gmproc_port_handle_is_valid (handles[i]))
        {
          set_damaged_error (error, "a handle is not open");
          return NULL;
        }
    }
  return g_steal_pointer (&handles);
}

static void
unmap (gpointer block)
{
  (void) UnmapViewOfFile (block);
}

gboolean
gmproc_port_bootstrap_take (const GmprocBootstrapMessage *message, guint n_handles,
                            GBytes **ret_bootstrap, gintptr **ret_handles, GError **error)
{
  gintptr section = (gintptr) message->block;
  MEMORY_BASIC_INFORMATION region;
  Block *block;

  if (message->magic != MAGIC || !gmproc_port_handle_is_valid (section))
    {
      set_damaged_error (error, "what came through the pipe is not from a parent");
      return FALSE;
    }
  block = MapViewOfFile ((HANDLE) section, FILE_MAP_READ, 0, 0, 0);
  if (block == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "MapViewOfFile");
      return FALSE;
    }
  if (VirtualQuery (block, &region, sizeof region) == 0)
    region.RegionSize = 0;
  if (!check_block (block, region.RegionSize, n_handles, error)
      || (*ret_handles = take_handles (block, n_handles, error)) == NULL)
    {
      unmap (block);
      return FALSE;
    }
  gmproc_port_handle_close (&section);
  *ret_bootstrap =
      g_bytes_new_with_free_func (&block->handles[n_handles], (gsize) block->n_bytes, unmap, block);
  return TRUE;
}
