/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocValue: one number that several processes see.
 *
 * The number is one word of 64 bits in a slot of shared memory, whatever its type, and all calls
 * are single atomic operations on that word: nobody ever waits, and a process that is killed leaves
 * either the old number or the new one. Thousands of values share a block, so a value costs no
 * descriptor.
 *
 * Only as many low bits of the word as the type has are the number. An addition may carry into the
 * bits above them, which nobody looks at.
 *
 * Memory: all operations are sequentially consistent, between threads and processes alike.
 * Threads: all functions may be called from any thread.
 */
#include "config.h"

#include "gmproc-value.h"

#include "gmproc-error.h"
#include "gmproc-lock.h"
#include "gmproc-value-private.h"
#include "internal/kind.h"
#include "internal/part.h"

#define KIND GMPROC_KIND_VALUE

/* The slot, and the lock if there is one. */
#define FORMAT "(" GMPROC_SLOT_FORMAT GMPROC_PART_FORMAT ")"

static void gmproc_value_shareable_init (GmprocShareableInterface *iface);

/**
 * GmprocValue:
 *
 * One number in shared memory, with atomic operations, and with or without a lock. In Python it is
 * `multiprocessing.Value`.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocValue, gmproc_value, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE, gmproc_value_shareable_init))

static void
gmproc_value_finalize (GObject *object)
{
  GmprocValue *self = GMPROC_VALUE (object);

  g_clear_object (&self->lock);
  if (self->slot.place != NULL)
    gmproc_slot_clear (&self->slot);

  G_OBJECT_CLASS (gmproc_value_parent_class)->finalize (object);
}

static void
gmproc_value_class_init (GmprocValueClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_value_finalize;
}

static void
gmproc_value_init (G_GNUC_UNUSED GmprocValue *self)
{
}

static void
note_type (GmprocValue *self, char type)
{
  self->type[0] = type;
  self->number_class = gmproc_number_get_class (type);
}

/* -- crossing ---------------------------------------------------------------------------------- */

static GVariant *
gmproc_value_export_to (GmprocShareable *shareable, GmprocParcel *parcel, GError **error)
{
  GmprocValue *self = GMPROC_VALUE (shareable);
  GVariant *lock = gmproc_part_export (self->lock, parcel, error);

  if (lock == NULL)
    return NULL;
  return g_variant_new ("(@" GMPROC_SLOT_FORMAT "@" GMPROC_PART_FORMAT ")",
                        gmproc_slot_export (&self->slot, parcel), lock);
}

static gboolean
import_type (GmprocValue *self, GError **error)
{
  guint64 type = __atomic_load_n (&gmproc_value_get_place (self)->type, __ATOMIC_RELAXED);

  if (type <= G_MAXINT8 && gmproc_number_get_class ((char) type) != GMPROC_NUMBER_NONE)
    {
      note_type (self, (char) type);
      return TRUE;
    }
  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "A value came with the unknown type %" G_GUINT64_FORMAT, type);
  return FALSE;
}

