/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "registry.h"

#include "gmproc-error.h"

typedef void (*Address) (void);

typedef struct
{
  const char *name;
  Address address;
  Address other;       /* another thing of the same name, or NULL */
  gboolean is_useless; /* the name was given to several things */
  GType type;          /* of a process type that was registered without a function */

  GmprocTargetInfo target;     /* of a target */
  GmprocFunctionInfo function; /* of a function */
} Entry;

/* One for each kind of thing, all under the one mutex. */
typedef struct
{
  const char *kind;
  const char *how_to_define;
  GHashTable *entries; /* name → Entry, made with the first */
} Registry;

static GMutex mutex;
static Registry targets = { .kind = "target", .how_to_define = "GMPROC_DEFINE_TARGET()" };
static Registry types = { .kind = "process type", .how_to_define = "GMPROC_DEFINE_PROCESS_TYPE()" };
/* Names that were asked for before anything was registered as that: name → Entry. */
static GHashTable *wanted;

static Registry functions = { .kind = "function", .how_to_define = "GMPROC_DEFINE_FUNCTION()" };

/* An address that nothing else has, for what has no function of its own. */
static Address
make_address (const Entry *entry)
{
  return (Address) (guintptr) entry;
}

/* Takes the entry, which is complete but for its name; FALSE if there is another one of that name.
 */
static gboolean
registry_add (Registry *registry, const char *name, Entry *entry)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  Entry *known;

  if (registry->entries == NULL)
    registry->entries = g_hash_table_new (g_str_hash, g_str_equal);

  known = g_hash_table_lookup (registry->entries, name);
  if (known == NULL)
    {
      entry->name = entry->target.name = entry->function.name = g_strdup (name);
      g_hash_table_insert (registry->entries, (gpointer) entry->name, entry);
      return TRUE;
    }

  if (known->address != entry->address)
    {
      known->other = entry->address;
      known->is_useless = TRUE;
    }
  g_free ((gpointer) entry->function.in_type);
  g_free ((gpointer) entry->function.out_type);
  g_free (entry);
  return FALSE;
}

static const Entry *
registry_check (const Registry *registry, const Entry *entry, GError **error)
{
  if (!entry->is_useless)
    return entry;

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED,
               "Two different %ss are registered as “%s”; give one of them another name",
               registry->kind, entry->name);
  return NULL;
}

static const Entry *
registry_find (const Registry *registry, const char *name, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  const Entry *entry = NULL;

  if (registry->entries != NULL)
    entry = g_hash_table_lookup (registry->entries, name);
  if (entry != NULL)
    return registry_check (registry, entry, error);

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED,
               "No %s is registered as “%s” in this program; define it with %s", registry->kind,
               name, registry->how_to_define);
  return NULL;
}

/* There are few entries and this runs once per start, so a walk will do. */
static const Entry *
registry_find_address (const Registry *registry, Address address, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = NULL;

  if (address == NULL)
    {
      g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED,
                   "There is no %s; define one with %s", registry->kind, registry->how_to_define);
      return NULL;
    }

  locker = g_mutex_locker_new (&mutex);
  if (registry->entries != NULL)
    {
      GHashTableIter iter;
      gpointer value;

      g_hash_table_iter_init (&iter, registry->entries);
      while (g_hash_table_iter_next (&iter, NULL, &value))
        {
          const Entry *entry = value;

          if (entry->address == address || entry->other == address)
            return registry_check (registry, entry, error);
        }
    }

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED,
               "The %s at address 0x%" G_GINTPTR_MODIFIER "x was never registered; define it "
               "with %s",
               registry->kind, (guintptr) address, registry->how_to_define);
  return NULL;
}

void
gmproc_registry_add_target (const char *name, GmprocTarget target)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->address = (Address) target;
  entry->target.target = target;
  (void) registry_add (&targets, name, entry);
}

void
gmproc_registry_add_target_callback (const char *name, GmprocTargetCallback callback,
                                     gpointer user_data, GDestroyNotify destroy)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->address = make_address (entry);
  entry->target.target = (GmprocTarget) entry->address;
  entry->target.callback = callback;
  entry->target.user_data = user_data;
  if (!registry_add (&targets, name, entry) && destroy != NULL)
    destroy (user_data);
}

