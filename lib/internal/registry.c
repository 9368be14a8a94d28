/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "registry.h"

#include "gmproc-error.h"

typedef void (*Address) (void);

typedef struct
{
  GmprocFunctionInfo info; /* the types are set for functions only */
  Address address;
  Address other; /* another thing of the same name, which makes the name useless; or NULL */
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
static Registry functions = { .kind = "function", .how_to_define = "GMPROC_DEFINE_FUNCTION()" };

/* The whole entry is made before others can find it. */
static void
registry_add (Registry *registry, const char *name, Address address, const char *in_type,
              const char *out_type)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&mutex);
  Entry *entry;

  if (registry->entries == NULL)
    registry->entries = g_hash_table_new (g_str_hash, g_str_equal);

  entry = g_hash_table_lookup (registry->entries, name);
  if (entry != NULL)
    {
      if (entry->address != address)
        entry->other = address;
      return;
    }

  entry = g_new0 (Entry, 1);
  entry->info.name = g_strdup (name);
  entry->info.in_type = in_type != NULL ? g_variant_type_new (in_type) : NULL;
  entry->info.out_type = out_type != NULL ? g_variant_type_new (out_type) : NULL;
  entry->info.function = (GmprocFunction) address;
  entry->address = address;
  g_hash_table_insert (registry->entries, (gpointer) entry->info.name, entry);
}

static const Entry *
registry_check (const Registry *registry, const Entry *entry, GError **error)
{
  if (entry->other == NULL)
    return entry;

  g_set_error (error, GMPROC_ERROR, GMPROC_ERROR_NOT_REGISTERED,
               "Two different %ss are registered as “%s”; give one of them another name",
               registry->kind, entry->info.name);
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
  registry_add (&targets, name, (Address) target, NULL, NULL);
}

void
gmproc_registry_add_type (const char *name, GmprocGetType get_type)
{
  registry_add (&types, name, (Address) get_type, NULL, NULL);
}

void
gmproc_registry_add_function (const char *name, const char *in_type, const char *out_type,
                              GmprocFunction function)
{
  registry_add (&functions, name, (Address) function, in_type, out_type);
}

const char *
gmproc_registry_name_target (GmprocTarget target, GError **error)
{
  const Entry *entry = registry_find_address (&targets, (Address) target, error);

  return entry != NULL ? entry->info.name : NULL;
}

const char *
gmproc_registry_name_type (GType type, GError **error)
{
  const Entry *entry = registry_find (&types, g_type_name (type), error);

  return entry != NULL ? entry->info.name : NULL;
}

const GmprocFunctionInfo *
gmproc_registry_describe_function (GmprocFunction function, GError **error)
{
  const Entry *entry = registry_find_address (&functions, (Address) function, error);

  return entry != NULL ? &entry->info : NULL;
}

GmprocTarget
gmproc_registry_find_target (const char *name, GError **error)
{
  const Entry *entry = registry_find (&targets, name, error);

  return entry != NULL ? (GmprocTarget) entry->address : NULL;
}

GType
gmproc_registry_find_type (const char *name, GError **error)
{
  const Entry *entry = registry_find (&types, name, error);

  return entry != NULL ? ((GmprocGetType) entry->address) () : G_TYPE_INVALID;
}

const GmprocFunctionInfo *
gmproc_registry_find_function (const char *name, GError **error)
{
  const Entry *entry = registry_find (&functions, name, error);

  return entry != NULL ? &entry->info : NULL;
}
