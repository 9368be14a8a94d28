/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What shared memory, values and arrays make of a message that another process forged: always an
 * error, and nothing is left open.
 */
#include "config.h"

#include "internal/shareable.h"

#include "../support.h"
#include "gmproc-array.h"
#include "gmproc-error.h"
#include "gmproc-event.h"
#include "gmproc-lock.h"
#include "gmproc-shared-memory.h"
#include "gmproc-value.h"
#include "internal/arena.h"
#include "port/port.h"

#define SIZE 10000
#define SHMEM "GmprocSharedMemory"
#define NO_SLOT "@t 7, @m(ittu) nothing"

/* A message with a block of SIZE bytes as its handle 0, and the end of a pipe as its handle 1. */
typedef struct
{
  gintptr handles[3];
  GmprocParcel *parcel;
} Message;

static void
message_init (Message *self)
{
  g_autoptr (GError) error = NULL;

  gmproc_port_memory_new (SIZE, SIZE, &self->handles[0], &error);
  g_assert_no_error (error);
  gmproc_port_channel_new_pipe (&self->handles[1], &self->handles[2], &error);
  g_assert_no_error (error);
  self->parcel = gmproc_parcel_new_received (self->handles, G_N_ELEMENTS (self->handles));
}

static void
message_clear (Message *self)
{
  gmproc_parcel_free (self->parcel);
}

/* Any error will do where DOMAIN is 0. */
static void
assert_refused (GmprocParcel *parcel, GVariant *exported, GQuark domain, int code)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (exported);
  g_autoptr (GError) error = NULL;

  g_assert_null (gmproc_shareable_import (sunk, parcel, &error));
  g_assert_nonnull (error);
  if (domain != 0)
    g_assert_error (error, domain, code);
}

static GVariant *
forge (const char *class_name, const char *parameters)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, parameters, NULL, NULL, &error);
  GVariant *exported;

  g_assert_no_error (error);
  exported = g_variant_new (GMPROC_SHAREABLE_FORMAT, class_name, value);
  g_variant_unref (value);
  return exported;
}

typedef struct
{
  const char *class_name;
  const char *parameters;
} Forged;

static const Forged forged[] = {
  /* Not at all what it should be. */
  { SHMEM, "5" },
  { SHMEM, "(0, 10000, 10000, false)" },
  { "GmprocValue", "'text'" },
  { "GmprocValue", "((0, @t 1, @t 2, @u 3),)" },
  { "GmprocArray", "[1, 2]" },
  /* A size that the block has not: none, more, less than the maximum without a place for it. */
  { SHMEM, "(0, @t 0, @t 10000, false, " NO_SLOT ")" },
  { SHMEM, "(0, @t 65537, @t 65537, false, " NO_SLOT ")" },
  { SHMEM, "(0, @t 18446744073709551615, @t 18446744073709551615, false, " NO_SLOT ")" },
  { SHMEM, "(0, @t 10000, @t 9999, false, " NO_SLOT ")" },
  { SHMEM, "(0, @t 10000, @t 20000, false, " NO_SLOT ")" },
  { SHMEM, "(0, @t 10000, @t 18446744073709551615, false, " NO_SLOT ")" },
  /* A handle that did not come. */
  { SHMEM, "(7, @t 10000, @t 10000, false, " NO_SLOT ")" },
  { SHMEM, "(-5, @t 10000, @t 10000, true, " NO_SLOT ")" },
  /* A place for the size in a block that is none for such. */
  { SHMEM, "(0, @t 10000, @t 20000, false, @t 0, @m(ittu) just (0, 1, 2, 3))" },
  { SHMEM, "(0, @t 10000, @t 20000, false, @t 0, @m(ittu) just (7, 1, 2, 3))" },
  { "GmprocValue", "((0, @t 1, @t 2, @u 3), @m(sv) nothing)" },
  { "GmprocValue", "((9, @t 1, @t 2, @u 3), @m(sv) nothing)" },
  /* Arrays of no numbers, without a block, of more than the block has, and with a wrong one. */
  { "GmprocArray", "(@y 0x7a, @t 5, @m(sv) nothing, @m(sv) nothing)" },
  { "GmprocArray", "(@y 0xff, @t 5, @m(sv) nothing, @m(sv) nothing)" },
  { "GmprocArray", "(@y 0x69, @t 5, @m(sv) nothing, @m(sv) nothing)" },
  { "GmprocArray", "(@y 0x69, @t 0, @m(sv) just ('" SHMEM
                   "', <(0, @t 10000, @t 10000, false, " NO_SLOT ")>), @m(sv) nothing)" },
  { "GmprocArray", "(@y 0x69, @t 2501, @m(sv) just ('" SHMEM
                   "', <(0, @t 10000, @t 10000, false, " NO_SLOT ")>), @m(sv) nothing)" },
  { "GmprocArray", "(@y 0x69, @t 4611686018427387905, @m(sv) just ('" SHMEM
                   "', <(0, @t 10000, @t 10000, false, " NO_SLOT ")>), @m(sv) nothing)" },
  { "GmprocArray", "(@y 0x69, @t 5, @m(sv) just ('GmprocEvent', <5>), @m(sv) nothing)" },
  { "GmprocArray", "(@y 0x69, @t 5, @m(sv) just ('GmprocArray', <5>), @m(sv) nothing)" },
  { "GmprocArray",
    "(@y 0x69, @t 5, @m(sv) just ('" SHMEM "', <(0, @t 10000, @t 10000, false, " NO_SLOT
    ")>), @m(sv) just ('GmprocLock', <5>))" },
  { "GmprocArray",
    "(@y 0x69, @t 5, @m(sv) just ('" SHMEM "', <(0, @t 10000, @t 10000, false, " NO_SLOT
    ")>), @m(sv) just ('GmprocEvent', <5>))" },
};

