/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The calls of GmprocValue for signed and unsigned integers and for doubles. Each is one atomic
 * operation on the word, or a loop around a compare-and-exchange that somebody else's success alone
 * can prolong.
 */
#include "config.h"

#include "gmproc-value.h"

#include <string.h>

#include "gmproc-error.h"
#include "gmproc-value-private.h"

G_STATIC_ASSERT (sizeof (double) == sizeof (guint64));

/* -- the word ---------------------------------------------------------------------------------- */

/* Writes BITS if the number is EXPECTED. Gives what it was. */
static guint64
compare_exchange (GmprocValue *self, guint64 expected, guint64 bits)
{
  guint64 *place = &gmproc_value_get_place (self)->word;
  guint64 word = __atomic_load_n (place, __ATOMIC_SEQ_CST);

  while (gmproc_number_extend (self->type[0], word) == expected
         && !__atomic_compare_exchange_n (place, &word, bits, FALSE, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST))
    ;
  return gmproc_number_extend (self->type[0], word);
}

static guint64
add (GmprocValue *self, guint64 amount)
{
  return gmproc_number_extend (
      self->type[0],
      __atomic_fetch_add (&gmproc_value_get_place (self)->word, amount, __ATOMIC_SEQ_CST));
}

static guint64
double_to_bits (double number)
{
  guint64 bits;

  memcpy (&bits, &number, sizeof bits);
  return bits;
}

static double
bits_to_double (guint64 bits)
{
  double number;

  memcpy (&number, &bits, sizeof number);
  return number;
}

/* -- refusals ---------------------------------------------------------------------------------- */

/* Booleans have the calls of unsigned numbers. */
static GmprocNumberClass
get_calls_of_value (GmprocValue *self)
{
  return self->number_class == GMPROC_NUMBER_BOOLEAN ? GMPROC_NUMBER_UNSIGNED : self->number_class;
}

static gboolean
check_calls (GmprocValue *self, GmprocNumberClass calls, GError **error)
{
  static const char *const names[] = {
    [GMPROC_NUMBER_SIGNED] = "int64",
    [GMPROC_NUMBER_UNSIGNED] = "uint64",
    [GMPROC_NUMBER_DOUBLE] = "double",
  };

  if (calls == get_calls_of_value (self))
    return TRUE;
  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
               "A value of type “%s” has no %s calls, but %s calls", self->type, names[calls],
               names[get_calls_of_value (self)]);
  return FALSE;
}

static gboolean
check_int64 (GmprocValue *self, gint64 number, GError **error)
{
  if (!check_calls (self, GMPROC_NUMBER_SIGNED, error))
    return FALSE;
  if (gmproc_number_extend (self->type[0], (guint64) number) == (guint64) number)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "%" G_GINT64_FORMAT " does not fit into a value of type “%s”", number, self->type);
  return FALSE;
}

static gboolean
check_uint64 (GmprocValue *self, guint64 number, GError **error)
{
  if (!check_calls (self, GMPROC_NUMBER_UNSIGNED, error))
    return FALSE;
  if (gmproc_number_extend (self->type[0], number) == number)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "%" G_GUINT64_FORMAT " does not fit into a value of type “%s”", number, self->type);
  return FALSE;
}

/* -- public ------------------------------------------------------------------------------------ */

/**
 * gmproc_value_get_int64:
 * @self: a value of type `n`, `i` or `x`
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 *
 * Returns: the number now, or 0 with @error set
 * Since: 1.0
 */
gint64
gmproc_value_get_int64 (GmprocValue *self, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  return check_calls (self, GMPROC_NUMBER_SIGNED, error) ? (gint64) gmproc_value_load (self) : 0;
}

/**
 * gmproc_value_set_int64:
 * @self: a value of type `n`, `i` or `x`
 * @number: the new number
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 * %G_IO_ERROR_INVALID_ARGUMENT for a number that its type cannot hold; nothing changes.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_value_set_int64 (GmprocValue *self, gint64 number, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), FALSE);

  if (!check_int64 (self, number, error))
    return FALSE;
  gmproc_value_store (self, (guint64) number);
  return TRUE;
}

/**
 * gmproc_value_add_int64:
 * @self: a value of type `n`, `i` or `x`
 * @amount: what to add; may be negative
 * @error: return location
 *
 * Adds to the number. No addition of another process is lost. A sum that the type cannot hold wraps
 * around.
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 *
 * Returns: the number before, or 0 with @error set
 * Since: 1.0
 */
gint64
gmproc_value_add_int64 (GmprocValue *self, gint64 amount, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  return check_calls (self, GMPROC_NUMBER_SIGNED, error) ? (gint64) add (self, (guint64) amount)
                                                         : 0;
}

/**
 * gmproc_value_compare_exchange_int64:
 * @self: a value of type `n`, `i` or `x`
 * @expected: the number that has to be there
 * @number: the new number
 * @error: return location
 *
 * Sets the number if it is what the caller expects. It was set if and only if the returned number
 * is the expected one.
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 * %G_IO_ERROR_INVALID_ARGUMENT for a number that its type cannot hold; nothing changes.
 *
 * Returns: the number before, or 0 with @error set
 * Since: 1.0
 */
