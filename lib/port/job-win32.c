/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "port.h"
#include "job-win32.h"

static gpointer
make_job (gpointer data G_GNUC_UNUSED)
{
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = { 0 };
  HANDLE job = CreateJobObjectW (NULL, NULL);

  /* Silent: a child of a daemon leaves the job without having to ask for it. */
  limits.BasicLimitInformation.LimitFlags =
      JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
  if (job != NULL
      && !SetInformationJobObject (job, JobObjectExtendedLimitInformation, &limits, sizeof limits))
    {
      (void) CloseHandle (job);
      job = NULL;
    }
  return job;
}

/* A failure leaves the lifeline, which does for every daemon that runs. Windows 7 has no nested
 * jobs, and a job of somebody else's may forbid them. */
void
gmproc_port_job_add (HANDLE process)
{
  static GOnce once = G_ONCE_INIT;
  HANDLE job = g_once (&once, make_job, NULL);

  if (job == NULL || !AssignProcessToJobObject (job, process))
    g_debug ("AssignProcessToJobObject: error %lu; a daemon that is suspended will not end with "
             "this process",
             GetLastError ());
}