void
gmproc_registry_add_type (const char *name, GmprocGetType get_type)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->address = (Address) get_type;
  (void) registry_add (&types, name, entry);
}

void
gmproc_registry_add_gtype (GType type)
{
  Entry *entry = g_new0 (Entry, 1);

  /* The same type may be registered again; a name of the type system has one type. */
  entry->address = (Address) type;
  entry->type = type;
  (void) registry_add (&types, g_type_name (type), entry);
}

static Entry *
make_function (const char *in_type, const char *out_type)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->function.in_type = g_variant_type_new (in_type);
  entry->function.out_type = g_variant_type_new (out_type);
  return entry;
}

void
gmproc_registry_add_function (const char *name, const char *in_type, const char *out_type,
                              GmprocFunction function)
{
  Entry *entry = make_function (in_type, out_type);

  entry->address = (Address) function;
  entry->function.function = function;
  (void) registry_add (&functions, name, entry);
}

void
gmproc_registry_add_function_callback (const char *name, const char *in_type, const char *out_type,
                                       GmprocFunctionCallback callback, gpointer user_data,
                                       GDestroyNotify destroy)
{
  Entry *entry = make_function (in_type, out_type);

  entry->address = make_address (entry);
  entry->function.function = (GmprocFunction) entry->address;
  entry->function.callback = callback;
  entry->function.user_data = user_data;
  if (!registry_add (&functions, name, entry) && destroy != NULL)
    destroy (user_data);
}

GmprocFunction
gmproc_registry_get_function (const char *name)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  Entry *entry = NULL;

  if (functions.entries != NULL)
    entry = g_hash_table_lookup (functions.entries, name);
  if (entry != NULL)
    return entry->function.function;

  if (wanted == NULL)
    wanted = g_hash_table_new (g_str_hash, g_str_equal);
  entry = g_hash_table_lookup (wanted, name);
  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->name = g_strdup (name);
      g_hash_table_insert (wanted, (gpointer) entry->name, entry);
    }
  return (GmprocFunction) make_address (entry);
}

const char *
gmproc_registry_name_target (GmprocTarget target, GError **error)
{
  const Entry *entry = registry_find_address (&targets, (Address) target, error);

  return entry != NULL ? entry->name : NULL;
}

const char *
gmproc_registry_name_type (GType type, GError **error)
{
  const Entry *entry = registry_find (&types, g_type_name (type), error);

  return entry != NULL ? entry->name : NULL;
}

/* The name for which gmproc_registry_get_function() made this address up, or NULL. */
static const char *
find_wanted (GmprocFunction function)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  GHashTableIter iter;
  gpointer value;

  if (wanted == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, wanted);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if ((GmprocFunction) make_address (value) == function)
      return ((Entry *) value)->name;
  return NULL;
}

const GmprocFunctionInfo *
gmproc_registry_describe_function (GmprocFunction function, GError **error)
{
  const char *name = find_wanted (function);
  const Entry *entry = name != NULL ? registry_find (&functions, name, error)
                                    : registry_find_address (&functions, (Address) function, error);

  return entry != NULL ? &entry->function : NULL;
}

const GmprocTargetInfo *
gmproc_registry_find_target (const char *name, GError **error)
{
  const Entry *entry = registry_find (&targets, name, error);

  return entry != NULL ? &entry->target : NULL;
}

GType
gmproc_registry_find_type (const char *name, GError **error)
{
  const Entry *entry = registry_find (&types, name, error);

  if (entry == NULL)
    return G_TYPE_INVALID;
  return entry->type != 0 ? entry->type : ((GmprocGetType) entry->address) ();
}

const GmprocFunctionInfo *
gmproc_registry_find_function (const char *name, GError **error)
{
  const Entry *entry = registry_find (&functions, name, error);

  return entry != NULL ? &entry->function : NULL;
}

int
gmproc_target_info_run (const GmprocTargetInfo *self, GVariant *args, GError **error)
{
  if (self->callback != NULL)
    return self->callback (args, self->user_data, error);
  return self->target (args);
}

GVariant *
gmproc_function_info_run (const GmprocFunctionInfo *self, GVariant *item, GError **error)
{
  if (self->callback != NULL)
    return self->callback (item, self->user_data, error);
  return self->function (item, error);
}
