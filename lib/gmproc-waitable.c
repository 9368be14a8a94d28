/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * GmprocWaitable: what can be waited for, by a main loop or by gmproc_wait().
 *
 * An object says whether it is ready, and makes a source that is dispatched as long as it is. All
 * ways of waiting for several things at once are made of these two: gmproc_wait() runs the sources
 * in a main context of its own, a program attaches them to its own.
 *
 * Ready means that the call that one waits for would not wait. It is no promise: another thread or
 * process may come first.
 *
 * Threads: all functions may be called from any thread. Whoever waits holds a reference on what it
 * waits for.
 */
#include "config.h"

#include "gmproc-waitable.h"

#include "internal/deadline.h"
#include "internal/wait-source.h"
#include "port/port.h"

/**
 * GmprocWaitable:
 *
 * What can be waited for, alone or together with others: see gmproc_wait().
 *
 * Since: 1.0
 */
G_DEFINE_INTERFACE (GmprocWaitable, gmproc_waitable, G_TYPE_OBJECT)

static void
gmproc_waitable_default_init (G_GNUC_UNUSED GmprocWaitableInterface *iface)
{
}

/**
 * gmproc_waitable_create_source:
 * @self: an object
 * @cancellable: (nullable): makes the source ready as well when it is cancelled
 * @error: return location
 *
 * Makes a source that is dispatched again and again as long as the object is ready, in whichever
 * main context it is attached to. Its callback is a #GmprocWaitableFunc, cast to a #GSourceFunc.
 * The source keeps the object alive.
 *
 * What the object is ready for, its class says: an event is set, a process has ended, a queue has
 * an item or is closed, a connection has something to receive.
 *
 * Errors: of the class, when the object cannot be waited for: %GMPROC_ERROR_BAD_STATE for a process
 * that was not started.
 *
 * Returns: (transfer full) (nullable): a source
 * Since: 1.0
 */
GSource *
gmproc_waitable_create_source (GmprocWaitable *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_WAITABLE (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  return GMPROC_WAITABLE_GET_IFACE (self)->create_source (self, cancellable, error);
}

/**
 * gmproc_waitable_is_ready:
 * @self: an object
 *
 * Whether waiting for the object would end at once.
 *
 * Returns: whether it is ready now; %FALSE for what cannot be waited for
 * Since: 1.0
 */
gboolean
gmproc_waitable_is_ready (GmprocWaitable *self)
{
  g_return_val_if_fail (GMPROC_IS_WAITABLE (self), FALSE);

  return GMPROC_WAITABLE_GET_IFACE (self)->is_ready (self);
}

/* -- everything else that has sources ---------------------------------------------------------- */

#define GMPROC_TYPE_SOURCES (gmproc_sources_get_type ())
G_DECLARE_FINAL_TYPE (GmprocSources, gmproc_sources, GMPROC, SOURCES, GObject)

struct _GmprocSources
{
  GObject parent_instance;

  GmprocSourceFactory factory;
  gpointer user_data;
  GDestroyNotify destroy;
};

static void gmproc_sources_waitable_init (GmprocWaitableInterface *iface);

G_DEFINE_TYPE_WITH_CODE (GmprocSources, gmproc_sources, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_WAITABLE, gmproc_sources_waitable_init))

static void
gmproc_sources_finalize (GObject *object)
{
  GmprocSources *self = GMPROC_SOURCES (object);

  if (self->destroy != NULL)
    self->destroy (self->user_data);

  G_OBJECT_CLASS (gmproc_sources_parent_class)->finalize (object);
}

static void
gmproc_sources_class_init (GmprocSourcesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_sources_finalize;
}

static void
gmproc_sources_init (G_GNUC_UNUSED GmprocSources *self)
{
}

