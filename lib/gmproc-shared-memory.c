/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocSharedMemory: a block of bytes that several processes see.
 *
 * The block has no name, unless it is asked for (gmproc-shared-memory-named.c). It ends with the
 * last process that has it, however that process ends, so there is nothing to unlink and nothing to
 * track. It never shrinks, and no process can make it.
 *
 * Who owns what: each object holds a handle of the system and its own mappings. A mapping lives as
 * long as the object or a GBytes of it, whichever is longer. Growing makes a new mapping of the
 * whole block and keeps the earlier ones, so that no pointer into the block goes bad.
 *
 * How large a block is, and how it grows, is in gmproc-shared-memory-size.c.
 *
 * Threads: all functions may be called from any thread. What is inside the block is the caller's.
 */
#include "config.h"

#include "gmproc-shared-memory-private.h"

#include <string.h>

#include "gmproc-error.h"
#include "internal/arena.h"
#include "internal/kind.h"
#include "internal/shareable.h"
#include "port/port.h"

#define KIND GMPROC_KIND_SHARED_MEMORY

/* The memory, the size, the maximum, whether it is read-only, the id, and the slot if it can grow.
 */
#define FORMAT "(ittbtm" GMPROC_SLOT_FORMAT ")"

static void gmproc_shared_memory_shareable_init (GmprocShareableInterface *iface);

/**
 * GmprocSharedMemory:
 *
 * A block of bytes that several processes see, without a name unless one is asked for. In Python it
 * is `multiprocessing.shared_memory.SharedMemory`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocSharedMemory, gmproc_shared_memory, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE,
                                                gmproc_shared_memory_shareable_init))

static void
gmproc_shared_memory_finalize (GObject *object)
{
  GmprocSharedMemory *self = GMPROC_SHARED_MEMORY (object);

  gmproc_port_name_withdraw (&self->published);
  g_free (self->name);
  gmproc_mappings_clear (&self->mappings);
  gmproc_family_drop_note (self->note);
  if (self->slot.place != NULL)
    gmproc_slot_clear (&self->slot);
  gmproc_port_handle_close (&self->memory);

  G_OBJECT_CLASS (gmproc_shared_memory_parent_class)->finalize (object);
}

static void
gmproc_shared_memory_class_init (GmprocSharedMemoryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_shared_memory_finalize;
}

static void
gmproc_shared_memory_init (GmprocSharedMemory *self)
{
  self->memory = GMPROC_PORT_NO_HANDLE;
  gmproc_mappings_init (&self->mappings);
}

gboolean
gmproc_shared_memory_map_first (GmprocSharedMemory *self, GError **error)
{
  GmprocMapping *view;

  if (!self->is_read_only)
    return gmproc_shared_memory_get_data (self, NULL, error) != NULL;

  view = gmproc_mappings_ref_view (&self->mappings, self->memory, self->first_size, error);
  if (view == NULL)
    return FALSE;
  gmproc_mapping_unref (view);
  return TRUE;
}

/* For those who look on from outside; see family.h. A slot is noted with its block. */
static void
note_memory (GmprocSharedMemory *self)
{
  if (self->id != 0)
    self->note = gmproc_family_note_object (KIND, self->id, self->first_size, self->memory);
}

/* -- crossing ---------------------------------------------------------------------------------- */

static GVariant *
export_as (GmprocSharedMemory *self, gintptr memory, gboolean is_read_only, GmprocParcel *parcel)
{
  GVariant *slot = self->slot.place != NULL ? gmproc_slot_export (&self->slot, parcel) : NULL;

  return g_variant_new ("(ittbt@m" GMPROC_SLOT_FORMAT ")", gmproc_parcel_add (parcel, memory),
                        (guint64) gmproc_shared_memory_get_size (self), (guint64) self->maximum,
                        is_read_only, self->id,
                        g_variant_new_maybe (G_VARIANT_TYPE (GMPROC_SLOT_FORMAT), slot));
}

static GVariant *
gmproc_shared_memory_export_to (GmprocShareable *shareable, GmprocParcel *parcel,
                                G_GNUC_UNUSED GError **error)
{
  GmprocSharedMemory *self = GMPROC_SHARED_MEMORY (shareable);

  return export_as (self, self->memory, self->is_read_only, parcel);
}

static gboolean
import_slot (GmprocSharedMemory *self, GVariant *maybe_slot, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GVariant) slot = g_variant_get_maybe (maybe_slot);

  if (slot != NULL)
    return gmproc_slot_import (&self->slot, slot, KIND, parcel, error);
  if (self->maximum == self->first_size)
    return TRUE;
  g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                       "A block that can grow came without the place of its size");
  return FALSE;
}

