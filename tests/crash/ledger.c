/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "ledger.h"

#include "internal/shareable.h"
#include "port/port.h"

struct _Ledger
{
  GObject parent_instance;

  gintptr memory;
  LedgerPlace *place;
};

static void ledger_shareable_init (GmprocShareableInterface *iface);

G_DEFINE_TYPE_WITH_CODE (Ledger, ledger, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (GMPROC_TYPE_SHAREABLE, ledger_shareable_init))

/* A child finds the class by its name. */
static void __attribute__ ((constructor)) register_type (void)
{
  g_type_ensure (LEDGER_TYPE);
}

static void
ledger_init (Ledger *self)
{
  self->memory = GMPROC_PORT_NO_HANDLE;
}

static void
ledger_finalize (GObject *object)
{
  Ledger *self = TEST_LEDGER (object);

  gmproc_port_memory_unmap ((gpointer *) &self->place, sizeof *self->place);
  gmproc_port_handle_close (&self->memory);
  G_OBJECT_CLASS (ledger_parent_class)->finalize (object);
}

static void
ledger_class_init (LedgerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ledger_finalize;
}

static void
map (Ledger *self)
{
  g_autoptr (GError) error = NULL;

  self->place = gmproc_port_memory_map (self->memory, 0, sizeof *self->place, &error);
  g_assert_no_error (error);
}

Ledger *
ledger_new (void)
{
  Ledger *self = g_object_new (LEDGER_TYPE, NULL);
  gsize size = sizeof *self->place;
  g_autoptr (GError) error = NULL;

  gmproc_port_memory_new (size, size, &self->memory, &error);
  g_assert_no_error (error);
  map (self);
  return self;
}

static GVariant *
ledger_export_to (GmprocShareable *shareable, GmprocParcel *parcel, G_GNUC_UNUSED GError **error)
{
  return g_variant_new_int32 (gmproc_parcel_add (parcel, TEST_LEDGER (shareable)->memory));
}

static GmprocShareable *
ledger_import_from (GVariant *parameters, GmprocParcel *parcel, GError **error)
{
  g_autoptr (Ledger) self = g_object_new (LEDGER_TYPE, NULL);

  if (!gmproc_parcel_take (parcel, g_variant_get_int32 (parameters), &self->memory, error))
    return NULL;
  map (self);
  return GMPROC_SHAREABLE (g_steal_pointer (&self));
}

static void
ledger_shareable_init (GmprocShareableInterface *iface)
{
  iface->export_to = ledger_export_to;
  iface->import_from = ledger_import_from;
}

LedgerPlace *
ledger_get_place (Ledger *self)
{
  return self->place;
}

void
ledger_report (LedgerPlace *place, Finding finding, const char *format, ...)
{
  va_list args;

  g_atomic_int_inc (&place->findings[finding]);
  if (!g_atomic_int_compare_and_exchange (&place->has_text, 0, 1))
    return;

  va_start (args, format);
  (void) g_vsnprintf (place->text, sizeof place->text, format, args);
  va_end (args);
}

gboolean
ledger_has_findings (LedgerPlace *place)
{
  for (guint i = 0; i < N_FINDINGS; i++)
    if (g_atomic_int_get (&place->findings[i]) != 0)
      return TRUE;
  return FALSE;
}

const char *
ledger_name_finding (Finding finding)
{
  static const char *const names[N_FINDINGS] = { "hang", "loss",  "duplicate",
                                                 "tear", "order", "wrong state" };

  return names[finding];
}

void
ledger_take (LedgerPlace *place, guint32 producer, guint32 number)
{
  guint64 n_begun;

  if (producer >= LEDGER_CARDS || number >= LEDGER_ITEMS)
    {
      ledger_report (place, FINDING_TEAR, "an item says that it is %u of %u", number, producer);
      return;
    }
  n_begun = __atomic_load_n (&place->cards[producer].n_begun, __ATOMIC_ACQUIRE);
  if (number >= n_begun)
    ledger_report (
        place, FINDING_STATE,
        "item %u of %u was taken, which was not put yet: it has begun %" G_GUINT64_FORMAT, number,
        producer, n_begun);
  if (__atomic_fetch_add (&place->taken[producer][number], 1, __ATOMIC_ACQ_REL) != 0)
    ledger_report (place, FINDING_DUPLICATE, "item %u of %u was taken twice", number, producer);
}
