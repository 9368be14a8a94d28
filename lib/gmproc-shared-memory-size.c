/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * How large a block of shared memory is, and how it grows.
 *
 * The size that was asked for crosses with a block that stays as it is. That of a block that can
 * grow lies in a slot of shared memory, so that all see it grow. It is written after the memory is
 * there: a process that is killed in between leaves a block that has more memory than it says. What
 * the slot says is believed as far as the system agrees, because everybody can write there.
 */
#include "config.h"

#include "gmproc-shared-memory-private.h"

#include "gmproc-dump-private.h"
#include "gmproc-error.h"

/* Memory is taken when it is touched, so a block that is larger than all memory could be made; but
 * who filled it would be killed. */
gboolean
gmproc_shared_memory_check_size (gsize size, GError **error)
{
  if (size == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "A block of shared memory cannot have 0 bytes");
      return FALSE;
    }
  if (size > gmproc_port_memory_get_total ())
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "A block of %" G_GSIZE_FORMAT
                   " bytes is more than the memory of this system, %" G_GUINT64_FORMAT " bytes",
                   size, gmproc_port_memory_get_total ());
      return FALSE;
    }
  return TRUE;
}

gboolean
gmproc_shared_memory_take_sizes (GmprocSharedMemory *self, guint64 size, guint64 maximum,
                                 GError **error)
{
  gsize present;

  if (!gmproc_port_memory_get_size (self->memory, &present, error))
    return FALSE;
  if (size == 0 || size > present || maximum < size || maximum > G_MAXSSIZE)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A block of %" G_GUINT64_FORMAT " bytes of at most %" G_GUINT64_FORMAT
                   " came with %" G_GSIZE_FORMAT " bytes of shared memory",
                   size, maximum, present);
      return FALSE;
    }

  self->first_size = (gsize) size;
  self->maximum = (gsize) maximum;
  return TRUE;
}

/**
 * gmproc_shared_memory_get_size:
 * @self: a block
 *
 * How many bytes the block has: as many as were asked for when it was made, or last grew, in
 * whichever process.
 *
 * Returns: the number of bytes
 * Since: 1.0
 */
gsize
gmproc_shared_memory_get_size (GmprocSharedMemory *self)
{
  guint64 size;

  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), 0);

  if (self->slot.place == NULL)
    return self->first_size;
  size = __atomic_load_n (&gmproc_shared_memory_get_state (self)->size, __ATOMIC_ACQUIRE);
  return (gsize) CLAMP (size, self->first_size, self->maximum);
}

/**
 * gmproc_shared_memory_get_maximum:
 * @self: a block
 *
 * How far the block can grow.
 *
 * Returns: to how many bytes it can grow; its size, for a block that cannot
 * Since: 1.0
 */
gsize
gmproc_shared_memory_get_maximum (GmprocSharedMemory *self)
{
  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), 0);

  return self->maximum;
}

/* Another process may say a larger size at the same time, and then that one stays. */
static void
say_size (GmprocSharedMemory *self, guint64 size)
{
  guint64 *place = &gmproc_shared_memory_get_state (self)->size;
  guint64 present = __atomic_load_n (place, __ATOMIC_RELAXED);

  while (present < size
         && !__atomic_compare_exchange_n (place, &present, size, FALSE, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED))
    ;
}

/**
 * gmproc_shared_memory_grow:
 * @self: a block from gmproc_shared_memory_new_growable()
 * @size: how many bytes it shall have at least
 * @error: return location
 *
 * Makes the block larger, for all processes that have it. What is in it stays, the new bytes are
 * zeros, and pointers into the block and GBytes of it stay good. gmproc_shared_memory_get_data()
 * then gives a mapping of all of it. A block that is as large already stays as it is.
 *
 * Each size for which somebody asked for the data keeps its mapping until the object is gone, so
 * it is better to grow in large steps, such as to twice the size.
 *
 * Errors: %G_IO_ERROR_NO_SPACE past the maximum or the system's memory; %G_IO_ERROR_READ_ONLY;
 * what the system says.
 *
 * Returns: whether it has that many bytes
 * Since: 1.0
 */
gboolean
gmproc_shared_memory_grow (GmprocSharedMemory *self, gsize size, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), FALSE);

  if (!gmproc_shared_memory_refuse_read_only (self, error))
    return FALSE;
  if (size <= gmproc_shared_memory_get_size (self))
    return TRUE;
  if (size > self->maximum)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "A block of at most %" G_GSIZE_FORMAT " bytes cannot grow to %" G_GSIZE_FORMAT,
                   self->maximum, size);
      return FALSE;
    }
  if (!gmproc_shared_memory_check_size (size, error)
      || !gmproc_port_memory_grow (self->memory, size, error))
    return FALSE;

  say_size (self, size);
  return TRUE;
}

void
gmproc_shared_memory_describe (const GmprocSlotPlace *place, GmprocDescription *ret)
{
  const GmprocSharedMemoryState *state = (const GmprocSharedMemoryState *) place;

  g_string_append_printf (ret->text, "%" G_GUINT64_FORMAT " bytes", state->size);
  g_string_append_printf (ret->json, "\"size\": %" G_GUINT64_FORMAT, state->size);
  if (state->maximum != 0)
    {
      g_string_append_printf (ret->text, ", can grow to %" G_GUINT64_FORMAT, state->maximum);
      g_string_append_printf (ret->json, ", \"maximum\": %" G_GUINT64_FORMAT, state->maximum);
    }
}