/* A source is asked by running it; one that cannot be asked is not known to be ready. */
static gboolean
gmproc_sources_is_ready (GmprocWaitable *waitable)
{
  GmprocSources *self = GMPROC_SOURCES (waitable);
  g_autoptr (GMainContext) context = gmproc_port_new_context (NULL);
  g_autoptr (GSource) source = NULL;
  gboolean is_ready;

  if (context == NULL)
    return FALSE;
  source = self->factory (self->user_data);
  g_source_set_dummy_callback (source);
  g_source_attach (source, context);
  is_ready = g_main_context_pending (context);
  g_source_destroy (source);
  return is_ready;
}

/* A source of the program is ready when it says so; asking a second one could steal from the first.
 */
static gboolean
trust_child (G_GNUC_UNUSED gpointer object, G_GNUC_UNUSED guint64 what)
{
  return TRUE;
}

static const GmprocWaitSourceFuncs sources_funcs = { .is_ready = trust_child };

static GSource *
gmproc_sources_create_source (GmprocWaitable *waitable, GCancellable *cancellable,
                              G_GNUC_UNUSED GError **error)
{
  GmprocSources *self = GMPROC_SOURCES (waitable);

  return gmproc_wait_source_new (&sources_funcs, self, 0, self->factory (self->user_data),
                                 cancellable);
}

static void
gmproc_sources_waitable_init (GmprocWaitableInterface *iface)
{
  iface->create_source = gmproc_sources_create_source;
  iface->is_ready = gmproc_sources_is_ready;
}

/**
 * gmproc_waitable_new_for_sources:
 * @factory: (scope notified) (closure user_data) (destroy destroy): makes a source for what is to
 * be waited for
 * @user_data: for @factory
 * @destroy: (nullable): called with @user_data when the object is gone
 *
 * Makes everything that a main loop can wait for into something that gmproc_wait() can wait for: a
 * socket with g_socket_create_source(), a stream, a timer. The source's class must accept
 * g_source_set_dummy_callback(), as those of GLib and GIO do.
 *
 * Returns: (transfer full): an object that is ready when such a source is
 * Since: 1.0
 */
GmprocWaitable *
gmproc_waitable_new_for_sources (GmprocSourceFactory factory, gpointer user_data,
                                 GDestroyNotify destroy)
{
  GmprocSources *self;

  g_return_val_if_fail (factory != NULL, NULL);

  self = g_object_new (GMPROC_TYPE_SOURCES, NULL);
  self->factory = factory;
  self->user_data = user_data;
  self->destroy = destroy;
  return GMPROC_WAITABLE (self);
}

/* -- waiting for several ------------------------------------------------------------------------
 */

typedef struct
{
  GMainContext *context; /* of this call alone */
  GPtrArray *sources;    /* one for each object, in their order */
  GHashTable *ready;     /* the objects that were */
  gboolean is_over;      /* by the deadline or a cancel */
} Wait;

static gboolean
wait_init (Wait *self, GError **error)
{
  self->context = gmproc_port_new_context (error);
  if (self->context == NULL)
    return FALSE;
  self->sources = g_ptr_array_new_with_free_func ((GDestroyNotify) gmproc_wait_source_end);
  self->ready = g_hash_table_new (NULL, NULL);
  self->is_over = FALSE;
  return TRUE;
}

static void
wait_clear (Wait *self)
{
  g_ptr_array_unref (self->sources);
  g_hash_table_unref (self->ready);
  g_main_context_unref (self->context);
}

static gboolean
on_ready (GmprocWaitable *object, gpointer user_data)
{
  g_hash_table_add (((Wait *) user_data)->ready, object);
  return G_SOURCE_REMOVE;
}

