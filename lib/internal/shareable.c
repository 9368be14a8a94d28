/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "shareable.h"

#include "gmproc-error.h"

G_DEFINE_INTERFACE (GmprocShareable, gmproc_shareable, G_TYPE_OBJECT)

typedef struct
{
  GWeakRef object;
  GObject *adopted; /* an arrived object's reference, until it is asked for */
} Entry;

static GMutex mutex;
static GHashTable *entries; /* number → Entry */
static gint32 last_handle;

static void (*ensure_types) (void);

static void
gmproc_shareable_default_init (G_GNUC_UNUSED GmprocShareableInterface *iface)
{
}

static GQuark
handle_quark (void)
{
  return g_quark_from_static_string ("gmproc-handle");
}

/* Runs when the object is finalized, so that the table does not grow with every object that ever
 * was. */
static void
forget (gpointer data)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  Entry *entry = g_hash_table_lookup (entries, data);

  g_hash_table_remove (entries, data);
  g_weak_ref_clear (&entry->object);
  g_free (entry);
}

static gint32
enter (GmprocShareable *self, gboolean adopt)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  gpointer number = g_object_get_qdata (G_OBJECT (self), handle_quark ());
  Entry *entry;

  if (number != NULL)
    return GPOINTER_TO_INT (number);

  if (entries == NULL)
    entries = g_hash_table_new (NULL, NULL);

  entry = g_new0 (Entry, 1);
  g_weak_ref_init (&entry->object, self);
  entry->adopted = adopt ? g_object_ref (G_OBJECT (self)) : NULL;
  number = GINT_TO_POINTER (++last_handle);
  g_hash_table_insert (entries, number, entry);
  g_object_set_qdata_full (G_OBJECT (self), handle_quark (), number, forget);
  return GPOINTER_TO_INT (number);
}

gint32
gmproc_shareable_get_handle (GmprocShareable *self)
{
  return enter (self, FALSE);
}

gint32
gmproc_shareable_adopt (GmprocShareable *self)
{
  return enter (self, TRUE);
}

gpointer
gmproc_shareable_from_handle (gint32 handle, GType type, GError **error)
{
  g_autoptr (GObject) adopted = NULL;
  g_autoptr (GObject) object = NULL;

  g_mutex_lock (&mutex);
  if (entries != NULL && handle > 0)
    {
      Entry *entry = g_hash_table_lookup (entries, GINT_TO_POINTER (handle));

      if (entry != NULL)
        object = g_weak_ref_get (&entry->object);
      /* Asked for as something else, it was not asked for. */
      if (object != NULL && g_type_is_a (G_OBJECT_TYPE (object), type))
        adopted = g_steal_pointer (&entry->adopted);
    }
  g_mutex_unlock (&mutex);

  if (object == NULL)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE,
                   "Handle %d belongs to no living object of this process", handle);
      return NULL;
    }
  if (!g_type_is_a (G_OBJECT_TYPE (object), type))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_HANDLE, "Handle %d is a %s, not a %s",
                   handle, G_OBJECT_TYPE_NAME (object), g_type_name (type));
      return NULL;
    }

  return g_steal_pointer (&object);
}

void
gmproc_shareable_abandon (gint32 handle)
{
  GObject *object = gmproc_shareable_from_handle (handle, GMPROC_TYPE_SHAREABLE, NULL);

  g_clear_object (&object);
}

void
gmproc_shareable_set_ensure_types (void (*ensure) (void))
{
  ensure_types = ensure;
}

GVariant *
gmproc_shareable_export (GmprocShareable *self, GmprocParcel *parcel, GError **error)
{
  GmprocShareableInterface *iface = GMPROC_SHAREABLE_GET_IFACE (self);
  GVariant *parameters;

  if (gmproc_parcel_is_strange (parcel) && !iface->is_for_strangers)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "A %s cannot go over a socket, to a program that is no relative; only "
                   "descriptors can",
                   G_OBJECT_TYPE_NAME (self));
      return NULL;
    }
  parameters = iface->export_to (self, parcel, error);
  if (parameters == NULL)
    return NULL;

  gmproc_parcel_keep (parcel, self);
  return g_variant_new (GMPROC_SHAREABLE_FORMAT, G_OBJECT_TYPE_NAME (self), parameters);
}

GmprocShareable *
gmproc_shareable_import (GVariant *exported, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GVariant) parameters = NULL;
  g_autoptr (GTypeClass) klass = NULL;
  GmprocShareableInterface *iface;
  const char *type_name;
  GType type;

  g_variant_get (exported, "(&sv)", &type_name, &parameters);

  /* The classes that can cross are the library's own, whoever asks. */
  type = g_type_from_name (type_name);
  if (type == G_TYPE_INVALID && ensure_types != NULL)
    {
      ensure_types ();
      type = g_type_from_name (type_name);
    }
  if (type == G_TYPE_INVALID || !G_TYPE_IS_OBJECT (type)
      || !g_type_is_a (type, GMPROC_TYPE_SHAREABLE))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "The message brings an object of class “%s”, which cannot cross", type_name);
      return NULL;
    }

  klass = g_type_class_ref (type);
  iface = g_type_interface_peek (klass, GMPROC_TYPE_SHAREABLE);
  if (gmproc_parcel_is_strange (parcel) && !iface->is_for_strangers)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A program that is no relative sent a %s, which only relatives can share",
                   type_name);
      return NULL;
    }
  if (iface->make_pledge != NULL)
    gmproc_parcel_set_is_pledged (parcel);
  return iface->import_from (parameters, parcel, error);
}

/* Only when all are there they are adopted, which nobody could take back for them. */
GArray *
gmproc_shareable_import_all (GVariant *list, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GArray) handles = g_array_new (FALSE, FALSE, sizeof (gint32));
  gsize n_objects = g_variant_n_children (list);

  for (gsize i = 0; i < n_objects; i++)
    {
      g_autoptr (GVariant) exported = g_variant_get_child_value (list, i);
      GmprocShareable *object = gmproc_shareable_import (exported, parcel, error);

      if (object == NULL)
        return NULL;
      g_ptr_array_add (objects, object);
    }
  for (gsize i = 0; i < n_objects; i++)
    {
      gint32 handle = gmproc_shareable_adopt (objects->pdata[i]);

      g_array_append_val (handles, handle);
    }

  return g_steal_pointer (&handles);
}

GPtrArray *
gmproc_shareable_make_pledges (GmprocParcel *parcel)
{
  const GPtrArray *objects = gmproc_parcel_get_objects (parcel);
  GPtrArray *pledges = NULL;

  for (guint i = 0; i < objects->len; i++)
    {
      GmprocShareableInterface *iface = GMPROC_SHAREABLE_GET_IFACE (objects->pdata[i]);
      GmprocShareable *pledge =
          iface->make_pledge != NULL ? iface->make_pledge (objects->pdata[i]) : NULL;

      if (pledge == NULL)
        continue;
      if (pledges == NULL)
        pledges = g_ptr_array_new_with_free_func (g_object_unref);
      g_ptr_array_add (pledges, pledge);
    }
  return pledges;
}

void
gmproc_shareable_forfeit (GPtrArray *pledges)
{
  for (guint i = 0; i < pledges->len; i++)
    GMPROC_SHAREABLE_GET_IFACE (pledges->pdata[i])->forfeit (pledges->pdata[i]);
}
