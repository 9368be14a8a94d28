/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a parent makes of what comes from children: pieces of several at once, reports that never
 * end, and bytes that are none of it.
 */
#include "config.h"

#include "gmproc-error.h"
#include "internal/codec.h"
#include "internal/inbox.h"
#include "internal/report.h"
#include "port/port.h"
#include "../support.h"

#include <string.h>

#define BOUND (60 * G_TIME_SPAN_SECOND) /* only a hang takes that long */

static GmprocPortChannel writer;

static void
open_writer (void)
{
  gintptr pipe, copy;

  g_assert_true (gmproc_inbox_get_pipe (&pipe, NULL));
  g_assert_true (gmproc_port_handle_duplicate (pipe, &copy, NULL));
  g_assert_true (gmproc_port_channel_attach (&writer, copy, NULL));
}

static GBytes *
new_error (const char *message)
{
  g_autoptr (GVariant) body =
      g_variant_ref_sink (g_variant_new (GMPROC_REPORT_ERROR_FORMAT, "test-inbox", 7, message));

  return gmproc_codec_to_bytes (body);
}

/* One piece of a report, as a child would write it; HEAD says what it is a piece of. */
static gboolean
write_piece (const GmprocReportHead *head, const guint8 *body)
{
  GOutputVector vectors[] = { { head, sizeof *head }, { body, head->size } };
  gssize n_written = gmproc_port_channel_write (&writer, vectors, G_N_ELEMENTS (vectors),
                                                g_get_monotonic_time () + BOUND, NULL, NULL);

  return n_written == (gssize) (sizeof *head + head->size);
}

static void
write_part (GmprocInbox *inbox, guint32 kind, GBytes *bytes, gsize offset, gsize size)
{
  GmprocReportHead head = { .sender = gmproc_inbox_get_number (inbox),
                            .kind = kind,
                            .total = g_bytes_get_size (bytes),
                            .offset = offset,
                            .size = (guint32) size };

  g_assert_true (write_piece (&head, (const guint8 *) g_bytes_get_data (bytes, NULL) + offset));
}

static void
assert_error (GmprocInbox *inbox, const char *message)
{
  g_assert_null (gmproc_inbox_get_error (inbox));
  gmproc_inbox_finish (inbox);
  if (message == NULL)
    {
      g_assert_null (gmproc_inbox_get_error (inbox));
      return;
    }
  g_assert_error (gmproc_inbox_get_error (inbox), g_quark_from_string ("test-inbox"), 7);
  g_assert_cmpstr (gmproc_inbox_get_error (inbox)->message, ==, message);
}

/* finish reads what is there, however fast it comes after the writing. */
static void
test_whole (void)
{
  for (int i = 0; i < 200; i++)
    {
      g_autoptr (GmprocInbox) inbox = gmproc_inbox_new ();
      g_autoptr (GBytes) report = new_error ("whole");

      write_part (inbox, GMPROC_REPORT_ERROR, report, 0, g_bytes_get_size (report));
      assert_error (inbox, "whole");
    }
}

/* Byte by byte, and those of two in turns. */
static void
test_mixed (void)
{
  g_autoptr (GmprocInbox) first = gmproc_inbox_new ();
  g_autoptr (GmprocInbox) second = gmproc_inbox_new ();
  g_autoptr (GBytes) one = new_error ("one");
  g_autoptr (GBytes) two = new_error ("two");

  g_assert_cmpuint (g_bytes_get_size (one), ==, g_bytes_get_size (two));
  for (gsize i = 0; i < g_bytes_get_size (one); i++)
    {
      write_part (first, GMPROC_REPORT_ERROR, one, i, 1);
      write_part (second, GMPROC_REPORT_ERROR, two, i, 1);
    }
  assert_error (first, "one");
  assert_error (second, "two");
}

/* What was not said to the end was not said; the last of two counts. */
static void
test_unfinished (void)
{
  g_autoptr (GmprocInbox) inbox = gmproc_inbox_new ();
  g_autoptr (GmprocInbox) other = gmproc_inbox_new ();
  g_autoptr (GBytes) report = new_error ("unfinished");
  g_autoptr (GBytes) last = new_error ("last");

  write_part (inbox, GMPROC_REPORT_ERROR, report, 0, g_bytes_get_size (report) - 1);
  assert_error (inbox, NULL);

  write_part (other, GMPROC_REPORT_ERROR, report, 0, g_bytes_get_size (report));
  write_part (other, GMPROC_REPORT_ERROR, last, 0, g_bytes_get_size (last));
  assert_error (other, "last");
}

