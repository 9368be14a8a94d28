/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "outcome.h"

/* Takes both. */
GmprocOutcome *
gmproc_outcome_new (gsize index, GVariant *value, GError *error)
{
  GmprocOutcome *self = g_new0 (GmprocOutcome, 1);

  self->index = index;
  self->value = value;
  self->error = error;
  return self;
}

GmprocOutcome *
gmproc_outcome_copy (const GmprocOutcome *self)
{
  GmprocOutcome *copy = g_new (GmprocOutcome, 1);

  *copy = *self;
  if (copy->value != NULL)
    g_variant_ref (copy->value);
  if (copy->error != NULL)
    copy->error = g_error_copy (copy->error);
  return copy;
}

void
gmproc_outcome_free (GmprocOutcome *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  g_free (self);
}
