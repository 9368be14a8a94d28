/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * The open handles are found by asking for each number, because the system has no list of them.
 * Those that count are of the kinds that the library makes and passes on. A thread of GIO's, which
 * runs in every program for a while after its start, opens keys of the registry, events, and pipes
 * to services of the system.
 *
 * The children are those in a job of this process's: the parent that the system notes for a child
 * is a helper of GLib's, which has ended by then. The process of Wine's that keeps the desktop is
 * started by whoever needs the desktop first and finds none, and that may be the thread of GIO's.
 * It runs for as long as somebody uses the desktop, so this process does, from before it is in
 * the job.
 */
#include "config.h"

#include "leaks.h"

#include <fcntl.h>
#include <io.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

#define STEP 4     /* between the numbers of two handles */
#define GAP 0x1000 /* the largest between the numbers of two open handles */
#define MAX_CHILDREN 1024
#define OBJECT_NAME_INFORMATION_CLASS 1
#define PATIENCE (5 * G_TIME_SPAN_SECOND)

struct GmprocTestLeaks
{
  GHashTable *handles; /* number -> what it refers to */
  GHashTable *children;
};

/* An answer of NtQueryObject(); the text lies behind it. */
typedef struct
{
  UNICODE_STRING text;
  char space[2048];
} ObjectInformation;

typedef union
{
  FILE_NAME_INFO info;
  char space[1024];
} PipeName;

typedef NTSTATUS (NTAPI *QueryObject) (HANDLE handle, int what, void *buffer, ULONG size,
                                       ULONG *ret_size);

static HANDLE
get_job (void)
{
  static HANDLE job;

  if (job == NULL)
    {
      (void) GetDesktopWindow ();
      job = CreateJobObjectW (NULL, NULL);
      g_assert_nonnull (job);
      g_assert_true (AssignProcessToJobObject (job, GetCurrentProcess ()));
    }
  return job;
}

static NTSTATUS
query_object (HANDLE handle, int what, ObjectInformation *information)
{
  static QueryObject query;

  if (query == NULL)
    query = (QueryObject) (void (*) (void)) GetProcAddress (GetModuleHandleW (L"ntdll.dll"),
                                                            "NtQueryObject");
  g_assert_nonnull (query);
  memset (information, 0, sizeof *information);
  return query (handle, what, information, sizeof *information, NULL);
}

/* A pipe of the library's, or one of the C library's, which has a name too. */
static gboolean
is_our_pipe (HANDLE handle)
{
  PipeName pipe = { 0 };
  g_autofree char *name = NULL;

  if (GetFileType (handle) != FILE_TYPE_PIPE
      || !GetFileInformationByHandleEx (handle, FileNameInfo, &pipe, sizeof pipe))
    return FALSE;
  name = g_utf16_to_utf8 ((const gunichar2 *) pipe.info.FileName,
                          pipe.info.FileNameLength / (glong) sizeof (gunichar2), NULL, NULL, NULL);
  return name != NULL && (strstr (name, "gmproc-") != NULL || strstr (name, "Win32Pipes") != NULL);
}

/* What HANDLE is; NULL for something that does not count. What the library makes has no name. */
static char *
describe (HANDLE handle)
{
  static const char *const counted[] = { "Mutant", "Process", "Section", NULL };
  ObjectInformation information;
  g_autofree char *type = NULL;

  if (query_object (handle, ObjectTypeInformation, &information) < 0)
    return NULL; /* it was closed in the meantime */
  type = g_utf16_to_utf8 ((const gunichar2 *) information.text.Buffer,
                          information.text.Length / (glong) sizeof (gunichar2), NULL, NULL, NULL);
  if (g_strcmp0 (type, "File") == 0)
    return is_our_pipe (handle) ? g_strdup ("a pipe") : NULL;
  if (!g_strv_contains (counted, type)
      || query_object (handle, OBJECT_NAME_INFORMATION_CLASS, &information) < 0
      || information.text.Length > 0)
    return NULL;
  return g_steal_pointer (&type);
}