static GmprocShareable *
gmproc_shared_memory_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocSharedMemory) self = NULL;
  g_autoptr (GVariant) maybe_slot = NULL;
  guint64 size, maximum;
  gint32 memory_index;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE (FORMAT)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "Shared memory came as “%s” instead of “%s”",
                   g_variant_get_type_string (parameters), FORMAT);
      return NULL;
    }

  self = g_object_new (GMPROC_TYPE_SHARED_MEMORY, NULL);
  g_variant_get (parameters, "(ittbt@m" GMPROC_SLOT_FORMAT ")", &memory_index, &size, &maximum,
                 &self->is_read_only, &self->id, &maybe_slot);
  if (!gmproc_parcel_take (parcel, memory_index, &self->memory, error)
      || !gmproc_shared_memory_take_sizes (self, size, maximum, error)
      || !import_slot (self, maybe_slot, parcel, error)
      || !gmproc_shared_memory_map_first (self, error))
    return NULL;
  note_memory (self);
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_shared_memory_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_shared_memory_export_to;
  iface->import_from = gmproc_shared_memory_import_from;
}

/* -- public ------------------------------------------------------------------------------------ */

static GmprocSharedMemory *
shared_memory_new (gsize size, gsize maximum, GError **error)
{
  g_autoptr (GmprocSharedMemory) self = NULL;

  if (!gmproc_shared_memory_check_size (size, error))
    return NULL;

  self = g_object_new (GMPROC_TYPE_SHARED_MEMORY, NULL);
  self->first_size = size;
  self->maximum = maximum;
  if (!gmproc_port_memory_new (size, maximum, &self->memory, error)
      || !gmproc_shared_memory_map_first (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gmproc_shared_memory_new:
 * @size: how many bytes
 * @error: return location
 *
 * Makes a block of zeros that keeps its size, like
 * `multiprocessing.shared_memory.SharedMemory(create=True)`, except that it has no name: it is sent
 * to another process as a handle, and is gone with the last process that has it.
 *
 * The system gives memory in pages, but the block has the size that was asked for.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for 0; %G_IO_ERROR_NO_SPACE for more than the system's
 * memory; what the system says otherwise.
 *
 * Returns: (transfer full) (nullable): a new block
 * Since: 1.0
 */
GmprocSharedMemory *
gmproc_shared_memory_new (gsize size, GError **error)
{
  g_autoptr (GmprocSharedMemory) self = shared_memory_new (size, size, error);

  if (self == NULL || !gmproc_port_random_fill (&self->id, sizeof self->id, error))
    return NULL;
  note_memory (self);
  return g_steal_pointer (&self);
}

/**
 * gmproc_shared_memory_new_growable:
 * @size: how many bytes at first
 * @maximum: how many bytes at most
 * @error: return location
 *
 * Makes a block of zeros that every process that has it, and not only to read, may grow. The
 * maximum takes no memory; it may be more than the system has.
 *
 * Errors: as gmproc_shared_memory_new(); %G_IO_ERROR_INVALID_ARGUMENT for a maximum below the size.
 *
 * Returns: (transfer full) (nullable): a new block
 * Since: 1.0
 */
GmprocSharedMemory *
gmproc_shared_memory_new_growable (gsize size, gsize maximum, GError **error)
{
  g_autoptr (GmprocSharedMemory) self = NULL;

  if (size > 0 && maximum < size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "A block of %" G_GSIZE_FORMAT " bytes cannot have at most %" G_GSIZE_FORMAT,
                   size, maximum);
      return NULL;
    }

  self = shared_memory_new (size, maximum, error);
  if (self == NULL || !gmproc_slot_new (&self->slot, KIND, error))
    return NULL;
  gmproc_shared_memory_get_state (self)->maximum = maximum;
  gmproc_shared_memory_get_state (self)->size = size;
  return g_steal_pointer (&self);
}

/**
 * gmproc_shared_memory_new_from_bytes:
 * @bytes: the contents
 * @error: return location
 *
 * Makes a block with a copy of these bytes.
 *
 * Errors: as gmproc_shared_memory_new(), so also for no bytes.
 *
 * Returns: (transfer full) (nullable): a new block
 * Since: 1.0
 */
GmprocSharedMemory *
gmproc_shared_memory_new_from_bytes (GBytes *bytes, GError **error)
{
  g_autoptr (GmprocSharedMemory) self = NULL;
  gconstpointer contents;
  gpointer data;
  gsize size;

  g_return_val_if_fail (bytes != NULL, NULL);

  contents = g_bytes_get_data (bytes, &size);
  self = gmproc_shared_memory_new (size, error);
  if (self == NULL)
    return NULL;
  data = gmproc_shared_memory_get_data (self, NULL, error);
  if (data == NULL)
    return NULL;
  memcpy (data, contents, size);
  return g_steal_pointer (&self);
}

/**
 * gmproc_shared_memory_to_read_only:
 * @self: a block
 * @error: return location
 *
 * Makes another object for the same memory, through which it can only be read. Send that one to a
 * process that shall see what others write and change nothing by mistake. It is no protection from
 * a process that means harm: one of the same user may find another way to the memory.
 *
 * Errors: what the system says.
 *
 * Returns: (transfer full) (nullable): the same block, to read only
 * Since: 1.0
 */
GmprocSharedMemory *
gmproc_shared_memory_to_read_only (GmprocSharedMemory *self, GError **error)
{
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GVariant) parameters = NULL;
  GmprocShareable *copy;
  gintptr memory;

  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), NULL);

  if (!gmproc_port_memory_restrict (self->memory, &memory, error))
    return NULL;

  /* As if it came from another process. */
  parameters = g_variant_ref_sink (export_as (self, memory, TRUE, parcel));
  copy = gmproc_shared_memory_import_from (parameters, parcel, error);
  gmproc_port_handle_close (&memory);
  return (GmprocSharedMemory *) copy;
}