gint64
gmproc_value_compare_exchange_int64 (GmprocValue *self, gint64 expected, gint64 number,
                                     GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  if (!check_int64 (self, number, error))
    return 0;
  return (gint64) compare_exchange (self, (guint64) expected, (guint64) number);
}

/**
 * gmproc_value_get_uint64:
 * @self: a value of type `b`, `y`, `q`, `u` or `t`
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 *
 * Returns: the number now, or 0 with @error set
 * Since: 1.0
 */
guint64
gmproc_value_get_uint64 (GmprocValue *self, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  return check_calls (self, GMPROC_NUMBER_UNSIGNED, error) ? gmproc_value_load (self) : 0;
}

/**
 * gmproc_value_set_uint64:
 * @self: a value of type `b`, `y`, `q`, `u` or `t`
 * @number: the new number; of a boolean 0 or 1
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 * %G_IO_ERROR_INVALID_ARGUMENT for a number that its type cannot hold; nothing changes.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_value_set_uint64 (GmprocValue *self, guint64 number, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), FALSE);

  if (!check_uint64 (self, number, error))
    return FALSE;
  gmproc_value_store (self, number);
  return TRUE;
}

/**
 * gmproc_value_add_uint64:
 * @self: a value of type `y`, `q`, `u` or `t`
 * @amount: what to add
 * @error: return location
 *
 * Adds to the number. No addition of another process is lost. A sum that the type cannot hold wraps
 * around, so adding the largest number of the type takes 1 away.
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type, or a boolean.
 *
 * Returns: the number before, or 0 with @error set
 * Since: 1.0
 */
guint64
gmproc_value_add_uint64 (GmprocValue *self, guint64 amount, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  if (!check_calls (self, GMPROC_NUMBER_UNSIGNED, error))
    return 0;
  if (self->number_class != GMPROC_NUMBER_BOOLEAN)
    return add (self, amount);

  g_set_error_literal (error, GMPROC_ERROR, GMPROC_ERROR_BAD_TYPE,
                       "Nothing can be added to a value of type “b”");
  return 0;
}

/**
 * gmproc_value_compare_exchange_uint64:
 * @self: a value of type `b`, `y`, `q`, `u` or `t`
 * @expected: the number that has to be there
 * @number: the new number
 * @error: return location
 *
 * Sets the number if it is what the caller expects. It was set if and only if the returned number
 * is the expected one.
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 * %G_IO_ERROR_INVALID_ARGUMENT for a number that its type cannot hold; nothing changes.
 *
 * Returns: the number before, or 0 with @error set
 * Since: 1.0
 */
guint64
gmproc_value_compare_exchange_uint64 (GmprocValue *self, guint64 expected, guint64 number,
                                      GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  if (!check_uint64 (self, number, error))
    return 0;
  return compare_exchange (self, expected, number);
}

/**
 * gmproc_value_get_double:
 * @self: a value of type `d`
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 *
 * Returns: the number now, or 0 with @error set
 * Since: 1.0
 */
double
gmproc_value_get_double (GmprocValue *self, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  return check_calls (self, GMPROC_NUMBER_DOUBLE, error) ? bits_to_double (gmproc_value_load (self))
                                                         : 0;
}

/**
 * gmproc_value_set_double:
 * @self: a value of type `d`
 * @number: the new number
 * @error: return location
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 *
 * Returns: whether it was set
 * Since: 1.0
 */
gboolean
gmproc_value_set_double (GmprocValue *self, double number, GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), FALSE);

  if (!check_calls (self, GMPROC_NUMBER_DOUBLE, error))
    return FALSE;
  gmproc_value_store (self, double_to_bits (number));
  return TRUE;
}

/**
 * gmproc_value_add_double:
 * @self: a value of type `d`
 * @amount: what to add; may be negative
 * @error: return location
 *
 * Adds to the number. No addition of another process is lost.
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 *
 * Returns: the number before, or 0 with @error set
 * Since: 1.0
 */
double
gmproc_value_add_double (GmprocValue *self, double amount, GError **error)
{
  guint64 before, present;

  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  if (!check_calls (self, GMPROC_NUMBER_DOUBLE, error))
    return 0;

  present = gmproc_value_load (self);
  do
    {
      before = present;
      present = compare_exchange (self, before, double_to_bits (bits_to_double (before) + amount));
    }
  while (present != before);
  return bits_to_double (before);
}

/**
 * gmproc_value_compare_exchange_double:
 * @self: a value of type `d`
 * @expected: the number that has to be there
 * @number: the new number
 * @error: return location
 *
 * Sets the number if it is what the caller expects. It was set if and only if the returned number
 * is the expected one.
 *
 * The numbers are compared bit by bit: a not-a-number is equal to itself, and 0 is not -0.
 *
 * Errors: %GMPROC_ERROR_BAD_TYPE for a value of another type.
 *
 * Returns: the number before, or 0 with @error set
 * Since: 1.0
 */
double
gmproc_value_compare_exchange_double (GmprocValue *self, double expected, double number,
                                      GError **error)
{
  g_return_val_if_fail (GMPROC_IS_VALUE (self), 0);

  if (!check_calls (self, GMPROC_NUMBER_DOUBLE, error))
    return 0;
  return bits_to_double (
      compare_exchange (self, double_to_bits (expected), double_to_bits (number)));
}