static GHashTable *
list_handles (void)
{
  GHashTable *handles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  gintptr end = GAP;
  DWORD flags;

  for (gintptr number = STEP; number < end; number += STEP)
    if (GetHandleInformation ((HANDLE) number, &flags))
      {
        char *what = describe ((HANDLE) number);

        end = number + GAP;
        if (what != NULL)
          g_hash_table_insert (
              handles, g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", (gint64) number), what);
      }
  return handles;
}

static GHashTable *
list_children (void)
{
  GHashTable *children = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gsize size = sizeof (JOBOBJECT_BASIC_PROCESS_ID_LIST) + MAX_CHILDREN * sizeof (ULONG_PTR);
  g_autofree JOBOBJECT_BASIC_PROCESS_ID_LIST *list = g_malloc0 (size);

  g_assert_true (QueryInformationJobObject (get_job (), JobObjectBasicProcessIdList, list,
                                            (DWORD) size, NULL));
  for (DWORD i = 0; i < list->NumberOfProcessIdsInList; i++)
    if (list->ProcessIdList[i] != GetCurrentProcessId ())
      g_hash_table_add (children, g_strdup_printf ("%u", (guint) list->ProcessIdList[i]));
  return children;
}

GmprocTestLeaks *
gmproc_test_leaks_snapshot (void)
{
  GmprocTestLeaks *leaks = g_new (GmprocTestLeaks, 1);

  leaks->children = list_children ();
  leaks->handles = list_handles ();
  return leaks;
}

void
gmproc_test_leaks_free (GmprocTestLeaks *leaks)
{
  g_hash_table_unref (leaks->handles);
  g_hash_table_unref (leaks->children);
  g_free (leaks);
}

guint
gmproc_test_leaks_count_handles (GmprocTestLeaks *leaks)
{
  return g_hash_table_size (leaks->handles);
}

static guint n_forgiven;

void
gmproc_test_leaks_forgive_process (void)
{
  n_forgiven++;
}

static char *
compare_once (GmprocTestLeaks *before)
{
  GmprocTestLeaks *now = gmproc_test_leaks_snapshot ();
  g_autoptr (GString) text = g_string_new (NULL);
  guint n_left = n_forgiven;
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, now->handles);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (g_strcmp0 (value, g_hash_table_lookup (before->handles, key)) != 0
        && (n_left == 0 || strcmp (value, "Process") != 0 || n_left-- == 0))
      g_string_append_printf (text, "handle %s is %s; ", (char *) key, (char *) value);
  g_hash_table_iter_init (&iter, now->children);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (!g_hash_table_contains (before->children, key))
      g_string_append_printf (text, "child %s; ", (char *) key);

  gmproc_test_leaks_free (now);
  return text->len > 0 ? g_strdup (text->str) : NULL;
}

/* A thread of GLib's closes its handle of a child only after it has told of the child's end, and
 * the job has the children's children too, which nobody here waits for. Neither tells when it is
 * through, so this looks again until there is nothing left, or too long. */
char *
gmproc_test_leaks_compare (GmprocTestLeaks *before)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  char *leaked;

  while ((leaked = compare_once (before)) != NULL && g_get_monotonic_time () < deadline)
    {
      g_free (leaked);
      g_thread_yield ();
    }
  return leaked;
}

/* A descriptor of the C library is inherited unless it is marked. A handle that was made without
 * the C library is not, unless that was asked for. */
int
gmproc_test_leaks_open_inheritable (void)
{
  int fds[2];

  g_assert_cmpint (_pipe (fds, 1, _O_BINARY), ==, 0);
  g_assert_cmpint (_close (fds[1]), ==, 0);
  return fds[0];
}

void
gmproc_test_leaks_close_inheritable (int fd)
{
  g_assert_cmpint (_close (fd), ==, 0);
}

/* CloseHandle() takes every kind. closesocket() does not know a socket that was not made by the
 * library of sockets in this process. */
void
gmproc_test_leaks_close_stolen (gintptr descriptor)
{
  g_assert_true (CloseHandle ((HANDLE) descriptor));
}
