/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shared memory is a memfd. It has no name, and seals keep every process, also one that goes
 * wrong, from shrinking it under the mappings of the others, which would raise SIGBUS there.
 *
 * A system without memfd_create() gets a POSIX shared-memory object that loses its name at once.
 * It has no seals, and some systems let its size be set only once; so it has its maximum from the
 * start, which takes no real memory, and grow finds nothing left to do.
 */
#include "config.h"

#include "port.h"
#include "handle-posix.h"
#include "port-error.h"
#include "memory-posix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/sysinfo.h>
#endif
#include <unistd.h>

#ifdef HAVE_MEMFD_CREATE
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

static int
open_block (GError **error)
{
  /* A system may be set up to refuse a block that could be executed; an older one does not know
   * the flag that says ours is none. */
  int fd = memfd_create ("gmproc", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  gintptr handle;

  if (fd == -1 && errno == EINVAL)
    fd = memfd_create ("gmproc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd == -1)
    {
      gmproc_port_set_error (error, errno, "memfd_create");
      return -1;
    }
  return gmproc_port_handle_take (fd, &handle, error) ? (int) handle : -1;
}

static gsize
first_size (gsize size, gsize maximum G_GNUC_UNUSED)
{
  return size;
}

static gboolean
seal_block (int fd, int seals, GError **error)
{
  /* Sealing the seals too keeps others from adding one that makes the block read-only. */
  if (fcntl (fd, F_ADD_SEALS, seals | F_SEAL_SEAL) == 0)
    return TRUE;
  gmproc_port_set_error (error, errno, "fcntl(F_ADD_SEALS)");
  return FALSE;
}

static gboolean
seal_size (int fd, gboolean may_grow, GError **error)
{
  return seal_block (fd, may_grow ? F_SEAL_SHRINK : F_SEAL_SHRINK | F_SEAL_GROW, error);
}

static gboolean
seal_contents (int fd, GError **error)
{
  return seal_block (fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, error);
}

static gboolean
check_seals (int fd, int wanted, GError **error)
{
  int seals = fcntl (fd, F_GET_SEALS);

  if (seals == -1)
    {
      gmproc_port_set_error (error, errno, "fcntl(F_GET_SEALS)");
      return FALSE;
    }
  if ((seals & wanted) == wanted)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "fcntl(F_GET_SEALS): another process could change this block");
  return FALSE;
}

static gboolean
check_size_sealed (int fd, GError **error)
{
  return check_seals (fd, F_SEAL_SHRINK, error);
}

static gboolean
check_contents_sealed (int fd, GError **error)
{
  return check_seals (fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, error);
}

/* Not through a mapping: when another thread starts a child, that child has a copy of the mapping
 * until it runs its program, and the block could not be sealed in the meantime. */
static gboolean
fill_block (int fd, const char *data, gsize size, GError **error)
{
  gsize n_done = 0;

  while (n_done < size)
    {
      gssize n_written = pwrite (fd, data + n_done, size - n_done, (off_t) n_done);

      if (n_written == -1 && errno != EINTR)
        {
          gmproc_port_set_error (error, errno, "pwrite");
          return FALSE;
        }
      n_done += (gsize) MAX (n_written, 0);
    }
  return TRUE;
}

/* The size is limited by the seal alone. */
static gboolean
may_resize (GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

#else /* no memfd_create() */

static int
open_block (GError **error)
{
  gintptr handle;

  for (;;)
    {
      g_autofree char *id = g_uuid_string_random ();
      g_autofree char *name = g_strdup_printf ("/gmp-%.20s", id); /* 31 bytes are allowed */
      int fd = shm_open (name, O_RDWR | O_CREAT | O_EXCL, 0600);

      if (fd != -1)
        {
          (void) shm_unlink (name);
          (void) fcntl (fd, F_SETFD, FD_CLOEXEC);
          return gmproc_port_handle_take (fd, &handle, error) ? (int) handle : -1;
        }
      if (errno != EEXIST && errno != EINTR)
        {
          gmproc_port_set_error (error, errno, "shm_open");
          return -1;
        }
    }
}

static gsize
first_size (gsize size G_GNUC_UNUSED, gsize maximum)
{
  return maximum;
}

static gboolean
seal_size (int fd G_GNUC_UNUSED, gboolean may_grow G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static gboolean
seal_contents (int fd G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static gboolean
check_size_sealed (int fd, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) == -1)
    {
      gmproc_port_set_error (error, errno, "fstat");
      return FALSE;
    }
  if (S_ISREG (status.st_mode) || S_TYPEISSHM (&status))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "fstat: not shared memory");
  return FALSE;
}

/* Such an object can be mapped, but not everywhere written to. */
static gboolean
fill_block (int fd, const char *data, gsize size, GError **error)
{
  gpointer mapping;

  if (size == 0)
    return TRUE;
  mapping = gmproc_port_memory_map (fd, 0, size, error);
  if (mapping == NULL)
    return FALSE;
  memcpy (mapping, data, size);
  gmproc_port_memory_unmap (&mapping, size);
  return TRUE;
}

/* It has its maximum already. */
static gboolean
may_resize (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                       "ftruncate: the block cannot grow past its maximum");
  return FALSE;
}

