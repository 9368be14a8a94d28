/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Who holds what, and who waits for it: for people whose processes hang.
 *
 * The answer comes from shared memory alone (internal/census.h). No other process takes part in it,
 * no lock is taken, and nobody is stopped, so it can be asked while everybody else hangs. It is no
 * picture of one moment: of what changes meanwhile either state may be shown.
 */
#include "config.h"

#include "gmproc-dump.h"

#include <string.h>

#include "gmproc-dump-private.h"
#include "internal/census.h"
#include "internal/kind.h"

typedef struct
{
  guint32 kind;
  const char *name;
  void (*describe) (const GmprocSlotPlace *place, GmprocDescription *ret);
} Kind;

static const Kind kinds[] = {
  { GMPROC_KIND_BARRIER, "barrier", gmproc_barrier_describe },
  { GMPROC_KIND_BELL, "pool bell", NULL },
  { GMPROC_KIND_CONDITION, "condition", gmproc_condition_describe },
  { GMPROC_KIND_EVENT, "event", gmproc_event_describe },
  { GMPROC_KIND_LOCK, "lock", gmproc_lock_describe },
  { GMPROC_KIND_QUEUE, "queue", gmproc_queue_describe },
  { GMPROC_KIND_SEMAPHORE, "semaphore", gmproc_semaphore_describe },
  { GMPROC_KIND_SHARED_MEMORY, "shared memory", gmproc_shared_memory_describe },
  { GMPROC_KIND_VALUE, "value", NULL },
  { 0, "object", NULL },
};

static const Kind *
find_kind (guint32 number)
{
  const Kind *kind = kinds;

  while (kind->kind != 0 && kind->kind != number)
    kind++;
  return kind;
}

static void
describe (const GmprocCensusObject *object, GmprocDescription *ret)
{
  const Kind *kind = find_kind (object->subject.kind);

  *ret = (GmprocDescription){ .text = g_string_new (NULL), .json = g_string_new (NULL) };
  if (kind->describe != NULL)
    kind->describe (&object->place, ret);
}

static void
description_clear (GmprocDescription *self)
{
  g_string_free (self->text, TRUE);
  g_string_free (self->json, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GmprocDescription, description_clear)

/* What is written, and what it is about. */
typedef struct
{
  const GmprocCensus *census;
  gint64 now;
  GString *out;
} Writer;

static const GmprocCensusProcess *
get_process (Writer *writer, guint index)
{
  return &g_array_index (writer->census->processes, GmprocCensusProcess, index);
}

/* NULL: it is dead. */
static const GmprocCensusProcess *
find_owner (Writer *writer, const GmprocDescription *description)
{
  return gmproc_census_find_process (writer->census, description->owner_pid,
                                     description->owner_since);
}

static double
seconds_since (Writer *writer, gint64 since)
{
  return (double) MAX (writer->now - since, 0) / G_USEC_PER_SEC;
}

/* With a point, whatever the language of the user. */
static void
add_seconds (Writer *writer, gint64 since)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (writer->out,
                   g_ascii_formatd (buffer, sizeof buffer, "%.3f", seconds_since (writer, since)));
}

/* The same object has the same in every dump, in whichever process. */
static void
add_id (Writer *writer, const GmprocSubject *subject)
{
  g_string_append_printf (writer->out, "%08x-%u", (guint32) subject->block, subject->index);
}

/* -- text -------------------------------------------------------------------------------------- */

static void
write_process_text (Writer *writer, const GmprocCensusProcess *process)
{
  g_autofree char *name = g_utf8_make_valid (process->name, -1);

  g_string_append_printf (writer->out, "  %s, process %" G_GINT64_FORMAT, name, process->pid);
  if (process->parent_pid != 0)
    g_string_append_printf (writer->out, ", started by %" G_GINT64_FORMAT, process->parent_pid);
  g_string_append (writer->out, ", for ");
  add_seconds (writer, process->since);
  g_string_append (writer->out, " s\n");
}

static void
write_owner_text (Writer *writer, const GmprocDescription *description)
{
  const GmprocCensusProcess *owner = find_owner (writer, description);
  g_autofree char *name = g_utf8_make_valid (owner != NULL ? owner->name : "a dead process", -1);

  g_string_append_printf (writer->out, "  held by %s, process %" G_GINT64_FORMAT ", for ", name,
                          description->owner_pid);
  add_seconds (writer, description->owner_since);
  g_string_append (writer->out, " s\n");
}

