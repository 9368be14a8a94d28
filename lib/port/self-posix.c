/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * What a process knows about itself.
 */
#include "config.h"

#include "port.h"
#include "port-error.h"
#include "self-posix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_GETAUXVAL
#include <sys/auxv.h>
#endif
#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif
#ifdef HAVE_MACH_O_DYLD_H
#include <crt_externs.h>
#include <mach-o/dyld.h>
#endif
#ifdef HAVE_SYS_SYSCTL_H
#include <sys/types.h>
#include <sys/sysctl.h>
#endif

#define SELF_LINK "/proc/self/exe"
#define SELF_ARGUMENTS "/proc/self/cmdline"
#define DELETED_MARK " (deleted)"
#define TITLE_SIZE 16 /* what the kernel keeps of a thread's name, with the nul byte */

#if defined(HAVE_SYS_SYSCTL_H) && defined(KERN_PROC_PATHNAME)
char *
gmproc_port_self_get_path (GError **error)
{
  int name[] = { CTL_KERN, KERN_PROC, KERN_PROC_PATHNAME, -1 };
  char path[4096];
  size_t size = sizeof path;

  if (sysctl (name, G_N_ELEMENTS (name), path, &size, NULL, 0) == -1)
    {
      gmproc_port_set_error (error, errno, "sysctl(KERN_PROC_PATHNAME)");
      return NULL;
    }
  return g_strdup (path);
}
#elif defined(HAVE_MACH_O_DYLD_H)
char *
gmproc_port_self_get_path (GError **error)
{
  char path[4096];
  uint32_t size = sizeof path;

  if (_NSGetExecutablePath (path, &size) != 0)
    {
      gmproc_port_set_error (error, ENAMETOOLONG, "_NSGetExecutablePath");
      return NULL;
    }
  return g_strdup (path);
}
#else
char *
gmproc_port_self_get_path (GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *path = g_file_read_link (SELF_LINK, &local_error);

  if (path == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "readlink(%s): %s", SELF_LINK,
                   local_error->message);
      return NULL;
    }
  /* The kernel marks a program file that was removed or replaced. The link itself still opens
   * the old contents; only ps shows a less telling name then. A program may really have such a
   * name, so the mark alone proves nothing. */
  if (g_str_has_suffix (path, DELETED_MARK) && access (path, F_OK) == -1)
    return g_strdup (SELF_LINK);
  return g_steal_pointer (&path);
}
#endif

#if defined(HAVE_MACH_O_DYLD_H)
char **
gmproc_port_self_get_arguments (G_GNUC_UNUSED GError **error)
{
  return g_strdupv (*_NSGetArgv ());
}
#else
static char *
read_command_line (gsize *ret_size, GError **error)
{
#if defined(HAVE_SYS_SYSCTL_H) && defined(KERN_PROC_ARGS)
  int name[] = { CTL_KERN, KERN_PROC, KERN_PROC_ARGS, getpid () };
  g_autofree char *line = NULL;

  *ret_size = 0;
  if (sysctl (name, G_N_ELEMENTS (name), NULL, ret_size, NULL, 0) == 0)
    line = g_malloc0 (*ret_size + 1);
  if (line != NULL && sysctl (name, G_N_ELEMENTS (name), line, ret_size, NULL, 0) == 0)
    return g_steal_pointer (&line);
  gmproc_port_set_error (error, errno, "sysctl(KERN_PROC_ARGS)");
  return NULL;
#else
  g_autoptr (GError) local_error = NULL;
  char *line;

  if (g_file_get_contents (SELF_ARGUMENTS, &line, ret_size, &local_error))
    return line;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "read(%s): %s", SELF_ARGUMENTS,
               local_error->message);
  return NULL;
#endif
}

char **
gmproc_port_self_get_arguments (GError **error)
{
  g_autoptr (GPtrArray) words = NULL;
  g_autofree char *line = NULL;
  gsize size;

  line = read_command_line (&size, error);
  if (line == NULL)
    return NULL;
  words = g_ptr_array_new_with_free_func (g_free);
  /* Each word ends with a nul byte, and a further one stands behind what was read. */
  for (const char *at = line; at < line + size; at += strlen (at) + 1)
    g_ptr_array_add (words, g_strdup (at));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&words), FALSE);
}
#endif

/* getpid() is a system call, and a lock asks for it each time. A program may fork a copy of itself,
 * which then asks again. */