static gboolean
check_contents_sealed (int fd, GError **error)
{
  return check_size_sealed (fd, error);
}
#endif

gsize
gmproc_port_memory_get_granularity (void)
{
  return (gsize) sysconf (_SC_PAGESIZE);
}

guint64
gmproc_port_memory_get_total (void)
{
#ifdef __linux__
  struct sysinfo info;

  if (sysinfo (&info) == 0)
    return ((guint64) info.totalram + info.totalswap) * info.mem_unit;
#endif
  /* Without the swap space, for which there is no portable question. */
  return (guint64) sysconf (_SC_PHYS_PAGES) * gmproc_port_memory_get_granularity ();
}

/* Rounds *SIZE up to whole pages; an error when no file can be so long. */
static gboolean
round_to_pages (gsize *size, GError **error)
{
  gsize page = gmproc_port_memory_get_granularity ();

  if (*size > G_MAXSSIZE - page)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "ftruncate: %" G_GSIZE_FORMAT " bytes are more than this system can address",
                   *size);
      return FALSE;
    }
  *size = (*size + page - 1) / page * page;
  return TRUE;
}

static gboolean
query_size (int fd, gsize *ret_size, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) == -1)
    {
      gmproc_port_set_error (error, errno, "fstat");
      return FALSE;
    }
  *ret_size = (gsize) status.st_size;
  return TRUE;
}

/* A size past the limit for files would raise SIGXFSZ, which ends the program, so the limit is
 * looked at first. */
static gboolean
check_file_limit (gsize size, GError **error)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_FSIZE, &limit) == -1 || limit.rlim_cur == RLIM_INFINITY
      || size <= limit.rlim_cur)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               "ftruncate: %" G_GSIZE_FORMAT " bytes are more than the limit for files "
               "(RLIMIT_FSIZE), %" G_GUINT64_FORMAT,
               size, (guint64) limit.rlim_cur);
  return FALSE;
}

static gboolean
set_size (int fd, gsize size, GError **error)
{
  int result;

  if (!check_file_limit (size, error))
    return FALSE;
  do
    result = ftruncate (fd, (off_t) size);
  while (result == -1 && errno == EINTR);

  if (result == 0)
    return TRUE;
  gmproc_port_set_error (error, errno, "ftruncate");
  return FALSE;
}

gboolean
gmproc_port_memory_new (gsize size, gsize maximum, gintptr *ret_handle, GError **error)
{
  gintptr fd = GMPROC_PORT_NO_HANDLE;
  gboolean success = FALSE;

  g_return_val_if_fail (size > 0 && maximum >= size, FALSE);

  if (!round_to_pages (&size, error) || !round_to_pages (&maximum, error))
    goto out;
  fd = open_block (error);
  if (fd == -1 || !set_size ((int) fd, first_size (size, maximum), error)
      || !seal_size ((int) fd, maximum > size, error))
    goto out;

  *ret_handle = fd;
  fd = GMPROC_PORT_NO_HANDLE;
  success = TRUE;

out:
  gmproc_port_handle_close (&fd);
  return success;
}