/* A report whose contents are something else says nothing, and does no harm. */
static void
test_other_contents (void)
{
  static const guint32 kinds[] = { GMPROC_REPORT_ERROR, GMPROC_REPORT_LOG, 77 };
  g_autoptr (GVariant) number = g_variant_ref_sink (g_variant_new_int32 (1));
  g_autoptr (GBytes) of_number = gmproc_codec_to_bytes (number);
  g_autoptr (GBytes) of_nothing = g_bytes_new_static ("", 0);
  g_autoptr (GBytes) of_text = g_bytes_new_static ("no GVariant", strlen ("no GVariant"));
  GBytes *contents[] = { of_number, of_nothing, of_text };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (contents); j++)
      {
        g_autoptr (GmprocInbox) inbox = gmproc_inbox_new ();

        write_part (inbox, kinds[i], contents[j], 0, g_bytes_get_size (contents[j]));
        assert_error (inbox, NULL);
      }
}

/* Reports of a child that was forgotten. */
static void
test_nobody (void)
{
  GmprocInbox *gone = gmproc_inbox_new ();
  g_autoptr (GmprocInbox) inbox = gmproc_inbox_new ();
  g_autoptr (GBytes) report = new_error ("late");
  GmprocReportHead head = { .sender = gmproc_inbox_get_number (gone),
                            .kind = GMPROC_REPORT_ERROR,
                            .total = g_bytes_get_size (report),
                            .size = (guint32) g_bytes_get_size (report) };

  gmproc_inbox_free (gone);
  g_assert_true (write_piece (&head, g_bytes_get_data (report, NULL)));
  assert_error (inbox, NULL);
}

static void
test_hello (void)
{
  g_autoptr (GmprocInbox) inbox = gmproc_inbox_new ();
  g_autoptr (GmprocInbox) silent = gmproc_inbox_new ();
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_assert_false (gmproc_inbox_wait_for_hello (inbox, g_get_monotonic_time (), NULL));
  write_part (inbox, GMPROC_REPORT_HELLO, nothing, 0, 0);
  g_assert_true (gmproc_inbox_wait_for_hello (inbox, g_get_monotonic_time () + BOUND, NULL));

  g_cancellable_cancel (cancellable);
  g_assert_false (
      gmproc_inbox_wait_for_hello (silent, g_get_monotonic_time () + BOUND, cancellable));
  gmproc_inbox_finish (silent);
  g_assert_false (gmproc_inbox_wait_for_hello (silent, g_get_monotonic_time () + BOUND, NULL));
}

/* Each of these ends the reading, in a process of its own; writers are told. */
static void
write_damage (const char *name)
{
  g_autoptr (GmprocInbox) inbox = gmproc_inbox_new ();
  GmprocReportHead head = {
    .sender = gmproc_inbox_get_number (inbox), .kind = GMPROC_REPORT_ERROR, .total = 100, .size = 10
  };
  guint8 body[100] = { 0 };

  if (g_str_equal (name, "zero"))
    head.zero = 1;
  else if (g_str_equal (name, "total"))
    head.total = G_MAXUINT64;
  else if (g_str_equal (name, "offset"))
    head.offset = 91;
  else if (g_str_equal (name, "beyond"))
    head.offset = G_MAXUINT64;
  else if (g_str_equal (name, "middle"))
    head.offset = 50;
  else if (g_str_equal (name, "size"))
    head.total = head.size = (guint32) gmproc_port_channel_get_atomic_size ();
  if (g_str_equal (name, "size"))
    head.size -= (guint32) sizeof head - 1;

  /* What its size says is more than was written, so only the head counts. */
  (void) gmproc_port_channel_write (&writer,
                                    (GOutputVector[]){ { &head, sizeof head }, { body, 10 } }, 2,
                                    g_get_monotonic_time () + BOUND, NULL, NULL);
  gmproc_inbox_finish (inbox);
  g_assert_null (gmproc_inbox_get_error (inbox));
}

static void
test_damage (gconstpointer name)
{
  if (g_test_subprocess ())
    {
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      write_damage (name);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*What children report is damaged*");
}

int
main (int argc, char **argv)
{
  static const char *const damages[] = { "zero", "total", "offset", "beyond", "middle", "size" };

  gmproc_test_init (&argc, &argv);
  open_writer ();
  for (gsize i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *path = g_strconcat ("/inbox/damage/", damages[i], NULL);

      g_test_add_data_func (path, damages[i], test_damage);
    }
  gmproc_test_add ("/inbox/whole", test_whole);
  gmproc_test_add ("/inbox/mixed", test_mixed);
  gmproc_test_add ("/inbox/unfinished", test_unfinished);
  gmproc_test_add ("/inbox/other-contents", test_other_contents);
  gmproc_test_add ("/inbox/nobody", test_nobody);
  gmproc_test_add ("/inbox/hello", test_hello);
  return g_test_run ();
}
