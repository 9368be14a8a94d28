/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Slots: given out once, given again when nobody else can know them, and found again when they come
 * back. What comes from another process is not trusted.
 */
#include "config.h"

#include "internal/arena.h"

#include <string.h>

#include "../support.h"
#include "gmproc-error.h"
#include "port/port.h"

#define KIND 0x54455354
#define MANY 2000 /* more than three blocks hold */

static void
new_slot (GmprocSlot *slot)
{
  g_autoptr (GError) error = NULL;

  memset (slot, 0, sizeof *slot);
  gmproc_slot_new (slot, KIND, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (slot->place->kind, ==, KIND);
  for (guint i = 0; i < G_N_ELEMENTS (slot->place->contents); i++)
    g_assert_cmpuint (slot->place->contents[i], ==, 0);
}

static GVariant *
export_slot (GmprocSlot *slot, GmprocParcel *parcel)
{
  return g_variant_ref_sink (gmproc_slot_export (slot, parcel));
}

static void
test_many (void)
{
  g_autofree GmprocSlot *slots = g_new0 (GmprocSlot, MANY);
  g_autoptr (GHashTable) places = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < MANY; i++)
    {
      new_slot (&slots[i]);
      g_assert_true (g_hash_table_add (places, slots[i].place));
      memset (slots[i].place->contents, 0xff, sizeof slots[i].place->contents);
    }
  for (guint i = 0; i < MANY; i++)
    {
      g_assert_cmpuint (slots[i].place->kind, ==, KIND);
      gmproc_slot_clear (&slots[i]);
      g_assert_null (slots[i].place);
      gmproc_slot_clear (&slots[i]);
    }
}

/* A slot that nobody else saw is given again, and reads as zeros. */
static void
test_given_again (void)
{
  GmprocSlot keeper, slot;
  gpointer place;

  new_slot (&keeper);
  new_slot (&slot);
  place = slot.place;
  for (guint i = 0; i < MANY; i++)
    {
      memset (slot.place->contents, 0xff, sizeof slot.place->contents);
      gmproc_slot_clear (&slot);
      new_slot (&slot);
      g_assert_true (slot.place == place);
    }
  gmproc_slot_clear (&slot);
  gmproc_slot_clear (&keeper);
}

/* One that crossed is not, because somebody may still use it. */
static void
test_not_given_again (void)
{
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  GmprocSlot keeper, slot, next;
  g_autoptr (GVariant) exported = NULL;
  gpointer place;

  new_slot (&keeper);
  new_slot (&slot);
  place = slot.place;
  exported = export_slot (&slot, parcel);
  gmproc_slot_clear (&slot);
  for (guint i = 0; i < 10; i++)
    {
      new_slot (&next);
      g_assert_true (next.place != place);
      gmproc_slot_clear (&next);
    }
  gmproc_slot_clear (&keeper);
}

static void
take_handles (GmprocParcel *parcel, GmprocParcel **ret_received)
{
  guint n;
  const gintptr *handles = gmproc_parcel_get_handles (parcel, &n);
  g_autofree gintptr *copies = g_new (gintptr, n);

  for (guint i = 0; i < n; i++)
    g_assert_true (gmproc_port_handle_duplicate (handles[i], &copies[i], NULL));
  *ret_received = gmproc_parcel_new_received (copies, n);
}

/* The same slot in the same process is the same memory. */
static void
test_found_again (void)
{
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GmprocParcel) received = NULL;
  g_autoptr (GVariant) exported = NULL;
  g_autoptr (GError) error = NULL;
  GmprocSlot slot;
  GmprocSlot same = { 0 };

  new_slot (&slot);
  exported = export_slot (&slot, parcel);
  take_handles (parcel, &received);
  gmproc_slot_import (&same, exported, KIND, received, &error);
  g_assert_no_error (error);
  g_assert_true (same.place == slot.place);
  gmproc_slot_clear (&slot);
  g_assert_cmpuint (same.place->kind, ==, KIND);
  gmproc_slot_clear (&same);
}