static GmprocShareable *
gmproc_value_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocValue) self = NULL;
  g_autoptr (GVariant) slot = NULL;
  g_autoptr (GVariant) lock = NULL;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE (FORMAT)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A value came as “%s” instead of “%s”", g_variant_get_type_string (parameters),
                   FORMAT);
      return NULL;
    }

  self = g_object_new (GMPROC_TYPE_VALUE, NULL);
  g_variant_get (parameters, "(@" GMPROC_SLOT_FORMAT "@" GMPROC_PART_FORMAT ")", &slot, &lock);
  if (!gmproc_slot_import (&self->slot, slot, KIND, parcel, error) || !import_type (self, error)
      || !gmproc_part_import (lock, GMPROC_TYPE_LOCK, parcel, (gpointer *) &self->lock, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_value_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_value_export_to;
  iface->import_from = gmproc_value_import_from;
}

/* -- public ------------------------------------------------------------------------------------ */

/**
 * gmproc_value_new:
 * @type: the type: `b`, `y`, `n`, `q`, `i`, `u`, `x`, `t` or `d`, as in a GVariant
 * @initial: (nullable): the number at first, of this type, or %NULL for 0; sunk if floating
 * @error: return location
 *
 * Makes a number that processes share, like `multiprocessing.Value` with `lock=False`. Unlike there
 * no lock is needed to count with it: every call is one atomic operation.
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a type that is none of these, or an initial number of another
 * one; what the system says when it has no shared memory.
 *
 * Returns: (transfer full) (nullable): a new value
 * Since: 1.0
 */
GmprocValue *
gmproc_value_new (const char *type, GVariant *initial, GError **error)
{
  g_autoptr (GmprocValue) self = NULL;
  g_autoptr (GVariant) sunk = NULL;
  guint64 bits = 0;

  g_return_val_if_fail (type != NULL, NULL);

  sunk = initial != NULL ? g_variant_ref_sink (initial) : NULL;
  if (!gmproc_number_check_type (type, error)
      || (sunk != NULL && !gmproc_number_from_variant (type[0], sunk, &bits, error)))
    return NULL;

  self = g_object_new (GMPROC_TYPE_VALUE, NULL);
  if (!gmproc_slot_new (&self->slot, KIND, error))
    return NULL;
  note_type (self, type[0]);
  gmproc_value_get_place (self)->type = (guint64) type[0];
  gmproc_value_store (self, bits);
  return g_steal_pointer (&self);
}

/**
 * gmproc_value_new_locked:
 * @type: the type, as for gmproc_value_new()
 * @initial: (nullable): the number at first, or %NULL for 0; sunk if floating
 * @lock: (nullable): a lock, or %NULL for a new recursive one
 * @error: return location
 *
 * Makes a number with a lock that crosses with it, like `multiprocessing.Value`. It is for changes
 * that no single call can make. The calls of the value itself do not take it.
 *
 * Errors: as gmproc_value_new().
 *
 * Returns: (transfer full) (nullable): a new value
 * Since: 1.0
 */
GmprocValue *
gmproc_value_new_locked (const char *type, GVariant *initial, GmprocLock *lock, GError **error)
{
  g_autoptr (GmprocValue) self = NULL;

  g_return_val_if_fail (lock == NULL || GMPROC_IS_LOCK (lock), NULL);

  self = gmproc_value_new (type, initial, error);
  if (self == NULL)
    return NULL;
  self->lock = lock != NULL ? g_object_ref (lock) : gmproc_lock_new_recursive (error);
  return self->lock != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * gmproc_value_get_number_type:
 * @self: a value
 *
 * What the number is.
 *
 * Returns: (transfer none): the type of the number
 * Since: 1.0
 */
const GVariantType *
gmproc_value_get_number_type (GmprocValue *self)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), NULL);

  return G_VARIANT_TYPE (self->type);
}

/**
 * gmproc_value_get_lock:
 * @self: a value
 *
 * The lock of the value.
 *
 * Returns: (transfer none) (nullable): the lock that came with it, or %NULL if it has none
 * Since: 1.0
 */
GmprocLock *
gmproc_value_get_lock (GmprocValue *self)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), NULL);

  return self->lock;
}

/**
 * gmproc_value_get:
 * @self: a value
 *
 * The number as it is at this moment.
 *
 * Returns: (transfer full): the number now, not floating
 * Since: 1.0
 */
GVariant *
gmproc_value_get (GmprocValue *self)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), NULL);

  return g_variant_ref_sink (gmproc_number_to_variant (self->type[0], gmproc_value_load (self)));
}

/**
 * gmproc_value_set:
 * @self: a value
 * @number: the new number, of the value's type; sunk if floating
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a number of another type; nothing changes.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_value_set (GmprocValue *self, GVariant *number, GError **error)
{
  g_autoptr (GVariant) sunk = NULL;
  guint64 bits;

  g_return_val_if_fail (GMPROC_IS_VALUE (self), FALSE);
  g_return_val_if_fail (number != NULL, FALSE);

  sunk = g_variant_ref_sink (number);
  if (!gmproc_number_from_variant (self->type[0], sunk, &bits, error))
    return FALSE;
  gmproc_value_store (self, bits);
  return TRUE;
}

/**
 * gmproc_value_get_handle:
 * @self: a value
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_value_get_handle (GmprocValue *self)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_value_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the value
 * Since: 1.0
 */
GmprocValue *
gmproc_value_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_VALUE, error);
}
