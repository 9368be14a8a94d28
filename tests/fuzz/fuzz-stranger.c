/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A message with descriptors that a program which is no relative sent over a Unix socket.
 *
 * The first byte of an input: the lower two bits how many came beside it; bit 7 that some were
 * lost. The rest is the body of the message.
 */
#include "config.h"

#include "fuzz.h"

#include "gmproc-error.h"
#include "gmproc-init.h"
#include "internal/codec.h"
#include "internal/envelope.h"
#include "internal/shareable.h"
#include "port/port.h"

const char fuzz_corpus[] = "stranger";
guint fuzz_n_accepted;
guint fuzz_n_refused;

static gintptr pipe_end = GMPROC_PORT_NO_HANDLE;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;
  gintptr writer;

  gmproc_init (argc, argv);
  gmproc_port_channel_new_pipe (&pipe_end, &writer, &error);
  g_assert_no_error (error);
  gmproc_port_handle_close (&writer);
  return 0;
}

static void
arrive (GmprocPortArrivals *arrivals, guint n, gboolean is_cut)
{
  arrivals->handles = g_new (gintptr, GMPROC_PORT_COURIER_MAX);
  arrivals->is_cut = is_cut;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;

      gmproc_port_handle_duplicate (pipe_end, &arrivals->handles[i], &error);
      g_assert_no_error (error);
      arrivals->n_handles++;
    }
}

/* Of one that was taken: descriptors, and no more of them than came. */
static void
judge_objects (GVariant *value, GArray *objects, guint n)
{
  g_assert_true (g_variant_is_normal_form (value));
  g_assert_cmpuint (objects->len, <=, n);
  for (guint i = 0; i < objects->len; i++)
    {
      g_autoptr (GObject) object = gmproc_shareable_from_handle (g_array_index (objects, gint32, i),
                                                                 GMPROC_TYPE_SHAREABLE, NULL);

      g_assert_cmpstr (G_OBJECT_TYPE_NAME (object), ==, "GmprocDescriptor");
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  GmprocPortArrivals arrivals = { NULL, 0, FALSE };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) body = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GArray) objects = NULL;

  fuzz_n_accepted = fuzz_n_refused = 0;
  if (size == 0)
    return 0;

  body = gmproc_codec_take_message (GMPROC_CODEC_VARIANT, g_memdup2 (data + 1, size - 1), size - 1,
                                    g_free, &error);
  if (body != NULL)
    {
      arrive (&arrivals, data[0] & 3, (data[0] & 0x80) != 0);
      value = gmproc_envelope_open_strange (body, &arrivals, &objects, &error);
      g_assert_null (arrivals.handles);
    }
  g_assert_true ((value == NULL) == (error != NULL));
  g_assert_true (error == NULL || error->domain == GMPROC_ERROR || error->domain == G_IO_ERROR);
  fuzz_n_refused = value == NULL;
  fuzz_n_accepted = value != NULL;
  if (value != NULL)
    judge_objects (value, objects, data[0] & 3);
  return 0;
}
