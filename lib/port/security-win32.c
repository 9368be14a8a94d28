/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Who may open what has a name.
 */
#include "config.h"

#include "port-error.h"
#include "security-win32.h"

#include <sddl.h>
#include <stdio.h>

PSECURITY_DESCRIPTOR
gmproc_port_security_new_owner_only (GError **error)
{
  PSECURITY_DESCRIPTOR descriptor = NULL;
  union
  {
    TOKEN_USER user;
    char bytes[sizeof (TOKEN_USER) + SECURITY_MAX_SID_SIZE];
  } token_user;
  wchar_t *sid = NULL, text[256];
  HANDLE token = NULL;
  DWORD size;

  if (!OpenProcessToken (GetCurrentProcess (), TOKEN_QUERY, &token)
      || !GetTokenInformation (token, TokenUser, &token_user, sizeof token_user, &size)
      || !ConvertSidToStringSidW (token_user.user.User.Sid, &sid))
    goto out;
  (void) swprintf (text, G_N_ELEMENTS (text), L"D:P(A;;GA;;;%ls)", sid);
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW (text, SDDL_REVISION_1, &descriptor,
                                                             NULL))
    descriptor = NULL;

out:
  if (descriptor == NULL)
    gmproc_port_set_error (error, (int) GetLastError (), "security descriptor");
  (void) LocalFree (sid);
  if (token != NULL)
    (void) CloseHandle (token);
  return descriptor;
}
