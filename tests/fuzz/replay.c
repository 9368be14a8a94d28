/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Gives a target the files of its corpus, without libFuzzer: one case for each of them. A file that
 * is named good-… brings something and nothing that is refused; of any other, something is refused.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

static void
replay (gconstpointer data)
{
  const char *path = data;
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  g_autofree guint8 *copy = NULL;
  gsize size;

  g_file_get_contents (path, &bytes, &size, &error);
  g_assert_no_error (error);
  /* Exactly as many bytes as there are, so that a checker sees a read beyond them. */
  copy = g_memdup2 (bytes, size);

  LLVMFuzzerTestOneInput (copy, size);
  if (g_str_has_prefix (name, "good-"))
    {
      g_assert_cmpuint (fuzz_n_accepted, >, 0);
      g_assert_cmpuint (fuzz_n_refused, ==, 0);
    }
  else
    g_assert_cmpuint (fuzz_n_refused, >, 0);
}

static void
add_cases (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *test = g_strdup_printf ("/fuzz/%s/%s", fuzz_corpus, name);

      g_test_add_data_func_full (test, g_build_filename (folder, name, NULL), replay, g_free);
    }
}

int
main (int argc, char **argv)
{
  const char *top = g_getenv ("abs_top_srcdir");
  g_autofree char *folder = NULL;

  LLVMFuzzerInitialize (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  /* Numbers in the corpus are in the order of the machines that most people have. */
  if (G_BYTE_ORDER != G_LITTLE_ENDIAN)
    {
      g_print ("1..0 # SKIP the corpus is for machines of the other byte order\n");
      return 0;
    }

  folder = g_build_filename (top != NULL ? top : ".", "tests", "fuzz", "corpus", fuzz_corpus, NULL);
  add_cases (folder);
  return g_test_run ();
}
