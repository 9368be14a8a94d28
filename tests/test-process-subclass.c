/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Subclasses of GmprocProcess: their own run(), and the properties that they carry to the child.
 */
#include <gmproc.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kin.h"
#include "support.h"

/* -- a class with a property of each kind ------------------------------------------------------ */

/* Values live in an array of GValue, so that the class need not be told what each one is. */
enum
{
  PROP_FLAG = 1,
  PROP_CHAR,
  PROP_BYTE,
  PROP_INT,
  PROP_UINT,
  PROP_INT64,
  PROP_UINT64,
  PROP_FLOAT,
  PROP_DOUBLE,
  PROP_KIND,
  PROP_OPTIONS,
  PROP_TEXT,
  PROP_WORDS,
  PROP_VALUE,
  PROP_PEER,
  PROP_STAYS,
  N_PROPS
};

#define TEST_TYPE_CARRIER (test_carrier_get_type ())
GType test_carrier_get_type (void);

typedef struct
{
  GmprocProcess parent_instance;
  GValue values[N_PROPS];
} TestCarrier;

typedef GmprocProcessClass TestCarrierClass;

GMPROC_DEFINE_PROCESS_TYPE (TestCarrier, test_carrier)

static void
test_carrier_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  TestCarrier *self = (TestCarrier *) object;

  /* A getter may look at its object, also while it is being started. */
  g_assert_cmpint (gmproc_process_get_exit_code (GMPROC_PROCESS (self)), ==, G_MININT);
  if (G_IS_VALUE (&self->values[id]))
    g_value_copy (&self->values[id], value);
  else
    g_param_value_set_default (pspec, value);
}

static void
test_carrier_set_property (GObject *object, guint id, const GValue *value,
                           GParamSpec *pspec G_GNUC_UNUSED)
{
  TestCarrier *self = (TestCarrier *) object;

  if (!G_IS_VALUE (&self->values[id]))
    g_value_init (&self->values[id], G_VALUE_TYPE (value));
  g_value_copy (value, &self->values[id]);
}

static void
test_carrier_finalize (GObject *object)
{
  TestCarrier *self = (TestCarrier *) object;

  for (int i = 1; i < N_PROPS; i++)
    if (G_IS_VALUE (&self->values[i]))
      g_value_unset (&self->values[i]);
  G_OBJECT_CLASS (test_carrier_parent_class)->finalize (object);
}

/* What the parent set, by name; in the child the same has to be found. */
static void
check_numbers (TestCarrier *self)
{
  g_assert_true (g_value_get_boolean (&self->values[PROP_FLAG]));
  g_assert_cmpint (g_value_get_schar (&self->values[PROP_CHAR]), ==, -128);
  g_assert_cmpuint (g_value_get_uchar (&self->values[PROP_BYTE]), ==, 255);
  g_assert_cmpint (g_value_get_int (&self->values[PROP_INT]), ==, G_MININT);
  g_assert_cmpuint (g_value_get_uint (&self->values[PROP_UINT]), ==, G_MAXUINT);
  g_assert_cmpint (g_value_get_int64 (&self->values[PROP_INT64]), ==, G_MININT64);
  g_assert_cmpuint (g_value_get_uint64 (&self->values[PROP_UINT64]), ==, G_MAXUINT64);
  g_assert_cmpfloat (g_value_get_float (&self->values[PROP_FLOAT]), ==, 0.1f);
  g_assert_true (isinf (g_value_get_double (&self->values[PROP_DOUBLE])));
  g_assert_cmpint (g_value_get_enum (&self->values[PROP_KIND]), ==, G_FILE_TYPE_SPECIAL);
  g_assert_cmpuint (g_value_get_flags (&self->values[PROP_OPTIONS]), ==,
                    G_CONVERTER_INPUT_AT_END | G_CONVERTER_FLUSH);
}

/* A child of which the parent set nothing. */
static int
check_empty (TestCarrier *self)
{
  g_assert_null (g_value_get_object (&self->values[PROP_PEER]));
  g_assert_null (g_value_get_boxed (&self->values[PROP_WORDS]));
  g_assert_null (g_value_get_variant (&self->values[PROP_VALUE]));
  g_assert_cmpint (g_value_get_int (&self->values[PROP_INT]), ==, 0);
  return 7;
}

static int
test_carrier_run (GmprocProcess *process, GError **error)
{
  static const char *const words[] = { "", "a word", NULL };
  TestCarrier *self = (TestCarrier *) process;
  GmprocConnection *peer = g_value_get_object (&self->values[PROP_PEER]);
  g_autoptr (GVariant) question = NULL;

  if (g_value_get_string (&self->values[PROP_TEXT]) == NULL)
    return check_empty (self);
  check_numbers (self);
  g_assert_cmpstr (g_value_get_string (&self->values[PROP_TEXT]), ==, "Tür");
  g_assert_cmpstrv (g_value_get_boxed (&self->values[PROP_WORDS]), words);
  g_assert_cmpint (g_variant_get_int32 (g_value_get_variant (&self->values[PROP_VALUE])), ==, 9);
  g_assert_false (G_IS_VALUE (&self->values[PROP_STAYS]));
  g_assert_true (process == gmproc_process_get_current ());

  question = gmproc_connection_receive (peer, BOUND, NULL, error);
  if (question == NULL
      || !gmproc_connection_send (peer, g_variant_new_int32 (2 * g_variant_get_int32 (question)),
                                  NULL, error))
    return EXIT_FAILURE;
  return 6;
}

