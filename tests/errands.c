/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "errands.h"

static gboolean
give_up (gpointer data)
{
  g_error ("%s did not come", (const char *) data);
  return G_SOURCE_REMOVE;
}

void
run_until (const int *count, int wanted, const char *what)
{
  guint watchdog = g_timeout_add_seconds (60, give_up, (gpointer) what);

  while (*count < wanted)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (watchdog);
}

void
results_init (Results *self)
{
  *self = (Results){ .messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref) };
}

void
results_clear (Results *self)
{
  g_ptr_array_unref (self->messages);
  g_clear_error (&self->error);
}

void
results_note_error (Results *self, GError *error)
{
  if (error == NULL)
    return;
  g_clear_error (&self->error);
  self->error = error;
  self->n_failed++;
}

static void
note_sent (Results *results, gboolean is_sent, GError *error)
{
  results->n_done++;
  if (!is_sent)
    results_note_error (results, error);
}

void
on_sent (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean is_sent =
      gmproc_connection_send_bytes_finish (GMPROC_CONNECTION (object), result, &error);

  note_sent (user_data, is_sent, error);
}

void
on_value_sent (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gboolean is_sent = gmproc_connection_send_finish (GMPROC_CONNECTION (object), result, &error);

  note_sent (user_data, is_sent, error);
}

void
on_received (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Results *results = user_data;
  GError *error = NULL;
  GBytes *bytes =
      gmproc_connection_receive_bytes_finish (GMPROC_CONNECTION (object), result, &error);

  results->n_done++;
  if (bytes != NULL)
    g_ptr_array_add (results->messages, bytes);
  results_note_error (results, error);
}
