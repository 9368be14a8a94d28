/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Shows two pipes that connect three processes. The first process sends numbers, the second
 * squares each of them, the main process prints the squares.
 *
 * You should see: 0, 1, 4, … 81, one a line, then "End".
 */
#define PROGRAM "communicating_with_pipe"

#include <gmproc.h>

#include "options.h"

/* args: where to send, how many numbers. */
GMPROC_DEFINE_TARGET (send_numbers)
{
  g_autoptr (GmprocConnection) output = NULL;
  g_autoptr (GError) error = NULL;
  gint32 handle;
  int count;

  g_variant_get (args, "(hi)", &handle, &count);
  output = gmproc_connection_from_handle (handle, &error);
  if (output == NULL)
    return options_fail (error);
  for (int i = 0; i < count; i++)
    if (!gmproc_connection_send (output, g_variant_new_int64 (i), NULL, &error))
      return options_fail (error);
  gmproc_connection_close (output);
  return 0;
}

/* Receives the next number. Returns FALSE at the end of the stream, or with ERROR set. */
static gboolean
receive_number (GmprocConnection *input, gint64 *ret_number, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GVariant) message =
      gmproc_connection_receive (input, GMPROC_FOREVER, NULL, &local_error);

  if (message != NULL)
    *ret_number = g_variant_get_int64 (message);
  else if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return message != NULL;
}

/* args: where the numbers come from, where the squares go. */
GMPROC_DEFINE_TARGET (square_numbers)
{
  g_autoptr (GmprocConnection) input = NULL;
  g_autoptr (GmprocConnection) output = NULL;
  g_autoptr (GError) error = NULL;
  gint32 input_handle, output_handle;
  gint64 n;

  g_variant_get (args, "(hh)", &input_handle, &output_handle);
  input = gmproc_connection_from_handle (input_handle, &error);
  if (input != NULL)
    output = gmproc_connection_from_handle (output_handle, &error);
  if (output == NULL)
    return options_fail (error);
  while (receive_number (input, &n, &error))
    if (!gmproc_connection_send (output, g_variant_new_int64 (n * n), NULL, &error))
      break;
  return error == NULL ? 0 : options_fail (error);
}

static gboolean
print_squares (int count, GError **error)
{
  g_autoptr (GmprocConnection) numbers_in = NULL, numbers_out = NULL;
  g_autoptr (GmprocConnection) squares_in = NULL, squares_out = NULL;
  g_autoptr (GmprocProcess) sender = NULL, squarer = NULL;
  g_autoptr (GError) local_error = NULL;
  gint64 square;

  if (!gmproc_pipe_new (FALSE, &numbers_in, &numbers_out, error)
      || !gmproc_pipe_new (FALSE, &squares_in, &squares_out, error))
    return FALSE;
  sender = gmproc_process_new (
      send_numbers, g_variant_new ("(hi)", gmproc_connection_get_handle (numbers_out), count));
  squarer = gmproc_process_new (square_numbers,
                                g_variant_new ("(hh)", gmproc_connection_get_handle (numbers_in),
                                               gmproc_connection_get_handle (squares_out)));
  if (!gmproc_process_start (sender, error) || !gmproc_process_start (squarer, error))
    return FALSE;

  /* A stream ends when its last writer closes it, so this process must not remain one. */
  gmproc_connection_close (numbers_in);
  gmproc_connection_close (numbers_out);
  gmproc_connection_close (squares_out);
  while (receive_number (squares_in, &square, &local_error))
    g_print ("%" G_GINT64_FORMAT "\n", square);
  if (local_error == NULL)
    {
      g_print ("End\n");
      return options_join (sender, error) && options_join (squarer, error);
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);

  int count = 10;
  const GOptionEntry entries[] = {
    { "count", 0, 0, G_OPTION_ARG_INT, &count, "How many numbers to square (10)", "N" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;

  options_parse (&argc, &argv, "Squares numbers in a chain of processes and pipes.", entries);
  options_check_range ("--count", count, 0, 1000000);
  return print_squares (count, &error) ? 0 : options_fail (error);
}