static gboolean
on_over (gpointer user_data)
{
  ((Wait *) user_data)->is_over = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancel (G_GNUC_UNUSED GCancellable *cancellable, gpointer user_data)
{
  return on_over (user_data);
}

static gboolean
create_sources (Wait *self, GmprocWaitable **objects, guint n_objects, GError **error)
{
  for (guint i = 0; i < n_objects; i++)
    {
      GSource *source = gmproc_waitable_create_source (objects[i], NULL, error);

      if (source == NULL)
        {
          g_prefix_error (error, "Object %u of %u: ", i, n_objects);
          return FALSE;
        }
      g_source_set_callback (source, (GSourceFunc) (void *) on_ready, self, NULL);
      g_ptr_array_add (self->sources, source);
    }
  return TRUE;
}

static void
add_end (Wait *self, GSource *source, GSourceFunc callback)
{
  /* Before what is ready at the same moment: it only notes that the time is over. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, self->context);
  g_ptr_array_add (self->sources, source);
}

/* Sleeps until an object is ready, or the time is over. */
static void
run_sources (Wait *self, gint64 deadline, GCancellable *cancellable)
{
  for (guint i = 0; i < self->sources->len; i++)
    g_source_attach (g_ptr_array_index (self->sources, i), self->context);

  if (deadline != GMPROC_PORT_FOREVER)
    {
      GSource *timer = g_timeout_source_new (0);

      g_source_set_ready_time (timer, deadline);
      add_end (self, timer, on_over);
    }
  if (cancellable != NULL)
    add_end (self, g_cancellable_source_new (cancellable), (GSourceFunc) (void *) on_cancel);

  while (!self->is_over && g_hash_table_size (self->ready) == 0)
    g_main_context_iteration (self->context, TRUE);
}

/* All that are ready now or were just now, in the order of the objects. */
static GPtrArray *
list_ready (Wait *self, GmprocWaitable **objects, guint n_objects)
{
  GPtrArray *ready = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n_objects; i++)
    {
      if (g_hash_table_contains (self->ready, objects[i]) || gmproc_waitable_is_ready (objects[i]))
        g_ptr_array_add (ready, g_object_ref (objects[i]));
    }
  return ready;
}

static GPtrArray *
wait_for_some (Wait *self, GmprocWaitable **objects, guint n_objects, gint64 deadline,
               GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) ready = list_ready (self, objects, n_objects);

  if (ready->len == 0 && !gmproc_deadline_has_passed (deadline))
    {
      g_ptr_array_unref (ready);
      run_sources (self, deadline, cancellable);
      ready = list_ready (self, objects, n_objects);
    }

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (ready->len != 0)
    return g_steal_pointer (&ready);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
               "Timed out: none of %u objects became ready", n_objects);
  return NULL;
}

/**
 * gmproc_wait:
 * @objects: (array length=n_objects) (element-type GmprocWaitable): what to wait for, of any
 * classes
 * @n_objects: how many; 0 waits for the timeout or the cancel alone
 * @timeout: microseconds, 0 to ask only, or %GMPROC_FOREVER
 * @cancellable: (nullable): to stop waiting from another thread
 * @error: return location
 *
 * Waits until at least one of the objects is ready, like `multiprocessing.connection.wait`, and
 * gives all that are. Nothing is taken from them. It runs none of the program's main contexts.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT; %G_IO_ERROR_CANCELLED; %G_IO_ERROR_TOO_MANY_OPEN_FILES; what
 * gmproc_waitable_create_source() says of an object that cannot be waited for, with its place in
 * @objects.
 *
 * Returns: (transfer full) (element-type GmprocWaitable) (nullable): the objects that are ready, in
 *   the order of @objects, or %NULL with @error set
 * Since: 1.0
 */
GPtrArray *
gmproc_wait (GmprocWaitable **objects, guint n_objects, gint64 timeout, GCancellable *cancellable,
             GError **error)
{
  GPtrArray *ready = NULL;
  gint64 deadline;
  Wait wait;

  g_return_val_if_fail (objects != NULL || n_objects == 0, NULL);

  if (!gmproc_deadline_from_timeout (timeout, &deadline, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  if (!wait_init (&wait, error))
    return NULL;
  if (create_sources (&wait, objects, n_objects, error))
    ready = wait_for_some (&wait, objects, n_objects, deadline, cancellable, error);
  wait_clear (&wait);
  return ready;
}
