/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * A name is that of a small section, the card. It says which process has the block, and by which
 * handle; who looks it up copies that handle out of the process. Only the publisher keeps the card
 * open, so it goes with the publisher, while a name of the block itself would stay until the last
 * one who uses it is gone. The name is good in the user's session, and only that user may open it.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "presence-win32.h"
#include "security-win32.h"

#include <stdio.h>
#include <string.h>

#define MAGIC G_GUINT64_CONSTANT (0x676d70726f630201) /* "gmproc", a card, layout 1 */
#define PREFIX L"Local\\gmproc-memory-"
#define NAME_LENGTH (G_N_ELEMENTS (PREFIX) + GMPROC_PORT_NAME_MAX)

typedef struct
{
  guint64 magic; /* atomic; written last */
  guint64 process;
  guint64 birth; /* tells the process from a later one with the same number */
  guint64 handle;
  guint64 note;
} Card;

struct GmprocPortName
{
  HANDLE section;
  gintptr handle; /* a copy */
};

static gboolean
make_name (const char *name, wchar_t *ret_name, GError **error)
{
  g_autofree gunichar2 *wide = g_utf8_to_utf16 (name, -1, NULL, NULL, error);

  if (wide == NULL)
    return FALSE;
  (void) swprintf (ret_name, NAME_LENGTH, L"%ls%ls", PREFIX, (const wchar_t *) wide);
  return TRUE;
}

/* -- publishing -------------------------------------------------------------------------------- */

static HANDLE
create_section (const wchar_t *name, GError **error)
{
  SECURITY_ATTRIBUTES attributes = { sizeof attributes, NULL, FALSE };
  HANDLE section;
  DWORD code;

  attributes.lpSecurityDescriptor = gmproc_port_security_new_owner_only (error);
  if (attributes.lpSecurityDescriptor == NULL)
    return NULL;
  section = CreateFileMappingW (INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, sizeof (Card),
                                name);
  code = GetLastError ();
  (void) LocalFree (attributes.lpSecurityDescriptor);

  if (section != NULL && code != ERROR_ALREADY_EXISTS)
    return section;
  /* Access is denied where it is another user's, an invalid handle is another kind of object. */
  if (section != NULL || code == ERROR_ACCESS_DENIED || code == ERROR_INVALID_HANDLE)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                         "CreateFileMapping: the name is taken");
  else
    gmproc_port_set_error (error, (int) code, "CreateFileMapping");
  if (section != NULL)
    (void) CloseHandle (section);
  return NULL;
}

static gboolean
fill_card (const GmprocPortName *self, guint64 note, GError **error)
{
  Card *card = MapViewOfFile (self->section, FILE_MAP_WRITE, 0, 0, sizeof *card);

  if (card == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "MapViewOfFile");
      return FALSE;
    }
  card->process = GetCurrentProcessId ();
  card->birth = gmproc_port_presence_read_birth (GetCurrentProcess ());
  card->handle = (guint64) self->handle;
  card->note = note;
  __atomic_store_n (&card->magic, MAGIC, __ATOMIC_RELEASE);
  (void) UnmapViewOfFile (card);
  return TRUE;
}

GmprocPortName *
gmproc_port_name_publish (const char *name, gintptr handle, guint64 note, GError **error)
{
  GmprocPortName *self = g_new0 (GmprocPortName, 1);
  wchar_t wide[NAME_LENGTH];

  self->handle = GMPROC_PORT_NO_HANDLE;
  if (make_name (name, wide, error))
    self->section = create_section (wide, error);
  if (self->section == NULL || !gmproc_port_handle_duplicate (handle, &self->handle, error)
      || !fill_card (self, note, error))
    gmproc_port_name_withdraw (&self);
  return self;
}

void
gmproc_port_name_withdraw (GmprocPortName **name)
{
  GmprocPortName *self = *name;

  *name = NULL;
  if (self == NULL)
    return;
  if (self->section != NULL)
    (void) CloseHandle (self->section);
  gmproc_port_handle_close (&self->handle);
  g_free (self);
}

/* -- looking up -------------------------------------------------------------------------------- */

static gboolean
set_not_found (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       "OpenFileMapping: nobody has the name");
  return FALSE;
}

static gboolean
read_card (const wchar_t *name, Card *ret_card, GError **error)
{
  HANDLE section = OpenFileMappingW (FILE_MAP_READ, FALSE, name);
  const Card *card;
  gboolean is_written;

  if (section == NULL && GetLastError () == ERROR_FILE_NOT_FOUND)
    return set_not_found (error);
  if (section == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "OpenFileMapping");
      return FALSE;
    }
  card = MapViewOfFile (section, FILE_MAP_READ, 0, 0, sizeof *card);
  if (card == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "MapViewOfFile");
      (void) CloseHandle (section);
      return FALSE;
    }
  is_written = __atomic_load_n (&card->magic, __ATOMIC_ACQUIRE) == MAGIC;
  *ret_card = *card;
  (void) UnmapViewOfFile (card);
  (void) CloseHandle (section);
  return is_written || set_not_found (error);
}

gboolean
gmproc_port_name_look_up (const char *name, gint64 deadline G_GNUC_UNUSED, gintptr *ret_handle,
                          guint64 *ret_note, GError **error)
{
  wchar_t wide[NAME_LENGTH];
  HANDLE process, copy = NULL;
  gboolean is_copied;
  Card card = { 0 };

  if (!make_name (name, wide, error) || !read_card (wide, &card, error))
    return FALSE;
  process = OpenProcess (PROCESS_DUP_HANDLE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE,
                         (DWORD) card.process);
  if (process == NULL && GetLastError () == ERROR_INVALID_PARAMETER)
    return set_not_found (error); /* it ended just now */
  if (process == NULL)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "OpenProcess");
      return FALSE;
    }
  if (gmproc_port_presence_read_birth (process) != card.birth)
    {
      (void) CloseHandle (process);
      return set_not_found (error);
    }

  is_copied = DuplicateHandle (process, (HANDLE) (guintptr) card.handle, GetCurrentProcess (),
                               &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
  if (!is_copied && GetLastError () == ERROR_INVALID_HANDLE)
    (void) set_not_found (error); /* it was withdrawn just now */
  else if (!is_copied)
    gmproc_port_set_error (error, (int) GetLastError (), "DuplicateHandle");
  (void) CloseHandle (process);
  if (!is_copied)
    return FALSE;
  *ret_handle = (gintptr) copy;
  *ret_note = card.note;
  return TRUE;
}