static void
install_numbers (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

#define INSTALL(id, name, ...)                \
  g_object_class_install_property (klass, id, \
                                   g_param_spec_##name (#name, NULL, NULL, __VA_ARGS__, flags))
  INSTALL (PROP_FLAG, boolean, FALSE);
  INSTALL (PROP_CHAR, char, G_MININT8, G_MAXINT8, 0);
  INSTALL (PROP_BYTE, uchar, 0, G_MAXUINT8, 0);
  INSTALL (PROP_INT, int, G_MININT, G_MAXINT, 0);
  INSTALL (PROP_UINT, uint, 0, G_MAXUINT, 0);
  INSTALL (PROP_INT64, int64, G_MININT64, G_MAXINT64, 0);
  INSTALL (PROP_UINT64, uint64, 0, G_MAXUINT64, 0);
  INSTALL (PROP_FLOAT, float, -G_MAXFLOAT, G_MAXFLOAT, 0);
  INSTALL (PROP_DOUBLE, double, -INFINITY, INFINITY, 0);
  INSTALL (PROP_KIND, enum, G_TYPE_FILE_TYPE, G_FILE_TYPE_UNKNOWN);
  INSTALL (PROP_OPTIONS, flags, G_TYPE_CONVERTER_FLAGS, 0);
  INSTALL (PROP_TEXT, string, NULL);
  INSTALL (PROP_WORDS, boxed, G_TYPE_STRV);
  INSTALL (PROP_VALUE, variant, G_VARIANT_TYPE_ANY, NULL);
  INSTALL (PROP_PEER, object, G_TYPE_OBJECT);
#undef INSTALL
}

static void
test_carrier_class_init (TestCarrierClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = test_carrier_get_property;
  object_class->set_property = test_carrier_set_property;
  object_class->finalize = test_carrier_finalize;
  klass->run = test_carrier_run;
  install_numbers (object_class);
  /* Nobody could set it in the child, so it does not go there. */
  g_object_class_install_property (
      object_class, PROP_STAYS,
      g_param_spec_pointer ("stays", NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
test_carrier_init (TestCarrier *self G_GNUC_UNUSED)
{
}

/* -- classes that end in other ways ------------------------------------------------------------ */

#define TEST_TYPE_FAILURE (test_failure_get_type ())
GType test_failure_get_type (void);

typedef GmprocProcess TestFailure;
typedef GmprocProcessClass TestFailureClass;

GMPROC_DEFINE_PROCESS_TYPE (TestFailure, test_failure)

static int
test_failure_run (GmprocProcess *self G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the reason why it failed");
  return 0; /* the error counts */
}

static void
test_failure_class_init (TestFailureClass *klass)
{
  klass->run = test_failure_run;
}

static void
test_failure_init (TestFailure *self G_GNUC_UNUSED)
{
}

#define TEST_TYPE_EMPTY (test_empty_get_type ())
GType test_empty_get_type (void);

typedef GmprocProcess TestEmpty;
typedef GmprocProcessClass TestEmptyClass;

/* Has neither a target nor a run(). */
GMPROC_DEFINE_PROCESS_TYPE (TestEmpty, test_empty)

static void
test_empty_class_init (TestEmptyClass *klass G_GNUC_UNUSED)
{
}

static void
test_empty_init (TestEmpty *self G_GNUC_UNUSED)
{
}

#define TEST_TYPE_UNKNOWN (test_unknown_get_type ())
GType test_unknown_get_type (void);

typedef GmprocProcess TestUnknown;
typedef GmprocProcessClass TestUnknownClass;

/* Made without the macro, so no child would find it. */
G_DEFINE_TYPE (TestUnknown, test_unknown, GMPROC_TYPE_PROCESS)

static void
test_unknown_class_init (TestUnknownClass *klass)
{
  klass->run = test_failure_run;
}

static void
test_unknown_init (TestUnknown *self G_GNUC_UNUSED)
{
}

/* -- tests ------------------------------------------------------------------------------------- */

static GmprocProcess *
new_carrier (GObject *peer)
{
  static const char *const words[] = { "", "a word", NULL };

  return g_object_new (TEST_TYPE_CARRIER, "boolean", TRUE, "char", -128, "uchar", 255, "int",
                       G_MININT, "uint", G_MAXUINT, "int64", G_MININT64, "uint64", G_MAXUINT64,
                       "float", 0.1f, "double", INFINITY, "enum", G_FILE_TYPE_SPECIAL, "flags",
                       G_CONVERTER_INPUT_AT_END | G_CONVERTER_FLUSH, "string", "Tür", "boxed",
                       words, "variant", g_variant_new_int32 (9), "object", peer, NULL);
}

/* PR-23: its own run(), its own state, and a pipe that works both ways. */
static void
test_subclass (void)
{
  g_autoptr (GmprocConnection) own = NULL;
  g_autoptr (GmprocConnection) given = NULL;
  g_autoptr (GmprocProcess) process = NULL;
  g_autoptr (GVariant) answer = NULL;

  g_assert_true (gmproc_pipe_new (TRUE, &own, &given, NULL));
  process = new_carrier (G_OBJECT (given));
  g_assert_true (g_str_has_prefix (gmproc_process_get_name (process), "TestCarrier-"));
  start (process);
  g_assert_true (gmproc_connection_send (own, g_variant_new_int32 (21), NULL, NULL));
  answer = gmproc_connection_receive (own, BOUND, NULL, NULL);
  g_assert_nonnull (answer);
  g_assert_cmpint (g_variant_get_int32 (answer), ==, 42);
  join (process, 6);
}

static void
test_nothing_set (void)
{
  g_autoptr (GmprocProcess) process = g_object_new (TEST_TYPE_CARRIER, NULL);

  start (process);
  join (process, 7);
}

static void
assert_start_fails (GmprocProcess *process, int code, const char *named)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gmproc_process_start (process, &error));
  g_assert_error (error, GMPROC_ERROR, code);
  g_assert_nonnull (strstr (error->message, named));
  g_assert_null (gmproc_list_children ());
}

/* A property that has no meaning elsewhere is refused with its name, before anything starts. */
static void
test_property_that_cannot_travel (void)
{
  static const char *const words[] = { "fine", "\xff", NULL };
  g_autoptr (GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GmprocProcess) process = new_carrier (object);

  assert_start_fails (process, GMPROC_ERROR_BAD_TYPE, "“object”");
  g_object_set (process, "object", NULL, "string", "no UTF-8: \xff", NULL);
  assert_start_fails (process, GMPROC_ERROR_BAD_TYPE, "“string”");
  g_object_set (process, "string", NULL, "boxed", words, NULL);
  assert_start_fails (process, GMPROC_ERROR_BAD_TYPE, "“boxed”");
}

static void
test_unknown_type (void)
{
  g_autoptr (GmprocProcess) process = g_object_new (TEST_TYPE_UNKNOWN, NULL);

  assert_start_fails (process, GMPROC_ERROR_NOT_REGISTERED, "TestUnknown");
}

/* Nothing to run is told to the one who starts, not by the child. */
static void
test_nothing_to_run (void)
{
  g_autoptr (GmprocProcess) plain = gmproc_process_new (NULL, NULL);
  g_autoptr (GmprocProcess) empty = g_object_new (TEST_TYPE_EMPTY, NULL);

  assert_start_fails (plain, GMPROC_ERROR_NOT_REGISTERED, "target");
  assert_start_fails (empty, GMPROC_ERROR_NOT_REGISTERED, "target");
}

/* PR-24, PR-25: an error of run() is exit status 1, and its message is on standard error. */
static void
test_error (void)
{
  g_autoptr (GmprocProcess) process = NULL;

  if (!g_test_subprocess ())
    {
      gmproc_test_trap ();
      g_test_trap_assert_passed ();
      g_test_trap_assert_stderr ("*the one that fails: the reason why it failed*");
      return;
    }
  process = g_object_new (TEST_TYPE_FAILURE, "name", "the one that fails", NULL);
  start (process);
  join (process, EXIT_FAILURE);
}

/* The default name does not get in the way of one that was given, and daemon is a property. */
static void
test_construction (void)
{
  g_autoptr (GmprocProcess) process = g_object_new (TEST_TYPE_EMPTY, "name", "given", "daemon",
                                                    TRUE, "args", g_variant_new_int32 (1), NULL);

  g_assert_cmpstr (gmproc_process_get_name (process), ==, "given");
  g_assert_true (gmproc_process_get_daemon (process));
  g_assert_cmpint (g_variant_get_int32 (gmproc_process_get_args (process)), ==, 1);
}

int
main (int argc, char **argv)
{
  gmproc_init (&argc, &argv);
  gmproc_test_init (&argc, &argv);
  gmproc_test_set_warm_up (warm_up);
  gmproc_test_add ("/subclass/state", test_subclass);
  gmproc_test_add ("/subclass/nothing-set", test_nothing_set);
  gmproc_test_add ("/subclass/cannot-travel", test_property_that_cannot_travel);
  gmproc_test_add ("/subclass/unknown", test_unknown_type);
  gmproc_test_add ("/subclass/nothing", test_nothing_to_run);
  gmproc_test_add ("/subclass/error", test_error);
  gmproc_test_add ("/subclass/construction", test_construction);
  return g_test_run ();
}
