/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * All of it is asked for with every start by the fork server, which takes some 20 microseconds. The
 * greater part is the mask for new files: a process cannot ask for it without changing it, which
 * another thread might notice, so it is read from where the kernel shows it. The ignored signals
 * stand there too; elsewhere each has to be asked for.
 */
#include "config.h"

#include "inheritance-posix.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif

#define UNKNOWN_MASK G_MAXUINT32
#define N_SIGNALS 64
#define STATUS_FILE "/proc/self/status"
#define STATUS_SIZE 4096 /* about twice as much as all of it */
#define MASK_FIELD "\nUmask:\t"
#define IGNORED_FIELD "\nSigIgn:\t"

/* "" where the kernel shows nothing. */
static void
read_status (char *text)
{
  int fd = open (STATUS_FILE, O_RDONLY | O_CLOEXEC);
  gssize n_read = fd != -1 ? read (fd, text, STATUS_SIZE - 1) : -1;

  if (fd != -1)
    (void) close (fd);
  text[MAX (n_read, 0)] = '\0';
}

static gboolean
find_number (const char *status, const char *field, int base, guint64 *ret_number)
{
  const char *at = strstr (status, field);

  if (at != NULL)
    *ret_number = g_ascii_strtoull (at + strlen (field), NULL, base);
  return at != NULL;
}

static gboolean
is_ignored (int number)
{
  struct sigaction action;

  return sigaction (number, NULL, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0
         && action.sa_handler == SIG_IGN;
}

static guint64
ask_for_ignored_signals (void)
{
  guint64 ignored = 0;

  for (int i = 1; i <= N_SIGNALS; i++)
    if (is_ignored (i))
      ignored |= G_GUINT64_CONSTANT (1) << (i - 1);
  return ignored;
}

void
gmproc_port_inheritance_read (GmprocInheritance *self)
{
  char status[STATUS_SIZE];
  guint64 mask;

  memset (self, 0, sizeof *self);
  read_status (status);
  self->file_mask = find_number (status, MASK_FIELD, 8, &mask) ? (guint32) mask : UNKNOWN_MASK;
  self->nice = getpriority (PRIO_PROCESS, 0);
  self->process_group = getpgrp ();
  if (!find_number (status, IGNORED_FIELD, 16, &self->ignored_signals))
    self->ignored_signals = ask_for_ignored_signals ();
  for (int i = 0; i < MIN (GMPROC_INHERITANCE_N_LIMITS, RLIM_NLIMITS); i++)
    (void) getrlimit (i, &self->limits[i]);
#ifdef __linux__
  if (sched_getaffinity (0, sizeof self->cpus, (cpu_set_t *) self->cpus) == 0)
    self->n_cpu_bytes = sizeof self->cpus;
#endif
}

/* A signal for which somebody has installed a handler at load keeps it, as after exec. */
static void
apply_ignored_signals (guint64 wanted, guint64 present)
{
  for (int i = 1; i <= N_SIGNALS; i++)
    {
      guint64 bit = G_GUINT64_CONSTANT (1) << (i - 1);
      struct sigaction action;

      if (((wanted ^ present) & bit) == 0 || sigaction (i, NULL, &action) == -1
          || (action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL))
        continue;
      memset (&action, 0, sizeof action);
      action.sa_handler = (wanted & bit) != 0 ? SIG_IGN : SIG_DFL;
      (void) sigaction (i, &action, NULL);
    }
}

void
gmproc_port_inheritance_apply (const GmprocInheritance *self, const GmprocInheritance *present)
{
  if (self->file_mask != UNKNOWN_MASK && self->file_mask != present->file_mask)
    (void) umask ((mode_t) self->file_mask);
  if (self->nice != present->nice)
    (void) setpriority (PRIO_PROCESS, 0, self->nice);
  if (self->process_group != present->process_group)
    (void) setpgid (0, self->process_group);
  if (self->ignored_signals != present->ignored_signals)
    apply_ignored_signals (self->ignored_signals, present->ignored_signals);
  for (int i = 0; i < MIN (GMPROC_INHERITANCE_N_LIMITS, RLIM_NLIMITS); i++)
    if (memcmp (&self->limits[i], &present->limits[i], sizeof self->limits[i]) != 0)
      (void) setrlimit (i, &self->limits[i]);
#ifdef __linux__
  if (self->n_cpu_bytes != 0 && memcmp (self->cpus, present->cpus, sizeof self->cpus) != 0)
    (void) sched_setaffinity (0, self->n_cpu_bytes, (const cpu_set_t *) self->cpus);
#endif
}

void
gmproc_port_belonging_read (GmprocBelonging *self)
{
  memset (self, 0, sizeof *self);
  self->session = getsid (0);
  self->user = geteuid ();
  self->group = getegid ();
#ifdef PR_GET_NO_NEW_PRIVS
  self->no_new_privileges = prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
#endif
}

gboolean
gmproc_port_belonging_equal (const GmprocBelonging *a, const GmprocBelonging *b)
{
  return memcmp (a, b, sizeof *a) == 0;
}