/**
 * gmproc_shared_memory_is_read_only:
 * @self: a block
 *
 * Whether this object may only be read through.
 *
 * Returns: whether this object comes from gmproc_shared_memory_to_read_only(), here or in the
 *   process that sent it
 * Since: 1.0
 */
gboolean
gmproc_shared_memory_is_read_only (GmprocSharedMemory *self)
{
  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), FALSE);

  return self->is_read_only;
}

gboolean
gmproc_shared_memory_refuse_read_only (GmprocSharedMemory *self, GError **error)
{
  if (!self->is_read_only)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY,
                       "The block of shared memory is here to read only");
  return FALSE;
}

/**
 * gmproc_shared_memory_get_data: (skip)
 * @self: a block
 * @size: (out) (optional): return location for the number of bytes
 * @error: return location
 *
 * The memory, to read and to write. It begins at a page, and stays where it is as long as the
 * object lives; only after the block has grown another call gives another address, beside the old
 * one. Put no pointers into it: other processes have it elsewhere. Whoever reads what another
 * process writes needs a lock or atomic operations, as between threads.
 *
 * For a block that was not made to grow, and is not read-only, this cannot fail.
 *
 * Errors: %G_IO_ERROR_READ_ONLY; what the system says when it has no place for a block that grew.
 *
 * Returns: (transfer none) (nullable): the first byte
 * Since: 1.0
 */
gpointer
gmproc_shared_memory_get_data (GmprocSharedMemory *self, gsize *size, GError **error)
{
  gpointer address;
  gsize mapped_size;

  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), NULL);

  if (!gmproc_shared_memory_refuse_read_only (self, error)
      || !gmproc_mappings_get_data (&self->mappings, self->memory,
                                    gmproc_shared_memory_get_size (self), &address, &mapped_size,
                                    error))
    return NULL;
  if (size != NULL)
    *size = mapped_size;
  return address;
}

/**
 * gmproc_shared_memory_get_bytes:
 * @self: a block
 * @offset: the first byte
 * @size: how many bytes; may be 0
 * @error: return location
 *
 * A part of the block without a copy. It stays good when the object is gone, and holds the memory
 * of the whole block. Where the system can, writing to it faults. It is a view: what another
 * process writes to the block later shows in it, unlike in other GBytes. To keep the contents of a
 * moment, copy them.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when the part is not inside the block; what the system says
 * when it has no place to map it.
 *
 * Returns: (transfer full) (nullable): the bytes
 * Since: 1.0
 */
GBytes *
gmproc_shared_memory_get_bytes (GmprocSharedMemory *self, gsize offset, gsize size, GError **error)
{
  GmprocMapping *view;
  gsize whole_size;

  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), NULL);

  whole_size = gmproc_shared_memory_get_size (self);
  if (size > whole_size || offset > whole_size - size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%" G_GSIZE_FORMAT " bytes at %" G_GSIZE_FORMAT
                   " are not inside a block of %" G_GSIZE_FORMAT,
                   size, offset, whole_size);
      return NULL;
    }

  view = gmproc_mappings_ref_view (&self->mappings, self->memory, whole_size, error);
  if (view == NULL)
    return NULL;
  return g_bytes_new_with_free_func ((const char *) view->address + offset, size,
                                     gmproc_mapping_unref, view);
}

/**
 * gmproc_shared_memory_get_handle:
 * @self: a block
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_shared_memory_get_handle (GmprocSharedMemory *self)
{
  g_return_val_if_fail (GMPROC_IS_SHARED_MEMORY (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_shared_memory_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the block
 * Since: 1.0
 */
GmprocSharedMemory *
gmproc_shared_memory_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_SHARED_MEMORY, error);
}
