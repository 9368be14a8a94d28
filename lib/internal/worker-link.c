/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "worker-link.h"

#include "crash-point.h"
#include "gmproc-error.h"
#include "kind.h"
#include "shareable.h"

/* -- a bell ------------------------------------------------------------------------------------ */

struct _GmprocBell
{
  GObject parent_instance;

  GmprocMonitor monitor; /* only its waitpoint's word is used */
};

#define BELL_KIND GMPROC_KIND_BELL

static void gmproc_bell_shareable_init (GmprocShareableInterface *iface);

G_DEFINE_TYPE_WITH_CODE (GmprocBell, gmproc_bell, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE, gmproc_bell_shareable_init))

static void
gmproc_bell_finalize (GObject *object)
{
  gmproc_monitor_clear (&GMPROC_BELL (object)->monitor);

  G_OBJECT_CLASS (gmproc_bell_parent_class)->finalize (object);
}

static void
gmproc_bell_class_init (GmprocBellClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_bell_finalize;
}

static void
gmproc_bell_init (G_GNUC_UNUSED GmprocBell *self)
{
}

static GVariant *
gmproc_bell_export_to (GmprocShareable *shareable, GmprocParcel *parcel,
                       G_GNUC_UNUSED GError **error)
{
  return gmproc_monitor_export (&GMPROC_BELL (shareable)->monitor, parcel);
}

static GmprocShareable *
gmproc_bell_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocBell) self = g_object_new (GMPROC_TYPE_BELL, NULL);

  if (!gmproc_monitor_import (&self->monitor, parameters, BELL_KIND, parcel, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_bell_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_bell_export_to;
  iface->import_from = gmproc_bell_import_from;
}

GmprocBell *
gmproc_bell_new (GError **error)
{
  g_autoptr (GmprocBell) self = g_object_new (GMPROC_TYPE_BELL, NULL);

  if (!gmproc_monitor_new (&self->monitor, BELL_KIND, error))
    return NULL;
  return g_steal_pointer (&self);
}

guint32
gmproc_bell_prepare (GmprocBell *self)
{
  return gmproc_port_word_load (&self->monitor.waitpoint.word);
}

void
gmproc_bell_ring (GmprocBell *self)
{
  gmproc_port_word_advance (&self->monitor.waitpoint.word);
}

gboolean
gmproc_bell_sleep (GmprocBell *self, guint32 prepared, gint64 deadline, GCancellable *cancellable,
                   GError **error)
{
  return gmproc_waitpoint_sleep (&self->monitor.waitpoint, prepared, deadline, cancellable, error);
}

GmprocWaitpoint *
gmproc_bell_get_waitpoint (GmprocBell *self)
{
  return &self->monitor.waitpoint;
}

/* -- the link ---------------------------------------------------------------------------------- */

/* In shared memory. */
struct GmprocWorkerLinkPlace
{
  guint64 magic;
  guint64 current;  /* by the worker; by the pool, to condemn */
  gint64 began;     /* by the worker */
  guint32 waits[2]; /* for room: by the pool for tasks, by the worker for results */
  guint32 retired;  /* by the worker */
  guint32 unused[7];
  GmprocStreamPlace tasks;
  GmprocStreamPlace results;
};

#define MAGIC G_GUINT64_CONSTANT (0x676d70726f634c02) /* "gmprocL", layout 2 */

static void gmproc_worker_link_shareable_init (GmprocShareableInterface *iface);

G_DEFINE_TYPE_WITH_CODE (GmprocWorkerLink, gmproc_worker_link, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE,
                                                gmproc_worker_link_shareable_init))

static gsize
get_place_size (void)
{
  return gmproc_port_memory_get_granularity ();
}

static gsize
get_size (void)
{
  return get_place_size () + 2 * GMPROC_WORKER_LINK_CAPACITY;
}

static void
gmproc_worker_link_finalize (GObject *object)
{
  GmprocWorkerLink *self = GMPROC_WORKER_LINK (object);

  gmproc_port_memory_unmap ((gpointer *) &self->place, get_size ());
  gmproc_port_handle_close (&self->memory);

  G_OBJECT_CLASS (gmproc_worker_link_parent_class)->finalize (object);
}

static void
gmproc_worker_link_class_init (GmprocWorkerLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gmproc_worker_link_finalize;
}

static void
gmproc_worker_link_init (GmprocWorkerLink *self)
{
  self->memory = GMPROC_PORT_NO_HANDLE;
}

static gboolean
map (GmprocWorkerLink *self, GError **error)
{
  guint8 *data;

  self->place = gmproc_port_memory_map (self->memory, 0, get_size (), error);
  if (self->place == NULL)
    return FALSE;

  data = (guint8 *) self->place + get_place_size ();
  self->tasks = (GmprocStream){ &self->place->tasks, data, GMPROC_WORKER_LINK_CAPACITY };
  data += GMPROC_WORKER_LINK_CAPACITY;
  self->results = (GmprocStream){ &self->place->results, data, GMPROC_WORKER_LINK_CAPACITY };
  return TRUE;
}

