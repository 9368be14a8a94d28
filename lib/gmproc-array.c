/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocArray: numbers of one type, as many as were asked for, that several processes see.
 *
 * The numbers are a plain C array in a block of shared memory of their own; the type and the length
 * stay as they are, and cross with it. One number is read and written as a whole; more than one
 * need a lock, or that only one process writes them.
 *
 * Who owns what: the array holds a reference on its block, whose mapping stays where it is.
 * Threads: all functions may be called from any thread.
 */
#include "config.h"

#include "gmproc-array.h"

#include <string.h>

#include "gmproc-error.h"
#include "gmproc-lock.h"
#include "gmproc-shared-memory.h"
#include "internal/number.h"
#include "internal/part.h"

struct _GmprocArray
{
  GObject parent_instance;

  char type[2];
  gsize item_size;
  gsize length;
  GmprocSharedMemory *memory;
  guint8 *items; /* in the memory */
  GmprocLock *lock;
};

/* The type, the length, the memory, and the lock if there is one. */
#define FORMAT "(yt" GMPROC_PART_FORMAT GMPROC_PART_FORMAT ")"

static void gmproc_array_shareable_init (GmprocShareableInterface *iface);

/**
 * GmprocArray:
 *
 * An array of numbers of one type in shared memory, with or without a lock of its own. In Python it
 * is `multiprocessing.Array`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocArray, gmproc_array, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE, gmproc_array_shareable_init))

static void
gmproc_array_finalize (GObject *object)
{
  GmprocArray *self = GMPROC_ARRAY (object);

  g_clear_object (&self->lock);
  g_clear_object (&self->memory);

  G_OBJECT_CLASS (gmproc_array_parent_class)->finalize (object);
}

static void
gmproc_array_class_init (GmprocArrayClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_array_finalize;
}

static void
gmproc_array_init (G_GNUC_UNUSED GmprocArray *self)
{
}

/* An array without its memory. The type is a right one. */
static GmprocArray *
array_new_empty (char type, gsize length)
{
  GmprocArray *self = g_object_new (GMPROC_TYPE_ARRAY, NULL);

  self->type[0] = type;
  self->item_size = gmproc_number_get_size (type);
  self->length = length;
  return self;
}

static gboolean
map_items (GmprocArray *self, GError **error)
{
  self->items = gmproc_shared_memory_get_data (self->memory, NULL, error);
  return self->items != NULL;
}

static gpointer
get_item (GmprocArray *self, gsize index)
{
  return self->items + index * self->item_size;
}

/* -- crossing ---------------------------------------------------------------------------------- */

static GVariant *
gmproc_array_export_to (GmprocShareable *shareable, GmprocParcel *parcel, GError **error)
{
  GmprocArray *self = GMPROC_ARRAY (shareable);
  g_autoptr (GVariant) memory = gmproc_part_export (self->memory, parcel, error);
  g_autoptr (GVariant) lock = NULL;

  if (memory == NULL)
    return NULL;
  g_variant_ref_sink (memory);
  lock = gmproc_part_export (self->lock, parcel, error);
  if (lock == NULL)
    return NULL;
  g_variant_ref_sink (lock);
  return g_variant_new ("(yt@" GMPROC_PART_FORMAT "@" GMPROC_PART_FORMAT ")", self->type[0],
                        (guint64) self->length, memory, lock);
}

/* What the message says about the array, against the block that it brought. */
static gboolean
check_block (GmprocArray *self, guint64 length, GError **error)
{
  gsize size = self->memory != NULL ? gmproc_shared_memory_get_size (self->memory) : 0;

  if (length > 0 && length <= size / self->item_size)
    return TRUE;
  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "An array of %" G_GUINT64_FORMAT " numbers of type “%s” came with %" G_GSIZE_FORMAT
               " bytes of shared memory",
               length, self->type, size);
  return FALSE;
}