static void
write_waiter_text (Writer *writer, const GmprocCensusWaiter *waiter)
{
  const GmprocCensusProcess *process = get_process (writer, waiter->process);
  g_autofree char *name = g_utf8_make_valid (process->name, -1);

  g_string_append_printf (writer->out,
                          "  waited for by %s, process %" G_GINT64_FORMAT ", thread %u, for ", name,
                          process->pid, waiter->thread);
  add_seconds (writer, waiter->since);
  g_string_append (writer->out, " s\n");
}

static void
write_object_text (Writer *writer, const GmprocCensusObject *object)
{
  g_auto (GmprocDescription) description = { 0 };

  describe (object, &description);
  g_string_append_printf (writer->out, "\n%s ", find_kind (object->subject.kind)->name);
  add_id (writer, &object->subject);
  g_string_append_printf (writer->out, "%s%s\n", description.text->len > 0 ? ": " : "",
                          description.text->str);
  if (description.owner_pid != 0)
    write_owner_text (writer, &description);
  for (guint i = 0; i < object->waiters->len; i++)
    write_waiter_text (writer, &g_array_index (object->waiters, GmprocCensusWaiter, i));
  g_string_append (writer->out, "  shared by");
  for (guint i = 0; i < object->processes->len; i++)
    g_string_append_printf (writer->out, "%s %" G_GINT64_FORMAT, i > 0 ? "," : "",
                            get_process (writer, g_array_index (object->processes, guint, i))->pid);
  g_string_append (writer->out, "\n");
}

static void
write_text (Writer *writer)
{
  const GmprocCensus *census = writer->census;

  g_string_append_printf (writer->out, "%u processes, %u shared objects\n", census->processes->len,
                          census->objects->len);
  for (guint i = 0; i < census->processes->len; i++)
    write_process_text (writer, get_process (writer, i));
  for (guint i = 0; i < census->objects->len; i++)
    write_object_text (writer, g_ptr_array_index (census->objects, i));
}

/* -- JSON -------------------------------------------------------------------------------------- */

static void
add_string (Writer *writer, const char *string)
{
  g_autofree char *valid = g_utf8_make_valid (string, -1);

  g_string_append_c (writer->out, '"');
  for (const char *c = valid; *c != '\0'; c++)
    {
      if (*c == '"' || *c == '\\')
        g_string_append_printf (writer->out, "\\%c", *c);
      else if ((guchar) *c < ' ')
        g_string_append_printf (writer->out, "\\u%04x", (guchar) *c);
      else
        g_string_append_c (writer->out, *c);
    }
  g_string_append_c (writer->out, '"');
}

static void
write_process_json (Writer *writer, const GmprocCensusProcess *process)
{
  g_string_append_printf (writer->out, "{\"pid\": %" G_GINT64_FORMAT ", \"name\": ", process->pid);
  add_string (writer, process->name);
  if (process->parent_pid != 0)
    g_string_append_printf (writer->out, ", \"parent\": %" G_GINT64_FORMAT, process->parent_pid);
  g_string_append (writer->out, ", \"seconds\": ");
  add_seconds (writer, process->since);
  g_string_append_c (writer->out, '}');
}

static void
write_owner_json (Writer *writer, const GmprocDescription *description)
{
  const GmprocCensusProcess *owner = find_owner (writer, description);

  g_string_append_printf (writer->out, ", \"owner\": {\"pid\": %" G_GINT64_FORMAT ", ",
                          description->owner_pid);
  if (owner != NULL)
    {
      g_string_append (writer->out, "\"name\": ");
      add_string (writer, owner->name);
      g_string_append (writer->out, ", ");
    }
  g_string_append_printf (writer->out,
                          "\"alive\": %s, \"seconds\": ", owner != NULL ? "true" : "false");
  add_seconds (writer, description->owner_since);
  g_string_append_c (writer->out, '}');
}

static void
write_waiter_json (Writer *writer, const GmprocCensusWaiter *waiter)
{
  const GmprocCensusProcess *process = get_process (writer, waiter->process);

  g_string_append_printf (writer->out, "{\"pid\": %" G_GINT64_FORMAT ", \"name\": ", process->pid);
  add_string (writer, process->name);
  g_string_append_printf (writer->out, ", \"thread\": %u, \"seconds\": ", waiter->thread);
  add_seconds (writer, waiter->since);
  g_string_append_c (writer->out, '}');
}