/* The block of another process, mapped when its first object comes. */
static void
test_foreign_block (void)
{
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GmprocParcel) received = NULL;
  g_autoptr (GVariant) exported = NULL;
  g_autoptr (GError) error = NULL;
  GmprocSlot slot;
  GmprocSlot first = { 0 }, second = { 0 };

  new_slot (&slot);
  slot.place->contents[0] = 4711;
  exported = export_slot (&slot, parcel);
  take_handles (parcel, &received);
  gmproc_slot_clear (&slot); /* the last slot: the block is forgotten here */
  for (guint i = 0; i < 3; i++)
    {
      gmproc_slot_import (&first, exported, KIND, received, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (first.place->contents[0], ==, 4711);
      gmproc_slot_import (&second, exported, KIND, received, &error);
      g_assert_no_error (error);
      g_assert_true (first.place == second.place);
      new_slot (&slot);
      g_assert_true (slot.arena != first.arena);
      gmproc_slot_clear (&slot);
      gmproc_slot_clear (&first);
      gmproc_slot_clear (&second);
    }
}

static void
assert_refused (GVariant *exported, guint32 kind, GmprocParcel *received)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (exported);
  g_autoptr (GError) error = NULL;
  GmprocSlot slot = { 0 };

  g_assert_false (gmproc_slot_import (&slot, sunk, kind, received, &error));
  g_assert_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
  g_assert_null (slot.place);
}

static void
test_refused (void)
{
  static const guint32 indexes[] = { 0, 511, 512, 513, 100000, G_MAXUINT32 };
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GmprocParcel) received = NULL;
  g_autoptr (GVariant) exported = NULL;
  guint64 id[2];
  guint32 index;
  gint32 memory;
  GmprocSlot slot, next;

  new_slot (&slot);
  exported = export_slot (&slot, parcel);
  take_handles (parcel, &received);
  g_variant_get (exported, GMPROC_SLOT_FORMAT, &memory, &id[0], &id[1], &index);
  for (guint round = 0; round < 2; round++)
    {
      assert_refused (exported, KIND + 1, received);
      for (guint i = 0; i < G_N_ELEMENTS (indexes); i++)
        assert_refused (g_variant_new (GMPROC_SLOT_FORMAT, memory, id[0], id[1], indexes[i]), KIND,
                        received);
      assert_refused (g_variant_new (GMPROC_SLOT_FORMAT, memory, id[0] + 1, id[1], index), KIND,
                      received);
      assert_refused (g_variant_new (GMPROC_SLOT_FORMAT, 1, id[0] + 1, id[1], index), KIND,
                      received);
      if (round == 0)
        {
          new_slot (&next); /* what was refused did not get into the free list */
          g_assert_cmpuint (next.index, >, index);
          gmproc_slot_clear (&next);
          gmproc_slot_clear (&slot);
        }
    }
}

/* A block that is too short, or that holds something else. */
static void
test_refused_blocks (void)
{
  static const gsize sizes[] = { 4096, 64 * 1024, 128 * 1024 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GmprocParcel) received = NULL;
      g_autoptr (GError) error = NULL;
      gintptr memory;

      gmproc_port_memory_new (sizes[i], sizes[i], &memory, &error);
      g_assert_no_error (error);
      received = gmproc_parcel_new_received (&memory, 1);
      assert_refused (
          g_variant_new (GMPROC_SLOT_FORMAT, 0, G_GUINT64_CONSTANT (0), G_GUINT64_CONSTANT (0), 1u),
          KIND, received);
    }
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);

  gmproc_test_add ("/arena/many", test_many);
  gmproc_test_add ("/arena/given-again", test_given_again);
  gmproc_test_add ("/arena/not-given-again", test_not_given_again);
  gmproc_test_add ("/arena/found-again", test_found_again);
  gmproc_test_add ("/arena/foreign-block", test_foreign_block);
  gmproc_test_add ("/arena/refused", test_refused);
  gmproc_test_add ("/arena/refused-blocks", test_refused_blocks);
  return g_test_run ();
}