static GmprocShareable *
gmproc_array_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocArray) self = NULL;
  g_autoptr (GVariant) memory = NULL;
  g_autoptr (GVariant) lock = NULL;
  guint64 length;
  guint8 type;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE (FORMAT)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "An array came as “%s” instead of “%s”", g_variant_get_type_string (parameters),
                   FORMAT);
      return NULL;
    }

  g_variant_get (parameters, "(yt@" GMPROC_PART_FORMAT "@" GMPROC_PART_FORMAT ")", &type, &length,
                 &memory, &lock);
  if (gmproc_number_get_class ((char) type) == GMPROC_NUMBER_NONE)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "An array came with the unknown type %u", type);
      return NULL;
    }

  self = array_new_empty ((char) type, (gsize) length);
  if (!gmproc_part_import (memory, GMPROC_TYPE_SHARED_MEMORY, parcel, (gpointer *) &self->memory,
                           error)
      || !check_block (self, length, error) || !map_items (self, error)
      || !gmproc_part_import (lock, GMPROC_TYPE_LOCK, parcel, (gpointer *) &self->lock, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_array_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_array_export_to;
  iface->import_from = gmproc_array_import_from;
}

/* -- public ------------------------------------------------------------------------------------ */

static gboolean
check_length (char type, gsize length, GError **error)
{
  if (length == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "An array cannot have 0 numbers");
      return FALSE;
    }
  if (length > G_MAXSIZE / gmproc_number_get_size (type))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   "%" G_GSIZE_FORMAT " numbers of type “%c” are more than this system can address",
                   length, type);
      return FALSE;
    }
  return TRUE;
}

/**
 * gmproc_array_new:
 * @type: the type of the numbers: `b`, `y`, `n`, `q`, `i`, `u`, `x`, `t` or `d`, as in a GVariant
 * @length: how many
 * @error: return location
 *
 * Makes an array of zeros, like `multiprocessing.RawArray`. It keeps its length.
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a type that is none of these; %G_IO_ERROR_INVALID_ARGUMENT for
 * the length 0; %G_IO_ERROR_NO_SPACE for more than the system's memory; what the system says
 * otherwise.
 *
 * Returns: (transfer full) (nullable): a new array
 * Since: 1.0
 */