gboolean
gmproc_port_memory_grow (gintptr handle, gsize size, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gsize present;

  if (!round_to_pages (&size, error) || !query_size ((int) handle, &present, error))
    return FALSE;
  if (present >= size)
    return TRUE;
  if (!may_resize (error))
    return FALSE;
  if (set_size ((int) handle, size, &local_error))
    return TRUE;

  /* Another process may have made the block larger than SIZE in the meantime. What was meant as
   * growing is shrinking then, and the seal refuses it. */
  if (!query_size ((int) handle, &present, error))
    return FALSE;
  if (present >= size)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
gmproc_port_memory_get_size (gintptr handle, gsize *ret_size, GError **error)
{
  return check_size_sealed ((int) handle, error) && query_size ((int) handle, ret_size, error);
}

static gpointer
map_block (gintptr handle, gsize offset, gsize size, int protection, GError **error)
{
  gpointer mapping;
  gsize present;

  /* mmap() accepts a range past the end, and then the first access raises SIGBUS. */
  if (!query_size ((int) handle, &present, error))
    return NULL;
  if (size > present || offset > present - size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "mmap: the block has only %" G_GSIZE_FORMAT " bytes", present);
      return NULL;
    }
  mapping = mmap (NULL, size, protection, MAP_SHARED | MAP_NORESERVE, (int) handle, (off_t) offset);
  if (mapping == MAP_FAILED)
    {
      gmproc_port_set_error (error, errno, "mmap");
      return NULL;
    }
  return mapping;
}

gpointer
gmproc_port_memory_map (gintptr handle, gsize offset, gsize size, GError **error)
{
  return map_block (handle, offset, size, PROT_READ | PROT_WRITE, error);
}

gpointer
gmproc_port_memory_map_to_read (gintptr handle, gsize offset, gsize size, GError **error)
{
  return map_block (handle, offset, size, PROT_READ, error);
}

/* A duplicate shares the right to write with its original, so the block is opened once more. That
 * has a path only in /proc, which may be missing. */
gboolean
gmproc_port_memory_restrict (gintptr handle, gintptr *ret_handle, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", (int) handle);
  int fd;

  do
    fd = open (path, O_RDONLY | O_CLOEXEC);
  while (fd == -1 && errno == EINTR);

  if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
    return gmproc_port_handle_duplicate (handle, ret_handle, error);
  if (fd == -1)
    {
      gmproc_port_set_error (error, errno, "open");
      return FALSE;
    }
  return gmproc_port_handle_take (fd, ret_handle, error);
}

void
gmproc_port_memory_unmap (gpointer *mapping, gsize size)
{
  if (*mapping != NULL && munmap (*mapping, size) == -1)
    g_critical ("munmap: %s", g_strerror (errno));
  *mapping = NULL;
}

void
gmproc_port_memory_discard (gpointer mapping, gsize offset, gsize size)
{
#ifdef MADV_REMOVE
  gsize page = gmproc_port_memory_get_granularity ();
  gsize first = (offset + page - 1) / page * page;
  gsize end = (offset + size) / page * page;

  /* The caller is told that the contents may stay, so there is nothing to report. */
  if (first < end)
    (void) madvise ((char *) mapping + first, end - first, MADV_REMOVE);
#else
  (void) mapping, (void) offset, (void) size;
#endif
}

gboolean
gmproc_port_memory_new_constant (GBytes *bytes, gintptr *ret_handle, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  gintptr fd = open_block (error);
  gboolean success = FALSE;

  if (fd == -1 || !set_size ((int) fd, size, error) || !fill_block ((int) fd, data, size, error)
      || !seal_contents ((int) fd, error))
    goto out;

  *ret_handle = fd;
  fd = GMPROC_PORT_NO_HANDLE;
  success = TRUE;

out:
  gmproc_port_handle_close (&fd);
  return success;
}

GBytes *
gmproc_port_memory_read_constant (gintptr handle, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GMappedFile *file;
  GBytes *bytes;

  if (!check_contents_sealed ((int) handle, error))
    return NULL;
  file = g_mapped_file_new_from_fd ((int) handle, FALSE, &local_error);
  if (file == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "mmap: %s", local_error->message);
      return NULL;
    }
  bytes = g_mapped_file_get_bytes (file);
  g_mapped_file_unref (file);
  return bytes;
}