GmprocWorkerLink *
gmproc_worker_link_new (GError **error)
{
  g_autoptr (GmprocWorkerLink) self = g_object_new (GMPROC_TYPE_WORKER_LINK, NULL);

  if (!gmproc_port_memory_new (get_size (), get_size (), &self->memory, error)
      || !map (self, error))
    return NULL;

  self->place->magic = MAGIC;
  return g_steal_pointer (&self);
}

static GVariant *
gmproc_worker_link_export_to (GmprocShareable *shareable, GmprocParcel *parcel,
                              G_GNUC_UNUSED GError **error)
{
  return g_variant_new_int32 (gmproc_parcel_add (parcel, GMPROC_WORKER_LINK (shareable)->memory));
}

static gboolean
check_memory (GmprocWorkerLink *self, GError **error)
{
  gsize size;

  if (!gmproc_port_memory_get_size (self->memory, &size, error))
    return FALSE;
  if (size >= get_size ())
    {
      if (!map (self, error))
        return FALSE;
      if (self->place->magic == MAGIC)
        return TRUE;
    }

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
               "A pool's worker got %" G_GSIZE_FORMAT " bytes of shared memory that hold no link",
               size);
  return FALSE;
}

static GmprocShareable *
gmproc_worker_link_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (GmprocWorkerLink) self = g_object_new (GMPROC_TYPE_WORKER_LINK, NULL);

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE_INT32))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE,
                   "A pool's link came as “%s” instead of “i”",
                   g_variant_get_type_string (parameters));
      return NULL;
    }

  if (!gmproc_parcel_take (parcel, g_variant_get_int32 (parameters), &self->memory, error)
      || !check_memory (self, error))
    return NULL;
  return (GmprocShareable *) g_steal_pointer (&self);
}

static void
gmproc_worker_link_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = gmproc_worker_link_export_to;
  iface->import_from = gmproc_worker_link_import_from;
}

#define CONDEMNED G_GUINT64_CONSTANT (0x80000000)

static guint64
make_current (guint32 serial, guint32 number)
{
  return (guint64) serial << 32 | number;
}

gboolean
gmproc_worker_link_advance (GmprocWorkerLink *self, guint32 serial, guint32 number)
{
  guint64 next = make_current (serial, number);

  GMPROC_CRASH_POINT ("link-advance");
  if (GMPROC_CRASH_BREAKS ("no-current"))
    return TRUE;
  if (!__atomic_compare_exchange_n (&self->place->current, &self->current, next, FALSE,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return FALSE;
  GMPROC_CRASH_POINT ("link-advanced");
  self->current = next;
  return TRUE;
}

gboolean
gmproc_worker_link_condemn (GmprocWorkerLink *self, guint32 serial, guint32 number)
{
  guint64 current = make_current (serial, number);

  return __atomic_compare_exchange_n (&self->place->current, &current, current | CONDEMNED, FALSE,
                                      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

gboolean
gmproc_worker_link_get_current (GmprocWorkerLink *self, guint32 *ret_serial, guint32 *ret_number)
{
  guint64 current = __atomic_load_n (&self->place->current, __ATOMIC_ACQUIRE);

  *ret_serial = current >> 32;
  *ret_number = (guint32) (current & ~CONDEMNED);
  return current != 0;
}

/* Before advance, so that whoever sees the item in `current` sees its time too. */
void
gmproc_worker_link_set_began (GmprocWorkerLink *self, gint64 time)
{
  __atomic_store_n (&self->place->began, time, __ATOMIC_RELEASE);
}

gint64
gmproc_worker_link_get_began (GmprocWorkerLink *self)
{
  return __atomic_load_n (&self->place->began, __ATOMIC_ACQUIRE);
}

void
gmproc_worker_link_set_retired (GmprocWorkerLink *self)
{
  __atomic_store_n (&self->place->retired, TRUE, __ATOMIC_RELEASE);
}

gboolean
gmproc_worker_link_is_retired (GmprocWorkerLink *self)
{
  return __atomic_load_n (&self->place->retired, __ATOMIC_ACQUIRE) != 0;
}

/* Both sides store first and load the other's word afterwards, so one of them sees the other: the
 * writer says that it waits and tries the stream again; the reader moves the stream's position and
 * asks whether the writer waits. */
void
gmproc_worker_link_set_waits_for_room (GmprocWorkerLink *self, GmprocWorkerLinkStream stream,
                                       gboolean waits)
{
  if (!waits && __atomic_load_n (&self->place->waits[stream], __ATOMIC_RELAXED) == 0)
    return;
  __atomic_store_n (&self->place->waits[stream], waits, __ATOMIC_SEQ_CST);
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
}

gboolean
gmproc_worker_link_get_waits_for_room (GmprocWorkerLink *self, GmprocWorkerLinkStream stream)
{
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  return __atomic_load_n (&self->place->waits[stream], __ATOMIC_SEQ_CST) != 0;
}
