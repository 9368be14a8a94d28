/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocPoolSource: where gmproc_pool_imap() takes its items from, one by one, when it has a use
 * for them.
 *
 * A source is used up by one iterator, in the threads that call gmproc_pool_iterator_next(), one
 * at a time, or in the main context of the asynchronous form. The pool's mutex is not held then, so
 * a callback may call the pool.
 */
#include "config.h"

#include "gmproc-pool-source-private.h"

struct _GmprocPoolSource
{
  GObject parent_instance;

  /* One of the three. */
  GmprocPoolSourceFunc function;
  GVariant *items;
  GListModel *list;

  GmprocPoolObjectFunc object_function;
  gpointer user_data;
  GDestroyNotify destroy;
  gsize next; /* of the items or the list */
};

/**
 * GmprocPoolSource:
 *
 * Where a pool takes items from: an array, a list, or a function, which may be endless.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE (GmprocPoolSource, gmproc_pool_source, G_TYPE_OBJECT)

static void
gmproc_pool_source_finalize (GObject *object)
{
  GmprocPoolSource *self = GMPROC_POOL_SOURCE (object);

  g_clear_pointer (&self->items, g_variant_unref);
  g_clear_object (&self->list);
  if (self->destroy != NULL)
    self->destroy (self->user_data);

  G_OBJECT_CLASS (gmproc_pool_source_parent_class)->finalize (object);
}

static void
gmproc_pool_source_class_init (GmprocPoolSourceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_pool_source_finalize;
}

static void
gmproc_pool_source_init (G_GNUC_UNUSED GmprocPoolSource *self)
{
}

static GVariant *
next_of_list (GmprocPoolSource *self, GError **error)
{
  g_autoptr (GObject) object = NULL;

  /* A list may grow and shrink meanwhile; its positions are of 32 bits. */
  if (self->next < G_MAXUINT)
    object = g_list_model_get_item (self->list, (guint) self->next++);
  return object != NULL ? self->object_function (object, self->user_data, error) : NULL;
}

/* FALSE with an error. *ret_item is not floating, or NULL at the end. */
gboolean
gmproc_pool_source_next (GmprocPoolSource *self, GVariant **ret_item, GError **error)
{
  GError *local_error = NULL;
  GVariant *item = NULL;

  if (self->function != NULL)
    item = self->function (self->user_data, &local_error);
  else if (self->list != NULL)
    item = next_of_list (self, &local_error);
  else if (self->next < g_variant_n_children (self->items))
    item = g_variant_get_child_value (self->items, self->next++);

  if (item != NULL)
    item = g_variant_take_ref (item);
  if (local_error != NULL)
    {
      g_clear_pointer (&item, g_variant_unref);
      g_propagate_error (error, local_error);
    }
  *ret_item = item;
  return local_error == NULL;
}

/* -- public ------------------------------------------------------------------------------------ */

/**
 * gmproc_pool_source_new:
 * @function: (scope notified) (closure user_data) (destroy destroy): makes the items
 * @user_data: for @function
 * @destroy: (nullable): for @user_data, when the source is not used any more
 *
 * A source that asks a function. It may go on for ever: no more items are asked for than
 * %GmprocPool:read-ahead says.
 *
 * Returns: (transfer full): a new source
 * Since: 1.0
 */
GmprocPoolSource *
gmproc_pool_source_new (GmprocPoolSourceFunc function, gpointer user_data, GDestroyNotify destroy)
{
  GmprocPoolSource *self;

  g_return_val_if_fail (function != NULL, NULL);

  self = g_object_new (GMPROC_TYPE_POOL_SOURCE, NULL);
  self->function = function;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

/**
 * gmproc_pool_source_new_for_array:
 * @items: an array; sunk if floating
 *
 * A source of the items of an array.
 *
 * Returns: (transfer full): a new source
 * Since: 1.0
 */
GmprocPoolSource *
gmproc_pool_source_new_for_array (GVariant *items)
{
  GmprocPoolSource *self;

  g_return_val_if_fail (items != NULL, NULL);
  g_return_val_if_fail (g_variant_is_of_type (items, G_VARIANT_TYPE_ARRAY), NULL);

  self = g_object_new (GMPROC_TYPE_POOL_SOURCE, NULL);
  self->items = g_variant_ref_sink (items);
  return self;
}

/**
 * gmproc_pool_source_new_for_list:
 * @list: a list
 * @function: (scope notified) (closure user_data) (destroy destroy): makes an item of an object
 * @user_data: for @function
 * @destroy: (nullable): for @user_data, when the source is not used any more
 *
 * A source that makes an item of each object of a list, from the first position to the last, as
 * they are when their turn comes.
 *
 * Returns: (transfer full): a new source
 * Since: 1.0
 */
GmprocPoolSource *
gmproc_pool_source_new_for_list (GListModel *list, GmprocPoolObjectFunc function,
                                 gpointer user_data, GDestroyNotify destroy)
{
  GmprocPoolSource *self;

  g_return_val_if_fail (G_IS_LIST_MODEL (list), NULL);
  g_return_val_if_fail (function != NULL, NULL);

  self = g_object_new (GMPROC_TYPE_POOL_SOURCE, NULL);
  self->list = g_object_ref (list);
  self->object_function = function;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}