GmprocArray *
gmproc_array_new (const char *type, gsize length, GError **error)
{
  g_autoptr (GmprocArray) self = NULL;

  g_return_val_if_fail (type != NULL, NULL);

  if (!gmproc_number_check_type (type, error) || !check_length (type[0], length, error))
    return NULL;

  self = array_new_empty (type[0], length);
  self->memory = gmproc_shared_memory_new (length * self->item_size, error);
  if (self->memory == NULL || !map_items (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gmproc_array_new_locked:
 * @type: the type of the numbers, as for gmproc_array_new()
 * @length: how many
 * @lock: (nullable): a lock, or %NULL for a new recursive one
 * @error: return location
 *
 * Makes an array of zeros with a lock that crosses with it, like `multiprocessing.Array`. The calls
 * of the array itself do not take it.
 *
 * Errors: as gmproc_array_new().
 *
 * Returns: (transfer full) (nullable): a new array
 * Since: 1.0
 */
GmprocArray *
gmproc_array_new_locked (const char *type, gsize length, GmprocLock *lock, GError **error)
{
  g_autoptr (GmprocArray) self = NULL;

  g_return_val_if_fail (lock == NULL || GMPROC_IS_LOCK (lock), NULL);

  self = gmproc_array_new (type, length, error);
  if (self == NULL)
    return NULL;
  self->lock = lock != NULL ? g_object_ref (lock) : gmproc_lock_new_recursive (error);
  return self->lock != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * gmproc_array_new_from_data: (skip)
 * @type: the type of the numbers, as for gmproc_array_new()
 * @data: the numbers at first, as they lie in memory; a boolean is one byte
 * @length: how many
 * @error: return location
 *
 * Makes an array with a copy of these numbers.
 *
 * Errors: as gmproc_array_new().
 *
 * Returns: (transfer full) (nullable): a new array
 * Since: 1.0
 */
GmprocArray *
gmproc_array_new_from_data (const char *type, gconstpointer data, gsize length, GError **error)
{
  GmprocArray *self;

  g_return_val_if_fail (data != NULL || length == 0, NULL);

  self = gmproc_array_new (type, length, error);
  if (self != NULL)
    memcpy (self->items, data, length * self->item_size);
  return self;
}

/**
 * gmproc_array_new_from_variant:
 * @items: an array of numbers, such as an `ai`; sunk if floating
 * @error: return location
 *
 * Makes an array with a copy of these numbers.
 *
 * Errors: as gmproc_array_new(); %GMPROC_ERROR_BAD_TYPE for anything but an array of numbers.
 *
 * Returns: (transfer full) (nullable): a new array
 * Since: 1.0
 */
GmprocArray *
gmproc_array_new_from_variant (GVariant *items, GError **error)
{
  g_autoptr (GmprocArray) self = NULL;
  g_autoptr (GVariant) sunk = NULL;
  const char *type;

  g_return_val_if_fail (items != NULL, NULL);

  sunk = g_variant_ref_sink (items);
  type = g_variant_get_type_string (sunk);
  if (type[0] != 'a')
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "An array of numbers is needed, not a “%s”", type);
      return NULL;
    }

  self = gmproc_array_new (type + 1, g_variant_n_children (sunk), error);
  if (self == NULL || !gmproc_array_set_slice (self, 0, sunk, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gmproc_array_get_number_type:
 * @self: an array
 *
 * What the numbers are.
 *
 * Returns: (transfer none): the type of one number
 * Since: 1.0
 */
const GVariantType *
gmproc_array_get_number_type (GmprocArray *self)
{
  g_return_val_if_fail (GMPROC_IS_ARRAY (self), NULL);

  return G_VARIANT_TYPE (self->type);
}

/**
 * gmproc_array_get_lock:
 * @self: an array
 *
 * The lock of the array.
 *
 * Returns: (transfer none) (nullable): the lock that came with it, or %NULL if it has none
 * Since: 1.0
 */
GmprocLock *
gmproc_array_get_lock (GmprocArray *self)
{
  g_return_val_if_fail (GMPROC_IS_ARRAY (self), NULL);

  return self->lock;
}

/**
 * gmproc_array_get_length:
 * @self: an array
 *
 * How many numbers the array has.
 *
 * Returns: how many numbers it has
 * Since: 1.0
 */
gsize
gmproc_array_get_length (GmprocArray *self)
{
  g_return_val_if_fail (GMPROC_IS_ARRAY (self), 0);

  return self->length;
}

/**
 * gmproc_array_get_data: (skip)
 * @self: an array
 * @length: (out) (optional): return location for the number of numbers
 *
 * The numbers as a C array: of `guint8` for `b` and `y`, `gint16` for `n`, `guint16` for `q`,
 * `gint32` for `i`, `guint32` for `u`, `gint64` for `x`, `guint64` for `t`, `double` for `d`. It
 * stays where it is as long as the object lives.
 *
 * Returns: (transfer none): the first number
 * Since: 1.0
 */
gpointer
gmproc_array_get_data (GmprocArray *self, gsize *length)
{
  g_return_val_if_fail (GMPROC_IS_ARRAY (self), NULL);

  if (length != NULL)
    *length = self->length;
  return self->items;
}

static gboolean
check_range (GmprocArray *self, gsize first, gsize length, GError **error)
{
  if (length <= self->length && first <= self->length - length)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "%" G_GSIZE_FORMAT " numbers at %" G_GSIZE_FORMAT
               " are not inside an array of %" G_GSIZE_FORMAT,
               length, first, self->length);
  return FALSE;
}

/**
 * gmproc_array_get:
 * @self: an array
 * @index: which number, from 0
 * @error: return location
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when the array is not so long.
 *
 * Returns: (transfer full) (nullable): the number now, not floating
 * Since: 1.0
 */
GVariant *
gmproc_array_get (GmprocArray *self, gsize index, GError **error)
{
  guint64 bits;

  g_return_val_if_fail (GMPROC_IS_ARRAY (self), NULL);

  if (!check_range (self, index, 1, error))
    return NULL;
  bits = gmproc_number_load (self->type[0], get_item (self, index));
  return g_variant_ref_sink (gmproc_number_to_variant (self->type[0], bits));
}

/**
 * gmproc_array_set:
 * @self: an array
 * @index: which number, from 0
 * @number: the new number, of the array's type; sunk if floating
 * @error: return location
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when the array is not so long; %GMPROC_ERROR_BAD_TYPE for a
 * number of another type; nothing changes.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_array_set (GmprocArray *self, gsize index, GVariant *number, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  guint64 bits;

  g_return_val_if_fail (GMPROC_IS_ARRAY (self), FALSE);
  g_return_val_if_fail (number != NULL, FALSE);

  sunk = g_variant_ref_sink (number);
  if (!check_range (self, index, 1, error)
      || !gmproc_number_from_variant (self->type[0], sunk, &bits, error))
    return FALSE;
  gmproc_number_store (self->type[0], get_item (self, index), bits);
  return TRUE;
}

/**
 * gmproc_array_get_slice:
 * @self: an array
 * @first: the first number, from 0
 * @length: how many; may be 0
 * @error: return location
 *
 * A copy of some of the numbers.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when the array is not so long.
 *
 * Returns: (transfer full) (nullable): an array such as an `ai`, not floating
 * Since: 1.0
 */
GVariant *
gmproc_array_get_slice (GmprocArray *self, gsize first, gsize length, GError **error)
{
  g_autofree guint8 *copy = NULL;

  g_return_val_if_fail (GMPROC_IS_ARRAY (self), NULL);

  if (!check_range (self, first, length, error))
    return NULL;

  /* Number by number, because another process may write what is no boolean. */
  copy = g_malloc (length * self->item_size);
  for (gsize i = 0; i < length; i++)
    gmproc_number_store (self->type[0], copy + i * self->item_size,
                         gmproc_number_load (self->type[0], get_item (self, first + i)));
  return g_variant_ref_sink (
      g_variant_new_fixed_array (G_VARIANT_TYPE (self->type), copy, length, self->item_size));
}

/**
 * gmproc_array_set_slice:
 * @self: an array
 * @first: the first number to change, from 0
 * @items: an array of numbers of the array's type; sunk if floating
 * @error: return location
 *
 * Writes some of the numbers, one after the other.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT when the array is not so long; %GMPROC_ERROR_BAD_TYPE for
 * anything but an array of its numbers; nothing changes.
 *
 * Returns: whether they were written
 * Since: 1.0
 */
gboolean
gmproc_array_set_slice (GmprocArray *self, gsize first, GVariant *items, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  const guint8 *data;
  gsize n_items;

  g_return_val_if_fail (GMPROC_IS_ARRAY (self), FALSE);
  g_return_val_if_fail (items != NULL, FALSE);

  sunk = g_variant_ref_sink (items);
  if (g_variant_get_type_string (sunk)[0] != 'a'
      || g_strcmp0 (g_variant_get_type_string (sunk) + 1, self->type) != 0)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "An array of numbers of type “%s” is needed, not a “%s”", self->type,
                   g_variant_get_type_string (sunk));
      return FALSE;
    }

  data = g_variant_get_fixed_array (sunk, &n_items, self->item_size);
  if (!check_range (self, first, n_items, error))
    return FALSE;
  for (gsize i = 0; i < n_items; i++)
    gmproc_number_store (self->type[0], get_item (self, first + i),
                         gmproc_number_load (self->type[0], data + i * self->item_size));
  return TRUE;
}

/**
 * gmproc_array_get_handle:
 * @self: an array
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_array_get_handle (GmprocArray *self)
{
  g_return_val_if_fail (GMPROC_IS_ARRAY (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_array_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the array
 * Since: 1.0
 */
GmprocArray *
gmproc_array_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_ARRAY, error);
}