static void
test_forged (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (forged); i++)
    {
      Message message;

      message_init (&message);
      assert_refused (message.parcel, forge (forged[i].class_name, forged[i].parameters),
                      GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
      message_clear (&message);
    }
}

/* No block at all: the end of a pipe, and nothing. Which error it is, is the system's. And an array
 * in memory that can only be read. */
static void
test_not_a_block (void)
{
  static const Forged not_blocks[] = {
    { SHMEM, "(1, @t 10000, @t 10000, false, " NO_SLOT ")" },
    { SHMEM, "(-1, @t 10000, @t 10000, false, " NO_SLOT ")" },
    { SHMEM, "(1, @t 10000, @t 10000, true, " NO_SLOT ")" },
    { SHMEM, "(0, @t 10000, @t 20000, false, @t 0, @m(ittu) just (1, 1, 2, 3))" },
    { "GmprocValue", "((1, @t 1, @t 2, @u 3), @m(sv) nothing)" },
    { "GmprocValue", "((-1, @t 1, @t 2, @u 3), @m(sv) nothing)" },
    { "GmprocArray", "(@y 0x69, @t 5, @m(sv) just ('" SHMEM
                     "', <(0, @t 10000, @t 10000, true, " NO_SLOT ")>), @m(sv) nothing)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (not_blocks); i++)
    {
      Message message;

      message_init (&message);
      assert_refused (message.parcel, forge (not_blocks[i].class_name, not_blocks[i].parameters), 0,
                      0);
      message_clear (&message);
    }
}

/* The forged messages above are refused for what is wrong with them: these are right. */
static void
test_right (void)
{
  static const Forged right[] = {
    { SHMEM, "(0, @t 10000, @t 10000, false, " NO_SLOT ")" },
    { SHMEM, "(0, @t 1, @t 1, true, " NO_SLOT ")" },
    { "GmprocArray", "(@y 0x69, @t 2500, @m(sv) just ('" SHMEM
                     "', <(0, @t 10000, @t 10000, false, " NO_SLOT ")>), @m(sv) nothing)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (right); i++)
    {
      g_autoptr (GVariant) exported =
          g_variant_ref_sink (forge (right[i].class_name, right[i].parameters));
      g_autoptr (GmprocShareable) object = NULL;
      g_autoptr (GError) error = NULL;
      Message message;

      message_init (&message);
      object = gmproc_shareable_import (exported, message.parcel, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (G_OBJECT_TYPE_NAME (object), ==, right[i].class_name);
      message_clear (&message);
    }
}

/* An object of one class, sent as one of another: their places have the same form. */
static void
test_wrong_kind (void)
{
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocValue) value = gmproc_value_new ("i", NULL, &error);
  g_autoptr (GmprocSharedMemory) block = gmproc_shared_memory_new_growable (10, 20, &error);
  g_autoptr (GVariant) of_value = NULL;
  g_autoptr (GVariant) of_block = NULL;
  g_autoptr (GVariant) parameters = NULL;
  g_autoptr (GVariant) slot = NULL;
  g_autoptr (GVariant) other = NULL;

  g_assert_no_error (error);
  of_value =
      g_variant_ref_sink (gmproc_shareable_export (GMPROC_SHAREABLE (value), parcel, &error));
  of_block =
      g_variant_ref_sink (gmproc_shareable_export (GMPROC_SHAREABLE (block), parcel, &error));
  g_variant_get_child (of_value, 1, "v", &parameters);
  slot = g_variant_get_child_value (parameters, 0);
  assert_refused (parcel,
                  g_variant_new (GMPROC_SHAREABLE_FORMAT, SHMEM,
                                 g_variant_new ("(ittbtm@(ittu))", 0, (guint64) 10, (guint64) 20,
                                                FALSE, (guint64) 0, slot)),
                  GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);

  g_clear_pointer (&parameters, g_variant_unref);
  g_variant_get_child (of_block, 1, "v", &parameters);
  g_variant_get_child (parameters, 5, "m@(ittu)", &other);
  assert_refused (
      parcel,
      g_variant_new (GMPROC_SHAREABLE_FORMAT, "GmprocValue",
                     g_variant_new ("(@(ittu)@m(sv))", other,
                                    g_variant_new_maybe (G_VARIANT_TYPE ("(sv)"), NULL))),
      GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
}

/* A part that is a right object, but of a class that the whole cannot have as its part. */
static void
test_wrong_part (void)
{
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocValue) value = gmproc_value_new_locked ("i", NULL, NULL, &error);
  g_autoptr (GmprocEvent) event = gmproc_event_new (&error);
  g_autoptr (GmprocShareable) same = NULL;
  g_autoptr (GVariant) of_value = NULL;
  g_autoptr (GVariant) of_event = NULL;
  g_autoptr (GVariant) parameters = NULL;
  g_autoptr (GVariant) slot = NULL;

  g_assert_no_error (error);
  of_value =
      g_variant_ref_sink (gmproc_shareable_export (GMPROC_SHAREABLE (value), parcel, &error));
  of_event =
      g_variant_ref_sink (gmproc_shareable_export (GMPROC_SHAREABLE (event), parcel, &error));
  same = gmproc_shareable_import (of_value, parcel, &error);
  g_assert_no_error (error);
  g_assert_true (GMPROC_IS_LOCK (gmproc_value_get_lock ((GmprocValue *) same)));

  g_variant_get_child (of_value, 1, "v", &parameters);
  slot = g_variant_get_child_value (parameters, 0);
  assert_refused (
      parcel,
      g_variant_new (GMPROC_SHAREABLE_FORMAT, "GmprocValue",
                     g_variant_new ("(@(ittu)@m(sv))", slot, g_variant_new_maybe (NULL, of_event))),
      GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
}

/* Who has a place can write to it: a type that is none, and a size that the block has not. */
static void
test_spoilt_places (void)
{
  static const guint64 spoilt[] = { 0, 's', 0x100 | 'i', G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (spoilt); i++)
    {
      g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
      g_autoptr (GError) error = NULL;
      GmprocSlot slot = { 0 };
      guint64 *place;

      gmproc_slot_new (&slot, 0x56414c55, &error);
      g_assert_no_error (error);
      place = (guint64 *) slot.place;
      place[2] = spoilt[i];
      assert_refused (
          parcel,
          g_variant_new (GMPROC_SHAREABLE_FORMAT, "GmprocValue",
                         g_variant_new ("(@(ittu)@m(sv))", gmproc_slot_export (&slot, parcel),
                                        g_variant_new_maybe (G_VARIANT_TYPE ("(sv)"), NULL))),
          GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE);
      gmproc_slot_clear (&slot);
    }
}

/* The size in a place is believed as far as the block goes. */
static void
test_spoilt_size (void)
{
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GmprocSharedMemory) block = NULL;
  g_autoptr (GVariant) exported = NULL;
  g_autoptr (GError) error = NULL;
  GmprocSlot slot = { 0 };
  gintptr memory;

  gmproc_port_memory_new (100, 10 * SIZE, &memory, &error);
  g_assert_no_error (error);
  gmproc_slot_new (&slot, 0x53484d45, &error);
  g_assert_no_error (error);
  exported = g_variant_ref_sink (g_variant_new (
      GMPROC_SHAREABLE_FORMAT, SHMEM,
      g_variant_new ("(ittbtm@(ittu))", gmproc_parcel_add (parcel, memory), (guint64) 100,
                     (guint64) 10 * SIZE, FALSE, (guint64) 0, gmproc_slot_export (&slot, parcel))));
  block = (GmprocSharedMemory *) gmproc_shareable_import (exported, parcel, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, 100);

  ((guint64 *) slot.place)[1] = G_MAXUINT64;
  g_assert_cmpuint (gmproc_shared_memory_get_size (block), ==, 10 * SIZE);
  g_assert_null (gmproc_shared_memory_get_data (block, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_null (gmproc_shared_memory_get_bytes (block, 9 * SIZE, 10, &error));
  g_assert_nonnull (error);

  gmproc_slot_clear (&slot);
  gmproc_port_handle_close (&memory);
}

int
main (int argc, char **argv)
{
  gmproc_test_init (&argc, &argv);
  g_type_ensure (GMPROC_TYPE_ARRAY);
  g_type_ensure (GMPROC_TYPE_EVENT);
  g_type_ensure (GMPROC_TYPE_LOCK);
  g_type_ensure (GMPROC_TYPE_SHARED_MEMORY);
  g_type_ensure (GMPROC_TYPE_VALUE);

  gmproc_test_add ("/shared-import/right", test_right);
  gmproc_test_add ("/shared-import/forged", test_forged);
  gmproc_test_add ("/shared-import/not-a-block", test_not_a_block);
  gmproc_test_add ("/shared-import/wrong-kind", test_wrong_kind);
  gmproc_test_add ("/shared-import/wrong-part", test_wrong_part);
  gmproc_test_add ("/shared-import/spoilt-places", test_spoilt_places);
  gmproc_test_add ("/shared-import/spoilt-size", test_spoilt_size);
  return g_test_run ();
}
