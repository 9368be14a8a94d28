/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 */
#include "config.h"

#include "port.h"
#include "job-win32.h"

static HANDLE
make_job (void)
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

static gboolean
is_running (HANDLE process)
{
  return WaitForSingleObject (process, 0) == WAIT_TIMEOUT;
}

/* A job is inside of those that its first process was in. When somebody has put this process into
 * another one since then, a new one has to be made; the old one stays open for its processes.
 *
 * A failure leaves the lifeline, which does for every daemon that runs. Windows 7 has no nested
 * jobs, and a job of somebody else's may forbid them. */
void
gmproc_port_job_add (HANDLE process)
{
  static GMutex mutex;
  static HANDLE job; /* under the mutex */
  gboolean is_added;
  HANDLE fresh;

  g_mutex_lock (&mutex);
  is_added = job != NULL && AssignProcessToJobObject (job, process);
  if (!is_added && is_running (process))
    {
      fresh = make_job ();
      is_added = fresh != NULL && AssignProcessToJobObject (fresh, process);
      if (is_added)
        job = fresh;
      else if (fresh != NULL)
        (void) CloseHandle (fresh);
      if (!is_added)
        g_debug ("AssignProcessToJobObject: a daemon that is suspended will not end with this "
                 "process");
    }
  g_mutex_unlock (&mutex);
}