static gint64 own_pid; /* atomic; 0 when it is not known */

/* The copy has only the thread that calls this. */
void
gmproc_port_self_forget (void)
{
  __atomic_store_n (&own_pid, 0, __ATOMIC_RELAXED);
  gmproc_port_self_thread_mark = 0;
}

static guint n_forks; /* atomic */

/* Before the copy is there, so that both know. */
static void
count_fork (void)
{
  (void) __atomic_fetch_add (&n_forks, 1, __ATOMIC_RELAXED);
}

static void __attribute__ ((constructor)) watch_forks (void)
{
  (void) pthread_atfork (count_fork, NULL, gmproc_port_self_forget);
}

guint
gmproc_port_self_count_forks (void)
{
  return __atomic_load_n (&n_forks, __ATOMIC_RELAXED);
}

gint64
gmproc_port_self_get_pid (void)
{
  gint64 pid = __atomic_load_n (&own_pid, __ATOMIC_RELAXED);

  if (G_UNLIKELY (pid == 0))
    {
      pid = getpid ();
      __atomic_store_n (&own_pid, pid, __ATOMIC_RELAXED);
    }
  return pid;
}

gint64
gmproc_port_self_get_rough_time (void)
{
#ifdef CLOCK_MONOTONIC_COARSE
  struct timespec time;

  if (clock_gettime (CLOCK_MONOTONIC_COARSE, &time) == 0)
    return (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
#endif
  return g_get_monotonic_time ();
}

guint
gmproc_port_self_get_n_processors (void)
{
#ifdef HAVE_SCHED_GETAFFINITY
  cpu_set_t allowed;

  /* g_get_num_processors() counts those of the system, whatever the process is pinned to. */
  if (sched_getaffinity (0, sizeof allowed, &allowed) == 0)
    return (guint) MAX (CPU_COUNT (&allowed), 1);
#endif
  return g_get_num_processors ();
}

/* The second number of statm are the pages in use. */
guint64
gmproc_port_self_get_memory (gint64 pid)
{
  char path[64], text[128];
  char *next = NULL;
  ssize_t length;
  int fd;

  g_snprintf (path, sizeof path, "/proc/%" G_GINT64_FORMAT "/statm", pid);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd == -1)
    return 0;
  length = read (fd, text, sizeof text - 1);
  close (fd);
  if (length <= 0)
    return 0;

  text[length] = '\0';
  (void) g_ascii_strtoull (text, &next, 10);
  return g_ascii_strtoull (next, NULL, 10) * (guint64) sysconf (_SC_PAGESIZE);
}

gboolean
gmproc_port_self_is_privileged (void)
{
#if defined(HAVE_GETAUXVAL)
  return getauxval (AT_SECURE) != 0;
#elif defined(HAVE_ISSETUGID)
  return issetugid () != 0;
#else
  return getuid () != geteuid () || getgid () != getegid ();
#endif
}

#ifdef HAVE_PRCTL
/* The start of TITLE that fits, without half a character at its end, and on one line: who shows the
 * name of a thread does not expect anything else in it. */
static void
make_thread_name (const char *title, char *name)
{
  const char *valid_end;

  g_strlcpy (name, title, TITLE_SIZE);
  if (g_utf8_validate (title, -1, NULL))
    {
      (void) g_utf8_validate (name, -1, &valid_end);
      name[valid_end - name] = '\0';
    }
  for (char *at = name; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = '?';
}
#endif

void
gmproc_port_self_set_title (const char *title)
{
#ifdef HAVE_PRCTL
  char name[TITLE_SIZE];

  make_thread_name (title, name);
  /* Without a name, that of the program is better than none. */
  if (*name != '\0')
    (void) prctl (PR_SET_NAME, (unsigned long) name, 0, 0, 0);
#else
  (void) title; /* this system shows the label in the argument vector, which start gives */
#endif
}

gboolean
gmproc_port_self_at_exit (void (*function) (void), GError **error)
{
  if (atexit (function) == 0)
    return TRUE;
  gmproc_port_set_error (error, ENOMEM, "atexit");
  return FALSE;
}

void
gmproc_port_self_end (int exit_status)
{
  _exit (exit_status);
}

void
gmproc_port_self_kill (void)
{
  /* The signal comes before kill() returns to the only thread that is sure to run; the loop is for
   * the compiler, and for a thread that gets one more moment. */
  (void) kill (getpid (), SIGKILL);
  for (;;)
    (void) pause ();
}
