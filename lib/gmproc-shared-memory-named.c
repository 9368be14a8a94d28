/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Blocks of shared memory that have a name, for processes that are not of one family.
 *
 * The object that gmproc_shared_memory_new_named() gave owns the name, and the name is gone when it
 * is: with its last reference, or with its process, however that ends. No file is left, and there
 * is no cleaner. Objects that came by the name, or as a handle, own nothing of it.
 *
 * Such a block cannot grow: the place of its size would be one of a family.
 */
#include "config.h"

#include "gmproc-shared-memory-private.h"

#include <string.h>

/* The owner answers at once, unless it is stopped. */
#define LONGEST_ANSWER (10 * G_TIME_SPAN_SECOND)

static gboolean
refuse_name (const char *name, const char *reason, GError **error)
{
  g_autofree char *shown = g_utf8_make_valid (name, -1);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s” cannot be the name of shared memory: %s", shown, reason);
  return FALSE;
}

/* What holds on all systems, so that a program that runs on one runs on the others. */
static gboolean
check_name (const char *name, GError **error)
{
  gsize length = strlen (name);

  if (length == 0)
    return refuse_name (name, "it is empty", error);
  if (length > GMPROC_PORT_NAME_MAX)
    {
      g_autofree char *reason = g_strdup_printf (
          "it has %" G_GSIZE_FORMAT " bytes, and %d are allowed", length, GMPROC_PORT_NAME_MAX);

      return refuse_name (name, reason, error);
    }
  if (!g_utf8_validate (name, (gssize) length, NULL))
    return refuse_name (name, "it is not UTF-8", error);
  if (strpbrk (name, "/\\") != NULL)
    return refuse_name (name, "it has a slash or a backslash", error);
  return TRUE;
}

/**
 * gmproc_shared_memory_new_named:
 * @name: 1 to 64 bytes of UTF-8 without a slash or a backslash
 * @size: how many bytes
 * @error: return location
 *
 * Makes a block of zeros as gmproc_shared_memory_new() does, that other processes of the same user
 * find by a name, like `multiprocessing.shared_memory.SharedMemory(name, create=True, size)`. It is
 * for processes that have no way to send each other a handle.
 *
 * The returned object owns the name. The name is gone when the object is, or when this process
 * ends, also by a SIGKILL; it can be given again at once. Those who opened the block before keep
 * it.
 *
 * Names are of one user: two users may have the same. On Linux they are also of one namespace of
 * the network, and on Windows of one session. A copy of the process that a plain fork() made keeps
 * the name taken as long as that copy lives and runs no other program.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a bad name or size; %G_IO_ERROR_EXISTS for a name that
 * is taken; %G_IO_ERROR_NO_SPACE for more than the system's memory; %G_IO_ERROR_NOT_SUPPORTED on a
 * POSIX system other than Linux, where names would outlive a process that was killed; what the
 * system says otherwise.
 *
 * Returns: (transfer full) (nullable): a new block
 * Since: 1.0
 */
GmprocSharedMemory *
gmproc_shared_memory_new_named (const char *name, gsize size, GError **error)
{
  g_autoptr (GmprocSharedMemory) self = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  if (!check_name (name, error))
    return NULL;
  self = gmproc_shared_memory_new (size, error);
  if (self == NULL)
    return NULL;
  self->published = gmproc_port_name_publish (name, self->memory, size, error);
  if (self->published == NULL)
    {
      g_prefix_error (error, "The name “%s” could not be given to shared memory: ", name);
      return NULL;
    }
  self->name = g_strdup (name);
  self->is_name_owner = TRUE;
  return g_steal_pointer (&self);
}

/**
 * gmproc_shared_memory_open_named:
 * @name: the name
 * @error: return location
 *
 * Gives the block that has this name, with the size that it was made with, like
 * `multiprocessing.shared_memory.SharedMemory(name)`. Each call gives another object. It stays good
 * when the owner of the name ends, and takes nothing with it when it goes.
 *
 * The owner's process answers from a thread of its own, so this takes some microseconds, and does
 * not wait for anything that the program does. An owner that is stopped (SIGSTOP, a debugger)
 * answers when it goes on; the call waits up to ten seconds for it and cannot be cancelled, so a
 * program with a main loop to keep going makes it in a thread.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a name that none can have; %G_IO_ERROR_NOT_FOUND;
 * %G_IO_ERROR_PERMISSION_DENIED when another user has taken the name; %G_IO_ERROR_TIMED_OUT when
 * the owner is stopped and has not answered for ten seconds; %G_IO_ERROR_NOT_SUPPORTED as for
 * gmproc_shared_memory_new_named(); what the system says otherwise.
 *
 * Returns: (transfer full) (nullable): the block
 * Since: 1.0
 */
GmprocSharedMemory *
gmproc_shared_memory_open_named (const char *name, GError **error)
{
  g_autoptr (GmprocSharedMemory) self = NULL;
  guint64 size;

  g_return_val_if_fail (name != NULL, NULL);

  if (!check_name (name, error))
    return NULL;
  self = g_object_new (GMPROC_TYPE_SHARED_MEMORY, NULL);
  if (!gmproc_port_name_look_up (name, g_get_monotonic_time () + LONGEST_ANSWER, &self->memory,
                                 &size, error)
      || !gmproc_shared_memory_take_sizes (self, size, size, error)
      || !gmproc_shared_memory_map_first (self, error))
    {
      g_prefix_error (error, "Shared memory named “%s”: ", name);
      return NULL;
    }
  self->name = g_strdup (name);
  return g_steal_pointer (&self);
}

/**
 * gmproc_shared_memory_get_name:
 * @self: a block
 *
 * The name under which others open the block.
 *
 * Returns: (nullable): the name by which this object was made or opened, also when that is gone;
 *   %NULL for one that was made without a name, or came as a handle
 * Since: 1.0
 */
const char *
gmproc_shared_memory_get_name (GmprocSharedMemory *self)
{
  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), NULL);

  return self->name;
}

/**
 * gmproc_shared_memory_remove_name:
 * @self: a block from gmproc_shared_memory_new_named()
 * @error: return location
 *
 * Takes the name away while the block is still used, like `SharedMemory.unlink()`. Call it from one
 * thread.
 *
 * Errors: %G_IO_ERROR_PERMISSION_DENIED for an object that does not own a name;
 * %G_IO_ERROR_NOT_FOUND when the name was removed before.
 *
 * Returns: whether there was a name to remove
 * Since: 1.0
 */
gboolean
gmproc_shared_memory_remove_name (GmprocSharedMemory *self, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), FALSE);

  if (!self->is_name_owner)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   "This object does not own the name of shared memory “%s”",
                   self->name != NULL ? self->name : "");
      return FALSE;
    }
  if (self->published == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "The name “%s” of shared memory was removed before", self->name);
      return FALSE;
    }
  gmproc_port_name_withdraw (&self->published);
  return TRUE;
}
