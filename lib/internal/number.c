/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "number.h"

#include "gmproc-error.h"

typedef struct
{
  char type;
  GmprocNumberClass class_of_type;
  gsize size;
} Number;

static const Number numbers[] = {
  { 'b', GMPROC_NUMBER_BOOLEAN, 1 }, { 'y', GMPROC_NUMBER_UNSIGNED, 1 },
  { 'n', GMPROC_NUMBER_SIGNED, 2 },  { 'q', GMPROC_NUMBER_UNSIGNED, 2 },
  { 'i', GMPROC_NUMBER_SIGNED, 4 },  { 'u', GMPROC_NUMBER_UNSIGNED, 4 },
  { 'x', GMPROC_NUMBER_SIGNED, 8 },  { 't', GMPROC_NUMBER_UNSIGNED, 8 },
  { 'd', GMPROC_NUMBER_DOUBLE, 8 },  { '\0', GMPROC_NUMBER_NONE, 0 },
};

static const Number *
find (char type)
{
  const Number *number = numbers;

  while (number->type != '\0' && number->type != type)
    number++;
  return number;
}

gboolean
gmproc_number_check_type (const char *type, GError **error)
{
  g_autofree char *shown = NULL;

  if (gmproc_number_get_class (type[0]) != GMPROC_NUMBER_NONE && type[1] == '\0')
    return TRUE;

  shown = g_utf8_make_valid (type, -1); /* a message is always text */
  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
               "“%s” is no type of a shared number; those are b, y, n, q, i, u, x, t and d", shown);
  return FALSE;
}

GmprocNumberClass
gmproc_number_get_class (char type)
{
  return find (type)->class_of_type;
}

gsize
gmproc_number_get_size (char type)
{
  return find (type)->size;
}

guint64
gmproc_number_extend (char type, guint64 bits)
{
  switch (type)
    {
    case 'b':
      return (guint8) bits != 0;
    case 'y':
      return (guint8) bits;
    case 'n':
      return (guint64) (gint64) (gint16) bits;
    case 'q':
      return (guint16) bits;
    case 'i':
      return (guint64) (gint64) (gint32) bits;
    case 'u':
      return (guint32) bits;
    default:
      return bits;
    }
}

guint64
gmproc_number_load (char type, gconstpointer place)
{
  guint64 bits;

  switch (gmproc_number_get_size (type))
    {
    case 1:
      bits = __atomic_load_n ((const guint8 *) place, __ATOMIC_SEQ_CST);
      break;
    case 2:
      bits = __atomic_load_n ((const guint16 *) place, __ATOMIC_SEQ_CST);
      break;
    case 4:
      bits = __atomic_load_n ((const guint32 *) place, __ATOMIC_SEQ_CST);
      break;
    default:
      bits = __atomic_load_n ((const guint64 *) place, __ATOMIC_SEQ_CST);
      break;
    }
  return gmproc_number_extend (type, bits);
}

void
gmproc_number_store (char type, gpointer place, guint64 bits)
{
  switch (gmproc_number_get_size (type))
    {
    case 1:
      __atomic_store_n ((guint8 *) place, (guint8) bits, __ATOMIC_SEQ_CST);
      break;
    case 2:
      __atomic_store_n ((guint16 *) place, (guint16) bits, __ATOMIC_SEQ_CST);
      break;
    case 4:
      __atomic_store_n ((guint32 *) place, (guint32) bits, __ATOMIC_SEQ_CST);
      break;
    default:
      __atomic_store_n ((guint64 *) place, bits, __ATOMIC_SEQ_CST);
      break;
    }
}

/* The bytes of a number in memory are those inside a GVariant. */
GVariant *
gmproc_number_to_variant (char type, guint64 bits)
{
  const char type_string[] = { type, '\0' };
  g_autoptr (GBytes) bytes = NULL;
  guint64 place = 0;

  gmproc_number_store (type, &place, gmproc_number_extend (type, bits));
  bytes = g_bytes_new (&place, gmproc_number_get_size (type));
  return g_variant_new_from_bytes (G_VARIANT_TYPE (type_string), bytes, TRUE);
}

gboolean
gmproc_number_from_variant (char type, GVariant *variant, guint64 *ret_bits, GError **error)
{
  const char type_string[] = { type, '\0' };
  guint64 place = 0;

  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE (type_string)))
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                   "A number of type “%s” is needed, not one of type “%s”", type_string,
                   g_variant_get_type_string (variant));
      return FALSE;
    }

  g_variant_store (variant, &place);
  *ret_bits = gmproc_number_load (type, &place);
  return TRUE;
}
