/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocDescriptor: a file descriptor, or on Windows a HANDLE, that can go to another process: an
 * open file, a socket, a pipe of another library's.
 *
 * Who owns what: the object owns a duplicate, which has everything in common with what it was made
 * of, the position in a file too. It is closed with the last reference, unless it was stolen.
 *
 * Threads: all functions may be called from any thread.
 */
#include "config.h"

#include "gmproc-descriptor.h"

#include "gmproc-error.h"
#include "internal/shareable.h"
#include "port/port.h"

struct _GmprocDescriptor
{
  GObject parent_instance;

  GMutex mutex;
  gintptr descriptor; /* under the mutex; none when it was stolen */
};

static void gmproc_descriptor_shareable_init (GmprocShareableInterface *iface);

/**
 * GmprocDescriptor:
 *
 * A file descriptor or a `HANDLE` that crosses to another process as an object.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_CODE (GmprocDescriptor, gmproc_descriptor, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE,
                                                gmproc_descriptor_shareable_init))

static void
gmproc_descriptor_finalize (GObject *object)
{
  GmprocDescriptor *self = GMPROC_DESCRIPTOR (object);

  gmproc_port_handle_close (&self->descriptor);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (gmproc_descriptor_parent_class)->finalize (object);
}

static void
gmproc_descriptor_class_init (GmprocDescriptorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_descriptor_finalize;
}

static void
gmproc_descriptor_init (GmprocDescriptor *self)
{
  g_mutex_init (&self->mutex);
  self->descriptor = GMPROC_PORT_NO_HANDLE;
}

static GVariant *
gmproc_descriptor_export_to (GmprocShareable *shareable, GmprocParcel *parcel, GError **error)
{
  GmprocDescriptor *self = GMPROC_DESCRIPTOR (shareable);
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gintptr copy;

  if (self->descriptor == GMPROC_PORT_NO_HANDLE)
    {
      g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_STATE,
                           "The descriptor was stolen from its object");
      return NULL;
    }
  if (!gmproc_port_handle_duplicate (self->descriptor, &copy, error))
    return NULL;
  return g_variant_new_int32 (gmproc_parcel_give (parcel, copy));
}

static GmprocShareable *
gmproc_descriptor_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocDescriptor) self = NULL;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE_INT32)
      || g_variant_get_int32 (parameters) < 0)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A descriptor came as “%s”, or without any",
                   g_variant_get_type_string (parameters));
      return NULL;
    }

  self = g_object_new (GMPROC_TYPE_DESCRIPTOR, NULL);
  if (!gmproc_parcel_take (parcel, g_variant_get_int32 (parameters), &self->descriptor, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_descriptor_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_descriptor_export_to;
  iface->import_from = gmproc_descriptor_import_from;
  iface->is_for_strangers = TRUE;
}

/**
 * gmproc_descriptor_new:
 * @descriptor: an open file descriptor; on Windows a HANDLE, or a SOCKET that the system can
 *   duplicate, which it can where no layered provider is installed
 * @error: return location
 *
 * Makes an object of a duplicate of @descriptor, which stays the caller's.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a number that is not open;
 * %G_IO_ERROR_TOO_MANY_OPEN_FILES.
 *
 * Returns: (transfer full) (nullable): a new object
 * Since: 1.0
 */
GmprocDescriptor *
gmproc_descriptor_new (gintptr descriptor, GError **error)
{
  g_autoptr (GmprocDescriptor) self = g_object_new (GMPROC_TYPE_DESCRIPTOR, NULL);

  if (!gmproc_port_handle_is_valid (descriptor))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%" G_GINT64_FORMAT " is no open descriptor of this process",
                   (gint64) descriptor);
      return NULL;
    }
  if (!gmproc_port_handle_duplicate (descriptor, &self->descriptor, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gmproc_descriptor_get:
 * @self: a descriptor
 *
 * The descriptor itself; it stays with the object.
 *
 * Returns: the descriptor, which belongs to @self and lives as long, or -1 when it was stolen
 * Since: 1.0
 */
gintptr
gmproc_descriptor_get (GmprocDescriptor *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = NULL;

  g_return_val_if_fail (GMPROC_IS_DESCRIPTOR (self), GMPROC_PORT_NO_HANDLE);

  locker = g_mutex_locker_new (&self->mutex);
  return self->descriptor;
}

/**
 * gmproc_descriptor_steal:
 * @self: a descriptor
 *
 * Takes the descriptor out of the object.
 *
 * Returns: the descriptor, which the caller closes, or -1 when it was stolen before
 * Since: 1.0
 */
gintptr
gmproc_descriptor_steal (GmprocDescriptor *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = NULL;
  gintptr descriptor;

  g_return_val_if_fail (GMPROC_IS_DESCRIPTOR (self), GMPROC_PORT_NO_HANDLE);

  locker = g_mutex_locker_new (&self->mutex);
  descriptor = self->descriptor;
  self->descriptor = GMPROC_PORT_NO_HANDLE;
  return descriptor;
}

/**
 * gmproc_descriptor_get_handle:
 * @self: a descriptor
 *
 * The number that stands for the object in arguments and messages to other processes. It belongs to
 * this process.
 *
 * Returns: the number by which an `h` in a GVariant names this object
 * Since: 1.0
 */
gint32
gmproc_descriptor_get_handle (GmprocDescriptor *self)
{
  g_return_val_if_fail (GMPROC_IS_DESCRIPTOR (self), 0);

  return gmproc_shareable_get_handle (GMPROC_SHAREABLE (self));
}

/**
 * gmproc_descriptor_from_handle:
 * @handle: an `h` out of a GVariant that came to this process, or of this process itself
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_HANDLE for a number of no living object, or of another class.
 *
 * Returns: (transfer full) (nullable): the descriptor
 * Since: 1.0
 */
GmprocDescriptor *
gmproc_descriptor_from_handle (gint32 handle, GError **error)
{
  return gmproc_shareable_from_handle (handle, GMPROC_TYPE_DESCRIPTOR, error);
}
