/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "log.h"

#include <string.h>

#include "port/port.h"
#include "report.h"

#define NAME_FIELD "GMPROC_PROCESS_NAME"
#define PID_FIELD "GMPROC_PID"
#define OLD_API_FIELD "GLIB_OLD_LOG_API"

static gboolean shows_names;

/* Of a child that sends; set before its target can start a thread. */
static GLogLevelFlags least_level;
static char *own_name;
static char own_pid[24];

gboolean
gmproc_log_parse_level (const char *text, GLogLevelFlags *ret_level, GError **error)
{
  static const struct
  {
    const char *word;
    GLogLevelFlags level;
  } levels[] = {
    { "", 0 },
    { "error", G_LOG_LEVEL_ERROR },
    { "critical", G_LOG_LEVEL_CRITICAL },
    { "warning", G_LOG_LEVEL_WARNING },
    { "message", G_LOG_LEVEL_MESSAGE },
    { "info", G_LOG_LEVEL_INFO },
    { "debug", G_LOG_LEVEL_DEBUG },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++)
    if (g_strcmp0 (text != NULL ? text : "", levels[i].word) == 0)
      {
        *ret_level = levels[i].level;
        return TRUE;
      }

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s” is no log level; there are error, critical, warning, message, info and debug",
               text);
  return FALSE;
}

void
gmproc_log_show_names (void)
{
  shows_names = TRUE;
}

/* -- the child --------------------------------------------------------------------------------- */

static void
add_field (GVariantBuilder *builder, const char *key, gboolean is_text, gconstpointer value,
           gsize size)
{
  g_variant_builder_add (builder, "(sb@ay)", key, is_text,
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, size, 1));
}

static gboolean
has_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      return TRUE;
  return FALSE;
}

static GVariant *
record_new (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sbay)"));

  for (gsize i = 0; i < n_fields; i++)
    {
      gboolean is_text = fields[i].length < 0;
      gsize size = is_text ? strlen (fields[i].value) : (gsize) fields[i].length;

      /* A field of length 0 may hold a pointer that only this process knows what to do with. */
      if (size > 0 || is_text)
        add_field (&builder, fields[i].key, is_text, fields[i].value, size);
    }
  if (!has_field (fields, n_fields, NAME_FIELD))
    {
      add_field (&builder, NAME_FIELD, TRUE, own_name, strlen (own_name));
      add_field (&builder, PID_FIELD, TRUE, own_pid, strlen (own_pid));
    }
  return g_variant_new ("(u@a(sbay))", (guint32) (level & G_LOG_LEVEL_MASK),
                        g_variant_builder_end (&builder));
}

/* Levels are bits, the most important the lowest. Flags beside them do not count. */
static gboolean
is_important (GLogLevelFlags level)
{
  return (level & G_LOG_LEVEL_MASK) <= least_level;
}

static GLogWriterOutput
send_record (GLogLevelFlags level, const GLogField *fields, gsize n_fields,
             G_GNUC_UNUSED gpointer user_data)
{
  if (is_important (level)
      && gmproc_report_send (GMPROC_REPORT_LOG, record_new (level, fields, n_fields)))
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n_fields, NULL);
}

void
gmproc_log_send_to_parent (GLogLevelFlags level, const char *name)
{
  least_level = level;
  own_name = g_strdup (name);
  g_snprintf (own_pid, sizeof own_pid, "%" G_GINT64_FORMAT, gmproc_port_self_get_pid ());
  g_log_set_writer_func (send_record, NULL, NULL);
}

/* -- the parent -------------------------------------------------------------------------------- */

/* The fields of a record, with what they point at. */
typedef struct
{
  GArray *fields;
  GPtrArray *strings;
} Record;

static const char *
record_get_text (const Record *self, const char *key)
{
  for (guint i = 0; i < self->fields->len; i++)
    {
      const GLogField *field = &g_array_index (self->fields, GLogField, i);

      if (field->length < 0 && g_str_equal (field->key, key))
        return field->value;
    }
  return "";
}

static void
record_add (Record *self, const char *key, gconstpointer value, gssize length)
{
  GLogField field = { key, value, length };

  g_array_append_val (self->fields, field);
}

/* KEY points into the GVariant, VALUE into bytes that may lack the end of a text. */
static void
record_add_received (Record *self, const char *key, gboolean is_text, GVariant *value)
{
  gsize size;
  const char *data = g_variant_get_fixed_array (value, &size, 1);
  char *copy = g_malloc (size + 1);

  if (size > 0)
    memcpy (copy, data, size);
  copy[size] = '\0';
  g_ptr_array_add (self->strings, copy);
  record_add (self, key, copy, is_text ? -1 : (gssize) size);
}

static void
record_prefix_message (Record *self)
{
  for (guint i = 0; i < self->fields->len; i++)
    {
      GLogField *field = &g_array_index (self->fields, GLogField, i);
      char *text;

      if (field->length >= 0 || !g_str_equal (field->key, "MESSAGE"))
        continue;
      text = g_strdup_printf ("%s[%s]: %s", record_get_text (self, NAME_FIELD),
                              record_get_text (self, PID_FIELD), (const char *) field->value);
      g_ptr_array_add (self->strings, text);
      field->value = text;
    }
}

/* What is fatal in the child is not fatal here. An error is one for GLib by its level, anything
 * else by what the program or G_DEBUG asked for, which GLib does not look at for records that came
 * through its older functions. The field PRIORITY stays what it was. */
static GLogLevelFlags
record_make_harmless (Record *self, GLogLevelFlags level)
{
  const GLogField *fields = (const GLogField *) (gpointer) self->fields->data;

  if (!has_field (fields, self->fields->len, OLD_API_FIELD))
    record_add (self, OLD_API_FIELD, "1", -1);
  return (level & G_LOG_LEVEL_ERROR) != 0 ? (level & ~G_LOG_LEVEL_ERROR) | G_LOG_LEVEL_CRITICAL
                                          : level;
}

void
gmproc_log_deliver (GVariant *record)
{
  g_autoptr (GArray) fields = g_array_new (FALSE, FALSE, sizeof (GLogField));
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GVariantIter) iter = NULL;
  Record self = { fields, strings };
  GVariant *value;
  const char *key;
  gboolean is_text;
  guint32 level;

  if (!g_variant_is_of_type (record, G_VARIANT_TYPE (GMPROC_LOG_FORMAT)))
    return;

  g_variant_get (record, "(ua(sbay))", &level, &iter);
  while (g_variant_iter_next (iter, "(&sb@ay)", &key, &is_text, &value))
    {
      record_add_received (&self, key, is_text, value);
      g_variant_unref (value);
    }
  if (shows_names)
    record_prefix_message (&self);

  level = record_make_harmless (&self, level & G_LOG_LEVEL_MASK);
  g_log_structured_array (level, (const GLogField *) (gpointer) fields->data, fields->len);
}
