/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Named pipes, because the system has no other pipe that can be waited for with a deadline. Nobody
 * can use the name: it cannot be guessed, there is only one instance, which is connected at once,
 * and nobody but the same user may open it.
 *
 * The reading end is the server's, so that it still has what was written when the writer is gone.
 */
#include "config.h"

#include "port.h"
#include "pipe-win32.h"
#include "port-error.h"
#include "security-win32.h"

#include <bcrypt.h>
#include <stdio.h>

#define NAME_LENGTH 64
#define N_TOKENS 256 /* of one write, and what the way back takes */

static gboolean
make_name (wchar_t *name, GError **error)
{
  guint32 random[4];

  if (BCryptGenRandom (NULL, (UCHAR *) random, sizeof random, BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                           "BCryptGenRandom: the system has no random numbers");
      return FALSE;
    }
  (void) swprintf (name, NAME_LENGTH, L"\\\\.\\pipe\\gmproc-%08x%08x%08x%08x", random[0], random[1],
                   random[2], random[3]);
  return TRUE;
}

gboolean
gmproc_port_pipe_new (gboolean has_way_back, HANDLE *ret_reader, HANDLE *ret_writer, GError **error)
{
  SECURITY_ATTRIBUTES attributes = { sizeof attributes, NULL, FALSE };
  HANDLE reader = INVALID_HANDLE_VALUE, writer = INVALID_HANDLE_VALUE;
  DWORD direction = has_way_back ? PIPE_ACCESS_DUPLEX : PIPE_ACCESS_INBOUND;
  DWORD access = has_way_back ? GENERIC_READ | GENERIC_WRITE : GENERIC_WRITE | FILE_READ_ATTRIBUTES;
  wchar_t name[NAME_LENGTH];

  attributes.lpSecurityDescriptor = gmproc_port_security_new_owner_only (error);
  if (attributes.lpSecurityDescriptor == NULL || !make_name (name, error))
    goto out;
  reader = CreateNamedPipeW (name, direction | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                             PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT
                                 | PIPE_REJECT_REMOTE_CLIENTS,
                             1, N_TOKENS, GMPROC_PIPE_BUFFER_SIZE, 0, &attributes);
  if (reader == INVALID_HANDLE_VALUE)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateNamedPipe");
      goto out;
    }
  writer = CreateFileW (name, access, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
  if (writer == INVALID_HANDLE_VALUE)
    {
      gmproc_port_set_error (error, (int) GetLastError (), "CreateFile(pipe)");
      (void) CloseHandle (reader);
      goto out;
    }
  *ret_reader = reader;
  *ret_writer = writer;

out:
  (void) LocalFree (attributes.lpSecurityDescriptor);
  return writer != INVALID_HANDLE_VALUE;
}

/* The calling thread may have a request of its own at the system, so this one has its own event. */
gboolean
gmproc_port_pipe_write_tokens (HANDLE pipe, guint32 n)
{
  static const char tokens[N_TOKENS];
  OVERLAPPED request = { .hEvent = CreateEventW (NULL, TRUE, FALSE, NULL) };

  if (request.hEvent == NULL)
    g_error ("CreateEvent: error %lu", GetLastError ());
  while (n > 0)
    {
      DWORD size = MIN (n, N_TOKENS), count;

      if (!WriteFile (pipe, tokens, size, NULL, &request) && GetLastError () != ERROR_IO_PENDING)
        break;
      /* What is not met at once is taken back. */
      if (!HasOverlappedIoCompleted (&request))
        (void) CancelIoEx (pipe, &request);
      if (!GetOverlappedResult (pipe, &request, &count, TRUE) || count < size)
        break;
      n -= size;
    }
  (void) CloseHandle (request.hEvent);
  return n == 0;
}