static void
write_object_json (Writer *writer, const GmprocCensusObject *object)
{
  g_auto (GmprocDescription) description = { 0 };

  describe (object, &description);
  g_string_append_printf (writer->out, "{\"kind\": \"%s\", \"id\": \"",
                          find_kind (object->subject.kind)->name);
  add_id (writer, &object->subject);
  g_string_append_printf (writer->out, "\"%s%s", description.json->len > 0 ? ", " : "",
                          description.json->str);
  if (description.owner_pid != 0)
    write_owner_json (writer, &description);
  g_string_append (writer->out, ", \"waiters\": [");
  for (guint i = 0; i < object->waiters->len; i++)
    {
      g_string_append (writer->out, i > 0 ? ", " : "");
      write_waiter_json (writer, &g_array_index (object->waiters, GmprocCensusWaiter, i));
    }
  g_string_append (writer->out, "], \"processes\": [");
  for (guint i = 0; i < object->processes->len; i++)
    g_string_append_printf (writer->out, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "",
                            get_process (writer, g_array_index (object->processes, guint, i))->pid);
  g_string_append (writer->out, "]}");
}

static void
write_json (Writer *writer)
{
  const GmprocCensus *census = writer->census;

  g_string_append (writer->out, "{\n  \"processes\": [");
  for (guint i = 0; i < census->processes->len; i++)
    {
      g_string_append (writer->out, i > 0 ? ",\n    " : "\n    ");
      write_process_json (writer, get_process (writer, i));
    }
  g_string_append (writer->out, "\n  ],\n  \"objects\": [");
  for (guint i = 0; i < census->objects->len; i++)
    {
      g_string_append (writer->out, i > 0 ? ",\n    " : "\n    ");
      write_object_json (writer, g_ptr_array_index (census->objects, i));
    }
  g_string_append (writer->out, "\n  ]\n}\n");
}

/**
 * gmproc_dump_to_string:
 * @format: text or JSON
 *
 * The same as gmproc_dump(), as a string.
 *
 * Returns: (transfer full): what gmproc_dump() writes
 * Since: 1.0
 */
char *
gmproc_dump_to_string (GmprocDumpFormat format)
{
  g_autoptr (GmprocCensus) census = gmproc_census_take ();
  Writer writer = { .census = census, .now = g_get_monotonic_time (), .out = g_string_new (NULL) };

  if (format == GMPROC_DUMP_JSON)
    write_json (&writer);
  else
    write_text (&writer);
  return g_string_free (writer.out, FALSE);
}

/**
 * gmproc_dump:
 * @stream: where to write
 * @format: text or JSON
 * @cancellable: (nullable): to stop writing
 * @error: return location
 *
 * Writes which processes the family has (the main program and everything that was started from it),
 * and every object of theirs that has a state in shared memory, with its kind and its state, who
 * holds it since when, who waits for it since when, and which processes have it. For a program that
 * hangs, this says why.
 *
 * These are locks, semaphores, conditions, events, barriers, queues, values, shared memory, and
 * what the processes of a pool wake each other by. An array is listed as its memory and its lock.
 * Who waits in gmproc_wait(), by an asynchronous call or by a source is not shown as waiting. Not
 * listed are connections, whose state is the system's, shared memory where it was opened by a
 * name, and what was made before gmproc_init().
 *
 * No process is stopped or asked: it works while all the others hang, are stopped (SIGSTOP), or
 * hold locks, and from a thread of a program whose other threads hang. What changes in the meantime
 * may be shown before or after the change. A lock that a dead process holds is shown as held by it
 * until the next one takes the lock over.
 *
 * In JSON the object has `processes`, with `pid`, `name`, `parent` and `seconds` since the start,
 * and `objects`, with `kind`, `id`, what the kind has (`held`, `count`, `set`, `length`, …),
 * `owner` for a lock that is held, `waiters`, and the `processes` that have it. Times are in
 * seconds until now.
 *
 * Objects of a process whose memory the system does not show to this one have the kind `object`,
 * unless this process has them too.
 *
 * Errors: those of the stream.
 *
 * Returns: whether all was written
 * Since: 1.0
 */
gboolean
gmproc_dump (GOutputStream *stream, GmprocDumpFormat format, GCancellable *cancellable,
             GError **error)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (G_IS_OUTPUT_STREAM (stream), FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  text = gmproc_dump_to_string (format);
  return g_output_stream_write_all (stream, text, strlen (text), NULL, cancellable, error);
}
