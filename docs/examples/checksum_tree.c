/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Prints the SHA-256 of every file below a folder, as sha256sum does: one worker for each processor
 * reads files while the main loop walks the tree, shows how far it is, and listens for Ctrl-C.
 * Files come out as they are done. Exit status: 0, 1 when a file could not be read, 130 after
 * Ctrl-C.
 */
#include <gmproc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK (256 * 1024)

static volatile sig_atomic_t is_interrupted;

/* -- in the workers ------------------------------------------------------------------------------
 */

/* A terminal sends Ctrl-C to all of us. What to do about it is decided by the main process. */
GMPROC_DEFINE_FUNCTION (leave_interrupts_alone, "u", "u")
{
  signal (SIGINT, SIG_IGN);
  return g_variant_ref (item);
}

/* A path → the path, its checksum, its size. */
GMPROC_DEFINE_FUNCTION (checksum_file, "ay", "(aysx)")
{
  const char *path = g_variant_get_bytestring (item);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *block = g_malloc (BLOCK);
  gint64 size = 0;
  gssize count;

  if (stream == NULL)
    return NULL;
  while ((count = g_input_stream_read (G_INPUT_STREAM (stream), block, BLOCK, NULL, error)) > 0)
    {
      g_checksum_update (checksum, block, count);
      size += count;
    }
  if (count < 0)
    return NULL;
  return g_variant_new ("(@aysx)", item, g_checksum_get_string (checksum), size);
}

/* -- in the main process -------------------------------------------------------------------------
 */

typedef struct
{
  GQueue folders; /* still to be read */
  char *folder;   /* that is being read */
  GDir *dir;
} Walk;

static gboolean
open_next_folder (Walk *walk)
{
  g_autoptr (GError) error = NULL;

  g_free (walk->folder);
  walk->folder = g_queue_pop_head (&walk->folders);
  if (walk->folder == NULL)
    return FALSE;
  walk->dir = g_dir_open (walk->folder, 0, &error);
  if (walk->dir == NULL)
    g_printerr ("%s\n", error->message);
  return TRUE;
}

/* The pool asks for the next file whenever it has room for one, so a tree of a million files takes
 * no more memory than a small one. */
static GVariant *
next_file (gpointer data, G_GNUC_UNUSED GError **error)
{
  Walk *walk = data;

  while (walk->dir != NULL || open_next_folder (walk))
    {
      const char *name = walk->dir != NULL ? g_dir_read_name (walk->dir) : NULL;
      g_autofree char *path = name != NULL ? g_build_filename (walk->folder, name, NULL) : NULL;

      if (name == NULL)
        g_clear_pointer (&walk->dir, g_dir_close);
      else if (g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        continue;
      else if (g_file_test (path, G_FILE_TEST_IS_DIR))
        g_queue_push_head (&walk->folders, g_steal_pointer (&path));
      else if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return g_variant_new_bytestring (path);
    }
  return NULL;
}

static void
walk_clear (Walk *walk)
{
  g_queue_clear_full (&walk->folders, g_free);
  g_clear_pointer (&walk->dir, g_dir_close);
  g_free (walk->folder);
}

typedef struct
{
  GMainLoop *loop;
  GCancellable *cancellable;
  gboolean has_terminal;
  guint n_files, n_failed;
  gint64 n_bytes;
  GError *error;
} Run;

static void
show_file (G_GNUC_UNUSED GmprocPoolIterator *files, G_GNUC_UNUSED guint64 index, GVariant *result,
           const GError *error, Run *run)
{
  const char *path, *checksum;
  gint64 size;

  if (error != NULL)
    {
      run->n_failed++;
      g_printerr ("%s%s\n", run->has_terminal ? "\r\033[K" : "", error->message);
      return;
    }
  g_variant_get (result, "(^&ay&sx)", &path, &checksum, &size);
  run->n_files++;
  run->n_bytes += size;
  printf ("%s  %s\n", checksum, path);
}

static gboolean
look_around (gpointer data)
{
  Run *run = data;

  if (is_interrupted)
    g_cancellable_cancel (run->cancellable);
  if (run->has_terminal)
    g_printerr ("\r%u files, %.1f MB, %u failed\033[K", run->n_files, run->n_bytes / 1e6,
                run->n_failed);
  return G_SOURCE_CONTINUE;
}

static void
finish (GObject *files, GAsyncResult *result, gpointer data)
{
  Run *run = data;

  gmproc_pool_iterator_run_finish (GMPROC_POOL_ITERATOR (files), result, &run->error);
  g_main_loop_quit (run->loop);
}

static void
on_interrupt (G_GNUC_UNUSED int signal_number)
{
  is_interrupted = TRUE;
}

static void
run_pool (const char *path, Run *run)
{
  g_autoptr (GmprocPool) pool = gmproc_pool_new_on_demand (0);
  Walk walk = { G_QUEUE_INIT, NULL, NULL };
  g_autoptr (GmprocPoolSource) source = gmproc_pool_source_new (next_file, &walk, NULL);
  g_autoptr (GmprocPoolIterator) files = NULL;
  guint timer = g_timeout_add (100, look_around, run);

  g_queue_push_head (&walk.folders, g_strdup (path));
  if (gmproc_pool_set_initializer (pool, leave_interrupts_alone, g_variant_new_uint32 (0),
                                   &run->error))
    files = gmproc_pool_imap_unordered (pool, checksum_file, source, NULL, &run->error);
  if (files != NULL)
    {
      g_signal_connect (files, "result", G_CALLBACK (show_file), run);
      gmproc_pool_iterator_run_async (files, run->cancellable, finish, run);
      g_main_loop_run (run->loop);
    }
  look_around (run);
  g_source_remove (timer);
  gmproc_pool_terminate (pool);
  gmproc_pool_join (pool, GMPROC_FOREVER, NULL, NULL);
  walk_clear (&walk);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  Run run = { .loop = g_main_loop_new (NULL, FALSE),
              .cancellable = g_cancellable_new (),
              .has_terminal = g_log_writer_supports_color (fileno (stderr)) };
  gboolean is_well;

  if (argc != 2)
    {
      g_printerr ("Usage: %s FOLDER\n", argv[0]);
      return EXIT_FAILURE;
    }
  signal (SIGINT, on_interrupt);
  run_pool (argv[1], &run);
  if (run.has_terminal)
    g_printerr ("\n");
  if (run.error != NULL)
    g_printerr ("%s\n", run.error->message);

  is_well = run.error == NULL && run.n_failed == 0;
  g_clear_error (&run.error);
  g_main_loop_unref (run.loop);
  g_object_unref (run.cancellable);
  return is_interrupted ? 130 : is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}
