/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a parent tells a child about itself. An input is the whole of it; no handles came with it.
 */
#include "config.h"

#include "fuzz.h"

#include "gmproc-error.h"
#include "gmproc-init.h"
#include "internal/bootstrap.h"
#include "internal/codec.h"
#include "internal/parcel.h"

const char fuzz_corpus[] = "bootstrap";
guint fuzz_n_accepted;
guint fuzz_n_refused;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  gmproc_init (argc, argv);
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GmprocParcel) parcel = gmproc_parcel_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GmprocBootstrap) bootstrap = gmproc_bootstrap_read (bytes, parcel, &error);

  g_assert_true ((bootstrap == NULL) == (error != NULL));
  g_assert_true (error == NULL || g_error_matches (error, GMPROC_ERROR, GMPROC_ERROR_BAD_MESSAGE));
  fuzz_n_refused = bootstrap == NULL;
  fuzz_n_accepted = bootstrap != NULL;
  if (bootstrap == NULL)
    return 0;
  g_assert_nonnull (bootstrap->name);
  g_assert_nonnull (bootstrap->parent_name);
  g_assert_true (bootstrap->args == NULL || g_variant_is_normal_form (bootstrap->args));
  g_assert_true (bootstrap->properties == NULL || g_variant_is_normal_form (bootstrap->properties));
  return 0;
}
